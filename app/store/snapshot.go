package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"net/url"
	"path/filepath"
	"strings"
)

// TableDigest is what the rows of a table come to, in the order of its key.
type TableDigest struct {
	Name   string
	Rows   int64
	SHA256 string
}

// SchemaVersion is the newest that this program knows.
func SchemaVersion() int { return len(schema) }

// Snapshot writes a consistent copy to the file to, which must not exist, while
// everything goes on. Unless secrets is set, passwords within addresses of
// proxies are not in it.
func (s *Store) Snapshot(ctx context.Context, to string, secrets bool) error {
	if err := s.Backup(ctx, to); err != nil {
		return err
	}
	if secrets {
		return nil
	}
	db, err := sql.Open("sqlite3", dsn(to, "_journal_mode=DELETE"))
	if err != nil {
		return err
	}
	defer db.Close()
	var proxy sql.NullString
	err = db.QueryRowContext(ctx, "SELECT value ->> '$.proxy' FROM settings WHERE key = 'settings'").Scan(&proxy)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the settings of a copy: %w", err)
	}
	u, err := url.Parse(proxy.String)
	if err == nil && u.User == nil {
		return nil
	}
	plain := ""
	if err == nil {
		u.User = nil
		plain = u.String()
	}
	if _, err := db.ExecContext(ctx, "UPDATE settings SET value = json_set(value, '$.proxy', ?) WHERE key = 'settings'", plain); err != nil {
		return fmt.Errorf("take a password out of a copy: %w", err)
	}
	return nil
}

// Inspect checks the database file at path, which nobody has open, from
// beginning to end and returns its schema's version and what its tables come to.
// Indexes for searching are no tables: they are made of them.
func Inspect(ctx context.Context, path string) (version int, tables []TableDigest, err error) {
	db, err := sql.Open("sqlite3", dsn(path, "mode=ro&immutable=1&_query_only=on"))
	if err != nil {
		return 0, nil, err
	}
	defer db.Close()
	name := filepath.Base(path)
	if version, err = userVersion(ctx, db); err != nil {
		return 0, nil, fmt.Errorf("%s: %w", name, err)
	}
	rows, err := db.QueryContext(ctx, "PRAGMA integrity_check(10)")
	if err != nil {
		return 0, nil, fmt.Errorf("check %s: %w", name, err)
	}
	faults, err := scanAll(rows, func(r *sql.Rows) (f string, err error) { return f, r.Scan(&f) })
	if err != nil {
		return 0, nil, fmt.Errorf("check %s: %w", name, err)
	}
	if len(faults) != 1 || faults[0] != "ok" {
		return 0, nil, fmt.Errorf("%s is damaged: %v", name, faults)
	}
	tables, err = digests(ctx, db)
	return version, tables, err
}

// Digests says what the tables come to now.
func (s *Store) Digests(ctx context.Context) ([]TableDigest, error) {
	tx, err := s.reader.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	return digests(ctx, tx)
}

type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

func digests(ctx context.Context, q querier) ([]TableDigest, error) {
	rows, err := q.QueryContext(ctx, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	names, err := scanAll(rows, func(r *sql.Rows) (n string, err error) { return n, r.Scan(&n) })
	if err != nil {
		return nil, fmt.Errorf("list tables: %w", err)
	}
	all := []TableDigest{}
	for _, n := range names {
		d, err := digest(ctx, q, n)
		if err != nil {
			return nil, fmt.Errorf("read table %s: %w", n, err)
		}
		all = append(all, d)
	}
	return all, nil
}

func digest(ctx context.Context, q querier, table string) (TableDigest, error) {
	d := TableDigest{Name: table}
	rows, err := q.QueryContext(ctx, "SELECT name, pk FROM pragma_table_info(?)", table)
	if err != nil {
		return d, err
	}
	type column struct {
		name string
		key  int
	}
	columns, err := scanAll(rows, func(r *sql.Rows) (c column, err error) { return c, r.Scan(&c.name, &c.key) })
	if err != nil {
		return d, err
	}
	var names, order []string
	keys := map[int]string{}
	for _, c := range columns {
		names = append(names, quote(c.name))
		if c.key > 0 {
			keys[c.key] = quote(c.name)
		}
	}
	for i := 1; i <= len(keys); i++ {
		order = append(order, keys[i])
	}
	if len(order) == 0 {
		order = names
	}
	if rows, err = q.QueryContext(ctx, "SELECT "+strings.Join(names, ", ")+" FROM "+quote(table)+" ORDER BY "+strings.Join(order, ", ")); err != nil {
		return d, err
	}
	defer rows.Close()
	sum := sha256.New()
	values, into := make([]any, len(names)), make([]any, len(names))
	for i := range values {
		into[i] = &values[i]
	}
	var b bytes.Buffer
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return d, err
		}
		b.Reset()
		for _, v := range values {
			write(&b, v)
		}
		sum.Write(b.Bytes())
		d.Rows++
	}
	d.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return d, rows.Err()
}

// write writes a value so that different ones are never the same bytes.
func write(b *bytes.Buffer, v any) {
	text := func(kind byte, s []byte) {
		b.WriteByte(kind)
		b.Write(binary.AppendUvarint(nil, uint64(len(s))))
		b.Write(s)
	}
	switch v := v.(type) {
	case nil:
		b.WriteByte('n')
	case int64:
		b.WriteByte('i')
		b.Write(binary.BigEndian.AppendUint64(nil, uint64(v)))
	case float64:
		b.WriteByte('f')
		b.Write(binary.BigEndian.AppendUint64(nil, math.Float64bits(v)))
	case string:
		text('t', []byte(v))
	case []byte:
		text('b', v)
	default:
		text('?', fmt.Append(nil, v))
	}
}

// Rehome lets documents that the library keeps itself be found in another data
// folder, in a database that nobody has open.
func Rehome(ctx context.Context, path, from, to string) error {
	if from == "" || from == to {
		return nil
	}
	db, err := sql.Open("sqlite3", dsn(path, "_journal_mode=DELETE&_synchronous=FULL"))
	if err != nil {
		return err
	}
	defer db.Close()
	from, to = filepath.Join(from, "documents")+string(filepath.Separator), filepath.Join(to, "documents")+string(filepath.Separator)
	if _, err := db.ExecContext(ctx, "UPDATE documents SET path = ? || substr(path, length(?) + 1) WHERE substr(path, 1, length(?)) = ?", to, from, from, from); err != nil {
		return fmt.Errorf("let documents be found in their new place: %w", err)
	}
	return nil
}
