package schedule

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"freehold/engine/arch"
	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/synthetic"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// counting counts the rows that really run, and can be told to fail.
type counting struct {
	program.Executable
	rows   atomic.Int64
	widest atomic.Int64
	fail   atomic.Bool
	panics atomic.Bool
	slow   time.Duration
}

func (c *counting) Run(ctx context.Context, b *program.Batch) ([]float32, error) {
	c.rows.Add(int64(len(b.Tokens)))
	c.widest.Store(max(c.widest.Load(), int64(len(b.Tables))))
	if c.panics.Load() {
		panic("index out of range")
	}
	if c.fail.Load() {
		return nil, errors.New("the device is gone")
	}
	if c.slow > 0 {
		select {
		case <-time.After(c.slow):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return c.Executable.Run(ctx, b)
}

func newScheduler(t *testing.T, blocks, context int) (*Scheduler, *counting) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.gguf")
	shape := synthetic.Tiny()
	shape.Layers = 1
	if err := shape.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := arch.Load(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	limits := program.Limits{Rows: 24, Outputs: 8, Blocks: blocks}
	exec, err := program.Reference{}.Compile(m.Program, limits)
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{Executable: exec}
	s := New(c, Config{Context: context, Limits: limits, Vocab: m.Config.Vocab})
	t.Cleanup(func() {
		s.Close()
		f.Close()
	})
	return s, c
}

func prompt(seed, n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32((seed*131 + i*i*7 + i) % 300)
	}
	return p
}

// greedy runs a task that takes the best token n times.
func greedy(ctx context.Context, s *Scheduler, p []int32, n int) ([]int32, error) {
	var out []int32
	err := s.Run(ctx, Task{Prompt: p, Next: func(logits []float32) (int32, bool) {
		best := 0
		for i, l := range logits {
			if l > logits[best] {
				best = i
			}
		}
		out = append(out, int32(best))
		return int32(best), len(out) < n
	}})
	return out, err
}

func TestSequencesDoNotDisturbEachOther(t *testing.T) {
	ctx := context.Background()
	lengths := []int{1, 5, 31, 32, 33, 70, 64, 12}
	want := make([][]int32, len(lengths))
	for i, n := range lengths {
		s, _ := newScheduler(t, 64, 256)
		var err error
		if want[i], err = greedy(ctx, s, prompt(i, n), 20); err != nil {
			t.Fatal(err)
		}
	}
	s, c := newScheduler(t, 64, 256)
	for round := range 3 { // later rounds start from cached prefixes
		c.slow = 2 * time.Millisecond // lets all tasks arrive while the first runs
		var wg sync.WaitGroup
		for i, n := range lengths {
			wg.Go(func() {
				got, err := greedy(ctx, s, prompt(i, n), 20)
				if err != nil || !slices.Equal(got, want[i]) {
					t.Errorf("round %d, prompt %d: got %v, %v, want %v", round, i, got, err, want[i])
				}
			})
		}
		wg.Wait()
	}
	if c.widest.Load() < 4 {
		t.Errorf("at most %d sequences shared a batch", c.widest.Load())
	}
}

func TestPrefixIsNotComputedAgain(t *testing.T) {
	s, c := newScheduler(t, 64, 256)
	p := prompt(1, 100)
	first, err := greedy(context.Background(), s, p, 3)
	if err != nil {
		t.Fatal(err)
	}
	before := c.rows.Load()
	cached := 0
	var again []int32
	err = s.Run(context.Background(), Task{Prompt: p, Prefilled: func(_, n int) { cached = max(cached, n) },
		Next: func(logits []float32) (int32, bool) { again = append(again, argmax(logits)); return again[0], false }})
	if err != nil {
		t.Fatal(err)
	}
	if cached != 99 || c.rows.Load()-before != 1 {
		t.Errorf("%d tokens cached, %d rows computed; want 99 and 1", cached, c.rows.Load()-before)
	}
	if again[0] != first[0] {
		t.Errorf("the cached prefix gives token %d, want %d", again[0], first[0])
	}
}

func argmax(l []float32) int32 {
	best := 0
	for i := range l {
		if l[i] > l[best] {
			best = i
		}
	}
	return int32(best)
}

func TestCancel(t *testing.T) {
	s, c := newScheduler(t, 64, 256)
	c.slow = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	other := make(chan error, 1)
	go func() {
		_, err := greedy(context.Background(), s, prompt(9, 40), 10)
		other <- err
	}()
	time.AfterFunc(50*time.Millisecond, cancel)
	if _, err := greedy(ctx, s, prompt(2, 200), 1000); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if err := <-other; err != nil {
		t.Errorf("the other sequence ended with %v", err)
	}
	done, stop := context.WithCancel(context.Background())
	stop()
	if _, err := greedy(done, s, prompt(2, 5), 5); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestLimits(t *testing.T) {
	s, c := newScheduler(t, 5, 64)
	ctx := context.Background()
	if out, err := greedy(ctx, s, prompt(1, 60), 1000); !errors.Is(err, ErrContextFull) || len(out) != 5 {
		t.Errorf("got %d tokens and %v, want 5 and ErrContextFull", len(out), err)
	}
	if _, err := greedy(ctx, s, prompt(1, 65), 1); err == nil {
		t.Error("a prompt longer than the context was accepted")
	}
	if _, err := greedy(ctx, s, nil, 1); err == nil {
		t.Error("an empty prompt was accepted")
	}
	// More work than the cache holds at once still gets done.
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			if _, err := greedy(ctx, s, prompt(i, 40), 20); err != nil {
				t.Errorf("prompt %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	c.fail.Store(true)
	if _, err := greedy(ctx, s, prompt(3, 4), 2); err == nil {
		t.Error("a failing device gave no error")
	}
}

func TestScore(t *testing.T) {
	s, _ := newScheduler(t, 64, 256)
	p := prompt(4, 50)
	var rows [][]float32
	score := func(at int, logits []float32) {
		if at != len(rows) {
			t.Fatalf("position %d came as number %d", at, len(rows))
		}
		rows = append(rows, slices.Clone(logits))
	}
	if err := s.Run(context.Background(), Task{Prompt: p, Score: score}); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{1, 17, 50} {
		out, err := greedy(context.Background(), s, p[:n], 1)
		if err != nil {
			t.Fatal(err)
		}
		if out[0] != argmax(rows[n-1]) {
			t.Errorf("behind %d tokens: scored %d, generated %d", n, argmax(rows[n-1]), out[0])
		}
	}
}

func TestClose(t *testing.T) {
	s, c := newScheduler(t, 64, 256)
	c.slow = 10 * time.Millisecond
	errs := make(chan error)
	for i := range 3 {
		go func() {
			_, err := greedy(context.Background(), s, prompt(i, 30), 1000)
			errs <- err
		}()
	}
	time.Sleep(30 * time.Millisecond)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-errs; !errors.Is(err, ErrClosed) {
			t.Errorf("got %v, want ErrClosed", err)
		}
	}
	if err := s.Run(context.Background(), Task{Prompt: []int32{1}}); !errors.Is(err, ErrClosed) {
		t.Error(fmt.Errorf("got %w, want ErrClosed", err))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
