package chattemplate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/big"
	"sort"
	"strconv"
	"strings"
	"unicode/utf16"
)

const maxJSONDepth = 200

// decodeJSON reads one JSON document; objects keep the order of their keys.
func decodeJSON(data []byte) (value, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v, err := decodeNext(d, 0)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

func decodeNext(d *json.Decoder, depth int) (value, error) {
	if depth > maxJSONDepth {
		return nil, fmt.Errorf("JSON nested more than %d levels deep", maxJSONDepth)
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t := t.(type) {
	case nil:
		return none{}, nil
	case bool:
		return t, nil
	case string:
		return t, nil
	case json.Number:
		return decodeNumber(string(t))
	case json.Delim:
		if t == '[' {
			l := &list{}
			for d.More() {
				v, err := decodeNext(d, depth+1)
				if err != nil {
					return nil, err
				}
				l.items = append(l.items, v)
			}
			_, err := d.Token()
			return l, err
		}
		m := newDict()
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeNext(d, depth+1)
			if err != nil {
				return nil, err
			}
			m.setString(k.(string), v)
		}
		_, err := d.Token()
		return m, err
	}
	return nil, fmt.Errorf("unexpected %v in JSON", t)
}

func decodeNumber(s string) (value, error) {
	if strings.ContainsAny(s, ".eE") {
		f, ok := parseFloat(s)
		if !ok {
			return nil, errors.New("a malformed number in JSON")
		}
		return f, nil
	}
	i, ok := parseInt(s, 10)
	if !ok {
		return nil, errors.New("a number of more than 4,300 digits in JSON")
	}
	return normal(i), nil
}

// jsonStyle is how Python's json.dumps is asked to write.
type jsonStyle struct {
	ascii           bool
	sortKeys        bool
	pretty          bool // one element a line, indented
	indent          string
	itemSep, keySep string
}

func (r *run) toJSON(v value, style jsonStyle) string {
	var b strings.Builder
	r.writeJSON(&b, v, &style, 0)
	return b.String()
}

func (r *run) writeJSON(b *strings.Builder, v value, st *jsonStyle, level int) {
	r.enter()
	defer r.leave()
	r.step(1)
	r.bound(b.Len())
	switch v := v.(type) {
	case none:
		b.WriteString("null")
	case bool:
		b.WriteString(strconv.FormatBool(v))
	case int64:
		b.WriteString(strconv.FormatInt(v, 10))
	case *big.Int:
		b.WriteString(v.String())
	case float64:
		b.WriteString(jsonFloat(v))
	case string:
		r.produce(len(v))
		quoteJSON(b, v, st.ascii)
	case markup:
		r.produce(len(v))
		quoteJSON(b, string(v), st.ascii)
	case *list:
		r.writeJSONItems(b, v.items, st, level)
	case *tuple:
		r.writeJSONItems(b, v.items, st, level)
	case *dict:
		r.writeJSONDict(b, v, st, level)
	default:
		panic(r.faultf("Object of type %s is not JSON serializable", typeName(v)))
	}
}

func jsonFloat(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	}
	return formatFloat(f)
}

// newline starts the next line of pretty JSON.
func (r *run) newline(b *strings.Builder, st *jsonStyle, level int) {
	if st.pretty {
		r.produce64(int64(len(st.indent)) * int64(level))
		b.WriteByte('\n')
		b.WriteString(strings.Repeat(st.indent, level))
	}
}

func (r *run) writeJSONItems(b *strings.Builder, items []value, st *jsonStyle, level int) {
	if len(items) == 0 {
		b.WriteString("[]")
		return
	}
	b.WriteByte('[')
	for i, item := range items {
		if i > 0 {
			r.step(len(st.itemSep))
			b.WriteString(st.itemSep)
		}
		r.newline(b, st, level+1)
		r.writeJSON(b, item, st, level+1)
	}
	r.newline(b, st, level)
	b.WriteByte(']')
}

func (r *run) writeJSONDict(b *strings.Builder, d *dict, st *jsonStyle, level int) {
	if d.len() == 0 {
		b.WriteString("{}")
		return
	}
	order := make([]int, d.len())
	for i := range order {
		order[i] = i
	}
	if st.sortKeys {
		sort.SliceStable(order, func(i, j int) bool {
			r.step(1)
			return r.compare("<", d.keys[order[i]], d.keys[order[j]]) == -1
		})
	}
	b.WriteByte('{')
	for n, i := range order {
		if n > 0 {
			r.step(len(st.itemSep))
			b.WriteString(st.itemSep)
		}
		r.newline(b, st, level+1)
		r.step(1 + len(st.keySep))
		quoteJSON(b, r.jsonKey(d.keys[i]), st.ascii)
		b.WriteString(st.keySep)
		r.writeJSON(b, d.vals[i], st, level+1)
	}
	r.newline(b, st, level)
	b.WriteByte('}')
}

func (r *run) jsonKey(k value) string {
	switch k := k.(type) {
	case string:
		r.produce(len(k))
		return k
	case markup:
		r.produce(len(k))
		return string(k)
	case none:
		return "null"
	case bool:
		return strconv.FormatBool(k)
	case float64:
		return jsonFloat(k)
	case int64, *big.Int:
		return r.repr(k)
	}
	panic(r.faultf("keys must be str, int, float, bool or None, not %s", typeName(k)))
}

func quoteJSON(b *strings.Builder, s string, ascii bool) {
	b.WriteByte('"')
	for _, c := range s {
		switch c {
		case '"', '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case '\n':
			b.WriteString(`\n`)
		case '\r':
			b.WriteString(`\r`)
		case '\t':
			b.WriteString(`\t`)
		case '\b':
			b.WriteString(`\b`)
		case '\f':
			b.WriteString(`\f`)
		default:
			switch {
			case c < ' ' || ascii && c >= 0x7f && c <= 0xffff:
				fmt.Fprintf(b, `\u%04x`, c)
			case ascii && c > 0xffff:
				hi, lo := utf16.EncodeRune(c)
				fmt.Fprintf(b, `\u%04x\u%04x`, hi, lo)
			default:
				b.WriteRune(c)
			}
		}
	}
	b.WriteByte('"')
}
