package librarian

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"freehold/app/document"
	"freehold/app/document/chunk"
	"freehold/app/document/cite"
	"freehold/app/document/parse"
	"freehold/app/document/route"
)

const (
	mostPassages = 10 // of a search
	foundAbsent  = "These files do not say."
)

const instructions = `Answer from the numbered passages of the user's documents below, and from nothing else. Put the number of the passage that a statement comes from behind it, like [2]. If the passages do not hold the answer, say: "` + foundAbsent + `"`

// Ground puts together what the model needs for the question.
func (l *Librarian) Ground(ctx context.Context, w document.Writer, a document.Ask) (document.Grounding, error) {
	start := time.Now()
	docs, err := l.resolve(ctx, a.Sources)
	if err != nil {
		return document.Grounding{}, err
	}
	g := document.Grounding{Question: a.Question}
	e := &g.Evidence
	e.Passages, e.Sentences, e.LeftOut = []document.Passage{}, []document.Sentence{}, []string{}
	docs = usable(docs, e)
	ids := idsOf(docs)
	chunks, tokens, err := l.store.CountChunks(ctx, ids)
	if err != nil {
		return g, err
	}
	e.Of = chunks
	e.Budget = document.Budget{Limit: w.ContextLength(), Documents: 0}
	if len(docs) == 0 {
		e.Route, e.Why = document.None, "no document can be read yet"
		g.Direct = "None of the attached files can be read yet."
		if len(e.LeftOut) > 0 {
			g.Direct += "\n\n- " + strings.Join(e.LeftOut, "\n- ")
		}
		return g, nil
	}
	q := route.Question{Text: a.Question, History: a.History, Room: a.Room}
	for _, d := range docs {
		q.Files = append(q.Files, route.File{Name: d.Name, Kind: string(d.Receipt.Kind), Tokens: d.Tokens, Sheets: len(d.Sheets), Pages: d.Receipt.Pages})
	}
	decision := route.Choose(q)
	e.Route, e.Why = decision.Route, decision.Why
	if a.Sources.Route != document.Auto {
		e.Route, e.Why, e.Chosen = a.Sources.Route, "you chose this way", true
	}
	if !e.Chosen { // a document that the question names is the one that is meant
		if named := byName(docs, decision.Documents); len(named) > 0 && len(named) < len(docs) {
			docs, ids = named, idsOf(named)
			if e.Of, tokens, err = l.store.CountChunks(ctx, ids); err != nil {
				return g, err
			}
		}
	}
	e.Took.Route = since(start)

	switch e.Route {
	case document.None:
		return g, nil
	case document.SQL:
		done, err := l.askSheets(ctx, w, a.Question, docs, &g)
		if err != nil || done {
			return g, err
		}
		e.Route, e.Why = document.Search, "the tables could not be asked this; passages were searched"
	case document.Whole:
		if e.Chosen || tokens <= 2*a.Room {
			whole, err := l.readWhole(ctx, w, a, ids, !decision.Everything, &g)
			if err != nil || whole {
				return g, err
			}
		}
		e.Route, e.Why = document.Search, "the documents are longer than the context"
	case document.Map:
		return g, l.readAll(ctx, w, a, ids, &g)
	}
	return g, l.readFound(ctx, w, a, ids, &g)
}

// usable leaves out what cannot be read and says so.
func usable(docs []document.Document, e *document.Evidence) []document.Document {
	var good []document.Document
	for _, d := range docs {
		switch {
		case d.State == document.Failed:
			e.LeftOut = append(e.LeftOut, fmt.Sprintf("%s could not be read: %s", d.Name, d.Receipt.Error))
			continue
		case d.Receipt.Status == "":
			e.LeftOut = append(e.LeftOut, d.Name+" is still being read")
			continue
		case d.State == document.Paused, d.State == document.Embedding:
			e.LeftOut = append(e.LeftOut, d.Name+" is not fully indexed yet: it was searched by words only")
		}
		for _, s := range d.Receipt.Skipped {
			if !s.Minor {
				e.LeftOut = append(e.LeftOut, fmt.Sprintf("%s: %s", d.Name, skipText(s)))
			}
		}
		good = append(good, d)
	}
	return good
}

func skipText(s parse.Skip) string {
	text := s.What
	if s.Count > 1 {
		text = fmt.Sprintf("%d × %s", s.Count, text)
	}
	if s.Where != "" {
		text += " (" + s.Where + ")"
	}
	return text + " was not read: " + s.Why
}

func byName(docs []document.Document, names []string) []document.Document {
	var named []document.Document
	for _, d := range docs {
		if slices.Contains(names, d.Name) {
			named = append(named, d)
		}
	}
	return named
}

func since(t time.Time) float64 { return float64(time.Since(t).Microseconds()) / 1000 }

// readWhole lets the model read the documents from beginning to end, if they
// fit. They stand in the system prompt, where they stay the same from question
// to question: what has been read once is not read again. A question that looks
// something up is not asked if they do not tell it.
func (l *Librarian) readWhole(ctx context.Context, w document.Writer, a document.Ask, ids []string, lookUp bool, g *document.Grounding) (bool, error) {
	e := &g.Evidence
	chunks, err := l.store.ChunksOf(ctx, ids, 0, e.Of)
	if err != nil {
		return false, err
	}
	all, err := l.passagesOf(ctx, chunks)
	if err != nil {
		return false, err
	}
	fitting := all
	text := instructions + "\n\n" + numbered(fitting)
	if w.Tokens(text) > a.Room {
		if !e.Chosen {
			return false, nil
		}
		n := fit(w, fitting, a.Room-w.Tokens(instructions))
		if n == 0 {
			return false, nil
		}
		fitting = fitting[:n]
		text = instructions + "\n\n" + numbered(fitting)
		e.LeftOut = append(e.LeftOut, fmt.Sprintf("%d of %d passages did not fit into the model's context: everything behind %s, page %d", len(all)-n, len(all), all[n-1].Name, all[n-1].Page))
	}
	e.Passages, e.Read = fitting, len(fitting)
	if lookUp {
		if no, err := l.absent(ctx, a, all, false, g); no || err != nil {
			return no, err
		}
	}
	g.System = text
	e.Budget.Documents = w.Tokens(text)
	return true, nil
}

// absent answers a question that passages do not tell about. Of what follows an
// earlier question, that one may hold the words. Where they are few, their sense
// is compared too.
func (l *Librarian) absent(ctx context.Context, a document.Ask, passages []document.Passage, few bool, g *document.Grounding) (bool, error) {
	var embed func(context.Context, []string) ([][]float32, error)
	if few {
		var release func()
		embed, release = l.comparing(ctx)
		defer release()
	}
	var missing []string
	for _, question := range slices.Compact([]string{a.Question, follows(a)}) {
		tells, lacking, err := cite.Tells(ctx, question, passages, embed)
		if tells || err != nil {
			return false, err
		}
		missing = lacking
	}
	g.Evidence.Absent = true
	g.Direct = foundAbsent
	if len(missing) > 0 {
		g.Direct += " Nothing in them is about " + quoted(missing) + "."
	}
	return true, nil
}

// readFound lets the model read the passages that suit the question.
func (l *Librarian) readFound(ctx context.Context, w document.Writer, a document.Ask, ids []string, g *document.Grounding) error {
	start := time.Now()
	e := &g.Evidence
	found, err := l.Search(ctx, follows(a), ids, mostPassages)
	e.Took.Search = since(start)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		n := fit(w, found, a.Room-w.Tokens(instructions))
		if n < len(found) {
			e.LeftOut = append(e.LeftOut, fmt.Sprintf("%d of the %d best passages did not fit into the model's context", len(found)-n, len(found)))
		}
		found = found[:n]
	}
	e.Passages, e.Read = found, len(found)
	if no, err := l.absent(ctx, a, found, true, g); no || err != nil {
		return err
	}
	text := numbered(found)
	g.System = instructions
	g.Question = text + "\n\nQuestion: " + a.Question
	e.Budget.Documents = w.Tokens(text) + w.Tokens(instructions)
	return nil
}

func quoted(words []string) string {
	var all []string
	for _, w := range words[:min(len(words), 4)] {
		all = append(all, "“"+w+"”")
	}
	return strings.Join(all, ", ")
}

// follows makes what is looked for out of a question that goes on from the one
// before: "and in 2023?".
func follows(a document.Ask) string {
	if len(a.History) == 0 || len(Terms(a.Question)) > 3 {
		return a.Question
	}
	return a.History[len(a.History)-1] + " " + a.Question
}

// numbered writes passages down as the model gets to read them.
func numbered(passages []document.Passage) string {
	var b strings.Builder
	for i, p := range passages {
		if i > 0 {
			b.WriteString("\n\n")
		}
		b.WriteString(written(p))
	}
	return b.String()
}

func written(p document.Passage) string {
	where := fmt.Sprintf("[%d] %s, page %d", p.N, p.Name, p.Page)
	if len(p.Heading) > 0 {
		where += ", " + strings.Join(p.Heading, " › ")
	}
	return where + "\n" + p.Text
}

// fit is how many of the passages fit into so many tokens.
func fit(w document.Writer, passages []document.Passage, room int) int {
	used := 0
	for i, p := range passages {
		if used += w.Tokens(written(p)) + 2; used > room {
			return i
		}
	}
	return len(passages)
}

// Check compares an answer with what it stands on: each sentence with the
// passages it cites, or those that it should.
func (l *Librarian) Check(ctx context.Context, question, answer string, e *document.Evidence) error {
	start := time.Now()
	defer func() { e.Took.Check = since(start) }()
	e.Absent = e.Absent || cite.Absent(answer)
	if len(e.Passages) == 0 || e.Query != nil && e.Query.Error == "" {
		return nil
	}
	passages := e.Passages
	if len(passages) > 2*mostPassages {
		var err error
		if passages, err = l.likely(ctx, question, answer, passages); err != nil {
			return err
		}
	}
	embed, release := l.comparing(ctx)
	defer release()
	sentences, err := cite.Check(ctx, answer, passages, embed)
	if err != nil {
		return err
	}
	byN := map[int]document.Passage{}
	for _, p := range passages {
		byN[p.N] = p
	}
	cited := map[int]bool{}
	for i := range sentences {
		for _, n := range sentences[i].Cites {
			cited[n] = true
		}
		for k := range sentences[i].Quotes {
			l.place(ctx, &sentences[i].Quotes[k], byN)
		}
	}
	e.Sentences = sentences
	if len(e.Passages) > 2*mostPassages { // of a whole document those are kept that matter
		e.Passages = slices.DeleteFunc(slices.Clone(passages), func(p document.Passage) bool { return !cited[p.N] })
	}
	return nil
}

// comparing is how texts are compared by their sense, with the embedder; nil if there is none.
func (l *Librarian) comparing(ctx context.Context) (func(context.Context, []string) ([][]float32, error), func()) {
	m, release, err := l.models.Embedder(ctx)
	if err != nil {
		return nil, func() {}
	}
	return func(ctx context.Context, texts []string) ([][]float32, error) { return m.Embed(ctx, texts, false) }, release
}

// likely are the passages of many that an answer may have come from.
func (l *Librarian) likely(ctx context.Context, question, answer string, all []document.Passage) ([]document.Passage, error) {
	wanted := map[int]bool{}
	for _, m := range cite.Parse(answer, all[len(all)-1].N) {
		for _, n := range m.Numbers {
			wanted[n] = true
		}
	}
	var docs []string
	for _, p := range all {
		if !slices.Contains(docs, p.Document) {
			docs = append(docs, p.Document)
		}
	}
	near := map[int64]bool{}
	for _, query := range []string{question, clip(answer, 2000)} {
		found, err := l.SearchBy(ctx, query, docs, mostPassages, Ways{Words: true, Vectors: true})
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			near[p.Chunk] = true
		}
	}
	return slices.DeleteFunc(slices.Clone(all), func(p document.Passage) bool { return !wanted[p.N] && !near[p.Chunk] }), nil
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "")
	}
	return s
}

// place finds a quote on its page, whose text has the layout's breaks.
func (l *Librarian) place(ctx context.Context, q *document.Quote, byN map[int]document.Passage) {
	p, ok := byN[q.N]
	if !ok || q.Start < 0 || q.End > len(p.Text) || q.Start >= q.End {
		return
	}
	g, err := l.store.Page(ctx, p.Document, p.Page)
	if err != nil || p.Start < 0 || p.End > len(g.Text) || p.Start > p.End {
		return
	}
	if s, e := chunk.Locate(g.Text[p.Start:p.End], p.Text[q.Start:q.End]); s >= 0 {
		q.PageStart, q.PageEnd = p.Start+s, p.Start+e
	}
}
