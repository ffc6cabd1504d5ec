package chattemplate

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode"
)

// A filter makes v|NAME(…).
type filterFunc func(r *run, v value, a args) value

var filters map[string]filterFunc

func init() { // the table refers to functions that refer to the table
	filters = map[string]filterFunc{
		"abs":            filterAbs,
		"attr":           filterAttr,
		"batch":          filterBatch,
		"capitalize":     textFilter("capitalize"),
		"center":         filterCenter,
		"count":          filterLength,
		"d":              filterDefault,
		"default":        filterDefault,
		"dictsort":       filterDictSort,
		"e":              filterEscape,
		"escape":         filterEscape,
		"filesizeformat": filterFileSize,
		"first":          filterFirst,
		"float":          filterFloat,
		"forceescape":    filterForceEscape,
		"format":         filterFormat,
		"from_json":      filterFromJSON,
		"fromjson":       filterFromJSON,
		"groupby":        filterGroupBy,
		"indent":         filterIndent,
		"int":            filterInt,
		"items":          filterItems,
		"join":           filterJoin,
		"last":           filterLast,
		"length":         filterLength,
		"list":           filterList,
		"lower":          textFilter("lower"),
		"map":            filterMap,
		"max":            extreme("max", 1),
		"min":            extreme("min", -1),
		"reject":         selecting("reject", false, false),
		"rejectattr":     selecting("rejectattr", true, false),
		"replace":        filterReplace,
		"reverse":        filterReverse,
		"round":          filterRound,
		"safe":           filterSafe,
		"select":         selecting("select", false, true),
		"selectattr":     selecting("selectattr", true, true),
		"slice":          filterSlice,
		"sort":           filterSort,
		"string":         filterString,
		"sum":            filterSum,
		"title":          filterTitle,
		"tojson":         filterToJSON,
		"trim":           filterTrim,
		"truncate":       filterTruncate,
		"unique":         filterUnique,
		"upper":          textFilter("upper"),
		"urlencode":      filterURLEncode,
		"wordcount":      filterWordCount,
	}
}

// softText is the string in v, or its printed form; safe tells if it is marked.
func (r *run) softText(v value) (s string, safe bool) {
	if m, ok := v.(markup); ok {
		return string(m), true
	}
	return r.str(v), false
}

// textFilter is a filter that is the string method of the same name.
func textFilter(name string) filterFunc {
	return func(r *run, v value, a args) value {
		s, safe := r.softText(v)
		return r.callTextMethod(textMethods[name], name, s, safe, a)
	}
}

func filterString(r *run, v value, a args) value {
	r.bind("string", a)
	if _, ok := text(v); ok {
		return v
	}
	return r.str(v)
}

func filterSafe(r *run, v value, a args) value {
	r.bind("safe", a)
	return markup(r.str(v))
}

func filterEscape(r *run, v value, a args) value {
	r.bind("escape", a)
	if m, ok := v.(markup); ok {
		return m
	}
	return filterForceEscape(r, v, args{})
}

func filterForceEscape(r *run, v value, a args) value {
	r.bind("forceescape", a)
	s := r.str(v)
	r.produce(len(s))
	return markup(escape(s))
}

func filterTrim(r *run, v value, a args) value {
	chars := r.bind("trim", a, "chars")[0]
	s, safe := r.softText(v)
	s = r.strip("trim", s, chars, strings.TrimFunc)
	if safe {
		return markup(s)
	}
	return s
}

func filterCenter(r *run, v value, a args) value {
	b := r.bind("center", a, "width")
	width := 80
	if b[0] != nil {
		width = r.wantInt("center", b[0])
	}
	s, safe := r.softText(v)
	s = r.pad(s, width, " ", padBoth)
	if safe {
		return markup(s)
	}
	return s
}

func filterReplace(r *run, v value, a args) value {
	b := r.bind("replace", a, "old!", "new!", "count")
	limit := -1
	if _, isNone := orNone(b[2]).(none); !isNone {
		limit = r.wantInt("replace", b[2])
	}
	return r.replace(r.str(v), r.str(b[0]), r.str(b[1]), limit)
}

func filterTitle(r *run, v value, a args) value {
	r.bind("title", a)
	s, safe := r.softText(v)
	r.produce(len(s))
	var b strings.Builder
	start := true
	for _, c := range s {
		if c == '-' || isSpace(c) || strings.ContainsRune("({[<", c) {
			b.WriteRune(c)
			start = true
			continue
		}
		if start {
			b.WriteString(upper(string(c)))
		} else {
			b.WriteString(lower(string(c)))
		}
		start = false
	}
	if safe {
		return markup(b.String())
	}
	return b.String()
}

func filterIndent(r *run, v value, a args) value {
	b := r.bind("indent", a, "width", "first", "blank")
	s, ok := text(v)
	if !ok {
		r.refuseUndefined(v)
		panic(r.faultf("indent needs a string, not '%s'", typeName(v)))
	}
	by := "    "
	if b[0] != nil {
		if by, ok = text(b[0]); !ok {
			n := max(0, r.wantInt("indent", b[0]))
			r.produce(n)
			by = strings.Repeat(" ", n)
		}
	}
	first := b[1] != nil && truth(b[1])
	blank := b[2] != nil && truth(b[2])
	lines := splitLines(s+"\n", false)
	r.produce64(int64(len(s)) + int64(len(lines))*int64(len(by)))
	var out strings.Builder
	for i, line := range lines {
		if i > 0 {
			out.WriteByte('\n')
		}
		if i == 0 && first || i > 0 && (blank || line != "") {
			out.WriteString(by)
		}
		out.WriteString(line)
	}
	if _, safe := v.(markup); safe {
		return markup(out.String())
	}
	return out.String()
}

func filterTruncate(r *run, v value, a args) value {
	b := r.bind("truncate", a, "length", "killwords", "end", "leeway")
	length, end, leeway := 255, "...", 5
	if b[0] != nil {
		length = r.wantInt("truncate", b[0])
	}
	if b[2] != nil {
		end = r.wantText("truncate", b[2])
	}
	if _, isNone := orNone(b[3]).(none); !isNone {
		leeway = r.wantInt("truncate", b[3])
	}
	endLen, _ := r.length(end)
	if length < endLen || leeway < 0 {
		panic(r.faultf("truncate: the length is shorter than the end mark, or the leeway is negative"))
	}
	if n, ok := r.length(v); ok && n <= length+leeway {
		return v
	}
	s := r.wantText("truncate", v)
	cut := cutRunes(s, length-endLen)
	if b[1] == nil || !truth(b[1]) {
		if i := strings.LastIndexByte(cut, ' '); i >= 0 {
			cut = cut[:i]
		}
	}
	r.produce(len(cut) + len(end))
	return cut + end
}

func filterWordCount(r *run, v value, a args) value {
	r.bind("wordcount", a)
	s, _ := r.softText(v)
	r.scan(len(s))
	isWord := func(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c) }
	return int64(len(strings.FieldsFunc(s, func(c rune) bool { return !isWord(c) })))
}

func filterFormat(r *run, v value, a args) value {
	if _, ok := text(v); !ok {
		v = r.str(v)
	}
	if len(a.kw) > 0 {
		if len(a.pos) > 0 {
			panic(r.faultf("can't handle positional and keyword arguments at the same time"))
		}
		d := newDict()
		for _, k := range a.kw {
			d.setString(k.name, k.v)
		}
		return r.percentFormat(v, d)
	}
	return r.percentFormat(v, &tuple{a.pos})
}

func filterURLEncode(r *run, v value, a args) value {
	r.bind("urlencode", a)
	quote := func(v value, slash bool) string {
		s := r.str(v)
		r.produce(3 * len(s))
		var b strings.Builder
		for i := range len(s) {
			c := s[i]
			switch {
			case isDigit(c), c|0x20 >= 'a' && c|0x20 <= 'z', strings.IndexByte("_.-~", c) >= 0, c == '/' && slash:
				b.WriteByte(c)
			case c == ' ' && !slash:
				b.WriteByte('+')
			default:
				b.WriteByte('%')
				b.WriteByte("0123456789ABCDEF"[c>>4])
				b.WriteByte("0123456789ABCDEF"[c&15])
			}
		}
		return b.String()
	}
	if _, ok := text(v); ok {
		return quote(v, true)
	}
	if d, ok := v.(*dict); ok {
		v = &view{d, viewItems}
	}
	next, ok := r.tryIterate(v)
	if !ok {
		return quote(v, true)
	}
	var pairs []string
	n := 0
	for {
		pair, ok := next()
		if !ok {
			r.produce(n)
			return strings.Join(pairs, "&")
		}
		kv := r.collect(pair)
		if len(kv) != 2 {
			panic(r.faultf("urlencode needs pairs, got %d values", len(kv)))
		}
		p := quote(kv[0], false) + "=" + quote(kv[1], false)
		pairs = append(pairs, p)
		n += len(p) + 1
		r.bound(n)
	}
}

func filterAbs(r *run, v value, a args) value {
	r.bind("abs", a)
	if !isNumber(v) {
		r.refuseUndefined(v)
		panic(r.faultf("bad operand type for abs(): '%s'", typeName(v)))
	}
	if f, ok := v.(float64); ok {
		return math.Abs(f)
	}
	i, _ := asInt(v)
	return normal(new(big.Int).Abs(i))
}

func filterInt(r *run, v value, a args) value {
	b := r.bind("int", a, "default", "base")
	def, base := value(int64(0)), 10
	if b[0] != nil {
		def = b[0]
	}
	if b[1] != nil {
		base = r.wantInt("int", b[1])
	}
	r.refuseUndefined(v)
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) {
			return def
		}
		return r.truncate(v)
	case string, markup:
		s, _ := text(v)
		r.scan(len(s))
		if base == 0 || base >= 2 && base <= 36 {
			if i, ok := parseInt(s, base); ok {
				r.boundBits(int64(i.BitLen()))
				return normal(i)
			}
		}
		if f, ok := parseFloat(s); ok && !math.IsNaN(f) {
			return r.truncate(f)
		}
		return def
	}
	if i, ok := asInt(v); ok {
		return normal(i)
	}
	return def
}

func filterFloat(r *run, v value, a args) value {
	b := r.bind("float", a, "default")
	def := value(0.0)
	if b[0] != nil {
		def = b[0]
	}
	r.refuseUndefined(v)
	if isNumber(v) {
		return toFloat(v)
	}
	if s, ok := text(v); ok {
		r.scan(len(s))
		if f, ok := parseFloat(s); ok {
			return f
		}
	}
	return def
}

func filterRound(r *run, v value, a args) value {
	b := r.bind("round", a, "precision", "method")
	precision, method := 0, "common"
	if b[0] != nil {
		precision = r.wantInt("round", b[0])
	}
	if b[1] != nil {
		method = r.wantText("round", b[1])
	}
	if !isNumber(v) {
		r.refuseUndefined(v)
		panic(r.faultf("type %s cannot be rounded", typeName(v)))
	}
	precision = max(-400, min(400, precision))
	f := toFloat(v)
	switch method {
	case "common":
		if i, ok := asInt(v); ok {
			if precision >= 0 {
				return normal(i)
			}
			f = toFloat(v)
			return r.truncate(roundTo(f, precision))
		}
		return roundTo(f, precision)
	case "ceil", "floor":
		scale := math.Pow(10, float64(precision))
		if method == "ceil" {
			return math.Ceil(f*scale) / scale
		}
		return math.Floor(f*scale) / scale
	}
	panic(r.faultf("method must be common, ceil or floor"))
}

// roundTo rounds the exact value of f to a number of decimals, ties to even.
func roundTo(f float64, precision int) float64 {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return f
	}
	if precision >= 0 {
		f, _ = strconv.ParseFloat(strconv.FormatFloat(f, 'f', precision, 64), 64)
		return f
	}
	scale := math.Pow(10, float64(-precision))
	return math.RoundToEven(f/scale) * scale
}

func filterFileSize(r *run, v value, a args) value {
	b := r.bind("filesizeformat", a, "binary")
	f, ok := filterFloat(r, v, args{pos: []value{none{}}}).(float64)
	if !ok {
		panic(r.faultf("filesizeformat needs a number, not '%s'", typeName(v)))
	}
	base, suffix := 1000.0, "B"
	prefixes := []string{"k", "M", "G", "T", "P", "E", "Z", "Y"}
	if b[0] != nil && truth(b[0]) {
		base, suffix = 1024, "iB"
		prefixes[0] = "K"
	}
	if f == 1 {
		return "1 Byte"
	}
	if f < base {
		return r.str(r.truncate(f)) + " Bytes"
	}
	unit := base
	for _, p := range prefixes {
		unit *= base
		if f < unit || p == "Y" {
			return strconv.FormatFloat(base*f/unit, 'f', 1, 64) + " " + p + suffix
		}
	}
	return ""
}

func filterToJSON(r *run, v value, a args) value {
	b := r.bind("tojson", a, "ensure_ascii", "indent", "separators", "sort_keys")
	st := jsonStyle{itemSep: ", ", keySep: ": "}
	st.ascii = b[0] != nil && truth(b[0])
	st.sortKeys = b[3] != nil && truth(b[3])
	switch indent := orNone(b[1]).(type) {
	case none:
	case string, markup:
		st.pretty = true
		st.indent, _ = text(indent)
	default:
		st.pretty = true
		n := max(0, r.wantInt("tojson indent", indent))
		r.produce(n)
		st.indent = strings.Repeat(" ", n)
	}
	if st.pretty {
		st.itemSep = ","
	}
	if _, isNone := orNone(b[2]).(none); !isNone {
		seps := r.collect(b[2])
		if len(seps) != 2 {
			panic(r.faultf("tojson needs two separators, got %d", len(seps)))
		}
		st.itemSep = r.wantText("tojson separators", seps[0])
		st.keySep = r.wantText("tojson separators", seps[1])
	}
	return r.toJSON(v, st)
}

func filterFromJSON(r *run, v value, a args) value {
	r.bind("from_json", a)
	s := r.wantText("from_json", v)
	r.produce(len(s))
	r.step(len(s)) // a value may take up to one step a byte
	out, err := decodeJSON([]byte(s))
	if err != nil {
		panic(r.faultf("from_json: %s", clip(err.Error(), 200)))
	}
	return out
}
