package arch

import (
	"math"

	"freehold/engine/program"
)

// gemma4 is the family of Gemma 4: a gemma3 whose values are normalized too and
// whose scores are not scaled. Layers with a window have narrower heads; the
// other ones leave most pairs of a head unturned, and may do without attn_v,
// their keys being the values. The small models (E2B, E4B) bring an input of its
// own for every layer, and their last layers attend to what earlier ones keep
// (Gemma Team, 2026).
func gemma4(r *recorder) {
	windows := r.windows(0, 6)
	window := r.plain(r.positive("rope.freq_base_swa", 10000))
	window.dim = r.integer("rope.dimension_count_swa", r.ropeDim, maxWidth)
	windowDim := r.integer("attention.key_length_swa", r.keyDim, maxWidth)
	if r.valueDim != r.keyDim || r.integer("attention.value_length_swa", windowDim, maxWidth) != windowDim {
		r.fail("keys and values of different width are not supported by this architecture")
		return
	}
	rope, windowRope := r.rope(halves), r.table(window)
	own := r.Layers - r.count("attention.shared_kv_layers", r.Layers-1) // layers that keep keys and values
	cached := map[bool]int{}                                            // the last cache layer with a window, and without

	var m mixture
	if r.count("expert_count", maxExperts) > 0 {
		m = r.mixture(program.GateSoftmax, true)
		m.f = program.GELU
	}
	r.embed(math.Sqrt(float64(r.Embedding)))
	inputs := r.layerInputs()
	for i := range r.Layers {
		b, table := r.layer(i), rope
		windowed := windows[i] > 0
		if windowed {
			b.keyDim, b.valueDim, table = windowDim, windowDim, windowRope
		}
		scores := program.Attention{Scale: 1, Window: windows[i], Layer: cached[windowed]}
		h := b.rmsNorm("attn_norm", r.x)
		var a program.Buffer
		if i < own {
			q, k, v := b.queryKeyMaybeValue(h)
			b.rmsNormHeads("attn_q_norm", q, b.keyDim)
			b.rmsNormHeads("attn_k_norm", k, b.keyDim)
			b.record(program.RMSNorm{X: v, Dst: v, Group: b.keyDim, Eps: b.eps(rmsEps)})
			b.rotate(table, q, k)
			cached[windowed] = len(r.program.Cache)
			a = b.attend(q, k, v, scores)
		} else {
			q := b.project(h, output{"attn_q", b.heads * b.keyDim})[0]
			b.rmsNormHeads("attn_q_norm", q, b.keyDim)
			b.record(program.Rope{X: q, Heads: b.heads, HeadDim: b.keyDim, Table: table})
			a = b.attendTo(q, scores)
		}
		b.selectOutputs(&a, &inputs)
		b.addNormed("attn_output", "post_attention_norm", a)
		if b.holds("ffn_gate_inp.weight") {
			b.addGemmaExperts(m)
		} else {
			b.addNormed("ffn_down", "post_ffw_norm", b.gated(program.GELU, b.rmsNorm("ffn_norm", r.x)))
		}
		b.addInput(inputs)
		if scale := b.optionalVector(b.prefix+"layer_output_scale.weight", 1); scale != nil {
			b.record(program.Scale{X: r.x, Factor: scale[0]})
		}
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
	r.capLogits(0)
}

// queryKeyMaybeValue is queryKeyValue, with the keys as values if there is no
// weight for those.
func (b *layer) queryKeyMaybeValue(x program.Buffer) (q, k, v program.Buffer) {
	if b.holds("attn_v.weight") || b.holds("attn_qkv.weight") {
		return b.queryKeyValue(x)
	}
	b.checkHeads()
	n := b.kvHeads * b.keyDim
	out := b.project(x, output{"attn_q", b.heads * b.keyDim}, output{"attn_k", n})
	q, k, v = out[0], out[1], b.buffer("attn_v", n)
	b.record(program.Copy{X: k, Dst: v, Width: n, Count: 1})
	return q, k, v
}

// inputWidth is the width of each layer's own input, 0 if there is none.
func (r *recorder) inputWidth() int { return r.count("embedding_length_per_layer_input", maxWidth) }

// layerInputs are the inputs of all layers side by side: the mean, but for a
// factor of √2, of what the token's embedding says and of a second embedding.
func (r *recorder) layerInputs() program.Buffer {
	n := r.inputWidth()
	if n == 0 {
		return program.NoBuffer
	}
	all := r.Layers * n
	table := r.matrix("per_layer_token_embd.weight", r.Vocab, all)
	looked, inputs := r.buffer("per_layer_token_embd", all), r.buffer("per_layer_model_proj", all)
	r.record(
		program.Embed{Table: table, Dst: looked, Scale: float32(math.Sqrt(float64(n)))},
		program.Linear{X: r.x, Out: []program.Projection{
			scaled(r.projection("per_layer_model_proj", all, r.Embedding, inputs), 1/math.Sqrt(float64(r.Embedding))),
		}},
		program.RMSNorm{X: inputs, Dst: inputs, Gain: r.vector("per_layer_proj_norm.weight", n), Group: n, Eps: r.eps(rmsEps)},
		program.Add{X: looked, Dst: inputs, Scale: 1},
		program.Scale{X: inputs, Factor: math.Sqrt2 / 2},
	)
	return inputs
}

// addInput lets the residual stream take from the layer's own input what it opens
// a gate for.
func (b *layer) addInput(inputs program.Buffer) {
	n := b.inputWidth()
	if n == 0 {
		return
	}
	input, gate := b.buffer("layer input", n), b.project(b.x, output{"inp_gate", n})[0]
	b.record(
		program.Copy{X: inputs, Dst: input, From: b.index * n, Width: n, Count: 1},
		program.Gated{F: program.GELU, Gate: gate, Up: input, Dst: gate},
	)
	b.addNormed("proj", "post_norm", gate)
}
