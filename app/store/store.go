// Package store keeps the user's data in one SQLite file. It is the only
// package that knows SQL.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
)

// Store is an open database. It is safe for concurrent use: writes queue up
// behind one connection, reads go on beside them.
type Store struct {
	path   string
	writer *sql.DB
	reader *sql.DB
}

// Open opens the database file at path, makes it if it is missing, and brings
// its schema up to date; an existing file is copied beside itself before its
// schema changes. A file written by a newer Freehold is refused.
func Open(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	w, err := sql.Open("sqlite3", dsn(path, "_journal_mode=WAL&_txlock=immediate"))
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	w.SetMaxOpenConns(1)
	err = patiently(ctx, func() error {
		if err := migrate(ctx, w, path, schema); err != nil {
			return err
		}
		return prepareIndexes(ctx, w, fts5)
	})
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	r, err := sql.Open("sqlite3", dsn(path, "mode=ro&_query_only=on"))
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	r.SetMaxOpenConns(4)
	return &Store{path: path, writer: w, reader: r}, nil
}

// patiently tries again what fails because another process has the file. SQLite
// waits by itself, except while a new file becomes one with a write-ahead log.
func patiently(ctx context.Context, open func() error) error {
	var busy sqlite3.Error
	for deadline := time.Now().Add(5 * time.Second); ; {
		err := open()
		if !errors.As(err, &busy) || busy.Code != sqlite3.ErrBusy && busy.Code != sqlite3.ErrLocked || time.Now().After(deadline) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

func dsn(path, more string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path)}
	return u.String() + "?_foreign_keys=on&_busy_timeout=5000&_synchronous=NORMAL&_cache_size=-8000&" + more
}

// Close writes what is pending and closes the file.
func (s *Store) Close() error {
	return errors.Join(s.reader.Close(), s.writer.Close())
}

// Path is where the database lies.
func (s *Store) Path() string { return s.path }

// Check reads the whole file and reports damage.
func (s *Store) Check(ctx context.Context) error {
	rows, err := s.reader.QueryContext(ctx, "PRAGMA integrity_check(10)")
	if err != nil {
		return fmt.Errorf("check %s: %w", s.path, err)
	}
	faults, err := scanAll(rows, func(r *sql.Rows) (f string, err error) { return f, r.Scan(&f) })
	if err != nil {
		return fmt.Errorf("check %s: %w", s.path, err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return fmt.Errorf("%s is damaged: %v; restore it from a backup beside it", s.path, faults)
	}
	return nil
}

// Backup writes a consistent copy to the file to, which must not exist.
func (s *Store) Backup(ctx context.Context, to string) error {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("back up to %s: the file exists already", to)
	}
	if _, err := s.writer.ExecContext(ctx, "VACUUM INTO ?", to); err != nil {
		return fmt.Errorf("back up to %s: %w", to, err)
	}
	return nil
}

// write runs f in one transaction.
func (s *Store) write(ctx context.Context, f func(tx *sql.Tx) error) error {
	tx, err := s.writer.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("write to %s: %w", s.path, err)
	}
	if err := f(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("write to %s: %w", s.path, err)
	}
	return nil
}

// scanAll reads all rows, never returning nil without an error.
func scanAll[T any](rows *sql.Rows, scan func(*sql.Rows) (T, error)) ([]T, error) {
	defer rows.Close()
	all := []T{}
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
