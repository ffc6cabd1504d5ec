// Package conformance holds a tiny model of every architecture: two to four
// layers of the true structure with seeded random weights, small enough to be
// made anew in milliseconds wherever they are needed. What llama.cpp computes
// with each of them is recorded in testdata, by bench/conformance; the tests
// and `make conformance` hold the engine to that.
//
// A new family needs an entry here (see the files families_*.go), its golden
// record, and its forward pass; the test finds the entry by itself.
package conformance

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"freehold/engine/gguf"
)

// Kind is what a variant's golden record holds.
type Kind int

const (
	// Logits of every position, [Positions][Vocab].
	Logits Kind = iota
	// Embedding is the output of an encoder: one row for every position with
	// pooling none, else one row for the sequence.
	Embedding
)

// Tokens go through every model at positions 0…; no window or convolution of
// the tiny models is as long.
const Positions = 64

// Vocab is the number of tokens of every tiny model.
const Vocab = 96

// Context is the context length that all files state and that llama.cpp was
// run with.
const Context = 256

// Variant is one tiny model.
type Variant struct {
	Name    string // unique, and the golden file's name
	Family  string // general.architecture
	Tests   string // what it exercises
	Layers  int
	Kind    Kind
	Pooling string // of Embedding: none, mean, cls, last or rank
	// Same names the variant of which this is another spelling, and whose golden
	// record it shares: llama.cpp computes the same, or no longer loads it.
	Same string

	build func(*model)
}

var variants []Variant

// register adds a variant; its family is written to the file by build.
func register(family, name, tests string, layers int, build func(*model)) *Variant {
	variants = append(variants, Variant{Name: name, Family: family, Tests: tests, Layers: layers, build: build})
	return &variants[len(variants)-1]
}

// Variants lists all tiny models by family.
func Variants() []Variant {
	return slices.SortedStableFunc(slices.Values(variants), func(a, b Variant) int { return strings.Compare(a.Family, b.Family) })
}

// Find returns the variant with this name.
func Find(name string) (Variant, bool) {
	i := slices.IndexFunc(variants, func(v Variant) bool { return v.Name == name })
	if i < 0 {
		return Variant{}, false
	}
	return variants[i], true
}

// Write writes the variant's model as GGUF: the same bytes on every machine.
func (v Variant) Write(w io.Writer) error { return v.write(w, seedOf(cmp.Or(v.Same, v.Name))) }

// WriteSeed is Write with weights from another seed than the chosen one.
func (v Variant) WriteSeed(w io.Writer, seed uint64) error { return v.write(w, seed) }

func (v Variant) write(w io.Writer, seed uint64) error {
	m := &model{family: v.Family, layers: v.Layers, seed: seed}
	m.meta.Set("general.architecture", v.Family)
	m.meta.Set("general.name", "random") // llama.cpp knows some vocabularies by their models' names
	m.meta.Set("general.file_type", uint32(0))
	v.build(m)
	if err := gguf.Write(w, &m.meta, m.tensors); err != nil {
		return fmt.Errorf("conformance model %s: %w", v.Name, err)
	}
	return nil
}

// WriteFile writes the variant's model to path and returns its SHA-256 in hex.
func (v Variant) WriteFile(path string) (string, error) {
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	if err := v.Write(io.MultiWriter(f, h)); err != nil {
		f.Close()
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), f.Close()
}

// Tokens is what every model reads: ordinary tokens, some of them repeated.
func Tokens() []int32 {
	r := newRandom(0, "tokens")
	t := make([]int32, Positions)
	for i := range t {
		t[i] = int32(controlTokens + r.next()%(Vocab-controlTokens))
	}
	// A repeated passage, so that attention finds something to agree with.
	copy(t[40:48], t[8:16])
	return t
}
