package tokenizer

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// trie finds the tokens that begin a text. Its nodes are numbered breadth
// first, so that the children of a node stand side by side, in the order of the
// bytes that lead to them.
type trie struct {
	first  []int32 // by node: its first child; the next node's first child ends its own
	labels []byte  // by node: the byte that leads to it
	tokens []int32 // by node: the token that ends there, None if none does
	root   [256]int32
}

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

// newTrie makes a trie of texts; where two are the same, the first counts. An
// empty text is left out.
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
	slices.SortStableFunc(keys, func(a, b key) int { return strings.Compare(a.text, b.text) })

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
		t.tokens = append(t.tokens, token)
		t.first = append(t.first, int32(len(nodes)))
		for s.from < s.to {
			b := keys[s.from].text[s.depth]
			end := s.from + 1
			for end < s.to && keys[end].text[s.depth] == b {
				end++
			}
			if n == 0 {
				t.root[b] = int32(len(nodes))
			}
			nodes = append(nodes, stretch{s.from, end, s.depth + 1})
			t.labels = append(t.labels, b)
			s.from = end
		}
	}
	t.first = append(t.first, int32(len(nodes)))
	return t, nil
}

// child returns the node that a byte leads to, 0 if there is none: nothing
// leads to the root.
func (t *trie) child(node int32, b byte) int32 {
	if node == 0 {
		return t.root[b]
	}
	from, to := t.first[node], t.first[node+1]
	if to-from < 4 {
		for ; from < to; from++ {
			if t.labels[from] == b {
				return from
			}
		}
		return 0
	}
	if i := bytes.IndexByte(t.labels[from:to], b); i >= 0 {
		return from + int32(i)
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
		if t.tokens[node] != None {
			token, size = t.tokens[node], i+1
		}
	}
	return token, size
}
