package chattemplate

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Format derives how the model's answers are laid out from the template: from
// the marks in its text and from where it puts the thinking and the calls of
// earlier answers.
func (t *Template) Format() *Format {
	t.formatOnce.Do(func() {
		t.format = t.deriveFormat()
	})
	return t.format
}

// What the probing conversations contain.
const (
	probeQuestion = "QQprobeQQ"
	probeThought  = "TTprobeTT"
	probeAnswer   = "AAprobeAA"
	probeFunction = "ff_probe_ff"
)

func (t *Template) deriveFormat() *Format {
	p := newProbes(t)
	evidence := strings.Join(append([]string{t.source}, p.all()...), "\n")
	f := &Format{}
	for _, l := range layouts {
		if slices.ContainsFunc(l.signs, func(s string) bool { return strings.Contains(evidence, s) }) {
			f.add(l.format)
		}
	}
	if len(f.sections) == 0 && f.headers == nil {
		f.add(p.thinking())
	}
	if len(f.sections) == 0 && f.headers == nil {
		f = plainFormat()
	}
	f.add(Format{sections: tags("<think>", "</think>")}) // many models think without their template's knowing
	f.sample = p.callText()
	if mark := p.callMark(f); mark != "" && f.headers == nil && len(f.calls) == 0 {
		f.add(Format{calls: call(mark)})
	}
	return f
}

// probes are what the template makes of conversations with a question, and one
// with an answer to it.
type probes struct {
	prompts  []string // ends of the prompt behind the question: as it is, thinking on and off
	thought  string   // the answer behind the question, with thinking
	called   string   // the answer behind the question, with thinking and a call
	plainEnd string   // the answer behind the question, without either
}

func newProbes(t *Template) *probes {
	trial := t.WithLimits(Limits{Steps: 1_000_000, OutputBytes: 1 << 20})
	render := func(in Input) string {
		in.Now = time.Unix(0, 0)
		out, err := trial.Render(context.Background(), in)
		if err != nil {
			return ""
		}
		if i := strings.LastIndex(out, probeQuestion); i >= 0 {
			return out[i+len(probeQuestion):]
		}
		return ""
	}
	yes, no := true, false
	question := Message{Role: "user", Content: probeQuestion}
	p := &probes{}
	for _, thinking := range []*bool{nil, &yes, &no} {
		p.prompts = append(p.prompts, render(Input{Messages: []Message{question}, AddGenerationPrompt: true, Thinking: thinking}))
	}
	p.plainEnd = render(Input{Messages: []Message{question, {Role: "assistant", Content: probeAnswer}}, Thinking: &yes})
	p.thought = render(Input{Messages: []Message{question, {Role: "assistant", Content: probeAnswer, Thinking: probeThought}}, Thinking: &yes})
	calls := []ToolCall{{ID: "probe1234", Function: FunctionCall{Name: probeFunction, Arguments: json.RawMessage(`{"a": 1}`)}}}
	tools := []Tool{{Function: Function{Name: "other_probe"}}}
	for _, m := range []Message{
		{Role: "assistant", Content: "", Thinking: probeThought, ToolCalls: calls},
		{Role: "assistant", Content: probeAnswer, ToolCalls: calls},
		{Role: "assistant", Content: "", ToolCalls: calls},
	} {
		if p.called = render(Input{Messages: []Message{question, m}, Tools: tools, Thinking: &yes}); strings.Contains(p.called, probeFunction) {
			break
		}
	}
	return p
}

func (p *probes) all() []string { return append([]string{p.thought, p.called}, p.prompts...) }

// A mark: a short word in brackets.
var (
	lastMark  = regexp.MustCompile(`(?:<[^<>\s]{1,40}>|\[[^\[\]\s]{1,40}\]|◁[^◁▷\s]{1,40}▷)$`)
	firstMark = regexp.MustCompile(`^(?:<[^<>\s]{1,40}>|\[[^\[\]\s]{1,40}\]|◁[^◁▷\s]{1,40}▷)`)
	nameMark  = regexp.MustCompile(`<[A-Za-z_|]{1,40}(?: [a-z]{1,40})?="?$`) // ends in the function's name
	anyMark   = regexp.MustCompile(`<[^<>\s]{1,40}>|\[[A-Z_]{3,40}\]`)
)

// thinking gives the marks right before and behind the thinking of an earlier
// answer, for families that the table of layouts does not have.
func (p *probes) thinking() Format {
	for _, text := range []string{p.thought, p.called} {
		before, behind, ok := strings.Cut(text, probeThought)
		if !ok {
			continue
		}
		begin := lastMark.FindString(strings.TrimSpace(before))
		end := firstMark.FindString(strings.TrimSpace(behind))
		if begin != "" && end != "" && begin != end {
			return Format{sections: tags(begin, end)}
		}
	}
	return Format{}
}

// maxSample is the longest rendering of a call in bytes that is looked at.
const maxSample = 4096

// callText is the text of a call with its marks.
func (p *probes) callText() string {
	text := p.called
	if !strings.Contains(text, probeFunction) || len(text) > maxSample {
		return ""
	}
	_, end, _ := strings.Cut(p.plainEnd, probeAnswer) // of a turn, which is no part of a call
	return strings.TrimSuffix(text[p.header(text):], end)
}

// header is the length of what begins an answer before the model's own words.
func (p *probes) header(text string) int {
	longest := 0
	for _, prompt := range p.prompts {
		n := 0
		for n < min(len(prompt), len(text)) && prompt[n] == text[n] {
			n++
		}
		longest = max(longest, n)
	}
	if n := strings.Index(p.plainEnd, probeAnswer); n > longest && strings.HasPrefix(text, p.plainEnd[:n]) {
		longest = n
	}
	if i := strings.LastIndexAny(text[:longest], "<>[]"); i >= 0 && (text[i] == '<' || text[i] == '[') {
		return i // not within a mark
	}
	return longest
}

// callMark is the mark with which a call begins, "" if it has none.
func (p *probes) callMark(f *Format) string {
	before, _, ok := strings.Cut(p.callText(), probeFunction)
	if !ok {
		return ""
	}
	if _, behind, ok := strings.Cut(before, probeAnswer); ok {
		before = behind
	}
	if _, behind, ok := strings.Cut(before, probeThought); ok {
		before = behind
	}
next:
	for _, mark := range anyMark.FindAllString(before, -1) {
		for _, sec := range f.sections {
			if strings.Contains(sec.begin, mark) || slices.ContainsFunc(sec.ends, func(end string) bool { return strings.Contains(end, mark) }) {
				continue next
			}
		}
		return mark
	}
	return nameMark.FindString(before)
}
