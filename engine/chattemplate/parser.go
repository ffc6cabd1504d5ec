package chattemplate

import (
	"fmt"
	"slices"
	"strings"
)

const (
	maxSource = 1 << 18 // bytes of template source
	maxNest   = 200     // nested brackets, blocks and operators in the source
)

type parser struct {
	tokens []token
	i      int
	depth  int
	loops  int             // loops around the current place, within its macro
	macros []*macroDef     // macros around the current place
	ends   [][]string      // end tags awaited by the blocks around the current place
	used   map[string]bool // names of variables and attributes read, short constant strings
}

func (p *parser) fail(at int, format string, a ...any) {
	panic(&syntaxError{at, fmt.Sprintf(format, a...)})
}

func (p *parser) cur() token { return p.tokens[p.i] }

func (p *parser) look() token { return p.tokens[min(p.i+1, len(p.tokens)-1)] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tokenEOF {
		p.i++
	}
	return t
}

func (p *parser) isOp(op string) bool   { t := p.cur(); return t.kind == tokenOp && t.text == op }
func (p *parser) isName(n string) bool  { t := p.cur(); return t.kind == tokenName && t.text == n }
func (p *parser) skipOp(op string) bool { return p.isOp(op) && p.advance() }
func (p *parser) skipName(n string) bool {
	return p.isName(n) && p.advance()
}
func (p *parser) advance() bool { p.next(); return true }

func (p *parser) expectOp(op string) token {
	if !p.isOp(op) {
		p.fail(p.cur().at, "expected '%s', got %s", op, p.cur().describe())
	}
	return p.next()
}

func (p *parser) expectName() token {
	if p.cur().kind != tokenName {
		p.fail(p.cur().at, "expected a name, got %s", p.cur().describe())
	}
	return p.next()
}

func (p *parser) expectKind(k tokenKind, what string) {
	if p.cur().kind != k {
		p.fail(p.cur().at, "expected %s, got %s", what, p.cur().describe())
	}
	p.next()
}

// nest counts one more level of nesting; use as defer p.nest()().
func (p *parser) nest() func() {
	p.depth++
	if p.depth > maxNest {
		p.fail(p.cur().at, "nested more than %d levels deep", maxNest)
	}
	return func() { p.depth-- }
}

// body reads statements until one of the end tags, whose name is left current.
// The tag that opened the body is closed first.
func (p *parser) body(ends ...string) []stmt {
	p.skipOp(":")
	p.expectKind(tokenTagEnd, "'%}'")
	return p.statements(ends...)
}

// end is body up to one end tag, which is consumed with it.
func (p *parser) end(name string) []stmt {
	b := p.body(name)
	p.next()
	return b
}

func (p *parser) statements(ends ...string) []stmt {
	defer p.nest()()
	if len(ends) > 0 {
		p.ends = append(p.ends, ends)
		defer func() { p.ends = p.ends[:len(p.ends)-1] }()
	}
	var out []stmt
	for {
		t := p.next()
		switch t.kind {
		case tokenEOF:
			if len(ends) > 0 {
				p.fail(t.at, "the template ends where %s is still expected", endNames(ends))
			}
			return out
		case tokenData:
			out = append(out, &textStmt{t.text})
		case tokenPrintBegin:
			x := p.tuple(true, "")
			p.expectKind(tokenPrintEnd, "'}}'")
			out = append(out, &printStmt{t.at, x})
		case tokenTagBegin:
			if c := p.cur(); c.kind == tokenName && slices.Contains(ends, c.text) {
				return out
			}
			out = append(out, p.statement()...)
			p.expectKind(tokenTagEnd, "'%}'")
		default:
			p.fail(t.at, "unexpected %s", t.describe())
		}
	}
}

func endNames(ends []string) string {
	var q []string
	for _, e := range ends {
		q = append(q, "'{% "+e+" %}'")
	}
	return strings.Join(q, " or ")
}

// statement reads one tag from its name on, up to but without its '%}'.
func (p *parser) statement() []stmt {
	t := p.cur()
	if t.kind != tokenName {
		p.fail(t.at, "expected the name of a tag, got %s", t.describe())
	}
	p.next()
	switch t.text {
	case "if":
		return []stmt{p.ifTag()}
	case "for":
		return []stmt{p.forTag(t.at)}
	case "set":
		return []stmt{p.setTag()}
	case "print":
		var out []stmt
		for p.cur().kind != tokenTagEnd {
			if out != nil {
				p.expectOp(",")
			}
			out = append(out, &printStmt{p.cur().at, p.expression()})
		}
		return out
	case "macro":
		def := &macroDef{at: t.at, name: p.nameTarget().name}
		p.signature(def)
		p.macroBody(def, "endmacro")
		return []stmt{&macroStmt{def}}
	case "call":
		def := &macroDef{at: t.at}
		if p.isOp("(") {
			p.signature(def)
		}
		x := p.expression()
		call, ok := x.(*callExpr)
		if !ok {
			p.fail(t.at, "'{%% call %%}' needs a call of a macro")
		}
		p.macroBody(def, "endcall")
		return []stmt{&callStmt{t.at, call, def}}
	case "filter":
		f := p.filters(nil, true)
		return []stmt{&filterStmt{at: t.at, filter: f, body: p.end("endfilter")}}
	case "with":
		w := &withStmt{}
		for p.cur().kind != tokenTagEnd {
			if len(w.targets) > 0 {
				p.expectOp(",")
			}
			w.targets = append(w.targets, p.assignTarget("", false))
			p.expectOp("=")
			w.vals = append(w.vals, p.expression())
		}
		w.body = p.end("endwith")
		return []stmt{w}
	case "generation":
		return []stmt{&scopeStmt{body: p.end("endgeneration")}}
	case "block":
		name := p.expectName().text
		scoped := p.skipName("scoped")
		p.skipName("required")
		b := &scopeStmt{body: p.end("endblock"), atRoot: !scoped}
		p.skipName(name)
		return []stmt{b}
	case "break", "continue":
		if p.loops == 0 {
			p.fail(t.at, "'%s' outside of a loop", t.text)
		}
		if t.text == "break" {
			return []stmt{breakStmt{}}
		}
		return []stmt{continueStmt{}}
	case "extends", "include", "import", "from":
		p.fail(t.at, "'{%% %s %%}' is not available: a chat template stands alone", t.text)
	}
	if strings.HasPrefix(t.text, "end") || t.text == "else" || t.text == "elif" {
		if n := len(p.ends); n > 0 {
			p.fail(t.at, "found '{%% %s %%}' where %s is expected", t.text, endNames(p.ends[n-1]))
		}
		p.fail(t.at, "'{%% %s %%}' closes nothing", t.text)
	}
	p.fail(t.at, "unknown tag '%s'", clip(t.text, 40))
	return nil
}

func (p *parser) ifTag() stmt {
	n := &ifStmt{}
	for {
		test := p.tuple(false, "")
		n.branches = append(n.branches, branch{test, p.body("elif", "else", "endif")})
		switch p.next().text {
		case "else":
			n.alt = p.end("endif")
			return n
		case "endif":
			return n
		}
	}
}

func (p *parser) forTag(at int) stmt {
	n := &forStmt{at: at, target: p.assignTarget("in", false)}
	if !p.skipName("in") {
		p.fail(p.cur().at, "expected 'in', got %s", p.cur().describe())
	}
	n.iter = p.tuple(false, "recursive")
	if p.skipName("if") {
		n.test = p.expression()
	}
	n.recursive = p.skipName("recursive")
	p.loops++
	n.body = p.body("endfor", "else")
	p.loops--
	if p.next().text == "else" {
		n.alt = p.end("endfor")
	}
	return n
}

func (p *parser) setTag() stmt {
	t := p.assignTarget("", true)
	if p.skipOp("=") {
		return &setStmt{t, p.tuple(true, "")}
	}
	n := &setBlockStmt{target: t, filter: p.filters(nil, false)}
	n.body = p.end("endset")
	return n
}

func (p *parser) signature(def *macroDef) {
	p.expectOp("(")
	for !p.isOp(")") {
		if len(def.params) > 0 {
			p.expectOp(",")
		}
		name := p.nameTarget()
		def.params = append(def.params, name.name)
		if p.skipOp("=") {
			def.defaults = append(def.defaults, p.expression())
		} else if len(def.defaults) > 0 {
			p.fail(p.cur().at, "a parameter without a default follows one with a default")
		}
	}
	p.expectOp(")")
}

func (p *parser) macroBody(def *macroDef, end string) {
	loops := p.loops
	p.loops = 0
	p.macros = append(p.macros, def)
	def.body = p.end(end)
	p.macros = p.macros[:len(p.macros)-1]
	p.loops = loops
}

func (p *parser) nameTarget() nameTarget {
	t := p.expectName()
	p.assignable(t)
	return nameTarget{t.text}
}

func (p *parser) assignable(t token) {
	switch t.text {
	case "true", "false", "none", "True", "False", "None":
		p.fail(t.at, "cannot assign to '%s'", t.text)
	}
}

// assignTarget reads a name, a tuple of names or (where allowed) namespace.attr.
// stop is a name that ends a tuple.
func (p *parser) assignTarget(stop string, withNamespace bool) target {
	if l := p.look(); withNamespace && l.kind == tokenOp && l.text == "." {
		t := p.expectName()
		p.next()
		return attrTarget{t.at, t.text, p.expectName().text}
	}
	at := p.cur().at
	items, isTuple := p.targets(stop)
	if !isTuple {
		return items[0]
	}
	return tupleTarget{at, items}
}

func (p *parser) targets(stop string) (items []target, isTuple bool) {
	defer p.nest()()
	for {
		if len(items) > 0 {
			if !p.skipOp(",") {
				return items, isTuple
			}
			isTuple = true
		}
		t := p.cur()
		switch {
		case p.tupleEnd(stop) || p.isOp("="):
			if len(items) == 0 {
				p.fail(t.at, "expected a name to assign to, got %s", t.describe())
			}
			return items, isTuple
		case t.kind == tokenName:
			items = append(items, p.nameTarget())
		case p.skipOp("("):
			inner, tuple := p.targets("")
			p.expectOp(")")
			if tuple {
				items = append(items, tupleTarget{t.at, inner})
			} else {
				items = append(items, inner[0])
			}
		default:
			p.fail(t.at, "cannot assign to %s", t.describe())
		}
	}
}
