package chattemplate

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"
)

// value is what a template can hold. The dynamic type is always one of:
//
//	none, bool, int64, *big.Int, float64, string, markup,
//	*list, *tuple, *dict, *view, *span, *iterator,
//	*undefined, *namespace, *macro, *function, *loop, *cycler
//
// Nothing else ever enters an expression, so a template cannot reach a Go
// object. Integers outside int64 are *big.Int, all others int64.
type value any

type none struct{}

// markup is a string marked safe. Autoescape is off, so it behaves like a
// string except that joining it with a plain string escapes the plain one.
type markup string

type list struct{ items []value }

type tuple struct{ items []value }

// undefined is the outcome of a lookup that found nothing. It prints as nothing
// and is false; any other use is an error with the text why.
type undefined struct{ why string }

type namespace struct{ attrs *dict }

// span is the value of range(): n numbers from start by step.
type span struct{ start, stop, step, n int64 }

func (s *span) at(i int64) int64 { return s.start + i*s.step }

// iterator yields values once, like a Python generator; kind names it.
type iterator struct {
	kind string
	next func() (value, bool)
}

type viewKind byte

const (
	viewKeys viewKind = iota
	viewValues
	viewItems
)

// view is the live result of dict.keys(), .values() or .items().
type view struct {
	of   *dict
	kind viewKind
}

func (v *view) at(i int) value {
	switch v.kind {
	case viewKeys:
		return v.of.keys[i]
	case viewValues:
		return v.of.vals[i]
	}
	return &tuple{[]value{v.of.keys[i], v.of.vals[i]}}
}

// function is a built-in function or a bound method.
type function struct {
	name string
	call func(r *run, a args) value
}

// hash is the comparable form of a dictionary key; equal Python keys (1, 1.0,
// True) have equal hashes.
type hash struct {
	kind byte
	text string
}

// dict keeps its keys in the order they were first set.
type dict struct {
	keys, vals []value
	index      map[hash]int
}

func newDict() *dict { return &dict{index: map[hash]int{}} }

func (d *dict) len() int { return len(d.keys) }

func (d *dict) get(h hash) (value, bool) {
	i, ok := d.index[h]
	if !ok {
		return nil, false
	}
	return d.vals[i], true
}

func (d *dict) getString(name string) (value, bool) { return d.get(hash{'s', name}) }

func (d *dict) set(h hash, k, v value) {
	if i, ok := d.index[h]; ok {
		d.vals[i] = v
		return
	}
	d.index[h] = len(d.keys)
	d.keys = append(d.keys, k)
	d.vals = append(d.vals, v)
}

func (d *dict) setString(name string, v value) { d.set(hash{'s', name}, name, v) }

func (d *dict) remove(h hash) {
	at, ok := d.index[h]
	if !ok {
		return
	}
	delete(d.index, h)
	d.keys = append(d.keys[:at:at], d.keys[at+1:]...)
	d.vals = append(d.vals[:at:at], d.vals[at+1:]...)
	for k, i := range d.index {
		if i > at {
			d.index[k] = i - 1
		}
	}
}

func (d *dict) clear() { *d = *newDict() }

func (d *dict) copy() *dict {
	c := newDict()
	c.keys = append(c.keys, d.keys...)
	c.vals = append(c.vals, d.vals...)
	for k, i := range d.index {
		c.index[k] = i
	}
	return c
}

// hashOf gives the key under which a dictionary stores v; ok is false for
// values that Python cannot hash.
func (r *run) hashOf(v value) (h hash, ok bool) {
	r.enter()
	defer r.leave()
	switch v := v.(type) {
	case string:
		return hash{'s', v}, true
	case markup:
		return hash{'s', string(v)}, true
	case none:
		return hash{'0', ""}, true
	case bool:
		if v {
			return hash{'n', "1"}, true
		}
		return hash{'n', "0"}, true
	case int64:
		return hash{'n', strconv.FormatInt(v, 10)}, true
	case *big.Int:
		return hash{'n', v.String()}, true
	case float64:
		if v == math.Trunc(v) && !math.IsInf(v, 0) {
			i, _ := big.NewFloat(v).Int(nil)
			return hash{'n', i.String()}, true
		}
		return hash{'n', formatFloat(v)}, true
	case *tuple:
		var b strings.Builder
		for _, item := range v.items {
			r.step(1)
			h, ok := r.hashOf(item)
			if !ok {
				return hash{}, false
			}
			fmt.Fprintf(&b, "%c%d:%s", h.kind, len(h.text), h.text)
			r.bound(b.Len())
		}
		return hash{'t', b.String()}, true
	case *undefined:
		return hash{'u', ""}, true
	case *list, *dict, *view:
		return hash{}, false
	}
	return hash{'p', fmt.Sprintf("%p", v)}, true
}

// text gives the string in v if v is a string, marked safe or not.
func text(v value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case markup:
		return string(v), true
	}
	return "", false
}

func isUndefined(v value) bool {
	_, ok := v.(*undefined)
	return ok
}

// typeName is the name Python gives the type of v in its messages.
func typeName(v value) string {
	switch v := v.(type) {
	case none:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case string:
		return "str"
	case markup:
		return "Markup"
	case *list:
		return "list"
	case *tuple:
		return "tuple"
	case *dict:
		return "dict"
	case *view:
		return [...]string{"dict_keys", "dict_values", "dict_items"}[v.kind]
	case *span:
		return "range"
	case *iterator:
		return v.kind
	case *undefined:
		return "Undefined"
	case *namespace:
		return "Namespace"
	case *macro:
		return "Macro"
	case *loop:
		return "LoopContext"
	case *cycler:
		return "Cycler"
	}
	return "function"
}

// truth is Python's bool(v).
func truth(v value) bool {
	switch v := v.(type) {
	case none, *undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case markup:
		return v != ""
	case *list:
		return len(v.items) > 0
	case *tuple:
		return len(v.items) > 0
	case *dict:
		return v.len() > 0
	case *view:
		return v.of.len() > 0
	case *span:
		return v.n > 0
	}
	return true
}

// length is Python's len(v); ok is false for a type without a length.
func (r *run) length(v value) (n int, ok bool) {
	switch v := v.(type) {
	case string:
		r.scan(len(v))
		return utf8.RuneCountInString(v), true
	case markup:
		r.scan(len(v))
		return utf8.RuneCountInString(string(v)), true
	case *list:
		return len(v.items), true
	case *tuple:
		return len(v.items), true
	case *dict:
		return v.len(), true
	case *view:
		return v.of.len(), true
	case *span:
		return int(v.n), true
	case *undefined:
		return 0, true
	case *loop:
		return int(v.length(r)), true
	}
	return 0, false
}

// iterate gives a function that yields the elements of v one after the other.
// A list is read as it is at each step, as Python does.
func (r *run) iterate(v value) func() (value, bool) {
	if next, ok := r.tryIterate(v); ok {
		return next
	}
	panic(r.faultf("'%s' object is not iterable", typeName(v)))
}

func (r *run) tryIterate(v value) (next func() (value, bool), ok bool) {
	i := 0
	indexed := func(length func() int, at func(int) value) func() (value, bool) {
		return func() (value, bool) {
			if i >= length() {
				return nil, false
			}
			r.step(1)
			i++
			return at(i - 1), true
		}
	}
	switch v := v.(type) {
	case *list:
		return indexed(func() int { return len(v.items) }, func(i int) value { return v.items[i] }), true
	case *tuple:
		return indexed(func() int { return len(v.items) }, func(i int) value { return v.items[i] }), true
	case *dict:
		return indexed(v.len, func(i int) value { return v.keys[i] }), true
	case *view:
		return indexed(v.of.len, v.at), true
	case *span:
		return indexed(func() int { return int(v.n) }, func(i int) value { return v.at(int64(i)) }), true
	case string, markup:
		s, _ := text(v)
		return func() (value, bool) {
			if i >= len(s) {
				return nil, false
			}
			r.step(1)
			_, n := utf8.DecodeRuneInString(s[i:])
			i += n
			return s[i-n : i], true
		}, true
	case *iterator:
		return func() (value, bool) {
			r.step(1)
			r.enter() // an iterator may read from another, and so on
			defer r.leave()
			return v.next()
		}, true
	case *undefined:
		return func() (value, bool) { return nil, false }, true
	}
	return nil, false
}

// collect reads all elements of v into a slice.
func (r *run) collect(v value) []value {
	next := r.iterate(v)
	var items []value
	for {
		item, ok := next()
		if !ok {
			return items
		}
		items = append(items, item)
	}
}

// equal is Python's a == b.
func (r *run) equal(a, b value) bool {
	r.enter()
	defer r.leave()
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b) == 0
	}
	if s, ok := text(a); ok {
		t, ok := text(b)
		if !ok || len(s) != len(t) {
			return false
		}
		r.scan(len(s))
		return s == t
	}
	switch a := a.(type) {
	case none:
		_, ok := b.(none)
		return ok
	case *undefined:
		return isUndefined(b)
	case *list:
		b, ok := b.(*list)
		return ok && (a == b || r.equalItems(a.items, b.items))
	case *tuple:
		b, ok := b.(*tuple)
		return ok && (a == b || r.equalItems(a.items, b.items))
	case *span:
		b, ok := b.(*span)
		return ok && a.n == b.n && (a.n == 0 || a.start == b.start && (a.n == 1 || a.step == b.step))
	case *dict:
		b, ok := b.(*dict)
		if !ok || a.len() != b.len() {
			return false
		}
		if a == b {
			return true
		}
		for h, i := range a.index {
			r.step(1)
			v, ok := b.get(h)
			if !ok || !r.equal(a.vals[i], v) {
				return false
			}
		}
		return true
	case *view:
		b, ok := b.(*view)
		if !ok || a.kind != b.kind || a.of.len() != b.of.len() {
			return false
		}
		if a.kind == viewValues {
			return a == b
		}
		for h, i := range a.of.index {
			r.step(1)
			v, ok := b.of.get(h)
			if !ok || a.kind == viewItems && !r.equal(a.of.vals[i], v) {
				return false
			}
		}
		return true
	}
	return identical(a, b)
}

func (r *run) equalItems(a, b []value) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		r.step(1)
		if !r.equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// identical is Python's a is b, taking equal strings and numbers of one type
// for the same object.
func identical(a, b value) bool {
	if x, ok := a.(*big.Int); ok {
		y, ok := b.(*big.Int)
		return ok && x.Cmp(y) == 0
	}
	return a == b // every dynamic type is comparable: pointers and scalars
}

// compare orders a and b as Python's < does: -1, 0 or 1, or 2 where either is
// NaN. It faults for types without an order; op is named in the message.
func (r *run) compare(op string, a, b value) int {
	r.enter()
	defer r.leave()
	if isNumber(a) && isNumber(b) {
		return compareNumbers(a, b)
	}
	if s, ok := text(a); ok {
		if t, ok := text(b); ok {
			r.scan(min(len(s), len(t)))
			return strings.Compare(s, t) // UTF-8 sorts as its code points do
		}
	}
	if l, ok := a.(*list); ok {
		if m, ok := b.(*list); ok {
			return r.compareItems(op, l.items, m.items)
		}
	}
	if l, ok := a.(*tuple); ok {
		if m, ok := b.(*tuple); ok {
			return r.compareItems(op, l.items, m.items)
		}
	}
	r.refuseUndefined(a, b)
	panic(r.faultf("'%s' not supported between instances of '%s' and '%s'", op, typeName(a), typeName(b)))
}

func (r *run) compareItems(op string, a, b []value) int {
	for i := range min(len(a), len(b)) {
		r.step(1)
		if !r.equal(a[i], b[i]) {
			return r.compare(op, a[i], b[i])
		}
	}
	switch {
	case len(a) < len(b):
		return -1
	case len(a) > len(b):
		return 1
	}
	return 0
}

// contains is Python's needle in haystack.
func (r *run) contains(haystack, needle value) bool {
	switch h := haystack.(type) {
	case string, markup:
		s, _ := text(h)
		sub, ok := text(needle)
		if !ok {
			panic(r.faultf("'in <string>' requires string as left operand, not %s", typeName(needle)))
		}
		r.scan(len(s))
		return strings.Contains(s, sub)
	case *dict:
		k, ok := r.hashOf(needle)
		if !ok {
			panic(r.faultf("unhashable type: '%s'", typeName(needle)))
		}
		_, found := h.get(k)
		return found
	}
	next, ok := r.tryIterate(haystack)
	if !ok {
		panic(r.faultf("argument of type '%s' is not iterable", typeName(haystack)))
	}
	for {
		v, more := next()
		if !more {
			return false
		}
		if r.equal(v, needle) {
			return true
		}
	}
}

// refuseUndefined faults if one of the operands is undefined.
func (r *run) refuseUndefined(operands ...value) {
	for _, v := range operands {
		if u, ok := v.(*undefined); ok {
			panic(r.faultf("%s", u.why))
		}
	}
}
