package synthetic

import (
	"io"
	"math/rand/v2"

	"freehold/engine/tensor"
)

// random streams rows of normally distributed values in the given type.
type random struct {
	kind            tensor.Type
	rows, cols      int
	seed            uint64
	mean, deviation float64
	pools           pools
}

// A matrix of more values than distinctValues draws its rows from a pool that
// all such matrices of its type and width share: quantizing billions of values
// would take minutes, and speed does not depend on them.
const distinctValues = 1 << 18

// pools holds quantized rows by type and width.
type pools map[poolKey][]byte

type poolKey struct {
	kind tensor.Type
	cols int
}

// WriteTo writes all rows.
func (r *random) WriteTo(w io.Writer) (int64, error) {
	rng := rand.New(rand.NewPCG(r.seed, 0x9e3779b97f4a7c15))
	if r.pools == nil || r.rows*r.cols <= distinctValues {
		rows, err := r.draw(rng, r.rows)
		if err != nil {
			return 0, err
		}
		n, err := w.Write(rows)
		return int64(n), err
	}
	key := poolKey{r.kind, r.cols}
	pool, ok := r.pools[key]
	if !ok {
		var err error
		if pool, err = r.draw(rng, max(1, distinctValues/r.cols)); err != nil {
			return 0, err
		}
		r.pools[key] = pool
	}
	size, err := r.kind.RowBytes(r.cols)
	if err != nil {
		return 0, err
	}
	n := int64(0)
	for range r.rows {
		at := rng.IntN(len(pool)/size) * size
		k, err := w.Write(pool[at : at+size])
		n += int64(k)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// draw returns rows fresh rows.
func (r *random) draw(rng *rand.Rand, rows int) ([]byte, error) {
	size, err := r.kind.RowBytes(r.cols)
	if err != nil {
		return nil, err
	}
	if !r.kind.Writable() { // random bits do as well
		l, _ := r.kind.Layout()
		return Blocks(r.kind, rows*r.cols/l.Block, r.deviation, rng)
	}
	values, out := make([]float32, r.cols), make([]byte, rows*size)
	for i := range rows {
		for j := range values {
			values[j] = float32(r.mean + r.deviation*rng.NormFloat64())
		}
		if err := tensor.Quantize(r.kind, values, out[i*size:(i+1)*size]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
