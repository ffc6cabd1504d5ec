package kvcache

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestShallowGoesBeforeDeep(t *testing.T) {
	const size = 32
	long := make([]int32, costlyDepth+2*size)
	for i := range long {
		long[i] = int32(i % 7)
	}
	c := New(len(long)/size+1, size)
	c.Release(run(t, c, long...))
	c.Release(run(t, c, repeat(9, size)...)) // later, but at the beginning of a text
	c.Release(run(t, c, repeat(8, size)...))
	if n := found(c, long); n != len(long)-1 {
		t.Errorf("%d of %d tokens of the long text were kept", n, len(long))
	}
	if n := found(c, repeat(9, size)); n != 0 {
		t.Errorf("%d tokens were kept that cost the least", n)
	}
}

func TestStoredGoesFirst(t *testing.T) {
	c := New(3, 4)
	for _, tok := range []int32{1, 2, 3} {
		s := run(t, c, repeat(tok, 4)...)
		c.SetStored(s.Blocks()[0], tok == 2)
		c.Release(s)
	}
	c.Release(run(t, c, repeat(4, 4)...))
	for tok, want := range map[int32]bool{1: true, 2: false, 3: true, 4: true} {
		if kept := c.root.child(repeat(tok, 4), 4) != nil; kept != want {
			t.Errorf("token %d: kept %v, want %v", tok, kept, want)
		}
	}
}

// TestDearGoesInTheEnd: what nobody asks for makes room at last, whatever it cost.
func TestDearGoesInTheEnd(t *testing.T) {
	c := New(4, 4)
	for range 50 {
		s, _, _ := c.Begin(repeat(1, 5))
		if len(s.Tokens()) == 0 {
			c.Release(s)
			s = run(t, c, repeat(1, 5)...)
		}
		c.Release(s)
	}
	for i := range int32(8 * maxUses) {
		c.Release(run(t, c, repeat(10+i, 4)...))
	}
	if n := found(c, repeat(1, 5)); n != 0 {
		t.Errorf("%d tokens are still there", n)
	}
}

func TestEvictedBlocksSaySo(t *testing.T) {
	c := New(1, 4)
	s := run(t, c, repeat(1, 4)...)
	b := s.Blocks()[0]
	if b.ID() != s.Table()[0] {
		t.Errorf("block %d is %d in the table", b.ID(), s.Table()[0])
	}
	c.Release(s)
	c.Release(run(t, c, repeat(2, 4)...))
	if b.ID() != -1 {
		t.Errorf("an evicted block says it is %d", b.ID())
	}
}

func repeat(token int32, n int) []int32 { return slices.Repeat([]int32{token}, n) }

func found(c *Cache, tokens []int32) int {
	s, _, _ := c.Begin(tokens)
	n := len(s.Tokens())
	c.Release(s)
	return n
}

// plain is the cache again, without a tree or a heap: a list of prefixes, which
// is searched from end to end for everything.
type plain struct {
	size, blocks int
	clock        uint64
	floor        float64
	kept         []*plainBlock
	open         []*plainSequence
}

type plainBlock struct {
	text     []int32 // from the beginning of the text to the end of the block
	start    int
	uses     int
	stored   bool
	lastUse  uint64
	floor    float64
	priority float64
}

type plainSequence struct {
	text   []int32
	own    int // blocks that are not kept
	shared []*plainBlock
}

func (p *plain) users(b *plainBlock) (n int) {
	for _, s := range p.open {
		if slices.Contains(s.shared, b) {
			n++
		}
	}
	return n
}

func (p *plain) hasChildren(b *plainBlock) bool {
	return slices.ContainsFunc(p.kept, func(x *plainBlock) bool {
		return x.start == len(b.text) && slices.Equal(x.text[:x.start], b.text)
	})
}

func (p *plain) free() int {
	n := p.blocks - len(p.kept)
	for _, s := range p.open {
		n -= s.own
	}
	return n
}

func (p *plain) available() int {
	n := p.free()
	for _, b := range p.kept {
		if p.users(b) == 0 {
			n++
		}
	}
	return n
}

func (p *plain) take(spare *plainBlock) bool {
	if p.free() > 0 {
		return true
	}
	var least *plainBlock
	for _, b := range p.kept {
		if b == spare || p.users(b) > 0 || p.hasChildren(b) {
			continue
		}
		if least == nil || b.priority < least.priority || b.priority == least.priority && b.lastUse < least.lastUse {
			least = b
		}
	}
	if least == nil {
		return false
	}
	p.floor = max(p.floor, least.priority)
	p.forget(least)
	return true
}

func (p *plain) forget(b *plainBlock) {
	p.kept = slices.DeleteFunc(p.kept, func(x *plainBlock) bool { return x == b })
}

func (p *plain) touch(b *plainBlock) {
	b.lastUse, b.floor = p.clock, p.floor
	b.weigh()
}

func (b *plainBlock) weigh() {
	cost := float64(len(b.text)-b.start) * min(maxCost, 1+float64(b.start)/costlyDepth) * float64(min(maxUses, b.uses))
	if b.stored {
		cost /= storedShare
	}
	b.priority = b.floor + cost
}

func (b *plainBlock) store(stored bool) {
	if b.stored != stored {
		b.stored = stored
		b.weigh()
	}
}

func (p *plain) begin(tokens []int32) *plainSequence {
	p.clock++
	s := &plainSequence{}
	p.open = append(p.open, s)
	rest := tokens[:len(tokens)-1]
	for {
		at := len(s.text)
		i := slices.IndexFunc(p.kept, func(b *plainBlock) bool {
			return b.start == at && len(b.text) == at+p.size && len(rest) >= len(b.text) && slices.Equal(b.text, rest[:len(b.text)])
		})
		if i < 0 {
			break
		}
		b := p.kept[i]
		b.uses++
		s.shared = append(s.shared, b)
		s.text = rest[:len(b.text)]
	}
	at := len(s.text)
	var best *plainBlock
	length := 0
	for _, b := range p.kept {
		if b.start != at || !slices.Equal(b.text[:at], s.text) {
			continue
		}
		n := 0
		for n < min(len(b.text), len(rest))-at && b.text[at+n] == rest[at+n] {
			n++
		}
		if n > length {
			best, length = b, n
		}
	}
	if best != nil {
		room := p.take(best)
		best.uses++
		p.touch(best)
		if room {
			s.own = 1
			s.text = rest[:at+length]
		}
	}
	s.text = slices.Clone(s.text)
	return s
}

func (p *plain) reserve(s *plainSequence, n int) bool {
	need := (len(s.text) + n + p.size - 1) / p.size
	for len(s.shared)+s.own < need {
		if !p.take(nil) {
			return false
		}
		s.own++
	}
	return true
}

func (p *plain) commit(s *plainSequence, tokens []int32) {
	p.clock++
	s.text = append(s.text, tokens...)
	for (len(s.shared)+1)*p.size <= len(s.text) {
		p.publish(s, (len(s.shared)+1)*p.size)
	}
}

func (p *plain) publish(s *plainSequence, end int) {
	start := len(s.shared) * p.size
	text := s.text[:end:end]
	s.own--
	for _, b := range p.kept {
		if b.start == start && slices.Equal(b.text, text) {
			b.uses++
			s.shared = append(s.shared, b)
			return
		}
	}
	for _, b := range slices.Clone(p.kept) {
		if b.start == start && p.users(b) == 0 && len(b.text) < end && slices.Equal(b.text, text[:len(b.text)]) {
			p.forget(b)
		}
	}
	b := &plainBlock{text: text, start: start, uses: 1}
	p.kept = append(p.kept, b)
	s.shared = append(s.shared, b)
}

func (p *plain) release(s *plainSequence) {
	p.clock++
	if len(s.text) > len(s.shared)*p.size {
		p.publish(s, len(s.text))
	}
	p.open = slices.DeleteFunc(p.open, func(x *plainSequence) bool { return x == s })
	for _, b := range s.shared {
		p.touch(b)
	}
}

// contents lists what is kept, so that two caches can be compared.
func (p *plain) contents() string {
	var all []string
	for _, b := range p.kept {
		all = append(all, fmt.Sprintf("%v %d %v %.3f", b.text, b.uses, b.stored, b.priority))
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

func (c *Cache) contents() string {
	var all []string
	var walk func(b *Block, text []int32)
	walk = func(b *Block, text []int32) {
		for _, x := range b.children {
			text := slices.Concat(text, x.tokens)
			all = append(all, fmt.Sprintf("%v %d %v %.3f", text, x.uses, x.stored, x.priority))
			walk(x, text)
		}
	}
	walk(c.root, nil)
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// TestAgainstThePlainCache does the same to both and expects the same.
func TestAgainstThePlainCache(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 5))
		size, blocks := 2+rng.IntN(4), 4+rng.IntN(30)
		c, p := New(blocks, size), &plain{size: size, blocks: blocks}
		type pair struct {
			s *Sequence
			q *plainSequence
		}
		var open []pair
		for step := range 600 {
			switch k := rng.IntN(8); {
			case k < 3 && len(open) < 4:
				prompt := make([]int32, 1+rng.IntN(6*size))
				for i := range prompt {
					prompt[i] = int32(rng.IntN(2))
				}
				s, _, _ := c.Begin(prompt)
				q := p.begin(prompt)
				if !slices.Equal(s.Tokens(), q.text) {
					t.Fatalf("seed %d, step %d: found %v, want %v", seed, step, s.Tokens(), q.text)
				}
				open = append(open, pair{s, q})
			case k < 4 && len(open) > 0:
				i := rng.IntN(len(open))
				blocks, same := slices.Clone(open[i].s.Blocks()), open[i].q.shared
				c.Release(open[i].s)
				p.release(open[i].q)
				for k, b := range blocks { // as it becomes known that they have been saved
					if rng.IntN(3) == 0 {
						c.SetStored(b, true)
						same[k].store(true)
					}
				}
				open = slices.Delete(open, i, i+1)
			case k < 5 && len(open) > 0:
				o := open[rng.IntN(len(open))]
				for i, b := range o.s.Blocks() {
					stored := rng.IntN(2) == 0
					c.SetStored(b, stored)
					o.q.shared[i].store(stored)
				}
			case k < 6 && rng.IntN(20) == 0:
				c.NoneStored()
				for _, b := range p.kept {
					b.store(false)
				}
			case len(open) > 0:
				o := open[rng.IntN(len(open))]
				n := 1 + rng.IntN(2*size)
				err := c.Reserve(o.s, n)
				if ok := p.reserve(o.q, n); ok != (err == nil) {
					t.Fatalf("seed %d, step %d: room %v, want %v", seed, step, err, ok)
				}
				if err == nil {
					toks := make([]int32, n)
					for i := range toks {
						toks[i] = int32(rng.IntN(2))
					}
					if err := c.Commit(o.s, toks...); err != nil {
						t.Fatal(err)
					}
					p.commit(o.q, toks)
				}
			}
			if got, want := c.Available(), p.available(); got != want {
				t.Fatalf("seed %d, step %d: %d blocks available, want %d", seed, step, got, want)
			}
			if got, want := c.contents(), p.contents(); got != want {
				t.Fatalf("seed %d, step %d: kept\n%s\nwant\n%s", seed, step, got, want)
			}
		}
	}
}

func BenchmarkReserveInFullCache(b *testing.B) {
	const size = 32
	c := New(4096, size)
	text := make([]int32, 4*size)
	for i := range b.N {
		text[0] = int32(i)
		s, _, _ := c.Begin(text)
		if err := c.Reserve(s, len(text)-len(s.Tokens())); err != nil {
			b.Fatal(err)
		}
		if err := c.Commit(s, text[len(s.Tokens()):]...); err != nil {
			b.Fatal(err)
		}
		c.Release(s)
	}
}
