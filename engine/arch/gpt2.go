package arch

import "freehold/engine/program"

// gpt2 is the family of GPT-2: learnt positions, LayerNorm before each half of a
// layer, a plain network, biases everywhere (Radford et al., 2019).
func gpt2(r *recorder) {
	r.embed(1)
	positions := r.matrix("position_embd.weight", r.TrainedContext, r.Embedding)
	r.record(program.Embed{Table: positions, Dst: r.x, Scale: 1, Positions: true, Accumulate: true})
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.layerNorm("attn_norm", r.x))
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", b.ungated(program.GELU, b.layerNorm("ffn_norm", r.x)))
	}
	r.logits(r.layerNorm("output_norm", r.x), 1)
}
