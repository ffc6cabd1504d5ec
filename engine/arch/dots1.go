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
	m := r.mixture(gating, r.truth("expert_weights_norm", false))
	qwen3With(r, normThenTurn, func(b *layer) { b.addMixed(m, b.rmsNorm("ffn_norm", r.x)) })
}
