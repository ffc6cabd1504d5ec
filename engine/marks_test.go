package engine

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"freehold/engine/chattemplate"
	"freehold/engine/gguf"
	"freehold/engine/sample"
	"freehold/engine/tokenizer"
)

// TestMarks splits an answer whose marks are control tokens, which no text has
// unless they are asked for.
func TestMarks(t *testing.T) {
	words := []string{"<|START_THINKING|>", "<|END_THINKING|>", "<|START_RESPONSE|>", "<|END_RESPONSE|>", "<|other|>", "why", "so"}
	v := tokenizer.NewVocab("gpt2", "gpt-2")
	for i, w := range words {
		v.Tokens = append(v.Tokens, w)
		kind := int32(tokenizer.TypeNormal)
		if i < 5 {
			kind = tokenizer.TypeControl
		}
		v.Types = append(v.Types, kind)
	}
	v.Merges = []string{"w h"}
	tok, err := tokenizer.New(v)
	if err != nil {
		t.Fatal(err)
	}
	template, err := chattemplate.Parse("{% for m in messages %}{{ m.content }}{% endfor %}{# <|START_THINKING|> #}")
	if err != nil {
		t.Fatal(err)
	}
	m := &Model{tokenizer: tok, template: template}
	m.marks = sync.OnceValue(m.findMarks)
	answer := "<|START_THINKING|> why <|other|> <|END_THINKING|> <|START_RESPONSE|> so <|END_RESPONSE|>"
	for _, marks := range []bool{true, false} {
		sampler, err := sample.New(sample.Defaults(), len(words))
		if err != nil {
			t.Fatal(err)
		}
		stops, err := sample.NewStopMatcher(nil)
		if err != nil {
			t.Fatal(err)
		}
		g := &generation{model: m, request: Request{Marks: marks}, sampler: sampler, events: newMailbox[chosen]()}
		for _, w := range strings.Fields(answer) {
			id, ok := tok.ID(w)
			if !ok {
				t.Fatalf("no token %s", w)
			}
			g.events.put(chosen{token: id})
		}
		g.events.close()
		var got [3]string
		s := m.Splitter("", false)
		collect := func(pieces []chattemplate.Piece) {
			for _, p := range pieces {
				got[p.Kind] += p.Text
			}
		}
		res := g.collect(func(e Event) { collect(s.Push(e.Text)) }, stops, 1, func() {})
		collect(s.Flush())
		if marks && (got[chattemplate.Thinking] != "why" || got[chattemplate.Answer] != "so") {
			t.Errorf("%q of %q", got, res.Text)
		}
		if !marks && res.Text != "whyso" {
			t.Errorf("without marks: %q", res.Text)
		}
	}
}

// TestBuiltinTemplate chooses the form of turns by real vocabularies.
func TestBuiltinTemplate(t *testing.T) {
	for name, want := range map[string]string{
		"llama-spm": "[INST] x [/INST]",
		"llama-bpe": "<|start_header_id|>user<|end_header_id|>\n\nx<|eot_id|>",
		"qwen2":     "<|im_start|>user\nx<|im_end|>\n",
		"phi-3":     "<|user|>\nx<|end|>\n",
		"falcon":    "User: x\n\n",
		"gpt-2":     "<|im_start|>user\nx<|im_end|>\n",
	} {
		path := filepath.Join("../../shared/testdata/vocab", "ggml-vocab-"+name+".gguf")
		if _, err := os.Stat(path); err != nil {
			t.Skipf("%s is not here", path)
		}
		f, err := gguf.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := tokenizer.FromGGUF(f)
		if err != nil {
			t.Fatal(err)
		}
		architecture, _ := f.Meta.String("general.architecture")
		got, err := BuiltinTemplate(architecture, tok).Render(context.Background(), chattemplate.Input{Messages: []chattemplate.Message{{Role: "user", Content: "x"}}})
		if err != nil || got != want {
			t.Errorf("%s (%s): %q, %v; want %q", name, architecture, got, err, want)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}
