package arch

import "freehold/engine/program"

// lfm2 is the family of LFM2 and 2.5: most layers are short convolutions between
// two gates, some attend (Liquid AI, 2025). A layer without key-value heads is a
// convolution.
func lfm2(r *recorder) {
	lfm2With(r, denseNetwork)
}

// lfm2MoE is LFM2 8B-A1B and its like: behind the first layers there are experts.
func lfm2MoE(r *recorder) {
	m := r.mixture(r.gating(program.GateSigmoid), true)
	lfm2With(r, func(b *layer) { b.addMixed(m, b.rmsNorm("ffn_norm", b.x)) })
}

func lfm2With(r *recorder, feedForward func(b *layer)) {
	rope := r.rope(halves)
	kernel := r.integer("shortconv.l_cache", required, 64)
	window := r.count("attention.sliding_window", maxContext)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		x, out := b.rmsNorm("attn_norm", r.x), "shortconv.out_proj"
		if b.kvHeads == 0 {
			x = b.shortConvolution(x, max(2, kernel))
		} else {
			q, k, v := b.queryKeyValue(x)
			b.rmsNormHeads("attn_q_norm", q, b.keyDim)
			b.rmsNormHeads("attn_k_norm", k, b.keyDim)
			b.rotate(rope, q, k)
			x, out = b.attend(q, k, v, program.Attention{Window: window}), "attn_output"
		}
		b.selectOutputs(&x)
		b.add(out, x)
		feedForward(b)
	}
	r.logits(r.rmsNorm("token_embd_norm", r.x), 1)
}

// shortConvolution is c × convolution(b × x), all three projected from x.
func (b *layer) shortConvolution(x program.Buffer, kernel int) program.Buffer {
	n := b.Embedding
	out := b.split("shortconv.in_proj", x, []output{{"before", n}, {"behind", n}, {"between", n}})
	before, behind, y := out[0], out[1], out[2]
	b.record(program.Multiply{X: y, By: before, Dst: y})
	y = b.convolve("shortconv.conv", y, kernel)
	b.record(program.Multiply{X: y, By: behind, Dst: y})
	return y
}
