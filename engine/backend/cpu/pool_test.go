package cpu

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

// startedPool returns a backend whose threads run until the test ends.
func startedPool(t testing.TB, threads int) *backend {
	t.Helper()
	b := New(Options{Threads: threads}).(*backend)
	if _, err := b.retain(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.release)
	return b
}

func TestPoolRunsEveryChunkOnce(t *testing.T) {
	for _, threads := range []int{1, 2, 3, 8} {
		b := startedPool(t, threads)
		for _, chunks := range []int{0, 1, 2, 3, 100, 32767, 32769, 100000} {
			counts := make([]int32, chunks+1)
			b.counted(counts[:max(1, chunks)])
			for i, n := range counts[:max(1, chunks)] {
				if n != 1 {
					t.Fatalf("%d threads, %d chunks: chunk %d ran %d times", threads, chunks, i, n)
				}
			}
		}
		// Many short phases, some after pauses long enough to fall asleep.
		for range 20 {
			counts := make([]int32, 7)
			for range 500 {
				b.counted(counts)
			}
			if !slices.Equal(counts, slices.Repeat([]int32{500}, 7)) {
				t.Fatalf("%d threads: %v", threads, counts)
			}
			time.Sleep(3 * time.Millisecond)
		}
	}
}

func TestThreadsEndWithLastExecutable(t *testing.T) {
	count := func() int {
		tasks, err := os.ReadDir("/proc/self/task")
		if err != nil {
			t.Skip("threads are counted through /proc, which is not here")
		}
		return len(tasks)
	}
	p := attentionProgram(t, rand.New(rand.NewPCG(1, 1)), 2, 1, 16, 0)
	l := program.Limits{Rows: 4, Outputs: 4, Blocks: 4}
	before := count()
	b := New(Options{Threads: 20})
	first, second := compile(t, b, p, l), compile(t, b, p, l)
	if n := count(); n < before+19 {
		t.Errorf("%d threads with a pool of 20, %d before", n, before)
	}
	first.Close()
	run(t, second, &program.Batch{Tokens: []int32{1}, Positions: []int32{0}, Sequences: []int32{0}, Tables: [][]int32{{0}}})
	second.Close()
	// The Go runtime may have started a few threads of its own meanwhile.
	if n := count(); n > before+10 {
		t.Errorf("%d threads after Close, %d before", n, before)
	}
	third := compile(t, b, p, l) // the backend can be used again
	run(t, third, &program.Batch{Tokens: []int32{1}, Positions: []int32{0}, Sequences: []int32{0}, Tables: [][]int32{{0}}})
}

// heavyProgram takes a while: layers of square products.
func heavyProgram(t testing.TB, r *rand.Rand, width, layers int) *program.Program {
	p := &program.Program{Vocab: vocabulary}
	x, y := p.Buffer("x", width), p.Buffer("y", width)
	last := p.OutputBuffer("last", width)
	p.Logits = p.OutputBuffer("logits", vocabulary)
	p.Record(program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, width, 1), Dst: x, Scale: 1})
	w := randomWeight(t, r, tensor.F32, width, width, 1/math.Sqrt(float64(width)))
	for range layers {
		p.Record(program.Linear{X: x, Out: []program.Projection{{Weight: w, Dst: y}}},
			program.Linear{X: y, Out: []program.Projection{{Weight: w, Dst: x}}})
	}
	p.Record(program.SelectOutputs{X: x, Dst: last}, program.Linear{X: last, Out: []program.Projection{
		{Weight: randomWeight(t, r, tensor.F32, vocabulary, width, 1), Dst: p.Logits}}})
	return p
}

func TestCancel(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	e := compile(t, New(Options{Threads: 2}), heavyProgram(t, r, 512, 150), program.Limits{Rows: 128, Outputs: 1, Blocks: 4})
	batch := newSequences(r, 1, 4).batch([]int{0}, []int{128}, false)
	batch.Outputs = []int32{127}
	start := time.Now()
	want := run(t, e, batch)
	full := time.Since(start)

	for range 5 {
		ctx, cancel := context.WithTimeout(context.Background(), full/20)
		start = time.Now()
		_, err := e.Run(ctx, batch)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled after %v of %v: %v", time.Since(start), full, err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := e.Run(ctx, batch); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before: %v", err)
	}
	if got := run(t, e, batch); !slices.Equal(got, want) {
		t.Error("a run after cancelled ones gives other logits")
	}
}

// Executables of one backend take turns, and waiting for one's turn ends with
// the context.
func TestTurns(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	b := New(Options{Threads: 2})
	p := heavyProgram(t, r, 256, 40)
	l := program.Limits{Rows: 64, Outputs: 1, Blocks: 4}
	batch := newSequences(r, 1, 4).batch([]int{0}, []int{64}, false)
	batch.Outputs = []int32{63}
	want := run(t, compile(t, b, p, l), batch)
	var wait sync.WaitGroup
	for range 4 {
		e := compile(t, b, p, l)
		wait.Go(func() {
			for range 3 {
				if got, err := e.Run(context.Background(), batch); err != nil || !slices.Equal(got, want) {
					t.Errorf("beside others: %v, or other logits", err)
				}
			}
		})
	}
	wait.Wait()

	e := compile(t, b, p, l)
	if err := b.(*backend).begin(context.Background()); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	if _, err := e.Run(ctx, batch); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for a turn: %v", err)
	}
	b.(*backend).end()
}

func TestExp(t *testing.T) {
	for _, isa := range ISAs() {
		if err := ForceISA(isa); err != nil {
			t.Fatal(err)
		}
		var x []float32
		for v := -87.2; v < 88; v += 0.000973 {
			x = append(x, float32(v))
		}
		y := slices.Clone(x)
		exponentials(y)
		for i, v := range y {
			want := math.Exp(float64(x[i]))
			if math.Abs(float64(v)-want) > 1.2e-7*want {
				t.Fatalf("%s: exp(%v) is %v, want %v", isa, x[i], v, want)
			}
		}
		edges := []float32{0, float32(math.Inf(-1)), -1e30, -88, 1e30}
		exponentials(edges)
		if !slices.Equal(edges[:4], []float32{1, 0, 0, 0}) || edges[4] < 1e38 {
			t.Errorf("%s: at the edges %v", isa, edges)
		}
	}
	ForceISA("")
}

func TestThreadsDefault(t *testing.T) {
	b := New(Options{}).(*backend)
	if b.threads < 1 || b.threads > runtime.NumCPU() {
		t.Errorf("%d threads on %d processors", b.threads, runtime.NumCPU())
	}
}
