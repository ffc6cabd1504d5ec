package program

import (
	"strings"
	"testing"

	"freehold/engine/tensor"
)

// plain is a valid program: embed, project, select.
func plain() *Program {
	p := &Program{Vocab: 4, Cache: []CacheLayer{{KVHeads: 1, HeadDim: 2, ValueDim: 2}}, Ropes: []RopeTable{{Freqs: []float32{1}, Magnitude: 1}}}
	x, q := p.Buffer("x", 2), p.Buffer("q", 2)
	out := p.OutputBuffer("out", 2)
	p.Logits = p.OutputBuffer("logits", 4)
	w := func(rows int) *Weight {
		return &Weight{Name: "w", Type: tensor.F32, Rows: rows, Cols: 2, Data: make([]byte, rows*8)}
	}
	p.Record(
		Embed{Table: w(4), Dst: x, Scale: 1},
		Linear{X: x, Out: []Projection{{Weight: w(2), Dst: q}}},
		Rope{X: q, Heads: 1, HeadDim: 2},
		StoreKV{K: q, V: q},
		Attention{Q: q, Dst: x, Heads: 1, Scale: 1},
		SelectOutputs{X: x, Dst: out},
		Linear{X: out, Out: []Projection{{Weight: w(4), Dst: p.Logits}}},
	)
	return p
}

func TestValidate(t *testing.T) {
	if err := plain().Validate(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(p *Program){
		"does not exist":                 func(p *Program) { p.Ops[0] = Embed{Table: p.Ops[0].(Embed).Table, Dst: 99} },
		"weight is missing":              func(p *Program) { p.Ops[0] = Embed{Dst: 0} },
		"needs 32 bytes, has 8":          func(p *Program) { p.Ops[0].(Embed).Table.Data = make([]byte, 8) },
		"would overwrite its own input":  func(p *Program) { p.Ops[1].(Linear).Out[0].Dst = 0 },
		"1 biases":                       func(p *Program) { p.Ops[1].(Linear).Out[0].Bias = []float32{1} },
		"does not fit heads of 1":        func(p *Program) { p.Ops[2] = Rope{X: 1, Heads: 2, HeadDim: 1} },
		"cache layer 7 does not exist":   func(p *Program) { p.Ops[3] = StoreKV{K: 1, V: 1, Layer: 7} },
		"cache layer 0 has 0 heads":      func(p *Program) { p.Cache[0].KVHeads = 0 },
		"is not a selection of outputs":  func(p *Program) { p.Ops[5] = SelectOutputs{X: 2, Dst: 2} },
		"has no row for every batch row": func(p *Program) { p.Ops[2] = Rope{X: 2, Heads: 1, HeadDim: 2} },
		"rope table 0 is empty":          func(p *Program) { p.Ropes[0].Freqs = nil; p.Ops = nil },
		"the logits buffer is not":       func(p *Program) { p.Vocab = 5 },
		"input and output of w differ": func(p *Program) {
			p.Ops[6].(Linear).Out[0].Weight.Rows = 2
			p.Ops[6].(Linear).Out[0].Weight.Data = make([]byte, 16)
			p.Ops[6].(Linear).Out[0].Dst = 1
		},
		"takes 2 inputs, buffer logits is": func(p *Program) { p.Ops[6] = Linear{X: 3, Out: p.Ops[6].(Linear).Out} },
	} {
		p := plain()
		spoil(p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func TestBatchCheck(t *testing.T) {
	p, l := plain(), Limits{Rows: 4, Outputs: 2, Blocks: 3}
	good := func() *Batch {
		return &Batch{
			Tokens: []int32{0, 1, 3}, Positions: []int32{0, 1, 40}, Sequences: []int32{0, 0, 1},
			Tables: [][]int32{{0}, {1, 2}}, Outputs: []int32{1, 2},
		}
	}
	if err := good().Check(p, l); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(b *Batch){
		"no rows":             func(b *Batch) { *b = Batch{} },
		"too many rows":       func(b *Batch) { b.Tokens = make([]int32, 5) },
		"missing positions":   func(b *Batch) { b.Positions = b.Positions[:2] },
		"token too large":     func(b *Batch) { b.Tokens[2] = 4 },
		"token negative":      func(b *Batch) { b.Tokens[2] = -1 },
		"unknown sequence":    func(b *Batch) { b.Sequences[2] = 2 },
		"position off table":  func(b *Batch) { b.Positions[1] = 32 },
		"positions descend":   func(b *Batch) { b.Positions[1] = 0 },
		"sequence split":      func(b *Batch) { b.Sequences = []int32{0, 1, 0}; b.Positions = []int32{0, 0, 1} },
		"unknown block":       func(b *Batch) { b.Tables[0][0] = 3 },
		"too many outputs":    func(b *Batch) { b.Outputs = []int32{0, 1, 2} },
		"outputs not sorted":  func(b *Batch) { b.Outputs = []int32{2, 1} },
		"output off the rows": func(b *Batch) { b.Outputs = []int32{3} },
	} {
		b := good()
		spoil(b)
		if err := b.Check(p, l); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseKVType(t *testing.T) {
	for name, want := range map[string]KVType{"": KVF16, "f16": KVF16, "q8_0": KVQ8, "q4_0": KVQ4, "f32": KVF32} {
		if got, err := ParseKVType(name); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", name, got, err, want)
		}
	}
	for _, name := range []string{"q4_1", "F16", "KVType(1)"} {
		if _, err := ParseKVType(name); err == nil {
			t.Errorf("%q was accepted", name)
		}
	}
}
