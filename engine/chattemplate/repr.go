package chattemplate

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// str is Python's str(v): what a print shows.
func (r *run) str(v value) string {
	switch v := v.(type) {
	case string:
		return v
	case markup:
		return string(v)
	case *undefined:
		return ""
	}
	return r.repr(v)
}

// repr is Python's repr(v).
func (r *run) repr(v value) string {
	var b strings.Builder
	r.writeRepr(&b, v)
	return b.String()
}

func (r *run) writeRepr(b *strings.Builder, v value) {
	r.enter()
	defer r.leave()
	r.step(1)
	r.bound(b.Len())
	switch v := v.(type) {
	case none:
		b.WriteString("None")
	case bool:
		if v {
			b.WriteString("True")
		} else {
			b.WriteString("False")
		}
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(formatFloat(v))
	case string:
		r.produce(len(v))
		quote(b, v)
	case markup:
		r.produce(len(v))
		b.WriteString("Markup(")
		quote(b, string(v))
		b.WriteByte(')')
	case *list:
		b.WriteByte('[')
		r.writeItems(b, v.items)
		b.WriteByte(']')
	case *tuple:
		b.WriteByte('(')
		r.writeItems(b, v.items)
		if len(v.items) == 1 {
			b.WriteByte(',')
		}
		b.WriteByte(')')
	case *dict:
		b.WriteByte('{')
		for i, k := range v.keys {
			if i > 0 {
				b.WriteString(", ")
			}
			r.writeRepr(b, k)
			b.WriteString(": ")
			r.writeRepr(b, v.vals[i])
		}
		b.WriteByte('}')
	case *view:
		b.WriteString(typeName(v) + "([")
		for i := range v.of.len() {
			if i > 0 {
				b.WriteString(", ")
			}
			r.writeRepr(b, v.at(i))
		}
		b.WriteString("])")
	case *span:
		fmt.Fprintf(b, "range(%d, %d", v.start, v.stop)
		if v.step != 1 {
			fmt.Fprintf(b, ", %d", v.step)
		}
		b.WriteByte(')')
	case *undefined:
		b.WriteString("Undefined")
	case *namespace:
		b.WriteString("<Namespace ")
		r.writeRepr(b, v.attrs)
		b.WriteByte('>')
	case *macro:
		if v.def.name == "" {
			b.WriteString("<Macro anonymous>")
		} else {
			b.WriteString("<Macro ")
			quote(b, v.def.name)
			b.WriteByte('>')
		}
	case *loop:
		fmt.Fprintf(b, "<LoopContext %d/%d>", v.index0+1, v.length(r))
	case *function:
		b.WriteString("<function " + v.name + ">")
	default:
		b.WriteString("<" + typeName(v) + " object>")
	}
}

func (r *run) writeItems(b *strings.Builder, items []value) {
	for i, item := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		r.writeRepr(b, item)
	}
}

// quote writes s as a Python string literal.
func quote(b *strings.Builder, s string) {
	q := byte('\'')
	if strings.IndexByte(s, '\'') >= 0 && strings.IndexByte(s, '"') < 0 {
		q = '"'
	}
	b.WriteByte(q)
	for _, c := range s {
		switch {
		case c == rune(q) || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(b, `\x%02x`, c)
		case c < 0x7f || unicode.IsPrint(c):
			b.WriteRune(c)
		case c <= 0xff:
			fmt.Fprintf(b, `\x%02x`, c)
		case c <= 0xffff:
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			fmt.Fprintf(b, `\U%08x`, c)
		}
	}
	b.WriteByte(q)
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "'", "&#39;", `"`, "&#34;")

// escape makes s safe inside HTML.
func escape(s string) string { return escapes.Replace(s) }

// upper and lower are Python's full case mappings, which may change the length.
func upper(s string) string {
	if isASCII(s) {
		return strings.ToUpper(s)
	}
	var b strings.Builder
	for _, c := range s {
		if full, ok := fullUpper[c]; ok {
			b.WriteString(full)
		} else {
			b.WriteRune(unicode.ToUpper(c))
		}
	}
	return b.String()
}

// fullUpper holds the characters with an upper case of more than one character
// that occur in running text: ß, Latin ligatures, Armenian ones and letters
// with marks that have no single upper case.
var fullUpper = map[rune]string{
	'ß': "SS", 'ŉ': "ʼN", 'ǰ': "J̌", 'ΐ': "Ϊ́", 'ΰ': "Ϋ́", 'և': "ԵՒ",
	'ẖ': "H̱", 'ẗ': "T̈", 'ẘ': "W̊", 'ẙ': "Y̊", 'ẚ': "Aʾ",
	'ﬀ': "FF", 'ﬁ': "FI", 'ﬂ': "FL", 'ﬃ': "FFI", 'ﬄ': "FFL", 'ﬅ': "ST", 'ﬆ': "ST",
	'ﬓ': "ՄՆ", 'ﬔ': "ՄԵ", 'ﬕ': "ՄԻ", 'ﬖ': "ՎՆ", 'ﬗ': "ՄԽ",
}

func lower(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	var b strings.Builder
	before := rune(0) // the last letter, 0 after anything else
	for i, c := range s {
		switch {
		case c == 'İ':
			b.WriteString("i̇")
		case c == 'Σ' && before != 0 && !letterFollows(s[i+len("Σ"):]):
			b.WriteRune('ς') // sigma at the end of a word
		default:
			b.WriteRune(unicode.ToLower(c))
		}
		if unicode.IsLetter(c) {
			before = c
		} else if !unicode.Is(unicode.Mn, c) && c != '\'' && c != '.' && c != ':' && c != '’' {
			before = 0
		}
	}
	return b.String()
}

func letterFollows(s string) bool {
	for _, c := range s {
		if unicode.IsLetter(c) {
			return true
		}
		if !unicode.Is(unicode.Mn, c) && c != '\'' && c != '.' && c != ':' && c != '’' {
			return false
		}
	}
	return false
}

// capitalize makes the first character upper case and the rest lower case.
func capitalize(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	first := s[:n]
	if full, ok := fullUpper[firstRune(first)]; ok {
		if head := firstRune(full); unicode.IsUpper(head) { // not so in ʼN
			full = string(head) + lower(full[utf8.RuneLen(head):])
		}
		first = full
	} else {
		first = strings.ToTitle(first)
	}
	return first + lower(s[n:])
}

func firstRune(s string) rune {
	c, _ := utf8.DecodeRuneInString(s)
	return c
}

// splitLines cuts s at every line end that Python's str.splitlines knows.
func splitLines(s string, keepEnds bool) []string {
	var out []string
	start := 0
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		end := i
		i += n
		switch c {
		case '\r':
			if i < len(s) && s[i] == '\n' {
				i++
			}
		case '\n', '\v', '\f', 0x1c, 0x1d, 0x1e, 0x85, 0x2028, 0x2029:
		default:
			continue
		}
		if keepEnds {
			end = i
		}
		out = append(out, s[start:end])
		start = i
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}
