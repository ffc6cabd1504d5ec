package tokenizer

import (
	"testing"
	"unicode"
)

// stdClass is the class by the tables of the running Go release.
func stdClass(r rune) class {
	switch {
	case unicode.Is(unicode.White_Space, r):
		return space
	case unicode.Is(unicode.L, r):
		return letter
	case unicode.Is(unicode.N, r):
		return number
	case unicode.Is(unicode.M, r):
		return mark
	case unicode.Is(unicode.P, r):
		return punct
	case unicode.Is(unicode.S, r):
		return symbol
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Cs, unicode.Co):
		return control
	}
	return unassigned
}

// Characters never change their class in a way that matters here; only
// unassigned ones are assigned. So the tables may differ only where one of them
// has no character.
func TestClassesAgreeWithGo(t *testing.T) {
	differ := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		ours, std := classOf(r), stdClass(r)
		if ours == std {
			continue
		}
		differ++
		if ours != unassigned && std != unassigned {
			t.Errorf("%U is %d, in Go %d", r, ours, std)
		}
	}
	if unicode.Version == "15.0.0" && differ != 622+4+1 {
		t.Errorf("%d code points differ from Unicode 15.0, 15.1 added 627", differ)
	}
	for _, r := range []rune{-1, unicode.MaxRune + 1, 0x7fffffff} {
		if classOf(r) != unassigned {
			t.Errorf("%#x has a class", r)
		}
	}
}

func TestRepair(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"aé中😀", "aé中😀"},
		{"a\x80b", "a\uFFFDb"},
		{"\xC3", "\uFFFD"},
		{"\xE4\xB8", "\uFFFD\uFFFD"},
		{"\xE4\xB8a", "\uFFFD\uFFFDa"},
		{"\xC0\x80", "\x00"},                             // overlong
		{"\xC1\xA1", "a"},                                // overlong
		{"\xED\xA0\x80", "\xED\xA0\x80"},                 // surrogate
		{"\xF4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"}, // beyond U+10FFFF
		{"\xF8\x88\x80\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD"},
	} {
		if got := repair(c.in); got != c.want {
			t.Errorf("%q becomes %q, want %q", c.in, got, c.want)
		}
	}
}
