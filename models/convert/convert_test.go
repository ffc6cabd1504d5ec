package convert

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/engine/tokenizer"
)

// converted converts the model in dir and opens the result.
func converted(t *testing.T, dir string, typ tensor.Type) *gguf.File {
	t.Helper()
	r, err := Convert(context.Background(), dir, Options{Type: typ})
	if err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(r.Path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

func TestTypesAndReport(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "Tiny-Llama")
	smallModel(t, dir)
	for _, typ := range Types {
		var last, total int64
		r, err := Convert(context.Background(), dir, Options{Type: typ, Progress: func(done, all int64) {
			if done < last || done > all {
				t.Errorf("progress went from %d to %d of %d", last, done, all)
			}
			last, total = done, all
		}})
		if err != nil {
			t.Fatal(err)
		}
		if last != total || total == 0 {
			t.Errorf("%s: progress ended at %d of %d", typ, last, total)
		}
		if want := filepath.Join(dir, "Tiny-Llama."+typ.String()+".gguf"); r.Path != want || r.Name != "Tiny-Llama" || r.Architecture != "llama" {
			t.Errorf("%s: reported %+v, want path %s", typ, r, want)
		}
		f, err := gguf.Open(r.Path)
		if err != nil {
			t.Fatal(err)
		}
		if f.Size() != r.Bytes || len(f.Tensors) != r.Tensors || r.Tensors != 12 {
			t.Errorf("%s: the file has %d bytes and %d tensors, reported %+v", typ, f.Size(), len(f.Tensors), r)
		}
		for i := range f.Tensors {
			x := &f.Tensors[i]
			want := typ
			if strings.HasSuffix(x.Name, "norm.weight") {
				want = tensor.F32
			}
			if x.Type != want {
				t.Errorf("%s: tensor %s is %s", typ, x.Name, x.Type)
			}
		}
		f.Close()
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 3+len(Types) {
		t.Errorf("%d files are in the folder, %v", len(files), err)
	}
	if _, err := ParseType("q4_0"); err == nil || !strings.Contains(err.Error(), "q8_0") {
		t.Errorf("an unknown type: %v", err)
	}
	if _, err := Convert(context.Background(), dir, Options{Type: tensor.Q4_0}); err == nil {
		t.Error("converted to a type that is not offered")
	}
}

// TestValues follows values through the change that llama makes to the order of
// query rows, from each type of source.
func TestValues(t *testing.T) {
	for _, dtype := range []string{"F64", "F32", "F16", "BF16"} {
		dir := t.TempDir()
		smallModel(t, dir)
		weights := smallWeights(dtype)
		writeWeights(t, filepath.Join(dir, "model.safetensors"), weights)
		f := converted(t, dir, tensor.F32)
		read := func(name string) []float32 {
			x, ok := f.Tensor(name)
			if !ok {
				t.Fatalf("no tensor %s", name)
			}
			out := make([]float32, x.Elements())
			if err := tensor.Dequantize(x.Type, x.Data, out); err != nil {
				t.Fatal(err)
			}
			return out
		}
		rounded := func(name string) []float32 {
			w := weights[name]
			out := slices.Clone(w.values)
			for i, v := range out {
				switch dtype {
				case "F16":
					out[i] = tensor.HalfToFloat(tensor.FloatToHalf(v))
				case "BF16":
					out[i] = tensor.BrainToFloat(tensor.FloatToBrain(v))
				}
			}
			return out
		}
		if want := rounded("model.embed_tokens.weight"); !slices.Equal(read("token_embd.weight"), want) {
			t.Errorf("%s: the embedding was changed", dtype)
		}
		q, want := read("blk.0.attn_q.weight"), rounded("model.layers.0.self_attn.q_proj.weight")
		for row, from := range []int{0, 4, 1, 5, 2, 6, 3, 7, 8, 12} { // heads of eight rows
			if !slices.Equal(q[row*32:(row+1)*32], want[from*32:(from+1)*32]) {
				t.Errorf("%s: row %d of the queries is not row %d", dtype, row, from)
			}
		}
	}
}

func TestShards(t *testing.T) {
	whole, parts := t.TempDir(), t.TempDir()
	smallModel(t, whole)
	smallModel(t, parts)
	if err := os.Remove(filepath.Join(parts, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	files := []map[string]weight{{}, {}}
	index := map[string]string{}
	names := []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}
	all := smallWeights("BF16")
	for i, name := range slices.Sorted(maps.Keys(all)) {
		files[i%2][name] = all[name]
		index[name] = names[i%2]
	}
	for i, name := range names {
		writeWeights(t, filepath.Join(parts, name), files[i])
	}
	writeJSON(t, filepath.Join(parts, "model.safetensors.index.json"), map[string]any{"weight_map": index})
	a, b := converted(t, whole, tensor.BF16), converted(t, parts, tensor.BF16)
	if len(a.Tensors) != len(b.Tensors) {
		t.Fatalf("%d tensors, want %d", len(b.Tensors), len(a.Tensors))
	}
	for i := range a.Tensors {
		if x, ok := b.Tensor(a.Tensors[i].Name); !ok || !slices.Equal(x.Data, a.Tensors[i].Data) {
			t.Errorf("tensor %s differs", a.Tensors[i].Name)
		}
	}
}

// TestKeys holds the settings that readers depend on.
func TestKeys(t *testing.T) {
	dir := t.TempDir()
	smallModel(t, dir)
	c := smallConfig()
	c["rope_scaling"] = map[string]any{"type": "yarn", "factor": 4, "original_max_position_embeddings": 32, "beta_fast": 16}
	c["rope_theta"] = 5e5
	writeJSON(t, filepath.Join(dir, "config.json"), c)
	writeJSON(t, filepath.Join(dir, "generation_config.json"), map[string]any{"temperature": 0.6, "top_k": 20, "top_p": 0.95})
	writeFile(t, filepath.Join(dir, "README.md"), "---\nlicense: apache-2.0\nbase_model:\n- org/Base-1B\nlanguage:\n- en\n- de\ntags:\n- chat\n---\n# A model\n")
	writeFile(t, filepath.Join(dir, "chat_template.jinja"), "{{ messages }}")
	writeJSON(t, filepath.Join(dir, "tokenizer_config.json"), map[string]any{
		"bos_token": "<s>", "eos_token": map[string]any{"content": "</s>"}, "add_bos_token": true, "add_eos_token": false,
		"chat_template":        []map[string]string{{"name": "default", "template": "old"}, {"name": "tool_use", "template": "tools"}},
		"added_tokens_decoder": map[string]any{"30": map[string]any{"content": "<|call|>"}, "31": map[string]any{"content": "a▁b"}},
	})
	f := converted(t, dir, tensor.F16)
	for key, want := range map[string]any{
		"general.architecture": "llama", "general.file_type": uint32(1), "general.license": "apache-2.0", "general.size_label": "12K",
		"general.base_model.count": uint32(1), "general.base_model.0.name": "Base-1B", "general.base_model.0.organization": "org",
		"general.sampling.temp": float32(0.6), "general.sampling.top_k": int32(20), "general.sampling.top_p": float32(0.95),
		"llama.block_count": uint32(1), "llama.context_length": uint32(128), "llama.embedding_length": uint32(32), "llama.feed_forward_length": uint32(64),
		"llama.attention.head_count": uint32(4), "llama.attention.head_count_kv": uint32(2), "llama.attention.key_length": uint32(8),
		"llama.attention.layer_norm_rms_epsilon": float32(1e-5), "llama.rope.dimension_count": uint32(8), "llama.rope.freq_base": float32(5e5),
		"llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": float32(4), "llama.rope.scaling.original_context_length": uint32(32),
		"llama.rope.scaling.yarn_beta_fast": float32(16), "llama.vocab_size": uint32(40),
		"tokenizer.ggml.model": "llama", "tokenizer.ggml.bos_token_id": uint32(1), "tokenizer.ggml.eos_token_id": uint32(2), "tokenizer.ggml.add_bos_token": true,
		"tokenizer.ggml.add_eos_token": false, "tokenizer.ggml.add_space_prefix": true,
		"tokenizer.chat_template": "{{ messages }}", "tokenizer.chat_template.tool_use": "tools",
	} {
		if got, _ := f.Meta.Value(key); got != want {
			t.Errorf("%s is %v, want %v", key, got, want)
		}
	}
	tokens, _ := f.Meta.Strings("tokenizer.ggml.tokens")
	types, _ := f.Meta.Ints("tokenizer.ggml.token_type")
	if len(tokens) != 40 || len(types) != 40 {
		t.Fatalf("%d tokens of %d types, want 40", len(tokens), len(types))
	}
	for id, want := range map[int]struct {
		text string
		kind int64
	}{0: {"<unk>", 2}, 1: {"<s>", 3}, 4: {"a", 1}, 30: {"<|call|>", 3}, 31: {"a b", 4}, 39: {"[PAD39]", 5}} {
		if tokens[id] != want.text || types[id] != want.kind {
			t.Errorf("token %d is %q of type %d, want %q of type %d", id, tokens[id], types[id], want.text, want.kind)
		}
	}
	if _, err := tokenizer.FromGGUF(f); err != nil {
		t.Error(err)
	}
}

// TestCancel leaves nothing behind.
func TestCancel(t *testing.T) {
	dir := t.TempDir()
	smallModel(t, dir)
	before, _ := os.ReadDir(dir)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Convert(ctx, dir, Options{Type: tensor.F16, Progress: func(int64, int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelling gave %v", err)
	}
	if after, _ := os.ReadDir(dir); len(after) != len(before) {
		t.Errorf("%d files, were %d", len(after), len(before))
	}
}

// TestRefuses holds what cannot be converted to errors that name file and cause,
// and to leaving no file behind.
func TestRefuses(t *testing.T) {
	set := func(key string, value any) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			c := smallConfig()
			if c[key] = value; value == nil {
				delete(c, key)
			}
			writeJSON(t, filepath.Join(dir, "config.json"), c)
		}
	}
	weights := func(change func(map[string]weight)) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			w := smallWeights("F32")
			change(w)
			writeWeights(t, filepath.Join(dir, "model.safetensors"), w)
		}
	}
	put := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { writeFile(t, filepath.Join(dir, name), content) }
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, name)) }
	}
	const q = "model.layers.0.self_attn.q_proj.weight"
	for _, c := range []struct {
		name   string
		change func(*testing.T, string)
		want   string
	}{
		{"no config", remove("config.json"), "config.json is missing"},
		{"damaged config", put("config.json", "{"), "config.json"},
		{"no architecture", set("architectures", nil), "architectures"},
		{"unknown architecture", set("architectures", []string{"MambaForCausalLM"}), "MambaForCausalLM cannot be converted yet; those of Bert"},
		{"quantized", set("quantization_config", map[string]any{"quant_method": "gptq"}), "quantized already"},
		{"missing key", set("hidden_size", nil), `"hidden_size" is missing`},
		{"key of another kind", set("num_attention_heads", "four"), `"num_attention_heads" is four`},
		{"negative", set("num_hidden_layers", -1), "num_hidden_layers"},
		{"fraction", set("num_hidden_layers", 1.5), "num_hidden_layers"},
		{"huge", set("num_hidden_layers", 1e9), "num_hidden_layers"},
		{"too many layers", set("num_hidden_layers", 2), "blk.1.attn_q.weight"},
		{"too few heads", set("num_attention_heads", 2), "heads of"},
		{"rotation", set("rope_scaling", map[string]any{"rope_type": "spiral"}), "spiral"},
		{"no weights", remove("model.safetensors"), "holds no .safetensors file"},
		{"damaged weights", put("model.safetensors", "abc"), "model.safetensors"},
		{"missing weight", weights(func(w map[string]weight) { delete(w, q) }), "blk.0.attn_q.weight"},
		{"unknown weight", weights(func(w map[string]weight) { w["model.layers.0.adapter.weight"] = w[q] }), "model.layers.0.adapter.weight"},
		{"layer beyond the last", weights(func(w map[string]weight) { w["model.layers.1.self_attn.q_proj.weight"] = w[q] }), "layers.1."},
		{"an expert too many", weights(func(w map[string]weight) { w["model.layers.0.mlp.experts.0.w1.weight"] = w[q] }), "experts"},
		{"same place", weights(func(w map[string]weight) { w["layers.0.self_attn.q_proj.weight"] = w[q] }), "same place"},
		{"integers", weights(func(w map[string]weight) { w[q] = weight{"I32", []int{32, 32}, w[q].values} }), "type I32"},
		{"three dimensions", weights(func(w map[string]weight) { w[q] = weight{"F32", []int{32, 4, 8}, w[q].values} }), "[32 4 8]"},
		{"no number", weights(func(w map[string]weight) { w[q].values[7] = w[q].values[7] / 0.0 * 0 }), "no number"},
		{"too large for f16", weights(func(w map[string]weight) { w[q].values[7] = 1e5 }), "too large for F16"},
		{"narrow embedding", weights(func(w map[string]weight) {
			w["model.embed_tokens.weight"] = weight{"F32", []int{40, 16}, make([]float32, 640)}
		}), "embedding of width 32"},
		{"no tokenizer", remove("tokenizer.model"), "the tokenizer is missing"},
		{"damaged tokenizer", put("tokenizer.model", "\xff\xff\xff"), "no SentencePiece model"},
		{"unigram tokenizer", put("tokenizer.model", spModel(alphabet(), 1, true)), "type 1"},
		{"damaged settings", put("tokenizer_config.json", "["), "tokenizer_config.json"},
		{"added token", put("tokenizer_config.json", `{"added_tokens_decoder":{"x":{"content":"a"}}}`), "no number"},
	} {
		dir := t.TempDir()
		smallModel(t, dir)
		c.change(t, dir)
		out := filepath.Join(t.TempDir(), "out.gguf")
		_, err := Convert(context.Background(), dir, Options{To: out, Type: tensor.F16})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if left, _ := os.ReadDir(filepath.Dir(out)); len(left) > 0 {
			t.Errorf("%s: left %s behind", c.name, left[0].Name())
		}
	}
	if _, err := Convert(context.Background(), filepath.Join(t.TempDir(), "none"), Options{Type: tensor.F16}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// TestNarrowRows stores what Q8_0's blocks do not divide in F16.
func TestNarrowRows(t *testing.T) {
	dir := t.TempDir()
	smallModel(t, dir)
	c := smallConfig()
	c["intermediate_size"] = 48
	writeJSON(t, filepath.Join(dir, "config.json"), c)
	w := smallWeights("F32")
	w["model.layers.0.mlp.gate_proj.weight"] = weight{"F32", []int{48, 32}, make([]float32, 48*32)}
	w["model.layers.0.mlp.up_proj.weight"] = weight{"F32", []int{48, 32}, make([]float32, 48*32)}
	w["model.layers.0.mlp.down_proj.weight"] = weight{"F32", []int{32, 48}, make([]float32, 48*32)}
	writeWeights(t, filepath.Join(dir, "model.safetensors"), w)
	f := converted(t, dir, tensor.Q8_0)
	for name, want := range map[string]tensor.Type{"blk.0.ffn_up.weight": tensor.Q8_0, "blk.0.ffn_down.weight": tensor.F16} {
		if x, ok := f.Tensor(name); !ok || x.Type != want {
			t.Errorf("%s is not %s", name, want)
		}
	}
}

// TestModules takes the steps of a sentence-transformers model with it: pooling
// and the layers behind it.
func TestModules(t *testing.T) {
	r := readReference(t)
	model := func(t *testing.T, name, second string) string {
		dir := t.TempDir()
		r.writeModel(t, name, dir)
		writeFile(t, filepath.Join(dir, "modules.json"), `[{"type":"sentence_transformers.models.Transformer","path":""},
			{"type":"sentence_transformers.models.Pooling","path":"1_Pooling"},{"type":"sentence_transformers.models.Dense","path":"2_Dense"},
			{"type":"sentence_transformers.models.Dense","path":"3_Dense"},{"type":"sentence_transformers.models.Normalize","path":"4_Normalize"}]`)
		writeFile(t, filepath.Join(dir, "1_Pooling", "config.json"), `{"pooling_mode":"mean"}`)
		identity := `{"in_features":64,"out_features":128,"bias":false,"activation_function":"torch.nn.modules.linear.Identity"}`
		writeFile(t, filepath.Join(dir, "2_Dense", "config.json"), identity)
		writeWeights(t, filepath.Join(dir, "2_Dense", "model.safetensors"), map[string]weight{"linear.weight": {"F32", []int{128, 64}, numbers("up", 128*64, 0)}})
		writeFile(t, filepath.Join(dir, "3_Dense", "config.json"), second)
		writeWeights(t, filepath.Join(dir, "3_Dense", "model.safetensors"), map[string]weight{"linear.weight": {"F32", []int{64, 128}, numbers("down", 128*64, 0)}})
		return dir
	}
	f := converted(t, model(t, "gemma-embedding", "{}"), tensor.F32)
	for key, want := range map[string]uint64{"pooling_type": 1, "dense_2_feat_in": 64, "dense_2_feat_out": 128, "dense_3_feat_in": 128, "dense_3_feat_out": 64} {
		if got, ok := f.Meta.Uint("gemma-embedding." + key); !ok || got != want {
			t.Errorf("%s is %d, want %d", key, got, want)
		}
	}
	if x, ok := f.Tensor("dense_2.weight"); !ok || !slices.Equal(x.Shape, []int{64, 128}) || !slices.Equal(x.Data, weight{values: numbers("up", 128*64, 0)}.encode()) {
		t.Error("dense_2.weight is not there or differs")
	}
	for _, c := range []struct{ model, second, want string }{
		{"gemma-embedding", `{"activation_function":"torch.nn.modules.activation.Tanh"}`, "activation"},
		{"gemma-embedding", `{"bias":true}`, "bias"},
		{"bert", "{}", "no place in a bert model"},
	} {
		if _, err := Convert(context.Background(), model(t, c.model, c.second), Options{Type: tensor.F32}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s with %s: %v, want %q", c.model, c.second, err, c.want)
		}
	}
	for _, c := range []struct{ modules, pooling, want string }{
		{`[{"type":"Pooling","path":"../elsewhere"}]`, "", "not a folder beside it"},
		{`[{"type":"Pooling","path":"1_Pooling"}]`, `{"pooling_mode_max_tokens":true}`, "pooling modes mean"},
		{`{`, "", "modules.json"},
	} {
		dir := t.TempDir()
		r.writeModel(t, "bert", dir)
		writeFile(t, filepath.Join(dir, "modules.json"), c.modules)
		writeFile(t, filepath.Join(dir, "1_Pooling", "config.json"), c.pooling)
		if _, err := Convert(context.Background(), dir, Options{Type: tensor.F32}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.modules, err, c.want)
		}
	}
}

// FuzzConfig converts the small Llama under any configuration.
func FuzzConfig(f *testing.F) {
	dir := f.TempDir()
	smallModel(f, dir)
	good, err := os.ReadFile(filepath.Join(dir, "config.json"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good, []byte("---\nlicense: mit\n---\n"))
	classes := []string{"BertModel", "Gemma3ForCausalLM", "Qwen3Model", "MixtralForCausalLM", "RobertaForSequenceClassification"}
	for _, class := range classes {
		f.Add([]byte(strings.Replace(string(good), "LlamaForCausalLM", class, 1)), []byte("---\nbase_model: [a/b, c]\n---"))
	}
	f.Add([]byte(`{"architectures":["Gemma2ForCausalLM"],"text_config":{"hidden_size":32,"num_hidden_layers":1,"num_attention_heads":1e3},"rope_parameters":{"full_attention":{"rope_theta":-1}},"layer_types":[1,{}]}`), []byte("---\ntags: &a [*a]\n---\n"))
	f.Add([]byte(`{"architectures":["LlamaForCausalLM"],"rope_scaling":{"rope_type":"llama3","low_freq_factor":4,"high_freq_factor":4},"hidden_size":1048576,"num_attention_heads":1,"num_hidden_layers":512,"intermediate_size":1,"max_position_embeddings":1}`), []byte("---"))
	f.Fuzz(func(t *testing.T, config, card []byte) {
		writeFile(t, filepath.Join(dir, "config.json"), string(config))
		writeFile(t, filepath.Join(dir, "README.md"), string(card))
		out := filepath.Join(dir, "out.gguf")
		if _, err := Convert(context.Background(), dir, Options{To: out, Type: tensor.F16}); err != nil {
			return
		}
		m, err := gguf.Open(out)
		if err != nil {
			t.Fatal(err)
		}
		m.Close()
	})
}
