package program

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Batch is one pass's rows. Rows of one sequence stand together, with
// ascending positions. Row r reads and writes the cache blocks
// Tables[Sequences[r]]: position p lives in block Tables[…][p/BlockTokens].
type Batch struct {
	Tokens    []int32
	Positions []int32
	Sequences []int32
	Tables    [][]int32
	// Slots holds, for programs with recurrent states, each sequence's state
	// slot. A sequence whose first row stands at position 0 begins with zeros;
	// any other goes on from what its slot holds, so its first row must follow
	// the last one of the batch that wrote it.
	Slots   []int32
	Outputs []int32 // rows whose logits are wanted, ascending
	// Guessed of the rows, all with logits, hold tokens that may turn out
	// wrong. A backend that chooses kernels by the number of rows chooses
	// those that serve without them, so that they change nobody's rounding.
	Guessed int
}

// Limits is what an Executable must be able to hold.
type Limits struct {
	Rows    int // most rows in a batch
	Outputs int // most outputs in a batch
	Blocks  int // KV cache blocks of BlockTokens tokens
	Slots   int // states of recurrent layers: sequences that are under way, and checkpoints
	KV      KVType
}

// KVType is how a KV cache holds keys and values.
type KVType int

// Types of KV caches.
const (
	KVF16 KVType = iota // float16
	// KVQ8 is q8_0: int8 with one float16 scale for every 32 values of a head's
	// token; a head's last group may be shorter. See tensor.RoundQ8.
	KVQ8
	// KVQ4 is q4_0: four bits with one float16 scale for every 32 values of a
	// head's token. See tensor.RoundQ4.
	KVQ4
	KVF32
)

var kvTypeNames = []string{"f16", "q8_0", "q4_0", "f32"}

func (t KVType) String() string {
	if t < 0 || int(t) >= len(kvTypeNames) {
		return fmt.Sprintf("KVType(%d)", int(t))
	}
	return kvTypeNames[t]
}

// ParseKVType reads the name of a type; "" is f16.
func ParseKVType(name string) (KVType, error) {
	if name == "" {
		return KVF16, nil
	}
	if i := slices.Index(kvTypeNames, name); i >= 0 {
		return KVType(i), nil
	}
	return 0, fmt.Errorf("%q is no type of a KV cache: choose %s", name, strings.Join(kvTypeNames, " or "))
}

// Backend compiles programs for one device.
type Backend interface {
	Name() string
	Compile(p *Program, l Limits) (Executable, error)
}

// Executable is a program bound to a device, with its own KV cache. It is not
// safe for concurrent use.
type Executable interface {
	// Run executes the batch and returns logits, [len(b.Outputs)][Vocab],
	// valid until the next Run. When ctx ends Run returns ctx.Err() soon; the
	// cache then holds undefined values at the batch's positions only.
	Run(ctx context.Context, b *Batch) ([]float32, error)
	// CopyBlock copies all layers of one cache block.
	CopyBlock(dst, src int32) error
	// BlockBytes is the size of a cache block's values, and CacheLayout names
	// how they are laid out: of two executables with the same layout, for the
	// same model, one can go on with blocks that the other has computed.
	BlockBytes() int
	CacheLayout() string
	// ReadBlock copies a block's values to dst and WriteBlock copies them from
	// src, both of BlockBytes. Any bytes are harmless, though not sensible.
	ReadBlock(id int32, dst []byte) error
	WriteBlock(id int32, src []byte) error
	// CopySlot, ReadSlot and WriteSlot do to a slot's recurrent states, SlotBytes
	// in all, what their namesakes do to a block.
	CopySlot(dst, src int32) error
	SlotBytes() int
	ReadSlot(id int32, dst []byte) error
	WriteSlot(id int32, src []byte) error
	// KVBytes is the memory of the cache when full.
	KVBytes() int64
	// BufferBytes is the memory that a full batch needs besides weights, cache
	// and states: activations and scratch.
	BufferBytes() int64
	Close() error
}

// CheckBlock verifies what ReadBlock and WriteBlock are called with.
func CheckBlock(e Executable, l Limits, id int32, b []byte) error {
	if id < 0 || int(id) >= l.Blocks {
		return fmt.Errorf("cache block %d is outside the cache of %d", id, l.Blocks)
	}
	if n := e.BlockBytes(); len(b) != n {
		return fmt.Errorf("a cache block has %d bytes, not %d", n, len(b))
	}
	return nil
}

// CheckSlot verifies what ReadSlot and WriteSlot are called with.
func CheckSlot(e Executable, l Limits, id int32, b []byte) error {
	if id < 0 || int(id) >= l.Slots {
		return fmt.Errorf("state slot %d is outside the %d there are", id, l.Slots)
	}
	if n := e.SlotBytes(); len(b) != n {
		return fmt.Errorf("a state slot has %d bytes, not %d", n, len(b))
	}
	return nil
}

// CacheShape describes the layers of the program's cache, for CacheLayout.
func CacheShape(p *Program) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%d tokens", BlockTokens)
	for i := 0; i < len(p.Cache); {
		n := i + 1
		for n < len(p.Cache) && p.Cache[n] == p.Cache[i] {
			n++
		}
		c := p.Cache[i]
		fmt.Fprintf(&s, ", %d layers of %d heads of %d", n-i, c.KVHeads, c.HeadDim)
		if c.ValueDim != c.HeadDim {
			fmt.Fprintf(&s, " and %d", c.ValueDim)
		}
		i = n
	}
	for _, state := range p.States {
		fmt.Fprintf(&s, ", a state of %d", state.Size)
	}
	return s.String()
}

// Places is how many positions the program knows: those of its table of learnt
// positions, or any number if it has none.
func (p *Program) Places() int {
	places := math.MaxInt
	for _, op := range p.Ops {
		if e, ok := op.(Embed); ok && e.Positions {
			places = min(places, e.Table.Rows)
		}
	}
	return places
}

// ErrBatch is wrapped by errors about a malformed batch.
var ErrBatch = errors.New("malformed batch")

// Check verifies a batch against a program and limits, so that backends may
// index without fear.
func (b *Batch) Check(p *Program, l Limits) error {
	n := len(b.Tokens)
	switch {
	case n == 0 || n > l.Rows:
		return fmt.Errorf("%w: %d rows, the limit is %d", ErrBatch, n, l.Rows)
	case len(b.Positions) != n || len(b.Sequences) != n:
		return fmt.Errorf("%w: rows lack positions or sequences", ErrBatch)
	case len(b.Outputs) > l.Outputs:
		return fmt.Errorf("%w: %d outputs, the limit is %d", ErrBatch, len(b.Outputs), l.Outputs)
	}
	if b.Guessed < 0 || b.Guessed > 0 && b.Guessed >= len(b.Outputs) {
		return fmt.Errorf("%w: %d guessed rows of %d outputs", ErrBatch, b.Guessed, len(b.Outputs))
	}
	vocab, places := math.MaxInt, p.Places()
	for _, op := range p.Ops {
		if e, ok := op.(Embed); ok && !e.Positions {
			vocab = min(vocab, e.Table.Rows)
		}
	}
	if len(p.States) > 0 {
		if err := b.checkSlots(l); err != nil {
			return err
		}
	}
	seen := make(map[int32]bool, len(b.Tables))
	for r := range n {
		t, pos, s := b.Tokens[r], b.Positions[r], b.Sequences[r]
		if t < 0 || int(t) >= vocab {
			return fmt.Errorf("%w: token %d of row %d is outside the vocabulary of %d", ErrBatch, t, r, vocab)
		}
		if s < 0 || int(s) >= len(b.Tables) {
			return fmt.Errorf("%w: row %d names sequence %d of %d", ErrBatch, r, s, len(b.Tables))
		}
		if pos < 0 || int(pos)/BlockTokens >= len(b.Tables[s]) {
			return fmt.Errorf("%w: position %d of row %d has no cache block", ErrBatch, pos, r)
		}
		if int(pos) >= places {
			return fmt.Errorf("%w: position %d of row %d is behind the last of %d that the model knows", ErrBatch, pos, r, places)
		}
		if r > 0 && b.Sequences[r-1] == s {
			if pos <= b.Positions[r-1] {
				return fmt.Errorf("%w: positions of row %d do not ascend", ErrBatch, r)
			}
		} else if seen[s] {
			return fmt.Errorf("%w: rows of sequence %d do not stand together", ErrBatch, s)
		}
		seen[s] = true
	}
	for s, table := range b.Tables {
		for _, id := range table {
			if id < 0 || int(id) >= l.Blocks {
				return fmt.Errorf("%w: sequence %d names cache block %d of %d", ErrBatch, s, id, l.Blocks)
			}
		}
	}
	for i, r := range b.Outputs {
		if r < 0 || int(r) >= n || (i > 0 && r <= b.Outputs[i-1]) {
			return fmt.Errorf("%w: output %d names row %d", ErrBatch, i, r)
		}
	}
	return nil
}

func (b *Batch) checkSlots(l Limits) error {
	if len(b.Slots) != len(b.Tables) {
		return fmt.Errorf("%w: %d sequences have %d state slots", ErrBatch, len(b.Tables), len(b.Slots))
	}
	used := make(map[int32]bool, len(b.Slots))
	for s, id := range b.Slots {
		if id < 0 || int(id) >= l.Slots || used[id] {
			return fmt.Errorf("%w: sequence %d names state slot %d of %d, or shares it", ErrBatch, s, id, l.Slots)
		}
		used[id] = true
	}
	if b.Guessed > 0 {
		return fmt.Errorf("%w: guessed rows cannot be taken back from a recurrent state", ErrBatch)
	}
	return nil
}
