// Package kvcache manages the blocks of a paged KV cache: which sequence owns
// which block, and which finished work can be used again.
//
// Every block that was ever filled stays in a tree keyed by the tokens it
// holds, root to leaf, until its memory is needed. A new sequence walks the
// tree with its own tokens and starts behind the longest prefix found there, so
// that a system prompt, a document or an earlier turn is prefilled only once
// for all chats (the idea of vLLM's block tables, Kwon et al. 2023, and of
// SGLang's radix tree, Zheng et al. 2024). Where the tokens part inside a
// block, the block is copied and the common part is kept. What gives way when
// memory is needed is told in evict.go.
//
// The package only does the bookkeeping; the values live in the backend. It is
// not safe for concurrent use.
package kvcache

import (
	"errors"
	"fmt"
	"slices"
)

// ErrFull means that every block is in use by a running sequence.
var ErrFull = errors.New("the KV cache is full")

// Copy asks the backend to copy one block's values, or those of a state's slot.
type Copy struct {
	Dst, Src int32
	State    bool
}

// Cache is a pool of blocks and the tree of what they hold.
type Cache struct {
	blockTokens int
	free        []int32
	root        *Block
	clock       uint64
	idle        int     // blocks in the tree that no running sequence uses
	leaves      queue   // those of them that have no children
	floor       float64 // priority of the last block that gave way

	recurrent bool
	slots     []int32  // of states, free ones
	saved     []*Block // blocks with a checkpoint
}

// Block is a block in the tree. It holds the tokens that follow its parent's;
// only a full block has children.
type Block struct {
	parent   *Block
	children []*Block
	tokens   []int32
	id       int32
	depth    int    // tokens before it
	users    int    // running sequences whose table holds the block
	state    int32  // slot of the checkpoint behind its last token, -1 for none
	stateUse uint64 // when that was last of use
	rank
}

// ID is the block's number in the backend; -1 once its memory has been given to
// other tokens.
func (b *Block) ID() int32 { return b.id }

// Sequence is a running sequence: the tokens whose keys and values are stored,
// and the blocks they are in.
type Sequence struct {
	tokens []int32
	table  []int32
	path   []*Block // the shared blocks at the beginning of the table

	slot      int32 // of its state, in a cache for recurrent models
	disturbed bool  // the state is not that behind the tokens
}

// New makes a cache of the given number of blocks of blockTokens tokens.
func New(blocks, blockTokens int) *Cache {
	c := &Cache{blockTokens: blockTokens, root: &Block{id: -1, state: -1}}
	for i := range blocks {
		c.free = append(c.free, int32(blocks-1-i))
	}
	return c
}

// Table is the sequence's block table, valid until the next call that changes
// the sequence.
func (s *Sequence) Table() []int32 { return s.table }

// Tokens are the tokens stored so far. The caller must not change them.
func (s *Sequence) Tokens() []int32 { return s.tokens }

// Blocks are the full blocks at the sequence's beginning, which are in the
// tree: block i holds the tokens from i times the block's size on. The caller
// must not change them.
func (s *Sequence) Blocks() []*Block { return s.path }

// Begin opens a sequence that starts behind the longest stored prefix of
// tokens; its Tokens are that prefix, which always leaves at least one token to
// compute. The copies, if any, must be done, in order, before the next batch
// runs. ErrFull means that all slots for states are taken.
func (c *Cache) Begin(tokens []int32) (*Sequence, []Copy, error) {
	c.clock++
	if c.recurrent {
		return c.beginRecurrent(tokens)
	}
	s := &Sequence{}
	at := c.root
	rest := tokens[:max(0, len(tokens)-1)]
	for {
		next := at.child(rest, c.blockTokens)
		if next == nil {
			break
		}
		c.use(s, next)
		s.tokens = append(s.tokens, next.tokens...)
		rest = rest[c.blockTokens:]
		at = next
	}
	partial, n := at.longest(rest)
	if n == 0 {
		return s, nil, nil
	}
	c.hold(partial) // so that making room does not take it
	block, err := c.alloc()
	partial.uses++
	c.touch(partial)
	c.drop(partial)
	if err != nil {
		return s, nil, nil //nolint:nilerr // a shorter prefix will do
	}
	s.table = append(s.table, block)
	s.tokens = append(s.tokens, rest[:n]...)
	return s, []Copy{{Dst: block, Src: partial.id}}, nil
}

// Reserve makes room for n tokens behind the stored ones. On ErrFull the
// sequence keeps what it had.
func (c *Cache) Reserve(s *Sequence, n int) error {
	need := (len(s.tokens) + n + c.blockTokens - 1) / c.blockTokens
	for len(s.table) < need {
		b, err := c.alloc()
		if err != nil {
			return err
		}
		s.table = append(s.table, b)
	}
	return nil
}

// Commit records that the next tokens' keys and values are now stored in the
// reserved room. Blocks that became full are shared from now on.
func (c *Cache) Commit(s *Sequence, tokens ...int32) error {
	if len(s.tokens)+len(tokens) > len(s.table)*c.blockTokens {
		return fmt.Errorf("commit of %d tokens behind %d exceeds %d reserved blocks", len(tokens), len(s.tokens), len(s.table))
	}
	c.clock++
	s.tokens = append(s.tokens, tokens...)
	s.disturbed = false
	for full := len(s.tokens) / c.blockTokens; len(s.path) < full; {
		i := len(s.path)
		c.publish(s, s.tokens[i*c.blockTokens:(i+1)*c.blockTokens])
	}
	return nil
}

// Available is the number of blocks that could be reserved now.
func (c *Cache) Available() int { return len(c.free) + c.idle }

// Release ends the sequence. What it stored can be found by later sequences.
func (c *Cache) Release(s *Sequence) {
	c.clock++
	if done := len(s.path) * c.blockTokens; len(s.tokens) > done {
		c.publish(s, s.tokens[done:])
	}
	if c.recurrent {
		c.keepState(s)
	}
	c.give(s)
}

// give lets the sequence's blocks go.
func (c *Cache) give(s *Sequence) {
	for _, b := range s.path {
		c.touch(b)
		c.drop(b)
	}
	if len(s.table) > len(s.path) {
		c.free = append(c.free, s.table[len(s.path):]...)
	}
	*s = Sequence{}
}

// use appends a shared block to the sequence.
func (c *Cache) use(s *Sequence, b *Block) {
	c.hold(b)
	b.uses++
	s.path = append(s.path, b)
	if len(s.table) < len(s.path) {
		s.table = append(s.table, b.id)
	} else {
		s.table[len(s.path)-1] = b.id
	}
}

// publish moves the sequence's first own block, which holds tokens, into the
// tree. If the tree has those tokens already, the sequence's block is given
// back and the tree's is used. Unused blocks that hold only the beginning of
// these tokens have become needless.
func (c *Cache) publish(s *Sequence, tokens []int32) {
	parent := c.root
	if len(s.path) > 0 {
		parent = s.path[len(s.path)-1]
	}
	own := s.table[len(s.path)]
	for _, b := range parent.children {
		if slices.Equal(b.tokens, tokens) {
			c.free = append(c.free, own)
			c.use(s, b)
			return
		}
	}
	for i := len(parent.children) - 1; i >= 0; i-- {
		b := parent.children[i]
		if n := len(b.tokens); b.users == 0 && n < len(tokens) && slices.Equal(b.tokens, tokens[:n]) {
			c.free = append(c.free, c.remove(b))
		}
	}
	b := &Block{parent: parent, tokens: slices.Clone(tokens), id: own, depth: len(s.path) * c.blockTokens, state: -1, rank: rank{at: -1}}
	parent.children = append(parent.children, b)
	c.idle++ // until use holds it
	c.use(s, b)
}

// child returns the full block that holds the first tokens of rest.
func (b *Block) child(rest []int32, blockTokens int) *Block {
	if len(rest) < blockTokens {
		return nil
	}
	for _, c := range b.children {
		if len(c.tokens) == blockTokens && slices.Equal(c.tokens, rest[:blockTokens]) {
			return c
		}
	}
	return nil
}

// longest returns the child that shares the longest beginning with rest.
func (b *Block) longest(rest []int32) (best *Block, length int) {
	for _, c := range b.children {
		common := 0
		for common < min(len(rest), len(c.tokens)) && rest[common] == c.tokens[common] {
			common++
		}
		if common > length {
			best, length = c, common
		}
	}
	return best, length
}
