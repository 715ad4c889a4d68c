package migration_test

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migration"
	"commitment/internal/pgtest"
)

func TestReadStatus(t *testing.T) {
	t.Parallel()
	type want struct {
		Applied, Pending, OutOfOrder []string
		Current                      string
		UpToDate                     bool
	}
	both := []string{"1_a.sql", createA, "3_b.sql", createB}
	tests := []struct {
		name    string
		applied []string // what was applied before, as files takes it
		dir     []string
		want    want
	}{
		{"sees everything pending in an empty database", nil, both,
			want{Pending: []string{"1_a.sql", "3_b.sql"}}},
		{"sees what is left", both[:2], both,
			want{Applied: []string{"1"}, Pending: []string{"3_b.sql"}, Current: "1"}},
		{"sees a database that is up to date", both, both,
			want{Applied: []string{"1", "3"}, Current: "3", UpToDate: true}},
		{"takes a database that is ahead for up to date", both, both[:2],
			want{Applied: []string{"1", "3"}, Current: "3", UpToDate: true}},
		{"sees a file that came before the first", both, []string{"0_c.sql", createB, "1_a.sql", createA, "3_b.sql", createB},
			want{Applied: []string{"1", "3"}, OutOfOrder: []string{"0_c.sql"}, Current: "3"}},
		{"sees a file that came too late", both, []string{"1_a.sql", createA, "2_c.sql", createB, "3_b.sql", createB},
			want{Applied: []string{"1", "3"}, OutOfOrder: []string{"2_c.sql"}, Current: "3"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			address := pgtest.EmptyURL(t)
			if tt.applied != nil {
				apply(t, pgtest.Open(t, address), files(t, tt.applied...))
			}
			db := pgtest.Open(t, withSetting(t, address, "default_transaction_read_only", "on"))
			s, err := migration.ReadStatus(t.Context(), db, files(t, tt.dir...))
			if err != nil {
				t.Fatal(err)
			}
			got := want{versions(s.Applied), names(s.Pending), names(s.OutOfOrder), s.Current(), s.UpToDate()}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadStatusOfStoppedFile(t *testing.T) {
	t.Parallel()
	db := emptyDB(t)
	dir := files(t, "1_a.sql", "-- atlas:txmode none\n\n"+createA+"SELECT nothing;\n")
	if _, err := migration.Apply(t.Context(), db, dir, migration.ApplyOptions{}); err == nil {
		t.Fatal("error = nil, want one")
	}
	s, err := migration.ReadStatus(t.Context(), db, dir)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1_a.sql"}, names(s.Pending)); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	if len(s.Applied) != 1 || s.Applied[0].ErrorStmt != "SELECT nothing;" {
		t.Errorf("applied = %+v, want one revision that stopped at SELECT nothing", s.Applied)
	}
}

// withSetting adds a run-time parameter to a database's URL.
func withSetting(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}
