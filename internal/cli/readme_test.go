package cli_test

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/pgtest"
)

// The README as its reader follows it: the service in one terminal, at its default
// address, and curl in another.
const (
	tour          = "## A five-minute tour\n"
	startCommand  = "go run ./cmd/commitment serve\n"
	readmeAddress = "127.0.0.1:8080"
)

func TestReadmeTour(t *testing.T) {
	t.Parallel()
	programs := pgtest.Programs(t).Dir
	steps := readSteps(t, "../../README.md", tour)
	var shown strings.Builder // by all steps, because ids recur in later ones
	for _, s := range steps {
		shown.WriteString(s.output)
	}
	reader := reader{dir: pgtest.ReachableDir(t), programs: programs, address: "127.0.0.1:0"}
	for _, times := range []string{"the first time", "the second time"} {
		printed := reader.follow(t, steps)
		if diff := cmp.Diff(normalize(shown.String()), normalize(printed)); diff != "" {
			t.Errorf("%s the README's tour shows (-) what isn't printed (+):\n%s", times, diff)
		}
	}
}

// reader follows the README in one directory.
type reader struct {
	dir, programs, address string
	service                *process
}

// follow returns what the steps print. The service is left running.
func (r *reader) follow(t *testing.T, steps []step) string {
	t.Helper()
	sh := startShell(t)
	sh.run(t, "cd "+r.dir)
	var printed strings.Builder
	for _, s := range steps {
		if s.script != startCommand {
			script := strings.NewReplacer(readmeAddress, r.address, "go run ./cmd/commitment ", "commitment ").Replace(s.script)
			printed.WriteString(sh.run(t, script))
			continue
		}
		if r.service != nil {
			r.service.interrupt(t)
			r.service.exitCode(t)
		}
		r.service = serveIn(t, r.dir, "ADDR="+r.address, "COMMITMENT_POSTGRES_BIN="+r.programs, "AUTH=on")
		r.address = strings.TrimPrefix(r.service.base(t), "http://")
	}
	return printed.String()
}

// step is a script of the tour, and the output shown below it.
type step struct{ script, output string }

var codeBlock = regexp.MustCompile("(?s)\n```(sh|text)\n(.*?\n)```\n")

// readSteps reads the steps of the section of a file that has that heading.
func readSteps(t *testing.T, path, heading string) []step {
	t.Helper()
	text, err := os.ReadFile(path)
	check(t, err)
	_, rest, found := strings.Cut(string(text), heading)
	if !found {
		t.Fatalf("%s has no heading %q", path, heading)
	}
	section, _, _ := strings.Cut(rest, "\n"+heading[:strings.Index(heading, " ")+1])
	var steps []step
	for _, block := range codeBlock.FindAllStringSubmatch(section, -1) {
		if block[1] == "sh" {
			steps = append(steps, step{script: block[2]})
		} else {
			steps[len(steps)-1].output += block[2]
		}
	}
	if len(steps) == 0 {
		t.Fatalf("%s has no steps", path)
	}
	return steps
}

var (
	id        = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	timestamp = regexp.MustCompile(`\d{4}-\d\d-\d\dT[\d:.]+Z`)
	runOf     = regexp.MustCompile(`"name":"(\w+) \d+"`)
)

// normalize numbers ids in order of appearance, and makes all times and the random part
// of names the same.
func normalize(text string) string {
	names := map[string]string{}
	text = id.ReplaceAllStringFunc(text, func(value string) string {
		if _, known := names[value]; !known {
			names[value] = fmt.Sprintf("<%d>", len(names)+1)
		}
		return names[value]
	})
	text = runOf.ReplaceAllString(text, `"name":"$1 <run>"`)
	return timestamp.ReplaceAllString(text, "<time>")
}

// shell is a bash that keeps its variables from one script to the next.
type shell struct {
	stdin  io.Writer
	output *bufio.Reader
}

// startShell skips the test if there is no bash or curl, or fails it when CI is set.
func startShell(t *testing.T) *shell {
	t.Helper()
	for _, program := range []string{"bash", "curl"} {
		if _, err := exec.LookPath(program); err != nil && os.Getenv("CI") == "" {
			t.Skip(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), "bash", "--norc", "--noprofile", "-eu")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	stdin, err := cmd.StdinPipe()
	check(t, err)
	stdout, err := cmd.StdoutPipe()
	check(t, err)
	cmd.Stderr = cmd.Stdout
	check(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil && t.Context().Err() == nil {
			t.Errorf("bash: %v", err)
		}
	})
	return &shell{stdin: stdin, output: bufio.NewReader(stdout)}
}

// run returns what the script prints.
func (s *shell) run(t *testing.T, script string) string {
	t.Helper()
	const end = "-- end of step --\n"
	_, err := fmt.Fprintf(s.stdin, "%s\nprintf '%%s\\n' '%s'\n", script, strings.TrimSuffix(end, "\n"))
	check(t, err)
	var printed strings.Builder
	for {
		line, err := s.output.ReadString('\n')
		if err != nil {
			t.Fatalf("bash ended in the script\n%s\nafter it had printed\n%s", script, printed.String()+line)
		}
		if line == end {
			return printed.String()
		}
		printed.WriteString(line)
	}
}
