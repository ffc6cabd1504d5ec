package chattemplate

import (
	"strings"
	"testing"
)

func TestThinkSplitter(t *testing.T) {
	cases := []struct {
		name, prompt, text, thinking, answer string
	}{
		{"plain", "", "Hello there.", "", "Hello there."},
		{"leading space kept without tags", "", "  \nHello", "", "  \nHello"},
		{"think", "", "<think>\nhm, so\n</think>\n\nYes.", "hm, so", "Yes."},
		{"space before the tag", "", "\n <think>a</think>b", "a", "b"},
		{"empty thinking", "", "<think>\n\n</think>\n\nYes.", "", "Yes."},
		{"never closed", "", "<think>\nhm, so \n", "hm, so", ""},
		{"half a closing tag", "", "<think>a </thin", "a </thin", ""},
		{"half an opening tag", "", "<thi", "", "<thi"},
		{"tag in the answer", "", "Use <think>x</think>.", "", "Use <think>x</think>."},
		{"second block stays", "", "<think>a</think>b<think>c</think>", "a", "b<think>c</think>"},
		{"near miss inside", "", "<think>1 </ 2 </thin 3</think>b", "1 </ 2 </thin 3", "b"},
		{"longer name", "", "<thinking>a</think></thinking>b", "a</think>", "b"},
		{"opened by the prompt", "<|assistant|><think>\n", "so\n</think>\nYes", "so", "Yes"},
		{"closed by the prompt", "<think>\n\n</think>\n\n", "Yes", "", "Yes"},
		{"brackets", "", "[THINK]a[/THINK]b", "a", "b"},
		{"triangles", "", "◁think▷é◁/think▷ü", "é", "ü"},
		{"command", "", "<|START_THINKING|>a<|END_THINKING|>b", "a", "b"},
		{"gemma", "", "<|channel>thought\na\n<channel|>b", "a", "b"},
		{"gpt-oss", "", "<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>b", "a", "b"},
		{"spaces inside", "", "<think>a\n\n b  c</think> d\n e ", "a\n\n b  c", "d\n e "},
	}
	for _, c := range cases {
		for size := 1; size <= len(c.text)+1; size++ {
			var s ThinkSplitter
			s.Resume(c.prompt)
			var thinking, answer strings.Builder
			for i := 0; i < len(c.text); i += size {
				th, an := s.Push(c.text[i:min(len(c.text), i+size)])
				thinking.WriteString(th)
				answer.WriteString(an)
			}
			th, an := s.Flush()
			thinking.WriteString(th)
			answer.WriteString(an)
			if thinking.String() != c.thinking || answer.String() != c.answer {
				t.Errorf("%s, in pieces of %d: thinking %q, answer %q; want %q, %q",
					c.name, size, thinking.String(), answer.String(), c.thinking, c.answer)
				break
			}
		}
	}
}

func TestThinkSplitterOwnTags(t *testing.T) {
	s := ThinkSplitter{Tags: []ThinkTag{{"(", ")"}}}
	thinking, answer := s.Push("(a)<think>b")
	if thinking != "a" || answer != "<think>b" {
		t.Errorf("got %q, %q", thinking, answer)
	}
}

func TestThinkSplitterStreams(t *testing.T) {
	var s ThinkSplitter
	if th, an := s.Push("<think>some words"); th != "some words" || an != "" {
		t.Errorf("thinking is held back: %q, %q", th, an)
	}
	if th, _ := s.Push(" and more <"); th != " and more" {
		t.Errorf("got %q", th)
	}
	if th, an := s.Push("/think>Done"); th != "" || an != "Done" {
		t.Errorf("got %q, %q", th, an)
	}
	if th, an := s.Push(" now"); th != "" || an != " now" {
		t.Errorf("got %q, %q", th, an)
	}
}

func FuzzThinkSplitter(f *testing.F) {
	f.Add("<think>a</think>b", 3)
	f.Add(" ◁think▷x", 1)
	f.Fuzz(func(t *testing.T, text string, size int) {
		chars := []rune(text) // pieces are whole characters
		split := func(size int) (string, string) {
			var s ThinkSplitter
			var thinking, answer strings.Builder
			for i := 0; i < len(chars); i += size {
				th, an := s.Push(string(chars[i:min(len(chars), i+size)]))
				thinking.WriteString(th)
				answer.WriteString(an)
			}
			th, an := s.Flush()
			return thinking.String() + th, answer.String() + an
		}
		size = max(1, min(size, len(chars)))
		th, an := split(max(1, len(chars)))
		th2, an2 := split(size)
		if th != th2 || an != an2 {
			t.Errorf("whole: %q, %q; in pieces of %d: %q, %q", th, an, size, th2, an2)
		}
	})
}
