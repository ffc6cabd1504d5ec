package chattemplate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestParseErrors(t *testing.T) {
	cases := []struct {
		source       string
		line, column int
		message      string
	}{
		{"{{ 1 + }}", 1, 8, "expected an expression, got '}}'"},
		{"a\n  {% if x %}\nb", 3, 2, "the template ends where '{% elif %}' or '{% else %}' or '{% endif %}' is still expected"},
		{"{% for x in y %}{% endif %}", 1, 20, "found '{% endif %}' where '{% endfor %}' or '{% else %}' is expected"},
		{"{% endif %}", 1, 4, "'{% endif %}' closes nothing"},
		{"é日{% nonsense %}", 1, 6, "unknown tag 'nonsense'"},
		{"{% do x() %}", 1, 4, "unknown tag 'do'"},
		{"{{ 'abc }}", 1, 4, "this string is never closed with '"},
		{"\n{# never", 2, 1, "this comment is never closed with '#}'"},
		{"{% raw %} {{ x }}", 1, 1, "this raw block is never closed"},
		{"{{ (1 }}", 1, 7, "'}' where ')' is expected"},
		{"{{ 1) }}", 1, 5, "')' closes nothing"},
		{"{{ a ? b }}", 1, 6, "unexpected character '?'"},
		{"{{ x", 1, 5, "expected '}}', got end of template"},
		{"{{ }}", 1, 4, "expected an expression, got '}}'"},
		{"{% set 1 = 2 %}", 1, 8, "cannot assign to a number"},
		{"{% set none = 2 %}", 1, 8, "cannot assign to 'none'"},
		{"{% include 'x' %}", 1, 4, "'{% include %}' is not available"},
		{"{% break %}", 1, 4, "'break' outside of a loop"},
		{"{% for x in y %}{% macro f() %}{% break %}{% endmacro %}{% endfor %}", 1, 35, "'break' outside of a loop"},
		{"{% macro f(a=1, b) %}{% endmacro %}", 1, 18, "a parameter without a default"},
		{"{{ f(a=1, 2) }}", 1, 5, "wrong order"},
		{"{{ f(a=1, a=2) }}", 1, 11, "argument 'a' is given twice"},
		{"{{ '\\x1' }}", 1, 4, `a truncated \x escape`},
		{"{{ 'a' is defined if x else y }}", 1, 22, "expected '}}', got 'x'"},
		{"{{ x is string is none }}", 1, 16, "tests cannot be chained"},
		{"{% call 1 %}{% endcall %}", 1, 4, "needs a call of a macro"},
		{"{{ 0777 }}", 1, 5, "expected '}}', got a number"},
		{"{{ " + strings.Repeat("(", 300) + "1" + strings.Repeat(")", 300) + " }}", 1, 0, "nested more than"},
		{strings.Repeat("{% if 1 %}", 300), 1, 0, "nested more than"},
		{strings.Repeat(" ", maxSource+1), 1, 1, "at most 262144"},
	}
	for _, c := range cases {
		_, err := Parse(c.source)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%.60q: error %v", c.source, err)
			continue
		}
		if !strings.Contains(e.Message, c.message) || e.Line != c.line || c.column > 0 && e.Column != c.column {
			t.Errorf("%.60q: %v\nwant line %d, column %d: %s", c.source, e, c.line, c.column, c.message)
		}
		if len(err.Error()) > 300 {
			t.Errorf("%.60q: the error is %d bytes long", c.source, len(err.Error()))
		}
	}
}

func TestRenderFaults(t *testing.T) {
	cases := []struct {
		source       string
		line, column int
		message      string
	}{
		{"a\n{{ x.y.z }}", 2, 7, "'dict object' has no attribute 'y'"},
		{"{{ missing.x }}", 1, 11, "'missing' is undefined"},
		{"{{ missing() }}", 1, 11, "'missing' is undefined"},
		{"{{ missing[0] }}", 1, 11, "'missing' is undefined"},
		{"{{ missing + 1 }}", 1, 12, "'missing' is undefined"},
		{"{{ 'a' + missing }}", 1, 8, "'missing' is undefined"},
		{"{{ missing > 1 }}", 1, 12, "'missing' is undefined"},
		{"{{ missing[1:] }}", 1, 11, "'missing' is undefined"},
		{"{{ [][0].x }}", 1, 9, "has no such element"},
		{"{{ 'a' + 1 }}", 1, 8, `can only concatenate str (not "int") to str`},
		{"{{ 1 + 'a' }}", 1, 6, "unsupported operand type(s) for +: 'int' and 'str'"},
		{"{{ 'a' < 1 }}", 1, 8, "'<' not supported between instances of 'str' and 'int'"},
		{"{{ 1 in 'a' }}", 1, 6, "requires string as left operand, not int"},
		{"{{ 1 in none }}", 1, 6, "argument of type 'NoneType' is not iterable"},
		{"{{ 1 // 0 }}", 1, 6, "division or modulo by zero"},
		{"{{ 1 / 0 }}", 1, 6, "division by zero"},
		{"{{ none | items | list }}", 1, 19, "Can only get item pairs from a mapping"},
		{"{% for a in none %}{% endfor %}", 1, 4, "'NoneType' object is not iterable"},
		{"{% for a, b in [1] %}{% endfor %}", 1, 8, "cannot unpack"},
		{"{% for a, b in [(1, 2, 3)] %}{% endfor %}", 1, 8, "too many values to unpack (expected 2)"},
		{"{% for a, b in [(1,)] %}{% endfor %}", 1, 8, "not enough values to unpack (expected 2, got 1)"},
		{"{{ none[1:] }}", 1, 8, "'NoneType' object cannot be sliced"},
		{"{{ x | nonsense }}", 1, 8, "no filter named 'nonsense'"},
		{"{{ x is nonsense }}", 1, 9, "no test named 'nonsense'"},
		{"{{ 'a'() }}", 1, 7, "'str' object is not callable"},
		{"{{ ([1] | map('abs')) | length }}", 1, 25, "object of type 'generator' has no len()"},
		{"{{ [missing] | tojson }}", 1, 16, "Object of type Undefined is not JSON serializable"},
		{"{{ {[]: 1} }}", 1, 4, "unhashable type: 'list'"},
		{"{{ 'a'.strip(1) }}", 1, 13, "strip needs a string"},
		{"{{ 'a'.split('') }}", 1, 13, "empty separator"},
		{"{{ ''.join([1]) }}", 1, 11, "expected str instance, int found"},
		{"{{ '%d' % 'a' }}", 1, 9, "a real number is required"},
		{"{{ '%s' % () }}", 1, 9, "not enough arguments"},
		{"{{ '%s' % (1, 2) }}", 1, 9, "not all arguments converted"},
		{"{{ '{}'.format() }}", 1, 15, "out of range"},
		{"{% set x = 1 %}{% set x.y = 2 %}", 1, 23, "'x' is not a namespace"},
		{"{% macro f() %}{% endmacro %}{{ f(1) }}", 1, 34, "takes not more than 0"},
		{"{% macro f() %}{% endmacro %}{{ f(a=1) }}", 1, 34, "takes no keyword argument 'a'"},
		{"{% macro f() %}{% endmacro %}{% call f() %}{% endcall %}", 1, 33, "takes no keyword argument 'caller'"},
		{"{{ range(1, 5, 0) }}", 1, 9, "step must not be zero"},
		{"{{ 'x' | from_json }}", 1, 10, "from_json"},
		{"{{ {}.pop('x') }}", 1, 10, "no such key"},
		{"{{ [].pop() }}", 1, 10, "pop"},
		{"{{ x.__class__.__mro__ }}", 1, 15, "has no attribute '__class__'"},
		{"{{ raise_exception('System role not supported') }}", 1, 19, "System role not supported"},
	}
	for _, c := range cases {
		_, err := renderJSON(c.source, `{"x": {}}`)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%s: error %v", c.source, err)
			continue
		}
		if !strings.Contains(e.Message, c.message) || e.Line != c.line || e.Column != c.column {
			t.Errorf("%s: %v\nwant line %d, column %d: %s", c.source, e, c.line, c.column, c.message)
		}
		if e.Refused != strings.Contains(c.source, "raise_exception") {
			t.Errorf("%s: Refused is %v", c.source, e.Refused)
		}
	}
}

func TestRefusal(t *testing.T) {
	tmpl, err := Parse("{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}")
	if err != nil {
		t.Fatal(err)
	}
	_, err = tmpl.Render(context.Background(), Input{Messages: []Message{{Role: "system"}}})
	want := "the model's chat template refuses this conversation: System role not supported"
	if err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestLimits runs templates that would take for ever or all memory.
func TestLimits(t *testing.T) {
	loop := "{% for a in range(99999) %}{% for b in range(99999) %}BODY{% endfor %}{% endfor %}"
	sources := []string{
		"{{ 'x' * 10**9 }}",
		"{{ 'x' * 10**30 }}",
		"{{ [0] * 10**9 }}",
		"{{ ([0] * 10**6) * 10**6 }}",
		"{{ (1, 2) * 9223372036854775807 }}",
		"{{ range(10**6) }}",
		"{{ range(0 - 10**30, 10**30) }}",
		"{{ 10 ** (10 ** 9) }}",
		"{{ 2 ** 99999 }}",
		"{{ (10**4000) * (10**4000) }}",
		strings.ReplaceAll(loop, "BODY", "x"),
		strings.ReplaceAll(loop, "BODY", "{% set x = 1 %}"),
		"{% set ns = namespace(s='x') %}" + strings.ReplaceAll(loop, "BODY", "{% set ns.s = ns.s ~ ns.s %}"),
		"{% set ns = namespace(s='x') %}" + strings.ReplaceAll(loop, "BODY", "{% set ns.s = ns.s + ns.s %}"),
		"{% set ns = namespace(s='xyz') %}" + strings.ReplaceAll(loop, "BODY", "{% set ns.s = ns.s.replace('x', 'xx') %}"),
		"{% set ns = namespace(s=['x']) %}" + strings.ReplaceAll(loop, "BODY", "{% set ns.s = ns.s + ns.s %}"),
		"{% set ns = namespace(s=1) %}" + strings.ReplaceAll(loop, "BODY", "{% set ns.s = [ns.s, ns.s] %}") + "{{ ns.s }}",
		"{% set ns = namespace(s=1) %}{% for a in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}",
		"{% set ns = namespace(s=1) %}{% for a in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | tojson }}",
		"{% set ns = namespace(s=1, t=1) %}{% for a in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% set ns.t = [ns.t, ns.t] %}{% endfor %}{{ ns.s == ns.t }}",
		"{% set ns = namespace(s=1) %}{% for a in range(60) %}{% set ns.s = (ns.s, ns.s) %}{% endfor %}{{ {ns.s: 1} }}",
		"{% set ns = namespace(s=1) %}{% for a in range(9999) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s }}",
		"{% set l = [] %}{{ l.append(l) }}{{ l }}",
		"{% set l = [] %}{{ l.append(l) }}{{ l | tojson }}",
		"{% set l = [] %}{{ l.append(l) }}{% set m = [] %}{{ m.append(m) }}{{ l == m }}",
		"{% set l = [1] %}{% for x in l %}{{ l.append(x) }}{% endfor %}",
		"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
		"{% macro f(n) %}{{ f(n) }}{{ f(n) }}{% endmacro %}{{ f(1) }}",
		"{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
		"{% set ns = namespace(x=[1]) %}{% for i in range(99999) %}{% set ns.x = ns.x | map('string') %}{% endfor %}{{ ns.x | list }}",
		"{% set ns = namespace() %}{% macro f() %}{% endmacro %}{% set ns.f = f %}{% macro g() %}{% macro h() %}{{ g() }}{% endmacro %}{% set ns.f = h %}{% endmacro %}" +
			strings.ReplaceAll(loop, "BODY", "{{ ns.f() }}"),
		"{{ '%999999999d' % 1 }}",
		"{{ '%*d' % (999999999, 1) }}",
		"{{ '%.999999999f' % 1 }}",
		"{{ '{:999999999}'.format(1) }}",
		"{{ 'a'.center(10**12) }}",
		"{{ 'a'.zfill(10**12) }}",
		"{{ 'a\tb'.expandtabs(10**12) }}",
		"{{ 'a\nb' | indent(10**12) }}",
		"{{ [1] | tojson(indent=10**12) }}",
		"{{ [1, 2] | batch(10**12, 0) | list }}",
		"{{ [1, 2] | slice(10**12) | list }}",
		"{{ (range(9999) | join('x' * 9999)) }}",
		"{{ ('x' * 9999).join('y' * 9999) }}",
		"{{ ('a' * 99999).replace('', 'b' * 9999) }}",
		"{% set ns = namespace(x=1) %}{% for i in range(9999) %}{% set ns.x = {'a': ns.x} %}{% endfor %}{{ ns.x }}",
		"{{ " + strings.Repeat("1 + ", 20000) + "1 }}",
		"{{ x" + strings.Repeat(".x", 50000) + " }}",
		"{{ x" + strings.Repeat(" | string", 20000) + " }}",
	}
	for _, source := range sources {
		tmpl, err := Parse(source)
		if err != nil {
			t.Errorf("%.120s: %v", source, err)
			continue
		}
		vars := newDict()
		vars.setString("x", "y")
		_, err = tmpl.WithLimits(Limits{Steps: 2_000_000}).render(context.Background(), vars, testNow)
		if !errors.Is(err, ErrLimit) {
			t.Errorf("%.120s: error %v", source, err)
		}
	}
}

func TestOwnLimits(t *testing.T) {
	cases := []struct {
		source string
		limits Limits
	}{
		{"{% for i in range(100) %}{% endfor %}", Limits{Steps: 50}},
		{"{{ 'abcdefghijkl' }}", Limits{OutputBytes: 10}},
		{"{% for i in 'abcdefghijkl' %}{{ i }}{% endfor %}", Limits{OutputBytes: 10}},
		{"{{ range(11) }}", Limits{RangeSize: 10}},
		{"{{ [[[[[[1]]]]]] }}", Limits{Depth: 5}},
	}
	for _, c := range cases {
		tmpl, err := Parse(c.source)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tmpl.Render(context.Background(), Input{}); err != nil {
			t.Errorf("%s without limits: %v", c.source, err)
		}
		if _, err := tmpl.WithLimits(c.limits).Render(context.Background(), Input{}); !errors.Is(err, ErrLimit) {
			t.Errorf("%s with %+v: error %v", c.source, c.limits, err)
		}
	}
}

func TestCancel(t *testing.T) {
	tmpl, err := Parse("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}")
	if err != nil {
		t.Fatal(err)
	}
	tmpl = tmpl.WithLimits(Limits{Steps: 1 << 40})
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if _, err := tmpl.Render(ctx, Input{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := tmpl.Render(cancelled, Input{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func FuzzRender(f *testing.F) {
	for _, c := range renderCases {
		f.Add(c.template, c.variables)
	}
	f.Add(builtin("chatml").source, `{"messages": [{"role": "user", "content": "x"}]}`)
	f.Add(builtin("gemma").source, `{"messages": [{"role": "system", "content": "x"}]}`)
	f.Add("{{ x['a'].b(1, *[2], **{'c': 3})[1:2:-1] }}", `{"x": {"a": null}}`)
	f.Fuzz(func(t *testing.T, source, variables string) {
		tmpl, err := Parse(source)
		if errors.Is(err, errInternal) {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		vars := newDict()
		if v, err := decodeJSON([]byte(variables)); err == nil {
			if d, ok := v.(*dict); ok {
				vars = d
			}
		}
		tmpl = tmpl.WithLimits(Limits{Steps: 50_000, OutputBytes: 1 << 16})
		tmpl.Format().Splitter(source, true).Push(variables)
		out, err := tmpl.render(context.Background(), vars, testNow)
		if errors.Is(err, errInternal) {
			t.Fatal(err)
		}
		if len(out) > 1<<16 {
			t.Fatalf("%d bytes of output", len(out))
		}
		if err != nil && len(err.Error()) > 3000 {
			t.Fatalf("an error of %d bytes", len(err.Error()))
		}
	})
}

// FuzzInput renders a fixed set of templates on hostile conversations.
func FuzzInput(f *testing.F) {
	f.Add("user", "hi", `{"a": 1}`, `{"type": "object"}`)
	f.Add("tool", "\xff", `"{\"a\": [1, 2.5e300]}"`, `[`)
	templates := []*Template{builtin("chatml"), builtin("gemma"), builtin("phi3")}
	tools, err := Parse("{{ tools | tojson }}{{ messages | tojson }}{% for m in messages %}{% for c in m.tool_calls %}{{ c.function.arguments }}{% endfor %}{% endfor %}")
	if err != nil {
		f.Fatal(err)
	}
	templates = append(templates, tools)
	f.Fuzz(func(t *testing.T, role, content, arguments, schema string) {
		in := Input{
			Messages: []Message{
				{Role: role, Content: content, Thinking: content, Name: role},
				{Role: role, Parts: []Part{{Type: role, Text: content}}},
				{Role: "assistant", ToolCalls: []ToolCall{{ID: role, Function: FunctionCall{Name: content, Arguments: json.RawMessage(arguments)}}}},
			},
			Tools: []Tool{{Function: Function{Name: role, Parameters: json.RawMessage(schema)}}},
			BOS:   content,
		}
		for _, tmpl := range templates {
			if _, err := tmpl.Render(context.Background(), in); errors.Is(err, errInternal) {
				t.Fatal(fmt.Errorf("%q: %w", tmpl.source[:20], err))
			}
		}
	})
}
