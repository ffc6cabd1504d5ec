package schedule

import (
	"context"
	"encoding/binary"
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"freehold/engine/draft"
	"freehold/engine/program"
	"freehold/engine/sample"
)

const scriptedVocab = 64

// scripted is a model whose logits are a function of the tokens that a row
// really sees through its block table, on a machine whose speed is a function
// of the batch. A wrong block, a rejected token left in the cache or a row out
// of order gives other answers.
type scripted struct {
	t       *testing.T
	limits  program.Limits
	content [][program.BlockTokens]int32
	// states, if the limits have slots, hold what a recurrent model would have
	// seen: nothing else counts then.
	states [][]int32
	// next is the token that follows, likeliest by far; below 0 leaves the
	// logits to chance.
	next func(history []int32) int32
	cost func(b *program.Batch) time.Duration

	mu      sync.Mutex
	clock   time.Time
	batches []int         // rows of every batch
	outputs []int         // and its outputs
	before  chan struct{} // if set, every step waits for one
	entered atomic.Int64  // steps
}

func (e *scripted) now() time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.clock
}

// ran is the number of steps done.
func (e *scripted) ran() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.batches)
}

func (e *scripted) Run(ctx context.Context, b *program.Batch) ([]float32, error) {
	e.entered.Add(1)
	if e.before != nil {
		select {
		case <-e.before:
		case <-ctx.Done():
			for _, slot := range b.Slots { // half done
				e.states[slot] = append(e.states[slot], -1)
			}
			return nil, ctx.Err()
		}
	}
	p := &program.Program{Vocab: scriptedVocab, Ops: []program.Op{program.Embed{Table: &program.Weight{Rows: scriptedVocab}}}}
	if e.states != nil {
		p.State(1)
	}
	if err := b.Check(p, e.limits); err != nil {
		e.t.Errorf("the scheduler made a bad batch: %v", err)
		return nil, err
	}
	e.mu.Lock()
	e.batches, e.outputs = append(e.batches, len(b.Tokens)), append(e.outputs, len(b.Outputs))
	if e.cost != nil {
		e.clock = e.clock.Add(e.cost(b))
	}
	e.mu.Unlock()
	for r, token := range b.Tokens {
		table := b.Tables[b.Sequences[r]]
		e.content[table[b.Positions[r]/program.BlockTokens]][b.Positions[r]%program.BlockTokens] = token
	}
	if e.states != nil {
		return e.recur(b), nil
	}
	logits := make([]float32, 0, len(b.Outputs)*scriptedVocab)
	for _, r := range b.Outputs {
		table := b.Tables[b.Sequences[r]]
		history := make([]int32, b.Positions[r]+1)
		for i := range history {
			history[i] = e.content[table[i/program.BlockTokens]][i%program.BlockTokens]
		}
		logits = append(logits, e.logits(history)...)
	}
	return logits, nil
}

// recur runs a batch on the states alone.
func (e *scripted) recur(b *program.Batch) []float32 {
	var logits []float32
	outputs := b.Outputs
	for r, token := range b.Tokens {
		slot := b.Slots[b.Sequences[r]]
		if b.Positions[r] == 0 {
			e.states[slot] = nil
		}
		if len(e.states[slot]) != int(b.Positions[r]) {
			e.t.Errorf("the state before position %d has seen %d tokens", b.Positions[r], len(e.states[slot]))
		}
		e.states[slot] = append(e.states[slot], token)
		if len(outputs) > 0 && int(outputs[0]) == r {
			logits = append(logits, e.logits(e.states[slot])...)
			outputs = outputs[1:]
		}
	}
	return logits
}

var scriptSeed = maphash.MakeSeed()

func (e *scripted) logits(history []int32) []float32 {
	logits := make([]float32, scriptedVocab)
	h := maphash.Comparable(scriptSeed, [2]any{len(history), fold(history)})
	for i := range logits {
		h = h*6364136223846793005 + 1442695040888963407
		logits[i] = float32(h>>40) / (1 << 24) * 4
	}
	if n := e.next(history); n >= 0 {
		logits[n] += 6
	}
	return logits
}

func fold(history []int32) uint64 {
	h := uint64(14695981039346656037)
	for _, t := range history {
		h = (h ^ uint64(t)) * 1099511628211
	}
	return h
}

func (e *scripted) CopyBlock(dst, src int32) error {
	e.content[dst] = e.content[src]
	return nil
}
func (e *scripted) BlockBytes() int     { return 4 * program.BlockTokens }
func (e *scripted) CacheLayout() string { return "scripted" }

func (e *scripted) ReadBlock(id int32, dst []byte) error {
	_, err := binary.Encode(dst, binary.LittleEndian, e.content[id][:])
	return err
}

func (e *scripted) WriteBlock(id int32, src []byte) error {
	_, err := binary.Decode(src, binary.LittleEndian, e.content[id][:])
	return err
}

func (e *scripted) KVBytes() int64     { return 0 }
func (e *scripted) BufferBytes() int64 { return 0 }

func (e *scripted) CopySlot(dst, src int32) error {
	e.states[dst] = slices.Clone(e.states[src])
	return nil
}
func (e *scripted) SlotBytes() int                       { return 0 }
func (e *scripted) ReadSlot(id int32, dst []byte) error  { return nil }
func (e *scripted) WriteSlot(id int32, src []byte) error { return nil }
func (e *scripted) Close() error                         { return nil }

// copier continues stories like a model that repeats what it was given, with
// every seventeenth word its own.
func copier(history []int32) int32 {
	n, period := len(history), 4*int(history[0])
	if n < period || period == 0 || n%17 == 0 {
		return -1
	}
	return history[n-period]
}

func newScripted(t *testing.T, limits program.Limits, context int) (*Scheduler, *scripted) {
	t.Helper()
	e := &scripted{t: t, limits: limits, content: make([][program.BlockTokens]int32, limits.Blocks), next: copier, clock: time.Unix(0, 0)}
	if limits.Slots > 0 {
		e.states = make([][]int32, limits.Slots)
	}
	s := New(e, Config{Context: context, Limits: limits, Vocab: scriptedVocab, Now: e.now})
	t.Cleanup(func() { s.Close() })
	return s, e
}

var roomy = program.Limits{Rows: 128, Outputs: 32, Blocks: 200}

// flat is a machine on which rows cost nothing beyond the first.
func flat(*program.Batch) time.Duration { return 20 * time.Millisecond }

type answer struct {
	tokens         []int32
	guessed, right int
}

// generate runs a prompt with the sampler until it says end, gave most tokens,
// or the scheduler ends it.
func generate(ctx context.Context, s *Scheduler, prompt []int32, p sample.Params, guess bool, most int, ends ...int32) (answer, error) {
	var a answer
	sampler, err := sample.New(p, scriptedVocab)
	if err != nil {
		return a, err
	}
	for _, t := range prompt {
		sampler.Accept(t)
	}
	task := Task{Prompt: prompt, Next: func(logits []float32) (int32, bool) {
		token := sampler.Sample(logits)
		if slices.Contains(ends, token) {
			return token, false
		}
		a.tokens = append(a.tokens, token)
		return token, len(a.tokens) != most
	}}
	if guess {
		task.Draft = draft.New(prompt, nil, ends)
		task.Guessed = func(n, right int) {
			a.guessed += n
			a.right += right
		}
	}
	err = s.Run(ctx, task)
	return a, err
}

// story is a prompt of n tokens, a multiple of four, that a copier repeats.
func story(seed, n int) []int32 {
	p := make([]int32, n)
	x := uint32(seed*2654435761 + 1)
	for i := range p {
		x = x*1664525 + 1013904223
		p[i] = int32(x >> 8 % scriptedVocab)
	}
	p[0] = int32(n / 4 % scriptedVocab)
	return p
}
