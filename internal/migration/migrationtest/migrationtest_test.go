package migrationtest_test

import (
	"errors"
	"testing"

	"ariga.io/atlas/sql/migrate"
	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/migration/migrationtest"
)

func TestTry(t *testing.T) {
	t.Parallel()
	dir := &migrate.MemDir{}
	err := dir.CopyFiles([]migrate.File{
		migrate.NewLocalFile("1_a.sql", []byte("CREATE TABLE a (n int);\n")),
		migrate.NewLocalFile("2_n.sql", []byte("ALTER TABLE a ALTER n SET NOT NULL;\n")),
	})
	if err != nil {
		t.Fatal(err)
	}
	db := migrationtest.To(t, dir, "1")
	db.Exec(t, "INSERT INTO a VALUES (NULL)")
	err = db.Try(t, "2")
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != "23502" {
		t.Errorf("error = %v, want a violation of NOT NULL", err)
	}
	db.Exec(t, "UPDATE a SET n = 0")
	db.Apply(t, "2")
}
