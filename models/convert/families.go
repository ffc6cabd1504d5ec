package convert

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// family is how models of one class become GGUF.
type family struct {
	arch  string   // general.architecture
	names []naming // of tensors
	skip  []string // beginnings of names of tensors that are not part of it
	// prefix is what tensor names of the bare class lack, or what is cut off.
	keys    func(*conversion)
	change  func(*conversion, *source) // how a tensor's values differ from those in the file
	encoder bool                       // reads text for embeddings instead of writing it
}

// families by the name of the class in config.json.
var families = map[string]*family{
	"LlamaForCausalLM":                    llamaFamily,
	"LlamaModel":                          llamaFamily,
	"LLaMAForCausalLM":                    llamaFamily,
	"MistralForCausalLM":                  llamaFamily,
	"MistralModel":                        llamaFamily,
	"MixtralForCausalLM":                  llamaFamily,
	"Qwen2ForCausalLM":                    {arch: "qwen2", names: decoderNames, keys: ropeKeys},
	"Qwen2Model":                          {arch: "qwen2", names: decoderNames, keys: ropeKeys},
	"Qwen3ForCausalLM":                    {arch: "qwen3", names: decoderNames, keys: qwen3Keys},
	"Qwen3Model":                          {arch: "qwen3", names: decoderNames, keys: qwen3Keys},
	"GemmaForCausalLM":                    {arch: "gemma", names: decoderNames, skip: tiedHead, keys: gemmaKeys, change: shiftNorms},
	"Gemma2ForCausalLM":                   {arch: "gemma2", names: sandwichNames, skip: tiedHead, keys: gemma2Keys, change: shiftNorms},
	"Gemma3ForCausalLM":                   {arch: "gemma3", names: sandwichNames, skip: gemma3Skip, keys: gemma3Keys, change: shiftNorms},
	"Gemma3TextModel":                     {arch: "gemma-embedding", names: sandwichNames, skip: gemma3Skip, keys: embeddingGemmaKeys, change: shiftNorms, encoder: true},
	"BertModel":                           bertFamily,
	"BertForMaskedLM":                     bertFamily,
	"RobertaModel":                        bertFamily,
	"RobertaForMaskedLM":                  bertFamily,
	"XLMRobertaModel":                     bertFamily,
	"XLMRobertaForMaskedLM":               bertFamily,
	"BertForSequenceClassification":       rankFamily,
	"RobertaForSequenceClassification":    rankFamily,
	"XLMRobertaForSequenceClassification": rankFamily,
	"Gemma3ForConditionalGeneration":      {arch: "gemma3", names: sandwichNames, skip: gemma3Skip, keys: gemma3Keys, change: shiftNorms},
}

var (
	llamaFamily = &family{arch: "llama", names: decoderNames, keys: llamaKeys, change: pairRotations}
	bertFamily  = &family{arch: "bert", names: bertNames, skip: []string{"pooler.", "cls.predictions", "cls.seq_relationship", "embeddings.position_ids", "lm_head."},
		keys: bertKeys, change: cutPositions, encoder: true}

	// Rerankers and other classifiers.
	rankFamily = &family{arch: "bert", names: append(slices.Clone(bertNames), rankNames...), skip: []string{"embeddings.position_ids"},
		keys: rankKeys, change: cutPositions, encoder: true}

	tiedHead   = []string{"lm_head."}
	gemma3Skip = []string{"lm_head.", "vision_tower.", "multi_modal_projector.", "model.vision_tower.", "model.multi_modal_projector."}
)

// Supported lists the classes of models that can be converted.
func Supported() []string { return slices.Sorted(maps.Keys(families)) }

// familyOf chooses the family of a model.
func familyOf(c config) (*family, string, error) {
	names := c.architectures()
	for _, name := range names {
		if f, ok := families[name]; ok {
			return f, name, nil
		}
	}
	if len(names) == 0 {
		return nil, "", fmt.Errorf("%s does not say which architecture the model is of (key \"architectures\")", c.name)
	}
	return nil, "", fmt.Errorf("%s: models of class %s cannot be converted yet; those of %s can", c.name, names[0], strings.Join(Supported(), ", "))
}

// Bounds on what a configuration may claim.
const (
	maxLayers  = 512
	maxWidth   = 1 << 20
	maxHeads   = 1 << 12
	maxContext = 1 << 26
	maxExperts = 1 << 12
)

// shape holds the sizes that several steps need.
type shape struct {
	layers, width, heads, kvHeads, head int
}

func (c config) shape() shape {
	s := shape{
		layers: c.integer(0, maxLayers, "num_hidden_layers", "n_layer", "n_layers"),
		width:  c.integer(0, maxWidth, "hidden_size", "n_embd", "dim"),
		heads:  c.integer(0, maxHeads, "num_attention_heads", "n_head", "n_heads"),
	}
	s.kvHeads = c.integer(s.heads, maxHeads, "num_key_value_heads", "n_kv_heads")
	s.head = c.integer(max(1, s.width/s.heads), maxWidth, "head_dim")
	return s
}

// common sets the keys that all families have.
func (v *conversion) common() {
	c, s := v.config, v.shape
	v.set("block_count", uint32(s.layers))
	if n, _ := c.value("max_position_embeddings", "n_positions", "n_ctx"); n != nil || v.family.arch != "gemma3" {
		v.set("context_length", uint32(c.integer(0, maxContext, "max_position_embeddings", "n_positions", "n_ctx")-v.positionOffset()))
	} else {
		v.set("context_length", uint32(131072))
	}
	v.set("embedding_length", uint32(s.width))
	v.set("feed_forward_length", uint32(c.integer(0, maxWidth, "intermediate_size", "n_inner", "hidden_dim")))
	v.set("attention.head_count", uint32(s.heads))
}

// decoder sets the keys of models that write text. Defaults are those of the
// classes that read such a configuration, base that of the rotation.
func (v *conversion) decoder(base float64) {
	v.common()
	c, s := v.config, v.shape
	v.set("attention.head_count_kv", uint32(s.kvHeads))
	v.set("attention.layer_norm_rms_epsilon", float32(c.number(1e-6, "rms_norm_eps", "norm_eps")))
	v.set("attention.key_length", uint32(s.head))
	v.set("attention.value_length", uint32(s.head))
	v.rope(base)
}

func ropeKeys(v *conversion) {
	v.decoder(1e4)
	v.pooling()
}

func qwen3Keys(v *conversion) {
	if _, key := v.config.value("head_dim"); key == "" {
		v.shape.head = 128
	}
	ropeKeys(v)
}

func llamaKeys(v *conversion) {
	v.decoder(1e4)
	v.set("rope.dimension_count", uint32(v.shape.head))
	if n, _ := v.config.value("num_local_experts"); n != nil {
		v.experts = v.config.integer(0, maxExperts, "num_local_experts")
		v.set("expert_count", uint32(v.experts))
		v.set("expert_used_count", uint32(v.config.integer(2, v.experts, "num_experts_per_tok")))
	}
}

func gemmaKeys(v *conversion) {
	v.gemmaHead()
	v.decoder(1e4)
}

func gemma2Keys(v *conversion) {
	v.gemmaHead()
	v.decoder(1e4)
	v.set("attn_logit_softcapping", float32(v.config.number(50, "attn_logit_softcapping")))
	v.set("final_logit_softcapping", float32(v.config.number(30, "final_logit_softcapping")))
	v.set("attention.sliding_window", uint32(v.config.integer(4096, maxContext, "sliding_window")))
	v.queryScale(46) // the 27B's layers
}

func gemma3Keys(v *conversion) {
	c := v.config
	if c.keys["num_attention_heads"] == nil {
		v.shape.heads = 8
	}
	if c.keys["num_key_value_heads"] == nil {
		v.shape.kvHeads = 4
	}
	v.gemmaHead()
	v.decoder(1e6)
	if n, _ := c.value("attn_logit_softcapping"); n != nil {
		c.fail("key \"attn_logit_softcapping\" is %v, but Gemma 3 has no such cap", n)
	}
	if n, _ := c.value("final_logit_softcapping"); n != nil {
		v.set("final_logit_softcapping", float32(c.number(0, "final_logit_softcapping")))
	}
	v.set("attention.sliding_window", uint32(c.integer(4096, maxContext, "sliding_window")))
	v.set("rope.freq_base_swa", float32(v.localBase()))
	v.slidingPattern()
	v.queryScale(62)
}

func embeddingGemmaKeys(v *conversion) {
	gemma3Keys(v)
	v.pooling()
}

// gemmaHead sets the width of a head that the classes default to.
func (v *conversion) gemmaHead() {
	if v.config.keys["head_dim"] == nil {
		v.shape.head = 256
	}
}

// queryScale refuses models whose queries are scaled by another number than
// readers of GGUF take: a head's width, but for the largest, which is known by
// its layers and shares the model's width among the heads.
func (v *conversion) queryScale(largest int) {
	n := v.config.integer(v.shape.head, maxWidth, "query_pre_attn_scalar")
	want := v.shape.head
	if v.shape.layers == largest {
		want = v.shape.width / v.shape.heads
	}
	if v.config.keys["query_pre_attn_scalar"] != nil && n != want {
		v.config.fail("key \"query_pre_attn_scalar\" is %d; %s models in GGUF form are scaled by %d", n, v.family.arch, want)
	}
}

// slidingPattern says which layers look back a window only, where it is not the
// architecture's own: five that do, then one that sees all.
func (v *conversion) slidingPattern() {
	const period = 6
	pattern := make([]bool, v.shape.layers)
	if list, ok := v.config.keys["layer_types"].([]any); ok {
		if len(list) != len(pattern) {
			v.config.fail("key \"layer_types\" has %d entries for %d layers", len(list), len(pattern))
			return
		}
		for i, t := range list {
			if pattern[i] = t == "sliding_attention"; !pattern[i] && t != "full_attention" {
				v.config.fail("key \"layer_types\" has %v for layer %d, which cannot be converted", t, i)
				return
			}
		}
	} else {
		n := v.config.integer(period, maxLayers, "sliding_window_pattern", "_sliding_window_pattern")
		for i := range pattern {
			pattern[i] = (i+1)%n != 0
		}
	}
	for i, window := range pattern {
		if window != ((i+1)%period != 0) {
			v.set("attention.sliding_window_pattern", pattern)
			return
		}
	}
}

func bertKeys(v *conversion) {
	v.common()
	v.set("attention.layer_norm_epsilon", float32(v.config.number(1e-12, "layer_norm_eps")))
	v.set("attention.causal", false)
	if t := v.config.text("position_embedding_type"); t != "" && t != "absolute" {
		v.config.fail("key \"position_embedding_type\" is %q; only \"absolute\" can be converted", t)
	}
	if act := v.config.text("hidden_act"); act != "" && act != "gelu" {
		v.config.fail("key \"hidden_act\" is %q; only \"gelu\" can be converted", act)
	}
	v.meta.Set("tokenizer.ggml.token_type_count", uint32(v.config.integer(2, 1<<16, "type_vocab_size")))
	v.pooling()
}

// rankKeys are those of models that judge a text, or two together.
func rankKeys(v *conversion) {
	bertKeys(v)
	v.set("pooling_type", uint32(4))
	if labels := v.labels(); labels != nil {
		v.set("classifier.output_labels", labels)
	}
}

// labels are what a classifier tells apart, nil if they have no names of their own.
func (v *conversion) labels() []string {
	named := v.config.object("id2label").keys
	if len(named) == 0 || len(named) > 1<<12 || len(named) == 2 && named["0"] == "LABEL_0" {
		return nil
	}
	labels := make([]string, len(named))
	for i := range labels {
		labels[i], _ = named[fmt.Sprint(i)].(string)
	}
	return labels
}

// positionOffset is how many rows of a position embedding stand for no
// position: those of RoBERTa begin behind its padding token.
func (v *conversion) positionOffset() int {
	if !strings.Contains(v.class, "Roberta") {
		return 0
	}
	if pad, ok := v.config.keys["pad_token_id"].(float64); ok && pad >= 0 && pad < 1<<16 {
		return int(pad) + 1
	}
	return 2
}

// set adds a key of the architecture.
func (v *conversion) set(key string, value any) { v.meta.Set(v.family.arch+"."+key, value) }

// ropeConfig returns the settings of the rotation of layers of a kind, which
// are written in three ways.
func (v *conversion) ropeConfig(kind string) config {
	c := v.config.object("rope_parameters")
	if len(c.keys) == 0 {
		c = v.config.object("rope_scaling")
	}
	if _, ok := c.keys[kind].(map[string]any); ok {
		return c.object(kind)
	}
	return c
}

// rope sets the keys of rotary positions.
func (v *conversion) rope(base float64) {
	c := v.ropeConfig("full_attention")
	if c.keys["rope_theta"] != nil {
		base = c.number(base, "rope_theta")
	} else {
		base = v.config.number(base, "rope_theta")
	}
	v.base = base
	v.set("rope.freq_base", float32(base))
	kind := c.text("rope_type")
	if kind == "" {
		kind = c.text("type")
	}
	switch kind {
	case "", "default":
	case "linear":
		v.set("rope.scaling.type", "linear")
		v.set("rope.scaling.factor", float32(c.number(0, "factor")))
	case "yarn":
		v.set("rope.scaling.type", "yarn")
		v.set("rope.scaling.factor", float32(c.number(0, "factor")))
		v.set("rope.scaling.original_context_length", uint32(c.integer(v.config.integer(0, maxContext, "max_position_embeddings"), maxContext, "original_max_position_embeddings")))
		for key, to := range map[string]string{"attention_factor": "yarn_attn_factor", "beta_fast": "yarn_beta_fast", "beta_slow": "yarn_beta_slow"} {
			if c.keys[key] != nil {
				v.set("rope.scaling."+to, float32(c.number(0, key)))
			}
		}
	case "llama3":
		v.factors = llama3Factors(c, base, v.shape.head)
	default:
		c.fail("rotations of type %q cannot be converted", kind)
	}
}

// localBase is the base of the rotation of layers that look back a window.
func (v *conversion) localBase() float64 {
	if p := v.config.object("rope_parameters").object("sliding_attention"); p.keys["rope_theta"] != nil {
		return p.number(0, "rope_theta")
	}
	return v.config.number(1e4, "rope_local_base_freq")
}

// llama3Factors are by how much each pair of a head turns slower than the base
// says: those that turn less than once in the context they were trained with by
// the factor, those that turn often not at all, the others in between.
func llama3Factors(c config, base float64, head int) []float32 {
	factor := c.number(8, "factor")
	low, high := c.number(1, "low_freq_factor"), c.number(4, "high_freq_factor")
	trained := c.number(8192, "original_max_position_embeddings")
	if high <= low {
		c.fail("key \"high_freq_factor\" is %g, which is not above \"low_freq_factor\", %g", high, low)
	}
	factors := make([]float32, head/2)
	for i := range factors {
		length := 2 * math.Pi * math.Pow(base, float64(2*i)/float64(head)) // of one turn, in tokens
		switch {
		case length < trained/high:
			factors[i] = 1
		case length > trained/low:
			factors[i] = float32(factor)
		default:
			smooth := (trained/length - low) / (high - low)
			factors[i] = float32(1 / ((1-smooth)/factor + smooth))
		}
	}
	return factors
}
