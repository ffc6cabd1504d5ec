package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"freehold/app/document"
)

// Collections lists all collections by name.
func (s *Store) Collections(ctx context.Context) ([]document.Collection, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT c.id, c.name, c.folder, c.created_at,
		(SELECT count(*) FROM collection_documents m WHERE m.collection = c.id) FROM collections c ORDER BY c.name COLLATE NOCASE, c.id`)
	if err != nil {
		return nil, fmt.Errorf("list collections: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (c document.Collection, err error) {
		return c, r.Scan(&c.ID, &c.Name, &c.Folder, &c.CreatedAt, &c.Documents)
	})
}

// SaveCollection adds a collection or renames it.
func (s *Store) SaveCollection(ctx context.Context, c document.Collection) error {
	_, err := s.writer.ExecContext(ctx, `INSERT INTO collections (id, name, folder, created_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET name = excluded.name, folder = excluded.folder`, c.ID, c.Name, c.Folder, c.CreatedAt)
	if err != nil {
		return fmt.Errorf("save collection: %w", err)
	}
	return nil
}

// DeleteCollection removes a collection; its documents stay.
func (s *Store) DeleteCollection(ctx context.Context, id string) error {
	r, err := s.writer.ExecContext(ctx, "DELETE FROM collections WHERE id = ?", id)
	if err != nil {
		return fmt.Errorf("delete collection: %w", err)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return document.ErrNoCollection
	}
	return nil
}

// SetCollection makes documents all that is in a collection.
func (s *Store) SetCollection(ctx context.Context, id string, documents []string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM collection_documents WHERE collection = ?", id); err != nil {
			return fmt.Errorf("change collection: %w", err)
		}
		return addToCollection(ctx, tx, id, documents)
	})
}

// AddToCollection puts documents into a collection.
func (s *Store) AddToCollection(ctx context.Context, id string, documents ...string) error {
	return s.write(ctx, func(tx *sql.Tx) error { return addToCollection(ctx, tx, id, documents) })
}

func addToCollection(ctx context.Context, tx *sql.Tx, id string, documents []string) error {
	var known int
	if err := tx.QueryRowContext(ctx, "SELECT 1 FROM collections WHERE id = ?", id).Scan(&known); err != nil {
		if errors.Is(err, sql.ErrNoRows) {
			return document.ErrNoCollection
		}
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO collection_documents (collection, document)
		SELECT ?, seq FROM documents WHERE id IN (SELECT value FROM json_each(?)) ON CONFLICT DO NOTHING`, id, list(documents))
	if err != nil {
		return fmt.Errorf("change collection: %w", err)
	}
	return nil
}

// DocumentsIn are the IDs of the documents in collections.
func (s *Store) DocumentsIn(ctx context.Context, collections []string) ([]string, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT DISTINCT d.id FROM collection_documents m JOIN documents d ON d.seq = m.document
		WHERE m.collection IN (SELECT value FROM json_each(?)) ORDER BY d.seq`, list(collections))
	if err != nil {
		return nil, fmt.Errorf("read collections: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
}
