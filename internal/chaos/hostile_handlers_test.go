package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"commitment/ent"
	"commitment/internal/pgtest/rowtest"
	"commitment/internal/txn"
)

// hostile is a handler that does what none should.
type hostile struct {
	run  func(*call)
	want int // the status of a POST that the handler says is done
	get  int // and of a GET, where that is another one
	// alone keeps it from being drawn: it takes long, or meets the hooks of others.
	alone bool
}

const (
	kept    = http.StatusCreated
	doomed  = http.StatusInternalServerError
	aborted = -1 // there is no answer, whatever the handler says
	either  = -2 // it depends on who comes first
)

// raw runs hand-written statements, and then inserts a row.
func raw(queries ...string) func(*call) {
	return func(c *call) {
		for _, q := range queries {
			c.exec(q)
		}
		_ = c.insert()
	}
}

// around inserts a row, runs hand-written statements, and inserts another row.
func around(queries ...string) func(*call) {
	return func(c *call) {
		_ = c.insert()
		raw(queries...)(c)
	}
}

// lent uses the pgx connection, and inserts a row.
func lent(f func(context.Context, *pgx.Conn)) func(*call) {
	return func(c *call) {
		_ = c.insert()
		_ = c.sql.Pgx(c.ctx, func(conn *pgx.Conn) error { f(c.ctx, conn); return nil })
		_ = c.insert()
	}
}

// hooked registers a hook that does something before the end, and inserts a row.
func hooked(f func(*call)) func(*call) {
	return func(c *call) {
		c.exec("SELECT 1")
		tx := ent.TxFromContext(c.ctx)
		tx.OnCommit(func(next ent.Committer) ent.Committer {
			return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error { f(c); return next.Commit(ctx, tx) })
		})
		tx.OnRollback(func(next ent.Rollbacker) ent.Rollbacker {
			return ent.RollbackFunc(func(ctx context.Context, tx *ent.Tx) error { f(c); return next.Rollback(ctx, tx) })
		})
		_ = c.insert()
	}
}

// hostileHandlers are all handlers that have broken the promise, or could.
var hostileHandlers = map[string]hostile{
	// A statement runs only inside the transaction that was begun.
	"parse error first":             {run: raw("SELCT 1"), want: doomed},
	"parse error later":             {run: around("SELCT 1"), want: doomed},
	"transaction of its own":        {run: raw("BEGIN; INSERT INTO work VALUES ('own'); COMMIT;"), want: doomed},
	"commit":                        {run: around("COMMIT"), want: doomed},
	"commit first":                  {run: raw("COMMIT"), want: doomed},
	"commit in disguise":            {run: around("/* /* x */ */ -- y\n;;\tCoMmIt/**/WORK"), want: doomed},
	"commit behind a return":        {run: around("SELECT 1; -- x\rCOMMIT"), want: doomed},
	"commit behind a string":        {run: around(`SELECT $a$ ' $a$, E'\'', "current_user"; COMMIT`), want: doomed},
	"commit in another string":      {run: around("SET standard_conforming_strings = off", `SELECT 'a\''; COMMIT; --'`), want: doomed},
	"commit behind a name":          {run: around("SELECT 1 AS a\u2003$b$; COMMIT; SELECT 1 AS a\u2003$b$"), want: doomed},
	"commit behind an emoji":        {run: around("SELECT 1 AS 😀$b$; COMMIT; SELECT 1 AS 😀$b$"), want: doomed},
	"commit behind two lines":       {run: around("SELECT E'a'\n'\\''; COMMIT; --'"), want: doomed},
	"commit in an encoding":         {run: around("SET client_encoding = 'SJIS'", "SELECT E'\x81\\'; COMMIT; --'"), want: doomed},
	"commit and chain":              {run: around("COMMIT AND CHAIN"), want: doomed},
	"end":                           {run: around("END"), want: doomed},
	"rollback":                      {run: around("ROLLBACK"), want: doomed},
	"rollback and chain":            {run: around("ROLLBACK AND CHAIN"), want: doomed},
	"rollback and begin":            {run: around("ROLLBACK; BEGIN"), want: doomed},
	"abort":                         {run: around("ABORT TRANSACTION"), want: doomed},
	"begin again":                   {run: around("START TRANSACTION READ WRITE"), want: doomed},
	"prepare transaction":           {run: around("PREPARE TRANSACTION 'x'"), want: doomed},
	"discard all":                   {run: raw("DISCARD ALL"), want: doomed},
	"procedure that commits":        {run: around("CALL commits()"), want: doomed},
	"block that commits":            {run: around("DO $$ BEGIN COMMIT; END $$"), want: doomed},
	"read write":                    {run: raw("SET TRANSACTION READ WRITE; INSERT INTO work VALUES ('x', 7)"), want: doomed},
	"read write by name":            {run: raw("SET LOCAL transaction_read_only = off"), want: doomed},
	"read write by another name":    {run: raw(`SET U&"transaction_read_only" = off`), want: kept, get: doomed},
	"read only by another name":     {run: around(`SET U&"transaction_read_only" = on`), want: doomed, get: kept},
	"characteristics":               {run: raw("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY"), want: doomed},
	"rollback to a savepoint":       {run: raw("SAVEPOINT a", "SELECT 1/0", "ROLLBACK TO a", "RELEASE a"), want: kept},
	"commit by pgx":                 {run: lent(func(ctx context.Context, conn *pgx.Conn) { _, _ = conn.Exec(ctx, "COMMIT") }), want: doomed},
	"commit by pgx, prepared":       {run: lent(func(ctx context.Context, conn *pgx.Conn) { _, _ = conn.Exec(ctx, "COMMIT", pgx.QueryExecModeExec) }), want: doomed},
	"commit by pgx, disguised":      {run: lent(commitInAString), want: doomed},
	"commit behind what isn't read": {run: lent(commitAhead), want: doomed},
	"commit that isn't flushed":     {run: lent(func(_ context.Context, conn *pgx.Conn) { unflushed(conn, "COMMIT") }), want: doomed, get: kept},
	"commit in a pipeline":          {run: lent(func(ctx context.Context, conn *pgx.Conn) { _ = pipeline(ctx, conn, "SELECT 1", "COMMIT").Close() }), want: doomed},
	"commit in a copy":              {run: lent(func(ctx context.Context, conn *pgx.Conn) { copyIn(ctx, conn, "COPY work (tag) FROM STDIN; COMMIT") }), want: doomed},
	"copy":                          {run: lent(func(ctx context.Context, conn *pgx.Conn) { copyIn(ctx, conn, "COPY work (tag) FROM STDIN") }), want: kept, get: doomed},
	"commit in a batch":             {run: lent(commitInBatch), want: doomed},
	"transaction of pgx":            {run: lent(func(ctx context.Context, conn *pgx.Conn) { tx, _ := conn.Begin(ctx); _ = closeTx(ctx, tx) }), want: doomed},
	"close by pgx":                  {run: lent(func(ctx context.Context, conn *pgx.Conn) { _ = conn.Close(ctx) }), want: doomed, get: kept},
	"terminate":                     {run: around("SELECT pg_terminate_backend(pg_backend_pid())"), want: doomed},
	"commit by a hook":              {run: commitInRollback, want: kept},
	"commit by a stray":             {run: strayCommits, want: kept, alone: true},
	"commit by a hook that's late":  {run: lateHooks, want: doomed, alone: true},
	"statement left behind": {run: func(c *call) {
		_ = c.insert()
		_ = c.sql.Pgx(c.ctx, func(conn *pgx.Conn) error { unflushed(conn, "INSERT INTO work VALUES ('x')"); return nil })
	}, want: kept},
	"statements of a stray":       {run: strayInserts, want: either},
	"statement of a stray, later": {run: strayLater, want: kept},

	// Writes that wait for COMMIT are a part of the work, whatever comes between.
	"write with COMMIT":                 {run: func(c *call) { _ = c.insert(); c.postpone(1) }, want: kept},
	"write with COMMIT, alone":          {run: func(c *call) { c.postpone(1) }, want: kept},
	"writes with COMMIT":                {run: func(c *call) { _ = c.insert(); c.postpone(2); _ = c.insert(); c.postpone(1); c.postpone(1) }, want: kept},
	"write with COMMIT that fails":      {run: failsWithCommit, want: doomed, get: kept},
	"write with COMMIT, and a commit":   {run: func(c *call) { _ = c.insert(); c.postpone(1); c.exec("COMMIT") }, want: doomed},
	"write with COMMIT, and another's":  {run: func(c *call) { _ = c.insert(); c.postpone(1); _ = ent.TxFromContext(c.ctx).Commit() }, want: kept},
	"write with COMMIT, and a failure":  {run: func(c *call) { _ = c.insert(); c.postpone(1); c.exec("SELECT 1/0") }, want: doomed},
	"write with COMMIT after a failure": {run: func(c *call) { c.exec("SELECT 1/0"); c.postpone(1) }, want: doomed},
	"write with COMMIT, and a panic":    {run: func(c *call) { _ = c.insert(); c.postpone(1); panic(http.ErrAbortHandler) }, want: aborted},
	"write with COMMIT, and an exit":    {run: func(c *call) { _ = c.insert(); c.postpone(1); runtime.Goexit() }, want: aborted},
	"write with COMMIT of a hook":       {run: hooked(func(c *call) { c.postpone(1) }), want: kept},
	"write with COMMIT, and open rows":  {run: func(c *call) { _ = c.insert(); c.postpone(1); rowsLeftOpen(context.WithoutCancel)(c) }, want: doomed, alone: true},
	"write with COMMIT behind open rows": {run: func(c *call) {
		rowsLeftOpen(func(ctx context.Context) context.Context { return ctx })(c)
		c.postpone(1)
	}, want: doomed},
	"write with COMMIT, and a tenant":             {run: func(c *call) { _ = c.insert(); c.postpone(1); c.exec("SET app.tenant = 'alice'") }, want: kept},
	"write with COMMIT, read only by name":        {run: func(c *call) { c.exec(`SET U&"transaction_read_only" = on`); c.postpone(1) }, want: doomed, get: kept},
	"write with COMMIT, terminated":               {run: func(c *call) { _ = c.insert(); c.postpone(1); c.exec("SELECT pg_terminate_backend(pg_backend_pid())") }, want: doomed},
	"write with COMMIT in a context that is over": {run: leaksPostponement, want: kept},
	"writes with COMMIT of a stray":               {run: strayPostpones, want: either},

	// Nothing that a handler leaves behind keeps a connection or a request.
	"hook that panics":     {run: hooked(func(*call) { panic("hook") }), want: doomed, get: kept},
	"hook that exits":      {run: hooked(func(*call) { runtime.Goexit() }), want: doomed, get: kept},
	"hook that hangs":      {run: hooked(func(c *call) { <-c.over }), want: doomed, get: kept, alone: true},
	"rows left open":       {run: rowsLeftOpen(func(ctx context.Context) context.Context { return ctx }), want: doomed},
	"rows left for ever":   {run: rowsLeftOpen(context.WithoutCancel), want: doomed, alone: true},
	"rows that hang":       {run: strayInRows, want: doomed, alone: true},
	"pipeline left open":   {run: lent(func(ctx context.Context, conn *pgx.Conn) { pipeline(ctx, conn, "SELECT 1") }), want: doomed},
	"rows left by pgx":     {run: lent(func(ctx context.Context, conn *pgx.Conn) { _, _ = conn.Query(ctx, "SELECT generate_series(1, 100000)") }), want: doomed},
	"pgx that hangs":       {run: strayInPgx, want: doomed, alone: true},
	"statement that hangs": {run: strayAsleep, want: doomed, alone: true},
	"panic":                {run: func(c *call) { _ = c.insert(); panic(http.ErrAbortHandler) }, want: aborted},
	"exit":                 {run: func(c *call) { _ = c.insert(); runtime.Goexit() }, want: aborted},
	"panic in pgx":         {run: func(c *call) { _ = c.insert(); _ = c.sql.Pgx(c.ctx, func(*pgx.Conn) error { panic("pgx") }) }, want: aborted},

	// A connection goes back to the pool as it came.
	"tenant":                  {run: raw("SET app.tenant = 'alice'"), want: kept},
	"tenant by function":      {run: raw("SELECT set_config('app.tenant', 'alice', false)"), want: kept},
	"tenant by another":       {run: raw("SELECT enter('alice')"), want: kept},
	"tenant by a block":       {run: raw("DO $$ BEGIN PERFORM set_config('app.tenant', 'alice', false); END $$"), want: kept},
	"tenant by a namesake":    {run: raw("SELECT public.count('alice'::text)"), want: kept},
	"tenant by a look-alike":  {run: raw("SELECT has_entered('alice')"), want: kept},
	"tenant by an escape":     {run: raw(`SELECT U&"set\005fconfig"('app.tenant', 'alice', false)`), want: kept},
	"tenant by other escapes": {run: raw(`SELECT U&"set!005fconfig" UESCAPE '!' ('app.tenant', 'alice', false)`), want: kept},
	"tenant by a plan":        {run: lent(enterByPlan), want: kept},
	"tenant by a copy": {run: lent(func(ctx context.Context, conn *pgx.Conn) {
		copyOut(ctx, conn, "COPY (SELECT set_config('app.tenant', 'alice', false)) TO STDOUT")
	}), want: kept},
	"tenant by a cursor":          {run: raw("DECLARE c CURSOR FOR SELECT set_config('app.tenant', 'alice', false)", "FETCH c"), want: kept},
	"timeout":                     {run: raw("SET statement_timeout = '1h'"), want: kept},
	"timeout, local":              {run: raw("SET LOCAL statement_timeout = '1h'"), want: kept},
	"zone":                        {run: raw("SET TIME ZONE 'Asia/Tokyo'"), want: kept},
	"search path":                 {run: raw("SET search_path = pg_catalog, public"), want: kept},
	"role":                        {run: raw("SET ROLE pg_monitor", "RESET ROLE", "SET ROLE pg_monitor; RESET ROLE; SET ROLE NONE"), want: kept},
	"role that stays":             {run: func(c *call) { _ = c.insert(); c.exec("SET ROLE pg_monitor") }, want: kept},
	"authorization":               {run: func(c *call) { _ = c.insert(); c.exec("SET SESSION AUTHORIZATION pg_monitor") }, want: kept},
	"lock":                        {run: raw("SELECT pg_advisory_lock(1)"), want: kept},
	"lock, in a failure":          {run: raw("SELECT pg_advisory_lock(1)", "SELECT 1/0"), want: doomed},
	"lock, in a block that fails": {run: raw("DO $$ BEGIN PERFORM pg_advisory_lock(1); PERFORM 1/0; END $$"), want: doomed},
	"temporary table, as":         {run: raw("CREATE TEMP TABLE t AS SELECT 1 AS id"), want: kept, get: doomed},
	"temporary table, explained":  {run: raw("EXPLAIN ANALYZE CREATE TEMP TABLE t AS SELECT 1 AS id"), want: kept},
	"temporary table":             {run: raw("CREATE TEMP TABLE t (id int)"), want: kept, get: doomed},
	"temporary select":            {run: raw("SELECT 1 AS id INTO TEMP t"), want: kept, get: doomed},
	"listen":                      {run: raw("LISTEN news"), want: kept},
	"cursor":                      {run: raw("DECLARE c CURSOR WITH HOLD FOR SELECT 1"), want: kept},
	"prepare":                     {run: raw("PREPARE p AS SELECT 1"), want: kept},
	"prepare in a block":          {run: raw("DO $$ BEGIN EXECUTE 'PREPARE p AS SELECT 1'; END $$"), want: kept},
	"deallocate in a block":       {run: raw("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$"), want: either, get: kept},
	"prepare by pgx":              {run: lent(func(ctx context.Context, conn *pgx.Conn) { _, _ = conn.Prepare(ctx, "p", "SELECT 1") }), want: kept},
	"deallocate all":              {run: raw("DEALLOCATE ALL"), want: either, get: kept},
	"sequence":                    {run: raw("SELECT nextval('numbers')"), want: kept, get: doomed},
}

func commitInBatch(ctx context.Context, conn *pgx.Conn) {
	b := &pgx.Batch{}
	b.Queue("SELECT 1")
	b.Queue("COMMIT")
	_ = conn.SendBatch(ctx, b).Close()
}

// commitInAString hides COMMIT in a string that ends elsewhere than it seems to.
func commitInAString(ctx context.Context, conn *pgx.Conn) {
	_, _ = conn.Exec(ctx, "SET standard_conforming_strings = off")
	_, _ = conn.PgConn().Exec(ctx, `SELECT 'a\''; COMMIT; --'`).ReadAll()
}

// commitAhead does the same before anything has read how strings end now.
func commitAhead(ctx context.Context, conn *pgx.Conn) {
	unflushed(conn, "SELECT 1")
	commitInAString(ctx, conn)
}

// unflushed leaves a statement in pgx's buffer, to be sent with the next one.
func unflushed(conn *pgx.Conn, query string) {
	conn.PgConn().Frontend().SendQuery(&pgproto3.Query{String: query})
}

func pipeline(ctx context.Context, conn *pgx.Conn, queries ...string) *pgconn.Pipeline {
	p := conn.PgConn().StartPipeline(ctx)
	for _, q := range queries {
		p.SendQueryParams(q, nil, nil, nil, nil)
	}
	_ = p.Sync()
	return p
}

func copyIn(ctx context.Context, conn *pgx.Conn, query string) {
	_, _ = conn.PgConn().CopyFrom(ctx, strings.NewReader("x\n"), query)
}

func copyOut(ctx context.Context, conn *pgx.Conn, query string) {
	_, _ = conn.PgConn().CopyTo(ctx, io.Discard, query)
}

// enterByPlan prepares a statement under a name like pgx's own.
func enterByPlan(ctx context.Context, conn *pgx.Conn) {
	_, _ = conn.Prepare(ctx, "stmt_enter", "SELECT set_config('app.tenant', 'alice', false)")
	_, _ = conn.Exec(ctx, "EXECUTE stmt_enter")
}

// commitInRollback registers a hook that commits what is to be rolled back.
func commitInRollback(c *call) {
	ent.TxFromContext(c.ctx).OnRollback(func(next ent.Rollbacker) ent.Rollbacker {
		return ent.RollbackFunc(func(ctx context.Context, tx *ent.Tx) error { _ = tx.Commit(); return next.Rollback(ctx, tx) })
	})
	_ = c.insert()
}

// strayCommits leaves a goroutine behind that commits as soon as it can.
func strayCommits(c *call) {
	tx := ent.TxFromContext(c.ctx)
	_ = c.insert()
	c.in(func() {
		for c.ctx.Err() == nil {
			_ = tx.Commit()
		}
	})
}

// lateHooks registers a commit hook that goes on after it was abandoned, while a
// rollback hook runs.
func lateHooks(c *call) {
	tx, rollingBack, late := ent.TxFromContext(c.ctx), make(chan struct{}), make(chan struct{})
	var once, lateOnce sync.Once
	tx.OnCommit(func(next ent.Committer) ent.Committer {
		return ent.CommitFunc(func(ctx context.Context, tx *ent.Tx) error {
			defer lateOnce.Do(func() { close(late) })
			select {
			case <-rollingBack:
			case <-c.over:
			}
			return next.Commit(ctx, tx)
		})
	})
	tx.OnRollback(func(next ent.Rollbacker) ent.Rollbacker {
		return ent.RollbackFunc(func(ctx context.Context, tx *ent.Tx) error {
			once.Do(func() { close(rollingBack) })
			select {
			case <-late:
			case <-c.over:
			}
			return next.Rollback(ctx, tx)
		})
	})
	_ = c.insert()
}

// strayInRows leaves a goroutine behind that waits for a row, and another one that
// waits for the rows to be closed.
func strayInRows(c *call) {
	_ = c.insert()
	ctx := context.WithoutCancel(c.ctx)
	rows, err := c.sql.QueryContext(ctx, "SELECT repeat('x', 20000), pg_sleep(i / 9 * 600) FROM generate_series(0, 9) i") //nolint:sqlclosecheck // the end closes them
	if err != nil {
		c.t.Error(err)
		return
	}
	c.in(func() {
		for rows.Next() {
			continue
		}
		_ = rows.Err()
	})
	c.wantAsleep()
	c.in(func() {
		for {
			if _, err := c.sql.ExecContext(ctx, "SELECT 1"); errors.Is(err, txn.ErrEnded) {
				return
			}
		}
	})
}

func closeTx(ctx context.Context, tx pgx.Tx) error {
	if tx == nil {
		return nil
	}
	return tx.Commit(ctx)
}

// strayInPgx leaves a goroutine behind that has the pgx connection, and uses it when
// the request is over.
func strayInPgx(c *call) {
	_ = c.insert()
	has := make(chan struct{})
	c.in(func() {
		ctx := context.WithoutCancel(c.ctx)
		_ = c.sql.Pgx(ctx, func(conn *pgx.Conn) error {
			close(has)
			<-c.over
			_, err := conn.Exec(ctx, "INSERT INTO work VALUES ($1)", c.tag)
			return err
		})
	})
	<-has
}

// strayAsleep leaves a goroutine behind that is in a statement.
func strayAsleep(c *call) {
	_ = c.insert()
	c.in(func() { _, _ = c.sql.ExecContext(context.WithoutCancel(c.ctx), "SELECT pg_sleep(600)") })
	c.wantAsleep()
}

// wantAsleep waits for a statement that sleeps.
func (c *call) wantAsleep() {
	c.eventually("statements that sleep", "1", func() (n string) {
		err := c.direct.QueryRowContext(c.ctx, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event = 'PgSleep'`).Scan(&n)
		if err != nil {
			c.t.Error(err)
		}
		return n
	})
}

// strayInserts leaves a goroutine behind that inserts rows for as long as it can.
func strayInserts(c *call) {
	_ = c.insert()
	c.in(func() {
		for !c.reads {
			if err := c.insert(); errors.Is(err, txn.ErrEnded) || c.ctx.Err() != nil {
				return
			}
		}
	})
}

// postpone writes rows with COMMIT.
func (c *call) postpone(n int) {
	if c.reads {
		return
	}
	err := txn.WithCommit(c.ctx, func(ctx context.Context) (err error) {
		for range n {
			err = errors.Join(err, rowtest.Insert(ctx, ent.FromContext(ctx), c.key()))
		}
		return err
	})
	if err == nil {
		c.done.Add(int64(n))
	}
}

// key is the key of a row that a trigger makes a row of work of.
func (c *call) key() string { return fmt.Sprintf("%s#%d", c.tag, keys.Add(1)) }

var keys atomic.Int64

// failsWithCommit writes a row twice with COMMIT.
func failsWithCommit(c *call) {
	_ = c.insert()
	if c.reads {
		return
	}
	key := c.key()
	_ = txn.WithCommit(c.ctx, func(ctx context.Context) error {
		return errors.Join(rowtest.Insert(ctx, ent.FromContext(ctx), key), rowtest.Insert(ctx, ent.FromContext(ctx), key))
	})
}

// leaksPostponement writes by the context of a function of WithCommit that has returned.
func leaksPostponement(c *call) {
	_ = c.insert()
	var leaked context.Context
	_ = txn.WithCommit(c.ctx, func(ctx context.Context) error {
		leaked = ctx //nolint:fatcontext // as a careless function does
		return nil
	})
	if !c.reads && rowtest.Insert(leaked, ent.FromContext(leaked), c.key()) == nil {
		c.done.Add(1)
	}
}

// strayPostpones leaves a goroutine behind that writes rows with COMMIT for as long as it
// can.
func strayPostpones(c *call) {
	_ = c.insert()
	c.in(func() {
		for !c.reads && c.ctx.Err() == nil {
			c.postpone(1)
		}
	})
}

// strayLater leaves a goroutine behind that inserts rows when the request is over.
func strayLater(c *call) {
	_ = c.insert()
	c.in(func() {
		<-c.over
		_ = c.insert()
	})
}

func rowsLeftOpen(of func(context.Context) context.Context) func(*call) {
	return func(c *call) {
		_ = c.insert()
		//nolint:sqlclosecheck,rowserrcheck,gocritic // that is the point
		_, _ = c.sql.QueryContext(of(c.ctx), "SELECT generate_series(1, 1000000)")
	}
}
