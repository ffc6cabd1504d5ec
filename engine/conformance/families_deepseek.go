package conformance

// latent is the size of multi-head latent attention: a query of nope values
// without and rope values with positions, a key-value vector of rank values.
type latent struct {
	heads, nope, rope, value int
	queryRank, rank          int // queryRank 0: queries straight from the input
}

var smallLatent = latent{heads: 4, nope: 32, rope: 16, value: 32, queryRank: 64, rank: 64}

func init() {
	register("deepseek2", "deepseek2", "latent attention absorbed (attn_k_b, attn_v_b), low-rank queries, a dense layer first, two shared experts, softmax", 3, func(m *model) {
		m.deepseek2(small, smallLatent, true)
	})
	register("deepseek2", "deepseek3", "sigmoid with biases of choice, groups of experts, scaled shares, YaRN", 3, func(m *model) {
		m.deepseek2(small, smallLatent, true)
		m.deepseek3()
	})
	register("deepseek2", "deepseek3-fused", "gates and ups of experts in one tensor", 3, func(m *model) {
		m.deepseek2(small, smallLatent, true)
		m.deepseek3()
		m.fuseExperts(grouped.experts)
	}).Same = "deepseek3"
	register("deepseek2", "deepseek2-lite", "26 layers, by which full-rank queries are known; attention not absorbed (attn_kv_b)", 26, func(m *model) {
		l := smallLatent
		l.queryRank = 0
		m.deepseek2(shape{width: 64, ff: 96}, l, false)
	})
	register("deepseek2", "deepseek2-lite-absorbed", "the same absorbed, with YaRN", 26, func(m *model) {
		l := smallLatent
		l.queryRank = 0
		m.deepseek2(shape{width: 64, ff: 96}, l, true)
		m.yarn(8, 32)
		m.set("rope.scaling.yarn_log_multiplier", 0.0707)
	})
}

var grouped = mixture{experts: 8, used: 3, ff: 32}

func (m *model) deepseek2(s shape, l latent, absorbed bool) {
	s.heads, s.kvHeads, s.head = l.heads, l.heads, l.nope+l.rope
	key, value := s.head, l.value
	if absorbed {
		s.kvHeads, key, value = 1, l.rank+l.rope, l.rank
		m.set("attention.key_length_mla", l.nope+l.rope)
		m.set("attention.value_length_mla", l.value)
	}
	m.keys(s)
	m.set("attention.key_length", key)
	m.set("attention.value_length", value)
	m.set("rope.dimension_count", l.rope)
	m.set("attention.kv_lora_rank", l.rank)
	if l.queryRank > 0 {
		m.set("attention.q_lora_rank", l.queryRank)
	}
	m.mixtureKeys(grouped)
	m.set("expert_feed_forward_length", grouped.ff)
	m.set("expert_shared_count", 2)
	m.set("leading_dense_block_count", 1)
	m.ends(s, false)
	m.eachBlock(func(i int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.latentAttention(b, s.width, l, absorbed)
		m.norm(b+"ffn_norm", s.width, 1)
		if i == 0 {
			m.gated(b, s)
			return
		}
		m.mixtureFFN(b, s.width, grouped)
		m.sharedExpert(b, s.width, 2*grouped.ff)
	})
}

func (m *model) latentAttention(b string, width int, l latent, absorbed bool) {
	if l.queryRank > 0 {
		m.matrix(b+"attn_q_a", width, l.queryRank, 1)
		m.norm(b+"attn_q_a_norm", l.queryRank, 1)
		m.matrix(b+"attn_q_b", l.queryRank, l.heads*(l.nope+l.rope), queryGain)
	} else {
		m.matrix(b+"attn_q", width, l.heads*(l.nope+l.rope), queryGain)
	}
	m.matrix(b+"attn_kv_a_mqa", width, l.rank+l.rope, 1)
	m.norm(b+"attn_kv_a_norm", l.rank, 1)
	if absorbed {
		// The key matrix is stored for multiplication from the other side.
		m.draw(b+"attn_k_b.weight", gaussian(0, 0.16), l.nope, l.rank, l.heads)
		m.experts(b+"attn_v_b", l.rank, l.value, l.heads, 1)
	} else {
		m.matrix(b+"attn_kv_b", l.rank, l.heads*(l.nope+l.value), 1.2)
	}
	m.matrix(b+"attn_output", l.heads*l.value, width, 1)
}

// deepseek3 makes the router of DeepSeek-V3 from that of V2.
func (m *model) deepseek3() {
	m.set("expert_gating_func", 2)
	m.set("expert_weights_norm", true)
	m.set("expert_weights_scale", 2.5)
	m.set("expert_group_count", 4)
	m.set("expert_group_used_count", 2)
	m.yarn(8, 32)
	m.set("rope.scaling.yarn_log_multiplier", 0.1)
	for i := 1; i < m.layers; i++ {
		m.draw(block(i)+"exp_probs_b.bias", gaussian(0, 0.2), grouped.experts)
	}
}
