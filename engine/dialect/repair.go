package dialect

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"

	"freehold/engine/gguf"
)

// What no table of names tells: values that follow from others, and the few
// tensors that are laid out in another way.

func gptOSS(v *view) error {
	if n, ok := v.size("blk.0.ffn_gate_exps.weight", 1); ok && !v.has("expert_feed_forward_length") {
		v.set("expert_feed_forward_length", n)
	}
	return nil
}

// gemma3 restores what Ollama's engine had built in: models that read 128 K
// tokens were trained on positions an eighth as far apart.
func gemma3(v *view) error {
	if n, ok := v.number("context_length"); ok && n >= 131072 {
		if !v.has("rope.scaling.type") {
			v.set("rope.scaling.type", "linear")
		}
		if !v.has("rope.scaling.factor") {
			v.set("rope.scaling.factor", float32(8))
		}
	}
	v.trimVocabulary()
	return nil
}

func gemmaEmbedding(v *view) error {
	v.set("attention.causal", false)
	v.meta.Delete(v.key("attention.sliding_window_pattern"))
	for i, name := range []string{"dense_2", "dense_3"} {
		in, ok := v.size(name+".weight", 0)
		out, has := v.size(name+".weight", 1)
		if !ok || !has {
			return fmt.Errorf("tensor dense.%d.weight is missing or not a matrix; the file is incomplete", i)
		}
		v.set(name+"_feat_in", in)
		v.set(name+"_feat_out", out)
	}
	v.trimVocabulary()
	return nil
}

// gemma3n cuts the vocabulary to what the per-layer embeddings know: the rest
// are markers of pictures and sounds. Bytes and unused tokens get their types.
func gemma3n(v *view) error {
	rows, _ := v.size("per_layer_token_embd.weight", 1)
	if err := v.trimRows("token_embd.weight", int(rows)); err != nil {
		return err
	}
	v.trimVocabulary()
	tokens, _ := v.meta.Strings("tokenizer.ggml.tokens")
	types, ok := v.meta.Ints("tokenizer.ggml.token_type")
	if !ok || len(types) > len(tokens) {
		return nil
	}
	fixed := make([]int32, len(types))
	for i, t := range types {
		fixed[i] = int32(t)
		switch name := tokens[i]; {
		case len(name) == 6 && strings.HasPrefix(name, "<0x") && name[5] == '>':
			fixed[i] = typeByte
		case strings.HasPrefix(name, "<unused"):
			fixed[i] = typeNormal
		}
	}
	v.set("tokenizer.ggml.token_type", fixed)
	return nil
}

// gemma4 names the vocabulary for what it is: byte pairs, whose merges are
// there, and no SentencePiece.
func gemma4(v *view) error {
	if v.text("tokenizer.ggml.model") == "llama" {
		v.set("tokenizer.ggml.model", "gemma4")
	}
	return nil
}

// Types of tokens, tokenizer.ggml.token_type.
const (
	typeNormal = 1
	typeByte   = 6
)

// snowflakeCharsmap turns the normalisation map, base64 with a string for each
// character, into the bytes it stands for.
func snowflakeCharsmap(v *view) error {
	const key = "tokenizer.ggml.precompiled_charsmap"
	letters, _ := v.meta.Strings(key)
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.Join(letters, ""), "="))
	if err != nil {
		return fmt.Errorf("metadata key %q: %w", key, err)
	}
	v.set(key, decoded)
	return nil
}

// glm4MoELite states the sizes of multi-head latent attention as llama.cpp
// does: one key-value head as wide as the latent, the heads' own sizes apart.
func glm4MoELite(v *view) error {
	head, ok := v.number("attention.key_length")
	value, hasValue := v.number("attention.value_length")
	rank, hasRank := v.number("attention.kv_lora_rank")
	rope, hasRope := v.number("rope.dimension_count")
	if !ok || !hasValue || !hasRank || !hasRope {
		return fmt.Errorf("one of the metadata keys attention.key_length, attention.value_length, attention.kv_lora_rank and rope.dimension_count is missing; the file is incomplete")
	}
	v.set("attention.head_count_kv", uint32(1))
	v.set("attention.key_length", rank+rope)
	v.set("attention.value_length", rank)
	v.set("attention.key_length_mla", head)
	v.set("attention.value_length_mla", value)
	// The second and third of the tokens that end an answer end a turn and wait for a tool.
	if ids, ok := v.meta.Ints("tokenizer.ggml.eos_token_ids"); ok {
		for i, key := range []string{"", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"} {
			if i > 0 && i < len(ids) && ids[i] >= 0 && ids[i] <= math.MaxUint32 && !v.has(key) {
				v.set(key, uint32(ids[i]))
			}
		}
	}
	return nil
}

// glmOCR joins the two halves of the feed-forward network, which llama.cpp
// stores as one tensor, the gate first.
func glmOCR(v *view) error {
	v.fourSections()
	if n, ok := v.number("attention.key_length"); ok && !v.has("rope.dimension_count") {
		v.set("rope.dimension_count", n)
	}
	gates := map[string]*gguf.Tensor{}
	for i := range v.tensors {
		if t := &v.tensors[i]; strings.HasSuffix(t.Name, ".ffn_gate.weight") {
			gates[strings.TrimSuffix(t.Name, "ffn_gate.weight")] = t
		}
	}
	var joined []gguf.Tensor
	for _, t := range v.tensors {
		if strings.HasSuffix(t.Name, ".ffn_gate.weight") {
			continue
		}
		if block, ok := strings.CutSuffix(t.Name, "ffn_up.weight"); ok && gates[block] != nil {
			gate := gates[block]
			delete(gates, block)
			if gate.Type != t.Type || len(gate.Shape) != 2 || len(t.Shape) != 2 || gate.Shape[0] != t.Shape[0] {
				return fmt.Errorf("tensors %s and %s do not fit together; the file is damaged", gate.Name, t.Name)
			}
			t.Shape = []int{t.Shape[0], gate.Shape[1] + t.Shape[1]}
			t.Data = append(append(make([]byte, 0, len(gate.Data)+len(t.Data)), gate.Data...), t.Data...)
		}
		joined = append(joined, t)
	}
	for _, gate := range gates {
		return fmt.Errorf("tensor %s has no ffn_up.weight beside it; the file is incomplete", gate.Name)
	}
	v.tensors = joined
	return nil
}

// qwen35 also counts the layers without those that guess further tokens, which
// are left out unless llama.cpp's naming numbers them with the others.
func qwen35(v *view) error {
	v.largest("attention.head_count_kv", 2)
	v.fourSections()
	blocks := 0
	for i := range v.tensors {
		rest, ok := strings.CutPrefix(v.tensors[i].Name, "blk.")
		if !ok {
			continue
		}
		digits, name, _ := strings.Cut(rest, ".")
		if strings.HasPrefix(name, "nextn.") {
			return nil
		}
		if n, err := strconv.Atoi(digits); err == nil && n < maxLayers {
			blocks = max(blocks, n+1)
		}
	}
	if v.has("nextn_predict_layers") && blocks > 0 {
		v.meta.Delete(v.key("nextn_predict_layers"))
		v.set("block_count", uint32(blocks))
	}
	return nil
}

func qwen3VL(v *view) error {
	v.set("rope.dimension_sections", []int32{24, 20, 20, 0})
	if !v.has("n_deepstack_layers") {
		indexes, _ := v.meta.Ints(v.key("vision.deepstack_visual_indexes"))
		v.set("n_deepstack_layers", uint32(len(indexes)))
	}
	return nil
}

// lfm2 states the feed-forward width that the tensors have; some files give
// the one before it was fitted to a multiple.
func lfm2(v *view) error {
	if n, ok := v.size("blk.0.ffn_gate.weight", 1); ok {
		v.set("feed_forward_length", n)
	}
	return nil
}

// llama3Gap recognises Llama 3 files that do not name their pre-tokenizer, or
// give the end of all text as the end of an answer, which ends with <|eot_id|>.
func llama3Gap(v *view) bool {
	tokens, _ := v.meta.Strings("tokenizer.ggml.tokens")
	if len(tokens) <= llama3EndOfTurn || tokens[llama3EndOfTurn] != "<|eot_id|>" {
		return false
	}
	template := v.text("tokenizer.chat_template")
	chats := tokens[llama3Header] == "<|start_header_id|>" ||
		strings.Contains(template, "<|start_header_id|>") || strings.Contains(template, "<|eot_id|>")
	eos, _ := v.number("tokenizer.ggml.eos_token_id")
	return chats && (v.noPretokenizer() || eos == llama3EndOfText)
}

const (
	llama3EndOfText = 128001
	llama3Header    = 128006
	llama3EndOfTurn = 128009
)

func llama3(v *view) error {
	v.pretokenizer("llama-bpe")
	for _, key := range []string{"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"} {
		if id, ok := v.number(key); !ok || id == llama3EndOfText {
			v.set(key, uint32(llama3EndOfTurn))
		}
	}
	return nil
}

// mllama leaves the layers out that look at pictures and numbers the others
// anew: what remains is the Llama it was grown from.
func mllama(v *view) error {
	cross, ok := v.meta.Ints(v.key("attention.cross_attention_layers"))
	layers, has := v.number("block_count")
	if !ok || !has || layers > maxLayers {
		return fmt.Errorf("one of the metadata keys mllama.attention.cross_attention_layers and mllama.block_count is missing or wrong; the file is incomplete")
	}
	looks := map[int]bool{}
	for _, layer := range cross {
		if layer >= 0 && layer < int64(layers) {
			looks[int(layer)] = true
		}
	}
	number := make([]int, layers) // of a layer, once the others are gone
	next := 0
	for i := range number {
		number[i] = next
		if !looks[i] {
			next++
		}
	}
	var text []gguf.Tensor
	for _, t := range v.tensors {
		if rest, ok := strings.CutPrefix(t.Name, "blk."); ok {
			digits, name, _ := strings.Cut(rest, ".")
			i, err := strconv.Atoi(digits)
			if err != nil || i < 0 || i >= len(number) {
				return fmt.Errorf("tensor %s is of no layer; the file is damaged", t.Name)
			}
			if looks[i] {
				continue
			}
			t.Name = fmt.Sprintf("blk.%d.%s", number[i], name)
		}
		text = append(text, t)
	}
	v.tensors = text
	v.set("block_count", uint32(next))
	v.meta.Delete(v.key("attention.cross_attention_layers"))
	// Eight rows beyond the vocabulary stand for pictures; the output has none of them.
	if rows, ok := v.size("output.weight", 1); ok {
		if err := v.trimRows("token_embd.weight", int(rows)); err != nil {
			return err
		}
		v.set("vocab_size", rows)
	}
	v.trimVocabulary()
	if llama3Gap(v) {
		return llama3(v)
	}
	return nil
}

const maxLayers = 512

func deepseekOCR(v *view) error {
	width, ok := v.size("blk.1.ffn_down_exps.weight", 0) // layer 0 has no experts
	if ok && !v.has("expert_feed_forward_length") {
		v.set("expert_feed_forward_length", width)
	}
	width, _ = v.number("expert_feed_forward_length")
	shared, ok := v.size("blk.1.ffn_down_shexp.weight", 0)
	if ok && width > 0 && !v.has("expert_shared_count") {
		v.set("expert_shared_count", shared/width)
	}
	return nil
}

// nemotronLatent states how wide the space is that the experts work in, where
// the model has one narrower than its own.
func nemotronLatent(v *view) error {
	for i := range v.tensors {
		t := &v.tensors[i]
		if strings.HasSuffix(t.Name, ".ffn_latent_down.weight") && len(t.Shape) == 2 && t.Shape[1] < 1<<31 && !v.has("moe_latent_size") {
			v.set("moe_latent_size", uint32(t.Shape[1]))
		}
	}
	return nil
}

// noPretokenizer tells whether the file leaves open how text is split.
func (v *view) noPretokenizer() bool {
	if !v.has("tokenizer.ggml.pre") {
		return true
	}
	pre, ok := v.meta.String("tokenizer.ggml.pre")
	return ok && (pre == "" || pre == "default")
}

// pretokenizer names the pre-tokenizer where the file does not.
func (v *view) pretokenizer(name string) {
	if v.noPretokenizer() {
		v.set("tokenizer.ggml.pre", name)
	}
}

// fourSections pads the sections of a multi-axis position to the four that
// llama.cpp stores; text moves along all of them at once.
func (v *view) fourSections() {
	const key = "rope.dimension_sections"
	if s, ok := v.meta.Ints(v.key(key)); ok && len(s) == 3 {
		v.set(key, []int32{int32(s[0]), int32(s[1]), int32(s[2]), 0})
	}
}

// largest turns a list with a value for each layer into the largest of them:
// those of layers without attention are 0. If all are, fallback stands for it,
// or the list stays if that is 0.
func (v *view) largest(key string, fallback uint32) {
	list, ok := v.meta.Ints(v.key(key))
	if !ok {
		return
	}
	n := int64(0)
	for _, x := range list {
		n = max(n, x)
	}
	if n == 0 {
		n = int64(fallback)
	}
	if n > 0 && n <= math.MaxUint32 {
		v.set(key, uint32(n))
	}
}

// trimVocabulary cuts the vocabulary to the tokens that the model has an
// embedding for: pictures' markers come after them.
func (v *view) trimVocabulary() {
	n, ok := v.size("token_embd.weight", 1)
	if !ok {
		return
	}
	if s, ok := v.meta.Strings("tokenizer.ggml.tokens"); ok && len(s) > int(n) {
		v.set("tokenizer.ggml.tokens", s[:n])
	}
	if s, ok := v.meta.Floats("tokenizer.ggml.scores"); ok && len(s) > int(n) {
		v.set("tokenizer.ggml.scores", s[:n])
	}
	if s, ok := v.meta.Ints("tokenizer.ggml.token_type"); ok && len(s) > int(n) {
		types := make([]int32, n)
		for i := range types {
			types[i] = int32(s[i])
		}
		v.set("tokenizer.ggml.token_type", types)
	}
}

// trimRows cuts a matrix to its first rows, if it has more.
func (v *view) trimRows(name string, rows int) error {
	t := v.tensor(name)
	if t == nil || len(t.Shape) != 2 || rows < 1 {
		return fmt.Errorf("tensor %s is missing or not a matrix; the file is incomplete", name)
	}
	if t.Shape[1] > rows {
		t.Data = t.Data[:len(t.Data)/t.Shape[1]*rows]
		t.Shape = []int{t.Shape[0], rows}
	}
	return nil
}
