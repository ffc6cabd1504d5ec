package arch

import "freehold/engine/program"

// olmoe is the family of OLMoE: queries and keys are normalized over all heads
// at once, experts' shares are not made to add up to 1 (Muennighoff et al., 2024).
func olmoe(r *recorder) { olmoeWith(r, r.mixture(program.GateSoftmax, false)) }

// minimaxM2 is the family of MiniMax M2: the same, but that only part of each
// head is turned and experts are chosen by a sigmoid with a bias (MiniMax, 2025).
func minimaxM2(r *recorder) { olmoeWith(r, r.mixture(r.gating(program.GateSigmoid), true)) }

func olmoeWith(r *recorder, m mixture) {
	rope := r.rope(halves)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rmsNormInPlace("attn_q_norm", q)
		b.rmsNormInPlace("attn_k_norm", k)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addExperts(m, b.rmsNorm("ffn_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
