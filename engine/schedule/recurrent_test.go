package schedule

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"

	"freehold/engine/program"
)

// TestRecurrentAnswersAreTheSame runs many chats at once that share beginnings,
// go on, are edited, answered anew and cancelled, on a model that sees nothing
// but its recurrent state, with room for few states and few blocks. Every answer
// must be the one that a model without a cache gives.
func TestRecurrentAnswersAreTheSame(t *testing.T) {
	greedy := samplers()["greedy"]
	for _, limits := range []program.Limits{
		{Rows: 64, Outputs: 8, Blocks: 400, Slots: 40},
		{Rows: 48, Outputs: 8, Blocks: 60, Slots: 5},
		{Rows: 64, Outputs: 4, Blocks: 200, Slots: 1},
	} {
		s, e := newScripted(t, limits, 1600)
		var wg sync.WaitGroup
		for chat := range 6 {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(uint64(chat), 7))
				prompt := story(chat%2, 40+4*rng.IntN(30))
				for range 25 {
					ctx, cancel := context.WithCancel(t.Context())
					most := 1 + rng.IntN(40)
					if rng.IntN(5) == 0 { // somebody stops it soon
						go cancel()
					}
					a, err := generate(ctx, s, prompt, greedy, true, most)
					cancel()
					if err != nil && !errors.Is(err, context.Canceled) {
						t.Error(err)
						return
					}
					want := slices.Clone(prompt)
					for i, token := range a.tokens {
						if best := argmax(e.logits(want)); token != best {
							t.Errorf("chat %d: token %d of the answer to %d tokens is %d, want %d", chat, i, len(prompt), token, best)
							return
						}
						want = append(want, token)
					}
					switch rng.IntN(4) {
					case 0: // the same question again
					case 1: // an edited one
						prompt = append(slices.Clone(prompt[:1+rng.IntN(len(prompt))]), story(rng.IntN(3), 8)...)
					default: // the next one
						prompt = append(want, story(rng.IntN(3), 4+4*rng.IntN(10))...)
					}
					if len(prompt) > 1500 {
						prompt = prompt[:40]
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestRecurrentPrefixIsReused looks at what is computed: of a follow-up only
// what is new, of a second answer what stands behind the last checkpoint.
func TestRecurrentPrefixIsReused(t *testing.T) {
	greedy := samplers()["greedy"]
	s, e := newScripted(t, program.Limits{Rows: 512, Outputs: 8, Blocks: 400, Slots: 16}, 6000)
	e.next = func([]int32) int32 { return -1 }
	ask := func(prompt []int32) (answer []int32, rows int) {
		t.Helper()
		before := e.ran()
		a, err := generate(t.Context(), s, prompt, greedy, false, 10)
		if err != nil {
			t.Fatal(err)
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, n := range e.batches[before:] {
			rows += n
		}
		return a.tokens, rows
	}
	prompt := story(1, 3000)
	answer, rows := ask(prompt)
	if rows != 3000+9 {
		t.Errorf("the first question took %d rows, want %d", rows, 3000+9)
	}
	if _, rows = ask(prompt); rows > program.BlockTokens+9 {
		t.Errorf("the same question took %d rows, want at most a block and the answer", rows)
	}
	next := append(append(slices.Clone(prompt), answer...), story(2, 40)...)
	if _, rows = ask(next); rows != 1+40+9 {
		t.Errorf("a follow-up took %d rows, want %d", rows, 1+40+9)
	}
	edited := slices.Clone(prompt)
	edited[2500]++
	if _, rows = ask(edited); rows != 3000-2048+9 {
		t.Errorf("an edited question took %d rows, want %d", rows, 3000-2048+9)
	}
}

// TestRecurrentCancel stops a prompt in the middle of a batch, which leaves its
// state in the middle too: what is kept must be from before.
func TestRecurrentCancel(t *testing.T) {
	greedy := samplers()["greedy"]
	s, e := newScripted(t, program.Limits{Rows: 64, Outputs: 8, Blocks: 100, Slots: 8}, 2000)
	e.before = make(chan struct{})
	prompt := story(3, 200)
	for steps := range 8 {
		ctx, cancel := context.WithCancel(t.Context())
		entered := e.entered.Load()
		done := make(chan error)
		go func() {
			_, err := generate(ctx, s, prompt, greedy, false, 500)
			done <- err
		}()
		for range steps {
			e.before <- struct{}{}
		}
		for e.entered.Load() <= entered+int64(steps) { // it is in the next one
			runtime.Gosched()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d steps: %v", steps, err)
		}
	}
	close(e.before)
	a, err := generate(t.Context(), s, prompt, greedy, false, 5)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range a.tokens {
		if got := argmax(e.logits(append(slices.Clone(prompt), a.tokens[:i]...))); got != want {
			t.Errorf("token %d is %d, want %d", i, want, got)
		}
	}
}
