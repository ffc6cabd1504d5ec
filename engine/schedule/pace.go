package schedule

import (
	"slices"
	"time"
)

const (
	// heldSteps is how many steps a measurement of a width serves, before the
	// width counts as unknown again.
	heldSteps = 256
	// samplesHeld is how many measurements of a width are kept; their median
	// is what counts, so that a disturbed one does no harm.
	samplesHeld = 5
	// hopedCost is what a further row is thought to cost, as a share of a
	// step of one row, while only such steps were measured.
	hopedCost = 0.1
	// hope is how much of what it seems to cost a width is thought to cost
	// that was measured once at most, so that promising ones are tried.
	hope = 0.75
)

// pace knows how long steps take on this machine, from those that ran.
type pace struct {
	steps  int
	widths []width // of steps that only decode, by their number of rows
	// perRow is the time of a prompt's row in recent steps, beyond what the
	// step's decoding rows take; 0 until known.
	perRow float64 // seconds
}

// width is what is known about steps of one number of rows.
type width struct {
	samples [samplesHeld]time.Duration
	n       int // of samples ever taken
	last    int // step of the latest
}

func newPace(rows int) pace { return pace{widths: make([]width, rows+1)} }

// observe records a step with so many decoding rows and prompt rows.
func (p *pace) observe(decoding, prompt int, took time.Duration) {
	p.steps++
	if prompt == 0 {
		if decoding < len(p.widths) {
			w := &p.widths[decoding]
			w.samples[w.n%samplesHeld] = took
			w.n++
			w.last = p.steps
		}
		return
	}
	rest := max(took-p.decode(decoding), took/4)
	now := rest.Seconds() / float64(prompt)
	if p.perRow == 0 {
		p.perRow = now
	}
	p.perRow += (now - p.perRow) / 2
}

// known returns the measured time of steps of n rows, 0 if there is none. Of
// one or two measurements the least counts.
func (p *pace) known(n int) time.Duration {
	if n < 1 || n >= len(p.widths) || p.widths[n].n == 0 {
		return 0
	}
	w := &p.widths[n]
	s := w.samples
	have := s[:min(w.n, samplesHeld)]
	slices.Sort(have)
	if len(have) < 3 {
		return have[0]
	}
	return have[len(have)/2]
}

// decode returns how long a step of n decoding rows takes: measured, between
// the measured widths next to it, or in proportion to the nearest; 0 if none is.
func (p *pace) decode(n int) time.Duration {
	if n == 0 {
		return 0
	}
	if d := p.known(min(n, len(p.widths)-1)); d > 0 {
		return d
	}
	below, above := 0, 0
	for i := 1; i < len(p.widths); i++ {
		if p.widths[i].n > 0 && i < n {
			below = i
		}
		if p.widths[i].n > 0 && i > n {
			above = i
			break
		}
	}
	low, high := p.known(below), p.known(above)
	switch {
	case below == 0:
		return high
	case above == 0:
		return low
	}
	return low + (high-low)*time.Duration(n-below)/time.Duration(above-below)
}

// hoped is decode for choosing a width of n rows where base rows must run
// anyway: widths that are not well known are thought somewhat better than they
// look, and those of more than twice as many rows as were measured are out of
// the question (0), since one step of them may take very long.
func (p *pace) hoped(base, n int) time.Duration {
	if n == base {
		return p.decode(n)
	}
	widest := base
	for i := len(p.widths) - 1; i > base; i-- {
		w := &p.widths[i]
		if w.n > 0 && p.steps-w.last > heldSteps {
			w.n = 0
		}
		if w.n > 0 {
			widest = i
			break
		}
	}
	d := p.decode(n)
	switch {
	case n > 2*widest:
		return 0
	case n > widest && d <= p.decode(widest): // nothing wider is known
		first := p.decode(base)
		row := time.Duration(hopedCost / float64(base) * float64(first))
		if widest > base {
			row = max(row, time.Duration(hope*float64(d-first)/float64(widest-base)))
		}
		return d + time.Duration(n-widest)*row
	case p.widths[n].n < 2:
		return max(p.decode(base), time.Duration(hope*float64(d)))
	}
	return d
}

// promptRows returns how many prompt rows fit into a step of so many decoding
// rows that is to take so long: at least the least, which is also the answer
// while nothing has been measured.
func (p *pace) promptRows(decoding int, target time.Duration, least int) int {
	if p.perRow == 0 {
		return least
	}
	left := (target - p.decode(decoding)).Seconds()
	return max(least, int(left/p.perRow))
}
