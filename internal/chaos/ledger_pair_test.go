//go:build e2e

package chaos

import (
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/pgtest/pgproxy"
)

// pair is a primary and its synchronous replica, at two fixed addresses.
type pair struct {
	t           *testing.T
	url         string            // names both addresses; whichever can be written to is meant
	proxies     [2]*pgproxy.Proxy // in front of the servers
	servers     [2]*pgserver.Server
	dirs        [2]string
	primary     int            // which of the two it is
	replication *pgproxy.Proxy // on the replica's way to the primary
}

// startPair starts a primary, migrated, and a replica that has all that the primary
// says is committed.
func startPair(t *testing.T) *pair {
	t.Helper()
	p := &pair{t: t, dirs: [2]string{pgtest.ReachableDir(t)}}
	p.servers[0] = pgtest.StartServer(t, pgserver.Options{Dir: p.dirs[0]})
	pgtest.Migrate(t, p.address(0))
	for i := range p.proxies {
		p.proxies[i] = pgtest.Proxy(t, p.address(0))
	}
	p.url = eitherHost(t, p.proxies[0].URL(), p.proxies[1].URL())
	p.addReplica()
	return p
}

// address is where a server is itself.
func (p *pair) address(i int) string { return p.servers[i].URL("postgres") }

// addReplica makes a replica in the place of the one that is gone, and has the
// primary wait for it at COMMIT.
func (p *pair) addReplica() {
	p.t.Helper()
	replica := 1 - p.primary
	p.dirs[replica] = pgtest.ReachableDir(p.t)
	p.replication = pgtest.Proxy(p.t, p.address(p.primary))
	p.backup(p.dirs[p.primary], p.dirs[replica])
	p.servers[replica] = pgtest.StartServer(p.t, pgserver.Options{Dir: p.dirs[replica]})
	if err := p.proxies[replica].Redirect(p.address(replica)); err != nil {
		p.t.Fatal(err)
	}
	p.execute(p.primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	p.execute(p.primary, "SELECT pg_reload_conf()")
}

// backup copies the primary's data as they are, as the user whose they are, to where
// package pgserver looks for them.
func (p *pair) backup(from, to string) {
	p.t.Helper()
	program := p.program("pg_basebackup")
	info, err := os.Stat(filepath.Join(from, "data"))
	if err != nil {
		p.t.Fatal(err)
	}
	owner := info.Sys().(*syscall.Stat_t)
	data := filepath.Join(to, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.Command(program, "--dbname="+p.replication.URL(), "--pgdata="+data,
		"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	cmd.Dir = "/"
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
		if err := os.Chown(data, int(owner.Uid), int(owner.Gid)); err != nil {
			p.t.Fatal(err)
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("copy the primary: %v\n%s", err, out)
	}
	password, err := os.ReadFile(filepath.Join(from, "password"))
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(to, "password"), password, 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// program is the path of one of PostgreSQL's programs, which is beside postgres
// itself, wherever a link on the PATH leads.
func (p *pair) program(name string) string {
	p.t.Helper()
	programs, err := pgserver.Find("")
	if err != nil {
		p.t.Fatal(err)
	}
	postgres, err := filepath.EvalSymlinks(filepath.Join(programs.Dir, "postgres"))
	if err != nil {
		p.t.Fatal(err)
	}
	path := filepath.Join(filepath.Dir(postgres), name)
	if _, err := os.Stat(path); err != nil {
		p.t.Skipf("this test needs %s: %v", name, err)
	}
	return path
}

// awaitSynchronous waits until a COMMIT of the load has been seen to wait for the
// replica: from then on all do.
func (p *pair) awaitSynchronous() {
	p.t.Helper()
	db := pgtest.Open(p.t, p.address(p.primary))
	pgtest.WaitFor(p.t, "COMMITs wait for the replica", func() bool {
		var waits bool
		err := db.QueryRowContext(p.t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state = 'sync')
			AND EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')`).Scan(&waits)
		return err == nil && waits
	})
}

// isolate has the replica get nothing of what the primary does from now on.
func (p *pair) isolate() {
	p.replication.Refuse(true)
	p.replication.Break()
}

// killPrimary ends the primary as a crash of its machine would.
func (p *pair) killPrimary() {
	p.t.Helper()
	if err := p.servers[p.primary].Kill(); err != nil {
		p.t.Fatal(err)
	}
}

// promote makes the replica the primary.
func (p *pair) promote() {
	p.t.Helper()
	p.replication.Close()
	p.primary = 1 - p.primary
	p.execute(p.primary, "SELECT pg_promote()")
}

func (p *pair) execute(i int, statement string) {
	p.t.Helper()
	if _, err := pgtest.Open(p.t, p.address(i)).ExecContext(p.t.Context(), statement); err != nil {
		p.t.Fatal(err)
	}
}
