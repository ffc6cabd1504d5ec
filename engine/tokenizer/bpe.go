package tokenizer

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
)

// bpe is byte-pair encoding by ranked merges. Its symbols are all texts that
// appear in the vocabulary or in a merge, so that a merge may pass through a
// text that is no token, and may be named by parts that are none.
//
// The vocabulary writes each byte as a printable character, its stand-in; raw
// vocabularies are written in plain UTF-8 instead.
type bpe struct {
	pre    pretokenizer
	pairs  pairTable
	tokens []int32 // by symbol: the token, -1 if there is none

	bytes     [256]int32       // by byte: the symbol of its stand-in, -1 if unknown
	chars     map[string]int32 // raw: the symbols of single characters
	whole     map[string]int32 // words that are a token as a whole, by their bytes
	fallbacks [256][]int32     // by byte: tokens for a byte whose symbol is no token
}

func newBPE(v *vocabulary, pre pretokenizer, merges []string) (*bpe, error) {
	if len(merges) == 0 && v.pre != "kimi-k2" {
		return nil, fmt.Errorf("tokenizer: no merges in the vocabulary; the file is damaged or was converted without them, get another copy")
	}
	b := &bpe{pre: pre, pairs: newPairTable(len(merges))}

	symbols := make(map[string]int32, len(v.texts)+len(merges)/4)
	b.tokens = make([]int32, 0, len(v.texts)+len(merges)/4)
	intern := func(text string) int32 {
		s, ok := symbols[text]
		if !ok {
			s = int32(len(b.tokens))
			symbols[text] = s
			b.tokens = append(b.tokens, -1)
		}
		return s
	}
	for id, text := range v.texts {
		if v.ids[text] == int32(id) {
			b.tokens[intern(text)] = int32(id)
		}
	}
	var joined []byte
	for rank, merge := range merges {
		if len(merge) < 3 {
			continue
		}
		cut := strings.IndexByte(merge[1:], ' ') + 1
		if cut == 0 || cut+1 == len(merge) {
			continue
		}
		left, right := merge[:cut], merge[cut+1:]
		joined = append(append(joined[:0], left...), right...)
		symbol, ok := symbols[string(joined)]
		if !ok {
			symbol = intern(string(joined))
		}
		b.pairs.add(intern(left), intern(right), int32(rank), symbol)
	}

	lookup := func(text string) int32 {
		if s, ok := symbols[text]; ok {
			return s
		}
		return -1
	}
	for c := range 256 {
		b.bytes[c] = lookup(string(standIn[c]))
		if pre.raw {
			b.fallbacks[c] = v.lookup(byteToken(byte(c)))
			continue
		}
		for _, x := range []byte(string(standIn[c])) {
			b.fallbacks[c] = append(b.fallbacks[c], v.lookup(string([]byte{x}))...)
		}
	}
	if pre.raw {
		b.chars = map[string]int32{}
		for text, s := range symbols {
			if text != "" && charLen(text[0]) >= len(text) {
				b.chars[text] = s
			}
		}
	}
	if pre.ignoreMerges || pre.wholeBreaks {
		b.whole = make(map[string]int32, len(v.texts))
		for text, id := range v.ids {
			switch {
			case pre.raw:
				if strings.Trim(text, "\n") == "" {
					b.whole[text] = id
				}
			default:
				if word, ok := fromStandIns(text); ok {
					b.whole[word] = id
				}
			}
		}
	}
	return b, nil
}

// encode appends the tokens of a text without special tokens.
func (b *bpe) encode(s *session, text string) {
	if b.pre.raw && !b.pre.plainSpace {
		text = strings.ReplaceAll(text, " ", "▁")
	}
	s.split(repair(text))
}

// encodeWord appends the tokens of one piece of the pre-tokenizer.
func (b *bpe) encodeWord(s *session, word string) {
	if b.whole != nil {
		if id, ok := b.whole[word]; ok {
			s.ids = append(s.ids, id)
			return
		}
	}
	m := &s.merger
	m.parts = m.parts[:0]
	if b.pre.raw {
		for i := 0; i < len(word); {
			end := min(i+charLen(word[i]), len(word))
			symbol, ok := b.chars[word[i:end]]
			if !ok {
				symbol = -1
			}
			m.parts = append(m.parts, part{start: int32(i), end: int32(end), symbol: symbol})
			i = end
		}
	} else {
		for i := range len(word) {
			m.parts = append(m.parts, part{start: int32(i), end: int32(i + 1), symbol: b.bytes[word[i]]})
		}
	}
	for _, p := range m.merge(word, b) {
		if p.symbol >= 0 && b.tokens[p.symbol] >= 0 {
			s.ids = append(s.ids, b.tokens[p.symbol])
			continue
		}
		for _, c := range []byte(word[p.start:p.end]) {
			s.ids = append(s.ids, b.fallbacks[c]...)
		}
	}
}

func (b *bpe) join(_ string, left, right *part) (rank, symbol int32, ok bool) {
	return b.pairs.find(left.symbol, right.symbol)
}

// standIn is the character that byte-level vocabularies write for each byte:
// printable Latin-1 characters stand for themselves, the others are counted up
// from U+0100.
var standIn = func() (table [256]rune) {
	next := rune(256)
	for b := range rune(256) {
		if '!' <= b && b <= '~' || 0xA1 <= b && b <= 0xAC || 0xAE <= b {
			table[b] = b
		} else {
			table[b] = next
			next++
		}
	}
	return table
}()

// byteFor is the inverse of standIn, -1 for a character that stands for no byte.
var byteFor = func() (table [512]int16) {
	for i := range table {
		table[i] = -1
	}
	for b, r := range standIn {
		table[r] = int16(b)
	}
	return table
}()

// fromStandIns returns the bytes that a text of stand-ins means, and false if
// some character of it is none.
func fromStandIns(text string) (string, bool) {
	out := make([]byte, 0, len(text))
	for _, r := range text {
		if r >= rune(len(byteFor)) || byteFor[r] < 0 {
			return "", false
		}
		out = append(out, byte(byteFor[r]))
	}
	return string(out), true
}

// pairTable maps two symbols to the merge between them: open addressing with a
// random multiplier, so that no vocabulary can be made to collide.
type pairTable struct {
	slots []pair
	mult  uint64
	shift uint
}

type pair struct {
	key          uint64 // left<<32 | right, plus 1; 0 marks a free slot
	rank, symbol int32
}

func newPairTable(size int) pairTable {
	bitCount := max(4, bits.Len(uint(size)*3/2))
	return pairTable{
		slots: make([]pair, 1<<bitCount),
		mult:  rand.Uint64() | 1,
		shift: 64 - uint(bitCount),
	}
}

// add enters a merge; the first for a pair counts.
func (t *pairTable) add(left, right, rank, symbol int32) {
	key := (uint64(uint32(left))<<32 | uint64(uint32(right))) + 1
	for i := key * t.mult >> t.shift; ; i = (i + 1) & uint64(len(t.slots)-1) {
		switch t.slots[i].key {
		case key:
			return
		case 0:
			t.slots[i] = pair{key, rank, symbol}
			return
		}
	}
}

func (t *pairTable) find(left, right int32) (rank, symbol int32, ok bool) {
	if left < 0 || right < 0 {
		return 0, 0, false
	}
	key := (uint64(uint32(left))<<32 | uint64(uint32(right))) + 1
	for i := key * t.mult >> t.shift; ; i = (i + 1) & uint64(len(t.slots)-1) {
		switch t.slots[i].key {
		case key:
			return t.slots[i].rank, t.slots[i].symbol, true
		case 0:
			return 0, 0, false
		}
	}
}
