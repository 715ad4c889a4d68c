package revert

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"commitment/internal/migration/catalog"
	"commitment/internal/sqltoken"
)

// detach takes tables out of the partitioned tables and parents that the file gave
// them, before what they got from these is dropped.
func (f *finder) detach(ctx context.Context) []string {
	if !slices.ContainsFunc(f.present.properties, isPartition) || f.readProperties(ctx) != nil { // which fails again at the end
		return nil
	}
	var s []string
	for _, p := range f.present.properties {
		if _, was := findProperty(f.before.properties, p); p.Kind == catalog.KindPartition && !was {
			s = append(s, p.Reset)
		}
	}
	return s
}

// attach gives tables back the parents that the file took away, and drops the checks
// that saved a scan.
func (f *finder) attach(ctx context.Context) []string {
	if !slices.ContainsFunc(f.before.properties, isPartition) || f.readProperties(ctx) != nil { // which fails again at the end
		return nil
	}
	s := f.setProperties(catalog.KindPartition)
	for _, p := range f.pairs() {
		for _, c := range p.after.Constraints {
			if own, waits := f.early[early{p.after.OID, c.Name}]; waits && own == "" {
				s = append(s, "ALTER TABLE "+sqltoken.Quote(p.after.Name)+" DROP CONSTRAINT "+sqltoken.Quote(c.Name))
			}
		}
	}
	return s
}

func isPartition(p catalog.Property) bool { return p.Kind == catalog.KindPartition }

// restoreProperties comes last, when everything is there that can have a property.
func (f *finder) restoreProperties(context.Context) []string {
	kinds := []catalog.Kind{catalog.KindAttribute, catalog.KindOption, catalog.KindRule, catalog.KindStatistics, catalog.KindComment, catalog.KindPrivilege}
	var s []string
	for _, kind := range kinds {
		for _, p := range slices.Backward(f.present.properties) { // an object's state before the object
			if _, was := findProperty(f.before.properties, p); p.Kind == kind && !was && p.Reset != "" {
				s = append(s, p.Reset)
			}
		}
		s = append(s, f.setProperties(kind)...)
	}
	return mergePrivileges(s)
}

func (f *finder) setProperties(kind catalog.Kind) []string {
	var s []string
	for _, p := range f.before.properties {
		if p.Kind != kind {
			continue
		}
		now, there := findProperty(f.present.properties, p)
		switch {
		case !there:
			s = append(s, p.Set)
		case now.Set == p.Set:
		case len(p.Change) > 0:
			s = append(s, p.Change...)
		default:
			s = append(s, p.Set)
		}
	}
	return s
}

// findProperty finds a property in what [catalog.ReadProperties] returned.
func findProperty(list []catalog.Property, p catalog.Property) (catalog.Property, bool) {
	i, there := slices.BinarySearchFunc(list, p, func(a, b catalog.Property) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Table, b.Table), cmp.Compare(a.Name, b.Name))
	})
	if !there {
		return catalog.Property{}, false
	}
	return list[i], true
}

// privileges matches a GRANT or REVOKE of one or several privileges.
var privileges = regexp.MustCompile(`^(GRANT|REVOKE) (.+?)( ON .+)$`)

// mergePrivileges makes one statement of neighbors that give the same role several
// privileges on the same object.
func mergePrivileges(statements []string) []string {
	var merged []string
	for _, s := range statements {
		now := privileges.FindStringSubmatch(s)
		if len(now) > 0 && len(merged) > 0 && !strings.HasPrefix(now[2], "GRANT OPTION ") {
			last := privileges.FindStringSubmatch(merged[len(merged)-1])
			if len(last) > 0 && last[1] == now[1] && last[3] == now[3] {
				merged[len(merged)-1] = last[1] + " " + last[2] + ", " + now[2] + last[3]
				continue
			}
		}
		merged = append(merged, s)
	}
	return merged
}
