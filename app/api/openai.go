package api

import (
	"encoding/json"
	"net/http"
	"time"

	"freehold/app/chat"

	"github.com/google/uuid"
)

// openaiRoutes speaks OpenAI's protocol.
func (p *programs) openaiRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /v1/models", p.completing(p.openaiModels))
	mux.HandleFunc("POST /v1/chat/completions", p.completing(p.openaiChat))
}

type openaiError struct {
	Error struct {
		Message string `json:"message"`
		Type    string `json:"type"`
	} `json:"error"`
}

// completing tells a handler's error the way OpenAI does.
func (p *programs) completing(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil && r.Context().Err() == nil {
			writeJSON(w, status(err), fault(err))
		}
	}
}

func fault(err error) openaiError {
	var e openaiError
	e.Error.Message, e.Error.Type = err.Error(), "server_error"
	if status(err) < 500 {
		e.Error.Type = "invalid_request_error"
	}
	return e
}

func (p *programs) openaiModels(w http.ResponseWriter, _ *http.Request) error {
	all, err := p.core.Models()
	if err != nil {
		return err
	}
	type entry struct {
		ID      string `json:"id"`
		Object  string `json:"object"`
		Created int64  `json:"created"`
		OwnedBy string `json:"owned_by"`
	}
	list := []entry{}
	for _, m := range all {
		if m.Problem == "" {
			list = append(list, entry{m.Ref, "model", m.AddedAt / 1000, "library"})
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"object": "list", "data": list})
	return nil
}

// openaiRequest is what of a chat completion request has a meaning here.
type openaiRequest struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string          `json:"role"`
		Content json.RawMessage `json:"content"` // a text, or a list of parts
	} `json:"messages"`
	Stream        bool `json:"stream"`
	StreamOptions struct {
		IncludeUsage bool `json:"include_usage"`
	} `json:"stream_options"`
	Temperature         *float64        `json:"temperature"`
	TopP                *float64        `json:"top_p"`
	FrequencyPenalty    *float64        `json:"frequency_penalty"`
	PresencePenalty     *float64        `json:"presence_penalty"`
	Seed                *int64          `json:"seed"`
	MaxTokens           *int            `json:"max_tokens"`
	MaxCompletionTokens *int            `json:"max_completion_tokens"`
	Stop                json.RawMessage `json:"stop"` // a text, or a list of texts
	N                   *int            `json:"n"`
	Tools               []any           `json:"tools"`
	ResponseFormat      *struct {
		Type string `json:"type"`
	} `json:"response_format"`
}

// text reads the content of a message.
func text(raw json.RawMessage) (string, error) {
	var s string
	if len(raw) == 0 || string(raw) == "null" || json.Unmarshal(raw, &s) == nil {
		return s, nil
	}
	var parts []struct {
		Type string `json:"type"`
		Text string `json:"text"`
	}
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", bad("a message's content must be a text or a list of parts")
	}
	for _, p := range parts {
		if p.Type != "text" {
			return "", bad("content of type %q is not supported", p.Type)
		}
		s += p.Text
	}
	return s, nil
}

// request checks in and makes the engine's request of it.
func (p *programs) request(in openaiRequest) (r chat.Request, err error) {
	if in.N != nil && *in.N != 1 {
		return r, bad("only one answer at a time is supported (n = 1)")
	}
	var format json.RawMessage
	if in.ResponseFormat != nil && in.ResponseFormat.Type != "text" {
		format = json.RawMessage("1")
	}
	if err := unsupported(len(in.Tools) > 0, format, false); err != nil {
		return r, err
	}
	msgs := []message{}
	for _, m := range in.Messages {
		content, err := text(m.Content)
		if err != nil {
			return r, err
		}
		msgs = append(msgs, message{m.Role, content})
	}
	if r, err = conversation(msgs); err != nil {
		return r, err
	}
	if len(r.Turns) == 0 {
		return r, bad("there is no message to answer")
	}
	s := p.core.Settings().Sampling
	set(&s.Temperature, in.Temperature)
	set(&s.TopP, in.TopP)
	set(&s.FrequencyPenalty, in.FrequencyPenalty)
	set(&s.PresencePenalty, in.PresencePenalty)
	set(&s.Seed, in.Seed)
	set(&s.MaxTokens, in.MaxTokens)
	set(&s.MaxTokens, in.MaxCompletionTokens)
	if len(in.Stop) > 0 && string(in.Stop) != "null" {
		var one string
		if json.Unmarshal(in.Stop, &one) == nil {
			s.Stop = []string{one}
		} else if err := json.Unmarshal(in.Stop, &s.Stop); err != nil {
			return r, bad("stop must be a text or a list of texts")
		}
	}
	if r.Sampling, err = s.Checked(); err != nil {
		return r, badRequest{err}
	}
	return r, nil
}

type openaiMessage struct {
	Role      string `json:"role,omitempty"`
	Content   string `json:"content"`
	Reasoning string `json:"reasoning_content,omitempty"`
}

type openaiChoice struct {
	Index        int            `json:"index"`
	Message      *openaiMessage `json:"message,omitempty"` // the whole answer
	Delta        *openaiMessage `json:"delta,omitempty"`   // a piece of it
	FinishReason *string        `json:"finish_reason"`
}

type openaiUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
	Details          struct {
		Cached int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

type openaiResponse struct {
	ID      string         `json:"id"`
	Object  string         `json:"object"`
	Created int64          `json:"created"`
	Model   string         `json:"model"`
	Choices []openaiChoice `json:"choices"`
	Usage   *openaiUsage   `json:"usage,omitempty"`
}

func (p *programs) openaiChat(w http.ResponseWriter, r *http.Request) error {
	var in openaiRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	m, err := p.find(in.Model)
	if err != nil {
		return err
	}
	req, err := p.request(in)
	if err != nil {
		return err
	}
	response := openaiResponse{ID: "chatcmpl-" + uuid.NewString(), Object: "chat.completion", Created: time.Now().Unix(), Model: m.Ref}
	if !in.Stream {
		res, err := p.generate(r.Context(), m, req, 0, func(chat.Event) {})
		if err != nil {
			return err
		}
		reason := finish(res)
		response.Choices = []openaiChoice{{Message: &openaiMessage{"assistant", res.Text, res.Thinking}, FinishReason: &reason}}
		response.Usage = usage(res)
		writeJSON(w, http.StatusOK, response)
		return nil
	}
	response.Object = "chat.completion.chunk"
	out := newLines(w, "text/event-stream", "data: ", "\n\n")
	role := "assistant" // in the first piece only
	piece := func(d openaiMessage, reason *string) {
		d.Role, role = role, ""
		response.Choices = []openaiChoice{{Delta: &d, FinishReason: reason}}
		out.send(response)
	}
	res, err := p.generate(r.Context(), m, req, 0, func(e chat.Event) {
		switch {
		case e.Text == "":
		case e.Thinking:
			piece(openaiMessage{Reasoning: e.Text}, nil)
		default:
			piece(openaiMessage{Content: e.Text}, nil)
		}
	})
	if err != nil && !out.begun {
		return err
	}
	if err != nil { // the status has been sent
		out.send(fault(err))
		return nil
	}
	reason := finish(res)
	piece(openaiMessage{}, &reason)
	if in.StreamOptions.IncludeUsage {
		response.Choices, response.Usage = []openaiChoice{}, usage(res)
		out.send(response)
	}
	out.text("[DONE]")
	return nil
}

func finish(r chat.Result) string {
	if r.StopReason == "length" || r.StopReason == "context" {
		return "length"
	}
	return "stop"
}

func usage(r chat.Result) *openaiUsage {
	t := r.Timings
	u := &openaiUsage{PromptTokens: t.PromptTokens, CompletionTokens: t.CompletionTokens, TotalTokens: t.PromptTokens + t.CompletionTokens}
	u.Details.Cached = t.CachedTokens
	return u
}
