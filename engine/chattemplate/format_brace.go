package chattemplate

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// braceFormat is Python's str.format.
func (r *run) braceFormat(s string, a args) value {
	r.produce(len(s))
	auto, manual := 0, false
	return r.braces(s, a, &auto, &manual, 0)
}

func (r *run) braces(s string, a args, auto *int, manual *bool, level int) string {
	if level > 2 {
		panic(r.faultf("Max string recursion exceeded"))
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		c := s[i]
		i++
		if c != '{' && c != '}' {
			b.WriteByte(c)
			continue
		}
		r.step(1)
		if i < len(s) && s[i] == c {
			b.WriteByte(c)
			i++
			continue
		}
		if c == '}' {
			panic(r.faultf("Single '}' encountered in format string"))
		}
		end, open := i, 1
		for ; end < len(s); end++ {
			if s[end] == '{' {
				open++
			} else if s[end] == '}' {
				if open--; open == 0 {
					break
				}
			}
		}
		if open > 0 {
			panic(r.faultf("expected '}' before end of string"))
		}
		piece := r.braceField(s[i:end], a, auto, manual, level)
		r.produce(len(piece))
		b.WriteString(piece)
		r.bound(b.Len())
		i = end + 1
	}
	return b.String()
}

func (r *run) braceField(field string, a args, auto *int, manual *bool, level int) string {
	name, format := field, ""
	conversion := byte(0)
	if i := strings.IndexAny(field, "!:"); i >= 0 {
		name = field[:i]
		if field[i] == '!' {
			if i+1 >= len(field) || i+2 < len(field) && field[i+2] != ':' {
				panic(r.faultf("expected ':' after conversion specifier"))
			}
			conversion = field[i+1]
			i += 2
		}
		if i < len(field) {
			format = field[i+1:]
		}
	}
	v := r.braceValue(name, a, auto, manual)
	switch conversion {
	case 's':
		v = r.str(v)
	case 'r', 'a':
		v = r.repr(v)
	case 0:
	default:
		panic(r.faultf("unknown conversion specifier %q", conversion))
	}
	if strings.ContainsAny(format, "{}") {
		format = r.braces(format, a, auto, manual, level+1)
	}
	return r.formatValue(v, format)
}

// braceValue resolves a field name like 0, key, key.attr or key[item].
func (r *run) braceValue(name string, a args, auto *int, manual *bool) value {
	end := strings.IndexAny(name, ".[")
	if end < 0 {
		end = len(name)
	}
	first, rest := name[:end], name[end:]
	var v value
	index := -1
	if first == "" {
		if *manual {
			panic(r.faultf("cannot switch from manual field specification to automatic field numbering"))
		}
		index = *auto
		*auto++
	} else if n, err := strconv.ParseUint(first, 10, 31); err == nil {
		if *auto > 0 {
			panic(r.faultf("cannot switch from automatic field numbering to manual field specification"))
		}
		*manual = true
		index = int(n)
	}
	if index >= 0 {
		if index >= len(a.pos) {
			panic(r.faultf("Replacement index %d out of range for positional args tuple", index))
		}
		v = a.pos[index]
	} else {
		r.step(len(a.kw))
		var ok bool
		if v, ok = a.keyword(first); !ok {
			panic(r.faultf("the format names an argument that is missing"))
		}
	}
	for rest != "" {
		r.step(1)
		if rest[0] == '.' {
			rest = rest[1:]
			end := strings.IndexAny(rest, ".[")
			if end < 0 {
				end = len(rest)
			}
			v = r.attribute(v, rest[:end])
			rest = rest[end:]
			continue
		}
		end := strings.IndexByte(rest, ']')
		if rest[0] != '[' || end < 2 {
			panic(r.faultf("Only '.' or '[' may follow ']' in format field specifier"))
		}
		key := rest[1:end]
		if n, err := strconv.ParseUint(key, 10, 31); err == nil {
			v = r.item(v, int64(n))
		} else {
			v = r.item(v, key)
		}
		rest = rest[end+1:]
	}
	return v
}

// formatValue is Python's format(v, format).
func (r *run) formatValue(v value, format string) string {
	if format == "" {
		return r.str(v)
	}
	sp := r.parseSpec(format)
	if s, ok := text(v); ok {
		if sp.verb != 0 && sp.verb != 's' || sp.align == '=' || sp.sign != 0 {
			panic(r.faultf("this format does not fit a string"))
		}
		if sp.zero && sp.fill == 0 {
			sp.fill = '0'
		}
		sp.zero = false
		if sp.align == 0 {
			sp.align = '<'
		}
		return r.padField(cutRunes(s, sp.precision), sp)
	}
	if !isNumber(v) {
		panic(r.faultf("unsupported format string passed to %s.__format__", typeName(v)))
	}
	if sp.align == 0 {
		sp.align = '>'
	} else {
		sp.zero = false
	}
	switch v.(type) {
	case float64:
	default:
		i, _ := asInt(v)
		switch sp.verb {
		case 0, 'd', 'n', 'x', 'X', 'o', 'b':
			if sp.precision >= 0 {
				panic(r.faultf("Precision not allowed in integer format specifier"))
			}
			return r.intField(i, sp)
		case 'c':
			return r.percentField(v, sp)
		}
	}
	switch sp.verb {
	case 0, 'e', 'E', 'f', 'F', 'g', 'G', '%':
		return r.floatField(toFloat(v), sp)
	}
	panic(r.faultf("Unknown format code %q for object of type '%s'", sp.verb, typeName(v)))
}

// parseSpec reads [[fill]align][sign][#][0][width][group][.precision][verb].
func (r *run) parseSpec(format string) spec {
	sp := spec{precision: -1}
	c, n := utf8.DecodeRuneInString(format)
	isAlign := func(i int) bool { return i < len(format) && strings.IndexByte("<>=^", format[i]) >= 0 }
	i := 0
	if isAlign(n) {
		sp.fill, sp.align = c, format[n]
		i = n + 1
	} else if isAlign(0) {
		sp.align = format[0]
		i = 1
	}
	peek := func() byte {
		if i < len(format) {
			return format[i]
		}
		return 0
	}
	if c := peek(); c == '+' || c == '-' || c == ' ' {
		sp.sign = c
		i++
	}
	if peek() == '#' {
		sp.alternate = true
		i++
	}
	if peek() == '0' {
		sp.zero = true
		i++
	}
	number := func() int {
		n := 0
		for isDigit(peek()) {
			n = min(n*10+int(peek()-'0'), maxFormatWidth+1)
			i++
		}
		return n
	}
	sp.width = number()
	if c := peek(); c == ',' || c == '_' {
		sp.group = c
		i++
	}
	if peek() == '.' {
		i++
		if !isDigit(peek()) {
			panic(r.faultf("Format specifier missing precision"))
		}
		sp.precision = number()
	}
	r.boundWidth(&sp)
	if i < len(format) {
		sp.verb = format[i]
		i++
	}
	if i < len(format) {
		panic(r.faultf("Invalid format specifier"))
	}
	return sp
}
