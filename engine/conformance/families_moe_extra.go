package conformance

// Mixtures of experts of the ERNIE, Hunyuan, Ling and MiniMax models.

func init() {
	register("ernie4_5-moe", "ernie4_5-moe", "llama's layers, a dense one first, softmax with biases of choice", 4, func(m *model) {
		s := small
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_shared_feed_forward_length", 96)
		m.set("interleave_moe_layer_step", 1)
		m.set("leading_dense_block_count", 1)
		m.ends(s, true)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			if i == 0 {
				m.gated(b, s)
				return
			}
			m.mixtureFFN(b, s.width, eight)
			m.draw(b+"exp_probs_b.bias", gaussian(0, 0.05), eight.experts)
			m.sharedExpert(b, s.width, 96)
		})
	})
	register("hunyuan-moe", "hunyuan-moe", "query and key norms behind rope, shared expert", 3, func(m *model) {
		s := small
		s.ff = eight.ff
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_shared_feed_forward_length", 96)
		m.ends(s, true)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.headNorms(b, s.head)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
			m.sharedExpert(b, s.width, 96)
		})
	})
	register("bailingmoe2", "bailingmoe2", "fused attn_qkv, query and key norms, groups of experts, sigmoid with biases of choice, a dense layer first", 3, func(m *model) {
		s := small
		m.keys(s)
		m.sharedMixtureKeys()
		m.set("expert_gating_func", 2)
		m.set("expert_shared_feed_forward_length", eight.ff)
		m.set("expert_group_count", 4)
		m.set("expert_group_used_count", 2)
		m.set("rope.dimension_count", s.head/2)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.fusedAttention(b, s)
			m.headNorms(b, s.head)
			m.norm(b+"ffn_norm", s.width, 1)
			m.leadingDense(i, b, s)
		})
	})
	register("minimax-m2", "minimax-m2", "query and key norms over all heads, half of each head rotated, sigmoid with biases of choice", 3, func(m *model) {
		s := small
		s.ff = eight.ff
		m.keys(s)
		m.set("rope.dimension_count", s.head/2)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_gating_func", 2)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"attn_q_norm", s.q(), normedGain)
			m.norm(b+"attn_k_norm", s.kv(), normedGain)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
			m.draw(b+"exp_probs_b.bias", gaussian(0, 0.2), eight.experts)
		})
	})
	register("deepseek", "deepseek", "llama's layers, a dense one first, two shared experts", 3, func(m *model) {
		s := small
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_shared_count", 2)
		m.set("leading_dense_block_count", 1)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			if i == 0 {
				m.gated(b, s)
				return
			}
			m.mixtureFFN(b, s.width, eight)
			m.sharedExpert(b, s.width, 2*eight.ff)
		})
	})
	register("mistral4", "mistral4", "deepseek2 with queries scaled by position, YaRN", 3, func(m *model) {
		m.deepseek2(small, smallLatent, true)
		m.yarn(8, 32)
		m.set("rope.scaling.yarn_log_multiplier", 0.1)
		m.set("attention.temperature_scale", 0.1)
		m.set("attention.temperature_length", 16)
	})
	register("afmoe", "afmoe", "norms before and behind, gate on attention, windows, no rope in every fourth layer, a dense layer first, sigmoid with biases of choice", 5, func(m *model) {
		s := small
		m.keys(s)
		m.sharedMixtureKeys()
		m.set("expert_gating_func", 2)
		m.set("attention.sliding_window", window)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.headNorms(b, s.head)
			m.matrix(b+"attn_gate", s.width, s.q(), 1)
			m.norm(b+"post_attention_norm", s.width, 1)
			m.norm(b+"ffn_norm", s.width, 1)
			m.norm(b+"post_ffw_norm", s.width, 1)
			m.leadingDense(i, b, s)
		})
	})
	register("qwen3vlmoe", "qwen3vlmoe", "qwen3moe with rotary positions in sections, which are alike in text", 2, func(m *model) {
		s := small
		m.keys(s)
		m.set("rope.dimension_sections", []int{6, 5, 5, 0})
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.headNorms(b, s.head)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
		})
	})
}
