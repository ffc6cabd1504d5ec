package arch

import "freehold/engine/program"

// graniteHybrid is the family of Granite 4 H: most layers are Mamba-2, a few
// attend, usually without positions; embeddings, both branches and the logits
// are scaled (IBM, 2025). A layer without key-value heads is Mamba-2.
func graniteHybrid(r *recorder) {
	rope := -1
	if r.truth("rope.scaling.finetuned", true) {
		rope = r.rope(adjacent)
	}
	space := r.stateSpace()
	branch := r.real("residual_scale", 1)
	var m mixture
	if r.count("expert_count", maxExperts) > 0 {
		m = r.mixture(program.GateSoftmax, true)
		m.scale *= branch
	}
	r.embed(r.real("embedding_scale", 1))
	for i := range r.Layers {
		b := r.layer(i)
		x, out := b.rmsNorm("attn_norm", r.x), "ssm_out"
		if b.kvHeads == 0 {
			x = b.mamba(x, space)
		} else {
			q, k, v := b.queryKeyValue(x)
			if rope >= 0 {
				b.rotate(rope, q, k)
			}
			x, out = b.attend(q, k, v, program.Attention{Scale: float32(r.real("attention.scale", 0))}), "attn_output"
		}
		b.selectOutputs(&x)
		b.addScaled(out, x, branch)
		h := b.rmsNorm("ffn_norm", r.x)
		if m.experts == 0 {
			b.addScaled("ffn_down", b.gated(program.SiLU, h), branch)
			continue
		}
		b.addExperts(m, h)
		if m.shared {
			b.addSharedExpert(h, branch)
		}
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1/r.positive("logit_scale", 1))
}
