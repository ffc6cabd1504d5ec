//go:build unix

package cpu

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"freehold/engine/program"
)

// benchmarkAttention runs rows new tokens of one sequence at a depth through the
// attention of so many layers, and reports the time of one and what it reads.
func benchmarkAttention(b *testing.B, layers, heads, kvHeads, dim, depth, rows, threads int, kv program.KVType) {
	r := rand.New(rand.NewPCG(1, 2))
	blocks := (depth+rows)/program.BlockTokens + 1
	p := attentionProgram(b, r, heads, kvHeads, dim, 0)
	for i := 1; i < layers; i++ {
		p.Cache = append(p.Cache, p.Cache[0])
		for _, op := range p.Ops[3:5] { // store and attend
			switch o := op.(type) {
			case program.StoreKV:
				o.Layer = i
				p.Record(o)
			case program.Attention:
				o.Layer = i
				p.Record(o)
			}
		}
	}
	e := compile(b, New(Options{Threads: threads}), p, program.Limits{Rows: 512, Outputs: 1, Blocks: blocks, KV: kv})
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
	cpu := (processTime(b) - before).Seconds() / float64(b.N*layers)
	wall := b.Elapsed().Seconds() / float64(b.N*layers)
	pairs := float64(rows) * (float64(depth) + float64(rows+1)/2)
	b.ReportMetric(wall*1e6, "µs/layer")
	b.ReportMetric(pairs*float64(4*heads*dim)/cpu/1e9, "GFLOP/cpu-s")
	b.ReportMetric(float64(depth+rows)/float64(blocks*program.BlockTokens)*float64(e.KVBytes())/float64(layers)/wall/1e9, "cacheGB/s")
	b.ReportMetric(0, "ns/op")
}

func BenchmarkAttention(b *testing.B) {
	for _, m := range []struct {
		name                        string
		layers, heads, kvHeads, dim int
	}{{"smollm2-135m", 30, 9, 3, 64}, {"llama-1b", 16, 32, 8, 64}, {"llama-8b", 8, 32, 8, 128}} {
		for _, c := range []struct{ depth, rows int }{{512, 1}, {4096, 1}, {0, 512}, {4096, 16}} {
			for _, threads := range []int{1, 2} {
				for _, kv := range kvKinds {
					b.Run(fmt.Sprintf("%s/depth=%d/rows=%d/threads=%d/%v", m.name, c.depth, c.rows, threads, kv), func(b *testing.B) {
						benchmarkAttention(b, m.layers, m.heads, m.kvHeads, m.dim, c.depth, c.rows, threads, kv)
					})
				}
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
