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

// nemotronHMoE is a nemotronH whose networks are experts, with squared ReLUs too,
// and one for all tokens. In the greater models the experts work on a narrower
// projection of the residual stream (NVIDIA, 2026).
func nemotronHMoE(r *recorder) {
	m := r.mixture(program.GateSigmoid, r.truth("expert_weights_norm", false))
	m.f, m.plain = program.ReLU2, true
	nemotronHWith(r, func(b *layer, x program.Buffer) {
		if !b.holds("ffn_gate_inp.weight") {
			b.add("ffn_down", b.ungated(program.ReLU2, x))
			return
		}
		if b.holds("ffn_latent_down.weight") {
			b.addLatentExperts(m, x)
		} else {
			b.addExperts(m, x)
		}
		up := b.project(x, output{"ffn_up_shexp", b.inputs("ffn_down_shexp")})[0]
		b.record(program.Activate{F: program.ReLU2, X: up, Dst: up})
		b.add("ffn_down_shexp", up)
	})
}

// addLatentExperts is addExperts for experts between two projections.
func (b *layer) addLatentExperts(m mixture, x program.Buffer) {
	narrow := b.project(x, output{"ffn_latent_down", b.inputs("ffn_latent_up")})[0]
	b.add("ffn_latent_up", b.mixed(m, narrow, b.project(x, output{"ffn_gate_inp", m.experts})[0]))
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
