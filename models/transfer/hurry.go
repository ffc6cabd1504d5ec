package transfer

import "context"

// flow is what one request brings.
type flow struct {
	cancel context.CancelCauseFunc
	chunk  int   // that it is at; -1 before the first byte
	bytes  int64 // since the last look
}

// hurry looks for a connection that others wait for at the end of a file and
// that is much slower than they were, and gives its chunk, as far as it has
// come, to one of them.
func (d *download) hurry() {
	d.mu.Lock()
	defer d.mu.Unlock()
	idle := d.known && d.streaming == 0 && d.paused == nil && d.active < min(d.spawned, d.limit)
	window := float64(d.c.look) / 10 // seconds
	for _, f := range d.flows {
		came := float64(f.bytes)
		f.bytes = 0
		if !idle || f.chunk < 0 || d.per <= 0 || d.slow >= 3 {
			continue
		}
		missing := float64(d.length(f.chunk) - d.chunks[f.chunk].have)
		usual := float64(d.Chunk) / d.per * window
		if came < usual/4 && missing > 5*max(came, 1) {
			d.slow++
			f.cancel(errSlow)
			return
		}
	}
}
