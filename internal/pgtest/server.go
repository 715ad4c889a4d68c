package pgtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"commitment/internal/migration"
	"commitment/internal/pgserver"
	"commitment/internal/schemakit"
)

// pristine is the template that PostgreSQL itself keeps clean and unconnected.
const pristine = "template0"

// patience bounds the work of creating or dropping one database, and each wait for a
// condition.
const patience = time.Minute

// server is where the databases are. It keeps no connection: an idle one would
// be a goroutine and a session too many for tests that count theirs.
type server struct {
	// url is the address of a database.
	url func(database string) string
	// admin is the address of the one from which databases are created.
	admin string
	// template builds the migrated template once and returns its name.
	template func() (string, error)
}

// theServer is the server of this process, started at the first call.
var theServer = sync.OnceValues(func() (*server, error) {
	s := &server{}
	if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
		u, err := url.Parse(given)
		if err != nil || u.Scheme == "" {
			return nil, errors.New("TEST_DATABASE_URL is not a URL") // the error would show its password
		}
		s.admin = given
		s.url = func(database string) string { return address(*u, database) }
	} else {
		private, err := pgserver.Start(context.Background(), pgserver.Options{})
		if err != nil {
			return nil, err
		}
		s.admin = private.URL("postgres")
		s.url = private.URL
	}
	s.template = sync.OnceValues(s.migratedTemplate)
	return s, nil
})

// address is given for another database. One that the query names would win over
// the path.
func address(given url.URL, database string) string {
	query := given.Query()
	query.Del("dbname")
	query.Del("database")
	given.Path, given.RawQuery = "/"+database, query.Encode()
	return given.String()
}

// clone creates a database from template and drops it when the test ends.
func (s *server) clone(tb testing.TB, template string) string {
	tb.Helper()
	name := "commitment_test_" + strings.ToLower(rand.Text())
	if err := s.run(func(ctx context.Context, conn *pgx.Conn) error { return create(ctx, conn, name, template) }); err != nil {
		tb.Fatalf("create database: %v", err)
	}
	tb.Cleanup(func() {
		if err := s.run(func(ctx context.Context, conn *pgx.Conn) error { return drop(ctx, conn, name) }); err != nil {
			tb.Errorf("drop database: %v", err)
		}
	})
	return s.url(name)
}

// migratedTemplate returns the template of the embedded migrations. Its name has
// their hash; those of other hashes are left alone, because on a shared server
// another checkout may be using them.
func (s *server) migratedTemplate() (string, error) {
	dir, err := migration.Embedded()
	if err != nil {
		return "", err
	}
	sum, err := dir.Checksum()
	if err != nil {
		return "", err
	}
	hash := sha256.Sum256([]byte(sum.Sum()))
	name := "commitment_template_" + hex.EncodeToString(hash[:8])
	return name, s.ensureTemplate(name, func(ctx context.Context, address string) error {
		db, err := sql.Open("pgx", address)
		if err != nil {
			return err
		}
		if _, err = migration.Apply(ctx, db, dir, migration.ApplyOptions{}); err == nil {
			err = allowLogin(ctx, db, address)
		}
		return errors.Join(err, db.Close())
	})
}

// allowLogin gives the role of the service a login on the server at url, the owner's.
func allowLogin(ctx context.Context, db *sql.DB, owner string) error {
	u, err := url.Parse(owner)
	if err != nil {
		return errors.New("the server's address is not a URL") // the error would show its password
	}
	_, err = db.ExecContext(ctx, fmt.Sprintf(`ALTER ROLE %q LOGIN PASSWORD '%s'`, schemakit.AppRole, loginPassword(u)))
	return err
}

// loginPassword is the password of the service's role on the server at owner: as secret as
// the owner's.
func loginPassword(owner *url.URL) string {
	password, _ := owner.User.Password()
	sum := sha256.Sum256([]byte(schemakit.AppRole + " " + password))
	return hex.EncodeToString(sum[:])
}

// ensureTemplate builds the template of that name, unless another process has
// done so: a lock makes the processes take turns. Nobody can connect to a
// finished one, so CREATE DATABASE never finds it in use; one that takes
// connections was left unfinished by a process that was killed.
func (s *server) ensureTemplate(name string, migrate func(ctx context.Context, url string) error) error {
	return s.run(func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", name); err != nil {
			return fmt.Errorf("lock template: %w", err)
		}
		var finished bool
		err := conn.QueryRow(ctx, "SELECT NOT datallowconn FROM pg_database WHERE datname = $1", name).Scan(&finished)
		if finished {
			return nil
		}
		if err != nil && !errors.Is(err, pgx.ErrNoRows) {
			return fmt.Errorf("look for template: %w", err)
		}
		if err := drop(ctx, conn, name); err != nil {
			return err
		}
		if err := create(ctx, conn, name, pristine); err != nil {
			return err
		}
		if err := migrate(ctx, s.url(name)); err != nil {
			return err
		}
		_, err = conn.Exec(ctx, "ALTER DATABASE "+quote(name)+" ALLOW_CONNECTIONS false")
		return err
	})
}

// run lets do work in a session of its own on the admin database.
func (s *server) run(do func(ctx context.Context, conn *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.admin)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, conn), conn.Close(ctx))
}

// create copies template. Where checkpoints cost nothing because fsync is off,
// as on a private server, copying its files takes half as long as writing them
// to the log, which is the default since PostgreSQL 15.
func create(ctx context.Context, conn *pgx.Conn, name, template string) error {
	var byFile bool
	err := conn.QueryRow(ctx, `SELECT current_setting('fsync') = 'off'
		AND current_setting('server_version_num')::int >= 150000`).Scan(&byFile)
	if err != nil {
		return err
	}
	statement := "CREATE DATABASE " + quote(name) + " TEMPLATE " + quote(template)
	if byFile {
		statement += " STRATEGY file_copy"
	}
	_, err = conn.Exec(ctx, statement)
	return err
}

func drop(ctx context.Context, conn *pgx.Conn, name string) error {
	_, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
	return err
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }
