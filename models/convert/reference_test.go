package convert

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/engine/arch"
	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/tensor"
)

// reference is testdata/reference.json: what Hugging Face's classes compute and
// llama.cpp's converter writes.
type reference struct {
	Tokens []int32
	Models map[string]struct {
		Config   json.RawMessage
		Weights  map[string][]int
		LlamaCpp map[string]map[string]string `json:"llama.cpp"` // type → tensor → digest
		Logits   []float64                    // after the last token; of classifiers their only one
		Hidden   []float64                    // of encoders, the last token's values
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err == nil {
		err = json.Unmarshal(data, &r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// writeModel makes the folder of a recorded model.
func (r reference) writeModel(t *testing.T, name, dir string) {
	t.Helper()
	m := r.Models[name]
	writeFile(t, filepath.Join(dir, "config.json"), string(m.Config))
	weights := map[string]weight{}
	for n, shape := range m.Weights {
		around := float32(0)
		if !strings.HasPrefix(name, "gemma") && strings.Contains(strings.ToLower(n), "norm") && strings.HasSuffix(n, "weight") {
			around = 1
		}
		weights[n] = weight{"F32", shape, numbers(n, size(shape), around)}
	}
	writeWeights(t, filepath.Join(dir, "model.safetensors"), weights)
	if strings.Contains(name, "bert") {
		writeFile(t, filepath.Join(dir, "vocab.txt"), wordListText())
	} else {
		writeFile(t, filepath.Join(dir, "tokenizer.model"), spModel(alphabet(), 2, true))
	}
}

func digest(x *gguf.Tensor) string {
	shape := strings.ReplaceAll(strings.Trim(fmt.Sprint(x.Shape), "[]"), " ", ",")
	h := sha256.New()
	fmt.Fprintf(h, "%s %s ", x.Type, shape)
	h.Write(x.Data)
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// TestAgreesWithReference converts a small model of each family. Its tensors
// must be what llama.cpp's converter makes of them, bit for bit, and the logits
// that our engine computes with them what the model's own class computes.
func TestAgreesWithReference(t *testing.T) {
	r := readReference(t)
	if len(r.Models) < 13 {
		t.Fatalf("only %d models are recorded", len(r.Models))
	}
	for name, m := range r.Models {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			r.writeModel(t, name, dir)
			for kind, want := range m.LlamaCpp {
				typ, err := ParseType(kind)
				if err != nil {
					t.Fatal(err)
				}
				path := filepath.Join(dir, "out", kind+".gguf")
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				res, err := Convert(context.Background(), dir, Options{To: path, Type: typ})
				if err != nil {
					t.Fatal(err)
				}
				f, err := gguf.Open(path)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if len(f.Tensors) != res.Tensors {
					t.Errorf("%s: %d tensors, but %d were reported", kind, len(f.Tensors), res.Tensors)
				}
				for tensorName, sum := range want {
					x, ok := f.Tensor(tensorName)
					if !ok {
						t.Errorf("%s: no tensor %s", kind, tensorName)
					} else if got := digest(x); got != sum && tensorName != "rope_freqs.weight" { // computed in float64 here
						t.Errorf("%s: tensor %s is not what llama.cpp's converter writes", kind, tensorName)
					}
				}
				for i := range f.Tensors {
					// llama.cpp leaves the pooler out, which a classifier needs.
					if n := f.Tensors[i].Name; want[n] == "" && !(name == "bert classifier" && (n == "cls.weight" || n == "cls.bias")) {
						t.Errorf("%s: tensor %s should not be there", kind, n)
					}
				}
				if typ == tensor.F32 {
					row := len(r.Tokens) - 1
					if name == "bert classifier" {
						row = 0
					}
					checkOutput(t, f, r.Tokens, row, append(m.Hidden, m.Logits...))
				}
			}
		})
	}
}

// checkOutput runs the file on the reference interpreter and holds what it gives
// for a row to what the model's own class does.
func checkOutput(t *testing.T, f *gguf.File, tokens []int32, row int, want []float64) {
	t.Helper()
	m, err := arch.Load(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	exec, err := program.Reference{}.Compile(m.Program, program.Limits{Rows: len(tokens), Outputs: 1, Blocks: 2, Slots: 2, KV: program.KVF32})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := exec.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := &program.Batch{Tokens: tokens, Tables: [][]int32{{1}}, Slots: []int32{1}, Outputs: []int32{int32(row)}}
	for i := range tokens {
		b.Positions = append(b.Positions, int32(i))
		b.Sequences = append(b.Sequences, 0)
	}
	got, err := exec.Run(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	worst := 0.0
	for i, w := range want {
		worst = max(worst, math.Abs(float64(got[i])-w))
	}
	t.Logf("output differs by at most %.1e", worst)
	if worst > 2e-3 {
		t.Errorf("output differs by up to %g from that of the model's own class", worst)
	}
}
