package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"freehold/engine/agreement"
	"freehold/engine/chattemplate"
	"freehold/engine/eval"
	"freehold/engine/sample"
)

// starter opens the starter model, or skips the test where it is not at hand.
func starter(t testing.TB, opt Options) *Model {
	t.Helper()
	path := starterPath(t)
	m, err := Open(context.Background(), path, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func starterPath(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("FREEHOLD_TEST_MODEL"); p != "" {
		return p
	}
	found, _ := filepath.Glob("../build/starter/*.gguf")
	if len(found) == 0 {
		t.Skip("the starter model is not here; `make starter` fetches it")
	}
	return found[0]
}

// greedy always takes the best token.
func greedy() sample.Params {
	p := sample.Defaults()
	p.Temperature = 0
	return p
}

func golden(t *testing.T) *agreement.Golden {
	t.Helper()
	g, err := agreement.Read("testdata/agreement.json")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(starterPath(t))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != g.ModelSHA256 {
		t.Skipf("%s is not the recorded model (sha256 %s)", f.Name(), got)
	}
	return g
}

// TestAgreementWithLlamaCpp compares greedy continuations of the recorded
// prompts, token for token. Rounding differs between engines, so where two
// tokens are as good as tied either may win: of the prompts, nine tenths must
// agree to the end, and the others may part only at such a tie.
func TestAgreementWithLlamaCpp(t *testing.T) {
	g := golden(t)
	m := starter(t, Options{})
	const tie = 0.05 // difference of the two best logits
	same := 0
	for _, c := range g.Cases {
		req := Request{Tokens: c.PromptTokens, MaxTokens: 64, Sampling: greedy()}
		if got := m.Tokenize(c.Prompt, true); !slices.Equal(got, c.PromptTokens) {
			t.Errorf("%s: prompt has tokens %v, llama.cpp has %v", c.Name, got, c.PromptTokens)
		}
		if len(c.Messages) > 0 {
			var in chattemplate.Input
			for _, msg := range c.Messages {
				in.Messages = append(in.Messages, chattemplate.Message{Role: msg.Role, Content: msg.Content})
			}
			in.AddGenerationPrompt = true
			text, err := m.RenderChat(context.Background(), in)
			if err != nil {
				t.Fatal(err)
			}
			if text != c.Prompt {
				t.Errorf("%s: rendered\n%q, llama.cpp\n%q", c.Name, text, c.Prompt)
			}
		}
		r, err := m.Generate(context.Background(), req, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for at < min(len(r.Tokens), len(c.Tokens)) && r.Tokens[at] == c.Tokens[at] {
			at++
		}
		if at == len(c.Tokens) && at == len(r.Tokens) && (r.StopReason == StopEnd) == c.EndOfText {
			same++
			continue
		}
		margin := -1.0
		if at < len(c.Margin) {
			margin = c.Margin[at]
		}
		if margin < 0 || margin >= tie {
			t.Errorf("%s: parts at token %d of %d, where llama.cpp is sure by %.3f\n got %q\nwant %q",
				c.Name, at, len(c.Tokens), margin, m.Detokenize(r.Tokens), m.Detokenize(c.Tokens))
		} else {
			t.Logf("%s: parts at token %d of %d at a tie (%.4f)", c.Name, at, len(c.Tokens), margin)
		}
	}
	t.Logf("%d of %d prompts agree with %s in every token", same, len(g.Cases), g.Engine)
	if 10*same < 9*len(g.Cases) {
		t.Errorf("only %d of %d prompts agree", same, len(g.Cases))
	}
}

func TestPerplexityAgreesWithLlamaCpp(t *testing.T) {
	g := golden(t)
	m := starter(t, Options{})
	text, err := os.ReadFile("testdata/perplexity.txt")
	if err != nil {
		t.Fatal(err)
	}
	if h := sha256.Sum256(text); hex.EncodeToString(h[:]) != g.TextSHA256 {
		t.Fatal("testdata/perplexity.txt is not the recorded text; run bench/golden again")
	}
	got, err := eval.Perplexity(context.Background(), m, m.Tokenize(string(text), true), g.Perplexity.Context, -1)
	if err != nil {
		t.Fatal(err)
	}
	want := g.Perplexity.Value
	t.Logf("perplexity %.4f, %s %.4f (%+.3f %%)", got, g.Engine, want, 100*(got/want-1))
	if got < 0.995*want || got > 1.005*want {
		t.Errorf("perplexity %.4f is not within 0.5 %% of %.4f", got, want)
	}
}
