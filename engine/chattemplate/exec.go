package chattemplate

import "slices"

func (st *textStmt) exec(r *run, s *scope) signal {
	r.write(st.text)
	return proceed
}

func (st *printStmt) exec(r *run, s *scope) signal {
	v := r.eval(st.x, s)
	r.at = st.at
	r.write(r.str(v))
	return proceed
}

func (st *ifStmt) exec(r *run, s *scope) signal {
	for _, b := range st.branches {
		if truth(r.eval(b.test, s)) {
			return r.exec(b.body, s)
		}
	}
	return r.exec(st.alt, s)
}

func (st *setStmt) exec(r *run, s *scope) signal {
	st.target.assign(r, s, r.eval(st.x, s))
	return proceed
}

func (st *setBlockStmt) exec(r *run, s *scope) signal {
	inner := r.inner(s, st.hidden)
	text, sig := r.capture(func() signal { return r.exec(st.body, inner) })
	if sig != proceed {
		return sig
	}
	var v value = text
	if st.filter != nil {
		v = r.filterText(st.filter, inner, text)
	}
	st.target.assign(r, s, v)
	return proceed
}

func (st *filterStmt) exec(r *run, s *scope) signal {
	inner := r.inner(s, st.hidden)
	text, sig := r.capture(func() signal { return r.exec(st.body, inner) })
	if sig != proceed {
		return sig
	}
	v := r.filterText(st.filter, inner, text)
	r.at = st.at
	r.write(r.wantText("the end of a filter block", v))
	return proceed
}

func (st *withStmt) exec(r *run, s *scope) signal {
	inner := r.inner(s, st.hidden)
	for i, t := range st.targets {
		t.assign(r, inner, r.eval(st.vals[i], s))
	}
	return r.exec(st.body, inner)
}

func (st *scopeStmt) exec(r *run, s *scope) signal {
	if st.atRoot {
		s = r.root
	}
	return r.exec(st.body, r.inner(s, st.hidden))
}

func (breakStmt) exec(*run, *scope) signal { return breakLoop }

func (continueStmt) exec(*run, *scope) signal { return continueLoop }

func (st *macroStmt) exec(r *run, s *scope) signal {
	s.set(st.def.name, &macro{def: st.def, scope: s})
	return proceed
}

func (st *callStmt) exec(r *run, s *scope) signal {
	fn := r.eval(st.call.fn, s)
	a := r.args(st.call.args, s)
	a.kw = append(a.kw, kwarg{"caller", &macro{def: st.caller, scope: s}})
	r.at = st.at
	r.write(r.str(r.call(fn, a)))
	return proceed
}

func (t nameTarget) assign(r *run, s *scope, v value) { s.set(t.name, v) }

func (t attrTarget) assign(r *run, s *scope, v value) {
	r.at = t.at
	held, _ := s.get(t.ns)
	ns, ok := held.(*namespace)
	if !ok {
		panic(r.faultf("cannot set '%s.%s': '%s' is not a namespace", t.ns, t.attr, t.ns))
	}
	r.step(4)
	ns.attrs.setString(t.attr, v)
}

func (t tupleTarget) assign(r *run, s *scope, v value) {
	r.at = t.at
	next, ok := r.tryIterate(v)
	if !ok {
		panic(r.faultf("cannot unpack a '%s' object", typeName(v)))
	}
	for i, item := range t.items {
		v, ok := next()
		if !ok {
			panic(r.faultf("not enough values to unpack (expected %d, got %d)", len(t.items), i))
		}
		item.assign(r, s, v)
		r.at = t.at
	}
	if _, more := next(); more {
		panic(r.faultf("too many values to unpack (expected %d)", len(t.items)))
	}
}

// macro is a macro, or the body of a call block, with the variables around it.
type macro struct {
	def   *macroDef
	scope *scope
}

func (m *macro) call(r *run, a args) value {
	def := m.def
	s := r.inner(m.scope, def.hidden)
	name := def.name
	if name == "" {
		name = "caller"
	}
	rest := slices.Clone(a.kw)
	take := func(name string) (value, bool) {
		for i, k := range rest {
			if k.name == name {
				rest = slices.Delete(rest, i, i+1)
				return k.v, true
			}
		}
		return nil, false
	}
	ownCaller := false
	for i, p := range def.params {
		ownCaller = ownCaller || p == "caller"
		if i < len(a.pos) {
			s.set(p, a.pos[i])
			continue
		}
		v, ok := take(p)
		if !ok {
			if d := i - (len(def.params) - len(def.defaults)); d >= 0 {
				v = r.eval(def.defaults[d], s)
			} else {
				v = &undefined{"parameter '" + clip(p, 60) + "' was not provided"}
			}
		}
		s.set(p, v)
	}
	if def.caller && !ownCaller {
		v, ok := take("caller")
		if !ok {
			v = &undefined{"No caller defined"}
		}
		s.set("caller", v)
	}
	if def.kwargs {
		d := newDict()
		for _, k := range rest {
			d.setString(k.name, k.v)
		}
		s.set("kwargs", d)
	} else if len(rest) > 0 {
		panic(r.faultf("macro '%s' takes no keyword argument '%s'", name, clip(rest[0].name, 60)))
	}
	extra := a.pos[min(len(a.pos), len(def.params)):]
	if def.varargs {
		s.set("varargs", &tuple{slices.Clone(extra)})
	} else if len(extra) > 0 {
		panic(r.faultf("macro '%s' takes not more than %d argument(s)", name, len(def.params)))
	}
	at := r.at
	out, _ := r.capture(func() signal { return r.exec(def.body, s) })
	r.at = at
	return out
}

// loop is the variable loop inside {% for %}. It looks one element ahead only
// when asked to, since the elements may come from a filter that runs lazily.
type loop struct {
	next    func() (value, bool)
	size    func() (int, bool) // length if the iterable has one
	known   int64              // length once found out, or -1
	index0  int64
	before  value
	current value
	ahead   value // nil: not looked yet
	ended   bool  // the look ahead found the end
	depth0  int64
	changed value
	again   func(r *run, over value, depth int64) string // for a recursive loop
}

func (l *loop) advance() bool {
	v := l.ahead
	if v == nil {
		if l.ended {
			return false
		}
		var ok bool
		if v, ok = l.next(); !ok {
			return false
		}
	}
	l.ahead = nil
	l.index0++
	l.before, l.current = l.current, v
	return true
}

func (l *loop) peek() (value, bool) {
	if l.ahead == nil && !l.ended {
		v, ok := l.next()
		if ok {
			l.ahead = v
		} else {
			l.ended = true
		}
	}
	return l.ahead, l.ahead != nil
}

func (l *loop) length(r *run) int64 {
	if l.known >= 0 {
		return l.known
	}
	if n, ok := l.size(); ok {
		l.known = int64(n)
		return l.known
	}
	var rest []value
	for {
		v, ok := l.next()
		if !ok {
			break
		}
		rest = append(rest, v)
	}
	l.known = int64(len(rest)) + l.index0 + 1
	if l.ahead != nil {
		l.known++
	}
	l.next = r.iterate(&list{rest})
	return l.known
}

// member gives an attribute of the loop variable.
func (l *loop) member(r *run, name string) (value, bool) {
	switch name {
	case "index":
		return l.index0 + 1, true
	case "index0":
		return l.index0, true
	case "first":
		return l.index0 == 0, true
	case "last":
		_, more := l.peek()
		return !more, true
	case "length":
		return l.length(r), true
	case "revindex":
		return l.length(r) - l.index0, true
	case "revindex0":
		return l.length(r) - l.index0 - 1, true
	case "depth":
		return l.depth0 + 1, true
	case "depth0":
		return l.depth0, true
	case "previtem":
		if l.index0 == 0 {
			return &undefined{"there is no previous item"}, true
		}
		return l.before, true
	case "nextitem":
		if v, ok := l.peek(); ok {
			return v, true
		}
		return &undefined{"there is no next item"}, true
	case "cycle":
		return &function{"cycle", func(r *run, a args) value {
			if len(a.pos) == 0 {
				panic(r.faultf("no items for cycling given"))
			}
			return a.pos[l.index0%int64(len(a.pos))]
		}}, true
	case "changed":
		return &function{"changed", func(r *run, a args) value {
			v := &tuple{a.pos}
			if l.changed != nil && r.equal(l.changed, v) {
				return false
			}
			l.changed = v
			return true
		}}, true
	}
	return nil, false
}

func (l *loop) recurse(r *run, a args) value {
	if l.again == nil {
		panic(r.faultf("the loop must have the 'recursive' marker to be called recursively"))
	}
	over := r.bind("loop", a, "iterable!")[0]
	return l.again(r, over, l.depth0+1)
}

func (st *forStmt) exec(r *run, s *scope) signal {
	over := r.eval(st.iter, s)
	return st.run(r, s, over, 0)
}

func (st *forStmt) run(r *run, s *scope, over value, depth0 int64) signal {
	r.at = st.at
	next := r.iterate(over)
	size := func() (int, bool) { return r.length(over) }
	if st.test != nil {
		all := next
		next = func() (value, bool) {
			for {
				v, ok := all()
				if !ok {
					return nil, false
				}
				inner := r.inner(s, nil)
				st.target.assign(r, inner, v)
				if truth(r.eval(st.test, inner)) {
					return v, true
				}
			}
		}
		size = func() (int, bool) { return 0, false }
	}
	l := &loop{next: next, size: size, known: -1, index0: -1, depth0: depth0}
	if st.recursive {
		l.again = func(r *run, over value, depth int64) string {
			out, _ := r.capture(func() signal { return st.run(r, s, over, depth) })
			return out
		}
	}
	for l.advance() {
		r.step(1)
		inner := r.inner(s, st.hidden)
		inner.set("loop", l)
		st.target.assign(r, inner, l.current)
		if r.exec(st.body, inner) == breakLoop {
			return proceed
		}
	}
	if l.index0 < 0 {
		return r.exec(st.alt, r.inner(s, st.altHidden))
	}
	return proceed
}
