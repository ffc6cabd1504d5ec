package arch

import (
	"fmt"
	"math"

	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/tensor"
)

// Bounds on what a file may claim, so that a damaged or hostile one cannot make
// the engine allocate without limit.
const (
	maxLayers  = 512
	maxWidth   = 1 << 20
	maxHeads   = 1 << 12
	maxContext = 1 << 26
)

// loader claims a file's keys and tensors by name. The first thing that is
// missing or odd is kept in err, so that a forward pass can be written without
// a check on every line.
type loader struct {
	file *gguf.File
	arch string
	err  error
}

func (l *loader) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf(format, args...)
	}
}

// integer reads {arch}.key, which must lie in [1, limit]; a missing key gives
// fallback, or an error if that is 0. Some keys hold one value per layer; they
// must then all be equal.
func (l *loader) integer(key string, fallback, limit int) int {
	key = l.arch + "." + key
	v, ok := l.file.Meta.Uint(key)
	if !ok {
		if list, isList := l.file.Meta.Ints(key); isList && len(list) > 0 {
			for _, e := range list {
				if e != list[0] {
					l.fail("metadata key %s differs between layers, which this architecture does not allow", key)
					return 1
				}
			}
			v, ok = uint64(list[0]), true
		}
	}
	if !ok {
		if fallback == 0 {
			l.fail("metadata key %s is missing; the file is incomplete", key)
			return 1
		}
		return fallback
	}
	if v < 1 || v > uint64(limit) {
		l.fail("metadata key %s is %d, outside 1…%d", key, v, limit)
		return 1
	}
	return int(v)
}

// real reads {arch}.key as a finite number, fallback if it is missing.
func (l *loader) real(key string, fallback float64) float64 {
	v, ok := l.file.Meta.Float(l.arch + "." + key)
	if !ok {
		return fallback
	}
	if math.IsNaN(v) || math.IsInf(v, 0) {
		l.fail("metadata key %s.%s is not a finite number", l.arch, key)
		return fallback
	}
	return v
}

// text reads {arch}.key, "" if it is missing.
func (l *loader) text(key string) string {
	s, _ := l.file.Meta.String(l.arch + "." + key)
	return s
}

// config reads the keys that all decoder families share.
func (l *loader) config() Config {
	c := Config{
		Architecture:   l.arch,
		Layers:         l.integer("block_count", 0, maxLayers),
		Embedding:      l.integer("embedding_length", 0, maxWidth),
		FeedForward:    l.integer("feed_forward_length", 0, maxWidth),
		Heads:          l.integer("attention.head_count", 0, maxHeads),
		TrainedContext: l.integer("context_length", 0, maxContext),
		NormEps:        float32(l.real("attention.layer_norm_rms_epsilon", 1e-5)),
	}
	c.KVHeads = l.integer("attention.head_count_kv", c.Heads, maxHeads)
	if c.Embedding%c.Heads != 0 && l.integer("attention.key_length", c.Embedding, maxWidth) == c.Embedding {
		l.fail("%d values do not divide into %d heads", c.Embedding, c.Heads)
	}
	c.HeadDim = l.integer("attention.key_length", max(1, c.Embedding/c.Heads), maxWidth)
	if v := l.integer("attention.value_length", c.HeadDim, maxWidth); v != c.HeadDim {
		l.fail("values of %d beside keys of %d are not supported by this architecture", v, c.HeadDim)
	}
	c.RopeDim = l.integer("rope.dimension_count", c.HeadDim, maxWidth)
	if c.RopeDim > c.HeadDim || c.RopeDim%2 != 0 {
		l.fail("metadata key %s.rope.dimension_count is %d; it must be even and at most the head's %d", l.arch, c.RopeDim, c.HeadDim)
	}
	if c.Heads%c.KVHeads != 0 {
		l.fail("%d attention heads do not share %d key-value heads evenly", c.Heads, c.KVHeads)
	}
	if t, ok := l.file.Tensor("token_embd.weight"); ok && len(t.Shape) == 2 {
		c.Vocab = t.Shape[1]
	} else {
		l.fail("tensor token_embd.weight is missing or not a matrix")
		c.Vocab = 1
	}
	return c
}

// matrix claims the weight [rows][cols] called name.
func (l *loader) matrix(name string, rows, cols int) *program.Weight {
	t, ok := l.file.Tensor(name)
	if !ok {
		l.fail("tensor %s is missing; the file is incomplete", name)
		return &program.Weight{Name: name}
	}
	if len(t.Shape) != 2 || t.Shape[0] != cols || t.Shape[1] != rows {
		l.fail("tensor %s has shape %v, want [%d %d]", name, t.Shape, cols, rows)
		return &program.Weight{Name: name}
	}
	return &program.Weight{Name: name, Type: t.Type, Rows: rows, Cols: cols, Data: t.Data}
}

// vector claims the n values called name, converted to float32.
func (l *loader) vector(name string, n int) []float32 {
	if v := l.optionalVector(name, n); v != nil {
		return v
	}
	l.fail("tensor %s is missing; the file is incomplete", name)
	return nil
}

// optionalVector is vector, but nil if the file has no such tensor.
func (l *loader) optionalVector(name string, n int) []float32 {
	t, ok := l.file.Tensor(name)
	if !ok {
		return nil
	}
	if t.Elements() != int64(n) {
		l.fail("tensor %s has shape %v, want [%d]", name, t.Shape, n)
		return nil
	}
	v := make([]float32, n)
	if err := tensor.Dequantize(t.Type, t.Data, v); err != nil {
		l.fail("tensor %s: %w", name, err)
	}
	return v
}

// block claims tensors of one layer.
func (l *loader) block(i int) layer { return layer{l, fmt.Sprintf("blk.%d.", i)} }

type layer struct {
	l      *loader
	prefix string
}

// norm claims a normalisation's gain.
func (b layer) norm(name string, n int) []float32 {
	return b.l.vector(b.prefix+name+".weight", n)
}

// project claims a weight and, if there is one, its bias, as a projection into dst.
func (b layer) project(name string, cols, rows int, dst program.Buffer) program.Projection {
	return program.Projection{
		Weight: b.l.matrix(b.prefix+name+".weight", rows, cols),
		Bias:   b.l.optionalVector(b.prefix+name+".bias", rows),
		Dst:    dst,
	}
}

// add is project, but adds to what dst holds.
func (b layer) add(name string, cols, rows int, dst program.Buffer) program.Projection {
	p := b.project(name, cols, rows, dst)
	p.Accumulate = true
	return p
}

// selectOutputs records the copy of the rows whose logits are wanted and
// returns the buffer that holds them.
func selectOutputs(p *program.Program, b program.Buffer) program.Buffer {
	dst := p.OutputBuffer(p.Buffers[b].Name+" of outputs", p.Buffers[b].Width)
	p.Record(program.SelectOutputs{X: b, Dst: dst})
	return dst
}

func rsqrt(n int) float32 { return float32(1 / math.Sqrt(float64(n))) }
