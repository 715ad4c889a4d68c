package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"commitment/bench/internal/markdown"
	"commitment/bench/internal/process"
	"commitment/ent"
	"commitment/internal/txn"
)

const (
	listRows   = 1_000
	createRows = 10_000
	// bulkRounds are the rounds in which the ways take turns.
	listRounds, createRounds = 60, 5
	// maxParams is how many arguments a statement of PostgreSQL's protocol has at most.
	maxParams = 65_535
)

// bulkWork is a way to read or write many rows.
type bulkWork struct {
	what, title string
	rounds      int
	reference   bool // the others of what are compared with it
	run         func(context.Context) error

	took, cpu []float64 // of each round: milliseconds, and those of this process's CPU
}

// bulk are the ways, on one database.
type bulk struct {
	db  *txn.DB
	pgx *pgxpool.Pool
}

// measureBulk measures lists and bulk creates.
func measureBulk(ctx context.Context, url string, conns int) ([]*bulkWork, error) {
	unit, err := openUnit(url, conns)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	b := bulk{unit, pool}
	list, create := fmt.Sprintf("list %d", listRows), fmt.Sprintf("create %d", createRows)
	all := []*bulkWork{
		{what: list, title: "Ent in a unit of work", rounds: listRounds, run: b.listEnt},
		{what: list, title: "pgx by hand", rounds: listRounds, run: b.listPgx, reference: true},
		{what: create, title: "Ent's CreateBulk in chunks, in a unit of work", rounds: createRounds, run: b.createEnt},
		{what: create, title: "pgx by hand, INSERT of the same chunks", rounds: createRounds, run: b.insertPgx, reference: true},
		{what: create, title: "COPY by txn.PgxTx, in a unit of work", rounds: createRounds, run: b.copyUnit},
		{what: create, title: "COPY by pgx by hand", rounds: createRounds, run: b.copyPgx},
	}
	for round := range listRounds {
		for _, w := range all {
			if round > w.rounds { // the first one warms up
				continue
			}
			before, start := process.CPUTime(os.Getpid()), time.Now()
			if err := w.run(ctx); err != nil {
				return nil, fmt.Errorf("%s, %s: %w", w.what, w.title, err)
			}
			took, cpu := time.Since(start), process.CPUTime(os.Getpid())-before
			if w.what == create {
				if _, err := pool.Exec(ctx, "DELETE FROM accounts WHERE name LIKE 'bulk %'"); err != nil {
					return nil, err
				}
			}
			if round > 0 {
				w.took, w.cpu = append(w.took, took.Seconds()*1e3), append(w.cpu, cpu.Seconds()*1e3)
			}
		}
	}
	return all, nil
}

func (b bulk) listEnt(ctx context.Context) error {
	return b.db.Run(ctx, txn.ReadOnly, func(ctx context.Context) error {
		all, err := ent.FromContext(ctx).Account.Query().Limit(listRows).All(ctx)
		return wantRows(len(all), err, listRows)
	})
}

func (b bulk) listPgx(ctx context.Context) error {
	mode := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(ctx, b.pgx, mode, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT id, tenant_id, created_at, updated_at, name, currency, balance, allow_negative, version FROM accounts LIMIT $1`, listRows)
		if err != nil {
			return err
		}
		all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (*ent.Account, error) {
			a := &ent.Account{}
			return a, row.Scan(&a.ID, &a.TenantID, &a.CreatedAt, &a.UpdatedAt, &a.Name, &a.Currency, &a.Balance, &a.AllowNegative, &a.Version)
		})
		return wantRows(len(all), err, listRows)
	})
}

func wantRows(n int, err error, want int) error {
	if err == nil && n != want {
		err = fmt.Errorf("%d rows, want %d", n, want)
	}
	return err
}

// bulkColumns are those of an account.
var bulkColumns = []string{"id", "tenant_id", "created_at", "updated_at", "name", "currency", "balance", "allow_negative", "version"}

// chunkRows are as many accounts as one INSERT takes.
var chunkRows = maxParams / len(bulkColumns)

func bulkName(i int) string { return fmt.Sprintf("bulk %d", i) }

func (b bulk) createEnt(ctx context.Context) error {
	return b.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		client := ent.FromContext(ctx)
		for first := 0; first < createRows; first += chunkRows {
			builders := make([]*ent.AccountCreate, min(chunkRows, createRows-first))
			for i := range builders {
				builders[i] = client.Account.Create().SetTenantID(tenant).SetName(bulkName(first + i)).SetCurrency("EUR")
			}
			if err := client.Account.CreateBulk(builders...).Exec(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// bulkRow returns the values of a row.
func bulkRow(i int, now time.Time) []any {
	return []any{uuid.Must(uuid.NewV7()), tenant, now, now, bulkName(i), "EUR", int64(0), false, int64(1)}
}

func (b bulk) insertPgx(ctx context.Context) error {
	return pgx.BeginFunc(ctx, b.pgx, func(tx pgx.Tx) error {
		now := time.Now()
		for first := 0; first < createRows; first += chunkRows {
			query := "INSERT INTO accounts (" + strings.Join(bulkColumns, ", ") + ") VALUES "
			args := make([]any, 0, maxParams)
			rows := make([]string, min(chunkRows, createRows-first))
			for i := range rows {
				params := make([]string, len(bulkColumns))
				for j := range params {
					params[j] = "$" + strconv.Itoa(len(args)+j+1)
				}
				rows[i] = "(" + strings.Join(params, ", ") + ")"
				args = append(args, bulkRow(first+i, now)...)
			}
			if _, err := tx.Exec(ctx, query+strings.Join(rows, ", "), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b bulk) copyUnit(ctx context.Context) error {
	return b.db.Run(ctx, txn.ReadWrite, func(ctx context.Context) error {
		tx, err := txn.PgxTx(ctx)
		if err != nil {
			return err
		}
		return copyAccounts(ctx, tx)
	})
}

func (b bulk) copyPgx(ctx context.Context) error {
	return pgx.BeginFunc(ctx, b.pgx, func(tx pgx.Tx) error { return copyAccounts(ctx, tx) })
}

func copyAccounts(ctx context.Context, tx pgx.Tx) error {
	now := time.Now()
	n, err := tx.CopyFrom(ctx, pgx.Identifier{"accounts"}, bulkColumns, pgx.CopyFromSlice(createRows, func(i int) ([]any, error) { return bulkRow(i, now), nil }))
	return wantRows(int(n), err, createRows)
}

// writeBulk writes the times of lists and bulk creates.
func writeBulk(p *markdown.Printer, all []*bulkWork) {
	p.Line("\n## Many rows\n")
	p.Line("%d accounts in a list and %d in one transaction, each in this process, without HTTP. Medians of %d and %d rounds; ratios within a round.\n",
		listRows, createRows, listRounds-1, createRounds)
	p.Line("| work | | ms | ratio | CPU ms | ratio |\n|---|---|--:|--:|--:|--:|")
	for _, w := range all {
		base := all[slices.IndexFunc(all, func(other *bulkWork) bool { return other.reference && other.what == w.what })]
		p.Line("| %s | %s | %.1f | %.2f | %.1f | %.2f |", w.what, w.title, median(slices.Clone(w.took)), medianRatio(w.took, base.took),
			median(slices.Clone(w.cpu)), medianRatio(w.cpu, base.cpu))
	}
}
