package transfer

import "time"

// Meter turns steps into progress reports: at most ten a second, with the rate
// of the last seconds. It belongs to one goroutine.
type Meter struct {
	report     func(Progress)
	clock      func() time.Time
	p          Progress
	told       bool
	last, mark time.Time // of the last report; of the beginning of the rate's window
	markDone   int64
}

// NewMeter makes a meter that tells report, which may be nil.
func NewMeter(report func(Progress)) *Meter { return &Meter{report: report, clock: time.Now} }

// Start begins a phase in which done of total bytes are there already.
func (m *Meter) Start(state string, done, total int64) {
	m.p = Progress{State: state, Done: done, Total: total}
	m.mark, m.markDone = m.clock(), done
	m.told = false // so that the first bytes are told at once
	m.send()
}

// Add counts n more bytes.
func (m *Meter) Add(n int64) { m.Set(m.p.Done + n) }

// Set says how many bytes are done.
func (m *Meter) Set(done int64) { m.set(done, m.p.Note) }

func (m *Meter) set(done int64, note string) {
	now := m.clock()
	changed := note != m.p.Note || done != m.p.Done && (done == m.p.Total || !m.told)
	m.p.Done, m.p.Note = done, note
	since := now.Sub(m.last)
	if since >= 0 && since < 100*time.Millisecond && !changed {
		return
	}
	switch d := now.Sub(m.mark).Seconds(); {
	case d < 0 || done < m.markDone: // a clock that jumped back; bytes that were damaged
		m.mark, m.markDone = now, done
	case d >= 0.5:
		rate := float64(done-m.markDone) / d
		if m.p.PerSecond > 0 {
			rate = 0.7*m.p.PerSecond + 0.3*rate
		}
		m.p.PerSecond, m.mark, m.markDone = rate, now, done
	}
	m.told = true
	m.send()
}

// show is Start if something else than the number of bytes changes, else Set.
func (m *Meter) show(state string, done, total int64, note string) {
	if state != m.p.State || total != m.p.Total {
		rate := m.p.PerSecond
		m.p = Progress{State: state, Done: done, Total: total, Note: note}
		if state == Running {
			m.p.PerSecond = rate
		}
		m.mark, m.markDone, m.told = m.clock(), done, false
		m.send()
		return
	}
	m.set(done, note)
}

func (m *Meter) send() {
	m.last = m.clock()
	if m.report != nil {
		m.report(m.p)
	}
}
