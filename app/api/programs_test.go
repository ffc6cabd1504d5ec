package api_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"freehold/models/library"

	ollama "github.com/ollama/ollama/api"
)

// keyed adds the token, as users of Ollama's own client have to.
type keyed struct{ token string }

func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Set("Authorization", "Bearer "+k.token)
	return http.DefaultTransport.RoundTrip(r)
}

// TestOllamaClient drives the server with Ollama's own client.
func TestOllamaClient(t *testing.T) {
	s := serve(t)
	base, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	c := ollama.NewClient(base, &http.Client{Transport: keyed{s.token}})
	if v, err := c.Version(t.Context()); v != "9.9" || err != nil {
		t.Errorf("version %q %v", v, err)
	}
	list, err := c.List(t.Context())
	if err != nil || len(list.Models) != 1 || list.Models[0].Name != "tiny" || len(list.Models[0].Digest) != 64 || list.Models[0].Details.QuantizationLevel != "Q8_0" {
		t.Errorf("list %+v %v", list, err)
	}
	show, err := c.Show(t.Context(), &ollama.ShowRequest{Model: "tiny:latest"})
	if err != nil || show.ModelInfo["counting.context_length"] != 1000.0 {
		t.Errorf("show %+v %v", show, err)
	}
	pieces, text := 0, ""
	var last ollama.ChatResponse
	err = c.Chat(t.Context(), &ollama.ChatRequest{Model: "tiny", Messages: []ollama.Message{{Role: "system", Content: "be kind"}, {Role: "user", Content: "count now"}}},
		func(r ollama.ChatResponse) error {
			pieces++
			text += r.Message.Content
			last = r
			return nil
		})
	if err != nil || text != "1 2 3 4 5 " || pieces != 6 || !last.Done || last.DoneReason != "stop" || last.PromptEvalCount != 5 || last.EvalCount != 5 || last.CreatedAt.Year() < 2000 {
		t.Errorf("chat %q in %d pieces, last %+v, %v", text, pieces, last, err)
	}
	whole := false
	text = ""
	err = c.Generate(t.Context(), &ollama.GenerateRequest{Model: "tiny", Prompt: "count", Stream: &whole, Options: map[string]any{"num_predict": 2, "temperature": 0, "num_ctx": 512, "unknown": true}},
		func(r ollama.GenerateResponse) error {
			text += r.Response
			if !r.Done || r.DoneReason != "length" {
				t.Errorf("%+v", r)
			}
			return nil
		})
	if err != nil || text != "1 2 " {
		t.Errorf("generate %q %v", text, err)
	}
	if err := c.Generate(t.Context(), &ollama.GenerateRequest{Model: "tiny"}, func(r ollama.GenerateResponse) error {
		if r.DoneReason != "load" {
			t.Errorf("%+v", r)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
	if ps, err := c.ListRunning(t.Context()); err != nil || len(ps.Models) != 1 {
		t.Errorf("running %+v %v", ps, err)
	}
	bad := func(r *ollama.ChatRequest) error {
		return c.Chat(t.Context(), r, func(ollama.ChatResponse) error { return nil })
	}
	user := []ollama.Message{{Role: "user", Content: "x"}}
	for name, err := range map[string]error{
		"missing model": bad(&ollama.ChatRequest{Model: "none", Messages: user}),
		"path":          bad(&ollama.ChatRequest{Model: "/etc/passwd", Messages: user}),
		"tools":         bad(&ollama.ChatRequest{Model: "tiny", Messages: user, Tools: ollama.Tools{{}}}),
		"format":        bad(&ollama.ChatRequest{Model: "tiny", Messages: user, Format: json.RawMessage(`"json"`)}),
		"images":        bad(&ollama.ChatRequest{Model: "tiny", Messages: []ollama.Message{{Role: "user", Images: []ollama.ImageData{[]byte("x")}}}}),
		"role":          bad(&ollama.ChatRequest{Model: "tiny", Messages: []ollama.Message{{Role: "wizard", Content: "x"}}}),
		"last":          bad(&ollama.ChatRequest{Model: "tiny", Messages: []ollama.Message{{Role: "assistant", Content: "x"}}}),
		"option":        bad(&ollama.ChatRequest{Model: "tiny", Messages: user, Options: map[string]any{"temperature": "hot"}}),
		"length":        bad(&ollama.ChatRequest{Model: "tiny", Messages: []ollama.Message{{Role: "user", Content: strings.Repeat("word ", 1200)}}}),
		"range":         bad(&ollama.ChatRequest{Model: "tiny", Messages: user, Options: map[string]any{"top_p": 7}}),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	anonymous := ollama.NewClient(base, http.DefaultClient)
	if _, err := anonymous.List(t.Context()); err == nil {
		t.Error("lists models without a token")
	}
}

func TestOpenAI(t *testing.T) {
	s := serve(t)
	post := func(body string) (int, string) {
		resp, text := s.do("POST", "/v1/chat/completions", body, append(s.bearer(), "Content-Type", "application/json")...)
		return resp.StatusCode, text
	}
	if resp, body := s.do("GET", "/v1/models", "", s.bearer()...); resp.StatusCode != 200 || !strings.Contains(body, `"id":"tiny","object":"model"`) {
		t.Errorf("models: %d %s", resp.StatusCode, body)
	}
	code, body := post(`{"model":"tiny","messages":[{"role":"user","content":[{"type":"text","text":"count"}]}],"max_tokens":3,"stop":"x"}`)
	for _, want := range []string{`"content":"1 2 3 "`, `"finish_reason":"length"`, `"completion_tokens":3`, `"object":"chat.completion"`} {
		if code != 200 || !strings.Contains(body, want) {
			t.Errorf("%d %s has no %s", code, body, want)
		}
	}
	code, body = post(`{"model":"tiny","messages":[{"role":"user","content":"count"}],"stream":true,"stream_options":{"include_usage":true}}`)
	events := []string{}
	for lines := bufio.NewScanner(strings.NewReader(body)); lines.Scan(); {
		if d, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
			events = append(events, d)
		}
	}
	if code != 200 || len(events) != 5+3 || events[len(events)-1] != "[DONE]" || !strings.Contains(events[0], `"role":"assistant"`) ||
		!strings.Contains(events[5], `"finish_reason":"stop"`) || !strings.Contains(events[6], `"total_tokens":7`) {
		t.Errorf("stream: %d %s", code, body)
	}
	for body, want := range map[string]int{
		`{"model":"tiny","messages":[{"role":"user","content":"` + strings.Repeat("word ", 1200) + `"}]}`: 400,
		`{`: 400, `{"model":"none","messages":[]}`: 404, `{"model":"tiny","messages":[]}`: 400,
		`{"model":"tiny","messages":[{"role":"user","content":7}]}`:                                            400,
		`{"model":"tiny","messages":[{"role":"user","content":[{"type":"image_url"}]}]}`:                       400,
		`{"model":"tiny","messages":[{"role":"user","content":"x"}],"n":2}`:                                    400,
		`{"model":"tiny","messages":[{"role":"user","content":"x"}],"temperature":-1}`:                         400,
		`{"model":"tiny","messages":[{"role":"user","content":"x"}],"tools":[{}]}`:                             400,
		`{"model":"tiny","messages":[{"role":"user","content":"x"}],"response_format":{"type":"json_object"}}`: 400,
		`{"model":"tiny","messages":[{"role":"user","content":"x"}],"stop":{"a":1}}`:                           400,
	} {
		if code, text := post(body); code != want || !strings.Contains(text, `"message"`) {
			t.Errorf("%s: %d %s, want %d", body, code, text, want)
		}
	}
}

// TestClientGoesAway checks that an answer nobody waits for ends.
func TestClientGoesAway(t *testing.T) {
	s := serve(t)
	s.engine.Words, s.engine.Delay = 1<<20, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", s.base+"/api/generate", strings.NewReader(`{"model":"tiny","prompt":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	cancel()
	// The model can be removed, and then is freed, once nobody uses it.
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if _, err := s.core.Remove(t.Context(), "tiny"); err == nil {
			break
		} else if !errors.Is(err, library.ErrInUse) {
			t.Fatal(err)
		}
		if time.Now().After(deadline) {
			t.Fatal("the answer goes on for nobody")
		}
	}
	for deadline := time.Now().Add(20 * time.Second); s.engine.Loaded.Load() > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the answer goes on for nobody")
		}
	}
}

// TestEmbeddings asks for vectors in all three forms.
func TestEmbeddings(t *testing.T) {
	s := serve(t)
	base, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	c := ollama.NewClient(base, &http.Client{Transport: keyed{s.token}})
	got, err := c.Embed(t.Context(), &ollama.EmbedRequest{Model: "tiny", Input: []string{"a b", "c"}})
	if err != nil || len(got.Embeddings) != 2 || got.Embeddings[0][0] != 2 || got.Embeddings[1][1] != 1 || got.PromptEvalCount != 3 {
		t.Errorf("%+v %v", got, err)
	}
	one, err := c.Embeddings(t.Context(), &ollama.EmbeddingRequest{Model: "tiny", Prompt: "a b c"})
	if err != nil || len(one.Embedding) != 2 || one.Embedding[0] != 3 {
		t.Errorf("%+v %v", one, err)
	}
	long := strings.Repeat("word ", 1001)
	if _, err := c.Embed(t.Context(), &ollama.EmbedRequest{Model: "tiny", Input: long}); err == nil || !strings.Contains(err.Error(), "1001 tokens") {
		t.Errorf("a text that is too long: %v", err)
	}
	cut := true
	if got, err := c.Embed(t.Context(), &ollama.EmbedRequest{Model: "tiny", Input: long, Truncate: &cut, Dimensions: 1}); err != nil || len(got.Embeddings[0]) != 1 || got.Embeddings[0][0] != 1 {
		t.Errorf("cut as asked for: %+v %v", got, err)
	}
	for _, body := range []string{
		`{"model":"tiny","input":7}`, `{"model":"tiny","input":["a",7]}`, `{"model":"tiny","input":"a","dimensions":3}`,
		`{"model":"tiny","input":"a","dimensions":-1}`,
	} {
		for _, path := range []string{"/api/embed", "/v1/embeddings"} {
			if r, _ := s.do("POST", path, body, "Authorization", "Bearer "+s.token); r.StatusCode != http.StatusBadRequest {
				t.Errorf("%s %s: status %d", path, body, r.StatusCode)
			}
		}
	}
	var out struct {
		Data []struct {
			Index     int
			Embedding string
		}
		Usage struct {
			Prompt int `json:"prompt_tokens"`
		}
	}
	_, text := s.do("POST", "/v1/embeddings", `{"model":"tiny","input":["a b","c"],"encoding_format":"base64"}`, "Authorization", "Bearer "+s.token)
	if err := json.Unmarshal([]byte(text), &out); err != nil || len(out.Data) != 2 || out.Data[1].Index != 1 || out.Usage.Prompt != 3 {
		t.Fatalf("%+v %v", out, err)
	}
	b, err := base64.StdEncoding.DecodeString(out.Data[0].Embedding)
	if err != nil || len(b) != 8 || math.Float32frombits(binary.LittleEndian.Uint32(b)) != 2 {
		t.Errorf("packed %v %v", b, err)
	}
}
