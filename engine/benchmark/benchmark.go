// Package benchmark measures how fast a model runs on this machine, beside what
// the machine can do at most. It runs the model's program on random tokens: no
// loading, no sampling, no prefix that was computed before and no guessed
// tokens play a part, as in llama-bench, whose names of tests it uses.
package benchmark

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"freehold/engine"
	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/dialect"
	"freehold/engine/gguf"
	"freehold/engine/hardware"
	"freehold/engine/program"
)

// Test is what to measure: reading Prompt tokens, then writing Generate tokens
// one by one, behind Depth tokens that are in the KV cache already. Sequences
// are that many side by side, each with its own cache; 0 means one.
type Test struct {
	Prompt, Generate, Depth, Sequences int
}

// Name is the test's, much as llama-bench has it: "pp512", "tg128",
// "pp512+tg128", "tg128@d4096"; with eight sequences side by side "tg128x8".
func (t Test) Name() string {
	var s string
	if t.Prompt > 0 {
		s = fmt.Sprintf("pp%d", t.Prompt)
	}
	if t.Generate > 0 {
		if s != "" {
			s += "+"
		}
		s += fmt.Sprintf("tg%d", t.Generate)
	}
	if t.Sequences > 1 {
		s += fmt.Sprintf("x%d", t.Sequences)
	}
	if t.Depth > 0 {
		s += fmt.Sprintf("@d%d", t.Depth)
	}
	return s
}

const maxTokens = 1 << 22 // of one sequence

// Check tells what makes a test impossible.
func (t Test) Check() error {
	switch {
	case t.Prompt < 0 || t.Generate < 0 || t.Depth < 0 || t.Sequences < 0:
		return errors.New("a test's numbers cannot be negative")
	case t.Prompt+t.Generate == 0:
		return errors.New("a test needs a prompt or tokens to generate")
	case t.Prompt > maxTokens || t.Generate > maxTokens || t.Depth > maxTokens:
		return fmt.Errorf("a test of more than %d tokens is not possible", maxTokens)
	case t.Sequences > engine.BatchOutputs:
		return fmt.Errorf("%d sequences at once are more than the engine's %d", t.Sequences, engine.BatchOutputs)
	}
	return nil
}

func (t Test) sequences() int { return max(1, t.Sequences) }

// blocks is how many KV cache blocks each sequence needs.
func (t Test) blocks() int {
	return (t.Depth + t.Prompt + t.Generate + program.BlockTokens - 1) / program.BlockTokens
}

// Limits are medians of what the machine could do around and between a test's
// repetitions.
type Limits struct {
	ReadGBPerSecond     float64 `json:"read_gb_per_second"` // out of memory
	BestReadGBPerSecond float64 `json:"best_read_gb_per_second"`
	Int8GOPPerSecond    float64 `json:"int8_gop_per_second"` // byte dot products with the instructions in use
	F32GOPPerSecond     float64 `json:"f32_gop_per_second"`
}

// Result is a test's outcome.
type Result struct {
	Test            string    `json:"test"`
	Prompt          int       `json:"n_prompt"`
	Generate        int       `json:"n_gen"`
	Depth           int       `json:"depth"`
	Sequences       int       `json:"sequences"`
	TokensPerSecond float64   `json:"tokens_per_second"` // the mean, of all sequences together
	Stddev          float64   `json:"stddev"`
	Samples         []float64 `json:"samples"` // tokens per second of each repetition
	// Weights that were read, each matrix once in a batch, and 2 operations for
	// each of their elements and each row. Attention is not counted.
	GBPerSecond  float64 `json:"gb_per_second"`
	GOPPerSecond float64 `json:"gop_per_second"`
	Limits       *Limits `json:"limits,omitempty"`
	// Shares of the limits: of reading, and of the arithmetic that most of the
	// weights need.
	ReadShare    float64 `json:"read_share,omitempty"`
	ComputeShare float64 `json:"compute_share,omitempty"`
}

// Options says how to measure.
type Options struct {
	Threads int    // 0 means one for each physical core
	KVType  string // as engine.Options has it
	// LimitsTime is how long the machine's limits are measured before the
	// first repetition and after each; 0 leaves it out.
	LimitsTime time.Duration
}

// Bench is a model ready to be measured.
type Bench struct {
	file    *gguf.File
	config  arch.Config
	exec    program.Executable
	meter   *cpu.Meter
	work    work
	threads int
	filled  int // tokens of the first sequence's cache that no test has overwritten
	rng     *rand.Rand

	limitsTime time.Duration
}

// LimitsTime is long enough for a good measurement.
const LimitsTime = 300 * time.Millisecond

// Open makes a model ready for the tests; only these can be run.
func Open(path string, tests []Test, o Options) (*Bench, error) {
	if o.Threads < 0 || o.Threads > cpu.MaxThreads {
		return nil, fmt.Errorf("%d threads are not possible; choose 1…%d", o.Threads, cpu.MaxThreads)
	}
	blocks := 0
	for _, t := range tests {
		if err := t.Check(); err != nil {
			return nil, err
		}
		blocks = max(blocks, t.blocks()*t.sequences())
	}
	f, err := dialect.Open(path)
	if err != nil {
		return nil, err
	}
	b := &Bench{file: f, rng: rand.New(rand.NewPCG(1, 2))}
	if err := b.open(blocks, o); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (b *Bench) open(blocks int, o Options) error {
	m, err := arch.Load(b.file, 0)
	if err != nil {
		return err
	}
	b.config, b.work = m.Config, count(m.Program)
	if b.threads = o.Threads; b.threads == 0 {
		b.threads = cpu.DefaultThreads()
	}
	kv, err := program.ParseKVType(o.KVType)
	if err != nil {
		return err
	}
	backend := cpu.New(cpu.Options{Threads: b.threads})
	limits := program.Limits{Rows: engine.BatchRows, Outputs: engine.BatchOutputs, Blocks: blocks, KV: kv}
	if b.exec, err = backend.Compile(m.Program, limits); err != nil {
		return fmt.Errorf("%s: %w", b.file.Path, err)
	}
	if b.limitsTime = o.LimitsTime; b.limitsTime > 0 {
		if b.meter, err = cpu.NewMeter(backend, spareMemory()); err != nil {
			return fmt.Errorf("measuring the machine's limits: %w", err)
		}
	}
	return nil
}

// spareMemory leaves most of what is available to the model and other programs.
func spareMemory() int64 {
	if m := hardware.Probe(context.Background()).MemoryAvailable; m > 0 {
		return m / 4
	}
	return cpu.MeterBytes // unknown
}

// Threads is how many threads compute.
func (b *Bench) Threads() int { return b.threads }

// File is the model's file.
func (b *Bench) File() *gguf.File { return b.file }

// Close frees the model.
func (b *Bench) Close() error {
	var err error
	if b.meter != nil {
		b.meter.Close()
	}
	if b.exec != nil {
		err = b.exec.Close()
	}
	return errors.Join(err, b.file.Close())
}

// Run measures a test so many times, after one run to warm up. Progress, if not
// nil, is called before each repetition.
func (b *Bench) Run(ctx context.Context, t Test, repetitions int, progress func(done int)) (Result, error) {
	if err := t.Check(); err != nil {
		return Result{}, err
	}
	if progress == nil {
		progress = func(int) {}
	}
	s := b.sequences(t)
	if err := b.fill(ctx, t, s); err != nil {
		return Result{}, err
	}
	warm := t
	warm.Generate = min(1, t.Generate)
	if _, err := b.once(ctx, warm, s); err != nil {
		return Result{}, err
	}
	var limits cpu.Limits
	measure := func() error {
		if b.meter == nil {
			return nil
		}
		l, err := b.meter.Measure(ctx, b.limitsTime)
		limits.Append(l)
		return err
	}
	if err := measure(); err != nil {
		return Result{}, err
	}
	var seconds []float64
	for i := range repetitions {
		progress(i)
		d, err := b.once(ctx, t, s)
		if err != nil {
			return Result{}, err
		}
		seconds = append(seconds, d.Seconds())
		if err := measure(); err != nil {
			return Result{}, err
		}
	}
	return b.result(t, seconds, limits), nil
}

// sequences lays out the block tables.
func (b *Bench) sequences(t Test) [][]int32 {
	tables := make([][]int32, t.sequences())
	for i := range tables {
		for j := range t.blocks() {
			tables[i] = append(tables[i], int32(i*t.blocks()+j))
		}
	}
	return tables
}

// fill puts random tokens into the cache of each sequence as deep as the test
// wants; what an earlier test has put there is used again.
func (b *Bench) fill(ctx context.Context, t Test, tables [][]int32) error {
	for b.filled < t.Depth {
		n := min(t.Depth-b.filled, engine.BatchRows)
		if err := b.batch(ctx, tables[:1], b.filled, n, false); err != nil {
			return err
		}
		b.filled += n
	}
	b.filled = t.Depth
	for i := range tables[1:] {
		for j := range (t.Depth + program.BlockTokens - 1) / program.BlockTokens {
			if err := b.exec.CopyBlock(tables[i+1][j], tables[0][j]); err != nil {
				return err
			}
		}
	}
	return nil
}

// once runs a test and returns how long it took.
func (b *Bench) once(ctx context.Context, t Test, tables [][]int32) (time.Duration, error) {
	start := time.Now()
	at := t.Depth
	for done := 0; done < t.Prompt; {
		n := min(t.Prompt-done, engine.BatchRows)
		done += n
		for i := range tables {
			if err := b.batch(ctx, tables[i:i+1], at, n, done == t.Prompt); err != nil {
				return 0, err
			}
		}
		at += n
	}
	for range t.Generate {
		if err := b.batch(ctx, tables, at, 1, true); err != nil {
			return 0, err
		}
		at++
	}
	return time.Since(start), nil
}

// batch computes n random tokens of each sequence from position at on, and the
// logits behind the last of each if wanted.
func (b *Bench) batch(ctx context.Context, tables [][]int32, at, n int, logits bool) error {
	batch := &program.Batch{Tables: tables}
	for s := range tables {
		for i := range n {
			batch.Tokens = append(batch.Tokens, int32(b.rng.IntN(b.config.Vocab)))
			batch.Positions = append(batch.Positions, int32(at+i))
			batch.Sequences = append(batch.Sequences, int32(s))
		}
		if logits {
			batch.Outputs = append(batch.Outputs, int32(len(batch.Tokens)-1))
		}
	}
	_, err := b.exec.Run(ctx, batch)
	return err
}

func (b *Bench) result(t Test, seconds []float64, l cpu.Limits) Result {
	r := Result{Test: t.Name(), Prompt: t.Prompt, Generate: t.Generate, Depth: t.Depth, Sequences: t.sequences()}
	tokens := float64((t.Prompt + t.Generate) * t.sequences())
	for _, s := range seconds {
		r.Samples = append(r.Samples, tokens/s)
	}
	r.TokensPerSecond, r.Stddev = meanAndDeviation(r.Samples)
	bytes, ops := b.work.of(t)
	r.GBPerSecond = bytes / tokens * r.TokensPerSecond / 1e9
	r.GOPPerSecond = ops / tokens * r.TokensPerSecond / 1e9
	if b.meter != nil {
		r.Limits = &Limits{
			ReadGBPerSecond: median(l.Read) / 1e9, BestReadGBPerSecond: slices.Max(l.Read) / 1e9,
			Int8GOPPerSecond: median(l.Int8) / 1e9, F32GOPPerSecond: median(l.F32) / 1e9,
		}
		r.ReadShare = r.GBPerSecond / r.Limits.ReadGBPerSecond
		r.ComputeShare = r.GOPPerSecond / r.Limits.Int8GOPPerSecond
		if b.work.float {
			r.ComputeShare = r.GOPPerSecond / r.Limits.F32GOPPerSecond
		}
	}
	return r
}
