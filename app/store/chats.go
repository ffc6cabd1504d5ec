package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"freehold/app/chat"
)

var _ chat.Store = (*Store)(nil)

const summaryColumns = "c.id, c.title, c.model, c.created_at, c.updated_at, c.leaf, c.folder, c.pinned, c.archived, c.tags, c.titled_by"

// returned is summaryColumns where a statement knows no c.
var returned = strings.ReplaceAll(summaryColumns, "c.", "")

type scanner interface{ Scan(...any) error }

func scanSummary(r scanner) (s chat.Summary, err error) {
	return s, scanSummaryAnd(r, &s)
}

// scanSummaryAnd reads a summary's columns, and those behind them into more.
func scanSummaryAnd(r scanner, s *chat.Summary, more ...any) error {
	var tags string
	err := r.Scan(append([]any{&s.ID, &s.Title, &s.Model, &s.CreatedAt, &s.UpdatedAt, &s.Leaf, &s.Folder, &s.Pinned, &s.Archived, &tags, &s.TitledBy}, more...)...)
	if err != nil {
		return err
	}
	s.Tags = []string{}
	if err := json.Unmarshal([]byte(tags), &s.Tags); err != nil {
		return fmt.Errorf("the tags of chat %s: %w", s.ID, err)
	}
	return nil
}

// CreateChat adds an empty chat, or one with messages.
func (s *Store) CreateChat(ctx context.Context, c chat.Chat) error {
	return s.write(ctx, func(tx *sql.Tx) error { return insertChat(ctx, tx, c) })
}

func insertChat(ctx context.Context, tx *sql.Tx, c chat.Chat) error {
	sampling, err := json.Marshal(c.Sampling)
	if err != nil {
		return err
	}
	sources, err := json.Marshal(c.Sources)
	if err != nil {
		return err
	}
	tags, err := json.Marshal(append([]string{}, c.Tags...))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx,
		`INSERT INTO chats (id, title, model, system, sampling, sources, leaf, created_at, updated_at, folder, pinned, archived, tags, titled_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Title, c.Model, c.System, string(sampling), string(sources), c.Leaf, c.CreatedAt, c.UpdatedAt, c.Folder, c.Pinned, c.Archived, string(tags), c.TitledBy)
	if err != nil {
		return fmt.Errorf("create a chat: %w", err)
	}
	for _, m := range c.Messages {
		if err := insertMessage(ctx, tx, m); err != nil {
			return err
		}
	}
	return nil
}

// Chats lists all chats that are not deleted, the one last written to first.
func (s *Store) Chats(ctx context.Context) ([]chat.Summary, error) {
	rows, err := s.reader.QueryContext(ctx,
		"SELECT "+summaryColumns+" FROM chats c WHERE deleted_at IS NULL ORDER BY updated_at DESC, id DESC")
	if err != nil {
		return nil, fmt.Errorf("list chats: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (chat.Summary, error) { return scanSummary(r) })
}

// Chat reads a chat with all its messages.
func (s *Store) Chat(ctx context.Context, id string) (chat.Chat, error) {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true}) // one snapshot for both queries
	if err != nil {
		return chat.Chat{}, fmt.Errorf("read chat: %w", err)
	}
	defer tx.Rollback()
	var c chat.Chat
	var sampling, sources string
	err = scanSummaryAnd(tx.QueryRowContext(ctx, "SELECT "+summaryColumns+", c.system, c.sampling, c.sources FROM chats c WHERE id = ? AND deleted_at IS NULL", id),
		&c.Summary, &c.System, &sampling, &sources)
	if err != nil {
		return chat.Chat{}, notFound("read chat", err)
	}
	if err := json.Unmarshal([]byte(sampling), &c.Sampling); err != nil {
		return chat.Chat{}, fmt.Errorf("read chat %s: its sampling settings: %w", id, err)
	}
	if err := json.Unmarshal([]byte(sources), &c.Sources); err != nil {
		return chat.Chat{}, fmt.Errorf("read chat %s: its documents: %w", id, err)
	}
	c.Sources.Documents, c.Sources.Collections = append([]string{}, c.Sources.Documents...), append([]string{}, c.Sources.Collections...)
	rows, err := tx.QueryContext(ctx, `SELECT id, chat_id, coalesce(parent_id, ''), role, content, thinking, model, status, error,
		stop_reason, left_out, timings, created_at, evidence, trial FROM messages WHERE chat_id = ? AND removed IS NULL ORDER BY seq`, id)
	if err != nil {
		return chat.Chat{}, fmt.Errorf("read chat: %w", err)
	}
	c.Messages, err = scanAll(rows, scanMessage)
	if err != nil {
		return chat.Chat{}, fmt.Errorf("read chat %s: %w", id, err)
	}
	return c, nil
}

func scanMessage(r *sql.Rows) (m chat.Message, err error) {
	var timings, evidence, trial sql.NullString
	err = r.Scan(&m.ID, &m.ChatID, &m.ParentID, &m.Role, &m.Content, &m.Thinking, &m.Model, &m.Status, &m.Error,
		&m.StopReason, &m.LeftOut, &timings, &m.CreatedAt, &evidence, &trial)
	if err == nil && timings.Valid {
		err = json.Unmarshal([]byte(timings.String), &m.Timings)
	}
	if err == nil && evidence.Valid {
		err = json.Unmarshal([]byte(evidence.String), &m.Evidence)
	}
	if err == nil && trial.Valid {
		err = json.Unmarshal([]byte(trial.String), &m.Trial)
	}
	return m, err
}

// ChangeChat changes the given fields of a chat.
func (s *Store) ChangeChat(ctx context.Context, id string, c chat.Change) (sum chat.Summary, err error) {
	sampling, err := jsonText(c.Sampling)
	if err != nil {
		return sum, err
	}
	sources, err := jsonText(c.Sources)
	if err != nil {
		return sum, err
	}
	tags, err := jsonText(c.Tags)
	if err != nil {
		return sum, err
	}
	row := s.writer.QueryRowContext(ctx, `UPDATE chats AS c SET title = coalesce(?, title), titled_by = coalesce(?, titled_by), model = coalesce(?, model),
		system = coalesce(?, system), leaf = coalesce(?, leaf), sampling = coalesce(?, sampling),
		sources = coalesce(?, sources), folder = coalesce(?, folder), pinned = coalesce(?, pinned), archived = coalesce(?, archived),
		tags = coalesce(?, tags)
		WHERE id = ? AND deleted_at IS NULL RETURNING `+returned,
		c.Title, c.TitledBy, c.Model, c.System, c.Leaf, sampling, sources, c.Folder, c.Pinned, c.Archived, tags, id)
	sum, err = scanSummary(row)
	if err != nil {
		return sum, notFound("change chat", err)
	}
	return sum, nil
}

// DeleteChat puts a chat into the bin.
func (s *Store) DeleteChat(ctx context.Context, id string) error {
	r, err := s.writer.ExecContext(ctx, "UPDATE chats SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL", time.Now().UnixMilli(), id)
	if err != nil {
		return fmt.Errorf("delete chat: %w", err)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return chat.ErrNotFound
	}
	return nil
}

// RestoreChat takes a chat out of the bin.
func (s *Store) RestoreChat(ctx context.Context, id string) (chat.Summary, error) {
	sum, err := scanSummary(s.writer.QueryRowContext(ctx,
		"UPDATE chats SET deleted_at = NULL WHERE id = ? RETURNING "+returned, id))
	if err != nil {
		return sum, notFound("restore chat", err)
	}
	return sum, nil
}

// AddMessages adds messages, parents first, and shows the last one.
func (s *Store) AddMessages(ctx context.Context, chatID string, msgs ...chat.Message) (sum chat.Summary, err error) {
	if len(msgs) == 0 {
		return sum, errors.New("no message to add")
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, m := range msgs {
			m.ChatID = chatID
			if err := insertMessage(ctx, tx, m); err != nil {
				return err
			}
		}
		sum, err = scanSummary(tx.QueryRowContext(ctx, `UPDATE chats SET leaf = ?, updated_at = ?
			WHERE id = ? AND deleted_at IS NULL RETURNING `+returned,
			msgs[len(msgs)-1].ID, time.Now().UnixMilli(), chatID))
		return notFound("add messages", err)
	})
	return sum, err
}

func insertMessage(ctx context.Context, tx *sql.Tx, m chat.Message) error {
	timings, err := jsonText(m.Timings)
	if err != nil {
		return err
	}
	evidence, err := jsonText(m.Evidence)
	if err != nil {
		return err
	}
	trial, err := jsonText(m.Trial)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO messages (id, chat_id, parent_id, role, content, thinking, model, status, error, stop_reason,
		left_out, timings, created_at, evidence, trial) VALUES (?, ?, nullif(?, ''), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		m.ID, m.ChatID, m.ParentID, m.Role, m.Content, m.Thinking, m.Model, m.Status, m.Error, m.StopReason, m.LeftOut, timings, m.CreatedAt, evidence, trial)
	if err != nil {
		return fmt.Errorf("add a message: %w", err)
	}
	return nil
}

// SaveMessage writes what changes while an answer grows.
func (s *Store) SaveMessage(ctx context.Context, m chat.Message) error {
	timings, err := jsonText(m.Timings)
	if err != nil {
		return err
	}
	evidence, err := jsonText(m.Evidence)
	if err != nil {
		return err
	}
	r, err := s.writer.ExecContext(ctx, `UPDATE messages SET content = ?, thinking = ?, status = ?, error = ?, stop_reason = ?,
		left_out = ?, timings = ?, evidence = ? WHERE id = ?`,
		m.Content, m.Thinking, m.Status, m.Error, m.StopReason, m.LeftOut, timings, evidence, m.ID)
	if err != nil {
		return fmt.Errorf("save a message: %w", err)
	}
	if n, err := r.RowsAffected(); err == nil && n == 0 {
		return chat.ErrNotFound
	}
	return nil
}

// jsonText is a value as it is kept, nil for none.
func jsonText[T any](v *T) (*string, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("save a chat: %w", err)
	}
	text := string(b)
	return &text, nil
}

// StopInterrupted marks the answers that a crash left streaming as stopped and
// keeps their text. Call it only while no other process is answering.
func (s *Store) StopInterrupted(ctx context.Context) (int, error) {
	r, err := s.writer.ExecContext(ctx, "UPDATE messages SET status = 'stopped', stop_reason = 'error' WHERE status = 'streaming'")
	if err != nil {
		return 0, fmt.Errorf("stop interrupted answers: %w", err)
	}
	n, err := r.RowsAffected()
	return int(n), err
}

func notFound(doing string, err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return chat.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}
