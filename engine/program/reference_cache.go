package program

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"freehold/engine/tensor"
)

// The reference interpreter's KV cache and what reads and writes it.

// parts calls f with each layer's values in the block, keys and then values.
func (e *referenceRun) parts(id int32, f func(values []float32)) {
	for i, c := range e.program.Cache {
		k, v := BlockTokens*c.KVHeads*c.HeadDim, BlockTokens*c.KVHeads*c.ValueDim
		f(e.keys[i][int(id)*k : (int(id)+1)*k])
		f(e.values[i][int(id)*v : (int(id)+1)*v])
	}
}

func (e *referenceRun) BlockBytes() int {
	n := 0
	for _, c := range e.program.Cache {
		n += 4 * BlockTokens * c.KVHeads * (c.HeadDim + c.ValueDim)
	}
	return n
}

func (e *referenceRun) CacheLayout() string {
	return fmt.Sprintf("reference %v %s", e.limits.KV, CacheShape(e.program))
}

func (e *referenceRun) CopyBlock(dst, src int32) error {
	if dst < 0 || src < 0 || int(dst) >= e.limits.Blocks || int(src) >= e.limits.Blocks {
		return fmt.Errorf("cache block %d or %d is outside the cache of %d", dst, src, e.limits.Blocks)
	}
	b := make([]byte, e.BlockBytes())
	if err := e.ReadBlock(src, b); err != nil {
		return err
	}
	return e.WriteBlock(dst, b)
}

func (e *referenceRun) ReadBlock(id int32, dst []byte) error {
	if err := CheckBlock(e, e.limits, id, dst); err != nil {
		return err
	}
	e.parts(id, func(values []float32) { dst = put(dst, values) })
	return nil
}

func (e *referenceRun) WriteBlock(id int32, src []byte) error {
	if err := CheckBlock(e, e.limits, id, src); err != nil {
		return err
	}
	e.parts(id, func(values []float32) { src = take(src, values) })
	return nil
}

// put writes the values to b and returns what is left of it.
func put(b []byte, values []float32) []byte {
	for i, v := range values {
		binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
	}
	return b[4*len(values):]
}

// take reads the values from b and returns what is left of it.
func take(b []byte, values []float32) []byte {
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return b[4*len(values):]
}

// BufferBytes is what a real backend's activations would take.
func (e *referenceRun) BufferBytes() int64 {
	n := int64(0)
	for _, s := range e.program.Buffers {
		rows := e.limits.Rows
		if s.Outputs {
			rows = e.limits.Outputs
		}
		n += 4 * int64(rows) * int64(s.Width)
	}
	return n
}

// KVBytes is what a real backend's cache would take.
func (e *referenceRun) KVBytes() int64 {
	n := int64(0)
	for i := range e.keys {
		n += int64(len(e.keys[i]) + len(e.values[i]))
	}
	switch e.limits.KV {
	case KVQ8:
		return n + n/16 // a scale of two bytes for every 32 values
	case KVQ4:
		return n/2 + n/16
	case KVF32:
		return 4 * n
	}
	return 2 * n
}

// slot returns the offset of a position's values in a layer's cache of keys or
// values of width dim.
func (e *referenceRun) slot(layer, dim, sequence int, pos int32) int {
	block := e.batch.Tables[sequence][pos/BlockTokens]
	return (int(block)*BlockTokens + int(pos%BlockTokens)) * e.program.Cache[layer].KVHeads * dim
}

func (e *referenceRun) storeKV(o StoreKV) {
	c := e.program.Cache[o.Layer]
	for r, pos := range e.batch.Positions {
		s := int(e.batch.Sequences[r])
		e.round(e.keys[o.Layer][e.slot(o.Layer, c.HeadDim, s, pos):], e.row(o.K, r), c.HeadDim)
		e.round(e.values[o.Layer][e.slot(o.Layer, c.ValueDim, s, pos):], e.row(o.V, r), c.ValueDim)
	}
}

// round stores heads as the cache holds them.
func (e *referenceRun) round(dst, heads []float32, dim int) {
	copy(dst, heads)
	dst = dst[:len(heads)]
	switch e.limits.KV {
	case KVF16:
		for i, v := range dst {
			dst[i] = tensor.HalfToFloat(tensor.FloatToHalf(v))
		}
	case KVQ8, KVQ4:
		for head := range slices.Chunk(dst, dim) {
			for group := range slices.Chunk(head, 32) {
				if e.limits.KV == KVQ8 {
					tensor.RoundQ8(group)
				} else {
					tensor.RoundQ4(group)
				}
			}
		}
	}
}

func (e *referenceRun) attention(o Attention) {
	c := e.program.Cache[o.Layer]
	group := o.Heads / c.KVHeads
	for r, pos := range e.batch.Positions {
		s := int(e.batch.Sequences[r])
		first, last := e.sees(o, s, pos)
		for h := range o.Heads {
			q := e.row(o.Q, r)[h*c.HeadDim : (h+1)*c.HeadDim]
			dst := e.row(o.Dst, r)[h*c.ValueDim : (h+1)*c.ValueDim]
			scores := make([]float64, 0, last-first+2)
			for p := range last - first + 1 {
				at := e.slot(o.Layer, c.HeadDim, s, first+p) + h/group*c.HeadDim
				x := dot(q, e.keys[o.Layer][at:at+c.HeadDim]) * float64(o.Scale)
				if o.Softcap > 0 {
					x = float64(o.Softcap) * math.Tanh(x/float64(o.Softcap))
				}
				scores = append(scores, x)
			}
			if o.Sinks != nil { // takes its share, and has no value
				scores = append(scores, float64(o.Sinks[h]))
			}
			softmax(scores)
			acc := make([]float64, c.ValueDim)
			for p := range last - first + 1 {
				at := e.slot(o.Layer, c.ValueDim, s, first+p) + h/group*c.ValueDim
				for i, v := range e.values[o.Layer][at : at+c.ValueDim] {
					acc[i] += scores[p] * float64(v)
				}
			}
			for i, v := range acc {
				dst[i] = float32(v)
			}
		}
	}
}

// sees returns the first and last position that a row at pos attends to.
func (e *referenceRun) sees(o Attention, sequence int, pos int32) (first, last int32) {
	first, last = 0, pos
	if !o.Bidirectional {
		if o.Window > 0 {
			first = max(0, pos-int32(o.Window)+1)
		}
		return first, last
	}
	for r, s := range e.batch.Sequences {
		if int(s) == sequence {
			last = e.batch.Positions[r]
		}
	}
	if o.Window > 0 {
		first = max(first, pos-int32(o.Window/2))
		last = min(last, pos+int32(o.Window/2))
	}
	return first, last
}
