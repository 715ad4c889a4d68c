package migrator

import "time"

// paced leaves out what comes sooner than some time after what was said before.
func paced(every time.Duration, say func(line string)) func(line string) {
	last := time.Now()
	return func(line string) {
		if now := time.Now(); now.Sub(last) >= every {
			last = now
			say(line)
		}
	}
}
