// Package program is the language in which a model's forward pass is written
// down. An architecture records a Program once: a straight list of ops over
// named activation buffers. A backend compiles it for its device and then runs
// it on batch after batch. The package also holds the reference interpreter,
// in plain Go, that says what every op means.
//
// A batch is a set of rows, one row a token. Rows may belong to different
// sequences: each row carries its token, its position, and the sequence whose
// KV cache it reads and writes. All activations are float32, row-major.
package program

import (
	"fmt"

	"freehold/engine/tensor"
)

// Weight is a matrix [Rows][Cols] in GGUF layout: Rows outputs of Cols inputs
// each. Data is usually a view into the mapped model file and is never written.
type Weight struct {
	Name       string
	Type       tensor.Type
	Rows, Cols int
	Data       []byte
}

// Buffer names an activation buffer of a Program by its index.
type Buffer int

// BufferSpec is the shape of an activation buffer: Width values in each row,
// and a row for every batch row or only for the rows whose logits are wanted.
type BufferSpec struct {
	Name    string
	Width   int
	Outputs bool // one row per Batch.Outputs entry instead of one per batch row
}

// RopeTable is a rotary position embedding: pair i of a head is turned by
// position × Freqs[i] radians and scaled by Magnitude. Frequency scaling
// (linear, llama3 factors, YaRN) is folded into Freqs when the table is made.
type RopeTable struct {
	Freqs     []float32 // one per rotated pair
	Magnitude float32   // 1 unless the scaling method also scales cos and sin
	Adjacent  bool      // pairs are (2i, 2i+1); otherwise (i, i+len(Freqs))
}

// CacheLayer is what one layer keeps per token: KVHeads keys and values of
// HeadDim each.
type CacheLayer struct {
	KVHeads, HeadDim int
}

// BlockTokens is the number of tokens in one block of the paged KV cache.
const BlockTokens = 32

// Program is a recorded forward pass. Ops run in order; the last one fills
// Logits, [outputs][Vocab].
type Program struct {
	Buffers []BufferSpec
	Ropes   []RopeTable
	Cache   []CacheLayer
	Ops     []Op
	Logits  Buffer
	Vocab   int
}

// Op is one step of a Program.
type Op interface{ op() }

// Embed looks up each row's token: Dst = Table[token] × Scale.
type Embed struct {
	Table *Weight
	Dst   Buffer
	Scale float32
}

// RMSNorm is Dst = X / √(mean(X²) + Eps) × Gain, row by row (Zhang & Sennrich, 2019).
type RMSNorm struct {
	X, Dst Buffer
	Gain   []float32
	Eps    float32
}

// Projection is one output of a Linear op: Dst = X · Weightᵀ + Bias, or
// Dst += … if Accumulate is set. Bias may be nil.
type Projection struct {
	Weight     *Weight
	Bias       []float32
	Dst        Buffer
	Accumulate bool
}

// Linear multiplies X with one or more weights. Weights that share an input
// belong in one op, so that a backend prepares the input once.
type Linear struct {
	X   Buffer
	Out []Projection
}

// Rope turns the heads of X in place by each row's position; heads are HeadDim
// wide, of which the first 2×len(Freqs) values are rotated (Su et al., 2021).
type Rope struct {
	X              Buffer
	Heads, HeadDim int
	Table          int
}

// StoreKV writes each row's K and V, [KVHeads][HeadDim], into its sequence's
// cache at its position, rounded to what the cache holds (Limits.KV).
type StoreKV struct {
	K, V  Buffer
	Layer int
}

// Attention is causal grouped-query attention: each row's query heads attend
// to all cached positions 0…position of its sequence, including those stored
// by this batch. Dst and Q are [Heads][HeadDim].
// Window > 0 limits it to the last Window positions.
type Attention struct {
	Q, Dst Buffer
	Layer  int
	Heads  int
	Scale  float32 // multiplies Q·K
	Window int
}

// SwiGLU is Dst = SiLU(Gate) × Up, value by value (Shazeer, 2020).
type SwiGLU struct {
	Gate, Up, Dst Buffer
}

// SelectOutputs copies the rows whose logits are wanted from X (all rows) to
// Dst (an Outputs buffer).
type SelectOutputs struct {
	X, Dst Buffer
}

func (Embed) op()         {}
func (RMSNorm) op()       {}
func (Linear) op()        {}
func (Rope) op()          {}
func (StoreKV) op()       {}
func (Attention) op()     {}
func (SwiGLU) op()        {}
func (SelectOutputs) op() {}

// Buffer adds an activation buffer with a row for every batch row.
func (p *Program) Buffer(name string, width int) Buffer {
	p.Buffers = append(p.Buffers, BufferSpec{Name: name, Width: width})
	return Buffer(len(p.Buffers) - 1)
}

// OutputBuffer adds an activation buffer with a row only for each wanted output.
func (p *Program) OutputBuffer(name string, width int) Buffer {
	p.Buffers = append(p.Buffers, BufferSpec{Name: name, Width: width, Outputs: true})
	return Buffer(len(p.Buffers) - 1)
}

// Record appends ops.
func (p *Program) Record(ops ...Op) { p.Ops = append(p.Ops, ops...) }

// Validate checks that every op's buffers, weights and layers exist and fit
// together, so that backends may rely on it.
func (p *Program) Validate() error {
	for i, c := range p.Cache {
		if c.KVHeads <= 0 || c.HeadDim <= 0 {
			return fmt.Errorf("cache layer %d has %d heads of %d", i, c.KVHeads, c.HeadDim)
		}
	}
	for i, op := range p.Ops {
		if err := p.check(op); err != nil {
			return fmt.Errorf("op %d (%T): %w", i, op, err)
		}
	}
	for i, r := range p.Ropes {
		if len(r.Freqs) == 0 {
			return fmt.Errorf("rope table %d is empty", i)
		}
	}
	if !p.has(p.Logits) || !p.Buffers[p.Logits].Outputs || p.Buffers[p.Logits].Width != p.Vocab {
		return fmt.Errorf("the logits buffer is not an output buffer of width %d", p.Vocab)
	}
	return nil
}

func (p *Program) has(b Buffer) bool { return b >= 0 && int(b) < len(p.Buffers) }

// same checks that all buffers exist, have width w and the same kind of rows.
func (p *Program) same(w int, bufs ...Buffer) error {
	for _, b := range bufs {
		if !p.has(b) {
			return fmt.Errorf("buffer %d does not exist", b)
		}
		s := p.Buffers[b]
		if s.Width != w {
			return fmt.Errorf("buffer %s is %d wide, not %d", s.Name, s.Width, w)
		}
		if s.Outputs != p.Buffers[bufs[0]].Outputs {
			return fmt.Errorf("buffers %s and %s differ in their rows", s.Name, p.Buffers[bufs[0]].Name)
		}
	}
	return nil
}

// allRows is same, for ops that need each batch row's token or position.
func (p *Program) allRows(w int, bufs ...Buffer) error {
	if err := p.same(w, bufs...); err != nil {
		return err
	}
	if s := p.Buffers[bufs[0]]; s.Outputs {
		return fmt.Errorf("buffer %s has no row for every batch row", s.Name)
	}
	return nil
}

func (p *Program) check(op Op) error {
	switch o := op.(type) {
	case Embed:
		if err := o.Table.check(); err != nil {
			return err
		}
		return p.allRows(o.Table.Cols, o.Dst)
	case RMSNorm:
		return p.same(len(o.Gain), o.X, o.Dst)
	case Linear:
		if len(o.Out) == 0 || !p.has(o.X) {
			return fmt.Errorf("no input or no output")
		}
		for _, out := range o.Out {
			if err := out.Weight.check(); err != nil {
				return err
			}
			if w := p.Buffers[o.X].Width; w != out.Weight.Cols {
				return fmt.Errorf("%s takes %d inputs, buffer %s is %d wide", out.Weight.Name, out.Weight.Cols, p.Buffers[o.X].Name, w)
			}
			if out.Bias != nil && len(out.Bias) != out.Weight.Rows {
				return fmt.Errorf("%s has %d outputs and %d biases", out.Weight.Name, out.Weight.Rows, len(out.Bias))
			}
			if err := p.same(out.Weight.Rows, out.Dst); err != nil {
				return err
			}
			if out.Dst == o.X {
				return fmt.Errorf("%s would overwrite its own input", out.Weight.Name)
			}
			if p.Buffers[out.Dst].Outputs != p.Buffers[o.X].Outputs {
				return fmt.Errorf("input and output of %s differ in their rows", out.Weight.Name)
			}
		}
	case Rope:
		if o.Table < 0 || o.Table >= len(p.Ropes) || 2*len(p.Ropes[o.Table].Freqs) > o.HeadDim {
			return fmt.Errorf("rope table %d does not fit heads of %d", o.Table, o.HeadDim)
		}
		return p.allRows(o.Heads*o.HeadDim, o.X)
	case StoreKV:
		l, err := p.layer(o.Layer)
		if err != nil {
			return err
		}
		return p.allRows(l.KVHeads*l.HeadDim, o.K, o.V)
	case Attention:
		l, err := p.layer(o.Layer)
		if err != nil {
			return err
		}
		if o.Heads%l.KVHeads != 0 {
			return fmt.Errorf("%d query heads do not share %d key-value heads evenly", o.Heads, l.KVHeads)
		}
		return p.allRows(o.Heads*l.HeadDim, o.Q, o.Dst)
	case SwiGLU:
		if !p.has(o.Dst) {
			return fmt.Errorf("buffer %d does not exist", o.Dst)
		}
		return p.same(p.Buffers[o.Dst].Width, o.Gate, o.Up, o.Dst)
	case SelectOutputs:
		if !p.has(o.X) || !p.has(o.Dst) {
			return fmt.Errorf("a buffer does not exist")
		}
		x, d := p.Buffers[o.X], p.Buffers[o.Dst]
		if x.Outputs || !d.Outputs || x.Width != d.Width {
			return fmt.Errorf("%s → %s is not a selection of outputs", x.Name, d.Name)
		}
	default:
		return fmt.Errorf("unknown op")
	}
	return nil
}

func (p *Program) layer(i int) (CacheLayer, error) {
	if i < 0 || i >= len(p.Cache) {
		return CacheLayer{}, fmt.Errorf("cache layer %d does not exist", i)
	}
	return p.Cache[i], nil
}

func (w *Weight) check() error {
	if w == nil {
		return fmt.Errorf("weight is missing")
	}
	n, err := w.Type.RowBytes(w.Cols)
	if err != nil {
		return fmt.Errorf("%s: %w", w.Name, err)
	}
	if w.Rows <= 0 || w.Cols <= 0 || len(w.Data) != n*w.Rows {
		return fmt.Errorf("%s: %d×%d %s needs %d bytes, has %d", w.Name, w.Rows, w.Cols, w.Type, n*w.Rows, len(w.Data))
	}
	return nil
}
