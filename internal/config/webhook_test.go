package config_test

import (
	"fmt"
	"strings"
	"testing"

	"commitment/internal/config"
)

func TestWebhook(t *testing.T) {
	t.Parallel()
	good := "whsec_" + strings.Repeat("hunter2A", 4)
	c, err := config.Load([]string{"WEBHOOK_URL=https://example.com/hook", "WEBHOOK_SECRET=" + good, "WEBHOOK_ABOVE=100000"})
	if err != nil || len(c.Webhook.Secret.Key()) != 24 || c.Webhook.Above != 100000 {
		t.Errorf("Load() = %+v, %v, want the webhook", c.Webhook, err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if text := fmt.Sprintf(verb, c.Webhook); strings.Contains(text, "hunter2") || strings.Contains(text, fmt.Sprintf("%x", "hunter2")) {
			t.Errorf("%s shows the secret: %s", verb, text)
		}
	}
	for _, environ := range [][]string{
		{"WEBHOOK_URL=https://example.com"},
		{"WEBHOOK_URL=https://example.com", "WEBHOOK_SECRET=hunter2"},
		{"WEBHOOK_URL=https://example.com", "WEBHOOK_SECRET=whsec_hunter2A"},
		{"WEBHOOK_URL=example.com/hook", "WEBHOOK_SECRET=" + good},
		{"WEBHOOK_URL=ftp://example.com/hook", "WEBHOOK_SECRET=" + good},
	} {
		if _, err := config.Load(environ); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("Load(%q) = %v, want an error without the secret", environ, err)
		}
	}
}
