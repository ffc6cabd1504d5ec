package sample

import "fmt"

const (
	maxStops     = 64
	maxStopBytes = 4096
)

// StopMatcher finds stop strings in text that arrives in pieces, and holds
// back what could be the beginning of one. The stop that is complete first
// counts, the longest of those that end together; how the text is cut into
// pieces makes no difference.
type StopMatcher struct {
	stops []stop
	held  []byte // the end of the text so far that may be the beginning of a stop
	hit   bool
}

// stop is one string and how far the end of the text matches it.
type stop struct {
	text    string
	matched int   // bytes of text that the end of the input equals
	border  []int // border[i]: the longest proper prefix of text[:i+1] that also ends it
}

// NewStopMatcher returns a matcher for up to 64 strings of up to 4096 bytes.
// Empty strings are ignored.
func NewStopMatcher(stops []string) (*StopMatcher, error) {
	if len(stops) > maxStops {
		return nil, fmt.Errorf("%d stop strings are more than the limit of %d", len(stops), maxStops)
	}
	m := &StopMatcher{}
	for _, text := range stops {
		if len(text) > maxStopBytes {
			return nil, fmt.Errorf("a stop string of %d bytes is longer than the limit of %d", len(text), maxStopBytes)
		}
		if text == "" {
			continue
		}
		s := stop{text: text, border: make([]int, len(text))}
		for i, n := 1, 0; i < len(text); i++ {
			for n > 0 && text[i] != text[n] {
				n = s.border[n-1]
			}
			if text[i] == text[n] {
				n++
			}
			s.border[i] = n
		}
		m.stops = append(m.stops, s)
	}
	return m, nil
}

// feed advances the match by one byte (Knuth, Morris and Pratt); it reports
// whether the stop is complete.
func (s *stop) feed(b byte) bool {
	for s.matched > 0 && s.text[s.matched] != b {
		s.matched = s.border[s.matched-1]
	}
	if s.text[s.matched] == b {
		s.matched++
	}
	return s.matched == len(s.text)
}

// Push takes the next piece of text and returns the text that can be shown:
// no part of it belongs to a stop string. If a stop string was found, stop is
// that string, text is what came before it, and the matcher is done: it
// swallows all further text.
func (m *StopMatcher) Push(piece string) (text, stop string) {
	if m.hit {
		return "", ""
	}
	if len(m.stops) == 0 {
		return piece, ""
	}
	before := len(m.held)
	m.held = append(m.held, piece...)
	for i := before; i < len(m.held); i++ {
		for j := range m.stops {
			if s := &m.stops[j]; s.feed(m.held[i]) && len(s.text) > len(stop) {
				stop = s.text
			}
		}
		if stop != "" {
			m.hit = true
			text = string(m.held[:i+1-len(stop)])
			m.held = nil
			return text, stop
		}
	}
	hold := 0
	for _, s := range m.stops {
		hold = max(hold, s.matched)
	}
	safe := len(m.held) - hold
	text = string(m.held[:safe])
	m.held = append(m.held[:0], m.held[safe:]...)
	return text, ""
}

// Flush returns what was held back, once no more text comes. The matcher then
// is done.
func (m *StopMatcher) Flush() string {
	text := string(m.held)
	m.held = nil
	m.hit = true
	return text
}
