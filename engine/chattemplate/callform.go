package chattemplate

import (
	"context"
	"encoding/json"
	"strings"
	"time"
)

// callForm is how a template wants the calls of tools in a message.
type callForm struct {
	textArgs  bool // the arguments as JSON text instead of an object
	noContent bool // none as content instead of an empty text
}

// callForms in the order of preference: what transformers is given first.
var callForms = []callForm{{}, {textArgs: true}, {noContent: true}, {textArgs: true, noContent: true}}

const (
	probeArguments = `{"probe_key": "probe_value"}`
	probeCallID    = "probe1234" // some templates insist on nine characters
)

// callForm finds out by trial which form the template can deal with: in others
// it fails, leaves the call out, or prints Python's notation for the arguments.
func (t *Template) callForm() callForm {
	t.formOnce.Do(func() {
		settled := false
		for _, form := range callForms {
			out := t.tryCall(form)
			switch {
			case form.textArgs && !strings.Contains(out, probeArguments): // quoted once more
			case strings.Contains(out, "probe_value") && !strings.Contains(out, "'probe_key'"):
				t.form = form
				return
			case out != "" && !settled:
				t.form, settled = form, true
			}
		}
	})
	return t.form
}

// tryCall renders a conversation with a call; it is empty if that fails.
func (t *Template) tryCall(form callForm) string {
	trial := t.WithLimits(Limits{Steps: 1_000_000})
	call := ToolCall{ID: probeCallID, Function: FunctionCall{Name: "probe_name", Arguments: json.RawMessage(probeArguments)}}
	vars := newDict()
	messages := &list{}
	for _, m := range []Message{
		{Role: "user", Content: "probe"},
		{Role: "assistant", ToolCalls: []ToolCall{call}},
		{Role: "tool", Content: "probe", ToolCallID: probeCallID, Name: "probe_tool"},
	} {
		d, err := t.message(m, form)
		if err != nil {
			return ""
		}
		messages.items = append(messages.items, d)
	}
	vars.setString("messages", messages)
	for _, name := range []string{"bos_token", "eos_token"} {
		vars.setString(name, "")
	}
	vars.setString("add_generation_prompt", false)
	out, err := trial.render(context.Background(), vars, time.Unix(0, 0))
	if err != nil {
		return ""
	}
	return out
}
