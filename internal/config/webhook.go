package config

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// Secret is a secret, which no way of printing it shows.
type Secret string

// Format prints what stands for it.
func (s Secret) Format(f fmt.State, _ rune) {
	if s != "" {
		_, _ = io.WriteString(f, redacted)
	}
}

// secretPrefix begins a secret of Standard Webhooks.
const secretPrefix = "whsec_"

// Key returns the key that a webhook's secret stands for, or nil if it is malformed.
func (s Secret) Key() []byte {
	text, ok := strings.CutPrefix(string(s), secretPrefix)
	if !ok {
		return nil
	}
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil
	}
	return key
}

// checkWebhook reports a webhook that can't be called, or whose calls nobody could trust.
func (r *reader) checkWebhook(w Webhook) {
	if w.URL == "" {
		return
	}
	if u, err := url.Parse(w.URL); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		r.reject("WEBHOOK_URL", "=%q: want an http or https URL", w.URL)
	}
	if w.Secret.Key() == nil {
		r.reject("WEBHOOK_SECRET", ": want %s and 24 to 64 bytes in Base64 (the value isn't shown)", secretPrefix)
	}
}
