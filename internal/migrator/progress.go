package migrator

import "time"

// throttled drops what comes too soon after the last message.
func throttled(every time.Duration, say func(line string)) func(line string) {
	last := time.Now()
	return func(line string) {
		if now := time.Now(); now.Sub(last) >= every {
			last = now
			say(line)
		}
	}
}
