package conformance

// Mixtures of experts that fewer people use.

func init() {
	register("glm4moe", "glm4moe", "a dense layer first, sigmoid with biases of choice, shared expert, query and key norms, half of each head rotated", 3, func(m *model) {
		s := small
		m.keys(s)
		m.set("rope.dimension_count", s.head/2)
		m.sharedMixtureKeys()
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.bias(b+"attn_q", s.q())
			m.bias(b+"attn_k", s.kv())
			m.bias(b+"attn_v", s.kv())
			m.headNorms(b, s.head)
			m.norm(b+"post_attention_norm", s.width, 1)
			m.leadingDense(i, b, s)
		})
	})
	register("dots1", "dots1", "query and key norms, a dense layer first, sigmoid with biases of choice, shared expert", 3, func(m *model) {
		s := encoderShape
		m.keys(s)
		m.sharedMixtureKeys()
		m.set("expert_gating_func", 2)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.headNorms(b, s.head)
			m.norm(b+"ffn_norm", s.width, 1)
			m.leadingDense(i, b, s)
		})
	})
	register("bailingmoe", "bailingmoe", "softmax, shared expert", 3, func(m *model) {
		s := small
		m.keys(s)
		m.sharedMixtureKeys()
		m.set("leading_dense_block_count", 0)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
			m.sharedExpert(b, s.width, eight.ff)
		})
	})
	register("smallthinker", "smallthinker", "experts chosen from the layer's input, ReLU, no rope in layers without window", 5, func(m *model) {
		s := small
		m.keys(s)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_gating_func", 2)
		m.set("attention.sliding_window", 4096)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
		})
	})
	register("llama4", "llama4", "no rope and query scaling in every fourth layer, experts in every other, weighted before they compute, query and key norms without gains", 4, func(m *model) {
		s := small
		m.keys(s)
		m.mixtureKeys(mixture{experts: 8, used: 1})
		m.set("expert_feed_forward_length", eight.ff)
		m.set("interleave_moe_layer_step", 2)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			if i%2 == 0 {
				m.gated(b, s)
				return
			}
			m.mixtureFFN(b, s.width, eight)
			m.sharedExpert(b, s.width, eight.ff)
		})
	})
	register("qwen3next", "qwen3next", "qwen35moe with betas and alphas in one matrix, whole heads rotated in part", 4, func(m *model) {
		s := small
		s.head, s.kvHeads = 64, 1
		m.keys(s)
		m.set("rope.dimension_count", 16)
		m.set("full_attention_interval", 4)
		m.stateKeys(deltaNet)
		m.mixtureKeys(eight)
		m.set("expert_feed_forward_length", eight.ff)
		m.set("expert_shared_feed_forward_length", 96)
		m.ends(s, false)
		m.eachBlock(func(i int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			if i == 3 {
				m.attentionWithGate(b, s)
			} else {
				x := deltaNet
				convolved := x.state * (2*x.groups + x.heads)
				m.matrix(b+"attn_qkv", s.width, convolved, 1)
				m.matrix(b+"attn_gate", s.width, x.inner, 1)
				m.draw(b+"ssm_conv1d.weight", gaussian(0, 0.5), x.taps, convolved)
				m.decays(b, x.heads)
				m.matrix(b+"ssm_ba", s.width, 2*x.heads, 1)
				m.norm(b+"ssm_norm", x.state, 1)
				m.matrix(b+"ssm_out", x.inner, s.width, 1)
			}
			m.norm(b+"post_attention_norm", s.width, 1)
			m.mixtureFFN(b, s.width, eight)
			m.gatedSharedExpert(b, s.width, 96)
		})
	})
	register("falcon-h1", "falcon-h1", "attention and Mamba-2 side by side", 3, func(m *model) {
		s := small
		m.keys(s)
		m.stateKeys(mamba)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.attention(b, s)
			m.mamba2(b, s.width, mamba)
			m.draw(b+"ffn_norm", gaussian(1, 0.2), s.width)
			m.gated(b, s)
		})
	})
	register("mamba2", "mamba2", "Mamba-2 alone", 3, func(m *model) {
		s, x := small, mamba
		x.groups = 2
		m.keys(s)
		m.set("attention.head_count", 0)
		m.set("attention.head_count_kv", 0)
		m.set("feed_forward_length", 0)
		m.stateKeys(x)
		m.ends(s, false)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.mamba2(b, s.width, x)
		})
	})
}

// sharedMixtureKeys describes eight experts and one for all, from the second
// layer on.
func (m *model) sharedMixtureKeys() {
	m.mixtureKeys(eight)
	m.set("expert_feed_forward_length", eight.ff)
	m.set("expert_shared_count", 1)
	m.set("expert_weights_norm", true)
	m.set("expert_weights_scale", 1.5)
	m.set("leading_dense_block_count", 1)
}

// leadingDense adds a dense network to the first layer, experts whose router
// has a bias to the others.
func (m *model) leadingDense(i int, b string, s shape) {
	if i == 0 {
		m.gated(b, s)
		return
	}
	m.mixtureFFN(b, s.width, eight)
	m.draw(b+"exp_probs_b.bias", gaussian(0, 0.2), eight.experts)
	m.sharedExpert(b, s.width, eight.ff)
}
