package chattemplate

import (
	"math"
	"strings"
)

func (x constExpr) eval(*run, *scope) value { return x.v }

func (x *nameExpr) eval(r *run, s *scope) value {
	if v, ok := s.get(x.name); ok {
		return v
	}
	if f, ok := globals[x.name]; ok {
		return f
	}
	return notDefined(x.name)
}

func notDefined(name string) *undefined {
	return &undefined{"'" + clip(name, 60) + "' is undefined"}
}

func (x *attrExpr) eval(r *run, s *scope) value {
	v := r.eval(x.x, s)
	r.at = x.at
	return r.attribute(v, x.name)
}

func (x *itemExpr) eval(r *run, s *scope) value {
	v := r.eval(x.x, s)
	key := r.eval(x.key, s)
	r.at = x.at
	return r.item(v, key)
}

// attribute is v.name: an attribute or method first, an element second.
func (r *run) attribute(v value, name string) value {
	r.refuseUndefined(v)
	if m, ok := r.member(v, name); ok {
		return m
	}
	if d, ok := v.(*dict); ok {
		if e, ok := d.getString(name); ok {
			return e
		}
	}
	return missing(v, name)
}

// item is v[key]: an element first, an attribute or method second.
func (r *run) item(v, key value) value {
	r.refuseUndefined(v)
	if e, ok := r.element(v, key); ok {
		return e
	}
	if name, ok := text(key); ok {
		if m, ok := r.member(v, name); ok {
			return m
		}
		return missing(v, name)
	}
	return &undefined{typeName(v) + " object has no such element"}
}

func missing(v value, name string) value {
	return &undefined{"'" + typeName(v) + " object' has no attribute '" + clip(name, 60) + "'"}
}

// element is Python's v[key] without slices; ok is false where that raises.
func (r *run) element(v, key value) (value, bool) {
	if d, ok := v.(*dict); ok {
		h, ok := r.hashOf(key)
		if !ok {
			return nil, false
		}
		return d.get(h)
	}
	i, ok := small(key)
	if !ok {
		return nil, false
	}
	at := func(n int) (int, bool) {
		if i < 0 {
			i += int64(n)
		}
		return int(i), i >= 0 && i < int64(n)
	}
	switch v := v.(type) {
	case *list:
		if j, ok := at(len(v.items)); ok {
			return v.items[j], true
		}
	case *tuple:
		if j, ok := at(len(v.items)); ok {
			return v.items[j], true
		}
	case *span:
		if j, ok := at(int(v.n)); ok {
			return v.at(int64(j)), true
		}
	case string:
		if s, ok := r.runeAt(v, at); ok {
			return s, true
		}
	case markup:
		if s, ok := r.runeAt(string(v), at); ok {
			return markup(s), true
		}
	}
	return nil, false
}

func (r *run) runeAt(s string, at func(int) (int, bool)) (string, bool) {
	r.scan(len(s))
	if isASCII(s) {
		i, ok := at(len(s))
		if !ok {
			return "", false
		}
		return s[i : i+1], true
	}
	c := []rune(s)
	i, ok := at(len(c))
	if !ok {
		return "", false
	}
	return string(c[i]), true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func (x *sliceExpr) eval(r *run, s *scope) value {
	v := r.eval(x.x, s)
	bound := func(x expr) *int {
		if x == nil {
			return nil
		}
		v := r.eval(x, s)
		if _, ok := v.(none); ok {
			return nil
		}
		i := r.wantInt("a slice", v)
		return &i
	}
	lo, hi, step := bound(x.lo), bound(x.hi), bound(x.step)
	r.at = x.at
	return r.slice(v, lo, hi, step)
}

// slice is v[lo:hi:step], with Python's rules for what is missing or outside.
func (r *run) slice(v value, lo, hi, step *int) value {
	by := 1
	if step != nil {
		by = *step
	}
	if by == 0 {
		panic(r.faultf("slice step cannot be zero"))
	}
	cut := func(n int) (start, count int) {
		first, last := 0, n // for a positive step
		if by < 0 {
			first, last = n-1, -1
		}
		clamp := func(p *int, def int) int {
			if p == nil {
				return def
			}
			i := *p
			if i < 0 {
				i += n
			}
			if by < 0 {
				return max(-1, min(i, n-1))
			}
			return max(0, min(i, n))
		}
		start, stop := clamp(lo, first), clamp(hi, last)
		if by > 0 && stop > start {
			count = (stop-start-1)/by + 1
		}
		if by < 0 && stop < start {
			count = (start-stop-1)/-by + 1
		}
		return start, count
	}
	pick := func(items []value) []value {
		start, count := cut(len(items))
		r.step(count)
		out := make([]value, count)
		for i := range out {
			out[i] = items[start+i*by]
		}
		return out
	}
	switch v := v.(type) {
	case string:
		return r.sliceText(v, by, cut)
	case markup:
		return markup(r.sliceText(string(v), by, cut))
	case *list:
		return &list{pick(v.items)}
	case *tuple:
		return &tuple{pick(v.items)}
	case *span:
		start, count := cut(int(v.n))
		return &span{v.at(int64(start)), v.at(int64(start + count*by)), v.step * int64(by), int64(count)}
	}
	r.refuseUndefined(v)
	panic(r.faultf("'%s' object cannot be sliced", typeName(v)))
}

func (r *run) sliceText(s string, by int, cut func(int) (int, int)) string {
	r.scan(len(s))
	if by == 1 {
		if isASCII(s) {
			start, count := cut(len(s))
			return s[start : start+count]
		}
		n := 0
		var offsets []int
		for i := range s {
			offsets = append(offsets, i)
			n++
		}
		r.produce(n)
		offsets = append(offsets, len(s))
		start, count := cut(n)
		return s[offsets[start]:offsets[start+count]]
	}
	c := []rune(s)
	start, count := cut(len(c))
	r.produce(count)
	var b strings.Builder
	for i := range count {
		b.WriteRune(c[start+i*by])
	}
	return b.String()
}

func (x *callExpr) eval(r *run, s *scope) value {
	fn := r.eval(x.fn, s)
	a := r.args(x.args, s)
	r.at = x.at
	return r.call(fn, a)
}

func (r *run) args(x argExprs, s *scope) args {
	var a args
	for _, p := range x.pos {
		a.pos = append(a.pos, r.eval(p, s))
	}
	for _, k := range x.kw {
		a.kw = append(a.kw, kwarg{k.name, r.eval(k.x, s)})
	}
	if x.star != nil {
		a.pos = append(a.pos, r.collect(r.eval(x.star, s))...)
	}
	if x.starstar != nil {
		d, ok := r.eval(x.starstar, s).(*dict)
		if !ok {
			panic(r.faultf("the argument after ** must be a mapping"))
		}
		if d.len() > maxKeywords {
			panic(r.limitf("more than %d keyword arguments", maxKeywords))
		}
		for i, k := range d.keys {
			a.kw = append(a.kw, kwarg{r.wantText("a keyword", k), d.vals[i]})
		}
	}
	return a
}

func (r *run) call(fn value, a args) value {
	switch fn := fn.(type) {
	case *function:
		return fn.call(r, a)
	case *macro:
		return fn.call(r, a)
	case *loop:
		return fn.recurse(r, a)
	}
	r.refuseUndefined(fn)
	panic(r.faultf("'%s' object is not callable", typeName(fn)))
}

func (x *filterExpr) eval(r *run, s *scope) value {
	v := r.eval(x.x, s)
	return x.apply(r, s, v)
}

func (x *filterExpr) apply(r *run, s *scope, v value) value {
	a := r.args(x.args, s)
	r.at = x.at
	return r.filter(x.name, v, a)
}

func (r *run) filter(name string, v value, a args) value {
	f, ok := filters[name]
	if !ok {
		panic(r.faultf("no filter named '%s'", clip(name, 60)))
	}
	return f(r, v, a)
}

// filterText sends text through the filters of a filter or set block: the
// innermost has no operand of its own.
func (r *run) filterText(x expr, s *scope, text string) value {
	f := x.(*filterExpr)
	var v value = text
	if f.x != nil {
		v = r.filterText(f.x, s, text)
	}
	return f.apply(r, s, v)
}

func (x *testExpr) eval(r *run, s *scope) value {
	v := r.eval(x.x, s)
	a := r.args(x.args, s)
	r.at = x.at
	return r.test(x.name, v, a)
}

func (r *run) test(name string, v value, a args) value {
	t, ok := tests[name]
	if !ok {
		panic(r.faultf("no test named '%s'", clip(name, 60)))
	}
	return t(r, v, a)
}

func (x *unaryExpr) eval(r *run, s *scope) value {
	v := r.eval(x.x, s)
	r.at = x.at
	if x.op == "-" {
		return r.negate(v)
	}
	if !isNumber(v) {
		r.refuseUndefined(v)
		panic(r.faultf("bad operand type for unary +: '%s'", typeName(v)))
	}
	if i, ok := small(v); ok {
		return i
	}
	return v
}

func (x *binaryExpr) eval(r *run, s *scope) value {
	a, b := r.eval(x.a, s), r.eval(x.b, s)
	r.at = x.at
	return r.arithmetic(x.op, a, b)
}

func (x *concatExpr) eval(r *run, s *scope) value {
	parts := make([]string, len(x.parts))
	n := 0
	for i, p := range x.parts {
		parts[i] = r.str(r.eval(p, s))
		n += len(parts[i])
		r.bound(n)
	}
	r.at = x.at
	r.produce(n)
	return strings.Join(parts, "")
}

func (x *compareExpr) eval(r *run, s *scope) value {
	a := r.eval(x.x, s)
	for _, c := range x.rest {
		b := r.eval(c.x, s)
		r.at = c.at
		if !r.holds(c.op, a, b) {
			return false
		}
		a = b
	}
	return true
}

// holds tells whether the comparison a op b is true.
func (r *run) holds(op string, a, b value) bool {
	switch op {
	case "==":
		return r.equal(a, b)
	case "!=":
		return !r.equal(a, b)
	case "in":
		return r.contains(b, a)
	case "not in":
		return !r.contains(b, a)
	}
	c := r.compare(op, a, b)
	switch op {
	case "<":
		return c == -1
	case "<=":
		return c == -1 || c == 0
	case ">":
		return c == 1
	}
	return c == 1 || c == 0
}

func (x *logicExpr) eval(r *run, s *scope) value {
	a := r.eval(x.a, s)
	if truth(a) != x.and {
		return a
	}
	return r.eval(x.b, s)
}

func (x *notExpr) eval(r *run, s *scope) value { return !truth(r.eval(x.x, s)) }

func (x *condExpr) eval(r *run, s *scope) value {
	if truth(r.eval(x.test, s)) {
		return r.eval(x.then, s)
	}
	if x.alt == nil {
		return &undefined{"the inline if has no else part"}
	}
	return r.eval(x.alt, s)
}

func (x *listExpr) eval(r *run, s *scope) value { return &list{r.evalAll(x.items, s)} }

func (x *tupleExpr) eval(r *run, s *scope) value { return &tuple{r.evalAll(x.items, s)} }

func (r *run) evalAll(items []expr, s *scope) []value {
	out := make([]value, len(items))
	for i, item := range items {
		out[i] = r.eval(item, s)
	}
	return out
}

func (x *dictExpr) eval(r *run, s *scope) value {
	d := newDict()
	for i, k := range x.keys {
		key := r.eval(k, s)
		v := r.eval(x.vals[i], s)
		r.at = x.at
		r.put(d, key, v)
	}
	return d
}

// put sets d[key]; it faults for a key that cannot be hashed.
func (r *run) put(d *dict, key, v value) {
	h, ok := r.hashOf(key)
	if !ok {
		panic(r.faultf("unhashable type: '%s'", typeName(key)))
	}
	r.step(4)
	d.set(h, key, v)
}

// newSpan is range(start, stop, step).
func (r *run) newSpan(start, stop, step int) *span {
	if step == 0 {
		panic(r.faultf("range() step must not be zero"))
	}
	const far = math.MaxInt64 / 4 // so that no difference overflows
	lo, hi := max(-far, min(far, int64(start))), max(-far, min(far, int64(stop)))
	n := int64(0)
	switch {
	case step > 0 && hi > lo:
		n = (hi-lo-1)/int64(step) + 1
	case step < 0 && hi < lo:
		n = (lo-hi-1)/-int64(step) + 1
	}
	if n > int64(r.limits.RangeSize) {
		panic(r.limitf("a range of more than %d numbers", r.limits.RangeSize))
	}
	return &span{int64(start), int64(stop), int64(step), n}
}
