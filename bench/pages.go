package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/bench/internal/markdown"
	"commitment/internal/rest/resttest"
)

const (
	pagesSuite = "pages"
	pageRows   = 1_000_000
	// pageRounds is how often each page is read. PostgreSQL plans a statement anew for the
	// first five times, and may then keep a plan for all cursors.
	pageRounds = 200
	pageAim    = 3 // times the first page
)

// pageResult is the time of a list's pages, read on one connection.
type pageResult struct {
	order  string
	pages  [3]time.Duration // the first page, and those behind and before the middle row
	blocks [3]int
}

// measurePages measures pages of a table of many rows.
func measurePages(ctx context.Context, db *database) (all []pageResult, err error) {
	const name = "bench_pages"
	if err := db.exec(ctx, "postgres", "CREATE DATABASE "+name); err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, db.server.URL(name))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	table, err := resttest.Create(ctx, conn, pageRows)
	if err != nil {
		return nil, err
	}
	for _, order := range resttest.Orders {
		first, forward, backward, err := table.Pages(ctx, order.Sort)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", order.Name, err)
		}
		r := pageResult{order: order.Name}
		var took [3][]time.Duration
		for range pageRounds {
			for i, page := range []url.Values{first, forward, backward} {
				start := time.Now()
				if _, err := table.List(ctx, page); err != nil {
					return nil, fmt.Errorf("%s: %w", order.Name, err)
				}
				took[i] = append(took[i], time.Since(start))
			}
		}
		for i, page := range []url.Values{first, forward, backward} {
			slices.Sort(took[i])
			r.pages[i] = percentile(took[i], 0.5)
			if r.blocks[i], err = table.Blocks(ctx, page); err != nil {
				return nil, err
			}
		}
		all = append(all, r)
	}
	return all, nil
}

// writePages writes the times of pages.
func writePages(p *markdown.Printer, all []pageResult) {
	if all == nil {
		return
	}
	p.Line("\n# Pages at depth\n")
	p.Line("Pages of 50 of a million rows: the first one, and those behind and before row 500,000. Medians of %d, in turns; and the blocks that", pageRounds)
	p.Line("PostgreSQL touches. The aim is at most %d times the first page.\n", pageAim)
	p.Line("| order | first page ms | behind ms | ratio | before ms | ratio | blocks | |\n|---|--:|--:|--:|--:|--:|--:|---|")
	for _, r := range all {
		ratio := func(i int) float64 { return float64(r.pages[i]) / float64(r.pages[0]) }
		verdict := "missed"
		if max(ratio(1), ratio(2)) <= pageAim {
			verdict = "reached"
		}
		p.Line("| %s | %s | %s | %.2f | %s | %.2f | %d, %d, %d | %s |", r.order, formatLatency(r.pages[0]), formatLatency(r.pages[1]), ratio(1),
			formatLatency(r.pages[2]), ratio(2), r.blocks[0], r.blocks[1], r.blocks[2], verdict)
	}
}
