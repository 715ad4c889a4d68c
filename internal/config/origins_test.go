package config

import (
	"strings"
	"testing"
)

func TestParseOrigins(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"*", "https://app.example.com", "http://localhost:3000", "https://a.example,https://b.example:8443", "https://*.example.com",
		"http://127.0.0.1:5173", "http://[::1]:3000",
	} {
		if got, err := ParseOrigins(text); err != nil || got.String() != text {
			t.Errorf("ParseOrigins(%q) = %q, %v, want the same", text, got, err)
		}
	}
	if got, err := ParseOrigins(" https://a.example , https://b.example "); err != nil || got.String() != "https://a.example,https://b.example" {
		t.Errorf("ParseOrigins() = %q, %v, want it without spaces", got, err)
	}
	for _, text := range []string{
		"", ",", "https://a.example,", "https://a.example,*", "*,*", "a.example", "a.example:8080", "//a.example", "https://", "https://a.example/",
		"https://a.example/path", "https://a.example?q", "https://a.example#f", "https://user@a.example", "https://A.example", "HTTPS://a.example",
		"https://a.example:443", "http://a.example:80", "https://a.example:", "https://a.*.example", "https://*", "https://*.*.example", "null",
		"ftp://a.example", "file://", "https://a.example https://b.example", "https://:8080", "https://a.example:port",
	} {
		if got, err := ParseOrigins(text); err == nil {
			t.Errorf("ParseOrigins(%q) = %q, want an error", text, got)
		}
	}
}

func TestOriginsAreSet(t *testing.T) {
	t.Parallel()
	c, err := Load([]string{"HTTP_CORS_ORIGINS=https://a.example,https://b.example"})
	if err != nil || c.HTTP.CORSOrigins.String() != "https://a.example,https://b.example" {
		t.Errorf("origins = %q, %v, want two", c.HTTP.CORSOrigins, err)
	}
	if c, err := Load(nil); err != nil || len(c.HTTP.CORSOrigins) != 0 {
		t.Errorf("origins = %q, %v, want none", c.HTTP.CORSOrigins, err)
	}
	if _, err := Load([]string{"HTTP_CORS_ORIGINS=example.com"}); err == nil || !strings.HasPrefix(err.Error(), `HTTP_CORS_ORIGINS="example.com": want comma-separated origins`) {
		t.Errorf("error = %v, want one that says what is wanted", err)
	}
}
