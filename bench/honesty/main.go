// Command honesty asks a model the questions of app/honesty, as a chat with these
// files does, and tells what depends on the model: whether its answers say what
// is true, which of its sentences are borne out, whether it owns up to what the
// files do not tell, and the SQL that it writes where rules do not. What needs
// all parts of a document to be read is left out, it takes too long.
//
//	go run ./bench/honesty -embedder all-MiniLM-L6-v2.gguf [-home DIR] [-n 20] [-out answers.jsonl] MODEL.gguf
//	go run ./bench/honesty -sum answers.jsonl
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"freehold/app"
	"freehold/app/chat"
	"freehold/app/document"
	"freehold/app/document/cite"
	"freehold/app/document/parse"
	"freehold/app/honesty"
)

const contextLength = 4096

// answered is a question with what became of it.
type answered struct {
	honesty.Question
	Text     string             `json:"text"`
	Evidence *document.Evidence `json:"evidence"`
	Asked    bool               `json:"asked"` // the model wrote, or was to write SQL
	Says     bool               `json:"says"`  // the answer says what is true
	Ms       int64              `json:"ms"`
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == parse.WorkerVerb {
		os.Exit(parse.Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
	}
	set := flag.String("set", "app/honesty/testdata", "folder of the questions and files")
	embedder := flag.String("embedder", "", "embedding model")
	home := flag.String("home", "", "folder to keep the indexed files in; none: a new one")
	n := flag.Int("n", 20, "questions")
	within := flag.Duration("time", time.Hour, "begin no question after this time")
	out := flag.String("out", "", "file that answers are appended to, one a line; what it has is not asked again")
	sum := flag.String("sum", "", "only tell the figures of such a file")
	flag.Parse()
	log.SetFlags(0)
	if *sum != "" {
		if err := tell(*sum); err != nil {
			log.Fatal(err)
		}
		return
	}
	if flag.NArg() != 1 || *embedder == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(context.Background(), *set, *home, *embedder, flag.Arg(0), *n, *out, time.Now().Add(*within)); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, set, home, embedder, model string, n int, out string, end time.Time) error {
	all, err := honesty.Load(filepath.Join(set, "questions.jsonl"))
	if err != nil {
		return err
	}
	questions := slices.DeleteFunc(all, func(q honesty.Question) bool { return q.Route == document.Map || q.Kind == honesty.Talk })
	questions = spread(questions)
	questions = questions[:min(n, len(questions))]
	done, err := read(out)
	if err != nil {
		return err
	}
	questions = slices.DeleteFunc(questions, func(q honesty.Question) bool {
		return slices.ContainsFunc(done, func(a answered) bool { return a.ID == q.ID })
	})
	files, err := filepath.Glob(filepath.Join(set, "files", "*"))
	if err != nil {
		return err
	}
	for i := range files {
		if files[i], err = filepath.Abs(files[i]); err != nil {
			return err
		}
	}
	if home == "" {
		if home, err = os.MkdirTemp("", "freehold-honesty-*"); err != nil {
			return err
		}
		defer os.RemoveAll(home)
	}
	core, err := app.Open(ctx, app.Options{Home: home, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer core.Close()
	if models, err := core.Models(); err != nil {
		return err
	} else if len(models) == 0 {
		if _, err := core.Import(ctx, embedder, nil); err != nil {
			return err
		}
	}
	l, err := honesty.Open(ctx, filepath.Join(home, "set"), files, core.NewLibrarian)
	if err != nil {
		return err
	}
	defer l.Close()
	target, err := core.Resolve(model)
	if err != nil {
		return err
	}
	w, release, err := core.Use(ctx, target, app.LoadOptions{ContextLength: contextLength})
	if err != nil {
		return err
	}
	defer release()
	var to io.Writer = os.Stdout
	if out != "" {
		f, err := os.OpenFile(out, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		to = f
	}
	for _, q := range questions {
		if time.Now().After(end) {
			log.Print("time is up")
			break
		}
		a, err := ask(ctx, w, l, q)
		if err != nil {
			return fmt.Errorf("%s: %w", q.ID, err)
		}
		if err := json.NewEncoder(to).Encode(a); err != nil {
			return err
		}
		log.Printf("%s %-12s %5d ms  %s\n    %.300s", q.ID, q.Kind, a.Ms, q.Question, honesty.Flat(a.Text))
	}
	return nil
}

// spread puts questions into an order in which any stretch has all kinds.
func spread(all []honesty.Question) []honesty.Question {
	const step = 7
	var mixed []honesty.Question
	for from := range step {
		for i := from; i < len(all); i += step {
			mixed = append(mixed, all[i])
		}
	}
	return mixed
}

func ask(ctx context.Context, w app.Weights, l *honesty.Library, q honesty.Question) (answered, error) {
	a := answered{Question: q}
	sources, err := l.Sources(q, document.Auto)
	if err != nil {
		return a, err
	}
	start := time.Now()
	sampling := chat.Sampling{TopP: 1, TypicalP: 1, RepeatPenalty: 1, MaxTokens: 160} // greedy
	m, err := chat.AskOnce(ctx, w, l, chat.Chat{Sampling: sampling, Sources: sources}, q.Question)
	if err != nil {
		return a, err
	}
	a.Ms = time.Since(start).Milliseconds()
	a.Text, a.Evidence = m.Content, m.Evidence
	if a.Evidence == nil {
		return a, errors.New("an answer without evidence")
	}
	query := a.Evidence.Query
	a.Asked = m.Timings != nil || query != nil && query.By == "model"
	switch {
	case q.Rows != nil && query != nil:
		a.Says = honesty.Exact(*query, q)
	case q.Answer != "": // does the answer bear the truth out?
		s, err := cite.Check(ctx, q.Answer, []document.Passage{{N: 1, Text: m.Content}}, nil)
		if err != nil {
			return a, err
		}
		a.Says = len(s) == 1 && s[0].Verdict == document.Supported
	}
	return a, nil
}

// read reads the answers of a file; none if there is no file.
func read(path string) ([]answered, error) {
	if path == "" {
		return nil, nil
	}
	data, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	var all []answered
	for line := range strings.Lines(string(data)) {
		var a answered
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, a)
	}
	return all, nil
}

// tell counts what is in a file of answers.
func tell(path string) error {
	all, err := read(path)
	if err != nil {
		return err
	}
	rates := map[string]*honesty.Rate{}
	count := func(name string, good bool) {
		if rates[name] == nil {
			rates[name] = &honesty.Rate{}
		}
		rates[name].Add(good)
	}
	for _, a := range all {
		e := a.Evidence
		switch {
		case a.Kind == honesty.Unanswerable && a.Tables():
			byModel := e.Query != nil && !honesty.Empty(*e.Query)
			count("unanswerable by tables: a query answers all the same", byModel)
			count("unanswerable by tables: told in the end", e.Absent || e.Query != nil && honesty.Empty(*e.Query))
		case a.Kind == honesty.Unanswerable:
			count("unanswerable by texts: the model is not asked", !a.Asked)
			count("unanswerable by texts: told in the end", e.Absent)
			if a.Asked {
				count("unanswerable by texts, asked: the model owns up", e.Absent)
			}
		case a.Rows != nil:
			by := "nobody"
			if e.Query != nil {
				by = e.Query.By
			}
			count("tables: exact", a.Says)
			count("tables: answered by "+by, true)
			if by == "model" {
				count("tables: exact, by the model's SQL", a.Says)
			}
		default:
			count("look-ups: refused before the model is asked", !a.Asked)
			if a.Asked {
				count("look-ups, asked: the answer says what is true", a.Says)
			}
		}
		if a.Rows != nil || e.Query != nil {
			continue
		}
		for _, s := range e.Sentences {
			if s.Verdict == document.NoClaim {
				continue
			}
			count("sentences with a claim: borne out", s.Verdict == document.Supported)
			count("sentences with a claim: partly borne out", s.Verdict == document.Weak)
			count("sentences with a claim: not borne out", s.Verdict == document.Unsupported)
		}
	}
	names := make([]string, 0, len(rates))
	for n := range rates {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Printf("%-60s %s\n", n, rates[n])
	}
	return nil
}
