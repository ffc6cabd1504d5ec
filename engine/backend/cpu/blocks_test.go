package cpu

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

// TestBlocksMoveBetweenExecutables computes a prompt in one executable and goes
// on with it in another.
func TestBlocksMoveBetweenExecutables(t *testing.T) {
	for _, b := range []program.Backend{New(Options{Threads: 2}), program.Reference{}} {
		t.Run(b.Name(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(15, 17))
			p := llamaProgram(t, r, shape{layers: 2, embedding: 96, heads: 4, kvHeads: 2, dim: 24, feedForward: 64, typ: tensor.F32})
			l := program.Limits{Rows: 64, Outputs: 64, Blocks: 8}
			from, to := compile(t, b, p, l), compile(t, b, p, l)
			s := newSequences(r, 1, 4)
			run(t, from, s.batch([]int{0}, []int{40}, false))
			next := s.batch([]int{0}, []int{1}, true)
			want := slices.Clone(run(t, from, next))

			block := make([]byte, from.BlockBytes())
			for i, id := range next.Tables[0] {
				if err := from.ReadBlock(id, block); err != nil {
					t.Fatal(err)
				}
				again := int32(7 - i)
				if err := to.WriteBlock(again, block); err != nil {
					t.Fatal(err)
				}
				back := make([]byte, len(block))
				if err := to.ReadBlock(again, back); err != nil || !bytes.Equal(back, block) {
					t.Errorf("block %d reads differently than it was written: %v", again, err)
				}
				next.Tables[0][i] = again
			}
			if !slices.Equal(run(t, to, next), want) {
				t.Error("moved blocks give other logits")
			}

			for _, bad := range []struct{ id, bytes int }{{-1, 0}, {8, 0}, {0, -1}, {0, 1}} {
				b := make([]byte, len(block)+bad.bytes)
				if from.ReadBlock(int32(bad.id), b) == nil || from.WriteBlock(int32(bad.id), b) == nil {
					t.Errorf("block %d with %d bytes was accepted", bad.id, len(b))
				}
			}
			if a, b := from.CacheLayout(), to.CacheLayout(); a != b || !strings.Contains(a, "2 layers of 2 heads of 24") {
				t.Errorf("layouts %q and %q", a, b)
			}
		})
	}
	e := compile(t, New(Options{}), llamaProgram(t, rand.New(rand.NewPCG(1, 1)), shape{layers: 1, embedding: 32, heads: 1, kvHeads: 1, dim: 32, feedForward: 32, typ: tensor.F32}), program.Limits{Rows: 1, Outputs: 1, Blocks: 1})
	block := make([]byte, e.BlockBytes())
	e.Close()
	if e.ReadBlock(0, block) == nil || e.WriteBlock(0, block) == nil || e.BlockBytes() != 0 {
		t.Error("a closed executable still has blocks")
	}
}
