package chattemplate

import "strings"

const (
	maxKeywords = 100 // in one call
	maxUsed     = 40  // bytes of a constant that may be the name of a key
)

// Expressions, from the loosest binding to the tightest: inline if, or, and,
// not, comparison, + -, ~, * / // %, **, unary sign, filters and tests.

func (p *parser) expression() expr {
	defer p.nest()()
	at := p.cur().at
	x := p.or()
	for p.skipName("if") {
		c := &condExpr{at: at, test: p.or(), then: x}
		if p.skipName("else") {
			c.alt = p.expression()
		}
		x = c
		defer p.nest()()
	}
	return x
}

func (p *parser) or() expr {
	defer p.nest()()
	x := p.and()
	for p.skipName("or") {
		x = &logicExpr{false, x, p.and()}
	}
	return x
}

func (p *parser) and() expr {
	x := p.not()
	for p.skipName("and") {
		x = &logicExpr{true, x, p.not()}
	}
	return x
}

func (p *parser) not() expr {
	if p.skipName("not") {
		defer p.nest()()
		return &notExpr{p.not()}
	}
	return p.compare()
}

func (p *parser) compare() expr {
	x := p.sum()
	var rest []comparison
	for {
		t := p.cur()
		op := ""
		switch {
		case t.kind == tokenOp:
			switch t.text {
			case "==", "!=", "<", "<=", ">", ">=":
				op = t.text
			}
		case p.isName("in"):
			op = "in"
		case p.isName("not") && p.look().kind == tokenName && p.look().text == "in":
			op = "not in"
			p.next()
		}
		if op == "" {
			break
		}
		p.next()
		rest = append(rest, comparison{t.at, op, p.sum()})
	}
	if rest == nil {
		return x
	}
	return &compareExpr{x, rest}
}

func (p *parser) sum() expr {
	x := p.concat()
	for p.isOp("+") || p.isOp("-") {
		t := p.next()
		x = &binaryExpr{t.at, t.text, x, p.concat()}
	}
	return x
}

func (p *parser) concat() expr {
	at := p.cur().at
	parts := []expr{p.product()}
	for p.skipOp("~") {
		parts = append(parts, p.product())
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return &concatExpr{at, parts}
}

func (p *parser) product() expr {
	x := p.power()
	for p.isOp("*") || p.isOp("/") || p.isOp("//") || p.isOp("%") {
		t := p.next()
		x = &binaryExpr{t.at, t.text, x, p.power()}
	}
	return x
}

func (p *parser) power() expr {
	x := p.unary(true)
	for p.isOp("**") {
		t := p.next()
		x = &binaryExpr{t.at, t.text, x, p.unary(true)}
	}
	return x
}

func (p *parser) unary(withFilter bool) expr {
	var x expr
	if p.isOp("-") || p.isOp("+") {
		defer p.nest()()
		t := p.next()
		x = &unaryExpr{t.at, t.text, p.unary(false)}
	} else {
		x = p.primary()
	}
	x = p.postfix(x)
	if withFilter {
		x = p.filtersAndTests(x)
	}
	return x
}

func (p *parser) primary() expr {
	t := p.next()
	switch t.kind {
	case tokenName:
		switch t.text {
		case "true", "True":
			return constExpr{true}
		case "false", "False":
			return constExpr{false}
		case "none", "None":
			return constExpr{none{}}
		}
		p.mention(t.text)
		return &nameExpr{t.at, t.text}
	case tokenString:
		var s strings.Builder
		s.WriteString(t.text)
		for p.cur().kind == tokenString {
			s.WriteString(p.next().text)
		}
		if s.Len() <= maxUsed {
			p.used[s.String()] = true
		}
		return constExpr{s.String()}
	case tokenInt, tokenFloat:
		return constExpr{t.val}
	case tokenOp:
		switch t.text {
		case "(":
			x := p.tupleIn(true)
			p.expectOp(")")
			return x
		case "[":
			return p.listLiteral()
		case "{":
			return p.dictLiteral(t.at)
		}
	}
	p.fail(t.at, "expected an expression, got %s", t.describe())
	return nil
}

// mention notes a variable, and for the macros around it whether they take the
// implicit arguments.
func (p *parser) mention(name string) {
	p.used[name] = true
	for _, m := range p.macros {
		switch name {
		case "caller":
			m.caller = true
		case "varargs":
			m.varargs = true
		case "kwargs":
			m.kwargs = true
		}
	}
}

func (p *parser) tupleEnd(stop string) bool {
	t := p.cur()
	return t.kind == tokenPrintEnd || t.kind == tokenTagEnd || p.isOp(")") || stop != "" && p.isName(stop)
}

func (p *parser) tupleIn(parens bool) expr { return p.tupleOf(p.expression, "", parens) }

// tuple reads an expression or, if commas follow, a tuple without brackets.
func (p *parser) tuple(withCond bool, stop string) expr {
	if withCond {
		return p.tupleOf(p.expression, stop, false)
	}
	return p.tupleOf(p.or, stop, false)
}

func (p *parser) tupleOf(parse func() expr, stop string, emptyAllowed bool) expr {
	var items []expr
	isTuple := false
	for {
		if len(items) > 0 {
			p.expectOp(",")
		}
		if p.tupleEnd(stop) {
			break
		}
		items = append(items, parse())
		if !p.isOp(",") {
			break
		}
		isTuple = true
	}
	if !isTuple {
		if len(items) == 1 {
			return items[0]
		}
		if !emptyAllowed {
			p.fail(p.cur().at, "expected an expression, got %s", p.cur().describe())
		}
	}
	return &tupleExpr{items}
}

func (p *parser) listLiteral() expr {
	var items []expr
	for !p.isOp("]") {
		if len(items) > 0 {
			p.expectOp(",")
			if p.isOp("]") {
				break
			}
		}
		items = append(items, p.expression())
	}
	p.expectOp("]")
	return &listExpr{items}
}

func (p *parser) dictLiteral(at int) expr {
	d := &dictExpr{at: at}
	for !p.isOp("}") {
		if len(d.keys) > 0 {
			p.expectOp(",")
			if p.isOp("}") {
				break
			}
		}
		d.keys = append(d.keys, p.expression())
		p.expectOp(":")
		d.vals = append(d.vals, p.expression())
	}
	p.expectOp("}")
	return d
}

func (p *parser) postfix(x expr) expr {
	for {
		switch {
		case p.isOp("."), p.isOp("["):
			x = p.subscript(x)
		case p.isOp("("):
			x = &callExpr{p.cur().at, x, p.callArgs()}
		default:
			return x
		}
	}
}

func (p *parser) filtersAndTests(x expr) expr {
	for {
		switch {
		case p.isOp("|"):
			x = p.filters(x, false)
		case p.isName("is"):
			x = p.test(x)
		case p.isOp("("):
			x = &callExpr{p.cur().at, x, p.callArgs()}
		default:
			return x
		}
	}
}

func (p *parser) subscript(x expr) expr {
	t := p.next()
	if t.text == "." {
		a := p.next()
		switch a.kind {
		case tokenName:
			p.used[a.text] = true
			return &attrExpr{t.at, x, a.text}
		case tokenInt:
			return &itemExpr{t.at, x, constExpr{a.val}}
		}
		p.fail(a.at, "expected a name or a number after '.', got %s", a.describe())
	}
	if p.skipOp("]") {
		return &itemExpr{t.at, x, &tupleExpr{}} // x[] looks up the empty tuple
	}
	var lo, hi, step expr
	if !p.isOp(":") {
		key := p.expression()
		if p.skipOp(",") { // x[a, b] looks up a tuple
			items := []expr{key}
			for !p.isOp("]") {
				items = append(items, p.expression())
				if !p.skipOp(",") {
					break
				}
			}
			key = &tupleExpr{items}
		}
		if p.skipOp("]") {
			return &itemExpr{t.at, x, key}
		}
		lo = key
	}
	p.expectOp(":")
	if !p.isOp(":") && !p.isOp("]") {
		hi = p.expression()
	}
	if p.skipOp(":") && !p.isOp("]") {
		step = p.expression()
	}
	p.expectOp("]")
	return &sliceExpr{t.at, x, lo, hi, step}
}

func (p *parser) callArgs() argExprs {
	open := p.expectOp("(")
	var a argExprs
	ensure := func(ok bool) {
		if !ok {
			p.fail(open.at, "the arguments of this call are in a wrong order")
		}
	}
	for first := true; !p.isOp(")"); first = false {
		if !first {
			p.expectOp(",")
			if p.isOp(")") {
				break
			}
		}
		l := p.look()
		switch {
		case p.skipOp("*"):
			ensure(a.star == nil && a.starstar == nil)
			a.star = p.expression()
		case p.skipOp("**"):
			ensure(a.starstar == nil)
			a.starstar = p.expression()
		case p.cur().kind == tokenName && l.kind == tokenOp && l.text == "=":
			ensure(a.starstar == nil)
			name := p.next()
			p.next()
			if len(a.kw) >= maxKeywords {
				p.fail(name.at, "more than %d keyword arguments", maxKeywords)
			}
			for _, k := range a.kw {
				if k.name == name.text {
					p.fail(name.at, "argument '%s' is given twice", clip(name.text, 40))
				}
			}
			a.kw = append(a.kw, kwExpr{name.text, p.expression()})
		default:
			ensure(a.star == nil && a.starstar == nil && a.kw == nil)
			a.pos = append(a.pos, p.expression())
		}
	}
	p.expectOp(")")
	return a
}

// dotted reads the name of a filter or test.
func (p *parser) dotted() token {
	t := p.expectName()
	for p.skipOp(".") {
		t.text += "." + p.expectName().text
	}
	return t
}

// filters reads |a|b(…)…; with inline set the first '|' is left out. It gives x
// itself where no filter follows.
func (p *parser) filters(x expr, inline bool) expr {
	for inline || p.isOp("|") {
		if !inline {
			p.next()
		}
		inline = false
		t := p.dotted()
		f := &filterExpr{at: t.at, x: x, name: t.text}
		if p.isOp("(") {
			f.args = p.callArgs()
		}
		x = f
	}
	return x
}

func (p *parser) test(x expr) expr {
	p.next()
	negated := p.skipName("not")
	t := p.dotted()
	n := &testExpr{at: t.at, x: x, name: t.text}
	c := p.cur()
	switch {
	case p.isOp("("):
		n.args = p.callArgs()
	case c.kind == tokenName && c.text == "is":
		p.fail(c.at, "tests cannot be chained with 'is'")
	case c.kind == tokenName && (c.text == "else" || c.text == "or" || c.text == "and"):
	case c.kind == tokenName, c.kind == tokenString, c.kind == tokenInt, c.kind == tokenFloat, p.isOp("["), p.isOp("{"):
		n.args.pos = []expr{p.postfix(p.primary())}
	}
	if negated {
		return &notExpr{n}
	}
	return n
}
