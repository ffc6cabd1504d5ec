package arch

import "freehold/engine/program"

// mamba2 is the family of Mamba-2 and Codestral Mamba: nothing but layers with a
// recurrent state (Dao & Gu, 2024).
func mamba2(r *recorder) {
	space := r.stateSpace()
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		x := b.mamba(b.rmsNorm("attn_norm", r.x), space)
		b.selectOutputs(&x)
		b.add("ssm_out", x)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}

// falconH1 is the family of Falcon-H1: in every layer attention and Mamba-2 side
// by side, on the same input (TII, 2025).
func falconH1(r *recorder) {
	rope := r.rope(halves)
	space := r.stateSpace()
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		x := b.rmsNorm("attn_norm", r.x)
		q, k, v := b.queryKeyValue(x)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{Scale: float32(r.real("attention.scale", 0))})
		y := b.mamba(x, space)
		b.selectOutputs(&a, &y)
		b.add("attn_output", a)
		b.add("ssm_out", y)
		h := b.buffer("ffn_norm", r.Embedding)
		gain := b.vector(b.prefix+"ffn_norm", r.Embedding) // without .weight, in this family
		b.record(program.RMSNorm{X: r.x, Dst: h, Gain: gain, Eps: b.eps(rmsEps)})
		b.add("ffn_down", b.gated(program.SiLU, h))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
