package arch

import "freehold/engine/program"

// starcoder2 is the family of StarCoder 2: LayerNorm before each half of a layer,
// a plain network, biases everywhere, rotary positions that pair the two halves
// of a head (Lozhkov et al., 2024).
func starcoder2(r *recorder) {
	layerNormed(r, func(b *layer, h program.Buffer) program.Buffer { return b.ungated(program.GELU, h) })
}

// nemotron is the family of Nemotron 4 and Minitron: likewise, with positions on
// a part of each head and ReLU² in the network (Parmar et al., 2024).
func nemotron(r *recorder) {
	layerNormed(r, func(b *layer, h program.Buffer) program.Buffer { return b.ungated(program.ReLU2, h) })
}

// orion is the family of Orion 14B: likewise, with a gated network
// (OrionStar, 2024).
func orion(r *recorder) {
	layerNormed(r, func(b *layer, h program.Buffer) program.Buffer { return b.gated(program.SiLU, h) })
}

func layerNormed(r *recorder, network func(b *layer, h program.Buffer) program.Buffer) {
	rope := r.rope(halves)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.layerNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.add("ffn_down", network(b, b.layerNorm("ffn_norm", r.x)))
	}
	r.logits(r.layerNorm("output_norm", r.x), 1)
}
