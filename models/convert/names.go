package convert

import "strings"

// naming tells what tensors are called in both worlds; a * stands for a number.
type naming struct{ from, to string }

// decoderNames are those of models with one norm before each half of a layer.
var decoderNames = append([]naming{
	{"model.layers.*.post_attention_layernorm", "blk.*.ffn_norm"},
}, layerNames...)

// sandwichNames are those of models with norms before and after each half.
var sandwichNames = append([]naming{
	{"model.layers.*.post_attention_layernorm", "blk.*.post_attention_norm"},
	{"model.layers.*.pre_feedforward_layernorm", "blk.*.ffn_norm"},
	{"model.layers.*.post_feedforward_layernorm", "blk.*.post_ffw_norm"},
}, layerNames...)

var layerNames = []naming{
	{"model.embed_tokens", "token_embd"},
	{"model.norm", "output_norm"},
	{"lm_head", "output"},
	{"model.layers.*.input_layernorm", "blk.*.attn_norm"},
	{"model.layers.*.self_attn.q_proj", "blk.*.attn_q"},
	{"model.layers.*.self_attn.k_proj", "blk.*.attn_k"},
	{"model.layers.*.self_attn.v_proj", "blk.*.attn_v"},
	{"model.layers.*.self_attn.o_proj", "blk.*.attn_output"},
	{"model.layers.*.self_attn.q_norm", "blk.*.attn_q_norm"},
	{"model.layers.*.self_attn.k_norm", "blk.*.attn_k_norm"},
	{"model.layers.*.mlp.gate_proj", "blk.*.ffn_gate"},
	{"model.layers.*.mlp.up_proj", "blk.*.ffn_up"},
	{"model.layers.*.mlp.down_proj", "blk.*.ffn_down"},
	{"model.layers.*.block_sparse_moe.gate", "blk.*.ffn_gate_inp"},
	{"model.layers.*.block_sparse_moe.experts.*.w1", "blk.*.ffn_gate_exps"},
	{"model.layers.*.block_sparse_moe.experts.*.w2", "blk.*.ffn_down_exps"},
	{"model.layers.*.block_sparse_moe.experts.*.w3", "blk.*.ffn_up_exps"},
	// Mixtral as newer versions of its class store it.
	{"model.layers.*.mlp.gate", "blk.*.ffn_gate_inp"},
	{"model.layers.*.mlp.experts.*.w1", "blk.*.ffn_gate_exps"},
	{"model.layers.*.mlp.experts.*.w2", "blk.*.ffn_down_exps"},
	{"model.layers.*.mlp.experts.*.w3", "blk.*.ffn_up_exps"},
}

var bertNames = []naming{
	{"embeddings.word_embeddings", "token_embd"},
	{"embeddings.position_embeddings", "position_embd"},
	{"embeddings.token_type_embeddings", "token_types"},
	{"embeddings.LayerNorm", "token_embd_norm"},
	{"encoder.layer.*.attention.self.query", "blk.*.attn_q"},
	{"encoder.layer.*.attention.self.key", "blk.*.attn_k"},
	{"encoder.layer.*.attention.self.value", "blk.*.attn_v"},
	{"encoder.layer.*.attention.output.dense", "blk.*.attn_output"},
	{"encoder.layer.*.attention.output.LayerNorm", "blk.*.attn_output_norm"},
	{"encoder.layer.*.intermediate.dense", "blk.*.ffn_up"},
	{"encoder.layer.*.output.dense", "blk.*.ffn_down"},
	{"encoder.layer.*.output.LayerNorm", "blk.*.layer_output_norm"},
}

// rankNames are those of a classifier's head: a layer over the first token's
// values and the output. BERT calls the former its pooler.
var rankNames = []naming{
	{"pooler.dense", "cls"},
	{"classifier", "cls.output"},
	{"classifier.dense", "cls"},
	{"classifier.out_proj", "cls.output"},
}

// canonical brings a tensor's name into the form that the tables have: the
// classes nest the same parts under different names.
func (f *family) canonical(name string) string {
	if f.arch == "bert" {
		for _, prefix := range []string{"bert.", "roberta."} {
			name = strings.TrimPrefix(name, prefix)
		}
		name = strings.TrimPrefix(name, "model.")
		for _, old := range []naming{{".gamma", ".weight"}, {".beta", ".bias"}} {
			if rest, ok := strings.CutSuffix(name, old.from); ok {
				name = rest + old.to
			}
		}
		return name
	}
	name = strings.TrimPrefix(name, "language_model.")
	name = strings.Replace(name, "model.language_model.", "model.", 1)
	if !strings.HasPrefix(name, "model.") && !strings.HasPrefix(name, "lm_head.") &&
		(strings.HasPrefix(name, "layers.") || strings.HasPrefix(name, "embed_tokens.") || strings.HasPrefix(name, "norm.")) {
		name = "model." + name
	}
	return name
}

// place is where a tensor belongs: its name in GGUF and, among experts, its number.
type place struct {
	name   string
	layer  int
	expert int // -1 if it is not one of many
}

// place finds the place of a tensor by its canonical name.
func (f *family) place(name string) (place, bool) {
	stem, suffix := name, ""
	for _, s := range []string{".weight", ".bias"} {
		if rest, ok := strings.CutSuffix(name, s); ok {
			stem, suffix = rest, s
		}
	}
	if suffix == "" {
		return place{}, false
	}
	for _, n := range f.names {
		numbers, ok := match(n.from, stem)
		if !ok {
			continue
		}
		p := place{name: n.to + suffix, layer: -1, expert: -1}
		if len(numbers) > 0 {
			p.name = strings.Replace(p.name, "*", numbers[0], 1)
			p.layer = atoi(numbers[0])
		}
		if len(numbers) > 1 {
			p.expert = atoi(numbers[1])
		}
		return p, true
	}
	return place{}, false
}

// match holds s to pattern and returns what its stars stand for: numbers
// without leading zeros, of at most four digits.
func match(pattern, s string) (numbers []string, ok bool) {
	want, have := strings.Split(pattern, "."), strings.Split(s, ".")
	if len(want) != len(have) {
		return nil, false
	}
	for i, w := range want {
		if w == "*" && isNumber(have[i]) {
			numbers = append(numbers, have[i])
		} else if w != have[i] {
			return nil, false
		}
	}
	return numbers, true
}

func isNumber(s string) bool {
	if len(s) == 0 || len(s) > 4 || s[0] == '0' && len(s) > 1 {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

// isDigits tells whether s is a number of at most eight digits.
func isDigits(s string) bool {
	return len(s) > 0 && len(s) <= 8 && strings.Trim(s, "0123456789") == ""
}

// atoi reads a number that isNumber or isDigits accepts.
func atoi(s string) int {
	n := 0
	for _, c := range s {
		n = 10*n + int(c-'0')
	}
	return n
}
