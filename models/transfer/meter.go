package transfer

import "time"

// Meter turns steps into progress reports: at most ten a second, with the rate
// of the last seconds.
type Meter struct {
	report     func(Progress)
	p          Progress
	last, mark time.Time // of the last report; of the beginning of the rate's window
	markDone   int64
}

// NewMeter makes a meter that tells report, which may be nil.
func NewMeter(report func(Progress)) *Meter { return &Meter{report: report} }

// Start begins a phase in which done of total bytes are there already.
func (m *Meter) Start(state string, done, total int64) {
	m.p = Progress{State: state, Done: done, Total: total}
	m.mark, m.markDone = time.Now(), done
	m.last = time.Time{} // so that the first bytes are told at once
	m.send()
}

// Add counts n more bytes.
func (m *Meter) Add(n int64) { m.Set(m.p.Done + n) }

// Set says how many bytes are done.
func (m *Meter) Set(done int64) {
	m.p.Done = done
	now := time.Now()
	if now.Sub(m.last) < 100*time.Millisecond && done != m.p.Total {
		return
	}
	if d := now.Sub(m.mark).Seconds(); d >= 0.5 {
		rate := float64(done-m.markDone) / d
		if m.p.PerSecond > 0 {
			rate = 0.7*m.p.PerSecond + 0.3*rate
		}
		m.p.PerSecond, m.mark, m.markDone = rate, now, done
	}
	m.last = now
	m.send()
}

func (m *Meter) send() {
	if m.report != nil {
		m.report(m.p)
	}
}
