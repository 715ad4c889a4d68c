package pgtx

// HoldParked keeps the COMMIT of a transaction parked until the next use of its connection,
// and reports whether it still is.
func (t *Tx) HoldParked() bool {
	t.wire.parking.timer.Stop()
	return t.wire.parking.usable() && t.wire.parking.occupied.Load()
}
