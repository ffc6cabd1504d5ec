package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Follower gives the logits behind every token of a text, in order; they are
// valid during the call of each.
type Follower func(ctx context.Context, tokens []int32, each func(i int, logits []float32)) error

// Divergence says how far a model's next-token distributions are from a
// reference's: the Kullback-Leibler divergence D(reference ‖ model), in nats.
type Divergence struct {
	Tokens      int // positions compared
	Mean        float64
	StdError    float64 // of Mean
	P90, P99    float64
	Max         float64
	SameTop     float64 // share of positions where both prefer the same token
	Perplexity  float64 // the model's, over the same positions
	ReferencePP float64 // the reference's
}

// Compare measures the divergence over the second half of each chunk of size
// tokens, the positions that Perplexity scores. At most chunks chunks are
// compared; 0 means all.
func Compare(ctx context.Context, reference, model Follower, tokens []int32, size, chunks int) (Divergence, error) {
	if size < 4 || len(tokens) < size {
		return Divergence{}, fmt.Errorf("comparing chunks of %d tokens needs a text of at least as many, not %d", size, len(tokens))
	}
	var all []float64
	var d Divergence
	for n := 0; len(tokens) >= size && (chunks <= 0 || n < chunks); n++ {
		chunk := tokens[:size]
		tokens = tokens[size:]
		var want [][]float64 // log probabilities
		err := reference(ctx, chunk, func(i int, logits []float32) {
			if i >= size/2 && i+1 < size {
				want = append(want, LogSoftmax(logits))
			}
		})
		if err != nil {
			return d, fmt.Errorf("the reference: %w", err)
		}
		err = model(ctx, chunk, func(i int, logits []float32) {
			if i < size/2 || i+1 >= size {
				return
			}
			p, q := want[i-size/2], LogSoftmax(logits)
			all = append(all, kl(p, q))
			if top(p) == top(q) {
				d.SameTop++
			}
			d.Perplexity -= q[chunk[i+1]]
			d.ReferencePP -= p[chunk[i+1]]
		})
		if err != nil {
			return d, err
		}
	}
	n := float64(len(all))
	d.Tokens = len(all)
	d.SameTop /= n
	d.Perplexity, d.ReferencePP = math.Exp(d.Perplexity/n), math.Exp(d.ReferencePP/n)
	squares := 0.0
	for _, x := range all {
		d.Mean += x / n
		squares += x * x
	}
	d.StdError = math.Sqrt(max(0, squares/n-d.Mean*d.Mean) / n)
	slices.Sort(all)
	if math.IsNaN(d.Mean) {
		return d, errors.New("some logits are not numbers")
	}
	d.P90, d.P99, d.Max = all[int(0.9*n)], all[int(0.99*n)], all[len(all)-1]
	return d, nil
}

// LogSoftmax returns the log probabilities that logits stand for.
func LogSoftmax(logits []float32) []float64 {
	highest := slices.Max(logits)
	p, sum := make([]float64, len(logits)), 0.0
	for i, l := range logits {
		p[i] = float64(l) - float64(highest)
		sum += math.Exp(p[i])
	}
	for i := range p {
		p[i] -= math.Log(sum)
	}
	return p
}

// kl is Σ e^p·(p − q) over log probabilities. It is never negative but for
// rounding.
func kl(p, q []float64) float64 {
	d := 0.0
	for i := range p {
		d += math.Exp(p[i]) * (p[i] - q[i])
	}
	return max(0, d)
}

func top(p []float64) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}
