package chattemplate

import (
	"slices"
	"strconv"
	"strings"
)

// Filters over sequences. Those that Python writes as generators are lazy here
// too: they yield once, have no length, and do their work when read.

// getter reads an attribute path like "a.b.0" from a value; def, if not nil,
// stands in for what is not found.
func (r *run) getter(path value, def value) func(value) value {
	var keys []value
	if s, ok := text(path); ok {
		r.step(strings.Count(s, "."))
		for _, part := range strings.Split(s, ".") {
			if i, err := strconv.ParseInt(part, 10, 64); err == nil && isDigit(part[0]) {
				keys = append(keys, i)
			} else {
				keys = append(keys, part)
			}
		}
	} else if _, isNone := path.(none); !isNone {
		keys = []value{path}
	}
	return func(v value) value {
		for _, k := range keys {
			r.step(1)
			v = r.item(v, k)
			if def != nil && isUndefined(v) {
				v = def
			}
		}
		return v
	}
}

// folded lowers a string, unless case matters, so that sorting ignores case.
func (r *run) folded(caseSensitive bool) func(value) value {
	return func(v value) value {
		if s, ok := text(v); ok && !caseSensitive {
			r.produce(len(s))
			return lower(s)
		}
		return v
	}
}

func isTrue(v value) bool { return v != nil && truth(v) }

func filterLength(r *run, v value, a args) value {
	r.bind("length", a)
	n, ok := r.length(v)
	if !ok {
		panic(r.faultf("object of type '%s' has no len()", typeName(v)))
	}
	return int64(n)
}

func filterDefault(r *run, v value, a args) value {
	b := r.bind("default", a, "default_value", "boolean")
	if isUndefined(v) || isTrue(b[1]) && !truth(v) {
		if b[0] == nil {
			return ""
		}
		return b[0]
	}
	return v
}

func filterAttr(r *run, v value, a args) value {
	name := r.str(r.bind("attr", a, "name!")[0])
	if m, ok := r.member(v, name); ok {
		return m
	}
	return missing(v, name)
}

func filterFirst(r *run, v value, a args) value {
	r.bind("first", a)
	if first, ok := r.iterate(v)(); ok {
		return first
	}
	return &undefined{"No first item, sequence was empty."}
}

func filterLast(r *run, v value, a args) value {
	r.bind("last", a)
	switch s := v.(type) {
	case *iterator:
		panic(r.faultf("'%s' object is not reversible", s.kind))
	case string, markup:
		if last, ok := r.element(v, int64(-1)); ok {
			return last
		}
		return &undefined{"No last item, sequence was empty."}
	}
	items := r.collect(v)
	if len(items) == 0 {
		return &undefined{"No last item, sequence was empty."}
	}
	return items[len(items)-1]
}

func filterList(r *run, v value, a args) value {
	r.bind("list", a)
	return &list{r.collect(v)}
}

func filterReverse(r *run, v value, a args) value {
	r.bind("reverse", a)
	if s, ok := text(v); ok {
		c := []rune(s)
		r.produce(len(s))
		slices.Reverse(c)
		if _, safe := v.(markup); safe {
			return markup(c)
		}
		return string(c)
	}
	items := r.collect(v)
	slices.Reverse(items)
	if _, ok := v.(*iterator); ok {
		return &list{items}
	}
	return &iterator{"reverse_iterator", r.iterate(&list{items})}
}

func filterJoin(r *run, v value, a args) value {
	b := r.bind("join", a, "d", "attribute")
	sep := ""
	if b[0] != nil {
		sep = r.str(b[0])
	}
	get := r.getter(orNone(b[1]), nil)
	next := r.iterate(v)
	var out strings.Builder
	for i := 0; ; i++ {
		item, ok := next()
		if !ok {
			return out.String()
		}
		s := r.str(get(item))
		if i > 0 {
			out.WriteString(sep)
		}
		out.WriteString(s)
		r.produce(len(s) + len(sep))
		r.bound(out.Len())
	}
}

func filterItems(r *run, v value, a args) value {
	r.bind("items", a)
	if isUndefined(v) {
		return &iterator{"generator", func() (value, bool) { return nil, false }}
	}
	d, ok := v.(*dict)
	if !ok { // Python faults when the generator is read
		return &iterator{"generator", func() (value, bool) {
			panic(r.faultf("Can only get item pairs from a mapping."))
		}}
	}
	return &iterator{"generator", r.iterate(&view{d, viewItems})}
}

func filterDictSort(r *run, v value, a args) value {
	b := r.bind("dictsort", a, "case_sensitive", "by", "reverse")
	pos := 0
	if b[1] != nil {
		switch by := r.str(b[1]); by {
		case "key":
		case "value":
			pos = 1
		default:
			panic(r.faultf(`You can only sort by either "key" or "value"`))
		}
	}
	d, ok := v.(*dict)
	if !ok {
		r.refuseUndefined(v)
		panic(r.faultf("dictsort needs a mapping, not '%s'", typeName(v)))
	}
	fold := r.folded(isTrue(b[0]))
	items := r.collect(&view{d, viewItems})
	return &list{r.sorted(items, func(v value) value { return fold(v.(*tuple).items[pos]) }, isTrue(b[2]))}
}

func filterSort(r *run, v value, a args) value {
	b := r.bind("sort", a, "reverse", "case_sensitive", "attribute")
	fold := r.folded(isTrue(b[1]))
	var gets []func(value) value
	if s, ok := text(orNone(b[2])); ok {
		for _, path := range strings.Split(s, ",") {
			gets = append(gets, r.getter(path, nil))
		}
	} else {
		gets = []func(value) value{r.getter(orNone(b[2]), nil)}
	}
	key := func(v value) value {
		k := &list{}
		for _, get := range gets {
			k.items = append(k.items, fold(get(v)))
		}
		return k
	}
	return &list{r.sorted(r.collect(v), key, isTrue(b[0]))}
}

func filterUnique(r *run, v value, a args) value {
	b := r.bind("unique", a, "case_sensitive", "attribute")
	fold, get := r.folded(isTrue(b[0])), r.getter(orNone(b[1]), nil)
	next := r.iterate(v)
	seen := map[hash]bool{}
	return &iterator{"generator", func() (value, bool) {
		for {
			item, ok := next()
			if !ok {
				return nil, false
			}
			h := r.mustHash(fold(get(item)))
			if !seen[h] {
				r.step(4)
				seen[h] = true
				return item, true
			}
		}
	}}
}

// extreme is min (want -1) or max (want 1).
func extreme(name string, want int) filterFunc {
	return func(r *run, v value, a args) value {
		b := r.bind(name, a, "case_sensitive", "attribute")
		fold, get := r.folded(isTrue(b[0])), r.getter(orNone(b[1]), nil)
		next := r.iterate(v)
		best, ok := next()
		if !ok {
			return &undefined{"No aggregated item, sequence was empty."}
		}
		bestKey := fold(get(best))
		for {
			item, ok := next()
			if !ok {
				return best
			}
			k := fold(get(item))
			op := "<"
			if want > 0 {
				op = ">"
			}
			if r.compare(op, k, bestKey) == want {
				best, bestKey = item, k
			}
		}
	}
}

func filterSum(r *run, v value, a args) value {
	b := r.bind("sum", a, "attribute", "start")
	get := r.getter(orNone(b[0]), nil)
	total := value(int64(0))
	if b[1] != nil {
		total = b[1]
	}
	if _, ok := text(total); ok {
		panic(r.faultf("sum() can't sum strings [use ''.join(seq) instead]"))
	}
	next := r.iterate(v)
	for {
		item, ok := next()
		if !ok {
			return total
		}
		total = r.arithmetic("+", total, get(item))
	}
}

func filterMap(r *run, v value, a args) value {
	var f func(value) value
	if attribute, ok := a.keyword("attribute"); ok && len(a.pos) == 0 {
		b := r.bind("map", a, "attribute!", "default")
		def := b[1]
		if _, isNone := orNone(def).(none); isNone {
			def = nil
		}
		f = r.getter(attribute, def)
	} else {
		if len(a.pos) == 0 {
			panic(r.faultf("map requires a filter argument"))
		}
		name := r.wantText("map", a.pos[0])
		rest := args{a.pos[1:], a.kw}
		f = func(v value) value { return r.filter(name, v, rest) }
	}
	if !truth(v) {
		return &iterator{"generator", func() (value, bool) { return nil, false }}
	}
	next := r.iterate(v)
	return &iterator{"generator", func() (value, bool) {
		item, ok := next()
		if !ok {
			return nil, false
		}
		return f(item), true
	}}
}

// selecting is select, reject, selectattr or rejectattr.
func selecting(name string, byAttr, keep bool) filterFunc {
	return func(r *run, v value, a args) value {
		get := func(v value) value { return v }
		rest := a.pos
		if byAttr {
			if len(rest) == 0 {
				panic(r.faultf("%s: missing parameter for attribute name", name))
			}
			get = r.getter(rest[0], nil)
			rest = rest[1:]
		}
		holds := truth
		if len(rest) > 0 {
			test := r.wantText(name, rest[0])
			with := args{rest[1:], a.kw}
			holds = func(v value) bool { return truth(r.test(test, v, with)) }
		}
		if !truth(v) {
			return &iterator{"generator", func() (value, bool) { return nil, false }}
		}
		next := r.iterate(v)
		return &iterator{"generator", func() (value, bool) {
			for {
				item, ok := next()
				if !ok {
					return nil, false
				}
				if holds(get(item)) == keep {
					return item, true
				}
			}
		}}
	}
}

func filterGroupBy(r *run, v value, a args) value {
	b := r.bind("groupby", a, "attribute!", "default", "case_sensitive")
	def := b[1]
	if _, isNone := orNone(def).(none); isNone {
		def = nil
	}
	raw := r.getter(b[0], def)
	fold := r.folded(isTrue(b[2]))
	items := r.sorted(r.collect(v), func(v value) value { return fold(raw(v)) }, false)
	out := &list{}
	var key value
	for _, item := range items {
		k := fold(raw(item))
		if key == nil || !r.equal(k, key) {
			key = k
			out.items = append(out.items, &tuple{[]value{raw(item), &list{}}})
		}
		group := out.items[len(out.items)-1].(*tuple).items[1].(*list)
		group.items = append(group.items, item)
	}
	return out
}

func filterBatch(r *run, v value, a args) value {
	b := r.bind("batch", a, "linecount!", "fill_with")
	count := r.wantInt("batch", b[0])
	next := r.iterate(v)
	done := false
	return &iterator{"generator", func() (value, bool) {
		if done {
			return nil, false
		}
		row := &list{}
		for len(row.items) < max(count, 1) {
			item, ok := next()
			if !ok {
				done = true
				break
			}
			row.items = append(row.items, item)
		}
		if len(row.items) == 0 {
			return nil, false
		}
		if _, isNone := orNone(b[1]).(none); !isNone {
			r.step(max(0, count-len(row.items)))
			for len(row.items) < count {
				row.items = append(row.items, b[1])
			}
		}
		return row, true
	}}
}

func filterSlice(r *run, v value, a args) value {
	b := r.bind("slice", a, "slices!", "fill_with")
	count := r.wantInt("slice", b[0])
	items := r.collect(v)
	if count == 0 {
		panic(r.faultf("integer division or modulo by zero"))
	}
	if count < 0 {
		return &iterator{"generator", func() (value, bool) { return nil, false }}
	}
	each, extra := len(items)/count, len(items)%count
	i, at := 0, 0
	return &iterator{"generator", func() (value, bool) {
		if i >= count {
			return nil, false
		}
		n := each
		if i < extra {
			n++
		}
		row := &list{slices.Clone(items[at : at+n])}
		if _, isNone := orNone(b[1]).(none); !isNone && i >= extra {
			row.items = append(row.items, b[1])
		}
		at += n
		i++
		return row, true
	}}
}
