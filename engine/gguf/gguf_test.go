package gguf

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"freehold/engine/tensor"
)

// everyType holds a value of each metadata type.
func everyType() *Metadata {
	m := &Metadata{}
	for _, kv := range []struct {
		k string
		v any
	}{
		{"general.architecture", "llama"},
		{"u8", uint8(200)}, {"i8", int8(-100)}, {"u16", uint16(60000)}, {"i16", int16(-30000)},
		{"u32", uint32(4e9)}, {"i32", int32(-2e9)}, {"u64", uint64(1 << 63)}, {"i64", int64(-1 << 62)},
		{"f32", float32(1.5)}, {"f64", math.Pi}, {"yes", true}, {"no", false}, {"empty", ""},
		{"u8s", []uint8{1, 255}}, {"i8s", []int8{-1, 1}}, {"u16s", []uint16{1, 65535}}, {"i16s", []int16{-1}},
		{"u32s", []uint32{7}}, {"i32s", []int32{-7, 7}}, {"u64s", []uint64{1, 2, 3}}, {"i64s", []int64{math.MinInt64}},
		{"f32s", []float32{0.5, -0.5}}, {"f64s", []float64{1e300}}, {"bools", []bool{true, false, true}},
		{"strings", []string{"", "a", "\xff\xfe", "日本"}}, {"none", []string{}},
		{"nested", []any{[]int32{1, 2}, []string{"x"}, []any{[]bool{true}}}},
	} {
		m.Set(kv.k, kv.v)
	}
	return m
}

func smallTensors() []TensorSource {
	return []TensorSource{
		{Name: "token_embd.weight", Type: tensor.F32, Shape: []int{5, 3}, Data: pattern(60)},
		{Name: "blk.0.attn_q.weight", Type: tensor.Q4_1, Shape: []int{64, 3}, Data: pattern(120)},
		{Name: "output_norm.weight", Type: tensor.F16, Shape: []int{7}, From: bytes.NewReader(pattern(14))},
		{Name: "experts.weight", Type: tensor.Q6_K, Shape: []int{256, 2, 1, 2}, Data: pattern(840)},
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + n)
	}
	return b
}

func encode(t testing.TB, m *Metadata, tensors []TensorSource) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := Write(&buf, m, tensors); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func writeTemp(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRoundTrip(t *testing.T) {
	meta := everyType()
	for _, alignment := range []uint32{0, 8, 32, 4096} {
		t.Run(fmt.Sprint(alignment), func(t *testing.T) {
			m := meta.Clone()
			if alignment != 0 {
				m.Set("general.alignment", alignment)
			}
			path := filepath.Join(t.TempDir(), "model.gguf")
			if err := WriteFile(path, &m, smallTensors()); err != nil {
				t.Fatal(err)
			}
			f, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if f.Version != 3 || f.Alignment != uint64(max(alignment, 8)) && alignment != 0 || alignment == 0 && f.Alignment != 32 {
				t.Errorf("version %d, alignment %d", f.Version, f.Alignment)
			}
			if got, want := f.Meta.Keys(), m.Keys(); !reflect.DeepEqual(got, want) {
				t.Errorf("keys %q, want %q", got, want)
			}
			for _, k := range m.Keys() {
				got, _ := f.Meta.Value(k)
				want, _ := m.Value(k)
				if !reflect.DeepEqual(got, want) {
					t.Errorf("%s: %#v, want %#v", k, got, want)
				}
			}
			if len(f.Tensors) != 4 {
				t.Fatalf("%d tensors", len(f.Tensors))
			}
			for i, want := range smallTensors() {
				got, ok := f.Tensor(want.Name)
				if !ok || got != &f.Tensors[i] {
					t.Fatalf("%s not found in its place", want.Name)
				}
				data := want.Data
				if want.From != nil {
					data, _ = io.ReadAll(want.From.(io.Reader))
				}
				if got.Name != want.Name || got.Type != want.Type || !reflect.DeepEqual(got.Shape, want.Shape) || !bytes.Equal(got.Data, data) {
					t.Errorf("tensor %d: %+v", i, got)
				}
			}
			if e, _ := f.Tensor("experts.weight"); e.Elements() != 1024 || e.Rows() != 4 {
				t.Errorf("elements %d, rows %d", e.Elements(), e.Rows())
			}
			if _, ok := f.Tensor("absent"); ok {
				t.Error("found a tensor that is not there")
			}
			if info, _ := os.Stat(path); f.Size() != info.Size() || f.Size()%int64(f.Alignment) != 0 {
				t.Errorf("size %d", f.Size())
			}
			if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestWriteFileReplacesWhileMapped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.gguf")
	one := []TensorSource{{Name: "a", Type: tensor.I8, Shape: []int{3}, Data: []byte("old")}}
	if err := WriteFile(path, nil, one); err != nil {
		t.Fatal(err)
	}
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	one[0].Data = []byte("new")
	if err := WriteFile(path, nil, one); err != nil {
		t.Skipf("this system cannot replace a mapped file: %v", err)
	}
	if got := string(f.Tensors[0].Data); got != "old" {
		t.Errorf("the mapped file now holds %q", got)
	}
	g, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if got := string(g.Tensors[0].Data); got != "new" {
		t.Errorf("the file holds %q", got)
	}
}

type failingSource struct{ n int }

func (s failingSource) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write(make([]byte, s.n))
	return int64(n), err
}

func TestWriteRefuses(t *testing.T) {
	with := func(k string, v any) *Metadata {
		m := &Metadata{}
		m.Set(k, v)
		return m
	}
	deep := any([]int8{1})
	for range maxArrayDepth {
		deep = []any{deep}
	}
	ok := TensorSource{Name: "a", Type: tensor.I8, Shape: []int{2}, Data: []byte{1, 2}}
	for name, c := range map[string]struct {
		meta    *Metadata
		tensors []TensorSource
		want    string
	}{
		"plain int":        {with("k", 3), nil, "type int cannot"},
		"nil value":        {with("k", nil), nil, "cannot be stored"},
		"empty key":        {with("", "v"), nil, "keys are 1"},
		"key not UTF-8":    {with("\xff", "v"), nil, "UTF-8"},
		"long key":         {with(strings.Repeat("k", maxKeyBytes+1), "v"), nil, "keys are 1"},
		"long string":      {with("k", strings.Repeat("v", maxStringBytes+1)), nil, "longer than"},
		"mixed array":      {with("k", []any{[]int8{1}, int8(1)}), nil, "one type"},
		"deep array":       {with("k", deep), nil, "deep"},
		"odd alignment":    {with("general.alignment", uint32(24)), nil, "power of two"},
		"alignment type":   {with("general.alignment", uint64(32)), nil, "uint32"},
		"split":            {with("split.count", uint16(2)), nil, "split.*"},
		"unnamed tensor":   {nil, []TensorSource{{Type: tensor.I8, Shape: []int{1}, Data: []byte{1}}}, "names are"},
		"duplicate tensor": {nil, []TensorSource{ok, ok}, "twice"},
		"no dimensions":    {nil, []TensorSource{{Name: "a", Type: tensor.I8}}, "dimensions"},
		"zero dimension":   {nil, []TensorSource{{Name: "a", Type: tensor.I8, Shape: []int{0}}}, "positive"},
		"part of a block":  {nil, []TensorSource{{Name: "a", Type: tensor.Q8_0, Shape: []int{33}}}, "block"},
		"short data":       {nil, []TensorSource{{Name: "a", Type: tensor.I8, Shape: []int{2}, Data: []byte{1}}}, "1 bytes of data"},
		"short source":     {nil, []TensorSource{{Name: "a", Type: tensor.I8, Shape: []int{2}, From: failingSource{1}}}, "wrote 1 bytes"},
		"long source":      {nil, []TensorSource{{Name: "a", Type: tensor.I8, Shape: []int{2}, From: failingSource{3}}}, "wrote 3 bytes"},
		"huge tensor":      {nil, []TensorSource{{Name: "a", Type: tensor.I8, Shape: []int{1 << 30, 1 << 30, 1 << 30}}}, "too large"},
		"removed type":     {nil, []TensorSource{{Name: "a", Type: 4, Shape: []int{32}}}, "removed"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "x.gguf")
			err := WriteFile(path, c.meta, c.tensors)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestMetadataAccess(t *testing.T) {
	m := everyType()
	m.file = "model.gguf"
	for _, k := range []string{"u8", "i8", "u16", "i16", "u32", "i32", "i64"} {
		if _, ok := m.Int(k); !ok {
			t.Errorf("%s is not read as an integer", k)
		}
		if v, ok := m.Uint(k); ok != (k[0] == 'u') {
			t.Errorf("Uint(%s) = %d, %v", k, v, ok)
		}
		if _, ok := m.Float(k); !ok {
			t.Errorf("%s is not read as a number", k)
		}
		if _, err := m.NeedInts(k + "s"); err != nil {
			t.Error(err)
		}
	}
	if _, ok := m.Int("u64"); ok {
		t.Error("1<<63 was read as an int64")
	}
	if v, ok := m.Uint("u64"); !ok || v != 1<<63 {
		t.Error(v, ok)
	}
	if v, ok := m.Float("f32"); !ok || v != 1.5 {
		t.Error(v, ok)
	}
	if v, ok := m.Floats("f64s"); !ok || len(v) != 1 || !math.IsInf(float64(v[0]), 1) {
		t.Error(v, ok)
	}
	if v, ok := m.Bools("bools"); !ok || len(v) != 3 {
		t.Error(v, ok)
	}
	if _, ok := m.String("u8"); ok {
		t.Error("an integer was read as a string")
	}
	if _, ok := m.Bool("u8"); ok {
		t.Error("an integer was read as a boolean")
	}
	if _, ok := m.Ints("f32s"); ok {
		t.Error("floats were read as integers")
	}
	m.Set("wide", []uint64{math.MaxUint64})
	if _, ok := m.Ints("wide"); ok {
		t.Error("a uint64 was wrapped")
	}
	for name, err := range map[string]error{
		"missing": second(m.NeedUint("llama.block_count")),
		"kind":    second(m.NeedString("u8")),
	} {
		var e *Error
		if !errors.As(err, &e) || !strings.HasPrefix(err.Error(), `model.gguf: metadata key "`) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m.Delete("u8")
	m.Delete("u8")
	if _, ok := m.Value("u8"); ok {
		t.Error("deleted key found")
	}
	for _, k := range m.Keys() {
		if v, ok := m.Value(k); !ok || k == "f64" && v != math.Pi {
			t.Errorf("after Delete %s is %v", k, v)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestCheck(t *testing.T) {
	path := writeTemp(t, "m.gguf", encode(t, everyType(), smallTensors()))
	f, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := f.Check(); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 100); err != nil {
		t.Skipf("this system cannot truncate a mapped file: %v", err)
	}
	if err := f.Check(); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("error %v", err)
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("folder: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "absent.gguf")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent: %v", err)
	}
	if _, err := Open(writeTemp(t, "e.gguf", nil)); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("empty: %v", err)
	}
}

// realFile returns a file that the test machine may have.
func realFile(t testing.TB, candidates ...string) string {
	t.Helper()
	for _, pattern := range candidates {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			return found[0]
		}
	}
	t.Skipf("no such file here: %q", candidates)
	return ""
}

func vocabFile(t testing.TB, name string) string {
	return realFile(t, "../../../shared/testdata/vocab/"+name)
}

func starterModel(t testing.TB) string {
	var candidates []string
	if path := os.Getenv("FREEHOLD_TEST_MODEL"); path != "" {
		candidates = append(candidates, path)
	}
	return realFile(t, append(candidates, "../../build/starter/*.gguf")...)
}

func TestStarterModel(t *testing.T) {
	f, err := Open(starterModel(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	arch, err := f.Meta.NeedString("general.architecture")
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := f.Meta.NeedUint(arch + ".block_count")
	if err != nil {
		t.Fatal(err)
	}
	width, err := f.Meta.NeedUint(arch + ".embedding_length")
	if err != nil {
		t.Fatal(err)
	}
	embd, ok := f.Tensor("token_embd.weight")
	if !ok || embd.Shape[0] != int(width) {
		t.Fatalf("token_embd.weight: %v", embd)
	}
	tokens, err := f.Meta.NeedStrings("tokenizer.ggml.tokens")
	if err != nil || len(tokens) != embd.Rows() {
		t.Fatalf("%d tokens for %d rows: %v", len(tokens), embd.Rows(), err)
	}
	for i := range blocks {
		if _, ok := f.Tensor(fmt.Sprintf("blk.%d.attn_q.weight", i)); !ok {
			t.Errorf("block %d has no attn_q", i)
		}
	}
}

// TestRewriteIsIdentical writes real files again: made by other software, they
// must come out the same byte for byte.
func TestRewriteIsIdentical(t *testing.T) {
	for name, find := range map[string]func(testing.TB) string{
		"model":      starterModel,
		"vocabulary": func(t testing.TB) string { return vocabFile(t, "ggml-vocab-llama-bpe.gguf") },
	} {
		t.Run(name, func(t *testing.T) {
			f, err := Open(find(t))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var tensors []TensorSource
			for _, x := range f.Tensors {
				tensors = append(tensors, TensorSource{Name: x.Name, Type: x.Type, Shape: x.Shape, Data: x.Data})
			}
			got := sha256.New()
			if err := Write(got, &f.Meta, tensors); err != nil {
				t.Fatal(err)
			}
			if want := sha256.Sum256(f.mapped[0].data); !bytes.Equal(got.Sum(nil), want[:]) {
				t.Errorf("%s: written again it differs", f.Path)
			}
		})
	}
}

func TestVocabularyFiles(t *testing.T) {
	for name, want := range map[string]int{"ggml-vocab-llama-bpe.gguf": 128256, "ggml-vocab-llama-spm.gguf": 32000, "ggml-vocab-bert-bge.gguf": 30522} {
		f, err := Open(vocabFile(t, name))
		if err != nil {
			t.Fatal(err)
		}
		tokens, err := f.Meta.NeedStrings("tokenizer.ggml.tokens")
		if err != nil || len(tokens) != want || len(f.Tensors) != 0 {
			t.Errorf("%s: %d tokens, %d tensors, %v", name, len(tokens), len(f.Tensors), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		// Strings are copies and outlive the mapping.
		if strings.Join(tokens[:3], "") == "" {
			t.Error("empty tokens")
		}
	}
}

func BenchmarkOpenVocabulary128k(b *testing.B) {
	path := realVocabulary(b)
	b.ReportAllocs()
	for b.Loop() {
		f, err := Open(path)
		if err != nil {
			b.Fatal(err)
		}
		f.Close()
	}
}

// realVocabulary returns a file like Llama 3's vocabulary: 128,256 tokens and
// 280,147 merges.
func realVocabulary(b *testing.B) string {
	rnd := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []string {
		out := make([]string, n)
		for i := range out {
			s := make([]byte, 1+rnd.IntN(12))
			for j := range s {
				s[j] = byte('a' + rnd.IntN(26))
			}
			out[i] = string(s)
		}
		return out
	}
	m := &Metadata{}
	m.Set("tokenizer.ggml.tokens", random(128256))
	m.Set("tokenizer.ggml.merges", random(280147))
	m.Set("tokenizer.ggml.token_type", make([]int32, 128256))
	return writeTemp(b, "vocab.gguf", encode(b, m, nil))
}
