package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
)

// Download is a download that has not ended.
type Download struct {
	Ref      string
	Name     string
	Plan     json.RawMessage // what is to be fetched; null until it is known
	State    string          // queued (or running), paused, failed
	Error    string
	Done     int64 // bytes
	Total    int64 // bytes; 0 while unknown
	Position int64 // in the queue, the smallest first
}

// Downloads lists all, in the order of the queue.
func (s *Store) Downloads(ctx context.Context) ([]Download, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT ref, name, plan, state, error, done, total, position FROM downloads ORDER BY position, ref")
	if err != nil {
		return nil, fmt.Errorf("list downloads: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (d Download, err error) {
		var plan string
		err = r.Scan(&d.Ref, &d.Name, &plan, &d.State, &d.Error, &d.Done, &d.Total, &d.Position)
		d.Plan = json.RawMessage(plan)
		return d, err
	})
}

// SaveDownload adds a download, or replaces the one of its ref.
func (s *Store) SaveDownload(ctx context.Context, d Download) error {
	if len(d.Plan) == 0 {
		d.Plan = json.RawMessage("null")
	}
	_, err := s.writer.ExecContext(ctx, "INSERT OR REPLACE INTO downloads (ref, name, plan, state, error, done, total, position) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
		d.Ref, d.Name, string(d.Plan), d.State, d.Error, d.Done, d.Total, d.Position)
	if err != nil {
		return fmt.Errorf("save a download: %w", err)
	}
	return nil
}

// ForgetDownload removes the download of ref, if there is one.
func (s *Store) ForgetDownload(ctx context.Context, ref string) error {
	if _, err := s.writer.ExecContext(ctx, "DELETE FROM downloads WHERE ref = ?", ref); err != nil {
		return fmt.Errorf("forget a download: %w", err)
	}
	return nil
}

// SaveRequests adds requests to the log, or replaces those of the same id, and
// keeps the newest ones only. The keys are ids, the values JSON.
func (s *Store) SaveRequests(ctx context.Context, requests map[int64]json.RawMessage, keep int) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		for id, r := range requests {
			if _, err := tx.ExecContext(ctx, "INSERT OR REPLACE INTO requests (id, request) VALUES (?, ?)", id, string(r)); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, "DELETE FROM requests WHERE id <= (SELECT id FROM requests ORDER BY id DESC LIMIT 1 OFFSET ?)", keep)
		return err
	})
	if err != nil {
		return fmt.Errorf("keep the log of requests: %w", err)
	}
	return nil
}

// Requests returns the newest requests of the log, as JSON, the newest first.
func (s *Store) Requests(ctx context.Context, limit int) ([]json.RawMessage, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT request FROM requests ORDER BY id DESC LIMIT ?", limit)
	if err != nil {
		return nil, fmt.Errorf("read the log of requests: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (json.RawMessage, error) {
		var text string
		err := r.Scan(&text)
		return json.RawMessage(text), err
	})
}
