package librarian

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"freehold/app/document"
	"freehold/app/document/chunk"
	"freehold/app/document/parse"
)

// oldest finds the document that has been longest in one of the states.
func (l *Librarian) oldest(ctx context.Context, states ...document.State) (document.Document, bool, error) {
	all, err := l.store.Documents(ctx)
	if err != nil {
		return document.Document{}, false, err
	}
	for i := len(all) - 1; i >= 0; i-- {
		for _, s := range states {
			if all[i].State == s {
				return all[i], true, nil
			}
		}
	}
	return document.Document{}, false, nil
}

// readNext reads the next document that waits, or whose reading was cut off.
func (l *Librarian) readNext(ctx context.Context) (bool, error) {
	d, found, err := l.oldest(ctx, document.Reading, document.Queued)
	if !found || err != nil {
		return false, err
	}
	job, end := l.begin(ctx, d.ID)
	defer end()
	err = l.read(job, d)
	switch {
	case ctx.Err() != nil:
		return false, nil // it goes on at the next start
	case job.Err() != nil, errors.Is(err, document.ErrNotFound):
		return true, nil // paused, removed, or to be read again
	}
	return true, err
}

// parts of a document are saved when they have this many pages or chunks.
const (
	partPages  = 64
	partChunks = 256
)

// read fills a document with text. What an earlier attempt left goes first, so
// that nothing is there twice.
func (l *Librarian) read(ctx context.Context, d document.Document) error {
	count, limit, release, err := l.counter(ctx)
	if err != nil {
		return err
	}
	defer release()
	if err := l.forget(ctx, d.ID); err != nil {
		return err
	}
	if err := l.store.ClearText(ctx, d.ID); err != nil {
		return err
	}
	paused := false
	err = l.change(ctx, d.ID, func(d *document.Document) {
		if paused = d.State == document.Paused; !paused {
			d.State, d.Chunks, d.Vectors, d.Tokens = document.Reading, 0, 0, 0
		}
	})
	if err != nil || paused {
		return err
	}
	p := &intake{l: l, ctx: ctx, id: d.ID, splitter: chunk.New(d.ID, count, chunk.SizesFor(limit))}
	info, err := os.Stat(d.Path)
	if err != nil {
		info = nil // the reader says so
	}
	doc, err := l.reader.Read(ctx, d.Path, parse.Options{Sink: &parse.Sink{Page: p.page, Rows: p.rows, Progress: p.progress}})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.failed != nil {
		return p.failed // the disk, not the file
	}
	var unread *parse.Error
	if err != nil && !errors.As(err, &unread) {
		doc.Receipt.Status, doc.Receipt.Error = parse.Unread, err.Error()
	}
	if err := p.save(); err != nil {
		return err
	}
	sheets, err := l.buildSheets(ctx, d.ID, p.tables)
	if err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		doc.Receipt.Warnings = append(doc.Receipt.Warnings, "its tables cannot be asked in SQL: "+err.Error())
	}
	if p.dropped {
		doc.Receipt.Warnings = append(doc.Receipt.Warnings, fmt.Sprintf("its tables are too large to be asked in SQL: more than %d cells", mostCells))
	}
	err = l.change(ctx, d.ID, func(d *document.Document) {
		sum := d.Receipt.SHA256
		d.Receipt, d.Title, d.Sheets = doc.Receipt, doc.Title, sheets
		if d.Receipt.SHA256 == "" {
			d.Receipt.SHA256 = sum
		}
		d.Chunks, d.Tokens = p.chunks, p.tokens
		if info != nil {
			d.ModifiedAt = info.ModTime().UnixMilli()
		}
		switch {
		case d.State == document.Paused:
		case doc.Receipt.Status == parse.Unread || p.chunks == 0 && len(sheets) == 0:
			d.State = document.Failed
			if d.Receipt.Error == "" {
				d.Receipt.Error = "there is no text in this file"
			}
		default:
			d.State = document.Embedding
		}
	})
	l.stir()
	return err
}

// counter counts tokens as the embedder does, or, without one, so cautiously
// that any embedder will find the chunks small enough.
func (l *Librarian) counter(ctx context.Context) (chunk.Counter, int, func(), error) {
	e, release, err := l.models.Embedder(ctx)
	if errors.Is(err, ErrNoEmbedder) {
		return func(text string) int { return len(text)/3 + 2 }, 400, func() {}, nil
	}
	if err != nil {
		return nil, 0, nil, err
	}
	return e.Tokens, e.Limit(), release, nil
}

// intake takes the pieces of one document as they are read.
type intake struct {
	l        *Librarian
	ctx      context.Context
	id       string
	splitter *chunk.Splitter
	part     document.Part
	tables   []parse.Table
	cells    int
	dropped  bool // tables were too large
	chunks   int
	tokens   int
	failed   error
	told     time.Time
}

func (p *intake) page(g parse.Page) error {
	chunks := p.splitter.Page(g)
	g.Blocks, g.Lines, g.Words = nil, nil, nil
	p.part.Pages = append(p.part.Pages, g)
	p.part.Chunks = append(p.part.Chunks, chunks...)
	p.chunks += len(chunks)
	for _, c := range chunks {
		p.tokens += c.Tokens
	}
	if len(p.part.Pages) >= partPages || len(p.part.Chunks) >= partChunks {
		return p.save()
	}
	return nil
}

func (p *intake) save() error {
	err := p.l.store.AddPart(p.ctx, p.id, p.part)
	p.part = document.Part{}
	if err != nil {
		p.failed = err
	}
	return err
}

// mostCells of a document are kept in memory until its sheets are built.
const mostCells = 4_000_000

func (p *intake) rows(t parse.Table, rows []parse.Row) error {
	for _, r := range rows {
		p.cells += len(r.Cells)
	}
	if p.cells > mostCells {
		p.tables, p.dropped = nil, true
		return nil
	}
	for i := range p.tables {
		if p.tables[i].ID == t.ID {
			old := p.tables[i].Rows
			p.tables[i] = t
			p.tables[i].Rows = append(old, rows...)
			return nil
		}
	}
	t.Rows = append([]parse.Row(nil), rows...)
	p.tables = append(p.tables, t)
	return nil
}

// telling is how often progress is announced.
const telling = 200 * time.Millisecond

func (p *intake) progress(g parse.Progress) {
	if now := time.Now(); now.Sub(p.told) > telling || g.Done == g.Total {
		p.told = now
		p.l.emit("documentProgress", document.Progress{Document: p.id, State: document.Reading, Done: g.Done, Total: g.Total, Unit: g.Unit})
	}
}

// embedNext gives the next document that has been read its vectors.
func (l *Librarian) embedNext(ctx context.Context) (bool, error) {
	d, found, err := l.oldest(ctx, document.Embedding)
	if !found || err != nil {
		return false, err
	}
	job, end := l.begin(ctx, d.ID)
	defer end()
	err = l.embed(job, d)
	switch {
	case ctx.Err() != nil:
		return false, nil
	case job.Err() != nil, errors.Is(err, document.ErrNotFound):
		return true, nil
	}
	return true, err
}

// embedBatch is how many chunks get their vectors in one go, and in one
// transaction.
const embedBatch = 64

func (l *Librarian) embed(ctx context.Context, d document.Document) error {
	e, release, err := l.models.Embedder(ctx)
	if errors.Is(err, ErrNoEmbedder) {
		return l.ready(ctx, d.ID, 0) // words only, until there is one
	}
	if err != nil {
		return err
	}
	defer release()
	done, err := l.store.CountVectors(ctx, e.Key(), d.ID)
	if err != nil {
		return err
	}
	var told time.Time
	for {
		chunks, err := l.store.WithoutVector(ctx, e.Key(), d.ID, embedBatch)
		if err != nil {
			return err
		}
		if len(chunks) == 0 {
			return l.ready(ctx, d.ID, done)
		}
		if err := l.embedSome(ctx, e, chunks); err != nil {
			return fmt.Errorf("make vectors of %s: %w", d.Name, err)
		}
		done += len(chunks)
		if now := time.Now(); now.Sub(told) > telling {
			told = now
			l.emit("documentProgress", document.Progress{Document: d.ID, State: document.Embedding, Done: done, Total: max(d.Chunks, done), Unit: "chunk"})
		}
	}
}

func (l *Librarian) embedSome(ctx context.Context, e Embedder, chunks []document.Chunk) error {
	texts := make([]string, len(chunks))
	for i, c := range chunks {
		texts[i] = c.Indexed()
	}
	vectors, err := e.Embed(ctx, texts, false)
	if err != nil {
		return err
	}
	kept := make([]document.Vector, len(chunks))
	for i, c := range chunks {
		kept[i] = document.Vector{Chunk: c.ID, Values: encode(vectors[i])}
	}
	if err := l.store.AddVectors(ctx, e.Key(), kept); err != nil {
		return err
	}
	l.vectors.put(e.Key(), kept)
	return nil
}

func (l *Librarian) ready(ctx context.Context, id string, vectors int) error {
	return l.change(ctx, id, func(d *document.Document) {
		d.Vectors = vectors
		if d.State == document.Embedding {
			d.State, d.IndexedAt = document.Ready, time.Now().UnixMilli()
		}
	})
}

// Reembed lets documents get vectors of the embedder that is in use now. Call it
// when one was installed or another was chosen.
func (l *Librarian) Reembed(ctx context.Context) error {
	e, release, err := l.models.Embedder(ctx)
	if errors.Is(err, ErrNoEmbedder) {
		return nil
	}
	if err != nil {
		return err
	}
	key := e.Key()
	release()
	all, err := l.store.Documents(ctx)
	if err != nil {
		return err
	}
	for _, d := range all {
		if d.State != document.Ready {
			continue
		}
		n, err := l.store.CountVectors(ctx, key, d.ID)
		if err != nil {
			return err
		}
		if n < d.Chunks {
			if err := l.change(ctx, d.ID, func(d *document.Document) { d.State = document.Embedding }); err != nil {
				return err
			}
		}
	}
	l.stir()
	return nil
}

// forget takes a document's chunks out of the vectors in memory.
func (l *Librarian) forget(ctx context.Context, id string) error {
	ids, err := l.store.ChunkIDs(ctx, []string{id})
	if err != nil {
		return err
	}
	l.vectors.remove(ids)
	if err := os.Remove(l.sheetPath(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		l.log.Warn("old sheets not removed", "path", l.sheetPath(id), "error", err)
	}
	return nil
}

func (l *Librarian) makeSheetDir() error {
	return os.MkdirAll(filepath.Join(l.dir, "sheets"), 0o700)
}
