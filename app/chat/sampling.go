package chat

import (
	"fmt"
	"math"
)

const (
	maxStops     = 16
	maxStopBytes = 200
)

// Checked returns p ready for use, or says which value is out of range.
func (p Sampling) Checked() (Sampling, error) {
	// A zero value that means "off" is written as the value that has no effect.
	if p.TopP == 0 {
		p.TopP = 1
	}
	if p.TypicalP == 0 {
		p.TypicalP = 1
	}
	if p.RepeatPenalty == 0 {
		p.RepeatPenalty = 1
	}
	for _, v := range []struct {
		name      string
		got       float64
		low, high float64
	}{
		{"temperature", p.Temperature, 0, 5},
		{"top-k", float64(p.TopK), 0, 1 << 20},
		{"top-p", p.TopP, 0, 1},
		{"min-p", p.MinP, 0, 1},
		{"typical-p", p.TypicalP, 0, 1},
		{"repeat penalty", p.RepeatPenalty, 0.1, 10},
		{"frequency penalty", p.FrequencyPenalty, -10, 10},
		{"presence penalty", p.PresencePenalty, -10, 10},
		{"max tokens", float64(p.MaxTokens), 0, 1 << 30},
	} {
		if math.IsNaN(v.got) || v.got < v.low || v.got > v.high {
			return p, fmt.Errorf("%s is %v; it must be from %v to %v", v.name, v.got, v.low, v.high)
		}
	}
	if len(p.Stop) > maxStops {
		return p, fmt.Errorf("%d stop texts; at most %d are possible", len(p.Stop), maxStops)
	}
	stops := []string{}
	for _, t := range p.Stop {
		if len(t) > maxStopBytes {
			return p, fmt.Errorf("a stop text is %d bytes long; at most %d are possible", len(t), maxStopBytes)
		}
		if t != "" {
			stops = append(stops, t)
		}
	}
	p.Stop = stops
	return p, nil
}
