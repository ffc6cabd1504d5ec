package conformance

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/program"
)

// unknown says why a variant may be skipped: the engine refuses it by name.
func unknown(v Variant) bool {
	return !slices.Contains(arch.Supported(), v.Family) || v.Name == "baichuan-13b" // which places tokens by ALiBi
}

// TestAgainstLlamaCpp holds every architecture that the engine knows to what
// llama.cpp computes with the same file.
func TestAgainstLlamaCpp(t *testing.T) {
	backends := map[string]program.Backend{"reference": program.Reference{}, "cpu": cpu.New(cpu.Options{Threads: 2})}
	for _, v := range Variants() {
		t.Run(v.Name, func(t *testing.T) {
			m, err := v.Open(t.TempDir())
			if unknown(v) && errors.Is(err, ErrNotYet) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			for name, backend := range backends {
				t.Run(name, func(t *testing.T) {
					r, err := m.Compare(t.Context(), backend)
					if err != nil {
						t.Fatal(err)
					}
					t.Logf("%+v", r)
					if err := r.Check(); err != nil {
						t.Errorf("%v (llama.cpp's own runs differ by %.1e)", err, m.Golden.Noise)
					}
				})
			}
		})
	}
}

// TestGoldens checks that every variant has a record of its present model, and
// that no record is left over.
func TestGoldens(t *testing.T) {
	wanted := map[string]bool{}
	for _, v := range Variants() {
		wanted[v.GoldenName()] = true
		g, err := v.Golden()
		if err != nil {
			t.Errorf("%s: %v", v.Name, err)
			continue
		}
		sum, err := v.WriteFile(filepath.Join(t.TempDir(), "model.gguf"))
		if err != nil {
			t.Error(err)
			continue
		}
		if v.Same == "" && sum != g.Model {
			t.Errorf("%s: the golden record was made from another model", v.Name)
		}
		if v.Kind == Logits && (g.Rows != Positions || g.Cols != Vocab) {
			t.Errorf("%s: the golden record has %d rows of %d", v.Name, g.Rows, g.Cols)
		}
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".golden") && !wanted[f.Name()] {
			t.Errorf("testdata/%s belongs to no variant", f.Name())
		}
	}
}

func TestGoldenFormat(t *testing.T) {
	g := &Golden{Model: "abc", Engine: "llama.cpp", Rows: 2, Cols: 3, Noise: 0.5, Values: []float32{1, 2, 3, 4, 5, -6}}
	b, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back, err := DecodeGolden(b)
	if err != nil {
		t.Fatal(err)
	}
	if back.Model != g.Model || back.Noise != g.Noise || MaxDifference(back.Values, g.Values) != 0 || back.Row(1)[2] != -6 {
		t.Errorf("got %+v, want %+v", back, g)
	}
	for name, damaged := range map[string][]byte{
		"empty":     nil,
		"no header": b[:10],
		"short":     b[:len(b)-1],
		"long":      append(bytes.Clone(b), 0),
		"no JSON":   append([]byte("x"), b...),
	} {
		if _, err := DecodeGolden(damaged); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
