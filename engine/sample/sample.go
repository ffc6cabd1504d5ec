// Package sample chooses the next token from a model's logits.
//
// A [Sampler] applies, in this order, which is llama.cpp's default:
//
//	logit bias → penalties → top-k → typical → top-p → min-p → temperature → draw
//
// The filters see probabilities at temperature 1. Each keeps at least one
// token. Temperature 0 takes the token with the highest logit after bias and
// penalties, the lowest id among equals, and skips the filters.
//
// A token whose logit is NaN or -Inf is never chosen. +Inf counts as the
// largest float32.
//
// With the same seed and the same logits the choices are the same on every
// platform: the generator is PCG (math/rand/v2), the exponential is computed
// here, and no multiplication is fused with an addition.
package sample

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// None is what Sample returns when no token can be chosen.
const None int32 = -1

// Sampler chooses the tokens of one sequence. It must not be used by several
// goroutines at once.
type Sampler struct {
	p      Params
	vocab  int
	seed   uint64
	random *rand.PCG

	bias []tokenBias // by id

	// The recent tokens, if penalties are on.
	penalize bool
	window   int     // most tokens in recent
	recent   []int32 // a ring once full
	next     int     // where the next token goes once full
	counts   []int32 // of each token in recent, by id

	adjusted []float32 // logits after bias and penalties
	cands    []candidate
}

type tokenBias struct {
	id   int32
	bias float32
}

// New returns a sampler for a vocabulary of vocab tokens.
func New(p Params, vocab int) (*Sampler, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	if vocab < 1 || vocab > math.MaxInt32 {
		return nil, fmt.Errorf("a vocabulary of %d tokens cannot be sampled from", vocab)
	}
	s := &Sampler{p: p, vocab: vocab, seed: p.Seed, penalize: p.penalizes(), window: p.RepeatLastN}
	if s.seed == 0 {
		// Below 2^53, so that it survives JSON in a browser.
		s.seed = 1 + rand.Uint64N(1<<53-1)
	}
	s.random = rand.NewPCG(s.seed, 0x9e3779b97f4a7c15)
	for id, b := range p.LogitBias {
		if int(id) >= vocab {
			return nil, fmt.Errorf("logit_bias names token %d but the vocabulary has %d tokens", id, vocab)
		}
		if b != 0 {
			s.bias = append(s.bias, tokenBias{id, b})
		}
	}
	slices.SortFunc(s.bias, func(a, b tokenBias) int { return int(a.id) - int(b.id) })
	if s.window < 0 {
		s.window = maxWindow
	}
	if s.penalize {
		s.counts = make([]int32, vocab)
		s.recent = make([]int32, 0, min(s.window, 4096))
	}
	return s, nil
}

// Seed returns the seed in use, also if it was chosen at random.
func (s *Sampler) Seed() uint64 { return s.seed }

// Sample chooses a token by its logits, one per token of the vocabulary, and
// records it as Accept does. It returns [None] if every logit is NaN or -Inf.
// The logits are not changed.
func (s *Sampler) Sample(logits []float32) int32 {
	logits = logits[:min(len(logits), s.vocab)]
	logits = s.adjust(logits)
	token := None
	if s.p.Temperature == 0 {
		token = best(logits)
	} else if c := s.filter(logits); len(c) > 0 {
		token = s.draw(c)
	}
	s.Accept(token)
	return token
}

// Accept records a token of the sequence for the penalties. Sample records
// what it chooses; Accept is for tokens from elsewhere, such as the prompt's.
func (s *Sampler) Accept(token int32) {
	if !s.penalize || token < 0 || int(token) >= s.vocab {
		return
	}
	s.counts[token]++
	if len(s.recent) < s.window {
		s.recent = append(s.recent, token)
		return
	}
	s.counts[s.recent[s.next]]--
	s.recent[s.next] = token
	s.next = (s.next + 1) % s.window
}

// adjust returns the logits after bias and penalties: logits itself if there
// are none.
func (s *Sampler) adjust(logits []float32) []float32 {
	if len(s.bias) == 0 && len(s.recent) == 0 {
		return logits
	}
	s.adjusted = append(s.adjusted[:0], logits...)
	x := s.adjusted
	for _, b := range s.bias {
		if int(b.id) < len(x) {
			x[b.id] += b.bias
		}
	}
	for _, id := range s.recent {
		// A token stands in the ring several times: a negative count marks
		// it as done.
		n := s.counts[id]
		if n < 0 || int(id) >= len(x) {
			continue
		}
		s.counts[id] = -n
		if x[id] > 0 {
			x[id] /= s.p.RepeatPenalty
		} else {
			x[id] = float32(x[id] * s.p.RepeatPenalty) // rounded here, not fused with what follows
		}
		x[id] -= float32(float32(n)*s.p.FrequencyPenalty) + s.p.PresencePenalty
	}
	for _, id := range s.recent {
		s.counts[id] = max(s.counts[id], -s.counts[id])
	}
	return x
}

// best returns the token with the highest logit, the lowest id among equals.
func best(logits []float32) int32 {
	at, high := None, float32(math.Inf(-1))
	for i, x := range logits {
		if x > high {
			at, high = int32(i), x
		}
	}
	return at
}

// draw chooses one of the candidates that the filters left.
func (s *Sampler) draw(c []candidate) int32 {
	high := maxLogit(c)
	sum := 0.0
	for i := range c {
		c[i].weight = exp((float64(c[i].logit) - high) / float64(s.p.Temperature))
		sum += c[i].weight
	}
	// 53 random bits: uniform in [0, sum).
	left := float64(float64(s.random.Uint64()>>11)*0x1p-53) * sum
	for i := range c {
		if left -= c[i].weight; left < 0 {
			return c[i].id
		}
	}
	// Rounding may leave a crumb: the last token that has any weight.
	for i := len(c) - 1; ; i-- {
		if c[i].weight > 0 { // the best one's is 1
			return c[i].id
		}
	}
}
