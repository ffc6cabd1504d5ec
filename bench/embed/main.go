// Command embed compares how many chunks a second the engine makes vectors of
// with llama.cpp's llama-server: the same file, texts and threads, turn by turn,
// medians over the rounds.
//
//	go run ./bench/embed -model FILE.gguf -texts DIR -server llama-server
//
// The server is given all texts in one request and as many places for sequences
// as -np says; its time is that of the request. Loading is part of neither time.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"freehold/engine"
)

type config struct {
	model, texts, server     string
	threads, rounds, chunks  int
	tokens, places, together int
}

func main() {
	var c config
	flag.StringVar(&c.model, "model", "build/embedder/all-MiniLM-L6-v2.Q8_0.gguf", "model of both")
	flag.StringVar(&c.texts, "texts", "bench/retrieval/testdata/corpus", "folder of texts")
	flag.StringVar(&c.server, "server", "", "llama.cpp's llama-server; none: only our own figures")
	flag.IntVar(&c.threads, "t", 2, "threads of both")
	flag.IntVar(&c.rounds, "r", 5, "rounds")
	flag.IntVar(&c.chunks, "n", 128, "chunks of a round")
	flag.IntVar(&c.tokens, "tokens", 200, "tokens of a chunk, about")
	flag.IntVar(&c.places, "np", 4, "sequences that the server works on at once")
	flag.IntVar(&c.together, "b", 2048, "tokens that the server works on at once")
	flag.Parse()
	if err := c.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func (c *config) run(ctx context.Context) error {
	m, err := engine.Open(ctx, c.model, engine.Options{Threads: c.threads}, nil)
	if err != nil {
		return err
	}
	defer m.Close()
	texts, tokens, err := c.cut(m)
	if err != nil {
		return err
	}
	fmt.Printf("%d chunks of %.0f tokens, %d threads\n", len(texts), float64(tokens)/float64(len(texts)), c.threads)
	var s *server
	if c.server != "" {
		if s, err = c.start(ctx); err != nil {
			return err
		}
		defer s.stop()
	}
	var ours, theirs []float64
	var a, b [][]float32
	for round := range c.rounds + 1 {
		start := time.Now()
		if a, err = m.Embed(ctx, texts); err != nil {
			return err
		}
		mine := time.Since(start).Seconds()
		yours := 0.0
		if s != nil {
			start = time.Now()
			if b, err = s.embed(ctx, texts); err != nil {
				return err
			}
			yours = time.Since(start).Seconds()
		}
		if round == 0 { // everything is warm afterwards
			continue
		}
		ours, theirs = append(ours, mine), append(theirs, yours)
	}
	us := float64(len(texts)) / median(ours)
	fmt.Printf("Freehold   %7.1f chunks/s\n", us)
	if s == nil {
		return nil
	}
	them := float64(len(texts)) / median(theirs)
	least := 1.0
	for i := range a {
		dot := 0.0
		for k := range a[i] {
			dot += float64(a[i][k]) * float64(b[i][k])
		}
		least = math.Min(least, dot)
	}
	fmt.Printf("llama.cpp  %7.1f chunks/s\nratio %.2f; the least cosine between both vectors of a chunk is %.6f\n", them, us/them, least)
	return nil
}

func median(v []float64) float64 {
	v = slices.Sorted(slices.Values(v))
	return v[len(v)/2]
}

// cut makes chunks of about as many tokens, of the folder's texts in their order.
func (c *config) cut(m *engine.Model) (texts []string, tokens int, err error) {
	var words []string
	err = filepath.WalkDir(c.texts, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || len(words) > c.chunks*c.tokens {
			return err
		}
		data, err := os.ReadFile(path)
		words = append(words, strings.Fields(string(data))...)
		return err
	})
	for err == nil && len(texts) < c.chunks && len(words) > c.tokens {
		n := c.tokens
		var ids []int32
		for {
			ids = m.Tokenize(strings.Join(words[:n], " "), true)
			if len(ids) <= c.tokens+4 || n < 20 {
				break
			}
			n -= max(1, (len(ids)-c.tokens)/2)
		}
		texts = append(texts, strings.Join(words[:n], " "))
		tokens += len(ids)
		words = words[n:]
	}
	if err == nil && len(texts) == 0 {
		err = fmt.Errorf("%s holds too little text", c.texts)
	}
	return texts, tokens, err
}

type server struct {
	base string
	cmd  *exec.Cmd
}

func (s *server) stop() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() }

func (c *config) start(ctx context.Context) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	t, b := strconv.Itoa(c.threads), strconv.Itoa(c.together)
	s := &server{base: "http://" + addr, cmd: exec.CommandContext(ctx, c.server, "-m", c.model, "--embedding", "-c", strconv.Itoa(512*c.places), "-b", b, "-ub", b, "-t", t, "-tb", t,
		"-np", strconv.Itoa(c.places), "--host", "127.0.0.1", "--port", port)}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for range 300 {
		if r, err := http.Get(s.base + "/health"); err == nil {
			r.Body.Close()
			if r.StatusCode == http.StatusOK {
				return s, nil
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	s.stop()
	return nil, errors.New("llama-server did not become ready")
}

func (s *server) embed(ctx context.Context, texts []string) ([][]float32, error) {
	body, err := json.Marshal(map[string]any{"input": texts})
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.base+"/v1/embeddings", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return nil, err
	}
	var out struct {
		Data []struct {
			Index     int       `json:"index"`
			Embedding []float32 `json:"embedding"`
		} `json:"data"`
	}
	if err := json.Unmarshal(data, &out); err != nil || len(out.Data) != len(texts) {
		return nil, fmt.Errorf("llama-server: %s: %.300s", res.Status, data)
	}
	vectors := make([][]float32, len(texts))
	for _, d := range out.Data {
		if d.Index >= 0 && d.Index < len(vectors) {
			vectors[d.Index] = d.Embedding
		}
	}
	return vectors, nil
}
