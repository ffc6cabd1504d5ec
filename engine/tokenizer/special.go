package tokenizer

import "slices"

// specialFinder finds special tokens in text. As in llama.cpp the longest token
// takes all its places first, then the next shorter one takes what it finds in
// the stretches that are left, and so on. Tokens of equal length are taken from
// left to right.
//
// It walks the text once through an Aho-Corasick automaton.
type specialFinder struct {
	nodes   []trieNode
	root    [256]int32 // children of node 0
	lengths []int      // the distinct lengths of tokens, longest first
}

type trieNode struct {
	edges  []edge // ascending
	fail   int32  // the longest proper suffix that is a node
	match  int32  // the longest suffix, itself included, that is a token; 0 if none
	token  int32  // the token that ends here, None if none
	length int32  // index into lengths, if a token ends here
}

type edge struct {
	b  byte
	to int32
}

func (n *trieNode) child(b byte) int32 {
	lo, hi := 0, len(n.edges)
	for lo < hi {
		mid := (lo + hi) / 2
		if n.edges[mid].b < b {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < len(n.edges) && n.edges[lo].b == b {
		return n.edges[lo].to
	}
	return 0
}

// maxSpecialBytes bounds the texts of all special tokens together: the finder
// takes about fifty times as much memory. Models have less than a tenth of it.
const maxSpecialBytes = 4 << 20

// newSpecialFinder returns a finder of the tokens with an attribute of want and
// none of unless, nil if there are none.
func newSpecialFinder(v *vocabulary, want, unless attribute) *specialFinder {
	var ids []int32
	for id, a := range v.attrs {
		if a&want != 0 && a&unless == 0 && v.ids[v.texts[id]] == int32(id) {
			ids = append(ids, int32(id))
		}
	}
	if len(ids) == 0 {
		return nil
	}
	// Sorted by text, the edges of each node arise in order.
	slices.SortFunc(ids, func(a, b int32) int {
		if v.texts[a] < v.texts[b] {
			return -1
		}
		return 1
	})
	f := &specialFinder{nodes: []trieNode{{token: None}}}
	for _, id := range ids {
		text := v.texts[id]
		at := int32(0)
		for i := range len(text) {
			edges := f.nodes[at].edges
			if n := len(edges); n > 0 && edges[n-1].b == text[i] {
				at = edges[n-1].to
				continue
			}
			next := int32(len(f.nodes))
			f.nodes[at].edges = append(edges, edge{text[i], next})
			f.nodes = append(f.nodes, trieNode{token: None})
			at = next
		}
		f.nodes[at].token = id
		f.lengths = append(f.lengths, len(text))
	}
	slices.SortFunc(f.lengths, func(a, b int) int { return b - a })
	f.lengths = slices.Compact(f.lengths)
	f.link(v)
	return f
}

// link sets the failure and match links, breadth first.
func (f *specialFinder) link(v *vocabulary) {
	var order []int32
	for _, e := range f.nodes[0].edges {
		f.root[e.b] = e.to
		order = append(order, e.to)
	}
	for len(order) > 0 {
		at := order[0]
		order = order[1:]
		n := &f.nodes[at]
		n.match = f.nodes[n.fail].match
		if n.token != None {
			n.match = at
			size := len(v.texts[n.token])
			i, _ := slices.BinarySearchFunc(f.lengths, size, func(a, b int) int { return b - a })
			n.length = int32(i)
		}
		for _, e := range n.edges {
			f.nodes[e.to].fail = f.step(n.fail, e.b)
			order = append(order, e.to)
		}
	}
}

func (f *specialFinder) step(state int32, b byte) int32 {
	for state != 0 {
		if next := f.nodes[state].child(b); next != 0 {
			return next
		}
		state = f.nodes[state].fail
	}
	return f.root[b]
}

// fragment is a special token in a text, with the white space it takes.
type fragment struct {
	start, end int // bytes of the text
	token      int32
}

// hit is a place where a token may stand: the text before end ends with the
// token of node.
type hit struct {
	end  int
	node int32
}

// find returns the special tokens in text from left to right.
func (f *specialFinder) find(v *vocabulary, text string) []fragment {
	if f == nil {
		return nil
	}
	var byLength [][]hit // by index into lengths
	state := int32(0)
	for i := 0; i < len(text); i++ {
		if state == 0 {
			if state = f.root[text[i]]; state == 0 {
				continue
			}
		} else {
			state = f.step(state, text[i])
		}
		if m := f.nodes[state].match; m != 0 {
			if byLength == nil {
				byLength = make([][]hit, len(f.lengths))
			}
			k := f.nodes[m].length
			byLength[k] = append(byLength[k], hit{i + 1, m})
		}
	}
	if byLength == nil {
		return nil
	}

	// A place overlaps one taken before, by a token at least as long, only if
	// its first or its last byte is taken.
	taken := make([]uint64, len(text)/64+1)
	isTaken := func(i int) bool { return taken[i/64]&(1<<(i%64)) != 0 }
	take := func(i int) { taken[i/64] |= 1 << (i % 64) }
	var found []fragment
	for k, size := range f.lengths {
		hits := byLength[k]
		byLength[k] = nil
		slices.SortFunc(hits, func(a, b hit) int { return a.end - b.end })
		for _, h := range hits {
			if isTaken(h.end - 1) {
				continue
			}
			node := &f.nodes[h.node]
			start := h.end - size
			if isTaken(start) {
				// A shorter token may still end here.
				if m := f.nodes[node.fail].match; m != 0 {
					k := f.nodes[m].length
					byLength[k] = append(byLength[k], hit{h.end, m})
				}
				continue
			}
			x := fragment{start, h.end, node.token}
			for i := start; i < h.end; i++ {
				take(i)
			}
			a := v.attrs[node.token]
			for a&attrStripLeft != 0 && x.start > 0 && !isTaken(x.start-1) && isASCIISpace(text[x.start-1]) {
				x.start--
				take(x.start)
			}
			for a&attrStripRight != 0 && x.end < len(text) && !isTaken(x.end) && isASCIISpace(text[x.end]) {
				take(x.end)
				x.end++
			}
			found = append(found, x)
		}
	}
	slices.SortFunc(found, func(a, b fragment) int { return a.start - b.start })
	return found
}

func isASCIISpace(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }
