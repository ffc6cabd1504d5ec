package honesty

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/store"
)

// Library is one of its own with the files of the set in it.
type Library struct {
	*librarian.Librarian
	store  *store.Store
	byName map[string]document.Document
}

// Open reads and indexes files into a library in dir, which a librarian keeps
// that takeOn takes on.
func Open(ctx context.Context, dir string, files []string, takeOn func(librarian.Options) (*librarian.Librarian, error)) (_ *Library, err error) {
	l := &Library{byName: map[string]document.Document{}}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	if err = os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	if l.store, err = store.Open(ctx, filepath.Join(dir, "library.db")); err != nil {
		return nil, err
	}
	if l.Librarian, err = takeOn(librarian.Options{Store: l.store, Dir: dir, Work: true}); err != nil {
		return nil, err
	}
	if _, err = l.Add(ctx, files, ""); err != nil {
		return nil, err
	}
	for {
		docs, err := l.Documents(ctx)
		if err != nil {
			return nil, err
		}
		open := 0
		for _, d := range docs {
			l.byName[d.Name] = d
			switch d.State {
			case document.Ready:
			case document.Failed:
				return nil, fmt.Errorf("%s: %s", d.Name, d.Receipt.Error)
			default:
				open++
			}
		}
		if open == 0 && len(docs) == len(files) {
			return l, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Close ends all work on the library.
func (l *Library) Close() error {
	if l.Librarian != nil {
		l.Librarian.Close()
	}
	if l.store != nil {
		return l.store.Close()
	}
	return nil
}

// Files are the documents of these names.
func (l *Library) Files(names []string) ([]document.Document, error) {
	var docs []document.Document
	for _, n := range names {
		d, ok := l.byName[n]
		if !ok {
			return nil, fmt.Errorf("there is no file %s", n)
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// Sources are the files of a question, as a chat that has them attached knows them.
func (l *Library) Sources(q Question, by document.Route) (document.Sources, error) {
	docs, err := l.Files(q.Files)
	s := document.Sources{Route: by}
	for _, d := range docs {
		s.Documents = append(s.Documents, d.ID)
	}
	return s, err
}

// Holds tells whether a passage has the words that answer a question, on their page.
func Holds(p document.Passage, q Question) bool {
	return p.Name == q.File && p.Page == q.Page && contains(p.Text, q.Quote)
}
