package tokenizer

import (
	"strings"
	"unicode/utf8"
)

//go:generate go run gen_unicode.go

// class is a set of the character classes that pre-tokenizers tell apart. They
// are the general categories of Unicode 15.1, with white space set aside; a
// character belongs to exactly one.
type class uint8

const (
	letter     class = 1 << iota // \p{L}
	number                       // \p{N}
	mark                         // \p{M}
	punct                        // \p{P}
	symbol                       // \p{S}
	space                        // \s: White_Space, which takes in all of \p{Z}
	control                      // \p{C} less the unassigned: controls, format characters, surrogates, private use
	unassigned                   // no character yet

	other   = control | unassigned                            // \p{C}
	visible = number | mark | punct | symbol | letter | other // \S
)

// classPages holds the classes of all code points in pages of 256; equal pages
// that hold a single class are shared.
var classPages, asciiClass = func() (pages [0x1100]*[256]class, ascii [128]class) {
	uniform := map[class]*[256]class{}
	for i, run := range classRuns {
		first, c := rune(run>>8), class(run)
		end := rune(utf8.MaxRune + 1)
		if i+1 < len(classRuns) {
			end = rune(classRuns[i+1] >> 8)
		}
		for r := first; r < end; {
			page := r >> 8
			if r&0xff == 0 && end-r >= 256 {
				if uniform[c] == nil {
					uniform[c] = new([256]class)
					for j := range uniform[c] {
						uniform[c][j] = c
					}
				}
				pages[page] = uniform[c]
				r += 256
				continue
			}
			if pages[page] == nil {
				pages[page] = new([256]class)
			}
			pages[page][r&0xff] = c
			r++
		}
	}
	copy(ascii[:], pages[0][:128])
	return pages, ascii
}()

// classOf returns the class of a code point.
func classOf(r rune) class {
	if uint32(r) > utf8.MaxRune {
		return unassigned
	}
	return classPages[r>>8][r&0xff]
}

// decodeRune returns the code point at s[i] and its length in bytes. It trusts
// the structure of s, which repair has established; unlike utf8.DecodeRune it
// takes an encoded surrogate for one character, as the reference does.
func decodeRune(s string, i int) (rune, int) {
	b := s[i]
	switch {
	case b < 0x80:
		return rune(b), 1
	case b < 0xE0 && i+1 < len(s):
		return rune(b&0x1F)<<6 | rune(s[i+1]&0x3F), 2
	case b < 0xF0 && i+2 < len(s):
		return rune(b&0x0F)<<12 | rune(s[i+1]&0x3F)<<6 | rune(s[i+2]&0x3F), 3
	case i+3 < len(s):
		return rune(b&0x07)<<18 | rune(s[i+1]&0x3F)<<12 | rune(s[i+2]&0x3F)<<6 | rune(s[i+3]&0x3F), 4
	}
	return utf8.RuneError, 1
}

// classAt returns the class of the character at s[i] and its length in bytes;
// beyond the end both are 0.
func classAt(s string, i int) (class, int) {
	if i >= len(s) {
		return 0, 0
	}
	if b := s[i]; b < 0x80 {
		return asciiClass[b], 1
	}
	r, n := decodeRune(s, i)
	return classOf(r), n
}

// runEnd returns the index after the longest run, starting at i, of characters
// whose class is in set.
func runEnd(s string, i int, set class) int {
	for i < len(s) {
		if b := s[i]; b < 0x80 {
			if asciiClass[b]&set == 0 {
				return i
			}
			i++
			continue
		}
		r, n := decodeRune(s, i)
		if classOf(r)&set == 0 {
			return i
		}
		i += n
	}
	return i
}

// charLen is the length of a UTF-8 character by its first byte alone; a byte
// that cannot begin one counts as a character.
func charLen(b byte) int {
	switch {
	case b < 0xC0:
		return 1
	case b < 0xE0:
		return 2
	case b < 0xF0:
		return 3
	}
	return 4
}

// repair returns s as UTF-8 that decodeRune can walk: each byte that begins no
// character becomes U+FFFD, an overlong form becomes the character it means.
// Surrogates stay, in three bytes.
func repair(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s) + 16)
	for i := 0; i < len(s); {
		r, n := lenientRune(s[i:])
		if n == 0 {
			b.WriteString("\uFFFD")
			i++
			continue
		}
		if 0xD800 <= r && r < 0xE000 {
			b.WriteString(s[i : i+n])
		} else {
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

// lenientRune decodes the character at the start of s by its bit pattern only,
// so that overlong forms and surrogates pass; the length is 0 if there is none.
func lenientRune(s string) (rune, int) {
	n := sequence(s)
	if n == 0 {
		return 0, 0
	}
	r, _ := decodeRune(s, 0)
	if r > utf8.MaxRune {
		return 0, 0
	}
	return r, n
}

// sequence is the length of the bytes at the start of s that have the bit pattern
// of a character, 0 if there is none.
func sequence(s string) int {
	n := charLen(s[0])
	if s[0] < 0x80 {
		return 1
	}
	if n == 1 || s[0] >= 0xF8 || len(s) < n {
		return 0
	}
	for _, c := range []byte(s[1:n]) {
		if c&0xC0 != 0x80 {
			return 0
		}
	}
	return n
}
