package chat

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTitle(t *testing.T) {
	for in, want := range map[string]string{
		"":                          "",
		"\n\n# Hello  *there*":      "Hello *there",
		"```\ncode\n```":            "code",
		"---\nx":                    "x",
		strings.Repeat("word ", 40): strings.TrimSpace(strings.Repeat("word ", 12))[:59] + "…",
		strings.Repeat("字", 100):    strings.Repeat("字", 60) + "…",
	} {
		if got := title(in); got != want {
			t.Errorf("title(%.20q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzTitle(f *testing.F) {
	f.Add("hello\nworld")
	f.Add("\xff\xfe # 字")
	f.Fuzz(func(t *testing.T, s string) {
		got := title(s)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > titleRunes+1 || strings.ContainsAny(got, "\r\n") {
			t.Errorf("title(%q) = %q", s, got)
		}
	})
}

func TestTurnsAlternate(t *testing.T) {
	got := turns([]Message{
		{Role: User, Content: "a"}, {Role: Assistant, Status: Failed},
		{Role: User, Content: "b"}, {Role: Assistant, Content: "c"},
	})
	if len(got) != 2 || got[0].Content != "a\n\nb" || got[1].Content != "c" {
		t.Errorf("%q", got)
	}
}

func TestPathOfBrokenTrees(t *testing.T) {
	loop := []Message{{ID: "a", ParentID: "b"}, {ID: "b", ParentID: "a"}}
	if got := path(loop, "a"); got != nil {
		t.Errorf("a loop has the path %v", got)
	}
	if got := path(nil, "gone"); got != nil {
		t.Errorf("%v", got)
	}
}

func TestSamplingChecked(t *testing.T) {
	p, err := Sampling{Stop: []string{"", "END"}}.Checked()
	if err != nil || p.TopP != 1 || p.RepeatPenalty != 1 || len(p.Stop) != 1 {
		t.Errorf("%+v %v", p, err)
	}
	for _, bad := range []Sampling{{RepeatPenalty: 0.01}, {RepeatPenalty: -1}, {TopP: 1.5}, {TopK: -1}, {MaxTokens: -1}, {Stop: make([]string, 17)}, {Stop: []string{strings.Repeat("x", 300)}}} {
		if _, err := bad.Checked(); err == nil {
			t.Errorf("%+v is accepted", bad)
		}
	}
}
