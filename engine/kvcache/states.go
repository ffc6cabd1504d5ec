package kvcache

import "slices"

// Recurrent states. A model with recurrent layers keeps, beside keys and
// values, a state for each sequence, which the next token overwrites: it cannot
// be cut back to a shorter prefix. So a prefix is of use to such a model only
// where a checkpoint of the state behind it was kept. Checkpoints hang on the
// tree's blocks, each for the tokens up to the block's end; the one that was
// not used for longest gives way, and one whose block goes, goes with it.

// NewRecurrent makes a cache for a model with recurrent layers, whose states
// have so many slots: one for each running sequence, the rest for checkpoints.
func NewRecurrent(blocks, blockTokens, slots int) *Cache {
	c := New(blocks, blockTokens)
	c.recurrent = true
	for i := range slots {
		c.slots = append(c.slots, int32(slots-1-i))
	}
	return c
}

// AvailableSlots is the number of sequences that could begin now, as far as
// their states are concerned.
func (c *Cache) AvailableSlots() int { return len(c.slots) + len(c.saved) }

// Slot is the slot of the sequence's state.
func (s *Sequence) Slot() int32 { return s.slot }

// Disturb records that a batch is about to run the sequence's next tokens. Until
// they are committed its state is not that behind its Tokens.
func (c *Cache) Disturb(s *Sequence) { s.disturbed = true }

// beginRecurrent is Begin for recurrent models: the sequence starts behind the
// longest stored prefix that has a checkpoint.
func (c *Cache) beginRecurrent(tokens []int32) (*Sequence, []Copy, error) {
	path, useful, tail := c.checkpointed(tokens[:max(0, len(tokens)-1)])
	s := &Sequence{slot: -1}
	own := int32(-1) // the copy of the tail
	if tail != nil {
		for _, b := range append(path, tail) { // so that making room does not take them
			c.hold(b)
			defer c.drop(b)
		}
		var err error
		if own, err = c.alloc(); err != nil {
			tail = nil // a shorter prefix will do
		}
	}
	if tail == nil {
		path = path[:useful]
	}
	for _, b := range path {
		c.use(s, b)
		s.tokens = append(s.tokens, b.tokens...)
	}
	var copies []Copy
	from := tail
	if tail != nil {
		tail.uses++
		c.touch(tail)
		s.table = append(s.table, own)
		s.tokens = append(s.tokens, tail.tokens...)
		copies = append(copies, Copy{Dst: own, Src: tail.id})
	} else if len(path) > 0 {
		from = path[len(path)-1]
	}
	slot, ok := c.slot(from)
	switch {
	case ok && from != nil:
		from.stateUse = c.clock
		copies = append(copies, Copy{Dst: slot, Src: from.state, State: true})
	case ok: // begins with zeros
	case from != nil: // the last slot that can be had is the checkpoint itself
		slot = c.unsave(from)
	default:
		c.give(s)
		return nil, nil, ErrFull
	}
	s.slot = slot
	return s, copies, nil
}

// checkpointed returns the full blocks that hold the beginning of tokens. The
// first useful of them end at a checkpoint, and so do all with the tail, a
// block that is not full, behind them.
func (c *Cache) checkpointed(tokens []int32) (path []*Block, useful int, tail *Block) {
	at, rest := c.root, tokens
	for {
		next := at.child(rest, c.blockTokens)
		if next == nil {
			break
		}
		path = append(path, next)
		rest = rest[c.blockTokens:]
		at = next
		if next.state >= 0 {
			useful = len(path)
		}
	}
	for _, b := range at.children {
		n := len(b.tokens)
		if b.state >= 0 && n < c.blockTokens && n <= len(rest) && slices.Equal(b.tokens, rest[:n]) &&
			(tail == nil || n > len(tail.tokens)) {
			tail = b
		}
	}
	return path, useful, tail
}

// Checkpoint keeps the state behind the sequence's tokens, which must end with
// a full block, for later sequences. The copy, if any, must be done before the
// sequence's next batch.
func (c *Cache) Checkpoint(s *Sequence) []Copy {
	n := len(s.path)
	if !c.recurrent || s.disturbed || n == 0 || len(s.tokens) != n*c.blockTokens || s.path[n-1].state >= 0 {
		return nil
	}
	slot, ok := c.slot(nil)
	if !ok {
		return nil
	}
	c.save(s.path[n-1], slot)
	return []Copy{{Dst: slot, Src: s.slot, State: true}}
}

// keepState gives the state of a sequence that ends to the block its tokens end
// with.
func (c *Cache) keepState(s *Sequence) {
	if n := len(s.path); n > 0 && !s.disturbed && s.path[n-1].state < 0 {
		c.save(s.path[n-1], s.slot)
	} else {
		c.slots = append(c.slots, s.slot)
	}
}

// slot returns a free slot or that of the checkpoint, other than except's, that
// was not used for longest.
func (c *Cache) slot(except *Block) (int32, bool) {
	if n := len(c.slots); n > 0 {
		s := c.slots[n-1]
		c.slots = c.slots[:n-1]
		return s, true
	}
	var oldest *Block
	for _, b := range c.saved {
		if b != except && (oldest == nil || b.stateUse < oldest.stateUse) {
			oldest = b
		}
	}
	if oldest == nil {
		return -1, false
	}
	return c.unsave(oldest), true
}

func (c *Cache) save(b *Block, slot int32) {
	b.state, b.stateUse = slot, c.clock
	c.saved = append(c.saved, b)
}

// unsave takes a block's checkpoint away and returns its slot.
func (c *Cache) unsave(b *Block) int32 {
	slot := b.state
	b.state = -1
	i := slices.Index(c.saved, b)
	c.saved = slices.Delete(c.saved, i, i+1)
	return slot
}
