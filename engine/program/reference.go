package program

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"freehold/engine/tensor"
)

// Reference interprets programs in plain Go, one value at a time: it defines
// what the ops mean and is what every backend is tested against. It computes
// with dequantized weights in float32, summed in float64, and keeps its cache
// rounded as real backends do.
type Reference struct{}

// Name returns "reference".
func (Reference) Name() string { return "reference" }

// Compile checks the program and allocates its buffers and cache.
func (Reference) Compile(p *Program, l Limits) (Executable, error) {
	if err := p.Validate(); err != nil {
		return nil, err
	}
	e := &referenceRun{program: p, limits: l, bufs: make([][]float32, len(p.Buffers))}
	for i, s := range p.Buffers {
		rows := l.Rows
		if s.Outputs {
			rows = l.Outputs
		}
		e.bufs[i] = make([]float32, rows*s.Width)
	}
	for _, c := range p.Cache {
		n := l.Blocks * BlockTokens * c.KVHeads * c.HeadDim
		e.keys = append(e.keys, make([]float32, n))
		e.values = append(e.values, make([]float32, n))
	}
	return e, nil
}

type referenceRun struct {
	program      *Program
	limits       Limits
	bufs         [][]float32
	keys, values [][]float32 // per layer, [block][token in block][KVHeads][HeadDim]
	batch        *Batch
}

func (e *referenceRun) Run(ctx context.Context, b *Batch) ([]float32, error) {
	if err := b.Check(e.program, e.limits); err != nil {
		return nil, err
	}
	e.batch = b
	for i, op := range e.program.Ops {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := e.exec(op); err != nil {
			return nil, fmt.Errorf("op %d (%T): %w", i, op, err)
		}
	}
	return e.bufs[e.program.Logits][:len(b.Outputs)*e.program.Vocab], nil
}

func (e *referenceRun) CopyBlock(dst, src int32) error {
	if dst < 0 || src < 0 || int(dst) >= e.limits.Blocks || int(src) >= e.limits.Blocks {
		return fmt.Errorf("cache block %d or %d is outside the cache of %d", dst, src, e.limits.Blocks)
	}
	for i, c := range e.program.Cache {
		n := BlockTokens * c.KVHeads * c.HeadDim
		for _, s := range [][]float32{e.keys[i], e.values[i]} {
			copy(s[int(dst)*n:(int(dst)+1)*n], s[int(src)*n:(int(src)+1)*n])
		}
	}
	return nil
}

func (e *referenceRun) BlockBytes() int {
	n := 0
	for _, c := range e.program.Cache {
		n += 2 * 4 * BlockTokens * c.KVHeads * c.HeadDim
	}
	return n
}

func (e *referenceRun) CacheLayout() string {
	return fmt.Sprintf("reference %v %s", e.limits.KV, CacheShape(e.program))
}

func (e *referenceRun) ReadBlock(id int32, dst []byte) error {
	return e.block(id, dst, func(values []float32, b []byte) {
		for i, v := range values {
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		}
	})
}

func (e *referenceRun) WriteBlock(id int32, src []byte) error {
	return e.block(id, src, func(values []float32, b []byte) {
		for i := range values {
			values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	})
}

// block pairs the block's parts with those of b, which holds all of them.
func (e *referenceRun) block(id int32, b []byte, move func(values []float32, b []byte)) error {
	if err := CheckBlock(e, e.limits, id, b); err != nil {
		return err
	}
	for i, c := range e.program.Cache {
		n := BlockTokens * c.KVHeads * c.HeadDim
		for _, s := range [][]float32{e.keys[i], e.values[i]} {
			move(s[int(id)*n:(int(id)+1)*n], b[:4*n])
			b = b[4*n:]
		}
	}
	return nil
}

func (e *referenceRun) KVBytes() int64 {
	n := int64(0)
	for _, k := range e.keys {
		n += int64(len(k)) * 2
	}
	if e.limits.KV == KVQ8 {
		return n + n/16 // a scale for every 32 values
	}
	return 2 * n
}

func (e *referenceRun) Close() error { return nil }

// rows returns how many rows of the buffer the batch uses, and its width.
func (e *referenceRun) rows(b Buffer) (n, width int) {
	s := e.program.Buffers[b]
	if s.Outputs {
		return len(e.batch.Outputs), s.Width
	}
	return len(e.batch.Tokens), s.Width
}

// row returns row r of buffer b.
func (e *referenceRun) row(b Buffer, r int) []float32 {
	w := e.program.Buffers[b].Width
	return e.bufs[b][r*w : (r+1)*w]
}

func (e *referenceRun) exec(op Op) error {
	switch o := op.(type) {
	case Embed:
		return e.embed(o)
	case RMSNorm:
		e.rmsNorm(o)
	case Linear:
		return e.linear(o)
	case Rope:
		e.rope(o)
	case StoreKV:
		e.storeKV(o)
	case Attention:
		e.attention(o)
	case SwiGLU:
		n, _ := e.rows(o.Dst)
		for r := range n {
			gate, up, dst := e.row(o.Gate, r), e.row(o.Up, r), e.row(o.Dst, r)
			for i, g := range gate {
				dst[i] = float32(float64(g) / (1 + math.Exp(-float64(g))) * float64(up[i]))
			}
		}
	case SelectOutputs:
		for i, r := range e.batch.Outputs {
			copy(e.row(o.Dst, i), e.row(o.X, int(r)))
		}
	default:
		return fmt.Errorf("the reference interpreter does not know this op")
	}
	return nil
}

func (e *referenceRun) embed(o Embed) error {
	for r, t := range e.batch.Tokens {
		if err := o.Table.Row(int(t), e.row(o.Dst, r)); err != nil {
			return err
		}
		for i := range e.row(o.Dst, r) {
			e.row(o.Dst, r)[i] *= o.Scale
		}
	}
	return nil
}

func (e *referenceRun) rmsNorm(o RMSNorm) {
	n, _ := e.rows(o.X)
	for r := range n {
		x, dst := e.row(o.X, r), e.row(o.Dst, r)
		sum := 0.0
		for _, v := range x {
			sum += float64(v) * float64(v)
		}
		scale := 1 / math.Sqrt(sum/float64(len(x))+float64(o.Eps))
		for i, v := range x {
			dst[i] = float32(float64(v)*scale) * o.Gain[i]
		}
	}
}

func (e *referenceRun) linear(o Linear) error {
	n, cols := e.rows(o.X)
	w := make([]float32, cols)
	for _, out := range o.Out {
		for m := range out.Weight.Rows {
			if err := out.Weight.Row(m, w); err != nil {
				return err
			}
			for r := range n {
				sum := 0.0
				for i, v := range e.row(o.X, r) {
					sum += float64(v) * float64(w[i])
				}
				if out.Bias != nil {
					sum += float64(out.Bias[m])
				}
				dst := e.row(out.Dst, r)
				if out.Accumulate {
					dst[m] += float32(sum)
				} else {
					dst[m] = float32(sum)
				}
			}
		}
	}
	return nil
}

func (e *referenceRun) rope(o Rope) {
	t := e.program.Ropes[o.Table]
	pairs := len(t.Freqs)
	for r, pos := range e.batch.Positions {
		x := e.row(o.X, r)
		for h := range o.Heads {
			head := x[h*o.HeadDim : (h+1)*o.HeadDim]
			for i, f := range t.Freqs {
				a, b := i, i+pairs
				if t.Adjacent {
					a, b = 2*i, 2*i+1
				}
				sin, cos := math.Sincos(float64(pos) * float64(f))
				sin, cos = sin*float64(t.Magnitude), cos*float64(t.Magnitude)
				va, vb := float64(head[a]), float64(head[b])
				head[a], head[b] = float32(va*cos-vb*sin), float32(va*sin+vb*cos)
			}
		}
	}
}

// slot returns the offset of a position's values in the layer's cache.
func (e *referenceRun) slot(layer, sequence int, pos int32) int {
	c := e.program.Cache[layer]
	block := e.batch.Tables[sequence][pos/BlockTokens]
	return (int(block)*BlockTokens + int(pos%BlockTokens)) * c.KVHeads * c.HeadDim
}

func (e *referenceRun) storeKV(o StoreKV) {
	for r, pos := range e.batch.Positions {
		at := e.slot(o.Layer, int(e.batch.Sequences[r]), pos)
		e.round(e.keys[o.Layer][at:], e.row(o.K, r), e.program.Cache[o.Layer].HeadDim)
		e.round(e.values[o.Layer][at:], e.row(o.V, r), e.program.Cache[o.Layer].HeadDim)
	}
}

// round stores heads as the cache holds them.
func (e *referenceRun) round(dst, heads []float32, headDim int) {
	if e.limits.KV == KVF16 {
		for i, v := range heads {
			dst[i] = tensor.HalfToFloat(tensor.FloatToHalf(v))
		}
		return
	}
	copy(dst, heads)
	for head := range slices.Chunk(dst[:len(heads)], headDim) {
		for group := range slices.Chunk(head, 32) {
			tensor.RoundQ8(group)
		}
	}
}

func (e *referenceRun) attention(o Attention) {
	c := e.program.Cache[o.Layer]
	group := o.Heads / c.KVHeads
	for r, pos := range e.batch.Positions {
		first := int32(0)
		if o.Window > 0 {
			first = max(0, pos-int32(o.Window)+1)
		}
		for h := range o.Heads {
			q := e.row(o.Q, r)[h*c.HeadDim : (h+1)*c.HeadDim]
			dst := e.row(o.Dst, r)[h*c.HeadDim : (h+1)*c.HeadDim]
			head := h / group * c.HeadDim
			scores := make([]float64, pos-first+1)
			top := math.Inf(-1)
			for p := range scores {
				at := e.slot(o.Layer, int(e.batch.Sequences[r]), first+int32(p)) + head
				for i, k := range e.keys[o.Layer][at : at+c.HeadDim] {
					scores[p] += float64(q[i]) * float64(k)
				}
				scores[p] *= float64(o.Scale)
				top = max(top, scores[p])
			}
			sum, acc := 0.0, make([]float64, c.HeadDim)
			for p, s := range scores {
				weight := math.Exp(s - top)
				sum += weight
				at := e.slot(o.Layer, int(e.batch.Sequences[r]), first+int32(p)) + head
				for i, v := range e.values[o.Layer][at : at+c.HeadDim] {
					acc[i] += weight * float64(v)
				}
			}
			for i := range dst {
				dst[i] = float32(acc[i] / sum)
			}
		}
	}
}

// Row dequantizes row m into dst, Cols values.
func (w *Weight) Row(m int, dst []float32) error {
	n, err := w.Type.RowBytes(w.Cols)
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	return tensor.Dequantize(w.Type, w.Data[m*n:(m+1)*n], dst)
}
