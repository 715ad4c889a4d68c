package httpapi_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// elsewhere is the first reference of HTML, CSS or JavaScript in text that a
// browser would follow to another host. The scripts are too long for a regular
// expression in every test run.
func elsewhere(text string) string {
	references := []string{"@import", "url(http", `url("http`, "url('http", "url(//"}
	for _, attribute := range []string{"src=", "href=", "src:", "href:"} {
		for _, target := range []string{"http", "//"} {
			references = append(references, attribute+`"`+target, attribute+"'"+target)
		}
	}
	for _, reference := range references {
		if strings.Contains(text, reference) {
			return reference
		}
	}
	return ""
}

func TestDocsWorkWithoutTheInternet(t *testing.T) {
	t.Parallel()
	s := newService(t)
	s.send(t, "GET", "/", "").want(t, http.StatusFound).wantHeader(t, "Location", "/docs/")
	s.send(t, "GET", "/docs", "").want(t, http.StatusMovedPermanently).wantHeader(t, "Location", "/docs/")
	page := s.send(t, "GET", "/docs/", "").want(t, http.StatusOK)
	for _, want := range []string{"/openapi.json", "validatorUrl: null"} { // the default validator is on the internet
		if !strings.Contains(page.body, want) {
			t.Errorf("page has no %s", want)
		}
	}
	if found := elsewhere(page.body); found != "" {
		t.Errorf("page loads %s", found)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(page.body, -1)
	if len(links) < 3 {
		t.Errorf("links = %q, want a stylesheet and scripts", links)
	}
	for _, link := range links {
		a := s.send(t, "GET", link[1], "").want(t, http.StatusOK)
		if strings.HasSuffix(link[1], ".png") {
			continue
		}
		if found := elsewhere(a.body); found != "" || a.body == "" {
			t.Errorf("%s: %d bytes, loads %q, want nothing from elsewhere", link[1], len(a.body), found)
		}
	}
}
