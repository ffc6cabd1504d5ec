package conformance

import "math"

// gemma4Size is what gemma4 has beyond a common shape: two sizes of heads, and
// inputs of perLayer values for every layer.
type gemma4Size struct {
	shape
	windowHead int // of layers with a window
	perLayer   int
	shared     int    // last layers that attend to the keys and values of earlier ones
	windowed   []bool // which layers have a window
	wide       int    // feed-forward length of the shared layers
	mixture    *mixture
	noValues   bool // full layers have no attn_v: keys are values too
}

func init() {
	register("gemma4", "gemma4-e2b", "inputs for every layer, last layers share keys and values, two sizes of heads, proportional rope, values normed", 6, func(m *model) {
		m.gemma4(gemma4Size{
			shape:      shape{width: 128, ff: 96, heads: 4, kvHeads: 1, head: 64},
			windowHead: 32, perLayer: 32, shared: 3, wide: 160,
			windowed: []bool{true, true, false, true, true, false},
		})
	})
	register("gemma4", "gemma4-31b", "keys are values in full layers, which have key-value heads of their own number", 4, func(m *model) {
		m.gemma4(gemma4Size{
			shape:      shape{width: 128, ff: 160, heads: 4, kvHeads: 2, head: 64},
			windowHead: 32, noValues: true,
			windowed: []bool{true, false, true, false},
		})
		m.set("attention.head_count_kv", []int{2, 1, 2, 1})
	})
	register("gemma4", "gemma4-26b-a4b", "experts beside the dense network, norms of their own, fused ffn_gate_up_exps, scales of layers and experts", 4, func(m *model) {
		m.gemma4(gemma4Size{
			shape:      shape{width: 128, ff: 96, heads: 4, kvHeads: 2, head: 64},
			windowHead: 32, noValues: true,
			windowed: []bool{true, true, true, false},
			mixture:  &mixture{experts: 8, used: 3, ff: 32},
		})
	})
}

func (m *model) gemma4(s gemma4Size) {
	m.keys(s.shape)
	m.set("attention.key_length", s.head)
	m.set("attention.value_length", s.head)
	m.set("attention.key_length_swa", s.windowHead)
	m.set("attention.value_length_swa", s.windowHead)
	m.set("rope.dimension_count", s.head)
	m.set("rope.dimension_count_swa", s.windowHead)
	m.set("rope.freq_base", 1e6)
	m.set("rope.freq_base_swa", 1e4)
	m.set("attention.sliding_window", window)
	m.set("attention.sliding_window_pattern", s.windowed)
	m.set("attention.shared_kv_layers", s.shared)
	m.set("embedding_length_per_layer_input", s.perLayer)
	m.set("final_logit_softcapping", 15.0)
	if s.mixture != nil {
		m.mixtureKeys(*s.mixture)
		m.set("expert_feed_forward_length", s.mixture.ff)
	}
	m.gemmaEnds(s.shape)
	// A factor so great that a pair does not turn leaves the rest of a head
	// without position.
	m.draw("rope_freqs.weight", func(r *random) float64 {
		if r.next()%4 == 0 {
			return 1e30
		}
		return 1
	}, s.head/2)
	if s.perLayer > 0 {
		m.draw("per_layer_token_embd.weight", gaussian(0, 1/math.Sqrt(float64(s.perLayer))), s.perLayer*m.layers, Vocab)
		m.matrix("per_layer_model_proj", s.width, s.perLayer*m.layers, 1)
		m.norm("per_layer_proj_norm", s.perLayer, 1)
	}
	lengths := make([]int, m.layers)
	m.eachBlock(func(i int, b string) {
		lengths[i] = m.gemma4Layer(i, b, s)
	})
	if s.shared > 0 {
		m.set("feed_forward_length", lengths)
	}
}

// gemma4Layer returns the layer's feed-forward length.
func (m *model) gemma4Layer(i int, b string, s gemma4Size) int {
	own := i < m.layers-s.shared
	l := s.shape
	if s.windowed[i] {
		l.head = s.windowHead
	} else if s.noValues && s.mixture == nil {
		l.kvHeads = 1
	}
	if !own {
		l.ff = s.wide
	}
	m.norm(b+"attn_norm", s.width, 1)
	m.matrix(b+"attn_q", s.width, l.q(), 1)
	m.norm(b+"attn_q_norm", l.head, 0.4) // scores are not divided by √head
	if own {
		m.matrix(b+"attn_k", s.width, l.kv(), 1)
		m.norm(b+"attn_k_norm", l.head, 0.5)
		if s.windowed[i] || !s.noValues {
			m.matrix(b+"attn_v", s.width, l.kv(), 1)
		}
	}
	m.matrix(b+"attn_output", l.q(), s.width, 1)
	m.norm(b+"post_attention_norm", s.width, 1)
	m.norm(b+"ffn_norm", s.width, 1)
	m.gatedBy(b, l, 1)
	m.norm(b+"post_ffw_norm", s.width, geluNorm)
	if x := s.mixture; x != nil {
		m.matrix(b+"ffn_gate_inp", s.width, x.experts, 4*math.Sqrt(float64(s.width)))
		m.draw(b+"ffn_gate_inp.scale", gaussian(1, 0.2), s.width)
		m.norm(b+"pre_ffw_norm_2", s.width, 1)
		m.norm(b+"post_ffw_norm_1", s.width, 1)
		m.norm(b+"post_ffw_norm_2", s.width, 1)
		m.experts(b+"ffn_gate_up_exps", s.width, 2*x.ff, x.experts, 1)
		m.experts(b+"ffn_down_exps", x.ff, s.width, x.experts, 1)
		m.draw(b+"ffn_down_exps.scale", between(0.5, 1.5), x.experts)
	}
	if s.perLayer > 0 {
		m.matrix(b+"inp_gate", s.width, s.perLayer, 1)
		m.matrix(b+"proj", s.perLayer, s.width, 1)
		m.norm(b+"post_norm", s.width, geluNorm)
	}
	m.draw(b+"layer_output_scale.weight", between(0.8, 1.2), 1)
	return l.ff
}
