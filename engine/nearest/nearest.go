// Package nearest finds the vectors that are most like a given one. It looks at
// every vector, each value in a byte: exact enough to choose candidates from,
// fast enough for a million of them, and true after every change.
package nearest

// #cgo CFLAGS: -O3 -std=c11
// #include "scan.h"
import "C"

import (
	"cmp"
	"context"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Index holds vectors of one width. It is safe for concurrent use.
type Index struct {
	dim int

	mu     sync.RWMutex
	ids    []int64
	scales []float32 // value = byte × scale
	bytes  []int8    // dim for each vector
	place  map[int64]int
}

// Hit is a vector that was found.
type Hit struct {
	ID    int64
	Score float32 // dot product with the query
}

// New makes an empty index of vectors of dim values.
func New(dim int) *Index { return &Index{dim: dim, place: map[int64]int{}} }

// Dim is how many values each vector has.
func (x *Index) Dim() int { return x.dim }

// Len is how many vectors there are.
func (x *Index) Len() int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return len(x.ids)
}

// Put adds a vector or replaces the one with its id. It panics if v has not Dim
// values.
func (x *Index) Put(id int64, v []float32) {
	if len(v) != x.dim {
		panic("nearest: a vector of another width")
	}
	q := make([]int8, x.dim)
	scale := quantize(v, q)
	x.mu.Lock()
	defer x.mu.Unlock()
	at, known := x.place[id]
	if !known {
		at = len(x.ids)
		x.place[id] = at
		x.ids = append(x.ids, id)
		x.scales = append(x.scales, 0)
		x.bytes = append(x.bytes, q...)
	}
	x.scales[at] = scale
	copy(x.bytes[at*x.dim:], q)
}

// PutF16 is Put for a vector in the form of F16.
func (x *Index) PutF16(id int64, blob []byte) {
	v := make([]float32, x.dim)
	if len(blob) != 2*x.dim {
		panic("nearest: a vector of another width")
	}
	for i := range v {
		v[i] = half(uint16(blob[2*i]) | uint16(blob[2*i+1])<<8)
	}
	x.Put(id, v)
}

// Delete removes a vector, if it is there.
func (x *Index) Delete(id int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at, known := x.place[id]
	if !known {
		return
	}
	last := len(x.ids) - 1
	x.ids[at], x.scales[at] = x.ids[last], x.scales[last]
	copy(x.bytes[at*x.dim:(at+1)*x.dim], x.bytes[last*x.dim:])
	x.place[x.ids[at]] = at
	x.ids, x.scales, x.bytes = x.ids[:last], x.scales[:last], x.bytes[:last*x.dim]
	delete(x.place, id)
}

// quantize writes v as bytes and returns their scale. What is no number is 0.
func quantize(v []float32, q []int8) float32 {
	most := float32(0)
	for _, f := range v {
		if f < 0 {
			f = -f
		}
		if f > most && f <= math.MaxFloat32 {
			most = f
		}
	}
	if most == 0 {
		clear(q)
		return 0
	}
	scale, inverse := most/127, 127/most
	if math.IsInf(float64(inverse), 0) { // too small to tell apart
		clear(q)
		return 0
	}
	for i, f := range v {
		r := f * inverse
		switch {
		case r >= 127:
			q[i] = 127
		case r <= -127:
			q[i] = -127
		case r != r: // no number
			q[i] = 0
		default: // to the nearest, without asking for the sign: it is as often the one as the other
			half := math.Float32frombits(math.Float32bits(r)&(1<<31) | 0x3f000000)
			q[i] = int8(r + half)
		}
	}
	return scale
}

const (
	block    = 8192   // vectors that are scored in one call
	parallel = 32_768 // vectors from which on it takes several threads
)

// Search returns the k vectors with the highest scores, the best first; of
// those only that keep, if it is not nil, agrees to. When ctx ends it returns
// what it has found by then.
func (x *Index) Search(ctx context.Context, query []float32, k int, keep func(id int64) bool) []Hit {
	if len(query) != x.dim || k <= 0 || x.dim == 0 {
		return nil
	}
	q := make([]int8, x.dim)
	factor := quantize(query, q)
	x.mu.RLock()
	defer x.mu.RUnlock()
	n := len(x.ids)
	threads := 1
	if n >= parallel {
		threads = min(runtime.GOMAXPROCS(0), (n+block-1)/block, 8)
	}
	found := make([][]Hit, threads)
	var wg sync.WaitGroup
	for t := range threads {
		wg.Go(func() {
			found[t] = x.scan(ctx, q, factor, k, keep, n*t/threads, n*(t+1)/threads)
		})
	}
	wg.Wait()
	all := slices.Concat(found...)
	slices.SortFunc(all, better)
	return all[:min(k, len(all))]
}

func better(a, b Hit) int {
	if c := cmp.Compare(b.Score, a.Score); c != 0 {
		return c
	}
	return cmp.Compare(a.ID, b.ID)
}

// scan searches the vectors from one to another.
func (x *Index) scan(ctx context.Context, q []int8, factor float32, k int, keep func(int64) bool, from, to int) []Hit {
	scores := make([]float32, min(block, to-from))
	top := heap{most: k}
	for at := from; at < to && ctx.Err() == nil; at += block {
		n := min(block, to-at)
		C.fh_scan((*C.int8_t)(&x.bytes[at*x.dim]), (*C.float)(&x.scales[at]), C.int64_t(n), C.int64_t(x.dim), (*C.int8_t)(&q[0]), C.float(factor), (*C.float)(&scores[0]))
		for i, s := range scores[:n] {
			if len(top.hits) == k && s <= top.hits[0].Score {
				continue
			}
			if id := x.ids[at+i]; keep == nil || keep(id) {
				top.add(Hit{id, s})
			}
		}
	}
	return top.hits
}

// heap keeps the best hits, the worst of them on top.
type heap struct {
	most int
	hits []Hit
}

func (h *heap) add(x Hit) {
	if len(h.hits) < h.most {
		h.hits = append(h.hits, x)
		for i := len(h.hits) - 1; i > 0; {
			parent := (i - 1) / 2
			if h.hits[parent].Score <= h.hits[i].Score {
				break
			}
			h.hits[parent], h.hits[i] = h.hits[i], h.hits[parent]
			i = parent
		}
		return
	}
	h.hits[0] = x
	for i := 0; ; {
		least := i
		for _, child := range []int{2*i + 1, 2*i + 2} {
			if child < len(h.hits) && h.hits[child].Score < h.hits[least].Score {
				least = child
			}
		}
		if least == i {
			return
		}
		h.hits[i], h.hits[least] = h.hits[least], h.hits[i]
		i = least
	}
}
