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
	if v.Kind != Logits {
		return nil, fmt.Errorf("%w: embeddings", ErrNotYet)
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
	return &Model{Variant: v, Model: m, Golden: g, file: f}, nil
}

// Close closes the model's file and deletes it.
func (m *Model) Close() error { return errors.Join(m.file.Close(), os.Remove(m.file.Path)) }

// Result is how far a backend's logits are from llama.cpp's.
type Result struct {
	Batched, Chunked, Single float64        // greatest differences: in one batch, in chunks of 24, token by token
	Agreement                float64        // of rows whose greatest logit is the same, the least of the three
	Cache                    program.KVType // f32, or f16 where the backend has no other
}

// Check is nil if the result is within bounds. A float16 cache may cost as much
// again as it costs llama.cpp.
func (r Result) Check(g *Golden) error {
	bound, agreement := MaxLogitDifference, MinArgmaxAgreement
	if r.Cache != program.KVF32 {
		bound, agreement = bound+3*g.Half, 0.95
	}
	if worst := max(r.Batched, r.Chunked, r.Single); !(worst <= bound) {
		return fmt.Errorf("logits differ by %.2e in one batch, %.2e in chunks, %.2e token by token; the bound is %.1e", r.Batched, r.Chunked, r.Single, bound)
	}
	if r.Agreement < agreement {
		return fmt.Errorf("the greatest logit is the same in %.1f %% of rows only", 100*r.Agreement)
	}
	return nil
}

// Compare runs the model on a backend and compares it with llama.cpp.
func (m *Model) Compare(ctx context.Context, backend program.Backend) (Result, error) {
	limits := program.Limits{Rows: Positions, Outputs: Positions, Blocks: 3, Slots: 2, KV: program.KVF32}
	// Some backends have no cache in float32.
	probe, err := backend.Compile(m.Program, limits)
	if err != nil {
		limits.KV = program.KVF16
		if probe, err = backend.Compile(m.Program, limits); err != nil {
			return Result{}, fmt.Errorf("%w: %s: %w", ErrNotYet, backend.Name(), err)
		}
	}
	if err := probe.Close(); err != nil {
		return Result{}, err
	}
	r := Result{Cache: limits.KV, Agreement: 1}
	for _, way := range []struct {
		chunk int
		worst *float64
	}{{Positions, &r.Batched}, {24, &r.Chunked}, {1, &r.Single}} {
		logits, err := m.run(ctx, backend, limits, way.chunk)
		if err != nil {
			return r, err
		}
		*way.worst = MaxDifference(logits, m.Golden.Values)
		r.Agreement = min(r.Agreement, m.Golden.agreement(logits))
	}
	return r, nil
}

// run computes the logits of all positions, chunk tokens at a time.
func (m *Model) run(ctx context.Context, backend program.Backend, limits program.Limits, chunk int) (all []float32, err error) {
	exec, err := backend.Compile(m.Program, limits)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, exec.Close()) }()
	tokens := Tokens()
	for from := 0; from < len(tokens); from += chunk {
		b := &program.Batch{
			Tokens: tokens[from:min(from+chunk, len(tokens))],
			Tables: [][]int32{{2, 0}},
			Slots:  []int32{1},
		}
		for i := range b.Tokens {
			b.Positions = append(b.Positions, int32(from+i))
			b.Sequences = append(b.Sequences, 0)
			b.Outputs = append(b.Outputs, int32(i))
		}
		logits, err := exec.Run(ctx, b)
		if err != nil {
			return nil, err
		}
		all = append(all, logits...)
	}
	return all, nil
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
