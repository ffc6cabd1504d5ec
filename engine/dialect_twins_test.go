package engine

import (
	"context"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"freehold/engine/arch"
	"freehold/engine/conformance"
	"freehold/engine/dialect"
	"freehold/engine/gguf"
	"freehold/engine/program"
)

// disguise is how a model of the conformance matrix becomes the file that Ollama
// would have made of it.
type disguise struct {
	variant string
	arch    string            // Ollama's name, "" for the same
	keys    map[string]string // our name → Ollama's
	tensors [][2]string       // parts of names, ours and Ollama's
	gone    []string          // keys that Ollama leaves out
	also    func(*disguised)
}

// disguised is a file being written.
type disguised struct {
	prefix  string
	meta    gguf.Metadata
	tensors []gguf.TensorSource
}

func (d *disguised) set(key string, v any) { d.meta.Set(d.prefix+key, v) }

// more adds tensors of other parts.
func (d *disguised) more(names ...string) {
	for _, n := range names {
		d.tensors = append(d.tensors, gguf.TensorSource{Name: n, Type: d.tensors[0].Type, Shape: []int{4}, Data: make([]byte, 16)})
	}
}

// list states a number for each layer in place of one.
func (d *disguised) list(key string) {
	n, _ := d.meta.Uint(d.prefix + key)
	d.set(key, []uint32{0, 0, 0, uint32(n)})
}

// sections drops the last of four.
func (d *disguised) sections(key string) {
	s, _ := d.meta.Ints(d.prefix + key)
	d.set(key, []int32{int32(s[0]), int32(s[1]), int32(s[2])})
}

var disguises = []disguise{
	{variant: "gpt-oss", arch: "gptoss", gone: []string{"expert_feed_forward_length", "rope.scaling.type"},
		tensors: [][2]string{{".attn_output.", ".attn_out."}, {".attn_sinks.weight", ".attn_sinks"}, {".post_attention_norm.", ".ffn_norm."}},
		also:    func(d *disguised) { d.meta.Set("tokenizer.ggml.pre", "default") }},
	{variant: "gemma3", also: func(d *disguised) {
		d.set("mm.tokens_per_image", uint32(256))
		d.more("v.patch_embedding.weight", "mm.mm_soft_emb_norm.weight")
	}},
	{variant: "gemma-embedding-dense-mean", arch: "gemma3", keys: map[string]string{"rope.freq_base_swa": "rope.local.freq_base"},
		gone:    []string{"dense_2_feat_in", "dense_2_feat_out", "dense_3_feat_in", "dense_3_feat_out", "attention.causal"},
		tensors: [][2]string{{"dense_2.", "dense.0."}, {"dense_3.", "dense.1."}, {"output_norm.", "norm."}}},
	{variant: "olmo3", arch: "olmo3"},
	{variant: "deepseek2", arch: "glm4moelite", also: func(d *disguised) {
		for key, n := range map[string]uint32{"head_count_kv": 4, "key_length": 48, "value_length": 32, "key_length_mla": 80, "value_length_mla": 64} {
			d.set("attention."+key, n)
		}
	}},
	{variant: "qwen35", tensors: [][2]string{{".ssm_dt.bias", ".ssm_dt"}}, also: func(d *disguised) {
		d.list("attention.head_count_kv")
		d.sections("rope.dimension_sections")
		d.more("v.patch_embed.weight", "mtp.fc.weight", "mtp.layers.0.attn_q.weight")
	}},
	{variant: "qwen35moe", tensors: [][2]string{{".ssm_dt.bias", ".ssm_dt"}}, also: func(d *disguised) {
		d.list("attention.head_count_kv")
		d.set("rope.mrope_interleaved", true)
		d.more("mm.0.weight")
	}},
	{variant: "qwen3next", tensors: [][2]string{{".ssm_dt.bias", ".ssm_dt"}}, also: func(d *disguised) { d.list("attention.head_count_kv") }},
	{variant: "lfm2", tensors: [][2]string{{"token_embd_norm.", "output_norm."}},
		also: func(d *disguised) { d.set("feed_forward_length", uint32(12345)) }},
	{variant: "lfm2moe", tensors: [][2]string{{"token_embd_norm.", "output_norm."}}},
	{variant: "mistral3-yarn", keys: map[string]string{"rope.scaling.yarn_log_multiplier": "rope.scaling.mscale_all_dim", "attention.temperature_scale": "rope.scaling_beta",
		"rope.scaling.yarn_beta_fast": "rope.scaling.beta_fast", "rope.scaling.yarn_beta_slow": "rope.scaling.beta_slow"}},
	{variant: "nemotron_h_moe-latent", arch: "nemotron_h_omni", gone: []string{"moe_latent_size"},
		tensors: [][2]string{{".ffn_latent_down.", ".ffn_latent_in."}, {".ffn_latent_up.", ".ffn_latent_out."}},
		also:    func(d *disguised) { d.more("a.conv.weight", "mtp.layers.0.mixer.experts.0.up_proj") }},
	{variant: "nemotron_h", arch: "nemotron_h_omni", also: func(d *disguised) { d.more("v.x") }},
	{variant: "gemma4-26b-a4b", tensors: [][2]string{{".ffn_down_exps.scale", ".ffn_gate_inp.per_expert_scale"}},
		also: func(d *disguised) { d.more("a.x", "v.x", "model.vision_tower.x") }},
	{variant: "glm4", arch: "glmocr",
		tensors: [][2]string{{".attn_output.", ".attn_out."}, {".post_attention_norm.", ".post_attn_norm."}, {".post_ffw_norm.", ".post_ffn_norm."}},
		also: func(d *disguised) {
			var all []gguf.TensorSource
			for _, t := range d.tensors {
				if block, ok := strings.CutSuffix(t.Name, "ffn_up.weight"); ok { // gate and up are one there
					half, shape := len(t.Data)/2, []int{t.Shape[0], t.Shape[1] / 2}
					all = append(all, gguf.TensorSource{Name: block + "ffn_gate.weight", Type: t.Type, Shape: shape, Data: t.Data[:half]})
					t.Shape, t.Data = shape, t.Data[half:]
				}
				all = append(all, t)
			}
			d.tensors = all
		}},
}

// write writes the disguised twin of f to path.
func (s disguise) write(t *testing.T, f *gguf.File, path string) {
	t.Helper()
	ours, _ := f.Meta.String("general.architecture")
	d := &disguised{prefix: s.arch + "."}
	if s.arch == "" {
		d.prefix = ours + "."
	}
	for _, key := range f.Meta.Keys() {
		v, _ := f.Meta.Value(key)
		if rest, ok := strings.CutPrefix(key, ours+"."); ok {
			if slices.Contains(s.gone, rest) {
				continue
			}
			if other, ok := s.keys[rest]; ok {
				rest = other
			}
			key = d.prefix + rest
		}
		d.meta.Set(key, v)
	}
	d.meta.Set("general.architecture", strings.TrimSuffix(d.prefix, "."))
	for i := range f.Tensors {
		x := &f.Tensors[i]
		name := x.Name
		for _, r := range s.tensors {
			if strings.Contains(name, r[0]) && (r[0] != "output_norm." || strings.HasPrefix(name, r[0])) {
				name = strings.Replace(name, r[0], r[1], 1)
				break
			}
		}
		d.tensors = append(d.tensors, gguf.TensorSource{Name: name, Type: x.Type, Shape: x.Shape, Data: x.Data})
	}
	if s.also != nil {
		s.also(d)
	}
	if err := gguf.WriteFile(path, &d.meta, d.tensors); err != nil {
		t.Fatal(err)
	}
}

// TestTwinsOfTheMatrix disguises models of the conformance matrix: their views
// must be the models themselves, and compute the same, bit for bit.
func TestTwinsOfTheMatrix(t *testing.T) {
	for _, s := range disguises {
		t.Run(s.variant, func(t *testing.T) {
			v, ok := conformance.Find(s.variant)
			if !ok {
				t.Fatal("there is no such variant")
			}
			dir := t.TempDir()
			path := filepath.Join(dir, "model.gguf")
			if _, err := v.WriteFile(path); err != nil {
				t.Fatal(err)
			}
			want, err := gguf.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer want.Close()
			blob := filepath.Join(dir, "sha256-0f4e")
			s.write(t, want, blob)
			raw, err := gguf.Open(blob)
			if err != nil {
				t.Fatal(err)
			}
			if name, _ := raw.Meta.String("general.architecture"); name == v.Family && s.arch != "" {
				t.Error("the disguise does not hide the architecture")
			}
			raw.Close()
			got, err := dialect.Open(blob)
			if err != nil {
				t.Fatal(err)
			}
			defer got.Close()

			for _, key := range want.Meta.Keys() {
				w, _ := want.Meta.Value(key)
				g, _ := got.Meta.Value(key)
				if key == "tokenizer.ggml.pre" {
					continue // the tiny vocabularies are of no family
				}
				if !reflect.DeepEqual(g, w) {
					t.Errorf("%s is %v, want %v", key, g, w)
				}
			}
			if len(got.Tensors) != len(want.Tensors) {
				t.Errorf("%d tensors, want %d", len(got.Tensors), len(want.Tensors))
			}
			for i := range want.Tensors {
				w := &want.Tensors[i]
				if g, ok := got.Tensor(w.Name); !ok || g.Type != w.Type || !slices.Equal(g.Shape, w.Shape) || !slices.Equal(g.Data, w.Data) {
					t.Errorf("tensor %s is not there or differs", w.Name)
				}
			}
			if t.Failed() || !slices.Contains(arch.Supported(), v.Family) {
				return
			}
			a, b := firstLogits(t, want), firstLogits(t, got)
			if len(a) == 0 || !slices.Equal(a, b) {
				t.Error("the logits differ")
			}
		})
	}
}

// TestMatrixIsUntouched holds the table of dialects to leaving llama.cpp's own
// files alone.
func TestMatrixIsUntouched(t *testing.T) {
	rows := []string{"gemma3", "gemma3n", "gemma4", "bert", "qwen35", "qwen35moe", "qwen3next", "lfm2", "lfm2moe", "mistral3", "llama", "llama4", "nemotron_h_moe"}
	for _, v := range conformance.Variants() {
		if !slices.Contains(rows, v.Family) {
			continue // the table has no row of this name
		}
		path := filepath.Join(t.TempDir(), "model.gguf")
		if _, err := v.WriteFile(path); err != nil {
			t.Fatal(err)
		}
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if view, err := dialect.View(f); err != nil || view != f {
			t.Errorf("%s was translated, %v", v.Name, err)
		}
		f.Close()
	}
}

// firstLogits runs eight tokens on the reference interpreter.
func firstLogits(t *testing.T, f *gguf.File) []float32 {
	t.Helper()
	m, err := arch.Load(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := program.Reference{}.Compile(m.Program, program.Limits{Rows: 8, Outputs: 8, Blocks: 2, Slots: 2, KV: program.KVF32})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := exec.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := &program.Batch{Tokens: conformance.Tokens()[:8], Tables: [][]int32{{1}}, Slots: []int32{1}}
	for i := range b.Tokens {
		b.Positions = append(b.Positions, int32(i))
		b.Sequences = append(b.Sequences, 0)
		b.Outputs = append(b.Outputs, int32(i))
	}
	logits, err := exec.Run(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return logits
}
