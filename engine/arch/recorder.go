package arch

import (
	"math"
	"strings"

	"freehold/engine/program"
)

// recorder writes a family's forward pass down. Its methods record what most
// families have in common, each an op or a few; where a family differs it
// records ops itself. Values go from one to the next in buffers named after the
// tensor or step that fills them.
type recorder struct {
	*loader
	Config
	program *program.Program
	context int            // most tokens of a sequence
	x       program.Buffer // the residual stream

	// What each layer has; 0 heads or values mean none of that.
	heads, kvHeads, feedForward []int
	keyDim, valueDim            int // of a head
	ropeDim                     int // values of a head that are rotated

	embedding *program.Weight
	outputs   bool    // only rows whose logits are wanted go on
	ranked    Pooling // what a reranker's head reads
	buffers   map[bufferKey]program.Buffer
}

type bufferKey struct {
	name    string
	width   int
	outputs bool
}

// newRecorder reads the keys that all families share.
func newRecorder(l *loader, context int) *recorder {
	blocks := l.integer("block_count", required, maxLayers)
	r := &recorder{
		loader: l, program: &program.Program{}, buffers: map[bufferKey]program.Buffer{},
		Config: Config{
			Architecture:   l.arch,
			Layers:         blocks,
			Embedding:      l.integer("embedding_length", required, maxWidth),
			TrainedContext: l.integer("context_length", required, maxContext),
		},
		heads:       l.perLayer("attention.head_count", blocks, required, maxHeads),
		feedForward: l.perLayer("feed_forward_length", blocks, 0, maxWidth),
	}
	r.kvHeads = r.heads
	if l.has("attention.head_count_kv") {
		r.kvHeads = l.perLayer("attention.head_count_kv", blocks, 0, maxHeads)
	}
	// Blocks for the prediction of further tokens follow the layers.
	if extra := l.count("nextn_predict_layers", maxLayers); extra < blocks {
		r.Layers -= extra
	} else {
		l.fail("metadata key %s is %d, of %d layers", l.key("nextn_predict_layers"), extra, blocks)
	}
	head := 0
	if n := r.heads[0]; n > 0 {
		head = r.Embedding / n
		if r.Embedding%n != 0 && !l.has("attention.key_length") {
			l.fail("%d values do not divide into %d heads", r.Embedding, n)
		}
	}
	r.keyDim = l.integer("attention.key_length", head, maxWidth)
	r.valueDim = l.integer("attention.value_length", head, maxWidth)
	r.ropeDim = l.integer("rope.dimension_count", r.keyDim, maxWidth)
	if t, ok := l.file.Tensor("token_embd.weight"); ok && len(t.Shape) == 2 {
		r.Vocab = t.Shape[1]
	} else {
		l.fail("tensor token_embd.weight is missing or not a matrix")
	}
	r.program.Vocab = r.Vocab
	r.readPooling()
	if r.context = context; context <= 0 {
		r.context = r.TrainedContext
	}
	return r
}

// record appends ops.
func (r *recorder) record(ops ...program.Op) { r.program.Record(ops...) }

// width is the number of values in each row of a buffer.
func (r *recorder) width(b program.Buffer) int { return r.program.Buffers[b].Width }

// buffer is the buffer of this name and width; asking again gives the same one,
// except that behind selectOutputs it has rows only where logits are wanted.
func (r *recorder) buffer(name string, width int) program.Buffer {
	key := bufferKey{name, width, r.outputs}
	b, ok := r.buffers[key]
	switch {
	case ok:
	case r.outputs:
		b = r.program.OutputBuffer(name+" of outputs", width)
	default:
		b = r.program.Buffer(name, width)
	}
	r.buffers[key] = b
	return b
}

// embed fills the residual stream with the tokens' embeddings times scale.
func (r *recorder) embed(scale float64) {
	r.embedding = r.matrix("token_embd.weight", r.Vocab, r.Embedding)
	r.x = r.buffer("residual", r.Embedding)
	r.record(program.Embed{Table: r.embedding, Dst: r.x, Scale: float32(scale)})
}

// selectOutputs drops, from the residual stream and the other buffers, the rows
// whose logits nobody wants.
func (r *recorder) selectOutputs(others ...*program.Buffer) {
	r.outputs = true
	for _, b := range append(others, &r.x) {
		all := *b
		if all == program.NoBuffer {
			continue
		}
		*b = r.buffer(r.program.Buffers[all].Name, r.width(all))
		r.record(program.SelectOutputs{X: all, Dst: *b})
	}
}

// eps is what keeps a norm from dividing by nothing.
func (r *recorder) eps(key string) float32 { return float32(r.needReal(key)) }

const (
	rmsEps   = "attention.layer_norm_rms_epsilon"
	layerEps = "attention.layer_norm_epsilon"
)

// rmsNorm is x normalized by its root mean square, times name.weight, plus
// name.bias if there is one.
func (r *recorder) rmsNorm(name string, x program.Buffer) program.Buffer {
	dst := r.buffer(short(name), r.width(x))
	r.rmsNormInto(name, x, dst)
	return dst
}

func (r *recorder) rmsNormInto(name string, x, dst program.Buffer) {
	n := r.width(x)
	r.record(program.RMSNorm{X: x, Dst: dst, Gain: r.vector(name+".weight", n), Eps: r.eps(rmsEps)})
	if bias := r.optionalVector(name+".bias", n); bias != nil {
		r.record(program.AddBias{X: dst, Bias: bias})
	}
}

// layerNorm is x less its mean, divided by its deviation, times name.weight,
// plus name.bias if there is one.
func (r *recorder) layerNorm(name string, x program.Buffer) program.Buffer {
	dst := r.buffer(short(name), r.width(x))
	r.layerNormInto(name, x, dst)
	return dst
}

func (r *recorder) layerNormInto(name string, x, dst program.Buffer) {
	n := r.width(x)
	r.record(program.LayerNorm{
		X: x, Dst: dst, Eps: r.eps(layerEps),
		Gain: r.vector(name+".weight", n), Bias: r.optionalVector(name+".bias", n),
	})
}

// windows gives each layer's attention window, 0 for none: size positions, or
// what the file says, in the layers that the file chooses, or else in all but
// every period-th.
func (r *recorder) windows(size, period int) []int {
	windows := make([]int, r.Layers)
	if n := r.count("attention.sliding_window", maxContext); n > 0 {
		size = n
	}
	if size == 0 {
		return windows
	}
	for i, windowed := range r.chosen("attention.sliding_window_pattern", r.Layers, period, false) {
		if windowed {
			windows[i] = size
		}
	}
	return windows
}

// logits are x multiplied with the output matrix, which is that of the
// embeddings unless the file has one of its own, times scale. An embedding model
// gives x itself, pooled.
func (r *recorder) logits(x program.Buffer, scale float64) {
	if r.Embeds {
		r.pool(x)
		return
	}
	r.program.Logits = r.program.OutputBuffer("logits", r.Vocab)
	out := program.Projection{Weight: r.embedding, Dst: r.program.Logits}
	if r.holds("output.weight") {
		out = r.projection("output", r.Vocab, r.Embedding, r.program.Logits)
	}
	r.record(program.Linear{X: x, Out: []program.Projection{scaled(out, scale)}})
}

// capLogits is the softcap of the final logits; 0 is none unless the file asks
// for one.
func (r *recorder) capLogits(limit float64) {
	if limit = r.real("final_logit_softcapping", limit); limit > 0 && !r.Embeds {
		r.record(program.Softcap{X: r.program.Logits, Cap: float32(limit)})
	}
}

// short is a tensor's name without its layer's prefix.
func short(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func rsqrt(n int) float32 { return float32(1 / math.Sqrt(float64(n))) }
