package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"

	"github.com/ollama/ollama/api"
)

// ollama measures by the durations that Ollama's API reports with an answer.
// They include its sampling.
type ollama struct{ url string }

func (*ollama) name() string { return ollamaName }

func (*ollama) can(t test) bool {
	return t.sequences == 1 && t.depth == 0 && (t.prompt == 0 || t.generate == 0)
}

func (e *ollama) measure(ctx context.Context, model string, threads int, t test, repetitions int) (record, error) {
	var version struct{ Version string }
	if err := e.call(ctx, "/api/version", nil, &version); err != nil {
		return record{}, err
	}
	r := record{Version: version.Version, Command: "POST /api/generate"}
	name := strings.TrimSuffix(filepath.Base(model), ".gguf")
	for i := range repetitions + 1 {
		words, answer := max(t.prompt, 1), max(t.generate, 1)
		request := map[string]any{
			"model": name, "prompt": prompt(words), "raw": true, "stream": false,
			"options": map[string]any{"num_predict": answer, "num_thread": threads, "num_ctx": max(2048, 4*words+answer), "temperature": 0},
		}
		var m api.Metrics
		if err := e.call(ctx, "/api/generate", request, &m); err != nil {
			return record{}, err
		}
		count, took := m.EvalCount, m.EvalDuration
		if t.prompt > 0 {
			count, took = m.PromptEvalCount, m.PromptEvalDuration
		}
		if count < (t.prompt+t.generate)/2 || took <= 0 {
			return record{}, fmt.Errorf("only %d tokens were computed in %v; a token that ends the answer came too early, or the prompt was cached", count, took)
		}
		if i > 0 { // the first warms up
			r.Samples = append(r.Samples, float64(count)/took.Seconds())
		}
	}
	return r, nil
}

// prompt is a text of about so many tokens that no prompt before began with.
func prompt(n int) string {
	common := []string{" the", " of", " and", " in", " is", " that", " for", " with", " as", " on", " by", " at", " from", " which", " this", " be"}
	var b strings.Builder
	for range n {
		b.WriteString(common[rand.IntN(len(common))])
	}
	return b.String()
}

// call posts a request, or gets without one, and decodes the answer.
func (e *ollama) call(ctx context.Context, path string, request, answer any) error {
	method, body := http.MethodGet, io.Reader(nil)
	if request != nil {
		b, err := json.Marshal(request)
		if err != nil {
			return err
		}
		method, body = http.MethodPost, bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, e.url+path, body)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status + ": " + strings.TrimSpace(string(b)))
	}
	return json.Unmarshal(b, answer)
}
