package conformance

import (
	"fmt"
	"slices"
	"strings"

	"freehold/engine/gguf"
)

func init() {
	register("llama", "llama", "untied output", 3, func(m *model) { m.llama(small, false) })
	register("llama", "llama-tied", "tied output, one key-value head", 3, func(m *model) {
		s := small
		s.kvHeads = 1
		m.llama(s, true)
	})
	register("llama", "llama-biases", "all biases, rope_freqs", 3, func(m *model) {
		m.llama(small, false)
		m.eachBlock(func(_ int, b string) {
			m.bias(b+"attn_q", small.q())
			m.bias(b+"attn_k", small.kv())
			m.bias(b+"attn_v", small.kv())
			m.bias(b+"attn_output", small.width)
			m.bias(b+"ffn_gate", small.ff)
			m.bias(b+"ffn_up", small.ff)
			m.bias(b+"ffn_down", small.width)
		})
		m.draw("rope_freqs.weight", between(1, 8), small.head/2)
	})
	register("llama", "llama-wide-heads", "key_length other than width ÷ heads, fused attn_qkv", 2, func(m *model) {
		s := small
		s.head = 64
		m.keys(s)
		m.untied(s)
		m.norm("output_norm", s.width, untiedNorm)
		m.eachBlock(func(_ int, b string) {
			m.norm(b+"attn_norm", s.width, 1)
			m.fusedAttention(b, s)
			m.norm(b+"ffn_norm", s.width, 1)
			m.gated(b, s)
		})
	})
	register("llama", "llama-linear", "linear rope scaling", 2, func(m *model) {
		m.llama(small, false)
		m.set("rope.scaling.type", "linear")
		m.set("rope.scaling.factor", 4.0)
	})
	register("llama", "llama-yarn", "YaRN", 2, func(m *model) {
		m.llama(small, false)
		m.yarn(8, 32)
	})
	register("llama", "mixtral", "mixture of 8 experts, 3 used, merged tensors", 3, func(m *model) {
		m.mixtral(func(b string) { m.mixtureFFN(b, small.width, mixtral) })
	})
	register("llama", "mixtral-split", "each expert a tensor of its own, as in old files", 3, func(m *model) {
		m.mixtral(func(b string) { m.mixtureFFN(b, small.width, mixtral) })
		m.splitExperts(mixtral.experts)
	}).Same = "mixtral"
	register("mistral3", "mistral3", "llama's layers", 2, func(m *model) { m.llama(small, false) })
	register("mistral3", "mistral3-yarn", "YaRN with its log multiplier, queries scaled by position", 3, func(m *model) {
		m.llama(small, false)
		m.yarn(4, 16)
		m.set("rope.scaling.yarn_beta_fast", 32.0)
		m.set("rope.scaling.yarn_beta_slow", 1.0)
		m.set("rope.scaling.yarn_log_multiplier", 1.0)
		m.set("attention.temperature_scale", 0.1)
	})
	register("granite", "granite", "embedding, residual, attention and logit scales", 3, func(m *model) {
		m.llama(small, true)
		m.graniteKeys()
	})
	register("granite", "granite-nope", "no positions at all (rope.scaling.finetuned is false)", 2, func(m *model) {
		m.llama(small, true)
		m.graniteKeys()
		m.set("rope.scaling.finetuned", false)
	})
	register("smollm3", "smollm3", "no rope in every fourth layer", 4, func(m *model) { m.llama(small, true) })
}

// mixtral's experts are as wide as the feed-forward length says.
var mixtral = mixture{experts: 8, used: 3, ff: small.ff}

// llama adds keys and tensors of the llama family.
func (m *model) llama(s shape, tied bool) {
	m.keys(s)
	m.ends(s, tied)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", s.width, 1)
		m.attention(b, s)
		m.norm(b+"ffn_norm", s.width, 1)
		m.gated(b, s)
	})
}

// ends adds embeddings, the last norm, and an output matrix unless tied.
func (m *model) ends(s shape, tied bool) {
	if tied {
		m.tied(s)
		m.norm("output_norm", s.width, tiedNorm)
		return
	}
	m.untied(s)
	m.norm("output_norm", s.width, untiedNorm)
}

// mixtral adds a llama model with ffn in place of its feed-forward networks.
func (m *model) mixtral(ffn func(b string)) {
	m.keys(small)
	m.mixtureKeys(mixtral)
	m.ends(small, false)
	m.eachBlock(func(_ int, b string) {
		m.norm(b+"attn_norm", small.width, 1)
		m.attention(b, small)
		m.norm(b+"ffn_norm", small.width, 1)
		ffn(b)
	})
}

// splitExperts cuts merged tensors of experts into one for each.
func (m *model) splitExperts(n int) {
	var split []gguf.TensorSource
	for _, t := range m.tensors {
		name, merged := strings.CutSuffix(t.Name, "_exps.weight")
		if !merged {
			split = append(split, t)
			continue
		}
		size := len(t.Data) / n
		for e := range n {
			split = append(split, gguf.TensorSource{
				Name: fmt.Sprintf("%s.%d.weight", name, e), Type: t.Type,
				Shape: t.Shape[:2], Data: t.Data[e*size : (e+1)*size],
			})
		}
	}
	m.tensors = split
}

// fuseExperts puts the gates and ups of experts into one tensor.
func (m *model) fuseExperts(n int) {
	var fused []gguf.TensorSource
	for _, t := range m.tensors {
		if b, up := strings.CutSuffix(t.Name, "ffn_up_exps.weight"); up {
			i := slices.IndexFunc(fused, func(t gguf.TensorSource) bool { return t.Name == b+"ffn_gate_exps.weight" })
			gate, size := fused[i], len(t.Data)/n
			both := gguf.TensorSource{Name: b + "ffn_gate_up_exps.weight", Type: t.Type, Shape: []int{t.Shape[0], 2 * t.Shape[1], n}}
			for e := range n {
				both.Data = append(both.Data, gate.Data[e*size:(e+1)*size]...)
				both.Data = append(both.Data, t.Data[e*size:(e+1)*size]...)
			}
			fused[i] = both
			continue
		}
		fused = append(fused, t)
	}
	m.tensors = fused
}

// yarn sets YaRN by factor over a model trained with original positions.
func (m *model) yarn(factor float64, original int) {
	m.set("rope.scaling.type", "yarn")
	m.set("rope.scaling.factor", factor)
	m.set("rope.scaling.original_context_length", original)
}

func (m *model) graniteKeys() {
	m.set("embedding_scale", 1.5)
	m.set("residual_scale", 0.4)
	m.set("attention.scale", 0.1)
	m.set("logit_scale", 2.0)
}
