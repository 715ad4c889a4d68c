package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldestMajor is the oldest major version that is supported.
const oldestMajor = 14

// ErrNotFound means that PostgreSQL's programs weren't found, and says what to do.
var ErrNotFound = errors.New(`PostgreSQL 14 or newer not found. Do one of these:
  install it: "apt install postgresql" on Debian and Ubuntu, "dnf install postgresql-server" on Fedora and Red Hat, "brew install postgresql@17" on macOS
  set COMMITMENT_POSTGRES_BIN to the directory that holds initdb and postgres
  set DATABASE_URL to a database on a running server`)

// Programs are the programs of an installed PostgreSQL.
type Programs struct {
	// Dir holds initdb and postgres.
	Dir string
	// Version is what they report, such as "15.18".
	Version string
}

func (p Programs) major() int { return leadingNumber(p.Version) }

// Find returns the programs in binDir. If binDir is empty it searches PATH, the usual
// directories of Debian, Red Hat, Homebrew and Postgres.app, and the downloads. The
// error is ErrNotFound if there are none.
func Find(binDir string) (Programs, error) {
	if binDir != "" {
		return inspectConfigured(binDir)
	}
	return defaultSource("").find(0)
}

// obtainPrograms returns the programs for o, and downloads them if there are none. It
// prefers version major, unless that is 0, because kept data need the version that made
// them.
func obtainPrograms(ctx context.Context, o Options, major int) (Programs, error) {
	if o.BinDir != "" {
		return inspectConfigured(o.BinDir)
	}
	return defaultSource(o.CacheDir).findOrFetch(ctx, major, o.say)
}

// source is where programs are searched for.
type source struct {
	path       []string // directories, in order
	patterns   []string // of directories; among the matches, the newest first
	cache      string   // of downloads
	repository string   // URL to download from; empty for Maven Central
}

func defaultSource(cache string) source {
	if cache == "" {
		cache = defaultCache()
	}
	return source{
		path: filepath.SplitList(os.Getenv("PATH")),
		patterns: []string{
			"/usr/lib/postgresql/*/bin",
			"/usr/pgsql-*/bin",
			"/opt/homebrew/opt/postgresql@*/bin",
			"/usr/local/opt/postgresql@*/bin",
			"/opt/homebrew/bin",
			"/Applications/Postgres.app/Contents/Versions/*/bin",
		},
		cache: cache,
	}
}

// defaultCache returns "" for a user without a home directory.
func defaultCache() string {
	if os.Geteuid() == 0 {
		return "/var/cache/commitment/postgres"
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "commitment", "postgres")
}

// find returns the first programs of version major, or else the first ones.
func (s source) find(major int) (Programs, error) {
	var found []Programs
	var unfit []error
	for _, dir := range s.directories() {
		p, err := inspect(dir)
		switch {
		case err == nil:
			found = append(found, p)
		case !errors.Is(err, errMissing):
			unfit = append(unfit, err)
		}
		if err == nil && (major == 0 || major == p.major()) {
			return p, nil
		}
	}
	if len(found) > 0 {
		return found[0], nil
	}
	return Programs{}, errors.Join(append([]error{ErrNotFound}, unfit...)...)
}

func (s source) directories() []string {
	dirs := slices.DeleteFunc(slices.Clone(s.path), func(dir string) bool { return !filepath.IsAbs(dir) })
	for _, pattern := range s.patterns {
		dirs = append(dirs, newestFirst(pattern)...)
	}
	if s.cache != "" {
		dirs = append(dirs, newestFirst(filepath.Join(s.cache, "[0-9]*", "bin"))...)
	}
	return dirs
}

// newestFirst returns the directories that match pattern, newest version first. The
// version is the first number in the name of bin's parent directory.
func newestFirst(pattern string) []string {
	dirs, _ := filepath.Glob(pattern) // fails only for a malformed pattern
	slices.SortStableFunc(dirs, func(a, b string) int { return versionOf(b) - versionOf(a) })
	return dirs
}

func versionOf(binDir string) int {
	name := filepath.Base(filepath.Dir(binDir))
	return leadingNumber(strings.TrimLeftFunc(name, func(r rune) bool { return r < '0' || r > '9' }))
}

func leadingNumber(s string) int {
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	n, _ := strconv.Atoi(s[:end]) // 0 if there is none, which sorts last and is too old
	return n
}

func inspectConfigured(dir string) (Programs, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Programs{}, fmt.Errorf("locate PostgreSQL: %w", err)
	}
	p, err := inspect(dir)
	if err != nil {
		return Programs{}, fmt.Errorf("the configured directory of PostgreSQL's programs: %w: %w", err, ErrNotFound)
	}
	return p, nil
}

var versionLine = regexp.MustCompile(`^postgres \(PostgreSQL\) (\d\S*)`)

var errMissing = errors.New("a program is missing")

// inspect returns the programs in dir. The error is errMissing if one of them isn't
// there or can't be executed.
func inspect(dir string) (Programs, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(dir, name)); err != nil {
			return Programs{}, fmt.Errorf("%w: %w", errMissing, err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return Programs{}, fmt.Errorf("ask %s for its version: %w", filepath.Join(dir, "postgres"), err)
	}
	match := versionLine.FindStringSubmatch(string(out))
	if match == nil {
		return Programs{}, fmt.Errorf("%s isn't PostgreSQL: it reports version %q", filepath.Join(dir, "postgres"), out)
	}
	p := Programs{Dir: dir, Version: match[1]}
	if p.major() < oldestMajor {
		return Programs{}, fmt.Errorf("PostgreSQL %s in %s is older than %d", p.Version, dir, oldestMajor)
	}
	return p, nil
}
