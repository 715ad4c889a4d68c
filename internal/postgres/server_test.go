package postgres_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"commitment/internal/fault"
	"commitment/internal/pgserver"
	"commitment/internal/pgtest"
	"commitment/internal/postgres"
)

// What only a server of the test's own can show: it is changed as a whole.
func TestServerOfItsOwn(t *testing.T) {
	t.Parallel()
	// Its user can write to the data directory for sure.
	server := pgtest.StartServer(t, pgserver.Options{Settings: map[string]string{"unix_socket_directories": "."}})
	given := server.URL("postgres")
	at := address(t, given)
	admin := open(t, postgres.Options{URL: given})
	data := pgtest.Value[string](t, admin, "SHOW data_directory")
	root := enableTLS(t, admin)
	pgtest.Exec(t, admin, "CREATE DATABASE private")
	pgtest.Exec(t, admin, "REVOKE CONNECT ON DATABASE private FROM PUBLIC")
	pgtest.Exec(t, admin, `COPY (SELECT 'host all rejected all reject') TO PROGRAM 'cat - pg_hba.conf >hba && mv hba pg_hba.conf'`)
	pgtest.Exec(t, admin, "SELECT pg_reload_conf()")

	for name, dsn := range map[string]string{
		"is reached by its socket":          fmt.Sprintf("host=%s port=%d user=%s password=%s dbname=postgres", data, at.Port, at.User, at.Password),
		"is reached by its socket in a URL": fmt.Sprintf("postgres://%s:%s@/postgres?host=%s&port=%d", at.User, at.Password, data, at.Port),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, postgres.Options{URL: dsn})
			if !pgtest.Value[bool](t, db, "SELECT inet_server_addr() IS NULL") {
				t.Error("connection by TCP, want one by the socket")
			}
		})
	}
	for mode, encrypted := range map[string]bool{"disable": false, "prefer": true, "require": true, "verify-ca": true, "verify-full": true} {
		t.Run("is reached with sslmode "+mode, func(t *testing.T) {
			t.Parallel()
			params := map[string]string{"sslmode": mode}
			if mode == "verify-ca" || mode == "verify-full" {
				params["sslrootcert"] = root
			}
			db := open(t, postgres.Options{URL: pgtest.WithParams(t, given, params)})
			if got := pgtest.Value[bool](t, db, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"); got != encrypted {
				t.Errorf("encrypted = %v, want %v", got, encrypted)
			}
		})
	}

	for _, tt := range []struct{ name, setup, user, database, sqlstate string }{
		{"a role that has too many connections", "CREATE ROLE limited LOGIN PASSWORD 'x' CONNECTION LIMIT 0", "limited", "postgres", "53300"},
		{"a role that may not log in", "CREATE ROLE barred NOLOGIN PASSWORD 'x'", "barred", "postgres", "28000"},
		{"a role whose password was changed", "CREATE ROLE rotated LOGIN PASSWORD 'y'", "rotated", "postgres", "28P01"},
		{"a role whose password has expired", "CREATE ROLE expired LOGIN PASSWORD 'x' VALID UNTIL '2001-01-01'", "expired", "postgres", "28P01"},
		{"a role that pg_hba.conf rejects", "CREATE ROLE rejected LOGIN PASSWORD 'x'", "rejected", "postgres", "28000"},
		{"a role that may not connect", "CREATE ROLE stranger LOGIN PASSWORD 'x'", "stranger", "private", "42501"},
		{"a database that takes no connections", "CREATE DATABASE locked ALLOW_CONNECTIONS false", "", "locked", "55000"},
		{"a database that was dropped", "SELECT", "", "dropped", "3D000"},
	} {
		t.Run("is unavailable to "+tt.name, func(t *testing.T) {
			t.Parallel()
			pgtest.Exec(t, admin, tt.setup)
			params := map[string]string{"dbname": tt.database}
			if tt.user != "" {
				params["user"], params["password"] = tt.user, "x"
			}
			err := open(t, postgres.Options{URL: pgtest.WithParams(t, given, params)}).PingContext(t.Context())
			if pgErr, ok := errors.AsType[*pgconn.PgError](err); !ok || pgErr.Code != tt.sqlstate {
				t.Fatalf("Ping() = %v, want SQLSTATE %s", err, tt.sqlstate)
			}
			wantClassified(t, postgres.Constraints{}.Classify(err), err, &fault.Error{Kind: fault.Unavailable})
		})
	}
}

// enableTLS gives the server a certificate and returns the file of its root.
// The server itself writes them to its data directory: the key has to be its own.
func enableTLS(t *testing.T, admin pgtest.Querier) string {
	t.Helper()
	certificate, key := selfSigned(t)
	for name, text := range map[string][]byte{"server.crt": certificate, "server.key": key} {
		pgtest.Exec(t, admin, fmt.Sprintf(`COPY (SELECT unnest(string_to_array('%s', E'\n'))) TO PROGRAM 'umask 077; cat >%s'`,
			bytes.TrimSpace(text), name))
	}
	pgtest.Exec(t, admin, "ALTER SYSTEM SET ssl = on")
	pgtest.Exec(t, admin, "SELECT pg_reload_conf()")
	pgtest.WaitFor(t, "TLS is on", func() bool { return pgtest.Value[string](t, admin, "SHOW ssl") == "on" })
	root := filepath.Join(t.TempDir(), "root.crt")
	if err := os.WriteFile(root, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	return root
}

// selfSigned returns a certificate for loopback and its key, in PEM.
func selfSigned(t *testing.T) (certificate, key []byte) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	bits, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: bits})
}
