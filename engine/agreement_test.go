package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"freehold/engine/agreement"
	"freehold/engine/chattemplate"
	"freehold/engine/eval"
	"freehold/engine/sample"
	"freehold/engine/schedule"
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

// TestAgreementWithLlamaCpp compares greedy continuations, token for token.
//
// Both engines round activations to 8 bits in every layer, so a difference in
// the last bit of any sum grows until a small model's logits move by about a
// tenth; llama.cpp with and without flash attention parts from itself in more
// than half of all free prose. Held to agreement are therefore the prompts on
// which llama.cpp agrees with itself to the end, whatever its settings: eight
// tenths of them must be the same here, token for token, and with those that
// part at a tie, where llama.cpp's best two are closer than its own logits are
// from setting to setting, nineteen twentieths.
func TestAgreementWithLlamaCpp(t *testing.T) {
	g := golden(t)
	m := starter(t, Options{})
	held, same, ties, others, othersSame := 0, 0, 0, 0, 0
	for _, c := range g.Cases {
		checkPrompt(t, m, c)
		r, err := m.Generate(context.Background(), Request{Tokens: c.PromptTokens, MaxTokens: 64, Sampling: greedy()}, nil)
		if err != nil {
			t.Fatal(err)
		}
		at := 0
		for at < min(len(r.Tokens), len(c.Tokens)) && r.Tokens[at] == c.Tokens[at] {
			at++
		}
		equal := at == len(c.Tokens) && at == len(r.Tokens) && (r.StopReason == StopEnd) == c.EndOfText
		if c.Stable < len(c.Tokens) {
			if others++; equal {
				othersSame++
			}
			continue
		}
		if held++; equal {
			same++
			continue
		}
		margin := -1.0
		if at < len(c.Margin) {
			margin = c.Margin[at]
		}
		if margin >= 0 && margin < g.Noise {
			ties++
		}
		t.Logf("%s: parts at token %d of %d, where llama.cpp's best two differ by %.3f\n got %q\nwant %q",
			c.Name, at, len(c.Tokens), margin, m.Detokenize(r.Tokens), m.Detokenize(c.Tokens))
	}
	t.Logf("%d of %d prompts agree with %s in every token, %d part at a tie; of %d on which it parts from itself, %d agree",
		same, held, g.Engine, ties, others, othersSame)
	if held < 20 || 10*same < 8*held || 20*(same+ties) < 19*held {
		t.Errorf("%d of %d prompts agree and %d part at a tie; want at least 20 prompts, 80 %%, and 95 %% with the ties", same, held, ties)
	}
}

// checkPrompt compares the rendered template and the prompt's tokens.
func checkPrompt(t *testing.T, m *Model, c agreement.Case) {
	t.Helper()
	if got := m.Tokenize(c.Prompt, true); !slices.Equal(got, c.PromptTokens) {
		t.Errorf("%s: prompt has tokens %v, llama.cpp has %v", c.Name, got, c.PromptTokens)
	}
	if len(c.Messages) == 0 {
		return
	}
	in := chattemplate.Input{AddGenerationPrompt: true}
	for _, msg := range c.Messages {
		in.Messages = append(in.Messages, chattemplate.Message{Role: msg.Role, Content: msg.Content})
	}
	text, err := m.RenderChat(context.Background(), in)
	if err != nil {
		t.Fatal(err)
	}
	if text != c.Prompt {
		t.Errorf("%s: rendered\n%q, llama.cpp\n%q", c.Name, text, c.Prompt)
	}
}

// TestMarginsAgreeWithLlamaCpp compares logits: along llama.cpp's own
// continuations, the margin between its two best tokens must be the same here,
// but for the noise that llama.cpp has against itself.
func TestMarginsAgreeWithLlamaCpp(t *testing.T) {
	g := golden(t)
	m := starter(t, Options{})
	sum, n := 0.0, 0
	for _, c := range g.Cases {
		first := len(c.PromptTokens) - 1
		err := m.scheduler.Run(context.Background(), schedule.Task{
			Prompt: slices.Concat(c.PromptTokens, c.Tokens),
			Score: func(at int, logits []float32) {
				i := at - first
				if i < 0 || i >= len(c.Tokens) || c.Margin[i] < 0 {
					return
				}
				sum += math.Abs(float64(logits[c.Tokens[i]]-logits[c.Second[i]]) - c.Margin[i])
				n++
			},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	mean := sum / float64(n)
	t.Logf("margins differ by %.4f on average over %d tokens, llama.cpp's from its own by %.4f", mean, n, g.Noise)
	if mean > 1.5*g.Noise {
		t.Errorf("margins differ by %.4f on average, more than rounding explains (%.4f)", mean, g.Noise)
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
