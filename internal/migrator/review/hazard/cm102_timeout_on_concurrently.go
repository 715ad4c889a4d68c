package hazard

import (
	"fmt"
	"strings"
)

var cm102 = Rule{
	Code: "CM102", Slug: "timeout-on-concurrently", Manual: manual + "runtime-config-client.html#GUC-LOCK-TIMEOUT",
	Title: "a timeout is set for a CONCURRENTLY statement",
	check: timeoutOnConcurrently,
}

func timeoutOnConcurrently(s subject) []Finding {
	if !s.stmt.has("CONCURRENTLY") {
		return nil
	}
	for _, earlier := range s.file[:s.at] {
		setting, set := parse(earlier.SQL).setsTimeout()
		if !set {
			continue
		}
		return []Finding{{
			Severity: Warning, Evidence: Inferred,
			Title:  fmt.Sprintf("the %s set in line %d cancels this before it is done", setting, earlier.Line),
			Reason: "CONCURRENTLY waits for transactions that began before it, however long they take. Canceled, it leaves an invalid index or a pending detach.",
			Advice: fmt.Sprintf("Run it without %s: nobody queues behind it.", setting),
		}}
	}
	return nil
}

// setsTimeout is the setting of a SET that limits how long other statements may take.
func (t statement) setsTimeout() (setting string, set bool) {
	i := t.skip(t.skip(1, "SESSION"), "LOCAL")
	if !t.begins("SET") || i+2 >= len(t.tokens) || !t.tokens[i].Is("lock_timeout", "statement_timeout") {
		return "", false
	}
	return t.tokens[i].Name(), strings.ContainsAny(t.tokens[i+2].Text, "123456789")
}
