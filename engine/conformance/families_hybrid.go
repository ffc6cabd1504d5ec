package conformance

import "slices"

// Families that mix attention with layers that keep a recurrent state.

// stateSpace is the size of a Mamba-2 or gated DeltaNet layer.
type stateSpace struct {
	taps         int // of the convolution
	inner, state int
	heads        int // of values
	groups       int // heads of keys and queries, or groups that share B and C
}

var (
	mamba    = stateSpace{taps: 4, inner: 256, state: 32, heads: 8, groups: 1}
	deltaNet = stateSpace{taps: 4, inner: 128, state: 32, heads: 4, groups: 2}
)

func init() {
	register("qwen35", "qwen35", "gated DeltaNet in three of four layers, gated attention, partial rotary in sections", 4, func(m *model) { m.qwen35(nil, 0, 3) })
	register("qwen35", "qwen35-mtp", "other layers attend (attention.recurrent_layers), a block for multi-token prediction follows and is not used", 4, func(m *model) {
		m.qwen35(nil, 1, 1, 3)
		m.set("attention.recurrent_layers", []bool{true, false, true, false, false})
	})
	register("qwen35moe", "qwen35moe", "with a mixture of experts and a gated shared expert", 4, func(m *model) { m.qwen35(&eight, 0, 3) })
	register("qwen35moe", "qwen35moe-fused", "gates and ups of experts in one tensor", 4, func(m *model) {
		m.qwen35(&eight, 0, 3)
		m.fuseExperts(eight.experts)
	}).Same = "qwen35moe"
	register("granitehybrid", "granitehybrid", "Mamba-2 in all layers but some, attention without positions, granite's scales", 4, func(m *model) { m.graniteHybrid(false) })
	register("granitehybrid", "granitehybrid-moe", "experts and a shared expert, two groups in Mamba-2, rope", 4, func(m *model) { m.graniteHybrid(true) })
	register("nemotron_h", "nemotron_h", "each block is one of Mamba-2, attention without positions, or ReLU² network", 5, func(m *model) { m.nemotronH(nil, 0) })
	register("nemotron_h_moe", "nemotron_h_moe", "experts with ReLU², sigmoid with biases of choice, shared expert", 5, func(m *model) { m.nemotronH(&eight, 0) })
	register("nemotron_h_moe", "nemotron_h_moe-latent", "experts in a narrower space", 5, func(m *model) { m.nemotronH(&eight, 64) })
}

func (m *model) stateKeys(x stateSpace) {
	m.set("ssm.conv_kernel", x.taps)
	m.set("ssm.inner_size", x.inner)
	m.set("ssm.state_size", x.state)
	m.set("ssm.time_step_rank", x.heads)
	m.set("ssm.group_count", x.groups)
}

// decays adds what makes a state forget: rates and the biases of time steps.
func (m *model) decays(b string, dims ...int) {
	m.draw(b+"ssm_a", between(-3, -0.3), dims...)
	m.draw(b+"ssm_dt.bias", between(-2.5, 0.5), dims[len(dims)-1])
}

// mamba2 adds the projections, convolution and norm of a Mamba-2 layer.
func (m *model) mamba2(b string, width int, x stateSpace) {
	convolved := x.inner + 2*x.groups*x.state
	m.matrix(b+"ssm_in", width, x.inner+convolved+x.heads, 1)
	m.draw(b+"ssm_conv1d.weight", gaussian(0, 0.5), x.taps, convolved)
	m.bias(b+"ssm_conv1d", convolved)
	m.decays(b, 1, x.heads)
	m.draw(b+"ssm_d", gaussian(1, 0.3), 1, x.heads)
	m.draw(b+"ssm_norm.weight", gaussian(1, 0.2), x.inner/x.groups, x.groups)
	m.matrix(b+"ssm_out", x.inner, width, 1)
}

// qwen35 adds a model in which the layers of attends attend and the others are
// recurrent, with experts if there is a mixture, and with extra blocks for
// multi-token prediction.
func (m *model) qwen35(x *mixture, extra int, attends ...int) {
	s := small
	s.head, s.kvHeads = 64, 1
	m.keys(s)
	m.set("block_count", m.layers+extra)
	m.set("rope.dimension_count", 16)
	m.set("rope.dimension_sections", []int{3, 3, 2, 0})
	m.set("rope.freq_base", 1e5)
	m.set("full_attention_interval", 4)
	m.stateKeys(deltaNet)
	if x != nil {
		m.mixtureKeys(*x)
		m.set("expert_feed_forward_length", x.ff)
		m.set("expert_shared_feed_forward_length", 96)
	}
	m.ends(s, false)
	for i := range m.layers + extra {
		b := block(i)
		m.norm(b+"attn_norm", s.width, 1)
		if slices.Contains(attends, i) || i >= m.layers {
			m.attentionWithGate(b, s)
		} else {
			m.gatedDeltaNet(b, s.width, deltaNet)
		}
		m.norm(b+"post_attention_norm", s.width, 1)
		if x != nil {
			m.mixtureFFN(b, s.width, *x)
			m.gatedSharedExpert(b, s.width, 96)
		} else {
			m.gated(b, s)
		}
		if i >= m.layers {
			m.matrix(b+"nextn.eh_proj", 2*s.width, s.width, 1)
			m.norm(b+"nextn.enorm", s.width, 1)
			m.norm(b+"nextn.hnorm", s.width, 1)
		}
	}
	if extra > 0 {
		m.set("nextn_predict_layers", extra)
	}
}

// attentionWithGate has the gate of every head beside its query.
func (m *model) attentionWithGate(b string, s shape) {
	m.matrix(b+"attn_q", s.width, 2*s.q(), queryGain)
	m.matrix(b+"attn_k", s.width, s.kv(), queryGain)
	m.matrix(b+"attn_v", s.width, s.kv(), 1)
	m.matrix(b+"attn_output", s.q(), s.width, 1)
	m.headNorms(b, s.head)
}

func (m *model) gatedDeltaNet(b string, width int, x stateSpace) {
	convolved := x.state * (2*x.groups + x.heads)
	m.matrix(b+"attn_qkv", width, convolved, 1)
	m.matrix(b+"attn_gate", width, x.inner, 1)
	m.draw(b+"ssm_conv1d.weight", gaussian(0, 0.5), x.taps, convolved)
	m.decays(b, x.heads)
	m.matrix(b+"ssm_beta", width, x.heads, 1)
	m.matrix(b+"ssm_alpha", width, x.heads, 1)
	m.norm(b+"ssm_norm", x.state, 1)
	m.matrix(b+"ssm_out", x.inner, width, 1)
}

func (m *model) graniteHybrid(experts bool) {
	s, x := small, mamba
	if experts {
		s.ff, x.groups = eight.ff, 2
	}
	m.keys(s)
	m.graniteKeys()
	m.stateKeys(x)
	kv := make([]int, m.layers)
	kv[1], kv[m.layers-1] = s.kvHeads, s.kvHeads
	m.set("attention.head_count_kv", kv)
	m.set("rope.scaling.finetuned", experts)
	if experts {
		m.mixtureKeys(eight)
		m.set("expert_shared_feed_forward_length", 96)
	}
	m.ends(s, true)
	m.eachBlock(func(i int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		if kv[i] > 0 {
			m.attention(b, s)
		} else {
			m.mamba2(b, s.width, x)
		}
		m.norm(b+"ffn_norm", s.width, 1)
		if experts {
			m.mixtureFFN(b, s.width, eight)
			m.sharedExpert(b, s.width, 96)
		} else {
			m.gated(b, s)
		}
	})
}

// nemotronH adds a model of Mamba-2, network, attention, network, Mamba-2.
// Experts work in a space of latent values, or in the model's own if that is 0.
func (m *model) nemotronH(x *mixture, latent int) {
	s, state := small, mamba
	state.groups = 2
	m.keys(s)
	m.set("attention.layer_norm_epsilon", 1e-5)
	m.stateKeys(state)
	m.set("attention.key_length", s.head)
	m.set("attention.value_length", s.head)
	m.set("attention.head_count_kv", []int{0, 0, s.kvHeads, 0, 0})
	m.set("feed_forward_length", []int{0, s.ff, 0, s.ff, 0})
	if x != nil {
		m.mixtureKeys(*x)
		m.set("expert_feed_forward_length", x.ff)
		m.set("expert_shared_feed_forward_length", 96)
		m.set("expert_shared_count", 1)
		m.set("expert_weights_norm", true)
		m.set("expert_weights_scale", 2.5)
	}
	inner := s.width
	if latent > 0 {
		m.set("moe_latent_size", latent)
		inner = latent
	}
	m.ends(s, false)
	m.eachBlock(func(i int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		switch {
		case i == 2:
			m.attention(b, s)
		case i%2 == 0:
			m.mamba2(b, s.width, state)
		case x == nil:
			m.plainFFN(b, s, 1)
		default:
			m.matrix(b+"ffn_gate_inp", s.width, x.experts, routerGain)
			m.draw(b+"exp_probs_b.bias", gaussian(0, 0.2), x.experts)
			if latent > 0 {
				m.matrix(b+"ffn_latent_down", s.width, latent, 1)
				m.matrix(b+"ffn_latent_up", latent, s.width, 1)
			}
			m.experts(b+"ffn_up_exps", inner, x.ff, x.experts, 1)
			m.experts(b+"ffn_down_exps", x.ff, inner, x.experts, 0.5)
			m.matrix(b+"ffn_up_shexp", s.width, 96, 1)
			m.matrix(b+"ffn_down_shexp", 96, s.width, 0.7)
		}
	})
}
