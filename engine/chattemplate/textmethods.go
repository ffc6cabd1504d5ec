package chattemplate

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// callTextMethod calls a string method. Methods of a string marked safe give
// strings marked safe.
func (r *run) callTextMethod(m textMethod, name, s string, safe bool, a args) value {
	if safe && (name == "replace" || name == "join") {
		a = r.escapeArgs(a)
	}
	v := m(r, s, a)
	if safe {
		return marked(v)
	}
	return v
}

func (r *run) escapeArgs(a args) args {
	esc := func(v value) value {
		switch v := v.(type) {
		case string:
			r.produce(len(v))
			return markup(escape(v))
		case *list:
			var out []value
			for _, item := range v.items {
				if s, ok := item.(string); ok {
					r.produce(len(s))
					item = markup(escape(s))
				}
				out = append(out, item)
			}
			return &list{out}
		}
		return v
	}
	var out args
	for _, v := range a.pos {
		out.pos = append(out.pos, esc(v))
	}
	for _, k := range a.kw {
		out.kw = append(out.kw, kwarg{k.name, esc(k.v)})
	}
	return out
}

func marked(v value) value {
	switch v := v.(type) {
	case string:
		return markup(v)
	case *list:
		for i, item := range v.items {
			v.items[i] = marked(item)
		}
	case *tuple:
		for i, item := range v.items {
			v.items[i] = marked(item)
		}
	}
	return v
}

type textMethod func(r *run, s string, a args) value

// plain is a method without arguments that makes a new string.
func plain(name string, f func(string) string) textMethod {
	return func(r *run, s string, a args) value {
		r.bind(name, a)
		r.produce(len(s))
		out := f(s)
		r.bound(len(out))
		return out
	}
}

// asks is a method without arguments that holds if the string is not empty and
// ok holds for every character.
func asks(name string, ok func(rune) bool) textMethod {
	return func(r *run, s string, a args) value {
		r.bind(name, a)
		r.scan(len(s))
		for _, c := range s {
			if !ok(c) {
				return false
			}
		}
		return s != ""
	}
}

// isCased holds if at least one letter has case and every one has the wanted.
func isCased(s string, wanted, other func(rune) bool) bool {
	some := false
	for _, c := range s {
		if other(c) || unicode.IsTitle(c) {
			return false
		}
		some = some || wanted(c)
	}
	return some
}

func stripper(name string, cut func(string, func(rune) bool) string) textMethod {
	return func(r *run, s string, a args) value {
		return r.strip(name, s, r.bind(name, a, "chars")[0], cut)
	}
}

func (r *run) strip(name, s string, chars value, cut func(string, func(rune) bool) string) string {
	if chars == nil {
		return cut(s, isSpace)
	}
	if _, ok := chars.(none); ok {
		return cut(s, isSpace)
	}
	set := map[rune]bool{}
	list := r.wantText(name, chars)
	r.step(len(list))
	for _, c := range list {
		set[c] = true
	}
	r.scan(len(s))
	return cut(s, func(c rune) bool { return set[c] })
}

func affix(name string, has func(string, string) bool) textMethod {
	return func(r *run, s string, a args) value {
		b := r.bind(name, a, "affix!", "start", "stop")
		s, ok := r.substring(name, s, b[1], b[2])
		if !ok {
			return false
		}
		if t, ok := b[0].(*tuple); ok {
			for _, v := range t.items {
				r.step(1)
				if has(s, r.wantText(name, v)) {
					return true
				}
			}
			return false
		}
		return has(s, r.wantText(name, b[0]))
	}
}

// substring is s[start:stop] with optional bounds; ok is false where start lies
// behind the end or behind stop.
func (r *run) substring(name, s string, start, stop value) (string, bool) {
	if start == nil && stop == nil {
		return s, true
	}
	n, _ := r.length(s)
	if start != nil {
		if _, isNone := start.(none); !isNone && r.wantInt(name, start) > n {
			return "", false
		}
	}
	from, to := r.window(name, start, stop, n)
	if from > to {
		return "", false
	}
	return r.slice(s, &from, &to, nil).(string), true
}

// finder is find, rfind, index or rindex.
func finder(name string, find func(string, string) int, must bool) textMethod {
	return func(r *run, s string, a args) value {
		b := r.bind(name, a, "sub!", "start", "stop")
		sub := r.wantText(name, b[0])
		r.scan(len(s))
		part, ok := r.substring(name, s, b[1], b[2])
		if ok {
			if i := find(part, sub); i >= 0 {
				n, _ := r.length(s)
				from, _ := r.window(name, b[1], nil, n)
				return int64(utf8.RuneCountInString(part[:i]) + from)
			}
		}
		if must {
			panic(r.faultf("substring not found"))
		}
		return int64(-1)
	}
}

func (r *run) stringsList(parts []string) value {
	r.step(len(parts))
	l := &list{make([]value, len(parts))}
	for i, p := range parts {
		l.items[i] = p
	}
	return l
}

func splitter(name string, right bool) textMethod {
	return func(r *run, s string, a args) value {
		b := r.bind(name, a, "sep", "maxsplit")
		limit := -1
		if b[1] != nil {
			limit = r.wantInt(name, b[1])
		}
		r.scan(len(s))
		if _, isNone := orNone(b[0]).(none); isNone {
			return r.stringsList(splitSpace(s, limit, right))
		}
		sep := r.wantText(name, b[0])
		if sep == "" {
			panic(r.faultf("empty separator"))
		}
		r.step(strings.Count(s, sep))
		switch {
		case limit < 0:
			return r.stringsList(strings.Split(s, sep))
		case !right:
			return r.stringsList(strings.SplitN(s, sep, min(limit, len(s))+1))
		}
		var parts []string
		for ; limit > 0; limit-- {
			i := strings.LastIndex(s, sep)
			if i < 0 {
				break
			}
			r.step(1)
			parts = append(parts, s[i+len(sep):])
			s = s[:i]
		}
		parts = append(parts, s)
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
		return r.stringsList(parts)
	}
}

// splitSpace cuts s at runs of white space, at most limit times if limit >= 0,
// counted from the right if wanted.
func splitSpace(s string, limit int, right bool) []string {
	if limit < 0 {
		return strings.FieldsFunc(s, isSpace)
	}
	var parts []string
	if right {
		for s = strings.TrimRightFunc(s, isSpace); s != ""; s = strings.TrimRightFunc(s, isSpace) {
			i := strings.LastIndexFunc(s, isSpace)
			if len(parts) == limit || i < 0 {
				parts = append(parts, s)
				break
			}
			_, n := utf8.DecodeRuneInString(s[i:])
			parts = append(parts, s[i+n:])
			s = s[:i]
		}
		for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
			parts[i], parts[j] = parts[j], parts[i]
		}
		return parts
	}
	for s = strings.TrimLeftFunc(s, isSpace); s != ""; s = strings.TrimLeftFunc(s, isSpace) {
		i := strings.IndexFunc(s, isSpace)
		if len(parts) == limit || i < 0 {
			return append(parts, s)
		}
		parts = append(parts, s[:i])
		s = s[i:]
	}
	return parts
}

func partition(name string, right bool) textMethod {
	return func(r *run, s string, a args) value {
		sep := r.wantText(name, r.bind(name, a, "sep!")[0])
		if sep == "" {
			panic(r.faultf("empty separator"))
		}
		r.scan(len(s))
		i := strings.Index(s, sep)
		if right {
			i = strings.LastIndex(s, sep)
		}
		switch {
		case i >= 0:
			return &tuple{[]value{s[:i], sep, s[i+len(sep):]}}
		case right:
			return &tuple{[]value{"", "", s}}
		}
		return &tuple{[]value{s, "", ""}}
	}
}

// padder fills up to a width; share gives how much of the padding goes left.
func padder(name string, share func(pad, width int) int) textMethod {
	return func(r *run, s string, a args) value {
		b := r.bind(name, a, "width!", "fill")
		fill := " "
		if b[1] != nil {
			fill = r.wantText(name, b[1])
			if utf8.RuneCountInString(fill) != 1 {
				panic(r.faultf("the fill character must be exactly one character long"))
			}
		}
		return r.pad(s, r.wantInt(name, b[0]), fill, share)
	}
}

func (r *run) pad(s string, width int, fill string, share func(pad, width int) int) string {
	n, _ := r.length(s)
	pad := width - n
	if pad <= 0 {
		return s
	}
	r.produce(min(pad, r.limits.OutputBytes+1)*len(fill) + len(s))
	left := share(pad, width)
	return strings.Repeat(fill, left) + s + strings.Repeat(fill, pad-left)
}

func padLeft(pad, _ int) int { return pad }
func padRight(int, int) int  { return 0 }
func padBoth(pad, w int) int { return pad/2 + pad&w&1 }

func (r *run) replace(s, old, new string, limit int) string {
	r.scan(len(s))
	n := strings.Count(s, old)
	if limit >= 0 {
		n = min(n, limit)
	}
	r.produce64(int64(len(s)) + int64(n)*int64(len(new)-len(old)))
	r.step(n)
	return strings.Replace(s, old, new, limit)
}

func (r *run) join(sep string, items value) string {
	next := r.iterate(items)
	var b strings.Builder
	for i := 0; ; i++ {
		v, ok := next()
		if !ok {
			r.produce(b.Len())
			return b.String()
		}
		s, ok := text(v)
		if !ok {
			panic(r.faultf("sequence item %d: expected str instance, %s found", i, typeName(v)))
		}
		if i > 0 {
			b.WriteString(sep)
		}
		b.WriteString(s)
		r.step((len(s) + len(sep)) / producePerStep)
		r.bound(b.Len())
	}
}

func swapCase(s string) string {
	var b strings.Builder
	for _, c := range s {
		switch {
		case unicode.IsUpper(c):
			b.WriteString(lower(string(c)))
		case unicode.IsLower(c):
			b.WriteString(upper(string(c)))
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// titleCase makes the first letter of every run of letters upper case.
func titleCase(s string) string {
	var b strings.Builder
	inWord := false
	for _, c := range s {
		if inWord {
			b.WriteString(lower(string(c)))
		} else {
			b.WriteString(capitalize(string(c)))
		}
		inWord = unicode.IsUpper(c) || unicode.IsLower(c) || unicode.IsTitle(c)
	}
	return b.String()
}

func isTitleCase(s string) bool {
	some, inWord := false, false
	for _, c := range s {
		switch {
		case unicode.IsUpper(c) || unicode.IsTitle(c):
			if inWord {
				return false
			}
			some, inWord = true, true
		case unicode.IsLower(c):
			if !inWord {
				return false
			}
			some = true
		default:
			inWord = false
		}
	}
	return some
}

func isIdentifier(s string) bool {
	for i, c := range s {
		if i == 0 && !isNameStart(c) || !isNamePart(c) {
			return false
		}
	}
	return s != ""
}

var textMethods map[string]textMethod

func init() { // the table refers to functions that refer to the table
	textMethods = map[string]textMethod{
		"upper":      plain("upper", upper),
		"lower":      plain("lower", lower),
		"casefold":   plain("casefold", func(s string) string { return strings.ReplaceAll(lower(s), "ß", "ss") }),
		"capitalize": plain("capitalize", capitalize),
		"title":      plain("title", titleCase),
		"swapcase":   plain("swapcase", swapCase),
		"strip":      stripper("strip", strings.TrimFunc),
		"lstrip":     stripper("lstrip", strings.TrimLeftFunc),
		"rstrip":     stripper("rstrip", strings.TrimRightFunc),
		"startswith": affix("startswith", strings.HasPrefix),
		"endswith":   affix("endswith", strings.HasSuffix),
		"find":       finder("find", strings.Index, false),
		"rfind":      finder("rfind", strings.LastIndex, false),
		"index":      finder("index", strings.Index, true),
		"rindex":     finder("rindex", strings.LastIndex, true),
		"split":      splitter("split", false),
		"rsplit":     splitter("rsplit", true),
		"partition":  partition("partition", false),
		"rpartition": partition("rpartition", true),
		"center":     padder("center", padBoth),
		"ljust":      padder("ljust", padRight),
		"rjust":      padder("rjust", padLeft),
		"isspace":    asks("isspace", isSpace),
		"isalpha":    asks("isalpha", unicode.IsLetter),
		"isdigit":    asks("isdigit", func(c rune) bool { return unicode.IsDigit(c) || strings.ContainsRune("²³¹", c) }),
		"isdecimal":  asks("isdecimal", unicode.IsDigit),
		"isnumeric":  asks("isnumeric", unicode.IsNumber),
		"isalnum":    asks("isalnum", func(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) }),
		"isprintable": func(r *run, s string, a args) value {
			return s == "" || asks("isprintable", unicode.IsPrint)(r, s, a).(bool)
		},
		"isascii": func(r *run, s string, a args) value {
			r.bind("isascii", a)
			r.scan(len(s))
			return isASCII(s)
		},
		"isupper": func(r *run, s string, a args) value {
			r.bind("isupper", a)
			r.scan(len(s))
			return isCased(s, unicode.IsUpper, unicode.IsLower)
		},
		"islower": func(r *run, s string, a args) value {
			r.bind("islower", a)
			r.scan(len(s))
			return isCased(s, unicode.IsLower, unicode.IsUpper)
		},
		"istitle": func(r *run, s string, a args) value {
			r.bind("istitle", a)
			r.scan(len(s))
			return isTitleCase(s)
		},
		"isidentifier": func(r *run, s string, a args) value {
			r.bind("isidentifier", a)
			r.scan(len(s))
			return isIdentifier(s)
		},
		"splitlines": func(r *run, s string, a args) value {
			keep := r.bind("splitlines", a, "keepends")[0]
			r.produce(len(s))
			return r.stringsList(splitLines(s, keep != nil && truth(keep)))
		},
		"replace": func(r *run, s string, a args) value {
			b := r.bind("replace", a, "old!", "new!", "count")
			limit := -1
			if b[2] != nil {
				limit = r.wantInt("replace", b[2])
			}
			return r.replace(s, r.wantText("replace", b[0]), r.wantText("replace", b[1]), limit)
		},
		"count": func(r *run, s string, a args) value {
			b := r.bind("count", a, "sub!", "start", "stop")
			s, ok := r.substring("count", s, b[1], b[2])
			r.scan(len(s))
			if !ok {
				return int64(0)
			}
			return int64(strings.Count(s, r.wantText("count", b[0])))
		},
		"join": func(r *run, s string, a args) value {
			return r.join(s, r.bind("join", a, "iterable!")[0])
		},
		"removeprefix": func(r *run, s string, a args) value {
			return strings.TrimPrefix(s, r.wantText("removeprefix", r.bind("removeprefix", a, "prefix!")[0]))
		},
		"removesuffix": func(r *run, s string, a args) value {
			return strings.TrimSuffix(s, r.wantText("removesuffix", r.bind("removesuffix", a, "suffix!")[0]))
		},
		"zfill": func(r *run, s string, a args) value {
			width := r.wantInt("zfill", r.bind("zfill", a, "width!")[0])
			sign := ""
			if s != "" && (s[0] == '-' || s[0] == '+') {
				sign, s = s[:1], s[1:]
			}
			return sign + r.pad(s, width-len(sign), "0", padLeft)
		},
		"expandtabs": func(r *run, s string, a args) value {
			b := r.bind("expandtabs", a, "tabsize")
			size := 8
			if b[0] != nil {
				size = r.wantInt("expandtabs", b[0])
			}
			return r.expandTabs(s, size)
		},
		"format": func(r *run, s string, a args) value { return r.braceFormat(s, a) },
		"format_map": func(r *run, s string, a args) value {
			d, ok := r.bind("format_map", a, "mapping!")[0].(*dict)
			if !ok {
				panic(r.faultf("format_map needs a mapping"))
			}
			var named args
			for i, k := range d.keys {
				if name, ok := text(k); ok {
					named.kw = append(named.kw, kwarg{name, d.vals[i]})
				}
			}
			return r.braceFormat(s, named)
		},
	}
}

func (r *run) expandTabs(s string, size int) string {
	r.produce(len(s))
	var b strings.Builder
	column := 0
	for _, c := range s {
		switch c {
		case '\t':
			if size > 0 {
				n := size - column%size
				r.produce(n)
				b.WriteString(strings.Repeat(" ", n))
				column += n
			}
		case '\n', '\r':
			b.WriteRune(c)
			column = 0
		default:
			b.WriteRune(c)
			column++
		}
		r.bound(b.Len())
	}
	return b.String()
}
