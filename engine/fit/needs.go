// Package fit tells, before a model is loaded and even before it is downloaded,
// what memory it needs at a context length, how fast it will run on a machine
// of which a profile was taken, and whether that makes sense.
//
// Needs are added up from the very program that the engine would run; a GGUF
// header is enough for them. For models of which only the configuration is
// known, Estimate makes them of the numbers in it.
package fit

import (
	"fmt"
	"math"
	"slices"

	"freehold/engine"
	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/dialect"
	"freehold/engine/gguf"
	"freehold/engine/program"
)

// Needs is what a model takes, whatever the machine.
type Needs struct {
	Context    int    `json:"context"`    // tokens it was trained for
	Weights    int64  `json:"weights"`    // bytes of its file
	Vocabulary int64  `json:"vocabulary"` // bytes of the tokenizer and of what else is read out of the header
	Buffers    int64  `json:"buffers"`    // bytes of activations and scratch, with the context that the engine takes by itself
	State      int64  `json:"state"`      // bytes of one sequence's recurrent states
	Cache      []KV   `json:"cache"`
	Steps      int    `json:"steps"`    // ops of a pass
	Matrices   int    `json:"matrices"` // ops of a pass that multiply with matrices
	Work       []Work `json:"work"`
	Embeds     bool   `json:"embeds"` // makes vectors or scores: its cache holds one batch
}

// KV is what some alike layers keep for each token.
type KV struct {
	Layers   int `json:"layers"`
	Queries  int `json:"queries"` // heads that attend
	Heads    int `json:"heads"`   // heads that are kept
	HeadDim  int `json:"headDim"`
	ValueDim int `json:"valueDim"`
	Window   int `json:"window"` // tokens that are attended to; 0: all. The others stay in the cache
}

// Work is what matrices of one quant type take.
type Work struct {
	Type    string  `json:"type"`
	Decode  float64 `json:"decode"`  // bytes that one token's pass reads
	Prefill float64 `json:"prefill"` // operations for each token of a prompt
}

// Of adds up the needs of the model in f, an open file or header; both dialects
// of GGUF will do.
func Of(f *gguf.File) (Needs, error) {
	f, err := dialect.View(f)
	if err != nil {
		return Needs{}, err
	}
	m, err := arch.Load(f, 0)
	if err != nil {
		return Needs{}, err
	}
	n := Needs{Context: m.Config.TrainedContext, Weights: f.Size(), Vocabulary: int64(m.Config.Vocab) * vocabularyBytes,
		Steps: len(m.Program.Ops), Embeds: m.Config.Embeds}
	limits := program.Limits{Rows: n.rows(DefaultContext(n)), Outputs: 1, Blocks: 1, Slots: min(1, len(m.Program.States))}
	exec, err := cpu.New(cpu.Options{}).Compile(m.Program, limits)
	if err != nil {
		return Needs{}, fmt.Errorf("%s: %w", f.Path, err)
	}
	n.Buffers, n.State = exec.BufferBytes(), int64(exec.SlotBytes())
	if err := exec.Close(); err != nil {
		return Needs{}, err
	}
	n.layers(m.Program)
	n.matrices(m.Program)
	return n, nil
}

// vocabularyBytes is what a token takes in the tokenizer: its text, twice, and
// its places in tables. Measured over vocabularies of 32,000 to 262,000 tokens.
const vocabularyBytes = 250

func (n *Needs) layers(p *program.Program) {
	windows, queries := make([]int, len(p.Cache)), make([]int, len(p.Cache))
	for _, op := range p.Ops {
		if a, ok := op.(program.Attention); ok {
			windows[a.Layer], queries[a.Layer] = a.Window, a.Heads
		}
	}
	for i, l := range p.Cache {
		kv := KV{Layers: 1, Queries: queries[i], Heads: l.KVHeads, HeadDim: l.HeadDim, ValueDim: l.ValueDim, Window: windows[i]}
		n.addCache(kv)
	}
}

func (n *Needs) addCache(kv KV) {
	for i := range n.Cache {
		same := n.Cache[i]
		if same.Layers = kv.Layers; same == kv {
			n.Cache[i].Layers += kv.Layers
			return
		}
	}
	n.Cache = append(n.Cache, kv)
}

func (n *Needs) matrices(p *program.Program) {
	for _, op := range p.Ops {
		switch op.(type) {
		case program.Linear, program.ExpertLinear:
			n.Matrices++
		}
	}
	for _, m := range p.Products() {
		used := float64(m.Used)
		prefill := 2 * used * float64(m.Elements)
		if m.Outputs {
			prefill = 0 // only behind the last token of a prompt
		}
		n.addWork(m.Type.String(), used*float64(m.Bytes), prefill)
	}
}

func (n *Needs) addWork(t string, decode, prefill float64) {
	i := slices.IndexFunc(n.Work, func(w Work) bool { return w.Type == t })
	if i < 0 {
		i, n.Work = len(n.Work), append(n.Work, Work{Type: t})
	}
	n.Work[i].Decode += decode
	n.Work[i].Prefill += prefill
}

// Memory is what a loaded model takes, in bytes.
type Memory struct {
	Weights int64 `json:"weights"`
	KV      int64 `json:"kv"` // recurrent states included
	Buffers int64 `json:"buffers"`
	Total   int64 `json:"total"`
}

// processBytes is what a model adds to the program's own memory besides: Go's
// heap, threads and their stacks.
const processBytes = 16 << 20

// Memory returns what the model takes with a full context of so many tokens,
// held as kv, a name that program.ParseKVType reads.
func (n Needs) Memory(context int, kv string) (Memory, error) {
	t, err := program.ParseKVType(kv)
	if err != nil {
		return Memory{}, err
	}
	m := Memory{Weights: n.Weights, Buffers: n.Buffers + n.Vocabulary + processBytes}
	if n.Embeds { // a batch goes through as a whole
		rows, usual := n.rows(context), n.rows(DefaultContext(n))
		m.Buffers += n.Buffers * int64(rows-usual) / int64(usual)
		m.KV = int64(n.tokenBytes(t) * float64(rows))
	} else {
		m.KV = int64(n.tokenBytes(t) * float64(context))
		if n.State > 0 {
			m.KV += n.State * int64(2+context/checkpointTokens)
		}
	}
	m.Total = m.Weights + m.KV + m.Buffers
	return m, nil
}

// rows is how many tokens a batch takes with such a context.
func (n Needs) rows(context int) int {
	if !n.Embeds {
		return engine.BatchRows
	}
	if n.Context > 0 {
		context = min(context, n.Context)
	}
	return max(engine.BatchRows, context)
}

// checkpointTokens is how far apart the states of a sequence are kept.
const checkpointTokens = 1024

// tokenBytes is what the cache takes for a token.
func (n Needs) tokenBytes(t program.KVType) float64 {
	sum := 0.0
	for _, l := range n.Cache {
		sum += float64(l.Layers) * l.bytes(t)
	}
	return sum
}

// bytes is what one of the layers keeps for a token.
func (l KV) bytes(t program.KVType) float64 {
	head := func(dim int) float64 {
		groups := math.Ceil(float64(dim) / 32)
		switch t {
		case program.KVQ8:
			return float64(dim) + 2*groups
		case program.KVQ4:
			return float64(dim)/2 + 2*groups
		case program.KVF32:
			return 4 * float64(dim)
		default:
			return 2 * float64(dim)
		}
	}
	return float64(l.Heads) * (head(l.HeadDim) + head(l.ValueDim))
}
