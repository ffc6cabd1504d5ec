package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"freehold/app"
	"freehold/app/chat"

	ollama "github.com/ollama/ollama/api"
	"github.com/ollama/ollama/types/model"
)

// ollamaRoutes speaks Ollama's protocol.
func (p *programs) ollamaRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /api/version", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, http.StatusOK, map[string]string{"version": p.core.Version()})
	})
	mux.HandleFunc("GET /api/tags", p.answer(p.tags))
	mux.HandleFunc("GET /api/ps", p.answer(p.loaded))
	mux.HandleFunc("POST /api/show", p.answer(p.show))
	mux.HandleFunc("POST /api/chat", p.answer(p.ollamaChat))
	mux.HandleFunc("POST /api/generate", p.answer(p.ollamaGenerate))
	mux.HandleFunc("POST /api/pull", p.answer(p.pull))
	mux.HandleFunc("POST /api/copy", p.answer(p.copy))
	mux.HandleFunc("DELETE /api/delete", p.answer(p.remove))
}

// answer tells a handler's error the way Ollama does.
func (p *programs) answer(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil && r.Context().Err() == nil {
			writeJSON(w, status(err), map[string]string{"error": err.Error()})
		}
	}
}

func details(m app.Model) ollama.ModelDetails {
	return ollama.ModelDetails{
		Format: "gguf", Family: m.Architecture, Families: []string{m.Architecture},
		ParameterSize: billions(m.Parameters), QuantizationLevel: m.Quant,
	}
}

func billions(n int64) string {
	if n >= 1e9 {
		return fmt.Sprintf("%.1fB", float64(n)/1e9)
	}
	return fmt.Sprintf("%.0fM", float64(n)/1e6)
}

func (p *programs) tags(w http.ResponseWriter, _ *http.Request) error {
	all, err := p.core.Models()
	if err != nil {
		return err
	}
	list := ollama.ListResponse{Models: []ollama.ListModelResponse{}}
	for _, m := range all {
		if m.Problem == "" {
			list.Models = append(list.Models, ollama.ListModelResponse{
				Name: m.Ref, Model: m.Ref, ModifiedAt: time.UnixMilli(m.AddedAt), Size: m.SizeBytes,
				Digest: strings.TrimPrefix(m.Digest, "sha256:"), Details: details(m),
			})
		}
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (p *programs) loaded(w http.ResponseWriter, _ *http.Request) error {
	all, err := p.core.Models()
	if err != nil {
		return err
	}
	list := ollama.ProcessResponse{Models: []ollama.ProcessModelResponse{}}
	for _, m := range all {
		if m.Loaded {
			list.Models = append(list.Models, ollama.ProcessModelResponse{
				Name: m.Ref, Model: m.Ref, Size: m.SizeBytes, Digest: strings.TrimPrefix(m.Digest, "sha256:"), Details: details(m),
				ContextLength: m.ContextLength,
			})
		}
	}
	writeJSON(w, http.StatusOK, list)
	return nil
}

func (p *programs) show(w http.ResponseWriter, r *http.Request) error {
	var in ollama.ShowRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Model == "" {
		in.Model = in.Name //nolint:staticcheck // older programs still send it
	}
	m, err := p.find(in.Model)
	if err != nil {
		return err
	}
	v, err := p.core.Vocabulary(r.Context(), app.Target{Ref: m.Ref, Path: m.Path, Digest: m.Digest}, p.core.LoadOptions())
	if err != nil {
		return err
	}
	i := v.Info()
	able := model.CapabilityCompletion
	if m.Embeds {
		able = model.CapabilityEmbedding
	}
	writeJSON(w, http.StatusOK, ollama.ShowResponse{
		License: m.Licence, Details: details(m), ModifiedAt: time.UnixMilli(m.AddedAt),
		Capabilities: []model.Capability{able},
		ModelInfo: map[string]any{
			"general.architecture": i.Architecture, "general.parameter_count": i.Parameters,
			i.Architecture + ".context_length":   i.TrainedContext,
			i.Architecture + ".block_count":      i.Layers,
			i.Architecture + ".embedding_length": i.Embedding,
		},
	})
	return nil
}

// ollamaOptions are those of Ollama's options that have a meaning here.
type ollamaOptions struct {
	Temperature      *float64 `json:"temperature"`
	TopK             *int     `json:"top_k"`
	TopP             *float64 `json:"top_p"`
	MinP             *float64 `json:"min_p"`
	TypicalP         *float64 `json:"typical_p"`
	RepeatPenalty    *float64 `json:"repeat_penalty"`
	FrequencyPenalty *float64 `json:"frequency_penalty"`
	PresencePenalty  *float64 `json:"presence_penalty"`
	Seed             *int64   `json:"seed"`
	NumPredict       *int     `json:"num_predict"` // below 0: until the model ends
	NumCtx           int      `json:"num_ctx"`
	Stop             []string `json:"stop"`
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// sampling applies Ollama's options to s.
func (p *programs) sampling(options map[string]any) (s chat.Sampling, contextLength int, err error) {
	var o ollamaOptions
	b, err := json.Marshal(options)
	if err != nil {
		return s, 0, err
	}
	if err := json.Unmarshal(b, &o); err != nil {
		return s, 0, bad("options: %v", err)
	}
	s = p.core.Settings().Sampling
	set(&s.Temperature, o.Temperature)
	set(&s.TopK, o.TopK)
	set(&s.TopP, o.TopP)
	set(&s.MinP, o.MinP)
	set(&s.TypicalP, o.TypicalP)
	set(&s.RepeatPenalty, o.RepeatPenalty)
	set(&s.FrequencyPenalty, o.FrequencyPenalty)
	set(&s.PresencePenalty, o.PresencePenalty)
	set(&s.Seed, o.Seed)
	set(&s.MaxTokens, o.NumPredict)
	s.MaxTokens, s.TopK = max(0, s.MaxTokens), max(0, s.TopK)
	if o.Stop != nil {
		s.Stop = o.Stop
	}
	if s, err = s.Checked(); err != nil {
		return s, 0, badRequest{err}
	}
	return s, o.NumCtx, nil
}

// unsupported names what a request asks for and is not there, so that nobody
// takes an answer for one that heeds it.
func unsupported(tools bool, format json.RawMessage, images bool) error {
	switch {
	case tools:
		return bad("tools are not supported")
	case len(format) > 0 && string(format) != `""` && string(format) != "null":
		return bad("a format for the answer is not supported")
	case images:
		return bad("images are not supported")
	}
	return nil
}

func (p *programs) ollamaChat(w http.ResponseWriter, r *http.Request) error {
	var in ollama.ChatRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	msgs, images := []message{}, false
	for _, m := range in.Messages {
		msgs = append(msgs, message{m.Role, m.Content})
		images = images || len(m.Images) > 0
	}
	if err := unsupported(len(in.Tools) > 0, in.Format, images); err != nil {
		return err
	}
	m, err := p.find(in.Model)
	if err != nil {
		return err
	}
	req, err := conversation(msgs)
	if err != nil {
		return err
	}
	contextLength := 0
	if req.Sampling, contextLength, err = p.sampling(in.Options); err != nil {
		return err
	}
	if in.Think != nil {
		on := in.Think.Bool()
		req.Thinking = &on
	}
	reply := func(text, thinking string) ollama.ChatResponse {
		return ollama.ChatResponse{Model: in.Model, CreatedAt: time.Now().UTC(), Message: ollama.Message{Role: "assistant", Content: text, Thinking: thinking}}
	}
	return p.ollamaStream(w, r, m, req, contextLength, in.Stream, func(text, thinking string) any { return reply(text, thinking) },
		func(text, thinking, reason string, t ollama.Metrics) any {
			last := reply(text, thinking)
			last.Done, last.DoneReason, last.Metrics = true, reason, t
			return last
		})
}

func (p *programs) ollamaGenerate(w http.ResponseWriter, r *http.Request) error {
	var in ollama.GenerateRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := unsupported(false, in.Format, len(in.Images) > 0); err != nil {
		return err
	}
	if in.Suffix != "" || in.Template != "" {
		return bad("suffix and template are not supported")
	}
	m, err := p.find(in.Model)
	if err != nil {
		return err
	}
	req := chat.Request{System: in.System, Prompt: in.Prompt}
	if !in.Raw && in.Prompt != "" {
		req.Prompt, req.Turns = "", []chat.Turn{{Role: chat.User, Content: in.Prompt}}
	}
	contextLength := 0
	if req.Sampling, contextLength, err = p.sampling(in.Options); err != nil {
		return err
	}
	if in.Think != nil {
		on := in.Think.Bool()
		req.Thinking = &on
	}
	reply := func(text, thinking string) ollama.GenerateResponse {
		return ollama.GenerateResponse{Model: in.Model, CreatedAt: time.Now().UTC(), Response: text, Thinking: thinking}
	}
	return p.ollamaStream(w, r, m, req, contextLength, in.Stream, func(text, thinking string) any { return reply(text, thinking) },
		func(text, thinking, reason string, t ollama.Metrics) any {
			last := reply(text, thinking)
			last.Done, last.DoneReason, last.Metrics = true, reason, t
			return last
		})
}

// ollamaStream answers in pieces, or at once if stream is false.
func (p *programs) ollamaStream(w http.ResponseWriter, r *http.Request, m app.Model, req chat.Request, contextLength int, stream *bool,
	piece func(text, thinking string) any, last func(text, thinking, reason string, t ollama.Metrics) any) error {
	start := time.Now()
	whole := stream != nil && !*stream
	out := newLines(w, "application/x-ndjson", "", "\n")
	res, err := p.generate(r.Context(), m, req, contextLength, func(e chat.Event) {
		switch {
		case whole || e.Text == "":
		case e.Thinking:
			out.send(piece("", e.Text))
		default:
			out.send(piece(e.Text, ""))
		}
	})
	if err != nil && !out.begun {
		return err
	}
	if err != nil { // the status has been sent
		out.send(map[string]string{"error": err.Error()})
		return nil //nolint:nilerr // the stream has told it
	}
	t := res.Timings
	metrics := ollama.Metrics{
		TotalDuration: time.Since(start), LoadDuration: duration(t.LoadMs), PromptEvalCount: t.PromptTokens,
		PromptEvalDuration: duration(t.PrefillMs), EvalCount: t.CompletionTokens, EvalDuration: duration(t.DecodeMs),
	}
	reason := "stop"
	switch res.StopReason {
	case "length", "context":
		reason = "length"
	case "load":
		reason = "load"
	}
	if whole {
		w.Header().Set("Content-Type", "application/json")
		writeJSON(w, http.StatusOK, last(res.Text, res.Thinking, reason, metrics))
		return nil
	}
	out.send(last("", "", reason, metrics))
	return nil
}

func duration(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
