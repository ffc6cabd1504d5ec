package convert

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/tensor"
)

// weight is one of a model that a test makes.
type weight struct {
	dtype  string
	shape  []int
	values []float32
}

// numbers are in [−1/4, 1/4) around a value: a hash of a name and the index,
// which testdata/reference.py computes too.
func numbers(name string, n int, around float32) []float32 {
	h := uint32(2166136261)
	for _, b := range []byte(name) {
		h = (h ^ uint32(b)) * 16777619
	}
	out := make([]float32, n)
	for i := range out {
		x := h + uint32(i)*2654435761
		x = (x ^ x>>15) * 0x85ebca6b
		x = (x ^ x>>13) * 0xc2b2ae35
		x ^= x >> 16
		u := float32(x>>8)/(1<<23) - 1
		out[i] = around + u*0.25
	}
	return out
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// encode lays values out as a safetensors file has them.
func (w weight) encode() (out []byte) {
	for _, v := range w.values {
		switch w.dtype {
		case "F64":
			out = binary.LittleEndian.AppendUint64(out, math.Float64bits(float64(v)))
		case "F16":
			out = binary.LittleEndian.AppendUint16(out, tensor.FloatToHalf(v))
		case "BF16":
			out = binary.LittleEndian.AppendUint16(out, tensor.FloatToBrain(v))
		default:
			out = binary.LittleEndian.AppendUint32(out, math.Float32bits(v))
		}
	}
	return out
}

// writeWeights writes a safetensors file.
func writeWeights(t testing.TB, path string, weights map[string]weight) {
	t.Helper()
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data []byte
	for _, name := range slices.Sorted(maps.Keys(weights)) {
		w := weights[name]
		from := len(data)
		data = append(data, w.encode()...)
		header[name] = map[string]any{"dtype": w.dtype, "shape": w.shape, "data_offsets": []int{from, len(data)}}
	}
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(h)))
	writeFile(t, path, string(append(append(out, h...), data...)))
}

func writeFile(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, string(b))
}

// spPiece is an entry of a SentencePiece model.
type spPiece struct {
	text  string
	score float32
	kind  byte
}

// alphabet is the vocabulary of testdata/reference.py.
func alphabet() []spPiece {
	pieces := []spPiece{{"<unk>", 0, 2}, {"<s>", -1, 3}, {"</s>", -2, 3}}
	for i, c := range "▁abcdefghijklmnopqrstuvwxyz" {
		pieces = append(pieces, spPiece{string(c), -float32(len(pieces)), 1})
		_ = i
	}
	return pieces
}

// spModel encodes a SentencePiece model; trained is 2 for byte pairs.
func spModel(pieces []spPiece, trained byte, dummyPrefix bool) string {
	var out []byte
	for _, p := range pieces {
		body := append([]byte{0x0a}, binary.AppendUvarint(nil, uint64(len(p.text)))...)
		body = append(body, p.text...)
		body = append(binary.LittleEndian.AppendUint32(append(body, 0x15), math.Float32bits(p.score)), 0x18, p.kind)
		out = append(binary.AppendUvarint(append(out, 0x0a), uint64(len(body))), body...)
	}
	prefix := byte(0)
	if dummyPrefix {
		prefix = 1
	}
	return string(append(out, 0x12, 2, 0x18, trained, 0x1a, 2, 0x18, prefix))
}

// wordListText is the vocab.txt of testdata/reference.py.
func wordListText() string {
	return "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n" + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), "\n") + "\n"
}

// smallConfig is a Llama of one layer.
func smallConfig() map[string]any {
	return map[string]any{
		"architectures": []string{"LlamaForCausalLM"}, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1,
		"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 128, "rms_norm_eps": 1e-5, "vocab_size": 40,
	}
}

// smallWeights are its weights.
func smallWeights(dtype string) map[string]weight {
	all := map[string]weight{}
	for name, shape := range map[string][]int{
		"model.embed_tokens.weight": {40, 32}, "lm_head.weight": {40, 32}, "model.norm.weight": {32},
		"model.layers.0.input_layernorm.weight": {32}, "model.layers.0.post_attention_layernorm.weight": {32},
		"model.layers.0.self_attn.q_proj.weight": {32, 32}, "model.layers.0.self_attn.k_proj.weight": {16, 32},
		"model.layers.0.self_attn.v_proj.weight": {16, 32}, "model.layers.0.self_attn.o_proj.weight": {32, 32},
		"model.layers.0.mlp.gate_proj.weight": {64, 32}, "model.layers.0.mlp.up_proj.weight": {64, 32}, "model.layers.0.mlp.down_proj.weight": {32, 64},
	} {
		all[name] = weight{dtype, shape, numbers(name, size(shape), 0)}
	}
	return all
}

// smallModel writes the Llama with SentencePiece's tokenizer.
func smallModel(t testing.TB, dir string) {
	t.Helper()
	writeJSON(t, filepath.Join(dir, "config.json"), smallConfig())
	writeWeights(t, filepath.Join(dir, "model.safetensors"), smallWeights("BF16"))
	writeFile(t, filepath.Join(dir, "tokenizer.model"), spModel(alphabet(), 2, true))
}
