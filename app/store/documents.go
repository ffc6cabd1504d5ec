package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"freehold/app/document"
	"freehold/app/document/parse"
)

var _ document.Store = (*Store)(nil)

const documentColumns = `d.id, d.receipt, d.path, d.name, d.folder, d.state, d.title, d.tokens, d.sheets, d.modified_at, d.added_at, d.indexed_at, d.chunks, d.vectors,
	(SELECT json_group_array(m.collection) FROM collection_documents m WHERE m.document = d.seq)`

func scanDocument(r scanner) (d document.Document, err error) {
	var receipt, sheets, collections string
	err = r.Scan(&d.ID, &receipt, &d.Path, &d.Name, &d.Folder, &d.State, &d.Title, &d.Tokens, &sheets, &d.ModifiedAt, &d.AddedAt, &d.IndexedAt,
		&d.Chunks, &d.Vectors, &collections)
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(receipt), &d.Receipt), json.Unmarshal([]byte(sheets), &d.Sheets), json.Unmarshal([]byte(collections), &d.Collections))
	}
	if errors.Is(err, sql.ErrNoRows) {
		return d, document.ErrNotFound
	}
	if err != nil {
		return d, fmt.Errorf("read document: %w", err)
	}
	return d, nil
}

// Documents lists all documents, the newest first.
func (s *Store) Documents(ctx context.Context) ([]document.Document, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+documentColumns+" FROM documents d ORDER BY d.seq DESC")
	if err != nil {
		return nil, fmt.Errorf("list documents: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (document.Document, error) { return scanDocument(r) })
}

// Document reads one document.
func (s *Store) Document(ctx context.Context, id string) (document.Document, error) {
	return s.document(ctx, "d.id = ?", id)
}

// DocumentByContent finds a document by what it says.
func (s *Store) DocumentByContent(ctx context.Context, sha256 string) (document.Document, error) {
	return s.document(ctx, "d.sha256 = ? AND d.sha256 <> '' ORDER BY d.seq LIMIT 1", sha256)
}

// DocumentByPath finds a document by where it lies.
func (s *Store) DocumentByPath(ctx context.Context, path string) (document.Document, error) {
	return s.document(ctx, "d.path = ? ORDER BY d.seq LIMIT 1", path)
}

func (s *Store) document(ctx context.Context, where string, arg string) (document.Document, error) {
	// The writer sees what was written a moment ago by this process too.
	return scanDocument(s.reader.QueryRowContext(ctx, "SELECT "+documentColumns+" FROM documents d WHERE "+where, arg))
}

// SaveDocument adds a document or changes all of it but its text and its collections.
func (s *Store) SaveDocument(ctx context.Context, d document.Document) error {
	receipt, err := json.Marshal(d.Receipt)
	if err != nil {
		return err
	}
	if d.Sheets == nil {
		d.Sheets = []document.Sheet{}
	}
	sheets, err := json.Marshal(d.Sheets)
	if err != nil {
		return err
	}
	_, err = s.writer.ExecContext(ctx, `INSERT INTO documents (id, sha256, path, name, folder, state, title, receipt, tokens, chunks, vectors, sheets, size, modified_at, added_at, indexed_at)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET sha256 = excluded.sha256, path = excluded.path, name = excluded.name, folder = excluded.folder,
			state = excluded.state, title = excluded.title, receipt = excluded.receipt, tokens = excluded.tokens,
			chunks = excluded.chunks, vectors = excluded.vectors, sheets = excluded.sheets,
			size = excluded.size, modified_at = excluded.modified_at, indexed_at = excluded.indexed_at`,
		d.ID, d.Receipt.SHA256, d.Path, d.Name, d.Folder, d.State, d.Title, string(receipt), d.Tokens, d.Chunks, d.Vectors, string(sheets), d.Receipt.Size,
		d.ModifiedAt, d.AddedAt, d.IndexedAt)
	if err != nil {
		return fmt.Errorf("save document %s: %w", d.Name, err)
	}
	return nil
}

// RemoveDocuments removes documents and all that was made of them.
func (s *Store) RemoveDocuments(ctx context.Context, ids ...string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, id := range ids {
			if _, err := tx.ExecContext(ctx, "DELETE FROM documents WHERE id = ?", id); err != nil {
				return fmt.Errorf("remove document: %w", err)
			}
		}
		return nil
	})
}

// ClearText removes the pages and chunks of a document.
func (s *Store) ClearText(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, table := range []string{"chunks", "pages"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE document = (SELECT seq FROM documents WHERE id = ?)", id); err != nil {
				return fmt.Errorf("clear a document's text: %w", err)
			}
		}
		return nil
	})
}

const headingMark = " › "

// AddPart adds pages and chunks of a document.
func (s *Store) AddPart(ctx context.Context, id string, p document.Part) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		var seq int64
		if err := tx.QueryRowContext(ctx, "SELECT seq FROM documents WHERE id = ?", id).Scan(&seq); err != nil {
			if errors.Is(err, sql.ErrNoRows) {
				return document.ErrNotFound
			}
			return err
		}
		if err := addPages(ctx, tx, seq, p.Pages); err != nil {
			return fmt.Errorf("save pages: %w", err)
		}
		if err := addChunks(ctx, tx, seq, p.Chunks); err != nil {
			return fmt.Errorf("save chunks: %w", err)
		}
		return nil
	})
}

func addPages(ctx context.Context, tx *sql.Tx, seq int64, pages []parse.Page) error {
	if len(pages) == 0 {
		return nil
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO pages (document, number, label, text, width, height) VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, g := range pages {
		if _, err := insert.ExecContext(ctx, seq, g.Number, g.Label, g.Text, g.Width, g.Height); err != nil {
			return err
		}
	}
	return nil
}

func addChunks(ctx context.Context, tx *sql.Tx, seq int64, chunks []document.Chunk) error {
	if len(chunks) == 0 {
		return nil
	}
	insert, err := tx.PrepareContext(ctx, `INSERT INTO chunks (document, seq, page, start_byte, end_page, end_byte, heading, text, tokens, unspaced)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	defer insert.Close()
	for _, c := range chunks {
		if _, err := insert.ExecContext(ctx, seq, c.Seq, c.Page, c.Start, c.EndPage, c.End, strings.Join(c.Heading, headingMark), c.Text,
			c.Tokens, strings.ContainsFunc(c.Text, unspaced)); err != nil {
			return err
		}
	}
	return nil
}

// Pages reads all pages of a document, in order.
func (s *Store) Pages(ctx context.Context, id string) ([]parse.Page, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+pageColumns+" WHERE d.id = ? ORDER BY p.number", id)
	if err != nil {
		return nil, fmt.Errorf("read pages: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (parse.Page, error) { return scanPage(r) })
}

const pageColumns = "p.number, p.label, p.text, p.width, p.height FROM pages p JOIN documents d ON d.seq = p.document"

func scanPage(r scanner) (p parse.Page, err error) {
	err = r.Scan(&p.Number, &p.Label, &p.Text, &p.Width, &p.Height)
	return p, err
}

// Page reads one page of a document.
func (s *Store) Page(ctx context.Context, id string, number int) (parse.Page, error) {
	p, err := scanPage(s.reader.QueryRowContext(ctx, "SELECT "+pageColumns+" WHERE d.id = ? AND p.number = ?", id, number))
	if errors.Is(err, sql.ErrNoRows) {
		return p, fmt.Errorf("this document has no page %d", number)
	}
	return p, err
}
