package plan

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ariga.io/atlas/sql/migrate"

	"commitment/internal/migration/catalog"
	"commitment/internal/schemakit"
)

// outside matches statements that can't run in a transaction.
var outside = regexp.MustCompile(`(?i)\bCONCURRENTLY\b`)

func up(o schemakit.Object) Step {
	return Step{SQL: o.Up, Comment: fmt.Sprintf("Create %q as declared", o.Name), Alone: outside.MatchString(o.Up)}
}

func down(o schemakit.Object) Step {
	return Step{SQL: o.Down, Comment: fmt.Sprintf("Remove the old form of %q", o.Name), Alone: outside.MatchString(o.Down)}
}

// makeFirst and makeLater create and change the declared objects: those that tables
// need, and the others. What would hide rows is left to makePostponed.
func (p *planner) makeFirst(ctx context.Context) error {
	return p.makeDeclared(ctx, func(i int) bool { return p.objects[i].First })
}

func (p *planner) makeLater(ctx context.Context) error {
	return p.makeDeclared(ctx, func(i int) bool {
		p.postponed[i] = p.hidesUnfilled(i)
		return !p.objects[i].First && !p.postponed[i]
	})
}

func (p *planner) makePostponed(ctx context.Context) error {
	return p.makeDeclared(ctx, func(i int) bool { return p.postponed[i] })
}

func (p *planner) makeDeclared(ctx context.Context, now func(i int) bool) error {
	for i := range p.objects {
		if !now(i) || p.isMade(i) {
			continue
		}
		start := len(p.steps)
		if err := p.makeOne(ctx, i); err != nil {
			return err
		}
		p.steps = append(p.steps[:start], together(p.steps[start:])...)
	}
	return nil
}

// makeOne creates an object, or changes it: then what depends on it makes room.
func (p *planner) makeOne(ctx context.Context, i int) error {
	o := p.objects[i]
	var around dependents
	if !p.isAbsent(i) {
		var err error
		if around, err = p.clear(ctx, i); err != nil {
			return fmt.Errorf("change the declared object %q: write this migration by hand: %w", o.Name, err)
		}
	}
	step, err := p.upNow(ctx, i)
	if err != nil {
		return err
	}
	if p.postponed[i] {
		step.Comment += ", now that every row has a value in what its policies\nname. Until this file is applied they hide no rows"
	}
	again, err := p.creates(ctx, around, step.SQL)
	if err != nil {
		return fmt.Errorf("change the declared object %q: write this migration by hand: %w", o.Name, err)
	}
	rewritten, err := p.rewrittenBy(ctx, step)
	if err != nil {
		return fmt.Errorf("create the declared object %q: %w", o.Name, err)
	}
	if len(rewritten) > 0 {
		last := &p.steps[len(p.steps)-1]
		last.Comment += fmt.Sprintf(": this REWRITES %s, and\nblocks reads and writes meanwhile", strings.Join(rewritten, ", "))
	}
	if len(again) == 0 {
		return nil
	}
	comment := "Restore the privileges and comments that migrations gave"
	if names := around.names(); names != "" {
		comment = "Create what depends on it again: " + names
	}
	return p.advance(ctx, []Step{{SQL: strings.Join(again, ";\n"), Comment: comment}})
}

// rewrittenBy adds a step to the plan and returns the tables that it rewrites.
func (p *planner) rewrittenBy(ctx context.Context, step Step) ([]string, error) {
	before, err := fileNodes(ctx, p.db)
	if err != nil {
		return nil, err
	}
	if err := p.advance(ctx, []Step{step}); err != nil {
		return nil, err
	}
	after, err := fileNodes(ctx, p.db)
	if err != nil {
		return nil, err
	}
	var tables []string
	for _, t := range p.present.Tables {
		if node, there := before[t.Name]; there && node != after[t.Name] {
			tables = append(tables, strconv.Quote(t.Name))
		}
	}
	return tables, nil
}

// together combines several steps into one, so that no file ends between them: a policy
// or trigger that is replaced is never missing.
func together(steps []Step) []Step {
	if slices.ContainsFunc(steps, func(s Step) bool { return s.Alone }) {
		return steps
	}
	all := steps[0]
	var lost []string
	for _, s := range steps {
		if s.Loses != "" {
			lost = append(lost, s.Loses)
		}
	}
	all.Loses = strings.Join(lost, "\n")
	all.SQL = withSemicolon(all.SQL) + "\n" + strings.TrimSuffix(body(steps[1:]), "\n")
	return []Step{all}
}

func changeKey(c catalog.Change) key { return key{c.Kind, c.Table, c.Name} }

// isMade reports whether everything that an object creates is as declared.
func (p *planner) isMade(i int) bool {
	if len(p.objectChanges[i]) == 0 {
		return p.isWritten(p.objects[i])
	}
	return !slices.ContainsFunc(p.objectChanges[i], func(c catalog.Change) bool { return !p.settled(changeKey(c)) })
}

// isWritten reports whether a file has the object's statements, which is all that shows
// whether one was made that is no part of the schema, such as a role or a privilege.
func (p *planner) isWritten(o schemakit.Object) bool {
	up := strings.TrimRight(strings.TrimSpace(o.Up), ";")
	return slices.ContainsFunc(p.files, func(f migrate.File) bool { return strings.Contains(string(f.Bytes()), up) })
}

func (p *planner) allWritten() bool {
	return !slices.ContainsFunc(p.objects, func(o schemakit.Object) bool { return !p.isWritten(o) })
}

// isAbsent reports whether everything that an object creates is as it was before.
func (p *planner) isAbsent(i int) bool {
	return !slices.ContainsFunc(p.objectChanges[i], func(c catalog.Change) bool { return p.now[changeKey(c)] != c.Before })
}

// clear removes what is in the way of an object: by its Down or, if that fails on the
// replayed files, piece by piece. What CREATE OR REPLACE replaces can stay. It returns
// what depends on the object, was dropped before it, and is to be created again: not
// triggers and policies that nobody declares any more.
func (p *planner) clear(ctx context.Context, i int) (around dependents, err error) {
	if replaced, err := p.isReplaced(ctx, i); replaced || err != nil {
		return around, err
	}
	if p.objects[i].Down == "" {
		return around, errors.New("it has no Down")
	}
	around, err = p.dependentsOn(ctx, p.pieces(i)...)
	if err != nil {
		return around, err
	}
	around.roots = slices.DeleteFunc(around.roots, func(s string) bool { return says(p.objects[i].Up, s) })
	if drops := around.drops(); len(drops) > 0 {
		if err := p.advance(ctx, []Step{{SQL: strings.Join(drops, ";\n"), Comment: "Make room for " + strconv.Quote(p.objects[i].Name)}}); err != nil {
			return around, err
		}
	}
	around.objects = slices.DeleteFunc(around.objects, func(d catalog.Dependent) bool {
		_, wanted := p.want[dependentKey(d)]
		return !wanted && (d.Kind == catalog.KindTrigger || d.Kind == catalog.KindPolicy)
	})
	before, step := p.present, down(p.objects[i])
	if !step.Alone {
		if err := p.fits(ctx, step.SQL); err != nil {
			return around, p.clearPieces(ctx, i, err)
		}
	}
	if err := p.advance(ctx, []Step{step}); err != nil {
		return around, err
	}
	p.steps[len(p.steps)-1].Loses = lostBetween(before, p.present)
	return around, nil
}

// says reports whether a declaration has statements like this one: what it says about
// privileges or comments holds.
func says(declaration, statement string) bool {
	verb, _, _ := strings.Cut(statement, " ")
	return strings.Contains(strings.ToUpper(declaration), verb+" ") && verb != "ALTER"
}

// pieces are what an object creates and the files have.
func (p *planner) pieces(i int) []key {
	var pieces []key
	for _, c := range p.objectChanges[i] {
		if _, there := p.now[changeKey(c)]; there && c.Before == "" {
			pieces = append(pieces, changeKey(c))
		}
	}
	return pieces
}

// isReplaced reports whether an object can be created while the old one is still there.
func (p *planner) isReplaced(ctx context.Context, i int) (bool, error) {
	step := up(p.objects[i])
	if step.Alone {
		return false, nil
	}
	return p.makes(ctx, i, step.SQL)
}

// makes reports whether statements run, and make an object as the target has it.
func (p *planner) makes(ctx context.Context, i int, statements string) (bool, error) {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return false, fmt.Errorf("try statements: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	if _, err := tx.ExecContext(ctx, statements); err != nil {
		return false, ctx.Err()
	}
	made, err := catalog.Read(ctx, tx)
	if err != nil {
		return false, err
	}
	has := definitionsOf(made)
	return !slices.ContainsFunc(p.objectChanges[i], func(c catalog.Change) bool { return has[changeKey(c)] != p.want[changeKey(c)] }), nil
}

// upNow is the step that creates an object in the present schema: its Up or, if that
// makes something else as long as columns are there that the plan drops later, as
// SELECT * does, what the target has.
func (p *planner) upNow(ctx context.Context, i int) (Step, error) {
	step := up(p.objects[i])
	if step.Alone {
		return step, nil
	}
	if ok, err := p.makes(ctx, i, step.SQL); ok || err != nil {
		return step, err
	}
	statements, err := p.spelledOut(ctx, i)
	if err != nil || len(statements) == 0 {
		return step, err
	}
	sql := strings.Join(statements, ";\n")
	if ok, err := p.makes(ctx, i, sql); !ok || err != nil {
		return step, err
	}
	step.SQL, step.Comment = sql, step.Comment+", without what is dropped later"
	return step, nil
}

// spelledOut are the statements that create an object as the target has it, in an order
// that works; none if the object has parts of which the catalog doesn't say that.
func (p *planner) spelledOut(ctx context.Context, i int) ([]string, error) {
	var pending []string
	for _, c := range p.objectChanges[i] {
		switch c.Kind {
		case catalog.KindView, catalog.KindMaterializedView, catalog.KindFunction, catalog.KindTrigger, catalog.KindPolicy:
			pending = append(pending, strings.Join(catalog.Object{Kind: c.Kind, Table: c.Table, Name: c.Name, Definition: p.want[changeKey(c)]}.Create(), ";\n"))
		default:
			return nil, nil
		}
	}
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("try statements: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	var ordered []string
	for len(pending) > 0 {
		made := runnable(ctx, tx, pending)
		if len(made) == 0 {
			return nil, ctx.Err()
		}
		ordered = append(ordered, made...)
		pending = slices.DeleteFunc(pending, func(s string) bool { return slices.Contains(made, s) })
	}
	return ordered, nil
}

// fits runs statements in a transaction that is rolled back.
func (p *planner) fits(ctx context.Context, statements string) error {
	tx, err := p.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("try statements: %w", err)
	}
	defer func() { _ = tx.Rollback() }() // it was only a trial
	_, err = tx.ExecContext(ctx, statements)
	return err
}

// clearPieces drops what the object creates and the files have, together with what is
// dropped anyway and may depend on it. What holds rows is left to its Down.
func (p *planner) clearPieces(ctx context.Context, i int, downErr error) error {
	hanging := []catalog.Kind{catalog.KindTrigger, catalog.KindPolicy, catalog.KindView}
	droppable := append([]catalog.Kind{catalog.KindMaterializedView, catalog.KindFunction, catalog.KindDomain, catalog.KindType}, hanging...)
	mine := p.pieces(i)
	var drops []Step
	for k := range p.now {
		_, stays := p.want[k]
		if slices.Contains(mine, k) && slices.Contains(droppable, k.kind) || !stays && slices.Contains(hanging, k.kind) {
			drops = append(drops, dropStatement(k)...)
		}
	}
	if len(drops) == 0 {
		return fmt.Errorf("its Down fails on the replayed files: %w", downErr)
	}
	slices.SortFunc(drops, bySQL)
	for n := range drops {
		drops[n].Comment = fmt.Sprintf("Remove the old form of %q", p.objects[i].Name)
	}
	return p.dropAll(ctx, drops)
}

// lostBetween lists the tables, columns and sequences that are gone.
func lostBetween(before, after catalog.Schema) string {
	var lost []string
	for _, c := range catalog.CompareObjects(before.Others, after.Others) {
		if c.Kind == catalog.KindSequence && c.After == "" {
			lost = append(lost, fmt.Sprintf("the position of sequence %q", c.Name))
		}
	}
	for _, t := range before.Tables {
		now, there := after.Table(t.Name)
		if !there {
			lost = append(lost, lostTable(t.Name))
			continue
		}
		for _, c := range t.Columns {
			if _, there := now.Column(c.Name); !there && !c.Generated {
				lost = append(lost, lostColumn(t.Name, c.Name))
			}
		}
	}
	return strings.Join(lost, "\n")
}
