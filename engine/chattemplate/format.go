package chattemplate

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxFormatWidth bounds the width and precision of one formatted field.
const maxFormatWidth = 1 << 16

// spec is how one field is formatted.
type spec struct {
	fill      rune // 0: a blank
	align     byte // < > = ^ or 0
	sign      byte // + - blank or 0
	alternate bool // #
	zero      bool
	width     int
	group     byte // , _ or 0
	precision int  // -1: none
	verb      byte // 0: none
}

// percentFormat is Python's format % values.
func (r *run) percentFormat(format, values value) value {
	s, _ := text(format)
	_, safe := format.(markup)
	var named *dict
	var vals []value
	used := 0
	switch v := values.(type) {
	case *tuple:
		vals = v.items
	case *dict:
		named = v
		vals = []value{v}
	default:
		vals = []value{v}
	}
	nextArg := func() value {
		if used >= len(vals) {
			panic(r.faultf("not enough arguments for format string"))
		}
		used++
		return vals[used-1]
	}
	r.produce(len(s))
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		i++
		if c != '%' {
			b.WriteByte(c)
			continue
		}
		r.step(1)
		at := func() byte {
			if i >= len(s) {
				panic(r.faultf("incomplete format"))
			}
			return s[i]
		}
		var v value
		if at() == '(' {
			end := strings.IndexByte(s[i:], ')')
			if end < 0 {
				panic(r.faultf("incomplete format key"))
			}
			if named == nil {
				panic(r.faultf("format requires a mapping"))
			}
			var ok bool
			if v, ok = named.getString(s[i+1 : i+end]); !ok {
				panic(r.faultf("the format names a key that is missing"))
			}
			used = len(vals)
			i += end + 1
		}
		sp := spec{precision: -1}
	flags:
		for {
			switch at() {
			case '-':
				sp.align = '<'
			case '+':
				sp.sign = '+'
			case ' ':
				if sp.sign == 0 {
					sp.sign = ' '
				}
			case '#':
				sp.alternate = true
			case '0':
				sp.zero = true
			default:
				break flags
			}
			i++
		}
		number := func() int {
			if at() == '*' {
				i++
				return r.wantInt("format width", nextArg())
			}
			n := 0
			for isDigit(at()) {
				n = min(n*10+int(s[i]-'0'), maxFormatWidth+1)
				i++
			}
			return n
		}
		sp.width = number()
		if sp.width < 0 {
			sp.align, sp.width = '<', -sp.width
		}
		if at() == '.' {
			i++
			sp.precision = max(0, number())
		}
		if c := at(); c == 'l' || c == 'h' || c == 'L' {
			i++
		}
		r.boundWidth(&sp)
		sp.verb = at()
		i++
		if sp.verb == '%' {
			b.WriteByte('%')
			continue
		}
		if v == nil {
			v = nextArg()
		}
		piece := r.percentField(v, sp)
		if _, already := v.(markup); safe && !already {
			piece = escape(piece)
		}
		r.produce(len(piece))
		b.WriteString(piece)
		r.bound(b.Len())
	}
	if used < len(vals) {
		switch values.(type) {
		case *dict, *list, *span, *undefined: // what has elements by key may go unused
		default:
			panic(r.faultf("not all arguments converted during string formatting"))
		}
	}
	if safe {
		return markup(b.String())
	}
	return b.String()
}

func (r *run) boundWidth(sp *spec) {
	if sp.width > maxFormatWidth || sp.precision > maxFormatWidth {
		panic(r.limitf("a format width of more than %d", maxFormatWidth))
	}
}

func (r *run) percentField(v value, sp spec) string {
	if sp.align == 0 {
		sp.align = '>'
	}
	switch sp.verb {
	case 's', 'r', 'a':
		var s string
		if sp.verb == 's' {
			s = r.str(v)
		} else {
			s = r.repr(v)
		}
		sp.zero = false
		return r.padField(cutRunes(s, sp.precision), sp)
	case 'c':
		if s, ok := text(v); ok {
			if utf8.RuneCountInString(s) != 1 {
				panic(r.faultf("%%c requires int or char"))
			}
			return r.padField(s, sp)
		}
		c := r.wantInt("%c", v)
		if c < 0 || c > utf8.MaxRune {
			panic(r.faultf("%%c arg not in range"))
		}
		return r.padField(string(rune(c)), sp)
	case 'd', 'i', 'u', 'x', 'X', 'o':
		if f, ok := v.(float64); ok && sp.verb != 'x' && sp.verb != 'X' && sp.verb != 'o' {
			v = r.truncate(f)
		}
		i, ok := asInt(v)
		if !ok {
			r.refuseUndefined(v)
			panic(r.faultf("%%%c format: a real number is required, not %s", sp.verb, typeName(v)))
		}
		return r.intField(i, sp)
	case 'e', 'E', 'f', 'F', 'g', 'G':
		if !isNumber(v) {
			r.refuseUndefined(v)
			panic(r.faultf("must be real number, not %s", typeName(v)))
		}
		return r.floatField(toFloat(v), sp)
	}
	panic(r.faultf("unsupported format character %q", sp.verb))
}

// truncate is Python's int(f).
func (r *run) truncate(f float64) value {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		panic(r.faultf("cannot convert float %s to integer", formatFloat(f)))
	}
	i, _ := big.NewFloat(f).Int(nil)
	return normal(i)
}

func cutRunes(s string, n int) string {
	if n < 0 {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

func (r *run) padField(s string, sp spec) string {
	return r.padNumber("", s, sp)
}

// padNumber pads sign and digits to the width; zeros go between the two.
func (r *run) padNumber(sign, digits string, sp spec) string {
	n := utf8.RuneCountInString(sign) + utf8.RuneCountInString(digits)
	pad := sp.width - n
	if pad <= 0 {
		return sign + digits
	}
	fill, align := sp.fill, sp.align
	if fill == 0 {
		fill = ' '
	}
	if sp.zero && align != '<' {
		fill, align = '0', '='
	}
	r.produce(pad)
	padding := strings.Repeat(string(fill), pad)
	switch align {
	case '<':
		return sign + digits + padding
	case '=':
		return sign + padding + digits
	case '^':
		left := string([]rune(padding)[:pad/2])
		return left + sign + digits + padding[len(left):]
	}
	return padding + sign + digits
}

func signOf(negative bool, sp spec) string {
	switch {
	case negative:
		return "-"
	case sp.sign == '+':
		return "+"
	case sp.sign == ' ':
		return " "
	}
	return ""
}

func (r *run) intField(i *big.Int, sp spec) string {
	base, prefix := 10, ""
	switch sp.verb {
	case 'x', 'X':
		base, prefix = 16, "0x"
	case 'o':
		base, prefix = 8, "0o"
	case 'b':
		base, prefix = 2, "0b"
	}
	digits := new(big.Int).Abs(i).Text(base)
	if sp.precision > len(digits) {
		digits = strings.Repeat("0", sp.precision-len(digits)) + digits
	}
	if sp.group != 0 {
		size := 3
		if base != 10 {
			size = 4
		}
		digits = group(digits, sp.group, size)
	}
	if !sp.alternate {
		prefix = ""
	}
	if sp.verb == 'X' {
		digits, prefix = strings.ToUpper(digits), strings.ToUpper(prefix)
	}
	return r.padNumber(signOf(i.Sign() < 0, sp)+prefix, digits, sp)
}

func group(digits string, sep byte, size int) string {
	var b strings.Builder
	for i := range len(digits) {
		if i > 0 && (len(digits)-i)%size == 0 {
			b.WriteByte(sep)
		}
		b.WriteByte(digits[i])
	}
	return b.String()
}

func (r *run) floatField(f float64, sp spec) string {
	verb := sp.verb | 0x20
	abs := math.Abs(f)
	precision := sp.precision
	if precision < 0 {
		precision = 6
	}
	var s string
	switch {
	case math.IsInf(f, 0):
		s = "inf"
	case math.IsNaN(f):
		s = "nan"
	case sp.verb == '%':
		s = strconv.FormatFloat(abs*100, 'f', precision, 64) + "%"
	case verb == 'e':
		s = strconv.FormatFloat(abs, 'e', precision, 64)
	case verb == 'f':
		s = strconv.FormatFloat(abs, 'f', precision, 64)
	case verb == 'g':
		s = general(abs, max(precision, 1), sp.alternate)
	default: // no verb: like g, with at least one digit after the point
		s = formatFloat(abs)
		if sp.precision >= 0 {
			s = general(abs, max(precision, 1), false)
			if !strings.ContainsAny(s, ".e") {
				s += ".0"
			}
		}
	}
	if sp.group != 0 && !math.IsInf(f, 0) && !math.IsNaN(f) {
		end := strings.IndexAny(s, ".e%")
		if end < 0 {
			end = len(s)
		}
		s = group(s[:end], sp.group, 3) + s[end:]
	}
	if sp.verb == 'E' || sp.verb == 'G' || sp.verb == 'F' {
		s = strings.ToUpper(s)
	}
	return r.padNumber(signOf(math.Signbit(f) && !math.IsNaN(f), sp), s, sp)
}

// general is C's %g with precision significant digits.
func general(f float64, precision int, alternate bool) string {
	s := strconv.FormatFloat(f, 'e', precision-1, 64)
	mantissa, exponent, _ := strings.Cut(s, "e")
	exp, _ := strconv.Atoi(exponent)
	if exp < -4 || exp >= precision {
		if !alternate && strings.ContainsRune(mantissa, '.') {
			mantissa = strings.TrimRight(strings.TrimRight(mantissa, "0"), ".")
		}
		return mantissa + "e" + exponent
	}
	s = strconv.FormatFloat(f, 'f', precision-1-exp, 64)
	if !alternate && strings.ContainsRune(s, '.') {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return s
}
