package arch

import "freehold/engine/program"

// bert is the family of BERT and the many embedders made of it (MiniLM, bge,
// e5, snowflake-arctic-embed): an encoder with learnt positions that normalizes
// behind each half of a layer (Devlin et al., 2018).
func bert(r *recorder) {
	bertWith(r, nil, func(b *layer) { b.add("ffn_down", b.ungated(program.GELU, b.x)) })
}

// nomicBert is BERT with rotary positions and SwiGLU (Nussbaum et al., 2024).
func nomicBert(r *recorder) {
	rope := r.rope(halves)
	bertWith(r, &rope, func(b *layer) { b.add("ffn_down", b.gated(program.SiLU, b.x)) })
}

// nomicBertMoE is nomicBert with plain networks, which are mixtures of experts in
// every other layer (Nussbaum & Duderstadt, 2025).
func nomicBertMoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, false)
	m.f, m.plain = program.GELU, true
	every := r.count("moe_every_n_layers", maxLayers)
	rope := r.rope(halves)
	bertWith(r, &rope, func(b *layer) {
		if every > 0 && b.index%every == 1 {
			b.addExperts(m, b.x)
		} else {
			b.add("ffn_down", b.ungated(program.GELU, b.x))
		}
	})
}

func bertWith(r *recorder, rope *int, feedForward func(b *layer)) {
	r.embed(1)
	if types := r.optionalRow("token_types.weight", 0, r.Embedding); types != nil {
		r.record(program.AddBias{X: r.x, Bias: types}) // of the first of two texts
	}
	if rope == nil {
		table := r.matrix("position_embd.weight", r.TrainedContext, r.Embedding)
		r.record(program.Embed{Table: table, Dst: r.x, Scale: 1, Positions: true, Accumulate: true})
	}
	r.layerNormInto("token_embd_norm", r.x, r.x)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(r.x)
		if b.holds("attn_q_norm.weight") {
			b.layerNormInPlace("attn_q_norm", q)
			b.layerNormInPlace("attn_k_norm", k)
		}
		if rope != nil {
			b.rotate(*rope, q, k)
		}
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		b.layerNormInPlace("attn_output_norm", r.x)
		feedForward(b)
		b.layerNormInPlace("layer_output_norm", r.x)
	}
	r.pool(r.x)
}
