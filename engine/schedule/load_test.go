package schedule

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"freehold/engine/program"
	"freehold/engine/sample"
)

// alone computes an answer without any scheduler: token by token from the
// logits behind the tokens before.
func alone(t *testing.T, e *scripted, prompt []int32, p sample.Params, length, most int) []int32 {
	t.Helper()
	sampler, err := sample.New(p, scriptedVocab)
	if err != nil {
		t.Fatal(err)
	}
	history := slices.Clone(prompt)
	for _, token := range prompt {
		sampler.Accept(token)
	}
	for len(history) <= length && len(history)-len(prompt) < most {
		history = append(history, sampler.Sample(e.logits(history)))
	}
	return history[len(prompt):]
}

// TestRandomLoad throws chats of all kinds at small machines: every answer is
// what it would be alone, whatever was guessed, cancelled, evicted or made to
// wait beside it.
func TestRandomLoad(t *testing.T) {
	const length = 300
	for round := range uint64(6) {
		r := rand.New(rand.NewPCG(9, round))
		limits := program.Limits{Rows: 8 + r.IntN(120), Outputs: 3 + r.IntN(20), Blocks: 11 + r.IntN(40)}
		s, e := newScripted(t, limits, length)
		slope := time.Duration(r.IntN(4)) * time.Millisecond
		e.cost = func(b *program.Batch) time.Duration { return 10*time.Millisecond + slope*time.Duration(len(b.Tokens)) }
		all := slices.Collect(func(yield func(sample.Params) bool) {
			for _, name := range []string{"greedy", "warm", "hot", "penalties", "bias"} {
				if !yield(samplers()[name]) {
					return
				}
			}
		})
		var wg sync.WaitGroup
		for i := range 40 {
			prompt := story(r.IntN(4), 4*(1+r.IntN(60)))
			if r.IntN(3) == 0 {
				prompt = append(prompt, story(5, 4*(1+r.IntN(5)))...)
			}
			p, most, guess, cancelled := all[r.IntN(len(all))], 1+r.IntN(120), r.IntN(4) > 0, r.IntN(6) == 0
			start, after := time.Duration(r.IntN(30))*time.Millisecond, time.Duration(r.IntN(20))*time.Millisecond
			wg.Go(func() {
				time.Sleep(start)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				if cancelled {
					defer time.AfterFunc(after, stop).Stop()
				}
				want := alone(t, e, prompt, p, length, most)
				a, err := generate(ctx, s, prompt, p, guess, most)
				switch {
				case errors.Is(err, ErrContextFull) && len(prompt)+most > length:
				case cancelled && errors.Is(err, context.Canceled):
					want = want[:min(len(want), len(a.tokens))]
				case err != nil:
					t.Errorf("round %d, %+v, chat %d: %v", round, limits, i, err)
				}
				if !slices.Equal(a.tokens, want) {
					t.Errorf("round %d, %+v, chat %d, guess %v: %d tokens, want %d\n got %v\nwant %v", round, limits, i, guess, len(a.tokens), len(want), a.tokens, want)
				}
			})
		}
		wg.Wait()
	}
}
