// Package arch knows model architectures: how each reads its configuration,
// which tensors it needs, and its forward pass, recorded as a program that
// reads straight down the page. One file a family; it never sees a backend.
package arch

import (
	"fmt"
	"slices"
	"strings"

	"freehold/engine/gguf"
	"freehold/engine/program"
)

// Model is an architecture bound to a file's weights.
type Model struct {
	Config  Config
	Program *program.Program
}

// Config is what the rest of the engine needs to know of a model.
type Config struct {
	Architecture   string
	Layers         int
	Embedding      int // width of the residual stream
	FeedForward    int
	Heads          int
	KVHeads        int
	HeadDim        int
	RopeDim        int // values of a head that are rotated
	TrainedContext int // positions the model was trained for
	Vocab          int
	NormEps        float32
}

// families maps general.architecture to the function that records its forward pass.
var families = map[string]func(*loader) (*Model, error){
	"llama": llama,
	"qwen2": qwen2,
}

// Supported lists the architectures that Load accepts, sorted.
func Supported() []string {
	var names []string
	for n := range families {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Load binds the file's tensors to its architecture's forward pass. Its errors
// name the key or tensor that is missing or has the wrong shape.
func Load(f *gguf.File) (*Model, error) {
	name, ok := f.Meta.String("general.architecture")
	if !ok {
		return nil, fmt.Errorf("%s: metadata key general.architecture is missing; this is not a language model's file", f.Path)
	}
	record, ok := families[name]
	if !ok {
		return nil, fmt.Errorf("%s: architecture %q is not supported; supported: %s", f.Path, name, strings.Join(Supported(), ", "))
	}
	l := &loader{file: f, arch: name}
	m, err := record(l)
	if err == nil {
		err = l.err
	}
	if err == nil {
		err = m.Program.Validate()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.Path, err)
	}
	return m, nil
}
