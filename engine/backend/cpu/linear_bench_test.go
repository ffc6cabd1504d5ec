package cpu

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"freehold/engine/tensor"
)

// benchmarkLinear runs phase 2 on one thread, over as many weights as fill the
// given bytes, and reports weight bytes (GB/s) and useful operations (GOP/s,
// two for each multiply-add).
func benchmarkLinear(b *testing.B, typ tensor.Type, k, bytes, n int) {
	rowBytes, err := typ.RowBytes(k)
	if err != nil {
		b.Skip(err)
	}
	m := max(16, bytes/rowBytes/16*16)
	r := rand.New(rand.NewPCG(1, 2))
	one := weights(b, typ, "random", 16, k, r)
	w := aligned(m * rowBytes)
	for at := 0; at < len(w); at += len(one) {
		copy(w[at:], one)
	}
	l, err := newLinear(typ, w, m, k, n, false)
	if err != nil {
		b.Fatal(err)
	}
	x := make([]float32, n*k)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	l.quantize(x, k, 0, n)
	y := make([]float32, n*m)
	for b.Loop() {
		l.multiply(0, m, y, m, nil, false)
	}
	seconds := b.Elapsed().Seconds() / float64(b.N)
	b.ReportMetric(float64(len(w))/seconds/1e9, "GB/s")
	b.ReportMetric(2*float64(m)*float64(k)*float64(n)/seconds/1e9, "GOP/s")
	b.ReportMetric(0, "ns/op")
}

// Decode: one column, weights from the cores' own cache, the shared one, and memory.
func BenchmarkMatVec(b *testing.B) {
	for _, typ := range linearTypes {
		for _, k := range []int{576, 1536, 2048} {
			for _, kb := range []int{256, 4 << 10, 256 << 10} {
				b.Run(fmt.Sprintf("%v/k=%d/%dkB", typ, k, kb), func(b *testing.B) {
					benchmarkLinear(b, typ, k, kb<<10, 1)
				})
			}
		}
	}
}

// Batches of a few, and prefill.
func BenchmarkMatMul(b *testing.B) {
	for _, typ := range linearTypes {
		for _, k := range []int{576, 2048} {
			for _, n := range []int{2, 3, 4, 5, 6, 8, 12, 16, 32, 64, 512} {
				b.Run(fmt.Sprintf("%v/k=%d/n=%d", typ, k, n), func(b *testing.B) {
					benchmarkLinear(b, typ, k, 1<<20, n)
				})
			}
		}
	}
}

// Phase 1: gigabytes of floats quantized in a second.
func BenchmarkQuantizeActivations(b *testing.B) {
	for _, typ := range []tensor.Type{tensor.F32, tensor.F16, tensor.Q4_0, tensor.Q8_0, tensor.Q4_K} {
		for _, n := range []int{1, 512} {
			b.Run(fmt.Sprintf("%v/n=%d", typ, n), func(b *testing.B) {
				const k = 2048
				rowBytes, _ := typ.RowBytes(k)
				l, err := newLinear(typ, make([]byte, rowBytes), 1, k, n, false)
				if err != nil {
					b.Fatal(err)
				}
				x := make([]float32, n*k)
				for i := range x {
					x[i] = float32(i%17) - 8
				}
				for b.Loop() {
					l.quantize(x, k, 0, n)
				}
				b.ReportMetric(4*float64(len(x))/(b.Elapsed().Seconds()/float64(b.N))/1e9, "GB/s")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
