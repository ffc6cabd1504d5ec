package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"freehold/app/chat"
)

// RemoveBranch puts the message root and the others of ids, which are all below
// it, into the bin, and shows leaf.
func (s *Store) RemoveBranch(ctx context.Context, chatID, root string, ids []string, leaf string) (sum chat.Summary, err error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return sum, err
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `UPDATE messages SET removed = ?
			WHERE chat_id = ? AND removed IS NULL AND id IN (SELECT value FROM json_each(?))`, root, chatID, string(list))
		if err != nil {
			return fmt.Errorf("remove a branch: %w", err)
		}
		sum, err = showLeaf(ctx, tx, chatID, leaf)
		return err
	})
	return sum, err
}

// RestoreBranch takes what was removed together with the message root out of
// the bin, and shows leaf.
func (s *Store) RestoreBranch(ctx context.Context, chatID, root, leaf string) (sum chat.Summary, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		r, err := tx.ExecContext(ctx, `UPDATE messages SET removed = NULL WHERE chat_id = ? AND removed = ?
			AND NOT EXISTS (SELECT 1 FROM messages m JOIN messages p ON p.id = m.parent_id WHERE m.id = ? AND p.removed IS NOT NULL)`,
			chatID, root, root)
		if err != nil {
			return fmt.Errorf("restore a branch: %w", err)
		}
		if n, err := r.RowsAffected(); err == nil && n == 0 {
			return chat.ErrNotFound
		}
		sum, err = showLeaf(ctx, tx, chatID, leaf)
		return err
	})
	return sum, err
}

func showLeaf(ctx context.Context, tx *sql.Tx, chatID, leaf string) (chat.Summary, error) {
	sum, err := scanSummary(tx.QueryRowContext(ctx, `UPDATE chats SET leaf = ? WHERE id = ? AND deleted_at IS NULL
		RETURNING `+returned, leaf, chatID))
	return sum, notFound("change chat", err)
}

// SaveTrials keeps how answers compared.
func (s *Store) SaveTrials(ctx context.Context, msgs ...chat.Message) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, m := range msgs {
			trial, err := jsonText(m.Trial)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, "UPDATE messages SET trial = ? WHERE id = ?", trial, m.ID); err != nil {
				return fmt.Errorf("keep a comparison: %w", err)
			}
		}
		return nil
	})
}
