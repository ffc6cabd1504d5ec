//go:build unix

package cpu

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"freehold/engine/program"
)

// benchmarkAttention runs rows new tokens of one sequence at a depth, and
// reports the CPU time of all threads beside the wall time.
func benchmarkAttention(b *testing.B, heads, kvHeads, dim, depth, rows, threads int) {
	r := rand.New(rand.NewPCG(1, 2))
	blocks := (depth+rows)/program.BlockTokens + 1
	p := attentionProgram(b, r, heads, kvHeads, dim, 0)
	e := compile(b, New(Options{Threads: threads}), p, program.Limits{Rows: 512, Outputs: 1, Blocks: blocks})
	s := newSequences(r, 1, blocks)
	for at := 0; at < depth; at += 512 {
		run(b, e, withoutOutputs(s.batch([]int{0}, []int{min(512, depth-at)}, false)))
	}
	batch := withoutOutputs(s.batch([]int{0}, []int{rows}, false))
	before := processTime(b)
	for b.Loop() {
		if _, err := e.Run(context.Background(), batch); err != nil {
			b.Fatal(err)
		}
	}
	cpu := (processTime(b) - before).Seconds() / float64(b.N)
	pairs := float64(rows) * (float64(depth) + float64(rows+1)/2)
	b.ReportMetric(cpu*1e6, "cpu-µs/op")
	b.ReportMetric(pairs*float64(4*heads*dim)/cpu/1e9, "GFLOP/cpu-s")
	b.ReportMetric(float64(depth+rows)*float64(4*kvHeads*dim)/cpu/1e9, "cacheGB/cpu-s")
}

func BenchmarkAttention(b *testing.B) {
	for _, m := range []struct {
		name                string
		heads, kvHeads, dim int
	}{{"smollm2-135m", 9, 3, 64}, {"llama-8b", 32, 8, 128}} {
		for _, c := range []struct{ depth, rows int }{{512, 1}, {4096, 1}, {0, 512}, {4096, 16}} {
			for _, threads := range []int{1, 2} {
				b.Run(fmt.Sprintf("%s/depth=%d/rows=%d/threads=%d", m.name, c.depth, c.rows, threads), func(b *testing.B) {
					benchmarkAttention(b, m.heads, m.kvHeads, m.dim, c.depth, c.rows, threads)
				})
			}
		}
	}
}

// BenchmarkBarrier reports what a phase of two chunks costs beyond the work in
// them: on two threads an ideal phase takes half the time of one thread.
func BenchmarkBarrier(b *testing.B) {
	for _, threads := range []int{1, 2} {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			pool := startedPool(b, threads)
			b.ResetTimer()
			pool.phases(b.N, 2, 20000)
		})
	}
}
