package arch

import "freehold/engine/program"

// dots1 is the family of dots.llm1: every head's query and key is normalized,
// the first layers are dense, experts are chosen by a sigmoid with a bias, beside
// one for all tokens (rednote, 2025).
func dots1(r *recorder) { normedExperts(r, r.gating(program.GateSoftmax)) }

// bailingMoE2 is the family of Ling 2 and Ring 2, which compute the same
// (Ling team, 2025).
func bailingMoE2(r *recorder) { normedExperts(r, r.gating(program.GateSigmoid)) }

func normedExperts(r *recorder, gating program.Gating) {
	rope := r.rope(halves)
	m := r.mixture(gating, r.truth("expert_weights_norm", false))
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rmsNormHeads("attn_q_norm", q, b.keyDim)
		b.rmsNormHeads("attn_k_norm", k, b.keyDim)
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.addMixed(m, b.rmsNorm("ffn_norm", r.x))
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}
