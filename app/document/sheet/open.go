package sheet

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mattn/go-sqlite3"

	"freehold/app/document"
)

// Limits of a query.
const (
	mostFiles    = 200
	mostAttached = 9         // SQLite attaches ten: one is for what is copied
	mostCopied   = 256 << 20 // bytes of files
	mostRows     = 1000
	mostBytes    = 1 << 20 // of a result
	mostSeconds  = 5
)

// File is what Build made of a document.
type File struct {
	Path   string
	Name   string // of the document
	Sheets []document.Sheet
}

// DB is the tables of some documents, to be read only.
type DB struct {
	db     *sql.DB
	conn   *sql.Conn
	sheets []document.Sheet
	from   []string // names of the documents
}

// Open opens the tables of documents. Nothing but reading them is possible: a query
// cannot write, attach, load or go on for long. The largest files are attached where
// they lie; as SQLite attaches only a few, the tables of the others are copied into a
// database that is gone with the DB.
func Open(ctx context.Context, files []File) (_ *DB, err error) {
	if len(files) == 0 {
		return nil, errors.New("there are no tables")
	}
	if len(files) > mostFiles {
		return nil, fmt.Errorf("tables of at most %d files can be asked at once, these are %d; name the files in the question", mostFiles, len(files))
	}
	copied, err := toCopy(files)
	if err != nil {
		return nil, err
	}
	raw, err := sql.Open("sqlite3", "") // on the disk, if it grows, without a name
	if err != nil {
		return nil, err
	}
	d := &DB{db: raw}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if d.conn, err = raw.Conn(ctx); err != nil {
		return nil, err
	}
	used := map[string]bool{}
	for i, f := range files {
		if err := d.take(ctx, f, "d"+strconv.Itoa(i), copied[i], used); err != nil {
			return nil, err
		}
	}
	return d, d.lock()
}

// toCopy chooses the files that are copied: none while all can be attached,
// otherwise the smallest.
func toCopy(files []File) (map[int]bool, error) {
	if len(files) <= mostAttached {
		return nil, nil
	}
	sizes, bySize := make([]int64, len(files)), make([]int, len(files))
	for i, f := range files {
		info, err := os.Stat(f.Path)
		if err != nil {
			return nil, fmt.Errorf("open the tables of %s: %w; read the file again", f.Name, err)
		}
		sizes[i], bySize[i] = info.Size(), i
	}
	slices.SortStableFunc(bySize, func(a, b int) int { return cmp.Compare(sizes[a], sizes[b]) })
	copied, sum := map[int]bool{}, int64(0)
	for _, i := range bySize[:len(files)-mostAttached] {
		copied[i] = true
		sum += sizes[i]
	}
	if sum > mostCopied {
		return nil, fmt.Errorf("the tables of these %d files are too large to be asked at once; name the files in the question", len(files))
	}
	return copied, nil
}

// take attaches a file under a name and makes its tables known by names of their
// own: as views of it, or as copies, and then it is detached again.
func (d *DB) take(ctx context.Context, f File, name string, copied bool, used map[string]bool) error {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(f.Path), RawQuery: "mode=ro&immutable=1"}
	if _, err := d.conn.ExecContext(ctx, "ATTACH ? AS "+name, u.String()); err != nil {
		return fmt.Errorf("open the tables of %s: %w; read the file again", f.Name, err)
	}
	known := "CREATE TEMP VIEW "
	if copied {
		known = "CREATE TABLE main."
	}
	for _, s := range f.Sheets {
		own := s.Table
		s.Table = unique(used, own)
		if _, err := d.conn.ExecContext(ctx, known+quote(s.Table)+" AS SELECT * FROM "+name+"."+quote(own)); err != nil {
			return fmt.Errorf("open the tables of %s: %w; read the file again", f.Name, err)
		}
		d.sheets, d.from = append(d.sheets, s), append(d.from, f.Name)
	}
	if !copied {
		return nil
	}
	if _, err := d.conn.ExecContext(ctx, "DETACH "+name); err != nil {
		return fmt.Errorf("close the tables of %s: %w", f.Name, err)
	}
	return nil
}

// Sheets are the tables by the names that queries call them by.
func (d *DB) Sheets() []document.Sheet { return d.sheets }

// Close ends all.
func (d *DB) Close() error {
	var err error
	if d.conn != nil {
		err = d.conn.Close()
	}
	return errors.Join(err, d.db.Close())
}

// lock takes away everything but reading.
func (d *DB) lock() error {
	return d.conn.Raw(func(c any) error {
		conn, ok := c.(*sqlite3.SQLiteConn)
		if !ok {
			return errors.New("the database is no SQLite")
		}
		conn.SetLimit(sqlite3.SQLITE_LIMIT_LENGTH, mostBytes)
		conn.SetLimit(sqlite3.SQLITE_LIMIT_SQL_LENGTH, 20_000)
		conn.SetLimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
		conn.SetLimit(sqlite3.SQLITE_LIMIT_EXPR_DEPTH, 100)
		conn.SetLimit(sqlite3.SQLITE_LIMIT_COMPOUND_SELECT, 20)
		conn.RegisterAuthorizer(authorize)
		return nil
	})
}

// authorize agrees to reading and to functions that only calculate.
func authorize(action int, a, b, _ string) int {
	switch action {
	case sqlite3.SQLITE_SELECT:
		return sqlite3.SQLITE_OK
	case sqlite3.SQLITE_READ:
		if strings.HasPrefix(strings.ToLower(a), "sqlite_") {
			return sqlite3.SQLITE_DENY
		}
		return sqlite3.SQLITE_OK
	case sqlite3.SQLITE_FUNCTION:
		if slices.Contains(functions, strings.ToLower(b)) {
			return sqlite3.SQLITE_OK
		}
	}
	return sqlite3.SQLITE_DENY
}

var functions = strings.Fields(`abs avg ceil ceiling coalesce count cume_dist date datetime dense_rank exp first_value floor format glob group_concat ifnull iif
	instr julianday lag last_value lead length like ln log log10 log2 lower ltrim max min mod nth_value ntile nullif percent_rank pow power printf rank replace
	round row_number rtrim sign sqrt strftime string_agg substr substring sum time total trim trunc typeof unicode unixepoch upper`)

// Query runs one SELECT. What is wrong with it is said in Query.Error, which a
// model can be shown to mend it.
func (d *DB) Query(ctx context.Context, statement string) (document.Query, error) {
	q := document.Query{SQL: strings.TrimSpace(statement), Columns: []string{}, Rows: [][]string{}}
	ctx, cancel := context.WithTimeout(ctx, mostSeconds*time.Second)
	defer cancel()
	err := d.run(ctx, &q)
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		q.Error = fmt.Sprintf("the query took longer than %d seconds", mostSeconds)
	case ctx.Err() != nil:
		return q, ctx.Err()
	default:
		q.Error = err.Error()
	}
	return q, nil
}

func (d *DB) run(ctx context.Context, q *document.Query) error {
	one := strings.TrimRight(q.SQL, "; \n\t")
	if low := strings.ToLower(one); !strings.HasPrefix(low, "select") && !strings.HasPrefix(low, "with") {
		return errors.New("only SELECT is possible")
	}
	rows, err := d.conn.QueryContext(ctx, one)
	if err != nil {
		return err
	}
	defer rows.Close()
	if q.Columns, err = rows.Columns(); err != nil {
		return err
	}
	if len(q.Columns) > mostColumns {
		return fmt.Errorf("more than %d columns", mostColumns)
	}
	size := 0
	values, places := make([]any, len(q.Columns)), make([]any, len(q.Columns))
	for i := range values {
		places[i] = &values[i]
	}
	for rows.Next() {
		q.Total++
		if len(q.Rows) >= mostRows || size > mostBytes {
			if q.Total > 1_000_000 {
				return errors.New("more than a million rows")
			}
			continue
		}
		if err := rows.Scan(places...); err != nil {
			return err
		}
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = written(v)
			size += len(row[i])
		}
		q.Rows = append(q.Rows, row)
	}
	return rows.Err()
}

// written is a value as it is shown: numbers without what rounding left.
func written(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		s := strconv.FormatFloat(v, 'f', 6, 64)
		return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
	case bool:
		return strconv.FormatBool(v)
	case []byte:
		return strings.ToValidUTF8(string(v), "")
	case string:
		return strings.ToValidUTF8(v, "")
	case time.Time:
		return v.Format("2006-01-02T15:04:05")
	}
	return fmt.Sprint(v)
}

// values lists the distinct texts of a column, if they are not too many.
func (d *DB) values(ctx context.Context, table, column string) []string {
	const most = 3000
	rows, err := d.conn.QueryContext(ctx, fmt.Sprintf("SELECT DISTINCT %s FROM %s WHERE %s IS NOT NULL LIMIT %d", quote(column), quote(table), quote(column), most+1))
	if err != nil {
		return nil
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if rows.Scan(&s) != nil {
			return nil
		}
		all = append(all, s)
	}
	if len(all) > most || rows.Err() != nil {
		return nil
	}
	return all
}

// valuesIn is values for what plans a query.
func (d *DB) valuesIn(ctx context.Context) func(table, column string) []string {
	return func(table, column string) []string { return d.values(ctx, table, column) }
}
