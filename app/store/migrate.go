package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"
)

//go:embed sql/*.sql
var schemaFiles embed.FS

// schema holds the steps from an empty file to the present schema, in order. A
// released step is never changed; a new one is added.
var schema = readSteps(schemaFiles)

func readSteps(files fs.FS) []string {
	names, err := fs.Glob(files, "sql/*.sql")
	if err != nil {
		panic(err) // only a bad pattern
	}
	steps := make([]string, len(names))
	for i, n := range names {
		b, err := fs.ReadFile(files, n)
		if err != nil {
			panic(err) // embedded in the binary
		}
		steps[i] = string(b)
	}
	return steps
}

// migrate runs the steps that the file at path has not had yet, each in its
// own transaction together with the new PRAGMA user_version; a new file has all
// of them in one.
func migrate(ctx context.Context, db *sql.DB, path string, steps []string) error {
	version, err := userVersion(ctx, db)
	if err != nil {
		return err
	}
	if version > len(steps) {
		return fmt.Errorf("the data was written by a newer Freehold (its version is %d, this one knows %d); install the newer one again", version, len(steps))
	}
	if version > 0 && version < len(steps) {
		if err := backupBefore(ctx, db, fmt.Sprintf("%s.v%d.backup", path, version)); err != nil {
			return err
		}
	}
	if version == 0 { // a new file appears whole: nobody sees, or backs up, half of it
		return take(ctx, db, 0, steps)
	}
	for i := version; i < len(steps); i++ {
		if err := take(ctx, db, i, steps[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

// take runs the steps from number from on in one transaction. It does nothing
// if another process has done so in the meantime.
func take(ctx context.Context, db *sql.DB, from int, steps []string) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	version, err := userVersion(ctx, tx)
	if err != nil {
		return err
	}
	if version > from {
		return nil
	}
	for i, script := range steps {
		if _, err := tx.ExecContext(ctx, script); err != nil {
			return fmt.Errorf("bring the data from version %d to %d: %w", from+i, from+i+1, err)
		}
	}
	if _, err := tx.ExecContext(ctx, fmt.Sprintf("PRAGMA user_version = %d", from+len(steps))); err != nil {
		return err
	}
	return tx.Commit()
}

// backupBefore writes a copy to the file to. Two processes may do so at once.
func backupBefore(ctx context.Context, db *sql.DB, to string) error {
	temp := to + "." + rand.Text()
	defer os.Remove(temp)
	_, err := db.ExecContext(ctx, "VACUUM INTO ?", temp)
	if err == nil {
		err = os.Rename(temp, to)
	}
	if err != nil {
		return fmt.Errorf("back up to %s before changing the schema: %w", to, err)
	}
	return nil
}

func userVersion(ctx context.Context, q interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (v int, err error) {
	if err := q.QueryRowContext(ctx, "PRAGMA user_version").Scan(&v); err != nil {
		return 0, fmt.Errorf("read the schema version: %w", err)
	}
	return v, nil
}
