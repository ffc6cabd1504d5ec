package tokenizer

import (
	"fmt"
	"slices"
	"strings"
)

// trie finds the tokens that begin a text. Its nodes are numbered breadth
// first, so that the children of a node stand side by side, in the order of the
// bytes that lead to them.
type trie struct {
	nodes  []trieStep
	labels []byte       // by node: the byte that leads to it
	wide   [][256]int32 // children of nodes that have many, by byte; the root's first
}

// trieStep is a node: its first child, where the next node's first child ends its
// own; its place in trie.wide plus one, 0 if it has none; and the token that ends
// there, None if none does.
type trieStep struct{ first, wide, token int32 }

// A node with more children than this has a place in trie.wide, as long as there
// are fewer than so many.
const (
	narrowNode = 6
	wideNodes  = 1 << 10
)

// Real vocabularies stay below a tenth of these limits. The first bounds memory,
// of which a byte of text may take forty, the second the time that a step
// through a text may take.
const (
	maxTrieBytes = 16 << 20
	maxTrieToken = 1 << 10
)

// key is a text of a trie.
type key struct {
	text  string
	token int32
}

// newTrie makes a trie of texts; where two are the same, the lower token counts.
// An empty text is left out.
func newTrie(keys []key) (*trie, error) {
	total := 0
	for _, k := range keys {
		if len(k.text) > maxTrieToken {
			return nil, fmt.Errorf("tokenizer: token %d has %d bytes, more than any real token (the limit is %d); the file is damaged or made to do harm, get another copy", k.token, len(k.text), maxTrieToken)
		}
		total += len(k.text)
	}
	if total > maxTrieBytes {
		return nil, fmt.Errorf("tokenizer: tokens of %d bytes together, more than any real vocabulary (the limit is %d); the file is damaged or made to do harm, get another copy", total, maxTrieBytes)
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(k key) bool { return k.text == "" })
	slices.SortFunc(keys, func(a, b key) int {
		if c := strings.Compare(a.text, b.text); c != 0 {
			return c
		}
		return int(a.token) - int(b.token)
	})

	t := &trie{labels: []byte{0}}
	type stretch struct{ from, to, depth int32 } // keys that share a beginning of depth bytes
	nodes := []stretch{{0, int32(len(keys)), 0}}
	for n := 0; n < len(nodes); n++ {
		s := nodes[n]
		token := None
		for s.from < s.to && len(keys[s.from].text) == int(s.depth) {
			if token == None {
				token = keys[s.from].token
			}
			s.from++
		}
		first := int32(len(nodes))
		for s.from < s.to {
			b := keys[s.from].text[s.depth]
			end := s.from + 1
			for end < s.to && keys[end].text[s.depth] == b {
				end++
			}
			nodes = append(nodes, stretch{s.from, end, s.depth + 1})
			t.labels = append(t.labels, b)
			s.from = end
		}
		wide := int32(0)
		if children := t.labels[first:]; n == 0 || len(children) > narrowNode && len(t.wide) < wideNodes {
			t.wide = append(t.wide, [256]int32{})
			wide = int32(len(t.wide))
			for i, b := range children {
				t.wide[wide-1][b] = first + int32(i)
			}
		}
		t.nodes = append(t.nodes, trieStep{first, wide, token})
	}
	t.nodes = append(t.nodes, trieStep{int32(len(nodes)), 0, None})
	return t, nil
}

// child returns the node that a byte leads to, 0 if there is none: nothing
// leads to the root.
func (t *trie) child(node int32, b byte) int32 {
	n := &t.nodes[node]
	if n.wide > 0 {
		return t.wide[n.wide-1][b]
	}
	from, to := n.first, t.nodes[node+1].first
	for i, label := range t.labels[from:to] {
		if label == b {
			return from + int32(i)
		}
	}
	return 0
}

// longest returns the longest token that begins s and its length in bytes, None
// and 0 if no token does.
func (t *trie) longest(s string) (token int32, size int) {
	token = None
	node := int32(0)
	for i := range len(s) {
		if node = t.child(node, s[i]); node == 0 {
			break
		}
		if t.nodes[node].token != None {
			token, size = t.nodes[node].token, i+1
		}
	}
	return token, size
}
