package arch

import "freehold/engine/program"

// nemotronH is the family of Nemotron-H and Nemotron Nano: each block is one of
// Mamba-2, attention without positions, or a network of squared ReLUs (NVIDIA,
// 2025). What a block is shows in what it has none of.
func nemotronH(r *recorder) {
	nemotronHWith(r, func(b *layer, x program.Buffer) {
		b.add("ffn_down", b.ungated(program.ReLU2, x))
	})
}

func nemotronHWith(r *recorder, feedForward func(b *layer, x program.Buffer)) {
	space := r.stateSpace()
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		x := b.rmsNorm("attn_norm", r.x)
		switch {
		case b.kvHeads == 0 && b.ff == 0:
			x = b.mamba(x, space)
			b.selectOutputs(&x)
			b.add("ssm_out", x)
		case b.ff == 0:
			q, k, v := b.queryKeyValue(x)
			x = b.attend(q, k, v, program.Attention{Scale: float32(r.real("attention.scale", 0))})
			b.selectOutputs(&x)
			b.add("attn_output", x)
		default:
			b.selectOutputs(&x)
			feedForward(b, x)
		}
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
