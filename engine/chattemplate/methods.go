package chattemplate

import (
	"slices"
	"sort"
)

// member is an attribute or bound method of v.
func (r *run) member(v value, name string) (value, bool) {
	bind := func(m func(r *run, a args) value) (value, bool) {
		return &function{name, m}, true
	}
	switch v := v.(type) {
	case string, markup:
		if m, ok := textMethods[name]; ok {
			s, _ := text(v)
			_, safe := v.(markup)
			return bind(func(r *run, a args) value { return r.callTextMethod(m, name, s, safe, a) })
		}
	case *list:
		if m, ok := listMethods[name]; ok {
			return bind(func(r *run, a args) value { return m(r, v, a) })
		}
		if m, ok := sequenceMethods[name]; ok {
			return bind(func(r *run, a args) value { return m(r, v.items, a) })
		}
	case *tuple:
		if m, ok := sequenceMethods[name]; ok {
			return bind(func(r *run, a args) value { return m(r, v.items, a) })
		}
	case *dict:
		if m, ok := dictMethods[name]; ok {
			return bind(func(r *run, a args) value { return m(r, v, a) })
		}
	case *span:
		switch name {
		case "start":
			return v.start, true
		case "stop":
			return v.stop, true
		case "step":
			return v.step, true
		}
		if m, ok := sequenceMethods[name]; ok {
			return bind(func(r *run, a args) value { return m(r, r.collect(v), a) })
		}
	case *namespace:
		return v.attrs.getString(name)
	case *loop:
		return v.member(r, name)
	case *macro:
		switch name {
		case "name":
			if v.def.name == "" {
				return none{}, true
			}
			return v.def.name, true
		case "arguments":
			t := &tuple{}
			for _, p := range v.def.params {
				t.items = append(t.items, p)
			}
			return t, true
		}
	case *cycler:
		return v.member(name)
	case *function:
		if v == globals["dict"] && name == "fromkeys" {
			return bind(dictFromKeys)
		}
	}
	return nil, false
}

func dictFromKeys(r *run, a args) value {
	b := r.bind("fromkeys", a, "iterable!", "value")
	if b[1] == nil {
		b[1] = none{}
	}
	d := newDict()
	next := r.iterate(b[0])
	for k, ok := next(); ok; k, ok = next() {
		r.put(d, k, b[1])
	}
	return d
}

var sequenceMethods = map[string]func(r *run, items []value, a args) value{
	"index": func(r *run, items []value, a args) value {
		b := r.bind("index", a, "value!", "start", "stop")
		from, to := r.window("index", b[1], b[2], len(items))
		for i := from; i < to; i++ {
			r.step(1)
			if r.equal(items[i], b[0]) {
				return int64(i)
			}
		}
		panic(r.faultf("the value is not in the list"))
	},
	"count": func(r *run, items []value, a args) value {
		want := r.bind("count", a, "value!")[0]
		n := int64(0)
		for _, v := range items {
			r.step(1)
			if r.equal(v, want) {
				n++
			}
		}
		return n
	},
}

// window clamps the optional bounds start and stop to 0..n as slices do.
func (r *run) window(fn string, start, stop value, n int) (from, to int) {
	clamp := func(v value, def int) int {
		if v == nil {
			return def
		}
		if _, ok := v.(none); ok {
			return def
		}
		i := r.wantInt(fn, v)
		if i < 0 {
			i += n
		}
		return max(0, min(i, n))
	}
	return clamp(start, 0), clamp(stop, n)
}

var listMethods = map[string]func(r *run, l *list, a args) value{
	"append": func(r *run, l *list, a args) value {
		l.items = append(l.items, r.bind("append", a, "object!")[0])
		return none{}
	},
	"extend": func(r *run, l *list, a args) value {
		l.items = append(l.items, r.collect(r.bind("extend", a, "iterable!")[0])...)
		return none{}
	},
	"insert": func(r *run, l *list, a args) value {
		b := r.bind("insert", a, "index!", "object!")
		at, _ := r.window("insert", b[0], nil, len(l.items))
		r.step(len(l.items))
		l.items = slices.Insert(l.items, at, b[1])
		return none{}
	},
	"pop": func(r *run, l *list, a args) value {
		b := r.bind("pop", a, "index")
		i := len(l.items) - 1
		if b[0] != nil {
			if i = r.wantInt("pop", b[0]); i < 0 {
				i += len(l.items)
			}
		}
		if i < 0 || i >= len(l.items) {
			panic(r.faultf("pop from an empty list or index out of range"))
		}
		v := l.items[i]
		r.step(len(l.items) - i)
		l.items = append(l.items[:i:i], l.items[i+1:]...)
		return v
	},
	"remove": func(r *run, l *list, a args) value {
		want := r.bind("remove", a, "value!")[0]
		for i, v := range l.items {
			r.step(1)
			if r.equal(v, want) {
				l.items = append(l.items[:i:i], l.items[i+1:]...)
				return none{}
			}
		}
		panic(r.faultf("the value is not in the list"))
	},
	"reverse": func(r *run, l *list, a args) value {
		r.bind("reverse", a)
		r.step(len(l.items))
		l.items = slices.Clone(l.items)
		slices.Reverse(l.items)
		return none{}
	},
	"sort": func(r *run, l *list, a args) value {
		b := r.bind("sort", a, "reverse")
		l.items = r.sorted(l.items, func(v value) value { return v }, b[0] != nil && truth(b[0]))
		return none{}
	},
	"copy": func(r *run, l *list, a args) value {
		r.bind("copy", a)
		r.step(len(l.items))
		return &list{slices.Clone(l.items)}
	},
	"clear": func(r *run, l *list, a args) value {
		r.bind("clear", a)
		l.items = nil
		return none{}
	},
}

// sorted gives items in the order of their keys, equal ones as they stood.
func (r *run) sorted(items []value, key func(value) value, reverse bool) []value {
	type keyed struct{ k, v value }
	r.step(len(items))
	all := make([]keyed, len(items))
	for i, v := range items {
		all[i] = keyed{key(v), v}
	}
	sort.SliceStable(all, func(i, j int) bool {
		r.step(1)
		if reverse {
			i, j = j, i
		}
		return r.compare("<", all[i].k, all[j].k) == -1
	})
	out := make([]value, len(all))
	for i, k := range all {
		out[i] = k.v
	}
	return out
}

var dictMethods = map[string]func(r *run, d *dict, a args) value{
	"get": func(r *run, d *dict, a args) value {
		b := r.bind("get", a, "key!", "default")
		if v, ok := d.get(r.mustHash(b[0])); ok {
			return v
		}
		return orNone(b[1])
	},
	"items": func(r *run, d *dict, a args) value {
		r.bind("items", a)
		return &view{d, viewItems}
	},
	"keys": func(r *run, d *dict, a args) value {
		r.bind("keys", a)
		return &view{d, viewKeys}
	},
	"values": func(r *run, d *dict, a args) value {
		r.bind("values", a)
		return &view{d, viewValues}
	},
	"copy": func(r *run, d *dict, a args) value {
		r.bind("copy", a)
		r.step(4 * d.len())
		return d.copy()
	},
	"clear": func(r *run, d *dict, a args) value {
		r.bind("clear", a)
		d.clear()
		return none{}
	},
	"pop": func(r *run, d *dict, a args) value {
		b := r.bind("pop", a, "key!", "default")
		h := r.mustHash(b[0])
		v, ok := d.get(h)
		if !ok {
			if b[1] == nil {
				panic(r.faultf("pop: no such key"))
			}
			return b[1]
		}
		r.step(d.len())
		d.remove(h)
		return v
	},
	"popitem": func(r *run, d *dict, a args) value {
		r.bind("popitem", a)
		n := d.len()
		if n == 0 {
			panic(r.faultf("popitem: the dictionary is empty"))
		}
		k, v := d.keys[n-1], d.vals[n-1]
		r.step(n)
		d.remove(r.mustHash(k))
		return &tuple{[]value{k, v}}
	},
	"setdefault": func(r *run, d *dict, a args) value {
		b := r.bind("setdefault", a, "key!", "default")
		h := r.mustHash(b[0])
		if v, ok := d.get(h); ok {
			return v
		}
		v := orNone(b[1])
		r.step(4)
		d.set(h, b[0], v)
		return v
	},
	"update": func(r *run, d *dict, a args) value {
		r.fill(d, "update", a)
		return none{}
	},
}

func (r *run) mustHash(v value) hash {
	h, ok := r.hashOf(v)
	if !ok {
		panic(r.faultf("unhashable type: '%s'", typeName(v)))
	}
	return h
}

func orNone(v value) value {
	if v == nil {
		return none{}
	}
	return v
}

// fill adds to d what dict(…) or dict.update(…) takes: a mapping or pairs, and
// keyword arguments.
func (r *run) fill(d *dict, fn string, a args) {
	if len(a.pos) > 1 {
		panic(r.faultf("%s takes at most 1 argument, got %d", fn, len(a.pos)))
	}
	for _, from := range a.pos {
		if from, ok := from.(*dict); ok {
			keys, vals := slices.Clone(from.keys), slices.Clone(from.vals)
			for i, k := range keys {
				r.put(d, k, vals[i])
			}
			continue
		}
		next := r.iterate(from)
		for {
			pair, ok := next()
			if !ok {
				break
			}
			kv := r.collect(pair)
			if len(kv) != 2 {
				panic(r.faultf("%s needs pairs, got %d values", fn, len(kv)))
			}
			r.put(d, kv[0], kv[1])
		}
	}
	for _, k := range a.kw {
		r.put(d, k.name, k.v)
	}
}
