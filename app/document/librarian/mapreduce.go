package librarian

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"freehold/app/document"
	"freehold/app/document/cite"
)

const (
	mapParallel = 4    // groups that are read at the same time
	mapTokens   = 1500 // of a group, at most
	noteTokens  = 192  // of what is written about a group
	nothing     = "NOTHING"
)

const mapInstructions = `Below are numbered passages of the user's documents, some of many. Write down in short sentences what they say that helps to answer the question, each with the number of its passage behind it, like [2]. Do not answer the question itself. If they hold nothing about it, write ` + nothing + `.`

const reduceInstructions = `Answer the question from the notes below, which were made of all of the user's documents, part by part. Keep the numbers in brackets behind what you take over, like [2]. Do not repeat yourself. If the notes do not hold the answer, say: "` + foundAbsent + `"`

// readAll lets the model read every chunk, group by group, several at a time,
// and puts together its notes, of which it makes the answer.
func (l *Librarian) readAll(ctx context.Context, w document.Writer, a document.Ask, ids []string, g *document.Grounding) error {
	start := time.Now()
	e := &g.Evidence
	groups, err := l.groups(ctx, w, ids, e.Of)
	if err != nil {
		return err
	}
	notes, err := l.mapGroups(ctx, w, a, groups)
	e.Took.Map = since(start)
	if err != nil {
		return err
	}
	e.Read = e.Of

	// What the notes stand on is numbered anew, in the documents' order.
	cited := map[int]bool{}
	for _, n := range notes {
		for _, c := range n.cites {
			cited[c] = true
		}
	}
	renumbered := map[int]int{}
	for _, group := range groups {
		for _, p := range group {
			if cited[p.N] {
				renumbered[p.N] = len(renumbered) + 1
				p.N = renumbered[p.N]
				e.Passages = append(e.Passages, p)
			}
		}
	}
	var lines []string
	for _, n := range notes {
		line := n.text
		var marks []string
		for _, c := range n.cites {
			marks = append(marks, fmt.Sprintf("[%d]", renumbered[c]))
		}
		lines = append(lines, "- "+line+" "+strings.Join(marks, ""))
	}
	if len(lines) == 0 {
		e.Absent = true
		g.Direct = foundAbsent + fmt.Sprintf(" All %d passages were read.", e.Of)
		return nil
	}
	if lines, err = l.condense(ctx, w, a, lines); err != nil {
		return err
	}
	text := strings.Join(lines, "\n")
	g.System = reduceInstructions
	g.Question = "Notes:\n" + text + "\n\nQuestion: " + a.Question
	e.Budget.Documents = w.Tokens(text)
	return nil
}

// groups cuts all passages of documents, numbered from 1, into what the model
// reads at a time. A group stays within its document.
func (l *Librarian) groups(ctx context.Context, w document.Writer, ids []string, chunks int) ([][]document.Passage, error) {
	room := max(256, min(mapTokens, w.ContextLength()/2-noteTokens-w.Tokens(mapInstructions)))
	var groups [][]document.Passage
	n := 0
	const page = 500 // chunks read at a time
	for at := 0; at < chunks; at += page {
		some, err := l.store.ChunksOf(ctx, ids, at, page)
		if err != nil {
			return nil, err
		}
		passages, err := l.passagesOf(ctx, some)
		if err != nil {
			return nil, err
		}
		used := 0
		for i, p := range passages {
			n++
			p.N = n
			size := w.Tokens(written(p))
			if i == 0 || used+size > room || passages[i-1].Document != p.Document {
				groups = append(groups, nil)
				used = 0
			}
			used += size
			groups[len(groups)-1] = append(groups[len(groups)-1], p)
		}
	}
	return groups, nil
}

// note is a sentence that was made of some passages.
type note struct {
	text  string
	cites []int
}

func (l *Librarian) mapGroups(ctx context.Context, w document.Writer, a document.Ask, groups [][]document.Passage) ([]note, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	found := make([][]note, len(groups))
	next := make(chan int)
	var mu sync.Mutex
	done := 0
	tell := func(n int) {
		mu.Lock()
		defer mu.Unlock()
		done += n
		if a.Progress != nil {
			a.Progress(done, len(groups))
		}
	}
	tell(0)
	var workers sync.WaitGroup
	for range min(mapParallel, len(groups)) {
		workers.Go(func() {
			for i := range next {
				notes, err := l.mapGroup(ctx, w, a.Question, groups[i])
				if err != nil {
					cancel(err)
					return
				}
				found[i] = notes
				tell(1)
			}
		})
	}
	for i := range groups {
		select {
		case next <- i:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	workers.Wait()
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	return slices.Concat(found...), nil
}

// mapGroup has notes made of a group. A note that the group does not bear out
// is dropped: it would only mislead.
func (l *Librarian) mapGroup(ctx context.Context, w document.Writer, question string, group []document.Passage) ([]note, error) {
	text, err := w.Write(ctx, mapInstructions, numbered(group)+"\n\nQuestion: "+question, noteTokens)
	if err != nil {
		return nil, err
	}
	text = strings.TrimSpace(text)
	if text == "" || strings.HasPrefix(strings.ToUpper(text), nothing) || cite.Absent(text) {
		return nil, nil
	}
	sentences, err := cite.Check(ctx, text, group, nil)
	if err != nil {
		return nil, err
	}
	var notes []note
	for _, s := range sentences {
		if s.Verdict != document.Supported && s.Verdict != document.Weak || len(s.Cites) == 0 {
			continue
		}
		line := strings.TrimSpace(strings.TrimLeft(strings.TrimSpace(cite.Strip(text[s.Start:s.End])), "-*• "))
		if line != "" {
			notes = append(notes, note{line, s.Cites})
		}
	}
	return notes, nil
}

// condense makes notes fit into what documents may take: first those that say
// the same are dropped, then, as long as it is too much, groups of them are
// summed up.
func (l *Librarian) condense(ctx context.Context, w document.Writer, a document.Ask, lines []string) ([]string, error) {
	seen := map[string]bool{}
	lines = slices.DeleteFunc(lines, func(s string) bool {
		key := strings.ToLower(cite.Strip(s))
		double := seen[key]
		seen[key] = true
		return double
	})
	room := a.Room - w.Tokens(reduceInstructions)
	for w.Tokens(strings.Join(lines, "\n")) > room {
		var shorter []string
		for from := 0; from < len(lines); {
			to, used := from, 0
			for to < len(lines) && (to == from || used+w.Tokens(lines[to]) < min(mapTokens, room)) {
				used += w.Tokens(lines[to])
				to++
			}
			text, err := w.Write(ctx, "Sum these notes up in fewer words. Keep the numbers in brackets.", strings.Join(lines[from:to], "\n")+"\n\nThey are for this question: "+a.Question, noteTokens)
			if err != nil {
				return nil, err
			}
			shorter = append(shorter, "- "+strings.TrimSpace(text))
			from = to
		}
		if len(shorter) >= len(lines) { // it does not get shorter this way
			for len(lines) > 1 && w.Tokens(strings.Join(lines, "\n")) > room {
				lines = lines[:len(lines)*3/4]
			}
			return lines, nil
		}
		lines = shorter
	}
	return lines, nil
}
