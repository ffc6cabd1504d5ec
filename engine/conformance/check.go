package conformance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"freehold/engine/arch"
	"freehold/engine/gguf"
	"freehold/engine/program"
)

// Bounds of agreement, for caches in float32.
const (
	MaxLogitDifference = 2e-3
	MinArgmaxAgreement = 0.99
)

// ErrNotYet is wrapped by errors about what the engine does not know yet.
var ErrNotYet = errors.New("not yet")

// Model is a variant's model, written to a file and opened.
type Model struct {
	Variant
	*arch.Model
	Golden *Golden
	file   *gguf.File
}

// Open writes the variant's model into dir and opens it. It fails with ErrNotYet
// if the engine does not know the architecture, and if the file is not the one
// that the golden record was made from.
func (v Variant) Open(dir string) (*Model, error) {
	g, err := v.Golden()
	if err != nil {
		return nil, err
	}
	if !slices.Contains(arch.Supported(), v.Family) {
		return nil, fmt.Errorf("%w: architecture %s", ErrNotYet, v.Family)
	}
	path := filepath.Join(dir, v.Name+".gguf")
	sum, err := v.WriteFile(path)
	if err != nil {
		return nil, err
	}
	if v.Same == "" && sum != g.Model {
		return nil, fmt.Errorf("the model of %s is not the one that its golden record was made from; run bench/conformance", v.Name)
	}
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := arch.Load(f, 0)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrNotYet, err), f.Close(), os.Remove(path))
	}
	if m.Program.Vocab != g.Cols {
		return nil, errors.Join(fmt.Errorf("%w: embeddings of %s", ErrNotYet, v.Family), f.Close(), os.Remove(path))
	}
	return &Model{Variant: v, Model: m, Golden: g, file: f}, nil
}

// Close closes the model's file and deletes it.
func (m *Model) Close() error { return errors.Join(m.file.Close(), os.Remove(m.file.Path)) }

// Result is how far a backend's logits are from llama.cpp's.
type Result struct {
	// Greatest differences: in one batch, in chunks of 24, token by token, and in
	// chunks of 24 beside rows of another sequence. Encoders see all positions at
	// once and are run in one batch and beside another sequence only.
	Batched, Chunked, Single, Beside float64
	Agreement                        float64 // of rows whose greatest logit is the same, the least of the four
}

// Check is nil if the result is within bounds.
func (r Result) Check() error {
	if worst := max(r.Batched, r.Chunked, r.Single, r.Beside); !(worst <= MaxLogitDifference) {
		return fmt.Errorf("logits differ by %.2e in one batch, %.2e in chunks, %.2e token by token, %.2e beside another sequence; the bound is %.1e",
			r.Batched, r.Chunked, r.Single, r.Beside, MaxLogitDifference)
	}
	if r.Agreement < MinArgmaxAgreement {
		return fmt.Errorf("the greatest logit is the same in %.1f %% of rows only", 100*r.Agreement)
	}
	return nil
}

// Compare runs the model on a backend and compares it with llama.cpp.
func (m *Model) Compare(ctx context.Context, backend program.Backend) (Result, error) {
	limits := program.Limits{Rows: Positions + beside, Outputs: Positions, Blocks: 5, Slots: 2, KV: program.KVF32}
	r := Result{Agreement: 1}
	ways := []way{{Positions, false, &r.Batched}, {24, false, &r.Chunked}, {1, false, &r.Single}, {24, true, &r.Beside}}
	if m.Kind == Embedding {
		ways = []way{{Positions, false, &r.Batched}, {Positions, true, &r.Beside}}
	}
	for _, w := range ways {
		values, err := m.run(ctx, backend, limits, w)
		if err != nil {
			return r, err
		}
		*w.worst = MaxDifference(values, m.Golden.Values)
		if m.Kind == Logits {
			r.Agreement = min(r.Agreement, m.Golden.agreement(values))
		}
	}
	return r, nil
}

// way is one way to cut the positions into batches.
type way struct {
	chunk  int  // most tokens of a batch
	beside bool // every batch has rows of another sequence too
	worst  *float64
}

// beside is the number of rows of the other sequence.
const beside = 11

// run computes the outputs of all positions.
func (m *Model) run(ctx context.Context, backend program.Backend, limits program.Limits, w way) (all []float32, err error) {
	exec, err := backend.Compile(m.Program, limits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, exec.Close()) }()
	tokens := Tokens()
	for from, n := 0, 0; from < len(tokens); from, n = from+w.chunk, n+1 {
		b := &program.Batch{Tables: [][]int32{{2, 0}, {4, 3}}, Slots: []int32{1, 0}}
		add := func(token int32, position int, sequence int32) {
			b.Tokens = append(b.Tokens, token)
			b.Positions = append(b.Positions, int32(position))
			b.Sequences = append(b.Sequences, sequence)
		}
		// The other sequence is read backwards and comes first.
		for i := range beside {
			if at := n*beside + i; w.beside {
				add(tokens[len(tokens)-1-at], at, 1)
			}
		}
		for i := from; i < min(from+w.chunk, len(tokens)); i++ {
			if m.wants(i) {
				b.Outputs = append(b.Outputs, int32(len(b.Tokens)))
			}
			add(tokens[i], i, 0)
		}
		values, err := exec.Run(ctx, b)
		if err != nil {
			return nil, err
		}
		all = append(all, values...)
	}
	return all, nil
}

// wants says whether a position has an output: all of a decoder and of an
// encoder without pooling, else the first or the last one.
func (m *Model) wants(position int) bool {
	switch {
	case m.Kind == Logits || m.Pooling == "none":
		return true
	case m.Pooling == "cls" || m.Pooling == "rank" && m.Family != "qwen3":
		return position == 0
	}
	return position == Positions-1
}

// agreement is the share of rows whose greatest value is in the same place.
func (g *Golden) agreement(values []float32) float64 {
	same := 0
	for i := range g.Rows {
		if (i+1)*g.Cols <= len(values) && Argmax(values[i*g.Cols:(i+1)*g.Cols]) == Argmax(g.Row(i)) {
			same++
		}
	}
	return float64(same) / float64(g.Rows)
}
