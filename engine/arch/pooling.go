package arch

import (
	"freehold/engine/gguf"
	"freehold/engine/program"
)

// Pooling is how an embedding model makes one vector of a text's tokens, by its
// number in GGUF's pooling_type.
type Pooling int

// Poolings.
const (
	PoolNone  Pooling = iota // a vector for every token
	PoolMean                 // the mean over all tokens
	PoolFirst                // of the first token, [CLS]
	PoolLast                 // of the last token
	PoolRank                 // a head gives scores, not a vector
	poolings
)

// Embeds says whether the file holds an embedding model or a reranker.
func Embeds(f *gguf.File) bool {
	name, _ := f.Meta.String("general.architecture")
	_, pools := f.Meta.Value(name + ".pooling_type")
	return encoders[name] || pools
}

// readPooling finds out whether the file is an embedding model, and how it pools.
func (r *recorder) readPooling() {
	r.Bidirectional = !r.truth("attention.causal", !encoders[r.arch])
	if r.Embeds = Embeds(r.file); !r.Embeds {
		return
	}
	if r.Pooling = Pooling(r.count("pooling_type", int(poolings)-1)); r.Pooling != PoolRank {
		return
	}
	// A cross-encoder reads [CLS], a decoder has seen all only at the end.
	switch {
	case r.arch == "modern-bert":
		r.ranked = PoolMean
	case r.Bidirectional:
		r.ranked = PoolFirst
	default:
		r.ranked = PoolLast
	}
}

// rowsPooled is which rows the result is made of.
func (r *recorder) rowsPooled() Pooling {
	if r.Pooling == PoolRank {
		return r.ranked
	}
	return r.Pooling
}

// pool makes the result of an embedding model: x pooled, and what its heads make
// of that.
func (r *recorder) pool(x program.Buffer) {
	if !r.outputs {
		r.outputs = true
		dst := r.buffer("pooled", r.width(x))
		if r.rowsPooled() == PoolMean {
			r.record(program.MeanPool{X: x, Dst: dst})
		} else {
			r.record(program.SelectOutputs{X: x, Dst: dst})
		}
		x = dst
	}
	for _, name := range []string{"dense_2", "dense_3"} {
		if r.Pooling != PoolNone && r.holds(name+".weight") {
			x = r.dense(name, x)
		}
	}
	if r.Pooling == PoolRank {
		x = r.rank(x)
	}
	r.program.Logits, r.program.Vocab = x, r.width(x)
}

// rank is the head of a reranker.
func (r *recorder) rank(x program.Buffer) program.Buffer {
	if r.holds("cls.weight") {
		x = r.dense("cls", x)
		f := program.Tanh
		if r.arch == "modern-bert" {
			f = program.GELU
		}
		r.record(program.Activate{F: f, X: x, Dst: x})
	}
	if r.holds("cls.norm.weight") {
		x = r.layerNorm("cls.norm", x)
	}
	if r.holds("cls.output.weight") {
		x = r.dense("cls.output", x)
	}
	if r.arch == "qwen3" {
		r.record(program.Softmax{X: x})
	}
	return x
}

// dense multiplies x with name, of as many rows as it has, plus its bias if
// there is one.
func (r *recorder) dense(name string, x program.Buffer) program.Buffer {
	t, ok := r.file.Tensor(name + ".weight")
	if !ok || len(t.Shape) == 0 || len(t.Shape) > 2 || dimension(t.Shape, 1) > maxWidth {
		r.fail("tensor %s.weight is not a matrix", name)
		return x
	}
	width := dimension(t.Shape, 1)
	dst := r.buffer(name, width)
	r.record(program.Linear{X: x, Out: []program.Projection{r.projection(name, width, r.width(x), dst)}})
	return dst
}
