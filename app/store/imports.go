package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"freehold/app/chat"
	"freehold/app/porting"
)

var _ porting.Shelf = (*Store)(nil)

// What an import has staged lies in the bin under a time that is none: minus the
// number of its batch. So nobody sees it, and after a crash it is known for what
// it is.

const importPrefix = "import."

// KeptChat tells whether a chat is here, in the bin or not.
func (s *Store) KeptChat(ctx context.Context, id string) (k porting.Kept, there bool, err error) {
	var deleted sql.NullInt64
	err = s.reader.QueryRowContext(ctx, "SELECT leaf, deleted_at FROM chats WHERE id = ? AND (deleted_at IS NULL OR deleted_at >= 0)", id).Scan(&k.Leaf, &deleted)
	if errors.Is(err, sql.ErrNoRows) {
		return k, false, nil
	}
	if err != nil {
		return k, false, fmt.Errorf("look for chat %s: %w", id, err)
	}
	k.Deleted = deleted.Valid
	rows, err := s.reader.QueryContext(ctx, "SELECT id FROM messages WHERE chat_id = ?", id)
	if err != nil {
		return k, false, fmt.Errorf("look for chat %s: %w", id, err)
	}
	ids, err := scanAll(rows, func(r *sql.Rows) (id string, err error) { return id, r.Scan(&id) })
	k.Messages = make(map[string]bool, len(ids))
	for _, id := range ids {
		k.Messages[id] = true
	}
	return k, true, err
}

// StageChats keeps chats of an import where nobody sees them yet.
func (s *Store) StageChats(ctx context.Context, batch int64, chats []chat.Chat) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, c := range chats {
			if err := insertChat(ctx, tx, c); err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE chats SET deleted_at = ? WHERE id = ?", -batch, c.ID); err != nil {
				return fmt.Errorf("stage a chat: %w", err)
			}
		}
		return nil
	})
}

// SettleImport shows what was staged and keeps the receipt, all at once.
func (s *Store) SettleImport(ctx context.Context, batch int64, grown []porting.Growth, folders []chat.Folder, r porting.Receipt) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "UPDATE chats SET deleted_at = NULL WHERE deleted_at = ?", -batch); err != nil {
			return fmt.Errorf("show the imported chats: %w", err)
		}
		for _, g := range grown {
			for _, m := range g.Messages {
				if err := insertMessage(ctx, tx, m); err != nil {
					return err
				}
			}
			_, err := tx.ExecContext(ctx, `UPDATE chats SET leaf = coalesce(nullif(?, ''), leaf), updated_at = max(updated_at, ?),
				deleted_at = CASE WHEN ? THEN NULL ELSE deleted_at END WHERE id = ?`, g.Leaf, g.Updated, g.Restore, g.Chat)
			if err != nil {
				return fmt.Errorf("add to an imported chat: %w", err)
			}
		}
		for _, f := range folders { // one that was removed here comes back
			_, err := tx.ExecContext(ctx, "INSERT INTO folders (id, name, created_at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET deleted_at = NULL", f.ID, f.Name, f.CreatedAt)
			if err != nil {
				return fmt.Errorf("make the folder of an imported chat: %w", err)
			}
		}
		_, err := tx.ExecContext(ctx, "INSERT INTO settings (key, value) VALUES (?, ?)", importPrefix+r.ID, string(text))
		if err != nil {
			return fmt.Errorf("keep the receipt of an import: %w", err)
		}
		return nil
	})
}

// AbandonImport removes what an import has staged.
func (s *Store) AbandonImport(ctx context.Context, batch int64) error {
	_, err := s.removeStaged(ctx, "deleted_at = ?", -batch)
	return err
}

// AbandonImports removes what imports have left that a crash ended, and returns
// how many chats that were. Call it only while no import goes on.
func (s *Store) AbandonImports(ctx context.Context) (int, error) {
	return s.removeStaged(ctx, "deleted_at < ?", 0)
}

func (s *Store) removeStaged(ctx context.Context, where string, arg int64) (int, error) {
	r, err := s.writer.ExecContext(ctx, "DELETE FROM chats WHERE "+where, arg)
	if err != nil {
		return 0, fmt.Errorf("remove an unfinished import: %w", err)
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// Imports lists the receipts of all imports, the newest first.
func (s *Store) Imports(ctx context.Context) ([]porting.Receipt, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT value FROM settings WHERE key GLOB 'import.*' ORDER BY key DESC")
	if err != nil {
		return nil, fmt.Errorf("list imports: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (v porting.Receipt, err error) {
		var text string
		if err := r.Scan(&text); err != nil {
			return v, err
		}
		return v, json.Unmarshal([]byte(text), &v)
	})
}

// UndoImport puts what an import brought into the bin, all but the chats that
// were written in since.
func (s *Store) UndoImport(ctx context.Context, id string) (u porting.Undone, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		u = porting.Undone{Stayed: []string{}, Chats: []string{}}
		var text string
		var r porting.Receipt
		err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", importPrefix+id).Scan(&text)
		if errors.Is(err, sql.ErrNoRows) {
			return errors.New("this import is not known")
		}
		if err == nil {
			err = json.Unmarshal([]byte(text), &r)
		}
		if err != nil {
			return fmt.Errorf("undo an import: %w", err)
		}
		if r.Undone != 0 {
			return errors.New("this import has been undone already")
		}
		r.Undone = time.Now().UnixMilli()
		for _, e := range r.Entries {
			if e.State == porting.Grown {
				u.Stayed = append(u.Stayed, e.Title)
			}
			if e.State != porting.New && e.State != porting.Deleted {
				continue
			}
			done, err := tx.ExecContext(ctx, `UPDATE chats SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL AND updated_at <= ?`, r.Undone, e.Chat, e.UpdatedAt)
			if err != nil {
				return fmt.Errorf("undo an import: %w", err)
			}
			if n, err := done.RowsAffected(); err != nil {
				return err
			} else if n > 0 {
				u.Removed++
				u.Chats = append(u.Chats, e.Chat)
				continue
			}
			var here int
			if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM chats WHERE id = ? AND deleted_at IS NULL", e.Chat).Scan(&here); err != nil {
				return err
			}
			if here > 0 {
				u.Stayed = append(u.Stayed, e.Title)
			}
		}
		again, err := json.Marshal(r)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE settings SET value = ? WHERE key = ?", string(again), importPrefix+id)
		return err
	})
	return u, err
}
