// Command golden records what llama.cpp computes, so that the engine's tests
// can compare without llama.cpp at hand:
//
//	go run ./bench/golden -server BIN/llama-server -perplexity BIN/llama-perplexity -model FILE.gguf
//
// It starts llama-server on a loopback port with its default settings, asks for
// a greedy continuation of every prompt in prompts.json with the two best log
// probabilities at each step, runs llama-perplexity over the test text, and
// writes engine/testdata/agreement.json.
//
// All prompts are run again under the settings of otherSettings. Activations
// are rounded to 8 bits in every layer, so a difference in the last bit of any
// sum grows until the logits of a small model move by about a tenth; what all
// runs have in common is what another engine can be held to.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"freehold/engine/agreement"
)

//go:embed prompts.json
var prompts []byte

const tokensPerPrompt = 64

func main() {
	server := flag.String("server", "", "path of llama-server")
	perplexity := flag.String("perplexity", "", "path of llama-perplexity")
	model := flag.String("model", "", "GGUF file to record")
	text := flag.String("text", "engine/testdata/perplexity.txt", "text for the long prompts and for perplexity")
	out := flag.String("out", "engine/testdata/agreement.json", "file to write")
	flag.Parse()
	if *server == "" || *perplexity == "" || *model == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *server, *perplexity, *model, *text, *out); err != nil {
		log.Fatal(err)
	}
}

// prompt is an entry of prompts.json. Text cuts a range of bytes out of the
// test text and puts it in front of Suffix.
type prompt struct {
	Name     string    `json:"name"`
	Prompt   string    `json:"prompt"`
	Text     []int     `json:"text"`
	Suffix   string    `json:"suffix"`
	Messages []message `json:"messages"`
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	Text    []int  `json:"text,omitempty"`
	Suffix  string `json:"suffix,omitempty"`
}

func run(ctx context.Context, server, perplexity, model, textPath, out string) error {
	text, err := os.ReadFile(textPath)
	if err != nil {
		return err
	}
	var list []prompt
	if err := json.Unmarshal(prompts, &list); err != nil {
		return fmt.Errorf("prompts.json: %w", err)
	}
	golden := agreement.Golden{Model: filepath.Base(model)}
	if golden.ModelSHA256, err = digest(model); err != nil {
		return err
	}
	golden.TextSHA256 = hex.EncodeToString(sum(text))

	if golden.Cases, golden.Engine, err = recordAll(ctx, server, model, list, text); err != nil {
		return err
	}
	for i := range golden.Cases {
		golden.Cases[i].Stable = len(golden.Cases[i].Tokens)
	}
	for _, args := range otherSettings {
		other, _, err := recordAll(ctx, server, model, list, text, args...)
		if err != nil {
			return err
		}
		noise := compare(golden.Cases, other)
		log.Printf("with %v llama.cpp's margins differ by %.4f from its own", args, noise)
		golden.Noise = max(golden.Noise, noise)
	}
	if golden.Perplexity, err = measure(ctx, perplexity, model, textPath); err != nil {
		return err
	}
	log.Printf("perplexity %.4f ± %.4f over %d tokens a chunk", golden.Perplexity.Value, golden.Perplexity.StdError, golden.Perplexity.Context)
	b, err := json.MarshalIndent(golden, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(out, append(compact(b), '\n'), 0o644)
}

// recordAll asks a server of its own for all prompts.
func recordAll(ctx context.Context, server, model string, list []prompt, text []byte, args ...string) ([]agreement.Case, string, error) {
	s, stop, err := start(ctx, server, model, args...)
	if err != nil {
		return nil, "", err
	}
	defer stop()
	var cases []agreement.Case
	for _, p := range list {
		c, err := s.record(ctx, p, text)
		if err != nil {
			return nil, "", fmt.Errorf("prompt %q: %w", p.Name, err)
		}
		log.Printf("%-24s %4d prompt tokens, %2d tokens", c.Name, len(c.PromptTokens), len(c.Tokens))
		cases = append(cases, c)
	}
	return cases, s.version, nil
}

// otherSettings compute the same thing in another order.
var otherSettings = [][]string{
	{"--flash-attn", "off"},
	{"--ubatch-size", "8"},
	{"--flash-attn", "off", "--ubatch-size", "8"},
}

// compare lowers each case's Stable to the leading tokens that the other run
// has too, and returns the mean difference of the margins there.
func compare(cases, other []agreement.Case) (noise float64) {
	n := 0
	for i := range cases {
		a, b := &cases[i], &other[i]
		same := 0
		for same < min(len(a.Tokens), len(b.Tokens)) && a.Tokens[same] == b.Tokens[same] {
			if a.Margin[same] >= 0 && a.Second[same] == b.Second[same] {
				noise += math.Abs(a.Margin[same] - b.Margin[same])
				n++
			}
			same++
		}
		if same < len(a.Tokens) || len(a.Tokens) != len(b.Tokens) || a.EndOfText != b.EndOfText {
			a.Stable = min(a.Stable, same, len(a.Tokens)-1)
		}
	}
	return math.Round(1e4*noise/float64(max(n, 1))) / 1e4
}

// compact puts arrays of plain numbers on one line.
func compact(b []byte) []byte {
	numbers := regexp.MustCompile(`\[\s+-?[0-9][^\[\]{}"]*\]`)
	space := regexp.MustCompile(`\s+`)
	return numbers.ReplaceAllFunc(b, func(m []byte) []byte { return space.ReplaceAll(m, nil) })
}

func sum(b []byte) []byte { h := sha256.Sum256(b); return h[:] }

func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// client talks to a llama-server.
type client struct{ base, version string }

func start(ctx context.Context, server, model string, args ...string) (*client, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	args = append([]string{"-m", model, "-c", "8192", "-np", "1", "--host", "127.0.0.1", "--port", port}, args...)
	cmd := exec.CommandContext(ctx, server, args...)
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	c := &client{base: "http://" + addr}
	for range 600 {
		if r, err := http.Get(c.base + "/health"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				var props struct {
					Build string `json:"build_info"`
				}
				err := c.call(ctx, http.MethodGet, "/props", nil, &props)
				c.version = "llama.cpp " + props.Build
				return c, stop, err
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return nil, nil, errors.New("llama-server did not become ready within a minute")
}

func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, res.Status, b)
	}
	return json.Unmarshal(b, out)
}

// record asks for one greedy continuation.
func (c *client) record(ctx context.Context, p prompt, text []byte) (agreement.Case, error) {
	cut := func(r []int, suffix, plain string) string {
		if len(r) == 2 {
			return string(text[r[0]:r[1]]) + suffix
		}
		return plain
	}
	out := agreement.Case{Name: p.Name, Prompt: cut(p.Text, p.Suffix, p.Prompt)}
	if len(p.Messages) > 0 {
		for _, m := range p.Messages {
			out.Messages = append(out.Messages, agreement.Message{Role: m.Role, Content: cut(m.Text, m.Suffix, m.Content)})
		}
		var r struct {
			Prompt string `json:"prompt"`
		}
		if err := c.call(ctx, http.MethodPost, "/apply-template", map[string]any{"messages": out.Messages}, &r); err != nil {
			return out, err
		}
		out.Prompt = r.Prompt
	}
	var tok struct {
		Tokens []int32 `json:"tokens"`
	}
	if err := c.call(ctx, http.MethodPost, "/tokenize", map[string]any{"content": out.Prompt, "add_special": true, "parse_special": true}, &tok); err != nil {
		return out, err
	}
	out.PromptTokens = tok.Tokens
	r, err := c.complete(ctx, out.PromptTokens, tokensPerPrompt, false)
	if err != nil {
		return out, err
	}
	out.Tokens, out.EndOfText = r.Tokens, r.Stop == "eos"
	steps := r.Steps
	if len(steps) != len(r.Tokens) {
		if steps, err = c.stepByStep(ctx, out.PromptTokens, r.Tokens); err != nil {
			return out, err
		}
	}
	if out.EndOfText { // llama-server counts the end token among the others
		out.Tokens, steps = out.Tokens[:len(out.Tokens)-1], steps[:len(steps)-1]
	}
	for _, s := range steps {
		second, margin := int32(-1), -1.0
		if len(s.Top) == 2 {
			second, margin = s.Top[1].ID, float64(int((s.Top[0].Logprob-s.Top[1].Logprob)*1e5))/1e5
		}
		out.Second, out.Margin = append(out.Second, second), append(out.Margin, margin)
	}
	return out, nil
}

type completion struct {
	Tokens []int32 `json:"tokens"`
	Stop   string  `json:"stop_type"`
	Steps  []step  `json:"completion_probabilities"`
}

// step is the two best tokens of one step.
type step struct {
	Top []struct {
		ID      int32   `json:"id"`
		Logprob float64 `json:"logprob"`
	} `json:"top_logprobs"`
}

func (c *client) complete(ctx context.Context, prompt []int32, n int, cache bool) (r completion, err error) {
	err = c.call(ctx, http.MethodPost, "/completion", map[string]any{
		"prompt": prompt, "n_predict": n, "temperature": 0, "samplers": []string{"temperature"},
		"n_probs": 2, "return_tokens": true, "cache_prompt": cache,
	}, &r)
	return r, err
}

// stepByStep asks for each step on its own: where a token ends inside a
// character llama-server leaves its probabilities out, and with them the
// knowledge which step the others belong to.
func (c *client) stepByStep(ctx context.Context, prompt, tokens []int32) ([]step, error) {
	steps := make([]step, len(tokens))
	for i := range tokens {
		r, err := c.complete(ctx, append(prompt[:len(prompt):len(prompt)], tokens[:i]...), 1, true)
		if err != nil {
			return nil, err
		}
		if len(r.Steps) == 1 && len(r.Steps[0].Top) == 2 && r.Steps[0].Top[0].ID == tokens[i] {
			steps[i] = r.Steps[0]
		}
	}
	return steps, nil
}

var final = regexp.MustCompile(`Final estimate: PPL = ([0-9.]+) \+/- ([0-9.]+)`)

// measure runs llama-perplexity with its default method: chunks of 512 tokens,
// the second half of each scored.
func measure(ctx context.Context, binary, model, text string) (agreement.Perplexity, error) {
	const chunk = 512
	b, err := exec.CommandContext(ctx, binary, "-m", model, "-f", text, "-c", strconv.Itoa(chunk)).CombinedOutput()
	if err != nil {
		return agreement.Perplexity{}, fmt.Errorf("llama-perplexity: %w\n%s", err, b)
	}
	m := final.FindSubmatch(b)
	if m == nil {
		return agreement.Perplexity{}, fmt.Errorf("llama-perplexity printed no final estimate:\n%s", b)
	}
	value, err1 := strconv.ParseFloat(string(m[1]), 64)
	stderr, err2 := strconv.ParseFloat(string(m[2]), 64)
	return agreement.Perplexity{Value: value, StdError: stderr, Context: chunk}, errors.Join(err1, err2)
}
