package cpu

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// TestMeter measures under every kernel set: the figures must be there and
// within what any machine could do.
func TestMeter(t *testing.T) {
	defer ForceISA("")
	for _, isa := range ISAs() {
		if err := ForceISA(isa); err != nil {
			t.Fatal(err)
		}
		m, err := NewMeter(New(Options{Threads: 2}), leastMeterBytes+1)
		if err != nil {
			t.Fatal(err)
		}
		l, err := m.Measure(context.Background(), time.Millisecond)
		if err != nil {
			t.Fatal(err)
		}
		for name, v := range map[string][]float64{"read": l.Read, "int8": l.Int8, "f32": l.F32} {
			if len(v) == 0 || slices.Min(v) < 1e6 || slices.Max(v) > 1e15 {
				t.Errorf("%s: %s is %g a second", isa, name, v)
			}
		}
		t.Logf("%s: read %.1f GB/s, int8 %.0f GOP/s, f32 %.0f GOP/s", isa, slices.Max(l.Read)/1e9, slices.Max(l.Int8)/1e9, slices.Max(l.F32)/1e9)
		more := l
		more.Append(l)
		if len(more.Read) != 2*len(l.Read) || len(more.F32) != 2*len(l.F32) {
			t.Errorf("%s: Append lost measurements", isa)
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := m.Measure(ctx, time.Hour); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		m.Close()
		m.Close()
	}
	if _, err := NewMeter(New(Options{Threads: 1}), leastMeterBytes-1); err == nil {
		t.Error("a meter took memory that is not there")
	}
}
