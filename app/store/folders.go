package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"freehold/app/chat"
)

// Folders lists the folders by name.
func (s *Store) Folders(ctx context.Context) ([]chat.Folder, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT id, name, created_at FROM folders WHERE deleted_at IS NULL ORDER BY name COLLATE NOCASE, id")
	if err != nil {
		return nil, fmt.Errorf("list folders: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (chat.Folder, error) { return scanFolder(r) })
}

func scanFolder(r scanner) (f chat.Folder, err error) {
	err = r.Scan(&f.ID, &f.Name, &f.CreatedAt)
	return f, err
}

// CreateFolder adds an empty folder.
func (s *Store) CreateFolder(ctx context.Context, f chat.Folder) error {
	if _, err := s.writer.ExecContext(ctx, "INSERT INTO folders (id, name, created_at) VALUES (?, ?, ?)", f.ID, f.Name, f.CreatedAt); err != nil {
		return fmt.Errorf("create a folder: %w", err)
	}
	return nil
}

// RenameFolder gives a folder another name.
func (s *Store) RenameFolder(ctx context.Context, id, name string) (chat.Folder, error) {
	f, err := scanFolder(s.writer.QueryRowContext(ctx,
		"UPDATE folders SET name = ? WHERE id = ? AND deleted_at IS NULL RETURNING id, name, created_at", name, id))
	return f, folderGone("rename folder", err)
}

// DeleteFolder removes a folder. Its chats still name it, so that RestoreFolder
// brings everything back.
func (s *Store) DeleteFolder(ctx context.Context, id string) error {
	_, err := scanFolder(s.writer.QueryRowContext(ctx,
		"UPDATE folders SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL RETURNING id, name, created_at", time.Now().UnixMilli(), id))
	return folderGone("delete folder", err)
}

// RestoreFolder undoes DeleteFolder.
func (s *Store) RestoreFolder(ctx context.Context, id string) (chat.Folder, error) {
	f, err := scanFolder(s.writer.QueryRowContext(ctx,
		"UPDATE folders SET deleted_at = NULL WHERE id = ? RETURNING id, name, created_at", id))
	return f, folderGone("restore folder", err)
}

func folderGone(doing string, err error) error {
	if err = notFound(doing, err); err == chat.ErrNotFound {
		return chat.ErrNoFolder
	}
	return err
}
