package benchmark

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

func tiny(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	l := synthetic.Tiny()
	l.Type = tensor.Q8_0
	if err := l.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRun(t *testing.T) {
	tests := map[string]Test{
		"pp40":        {Prompt: 40},
		"tg5":         {Generate: 5},
		"pp600@d70":   {Prompt: 600, Depth: 70}, // more than a batch
		"pp7+tg3":     {Prompt: 7, Generate: 3},
		"tg3x4@d33":   {Generate: 3, Depth: 33, Sequences: 4},
		"pp4+tg3x2":   {Prompt: 4, Generate: 3, Sequences: 2},
		"tg1x64@d100": {Generate: 1, Depth: 100, Sequences: 64},
	}
	var all []Test
	for _, test := range tests {
		all = append(all, test)
	}
	b, err := Open(tiny(t), all, Options{Threads: 2, LimitsTime: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if b.Threads() != 2 {
		t.Errorf("%d threads, want 2", b.Threads())
	}
	for name, test := range tests {
		calls := 0
		r, err := b.Run(context.Background(), test, 2, func(int) { calls++ })
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if r.Test != name || calls != 2 || len(r.Samples) != 2 || r.TokensPerSecond <= 0 {
			t.Errorf("%s: %+v after %d calls", name, r, calls)
		}
		if mean := (r.Samples[0] + r.Samples[1]) / 2; math.Abs(mean/r.TokensPerSecond-1) > 1e-9 {
			t.Errorf("%s: %g tokens a second, but the mean is %g", name, r.TokensPerSecond, mean)
		}
		if r.Limits == nil || r.Limits.ReadGBPerSecond <= 0 || r.Limits.BestReadGBPerSecond < r.Limits.ReadGBPerSecond || r.ReadShare <= 0 || r.ComputeShare <= 0 {
			t.Errorf("%s: limits %+v, shares %g and %g", name, r.Limits, r.ReadShare, r.ComputeShare)
		}
	}
}

// TestWork checks the bytes and operations of a pass against the shape.
func TestWork(t *testing.T) {
	b, err := Open(tiny(t), []Test{{Generate: 1}}, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	const (
		qkv   = 64 * (64 + 32 + 32)
		rest  = 64*64 + 3*64*96 // attention output and feed-forward
		vocab = 320 * 64
	)
	// The last layer's rest is computed for outputs only.
	rows, outputs := 2*qkv+rest, rest+vocab
	const bytes = 34.0 / 32 // of a value in Q8_0
	for _, c := range []struct {
		test       Test
		bytes, ops int
	}{
		{Test{Generate: 10}, 10 * (rows + outputs), 20 * (rows + outputs)},
		{Test{Generate: 10, Sequences: 8}, 10 * (rows + outputs), 160 * (rows + outputs)},
		{Test{Prompt: 100}, rows + outputs, 2 * (100*rows + outputs)},
		{Test{Prompt: 600, Sequences: 2}, 2 * (2*rows + outputs), 4 * (600*rows + outputs)},
	} {
		gotBytes, gotOps := b.work.of(c.test)
		if gotBytes != float64(c.bytes)*bytes || gotOps != float64(c.ops) {
			t.Errorf("%s: %g bytes and %g operations, want %g and %d", c.test.Name(), gotBytes, gotOps, float64(c.bytes)*bytes, c.ops)
		}
	}
	if b.work.float {
		t.Error("Q8_0 counts as a float type")
	}
}

// TestExpertWork counts the experts that rows choose, not all of them.
func TestExpertWork(t *testing.T) {
	w := work{experts: []expertWork{{count: 8, used: 2, bytes: 10, elements: 100}}}
	for _, c := range []struct {
		test       Test
		bytes, ops float64
	}{
		{Test{Generate: 10}, 10 * 10 * 2, 10 * 2 * 2 * 100},
		{Test{Generate: 10, Sequences: 2}, 10 * 10 * 3.5, 2 * 10 * 2 * 2 * 100}, // 2 and of the 6 others a quarter
		{Test{Prompt: 500}, 10 * 8, 500 * 2 * 2 * 100},
	} {
		bytes, ops := w.of(c.test)
		if math.Abs(bytes-c.bytes) > 1e-9*c.bytes || ops != c.ops {
			t.Errorf("%s: %g bytes and %g operations, want %g and %g", c.test.Name(), bytes, ops, c.bytes, c.ops)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	path := tiny(t)
	for want, test := range map[string]Test{
		"negative":       {Prompt: -1, Generate: 2},
		"needs a prompt": {Depth: 3},
		"not possible":   {Prompt: 1 << 30},
		"at once":        {Generate: 1, Sequences: 65},
	} {
		if _, err := Open(path, []Test{test}, Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", test, err, want)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "none.gguf"), []Test{{Generate: 1}}, Options{}); err == nil {
		t.Error("a file that is not there was opened")
	}
}

func TestRunStops(t *testing.T) {
	test := Test{Generate: 2}
	b, err := Open(tiny(t), []Test{test}, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	ctx, cancel := context.WithCancel(context.Background())
	if _, err := b.Run(ctx, test, 1000, func(done int) {
		if done == 1 {
			cancel()
		}
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
