package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"freehold/app/chat"
)

// Drafts lists what was written and not sent.
func (s *Store) Drafts(ctx context.Context) ([]chat.Draft, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT chat_id, text, edited_at FROM drafts WHERE text <> ''")
	if err != nil {
		return nil, fmt.Errorf("list drafts: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (d chat.Draft, err error) { return d, r.Scan(&d.ChatID, &d.Text, &d.EditedAt) })
}

// SaveDraft keeps a draft unless a newer one is kept, and returns the kept one.
func (s *Store) SaveDraft(ctx context.Context, d chat.Draft) (kept chat.Draft, err error) {
	err = s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO drafts (chat_id, text, edited_at) VALUES (?, ?, ?)
			ON CONFLICT (chat_id) DO UPDATE SET text = excluded.text, edited_at = excluded.edited_at WHERE excluded.edited_at >= edited_at`,
			d.ChatID, d.Text, d.EditedAt); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, "SELECT chat_id, text, edited_at FROM drafts WHERE chat_id = ?", d.ChatID).Scan(&kept.ChatID, &kept.Text, &kept.EditedAt)
	})
	if err != nil {
		return kept, fmt.Errorf("keep a draft: %w", err)
	}
	return kept, nil
}

// Queues lists the chats' waiting messages, where there are any.
func (s *Store) Queues(ctx context.Context) ([]chat.Queue, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT chat_id, items, held FROM queues")
	if err != nil {
		return nil, fmt.Errorf("list waiting messages: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (chat.Queue, error) { return scanQueue(r) })
}

// Queue reads the waiting messages of a chat.
func (s *Store) Queue(ctx context.Context, chatID string) (chat.Queue, error) {
	q, err := scanQueue(s.writer.QueryRowContext(ctx, "SELECT chat_id, items, held FROM queues WHERE chat_id = ?", chatID))
	if errors.Is(err, sql.ErrNoRows) {
		return chat.Queue{ChatID: chatID, Items: []chat.Queued{}}, nil
	}
	return q, err
}

func scanQueue(r scanner) (q chat.Queue, err error) {
	var items string
	if err := r.Scan(&q.ChatID, &items, &q.Held); err != nil {
		return q, err
	}
	if err := json.Unmarshal([]byte(items), &q.Items); err != nil {
		return q, fmt.Errorf("the waiting messages of chat %s: %w", q.ChatID, err)
	}
	return q, nil
}

// SaveQueue keeps the waiting messages of a chat; without any nothing is kept.
func (s *Store) SaveQueue(ctx context.Context, q chat.Queue) error {
	items, err := json.Marshal(q.Items)
	if err != nil {
		return err
	}
	if len(q.Items) == 0 {
		_, err = s.writer.ExecContext(ctx, "DELETE FROM queues WHERE chat_id = ?", q.ChatID)
	} else {
		_, err = s.writer.ExecContext(ctx, `INSERT INTO queues (chat_id, items, held) VALUES (?, ?, ?)
			ON CONFLICT (chat_id) DO UPDATE SET items = excluded.items, held = excluded.held`, q.ChatID, string(items), q.Held)
	}
	if err != nil {
		return fmt.Errorf("keep waiting messages: %w", err)
	}
	return nil
}
