package cite

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"freehold/app/document"
)

// What passages must have of a question for a model to be asked. Measured on the
// set in app/honesty.
const (
	leastWords = 0.34 // of its words, where there is no embedder
	leastSense = 0.59 // of three things, on average: see Tells
	synonym    = 0.62 // cosine of words that mean the same
	looked     = 6    // passages, the best ones, whose words and sentences are compared
)

// Tells tells whether passages may hold the answer of a question, and if not,
// which of its words none of them has. A year or a name of the question that is
// nowhere in them is enough: what they say is about something else. Of its other
// words enough must be there. If embed is given, words that mean the same are as
// good, and three things are added up: how many of the words are there, how many
// of them in one passage, and how like the question some sentence is.
func Tells(ctx context.Context, question string, passages []document.Passage, embed func(context.Context, []string) ([][]float32, error)) (bool, []string, error) {
	if len(passages) == 0 {
		return false, nil, nil
	}
	have := make([]content, len(passages))
	for i, p := range passages {
		have[i] = contentOf(p.Text + " . " + around(p))
		have[i].addPlain()
	}
	if task.MatchString(question) || !Comparable(question, passages) { // words that it lacks mean nothing
		return true, nil, nil
	}
	terms := asked(question)
	var missing []*term
	for i := range terms {
		x := &terms[i]
		for k, p := range passages {
			x.where[k] = x.in(have[k]) || x.initials(p.Text)
			x.found = x.found || x.where[k]
		}
		if !x.found && !x.exact {
			missing = append(missing, x)
		}
	}
	if embed != nil && len(missing) > 0 {
		if err := synonyms(ctx, missing, passages, embed); err != nil {
			return false, nil, err
		}
	}
	plain := contentOf(question).german || titled(terms) // capitals tell no names
	var names, words []string
	found, of := 0.0, 0.0
	together := make([]float64, len(passages))
	for _, x := range terms {
		of += x.weight
		for k := range together {
			if x.where[k] {
				together[k] += x.weight
			}
		}
		switch {
		case x.found:
			found += x.weight
		case x.exact || x.name && !plain:
			names = append(names, x.text)
		default:
			words = append(words, x.text)
		}
	}
	if len(names) > 0 {
		return false, append(names, words...), nil
	}
	if of == 0 {
		return true, nil, nil
	}
	if embed == nil {
		return found/of >= leastWords, words, nil
	}
	sum, least := found/of+slices.Max(together)/of, 3*leastSense
	if sum < least && sum+1 >= least {
		alike, err := closest(ctx, question, passages, embed)
		if err != nil {
			return false, nil, err
		}
		sum += alike
	}
	return sum >= least, words, nil
}

// task matches what asks for work on a text rather than for what it says.
var task = regexp.MustCompile(`(?i)^\s*(?:please\s+|can you\s+|could you\s+|bitte\s+)*(?:translate|write|draft|rewrite|rephrase|turn|convert|format|compose|reply|proofread|correct|shorten|simplify|übersetze|schreib\p{L}*|formuliere|verfasse|korrigiere|kürze)\b`)

// term of a question that passages should have.
type term struct {
	text   string
	stems  []string
	weight float64
	exact  bool // a number, or what has one in it
	name   bool
	found  bool
	where  map[int]bool // passages that have it
}

// asked are the terms of a question.
func asked(question string) []term {
	var terms []term
	for i, t := range split(question) {
		low := strings.ToLower(t.word)
		c := contentOf("x " + t.word) // not the first word: its capital tells
		if asks[low] && len(c.numbers) == 0 {
			continue
		}
		x := term{text: t.word, weight: 1, where: map[int]bool{}}
		for n := range c.numbers {
			x.stems, x.weight = []string{n}, 2
			x.exact = !small(n)
		}
		if len(c.numbers) == 0 {
			for s := range c.words {
				x.stems = append(x.stems, s)
				x.name = x.name || c.names[s] && i > 0
			}
		}
		if x.name {
			x.weight = 2
		}
		if len(x.stems) > 0 {
			terms = append(terms, x)
		}
	}
	return terms
}

// titled tells questions in which every word begins with a capital letter.
func titled(terms []term) bool {
	words, names := 0, 0
	for i, x := range terms {
		if i == 0 || x.exact {
			continue
		}
		if words++; x.name {
			names++
		}
	}
	return words > 1 && names == words
}

// small numbers say how much is wanted (three reasons) as often as what about.
func small(n string) bool { return len(n) == 1 || n == "10" || n == "12" || n == "20" }

// in tells whether a text has a term.
func (x term) in(have content) bool {
	for _, s := range x.stems {
		switch {
		case have.numbers[s] && (x.exact || x.weight == 2 && !x.name), have.words[s]:
		case x.exact || !near(s, have.words):
			return false
		}
	}
	return true
}

// initials tells whether a term is made of the first letters of words that
// follow each other: GPL, General Public License.
func (x term) initials(text string) bool {
	r := []rune(x.text)
	if len(r) < 2 || len(r) > 6 || strings.ToUpper(x.text) != x.text || !unicode.IsLetter(r[0]) {
		return false
	}
	var first, without []rune // of all words, and of those that mean something
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) }) {
		r := unicode.ToUpper([]rune(w)[0])
		if first = append(first, r); !stop[strings.ToLower(w)] {
			without = append(without, r)
		}
	}
	return strings.Contains(string(first), x.text) || strings.Contains(string(without), x.text)
}

// synonyms finds missing terms by words that mean the same.
func synonyms(ctx context.Context, missing []*term, passages []document.Passage, embed func(context.Context, []string) ([][]float32, error)) error {
	var texts []string
	for _, x := range missing {
		texts = append(texts, x.text)
	}
	where := map[string][]int{}
	var stemmed []string // of the texts behind the missing ones
	for i, p := range passages[:min(len(passages), looked)] {
		for _, t := range split(p.Text + " " + around(p)) {
			low := strings.ToLower(t.word)
			if len(low) <= 2 || stop[low] || strings.ContainsFunc(low, unicode.IsDigit) {
				continue
			}
			s := stem(low) // one of a word's forms is enough
			if where[s] == nil {
				texts, stemmed = append(texts, low), append(stemmed, s)
			}
			where[s] = append(where[s], i)
		}
	}
	vectors, err := embed(ctx, texts)
	if err != nil {
		return fmt.Errorf("compare the question with its passages: %w", err)
	}
	for i, x := range missing {
		for k := len(missing); k < len(texts); k++ {
			if cosine(vectors[i], vectors[k]) < synonym {
				continue
			}
			x.found = true
			for _, p := range where[stemmed[k-len(missing)]] {
				x.where[p] = true
			}
		}
	}
	return nil
}

// closest is how like a question the sentence is that is most like it.
func closest(ctx context.Context, question string, passages []document.Passage, embed func(context.Context, []string) ([][]float32, error)) (float64, error) {
	texts := []string{question}
	for _, p := range passages[:min(len(passages), looked)] {
		for _, s := range cut(p.Text, true) {
			texts = append(texts, p.Text[s.Start:s.End])
		}
	}
	vectors, err := embed(ctx, texts)
	if err != nil {
		return 0, fmt.Errorf("compare the question with its passages: %w", err)
	}
	best := 0.0
	for _, v := range vectors[1:] {
		best = max(best, cosine(vectors[0], v))
	}
	return best, nil
}
