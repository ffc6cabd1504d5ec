// Command followup measures what a long document costs once it has been read:
// the time to the first token of a first question about it, of a follow-up in
// the same run, and of one after a restart, which finds the document in
// snapshots on disk. Every round has a document and a folder of its own; each
// run is a process of its own.
//
//	go run ./bench/followup [-tokens 6000] [-text FILE] [-r 3] MODEL.gguf
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"freehold/engine"
	"freehold/engine/sample"
	"freehold/engine/snapshot"
)

type config struct {
	tokens, rounds, threads, context int
	answer, question                 int
	text, model                      string

	child, dir string // which run this process is, and where snapshots are
	seed       uint64
}

// timing is what one question took.
type timing struct {
	First    time.Duration // to the first token
	Finding  time.Duration // of that, before anything was computed
	Prompt   int           // tokens
	Cached   int           // of the prompt
	Restored int           // of the cached
	Answer   []int32
}

// report is what a run tells the process that started it.
type report struct {
	Questions []timing
	Open      time.Duration
	Close     time.Duration
}

func main() {
	var c config
	flag.IntVar(&c.tokens, "tokens", 6000, "tokens of the document")
	flag.StringVar(&c.text, "text", "", "file whose beginning is the document; without it the tokens are random")
	flag.IntVar(&c.rounds, "r", 3, "rounds")
	flag.IntVar(&c.threads, "t", 0, "threads; 0 means one for each physical core")
	flag.IntVar(&c.context, "c", 0, "context length; 0 means as long as needed")
	flag.IntVar(&c.answer, "n", 32, "tokens of an answer")
	flag.IntVar(&c.question, "q", 24, "tokens of a question")
	flag.StringVar(&c.child, "run", "", "for the program's own use")
	flag.StringVar(&c.dir, "dir", "", "for the program's own use")
	flag.Uint64Var(&c.seed, "seed", 1, "of the first document")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	c.model = flag.Arg(0)
	if c.context == 0 {
		c.context = (c.tokens + 3*(c.question+c.answer) + 255) / 256 * 256
	}
	run := c.measure
	if c.child != "" {
		run = c.ask
	}
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

// measure starts the runs and prints the table.
func (c *config) measure(ctx context.Context) error {
	fmt.Printf("%s, document of %d tokens, context %d\n\n", filepath.Base(c.model), c.tokens, c.context)
	fmt.Println("| round | first question | follow-up | ratio | after a restart | of that restoring | ratio | snapshots | open | close |")
	fmt.Println("|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
	var same, restarted []float64
	for round := range c.rounds {
		a, b, size, err := c.round(ctx, c.seed+uint64(round))
		if err != nil {
			return err
		}
		first, follow, again := a.Questions[0], a.Questions[1], b.Questions[0]
		if follow.Cached < c.tokens || again.Restored < c.tokens-32 {
			return fmt.Errorf("of %d tokens only %d were cached, and %d restored", c.tokens, follow.Cached, again.Restored)
		}
		same = append(same, 100*follow.First.Seconds()/first.First.Seconds())
		restarted = append(restarted, 100*again.First.Seconds()/first.First.Seconds())
		fmt.Printf("| %d | %.3f s | %.3f s | %.2f %% | %.3f s | %.3f s | %.2f %% | %d MB | %.2f s | %.2f s |\n", round+1, first.First.Seconds(),
			follow.First.Seconds(), same[round], again.First.Seconds(), again.Finding.Seconds(), restarted[round], size/1e6, b.Open.Seconds(), a.Close.Seconds())
	}
	fmt.Printf("\nmedian ratio: %.2f %% in the same run, %.2f %% after a restart\n", median(same), median(restarted))
	return nil
}

// round reads a document in one process and goes on with it in another.
func (c *config) round(ctx context.Context, seed uint64) (a, b report, size int64, err error) {
	dir, err := os.MkdirTemp("", "followup-")
	if err != nil {
		return a, b, 0, err
	}
	defer os.RemoveAll(dir)
	program, err := os.Executable()
	if err != nil {
		return a, b, 0, err
	}
	for _, run := range []struct {
		name   string
		report *report
	}{{"first", &a}, {"again", &b}} {
		args := []string{"-run", run.name, "-dir", dir, "-seed", strconv.FormatUint(seed, 10)}
		flag.Visit(func(f *flag.Flag) {
			if f.Name != "seed" {
				args = append(args, "-"+f.Name, f.Value.String())
			}
		})
		cmd := exec.CommandContext(ctx, program, append(args, c.model)...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			return a, b, 0, err
		}
		if err := json.Unmarshal(out, run.report); err != nil {
			return a, b, 0, err
		}
		if size == 0 {
			store, err := snapshot.Open(dir, math.MaxInt64)
			if err != nil {
				return a, b, 0, err
			}
			if size, err = store.Size(); err != nil {
				return a, b, 0, err
			}
		}
	}
	return a, b, size, nil
}

// ask is one run. The chat is document, question, answer, question; what the
// other run asked in the end is asked in other words.
func (c *config) ask(ctx context.Context) error {
	store, err := snapshot.Open(c.dir, math.MaxInt64/2)
	if err != nil {
		return err
	}
	start := time.Now()
	m, err := engine.Open(ctx, c.model, engine.Options{Threads: c.threads, ContextLength: c.context, Snapshots: store}, nil)
	if err != nil {
		return err
	}
	r := report{Open: time.Since(start)}
	// The first pass over the weights touches memory that later ones find mapped.
	if _, err := c.put(ctx, m, c.random(m, 99, 300)); err != nil {
		return err
	}
	document, err := c.document(m)
	if err != nil {
		return err
	}
	saved := filepath.Join(c.dir, "chat.json")
	var chat []int32
	if c.child == "first" {
		t, err := c.put(ctx, m, slices.Concat(document, c.random(m, 1, c.question)))
		if err != nil {
			return err
		}
		r.Questions = append(r.Questions, t)
		chat = slices.Concat(document, c.random(m, 1, c.question), t.Answer)
		b, err := json.Marshal(chat)
		if err != nil {
			return err
		}
		if err := os.WriteFile(saved, b, 0o600); err != nil {
			return err
		}
	} else {
		b, err := os.ReadFile(saved)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(b, &chat); err != nil {
			return err
		}
	}
	seed := uint64(2)
	if c.child != "first" {
		seed = 3
	}
	t, err := c.put(ctx, m, slices.Concat(chat, c.random(m, seed, c.question)))
	if err != nil {
		return err
	}
	r.Questions = append(r.Questions, t)
	start = time.Now()
	if err := m.Close(); err != nil {
		return err
	}
	r.Close = time.Since(start)
	return json.NewEncoder(os.Stdout).Encode(r)
}

func (c *config) document(m *engine.Model) ([]int32, error) {
	if c.text == "" {
		return c.random(m, 0, c.tokens), nil
	}
	b, err := os.ReadFile(c.text)
	if err != nil {
		return nil, err
	}
	tokens := m.Tokenize(string(b), true)
	if len(tokens) < c.tokens {
		return nil, fmt.Errorf("%s has only %d tokens", c.text, len(tokens))
	}
	// Every round begins elsewhere.
	at := int(c.seed) * 64 % (len(tokens) - c.tokens + 1)
	return tokens[at : at+c.tokens], nil
}

func (c *config) random(m *engine.Model, part uint64, n int) []int32 {
	rng := rand.New(rand.NewPCG(c.seed, part))
	t := make([]int32, n)
	for i := range t {
		t[i] = int32(rng.IntN(m.Info().Vocab))
	}
	return t
}

func (c *config) put(ctx context.Context, m *engine.Model, prompt []int32) (timing, error) {
	p := sample.Defaults()
	p.Temperature = 0
	p.LogitBias = map[int32]float32{}
	for _, t := range m.EndTokens() {
		p.LogitBias[t] = float32(math.Inf(-1))
	}
	start := time.Now()
	var first time.Duration
	r, err := m.Generate(ctx, engine.Request{Tokens: prompt, Sampling: p, MaxTokens: c.answer}, func(e engine.Event) {
		if e.Kind == engine.EventToken && first == 0 {
			first = time.Since(start)
		}
	})
	if err != nil {
		return timing{}, err
	}
	if len(r.Tokens) == 0 {
		return timing{}, errors.New("the model says nothing")
	}
	return timing{First: first, Finding: r.Timings.FirstToken - r.Timings.Prefill, Prompt: r.PromptTokens, Cached: r.CachedTokens, Restored: r.RestoredTokens, Answer: r.Tokens}, nil
}

func median(s []float64) float64 {
	s = slices.SortedFunc(slices.Values(s), cmp.Compare)
	return (s[len(s)/2] + s[(len(s)-1)/2]) / 2
}
