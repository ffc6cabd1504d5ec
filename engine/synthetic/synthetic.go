// Package synthetic writes GGUF files with random weights at any shape: tiny
// ones with which tests check the engine's structure, and ones of real size
// with which benchmarks measure its speed, since speed does not depend on the
// values.
package synthetic

import (
	"cmp"
	"fmt"
	"math"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// Llama is the shape of a model of the llama architecture or one like it.
type Llama struct {
	Architecture                   string // "llama" if empty, or "qwen2", "qwen3", "qwen3moe", "gemma3"
	Layers, Embedding, FeedForward int    // FeedForward is an expert's, if there are experts
	Experts, ExpertsUsed           int    // of a mixture, instead of one network
	Heads, KVHeads                 int
	HeadWidth                      int  // Embedding / Heads if 0
	HeadNorms                      bool // of every head's query and key
	PostNorms                      bool // of what both halves of a layer give
	Window                         int  // of the layers that have one; 0 is none
	Vocab                          int  // at least 300: 256 bytes, control tokens, words
	Context                        int
	Tied                           bool // no output matrix of its own
	Biases                         bool // of all projections; qwen2 has those of q, k and v at least
	RopeFactors                    bool
	RopeBase                       float32     // 10000 if 0
	Type                           tensor.Type // of all matrices, if there is no mixture
	Mixture                        *Mixture
	Name                           string // general.name
	Seed                           uint64
	// Extra metadata, written over the usual.
	Extra map[string]any
}

// HeadDim is the width of a head.
func (l Llama) HeadDim() int { return cmp.Or(l.HeadWidth, l.Embedding/l.Heads) }

func (l Llama) architecture() string {
	if l.Architecture == "" {
		return "llama"
	}
	return l.Architecture
}

func (l Llama) mixture() Mixture {
	if l.Mixture != nil {
		return *l.Mixture
	}
	return one(l.Type)
}

// WriteFile writes the model to path.
func (l Llama) WriteFile(path string) error {
	meta, err := l.meta()
	if err != nil {
		return err
	}
	return gguf.WriteFile(path, meta, l.tensors())
}

func (l Llama) meta() (*gguf.Metadata, error) {
	if l.Vocab < 300 {
		return nil, fmt.Errorf("a vocabulary of %d tokens is too small; 300 is the least", l.Vocab)
	}
	m := &gguf.Metadata{}
	arch := l.architecture()
	m.Set("general.architecture", arch)
	m.Set("general.name", cmp.Or(l.Name, "synthetic"))
	m.Set("general.file_type", l.mixture().id)
	m.Set(arch+".block_count", uint32(l.Layers))
	m.Set(arch+".context_length", uint32(l.Context))
	m.Set(arch+".embedding_length", uint32(l.Embedding))
	m.Set(arch+".feed_forward_length", uint32(l.FeedForward))
	m.Set(arch+".attention.head_count", uint32(l.Heads))
	m.Set(arch+".attention.head_count_kv", uint32(l.KVHeads))
	m.Set(arch+".attention.layer_norm_rms_epsilon", float32(1e-5))
	m.Set(arch+".rope.dimension_count", uint32(l.HeadDim()))
	m.Set(arch+".rope.freq_base", cmp.Or(l.RopeBase, 10000))
	if l.HeadWidth > 0 {
		m.Set(arch+".attention.key_length", uint32(l.HeadWidth))
		m.Set(arch+".attention.value_length", uint32(l.HeadWidth))
	}
	if l.Window > 0 {
		m.Set(arch+".attention.sliding_window", uint32(l.Window))
	}
	if l.Experts > 0 {
		m.Set(arch+".expert_count", uint32(l.Experts))
		m.Set(arch+".expert_used_count", uint32(l.ExpertsUsed))
		m.Set(arch+".expert_feed_forward_length", uint32(l.FeedForward))
	}
	m.Set(arch+".vocab_size", uint32(l.Vocab))
	l.vocabulary(m)
	for k, v := range l.Extra {
		m.Set(k, v)
	}
	return m, nil
}

// vocabulary is a byte-level BPE: the 256 bytes, begin and end of text, and
// words that no merge produces.
func (l Llama) vocabulary(m *gguf.Metadata) {
	const normal, control = 1, 3
	tokens, types := make([]string, 0, l.Vocab), make([]int32, 0, l.Vocab)
	for b := range 256 {
		tokens, types = append(tokens, string(byteRune(byte(b)))), append(types, normal)
	}
	for _, t := range []string{"<|begin|>", "<|end|>"} {
		tokens, types = append(tokens, t), append(types, control)
	}
	merges := []string{"h e", "l l", "he ll", "hell o"}
	for _, t := range []string{"he", "ll", "hell", "hello"} {
		tokens, types = append(tokens, t), append(types, normal)
	}
	for i := len(tokens); i < l.Vocab; i++ {
		tokens, types = append(tokens, fmt.Sprintf("word%d", i)), append(types, normal)
	}
	m.Set("tokenizer.ggml.model", "gpt2")
	m.Set("tokenizer.ggml.pre", "gpt-2")
	m.Set("tokenizer.ggml.tokens", tokens)
	m.Set("tokenizer.ggml.token_type", types)
	m.Set("tokenizer.ggml.merges", merges)
	m.Set("tokenizer.ggml.bos_token_id", uint32(256))
	m.Set("tokenizer.ggml.eos_token_id", uint32(257))
	m.Set("tokenizer.ggml.add_bos_token", false)
}

// byteRune is the character that stands for a byte in byte-level BPE (GPT-2).
func byteRune(b byte) rune {
	printable := func(b int) bool { return b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae }
	if printable(int(b)) {
		return rune(b)
	}
	n := 0
	for i := range int(b) {
		if !printable(i) {
			n++
		}
	}
	return rune(256 + n)
}

func (l Llama) tensors() []gguf.TensorSource {
	var list []gguf.TensorSource
	mixture, shared := l.mixture(), pools{}
	matrices := func(prefix, name, suffix string, layer, rows, cols, n int) {
		kind := mixture.choose(&l, name, layer, cols)
		r := &random{kind: kind, rows: rows * n, cols: cols, seed: l.Seed + uint64(len(list)), deviation: 1 / math.Sqrt(float64(cols)), pools: shared}
		shape := []int{cols, rows, n}
		if n == 1 {
			shape = shape[:2]
		}
		list = append(list, gguf.TensorSource{Name: prefix + name + suffix + ".weight", Type: kind, Shape: shape, From: r})
	}
	matrix := func(prefix, name string, layer, rows, cols int) { matrices(prefix, name, "", layer, rows, cols, 1) }
	vector := func(name string, n int, mean, deviation float64) {
		r := &random{kind: tensor.F32, rows: 1, cols: n, seed: l.Seed + uint64(len(list)), mean: mean, deviation: deviation}
		list = append(list, gguf.TensorSource{Name: name, Type: tensor.F32, Shape: []int{n}, From: r})
	}
	q, kv := l.Heads*l.HeadDim(), l.KVHeads*l.HeadDim()
	matrix("", "token_embd", -1, l.Vocab, l.Embedding)
	for i := range l.Layers {
		b := fmt.Sprintf("blk.%d.", i)
		project := func(name string, rows, cols int) {
			matrix(b, name, i, rows, cols)
			if l.Biases {
				vector(b+name+".bias", rows, 0, 0.1)
			}
		}
		input := func(name string, rows, cols int) { // q, k or v
			matrix(b, name, i, rows, cols)
			if l.Biases || l.architecture() == "qwen2" {
				vector(b+name+".bias", rows, 0, 0.1)
			}
		}
		vector(b+"attn_norm.weight", l.Embedding, 1, 0.1)
		input("attn_q", q, l.Embedding)
		input("attn_k", kv, l.Embedding)
		input("attn_v", kv, l.Embedding)
		if l.HeadNorms {
			vector(b+"attn_q_norm.weight", l.HeadDim(), 1, 0.1)
			vector(b+"attn_k_norm.weight", l.HeadDim(), 1, 0.1)
		}
		project("attn_output", l.Embedding, q)
		if l.PostNorms {
			vector(b+"post_attention_norm.weight", l.Embedding, 1, 0.1)
			vector(b+"post_ffw_norm.weight", l.Embedding, 1, 0.1)
		}
		vector(b+"ffn_norm.weight", l.Embedding, 1, 0.1)
		if l.Experts > 0 {
			router := &random{kind: tensor.F32, rows: l.Experts, cols: l.Embedding, seed: l.Seed + uint64(len(list)), deviation: 1 / math.Sqrt(float64(l.Embedding))}
			list = append(list, gguf.TensorSource{Name: b + "ffn_gate_inp.weight", Type: tensor.F32, Shape: []int{l.Embedding, l.Experts}, From: router})
			matrices(b, "ffn_gate", "_exps", i, l.FeedForward, l.Embedding, l.Experts)
			matrices(b, "ffn_up", "_exps", i, l.FeedForward, l.Embedding, l.Experts)
			matrices(b, "ffn_down", "_exps", i, l.Embedding, l.FeedForward, l.Experts)
			continue
		}
		project("ffn_gate", l.FeedForward, l.Embedding)
		project("ffn_up", l.FeedForward, l.Embedding)
		project("ffn_down", l.Embedding, l.FeedForward)
	}
	vector("output_norm.weight", l.Embedding, 1, 0.1)
	if !l.Tied {
		matrix("", "output", -1, l.Vocab, l.Embedding)
	}
	if l.RopeFactors {
		vector("rope_freqs.weight", l.HeadDim()/2, 4, 1)
	}
	return list
}
