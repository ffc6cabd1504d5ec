package api

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"net/http"
	"time"

	"freehold/engine"

	ollama "github.com/ollama/ollama/api"
)

// Embeddings, by Ollama's protocol and by OpenAI's.

func (p *programs) embedRoutes(mux *http.ServeMux) {
	mux.HandleFunc("POST /api/embed", p.answer(p.ollamaEmbed))
	mux.HandleFunc("POST /api/embeddings", p.answer(p.ollamaEmbeddings))
	mux.HandleFunc("POST /v1/embeddings", p.completing(p.openaiEmbeddings))
}

// maxEmbedded is the most texts of one request.
const maxEmbedded = 4096

// embedding is what a request for vectors comes to.
type embedding struct {
	vectors [][]float32
	tokens  int
	took    time.Duration
}

// embed loads the model and makes a vector of each text. A text that is too long
// is refused, or cut if the program says so; it is never cut in silence.
func (p *programs) embed(r *http.Request, name string, texts []string, cut bool, dimensions int) (embedding, error) {
	start := time.Now()
	m, err := p.find(name)
	if err != nil {
		return embedding{}, err
	}
	if len(texts) > maxEmbedded {
		return embedding{}, bad("%d texts at once; at most %d are possible", len(texts), maxEmbedded)
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	default:
		return embedding{}, errBusy
	}
	w, release, err := p.load(r.Context(), m, 0)
	if err != nil {
		return embedding{}, err
	}
	defer release()
	e := embedding{vectors: [][]float32{}}
	for _, t := range texts {
		e.tokens += w.Tokens(t)
	}
	if len(texts) > 0 {
		if e.vectors, err = w.Embed(r.Context(), texts, cut); err != nil {
			return embedding{}, embedFault(err)
		}
	}
	for i, v := range e.vectors {
		if e.vectors[i], err = shortened(v, dimensions); err != nil {
			return embedding{}, err
		}
	}
	e.took = time.Since(start)
	return e, nil
}

// embedFault says whose fault an error is.
func embedFault(err error) error {
	var long *engine.TooLongError
	if errors.As(err, &long) || errors.Is(err, engine.ErrWrites) || errors.Is(err, engine.ErrRanks) {
		return badRequest{err}
	}
	return err
}

// shortened is the first values of a vector, of length 1 again: models trained
// for it (Matryoshka) lose little by that.
func shortened(v []float32, n int) ([]float32, error) {
	if n == 0 || n == len(v) {
		return v, nil
	}
	if n < 0 || n > len(v) {
		return nil, bad("%d dimensions of a model that has %d", n, len(v))
	}
	sum := 0.0
	for _, x := range v[:n] {
		sum += float64(x) * float64(x)
	}
	out := make([]float32, n)
	for i := range out {
		if sum > 0 {
			out[i] = float32(float64(v[i]) / math.Sqrt(sum))
		}
	}
	return out, nil
}

// textOrTexts reads a text or a list of them.
func textOrTexts(v any) ([]string, error) {
	switch x := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{x}, nil
	case []any:
		texts := make([]string, len(x))
		for i, t := range x {
			text, ok := t.(string)
			if !ok {
				return nil, bad("input %d is not a text", i+1)
			}
			texts[i] = text
		}
		return texts, nil
	}
	return nil, bad("the input must be a text or a list of texts")
}

func (p *programs) ollamaEmbed(w http.ResponseWriter, r *http.Request) error {
	var in ollama.EmbedRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	texts, err := textOrTexts(in.Input)
	if err != nil {
		return err
	}
	e, err := p.embed(r, in.Model, texts, in.Truncate != nil && *in.Truncate, in.Dimensions)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, ollama.EmbedResponse{
		Model: in.Model, Embeddings: e.vectors, TotalDuration: e.took, PromptEvalCount: e.tokens,
	})
	return nil
}

// ollamaEmbeddings is the older form, for one text.
func (p *programs) ollamaEmbeddings(w http.ResponseWriter, r *http.Request) error {
	var in ollama.EmbeddingRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	e, err := p.embed(r, in.Model, []string{in.Prompt}, false, 0)
	if err != nil {
		return err
	}
	out := ollama.EmbeddingResponse{Embedding: []float64{}}
	for _, x := range e.vectors[0] {
		out.Embedding = append(out.Embedding, float64(x))
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (p *programs) openaiEmbeddings(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Model          string `json:"model"`
		Input          any    `json:"input"`
		EncodingFormat string `json:"encoding_format"`
		Dimensions     int    `json:"dimensions"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.EncodingFormat != "" && in.EncodingFormat != "float" && in.EncodingFormat != "base64" {
		return bad("encoding_format is %q; float and base64 are possible", in.EncodingFormat)
	}
	texts, err := textOrTexts(in.Input)
	if err != nil {
		return err
	}
	e, err := p.embed(r, in.Model, texts, false, in.Dimensions)
	if err != nil {
		return err
	}
	type entry struct {
		Object    string `json:"object"`
		Index     int    `json:"index"`
		Embedding any    `json:"embedding"`
	}
	data := make([]entry, len(e.vectors))
	for i, v := range e.vectors {
		data[i] = entry{"embedding", i, v}
		if in.EncodingFormat == "base64" {
			data[i].Embedding = packed(v)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"object": "list", "model": in.Model, "data": data,
		"usage": map[string]int{"prompt_tokens": e.tokens, "total_tokens": e.tokens},
	})
	return nil
}

// packed is a vector as little-endian float32 in base64.
func packed(v []float32) string {
	b := make([]byte, 0, 4*len(v))
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return base64.StdEncoding.EncodeToString(b)
}
