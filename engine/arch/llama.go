package arch

import "freehold/engine/program"

// llama is the family of Llama 2, 3 and 3.x, CodeLlama, Mistral, Yi, TinyLlama,
// SmolLM2 and all who copied them: RMSNorm before each half of a layer, grouped
// query attention with rotary positions on adjacent pairs, SwiGLU, optional
// biases, an output matrix of its own or tied to the embedding
// (Touvron et al., 2023; Grattafiori et al., 2024). With experts it is Mixtral
// (Jiang et al., 2024). InternLM 2, XVERSE and the dense ERNIE 4.5 are the same
// under other names.
func llama(r *recorder) {
	if r.count("expert_count", maxExperts) == 0 {
		llamaWith(r, adjacent, denseNetwork)
		return
	}
	m := r.mixture(program.GateSoftmax, true)
	llamaWith(r, adjacent, func(b *layer) { b.addExperts(m, b.rmsNorm("ffn_norm", r.x)) })
}

// qwen2 is the family of Qwen 2 and 2.5: a llama with biases on queries, keys
// and values, and rotary positions that pair the two halves of a head
// (Yang et al., 2024).
func qwen2(r *recorder) { llamaWith(r, halves, denseNetwork) }

// phi3 is the family of Phi 3, 3.5 and 4: likewise, with queries, keys and values
// in one matrix and gate and up in another, sometimes with only a part of each
// head turned, and with longrope. The window that some files state is not used
// (Abdin et al., 2024).
func phi3(r *recorder) { llamaWith(r, halves, denseNetwork) }

// exaone is the family of EXAONE 3 and 3.5: likewise, with rope factors.
func exaone(r *recorder) { llamaWith(r, halves, denseNetwork) }

// baichuan is the family of Baichuan 2 7B. The 13B, known by the number of its
// layers, has linear biases of attention in place of rotary positions.
func baichuan(r *recorder) {
	if r.Layers != 32 {
		r.fail("a model of %d layers is not supported by this architecture, only the 7B with 32", r.Layers)
	}
	llamaWith(r, adjacent, denseNetwork)
}

// arcee is the family of AFM 4.5B: a llama with ReLU² in a network without gate
// (Arcee AI, 2025).
func arcee(r *recorder) {
	llamaWith(r, adjacent, func(b *layer) { b.add("ffn_down", b.ungated(program.ReLU2, b.rmsNorm("ffn_norm", r.x))) })
}

// seedOSS is the family of Seed-OSS 36B: a qwen2 whose second norm goes by another
// name (ByteDance, 2025).
func seedOSS(r *recorder) {
	llamaWith(r, halves, func(b *layer) { b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("post_attention_norm", r.x))) })
}

// denseNetwork is a gated feed-forward network behind its norm.
func denseNetwork(b *layer) {
	b.add("ffn_down", b.gated(program.SiLU, b.rmsNorm("ffn_norm", b.x)))
}

func llamaWith(r *recorder, p pairing, feedForward func(b *layer)) {
	rope := r.rope(p)
	r.embed(1)
	for i := range r.Layers {
		b := r.layer(i)
		q, k, v := b.queryKeyValue(b.rmsNorm("attn_norm", r.x))
		b.rotate(rope, q, k)
		a := b.attend(q, k, v, program.Attention{})
		b.selectOutputs(&a)
		b.add("attn_output", a)
		feedForward(b)
	}
	r.logits(r.rmsNorm("output_norm", r.x), 1)
}

// bailingMoE is the family of Ling Lite and Plus: a llama with experts, and some
// for all tokens (Ling team, 2025).
func bailingMoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, r.truth("expert_weights_norm", false))
	m.dense = 0
	llamaWith(r, adjacent, func(b *layer) { b.addMixed(m, b.rmsNorm("ffn_norm", b.x)) })
}

// deepseek is the family of DeepSeek MoE, the first of its makers with experts:
// a llama whose first layers are dense, with some experts for all tokens
// (DeepSeek-AI, 2024).
func deepseek(r *recorder) {
	m := r.mixture(program.GateSoftmax, false)
	llamaWith(r, adjacent, func(b *layer) { b.addMixed(m, b.rmsNorm("ffn_norm", b.x)) })
}

// ernieMoE is the family of ERNIE 4.5 with experts: a llama whose first layers
// are dense (Baidu, 2025).
func ernieMoE(r *recorder) {
	m := r.mixture(program.GateSoftmax, true)
	m.shared = r.count("expert_shared_feed_forward_length", maxWidth) > 0
	llamaWith(r, adjacent, func(b *layer) { b.addMixed(m, b.rmsNorm("ffn_norm", b.x)) })
}
