package tokenizer

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"unicode/utf8"
)

// bpe is byte-pair encoding by ranked merges. Its symbols are the tokens, by
// their ids, and after them all other texts that appear in a merge, so that a
// merge may pass through a text that is no token.
//
// The vocabulary writes each byte as a printable character, its stand-in; raw
// vocabularies are written in plain UTF-8 instead.
type bpe struct {
	pre    pretokenizer
	ids    map[string]int32 // tokens by text
	more   map[string]int32 // symbols that are no tokens, by text
	size   int32            // number of tokens
	max    int              // bytes of the longest token's text
	pairs  pairTable
	bytes  [256]int32   // by byte: the symbol of its stand-in, -1 if unknown
	single [256][]int32 // by byte: what it becomes within a symbol that is no token
}

func newBPE(v *vocabulary, pre pretokenizer, merges []string) (*bpe, error) {
	if len(merges) == 0 && v.pre != "kimi-k2" {
		return nil, fmt.Errorf("tokenizer: no merges in the vocabulary; the file is damaged or was converted without them, get another copy")
	}
	b := &bpe{
		pre:   pre,
		ids:   v.ids,
		more:  map[string]int32{},
		size:  int32(len(v.texts)),
		max:   v.longest,
		pairs: newPairTable(len(merges)),
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
		symbol, ok := b.ids[string(joined)]
		if !ok {
			symbol = b.intern(string(joined))
		}
		b.pairs.add(b.intern(left), b.intern(right), int32(rank), symbol)
	}
	for c := range 256 {
		stand := string(standIn[c])
		b.bytes[c] = b.symbol(stand)
		if pre.raw {
			b.single[c] = v.lookup(byteToken(byte(c)))
			continue
		}
		for _, x := range []byte(stand) {
			b.single[c] = append(b.single[c], v.lookup(string([]byte{x}))...)
		}
	}
	return b, nil
}

// symbol returns the symbol of a text, -1 if there is none.
func (b *bpe) symbol(text string) int32 {
	if s, ok := b.ids[text]; ok {
		return s
	}
	if s, ok := b.more[text]; ok {
		return s
	}
	return -1
}

// intern returns the symbol of a text, making one if there is none.
func (b *bpe) intern(text string) int32 {
	s := b.symbol(text)
	if s < 0 {
		s = b.size + int32(len(b.more))
		b.more[text] = s
	}
	return s
}

// encode appends the tokens of a text without special tokens.
func (b *bpe) encode(s *session, text string) {
	if b.pre.marks {
		text = strings.ReplaceAll(text, " ", spaceMark)
	}
	s.split(repair(text))
}

// encodeWord appends the tokens of one piece of the pre-tokenizer.
func (b *bpe) encodeWord(s *session, word string) {
	if id, ok := b.whole(word); ok {
		s.ids = append(s.ids, id)
		return
	}
	m := &s.merger
	m.parts = m.parts[:0]
	for i := 0; i < len(word); {
		end := i + 1
		var symbol int32
		if b.pre.raw {
			end = min(i+charLen(word[i]), len(word))
			symbol = b.symbol(word[i:end])
		} else {
			symbol = b.bytes[word[i]]
		}
		m.parts = append(m.parts, part{start: int32(i), end: int32(end), symbol: symbol})
		i = end
	}
	for _, p := range m.merge(word, b) {
		if 0 <= p.symbol && p.symbol < b.size {
			s.ids = append(s.ids, p.symbol)
			continue
		}
		for _, c := range []byte(word[p.start:p.end]) {
			s.ids = append(s.ids, b.single[c]...)
		}
	}
}

// whole returns the token of a word that is not to be merged from its parts.
func (b *bpe) whole(word string) (id int32, ok bool) {
	switch {
	case len(word) > b.max:
	case b.pre.ignoreMerges:
		var space [256]byte
		text := space[:0]
		for _, c := range []byte(word) {
			text = utf8.AppendRune(text, standIn[c])
		}
		id, ok = b.ids[string(text)]
	case b.pre.wholeBreaks && word[0] == '\n':
		id, ok = b.ids[word]
	}
	return id, ok
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
