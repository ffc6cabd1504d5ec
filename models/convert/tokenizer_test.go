package convert

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/engine/tokenizer"
)

type object = map[string]any
type list = []any

// byteLevel is a pre-tokenizer of these regular expressions, with the stand-ins
// for bytes behind it.
func byteLevel(regexes ...string) object {
	var steps list
	for _, r := range regexes {
		if r == "digits" {
			steps = append(steps, object{"type": "Digits", "individual_digits": true})
			continue
		}
		steps = append(steps, object{"type": "Split", "pattern": object{"Regex": r}, "behavior": "Isolated", "invert": false})
	}
	return object{"type": "Sequence", "pretokenizers": append(steps, object{"type": "ByteLevel", "add_prefix_space": false, "use_regex": false})}
}

// bytePairs is a small byte-level tokenizer.json.
func bytePairs(pre any) object {
	return object{
		"model": object{"type": "BPE", "vocab": object{"a": 0, "b": 1, "Ġ": 2, "ab": 3, "Ġa": 4}, "merges": list{"a b", "Ġ a"}},
		"added_tokens": list{object{"id": 5, "content": "<s>", "special": true}, object{"id": 6, "content": "<|end|>", "special": false},
			object{"id": 7, "content": "two▁words", "special": false}},
		"pre_tokenizer":  pre,
		"post_processor": object{"type": "TemplateProcessing", "single": list{object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}}},
		"decoder":        object{"type": "ByteLevel"},
	}
}

// withTokenizer converts the small Llama with this tokenizer.json.
func withTokenizer(t *testing.T, tok object, o Options) (*gguf.File, error) {
	t.Helper()
	dir := t.TempDir()
	writeJSON(t, filepath.Join(dir, "config.json"), smallConfig())
	writeWeights(t, filepath.Join(dir, "model.safetensors"), smallWeights("F32"))
	writeJSON(t, filepath.Join(dir, "tokenizer.json"), tok)
	o.To, o.Type = filepath.Join(dir, "out.gguf"), tensor.F32
	if _, err := Convert(context.Background(), dir, o); err != nil {
		return nil, err
	}
	f, err := gguf.Open(o.To)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f, nil
}

func TestPretokenizers(t *testing.T) {
	for _, c := range []struct {
		name   string
		pre    any
		ignore bool // merges of words that are tokens
		want   string
	}{
		{"gpt-2", object{"type": "ByteLevel", "add_prefix_space": false}, false, "gpt-2"},
		{"smollm", object{"type": "Sequence", "pretokenizers": list{object{"type": "Digits", "individual_digits": true}, object{"type": "ByteLevel"}}}, false, "smollm"},
		{"llama 3", byteLevel(`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`), true, "llama-bpe"},
		{"llama 3's regex alone", byteLevel(`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`), false, "smaug-bpe"},
		{"qwen 2", byteLevel(`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`), false, "qwen2"},
		{"deepseek coder", byteLevel("[\r\n]", `\s?\p{L}+`, `\s?\p{P}+`, "[一-龥ࠀ-一가-퟿]+", "digits"), false, "deepseek-coder"},
		{"mistral nemo", byteLevel(`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+`), false, "tekken"},
		{"another", byteLevel(`\w+`), false, ""},
		{"another behaviour", object{"type": "Sequence", "pretokenizers": list{object{"type": "Split", "pattern": object{"Regex": `\p{N}`}, "behavior": "MergedWithNext"}, object{"type": "ByteLevel"}}}, false, ""},
	} {
		tok := bytePairs(c.pre)
		tok["model"].(object)["ignore_merges"] = c.ignore
		f, err := withTokenizer(t, tok, Options{})
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "--pre") || !strings.Contains(err.Error(), "tokenizer.json") {
				t.Errorf("%s: %v", c.name, err)
			}
			if f, err = withTokenizer(t, tok, Options{Pre: "gpt-2"}); err != nil {
				t.Errorf("%s: named by the user: %v", c.name, err)
				continue
			}
			c.want = "gpt-2"
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if pre, _ := f.Meta.String("tokenizer.ggml.pre"); pre != c.want {
			t.Errorf("%s was taken for %s", c.name, pre)
		}
		if _, err := tokenizer.FromGGUF(f); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func checkTokens(t *testing.T, f *gguf.File, want map[int]tokenEntry) {
	t.Helper()
	texts, _ := f.Meta.Strings("tokenizer.ggml.tokens")
	types, _ := f.Meta.Ints("tokenizer.ggml.token_type")
	scores, scored := f.Meta.Floats("tokenizer.ggml.scores")
	for id, w := range want {
		if id >= len(texts) || texts[id] != w.text || types[id] != w.kind {
			t.Errorf("token %d is %q of type %d, want %q of type %d", id, texts[id], types[id], w.text, w.kind)
		}
		if scored && scores[id] != w.score {
			t.Errorf("token %d (%q) has score %g, want %g", id, w.text, scores[id], w.score)
		}
	}
}

type tokenEntry struct {
	text  string
	kind  int64
	score float32
}

func checkKeys(t *testing.T, f *gguf.File, want object) {
	t.Helper()
	for key, w := range want {
		if got, _ := f.Meta.Value("tokenizer.ggml." + key); got != w {
			t.Errorf("%s is %v, want %v", key, got, w)
		}
	}
}

func TestBytePairs(t *testing.T) {
	for _, merges := range []list{{"a b", "Ġ a"}, {list{"a", "b"}, list{"Ġ", "a"}}, {"#version: 0.2", "a b", "Ġ a"}} {
		tok := bytePairs(object{"type": "ByteLevel"})
		tok["model"].(object)["merges"] = merges
		f, err := withTokenizer(t, tok, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := f.Meta.Strings("tokenizer.ggml.merges"); !slices.Equal(got, []string{"a b", "Ġ a"}) {
			t.Errorf("merges %q", got)
		}
		checkTokens(t, f, map[int]tokenEntry{0: {"a", 1, 0}, 4: {"Ġa", 1, 0}, 5: {"<s>", 3, 0}, 6: {"<|end|>", 3, 0}, 7: {"two words", 4, 0}, 8: {"[PAD8]", 5, 0}})
		checkKeys(t, f, object{"model": "gpt2", "bos_token_id": uint32(5), "add_bos_token": true, "add_eos_token": false})
	}
}

// TestSentencePieceAsPairs gets the scores back from the order of the merges.
func TestSentencePieceAsPairs(t *testing.T) {
	f, err := withTokenizer(t, object{
		"model": object{"type": "BPE", "byte_fallback": true, "unk_token": "<unk>",
			"vocab":  object{"<unk>": 0, "<s>": 1, "<0x0A>": 2, "▁": 3, "a": 4, "b": 5, "▁a": 6, "ab": 7, "▁ab": 8},
			"merges": list{"▁ a", "a b", "▁a b", "▁ ab"}},
		"added_tokens": list{object{"id": 0, "content": "<unk>", "special": true}, object{"id": 1, "content": "<s>", "special": true}},
		"normalizer":   object{"type": "Sequence", "normalizers": list{object{"type": "Prepend", "prepend": "▁"}, object{"type": "Replace", "pattern": object{"String": " "}}}},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	checkTokens(t, f, map[int]tokenEntry{0: {"<unk>", 2, -1000}, 1: {"<s>", 3, -1000}, 2: {"<0x0A>", 6, 0}, 4: {"a", 1, -5}, 6: {"▁a", 1, -1}, 7: {"ab", 1, -2}, 8: {"▁ab", 1, -3}})
	checkKeys(t, f, object{"model": "llama", "add_space_prefix": true, "add_bos_token": true})
	tok, err := tokenizer.FromGGUF(f)
	if err != nil {
		t.Fatal(err)
	}
	if got := tok.Encode("ab\nab", tokenizer.Options{}); !slices.Equal(got, []int32{8, 2, 7}) {
		t.Errorf("tokens %v", got)
	}
}

// encoderWith converts a small BERT with this tokenizer.
func encoderWith(t *testing.T, files map[string]string) *gguf.File {
	t.Helper()
	r := readReference(t)
	dir := t.TempDir()
	r.writeModel(t, "bert", dir)
	for name, content := range files {
		writeFile(t, filepath.Join(dir, name), content)
	}
	return converted(t, dir, tensor.F32)
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestWordPieces(t *testing.T) {
	pair := list{object{"SpecialToken": object{"id": "[CLS]"}}, object{"Sequence": object{"id": "A"}}, object{"SpecialToken": object{"id": "[SEP]"}}, object{"Sequence": object{"id": "B"}}, object{"SpecialToken": object{"id": "[SEP]"}}}
	tok := object{
		"model":          object{"type": "WordPiece", "unk_token": "[UNK]", "vocab": object{"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "word": 4, "##s": 5}},
		"added_tokens":   list{object{"id": 0, "content": "[PAD]", "special": true}, object{"id": 1, "content": "[UNK]", "special": true}, object{"id": 2, "content": "[CLS]", "special": true}, object{"id": 3, "content": "[SEP]", "special": true}},
		"normalizer":     object{"type": "BertNormalizer", "lowercase": false, "strip_accents": true},
		"post_processor": object{"type": "TemplateProcessing", "single": pair[:3], "pair": pair},
	}
	settings := `{"cls_token":"[CLS]","sep_token":"[SEP]","unk_token":"[UNK]","pad_token":"[PAD]"}`
	f := encoderWith(t, map[string]string{"tokenizer.json": asJSON(t, tok), "tokenizer_config.json": settings,
		"modules.json":          `[{"type":"sentence_transformers.models.Pooling","path":"1_Pooling"}]`,
		"1_Pooling/config.json": `{"pooling_mode_mean_tokens":true}`})
	checkTokens(t, f, map[int]tokenEntry{0: {"[PAD]", 3, 0}, 4: {"▁word", 1, 0}, 5: {"s", 1, 0}, 6: {"[PAD6]", 5, 0}})
	checkKeys(t, f, object{"model": "bert", "bos_token_id": uint32(2), "eos_token_id": uint32(3), "seperator_token_id": uint32(3), "unknown_token_id": uint32(1),
		"padding_token_id": uint32(0), "add_bos_token": true, "add_eos_token": true, "add_sep_token": false, "normalizer.lowercase": false, "normalizer.strip_accents": true,
		"token_type_count": uint32(2)})
	if p, _ := f.Meta.Uint("bert.pooling_type"); p != 1 {
		t.Errorf("pooling type %d", p)
	}

	// The same from a bare list, in small letters.
	f = encoderWith(t, map[string]string{"vocab.txt": "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nword\r\n##s\r\n", "tokenizer_config.json": `{"do_lower_case":true}`})
	checkTokens(t, f, map[int]tokenEntry{0: {"[PAD]", 3, 0}, 4: {"▁word", 1, 0}, 5: {"s", 1, 0}})
	checkKeys(t, f, object{"model": "bert", "normalizer.lowercase": true, "add_bos_token": true, "add_eos_token": true})
}

func TestUnigram(t *testing.T) {
	charsmap := []byte("a map of characters")
	tok := object{
		"model":         object{"type": "Unigram", "unk_id": 3, "vocab": list{list{"<s>", 0}, list{"<pad>", 0}, list{"</s>", 0}, list{"<unk>", 0}, list{"▁a", -1.5}, list{"b", -2.25}}},
		"added_tokens":  list{object{"id": 0, "content": "<s>", "special": true}, object{"id": 2, "content": "</s>", "special": true}},
		"normalizer":    object{"type": "Precompiled", "precompiled_charsmap": base64.StdEncoding.EncodeToString(charsmap)},
		"pre_tokenizer": object{"type": "Sequence", "pretokenizers": list{object{"type": "WhitespaceSplit"}, object{"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}}},
		"post_processor": object{"type": "TemplateProcessing", "single": list{object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}, object{"SpecialToken": object{"id": "</s>"}}},
			"pair": list{object{"SpecialToken": object{"id": "<s>"}}, object{"Sequence": object{"id": "A"}}, object{"SpecialToken": object{"id": "</s>"}}, object{"SpecialToken": object{"id": "</s>"}}, object{"Sequence": object{"id": "B"}}}},
	}
	f := encoderWith(t, map[string]string{"tokenizer.json": asJSON(t, tok)})
	checkTokens(t, f, map[int]tokenEntry{3: {"<unk>", 2, 0}, 4: {"▁a", 1, -1.5}, 5: {"b", 1, -2.25}, 2: {"</s>", 3, -1000}})
	checkKeys(t, f, object{"model": "t5", "add_space_prefix": true, "remove_extra_whitespaces": true, "add_sep_token": true, "bos_token_id": uint32(0), "eos_token_id": uint32(2)})
	if v, _ := f.Meta.Value("tokenizer.ggml.precompiled_charsmap"); !slices.Equal(v.([]uint8), charsmap) {
		t.Errorf("the map of characters is %v", v)
	}
}

func TestRefusesTokenizers(t *testing.T) {
	for _, c := range []struct {
		name string
		tok  string
		want string
	}{
		{"a type of its own", `{"model":{"type":"WordLevel","vocab":{}}}`, `type "WordLevel"`},
		{"same number", `{"model":{"type":"BPE","vocab":{"a":0,"b":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}`, "both have the number 0"},
		{"negative number", `{"model":{"type":"BPE","vocab":{"a":-1},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}`, "-1"},
		{"huge number", `{"model":{"type":"BPE","vocab":{"a":999999999},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}`, "999999999"},
		{"huge added number", `{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"},"added_tokens":[{"id":88888888,"content":"x"}]}`, "88888888"},
		{"one word", `{"model":{"type":"BPE","vocab":{"a":0},"merges":["ab"]},"pre_tokenizer":{"type":"ByteLevel"}}`, "no two tokens"},
		{"three parts", `{"model":{"type":"BPE","vocab":{"a":0},"merges":[["a","b","c"]]},"pre_tokenizer":{"type":"ByteLevel"}}`, "3 parts"},
		{"no merges", `{"model":{"type":"BPE","vocab":{"a":0},"merges":7},"pre_tokenizer":{"type":"ByteLevel"}}`, "the merges"},
		{"a list of words", `{"model":{"type":"BPE","vocab":["a"],"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}`, "the vocabulary"},
		{"unigram without scores", `{"model":{"type":"Unigram","vocab":[["a"]]}}`, "token 0"},
		{"empty", `{"model":{"type":"BPE","vocab":{},"merges":[]},"pre_tokenizer":{"type":"ByteLevel"}}`, "no tokens"},
		{"damaged", `{"model":`, "tokenizer.json"},
	} {
		dir := t.TempDir()
		smallModel(t, dir)
		writeFile(t, filepath.Join(dir, "tokenizer.model"), "not a model")
		writeFile(t, filepath.Join(dir, "tokenizer.json"), c.tok)
		if _, err := Convert(context.Background(), dir, Options{Type: tensor.F16}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// FuzzTokenizer reads any file as each kind of tokenizer.
func FuzzTokenizer(f *testing.F) {
	pairs, _ := json.Marshal(bytePairs(object{"type": "ByteLevel"}))
	f.Add(pairs)
	f.Add([]byte(`{"model":{"type":"Unigram","unk_id":-5,"vocab":[["a",1e300],["b",-1]]},"post_processor":{"type":"RobertaProcessing","cls":["a",0],"sep":[1,2]}}`))
	f.Add([]byte(`{"model":{"type":"WordPiece","vocab":{"##a":3,"b":0}},"normalizer":{"type":"Sequence","normalizers":[{"type":"Sequence"}]}}`))
	f.Add([]byte(`{"model":{"type":"BPE","byte_fallback":true,"vocab":{"<0x41>":0,"▁":1,"▁▁":2},"merges":[["▁","▁"]]},"added_tokens":[{"id":1,"content":""}]}`))
	f.Add([]byte(spModel(alphabet(), 2, true)))
	f.Add([]byte(wordListText()))
	f.Fuzz(func(t *testing.T, data []byte) {
		check := func(v vocabulary, err error) {
			if err != nil {
				return
			}
			if len(v.types) != len(v.texts) || v.scores != nil && len(v.scores) != len(v.texts) {
				t.Errorf("%d texts, %d types, %d scores", len(v.texts), len(v.types), len(v.scores))
			}
			for text, id := range v.ids {
				if id < 0 || id >= len(v.texts) {
					t.Errorf("%q has the number %d of %d", text, id, len(v.texts))
				}
			}
		}
		check(sentencePieces(data))
		check(wordList(data, tokenizerConfig{}))
		j := new(tokenizerJSON)
		if json.Unmarshal(data, j) == nil && len(data) < 1<<16 {
			check(j.vocabulary(""))
			check(j.vocabulary("gpt-2"))
			j.frame()
			j.framed()
			j.apart()
		}
	})
}
