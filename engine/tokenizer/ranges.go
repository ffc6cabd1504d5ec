package tokenizer

import (
	"slices"
	"sort"
)

// runeSet is a list of code point ranges, first and last, ascending and apart.
type runeSet [][2]rune

// newRuneSet reads a character class as it stands between the brackets of a
// regular expression: single characters and ranges, no escapes.
func newRuneSet(text string) (set runeSet) {
	r := []rune(text)
	for i := 0; i < len(r); i++ {
		from, to := r[i], r[i]
		if i+2 < len(r) && r[i+1] == '-' {
			to = r[i+2]
			i += 2
		}
		set = append(set, [2]rune{from, to})
	}
	slices.SortFunc(set, func(a, b [2]rune) int { return int(a[0] - b[0]) })
	apart := set[:1]
	for _, x := range set[1:] {
		if last := &apart[len(apart)-1]; x[0] <= last[1] {
			last[1] = max(last[1], x[1])
		} else {
			apart = append(apart, x)
		}
	}
	return apart
}

func (set runeSet) has(r rune) bool {
	after := sort.Search(len(set), func(i int) bool { return set[i][0] > r })
	return after > 0 && r <= set[after-1][1]
}

// runeRun matches [set]+. White space beyond ASCII never belongs to a set: the
// reference replaces it by a vertical tab before matching code point ranges.
func runeRun(set runeSet) matcher {
	return func(s string, i int) int {
		end := 0
		for i < len(s) {
			r, n := decodeRune(s, i)
			if !set.has(r) || r > 0x7F && classOf(r) == space {
				break
			}
			i += n
			end = i
		}
		return end
	}
}

// afterSpaceRunes matches \s?[set]+
func afterSpaceRunes(set runeSet) matcher {
	m := runeRun(set)
	return func(s string, i int) int {
		if c, n := classAt(s, i); c == space && i+n < len(s) {
			if end := m(s, i+n); end > 0 {
				return end
			}
		}
		return m(s, i)
	}
}

// unspaced matches " ?[^\s set]+"
func unspaced(set runeSet) matcher {
	return func(s string, i int) int {
		if s[i] == ' ' {
			i++
		}
		end := 0
		for i < len(s) {
			r, n := decodeRune(s, i)
			if set.has(r) || classOf(r) == space {
				break
			}
			i += n
			end = i
		}
		return end
	}
}

var (
	// Blocks of CJK ideographs that Kimi K2 keeps apart from other letters.
	hanScript = newRuneSet("\u3400-\u4DBF\u4E00-\u9FFF\uF900-\uFAFF" +
		"\U00020000-\U0002A6DF\U0002A700-\U0002B73F\U0002B740-\U0002B81F" +
		"\U0002B820-\U0002CEAF\U0002CEB0-\U0002EBEF\U0002F800-\U0002FA1F")

	// Classes of the deepseek-llm and deepseek-coder tokenizers.
	deepseekLetters = newRuneSet("A-Za-z\u00B5\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u01BA\u01BC-\u01BF" +
		"\u01C4-\u0293\u0295-\u02AF\u0370-\u0373\u0376\u0377\u037B-\u037D\u037F\u0386\u0388-\u038A\u038C" +
		"\u038E-\u03A1\u03A3-\u03F5\u03F7-\u0481\u048A-\u052F\u0531-\u0556\u10A0-\u10C5\u13A0-\u13F5" +
		"\u13F8-\u13FD\u1C90-\u1CBA\u1CBD-\u1CBF\u1D00-\u1D2B\u1D6B-\u1D77\u1D79-\u1D9A\u1E00-\u1F15" +
		"\u1F18-\u1F1D\u1F20-\u1F45\u1F48-\u1F4D\u1F50-\u1F57\u1F59\u1F5B\u1F5D\u1F5F-\u1F7D\u1F80-\u1FB4" +
		"\u1FB6-\u1FBC\u1FBE\u1FC2-\u1FC4\u1FC6-\u1FCC\u1FD0-\u1FD3\u1FD6-\u1FDB\u1FE0-\u1FEC\u1FF2-\u1FF4" +
		"\u1FF6-\u1FFC\u2102\u2107\u210A-\u2113\u2115\u2119-\u211D\u2124\u2126\u2128\u212A-\u212D" +
		"\u212F-\u2134\u2139\u213C-\u213F\u2145-\u2149\u214E\u2183\u2184\u2C00-\u2C7B\u2C7E-\u2CE4" +
		"\u2CEB-\u2CEE\u2CF2\u2CF3\uA640-\uA66D\uA680-\uA69B\uA722-\uA76F\uA771-\uA787\uA78B-\uA78E" +
		"\uAB70-\uABBF\uFB00-\uFB06\uFB13-\uFB17\uFF21-\uFF3A\uFF41-\uFF5A\U00010400-\U0001044F" +
		"\U000104B0-\U000104D3\U000104D8-\U000104FB\U00010C80-\U00010CB2\U00010CC0-\U00010CF2" +
		"\U000118A0-\U000118DF\U0001E900-\U0001E943")
	deepseekPunct = newRuneSet("!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002")
	deepseekCJK   = newRuneSet("\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF")

	// Han and kana as deepseek-v3 and its descendants take them.
	hanKana = newRuneSet("\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF")

	// Scripts that the afmoe tokenizer keeps apart.
	asianScripts = newRuneSet("\u4E00-\u9FFF\u3400-\u4DBF\u8C48-\uFAFF\u3040-\u309F\u30A0-\u30FF" +
		"\uFF65-\uFF9F\u2F00-\u2FDF\u0E40-\u0E7F\u0E80-\u0EFF\u1780-\u17FF\u1000-\u109F\uAA60-\uAA7F" +
		"\uA9E0-\uA9FF\uAC00-\uD7AF\u1100-\u11FF")

	// Alternatives of the youtu tokenizer's first pass.
	youtuHangul   = newRuneSet("\uAC00-\uD7A3\u3131-\u318E")
	youtuPunct    = newRuneSet("\uFF01\u2026\u201C\u201D\u2018\u2019\u2014\uFF1A\uFF1B\uFF0C\u3001-\u303F\uFE30-\uFE4F")
	youtuBopomofo = newRuneSet("\u3105-\u312F")

	// Sentence marks at which bloom and its relatives break words; the
	// parentheses and the bar come from their expression too.
	bloomBreaks = newRuneSet("(|.,!?\u2026\u3002\uFF0C\u3001\u0964\u06D4\u060C)")
)
