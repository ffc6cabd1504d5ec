package kvcache

import (
	"container/heap"
	"slices"
)

// Which block gives way: the one whose loss costs least, weighed with how long
// it has not been used (GreedyDual with frequencies, Cao and Irani 1997,
// Cherkasova 1998). A block's priority is the floor at its last use plus its
// worth; the floor is the priority of the last block that gave way, and so
// rises past whatever is not used again, dear or not. Only blocks without
// children can go: a prefix is of no use without its beginning.

const (
	// costlyDepth is the number of tokens before a block at which computing it
	// costs twice as much as at the beginning, since attention has come to
	// cost as much as the weights.
	costlyDepth = 4096
	maxCost     = 8  // so that the ends of very long texts do not stay for ever
	maxUses     = 8  // likewise for what was popular once
	storedShare = 16 // how many times cheaper reading a snapshot is than computing
)

// rank is what a block's turn depends on.
type rank struct {
	uses     int    // sequences that held the block
	stored   bool   // a snapshot holds it too
	lastUse  uint64 // by the cache's clock; decides between equals
	floor    float64
	priority float64
	at       int // in the queue; -1 if it cannot go
}

// worth is what the block's loss would cost, in tokens computed at the
// beginning of a text, by how often it has been of use.
func (b *Block) worth() float64 {
	w := float64(len(b.tokens)) * min(maxCost, 1+float64(b.depth)/costlyDepth) * float64(min(maxUses, b.uses))
	if b.stored {
		w /= storedShare
	}
	return w
}

// touch records a use of the block.
func (c *Cache) touch(b *Block) {
	b.lastUse, b.floor = c.clock, c.floor
	c.weigh(b)
}

// SetStored records that a snapshot holds the block, so that losing it costs
// less, or that none does any longer.
func (c *Cache) SetStored(b *Block, stored bool) {
	if b.stored != stored {
		b.stored = stored
		c.weigh(b)
	}
}

// Stored tells whether a snapshot holds the block, as far as is known.
func (b *Block) Stored() bool { return b.stored }

// NoneStored records that there are no snapshots any more.
func (c *Cache) NoneStored() {
	var walk func(b *Block)
	walk = func(b *Block) {
		c.SetStored(b, false)
		for _, child := range b.children {
			walk(child)
		}
	}
	walk(c.root)
}

func (c *Cache) weigh(b *Block) {
	b.priority = b.floor + b.worth()
	if b.at >= 0 {
		heap.Fix(&c.leaves, b.at)
	}
}

// hold keeps the block from giving way until drop.
func (c *Cache) hold(b *Block) {
	if b.users++; b.users > 1 {
		return
	}
	c.idle--
	if b.at >= 0 {
		heap.Remove(&c.leaves, b.at)
	}
}

func (c *Cache) drop(b *Block) {
	if b.users--; b.users > 0 {
		return
	}
	c.idle++
	c.offer(b)
}

// offer lets the block give way if it can.
func (c *Cache) offer(b *Block) {
	if b != c.root && b.users == 0 && len(b.children) == 0 {
		heap.Push(&c.leaves, b)
	}
}

// alloc returns a free block, or that of the stored tokens that are worth least.
func (c *Cache) alloc() (int32, error) {
	if n := len(c.free); n > 0 {
		b := c.free[n-1]
		c.free = c.free[:n-1]
		return b, nil
	}
	if len(c.leaves) == 0 {
		return 0, ErrFull
	}
	b := c.leaves[0]
	c.floor = max(c.floor, b.priority)
	return c.remove(b), nil
}

// remove takes an unused leaf out of the tree and returns its number.
func (c *Cache) remove(b *Block) int32 {
	heap.Remove(&c.leaves, b.at)
	c.idle--
	siblings := b.parent.children
	i := slices.Index(siblings, b)
	b.parent.children = slices.Delete(siblings, i, i+1)
	if len(b.parent.children) == 0 {
		c.offer(b.parent)
	}
	if b.state >= 0 {
		c.slots = append(c.slots, c.unsave(b))
	}
	id := b.id
	b.id, b.parent = -1, nil
	return id
}

// queue is a heap of the blocks that can give way, the next one first.
type queue []*Block

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	a, b := q[i], q[j]
	if a.priority != b.priority {
		return a.priority < b.priority
	}
	return a.lastUse < b.lastUse
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].at, q[j].at = i, j
}

// Push and Pop are for container/heap.
func (q *queue) Push(x any) {
	b := x.(*Block)
	b.at = len(*q)
	*q = append(*q, b)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	b := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	b.at = -1
	return b
}
