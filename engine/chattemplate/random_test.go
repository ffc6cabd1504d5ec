package chattemplate

import (
	"encoding/json"
	"math/rand"
	"strings"
	"testing"
)

// generator writes random templates that mostly make sense.
type generator struct {
	*rand.Rand
	depth int
	loops int
}

func (g *generator) pick(s ...string) string { return s[g.Intn(len(s))] }

func (g *generator) space() string {
	return g.pick("", "", "", " ", "  ", "\n", "\n\n", " \n", "\n  ", "\t", "x", "x\n", "\n x", " y ", "x\n\n  ")
}

func (g *generator) tag(inside string) string {
	return "{%" + g.pick("", "", "-", "-", "+") + " " + inside + " " + g.pick("", "", "-", "-", "+") + "%}"
}

func (g *generator) body() string {
	g.depth++
	defer func() { g.depth-- }()
	var b strings.Builder
	for range g.Intn(3) + 1 {
		b.WriteString(g.space() + g.statement() + g.space())
	}
	return b.String()
}

func (g *generator) statement() string {
	n := g.Intn(14)
	if g.depth > 2 {
		n = g.Intn(4)
	}
	switch n {
	case 0, 1, 2:
		return "{{" + g.pick("", "", "-") + " " + g.expr(0) + " " + g.pick("", "", "-") + "}}"
	case 3:
		return "{#" + g.pick("", "-", "+") + " c " + g.pick("", "-", "+") + "#}"
	case 4, 5:
		s := g.tag("if "+g.expr(1)) + g.body()
		if g.Intn(3) == 0 {
			s += g.tag("elif "+g.expr(1)) + g.body()
		}
		if g.Intn(2) == 0 {
			s += g.tag("else") + g.body()
		}
		return s + g.tag("endif")
	case 6, 7, 8:
		head := "for x in " + g.expr(1)
		if g.Intn(4) == 0 {
			head = "for k, v in " + g.pick("d.items()", "d | dictsort", "[(1, 2), (3, 4)]", "d | items")
		}
		if g.Intn(4) == 0 {
			head += " if " + g.expr(1)
		}
		g.loops++
		s := g.tag(head) + g.body()
		if g.Intn(3) == 0 {
			s += "{{ loop." + g.pick("index", "index0", "first", "last", "length", "revindex", "previtem", "nextitem") + " }}"
		}
		if g.Intn(6) == 0 {
			s += g.tag("if "+g.expr(1)) + g.tag(g.pick("break", "continue")) + g.tag("endif")
		}
		g.loops--
		return s + g.tag("endfor")
	case 9:
		return g.tag("set " + g.pick("x", "y", "z") + " = " + g.expr(0))
	case 10:
		return g.tag("set "+g.pick("x", "y")+g.pick("", "", " | upper")) + g.body() + g.tag("endset")
	case 11:
		return g.tag("macro m(a, x=1)") + g.body() + g.tag("endmacro") + "{{ m(" + g.pick("", "2", "x=3", "4, 5") + ") }}"
	case 12:
		return g.tag("filter "+g.pick("upper", "trim", "replace('x', 'yy')", "indent", "length")) + g.body() + g.tag("endfilter")
	}
	return g.tag("raw") + g.space() + "{{ x }}{%" + g.space() + g.tag("endraw")
}

func (g *generator) expr(depth int) string {
	if depth > 2 || g.Intn(3) == 0 {
		return g.pick("1", "2", "-3", "0", "2.5", "1e3", "0.1", "true", "false", "none", "'ab'", `"it's"`, "'é日\\n'", "''",
			"x", "y", "z", "s", "l", "d", "n", "m", "missing", "d.a", "d['b']", "l[0]", "l[-1]", "s[1]", "s[::-1]", "l[1:]", "l[:-1]",
			"s[1:3]", "[]", "{}", "()", "[1, 'a']", "{'q': 1}", "(1, 2)", "range(3)", "d.items() | list", "n.x", "messages[0].role")
	}
	e := func() string { return g.expr(depth + 1) }
	switch g.Intn(12) {
	case 0, 1:
		return e() + g.pick(" + ", " - ", " * ", " / ", " // ", " % ", " ~ ", " ~ ") + e()
	case 2:
		return e() + g.pick(" == ", " != ", " < ", " >= ", " in ", " not in ") + e()
	case 3:
		return e() + g.pick(" and ", " or ") + e()
	case 4:
		return "not " + e()
	case 5:
		return e() + " if " + e() + g.pick("", " else "+e())
	case 6, 7:
		return "(" + e() + ") | " + g.pick("length", "trim", "upper", "lower", "string", "list", "first", "last", "join", "join(', ')",
			"default('d')", "default('d', true)", "tojson", "tojson(indent=2)", "sort", "unique | list", "int", "float", "reverse | list",
			"map('string') | list", "select | list", "reject('none') | list", "replace('a', 'b')", "title", "capitalize", "indent(2)",
			"round(1)", "abs", "sum", "min", "max", "items | list", "dictsort", "wordcount", "batch(2) | list", "map('upper') | join('-')",
			"selectattr('a') | list", "center(9)", "format(1)", "truncate(5)", "e", "urlencode", "groupby(0) | list", "slice(2) | list", "safe")
	case 8:
		return "(" + e() + ") is " + g.pick("", "not ") + g.pick("defined", "undefined", "none", "string", "number", "mapping", "sequence",
			"iterable", "boolean", "true", "false", "integer", "float", "odd", "eq 1", "in [1, 'ab']", "lower", "upper", "divisibleby 2")
	case 9:
		x := e() // Jinja folds a slice of a constant to nothing instead of failing
		if !strings.Contains(x, "(") {
			x = g.pick("s", "l", "d", "x", "messages", "n")
		}
		return "(" + x + ")" + g.pick(".strip()", ".upper()", ".split()", ".split('b')", ".startswith('a')", ".get('a')", ".items()",
			"[0]", "[-1]", "[1:]", "[::-1]", ".a", "['a']", ".title()", ".replace('a', 'b')", ".find('b')", ".rstrip('b')", ".splitlines()",
			".capitalize()", ".isalpha()", ".count('a')", ".index('b')", ".zfill(4)", ".partition('a')", ".keys()|list", ".join(['p', 'q'])")
	case 10:
		return "[" + e() + ", " + e() + "]"
	}
	return "{'a': " + e() + ", 'b': " + e() + "}"
}

const randomVariables = `{"s": "a b\nc", "l": [3, "b", null, 1.5, true], "d": {"b": [1, 2], "a": "x<y>", "c": {"k": null}},
	"n": {"x": 10, "y": "é"}, "m": [{"a": 1, "r": "u"}, {"a": 0, "r": "s"}], "x": "X y",
	"messages": [{"role": "user", "content": "hi"}]}`

// TestRandomAgainstPython compares on random templates, also whether they fail.
func TestRandomAgainstPython(t *testing.T) {
	count := 600
	if testing.Short() {
		count = 500
	}
	g := &generator{Rand: rand.New(rand.NewSource(1))}
	var cases []pythonCase
	for range count {
		cases = append(cases, pythonCase{g.body(), json.RawMessage(randomVariables)})
	}
	rendered, reported := 0, 0
	for i, want := range python(t, cases) {
		got, err := renderJSON(cases[i].Template, randomVariables)
		problem := ""
		switch {
		case want.Out == nil && err == nil:
			problem = "Python fails: " + want.Error
		case want.Out == nil:
			continue
		case strings.Contains(*want.Out, " at 0x"): // the address of a Python object
			continue
		case err != nil:
			problem = err.Error()
		case got != *want.Out:
			problem = firstDifference(got, *want.Out)
		}
		rendered++
		if problem != "" && reported < 15 {
			reported++
			t.Errorf("%s\n%s", cases[i].Template, problem)
		}
	}
	if rendered < count/10 {
		t.Errorf("only %d of %d random templates render: the generator is of little use", rendered, count)
	}
	t.Logf("%d of %d random templates render", rendered, count)
}
