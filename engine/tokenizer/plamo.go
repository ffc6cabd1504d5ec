package tokenizer

import (
	"fmt"
	"math"
	"strings"
)

// plamo is the tokenization of PLaMo 2: of all ways to cut a text into tokens
// and single characters it takes the cheapest, found from the end backwards.
// Characters cut out alone are written as bytes.
type plamo struct {
	tokens *trie
	scores []int32 // by token, in ten-thousandths
	bytes  [256]int32
}

const (
	plamoInvalid = -20_000_000 // a token that is never used
	plamoUnknown = -10_000_000 // a character alone
)

func newPlamo(v *vocabulary, in *Vocab) (*plamo, error) {
	m := &plamo{scores: make([]int32, len(v.texts))}
	for i := range m.bytes {
		m.bytes[i] = None
	}
	var keys []key
	for id, text := range v.texts {
		if v.attrs[id]&attrByte != 0 {
			if b := byteOf(text); b != "" && text == byteToken(b[0]) {
				m.bytes[b[0]] = int32(id)
			}
			continue
		}
		keys = append(keys, key{text, int32(id)})
		m.scores[id] = plamoInvalid
		score := float64(0)
		if len(in.Scores) > 0 {
			score = math.Round(float64(in.Scores[id]) * 1e4)
		}
		if score > plamoInvalid && score < math.MaxInt32 {
			m.scores[id] = int32(score)
		}
	}
	for b, id := range m.bytes {
		if id == None {
			return nil, fmt.Errorf("tokenizer: the vocabulary has no token %s, which plamo2 needs; the file is damaged, get another copy", byteToken(byte(b)))
		}
	}
	var err error
	m.tokens, err = newTrie(keys)
	return m, err
}

func (m *plamo) encode(s *session, text string) {
	m.encodeWord(s, strings.TrimPrefix(repair(text), "\uFEFF"))
}

// encodeWord appends the tokens of a text of whole characters.
func (m *plamo) encodeWord(s *session, word string) {
	type step struct {
		cost  int64 // of the text from here to its end
		size  int32 // bytes of the first token
		token int32 // None: a character as bytes
	}
	best := make([]step, len(word)+1)
	var ends []int32
	for i := len(word) - 1; i >= 0; i-- {
		if word[i]&0xC0 == 0x80 {
			continue
		}
		ends = ends[:0]
		node := int32(0)
		for j := i; j < len(word); j++ {
			if node = m.tokens.child(node, word[j]); node == 0 {
				break
			}
			if token := m.tokens.nodes[node].token; token != None && (j+1 == len(word) || word[j+1]&0xC0 != 0x80) {
				ends = append(ends, int32(j+1), token)
			}
		}
		size := int32(min(charLen(word[i]), len(word)-i))
		best[i] = step{best[i+int(size)].cost - plamoUnknown, size, None}
		single := best[i]
		best[i].cost = math.MaxInt64
		for k := len(ends) - 2; k >= 0; k -= 2 { // the longest first
			end, token := ends[k], ends[k+1]
			if m.scores[token] <= plamoInvalid {
				continue
			}
			if cost := best[end].cost - int64(m.scores[token]); cost < best[i].cost {
				best[i] = step{cost, end - int32(i), token}
			}
		}
		if single.cost < best[i].cost {
			best[i] = single
		}
	}
	for i := int32(0); int(i) < len(word); i += best[i].size {
		if best[i].token != None {
			s.ids = append(s.ids, best[i].token)
			continue
		}
		for _, c := range []byte(word[i : i+best[i].size]) {
			s.ids = append(s.ids, m.bytes[c])
		}
	}
}
