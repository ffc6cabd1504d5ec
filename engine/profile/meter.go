package profile

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
	"unsafe"

	"freehold/engine/program"
	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

// types that files come in: those of most files, and the others.
var (
	common = []tensor.Type{tensor.Q4_K, tensor.Q6_K, tensor.Q8_0, tensor.Q5_K, tensor.Q4_0, tensor.Q4_1, tensor.F32, tensor.F16}
	rare   = []tensor.Type{
		tensor.Q3_K, tensor.Q2_K, tensor.Q5_0, tensor.Q5_1, tensor.BF16, tensor.IQ4_XS, tensor.IQ4_NL, tensor.MXFP4, tensor.IQ3_S, tensor.IQ3_XXS,
		tensor.IQ2_XXS, tensor.IQ2_XS, tensor.IQ2_S, tensor.IQ1_S, tensor.IQ1_M, tensor.TQ1_0, tensor.TQ2_0,
	}
)

const (
	width       = 2048      // of the matrices, which are square
	streamBytes = 128 << 20 // of weights: a multiple of what caches hold
	cachedBytes = 4 << 20   // of weights that stay in the caches
	batchRows   = 128
	repetitions = 3
)

// meter runs small programs on the backend.
type meter struct {
	backend program.Backend
	memory  []byte // for weights, 64-aligned
	rng     *rand.Rand
}

func newMeter(b program.Backend) *meter {
	memory := make([]byte, streamBytes+64)
	skip := int(-uintptr(unsafe.Pointer(&memory[0])) % 64)
	return &meter{backend: b, memory: memory[skip:][:streamBytes:streamBytes], rng: rand.New(rand.NewPCG(1, 2))}
}

// fill covers the meter's memory with rows of type t.
func (m *meter) fill(t tensor.Type, rowBytes int) error {
	const rows = 64
	piece := make([]byte, rows*rowBytes)
	switch t {
	case tensor.F32, tensor.F16, tensor.BF16:
		// Values near 1/√width keep a chain of matrices from growing: 2⁻⁶ in each format.
		pattern := map[tensor.Type][]byte{tensor.F32: {0, 0, 0x80, 0x3c}, tensor.F16: {0, 0x24}, tensor.BF16: {0x80, 0x3c}}[t]
		for at := 0; at < len(piece); at += len(pattern) {
			copy(piece[at:], pattern)
			if m.rng.IntN(2) == 0 {
				piece[at+len(pattern)-1] |= 0x80
			}
		}
	default:
		layout, _ := t.Layout()
		blocks, err := synthetic.Blocks(t, len(piece)/layout.Bytes, 1/64.0, m.rng)
		if err != nil {
			return err
		}
		piece = blocks
	}
	for at := 0; at < len(m.memory); at += len(piece) {
		copy(m.memory[at:], piece)
	}
	return nil
}

// chain is a program that multiplies with n matrices one after another.
func (m *meter) chain(t tensor.Type, width, n int) (p *program.Program, bytes int, err error) {
	rowBytes, err := t.RowBytes(width)
	if err != nil {
		return nil, 0, err
	}
	size := rowBytes * width
	p = &program.Program{Vocab: width}
	x := p.Buffer("x", width)
	y := p.Buffer("y", width)
	m.embed(p, x)
	for i := range n {
		at := i * size
		w := &program.Weight{Name: fmt.Sprint(i), Type: t, Rows: width, Cols: width, Data: m.memory[at : at+size : at+size]}
		p.Record(program.Linear{X: x, Out: []program.Projection{{Weight: w, Dst: y}}})
		x, y = y, x
	}
	m.output(p, x)
	return p, n * size, nil
}

// embed gives each row of x the same values.
func (m *meter) embed(p *program.Program, x program.Buffer) {
	n := p.Buffers[x].Width
	table := make([]float32, n)
	for i := range table {
		table[i] = float32(m.rng.NormFloat64())
	}
	data := unsafe.Slice((*byte)(unsafe.Pointer(&table[0])), 4*n)
	p.Record(program.Embed{Table: &program.Weight{Name: "table", Type: tensor.F32, Rows: 1, Cols: n, Data: data}, Dst: x, Scale: 1})
}

func (m *meter) output(p *program.Program, x program.Buffer) {
	p.Logits = p.OutputBuffer("logits", p.Buffers[x].Width)
	p.Record(program.SelectOutputs{X: x, Dst: p.Logits})
}

// run compiles a program and returns the usual seconds of some runs of a batch
// of rows that begin at a position.
func (m *meter) run(ctx context.Context, p *program.Program, rows, times int) (float64, error) {
	e, err := m.backend.Compile(p, program.Limits{Rows: rows, Outputs: 1, Blocks: 1})
	if err != nil {
		return 0, err
	}
	defer e.Close()
	return usual(ctx, e, batch(rows, 0, nil), times)
}

// usual runs a batch once to warm up, then some times, and returns the median of
// the seconds that took. The least would be what a model reaches at its luckiest
// moment: it writes for minutes, at the usual speed.
func usual(ctx context.Context, e program.Executable, b *program.Batch, times int) (float64, error) {
	var seconds []float64
	for i := range times + 1 {
		start := time.Now()
		if _, err := e.Run(ctx, b); err != nil {
			return 0, err
		}
		if i > 0 {
			seconds = append(seconds, time.Since(start).Seconds())
		}
	}
	slices.Sort(seconds)
	return max(seconds[len(seconds)/2], 1e-9), nil
}

// batch is rows of one sequence from a position on, the last with an output.
func batch(rows, at int, table []int32) *program.Batch {
	b := &program.Batch{Tables: [][]int32{table}, Outputs: []int32{int32(rows - 1)}}
	for i := range rows {
		b.Tokens = append(b.Tokens, 0)
		b.Positions = append(b.Positions, int32(at+i))
		b.Sequences = append(b.Sequences, 0)
	}
	if table == nil {
		b.Tables[0] = make([]int32, (at+rows+program.BlockTokens-1)/program.BlockTokens)
	}
	return b
}

// step measures what a small op takes: waking all threads and meeting again.
func (m *meter) step(ctx context.Context) (float64, error) {
	const small, ops = 256, 256
	rowBytes, err := tensor.Q8_0.RowBytes(small)
	if err != nil {
		return 0, err
	}
	if err := m.fill(tensor.Q8_0, rowBytes); err != nil {
		return 0, err
	}
	p, _, err := m.chain(tensor.Q8_0, small, ops)
	if err != nil {
		return 0, err
	}
	s, err := m.run(ctx, p, 1, 4*repetitions)
	return s / ops, err
}

// begin measures how much longer than a step it takes to begin with a matrix
// that is not in the caches, where wide ones of its type are read at rate: the
// processor has to find each one's stream again, which models of many narrow
// matrices feel.
func (m *meter) begin(ctx context.Context, step, rate float64) (float64, error) {
	const narrow, bytes = 512, streamBytes / 2
	rowBytes, err := tensor.Q8_0.RowBytes(narrow)
	if err != nil {
		return 0, err
	}
	if err := m.fill(tensor.Q8_0, rowBytes); err != nil {
		return 0, err
	}
	n := bytes / (rowBytes * narrow)
	p, all, err := m.chain(tensor.Q8_0, narrow, n)
	if err != nil {
		return 0, err
	}
	s, err := m.run(ctx, p, 1, repetitions)
	return max(0, (s-float64(all)/rate)/float64(n)-step), err
}

// rate measures matrices of a type.
func (m *meter) rate(ctx context.Context, t tensor.Type, step float64) (Rate, error) {
	rowBytes, err := t.RowBytes(width)
	if err != nil {
		return Rate{}, err
	}
	if err := m.fill(t, rowBytes); err != nil {
		return Rate{}, err
	}
	decode := func(bytes, times int) (float64, error) {
		n := max(1, bytes/(rowBytes*width))
		p, all, err := m.chain(t, width, n)
		if err != nil {
			return 0, err
		}
		s, err := m.run(ctx, p, 1, times)
		return float64(all) / max(s-float64(n)*step, s/4), err
	}
	var r Rate
	if r.Decode, err = decode(streamBytes, repetitions); err != nil {
		return Rate{}, err
	}
	if r.Cached, err = decode(cachedBytes, 4*repetitions); err != nil {
		return Rate{}, err
	}
	p, _, err := m.chain(t, width, 2)
	if err != nil {
		return Rate{}, err
	}
	s, err := m.run(ctx, p, batchRows, repetitions)
	r.Prefill = 2 * 2 * width * width * batchRows / s
	return r, err
}

// group is how many heads attend to each of the cache's where that is many.
const group = 8

// attended is how long one row takes to attend with as many heads as the cache
// has, and with group times as many, which tells bytes and operations apart.
type attended struct {
	few, many, bytes float64 // seconds, seconds, and bytes of the cache
}

func (m *meter) attended(ctx context.Context, kv program.KVType) (a attended, err error) {
	if a.few, a.bytes, err = m.attend(ctx, kv, 1); err != nil {
		return attended{}, err
	}
	a.many, _, err = m.attend(ctx, kv, group)
	return a, err
}

// better takes the least times of a and b, which may be empty.
func (a attended) better(b attended) attended {
	if b.bytes == 0 {
		return a
	}
	return attended{few: min(a.few, b.few), many: min(a.many, b.many), bytes: a.bytes}
}

func (a attended) attention() Attention {
	ops := 4.0 * kvHeads * headDim * layers * depth // with one head for each of the cache's
	perOp := max(a.many-a.few, a.few/100) / ((group - 1) * ops)
	perByte := max(a.few-perOp*ops, a.few/10) / a.bytes
	return Attention{Bytes: 1 / perByte, Ops: 1 / perOp}
}

// Attention is measured with this cache.
const (
	kvHeads = 4
	headDim = 128
	layers  = 4
	depth   = 8192 // tokens: more than caches hold
)

// attend returns the seconds in which group heads for each of the cache's attend
// to it, and its bytes.
func (m *meter) attend(ctx context.Context, kv program.KVType, group int) (seconds, bytes float64, err error) {
	heads := kvHeads * group
	p := &program.Program{Vocab: heads * headDim}
	q, k := p.Buffer("q", heads*headDim), p.Buffer("k", kvHeads*headDim)
	m.embed(p, q)
	m.embed(p, k)
	for layer := range layers {
		p.Cache = append(p.Cache, program.CacheLayer{KVHeads: kvHeads, HeadDim: headDim, ValueDim: headDim})
		p.Record(program.StoreKV{K: k, V: k, Layer: layer},
			program.Attention{Q: q, Dst: q, Layer: layer, Heads: heads, Scale: 1.0 / headDim})
	}
	m.output(p, q)
	blocks := depth / program.BlockTokens
	e, err := m.backend.Compile(p, program.Limits{Rows: 1, Outputs: 1, Blocks: blocks, KV: kv})
	if err != nil {
		return 0, 0, err
	}
	defer e.Close()
	table := make([]int32, blocks)
	page := make([]byte, e.BlockBytes())
	for i := range table {
		table[i] = int32(i)
		// Values do not matter, pages that were never written would.
		if err := e.WriteBlock(int32(i), page); err != nil {
			return 0, 0, err
		}
	}
	shallow, err := usual(ctx, e, batch(1, 0, table), 2*repetitions)
	if err != nil {
		return 0, 0, err
	}
	deep, err := usual(ctx, e, batch(1, depth-1, table), 2*repetitions)
	return max(deep-shallow, deep/10), float64(e.BlockBytes() * blocks), err
}
