package chattemplate

import (
	"strings"
	"unicode"
)

// ThinkTag is a pair of marks around the thinking of a model.
type ThinkTag struct{ Open, Close string }

// ThinkTags are the marks known models use.
var ThinkTags = []ThinkTag{
	{"<think>", "</think>"},                            // DeepSeek, Qwen, GLM, Granite and most others
	{"<thinking>", "</thinking>"},                      // Apriel
	{"[THINK]", "[/THINK]"},                            // Mistral
	{"◁think▷", "◁/think▷"},                            // Kimi
	{"<seed:think>", "</seed:think>"},                  // Seed-OSS
	{"<mm:think>", "</mm:think>"},                      // MiniMax
	{"<|START_THINKING|>", "<|END_THINKING|>"},         // Command
	{"<|inner_prefix|>", "<|inner_suffix|>"},           // Apertus
	{"<|channel>thought\n", "<channel|>"},              // Gemma
	{"<|channel|>analysis<|message|>", harmonyBetween}, // gpt-oss
}

const harmonyBetween = "<|end|><|start|>assistant<|channel|>final<|message|>"

// ThinkSplitter parts the streamed text of an answer into thinking and answer.
// Thinking is what stands between a pair of tags at the very beginning; a tag
// further on is part of the answer, which may well speak of such tags. White
// space right inside the tags and between thinking and answer is dropped.
//
// The zero value knows ThinkTags and starts before the first word.
type ThinkSplitter struct {
	Tags []ThinkTag // nil: ThinkTags

	state   thinkState
	current ThinkTag // whose closing tag is awaited
	held    string   // text that may turn out to be a tag, or space to drop
}

type thinkState byte

const (
	thinkUndecided thinkState = iota // only white space or part of a tag seen
	thinkOpened                      // in the space after the opening tag
	thinkInside
	thinkClosed // in the space after the closing tag
	thinkAnswer
)

// Resume puts the splitter inside thinking if the prompt already ends with an
// opening tag, as the prompts of some models do. Call it before the first Push.
func (t *ThinkSplitter) Resume(prompt string) {
	prompt = strings.TrimRightFunc(prompt, unicode.IsSpace)
	for _, tag := range t.tags() {
		if strings.HasSuffix(prompt, strings.TrimRightFunc(tag.Open, unicode.IsSpace)) {
			t.current, t.state = tag, thinkOpened
			return
		}
	}
}

func (t *ThinkSplitter) tags() []ThinkTag {
	if t.Tags == nil {
		return ThinkTags
	}
	return t.Tags
}

// Push takes the next piece of text and gives what is certain by now. It holds
// back what may be the beginning of a tag.
func (t *ThinkSplitter) Push(text string) (thinking, answer string) {
	t.held += text
	if t.state == thinkUndecided && !t.decide() {
		return "", ""
	}
	if t.state == thinkOpened {
		if t.held = strings.TrimLeftFunc(t.held, unicode.IsSpace); t.held != "" {
			t.state = thinkInside
		}
	}
	if t.state == thinkInside {
		if i := strings.Index(t.held, t.current.Close); i >= 0 {
			thinking = strings.TrimRightFunc(t.held[:i], unicode.IsSpace)
			t.held = t.held[i+len(t.current.Close):]
			t.state = thinkClosed
		} else {
			// a space may come before the closing tag, so it waits too
			sure := strings.TrimRightFunc(t.held[:len(t.held)-overlap(t.held, t.current.Close)], unicode.IsSpace)
			t.held = t.held[len(sure):]
			return sure, ""
		}
	}
	if t.state == thinkClosed {
		if t.held = strings.TrimLeftFunc(t.held, unicode.IsSpace); t.held != "" {
			t.state = thinkAnswer
		}
	}
	if t.state == thinkAnswer {
		answer, t.held = t.held, ""
	}
	return thinking, answer
}

// decide finds out whether the text begins with an opening tag; it is false
// while that is open.
func (t *ThinkSplitter) decide() bool {
	rest := strings.TrimLeftFunc(t.held, unicode.IsSpace)
	for _, tag := range t.tags() {
		if strings.HasPrefix(rest, tag.Open) {
			t.current, t.state, t.held = tag, thinkOpened, rest[len(tag.Open):]
			return true
		}
	}
	for _, tag := range t.tags() {
		if strings.HasPrefix(tag.Open, rest) {
			return false
		}
	}
	t.state = thinkAnswer
	return true
}

// overlap is the length of the longest end of s that begins tag.
func overlap(s, tag string) int {
	for n := min(len(s), len(tag)-1); n > 0; n-- {
		if strings.HasPrefix(tag, s[len(s)-n:]) {
			return n
		}
	}
	return 0
}

// Flush gives what is still held back when the text has ended.
func (t *ThinkSplitter) Flush() (thinking, answer string) {
	rest := t.held
	t.held = ""
	switch t.state {
	case thinkInside:
		return strings.TrimRightFunc(rest, unicode.IsSpace), ""
	case thinkUndecided:
		return "", rest
	}
	return "", ""
}
