package librarian

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"

	"freehold/app/document"
	"freehold/engine/nearest"
)

const (
	candidates = 60  // of each way of searching
	fusion     = 60  // the constant of reciprocal rank fusion (Cormack et al., 2009)
	reranked   = 24  // best passages that a reranker gets to see
	faint      = 0.1 // of the best score: what has less only shares words that stand everywhere, and gets no rank
)

// Search finds the passages that suit a query best, among all documents if docs
// is nil: by words and by vectors, their ranks fused, and reranked if there is a
// model for it. Passages are numbered from 1.
func (l *Librarian) Search(ctx context.Context, query string, docs []string, limit int) ([]document.Passage, error) {
	return l.SearchBy(ctx, query, docs, limit, Ways{Words: true, Vectors: true, Rerank: true})
}

// Ways of searching.
type Ways struct{ Words, Vectors, Rerank bool }

// SearchBy is Search in some of its ways.
func (l *Librarian) SearchBy(ctx context.Context, query string, docs []string, limit int, by Ways) ([]document.Passage, error) {
	if docs != nil && len(docs) == 0 {
		return []document.Passage{}, nil
	}
	scores := map[int64]*document.Scores{}
	of := func(id int64) *document.Scores {
		if scores[id] == nil {
			scores[id] = &document.Scores{Terms: []string{}}
		}
		return scores[id]
	}
	terms := Terms(query)
	if by.Words {
		found, err := l.store.Match(ctx, terms, docs, candidates)
		if err != nil {
			return nil, err
		}
		for i, m := range found {
			if m.Score < faint*found[0].Score {
				break
			}
			s := of(m.Chunk)
			s.Words, s.WordsRank = m.Score, i+1
			s.Fused += 1.0 / float64(fusion+i+1)
		}
	}
	if by.Vectors {
		found, err := l.nearest(ctx, query, docs)
		if err != nil && !errors.Is(err, ErrNoEmbedder) {
			return nil, err
		}
		for i, h := range found {
			s := of(h.ID)
			s.Vector, s.VectorRank = float64(h.Score), i+1
			s.Fused += 1.0 / float64(fusion+i+1)
		}
	}
	ids := make([]int64, 0, len(scores))
	for id := range scores {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b int64) int {
		if x, y := scores[a].Fused, scores[b].Fused; x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return int(a - b)
	})
	most := limit
	if by.Rerank {
		most = max(limit, reranked)
	}
	passages, err := l.passages(ctx, ids[:min(len(ids), most)])
	if err != nil {
		return nil, err
	}
	for i := range passages {
		p := &passages[i]
		p.Scores = *scores[p.Chunk]
		p.Scores.Terms = present(terms, p.Text)
	}
	if by.Rerank {
		if err := l.rerank(ctx, query, passages); err != nil {
			return nil, err
		}
	}
	passages = passages[:min(len(passages), limit)]
	for i := range passages {
		passages[i].N = i + 1
	}
	return passages, nil
}

// Inspect is Search among sources, everything if they are empty, for people who
// want to see why.
func (l *Librarian) Inspect(ctx context.Context, query string, s document.Sources, limit int) ([]document.Passage, error) {
	var ids []string
	if !s.Empty() {
		docs, err := l.resolve(ctx, s)
		if err != nil {
			return nil, err
		}
		ids = idsOf(docs)
	}
	return l.Search(ctx, query, ids, max(1, min(limit, 100)))
}

// rerank puts passages into the order that a reranker finds, if there is one.
func (l *Librarian) rerank(ctx context.Context, query string, passages []document.Passage) error {
	r, release, err := l.models.Reranker(ctx)
	if err != nil || r == nil {
		return err
	}
	defer release()
	texts := make([]string, len(passages))
	for i, p := range passages {
		texts[i] = p.Text
	}
	scores, err := r.Rank(ctx, query, texts)
	if err != nil {
		return fmt.Errorf("rerank passages: %w", err)
	}
	for i := range passages {
		passages[i].Scores.Rerank = float64(scores[i])
	}
	slices.SortStableFunc(passages, func(a, b document.Passage) int {
		switch {
		case a.Scores.Rerank > b.Scores.Rerank:
			return -1
		case a.Scores.Rerank < b.Scores.Rerank:
			return 1
		}
		return 0
	})
	for i := range passages {
		passages[i].Scores.RerankRank = i + 1
	}
	return nil
}

// passages makes passages of chunks, in their order.
func (l *Librarian) passages(ctx context.Context, ids []int64) ([]document.Passage, error) {
	chunks, err := l.store.Chunks(ctx, ids)
	if err != nil {
		return nil, err
	}
	return l.passagesOf(ctx, chunks)
}

func (l *Librarian) passagesOf(ctx context.Context, chunks []document.Chunk) ([]document.Passage, error) {
	names := map[string]string{}
	passages := make([]document.Passage, 0, len(chunks))
	for _, c := range chunks {
		name, ok := names[c.Document]
		if !ok {
			d, err := l.store.Document(ctx, c.Document)
			if errors.Is(err, document.ErrNotFound) {
				continue // removed a moment ago
			}
			if err != nil {
				return nil, err
			}
			name = d.Name
			names[c.Document] = name
		}
		heading := c.Heading
		if heading == nil {
			heading = []string{}
		}
		passages = append(passages, document.Passage{N: len(passages) + 1, Chunk: c.ID, Document: c.Document, Name: name, Page: c.Page, Start: c.Start,
			End: c.End, EndPage: c.EndPage, Heading: heading, Text: c.Text, Scores: document.Scores{Terms: []string{}}})
	}
	return passages, nil
}

// Neighbours are the passages around a chunk, itself among them.
func (l *Librarian) Neighbours(ctx context.Context, id int64) ([]document.Passage, error) {
	found, err := l.store.Chunks(ctx, []int64{id})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, document.ErrNotFound
	}
	from := max(0, found[0].Seq-1)
	chunks, err := l.store.ChunksOf(ctx, []string{found[0].Document}, from, found[0].Seq-from+2)
	if err != nil {
		return nil, err
	}
	return l.passagesOf(ctx, chunks)
}

// nearest finds chunks whose vectors are like the query's, with exact scores.
func (l *Librarian) nearest(ctx context.Context, query string, docs []string) ([]nearest.Hit, error) {
	e, release, err := l.models.Embedder(ctx)
	if err != nil {
		return nil, err
	}
	v, err := e.Embed(ctx, []string{query}, true)
	key := e.Key()
	release()
	if err != nil {
		return nil, fmt.Errorf("make a vector of the question: %w", err)
	}
	index, err := l.vectors.of(ctx, l.ctx, l.store, key, len(v[0]))
	if err != nil {
		return nil, err
	}
	var keep func(int64) bool
	if docs != nil {
		runs, err := l.store.ChunkRuns(ctx, docs)
		if err != nil {
			return nil, err
		}
		keep = func(id int64) bool {
			_, inside := slices.BinarySearchFunc(runs, id, func(r document.Run, id int64) int {
				switch {
				case r.Last < id:
					return -1
				case r.First > id:
					return 1
				}
				return 0
			})
			return inside
		}
	}
	hits := index.Search(ctx, v[0], 3*candidates, keep)
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ids := make([]int64, len(hits))
	for i, h := range hits {
		ids[i] = h.ID
	}
	exact, err := l.store.VectorsOf(ctx, key, ids)
	if err != nil {
		return nil, err
	}
	hits = hits[:0]
	for _, x := range exact {
		hits = append(hits, nearest.Hit{ID: x.Chunk, Score: nearest.Dot16(x.Values, v[0])})
	}
	slices.SortFunc(hits, func(a, b nearest.Hit) int {
		if a.Score != b.Score {
			if a.Score > b.Score {
				return -1
			}
			return 1
		}
		return int(a.ID - b.ID)
	})
	return hits[:min(len(hits), candidates)], nil
}

func encode(v []float32) []byte { return nearest.F16(v) }

// vectorShelf holds the vectors of one embedder in memory, all there are, from
// the first search on.
type vectorShelf struct {
	mu      sync.Mutex
	key     string
	index   *nearest.Index
	loading *loading
}

// loading is the reading of an embedder's vectors. It does not end with the
// question that began it: the next one waits for the same.
type loading struct {
	key  string
	dim  int
	late []func(*nearest.Index) // what has changed since it began
	done chan struct{}
	err  error // once it is done
}

// of returns the vectors of an embedder, reading them if they are not there. The
// reading ends with life.
func (s *vectorShelf) of(ctx, life context.Context, store document.Store, key string, dim int) (*nearest.Index, error) {
	for {
		s.mu.Lock()
		if s.index != nil && s.key == key && s.index.Dim() == dim {
			defer s.mu.Unlock()
			return s.index, nil
		}
		now := s.loading
		if now == nil {
			now = &loading{key: key, dim: dim, done: make(chan struct{})}
			s.loading = now
			go s.load(life, store, now)
		}
		s.mu.Unlock()
		select {
		case <-now.done:
			if now.err != nil && now.key == key && now.dim == dim {
				return nil, now.err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

const readAtOnce = 512 // vectors

func (s *vectorShelf) load(ctx context.Context, store document.Store, now *loading) {
	index := nearest.New(now.dim)
	// One reads, another makes of what was read what is searched.
	batches := make(chan []document.Vector, 4)
	put := make(chan struct{})
	go func() {
		defer close(put)
		for batch := range batches {
			for _, v := range batch {
				index.PutF16(v.Chunk, v.Values)
			}
		}
	}()
	var batch []document.Vector
	var values []byte
	now.err = store.Vectors(ctx, now.key, func(v document.Vector) error {
		if len(v.Values) != 2*now.dim {
			return fmt.Errorf("the vector of chunk %d has %d values, not %d", v.Chunk, len(v.Values)/2, now.dim)
		}
		if batch == nil {
			batch, values = make([]document.Vector, 0, readAtOnce), make([]byte, 0, readAtOnce*2*now.dim)
		}
		values = append(values, v.Values...)
		batch = append(batch, document.Vector{Chunk: v.Chunk, Values: values[len(values)-2*now.dim:]})
		if len(batch) == readAtOnce {
			batches <- batch
			batch = nil
		}
		return ctx.Err()
	})
	batches <- batch
	close(batches)
	<-put
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.err == nil {
		for _, change := range now.late {
			change(index)
		}
		s.key, s.index = now.key, index
	}
	s.loading = nil
	close(now.done)
}

// change is made to the vectors of an embedder, or of any if key is "".
func (s *vectorShelf) change(key string, f func(*nearest.Index)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.index != nil && (key == "" || s.key == key) {
		f(s.index)
	}
	if s.loading != nil && (key == "" || s.loading.key == key) {
		s.loading.late = append(s.loading.late, f)
	}
}

func (s *vectorShelf) put(key string, vectors []document.Vector) {
	s.change(key, func(x *nearest.Index) {
		for _, v := range vectors {
			x.PutF16(v.Chunk, v.Values)
		}
	})
}

func (s *vectorShelf) remove(chunks []int64) {
	s.change("", func(x *nearest.Index) {
		for _, id := range chunks {
			x.Delete(id)
		}
	})
}

const mostTerms = 24

// Terms are the words of a question that are worth looking for.
func Terms(query string) []string {
	var terms []string
	seen := map[string]bool{}
	words := strings.FieldsFunc(query, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) })
	for _, pass := range []bool{false, true} { // a question of common words only is looked for all the same
		for _, w := range words {
			low := strings.ToLower(w)
			if seen[low] || !pass && common[low] || len(terms) >= mostTerms {
				continue
			}
			seen[low] = true
			terms = append(terms, low)
		}
		if len(terms) > 0 {
			break
		}
	}
	return terms
}

// common words tell nothing about what is looked for.
var common = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(`a about after all also am an and any are as at be because been before being between both but by can could did do does
		doing each for from further had has have having he her here hers him his how i if in into is it its itself just me more most my no nor not now of on
		once only or other our out over own please same shall she should so some such tell than that the their them then there these they this those through to
		too under until up us very was we were what when where which while who whom whose why will with would you your
		aber alle als also am an auch auf aus bei bin bis bist da damit dann das dass dein dem den der des die dies diese dieser dieses doch dort du durch ein
		eine einem einen einer eines er es etwas für gibt hat hatte haben ich ihr ihre im in ist ja kann können mein mit nach nicht noch nun nur ob oder ohne
		sehr sein sich sie sind so über um und uns unter vom von vor war waren warum was welche welcher welches wenn wer werden wie wieder wir wird wo zu zum zur`) {
		m[w] = true
	}
	return m
}()

// present lists the terms that a text has, or begins a word of it with.
func present(terms []string, text string) []string {
	low := strings.ToLower(text)
	found := []string{}
	for _, t := range terms {
		if strings.Contains(low, t) {
			found = append(found, t)
		}
	}
	return found
}
