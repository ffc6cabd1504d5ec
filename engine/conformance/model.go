package conformance

import (
	"fmt"
	"math"
	"strconv"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// model collects what a tiny model's file will hold.
type model struct {
	family  string
	layers  int
	seed    uint64
	meta    gguf.Metadata
	tensors []gguf.TensorSource
}

// shape is the size of a transformer. Keys and values are head wide.
type shape struct {
	width, ff            int
	heads, kvHeads, head int
}

// small is the shape of most variants: two query heads share a key-value head,
// and all widths hold whole quant blocks of 32.
var small = shape{width: 128, ff: 160, heads: 4, kvHeads: 2, head: 32}

func (s shape) q() int  { return s.heads * s.head }
func (s shape) kv() int { return s.kvHeads * s.head }

// set writes {family}.key. Go's int becomes a uint32, float64 a float32, as
// converters write them; slices likewise.
func (m *model) set(key string, value any) { m.meta.Set(m.family+"."+key, stored(value)) }

func stored(value any) any {
	switch v := value.(type) {
	case int:
		return uint32(v)
	case float64:
		return float32(v)
	case []int:
		out := make([]int32, len(v))
		for i, n := range v {
			out[i] = int32(n)
		}
		return out
	}
	return value
}

// keys writes what every family has, and the vocabulary. Normalization is by
// root mean square; families with LayerNorm use layerNorm.
func (m *model) keys(s shape) {
	m.set("block_count", m.layers)
	m.set("context_length", Context)
	m.set("embedding_length", s.width)
	m.set("feed_forward_length", s.ff)
	m.set("attention.head_count", s.heads)
	m.set("attention.head_count_kv", s.kvHeads)
	m.set("attention.layer_norm_rms_epsilon", 1e-5)
	m.set("rope.dimension_count", s.head)
	m.set("rope.freq_base", 10000.0)
	m.set("vocab_size", Vocab)
	if s.head*s.heads != s.width {
		m.set("attention.key_length", s.head)
		m.set("attention.value_length", s.head)
	}
	byteLevelVocabulary(&m.meta)
}

// layerNorm says that normalization subtracts the mean.
func (m *model) layerNorm() {
	m.meta.Delete(m.family + ".attention.layer_norm_rms_epsilon")
	m.set("attention.layer_norm_epsilon", 1e-5)
}

// draw adds an F32 tensor; dims have the contiguous one first.
func (m *model) draw(name string, value func(*random) float64, dims ...int) {
	n := 1
	for _, d := range dims {
		n *= d
	}
	r := newRandom(m.seed, name)
	data := floats(n, func() float64 { return value(r) })
	m.tensors = append(m.tensors, gguf.TensorSource{Name: name, Type: tensor.F32, Shape: dims, Data: data})
}

// gaussian draws around mean.
func gaussian(mean, deviation float64) func(*random) float64 {
	return func(r *random) float64 { return mean + float64(deviation*r.normal()) }
}

// between draws evenly from low to high.
func between(low, high float64) func(*random) float64 {
	return func(r *random) float64 { return low + float64((high-low)*r.uniform()) }
}

// matrix adds name.weight, which makes out values from in. With gain 1 outputs
// are about as large as inputs.
func (m *model) matrix(name string, in, out int, gain float64) {
	m.draw(name+".weight", gaussian(0, gain/math.Sqrt(float64(in))), in, out)
}

// experts adds name.weight with n matrices.
func (m *model) experts(name string, in, out, n int, gain float64) {
	m.draw(name+".weight", gaussian(0, gain/math.Sqrt(float64(in))), in, out, n)
}

// bias adds name.bias.
func (m *model) bias(name string, n ...int) { m.draw(name+".bias", gaussian(0, 0.1), n...) }

// norm adds a normalization's gains around mean.
func (m *model) norm(name string, n int, mean float64) {
	m.draw(name+".weight", gaussian(mean, mean/5), n)
}

// normBias is norm with biases.
func (m *model) normBias(name string, n int, mean float64) {
	m.norm(name, n, mean)
	m.bias(name, n)
}

// Gains that keep logits several units apart and softmaxes away from both
// uniform and one-hot.
const (
	queryGain  = 1.3 // of attn_q and attn_k
	normedGain = 1.3 // of their norms, where they have some
	downGain   = 2   // SiLU(gate) × up is smaller than its factors
	// llama.cpp looks GELU up in a table of float16. So that this stays below
	// what is compared, branches with GELU add less to the residual.
	geluGain   = 0.2 // in place of downGain
	geluNorm   = 0.1 // of norms after such branches
	outputGain = 3
	routerGain = 2
)

// untied adds embeddings and an output matrix.
func (m *model) untied(s shape) {
	m.draw("token_embd.weight", gaussian(0, 1), s.width, Vocab)
	m.matrix("output", s.width, Vocab, outputGain)
}

// tied adds embeddings that are the output matrix too. They are small, so that
// a token does not merely find itself again; the last norm makes up for it.
func (m *model) tied(s shape) {
	m.draw("token_embd.weight", gaussian(0, 1/math.Sqrt(float64(s.width))), s.width, Vocab)
}

// The last norm's mean gain, for untied and tied embeddings.
const (
	untiedNorm = 1.0
	tiedNorm   = 3.0
)

// block is the prefix of a layer's tensors.
func block(i int) string { return "blk." + strconv.Itoa(i) + "." }

// eachBlock calls f with the prefix of every layer.
func (m *model) eachBlock(f func(i int, b string)) {
	for i := range m.layers {
		f(i, block(i))
	}
}

// attention adds the four projections of a layer.
func (m *model) attention(b string, s shape) {
	m.matrix(b+"attn_q", s.width, s.q(), queryGain)
	m.matrix(b+"attn_k", s.width, s.kv(), queryGain)
	m.matrix(b+"attn_v", s.width, s.kv(), 1)
	m.matrix(b+"attn_output", s.q(), s.width, 1)
}

// fusedAttention adds one matrix for queries, keys and values, and the output.
func (m *model) fusedAttention(b string, s shape) {
	m.matrix(b+"attn_qkv", s.width, s.q()+2*s.kv(), queryGain)
	m.matrix(b+"attn_output", s.q(), s.width, 1)
}

// headNorms adds the norms of every head's query and key.
func (m *model) headNorms(b string, head int) {
	m.norm(b+"attn_q_norm", head, normedGain)
	m.norm(b+"attn_k_norm", head, normedGain)
}

// gated adds a feed-forward network gated by SiLU, gatedBy by any function.
func (m *model) gated(b string, s shape) { m.gatedBy(b, s, downGain) }

func (m *model) gatedBy(b string, s shape, down float64) {
	m.matrix(b+"ffn_gate", s.width, s.ff, 1)
	m.matrix(b+"ffn_up", s.width, s.ff, 1)
	m.matrix(b+"ffn_down", s.ff, s.width, down)
}

// plainFFN adds an ungated feed-forward network.
func (m *model) plainFFN(b string, s shape, down float64) {
	m.matrix(b+"ffn_up", s.width, s.ff, 1)
	m.matrix(b+"ffn_down", s.ff, s.width, down)
}

// mixture is the size of a mixture of experts.
type mixture struct{ experts, used, ff int }

var eight = mixture{experts: 8, used: 3, ff: 64}

func (m *model) mixtureKeys(x mixture) {
	m.set("expert_count", x.experts)
	m.set("expert_used_count", x.used)
}

// mixtureFFN adds router and experts.
func (m *model) mixtureFFN(b string, width int, x mixture) {
	m.matrix(b+"ffn_gate_inp", width, x.experts, routerGain)
	m.experts(b+"ffn_gate_exps", width, x.ff, x.experts, 1)
	m.experts(b+"ffn_up_exps", width, x.ff, x.experts, 1)
	m.experts(b+"ffn_down_exps", x.ff, width, x.experts, downGain)
}

// sharedExpert adds the expert that every token goes through.
func (m *model) sharedExpert(b string, width, ff int) {
	m.matrix(b+"ffn_gate_shexp", width, ff, 1)
	m.matrix(b+"ffn_up_shexp", width, ff, 1)
	m.matrix(b+"ffn_down_shexp", ff, width, downGain)
}

// controlTokens stand first in the vocabulary and are in no prompt.
const controlTokens = 4

// vocabulary writes tokens, the first of them control tokens.
func vocabulary(meta *gguf.Metadata, name string, control [controlTokens]string, rest []string) {
	const normal, controlType = 1, 3
	tokens, types := control[:], []int32{controlType, controlType, controlType, controlType}
	for _, t := range rest {
		tokens, types = append(tokens, t), append(types, normal)
	}
	for i := len(tokens); i < Vocab; i++ {
		tokens, types = append(tokens, fmt.Sprintf("word%d", i)), append(types, normal)
	}
	meta.Set("tokenizer.ggml.model", name)
	meta.Set("tokenizer.ggml.tokens", tokens)
	meta.Set("tokenizer.ggml.token_type", types)
	meta.Set("tokenizer.ggml.bos_token_id", uint32(0))
	meta.Set("tokenizer.ggml.eos_token_id", uint32(1))
	meta.Set("tokenizer.ggml.padding_token_id", uint32(2))
	meta.Set("tokenizer.ggml.unknown_token_id", uint32(3))
}

// byteLevelVocabulary is a byte-level BPE of letters and a few merges.
func byteLevelVocabulary(meta *gguf.Metadata) {
	var letters []string
	for c := '!'; c <= 'Z'; c++ {
		letters = append(letters, string(c))
	}
	for c := 'a'; c <= 'z'; c++ {
		letters = append(letters, string(c))
	}
	letters = append(letters, "Ġ", "Ċ", "th", "he", "Ġa")
	vocabulary(meta, "gpt2", [controlTokens]string{"<|begin|>", "<|end|>", "<|pad|>", "<|unknown|>"}, letters)
	meta.Set("tokenizer.ggml.pre", "gpt-2")
	meta.Set("tokenizer.ggml.merges", []string{"t h", "h e", "Ġ a"})
	meta.Set("tokenizer.ggml.add_bos_token", false)
}
