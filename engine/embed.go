package engine

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"freehold/engine/arch"
	"freehold/engine/program"
	"freehold/engine/schedule"
	"freehold/engine/tokenizer"
)

// Errors about what a model is for.
var (
	ErrEmbeds = errors.New("this is an embedding model: it turns texts into vectors and does not write")
	ErrWrites = errors.New("this model writes text: embeddings and ranking need an embedding model or a reranker")
	ErrRanks  = errors.New("this is a reranker: it scores documents and makes no vectors")
)

// TooLongError is about a text with more tokens than an embedding model reads at
// once. Nothing is cut off in silence.
type TooLongError struct {
	Text          int // which one
	Tokens, Limit int
}

func (e *TooLongError) Error() string {
	return fmt.Sprintf("text %d has %d tokens, the model reads %d at once: split it", e.Text+1, e.Tokens, e.Limit)
}

// DefaultEmbeddingContext bounds the texts of embedding models that were trained
// for longer ones: what both ends of a text see of each other takes memory.
const DefaultEmbeddingContext = 2048

// Most texts in a batch. Further ones would not make it faster.
const embeddingTexts = 64

// embedder runs an embedding model. All tokens of a text go through it in one
// batch, beside those of other texts.
type embedder struct {
	mu     sync.Mutex
	exec   program.Executable
	config arch.Config
	limits program.Limits
	width  int // of a result
}

// embeddingLimits is what the embedder's executable must hold.
func embeddingLimits(a *arch.Model, length int, kv program.KVType) program.Limits {
	l := program.Limits{Rows: max(BatchRows, length), Outputs: embeddingTexts, KV: kv}
	l.Blocks = l.Rows/program.BlockTokens + embeddingTexts
	if a.Config.Pooling == arch.PoolNone {
		l.Outputs = l.Rows
	}
	if len(a.Program.States) > 0 {
		l.Slots = embeddingTexts
	}
	return l
}

// run gives each text's result, [rows][width]: one row unless the model does not
// pool.
func (e *embedder) run(ctx context.Context, texts [][]int32) ([][]float32, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	results := make([][]float32, 0, len(texts))
	for len(texts) > 0 {
		b, n := e.batch(texts)
		values, err := e.exec.Run(ctx, b)
		if err != nil {
			return nil, err
		}
		for _, t := range texts[:n] {
			size := len(e.config.OutputRows(len(t))) * e.width
			results = append(results, slices.Clone(values[:size]))
			values = values[size:]
		}
		texts = texts[n:]
	}
	return results, nil
}

// batch makes a batch of as many of the texts as there is room for.
func (e *embedder) batch(texts [][]int32) (b *program.Batch, n int) {
	b = &program.Batch{}
	blocks := int32(0)
	for _, t := range texts {
		first := len(b.Tokens)
		if n == embeddingTexts || n > 0 && first+len(t) > e.limits.Rows {
			break
		}
		var table []int32
		for i, token := range t {
			if i%program.BlockTokens == 0 {
				table = append(table, blocks)
				blocks++
			}
			b.Tokens = append(b.Tokens, token)
			b.Positions = append(b.Positions, int32(i))
			b.Sequences = append(b.Sequences, int32(n))
		}
		for _, row := range e.config.OutputRows(len(t)) {
			b.Outputs = append(b.Outputs, int32(first)+row)
		}
		b.Tables = append(b.Tables, table)
		if e.limits.Slots > 0 {
			b.Slots = append(b.Slots, int32(n))
		}
		n++
	}
	return b, n
}

// check refuses texts that cannot be embedded.
func (e *embedder) check(texts [][]int32, limit int) error {
	for i, t := range texts {
		if len(t) == 0 {
			return fmt.Errorf("text %d is empty", i+1)
		}
		if len(t) > limit {
			return &TooLongError{Text: i, Tokens: len(t), Limit: limit}
		}
	}
	return nil
}

// Embed returns a vector of length 1 for each text; the dot product of two is
// how alike they are. Prefixes that the model wants before queries or documents
// are the caller's. A text that is too long is a *TooLongError.
func (m *Model) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return m.EmbedTokens(ctx, m.texts(texts))
}

// EmbedBeginnings is Embed, but of texts that are too long it takes as much as
// fits.
func (m *Model) EmbedBeginnings(ctx context.Context, texts []string) ([][]float32, error) {
	tokens, limit := m.texts(texts), m.info.ContextLength
	for i, ids := range tokens {
		if len(ids) <= limit {
			continue
		}
		tokens[i] = ids[:limit]
		if m.tokenizer.AddsEOS() || m.tokenizer.AddsSEP() {
			tokens[i][limit-1] = ids[len(ids)-1] // the mark of the end
		}
	}
	return m.EmbedTokens(ctx, tokens)
}

// texts are the tokens of texts, with the special ones around them.
func (m *Model) texts(texts []string) [][]int32 {
	tokens := make([][]int32, len(texts))
	for i, t := range texts {
		tokens[i] = m.tokenizer.Encode(t, tokenizer.Options{AddSpecial: true})
	}
	return tokens
}

// EmbedTokens is Embed for texts that are tokens already, with whatever special
// ones the model wants around them. A model without pooling gives a vector for
// every token, one behind another.
func (m *Model) EmbedTokens(ctx context.Context, texts [][]int32) ([][]float32, error) {
	if m.embedder == nil {
		return nil, ErrWrites
	}
	if m.embedder.config.Pooling == arch.PoolRank {
		return nil, ErrRanks
	}
	vectors, err := m.embed(ctx, texts)
	for _, v := range vectors {
		for row := range slices.Chunk(v, m.embedder.width) {
			normalize(row)
		}
	}
	return vectors, err
}

func (m *Model) embed(ctx context.Context, texts [][]int32) ([][]float32, error) {
	if err := m.embedder.check(texts, m.info.ContextLength); err != nil {
		return nil, err
	}
	return m.embedder.run(ctx, texts)
}

// normalize gives v the length 1, unless it is all zeros.
func normalize(v []float32) {
	sum := 0.0
	for _, x := range v {
		sum += float64(x) * float64(x)
	}
	if sum == 0 {
		return
	}
	for i, x := range v {
		v[i] = float32(float64(x) / math.Sqrt(sum))
	}
}

// Rank returns how well each document answers the query, by a reranker: higher
// is better, on the model's own scale.
func (m *Model) Rank(ctx context.Context, query string, documents []string) ([]float32, error) {
	if m.embedder == nil {
		return nil, ErrWrites
	}
	if m.embedder.config.Pooling != arch.PoolRank {
		return nil, errors.New("this model makes vectors; ranking needs a reranker")
	}
	pairs := make([][]int32, len(documents))
	for i, d := range documents {
		pairs[i] = m.pair(query, d)
	}
	results, err := m.embed(ctx, pairs)
	if err != nil {
		return nil, err
	}
	scores := make([]float32, len(results))
	for i, r := range results {
		scores[i] = r[0]
	}
	return scores, nil
}

// pair puts a query and a document together as rerankers are trained to read
// them: by a template that the file brings, or separated by special tokens.
func (m *Model) pair(query, document string) []int32 {
	if template, ok := m.file.Meta.String("tokenizer.chat_template.rerank"); ok {
		text := strings.NewReplacer("{query}", query, "{document}", document).Replace(template)
		return m.tokenizer.Encode(text, tokenizer.Options{ParseSpecial: true})
	}
	special := m.tokenizer.Special()
	end := special.EOS
	if end == tokenizer.None {
		end = special.SEP
	}
	var tokens []int32
	put := func(add bool, id int32) {
		if add && id != tokenizer.None {
			tokens = append(tokens, id)
		}
	}
	put(m.tokenizer.AddsBOS(), special.BOS)
	tokens = append(tokens, m.tokenizer.Encode(query, tokenizer.Options{})...)
	put(m.tokenizer.AddsEOS(), end)
	put(m.tokenizer.AddsSEP() && !(m.tokenizer.AddsEOS() && end == special.SEP), special.SEP)
	tokens = append(tokens, m.tokenizer.Encode(document, tokenizer.Options{})...)
	put(m.tokenizer.AddsEOS(), end)
	return tokens
}

// runTask runs a task of a model that writes.
func (m *Model) runTask(ctx context.Context, t schedule.Task) error {
	if m.scheduler == nil {
		return ErrEmbeds
	}
	return m.scheduler.Run(ctx, t)
}
