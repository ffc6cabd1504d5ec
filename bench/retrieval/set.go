package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"unicode"

	"freehold/app/document"
)

// Question of the set.
type Question struct {
	ID       string `json:"id"`
	Half     string `json:"half"` // tune, which anything may be tuned with, or held-out
	Question string `json:"question"`
	Style    string `json:"style"`
	File     string `json:"file"`
	Quote    string `json:"quote"` // the passage that answers it
}

func load(path string) ([]Question, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []Question
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var q Question
		if err := json.Unmarshal(lines.Bytes(), &q); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, len(all)+1, err)
		}
		all = append(all, q)
	}
	return all, lines.Err()
}

// shelf is what the set's texts have become.
type shelf struct {
	chunks []document.Chunk
	byDoc  map[string][]document.Chunk
	docs   map[string]string // by name, the ID
	store  document.Store
}

// part is a shelf of n of the chunks: those that are relevant to any question, and
// others, drawn the same way every time. It is all of them if n is 0.
func (s *shelf) part(n int, relevant []map[int64]bool) *shelf {
	if n <= 0 || n >= len(s.chunks) {
		n = len(s.chunks)
	}
	wanted := map[int64]bool{}
	for _, r := range relevant {
		maps.Copy(wanted, r)
	}
	var first, others []document.Chunk
	for _, c := range s.chunks {
		if wanted[c.ID] {
			first = append(first, c)
		} else {
			others = append(others, c)
		}
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(others), func(i, k int) { others[i], others[k] = others[k], others[i] })
	return &shelf{chunks: append(first, others[:max(0, n-len(first))]...), byDoc: s.byDoc, docs: s.docs, store: s.store}
}

// vectors of all chunks, as they are stored.
func (s *shelf) vectors(ctx context.Context, key string) ([][]byte, error) {
	ids := make([]int64, len(s.chunks))
	for i, c := range s.chunks {
		ids[i] = c.ID
	}
	found, err := s.store.VectorsOf(ctx, key, ids)
	if err != nil {
		return nil, err
	}
	byID := map[int64][]byte{}
	for _, v := range found {
		byID[v.Chunk] = v.Values
	}
	all := make([][]byte, len(ids))
	for i, id := range ids {
		if all[i] = byID[id]; all[i] == nil {
			return nil, fmt.Errorf("chunk %d of the library has no vector of this embedder; begin with an empty folder", id)
		}
	}
	return all, nil
}

// relevant finds the chunks that answer a question: those that hold at least half
// of the quote, or, if it is cut so that none does, the one that holds most.
func (s *shelf) relevant(ctx context.Context, q Question) (map[int64]bool, error) {
	doc, ok := s.docs[q.File]
	if !ok {
		return nil, fmt.Errorf("%s: there is no file %s", q.ID, q.File)
	}
	quote, _ := folded(q.Quote)
	texts := map[int]string{}
	for _, c := range s.byDoc[doc] {
		for n := c.Page; n <= max(c.Page, c.EndPage); n++ {
			if _, read := texts[n]; read {
				continue
			}
			page, err := s.store.Page(ctx, doc, n)
			if err != nil {
				return nil, err
			}
			texts[n] = page.Text
		}
	}
	for n, text := range texts {
		plain, at := folded(text)
		i := strings.Index(plain, quote)
		if i < 0 {
			continue
		}
		start, end := at[i], at[i+len(quote)-1]+1
		found := map[int64]bool{}
		var most int64
		best := 0
		for _, c := range s.byDoc[doc] {
			if c.Page != n {
				continue
			}
			part := min(end, c.End) - max(start, c.Start)
			if 2*part >= end-start {
				found[c.ID] = true
			}
			if part > best {
				most, best = c.ID, part
			}
		}
		if best == 0 {
			return nil, fmt.Errorf("%s: no chunk holds the quote", q.ID)
		}
		found[most] = true
		return found, nil
	}
	return nil, fmt.Errorf("%s: %s does not say the quote", q.ID, q.File)
}

// folded leaves letters and digits of a text, in small letters, and tells where
// each byte of them stood: layout and marks do not matter to a quote.
func folded(text string) (plain string, at []int) {
	var b strings.Builder
	for i, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		n, _ := b.WriteRune(unicode.ToLower(r))
		for range n {
			at = append(at, i)
		}
	}
	return b.String(), at
}
