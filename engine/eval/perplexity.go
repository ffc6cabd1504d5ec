// Package eval measures models.
package eval

import (
	"context"
	"fmt"
	"math"
)

// Scorer gives the log probability of each token behind the ones before it:
// element i belongs to tokens[i+1].
type Scorer interface {
	Score(ctx context.Context, tokens []int32) ([]float64, error)
}

// Perplexity is exp of the mean negative log likelihood over the second half
// of each chunk of size tokens, so that every scored token has at least half a
// chunk before it; a last, shorter chunk is left out. This is llama.cpp's
// method, so its figures can be compared. With bos ≥ 0 each chunk's first token
// is replaced by it.
func Perplexity(ctx context.Context, m Scorer, tokens []int32, size int, bos int32) (float64, error) {
	if size < 4 || len(tokens) < size {
		return 0, fmt.Errorf("perplexity over chunks of %d tokens needs a text of at least as many, not %d", size, len(tokens))
	}
	sum, n := 0.0, 0
	for len(tokens) >= size {
		chunk := append([]int32(nil), tokens[:size]...)
		tokens = tokens[size:]
		if bos >= 0 {
			chunk[0] = bos
		}
		scores, err := m.Score(ctx, chunk)
		if err != nil {
			return 0, err
		}
		for _, s := range scores[size/2:] {
			sum -= s
			n++
		}
	}
	return math.Exp(sum / float64(n)), nil
}
