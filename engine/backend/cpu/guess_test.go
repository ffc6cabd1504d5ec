package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"freehold/engine/program"
	"freehold/engine/tensor"
)

// TestGuessedRowsChangeNothing holds the rows of a step with guessed tokens to
// the same bits as the steps without: checking guesses must not change an answer.
func TestGuessedRowsChangeNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	models := map[string]*program.Program{
		"long": attentionProgram(t, r, 8, 4, 16, 0), "grouped": attentionProgram(t, r, 12, 2, 8, 0),
	}
	for _, typ := range linearTypes {
		models[typ.String()] = llamaProgram(t, r, shape{layers: 1, embedding: 512, heads: 8, kvHeads: 2, dim: 64, feedForward: 768, typ: typ, bias: typ == tensor.Q4_K})
	}
	const blocks = 90
	for name, p := range models {
		for _, isa := range ISAs() {
			if err := ForceISA(isa); err != nil {
				t.Fatal(err)
			}
			defer ForceISA("")
			e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 64, Outputs: 64, Blocks: blocks})
			depths := []int{0, 29, 127}
			if name == "long" || name == "grouped" {
				depths = append(depths, 1021, 2047, 2500)
			}
			s := newSequences(r, 1, blocks)
			for _, depth := range depths {
				for s.length[0] < depth {
					run(t, e, withoutOutputs(s.batch([]int{0}, []int{min(64, depth-s.length[0])}, false)))
				}
				whole := s.batch([]int{0}, []int{12}, true)
				n := len(whole.Tokens)
				var alone []float32
				for i := range n {
					alone = append(alone, run(t, e, part(whole, i, i+1))...)
				}
				for rows := 2; rows <= n; rows++ {
					got := run(t, e, part(whole, 0, rows))
					if !slices.Equal(got, alone[:len(got)]) {
						t.Errorf("%s on %s: %d rows behind %d differ from single ones by %.3g", name, isa, rows, depth, difference(t, got, alone[:len(got)]))
					}
				}
			}
			e.Close()
		}
	}
}

// part returns rows [from, to) of a batch of one sequence with all outputs.
func part(b *program.Batch, from, to int) *program.Batch {
	return &program.Batch{
		Tokens: b.Tokens[from:to], Positions: b.Positions[from:to], Sequences: b.Sequences[from:to],
		Tables: b.Tables, Outputs: b.Outputs[:to-from], Guessed: to - from - 1,
	}
}

// TestGuessesBesideOthers adds guessed rows to one sequence of a batch: neither
// its own nor the others' rows may notice, in whatever kernels the batch runs.
func TestGuessesBesideOthers(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, typ := range linearTypes {
		p := llamaProgram(t, r, shape{layers: 1, embedding: 512, heads: 8, kvHeads: 2, dim: 64, feedForward: 768, typ: typ})
		for _, isa := range ISAs() {
			if err := ForceISA(isa); err != nil {
				t.Fatal(err)
			}
			defer ForceISA("")
			for _, others := range []int{1, 2, 6, 13} {
				const blocks = 40
				s := newSequences(r, others+1, blocks)
				e := compile(t, New(Options{Threads: 2}), p, program.Limits{Rows: 64, Outputs: 64, Blocks: blocks})
				var order, ones []int
				for q := range others + 1 {
					order, ones = append(order, q), append(ones, 1)
					run(t, e, withoutOutputs(s.batch([]int{q}, []int{5 + 9*q%40}, false)))
				}
				ones[1] = 8
				b := s.batch(order, ones, true)
				b.Guessed = 7
				with := run(t, e, b)
				plain := &program.Batch{Tables: b.Tables}
				var same []float32
				for i := range b.Tokens {
					if i < 2 || i > 8 {
						plain.Tokens, plain.Positions = append(plain.Tokens, b.Tokens[i]), append(plain.Positions, b.Positions[i])
						plain.Sequences = append(plain.Sequences, b.Sequences[i])
						plain.Outputs = append(plain.Outputs, int32(len(plain.Tokens)-1))
						same = append(same, with[i*vocabulary:(i+1)*vocabulary]...)
					}
				}
				if without := run(t, e, plain); !slices.Equal(same, without) {
					t.Errorf("%v on %s beside %d: rows differ by %.3g", typ, isa, others, difference(t, same, without))
				}
				e.Close()
			}
		}
	}
}
