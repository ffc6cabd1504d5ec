package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"freehold/app/document"
)

const chunkColumns = `c.id, d.id, c.seq, c.page, c.start_byte, c.end_page, c.end_byte, c.heading, c.text, c.tokens
	FROM chunks c JOIN documents d ON d.seq = c.document`

func scanChunk(r *sql.Rows) (c document.Chunk, err error) {
	var heading string
	err = r.Scan(&c.ID, &c.Document, &c.Seq, &c.Page, &c.Start, &c.EndPage, &c.End, &heading, &c.Text, &c.Tokens)
	if heading != "" {
		c.Heading = strings.Split(heading, headingMark)
	}
	return c, err
}

// list is values as a JSON array, which a statement of any number of them reads
// with json_each.
func list[T any](values []T) string {
	if values == nil {
		return "[]"
	}
	b, err := json.Marshal(values)
	if err != nil {
		panic(err) // only strings and numbers come here
	}
	return string(b)
}

// Chunks reads chunks by ID, in that order.
func (s *Store) Chunks(ctx context.Context, ids []int64) ([]document.Chunk, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+chunkColumns+" JOIN json_each(?) j ON j.value = c.id ORDER BY j.key", list(ids))
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	return scanAll(rows, scanChunk)
}

const inDocuments = "c.document IN (SELECT seq FROM documents WHERE id IN (SELECT value FROM json_each(?)))"

// ChunksOf reads chunks of documents in their order.
func (s *Store) ChunksOf(ctx context.Context, documents []string, after, limit int) ([]document.Chunk, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+chunkColumns+" WHERE "+inDocuments+" ORDER BY c.document, c.seq LIMIT ? OFFSET ?", list(documents), limit, after)
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	return scanAll(rows, scanChunk)
}

// CountChunks counts the chunks of documents and their tokens.
func (s *Store) CountChunks(ctx context.Context, documents []string) (chunks, tokens int, err error) {
	err = s.reader.QueryRowContext(ctx, "SELECT count(*), coalesce(sum(tokens), 0) FROM chunks c WHERE "+inDocuments, list(documents)).Scan(&chunks, &tokens)
	return chunks, tokens, err
}

// ChunkIDs are the IDs of all chunks of documents.
func (s *Store) ChunkIDs(ctx context.Context, documents []string) ([]int64, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT c.id FROM chunks c WHERE "+inDocuments, list(documents))
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (id int64, err error) { return id, r.Scan(&id) })
}

// headingWeight is how much more a word counts in a heading than in the text.
const headingWeight = 1.5

// Match finds the chunks that have some of the terms, best first. Where terms
// stand in a good part of a large library, only chunks that have a rarer one too
// are ranked: ranking all would read most of the index.
func (s *Store) Match(ctx context.Context, terms []string, documents []string, limit int) ([]document.Match, error) {
	return s.match(ctx, terms, documents, limit, postings)
}

// MatchAll is Match with all terms, however many chunks have them.
func (s *Store) MatchAll(ctx context.Context, terms []string, documents []string, limit int) ([]document.Match, error) {
	return s.match(ctx, terms, documents, limit, math.MaxInt)
}

// postings is how many places of terms a search ranks, about: what an old laptop
// does in a moment.
const postings = 40_000

func (s *Store) match(ctx context.Context, terms []string, documents []string, limit, postings int) ([]document.Match, error) {
	if len(terms) == 0 || limit <= 0 {
		return []document.Match{}, nil
	}
	if !fts5 {
		return s.scanMatch(ctx, terms, documents, limit)
	}
	words, grams := phrases(terms)
	within, err := s.rangeOf(ctx, documents)
	if err != nil {
		return nil, err
	}
	var found [][]document.Match
	for _, t := range []textIndex{
		{"chunk_words", fmt.Sprintf("bm25(chunk_words, %g, 1.0)", headingWeight), words},
		{"chunk_grams", "bm25(chunk_grams)", grams},
	} {
		if len(t.terms) == 0 {
			continue
		}
		rare, frequent, err := s.telling(ctx, t, within, postings)
		if err != nil {
			return nil, err
		}
		query := strings.Join(rare, " OR ")
		if len(frequent) > 0 && query != "" {
			some, err := s.ranked(ctx, t, "("+query+") AND ("+strings.Join(frequent, " OR ")+")", within, limit)
			if err != nil {
				return nil, err
			}
			if found = append(found, some); len(some) >= limit/2 {
				continue
			}
		}
		some, err := s.ranked(ctx, t, query, within, limit)
		if err != nil {
			return nil, err
		}
		found = append(found, some)
	}
	return interleaved(found, limit), nil
}

// phrases parts terms by the index that knows them, in FTS5's syntax.
func phrases(terms []string) (words, grams []string) {
	for _, t := range terms {
		if strings.ContainsFunc(t, unspaced) {
			if len([]rune(t)) >= 3 {
				grams = append(grams, quote(t))
			}
		} else if strings.ContainsFunc(t, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
			words = append(words, quote(t))
		}
	}
	return words, grams
}

// textIndex is one of the indexes of words, and what is looked for in it.
type textIndex struct {
	table, rank string
	terms       []string
}

// within is where chunks are looked for: everywhere, or among those of documents,
// whose IDs lie between two.
type within struct {
	documents   []string
	first, last int64
}

func (s *Store) rangeOf(ctx context.Context, documents []string) (within, error) {
	if documents == nil {
		return within{last: math.MaxInt64}, nil
	}
	runs, err := s.ChunkRuns(ctx, documents)
	if err != nil || len(runs) == 0 {
		return within{documents: documents, last: -1}, err
	}
	return within{documents, runs[0].First, runs[len(runs)-1].Last}, nil
}

// ChunkRuns tells which chunks belong to documents, as runs of their IDs in order.
func (s *Store) ChunkRuns(ctx context.Context, documents []string) ([]document.Run, error) {
	// IDs grow with a document's chunks; they have gaps if two were read at once.
	type ends struct {
		seq, chunks int64
		document.Run
	}
	rows, err := s.reader.QueryContext(ctx, `SELECT d.seq, l.seq + 1, f.id, l.id FROM documents d
		JOIN chunks f ON f.document = d.seq AND f.seq = (SELECT min(seq) FROM chunks WHERE document = d.seq)
		JOIN chunks l ON l.document = d.seq AND l.seq = (SELECT max(seq) FROM chunks WHERE document = d.seq)
		WHERE d.id IN (SELECT value FROM json_each(?)) ORDER BY f.id`, list(documents))
	if err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	all, err := scanAll(rows, func(r *sql.Rows) (e ends, err error) { return e, r.Scan(&e.seq, &e.chunks, &e.First, &e.Last) })
	if err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	var runs []document.Run
	for _, e := range all {
		if e.Last-e.First+1 == e.chunks {
			runs = append(runs, e.Run)
			continue
		}
		rows, err := s.reader.QueryContext(ctx, `SELECT min(id), max(id) FROM (SELECT id, id - row_number() OVER (ORDER BY id) AS island
			FROM chunks WHERE document = ?) GROUP BY island`, e.seq)
		if err != nil {
			return nil, fmt.Errorf("search documents: %w", err)
		}
		some, err := scanAll(rows, func(r *sql.Rows) (n document.Run, err error) { return n, r.Scan(&n.First, &n.Last) })
		if err != nil {
			return nil, fmt.Errorf("search documents: %w", err)
		}
		runs = append(runs, some...)
	}
	slices.SortFunc(runs, func(a, b document.Run) int { return cmp.Compare(a.First, b.First) })
	joined := runs[:0]
	for _, r := range runs {
		if n := len(joined); n > 0 && joined[n-1].Last+1 == r.First {
			joined[n-1].Last = r.Last
			continue
		}
		joined = append(joined, r)
	}
	return joined, nil
}

// telling parts the terms: those of which few chunks have any, so that together
// they make about so many postings, and those that stand everywhere. Terms that no
// chunk has are left out.
func (s *Store) telling(ctx context.Context, t textIndex, w within, postings int) (rare, frequent []string, err error) {
	if len(t.terms) < 2 || postings == math.MaxInt {
		return t.terms, nil, nil
	}
	type counted struct {
		term string
		n    int
	}
	var all []counted
	sum := 0
	for _, term := range t.terms {
		var n int
		err := s.reader.QueryRowContext(ctx, "SELECT count(*) FROM (SELECT 1 FROM "+t.table+" WHERE "+t.table+" MATCH ? AND rowid BETWEEN ? AND ? LIMIT ?)",
			term, w.first, w.last, postings+1).Scan(&n)
		if err != nil {
			return nil, nil, fmt.Errorf("search documents: %w", err)
		}
		all = append(all, counted{term, n})
		sum += n
	}
	if sum <= postings {
		return t.terms, nil, nil
	}
	slices.SortStableFunc(all, func(a, b counted) int { return a.n - b.n })
	sum = 0
	for _, c := range all {
		switch sum += c.n; {
		case c.n == 0:
		case len(rare) == 0 || sum <= postings:
			rare = append(rare, c.term)
		default:
			frequent = append(frequent, c.term)
		}
	}
	return rare, frequent, nil
}

// ranked runs a search in one index.
func (s *Store) ranked(ctx context.Context, t textIndex, query string, w within, limit int) ([]document.Match, error) {
	if query == "" {
		return nil, nil
	}
	statement, args := "SELECT rowid, -"+t.rank+" FROM "+t.table+" WHERE "+t.table+" MATCH ?", []any{query}
	if w.documents != nil {
		statement = "SELECT x.rowid, -" + t.rank + " FROM " + t.table + " x JOIN chunks c ON c.id = x.rowid WHERE " + t.table + " MATCH ? AND x.rowid BETWEEN ? AND ? AND " + inDocuments
		args = append(args, w.first, w.last, list(w.documents))
	}
	rows, err := s.reader.QueryContext(ctx, statement+" ORDER BY "+t.rank+" LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	found, err := scanAll(rows, func(r *sql.Rows) (m document.Match, err error) { return m, r.Scan(&m.Chunk, &m.Score) })
	if err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	return found, nil
}

// interleaved joins lists whose scores do not compare, by their ranks.
func interleaved(lists [][]document.Match, limit int) []document.Match {
	all := []document.Match{}
	seen := map[int64]bool{}
	for i := 0; len(all) < limit; i++ {
		more := false
		for _, l := range lists {
			if i >= len(l) {
				continue
			}
			more = true
			if !seen[l[i].Chunk] && len(all) < limit {
				seen[l[i].Chunk] = true
				all = append(all, l[i])
			}
		}
		if !more {
			break
		}
	}
	return all
}

// scanMatch counts how many of the terms each chunk has.
func (s *Store) scanMatch(ctx context.Context, terms []string, documents []string, limit int) ([]document.Match, error) {
	var score []string
	var args []any
	for _, t := range terms {
		score = append(score, `((c.heading || ' ' || c.text) LIKE ? ESCAPE '\')`)
		args = append(args, contains(t))
	}
	where := ""
	if documents != nil {
		where = " WHERE " + inDocuments
		args = append(args, list(documents))
	}
	rows, err := s.reader.QueryContext(ctx, "SELECT id, score FROM (SELECT c.id, "+strings.Join(score, " + ")+" AS score FROM chunks c"+where+
		") WHERE score > 0 ORDER BY score DESC, id LIMIT ?", append(args, limit)...)
	if err != nil {
		return nil, fmt.Errorf("search documents: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (m document.Match, err error) { return m, r.Scan(&m.Chunk, &m.Score) })
}

// WithoutVector lists chunks of a document that have no vector of the embedder.
func (s *Store) WithoutVector(ctx context.Context, embedder, doc string, limit int) ([]document.Chunk, error) {
	rows, err := s.reader.QueryContext(ctx, "SELECT "+chunkColumns+` WHERE d.id = ? AND NOT EXISTS
		(SELECT 1 FROM vectors v JOIN embedders e ON e.id = v.embedder WHERE v.chunk = c.id AND e.key = ?) ORDER BY c.seq LIMIT ?`, doc, embedder, limit)
	if err != nil {
		return nil, fmt.Errorf("read chunks: %w", err)
	}
	return scanAll(rows, scanChunk)
}

// AddVectors keeps vectors of chunks; those of chunks that are gone are dropped.
func (s *Store) AddVectors(ctx context.Context, embedder string, vectors []document.Vector) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "INSERT INTO embedders (key) VALUES (?) ON CONFLICT DO NOTHING", embedder); err != nil {
			return fmt.Errorf("save vectors: %w", err)
		}
		insert, err := tx.PrepareContext(ctx, `INSERT INTO vectors (chunk, embedder, vector)
			SELECT c.id, e.id, ? FROM chunks c, embedders e WHERE c.id = ? AND e.key = ?
			ON CONFLICT (chunk) DO UPDATE SET embedder = excluded.embedder, vector = excluded.vector`)
		if err != nil {
			return fmt.Errorf("save vectors: %w", err)
		}
		defer insert.Close()
		for _, v := range vectors {
			if _, err := insert.ExecContext(ctx, v.Values, v.Chunk, embedder); err != nil {
				return fmt.Errorf("save vectors: %w", err)
			}
		}
		return nil
	})
}

// CountVectors counts the chunks of a document that have a vector of the embedder.
func (s *Store) CountVectors(ctx context.Context, embedder, doc string) (n int, err error) {
	err = s.reader.QueryRowContext(ctx, `SELECT count(*) FROM chunks c JOIN documents d ON d.seq = c.document JOIN vectors v ON v.chunk = c.id
		JOIN embedders e ON e.id = v.embedder WHERE d.id = ? AND e.key = ?`, doc, embedder).Scan(&n)
	return n, err
}

// Vectors passes all vectors of an embedder to each, whose Values are good until it returns.
func (s *Store) Vectors(ctx context.Context, embedder string, each func(document.Vector) error) error {
	rows, err := s.reader.QueryContext(ctx, "SELECT v.chunk, v.vector FROM vectors v JOIN embedders e ON e.id = v.embedder WHERE e.key = ?", embedder)
	if err != nil {
		return fmt.Errorf("read vectors: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var v document.Vector
		var values sql.RawBytes
		if err := rows.Scan(&v.Chunk, &values); err != nil {
			return fmt.Errorf("read vectors: %w", err)
		}
		v.Values = values
		if err := each(v); err != nil {
			return err
		}
	}
	return rows.Err()
}

// VectorsOf reads the vectors of some chunks.
func (s *Store) VectorsOf(ctx context.Context, embedder string, chunks []int64) ([]document.Vector, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT v.chunk, v.vector FROM vectors v JOIN embedders e ON e.id = v.embedder
		WHERE e.key = ? AND v.chunk IN (SELECT value FROM json_each(?))`, embedder, list(chunks))
	if err != nil {
		return nil, fmt.Errorf("read vectors: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (v document.Vector, err error) { return v, r.Scan(&v.Chunk, &v.Values) })
}
