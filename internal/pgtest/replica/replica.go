// Package replica runs a primary and streaming replicas of it, each a server of the
// test's own. It is for tests alone.
package replica

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
)

// database is the name of the cluster's database.
const database = "app"

// settings are those of all servers: commits are as in production, apart from what is
// written to the disk.
var settings = map[string]string{
	"synchronous_commit": "on", "fsync": "off", "full_page_writes": "off",
	"wal_receiver_status_interval": "1s", "wal_retrieve_retry_interval": "10ms", "hot_standby_feedback": "on",
}

// Cluster is a primary and its replicas, with all migrations applied to one database.
type Cluster struct {
	Primary  *Server
	Replicas []*Server
}

// Server is a server of a cluster.
type Server struct {
	*pgserver.Server
	// Owner is the URL of the database for the role that migrates.
	Owner string
	tb    testing.TB
	dir   string
	admin *sql.DB
}

// Start starts a primary and so many replicas, stopped when the test ends.
func Start(tb testing.TB, replicas int) *Cluster {
	tb.Helper()
	c := &Cluster{Primary: start(tb, serverDir(tb))}
	pgtest.Exec(tb, pgtest.Open(tb, c.Primary.URL("postgres")), "CREATE DATABASE "+database)
	pgtest.Migrate(tb, c.Primary.Owner)
	for range replicas {
		c.Replicas = append(c.Replicas, c.Primary.replicate(tb))
	}
	for _, r := range c.Replicas {
		c.Primary.AwaitReplay(r)
	}
	return c
}

func start(tb testing.TB, dir string) *Server {
	tb.Helper()
	s := &Server{tb: tb, dir: dir}
	s.Restart()
	return s
}

// Restart starts a server that was killed or stopped, at another address.
func (s *Server) Restart() {
	s.tb.Helper()
	s.Server = pgtest.StartServer(s.tb, pgserver.Options{Dir: s.dir, Settings: settings})
	s.Owner = s.URL(database)
	s.admin = pgtest.Open(s.tb, s.Owner)
}

// serverDir is a folder for a server.
func serverDir(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(pgtest.ReachableDir(tb), "server")
}

// replicate starts a replica on a copy of the server's data.
func (s *Server) replicate(tb testing.TB) *Server {
	tb.Helper()
	dir := serverDir(tb)
	if err := s.backUp(tb.Context(), dir); err != nil {
		tb.Fatalf("back up the primary: %v", err)
	}
	return start(tb, dir)
}

// backUp copies the server's data to dir, as those of a replica. Not every PostgreSQL
// comes with pg_basebackup.
func (s *Server) backUp(ctx context.Context, dir string) error {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }() // which would end the backup
	begin, end := "SELECT pg_backup_start('replica', true)", "SELECT labelfile FROM pg_backup_stop(false)"
	if strings.HasPrefix(s.Version(), "14") {
		begin, end = "SELECT pg_start_backup('replica', true, false)", "SELECT labelfile FROM pg_stop_backup(false, false)"
	}
	if _, err := conn.Exec(ctx, begin); err != nil {
		return err
	}
	if err := copyTree(s.Dir(), dir); err != nil {
		return err
	}
	var label string
	if err := conn.QueryRow(ctx, end).Scan(&label); err != nil {
		return err
	}
	data := filepath.Join(dir, "data")
	return errors.Join(
		writeLike(data, filepath.Join(data, "backup_label"), label),
		writeLike(data, filepath.Join(data, "standby.signal"), ""),
		writeLike(data, filepath.Join(data, "postgresql.auto.conf"), "primary_conninfo = '"+s.conninfo()+"'\n"),
	)
}

// conninfo is how a replica connects to the server.
func (s *Server) conninfo() string {
	u, err := url.Parse(s.Owner)
	if err != nil {
		s.tb.Fatal(err)
	}
	password, _ := u.User.Password()
	return fmt.Sprintf("host=%s port=%s user=%s password=%s sslmode=disable", u.Hostname(), u.Port(), u.User.Username(), password)
}

// left is what a replica doesn't get: what belongs to the running server, and the log,
// which it streams.
func left(path string) bool {
	switch name := filepath.Base(path); {
	case name == "postmaster.pid", name == "postmaster.opts", name == "lock", name == "postgres.log":
		return true
	case filepath.Base(filepath.Dir(path)) == "pg_wal":
		return name != "archive_status" && name != "summaries"
	}
	return false
}

// copyTree copies a folder and its owners. Files may vanish meanwhile.
func copyTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || err == nil && left(path) {
			return nil
		}
		if err != nil {
			return err
		}
		target := to + strings.TrimPrefix(path, from)
		info, err := entry.Info()
		if err == nil && info.IsDir() {
			err = os.Mkdir(target, info.Mode().Perm())
		} else if err == nil {
			err = copyFile(path, target, info.Mode().Perm())
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return chownLike(path, target)
	})
}

func copyFile(from, to string, mode fs.FileMode) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, mode)
}

// writeLike writes a file that belongs to the owner of another one.
func writeLike(other, path, content string) error {
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		return err
	}
	return chownLike(other, path)
}

func chownLike(other, path string) error {
	info, err := os.Lstat(other)
	if err != nil {
		return err
	}
	owner := info.Sys().(*syscall.Stat_t) // of every system that PostgreSQL's tests run on
	if err := os.Lchown(path, int(owner.Uid), int(owner.Gid)); err != nil && os.Geteuid() == 0 {
		return err
	}
	return nil
}

// Login is the URL of the database with the role of the service logged in.
func (s *Server) Login() string {
	s.tb.Helper()
	return pgtest.LoginURL(s.tb, s.Owner)
}

// Exec runs a statement as superuser.
func (s *Server) Exec(statement string) {
	s.tb.Helper()
	pgtest.Exec(s.tb, s.admin, statement)
}

// Set changes a setting of a running server.
func (s *Server) Set(name, value string) {
	s.tb.Helper()
	s.Exec(fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, strings.ReplaceAll(value, "'", "''")))
	s.Exec("SELECT pg_reload_conf()")
	pgtest.WaitFor(s.tb, name+" is set", func() bool {
		return pgtest.Value[bool](s.tb, s.admin, "SELECT NOT EXISTS (SELECT FROM pg_file_settings WHERE name = $1 AND NOT applied) AND "+
			"current_setting($1) IN (SELECT setting FROM pg_file_settings WHERE name = $1)", name)
	})
}

// Follow makes a replica stream from another server.
func (s *Server) Follow(other *Server) {
	s.tb.Helper()
	s.Set("primary_conninfo", other.conninfo())
}

// Promote makes a replica the primary.
func (s *Server) Promote() {
	s.tb.Helper()
	if !pgtest.Value[bool](s.tb, s.admin, "SELECT pg_promote()") {
		s.tb.Fatal("the replica isn't promoted")
	}
}

// AwaitReplay returns once a replica has replayed all that the server has written.
func (s *Server) AwaitReplay(replica *Server) {
	s.tb.Helper()
	lsn := pgtest.Value[string](s.tb, s.admin, "SELECT pg_current_wal_flush_lsn()::text")
	pgtest.WaitFor(s.tb, "the replica replays "+lsn, func() bool {
		return pgtest.Value[bool](s.tb, replica.admin, "SELECT coalesce(pg_last_wal_replay_lsn() >= $1::text::pg_lsn, false)", lsn)
	})
}
