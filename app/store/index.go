package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
)

//go:embed index/search.sql
var searchIndex string

// The triggers that keep the search index true. A program built without full
// text search could not write messages while they are there.
var indexTriggers = []string{"message_indexed", "message_unindexed", "message_left_index", "message_reindexed"}

// prepareIndex makes the search index true, or, in a program that cannot write
// it, takes its triggers away; then it is made anew the next time.
func prepareIndex(ctx context.Context, db *sql.DB, can bool) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("prepare the search index: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("prepare the search index: %w", errors.Join(err, tx.Rollback()))
		}
	}()
	present := 0
	if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name IN (?, ?, ?, ?)",
		indexTriggers[0], indexTriggers[1], indexTriggers[2], indexTriggers[3]).Scan(&present); err != nil {
		return err
	}
	switch {
	case can && present < len(indexTriggers), !can && present > 0:
		for _, name := range indexTriggers {
			if _, err := tx.ExecContext(ctx, "DROP TRIGGER IF EXISTS "+name); err != nil {
				return err
			}
		}
		if can {
			if _, err := tx.ExecContext(ctx, searchIndex); err != nil {
				return err
			}
		}
	}
	return tx.Commit()
}
