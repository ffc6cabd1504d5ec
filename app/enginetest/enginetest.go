// Package enginetest has an engine for tests of the application: it loads any
// file at once, takes each word for a token, and answers by counting.
package enginetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"freehold/app"
	"freehold/app/chat"
	"freehold/engine"
	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// WriteModel writes a small GGUF file that the library accepts.
func WriteModel(path, name string) error {
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	meta.Set("general.name", name)
	meta.Set("general.file_type", uint32(7))
	meta.Set("llama.context_length", uint32(2048))
	h := fnv.New32a()
	h.Write([]byte(name))
	data := bytes.Repeat([]byte{byte(h.Sum32())}, 34*8) // models differ by their weights
	return gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, 8}, Data: data}})
}

// Engine is an app.Engine. Its zero value is ready for use.
type Engine struct {
	Words   int           // of an answer; 0: five
	Delay   time.Duration // before each word
	LoadFor time.Duration // how long loading takes
	Context int           // tokens; 0: 1000

	Loaded atomic.Int32 // models that are open now
	Loads  atomic.Int32 // that were ever opened
}

// Open opens any file that exists and is not called broken.
func (e *Engine) Open(ctx context.Context, path string, o app.LoadOptions, progress func(done, total int64)) (app.Weights, error) {
	m, err := e.open(path, o)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(e.LoadFor):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if progress != nil {
		progress(m.info.FileBytes/2, m.info.FileBytes)
		progress(m.info.FileBytes, m.info.FileBytes)
	}
	e.Loaded.Add(1)
	e.Loads.Add(1)
	return m, nil
}

// OpenVocabulary opens the same files.
func (e *Engine) OpenVocabulary(_ context.Context, path string, o app.LoadOptions) (app.Vocabulary, error) {
	return e.open(path, o)
}

func (e *Engine) open(path string, o app.LoadOptions) (*model, error) {
	f, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if strings.Contains(filepath.Base(path), "broken") {
		return nil, errors.New("the file is broken at byte 7")
	}
	limit := e.Context
	if limit == 0 {
		limit = 1000
	}
	if o.ContextLength > 0 {
		limit = min(limit, o.ContextLength)
	}
	return &model{engine: e, info: app.ModelInfo{
		Architecture: "counting", Name: filepath.Base(path), Quant: "F32", Parameters: 1, TrainedContext: limit, ContextLength: limit,
		Vocabulary: 1 << 16, Layers: 1, Embedding: 1, FileBytes: f.Size(), ChatTemplate: true,
	}}, nil
}

type model struct {
	engine *Engine
	info   app.ModelInfo
	closed atomic.Bool
}

func (m *model) Info() app.ModelInfo    { return m.info }
func (m *model) ContextLength() int     { return m.info.ContextLength }
func (m *model) Tokens(text string) int { return len(strings.Fields(text)) }

func (m *model) Close() error {
	if m.closed.Swap(true) {
		return errors.New("closed twice")
	}
	m.engine.Loaded.Add(-1)
	return nil
}

// Tokenize gives each word a number of its own.
func (m *model) Tokenize(text string, special bool) []int32 {
	ids := []int32{}
	if special {
		ids = append(ids, 1)
	}
	for _, w := range strings.Fields(text) {
		h := fnv.New32a()
		h.Write([]byte(w))
		ids = append(ids, int32(h.Sum32()&0xffff))
	}
	return ids
}

func (m *model) Prompt(_ context.Context, system string, turns []chat.Turn) (int, error) {
	n := m.Tokens(system)
	for _, t := range turns {
		n += m.Tokens(t.Content) + 1
	}
	return n, nil
}

// Embed makes vectors of the number of words and of characters.
// Rank prefers documents that share more letters with the query.
func (m *model) Rank(_ context.Context, query string, documents []string) ([]float32, error) {
	scores := make([]float32, len(documents))
	for i, d := range documents {
		for _, w := range strings.Fields(strings.ToLower(query)) {
			if strings.Contains(strings.ToLower(d), w) {
				scores[i]++
			}
		}
	}
	return scores, nil
}

func (m *model) Embed(_ context.Context, texts []string, cut bool) ([][]float32, error) {
	vectors := make([][]float32, len(texts))
	for i, t := range texts {
		n := m.Tokens(t)
		if n > m.info.ContextLength && !cut {
			return nil, &engine.TooLongError{Text: i, Tokens: n, Limit: m.info.ContextLength}
		}
		vectors[i] = []float32{float32(min(n, m.info.ContextLength)), float32(len(t))}
	}
	return vectors, nil
}

// Generate counts: one, two … as "1 2 3 ".
func (m *model) Generate(ctx context.Context, r chat.Request, emit func(chat.Event)) (chat.Result, error) {
	if m.closed.Load() {
		return chat.Result{}, errors.New("used after Close")
	}
	n, err := m.Prompt(ctx, r.System, r.Turns)
	if err != nil {
		return chat.Result{}, err
	}
	n += m.Tokens(r.Prompt)
	words := m.engine.Words
	if words == 0 {
		words = 5
	}
	res := chat.Result{StopReason: "eos", Tokens: []int32{}}
	if limit := r.Sampling.MaxTokens; limit > 0 && words >= limit {
		words, res.StopReason = limit, "length"
	}
	emit(chat.Event{Done: n, Total: n})
	for i := range words {
		select {
		case <-ctx.Done():
		case <-time.After(m.engine.Delay):
		}
		if ctx.Err() != nil {
			res.StopReason = "cancelled"
			break
		}
		text := fmt.Sprintf("%d ", i+1)
		res.Text += text
		res.Tokens = append(res.Tokens, int32(i+1))
		emit(chat.Event{Text: text, Tokens: i + 1})
	}
	res.Timings = chat.Timings{PromptTokens: n, CompletionTokens: len(res.Tokens), PrefillPerSecond: 100, DecodePerSecond: 10}
	return res, nil
}
