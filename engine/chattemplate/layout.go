package chattemplate

import (
	"slices"
	"strings"
	"unicode"
)

// Format is how a model lays out its answers: the marks around its thinking, the
// answer proper and calls of tools. Template.Format derives it.
type Format struct {
	sections   []section
	calls      []section // that may also begin within an answer
	skips      []string  // marks between sections that say nothing
	answerEnds []string  // of an answer without a mark of its own
	headers    *headers  // of messages, where an answer consists of several
	sample     string    // text in which the marks of a call stand
}

// section is a stretch of one kind from a mark to the first of its ends.
type section struct {
	begin string
	ends  []string
	kind  Kind
	firm  bool // an end mark is the end, whatever follows
	skip  bool // no section at all, but a mark to be dropped
}

// headers is the form of formats whose answers are messages, each with a header
// that says whom or what it is for:
//
//	<|channel|>analysis<|message|>…<|end|><|start|>assistant<|channel|>final<|message|>…
type headers struct {
	speaker string   // comes before the header: "<|start|>assistant"
	opens   []string // begin a header
	close   string   // ends it
}

// The ways answers are known to be laid out, each with texts that show in the
// template, or in what it renders, that it is the one. Marks are facts of the
// models; see the models' cards and the published templates.
var layouts = []struct {
	signs  []string
	format Format
}{
	{[]string{"<think>", "</think>"}, Format{sections: tags("<think>", "</think>")}},            // DeepSeek, Qwen, GLM, SmolLM and most others
	{[]string{"<response></response>"}, Format{sections: wrapped("<response>", "</response>")}}, // Granite
	{[]string{"</answer>"}, Format{sections: wrapped("<answer>", "</answer>")}},
	{[]string{"<thinking>"}, Format{sections: tags("<thinking>", "</thinking>")}},
	{[]string{"<thought>"}, Format{sections: tags("<thought>", "</thought>")}},                                                                                                   // EXAONE Deep
	{[]string{"<Thought>"}, Format{sections: append(tags("<Thought>", "</Thought>"), wrapped("<Output>", "</Output>")...)}},                                                      // Marco
	{[]string{"[THINK]", "[/THINK]"}, Format{sections: tags("[THINK]", "[/THINK]")}},                                                                                             // Mistral
	{[]string{"◁think▷", "◁/think▷"}, Format{sections: tags("◁think▷", "◁/think▷")}},                                                                                             // Kimi-VL
	{[]string{"<seed:think>"}, Format{sections: tags("<seed:think>", "</seed:think>")}},                                                                                          // Seed-OSS
	{[]string{"<mm:think>"}, Format{sections: tags("<mm:think>", "</mm:think>")}},                                                                                                // MiniMax
	{[]string{"<|thought_start|>"}, Format{sections: tags("<|thought_start|>", "<|thought_end|>")}},                                                                              // MiniCPM
	{[]string{"<|inner_prefix|>"}, Format{sections: tags("<|inner_prefix|>", "<|inner_suffix|>")}},                                                                               // Apertus
	{[]string{"<|begin_of_thought|>"}, Format{sections: append(tags("<|begin_of_thought|>", "<|end_of_thought|>"), wrapped("<|begin_of_solution|>", "<|end_of_solution|>")...)}}, // OpenThinker
	{[]string{"<|START_THINKING|>", "<|START_RESPONSE|>"}, Format{ // Command
		sections: append(append(tags("<|START_THINKING|>", "<|END_THINKING|>"),
			wrapped("<|START_RESPONSE|>", "<|END_RESPONSE|>")...), wrapped("<|START_TEXT|>", "<|END_TEXT|>")...),
		calls:      call("<|START_ACTION|>"),
		answerEnds: []string{"<|END_RESPONSE|>", "<|END_TEXT|>"},
	}},
	{[]string{"<|channel>thought"}, Format{ // Gemma
		sections: tags("<|channel>thought\n", "<channel|>"), skips: []string{"<channel|>"},
	}},
	{[]string{"after 'Here is my thought process:'"}, Format{sections: tags("Here is my thought process:", "Here is my response:")}}, // Granite
	{[]string{"[BEGIN FINAL RESPONSE]"}, Format{ // Apriel
		sections: tags("Here are my reasoning steps:", "[BEGIN FINAL RESPONSE]"), answerEnds: []string{"[END FINAL RESPONSE]"},
	}},
	{[]string{"<|open|>think<|sep|>"}, Format{ // Kimi
		sections: append(tags("<|open|>think<|sep|>", "<|close|>think<|sep|>"), wrapped("<|open|>response<|sep|>", "<|close|>response<|sep|>")...),
		calls:    call("<|open|>tools<|sep|>"),
		skips:    []string{"<|close|>message<|sep|>", "<|end_of_msg|>"},

		answerEnds: []string{"<|close|>response<|sep|>"},
	}},
	{[]string{"<|begin|>assistant<|think|>"}, Format{ // Solar
		sections: []section{
			{begin: "<|think|>", ends: []string{"<|end|>"}, kind: Thinking},
			{begin: "<|content|>", ends: []string{"<|end|>"}},
		},
		calls: call("<|tool_calls|>"),
		skips: []string{"<|begin|>assistant"},

		answerEnds: []string{"<|end|>"},
	}},
	{[]string{"<|channel|>analysis<|message|>", "assistant<|channel|>"}, Format{ // gpt-oss
		headers:    &headers{"<|start|>assistant", []string{"<|channel|>", "to="}, "<|message|>"},
		skips:      []string{"<|start|>assistant"},
		answerEnds: []string{"<|end|>"},
	}},
	{[]string{"to=self<|message|>"}, Format{ // recipients instead of channels
		headers:    &headers{"<|start|>assistant", []string{"to=", "<|message|>"}, "<|message|>"},
		skips:      []string{"<|start|>assistant"},
		answerEnds: []string{"<|eom|>", "<|eot|>"},
	}},
}

func tags(begin, end string) []section {
	return []section{{begin: begin, ends: []string{end}, kind: Thinking, firm: true}}
}

func wrapped(begin, end string) []section {
	return []section{{begin: begin, ends: []string{end}}}
}

func call(begin string) []section { return []section{{begin: begin, kind: Call}} }

// add makes f know the marks of g too.
func (f *Format) add(g Format) {
	known := func(sec section) bool {
		return slices.ContainsFunc(f.sections, func(s section) bool { return s.begin == sec.begin })
	}
	for _, sec := range g.sections {
		if !known(sec) {
			f.sections = append(f.sections, sec)
		}
	}
	f.calls = append(f.calls, g.calls...)
	f.skips = append(f.skips, g.skips...)
	f.answerEnds = append(f.answerEnds, g.answerEnds...)
	if g.headers != nil {
		f.headers = g.headers
	}
}

// plainFormat is for a model whose template says nothing of thinking: the tags
// that stand for nothing else count at the very beginning.
func plainFormat() *Format {
	f := &Format{}
	for _, l := range layouts {
		first := Format{sections: l.format.sections[:min(1, len(l.format.sections))]}
		for _, sec := range first.sections {
			if sec.firm && !unicode.IsLetter([]rune(sec.begin)[0]) {
				f.add(first)
			}
		}
	}
	return f
}

// Shows tells whether a control token of the vocabulary is part of a mark, so
// that it must be in the text a Splitter reads.
func (f *Format) Shows(token string) bool {
	if token == "" {
		return false
	}
	in := func(marks ...string) bool {
		return slices.ContainsFunc(marks, func(m string) bool { return strings.Contains(m, token) })
	}
	for _, secs := range [][]section{f.sections, f.calls} {
		for _, s := range secs {
			if in(s.begin) || in(s.ends...) {
				return true
			}
		}
	}
	if h := f.headers; h != nil && (in(h.speaker, h.close, "<|constrain|>") || in(h.opens...)) {
		return true
	}
	return in(f.skips...) || in(f.answerEnds...) || in(f.sample)
}

// match gives the section that rest, without space before it, begins with, and
// the length of its mark; 0 if it is plain text. With wait more text is needed
// to tell.
func (f *Format) match(rest string) (found section, size int, wait bool) {
	try := func(sec section) {
		switch {
		case rest == "":
		case len(sec.begin) > len(rest):
			wait = wait || strings.HasPrefix(sec.begin, rest)
		case len(sec.begin) > size && strings.HasPrefix(rest, sec.begin):
			found, size = sec, len(sec.begin)
		}
	}
	for _, sec := range f.sections {
		try(sec)
	}
	for _, sec := range f.calls {
		try(sec)
	}
	for _, mark := range f.skips {
		try(section{begin: mark, skip: true})
	}
	if h := f.headers; h != nil && rest != "" {
		for _, open := range h.opens {
			if strings.HasPrefix(open, rest) {
				wait = true
			} else if strings.HasPrefix(rest, open) {
				if i := strings.Index(rest[:min(len(rest), maxHeader)], h.close); i >= 0 {
					sec := h.section(rest[:i+len(h.close)], true)
					return sec, len(sec.begin), false
				}
				wait = wait || len(rest) < maxHeader
			}
		}
	}
	return found, size, wait
}

// section is what a header announces.
func (h *headers) section(header string, whole bool) section {
	sec := section{ends: []string{"<|end|>", "<|eom|>", "<|eot|>", "<|return|>", "<|call|>"}}
	if whole {
		sec.begin = header
	}
	words := header[:len(header)-len(h.close)]
	if i := strings.LastIndex(words, "<|channel|>"); i >= 0 && strings.HasPrefix(strings.TrimSpace(words[i+len("<|channel|>"):]), "analysis") {
		sec.kind = Thinking
	}
	if _, to, ok := strings.Cut(words, "to="); ok {
		name, _, _ := strings.Cut(to, "<|")
		switch strings.TrimSpace(name) {
		case "self":
			sec.kind = Thinking
		case "user", "assistant":
		default:
			sec.kind = Call
		}
	}
	return sec
}

// verdict on a mark that may be quoted.
type verdict byte

const (
	no verdict = iota
	maybe
	yes
)

// follows tells whether the text behind a mark shows that it was one: another
// mark, or nothing more.
func (f *Format) follows(behind string) verdict {
	rest := strings.TrimLeftFunc(behind, unicode.IsSpace)
	switch _, size, wait := f.match(rest); {
	case rest == "" && len(behind) < maxSpace, size == 0 && wait:
		return maybe
	case size > 0:
		return yes
	}
	return no
}

// framed tells whether rest is nothing but a part of what stands between two
// messages.
func (f *Format) framed(rest string) bool {
	if rest == "" {
		return false
	}
	for _, skip := range f.skips {
		if strings.HasPrefix(skip, rest) {
			return true
		}
	}
	if f.headers != nil {
		for _, open := range f.headers.opens {
			if strings.HasPrefix(open, rest) || strings.HasPrefix(rest, open) {
				return true
			}
		}
	}
	return false
}

// interrupts tells whether mark begins a call of a tool within an answer.
func (f *Format) interrupts(mark string, ends []string) bool {
	return !slices.Contains(ends, mark) && slices.ContainsFunc(f.calls, func(s section) bool { return s.begin == mark })
}

// stops are the marks to look for inside a section.
func (f *Format) stops(sec *section) []string {
	if sec.kind != Answer || len(f.calls) == 0 {
		return sec.ends
	}
	marks := slices.Clone(sec.ends)
	for _, c := range f.calls {
		marks = append(marks, c.begin)
	}
	return marks
}

// overlap is the length of the longest end of text that begins a mark which may
// end the section.
func (f *Format) overlap(text string, sec *section) int {
	longest := 0
	for _, mark := range f.stops(sec) {
		for n := min(len(text), len(mark)-1); n > longest; n-- {
			if strings.HasSuffix(text, mark[:n]) {
				longest = n
				break
			}
		}
	}
	return longest
}
