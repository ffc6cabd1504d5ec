// Package draft guesses how a text goes on by looking where its last tokens
// stood before, in the prompt, in the text itself or in texts beside it
// (prompt lookup, Saxena 2023; inference with reference, Yang et al. 2023).
// Answers that quote, correct or rewrite what they were given repeat long
// stretches of it, and a model can check several guessed tokens in one pass
// for little more than the price of one.
//
// An [Index] finds the places and keeps a record of how often they were right,
// by the length of the match. It records the guess at every token, also those
// that nobody asked for, so that finding out whether guessing pays costs
// nothing.
package draft

import "slices"

// boundary stands between texts. It equals no token.
const boundary = -1

const (
	// maxText is the most tokens of all texts beside the prompt.
	maxText = 1 << 16
	// maxMatch is how far back a match is followed; longer ones count the same.
	maxMatch = 64
	// certain is a match that hardly happens by chance.
	certain = 8
	// nearby is how far from a lost place, in tokens, the text is expected to
	// go on after a difference.
	nearby = 8
	// nearCounts is what a place close to the lost one counts as longer.
	nearCounts = 4
	// patience is for how many tokens a lost place is remembered.
	patience = 16
)

// grams are the lengths of suffixes that are looked up.
var grams = [...]int{8, 4, 2}

// Index holds a growing sequence of tokens and where its pieces stand. It is
// not safe for concurrent use.
type Index struct {
	tokens []int32 // texts, each with a boundary behind it, then the sequence
	start  int     // of the sequence
	tables [len(grams)]table
	ends   []int32

	at    int // of the token that is expected next, 0 for none
	match int // tokens before at that equal the sequence's last
	lost  int // where at was before a difference, 0 for nowhere
	since int // tokens since
	near  int // what at counts as longer for being close to lost
	record
}

// New makes an index of a prompt. The sequence may continue tokens of texts,
// such as retrieved passages; what exceeds 65,536 tokens of them is ignored.
// An expectation never includes one of ends, which end the sequence.
func New(prompt []int32, texts [][]int32, ends []int32) *Index {
	x := &Index{ends: ends, record: newRecord()}
	for _, text := range texts {
		text = text[:min(len(text), max(0, maxText-len(x.tokens)))]
		if len(text) > 0 {
			x.tokens = append(append(x.tokens, text...), boundary)
		}
	}
	x.start = len(x.tokens)
	x.tokens = append(x.tokens, prompt...)
	for i := range x.tables {
		x.tables[i].n = grams[i]
		x.tables[i].rebuild(x.tokens)
	}
	x.find()
	return x
}

// Append adds the token that came next.
func (x *Index) Append(token int32) {
	if x.at > 0 {
		right := x.tokens[x.at] == token
		x.note(x.match+x.near, right)
		if right {
			x.at++
			x.match = min(x.match+1, maxMatch)
		} else {
			if x.match >= certain {
				x.lost, x.since = x.at, 0
			}
			x.at, x.match = 0, 0
		}
	}
	x.tokens = append(x.tokens, token)
	for i := range x.tables {
		x.tables[i].add(x.tokens, len(x.tokens)-1)
	}
	x.find()
}

// Guess returns up to most tokens that may come next and, for each, the chance
// that it and all before it are right. There are none if the sequence's last
// tokens are new.
func (x *Index) Guess(most int) (tokens []int32, chance []float64) {
	if x.at == 0 {
		return nil, nil
	}
	p := 1.0
	for i := range most {
		var t int32
		if at := x.at + i; at < len(x.tokens) {
			t = x.tokens[at]
		} else { // the place overlaps its own continuation: a period
			t = tokens[at-len(x.tokens)]
		}
		if t == boundary || slices.Contains(x.ends, t) {
			break
		}
		p *= x.chance(x.match + x.near + i)
		tokens, chance = append(tokens, t), append(chance, p)
	}
	return tokens, chance
}

// find settles on the place with the longest match, the latest among equals.
// Behind a difference in a long match, places close by come first: a corrected
// word is followed by what followed the wrong one.
func (x *Index) find() {
	best, longest := x.at, x.match
	x.near = 0
	for i := range x.tables {
		at := x.tables[i].find(x.tokens)
		if at == 0 || at == x.at {
			continue
		}
		if m := x.common(at); m > longest || m == longest && at > best {
			best, longest = at, m
		}
	}
	if x.lost > 0 {
		x.since++
		switch at := x.resume(); {
		case longest >= certain || x.since > patience:
			x.lost = 0
		case at > 0:
			best, longest, x.near = at, x.common(at), nearCounts
		}
	}
	x.at, x.match = best, longest
}

// resume returns the place with the longest match around the lost one, the
// closest to as many tokens behind it as there have been since.
func (x *Index) resume() int {
	best, longest := 0, 0
	for d := range nearby {
		for _, at := range [...]int{x.lost + x.since + d, x.lost + x.since - d} {
			if at < 1 || at >= len(x.tokens) {
				continue
			}
			if m := x.common(at); m > longest {
				best, longest = at, m
			}
		}
	}
	return best
}

// common counts the tokens before at that equal the sequence's last.
func (x *Index) common(at int) int {
	n := len(x.tokens)
	m := 0
	for m < min(maxMatch, at, n-x.start) && x.tokens[at-1-m] == x.tokens[n-1-m] {
		m++
	}
	return m
}
