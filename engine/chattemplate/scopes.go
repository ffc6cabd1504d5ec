package chattemplate

import "slices"

// Jinja decides before it runs where each name of a block lives. One effect of
// that shows: a name that a block sets, and does not read or set only in some
// branch before, is undefined in it until then, even if the caller passes a
// variable of that name:
//
//	{% for m in messages %}{{ x }}{% endfor %}{% set x = 1 %}
//
// prints nothing for x. This pass finds those names; when the block is entered
// they are hidden.

// symbols are the names of one block, or of one branch of an if in it: then
// they add to those of base, which came before.
type symbols struct {
	parent *symbols // of the block around
	base   *symbols
	known  map[string]bool // whether the name is to be hidden
	stored map[string]bool
}

func newSymbols(parent, base *symbols) *symbols {
	return &symbols{parent, base, map[string]bool{}, map[string]bool{}}
}

// own tells whether this block knows the name.
func (s *symbols) own(name string) bool {
	for ; s != nil; s = s.base {
		if _, ok := s.known[name]; ok {
			return true
		}
	}
	return false
}

func (s *symbols) has(name string) bool {
	for ; s != nil; s = s.parent {
		if s.own(name) {
			return true
		}
	}
	return false
}

func (s *symbols) stores(name string) bool {
	for ; s != nil; s = s.base {
		if s.stored[name] {
			return true
		}
	}
	return false
}

func (s *symbols) load(name string) {
	if !s.has(name) {
		s.known[name] = false
	}
}

func (s *symbols) store(name string) {
	s.stored[name] = true
	if !s.own(name) {
		s.known[name] = !s.parent.has(name)
	}
}

func (s *symbols) parameter(name string) {
	s.stored[name] = true
	s.known[name] = false
}

func (s *symbols) hidden() []string {
	var names []string
	for name, hide := range s.known {
		if hide {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// branches merges what the three parts of an if do: its body, its elifs and its
// else. A name that not all of them set is not hidden.
func (s *symbols) branches(parts ...*symbols) {
	times := map[string]int{}
	for _, part := range parts {
		for name := range part.stored {
			if !s.stores(name) {
				times[name]++
			}
		}
	}
	for _, part := range parts {
		for name, hide := range part.known {
			s.known[name] = hide
		}
		for name := range part.stored {
			s.stored[name] = true
		}
	}
	for name, n := range times {
		if n < len(parts) {
			s.known[name] = false
		}
	}
}

// scopes finds the hidden names of a block whose own names begin with params,
// and those of the blocks in it.
func scopes(parent *symbols, body []stmt, params ...string) []string {
	s := newSymbols(parent, nil)
	for _, p := range params {
		s.parameter(p)
	}
	s.visit(body)
	s.descend(body)
	return s.hidden()
}

// visit notes the names that statements read and set in this very block.
func (s *symbols) visit(body []stmt) {
	for _, st := range body {
		switch st := st.(type) {
		case *printStmt:
			s.read(st.x)
		case *ifStmt:
			s.visitIf(st)
		case *forStmt:
			s.read(st.iter)
		case *setStmt:
			s.read(st.x)
			s.assign(st.target)
		case *setBlockStmt:
			s.assign(st.target)
		case *macroStmt:
			s.store(st.def.name)
		case *callStmt:
			s.read(st.call)
		case *filterStmt:
			s.read(st.filter)
		case *withStmt:
			for _, v := range st.vals {
				s.read(v)
			}
		}
	}
}

func (s *symbols) visitIf(st *ifStmt) {
	s.read(st.branches[0].test)
	body, elifs, alt := newSymbols(s.parent, s), newSymbols(s.parent, s), newSymbols(s.parent, s)
	body.visit(st.branches[0].body)
	for _, b := range st.branches[1:] {
		elifs.visitIf(&ifStmt{branches: []branch{b}})
	}
	alt.visit(st.alt)
	s.branches(body, elifs, alt)
}

// descend goes on to the blocks inside this one, now that all its names are
// known.
func (s *symbols) descend(body []stmt) {
	for _, st := range body {
		switch st := st.(type) {
		case *ifStmt:
			for _, b := range st.branches {
				s.descend(b.body)
			}
			s.descend(st.alt)
		case *forStmt:
			st.hidden = scopes(s, st.body, append(targetNames(st.target), "loop")...)
			st.altHidden = scopes(s, st.alt)
		case *setBlockStmt:
			st.hidden = scopes(s, st.body)
		case *macroStmt:
			s.macro(st.def)
		case *callStmt:
			s.macro(st.caller)
		case *filterStmt:
			st.hidden = scopes(s, st.body)
		case *withStmt:
			var names []string
			for _, t := range st.targets {
				names = append(names, targetNames(t)...)
			}
			st.hidden = scopes(s, st.body, names...)
		case *scopeStmt:
			if st.atRoot {
				st.hidden = scopes(nil, st.body)
			} else {
				st.hidden = scopes(s, st.body)
			}
		}
	}
}

func (s *symbols) macro(def *macroDef) {
	in := newSymbols(s, nil)
	for _, p := range def.params {
		in.parameter(p)
	}
	for _, d := range def.defaults {
		in.read(d)
	}
	in.visit(def.body)
	for name, implicit := range map[string]bool{"caller": def.caller, "varargs": def.varargs, "kwargs": def.kwargs} {
		if implicit {
			in.parameter(name)
		}
	}
	in.descend(def.body)
	def.hidden = in.hidden()
}

func (s *symbols) assign(t target) {
	if a, ok := t.(attrTarget); ok {
		s.load(a.ns)
	}
	for _, name := range targetNames(t) {
		s.store(name)
	}
}

func targetNames(t target) []string {
	switch t := t.(type) {
	case nameTarget:
		return []string{t.name}
	case tupleTarget:
		var names []string
		for _, item := range t.items {
			names = append(names, targetNames(item)...)
		}
		return names
	}
	return nil
}

// read notes the names in expressions; a nil one has none.
func (s *symbols) read(xs ...expr) {
	for _, x := range xs {
		switch x := x.(type) {
		case *nameExpr:
			s.load(x.name)
		case *attrExpr:
			s.read(x.x)
		case *itemExpr:
			s.read(x.x, x.key)
		case *sliceExpr:
			s.read(x.x, x.lo, x.hi, x.step)
		case *callExpr:
			s.read(x.fn)
			s.readArgs(x.args)
		case *filterExpr:
			s.read(x.x)
			s.readArgs(x.args)
		case *testExpr:
			s.read(x.x)
			s.readArgs(x.args)
		case *unaryExpr:
			s.read(x.x)
		case *binaryExpr:
			s.read(x.a, x.b)
		case *concatExpr:
			s.read(x.parts...)
		case *compareExpr:
			s.read(x.x)
			for _, c := range x.rest {
				s.read(c.x)
			}
		case *logicExpr:
			s.read(x.a, x.b)
		case *notExpr:
			s.read(x.x)
		case *condExpr:
			s.read(x.test, x.then, x.alt)
		case *listExpr:
			s.read(x.items...)
		case *tupleExpr:
			s.read(x.items...)
		case *dictExpr:
			s.read(x.keys...)
			s.read(x.vals...)
		}
	}
}

func (s *symbols) readArgs(a argExprs) {
	s.read(a.pos...)
	for _, k := range a.kw {
		s.read(k.x)
	}
	s.read(a.star, a.starstar)
}
