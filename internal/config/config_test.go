package config_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/config"
)

// defaults returns the configuration of an empty environment.
func defaults() config.Config {
	return config.Config{
		Environment:   config.Development,
		Addr:          "127.0.0.1:8080",
		Log:           config.Log{Level: config.Level(slog.LevelInfo), Format: config.LogAuto},
		Traces:        config.Traces{Protocol: "http/protobuf", ServiceName: "commitment", Sampler: "parentbased_always_on", TrustParent: true},
		PrivateServer: config.PrivateServer{DataDir: ".commitment"},
		Auth:          config.Auth{Mode: config.AuthOn, TenantClaim: "tenant_id", MaxFailures: 60},
		Jobs:          config.Jobs{Workers: 10, Listen: true, Timeout: time.Minute},
		Database: config.Database{
			ApplicationName:          "commitment",
			MaxOpenConns:             15,
			MaxIdleConns:             15,
			ConnMaxIdleTime:          5 * time.Minute,
			ConnMaxLifetime:          30 * time.Minute,
			LifetimeJitter:           3 * time.Minute,
			PingAfter:                time.Second,
			AcquireTimeout:           5 * time.Second,
			ConnectTimeout:           5 * time.Second,
			StatementTimeout:         15 * time.Second,
			LockTimeout:              5 * time.Second,
			IdleInTransactionTimeout: 30 * time.Second,
			CommitTimeout:            10 * time.Second,
			OutcomeTimeout:           10 * time.Second,
			MaxAttempts:              3,
			ReplicaMaxLag:            10 * time.Second,
			ReplicaPatience:          5 * time.Millisecond,
		},
		HTTP: config.HTTP{
			ReadHeaderTimeout:   5 * time.Second,
			ReadTimeout:         30 * time.Second,
			WriteTimeout:        time.Minute,
			IdleTimeout:         2 * time.Minute,
			RequestTimeout:      30 * time.Second,
			MaxHeaderBytes:      64 << 10,
			MaxBodyBytes:        1 << 20,
			MaxResponseBytes:    64 << 20,
			ResponseMemoryBytes: 1 << 20,
			KeyLifetime:         24 * time.Hour,
			ShutdownTimeout:     20 * time.Second,
		},
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		environ []string
		change  func(*config.Config)
	}{
		{"needs nothing", nil, func(*config.Config) {}},
		{"takes an empty variable for an unset one", []string{"ADDR=", "DB_MAX_OPEN_CONNS="}, func(*config.Config) {}},
		{"takes values of every type", []string{
			"COMMITMENT_ENV=production", "DATABASE_URL=postgres://u:p@h/d", "ADDR=:0", "LOG_LEVEL=warn", "LOG_FORMAT=json",
			"DB_MAX_IDLE_CONNS=3", "DB_PING_AFTER=0s", "HTTP_MAX_BODY_BYTES=2048",
		}, func(c *config.Config) {
			c.Environment, c.Database.URL, c.Addr = config.Production, "postgres://u:p@h/d", ":0"
			c.Log = config.Log{Level: config.Level(slog.LevelWarn), Format: config.LogJSON}
			c.Database.MaxIdleConns, c.Database.PingAfter, c.HTTP.MaxBodyBytes = 3, 0, 2048
		}},
		{"takes networks and addresses", []string{"HTTP_TRUSTED_PROXIES=10.1.2.3/8, 192.0.2.7,2001:db8::/32"}, func(c *config.Config) {
			c.HTTP.TrustedProxies = config.Networks{"10.0.0.0/8", "192.0.2.7/32", "2001:db8::/32"}
		}},
		{"takes a libpq keyword string for a URL", []string{"DATABASE_URL=host=/tmp dbname=d"}, func(c *config.Config) {
			c.Database.URL = "host=/tmp dbname=d"
		}},
		{"lets DEBUG decide the level", []string{"DEBUG=true", "LOG_LEVEL=error"}, func(c *config.Config) {
			c.Debug, c.Log.Level = true, config.Level(slog.LevelDebug)
		}},
		{"ignores the jitter of connections without a lifetime", []string{"DB_CONN_MAX_LIFETIME=0s"}, func(c *config.Config) {
			c.Database.ConnMaxLifetime = 0
		}},
		{"leaves the variables of others alone", []string{
			"PATH=/bin", "HTTP_PROXY=http://proxy", "DB_PORT=5432", "DB_NAME=x", "DB_HOST=h", "DB_SERVICE_HOST=10.0.0.1",
			"COMMITMENT_SERVICE_HOST=10.0.0.1", "COMMITMENT_SERVICE_PORT_HTTP=80", "COMMITMENT_PORT=tcp://10.0.0.1:80",
			"COMMITMENT_PORT_8080_TCP_ADDR=10.0.0.1", "COMMITMENT_PORT_8080_TCP_PROTO=tcp", "COMMITMENT_DB_SERVICE_HOST=h",
			"LOG_DIR=/var/log", "LOG_FILE=x", "http_proxy=http://proxy", "HTTPS_PROXY=x", "NO_PROXY=x", "PORT=80", "HOST=h", "HOSTNAME=h",
			"DATABASE_HOST=h", "DATABASE_USER=u", "DATABASE_NAME=d", "DATABASE_PASSWORD=p", "TEST_DATABASE_URL=x", "DB_USER=u", "DB_PASSWORD=p",
			"DEBUGINFOD_URLS=x", "DEBUG_COLORS=1", "XDG_DATA_DIRS=x", "PGHOST=h", "PGDATABASE=d", "USER=u", "ADDRESS=somewhere", "TERM=xterm",
			"OTEL_METRICS_EXPORTER=none", "OTEL_LOGS_EXPORTER=none", "OTEL_EXPORTER_OTLP_TIMEOUT=1000", "OTEL_EXPORTER_OTLP_INSECURE=true",
			"OTEL_EXPORTER_OTLP_TRACES_HEADERS=a=b", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=x", "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL=grpc",
			"OTEL_EXPORTER_OTLP_COMPRESSION=gzip", "OTEL_EXPORTER_OTLP_CERTIFICATE=c", "OTEL_BSP_SCHEDULE_DELAY=1", "OTEL_PROPAGATORS=b3",
			"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=1", "OTEL_SERVICE_VERSION=1", "OTEL_RESOURCE_PROVIDERS=x", "OTEL_LOG_LEVEL=debug",
			"POSTGRES_PORT=1", "POSTGRES_DB=d", "LD_LIBRARY_PATH=x", "LANG=C", "GOFLAGS=-p=2", "ENV=x", "_=x",
		}, func(*config.Config) {}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			want := defaults()
			tt.change(&want)
			got, err := config.Load(tt.environ)
			if err != nil {
				t.Fatalf("Load() = %v, want no error", err)
			}
			// By value: two URLs that print the same aren't the same.
			if got.Database.URL != want.Database.URL {
				t.Errorf("URL = %q, want %q", string(got.Database.URL), string(want.Database.URL))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("Load() differs (-want +got):\n%s", diff)
			}
		})
	}
}

// refused are environments, and why Load refuses them.
var refused = []struct {
	name    string
	environ []string
	want    string
}{
	{"every invalid setting at once", []string{
		"COMMITMENT_ENV=prod", "ADDR=8080", "DEBUG=maybe", "LOG_LEVEL=INFO", "LOG_FORMAT=xml",
		"DB_MAX_OPEN_CONNS=0", "DB_PING_AFTER=-1s", "DB_LOCK_TIMEOUT=5", "DB_APPLICATION_NAME=é",
		"HTTP_MAX_BODY_BYTES=1MB", "HTTP_MAX_HEADER_BYTES=9000000000GiB", "DB_MAX_OPEN_CON=5",
	}, `COMMITMENT_ENV="prod": want development or production
DEBUG="maybe": want true or false
LOG_LEVEL="INFO": want debug, info, warn or error
LOG_FORMAT="xml": want auto, text or json
DB_MAX_OPEN_CONNS="0": want a whole number, from 1 to 10000
DB_PING_AFTER="-1s": want a duration such as 1m30s, from 0s to 24h
DB_LOCK_TIMEOUT="5": want a duration such as 1m30s, from 0s to 24h
HTTP_MAX_HEADER_BYTES="9000000000GiB": want a number of bytes such as 64KiB, from 1KiB to 16MiB
HTTP_MAX_BODY_BYTES="1MB": want a number of bytes such as 64KiB, from 1KiB to 1GiB
ADDR="8080": want host:port, such as 127.0.0.1:8080
DB_APPLICATION_NAME="é": want at most 63 printable ASCII characters
DB_MAX_OPEN_CON: unknown setting; did you mean DB_MAX_OPEN_CONNS?`},
	{"settings that contradict one another", []string{
		"DB_MAX_IDLE_CONNS=16", "DB_CONN_LIFETIME_JITTER=30m", "DB_LOCK_TIMEOUT=16s", "DB_ACQUIRE_TIMEOUT=30s",
		"HTTP_READ_HEADER_TIMEOUT=31s", "HTTP_WRITE_TIMEOUT=40s",
	}, `DB_MAX_IDLE_CONNS=16 with DB_MAX_OPEN_CONNS=15: there can't be more idle connections than open ones
DB_CONN_LIFETIME_JITTER=30m0s with DB_CONN_MAX_LIFETIME=30m0s: the jitter must be less than the lifetime that it shortens
DB_LOCK_TIMEOUT=16s with DB_STATEMENT_TIMEOUT=15s: the statement times out before its lock does
DB_ACQUIRE_TIMEOUT=30s with HTTP_REQUEST_TIMEOUT=30s: the wait for a connection must leave time for the work
HTTP_READ_HEADER_TIMEOUT=31s with HTTP_READ_TIMEOUT=30s: the whole request can't take less time than its header
DB_COMMIT_TIMEOUT=10s with HTTP_WRITE_TIMEOUT=40s: after HTTP_REQUEST_TIMEOUT=30s and with DB_OUTCOME_TIMEOUT=10s it leaves no time to write the response`},
	{"a response that can't be written in time", []string{"HTTP_REQUEST_TIMEOUT=1m", "HTTP_WRITE_TIMEOUT=1m"},
		`HTTP_REQUEST_TIMEOUT=1m0s with HTTP_WRITE_TIMEOUT=1m0s: the connection closes before the response can be written`},
	{"an invalid setting for that alone", []string{"DB_MAX_IDLE_CONNS=x", "DB_MAX_OPEN_CONNS=1"},
		`DB_MAX_IDLE_CONNS="x": want a whole number, from 0 to 10000`},
	{"malformed addresses and networks", []string{"HTTP_TRUSTED_PROXIES=10.0.0.0/8,proxy", "PPROF_ADDR=6060", "HTTP_RATE_LIMIT=-1"},
		`HTTP_RATE_LIMIT="-1": want a whole number, from 0 to 1000000
HTTP_TRUSTED_PROXIES="10.0.0.0/8,proxy": want comma-separated networks such as 10.0.0.0/8
PPROF_ADDR="6060": want host:port, such as 127.0.0.1:6060`},
	{"production without a database", []string{"COMMITMENT_ENV=production"},
		`DATABASE_URL: not set; COMMITMENT_ENV=production starts no database of its own`},
	{"an issuer by plain HTTP", []string{"AUTH_ISSUER=http://login.example.com", "AUTH_AUDIENCE=books"},
		`AUTH_ISSUER="http://login.example.com": want an https URL without a query, such as https://login.example.com, or none`},
	{"an issuer for all services", []string{"AUTH_ISSUER=https://login.example.com"},
		`AUTH_AUDIENCE: not set; tokens that AUTH_ISSUER issued for other services would be accepted`},
	{"an audience of no issuer", []string{"AUTH_ISSUER=none", "AUTH_AUDIENCE=books"},
		`AUTH_AUDIENCE="books" without AUTH_ISSUER: whose tokens are accepted?`},
	{"an unknown mode", []string{"AUTH=no"}, `AUTH="no": want on or off, or off-in-production`},
	{"a misspelled setting beside an invalid one", []string{"DATABSE_URL=postgres://h/d", "DB_MAX_ATTEMPTS=0"},
		`DB_MAX_ATTEMPTS="0": want a whole number, from 1 to 100
DATABSE_URL: unknown setting; did you mean DATABASE_URL?`},
	{"traces that nobody would get", []string{
		"OTEL_EXPORTER_OTLP_ENDPOINT=collector:4317", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc", "OTEL_EXPORTER_OTLP_HEADERS=secret",
		"OTEL_TRACES_EXPORTER=jaeger", "OTEL_TRACES_SAMPLER=ratio", "OTEL_TRACES_SAMPLER_ARG=10%", "OTEL_RESOURCE_ATTRIBUTES=a=b,c",
	}, `OTEL_EXPORTER_OTLP_HEADERS="(not shown)": want comma-separated name=value (the value isn't shown)
OTEL_TRACES_EXPORTER="jaeger": want otlp or none
OTEL_EXPORTER_OTLP_ENDPOINT="collector:4317": want a URL such as http://collector:4318
OTEL_EXPORTER_OTLP_PROTOCOL="grpc": want http/protobuf or http/json, which collectors receive on port 4318
OTEL_RESOURCE_ATTRIBUTES="a=b,c": want comma-separated name=value
OTEL_TRACES_SAMPLER="ratio": want always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off, parentbased_traceidratio
OTEL_TRACES_SAMPLER_ARG="10%": want a number from 0 to 1`},
	{"a misspelled setting of OpenTelemetry", []string{"OTEL_EXPORTER_OTLP_ENDPONT=http://collector:4318"},
		`OTEL_EXPORTER_OTLP_ENDPONT: unknown setting; did you mean OTEL_EXPORTER_OTLP_ENDPOINT?`},
	{"a misspelled setting of the service's own", []string{"COMMITMENT_EVN=production"},
		`COMMITMENT_EVN: unknown setting; did you mean COMMITMENT_ENV?`},
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range refused {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c, err := config.Load(tt.environ)
			if err == nil {
				t.Fatalf("Load() = %v, want an error", c)
			}
			if diff := cmp.Diff(tt.want, err.Error()); diff != "" {
				t.Errorf("error differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]config.Bytes{
		"0": 0, "1": 1, "1023": 1023, "64KiB": 64 << 10, "1MiB": 1 << 20, "3GiB": 3 << 30, "1025KiB": 1025 << 10,
	} {
		got, err := config.ParseBytes(text)
		if err != nil || got != want {
			t.Errorf("ParseBytes(%q) = %d, %v, want %d", text, got, err, want)
		}
		if got.String() != text {
			t.Errorf("String() = %q, want %q", got, text)
		}
	}
	for _, text := range []string{"", "KiB", "-1", "1.5MiB", "1 KiB", "64kib", "9223372036854775808", "8589934592GiB"} {
		if got, err := config.ParseBytes(text); err == nil {
			t.Errorf("ParseBytes(%q) = %d, want an error", text, got)
		}
	}
}

func TestTracesAreOffUnlessTheyAreWanted(t *testing.T) {
	t.Parallel()
	const endpoint = "OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318"
	for want, all := range map[bool][][]string{
		false: {
			{}, {"OTEL_SERVICE_NAME=x", "OTEL_EXPORTER_OTLP_PROTOCOL=grpc"}, {endpoint, "OTEL_SDK_DISABLED=true"},
			{endpoint, "OTEL_TRACES_EXPORTER=none"}, {"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=x"},
		},
		true: {{endpoint}, {"OTEL_TRACES_EXPORTER=otlp"}, {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://collector:4318/v1/traces"}},
	} {
		for _, environ := range all {
			c, err := config.Load(environ)
			if err != nil || c.Traces.Enabled() != want {
				t.Errorf("Load(%q) has traces = %v, %v, want %v", environ, c.Traces.Enabled(), err, want)
			}
		}
	}
}

func TestHeadersAreNotShown(t *testing.T) {
	t.Parallel()
	c, err := config.Load([]string{"OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20secret, x=secret"})
	if err != nil {
		t.Fatal(err)
	}
	for _, shown := range []string{c.String(), fmt.Sprint(c.LogValue()), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c)} {
		if strings.Contains(shown, "secret") || !strings.Contains(shown, "authorization=(not shown),x=(not shown)") {
			t.Errorf("shown as %q, want names without values", shown)
		}
	}
}
