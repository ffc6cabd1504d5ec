// Command retrieval measures how well passages are found: it takes the texts of a
// set of questions into a library of their own, as the application does, asks the
// questions in every way of searching and prints recall@5 and nDCG@10.
//
//	go run ./bench/retrieval -embedder FILE.gguf [-reranker FILE.gguf] [-reference BIN/llama-server]
//
// With -reference the vectors of the same chunks and questions are made by
// llama.cpp's server too, on a loopback port; searching through them must give
// the same figures within half a point. -keep names a folder where the library
// stays for the next run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/app/store"
	"freehold/engine"
)

type config struct {
	set, embedder, reranker, reference, keep string
	query, document                          string
	missed                                   bool
	chunks                                   int
}

func main() {
	if len(os.Args) > 2 && os.Args[1] == parse.WorkerVerb { // a worker that reads files
		os.Exit(parse.Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
	}
	var c config
	flag.StringVar(&c.set, "set", "bench/retrieval/testdata", "folder with questions.jsonl and corpus")
	flag.StringVar(&c.embedder, "embedder", "", "GGUF file of an embedding model; without one, search is by words")
	flag.StringVar(&c.reranker, "reranker", "", "GGUF file of a reranker")
	flag.StringVar(&c.reference, "reference", "", "path of llama-server, to compare vectors with")
	flag.IntVar(&c.chunks, "reference-chunks", 0, "compare over so many chunks only, all relevant ones among them; 0 means all")
	flag.StringVar(&c.keep, "keep", "", "folder in which the library is kept, or found")
	flag.StringVar(&c.query, "query-prefix", "", "what the embedder wants before questions")
	flag.StringVar(&c.document, "document-prefix", "", "what the embedder wants before passages")
	flag.BoolVar(&c.missed, "missed", false, "list the questions of the tuning half whose passage is not among the five best")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := c.run(ctx); err != nil {
		log.Fatal("retrieval: ", err)
	}
}

func (c *config) run(ctx context.Context) error {
	questions, err := load(filepath.Join(c.set, "questions.jsonl"))
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(c.set, "corpus", "*"))
	if err != nil {
		return err
	}
	m := &models{query: c.query, document: c.document}
	if c.embedder != "" {
		if m.embeds, err = engine.Open(ctx, c.embedder, engine.Options{}, nil); err != nil {
			return err
		}
		defer m.embeds.Close()
	}
	if c.reranker != "" {
		if m.ranks, err = engine.Open(ctx, c.reranker, engine.Options{}, nil); err != nil {
			return err
		}
		defer m.ranks.Close()
	}
	dir := c.keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "freehold-retrieval-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	start := time.Now()
	l, s, closeAll, err := open(ctx, dir, files, m)
	if err != nil {
		return err
	}
	defer closeAll()
	fmt.Printf("%d questions, %d files, %d chunks, read and indexed in %.0f s\n\n", len(questions), len(files), len(s.chunks), time.Since(start).Seconds())

	relevant := make([]map[int64]bool, len(questions))
	for i, q := range questions {
		if relevant[i], err = s.relevant(ctx, q); err != nil {
			return err
		}
	}
	t := &table{groups: groupsOf(questions)}
	for _, w := range m.ways() {
		t.ways = append(t.ways, w.name)
		for i, q := range questions {
			passages, err := l.SearchBy(ctx, q.Question, nil, gainAt, w.by)
			if err != nil {
				return err
			}
			found := make([]int64, len(passages))
			for k, p := range passages {
				found[k] = p.Chunk
			}
			for _, g := range []string{"all", q.Half, q.Style} {
				t.cell(w.name, g).add(found, relevant[i])
			}
			if c.missed && q.Half == "tune" && !slices.ContainsFunc(found[:min(len(found), recallAt)], func(id int64) bool { return relevant[i][id] }) {
				fmt.Printf("%s %s: %s\n", w.name, q.ID, q.Question)
			}
		}
	}
	fmt.Println(t)
	if c.reference == "" {
		return nil
	}
	if m.embeds == nil {
		return errors.New("-reference compares vectors: name a model with -embedder")
	}
	return c.compare(ctx, m, s, questions, relevant)
}

func groupsOf(questions []Question) []string {
	groups := []string{"all", "tune", "held-out"}
	for _, q := range questions {
		if !slices.Contains(groups, q.Style) {
			groups = append(groups, q.Style)
		}
	}
	return groups
}

type way struct {
	name string
	by   librarian.Ways
}

// ways of searching that the models allow.
func (m *models) ways() []way {
	all := []way{{"words", librarian.Ways{Words: true}}}
	if m.embeds != nil {
		all = append(all, way{"vectors", librarian.Ways{Vectors: true}}, way{"hybrid", librarian.Ways{Words: true, Vectors: true}})
	}
	if m.ranks != nil {
		all = append(all, way{"hybrid + rerank", librarian.Ways{Words: true, Vectors: m.embeds != nil, Rerank: true}})
	}
	return all
}

// open takes files into a library in dir and waits until all are indexed.
func open(ctx context.Context, dir string, files []string, m librarian.Models) (_ *librarian.Librarian, _ *shelf, closeAll func(), err error) {
	var closers []func()
	closeAll = func() {
		for _, f := range slices.Backward(closers) {
			f()
		}
	}
	defer func() {
		if err != nil {
			closeAll()
		}
	}()
	reader, err := parse.NewReader(parse.Config{Cache: filepath.Join(dir, "pdfium")})
	if err != nil {
		return nil, nil, nil, err
	}
	closers = append(closers, func() { reader.Close() })
	db, err := store.Open(ctx, filepath.Join(dir, "library.db"))
	if err != nil {
		return nil, nil, nil, err
	}
	closers = append(closers, func() { db.Close() })
	l, err := librarian.Open(librarian.Options{Store: db, Reader: reader, Models: m, Dir: dir, Work: true})
	if err != nil {
		return nil, nil, nil, err
	}
	closers = append(closers, l.Close)
	docs, err := l.Add(ctx, files, "")
	if err != nil {
		return nil, nil, nil, err
	}
	s := &shelf{byDoc: map[string][]document.Chunk{}, docs: map[string]string{}, store: db}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
		s.docs[d.Name] = d.ID
	}
	if err := settled(ctx, db, ids); err != nil {
		return nil, nil, nil, err
	}
	for at := 0; ; {
		some, err := db.ChunksOf(ctx, ids, at, 1000)
		if err != nil {
			return nil, nil, nil, err
		}
		if len(some) == 0 {
			return l, s, closeAll, nil
		}
		for _, c := range some {
			s.byDoc[c.Document] = append(s.byDoc[c.Document], c)
		}
		s.chunks = append(s.chunks, some...)
		at += len(some)
	}
}

func settled(ctx context.Context, db *store.Store, ids []string) error {
	for {
		open := 0
		for _, id := range ids {
			d, err := db.Document(ctx, id)
			switch {
			case err != nil:
				return err
			case d.State == document.Failed:
				return fmt.Errorf("%s: %s", d.Name, d.Receipt.Error)
			case d.State != document.Ready:
				open++
			}
		}
		if open == 0 {
			return nil
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// models lends what the flags name.
type models struct {
	embeds, ranks   *engine.Model
	query, document string // prefixes
}

func (m *models) Embedder(context.Context) (librarian.Embedder, func(), error) {
	if m.embeds == nil {
		return nil, nil, librarian.ErrNoEmbedder
	}
	return m, func() {}, nil
}

func (m *models) Reranker(context.Context) (librarian.Reranker, func(), error) {
	if m.ranks == nil {
		return nil, func() {}, nil
	}
	return m.ranks, func() {}, nil
}

func (m *models) Key() string { return strings.Join([]string{"bench", m.query, m.document}, "|") }
func (m *models) Limit() int  { return min(m.embeds.Info().ContextLength, 1024) }
func (m *models) Tokens(text string) int {
	return len(m.embeds.Tokenize(m.document+text, true))
}

func (m *models) Embed(ctx context.Context, texts []string, query bool) ([][]float32, error) {
	return m.embeds.EmbedBeginnings(ctx, m.prefixed(texts, query))
}

func (m *models) prefixed(texts []string, query bool) []string {
	prefix := m.document
	if query {
		prefix = m.query
	}
	all := make([]string, len(texts))
	for i, t := range texts {
		all[i] = prefix + t
	}
	return all
}
