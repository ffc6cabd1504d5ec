package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"freehold/engine/nearest"
)

// within is how far the figures may lie from those of the reference, in points.
const within = 0.5

// compare searches through our vectors and through llama.cpp's of the same texts,
// exhaustively, and fails if the figures differ.
func (c *config) compare(ctx context.Context, m *models, whole *shelf, questions []Question, relevant []map[int64]bool) error {
	s := whole.part(c.chunks, relevant)
	texts, asked := make([]string, len(s.chunks)), make([]string, len(questions))
	for i, k := range s.chunks {
		texts[i] = k.Indexed()
	}
	for i, q := range questions {
		asked[i] = q.Question
	}
	ours, err := s.vectors(ctx, m.Key())
	if err != nil {
		return err
	}
	oursAsked, err := m.Embed(ctx, asked, true)
	if err != nil {
		return err
	}
	all, err := c.referenceVectors(ctx, append(m.prefixed(asked, true), m.prefixed(texts, false)...))
	if err != nil {
		return err
	}
	theirsAsked, theirs := all[:len(asked)], all[len(asked):]
	least := 1.0
	for i, v := range theirs {
		least = min(least, float64(nearest.Dot16(ours[i], v)))
	}
	encoded := make([][]byte, len(theirs))
	for i, v := range theirs {
		encoded[i] = nearest.F16(v)
	}
	t := &table{ways: []string{"Freehold", "llama.cpp"}, groups: groupsOf(questions)}
	for i, q := range questions {
		for _, g := range []string{"all", q.Half, q.Style} {
			t.cell("Freehold", g).add(best(s, ours, oursAsked[i]), relevant[i])
			t.cell("llama.cpp", g).add(best(s, encoded, theirsAsked[i]), relevant[i])
		}
	}
	a, b := t.cell("Freehold", "all"), t.cell("llama.cpp", "all")
	fmt.Printf("Vectors alone, exhaustively over %d chunks; the least cosine between the two vectors of a chunk is %.6f\n\n%s\n", len(texts), least, t)
	if d := max(math.Abs(a.Recall()-b.Recall()), math.Abs(a.Gain()-b.Gain())); d > within {
		return fmt.Errorf("the figures differ by %.2f points, more than %.1f", d, within)
	}
	return nil
}

// best are the chunks whose vectors are most like a question's.
func best(s *shelf, chunks [][]byte, question []float32) []int64 {
	type hit struct {
		id    int64
		score float32
	}
	hits := make([]hit, len(chunks))
	for i, v := range chunks {
		hits[i] = hit{s.chunks[i].ID, nearest.Dot16(v, question)}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return cmp.Compare(b.score, a.score) })
	ids := make([]int64, 0, gainAt)
	for _, h := range hits[:min(len(hits), gainAt)] {
		ids = append(ids, h.id)
	}
	return ids
}

// referenceVectors asks llama-server. What it answered is kept in the library's
// folder, by model and text, so that a run that was broken off goes on.
func (c *config) referenceVectors(ctx context.Context, texts []string) ([][]float32, error) {
	known := map[[32]byte][]float32{}
	path := filepath.Join(c.keep, "reference.gob")
	if c.keep != "" {
		if f, err := os.Open(path); err == nil {
			err = gob.NewDecoder(f).Decode(&known)
			f.Close()
			if err != nil {
				return nil, fmt.Errorf("read %s: %w; remove it", path, err)
			}
		}
	}
	model, err := os.ReadFile(c.embedder)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(model)
	key := func(text string) [32]byte { return sha256.Sum256(append(digest[:], text...)) }
	var missing []string
	for _, t := range texts {
		if known[key(t)] == nil {
			missing = append(missing, t)
		}
	}
	if len(missing) > 0 {
		server, stop, err := start(ctx, c.reference, c.embedder)
		if err != nil {
			return nil, err
		}
		defer stop()
		for some := range slices.Chunk(missing, 32) {
			got, err := server.embed(ctx, some)
			if err != nil {
				return nil, fmt.Errorf("llama.cpp: %w", err)
			}
			for i, t := range some {
				known[key(t)] = got[i]
			}
			if c.keep == "" {
				continue
			}
			var b bytes.Buffer
			if err := gob.NewEncoder(&b).Encode(known); err != nil {
				return nil, err
			}
			if err := os.WriteFile(path+".new", b.Bytes(), 0o600); err != nil {
				return nil, err
			}
			if err := os.Rename(path+".new", path); err != nil {
				return nil, err
			}
		}
	}
	vectors := make([][]float32, len(texts))
	for i, t := range texts {
		vectors[i] = known[key(t)]
	}
	return vectors, nil
}

// client talks to a llama-server.
type client struct{ base string }

func start(ctx context.Context, server, model string) (*client, func(), error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	// One thread: more of them wait for each other by spinning, which takes ages on a busy machine.
	cmd := exec.CommandContext(ctx, server, "-m", model, "--embedding", "-c", "512", "-b", "512", "-ub", "512", "-np", "1", "-t", "1", "--host", "127.0.0.1", "--port", port)
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	c := &client{"http://" + addr}
	for range 600 {
		if r, err := http.Get(c.base + "/health"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return c, stop, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	stop()
	return nil, nil, errors.New("llama-server did not become ready within a minute")
}

// embed makes vectors of length 1.
func (c *client) embed(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(map[string]any{"input": texts})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+"/v1/embeddings", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", res.Status, b)
	}
	var out struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(texts))
	for _, d := range out.Data {
		if d.Index >= 0 && d.Index < len(vectors) {
			vectors[d.Index] = d.Embedding
		}
	}
	if slices.ContainsFunc(vectors, func(v []float32) bool { return len(v) == 0 }) {
		return nil, errors.New("not every text got a vector")
	}
	return vectors, nil
}
