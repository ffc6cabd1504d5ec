package schedule

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"freehold/engine/program"
)

// laptop is a machine that reads 300 prompt tokens a second and decodes 40.
func laptop(b *program.Batch) time.Duration {
	return 20*time.Millisecond + time.Duration(len(b.Tokens))*3300*time.Microsecond
}

// slow is one that takes longer for a token than a step should.
func slow(b *program.Batch) time.Duration { return 12 * laptop(b) }

// plain is a task that takes most tokens and notes when each came.
func plain(e *scripted, prompt []int32, most int, times *[]time.Time) Task {
	return Task{Prompt: prompt, Next: func(logits []float32) (int32, bool) {
		*times = append(*times, e.now())
		return argmax(logits), len(*times) != most
	}}
}

// gate lets the test start tasks between steps: open runs the next steps and
// returns when the one behind them has been put together.
func gate(t *testing.T, e *scripted) (open func(steps int)) {
	e.before = make(chan struct{})
	opened := int64(0)
	return func(steps int) {
		opened += int64(steps)
		for range steps {
			select {
			case e.before <- struct{}{}:
			case <-time.After(10 * time.Second):
				t.Error("the scheduler runs no step")
				return
			}
		}
		until(t, func() bool { return e.entered.Load() > opened })
	}
}

// until waits for something to become true.
func until(t *testing.T, done func() bool) {
	t.Helper()
	for range 10000 {
		if done() {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("waited in vain")
}

// waitFor waits until so many tasks have come that have not begun.
func waitFor(t *testing.T, s *Scheduler, n int) {
	t.Helper()
	until(t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return len(s.queue) >= n
	})
}

// TestLongPromptsLeaveOthersTheirTokens starts a prompt of 6,000 tokens beside
// a chat that decodes: the time between the chat's tokens stays bearable.
func TestLongPromptsLeaveOthersTheirTokens(t *testing.T) {
	for name, c := range map[string]struct {
		cost  func(*program.Batch) time.Duration
		bound time.Duration
	}{"laptop": {laptop, 200 * time.Millisecond}, "slow": {slow, 4 * 12 * 24 * time.Millisecond}} {
		s, e := newScripted(t, program.Limits{Rows: 512, Outputs: 32, Blocks: 600}, 8192)
		e.cost = c.cost
		open := gate(t, e)
		var chat, book []time.Time
		var wg sync.WaitGroup
		ctx, stop := context.WithCancel(t.Context())
		wg.Go(func() {
			if err := s.Run(ctx, plain(e, story(1, 100), 0, &chat)); !errors.Is(err, context.Canceled) {
				t.Errorf("%s: the chat ended with %v", name, err)
			}
		})
		open(5)
		started := e.ran()
		read := make(chan struct{})
		wg.Go(func() {
			defer close(read)
			defer stop()
			if err := s.Run(t.Context(), plain(e, story(2, 6000), 3, &book)); err != nil {
				t.Error(err)
			}
		})
		waitFor(t, s, 1)
	steps:
		for {
			select {
			case e.before <- struct{}{}:
			case <-read:
				break steps
			}
		}
		close(e.before)
		wg.Wait()
		worst := time.Duration(0)
		for i := 3; i < len(chat); i++ {
			worst = max(worst, chat[i].Sub(chat[i-1]))
		}
		if worst > c.bound {
			t.Errorf("%s: %v between two tokens of the chat, want at most %v", name, worst, c.bound)
		}
		// Nor is the prompt starved: its rows fill the time there is.
		steps := 0
		for _, rows := range e.batches[started:] {
			if rows > mostGuessed {
				steps++
			}
		}
		alone := c.cost(&program.Batch{Tokens: make([]int32, 6000)})
		if took := book[0].Sub(chat[4]); took > 2*alone || steps > 6000/leastRows+10 {
			t.Errorf("%s: the prompt took %v in %d steps, %v alone", name, took, steps, alone)
		}
	}
}

// TestQuestionsPassBooks starts short prompts behind a long one and a long one
// behind short ones: none waits for the others' end.
func TestQuestionsPassBooks(t *testing.T) {
	s, e := newScripted(t, program.Limits{Rows: 512, Outputs: 32, Blocks: 1000}, 8192)
	e.cost = laptop
	open := gate(t, e)
	var book []time.Time
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(t.Context(), plain(e, story(1, 6000), 1, &book)); err != nil {
			t.Error(err)
		}
	})
	open(2)
	questions := make([][]time.Time, 6)
	asked := e.now()
	for i := range questions {
		wg.Go(func() {
			if err := s.Run(t.Context(), plain(e, story(2+i, 80+4*i), 4, &questions[i])); err != nil {
				t.Error(err)
			}
		})
	}
	waitFor(t, s, 6)
	close(e.before)
	wg.Wait()
	for i, q := range questions {
		if wait := q[0].Sub(asked); wait > 6*time.Second || q[0].After(book[0]) {
			t.Errorf("question %d got its first token after %v, the book after %v", i, wait, book[0].Sub(asked))
		}
	}
}

// TestBooksAreNotStarved keeps short prompts coming: the book gets half of the
// rows all the same.
func TestBooksAreNotStarved(t *testing.T) {
	s, _ := newScripted(t, program.Limits{Rows: 512, Outputs: 32, Blocks: 1000}, 8192)
	s.pace.perRow = 1.0 / 299
	jobs := func(lengths ...int) []*job {
		var all []*job
		for i, n := range lengths {
			j := &job{task: Task{Prompt: story(i, n), Next: func([]float32) (int32, bool) { return 0, true }}}
			j.seq, _, _ = s.cache.Begin(nil)
			all = append(all, j)
		}
		return all
	}
	for _, c := range []struct {
		lengths  []int
		decoding int
		want     []int
	}{
		{[]int{6000}, 0, []int{512}},
		{[]int{6000}, 1, []int{44}},
		{[]int{6000, 300, 300, 300}, 0, []int{256, 256, 0, 0}},
		{[]int{6000, 300, 20, 40}, 0, []int{256, 196, 20, 40}},
		{[]int{20, 6000}, 0, []int{20, 492}},
		{[]int{6000, 300}, 1, []int{22, 22}},
	} {
		waiting := jobs(c.lengths...)
		if got := s.promptRows(waiting, c.decoding, c.decoding); !slices.Equal(got, c.want) {
			t.Errorf("prompts of %v beside %d decoding: rows %v, want %v", c.lengths, c.decoding, got, c.want)
		}
	}
	waiting := jobs(6000, 200)
	waiting[0].task.Next, waiting[0].task.Score = nil, func(int, []float32) {}
	if got := s.promptRows(waiting, 0, 0); got[0] != 31 || got[1] != 200 {
		t.Errorf("rows %v for a scored text and a question, want 31 and 200: an output is the question's", got)
	}
}

// TestCacheForTwo runs more chats than the cache can hold to their very end:
// those that started last wait, and nobody's answer is cut or changed.
func TestCacheForTwo(t *testing.T) {
	greedy := samplers()["greedy"]
	limits := program.Limits{Rows: 64, Outputs: 16, Blocks: 21}
	const chats, most = 5, 200
	for _, guess := range []bool{false, true} {
		s, e := newScripted(t, limits, 320)
		e.cost = flat
		var wg sync.WaitGroup
		for i := range chats {
			wg.Go(func() {
				p := story(i, 100)
				one, oe := newScripted(t, limits, 320)
				oe.cost = flat
				want, err := generate(t.Context(), one, p, greedy, false, most)
				if err != nil {
					t.Error(err)
				}
				a, err := generate(t.Context(), s, p, greedy, guess, most)
				if err != nil || !slices.Equal(a.tokens, want.tokens) {
					t.Errorf("guess %v, chat %d: %d tokens, %v, want %d", guess, i, len(a.tokens), err, len(want.tokens))
				}
			})
		}
		// A text that is scored beside them sees every position once.
		wg.Go(func() {
			at := 0
			err := s.Run(t.Context(), Task{Prompt: story(9, 300), Score: func(i int, _ []float32) {
				if i != at {
					t.Errorf("position %d is scored as number %d", i, at)
				}
				at++
			}})
			if err != nil || at != 300 {
				t.Errorf("%d positions scored, %v", at, err)
			}
		})
		wg.Wait()
	}
}

// TestCancellingOneLetsTheOthersRun cancels a chat in the middle of a step that
// is mostly another's: the step goes on.
func TestCancellingOneLetsTheOthersRun(t *testing.T) {
	s, e := newScripted(t, roomy, 512)
	open := gate(t, e)
	ctx, cancel := context.WithCancel(t.Context())
	var chat, book []time.Time
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := s.Run(ctx, plain(e, story(1, 20), 0, &chat)); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	open(2)
	wg.Go(func() {
		if err := s.Run(t.Context(), plain(e, story(2, 100), 2, &book)); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, s, 1)
	open(1)
	cancel() // one row of the step that waits now; the prompt has more
	time.Sleep(20 * time.Millisecond)
	close(e.before)
	wg.Wait()
	rows := 0
	for _, n := range e.batches {
		rows += n
	}
	if rows > 20+100+10 {
		t.Errorf("%d rows ran: some twice", rows)
	}
}
