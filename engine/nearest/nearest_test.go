package nearest

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// clustered are vectors of length 1 around some centres, as embeddings are.
func clustered(rng *rand.Rand, n, dim, centres int) [][]float32 {
	middle := make([][]float32, centres)
	for i := range middle {
		middle[i] = random(rng, dim)
	}
	all := make([][]float32, n)
	for i := range all {
		v := random(rng, dim)
		for k, c := range middle[rng.IntN(centres)] {
			v[k] = c + 0.8*v[k]
		}
		all[i] = unit(v)
	}
	return all
}

func random(rng *rand.Rand, dim int) []float32 {
	v := make([]float32, dim)
	for i := range v {
		v[i] = float32(rng.NormFloat64())
	}
	return unit(v)
}

func unit(v []float32) []float32 {
	sum := 0.0
	for _, f := range v {
		sum += float64(f) * float64(f)
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

func dot(a, b []float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// TestScan compares scores with those of float values, for every width.
func TestScan(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for dim := 1; dim <= 1100; dim += 1 + dim/16 {
		x := New(dim)
		all := clustered(rng, 37, dim, 3)
		for i, v := range all {
			x.Put(int64(i), v)
		}
		q := random(rng, dim)
		hits := x.Search(t.Context(), q, len(all), nil)
		if len(hits) != len(all) {
			t.Fatalf("dim %d: %d hits", dim, len(hits))
		}
		for i, h := range hits {
			if off := math.Abs(float64(h.Score) - dot(q, all[h.ID])); off > 0.02 {
				t.Errorf("dim %d, vector %d: off by %g", dim, h.ID, off)
			}
			if i > 0 && h.Score > hits[i-1].Score {
				t.Errorf("dim %d: out of order", dim)
			}
		}
	}
}

// TestChanges compares an index that has been changed with one made at once.
func TestChanges(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	const dim = 48
	all := clustered(rng, 500, dim, 10)
	x, want := New(dim), New(dim)
	for i, v := range all {
		x.Put(int64(i), all[(i+7)%len(all)])
		x.Put(int64(i), v)
	}
	for i := range all {
		if i%3 == 0 {
			x.Delete(int64(i))
			x.Delete(int64(i))
		} else {
			want.PutF16(int64(i), F16(all[i]))
		}
	}
	if x.Len() != want.Len() {
		t.Fatalf("%d vectors, want %d", x.Len(), want.Len())
	}
	for range 20 {
		q := random(rng, dim)
		a, b := x.Search(t.Context(), q, 10, nil), want.Search(t.Context(), q, 10, nil)
		same := 0
		for _, h := range a {
			if slices.ContainsFunc(b, func(o Hit) bool { return o.ID == h.ID && math.Abs(float64(o.Score-h.Score)) < 2e-3 }) {
				same++
			}
		}
		if same < 9 { // the rounding to halves may swap the last
			t.Errorf("%v, want %v", a, b)
		}
	}
	odd := x.Search(t.Context(), all[1], 5, func(id int64) bool { return id%2 == 1 })
	if len(odd) != 5 || odd[0].ID != 1 {
		t.Errorf("filtered: %v", odd)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := x.Search(ctx, all[1], 5, nil); len(got) != 0 {
		t.Errorf("after its end: %v", got)
	}
}

func TestTogether(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	x := New(32)
	all := clustered(rng, 2000, 32, 5)
	var wg sync.WaitGroup
	wg.Go(func() {
		for i, v := range all {
			x.Put(int64(i), v)
			if i%5 == 0 {
				x.Delete(int64(i))
			}
		}
	})
	wg.Go(func() {
		for range 50 {
			x.Search(t.Context(), all[0], 10, nil)
		}
	})
	wg.Wait()
}

func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		if f := half(uint16(h)); f == f && !math.IsInf(float64(f), 0) {
			if got := toHalf(f); got != uint16(h) {
				t.Fatalf("%#x → %g → %#x", h, f, got)
			}
		}
	}
	for f, want := range map[float32]uint16{1e9: 0x7bff, float32(math.Inf(-1)): 0xfbff, 1.00048828125: 0x3c00, 1.0014648: 0x3c02, 5.9e-8: 1, 1e-9: 0} {
		if got := toHalf(f); got != want {
			t.Errorf("%g → %#x, want %#x", f, got, want)
		}
	}
	if got := toHalf(float32(math.NaN())); got&0x7fff != 0 {
		t.Errorf("no number → %#x", got)
	}
	if v := New(2); v.Search(t.Context(), []float32{1}, 1, nil) != nil {
		t.Error("a query of another width found something")
	}
}

// BenchmarkSearch tells the time of a query and, of int8 alone and with exact
// scores for the best 40, how many of the true best ten were found.
func BenchmarkSearch(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(4, 4))
			const dim = 384
			x := New(dim)
			centre := clustered(rng, 2000, dim, 200)
			sample := map[int64][]byte{}
			v := make([]float32, dim)
			for i := range n {
				c := centre[i%len(centre)]
				for k := range v {
					v[k] = c[k] + 0.05*float32(rng.NormFloat64())*0.6
				}
				unit(v)
				x.Put(int64(i), v)
				if n <= 100_000 {
					sample[int64(i)] = F16(v)
				}
			}
			q := random(rng, dim)
			copy(q, centre[5])
			for b.Loop() {
				x.Search(b.Context(), q, 40, nil)
			}
			if n > 100_000 {
				return
			}
			alone, exact, queries := 0, 0, 20
			for i := range queries {
				q := centre[i*31]
				var truth []Hit
				for id, blob := range sample {
					truth = append(truth, Hit{id, Dot16(blob, q)})
				}
				slices.SortFunc(truth, better)
				true10 := map[int64]bool{}
				for _, h := range truth[:10] {
					true10[h.ID] = true
				}
				hits := x.Search(b.Context(), q, 40, nil)
				for _, h := range hits[:10] {
					if true10[h.ID] {
						alone++
					}
				}
				for j := range hits {
					hits[j].Score = Dot16(sample[hits[j].ID], q)
				}
				slices.SortFunc(hits, better)
				for _, h := range hits[:10] {
					if true10[h.ID] {
						exact++
					}
				}
			}
			b.ReportMetric(float64(alone)/float64(10*queries), "recall@10")
			b.ReportMetric(float64(exact)/float64(10*queries), "recall@10-exact")
		})
	}
}
