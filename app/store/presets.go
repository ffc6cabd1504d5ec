package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"freehold/app/preset"
)

var _ preset.Store = (*Store)(nil)

// Presets lists the presets, the oldest first.
func (s *Store) Presets(ctx context.Context) ([]preset.Preset, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT preset FROM presets WHERE deleted_at IS NULL ORDER BY id")
	if err != nil {
		return nil, fmt.Errorf("list presets: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (preset.Preset, error) { return scanPreset(r) })
}

func scanPreset(r scanner) (p preset.Preset, err error) {
	var text string
	if err = r.Scan(&text); err == nil {
		err = json.Unmarshal([]byte(text), &p)
	}
	return p, err
}

// SavePresets adds presets, or puts them in the place of those with their IDs.
func (s *Store) SavePresets(ctx context.Context, all ...preset.Preset) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		for _, p := range all {
			text, err := json.Marshal(p)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, `INSERT INTO presets (id, preset) VALUES (?, ?)
				ON CONFLICT (id) DO UPDATE SET preset = excluded.preset, deleted_at = NULL`, p.ID, string(text)); err != nil {
				return fmt.Errorf("keep the preset %q: %w", p.Name, err)
			}
		}
		return nil
	})
}

// DeletePreset removes a preset; RestorePreset brings it back.
func (s *Store) DeletePreset(ctx context.Context, id string) error {
	_, err := scanPreset(s.writer.QueryRowContext(ctx, "UPDATE presets SET deleted_at = ? WHERE id = ? AND deleted_at IS NULL RETURNING preset", time.Now().UnixMilli(), id))
	return presetGone("delete preset", err)
}

// RestorePreset undoes DeletePreset.
func (s *Store) RestorePreset(ctx context.Context, id string) (preset.Preset, error) {
	p, err := scanPreset(s.writer.QueryRowContext(ctx, "UPDATE presets SET deleted_at = NULL WHERE id = ? RETURNING preset", id))
	return p, presetGone("restore preset", err)
}

func presetGone(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrNoRows):
		return preset.ErrNotFound
	}
	return fmt.Errorf("%s: %w", doing, err)
}
