package chattemplate

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Input is what a template is rendered with.
type Input struct {
	Messages            []Message `json:"messages"`
	Tools               []Tool    `json:"tools,omitempty"`
	AddGenerationPrompt bool      `json:"add_generation_prompt"` // end with the opening of an answer
	BOS                 string    `json:"bos_token"`
	EOS                 string    `json:"eos_token"`
	Thinking            *bool     `json:"enable_thinking,omitempty"` // nil: as the template has it
	Now                 time.Time `json:"-"`                         // for strftime_now; zero: the present

	// Extra are further variables by name, anything that encodes to JSON. They
	// win over the ones above.
	Extra map[string]any `json:"extra,omitempty"`
}

// Message is one message of a conversation.
type Message struct {
	Role       string     `json:"role"` // system, user, assistant or tool
	Content    string     `json:"content"`
	Parts      []Part     `json:"parts,omitempty"`             // content in parts, instead of Content
	Thinking   string     `json:"reasoning_content,omitempty"` // of an assistant
	ToolCalls  []ToolCall `json:"tool_calls,omitempty"`        // by an assistant
	ToolCallID string     `json:"tool_call_id,omitempty"`      // of a tool's answer
	Name       string     `json:"name,omitempty"`
}

// Part is a piece of a message's content.
type Part struct {
	Type string `json:"type"` // text, image, …
	Text string `json:"text,omitempty"`
}

// ToolCall is an assistant's call of a tool.
type ToolCall struct {
	ID       string       `json:"id,omitempty"`
	Type     string       `json:"type,omitempty"` // "function" if empty
	Function FunctionCall `json:"function"`
}

// FunctionCall names a function and its arguments: a JSON object, or a JSON
// string that holds one. Each template gets the form it can deal with.
type FunctionCall struct {
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments"`
}

// Tool is a tool the model may call.
type Tool struct {
	Type     string   `json:"type,omitempty"` // "function" if empty
	Function Function `json:"function"`

	// Whole is the definition as it came, which UnmarshalJSON keeps. Templates
	// print definitions, so where it is set they see it with all its keys and in
	// their order, instead of the fields above.
	Whole json.RawMessage `json:"-"`
}

// UnmarshalJSON reads a definition and keeps it whole.
func (t *Tool) UnmarshalJSON(raw []byte) error {
	type fields Tool // without this method
	if err := json.Unmarshal(raw, (*fields)(t)); err != nil {
		return err
	}
	t.Whole = slices.Clone(raw)
	return nil
}

// Function describes a function by the JSON schema of its parameters, whose
// keys keep their order in the prompt.
type Function struct {
	Name        string          `json:"name"`
	Description string          `json:"description"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

// variables makes the values a template sees from in.
func (t *Template) variables(in Input) (*dict, error) {
	vars := newDict()
	messages := &list{}
	var form callForm
	for _, m := range in.Messages {
		if len(m.ToolCalls) > 0 {
			form = t.callForm()
			break
		}
	}
	for i, m := range in.Messages {
		d, err := t.message(m, form)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		messages.items = append(messages.items, d)
	}
	vars.setString("messages", messages)
	// transformers passes tools=None here; among a hundred templates that makes
	// no difference but that three fail which render when it is left out
	if len(in.Tools) > 0 {
		tools := &list{}
		for _, tool := range in.Tools {
			d, err := toolValue(tool)
			if err != nil {
				return nil, fmt.Errorf("tool %q: %w", tool.Function.Name, err)
			}
			tools.items = append(tools.items, d)
		}
		vars.setString("tools", tools)
	}
	vars.setString("add_generation_prompt", in.AddGenerationPrompt)
	vars.setString("bos_token", clean(in.BOS))
	vars.setString("eos_token", clean(in.EOS))
	if in.Thinking != nil {
		vars.setString("enable_thinking", *in.Thinking)
		vars.setString("thinking", *in.Thinking)                       // the name DeepSeek and Granite chose
		for _, name := range []string{"skip_thinking", "skip_think"} { // Command, EXAONE
			if t.used[name] {
				vars.setString(name, !*in.Thinking)
			}
		}
		if t.used["thinking_mode"] { // MiniMax
			vars.setString("thinking_mode", map[bool]string{true: "enabled", false: "disabled"}[*in.Thinking])
		}
	}
	for name, x := range in.Extra {
		raw, err := json.Marshal(x)
		if err != nil {
			return nil, fmt.Errorf("variable %q cannot be passed to a chat template: %w", name, err)
		}
		v, err := decodeJSON(raw)
		if err != nil {
			return nil, fmt.Errorf("variable %q: %w", name, err)
		}
		vars.setString(name, v)
	}
	return vars, nil
}

// clean replaces what is not UTF-8.
func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

func (t *Template) message(m Message, form callForm) (*dict, error) {
	d := newDict()
	d.setString("role", clean(m.Role))
	if m.Parts != nil {
		parts := &list{}
		for _, p := range m.Parts {
			part := newDict()
			part.setString("type", clean(p.Type))
			if p.Text != "" || p.Type == "text" {
				part.setString("text", clean(p.Text))
			}
			parts.items = append(parts.items, part)
		}
		d.setString("content", parts)
	} else if m.Content == "" && len(m.ToolCalls) > 0 && form.noContent {
		d.setString("content", none{})
	} else {
		d.setString("content", clean(m.Content))
	}
	if m.Thinking != "" {
		for _, key := range t.thinkingKeys() {
			d.setString(key, clean(m.Thinking))
		}
	}
	if len(m.ToolCalls) > 0 {
		calls := &list{}
		for _, c := range m.ToolCalls {
			v, err := callValue(c, form.textArgs)
			if err != nil {
				return nil, fmt.Errorf("call of tool %q: %w", c.Function.Name, err)
			}
			calls.items = append(calls.items, v)
		}
		d.setString("tool_calls", calls)
	}
	if m.ToolCallID != "" {
		d.setString("tool_call_id", clean(m.ToolCallID))
	}
	if m.Name != "" {
		d.setString("name", clean(m.Name))
	}
	return d, nil
}

// thinkingKeys are the keys under which this template may look for the thinking
// of earlier answers: the two that transformers sets, and the one that only few
// templates read.
func (t *Template) thinkingKeys() []string {
	if t.used["reasoning"] && !t.used["reasoning_content"] {
		return []string{"reasoning_content", "thinking", "reasoning"}
	}
	return []string{"reasoning_content", "thinking"}
}

func callValue(c ToolCall, textArgs bool) (*dict, error) {
	raw := c.Function.Arguments
	if len(raw) == 0 {
		raw = json.RawMessage("{}")
	}
	arguments, err := decodeJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("its arguments are not JSON: %w", err)
	}
	if s, ok := arguments.(string); ok {
		raw = json.RawMessage(s)
		if v, err := decodeJSON(raw); err == nil {
			arguments = v
		}
	}
	if textArgs {
		arguments = clean(string(raw))
	}
	fn := newDict()
	fn.setString("name", clean(c.Function.Name))
	fn.setString("arguments", arguments)
	d := newDict()
	if c.ID != "" {
		d.setString("id", clean(c.ID))
	}
	d.setString("type", typeOf(c.Type))
	d.setString("function", fn)
	return d, nil
}

func typeOf(s string) string {
	if s == "" {
		return "function"
	}
	return clean(s)
}

func toolValue(tool Tool) (value, error) {
	if len(tool.Whole) > 0 {
		return decodeJSON(tool.Whole)
	}
	raw := tool.Function.Parameters
	if len(raw) == 0 {
		raw = json.RawMessage(`{"type": "object", "properties": {}}`)
	}
	parameters, err := decodeJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("its parameters are not a JSON schema: %w", err)
	}
	fn := newDict()
	fn.setString("name", clean(tool.Function.Name))
	fn.setString("description", clean(tool.Function.Description))
	fn.setString("parameters", parameters)
	d := newDict()
	d.setString("type", typeOf(tool.Type))
	d.setString("function", fn)
	return d, nil
}
