package jobs

// Rested reports whether no notification is being held back.
func Rested() bool {
	wakes.mu.Lock()
	defer wakes.mu.Unlock()
	return len(wakes.resting) == 0
}
