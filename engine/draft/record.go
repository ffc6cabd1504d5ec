package draft

import "math/bits"

const (
	// priorWeight is how many observations the prior counts as.
	priorWeight = 4
	// memory is how many observations the record reaches back, roughly.
	memory = 64
)

// prior is the share of right guesses by match length before any was seen:
// 1, 2–3, 4–7, 8–15, 16–31, 32–63 and 64 tokens or more.
var prior = [...]float64{0.3, 0.3, 0.6, 0.8, 0.9, 0.95, 0.97}

// record tells how often guesses were right, by the length of the match.
type record struct {
	right, all [len(prior)]float64
}

func newRecord() record {
	var r record
	for i, p := range prior {
		r.right[i], r.all[i] = p*priorWeight, priorWeight
	}
	return r
}

func class(match int) int { return min(bits.Len(uint(match)), len(prior)) - 1 }

// note records a guess. Old ones count less and less.
func (r *record) note(match int, right bool) {
	c := class(match)
	r.right[c] *= 1 - 1.0/memory
	r.all[c] *= 1 - 1.0/memory
	r.all[c]++
	if right {
		r.right[c]++
	}
}

// chance is the share of guesses with such a match that were right.
func (r *record) chance(match int) float64 {
	c := class(match)
	return r.right[c] / r.all[c]
}
