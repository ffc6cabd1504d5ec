package schedule

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"freehold/engine/draft"
	"freehold/engine/program"
	"freehold/engine/sample"
)

func samplers() map[string]sample.Params {
	greedy := sample.Defaults()
	greedy.Temperature = 0
	warm := sample.Defaults()
	warm.Temperature, warm.Seed = 0.8, 7
	hot := sample.Defaults()
	hot.Temperature, hot.TopK, hot.TopP, hot.Seed = 1.5, 0, 1, 11
	strict := warm
	strict.RepeatPenalty, strict.FrequencyPenalty, strict.PresencePenalty, strict.RepeatLastN = 1.1, 0.2, 0.1, 48
	biased := warm
	biased.LogitBias = map[int32]float32{3: 2, 9: -5}
	return map[string]sample.Params{"greedy": greedy, "warm": warm, "hot": hot, "penalties": strict, "bias": biased}
}

// TestGuessesDoNotChangeAnswers is what guessing is allowed for: the very same
// tokens as without, whatever the sampler, alone and beside others.
func TestGuessesDoNotChangeAnswers(t *testing.T) {
	const prompts, most = 6, 60
	for name, p := range samplers() {
		want := make([][]int32, prompts)
		for i := range want {
			s, _ := newScripted(t, roomy, 512)
			a, err := generate(t.Context(), s, story(i, 32+20*i), p, false, most)
			if err != nil {
				t.Fatal(err)
			}
			want[i] = a.tokens
		}
		for _, beside := range []int{1, 2, prompts} {
			s, e := newScripted(t, roomy, 512)
			e.cost = flat
			right, tokens := 0, 0
			for first := 0; first < prompts; first += beside {
				var wg sync.WaitGroup
				var mu sync.Mutex
				for i := first; i < first+beside; i++ {
					wg.Go(func() {
						a, err := generate(t.Context(), s, story(i, 32+20*i), p, true, most)
						if err != nil || !slices.Equal(a.tokens, want[i]) {
							t.Errorf("%s, %d at once, prompt %d: %v\n got %v\nwant %v", name, beside, i, err, a.tokens, want[i])
						}
						mu.Lock()
						right, tokens = right+a.right, tokens+len(a.tokens)
						mu.Unlock()
					})
				}
				wg.Wait()
			}
			if name == "greedy" && right < tokens/3 {
				t.Errorf("%s, %d at once: %d of %d tokens were guessed", name, beside, right, tokens)
			}
		}
	}
}

// TestGuessesOnAModel does the same with a transformer in the reference
// interpreter, whose rows do not depend on each other.
func TestGuessesOnAModel(t *testing.T) {
	for seed := range 3 {
		p := append(prompt(seed, 40), prompt(seed, 12)...)
		s, _ := newScheduler(t, 64, 256)
		want, err := greedy(t.Context(), s, p, 80)
		if err != nil {
			t.Fatal(err)
		}
		s, c := newScheduler(t, 64, 256)
		c.slow = time.Millisecond
		var got []int32
		right := 0
		err = s.Run(t.Context(), Task{
			Prompt: p, Draft: draft.New(p, nil, nil), Guessed: func(_, r int) { right += r },
			Next: func(logits []float32) (int32, bool) {
				got = append(got, argmax(logits))
				return argmax(logits), len(got) < len(want)
			}})
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("seed %d: %v\n got %v\nwant %v", seed, err, got, want)
		}
		t.Logf("seed %d: %d of %d tokens were guessed", seed, right, len(got))
	}
}

func TestAnswersEndInsideGuesses(t *testing.T) {
	greedy := samplers()["greedy"]
	p := story(1, 60)
	s, e := newScripted(t, roomy, 512)
	e.cost = flat
	whole, err := generate(t.Context(), s, p, greedy, false, 50)
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= 50; n++ {
		a, err := generate(t.Context(), s, p, greedy, true, n)
		if err != nil || !slices.Equal(a.tokens, whole.tokens[:n]) {
			t.Errorf("at most %d tokens: %v, %v", n, a.tokens, err)
		}
		// Every token takes its turn to end the answer where it comes first.
		end := whole.tokens[n-1]
		a, err = generate(t.Context(), s, p, greedy, true, 50, end)
		if at := slices.Index(whole.tokens, end); err != nil || !slices.Equal(a.tokens, whole.tokens[:at]) {
			t.Errorf("ended by token %d: %v, %v, want %v", end, a.tokens, err, whole.tokens[:at])
		}
	}
	for context := len(p) + 1; context < len(p)+40; context++ {
		s, e := newScripted(t, roomy, context)
		e.cost = flat
		a, err := generate(t.Context(), s, p, greedy, true, 50)
		want := whole.tokens[:context-len(p)+1]
		if !errors.Is(err, ErrContextFull) || !slices.Equal(a.tokens, want) {
			t.Errorf("context of %d: %d tokens, %v, want %d and ErrContextFull", context, len(a.tokens), err, len(want))
		}
	}
}

// TestRejectedTokensAreNotFoundAgain asks again with prompts that contain
// earlier answers: what was guessed wrong must not be taken for stored.
func TestRejectedTokensAreNotFoundAgain(t *testing.T) {
	greedy := samplers()["greedy"]
	s, e := newScripted(t, program.Limits{Rows: 64, Outputs: 16, Blocks: 24}, 400)
	e.cost = flat
	plain, pe := newScripted(t, program.Limits{Rows: 64, Outputs: 16, Blocks: 24}, 400)
	pe.cost = flat
	for i := range 12 {
		p := story(i%3, 52)
		for turn := range 4 {
			got, err := generate(t.Context(), s, p, greedy, true, 20+turn)
			want, err2 := generate(t.Context(), plain, p, greedy, false, 20+turn)
			if err != nil || err2 != nil || !slices.Equal(got.tokens, want.tokens) {
				t.Fatalf("round %d, turn %d: %v, %v\n got %v\nwant %v", i, turn, err, err2, got.tokens, want.tokens)
			}
			p = append(append(p, got.tokens...), story(i+turn, 5)...)
		}
	}
}

// TestGuessesTakeNoRoom fills cache and batch to the brim: guesses give way.
func TestGuessesTakeNoRoom(t *testing.T) {
	greedy := samplers()["greedy"]
	for _, l := range []program.Limits{
		{Rows: 4, Outputs: 4, Blocks: 40}, {Rows: 64, Outputs: 5, Blocks: 40}, {Rows: 64, Outputs: 16, Blocks: 13},
	} {
		s, e := newScripted(t, l, 96)
		e.cost = flat
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				one, oe := newScripted(t, l, 96)
				oe.cost = flat
				want, err := generate(t.Context(), one, story(i, 40), greedy, false, 40)
				if err != nil {
					t.Error(err)
				}
				if a, err := generate(t.Context(), s, story(i, 40), greedy, true, 40); err != nil || !slices.Equal(a.tokens, want.tokens) {
					t.Errorf("%+v, prompt %d: %d tokens, %v", l, i, len(a.tokens), err)
				}
			})
		}
		wg.Wait()
	}
}

// TestGuessingFollowsTheMachine gives the controller machines on which rows
// cost little, as much as a step, or come in fours.
func TestGuessingFollowsTheMachine(t *testing.T) {
	greedy := samplers()["greedy"]
	machine := func(f func(rows int) float64) func(*program.Batch) time.Duration {
		return func(b *program.Batch) time.Duration {
			return time.Duration(f(len(b.Tokens)) * float64(20*time.Millisecond))
		}
	}
	fours := func(n int) float64 { return []float64{1, 1.1, 1.8, 1.3, 2.2, 2.3, 3.2, 4.5}[min(n, 8)-1] }
	for name, c := range map[string]struct {
		cost   func(int) float64
		faster float64 // than without, at least, where the text is copied
		free   float64 // where it is not
	}{
		"wide":   {func(n int) float64 { return 0.95 + 0.05*float64(n) }, 2.2, 0.99},
		"narrow": {func(n int) float64 { return float64(n) }, 0.95, 0.95},
		"fours":  {fours, 1.8, 0.98},
	} {
		for _, free := range []bool{false, true} {
			took := map[bool]time.Duration{}
			for _, guess := range []bool{false, true} {
				s, e := newScripted(t, roomy, 2048)
				e.cost = machine(c.cost)
				if free {
					e.next = func([]int32) int32 { return -1 }
				}
				a, err := generate(t.Context(), s, story(1, 200), greedy, guess, 600)
				if err != nil {
					t.Fatal(err)
				}
				took[guess] = e.now().Sub(time.Unix(0, 0))
				t.Logf("%s, free %v, guess %v: %v, %d guessed, %d right", name, free, guess, took[guess], a.guessed, a.right)
			}
			want := c.faster
			if free {
				want = c.free
			}
			if ratio := took[false].Seconds() / took[true].Seconds(); ratio < want {
				t.Errorf("%s, free %v: %.2f times as fast as without guesses, want %.2f", name, free, ratio, want)
			}
		}
	}
}

// TestGuessesDoNotDelayOthers puts an answer that copies beside one that does
// not: the other must not pay for it.
func TestGuessesDoNotDelayOthers(t *testing.T) {
	greedy := samplers()["greedy"]
	run := func(guess bool) time.Duration {
		s, e := newScripted(t, roomy, 2048)
		e.cost = func(b *program.Batch) time.Duration { return time.Duration(len(b.Tokens)) * 5 * time.Millisecond }
		open := gate(t, e)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() {
			_, err := generate(ctx, s, story(1, 100), greedy, guess, 0)
			ended <- err
		}()
		open(1)
		var times []time.Time
		go func() { ended <- s.Run(t.Context(), plain(e, append([]int32{0}, story(2, 99)...), 300, &times)) }()
		waitFor(t, s, 1)
		close(e.before)
		if err := <-ended; err != nil {
			t.Error(err)
		}
		stop()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		return times[299].Sub(times[0])
	}
	without, with := run(false), run(true)
	if ratio := with.Seconds() / without.Seconds(); ratio > 1/slowest+0.05 {
		t.Errorf("beside a guessing answer another takes %.2f times as long", ratio)
	}
}

func TestPace(t *testing.T) {
	p := newPace(16)
	if p.decode(3) != 0 || p.promptRows(1, time.Second, 16) != 16 {
		t.Error("something is known of a machine that never ran")
	}
	ms := func(n float64) time.Duration { return time.Duration(n * float64(time.Millisecond)) }
	for range 3 {
		p.observe(1, 0, ms(10))
		p.observe(5, 0, ms(18))
	}
	p.observe(5, 0, ms(500)) // disturbed
	for n, want := range map[int]time.Duration{1: ms(10), 3: ms(14), 5: ms(18), 9: ms(18), 40: ms(18)} {
		if got := p.decode(n); got != want {
			t.Errorf("%d rows: %v, want %v", n, got, want)
		}
	}
	if got := p.hoped(1, 5); got != ms(18) {
		t.Errorf("hoped %v for a measured width", got)
	}
	for n, want := range map[int]time.Duration{3: ms(10.5), 6: ms(19.5), 10: ms(25.5), 11: 0} {
		if got := p.hoped(1, n); got != want {
			t.Errorf("hoped %v for %d rows, want %v", got, n, want)
		}
	}
	for range 20 {
		p.observe(1, 40, ms(10+80)) // 2 ms a row
	}
	if n := p.promptRows(1, ms(150), 16); n < 65 || n > 75 {
		t.Errorf("%d prompt rows in 150 ms, want 70", n)
	}
	for i := range 3 * heldSteps {
		p.observe(1, 0, ms(10))
		if d := p.hoped(1, 5); i == 3*heldSteps-1 && d >= ms(18) {
			t.Error("a width is never tried again")
		}
	}
}
