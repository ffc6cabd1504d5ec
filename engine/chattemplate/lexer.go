package chattemplate

import (
	"fmt"
	"math"
	"strings"
	"unicode"
	"unicode/utf8"
)

type tokenKind byte

const (
	tokenEOF tokenKind = iota
	tokenData
	tokenPrintBegin // {{
	tokenPrintEnd
	tokenTagBegin // {%
	tokenTagEnd
	tokenName
	tokenString
	tokenInt
	tokenFloat
	tokenOp
)

// token is a piece of template source; at is its byte offset.
type token struct {
	kind tokenKind
	text string // name, operator, or text of data and strings
	val  value  // number
	at   int
}

func (t token) describe() string {
	switch t.kind {
	case tokenEOF:
		return "end of template"
	case tokenPrintBegin:
		return "'{{'"
	case tokenPrintEnd:
		return "'}}'"
	case tokenTagBegin:
		return "'{%'"
	case tokenTagEnd:
		return "'%}'"
	case tokenString:
		return "a string"
	case tokenData:
		return "text"
	case tokenInt, tokenFloat:
		return "a number"
	}
	return "'" + clip(t.text, 40) + "'"
}

// clip shortens s to at most n bytes for a message.
func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

// isSpace tells whether Python takes the character for white space.
func isSpace(c rune) bool {
	switch {
	case c == ' ', c >= '\t' && c <= '\r', c >= 0x1c && c <= 0x1f, c == 0x85, c == 0xa0:
		return true
	case c < 0x1680:
		return false
	}
	return c == 0x1680 || c >= 0x2000 && c <= 0x200a || c == 0x2028 || c == 0x2029 || c == 0x202f || c == 0x205f || c == 0x3000
}

func isNameStart(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.Is(unicode.Nl, c) }

func isNamePart(c rune) bool {
	return isNameStart(c) || unicode.IsDigit(c) || unicode.Is(unicode.Mn, c) || unicode.Is(unicode.Mc, c) || unicode.Is(unicode.Pc, c)
}

// syntaxError is an error at a byte offset of the source.
type syntaxError struct {
	at      int
	message string
}

// lexer cuts a template into tokens. White space around tags is dropped as
// Jinja does with trim_blocks and lstrip_blocks on:
//   - a tag or comment with "-" eats all white space on that side;
//   - without a sign, a tag (not a print) eats one newline after it, and the
//     blanks before it when nothing else stands before it on its line;
//   - "+" keeps what would be eaten.
type lexer struct {
	src       string
	pos       int
	lineStart bool // the last thing matched ended a line
	tokens    []token
	open      []byte // closing brackets owed inside the current tag
}

func lex(src string) (tokens []token, err *syntaxError) {
	l := &lexer{src: src, lineStart: true}
	defer func() {
		if e := recover(); e != nil {
			var ok bool
			if err, ok = e.(*syntaxError); !ok {
				panic(e)
			}
		}
	}()
	for l.pos < len(src) {
		l.root()
	}
	l.emit(token{kind: tokenEOF, at: len(src)})
	return l.tokens, nil
}

func (l *lexer) fail(at int, format string, a ...any) {
	panic(&syntaxError{at, fmt.Sprintf(format, a...)})
}

func (l *lexer) emit(t token) { l.tokens = append(l.tokens, t) }

// to moves on to pos and notes whether a line begins there.
func (l *lexer) to(pos int) {
	l.lineStart = pos > 0 && l.src[pos-1] == '\n'
	l.pos = pos
}

func (l *lexer) skipSpace(pos int) int {
	return len(l.src) - len(strings.TrimLeftFunc(l.src[pos:], isSpace))
}

// sign reads an optional "-" or "+" at pos.
func (l *lexer) sign(pos int) (byte, int) {
	if pos < len(l.src) && (l.src[pos] == '-' || l.src[pos] == '+') {
		return l.src[pos], pos + 1
	}
	return 0, pos
}

// data emits the text from l.pos to end, which stands before a tag with sign.
func (l *lexer) data(end int, sign byte, print bool) {
	s := l.src[l.pos:end]
	switch {
	case sign == '-':
		s = strings.TrimRightFunc(s, isSpace)
	case sign != '+' && !print:
		line := strings.LastIndexByte(s, '\n') + 1
		if (line > 0 || l.lineStart) && strings.TrimLeftFunc(s[line:], isSpace) == "" {
			s = s[:line]
		}
	}
	if s != "" {
		l.emit(token{kind: tokenData, text: s, at: l.pos})
	}
}

// root reads plain text up to and including the next tag, print or comment.
func (l *lexer) root() {
	begin := l.pos
	for {
		i := strings.IndexByte(l.src[begin:], '{')
		if i < 0 || begin+i+1 >= len(l.src) {
			l.emit(token{kind: tokenData, text: l.src[l.pos:], at: l.pos})
			l.pos = len(l.src)
			return
		}
		begin += i
		if c := l.src[begin+1]; c == '%' || c == '{' || c == '#' {
			break
		}
		begin++
	}
	sign, inside := l.sign(begin + 2)
	switch l.src[begin+1] {
	case '#':
		l.data(begin, sign, false)
		l.to(inside)
		l.comment(begin)
	case '{':
		l.data(begin, sign, true)
		l.emit(token{kind: tokenPrintBegin, at: begin})
		l.to(inside)
		l.tag("}}", tokenPrintEnd)
	default:
		l.data(begin, sign, false)
		if end, ok := l.rawBegin(inside); ok {
			l.to(end)
			l.raw(begin)
			return
		}
		l.emit(token{kind: tokenTagBegin, at: begin})
		l.to(inside)
		l.tag("%}", tokenTagEnd)
	}
}

// tagEnd reports where a tag ends if one of its closing forms stands at pos.
func (l *lexer) tagEnd(pos int, end string, trim bool) (int, bool) {
	rest := l.src[pos:]
	switch {
	case strings.HasPrefix(rest, end):
		pos += len(end)
		if trim && pos < len(l.src) && l.src[pos] == '\n' {
			pos++
		}
		return pos, true
	case len(rest) > len(end) && rest[0] == '-' && strings.HasPrefix(rest[1:], end):
		return l.skipSpace(pos + 1 + len(end)), true
	case trim && len(rest) > len(end) && rest[0] == '+' && strings.HasPrefix(rest[1:], end):
		return pos + 1 + len(end), true
	}
	return 0, false
}

func (l *lexer) comment(begin int) {
	for i := l.pos; i < len(l.src); i++ {
		j := strings.IndexByte(l.src[i:], '#')
		if j < 0 {
			break
		}
		i += j
		at := i
		if at > l.pos && (l.src[at-1] == '-' || l.src[at-1] == '+') {
			at--
		}
		if end, ok := l.tagEnd(at, "#}", true); ok {
			l.to(end)
			return
		}
	}
	l.fail(begin, "this comment is never closed with '#}'")
}

// rawBegin recognises the rest of {% raw %} and gives the place after it.
func (l *lexer) rawBegin(pos int) (int, bool) {
	pos = l.skipSpace(pos)
	if !strings.HasPrefix(l.src[pos:], "raw") {
		return 0, false
	}
	pos = l.skipSpace(pos + 3)
	return l.tagEnd(pos, "%}", false)
}

func (l *lexer) raw(begin int) {
	for from := l.pos; ; {
		i := strings.Index(l.src[from:], "{%")
		if i < 0 {
			l.fail(begin, "this raw block is never closed with '{%% endraw %%}'")
		}
		at := from + i
		sign, pos := l.sign(at + 2)
		pos = l.skipSpace(pos)
		if strings.HasPrefix(l.src[pos:], "endraw") {
			if end, ok := l.tagEnd(l.skipSpace(pos+6), "%}", true); ok {
				l.data(at, sign, false)
				l.to(end)
				return
			}
		}
		from = at + 2
	}
}

var operators2 = [...]string{"**", "//", "==", "!=", ">=", "<="}

// tag reads the inside of a tag or print up to its end.
func (l *lexer) tag(end string, endKind tokenKind) {
	l.open = l.open[:0]
	for l.pos < len(l.src) {
		if len(l.open) == 0 {
			if after, ok := l.tagEnd(l.pos, end, endKind == tokenTagEnd); ok {
				l.emit(token{kind: endKind, at: l.pos})
				l.to(after)
				return
			}
		}
		c, n := utf8.DecodeRuneInString(l.src[l.pos:])
		switch {
		case isSpace(c):
			l.pos += n
		case c >= '0' && c <= '9':
			l.number()
		case isNameStart(c):
			start := l.pos
			for l.pos < len(l.src) {
				c, n := utf8.DecodeRuneInString(l.src[l.pos:])
				if !isNamePart(c) {
					break
				}
				l.pos += n
			}
			l.emit(token{kind: tokenName, text: l.src[start:l.pos], at: start})
		case c == '\'' || c == '"':
			l.str(byte(c))
		default:
			l.operator()
		}
	}
}

func (l *lexer) operator() {
	for _, op := range operators2 {
		if strings.HasPrefix(l.src[l.pos:], op) {
			l.emit(token{kind: tokenOp, text: op, at: l.pos})
			l.pos += 2
			return
		}
	}
	c := l.src[l.pos]
	if strings.IndexByte("+-/*%~[](){}><=.:|,;", c) < 0 {
		r, _ := utf8.DecodeRuneInString(l.src[l.pos:])
		l.fail(l.pos, "unexpected character %q", r)
	}
	switch c {
	case '{':
		l.open = append(l.open, '}')
	case '(':
		l.open = append(l.open, ')')
	case '[':
		l.open = append(l.open, ']')
	case '}', ')', ']':
		if len(l.open) == 0 {
			l.fail(l.pos, "'%c' closes nothing", c)
		}
		want := l.open[len(l.open)-1]
		if c != want {
			l.fail(l.pos, "'%c' where '%c' is expected", c, want)
		}
		l.open = l.open[:len(l.open)-1]
	}
	l.emit(token{kind: tokenOp, text: l.src[l.pos : l.pos+1], at: l.pos})
	l.pos++
}

// digits reads digits for which ok holds, single underscores between them.
func (l *lexer) digits(pos int, ok func(byte) bool) int {
	for pos < len(l.src) {
		switch {
		case ok(l.src[pos]):
			pos++
		case l.src[pos] == '_' && pos+1 < len(l.src) && ok(l.src[pos+1]):
			pos += 2
		default:
			return pos
		}
	}
	return pos
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func (l *lexer) number() {
	start := l.pos
	peek := func(i int) byte {
		if i < len(l.src) {
			return l.src[i]
		}
		return 0
	}
	end := l.digits(start, isDigit)
	float := false
	if start == 0 || l.src[start-1] != '.' { // x.0.1 holds integers
		p := end
		if peek(p) == '.' && isDigit(peek(p+1)) {
			p = l.digits(p+1, isDigit)
			float, end = true, p
		}
		if e := peek(p); e == 'e' || e == 'E' {
			q := p + 1
			if peek(q) == '+' || peek(q) == '-' {
				q++
			}
			if isDigit(peek(q)) {
				float, end = true, l.digits(q, isDigit)
			}
		}
	}
	if float {
		f, ok := parseFloat(l.src[start:end])
		if !ok {
			f = math.Inf(1)
		}
		l.emit(token{kind: tokenFloat, val: f, at: start})
		l.pos = end
		return
	}
	if peek(start) == '0' {
		digit := map[byte]func(byte) bool{
			'b': func(c byte) bool { return c == '0' || c == '1' },
			'o': func(c byte) bool { return c >= '0' && c <= '7' },
			'x': func(c byte) bool { return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f' },
		}[peek(start+1)|0x20]
		if digit != nil {
			if p := l.digits(start+2, digit); p > start+2 {
				end = p
			} else {
				end = start + 1
			}
		} else {
			end = l.digits(start, func(c byte) bool { return c == '0' })
		}
	}
	i, ok := parseInt(l.src[start:end], 0)
	if !ok {
		l.fail(start, "this number is too long")
	}
	l.emit(token{kind: tokenInt, val: normal(i), at: start})
	l.pos = end
}

func (l *lexer) str(quote byte) {
	start := l.pos
	for p := start + 1; p < len(l.src); p++ {
		switch l.src[p] {
		case '\\':
			p++
		case quote:
			s, bad := unescape(l.src[start+1 : p])
			if bad != "" {
				l.fail(start, "%s in this string", bad)
			}
			l.emit(token{kind: tokenString, text: s, at: start})
			l.pos = p + 1
			return
		}
	}
	l.fail(start, "this string is never closed with %c", quote)
}

// unescape resolves the escapes of a Python string literal. An unknown escape
// stays as it is written. Halves of a surrogate pair are joined; a lone one,
// which UTF-8 cannot hold, becomes U+FFFD.
func unescape(s string) (out, bad string) {
	if !strings.Contains(s, `\`) {
		return s, ""
	}
	var b strings.Builder
	high := rune(0)
	put := func(c rune) {
		if high != 0 {
			if c >= 0xdc00 && c <= 0xdfff {
				b.WriteRune((high-0xd800)<<10 + (c - 0xdc00) + 0x10000)
				high = 0
				return
			}
			b.WriteRune(utf8.RuneError)
			high = 0
		}
		if c >= 0xd800 && c <= 0xdbff {
			high = c
			return
		}
		b.WriteRune(c) // writes U+FFFD for a lone low half
	}
	for i := 0; i < len(s); {
		c, n := utf8.DecodeRuneInString(s[i:])
		i += n
		if c != '\\' || i >= len(s) {
			put(c)
			continue
		}
		c, n = utf8.DecodeRuneInString(s[i:])
		i += n
		switch c {
		case '\n':
		case '\\', '\'', '"':
			put(c)
		case 'n':
			put('\n')
		case 't':
			put('\t')
		case 'r':
			put('\r')
		case 'a':
			put('\a')
		case 'b':
			put('\b')
		case 'f':
			put('\f')
		case 'v':
			put('\v')
		case 'x', 'u', 'U':
			want := map[rune]int{'x': 2, 'u': 4, 'U': 8}[c]
			v, j := rune(0), i
			for ; j < len(s) && j < i+want; j++ {
				d := strings.IndexByte("0123456789abcdef", s[j]|0x20)
				if d < 0 || s[j] < '0' {
					break
				}
				if v = v<<4 | rune(d); v > unicode.MaxRune {
					return "", `an illegal character after \U`
				}
			}
			if j != i+want {
				return "", fmt.Sprintf(`a truncated \%c escape`, c)
			}
			i = j
			put(v)
		case 'N':
			return "", `an unsupported escape \N{name}`
		default:
			if c >= '0' && c <= '7' {
				v := c - '0'
				for k := 0; k < 2 && i < len(s) && s[i] >= '0' && s[i] <= '7'; k++ {
					v = v<<3 | rune(s[i]-'0')
					i++
				}
				put(v)
				continue
			}
			put('\\')
			switch { // Python resolves escapes on an ASCII form of the text
			case c < 0x80:
				put(c)
			case c <= 0xff:
				fmt.Fprintf(&b, "x%02x", c)
			case c <= 0xffff:
				fmt.Fprintf(&b, "u%04x", c)
			default:
				fmt.Fprintf(&b, "U%08x", c)
			}
		}
	}
	if high != 0 {
		b.WriteRune(utf8.RuneError)
	}
	return b.String(), ""
}
