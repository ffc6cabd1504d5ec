package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode"

	"freehold/app/chat"
)

const (
	maxQueryRunes = 400 // more would only slow the search down
	maxTerms      = 16
	maxHits       = 400 // messages ranked per search
)

// SearchChats finds chats by words in their messages and by their title. The
// last word may be incomplete. Punctuation has no meaning.
func (s *Store) SearchChats(ctx context.Context, query string, limit int) ([]chat.Summary, error) {
	query = searchable(query)
	if query == "" {
		return []chat.Summary{}, nil
	}
	hits, args := hitQuery(query)
	rows, err := s.reader.QueryContext(ctx, `
		WITH hits (seq, rank) AS (`+hits+`),
		found (id, rank) AS (
			SELECT m.chat_id, h.rank FROM hits h JOIN messages m ON m.seq = h.seq AND m.removed IS NULL
			UNION ALL
			SELECT id, -1e9 FROM chats WHERE title LIKE ? ESCAPE '\')
		SELECT `+summaryColumns+` FROM (SELECT id, min(rank) AS rank FROM found GROUP BY id) f JOIN chats c ON c.id = f.id
		WHERE c.deleted_at IS NULL ORDER BY f.rank, c.updated_at DESC LIMIT ?`,
		append(args, contains(query), limit)...)
	if err != nil {
		return nil, fmt.Errorf("search chats: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (chat.Summary, error) { return scanSummary(r) })
}

// FindMessages finds messages and titles that hold the words of the query, as
// SearchChats does. Titles come first. Messages that are being written are not
// found.
func (s *Store) FindMessages(ctx context.Context, query string, limit int) ([]chat.Found, error) {
	query = searchable(query)
	if query == "" {
		return []chat.Found{}, nil
	}
	hits, args := hitQuery(query)
	rows, err := s.reader.QueryContext(ctx, `
		WITH hits (seq, rank) AS (`+hits+`)
		SELECT `+summaryColumns+`, '', '', c.updated_at, c.title, -1e9 AS rank FROM chats c
			WHERE c.title LIKE ? ESCAPE '\' AND c.deleted_at IS NULL
		UNION ALL
		SELECT `+summaryColumns+`, m.id, m.role, m.created_at, m.content, h.rank FROM hits h
			JOIN messages m ON m.seq = h.seq AND m.removed IS NULL JOIN chats c ON c.id = m.chat_id WHERE c.deleted_at IS NULL
		ORDER BY rank, 14 DESC LIMIT ?`,
		append(args, contains(query), limit)...)
	if err != nil {
		return nil, fmt.Errorf("search messages: %w", err)
	}
	return scanAll(rows, func(r *sql.Rows) (f chat.Found, err error) {
		var rank float64
		err = scanSummaryAnd(r, &f.Chat, &f.MessageID, &f.Role, &f.CreatedAt, &f.Text, &rank)
		return f, err
	})
}

// searchable is a query as it is looked for; "" if there is nothing in it.
func searchable(query string) string {
	if r := []rune(query); len(r) > maxQueryRunes {
		query = string(r[:maxQueryRunes])
	}
	return strings.TrimSpace(strings.ReplaceAll(query, "\x00", ""))
}

// hitQuery picks the index that suits the script of the query; without full
// text search every message is looked at.
func hitQuery(query string) (sql string, args []any) {
	if !fts5 {
		return scanQuery(query)
	}
	const ranked = "SELECT rowid, rank FROM %[1]s WHERE %[1]s MATCH ? ORDER BY rank LIMIT ?"
	if strings.ContainsFunc(query, unspaced) {
		grams := []string{}
		for _, w := range strings.Fields(query) {
			if len([]rune(w)) < 3 { // too short for trigrams
				return "SELECT seq, 0 FROM messages WHERE content LIKE ? ESCAPE '\\' ORDER BY seq DESC LIMIT ?", []any{contains(query), maxHits}
			}
			grams = append(grams, quote(w))
		}
		return fmt.Sprintf(ranked, "message_grams"), []any{strings.Join(grams[:min(len(grams), maxTerms)], " "), maxHits}
	}
	words := chat.Words(query)
	words = words[:min(len(words), maxTerms)]
	if len(words) == 0 {
		return "SELECT 0, 0 WHERE 0", nil
	}
	for i, w := range words {
		words[i] = quote(w)
	}
	words[len(words)-1] += "*"
	return fmt.Sprintf(ranked, "message_words"), []any{strings.Join(words, " "), maxHits}
}

// scanQuery finds messages that contain all words of the query.
func scanQuery(query string) (sql string, args []any) {
	sql = "SELECT seq, 0 FROM messages WHERE status <> 'streaming'"
	words := strings.Fields(query)
	for _, w := range words[:min(len(words), maxTerms)] {
		sql += ` AND content LIKE ? ESCAPE '\'`
		args = append(args, contains(w))
	}
	return sql + " ORDER BY seq DESC LIMIT ?", append(args, maxHits)
}

// unspaced tells runes of scripts that do not separate words.
func unspaced(r rune) bool {
	return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}

func quote(term string) string { return `"` + strings.ReplaceAll(term, `"`, `""`) + `"` }

var likeEscape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

func contains(text string) string { return "%" + likeEscape.Replace(text) + "%" }
