package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
)

//go:embed index/search.sql
var messageIndex string

//go:embed index/chunks.sql
var chunkIndex string

// searchIndex is an index over a table with the triggers that keep it true. A
// program built without full text search could not write to the table while
// they are there.
type searchIndex struct {
	make     string
	triggers []string
}

var searchIndexes = []searchIndex{
	{messageIndex, []string{"message_indexed", "message_unindexed", "message_left_index", "message_reindexed"}},
	{chunkIndex, []string{"chunk_indexed", "chunk_unindexed"}},
}

// prepareIndexes makes the search indexes true, or, in a program that cannot
// write them, takes their triggers away; then they are made anew the next time.
func prepareIndexes(ctx context.Context, db *sql.DB, can bool) (err error) {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("prepare the search index: %w", err)
	}
	defer func() {
		if err != nil {
			err = fmt.Errorf("prepare the search index: %w", errors.Join(err, tx.Rollback()))
		}
	}()
	for _, x := range searchIndexes {
		if err := x.prepare(ctx, tx, can); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func (x searchIndex) prepare(ctx context.Context, tx *sql.Tx, can bool) error {
	present := 0
	for _, name := range x.triggers {
		n := 0
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger' AND name = ?", name).Scan(&n); err != nil {
			return err
		}
		present += n
	}
	if can && present == len(x.triggers) || !can && present == 0 {
		return nil
	}
	for _, name := range x.triggers {
		if _, err := tx.ExecContext(ctx, "DROP TRIGGER IF EXISTS "+name); err != nil {
			return err
		}
	}
	if !can {
		return nil
	}
	_, err := tx.ExecContext(ctx, x.make)
	return err
}
