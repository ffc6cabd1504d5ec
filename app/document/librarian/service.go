// Package librarian keeps the user's documents: it has them read, cut, embedded
// and indexed, in the background and across restarts; it finds passages, puts
// together what a model gets to read for a question, and checks the answer
// against it.
package librarian

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"freehold/app/document"
	"freehold/app/document/parse"
)

// Reader reads files; parse.Reader does.
type Reader interface {
	Read(ctx context.Context, path string, o parse.Options) (*parse.Document, error)
	Image(ctx context.Context, path string, page, dpi int) (parse.Picture, error)
	Highlight(ctx context.Context, path string, page, start, end int) ([]parse.Box, error)
}

// ErrNoEmbedder says that no embedding model is installed. Documents are then
// searched by words only.
var ErrNoEmbedder = errors.New("no embedding model is installed")

// Embedder makes vectors of texts.
type Embedder interface {
	Key() string // names the model and how it is used: vectors of other keys do not compare
	Limit() int  // tokens of a text, at most
	Tokens(text string) int
	// Embed makes a vector of length 1 of each text; what is over the limit is cut.
	Embed(ctx context.Context, texts []string, query bool) ([][]float32, error)
}

// Reranker scores texts by how well they answer a query, higher is better.
type Reranker interface {
	Rank(ctx context.Context, query string, texts []string) ([]float32, error)
}

// Models lends the models that a librarian works with.
type Models interface {
	Embedder(ctx context.Context) (Embedder, func(), error) // ErrNoEmbedder
	Reranker(ctx context.Context) (Reranker, func(), error) // nil without an error if there is none
}

// Options say what a librarian works with.
type Options struct {
	Store  document.Store
	Reader Reader
	Models Models
	Dir    string                      // for what is made of documents and for uploaded ones
	Emit   func(name string, data any) // must not block
	Log    *slog.Logger
	// Work lets documents be read in the background. One process at a time may.
	Work bool
}

// Librarian is safe for concurrent use.
type Librarian struct {
	store  document.Store
	reader Reader
	models Models
	dir    string
	emit   func(string, any)
	log    *slog.Logger

	ctx    context.Context
	cancel context.CancelFunc
	going  sync.WaitGroup
	wake   [2]chan struct{} // of the desks: reading, embedding

	mu      sync.Mutex
	jobs    map[string]context.CancelFunc // by document: ends the work on it
	changes sync.Mutex                    // one change of the set of documents at a time

	vectors vectorShelf
}

// Open makes a librarian, who goes on with what was interrupted.
func Open(o Options) (*Librarian, error) {
	if err := os.MkdirAll(filepath.Join(o.Dir, "files"), 0o700); err != nil {
		return nil, fmt.Errorf("make the documents' folder: %w", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	l := &Librarian{store: o.Store, reader: o.Reader, models: o.Models, dir: o.Dir, emit: o.Emit, log: o.Log, ctx: ctx, cancel: cancel,
		wake: [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}, jobs: map[string]context.CancelFunc{}}
	if l.emit == nil {
		l.emit = func(string, any) {}
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if o.Work {
		l.going.Go(func() { l.desk(l.wake[0], l.readNext) })
		l.going.Go(func() { l.desk(l.wake[1], l.embedNext) })
		l.going.Go(l.watch)
		l.stir()
	}
	return l, nil
}

// Close ends all work; what is done so far stays.
func (l *Librarian) Close() {
	l.cancel()
	l.going.Wait()
}

// stir lets the desks look for work.
func (l *Librarian) stir() {
	for _, w := range l.wake {
		select {
		case w <- struct{}{}:
		default:
		}
	}
}

// desk does one thing after another, as long as next finds some.
func (l *Librarian) desk(wake <-chan struct{}, next func(context.Context) (bool, error)) {
	for {
		found, err := next(l.ctx)
		if err != nil && l.ctx.Err() == nil {
			l.log.Error("documents", "error", err)
		}
		if found && err == nil {
			continue
		}
		var again <-chan time.Time
		if err != nil {
			again = time.After(5 * time.Second)
		}
		select {
		case <-wake:
		case <-again:
		case <-l.ctx.Done():
			return
		}
	}
}

// Documents lists all documents, the newest first.
func (l *Librarian) Documents(ctx context.Context) ([]document.Document, error) {
	all, err := l.store.Documents(ctx)
	for i := range all {
		mark(&all[i])
	}
	return all, err
}

// mark tells whether the file is still what was read.
func mark(d *document.Document) {
	info, err := os.Stat(d.Path)
	d.Missing = err != nil || d.Receipt.Status != "" && (info.Size() != d.Receipt.Size || info.ModTime().UnixMilli() != d.ModifiedAt)
	if d.Sheets == nil {
		d.Sheets = []document.Sheet{}
	}
	if d.Collections == nil {
		d.Collections = []string{}
	}
}

// tell announces a document as it is now.
func (l *Librarian) tell(id string) {
	d, err := l.store.Document(context.Background(), id)
	if err == nil {
		mark(&d)
		l.emit("document", d)
	}
}

// change changes a document under the lock that all changes take.
func (l *Librarian) change(ctx context.Context, id string, f func(*document.Document)) error {
	l.changes.Lock()
	defer l.changes.Unlock()
	d, err := l.store.Document(ctx, id)
	if err != nil {
		return err
	}
	f(&d)
	if err := l.store.SaveDocument(ctx, d); err != nil {
		return err
	}
	l.tell(id)
	return nil
}

// begin registers work on a document that stop can end.
func (l *Librarian) begin(ctx context.Context, id string) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	l.mu.Lock()
	l.jobs[id] = cancel
	l.mu.Unlock()
	return ctx, func() {
		cancel()
		l.mu.Lock()
		delete(l.jobs, id)
		l.mu.Unlock()
	}
}

func (l *Librarian) stop(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if cancel := l.jobs[id]; cancel != nil {
		cancel()
	}
}

// Pause stops the work on a document until Resume.
func (l *Librarian) Pause(ctx context.Context, id string) error {
	err := l.change(ctx, id, func(d *document.Document) {
		if d.State == document.Queued || d.State == document.Reading || d.State == document.Embedding {
			d.State = document.Paused
		}
	})
	l.stop(id)
	return err
}

// Resume goes on with a document.
func (l *Librarian) Resume(ctx context.Context, id string) error {
	err := l.change(ctx, id, func(d *document.Document) {
		if d.State != document.Paused {
			return
		}
		d.State = document.Queued
		if d.Receipt.Status != "" { // it has been read
			d.State = document.Embedding
		}
	})
	l.stir()
	return err
}

// Retry reads a document again.
func (l *Librarian) Retry(ctx context.Context, id string) error {
	d, err := l.store.Document(ctx, id)
	if err != nil {
		return err
	}
	l.stop(id)
	info, err := os.Stat(d.Path)
	if err != nil {
		return fmt.Errorf("%s is no longer where it was: %w; drop it on the window from where it is now", d.Name, err)
	}
	err = l.change(ctx, id, func(d *document.Document) { again(d, info) })
	l.stir()
	return err
}

// again makes a document wait to be read from the beginning.
func again(d *document.Document, info os.FileInfo) {
	d.State = document.Queued
	d.Receipt = parse.Receipt{File: d.Path, Size: info.Size(), Kind: d.Receipt.Kind}
	d.ModifiedAt = info.ModTime().UnixMilli()
	d.IndexedAt = 0
}

// Remove removes documents and all that was made of them; uploaded files too,
// but never the user's own.
func (l *Librarian) Remove(ctx context.Context, ids ...string) error {
	l.changes.Lock()
	defer l.changes.Unlock()
	for _, id := range ids {
		l.stop(id)
		d, err := l.store.Document(ctx, id)
		if errors.Is(err, document.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if err := l.forget(ctx, id); err != nil {
			return err
		}
		if err := l.store.RemoveDocuments(ctx, id); err != nil {
			return err
		}
		l.clean(d)
		l.emit("documentRemoved", map[string]string{"id": id})
	}
	return nil
}

// clean deletes what belongs to a document on the disk.
func (l *Librarian) clean(d document.Document) {
	paths := []string{l.sheetPath(d.ID)}
	if filepath.Dir(filepath.Dir(d.Path)) == l.uploads() {
		paths = append(paths, filepath.Dir(d.Path))
	}
	for _, p := range paths {
		if err := os.RemoveAll(p); err != nil {
			l.log.Warn("document not cleaned up", "path", p, "error", err)
		}
	}
}

func (l *Librarian) uploads() string            { return filepath.Join(l.dir, "files") }
func (l *Librarian) sheetPath(id string) string { return filepath.Join(l.dir, "sheets", id+".db") }

// resolve lists the documents that sources name, each once.
func (l *Librarian) resolve(ctx context.Context, s document.Sources) ([]document.Document, error) {
	ids := slices.Clone(s.Documents)
	if len(s.Collections) > 0 {
		more, err := l.store.DocumentsIn(ctx, s.Collections)
		if err != nil {
			return nil, err
		}
		ids = append(ids, more...)
	}
	var docs []document.Document
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id] {
			continue
		}
		seen[id] = true
		d, err := l.store.Document(ctx, id)
		if errors.Is(err, document.ErrNotFound) {
			continue // removed since
		}
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

func idsOf(docs []document.Document) []string {
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.ID
	}
	return ids
}

func newID() string { return uuid.NewString() }
