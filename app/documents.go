package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/models/library"
)

// openDocuments takes on a librarian, who works in the background if this
// process has the data for itself.
func (c *Core) openDocuments(ctx context.Context) error {
	config := parse.Config{Cache: filepath.Join(c.home, "cache", "pdfium")}
	if ocr, err := parse.FindOCR(ctx, ""); err == nil {
		config.OCR = ocr
	}
	var err error
	if c.reader, err = parse.NewReader(config); err != nil {
		return err
	}
	c.Documents, err = librarian.Open(librarian.Options{
		Store: c.store, Reader: c.reader, Models: documentModels{c}, Dir: filepath.Join(c.home, "documents"), Emit: c.emit, Log: c.log, Work: c.exclusive,
	})
	if err != nil {
		return err
	}
	c.Chats.UseLibrarian(c.Documents)
	c.Chats.UseTitles(c.namesChats)
	return nil
}

func (c *Core) closeDocuments() {
	if c.Documents != nil {
		c.Documents.Close()
	}
	if c.reader != nil {
		if err := c.reader.Close(); err != nil {
			c.log.Warn("document workers", "error", err)
		}
	}
}

// reembed lets documents get vectors when an embedding model has come.
func (c *Core) reembed(ctx context.Context) {
	if c.Documents == nil {
		return
	}
	if err := c.Documents.Reembed(ctx); err != nil && ctx.Err() == nil {
		c.log.Warn("documents not indexed anew", "error", err)
	}
}

// NewLibrarian is a librarian beside the application's own, with a store and a
// folder of its own. It works in the background.
func (c *Core) NewLibrarian(o librarian.Options) (*librarian.Librarian, error) {
	o.Reader, o.Models, o.Log, o.Work = c.reader, documentModels{c}, c.log, true
	return librarian.Open(o)
}

// WorkOnDocuments lets a short-lived command read and index the library's
// documents, until end; while a window does so it only looks on.
func (c *Core) WorkOnDocuments() (l *librarian.Librarian, end func(), err error) {
	if c.exclusive {
		return c.Documents, func() {}, nil
	}
	unlock, err := lockFile(filepath.Join(c.home, "lock"))
	if errors.Is(err, ErrInUse) {
		return c.Documents, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	l, err = librarian.Open(librarian.Options{
		Store: c.store, Reader: c.reader, Models: documentModels{c}, Dir: filepath.Join(c.home, "documents"), Emit: c.emit, Log: c.log, Work: true,
	})
	if err != nil {
		unlock()
		return nil, nil, err
	}
	return l, func() { l.Close(); unlock() }, nil
}

// documentModels lends the library's embedding model and reranker.
type documentModels struct{ c *Core }

// embedderChoice remembers which embedding model documents are indexed with.
// Another one that comes later does not replace it: everything would have to be
// indexed anew.
type embedderChoice struct {
	mu     sync.Mutex
	digest string
}

const embedderKey = "embedder"

// ranks tells rerankers from models that make vectors.
func ranks(m library.Model) bool {
	name := strings.ToLower(m.Ref + " " + m.Name)
	return strings.Contains(name, "rerank") || strings.Contains(name, "ranker") || strings.Contains(name, "cross-encoder")
}

// embedder is the model that documents are indexed with.
func (c *Core) embedder(ctx context.Context) (library.Model, error) {
	models, err := c.library.List()
	if err != nil {
		return library.Model{}, err
	}
	models = slices.DeleteFunc(models, func(m library.Model) bool { return !m.Embeds || m.Problem != "" || ranks(m) })
	if len(models) == 0 {
		return library.Model{}, librarian.ErrNoEmbedder
	}
	c.parts.mu.Lock()
	defer c.parts.mu.Unlock()
	if c.parts.digest == "" {
		if err := c.Recall(ctx, embedderKey, &c.parts.digest); err != nil {
			c.log.Debug("no embedder remembered", "error", err)
		}
	}
	for _, m := range models {
		if m.Digest == c.parts.digest && m.Digest != "" {
			return m, nil
		}
	}
	slices.SortFunc(models, func(a, b library.Model) int { // the smallest is quick on any machine
		if d := a.SizeBytes - b.SizeBytes; d != 0 {
			return int(max(-1, min(1, d)))
		}
		return strings.Compare(a.Ref, b.Ref)
	})
	c.parts.digest = models[0].Digest
	if err := c.Remember(ctx, embedderKey, c.parts.digest); err != nil {
		c.log.Warn("embedder not remembered", "error", err)
	}
	return models[0], nil
}

// UseEmbedder indexes documents with another embedding model from now on.
func (c *Core) UseEmbedder(ctx context.Context, ref string) error {
	m, err := c.library.Find(ref)
	if err != nil {
		return err
	}
	if !m.Embeds || ranks(m) {
		return fmt.Errorf("%s makes no vectors; choose an embedding model", m.Ref)
	}
	c.parts.mu.Lock()
	c.parts.digest = m.Digest
	c.parts.mu.Unlock()
	if err := c.Remember(ctx, embedderKey, m.Digest); err != nil {
		return err
	}
	return c.Documents.Reembed(ctx)
}

// Embedder lends the model that documents are indexed with.
func (d documentModels) Embedder(ctx context.Context) (librarian.Embedder, func(), error) {
	m, err := d.c.embedder(ctx)
	if err != nil {
		return nil, nil, err
	}
	w, release, err := d.use(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	return &embedder{w, m.Digest + m.Ref, prefixesOf(m)}, release, nil
}

func (d documentModels) use(ctx context.Context, m library.Model) (Weights, func(), error) {
	t, err := usable(m)
	if err != nil {
		return nil, nil, err
	}
	return d.c.Use(ctx, t, LoadOptions{Threads: d.c.LoadOptions().Threads, Beside: true})
}

// Reranker lends a reranker, if one is installed.
func (d documentModels) Reranker(ctx context.Context) (librarian.Reranker, func(), error) {
	models, err := d.c.library.List()
	if err != nil {
		return nil, nil, err
	}
	for _, m := range models {
		if m.Embeds && m.Problem == "" && ranks(m) {
			w, release, err := d.use(ctx, m)
			return w, release, err
		}
	}
	return nil, func() {}, nil
}

// prefixes are what a model was trained to read before texts.
type prefixes struct{ query, document string }

// prefixesOf knows the families by their names, as their cards state them.
func prefixesOf(m library.Model) prefixes {
	name := strings.ToLower(m.Ref + " " + m.Name)
	has := func(parts ...string) bool {
		for _, p := range parts {
			if !strings.Contains(name, p) {
				return false
			}
		}
		return true
	}
	const search = "Represent this sentence for searching relevant passages: "
	switch {
	case has("nomic-embed"):
		return prefixes{"search_query: ", "search_document: "}
	case has("embeddinggemma"), has("embedding", "gemma"):
		return prefixes{"task: search result | query: ", "title: none | text: "}
	case has("qwen3", "embed"):
		return prefixes{"Instruct: Given a question, retrieve passages that answer it\nQuery:", ""}
	case has("bge", "-en"), has("mxbai-embed"), has("arctic-embed") && !has("v2"):
		return prefixes{search, ""}
	case has("arctic-embed", "v2"):
		return prefixes{"query: ", ""}
	case has("-e5-") || has("multilingual-e5") || has("e5-"):
		return prefixes{"query: ", "passage: "}
	}
	return prefixes{}
}

// embedder makes vectors with a model of the library.
type embedder struct {
	weights Weights
	id      string
	prefixes
}

// mostEmbedded is how many tokens of a text are read, whatever the model could.
const mostEmbedded = 1024

func (e *embedder) Key() string { return e.id + "|" + e.document + "|" + e.query }

func (e *embedder) Limit() int { return min(e.weights.Info().ContextLength, mostEmbedded) }

func (e *embedder) Tokens(text string) int {
	return len(e.weights.Tokenize(e.document+text, true))
}

func (e *embedder) Embed(ctx context.Context, texts []string, query bool) ([][]float32, error) {
	prefix := e.document
	if query {
		prefix = e.query
	}
	if prefix != "" {
		all := make([]string, len(texts))
		for i, t := range texts {
			all[i] = prefix + t
		}
		texts = all
	}
	return e.weights.Embed(ctx, texts, true)
}
