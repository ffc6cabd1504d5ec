// Command search measures how long searches among many chunks take: by words, by
// vectors and by both, as the application searches.
//
//	go run ./bench/search -chunks 100000 -texts DIR [-keep FILE.db] [-exact]
//
// The chunks are put together of the sentences of all texts below DIR, so that
// words are as frequent as they are in real texts, and each holds a few words
// that few others do. Vectors are drawn around centres, for no model makes a
// million of them in a reasonable time; the embedding of the question, which does
// not depend on the number of chunks, is not part of the times. With -keep the
// database stays for the next run. -exact compares the words that are found with
// an exhaustive ranking of the same words: it tells what the approximation costs.
package main

import (
	"bufio"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"freehold/app/document"
	"freehold/app/document/librarian"
	"freehold/app/document/parse"
	"freehold/app/store"
	"freehold/engine/nearest"
)

const (
	dim       = 384
	centres   = 4000
	perDoc    = 500 // chunks of a document
	sentences = 8   // of a chunk
	key       = "bench"
)

func main() {
	chunks := flag.Int("chunks", 100_000, "how many chunks")
	texts := flag.String("texts", "/usr/share/doc", "folder of texts")
	keep := flag.String("keep", "", "database to keep, or to go on with")
	asked := flag.Int("questions", 300, "how many questions")
	exact := flag.Bool("exact", false, "compare with an exhaustive ranking")
	flag.Parse()
	if err := run(context.Background(), *chunks, *texts, *keep, *asked, *exact); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, chunks int, texts, keep string, asked int, exact bool) error {
	pool, err := collect(texts)
	if err != nil {
		return err
	}
	fmt.Printf("%d sentences\n", len(pool))
	dir, err := os.MkdirTemp("", "freehold-search-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := keep
	if path == "" {
		path = filepath.Join(dir, "bench.db")
	}
	db, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	defer db.Close()
	around := centresOf()
	if err := fill(ctx, db, chunks, pool, around); err != nil {
		return err
	}
	models := &drawn{around: around}
	l, err := librarian.Open(librarian.Options{Store: db, Models: models, Dir: dir, Reader: none{}})
	if err != nil {
		return err
	}
	defer l.Close()
	start := time.Now()
	if _, err := l.Search(ctx, "the first question", nil, 10); err != nil {
		return err
	}
	fmt.Printf("first search, which reads the vectors: %.1f s\n", time.Since(start).Seconds())
	questions := questionsOf(pool, asked)
	for _, w := range []struct {
		name string
		by   librarian.Ways
	}{{"words", librarian.Ways{Words: true}}, {"vectors", librarian.Ways{Vectors: true}}, {"both", librarian.Ways{Words: true, Vectors: true}}} {
		var took []float64
		for i, q := range questions {
			models.seed = uint64(i)
			start := time.Now()
			if _, err := l.SearchBy(ctx, q, nil, 10, w.by); err != nil {
				return err
			}
			took = append(took, float64(time.Since(start).Microseconds())/1000)
		}
		slices.Sort(took)
		fmt.Printf("%-8s median %7.1f ms   p95 %7.1f ms   worst %7.1f ms\n", w.name, took[len(took)/2], took[len(took)*95/100], took[len(took)-1])
	}
	if exact {
		return compare(ctx, db, questions)
	}
	return nil
}

// compare tells how many of the ten best chunks by words an exhaustive ranking
// has among its ten best as well, as shares of all questions.
func compare(ctx context.Context, db *store.Store, questions []string) error {
	same, all, first := 0, 0, 0
	n := min(len(questions), 100)
	for _, q := range questions[:n] {
		terms := librarian.Terms(q)
		got, err := db.Match(ctx, terms, nil, 10)
		if err != nil {
			return err
		}
		want, err := db.MatchAll(ctx, terms, nil, 10)
		if err != nil {
			return err
		}
		in := map[int64]bool{}
		for _, m := range want {
			in[m.Chunk] = true
		}
		for i, m := range got {
			if in[m.Chunk] {
				same++
			}
			if i == 0 && len(want) > 0 && m.Chunk == want[0].Chunk {
				first++
			}
		}
		all += len(want)
	}
	fmt.Printf("of the exhaustive ranking's ten best by words: %.1f %% found; of its best: %.1f %%\n", 100*float64(same)/float64(max(all, 1)), 100*float64(first)/float64(n))
	return nil
}

// collect reads the sentences of all texts below a folder.
func collect(dir string) ([]string, error) {
	var pool []string
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || len(pool) > 400_000 || strings.Contains(d.Name(), "changelog") {
			return nil
		}
		f, err := os.Open(path)
		if err != nil {
			return nil
		}
		defer f.Close()
		r := io.LimitReader(f, 4<<20)
		if strings.HasSuffix(path, ".gz") {
			if r, err = gzip.NewReader(r); err != nil {
				return nil
			}
		}
		data, err := io.ReadAll(bufio.NewReader(io.LimitReader(r, 4<<20)))
		if err != nil || slices.Contains(data, 0) {
			return nil
		}
		for _, s := range strings.FieldsFunc(string(data), func(r rune) bool { return r == '.' || r == '?' || r == '!' || r == ';' }) {
			s = strings.Join(strings.Fields(s), " ")
			if n := strings.Count(s, " "); n >= 6 && n <= 40 && !seen[s] {
				seen[s] = true
				pool = append(pool, s)
			}
		}
		return nil
	})
	if err == nil && len(pool) < 1000 {
		err = fmt.Errorf("%s holds only %d sentences; name a folder of more texts with -texts", dir, len(pool))
	}
	return pool, err
}

// fill adds what is missing to as many chunks.
func fill(ctx context.Context, db *store.Store, chunks int, pool []string, around [][]float32) error {
	start := time.Now()
	docs, err := db.Documents(ctx)
	if err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(7, uint64(len(docs))))
	added := 0
	for d := len(docs); d*perDoc < chunks; d++ {
		id := fmt.Sprintf("doc%06d", d)
		if err := db.SaveDocument(ctx, document.Document{ID: id, Name: id + ".txt", Path: "/" + id, State: document.Embedding, AddedAt: int64(d), Receipt: parse.Receipt{Status: parse.Read}}); err != nil {
			return err
		}
		part := document.Part{Pages: []parse.Page{{Number: 1, Text: "-"}}}
		for i := range min(perDoc, chunks-d*perDoc) {
			var b strings.Builder
			for range sentences {
				b.WriteString(pool[rng.IntN(len(pool))] + ". ")
			}
			fmt.Fprintf(&b, "Item %x of batch%d.", rng.Uint32N(1<<24), rng.IntN(1+chunks/50))
			part.Chunks = append(part.Chunks, document.Chunk{Seq: i, Page: 1, EndPage: 1, End: 1, Heading: []string{fmt.Sprintf("Section %d", i/20)}, Text: b.String(), Tokens: 200})
		}
		if err := db.AddPart(ctx, id, part); err != nil {
			return err
		}
		bare, err := db.WithoutVector(ctx, key, id, perDoc)
		if err != nil {
			return err
		}
		vectors := make([]document.Vector, len(bare))
		for i, c := range bare {
			vectors[i] = document.Vector{Chunk: c.ID, Values: nearest.F16(near(rng, around[rng.IntN(len(around))]))}
		}
		if err := db.AddVectors(ctx, key, vectors); err != nil {
			return err
		}
		if added += len(bare); d%200 == 199 {
			fmt.Printf("%d chunks, %.0f a second\n", (d+1)*perDoc, float64(added)/time.Since(start).Seconds())
		}
	}
	return nil
}

func centresOf() [][]float32 {
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([][]float32, centres)
	for i := range all {
		all[i] = near(rng, make([]float32, dim))
	}
	return all
}

// near draws a vector of length 1 around another one.
func near(rng *rand.Rand, centre []float32) []float32 {
	v := make([]float32, dim)
	sum := 0.0
	for i := range v {
		v[i] = centre[i] + float32(rng.NormFloat64()*0.045)
		sum += float64(v[i]) * float64(v[i])
	}
	for i := range v {
		v[i] /= float32(math.Sqrt(sum))
	}
	return v
}

// questionsOf asks for what some sentences say, in some of their words, as
// frequent and as rare as they come.
func questionsOf(pool []string, n int) []string {
	rng := rand.New(rand.NewPCG(3, 4))
	forms := []string{"What does it say about %s?", "How does %s work?", "%s", "Why is there %s?", "Where can I find %s?"}
	var all []string
	for len(all) < n {
		words := strings.FieldsFunc(pool[rng.IntN(len(pool))], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
		if len(words) < 5 {
			continue
		}
		k := 3 + rng.IntN(6)
		at := rng.IntN(max(1, len(words)-k))
		all = append(all, fmt.Sprintf(forms[rng.IntN(len(forms))], strings.Join(words[at:min(len(words), at+k)], " ")))
	}
	return all
}

// drawn answers with vectors near centres, in no time.
type drawn struct {
	around [][]float32
	seed   uint64
}

func (d *drawn) Embedder(context.Context) (librarian.Embedder, func(), error) {
	return d, func() {}, nil
}
func (*drawn) Reranker(context.Context) (librarian.Reranker, func(), error) {
	return nil, func() {}, nil
}
func (*drawn) Key() string            { return key }
func (*drawn) Limit() int             { return 256 }
func (*drawn) Tokens(text string) int { return len(text) / 4 }
func (d *drawn) Embed(_ context.Context, texts []string, _ bool) ([][]float32, error) {
	rng := rand.New(rand.NewPCG(5, d.seed))
	all := make([][]float32, len(texts))
	for i := range all {
		all[i] = near(rng, d.around[rng.IntN(len(d.around))])
	}
	return all, nil
}

// none reads no files.
type none struct{ librarian.Reader }
