package report_test

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/width"
	"pgregory.net/rapid"

	"commitment/internal/migrator/report"
)

// color is what the terminal may be told, when colors are asked for.
var color = regexp.MustCompile("\x1b\\[(1|2|1;3[1-6]|0)m")

// active finds a character that a terminal obeys, or that hides.
func active(s string) int {
	return strings.IndexFunc(s, func(r rune) bool { return r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) })
}

func TestTerminalObeysNothingThatAReportSays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := anyReport.Draw(t, "report")
		columns := rapid.IntRange(0, 120).Draw(t, "width")
		plain := render(t, terminal(report.TerminalOptions{Width: columns}), r)
		colored := render(t, terminal(report.TerminalOptions{Width: columns, Color: true}), r)
		if i := active(strings.ReplaceAll(plain, "\t", " ")); i >= 0 {
			t.Fatalf("the text has a control character: %q", plain[i:])
		}
		if got := color.ReplaceAllString(colored, ""); got != plain {
			t.Fatalf("with colors taken out = %q, want what there is without them, %q", got, plain)
		}
	})
}

// cells is the room of a line, counted apart from the package.
func cells(s string) int {
	n := 0
	for _, r := range s {
		switch k := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me):
		case k == width.EastAsianWide || k == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

func TestTerminalKeepsToItsWidth(t *testing.T) {
	t.Parallel()
	for _, columns := range []int{1, 40, 60, 80, 132} {
		want := max(40, columns)
		for l := range strings.Lines(render(t, terminal(report.TerminalOptions{Width: columns}), sample())) {
			l = strings.TrimRight(l, "\n")
			code := strings.HasPrefix(l, "      ") || strings.Contains(l, "go run ")
			if got := cells(l); got > want && !code {
				t.Errorf("width = %d, want at most %d: %s", got, want, l)
			}
		}
	}
}

func TestTerminalDoesNotBreakWhatIsCopied(t *testing.T) {
	t.Parallel()
	got := render(t, terminal(report.TerminalOptions{Width: 40}), sample())
	fix := sample().Files[1].Findings[0].Fix[0].SQL
	if !strings.Contains(got, fix+"\n") {
		t.Errorf("the fix %q isn't on one line of\n%s", fix, got)
	}
}
