package report_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"commitment/internal/migrator/report"
	"commitment/internal/migrator/review"
)

// measuring shows a page at two widths and writes what it finds into its own
// text: how far the page can be scrolled sideways, and the smallest text.
const measuring = `<!doctype html><title>measure</title>
<iframe src="/page" width="390" height="800"></iframe>
<iframe src="/page" width="1280" height="800"></iframe>
<script>
addEventListener("load", () => {
  const found = [...document.querySelectorAll("iframe")].map(f => {
    const d = f.contentDocument, root = d.documentElement;
    const small = [...d.querySelectorAll("body *")].filter(e => parseFloat(f.contentWindow.getComputedStyle(e).fontSize) < 12);
    return f.width + ": beyond " + Math.max(0, root.scrollWidth - root.clientWidth) + ", small " + small.length + ", headings " + d.querySelectorAll("h1").length;
  });
  document.body.innerHTML = "[" + found.join("; ") + "]";
});
</script>`

// browse opens the page in a browser that can reach nothing but the test's own
// server. It returns what was measured, what the browser's console has, and the
// paths that were asked for.
func browse(t *testing.T, page string) (measured string, console, paths []string) {
	t.Helper()
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium isn't installed")
	}
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		paths = append(paths, r.URL.Path)
		mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if r.URL.Path == "/page" {
			fmt.Fprint(w, page)
			return
		}
		fmt.Fprint(w, measuring)
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	profile, err := os.MkdirTemp("", "chromium") //nolint:usetesting // a browser that still writes there would fail the test's end
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	cmd := exec.CommandContext(ctx, browser, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
		"--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--window-size=1800,1000",
		"--user-data-dir="+profile, "--dump-dom", server.URL+"/")
	var stderr strings.Builder
	cmd.Stderr, cmd.WaitDelay = &stderr, time.Second
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium: %v: %s", err, stderr.String())
	}
	for l := range strings.Lines(stderr.String()) {
		if strings.Contains(l, ":CONSOLE") {
			console = append(console, l)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(paths)
	return regexp.MustCompile(`\[[^\]]*\]`).FindString(string(out)), console, slices.Compact(paths)
}

func TestHTMLFitsAPhoneAndADeskInABrowser(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]review.Report{"sample": sample(), "empty": empty(), "40 tables": connected(40), "long": long(20)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			measured, console, paths := browse(t, render(t, report.HTML, r))
			if want := "[390: beyond 0, small 0, headings 1; 1280: beyond 0, small 0, headings 1]"; measured != want {
				t.Errorf("measured = %q, want %q", measured, want)
			}
			if len(console) > 0 {
				t.Errorf("the console has %q, want nothing", console)
			}
			// The outer page is the test's; its icon is asked for at will.
			paths = slices.DeleteFunc(paths, func(p string) bool { return p == "/favicon.ico" })
			if diff := cmp.Diff([]string{"/", "/page"}, paths); diff != "" {
				t.Errorf("the requests differ (-want +got):\n%s", diff)
			}
		})
	}
}
