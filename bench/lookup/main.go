// Command lookup measures what prompt lookup gains: decoding of answers that
// repeat what they were given and of answers that do not, with lookup and
// without, one after the other in every round, medians over the rounds.
//
//	go run ./bench/lookup FILE.gguf …
//
// Small models seldom do what they are asked, and synthetic ones never. With
// -script the answers are therefore prescribed: the sampler is run on every
// token's logits, but the token is the one of a good answer, so that the
// figures show the engine's part for any model. A synthetic model has no words;
// -vocabulary names a file whose tokenizer is used in its place.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"freehold/engine"
	"freehold/engine/arch"
	"freehold/engine/backend/cpu"
	"freehold/engine/chattemplate"
	"freehold/engine/dialect"
	"freehold/engine/draft"
	"freehold/engine/program"
	"freehold/engine/sample"
	"freehold/engine/schedule"
)

type config struct {
	threads, rounds, most int
	script                bool
	vocabulary, only      string
}

func main() {
	var c config
	flag.IntVar(&c.threads, "t", 0, "threads; 0 means one for each physical core")
	flag.IntVar(&c.rounds, "r", 3, "rounds")
	flag.IntVar(&c.most, "n", 200, "most tokens of an answer")
	flag.StringVar(&c.only, "only", "", "only the questions with this in their name")
	flag.BoolVar(&c.script, "script", false, "prescribe the answers")
	flag.StringVar(&c.vocabulary, "vocabulary", "", "GGUF file whose tokenizer and template are used")
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("lookup: name the models: go run ./bench/lookup FILE.gguf …")
	}
	for _, path := range flag.Args() {
		if err := c.measure(context.Background(), path); err != nil {
			log.Fatal(fmt.Errorf("%s: %w", path, err))
		}
	}
}

// figures are those of one question.
type figures struct {
	with, without  []float64 // tokens a second
	tokens         int
	guessed, right int
	same           bool // in all rounds
}

func (f *figures) ratios() []float64 {
	r := make([]float64, len(f.with))
	for i := range r {
		r[i] = f.with[i] / f.without[i]
	}
	return r
}

func (c *config) measure(ctx context.Context, path string) error {
	words := c.vocabulary
	if words == "" {
		words = path
	}
	m, err := engine.Open(ctx, words, engine.Options{Threads: c.threads}, nil) // for its tokenizer
	if err != nil {
		return err
	}
	defer m.Close()
	f, err := dialect.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	a, err := arch.Load(f, 0)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d rounds\n\n", filepath.Base(path), c.rounds)
	fmt.Println("| question | tokens | without, t/s | with, t/s | ratio | spread | guessed | right | same tokens |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	ratios := map[bool][]float64{}
	s, err := c.scheduler(a)
	if err != nil {
		return err
	}
	defer s.Close()
	for _, q := range questions {
		if !strings.Contains(q.name, c.only) {
			continue
		}
		f, err := c.ask(ctx, m, s, a.Config.Vocab, q)
		if err != nil {
			return err
		}
		r := f.ratios()
		ratios[q.copies] = append(ratios[q.copies], median(r))
		fmt.Printf("| %s | %d | %.1f | %.1f | %.2f | %.2f–%.2f | %d | %d | %v |\n", q.name, f.tokens, median(f.without), median(f.with),
			median(r), slices.Min(r), slices.Max(r), f.guessed, f.right, f.same)
	}
	for _, copies := range []bool{true, false} {
		if r := ratios[copies]; len(r) > 0 {
			fmt.Printf("\n%s: median %.2f, least %.2f\n", map[bool]string{true: "copying", false: "free"}[copies], median(r), slices.Min(r))
		}
	}
	fmt.Println()
	return nil
}

// scheduler makes the model ready as the engine does.
func (c *config) scheduler(a *arch.Model) (*schedule.Scheduler, error) {
	const context = 4096
	limits := program.Limits{Rows: engine.BatchRows, Outputs: engine.BatchOutputs, Blocks: 2 * context / program.BlockTokens}
	exec, err := cpu.New(cpu.Options{Threads: c.threads}).Compile(a.Program, limits)
	if err != nil {
		return nil, err
	}
	return schedule.New(exec, schedule.Config{Context: context, Limits: limits, Vocab: a.Config.Vocab}), nil
}

// ask answers a question with and without lookup in turns, once the prompt is
// in the cache.
func (c *config) ask(ctx context.Context, m *engine.Model, s *schedule.Scheduler, vocab int, q question) (figures, error) {
	f := figures{same: true}
	prompt, err := m.PromptTokens(ctx, engine.Request{Messages: []chattemplate.Message{{Role: "user", Content: q.text}}})
	if err != nil {
		return f, err
	}
	var script []int32
	if c.script {
		script = m.Tokenize(q.answer, false)
		script = script[:min(len(script), c.most)]
	}
	if err := s.Run(ctx, schedule.Task{Prompt: prompt}); err != nil {
		return f, err
	}
	var last []int32
	for range c.rounds {
		for _, lookup := range []bool{false, true} {
			a, err := c.answer(ctx, s, vocab, prompt, script, m.EndTokens(), lookup)
			if err != nil {
				return f, err
			}
			f.same = f.same && (last == nil || slices.Equal(last, a.tokens))
			last, f.tokens = a.tokens, len(a.tokens)
			if lookup {
				f.with = append(f.with, a.rate)
				f.guessed, f.right = a.guessed, a.right
			} else {
				f.without = append(f.without, a.rate)
			}
		}
	}
	return f, nil
}

type answer struct {
	tokens         []int32
	rate           float64
	guessed, right int
}

func (c *config) answer(ctx context.Context, s *schedule.Scheduler, vocab int, prompt, script, ends []int32, lookup bool) (answer, error) {
	p := sample.Defaults()
	p.Temperature = 0
	sampler, err := sample.New(p, vocab)
	if err != nil {
		return answer{}, err
	}
	var a answer
	var first, last time.Time
	task := schedule.Task{Prompt: prompt, Next: func(logits []float32) (int32, bool) {
		t := sampler.Sample(logits)
		if script != nil {
			t = script[len(a.tokens)]
		}
		last = time.Now()
		if first.IsZero() {
			first = last
		}
		if slices.Contains(ends, t) {
			return t, false
		}
		a.tokens = append(a.tokens, t)
		return t, len(a.tokens) != c.most && (script == nil || len(a.tokens) != len(script))
	}}
	if lookup {
		task.Draft = draft.New(prompt, nil, ends)
		task.Guessed = func(n, right int) {
			a.guessed += n
			a.right += right
		}
	}
	if err := s.Run(ctx, task); err != nil {
		return a, err
	}
	a.rate = float64(len(a.tokens)-1) / last.Sub(first).Seconds()
	return a, nil
}

func median(v []float64) float64 {
	v = slices.Clone(v)
	slices.Sort(v)
	return v[len(v)/2]
}
