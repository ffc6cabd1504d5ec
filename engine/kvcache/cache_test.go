package kvcache

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
)

func run(t *testing.T, c *Cache, tokens ...int32) *Sequence {
	t.Helper()
	s, _, _ := c.Begin(tokens)
	rest := tokens[len(s.Tokens()):]
	if err := c.Reserve(s, len(rest)); err != nil {
		t.Fatal(err)
	}
	if err := c.Commit(s, rest...); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestPrefixIsFoundAgain(t *testing.T) {
	c := New(8, 4)
	first := run(t, c, 1, 2, 3, 4, 5, 6, 7, 8, 9)
	blocks := slices.Clone(first.Table())

	// Full blocks are shared while the first sequence still runs.
	s, copies, _ := c.Begin([]int32{1, 2, 3, 4, 5, 6, 7, 8, 20})
	if got := s.Tokens(); !slices.Equal(got, []int32{1, 2, 3, 4, 5, 6, 7, 8}) || len(copies) != 0 {
		t.Fatalf("found %v with copies %v", got, copies)
	}
	if !slices.Equal(s.Table(), blocks[:2]) {
		t.Fatalf("table %v does not share %v", s.Table(), blocks[:2])
	}
	c.Release(s)
	c.Release(first)

	// A prefix that ends inside a block is copied.
	s, copies, _ = c.Begin([]int32{1, 2, 3, 4, 5, 6, 30, 31})
	if got := s.Tokens(); !slices.Equal(got, []int32{1, 2, 3, 4, 5, 6}) {
		t.Fatalf("found %v", got)
	}
	if len(copies) != 1 || copies[0].Src != blocks[1] || copies[0].Dst != s.Table()[1] {
		t.Fatalf("copies %v, table %v, old table %v", copies, s.Table(), blocks)
	}
	c.Release(s)

	// At least one token is left to compute.
	s, _, _ = c.Begin([]int32{1, 2, 3, 4})
	if len(s.Tokens()) != 3 {
		t.Fatalf("found %d of 4 tokens, want 3", len(s.Tokens()))
	}
	c.Release(s)
}

func TestFullCache(t *testing.T) {
	c := New(2, 4)
	a := run(t, c, 1, 2, 3, 4, 5)
	b, _, _ := c.Begin([]int32{9, 9})
	if err := c.Reserve(b, 1); !errors.Is(err, ErrFull) {
		t.Fatalf("got %v, want ErrFull", err)
	}
	c.Release(a)
	if n := c.Available(); n != 2 {
		t.Fatalf("%d blocks available after release, want 2", n)
	}
	if err := c.Reserve(b, 8); err != nil {
		t.Fatal(err)
	}
	c.Release(b)
	if s, _, _ := c.Begin([]int32{1, 2, 3, 4, 5}); len(s.Tokens()) != 0 {
		t.Fatal("evicted tokens were found again")
	}
}

func TestOldestGoesFirst(t *testing.T) {
	c := New(3, 2)
	for _, tok := range []int32{1, 2, 3} {
		c.Release(run(t, c, tok, tok))
	}
	s, _, _ := c.Begin([]int32{1, 1, 1}) // 1 is now the most recent
	c.Release(s)
	c.Release(run(t, c, 4, 4))
	for tok, want := range map[int32]int{1: 2, 2: 0, 3: 2} {
		s, _, _ := c.Begin([]int32{tok, tok, tok})
		if len(s.Tokens()) != want {
			t.Errorf("token %d: found %d, want %d", tok, len(s.Tokens()), want)
		}
		c.Release(s)
	}
}

// TestRandomUse checks the cache against what it must never do: give one block
// to two owners, lose a block, or claim a prefix that was not stored there.
func TestRandomUse(t *testing.T) {
	const blocks, size = 24, 4
	rng := rand.New(rand.NewPCG(1, 2))
	c := New(blocks, size)
	content := make([][]int32, blocks) // what the backend would hold
	type owner struct{ s *Sequence }
	var open []owner
	verify := func(s *Sequence) {
		t.Helper()
		for i, tok := range s.Tokens() {
			b := content[s.Table()[i/size]]
			if i%size >= len(b) || b[i%size] != tok {
				t.Fatalf("position %d: token %d, block %d holds %v", i, tok, s.Table()[i/size], b)
			}
		}
	}
	for range 20000 {
		if len(open) < 3 && rng.IntN(3) == 0 {
			prompt := make([]int32, 1+rng.IntN(20))
			for i := range prompt {
				prompt[i] = int32(rng.IntN(2))
			}
			s, copies, _ := c.Begin(prompt)
			for _, cp := range copies {
				content[cp.Dst] = slices.Clone(content[cp.Src])
			}
			if len(s.Tokens()) >= len(prompt) || !slices.Equal(s.Tokens(), prompt[:len(s.Tokens())]) {
				t.Fatalf("prefix %v of %v", s.Tokens(), prompt)
			}
			verify(s)
			open = append(open, owner{s})
		} else if len(open) > 0 {
			i := rng.IntN(len(open))
			s := open[i].s
			if rng.IntN(6) == 0 {
				c.Release(s)
				open = slices.Delete(open, i, i+1)
			} else {
				n := 1 + rng.IntN(6)
				if c.Reserve(s, n) == nil {
					at := len(s.Tokens())
					var toks []int32
					for k := range n {
						tok := int32(rng.IntN(2))
						b := s.Table()[(at+k)/size]
						content[b] = append(content[b][:(at+k)%size:(at+k)%size], tok)
						toks = append(toks, tok)
					}
					if err := c.Commit(s, toks...); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		for _, o := range open {
			verify(o.s)
		}
		owned := map[int32]bool{}
		for _, o := range open {
			for i, b := range o.s.table {
				if i >= len(o.s.path) && owned[b] {
					t.Fatalf("block %d has two owners", b)
				}
				owned[b] = true
			}
		}
		if got := c.Available() + len(owned); got != blocks {
			t.Fatalf("%d blocks available + %d owned ≠ %d", c.Available(), len(owned), blocks)
		}
	}
}
