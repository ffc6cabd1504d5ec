package tokenizer

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// charsmap is SentencePiece's table of what a text is normalised by: it replaces
// the longest key that begins the text by another text. GGUF carries it as
// SentencePiece compiles it: four bytes of size, a double array of so many
// bytes, and the replacements, each ended by a zero byte.
//
// In the double array an entry's bits 0–7 and 31 are the byte that leads to it,
// bit 8 says that a key ends there, bits 10–30, eight bits higher if bit 9 is
// set, are what its children's places are computed from. The place of the entry
// that holds a key's value is the one that the byte 0 leads to; the value is the
// offset of the replacement.
type charsmap struct {
	entries      []uint32
	replacements string
	begins       [256]bool // bytes that a key begins with
	beginsASCII  [256]bool // bytes that a key of ASCII begins with
}

const charsmapAdvice = "the file is damaged, get another copy"

// newCharsmap reads and checks a table; nil means none.
func newCharsmap(data []byte) (*charsmap, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if len(data) < 4 {
		return nil, fmt.Errorf("tokenizer: precompiled_charsmap has %d bytes; %s", len(data), charsmapAdvice)
	}
	size := uint64(binary.LittleEndian.Uint32(data))
	if size%4 != 0 || size+4 >= uint64(len(data)) {
		return nil, fmt.Errorf("tokenizer: precompiled_charsmap has %d bytes, its table alone is said to have %d; %s", len(data), size, charsmapAdvice)
	}
	if size == 0 {
		return nil, nil // a table without keys
	}
	m := &charsmap{entries: make([]uint32, size/4), replacements: string(data[4+size:])}
	for i := range m.entries {
		m.entries[i] = binary.LittleEndian.Uint32(data[4+4*i:])
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	return m, nil
}

// base is what the children's places of an entry are computed from.
func base(entry uint32) uint32 { return entry >> 10 << (entry & (1 << 9) >> 6) }

// step returns the place that a byte leads to from a place's children, and
// whether there is such an entry.
func (m *charsmap) step(children uint32, c byte) (place uint32, ok bool) {
	place = children ^ uint32(c)
	return place, place < uint32(len(m.entries)) && m.entries[place]&(1<<31|0xFF) == uint32(c)
}

// check walks the whole table, so that a lookup need not look for what is wrong:
// every value is the place of a replacement that ends, and no key goes on for
// ever.
func (m *charsmap) check() error {
	fail := func(problem string) error {
		return fmt.Errorf("tokenizer: precompiled_charsmap: %s; %s", problem, charsmapAdvice)
	}
	if !strings.HasSuffix(m.replacements, "\x00") {
		return fail("its last replacement does not end")
	}
	// Keys share their ends, so an entry may be reached in several ways; it is
	// walked from once. Nothing that is still being walked may be reached again.
	const (
		open = 1 + iota
		done
	)
	state := make([]byte, len(m.entries))
	state[0] = open
	type position struct {
		entry    uint32
		children uint32
		next     int // the byte to try next
	}
	root := base(m.entries[0])
	path := []position{{0, root, 1}}
	for len(path) > 0 {
		p := &path[len(path)-1]
		if p.next > 255 {
			state[p.entry] = done
			path = path[:len(path)-1]
			continue
		}
		c := byte(p.next)
		p.next++
		place, ok := m.step(p.children, c)
		if !ok {
			continue
		}
		if len(path) == 1 {
			m.begins[c] = true
			m.beginsASCII[c] = m.entries[place]&(1<<8) != 0
			for next := byte(1); next < utf8.RuneSelf; next++ {
				_, ok := m.step(place^base(m.entries[place]), next)
				m.beginsASCII[c] = m.beginsASCII[c] || ok
			}
		}
		switch state[place] {
		case open:
			return fail("a key has no end")
		case done:
			continue
		}
		if len(path) > maxCharsmapKey {
			return fail("a key is too long")
		}
		state[place] = open
		entry := m.entries[place]
		children := place ^ base(entry)
		if entry&(1<<8) != 0 {
			if children >= uint32(len(m.entries)) {
				return fail("a key's value lies outside the table")
			}
			if at := m.entries[children] &^ (1 << 31); at >= uint32(len(m.replacements)) {
				return fail("a replacement lies outside the table")
			}
		}
		path = append(path, position{place, children, 1})
	}
	return nil
}

// maxCharsmapKey bounds the bytes of a key; those of real tables have up to 30.
const maxCharsmapKey = 256

// find returns the replacement of the longest key that begins s, and the key's
// size, 0 if there is none.
func (m *charsmap) find(s string) (replacement string, size int) {
	children := base(m.entries[0])
	value := uint32(0)
	for i := 0; i < min(len(s), maxCharsmapKey) && s[i] != 0; i++ {
		place, ok := m.step(children, s[i])
		if !ok {
			break
		}
		entry := m.entries[place]
		children = place ^ base(entry)
		if entry&(1<<8) != 0 {
			size = i + 1
			value = m.entries[children] &^ (1 << 31)
		}
	}
	if size == 0 {
		return "", 0
	}
	replacement = m.replacements[value:]
	return replacement[:strings.IndexByte(replacement, 0)], size
}
