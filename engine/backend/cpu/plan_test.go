package cpu

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"freehold/engine/program"
	"freehold/engine/synthetic"
	"freehold/engine/tensor"
)

// randomWeight makes a matrix with values of about size.
func randomWeight(t testing.TB, r *rand.Rand, typ tensor.Type, rows, cols int, size float64) *program.Weight {
	t.Helper()
	n, err := typ.RowBytes(cols)
	if err != nil {
		t.Fatal(err)
	}
	values := make([]float32, rows*cols)
	for i := range values {
		values[i] = float32(r.NormFloat64() * size)
	}
	w := &program.Weight{Name: "random." + typ.String(), Type: typ, Rows: rows, Cols: cols, Data: make([]byte, n*rows)}
	if typ == tensor.F32 {
		for i, v := range values {
			binary.LittleEndian.PutUint32(w.Data[4*i:], math.Float32bits(v))
		}
	} else if typ.Writable() {
		err = tensor.Quantize(typ, values, w.Data)
	} else {
		l, _ := typ.Layout()
		w.Data, err = synthetic.Blocks(typ, rows*cols/l.Block, size, r)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func randomVector(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(1 + r.NormFloat64()/4)
	}
	return v
}

func ropeTable(pairs int, adjacent bool) program.RopeTable {
	t := program.RopeTable{Magnitude: 1, Adjacent: adjacent}
	for i := range pairs {
		t.Freqs = append(t.Freqs, float32(math.Pow(10000, -float64(i)/float64(pairs))))
	}
	return t
}

const vocabulary = 97

// attentionProgram looks up q, k and v per token, so that nothing but the cache
// and attention computes.
func attentionProgram(t testing.TB, r *rand.Rand, heads, kvHeads, dim, window int) *program.Program {
	p := &program.Program{Vocab: heads * dim, Cache: []program.CacheLayer{{KVHeads: kvHeads, HeadDim: dim, ValueDim: dim}}}
	q, k, v := p.Buffer("q", heads*dim), p.Buffer("k", kvHeads*dim), p.Buffer("v", kvHeads*dim)
	dst := p.Buffer("dst", heads*dim)
	p.Logits = p.OutputBuffer("logits", heads*dim)
	p.Record(
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, heads*dim, 2), Dst: q, Scale: 1},
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, kvHeads*dim, 2), Dst: k, Scale: 1},
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, kvHeads*dim, 1), Dst: v, Scale: 1},
		program.StoreKV{K: k, V: v},
		program.Attention{Q: q, Dst: dst, Heads: heads, Scale: float32(1 / math.Sqrt(float64(dim))), Window: window},
		program.SelectOutputs{X: dst, Dst: p.Logits},
	)
	return p
}

type shape struct {
	layers, embedding, heads, kvHeads, dim, feedForward, window int
	typ                                                         tensor.Type
	bias, adjacent                                              bool
}

// llamaProgram is a transformer of the Llama family with random weights.
func llamaProgram(t testing.TB, r *rand.Rand, s shape) *program.Program {
	p := &program.Program{Vocab: vocabulary, Ropes: []program.RopeTable{ropeTable(s.dim/2, s.adjacent)}}
	qWidth, kvWidth := s.heads*s.dim, s.kvHeads*s.dim
	x, h := p.Buffer("x", s.embedding), p.Buffer("h", s.embedding)
	q, k, v := p.Buffer("q", qWidth), p.Buffer("k", kvWidth), p.Buffer("v", kvWidth)
	att, gate, up := p.Buffer("att", qWidth), p.Buffer("gate", s.feedForward), p.Buffer("up", s.feedForward)
	matrix := func(rows, cols int) *program.Weight {
		return randomWeight(t, r, s.typ, rows, cols, 1/math.Sqrt(float64(cols)))
	}
	bias := func(n int) []float32 {
		if !s.bias {
			return nil
		}
		return randomVector(r, n)
	}
	p.Record(program.Embed{Table: matrix(vocabulary, s.embedding), Dst: x, Scale: 2})
	for i := range s.layers {
		p.Cache = append(p.Cache, program.CacheLayer{KVHeads: s.kvHeads, HeadDim: s.dim, ValueDim: s.dim})
		p.Record(
			program.RMSNorm{X: x, Dst: h, Gain: randomVector(r, s.embedding), Eps: 1e-5},
			program.Linear{X: h, Out: []program.Projection{
				{Weight: matrix(qWidth, s.embedding), Bias: bias(qWidth), Dst: q},
				{Weight: matrix(kvWidth, s.embedding), Bias: bias(kvWidth), Dst: k},
				{Weight: matrix(kvWidth, s.embedding), Bias: bias(kvWidth), Dst: v},
			}},
			program.Rope{X: q, Heads: s.heads, HeadDim: s.dim},
			program.Rope{X: k, Heads: s.kvHeads, HeadDim: s.dim},
			program.StoreKV{K: k, V: v, Layer: i},
			program.Attention{Q: q, Dst: att, Layer: i, Heads: s.heads, Window: s.window,
				Scale: float32(1 / math.Sqrt(float64(s.dim)))},
		)
		if i == s.layers-1 {
			x2, att2 := p.OutputBuffer("x2", s.embedding), p.OutputBuffer("att2", qWidth)
			p.Record(program.SelectOutputs{X: x, Dst: x2}, program.SelectOutputs{X: att, Dst: att2})
			x, att, h = x2, att2, p.OutputBuffer("h2", s.embedding)
			gate, up = p.OutputBuffer("gate2", s.feedForward), p.OutputBuffer("up2", s.feedForward)
		}
		p.Record(
			program.Linear{X: att, Out: []program.Projection{{Weight: matrix(s.embedding, qWidth), Dst: x, Accumulate: true}}},
			program.RMSNorm{X: x, Dst: h, Gain: randomVector(r, s.embedding), Eps: 1e-5},
			program.Linear{X: h, Out: []program.Projection{
				{Weight: matrix(s.feedForward, s.embedding), Dst: gate},
				{Weight: matrix(s.feedForward, s.embedding), Dst: up},
			}},
			program.Gated{Gate: gate, Up: up, Dst: gate},
			program.Linear{X: gate, Out: []program.Projection{
				{Weight: matrix(s.embedding, s.feedForward), Bias: bias(s.embedding), Dst: x, Accumulate: true}}},
		)
	}
	p.Logits = p.OutputBuffer("logits", vocabulary)
	p.Record(
		program.RMSNorm{X: x, Dst: h, Gain: randomVector(r, s.embedding), Eps: 1e-5},
		program.Linear{X: h, Out: []program.Projection{{Weight: matrix(vocabulary, s.embedding), Dst: p.Logits}}},
	)
	return p
}

// sequences hands out batches of sequences that grow, with cache blocks in
// random order.
type sequences struct {
	r      *rand.Rand
	free   []int32
	length []int
	tables [][]int32
}

func newSequences(r *rand.Rand, n, blocks int) *sequences {
	s := &sequences{r: r, length: make([]int, n), tables: make([][]int32, n)}
	for _, b := range r.Perm(blocks) {
		s.free = append(s.free, int32(b))
	}
	return s
}

func withoutOutputs(b *program.Batch) *program.Batch {
	b.Outputs = nil
	return b
}

// batch adds rows[i] tokens to sequence order[i].
func (s *sequences) batch(order, rows []int, allOutputs bool) *program.Batch {
	b := &program.Batch{}
	for i, q := range order {
		for range rows[i] {
			if s.length[q]%program.BlockTokens == 0 {
				s.tables[q] = append(s.tables[q], s.free[0])
				s.free = s.free[1:]
			}
			b.Tokens = append(b.Tokens, int32(s.r.IntN(vocabulary)))
			b.Positions = append(b.Positions, int32(s.length[q]))
			b.Sequences = append(b.Sequences, int32(q))
			s.length[q]++
			if allOutputs || s.r.IntN(3) == 0 {
				b.Outputs = append(b.Outputs, int32(len(b.Tokens)-1))
			}
		}
	}
	for _, t := range s.tables {
		b.Tables = append(b.Tables, slices.Clone(t))
	}
	return b
}

// mixedBatches are batches with prefill chunks and decoded rows of several
// sequences: what a scheduler makes.
func mixedBatches(r *rand.Rand, allOutputs bool) ([]*program.Batch, program.Limits) {
	s := newSequences(r, 4, 40)
	return []*program.Batch{
		s.batch([]int{0}, []int{1}, allOutputs),
		s.batch([]int{1}, []int{70}, allOutputs),
		s.batch([]int{0, 1, 2}, []int{1, 1, 33}, allOutputs),
		s.batch([]int{2, 0}, []int{3, 50}, allOutputs),
		s.batch([]int{1, 0, 2, 3}, []int{1, 1, 1, 1}, allOutputs),
		s.batch([]int{3, 1}, []int{7, 60}, allOutputs),
		s.batch([]int{1}, []int{1}, allOutputs),
		s.batch([]int{3}, []int{70}, allOutputs),
		s.batch([]int{1, 3}, []int{2, 12}, allOutputs),
	}, program.Limits{Rows: 70, Outputs: 70, Blocks: 40}
}

func compile(t testing.TB, b program.Backend, p *program.Program, l program.Limits) program.Executable {
	t.Helper()
	e, err := b.Compile(p, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func run(t testing.TB, e program.Executable, b *program.Batch) []float32 {
	t.Helper()
	out, err := e.Run(context.Background(), b)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(out)
}

// difference reports the largest difference relative to the values' size.
func difference(t testing.TB, got, want []float32) float64 {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	worst, size := 0.0, 0.0
	for _, v := range want {
		size += float64(v) * float64(v)
	}
	size = math.Sqrt(size/float64(max(1, len(want)))) + 1e-30
	for i, v := range got {
		d := math.Abs(float64(v)-float64(want[i])) / (size + math.Abs(float64(want[i])))
		if !(d <= worst) {
			worst = d
		}
	}
	return worst
}

// agree runs batches on the reference and on several threads of every kernel
// set: all must match the reference within the tolerance, and each other in
// every bit whatever the number of threads.
func agree(t *testing.T, p *program.Program, l program.Limits, batches []*program.Batch, tolerance float64) {
	t.Helper()
	reference := compile(t, program.Reference{}, p, l)
	var want [][]float32
	for _, b := range batches {
		want = append(want, run(t, reference, b))
	}
	for _, isa := range ISAs() {
		if err := ForceISA(isa); err != nil {
			t.Fatal(err)
		}
		defer ForceISA("")
		var single [][]float32
		for threads := 1; threads <= 4; threads++ {
			e := compile(t, New(Options{Threads: threads}), p, l)
			for i, b := range batches {
				got := run(t, e, b)
				if threads == 1 {
					single = append(single, got)
				}
				if d := difference(t, got, want[i]); !(d <= tolerance) {
					t.Errorf("%s, %d threads: batch %d differs from the reference by %.3g", isa, threads, i, d)
				}
				if !slices.Equal(got, single[i]) {
					t.Errorf("%s: batch %d on %d threads differs from one", isa, i, threads)
				}
			}
			e.Close()
		}
	}
}

func TestRowOps(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, width := range []int{8, 24, 64, 100, 576} {
		build := func(record func(p *program.Program, x, dst program.Buffer)) *program.Program {
			p := &program.Program{Vocab: width}
			x, dst := p.Buffer("x", width), p.Buffer("dst", width)
			p.Logits = p.OutputBuffer("logits", width)
			p.Record(program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, width, 3), Dst: x, Scale: 1.5})
			record(p, x, dst)
			p.Record(program.SelectOutputs{X: dst, Dst: p.Logits})
			return p
		}
		cases := map[string]*program.Program{
			"norm": build(func(p *program.Program, x, dst program.Buffer) {
				p.Record(program.RMSNorm{X: x, Dst: dst, Gain: randomVector(r, width), Eps: 1e-5})
			}),
			"swiglu": build(func(p *program.Program, x, dst program.Buffer) {
				up := p.Buffer("up", width)
				p.Record(program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, width, 40), Dst: up, Scale: 1},
					program.Gated{Gate: up, Up: x, Dst: dst})
			}),
		}
		for _, adjacent := range []bool{true, false} {
			cases[fmt.Sprintf("rope %v", adjacent)] = build(func(p *program.Program, x, dst program.Buffer) {
				table := ropeTable(width/4/2, adjacent)
				table.Magnitude = 1.25
				p.Ropes = []program.RopeTable{ropeTable(1, adjacent), table}
				p.Record(program.Rope{X: x, Heads: 2, HeadDim: width / 2, Table: 1},
					program.RMSNorm{X: x, Dst: dst, Gain: randomVector(r, width), Eps: 1e-5})
			})
		}
		for name, p := range cases {
			t.Run(fmt.Sprintf("%s/%d", name, width), func(t *testing.T) {
				batches, l := mixedBatches(r, true)
				agree(t, p, l, batches, 2e-6)
			})
		}
	}
}

func TestEmbedTypes(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, typ := range linearTypes {
		p := &program.Program{Vocab: 512}
		x := p.Buffer("x", 512)
		p.Logits = p.OutputBuffer("logits", 512)
		p.Record(program.Embed{Table: randomWeight(t, r, typ, vocabulary, 512, 1), Dst: x, Scale: 1},
			program.SelectOutputs{X: x, Dst: p.Logits})
		batches, l := mixedBatches(r, false)
		agree(t, p, l, batches, 1e-6)
	}
}

var kvKinds = []program.KVType{program.KVF16, program.KVQ8, program.KVQ4, program.KVF32}

func TestAttention(t *testing.T) {
	cases := []struct{ heads, kvHeads, dim, window int }{
		{9, 3, 64, 0}, {4, 4, 32, 0}, {8, 1, 128, 0}, {8, 2, 80, 0}, {2, 1, 96, 0}, {2, 2, 256, 0},
		{3, 1, 8, 0}, {4, 2, 72, 0}, {14, 2, 64, 0}, {64, 1, 16, 0}, {2, 1, 20, 0},
		{9, 3, 64, 1}, {9, 3, 64, 16}, {4, 2, 32, 33}, {4, 1, 64, 100}, {4, 4, 64, 32},
		{4, 2, 33, 0}, {2, 1, 47, 31}, {2, 2, 7, 65},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d of %d×%d window %d", c.heads, c.kvHeads, c.dim, c.window), func(t *testing.T) {
			for _, kv := range kvKinds {
				r := rand.New(rand.NewPCG(5, uint64(c.dim)))
				p := attentionProgram(t, r, c.heads, c.kvHeads, c.dim, c.window)
				batches, l := mixedBatches(r, true)
				l.KV = kv
				agree(t, p, l, batches, 2e-5)
			}
		})
	}
}

// A long context is cut into ranges that several threads attend to.
func TestAttentionLongContext(t *testing.T) {
	for _, window := range []int{0, 32, 700} {
		for _, kv := range kvKinds {
			r := rand.New(rand.NewPCG(7, 8))
			p := attentionProgram(t, r, 6, 2, 16, window)
			s := newSequences(r, 2, 200)
			batches := []*program.Batch{s.batch([]int{1}, []int{40}, false)}
			for range 4 {
				batches = append(batches, s.batch([]int{0}, []int{600}, false))
			}
			batches = append(batches,
				s.batch([]int{0}, []int{1}, true),
				s.batch([]int{0, 1}, []int{1, 1}, true),
				s.batch([]int{1, 0}, []int{1, 9}, true))
			agree(t, p, program.Limits{Rows: 600, Outputs: 600, Blocks: 200, KV: kv}, batches, 2e-5)
		}
	}
}

func TestTransformer(t *testing.T) {
	shapes := []shape{
		{layers: 2, embedding: 64, heads: 9, kvHeads: 3, dim: 64, feedForward: 160, typ: tensor.F32, adjacent: true},
		{layers: 2, embedding: 96, heads: 4, kvHeads: 4, dim: 24, feedForward: 100, typ: tensor.F32, bias: true},
		{layers: 3, embedding: 128, heads: 8, kvHeads: 2, dim: 16, feedForward: 256, window: 40, typ: tensor.F32, bias: true},
	}
	// The reference sums in float64, so that now and then a key or value rounds
	// to another float16.
	for i, s := range shapes {
		r := rand.New(rand.NewPCG(9, uint64(i)))
		p := llamaProgram(t, r, s)
		batches, l := mixedBatches(r, false)
		agree(t, p, l, batches, 1e-3)
	}
}

// Quantized weights also round activations, so that only nearness to the
// reference can be asked for; equality between thread counts still holds.
func TestTransformerQuantized(t *testing.T) {
	for _, typ := range []tensor.Type{tensor.F16, tensor.Q8_0, tensor.Q4_K} {
		r := rand.New(rand.NewPCG(11, uint64(typ)))
		p := llamaProgram(t, r, shape{layers: 1, embedding: 256, heads: 4, kvHeads: 2, dim: 64, feedForward: 256, typ: typ, adjacent: true})
		batches, l := mixedBatches(r, false)
		batches = batches[:4]
		agree(t, p, l, batches, 0.2)
	}
}

// Projections that add to the same values must not run at once.
func TestLinearHazards(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	p := &program.Program{Vocab: 64}
	x, y := p.Buffer("x", 64), p.Buffer("y", 64)
	p.Logits = p.OutputBuffer("logits", 64)
	w := func() *program.Weight { return randomWeight(t, r, tensor.F32, 64, 64, 0.125) }
	p.Record(
		program.Embed{Table: randomWeight(t, r, tensor.F32, vocabulary, 64, 1), Dst: x, Scale: 1},
		program.Linear{X: x, Out: []program.Projection{
			{Weight: w(), Dst: y}, {Weight: w(), Dst: y, Accumulate: true},
			{Weight: w(), Dst: y, Accumulate: true, Bias: randomVector(r, 64)},
		}},
		program.Linear{X: y, Out: []program.Projection{{Weight: w(), Dst: x, Accumulate: true}}},
		program.Linear{X: x, Out: []program.Projection{{Weight: w(), Dst: y, Accumulate: true}}},
		program.SelectOutputs{X: y, Dst: p.Logits},
	)
	batches, l := mixedBatches(r, true)
	agree(t, p, l, batches, 1e-5)
}

func TestCopyBlock(t *testing.T) {
	for _, kv := range kvKinds {
		t.Run(kv.String(), func(t *testing.T) { testCopyBlock(t, kv) })
	}
}

func testCopyBlock(t *testing.T, kv program.KVType) {
	r := rand.New(rand.NewPCG(15, 16))
	p := llamaProgram(t, r, shape{layers: 2, embedding: 64, heads: 2, kvHeads: 1, dim: 32, feedForward: 64, typ: tensor.F32})
	l := program.Limits{Rows: 64, Outputs: 64, Blocks: 8, KV: kv}
	e := compile(t, New(Options{Threads: 2}), p, l)
	s := newSequences(r, 1, 4)
	run(t, e, s.batch([]int{0}, []int{40}, false))
	branch := s.batch([]int{0}, []int{1}, true)
	for i, b := range branch.Tables[0] {
		if err := e.CopyBlock(int32(4+i), b); err != nil {
			t.Fatal(err)
		}
	}
	want := run(t, e, branch)
	for i := range branch.Tables[0] {
		branch.Tables[0][i] = int32(4 + i)
	}
	if !slices.Equal(run(t, e, branch), want) {
		t.Error("copied blocks give other logits")
	}
	for _, pair := range [][2]int32{{-1, 0}, {0, -1}, {8, 0}, {0, 8}} {
		if e.CopyBlock(pair[0], pair[1]) == nil {
			t.Errorf("CopyBlock(%d, %d) succeeded", pair[0], pair[1])
		}
	}
	bytes := map[program.KVType]int64{program.KVF16: 2 * 32, program.KVQ8: 34, program.KVQ4: 18, program.KVF32: 4 * 32} // of a head's keys or values of a token
	if got, want := e.KVBytes(), 8*32*2*2*bytes[kv]; got != want {
		t.Errorf("KVBytes is %d, want %d", got, want)
	}
}

// Values left in a block by another sequence must not show, not even NaN.
func TestStaleBlocks(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 18))
	p := attentionProgram(t, r, 4, 2, 32, 0)
	nan := p.Ops[1].(program.Embed).Table // keys
	for i := range nan.Cols {
		binary.LittleEndian.PutUint32(nan.Data[4*i:], 0x7fc00000)
	}
	values := p.Ops[2].(program.Embed).Table
	copy(values.Data[:4*values.Cols], nan.Data)
	e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 32, Outputs: 32, Blocks: 2})
	batch := func(n int, token int32) *program.Batch {
		b := &program.Batch{Tables: [][]int32{{1}}}
		for i := range n {
			b.Tokens, b.Positions, b.Sequences = append(b.Tokens, token), append(b.Positions, int32(i)), append(b.Sequences, 0)
			b.Outputs = append(b.Outputs, int32(i))
		}
		return b
	}
	run(t, e, batch(32, 0))
	for _, v := range run(t, e, batch(5, 3)) {
		if math.IsNaN(float64(v)) {
			t.Fatal("NaN of an earlier sequence shows")
		}
	}
}

func TestRefusals(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 20))
	good := func() *program.Program { return attentionProgram(t, r, 2, 1, 16, 0) }
	limits := program.Limits{Rows: 4, Outputs: 4, Blocks: 4}
	b := New(Options{Threads: 2})
	for name, c := range map[string]struct {
		change func(p *program.Program)
		limits program.Limits
	}{
		"no rows":     {func(*program.Program) {}, program.Limits{Rows: 0, Outputs: 1, Blocks: 1}},
		"many blocks": {func(*program.Program) {}, program.Limits{Rows: 1, Outputs: 1, Blocks: math.MaxInt}},
		"no KV heads": {func(p *program.Program) { p.Cache[0].KVHeads = 0 }, limits},
		"wide cache": {func(p *program.Program) {
			p.Cache[0] = program.CacheLayer{KVHeads: 1 << 40, HeadDim: 1 << 40, ValueDim: 1 << 40}
		}, limits},
		"short weight": {func(p *program.Program) {
			e := p.Ops[0].(program.Embed)
			e.Table.Data = e.Table.Data[1:]
		}, limits},
		"integer weight": {func(p *program.Program) {
			e := p.Ops[0].(program.Embed)
			e.Table.Type = tensor.I32
		}, limits},
		"negative window": {func(p *program.Program) {
			a := p.Ops[4].(program.Attention)
			a.Window = -1
			p.Ops[4] = a
		}, limits},
		"no heads": {func(p *program.Program) {
			a := p.Ops[4].(program.Attention)
			a.Heads = 0
			p.Ops[4] = a
		}, limits},
		"zero width": {func(p *program.Program) { p.Buffer("empty", 0) }, limits},
	} {
		p := good()
		c.change(p)
		if e, err := b.Compile(p, c.limits); err == nil {
			e.Close()
			t.Errorf("%s: compiled", name)
		}
	}

	e := compile(t, b, good(), limits)
	_, err := e.Run(context.Background(), &program.Batch{Tokens: []int32{vocabulary}, Positions: []int32{0}, Sequences: []int32{0}, Tables: [][]int32{{0}}})
	if !errors.Is(err, program.ErrBatch) {
		t.Errorf("token outside the vocabulary: %v", err)
	}
	if out := run(t, e, &program.Batch{Tokens: []int32{0}, Positions: []int32{0}, Sequences: []int32{0}, Tables: [][]int32{{3}}}); len(out) != 0 {
		t.Errorf("%d logits without outputs", len(out))
	}
	e.Close()
	if err := e.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if _, err := e.Run(context.Background(), &program.Batch{}); err == nil {
		t.Error("Run after Close succeeded")
	}
	if e.CopyBlock(0, 1) == nil || e.KVBytes() != 0 {
		t.Error("a closed executable still has a cache")
	}
}
