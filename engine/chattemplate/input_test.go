package chattemplate

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"freehold/engine/gguf"
)

func mustParse(t *testing.T, source string) *Template {
	t.Helper()
	tmpl, err := Parse(source)
	if err != nil {
		t.Fatal(err)
	}
	return tmpl
}

func mustRender(t *testing.T, tmpl *Template, in Input) string {
	t.Helper()
	out, err := tmpl.Render(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestInput(t *testing.T) {
	yes := true
	in := Input{
		Messages: []Message{
			{Role: "user", Content: "a \xff b"},
			{Role: "user", Parts: []Part{{Type: "image"}, {Type: "text", Text: "t"}}},
			{Role: "assistant", Thinking: "why", ToolCalls: []ToolCall{{ID: "1", Function: FunctionCall{Name: "f", Arguments: json.RawMessage(`{"z": 1.0, "a": [null, 12345678901234567890]}`)}}}},
			{Role: "tool", Content: "r", ToolCallID: "1", Name: "f"},
		},
		Tools:    []Tool{{Function: Function{Name: "f", Description: "d <é>", Parameters: json.RawMessage(`{"type":"object","properties":{"z":{},"a":{}}}`)}}},
		BOS:      "<s>",
		EOS:      "</s>",
		Thinking: &yes,
		Now:      testNow,
		Extra:    map[string]any{"documents": []string{"x"}, "eos_token": "E", "opts": json.RawMessage(`{"b": 1, "a": 2}`)},
	}
	cases := []struct{ template, want string }{
		{"{{ messages[0] | tojson }}", `{"role": "user", "content": "a ` + "\uFFFD" + ` b"}`},
		{"{{ messages[1] | tojson }}", `{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "t"}]}`},
		{"{{ messages[2] | tojson }}", `{"role": "assistant", "content": "", "reasoning_content": "why", "thinking": "why", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"z": 1.0, "a": [null, 12345678901234567890]}}}]}`},
		{"{{ messages[3] | tojson }}", `{"role": "tool", "content": "r", "tool_call_id": "1", "name": "f"}`},
		{"{{ tools[0] | tojson }}", `{"type": "function", "function": {"name": "f", "description": "d <é>", "parameters": {"type": "object", "properties": {"z": {}, "a": {}}}}}`},
		{"{{ bos_token }}{{ eos_token }}{{ add_generation_prompt }}{{ enable_thinking }}{{ thinking }}", "<s>EFalseTrueTrue"},
		{"{{ documents }}{{ opts }}{{ strftime_now('%d %b %Y') }}", "['x']{'b': 1, 'a': 2}22 Nov 2026"},
		{"{{ messages[2].thinking }}{{ messages[2].reasoning_content is defined }}", "whyTrue"},
		{"{{ messages[2].thinking }}", "why"},
		{"{{ messages[2]['reasoning'] }}", "why"},
	}
	for _, c := range cases {
		if got := mustRender(t, mustParse(t, c.template), in); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.template, got, c.want)
		}
	}
	none := mustParse(t, "{{ tools is defined }}{{ enable_thinking is defined }}{{ messages }}")
	if got := mustRender(t, none, Input{}); got != "FalseFalse[]" {
		t.Errorf("empty input: %s", got)
	}
}

func TestBadInput(t *testing.T) {
	tmpl := mustParse(t, "x")
	cases := []struct {
		in   Input
		want string
	}{
		{Input{Tools: []Tool{{Function: Function{Name: "f", Parameters: json.RawMessage(`{"a":`)}}}}, `tool "f": its parameters are not a JSON schema`},
		{Input{Messages: []Message{{}, {ToolCalls: []ToolCall{{Function: FunctionCall{Name: "g", Arguments: json.RawMessage(`nope`)}}}}}}, `message 2: call of tool "g": its arguments are not JSON`},
		{Input{Extra: map[string]any{"v": func() {}}}, `variable "v" cannot be passed`},
		{Input{Extra: map[string]any{"v": json.RawMessage(strings.Repeat("[", 300) + strings.Repeat("]", 300))}}, "nested more than 200"},
	}
	for _, c := range cases {
		if _, err := tmpl.Render(context.Background(), c.in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
}

// TestArguments passes the arguments of tool calls in the form each template
// can deal with.
func TestArguments(t *testing.T) {
	templates := map[string]string{
		"{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}":                                       `{"a": "b"}`,
		"{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments }}{% endfor %}{% endfor %}":                                                `{"a": "b"}`,
		"{% for m in messages %}{% for c in m.tool_calls or [] %}{{ '<' + c.function.arguments + '>' }}{% endfor %}{% endfor %}":                                    `<{"a": "b"}>`,
		"{% for m in messages %}{% for c in m.tool_calls or [] %}{% for k, v in c.function.arguments | items %}{{ k }}={{ v }}{% endfor %}{% endfor %}{% endfor %}": `a=b`,
	}
	for source, want := range templates {
		for _, arguments := range []string{`{"a": "b"}`, `"{\"a\": \"b\"}"`} {
			in := Input{Messages: []Message{{Role: "assistant", ToolCalls: []ToolCall{{Function: FunctionCall{Name: "f", Arguments: json.RawMessage(arguments)}}}}}}
			if got := mustRender(t, mustParse(t, source), in); got != want {
				t.Errorf("%s with %s: %s, want %s", source, arguments, got, want)
			}
		}
	}
}

func TestUses(t *testing.T) {
	tmpl := mustParse(t, "{% if tools %}{{ m.a }}{{ m['b'] }}{{ 'c' in m }}{% endif %}")
	for name, want := range map[string]bool{"tools": true, "m": true, "a": true, "b": true, "c": true, "d": false} {
		if tmpl.Uses(name) != want {
			t.Errorf("Uses(%q) is %v", name, !want)
		}
	}
}

func TestDigest(t *testing.T) {
	if got := Digest("abc"); got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Error(got)
	}
}

func TestParallelRenders(t *testing.T) {
	tmpl := mustParse(t, "{% for m in messages %}{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function.arguments }}{% endfor %}{% endfor %}")
	in := Input{Messages: []Message{{Content: "x", ToolCalls: []ToolCall{{Function: FunctionCall{Arguments: json.RawMessage(`{"a": 1}`)}}}}}}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if out, err := tmpl.Render(context.Background(), in); err != nil || out != `x{"a": 1}` {
					t.Errorf("%q, %v", out, err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// TestStarterModel renders with the template of the starter model and compares
// with Python.
func TestStarterModel(t *testing.T) {
	path := os.Getenv("FREEHOLD_TEST_MODEL")
	for _, dir := range []string{os.Getenv("FREEHOLD_HOME"), "../../build/starter"} {
		if path == "" && dir != "" {
			if found, _ := filepath.Glob(filepath.Join(dir, "*.gguf")); len(found) > 0 {
				path = found[0]
			}
		}
	}
	if path == "" {
		t.Skip("no starter model: set FREEHOLD_TEST_MODEL or fetch it to build/starter")
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	source, err := f.Meta.NeedString("tokenizer.chat_template")
	if err != nil {
		t.Fatal(err)
	}
	tmpl := mustParse(t, source)
	system := Message{Role: "system", Content: "Be brief."}
	user := Message{Role: "user", Content: " What's <2> & 2? 😀\n"}
	assistant := Message{Role: "assistant", Content: "4"}
	var got []string
	var cases []pythonCase
	for _, messages := range [][]Message{
		{user},
		{system, user},
		{user, assistant, user},
		{system, user, assistant, user, assistant},
	} {
		for _, prompt := range []bool{false, true} {
			in := Input{Messages: messages, AddGenerationPrompt: prompt, BOS: "<|im_start|>", EOS: "<|im_end|>"}
			out := mustRender(t, tmpl, in)
			if strings.HasSuffix(out, "assistant\n") != prompt || !strings.Contains(out, user.Content) {
				t.Errorf("%q", out)
			}
			got = append(got, out)
			variables, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			cases = append(cases, pythonCase{source, variables})
		}
	}
	for i, want := range python(t, cases) {
		if want.Out == nil || *want.Out != got[i] {
			t.Errorf("Python gives %+v, here %q", want, got[i])
		}
	}
}

// TestCallForm gives calls to templates that take them without content only.
func TestCallForm(t *testing.T) {
	in := Input{Messages: []Message{{Role: "assistant", ToolCalls: []ToolCall{{Function: FunctionCall{Name: "f", Arguments: json.RawMessage(`{"a": 1}`)}}}}}}
	loop := "{% for m in messages %}CALLS{% endfor %}"
	calls := "{% for c in m.tool_calls or [] %}[{{ c.function.name }} ARGS]{% endfor %}"
	for source, want := range map[string]string{
		"{% if m.content is none %}" + calls + "{% else %}{{ m.content }}{% endif %}": `[f {"a": 1}]`,
		"{{ m.content + '!' }}" + calls:                                               `![f {"a": 1}]`,
		"{{ m.content }}":                                                             "",
	} {
		for _, arguments := range []string{"{{ c.function.arguments | tojson }}", "{{ '' + c.function.arguments }}"} {
			source := strings.ReplaceAll(strings.ReplaceAll(loop, "CALLS", source), "ARGS", arguments)
			if got := mustRender(t, mustParse(t, source), in); got != want {
				t.Errorf("%s: %s, want %s", source, got, want)
			}
		}
	}
}

// TestWholeTools passes definitions of tools as they came, with keys that the
// fields of Tool do not have.
func TestWholeTools(t *testing.T) {
	var in Input
	source := `{"tools": [{"function": {"strict": true, "name": "f", "parameters": {"b": 1, "a": 2}}, "type": "function"}]}`
	if err := json.Unmarshal([]byte(source), &in); err != nil {
		t.Fatal(err)
	}
	if in.Tools[0].Function.Name != "f" {
		t.Errorf("%+v", in.Tools[0])
	}
	want := `{"function": {"strict": true, "name": "f", "parameters": {"b": 1, "a": 2}}, "type": "function"}`
	if got := mustRender(t, mustParse(t, "{{ tools[0] | tojson }}"), in); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestThinkingSwitches(t *testing.T) {
	yes, no := true, false
	source := "{{ enable_thinking }} {{ thinking }} {{ skip_thinking }} {{ skip_think }} {{ thinking_mode }}"
	for want, on := range map[string]*bool{"True True False False enabled": &yes, "False False True True disabled": &no, "    ": nil} {
		if got := mustRender(t, mustParse(t, source), Input{Thinking: on}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
