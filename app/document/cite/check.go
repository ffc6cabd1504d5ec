package cite

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"freehold/app/document"
)

const (
	enough = 0.70 // of a sentence's content in a passage: it is borne out
	partly = 0.45
	beside = 0.6 // of it in one sentence and the next

	besideInRow = 0.8  // of it in one row of a table and its header
	nearly      = 0.85 // of the words of the sentence that suits best, for its numbers to be meant
	related     = 0.25 // below, the sense is not even compared
	alike       = 0.80 // cosine from which on the sense bears a sentence out whose words are others
	likely      = 0.68 // … partly
	compare     = 24   // sentences of passages whose sense is compared with one of the answer
)

// passage with its content and that of its sentences.
type passage struct {
	document.Passage
	all       content
	around    content
	sentences []Span
	contents  []content
}

func readPassage(p document.Passage) passage {
	x := passage{Passage: p, all: contentOf(p.Text + " . " + around(p)), around: contentOf(around(p)), sentences: cut(p.Text, true)}
	x.all.addPlain()
	for _, s := range x.sentences {
		x.contents = append(x.contents, contentOf(listNumber.ReplaceAllString(p.Text[s.Start:s.End], "")))
		x.contents[len(x.contents)-1].addPlain()
	}
	x.replies()
	return x
}

// since is a sentence with the one before it, and what tells where they stand.
func (x *passage) since(i int) content {
	c := union(x.contents[i], x.around)
	if i > 0 {
		c = union(c, x.contents[i-1])
	}
	return c
}

// replies lets a sentence that answers the question before it with yes or no say
// what is asked, or deny it.
func (x *passage) replies() {
	for i := 1; i < len(x.sentences); i++ {
		asked, answer := x.Text[x.sentences[i-1].Start:x.sentences[i-1].End], x.Text[x.sentences[i].Start:x.sentences[i].End]
		m := reply.FindStringSubmatch(strings.TrimSpace(answer))
		if m == nil || !strings.HasSuffix(strings.TrimSpace(asked), "?") {
			continue
		}
		u := union(x.contents[i-1], x.contents[i])
		if u.reply = -1; affirming[strings.ToLower(m[1])] {
			u.reply = 1
		}
		x.contents[i] = u
	}
}

var (
	reply     = regexp.MustCompile(`(?i)^(no|not|never|yes|nein|nicht|ja)(?:[\s,.;:!]|$)|, (no|nein)[.!]$`)
	affirming = map[string]bool{"yes": true, "ja": true}
)

// around is what tells where a passage stands: its headings and its file.
func around(p document.Passage) string { return strings.Join(p.Heading, " . ") + " . " + p.Name }

// Check says of each sentence of an answer whether the passages bear it out: by
// its words, which must be there, by its numbers, which must be there exactly,
// and by its sense, if embed is given. A sentence that points nowhere, or at
// the wrong passage, gets the number of one that bears it out.
func Check(ctx context.Context, answer string, passages []document.Passage, embed func(context.Context, []string) ([][]float32, error)) ([]document.Sentence, error) {
	most := 0
	read := make([]passage, 0, len(passages))
	for _, p := range passages {
		most = max(most, p.N)
		read = append(read, readPassage(p))
	}
	marks := Parse(answer, most)
	sentences := []document.Sentence{}
	var open []doubt
	for _, s := range Sentences(answer) {
		x := document.Sentence{Start: s.Start, End: s.End, Cites: []int{}, Quotes: []document.Quote{}}
		invented := false
		for _, m := range marks {
			if m.Start >= s.Start && m.End <= s.End {
				invented = invented || len(m.Numbers) == 0
				for _, n := range m.Numbers {
					if !slices.Contains(x.Cites, n) {
						x.Cites = append(x.Cites, n)
					}
				}
			}
		}
		text := strings.TrimLeft(Strip(answer[s.Start:s.End]), "-*•#> \t")
		claim := contentOf(listNumber.ReplaceAllString(text, ""))
		for n, loose := range claim.counts {
			if loose {
				delete(claim.numbers, n)
			}
		}
		if !claims(text, claim) {
			x.Verdict = document.NoClaim
		} else if judge(&x, claim, read) {
			open = append(open, doubt{len(sentences), text, claim})
		}
		if invented && x.Verdict == document.Supported { // the number it gives is of no passage
			x.Verdict = document.Weak
		}
		sentences = append(sentences, x)
	}
	if embed != nil && len(open) > 0 {
		if err := bySense(ctx, sentences, open, read, embed); err != nil {
			return nil, fmt.Errorf("compare the answer with its passages: %w", err)
		}
	}
	for i := range sentences {
		text := Strip(answer[sentences[i].Start:sentences[i].End])
		quote(&sentences[i], contentOf(text), read)
	}
	return sentences, nil
}

// claims tells whether a sentence says something about the world that passages
// could bear out.
func claims(text string, c content) bool {
	if Absent(text) || strings.HasSuffix(strings.TrimSpace(text), "?") {
		return false
	}
	if strings.HasSuffix(strings.TrimRight(text, " *_"), ":") && len(c.numbers) == 0 { // announces what follows
		return false
	}
	return len(c.numbers) > 0 || len(c.words) >= 2
}

// cover is how much of a claim a text holds, from 0 to 1, and whether it has all
// its numbers.
func cover(claim, text content) (score float64, numbers bool) {
	var have, all float64
	for w := range claim.words {
		weight := 1.0
		if claim.names[w] {
			weight = 1.5
		}
		all += weight
		if text.words[w] {
			have += weight
		}
	}
	numbers = true
	for n := range claim.numbers {
		all += 2
		if text.numbers[n] {
			have += 2
		} else {
			numbers = false
		}
	}
	if all == 0 {
		return 0, numbers
	}
	return have / all, numbers
}

// judge gives a sentence its verdict by words and numbers. It returns whether
// the sense might still change it.
func judge(x *document.Sentence, claim content, passages []passage) (open bool) {
	cited := newContent()
	best, bestScore := -1, 0.0
	for i, p := range passages {
		score, numbers := cover(claim, p.all)
		if numbers && score > bestScore && together(claim, passages, []int{p.N}) && named(claim, passages, []int{p.N}) > 0 {
			best, bestScore = i, score
		}
		if slices.Contains(x.Cites, p.N) {
			for w := range p.all.words {
				cited.words[w] = true
			}
			for n := range p.all.numbers {
				cited.numbers[n] = true
			}
		}
	}
	score, numbers := cover(claim, cited)
	numbers = numbers && together(claim, passages, x.Cites) && named(claim, passages, x.Cites) > 0
	if len(x.Cites) > 0 && numbers && (score >= enough || score >= bestScore-0.1) {
		x.Score = score
		x.Verdict = verdict(score)
		against := opposed(claim, passages, x.Cites)
		if x.Verdict == document.Supported && (against || otherwise(claim, passages, x.Cites) || scattered(claim, passages, x.Cites)) {
			x.Verdict = document.Weak
		}
		return !against && x.Verdict != document.Supported && score >= related
	}
	if best >= 0 && bestScore >= partly { // what it points to does not say this, another passage does
		wrong := len(x.Cites) > 0
		x.Cites = append(x.Cites, passages[best].N)
		x.Score, x.Verdict = bestScore, verdict(bestScore)
		if x.Verdict == document.Supported && (wrong || doubtful(claim, passages, x.Cites[len(x.Cites)-1:])) {
			x.Verdict = document.Weak
		}
		return false
	}
	x.Score, x.Verdict = score, document.Unsupported
	if len(x.Cites) == 0 {
		x.Score = bestScore
	}
	return len(claim.numbers) == 0 || numbers && len(x.Cites) > 0
}

// doubtful tells claims whose words a passage has, but says something else with.
func doubtful(claim content, passages []passage, cites []int) bool {
	return scattered(claim, passages, cites) || opposed(claim, passages, cites) || otherwise(claim, passages, cites)
}

func verdict(score float64) document.Verdict {
	switch {
	case score >= enough:
		return document.Supported
	case score >= partly:
		return document.Weak
	}
	return document.Unsupported
}

// together tells whether the numbers of a claim stand where its words do: in one
// sentence of a cited passage, or in two that follow each other. A number from
// elsewhere in the passage bears nothing out, nor does one in a sentence that has
// fewer of the words than another with other numbers.
func together(claim content, passages []passage, cites []int) bool {
	if len(claim.numbers) == 0 {
		return true
	}
	plain := content{words: claim.words, names: claim.names}
	elsewhere, topic := 0.0, 0.0 // of a sentence with numbers in any passage; with what stands before it
	for _, p := range passages {
		for i, c := range p.contents {
			if score, _ := cover(plain, c); len(c.numbers) > 0 {
				elsewhere = max(elsewhere, score)
				score, _ = cover(plain, p.since(i))
				topic = max(topic, score)
			}
		}
	}
	for _, p := range passages {
		if !slices.Contains(cites, p.N) {
			continue
		}
		best := elsewhere
		for _, c := range p.contents {
			score, _ := cover(plain, c)
			best = max(best, score)
		}
		for i, c := range p.contents {
			if score, _ := cover(plain, c); score < best*nearly {
				continue
			}
			if score, _ := cover(plain, p.since(i)); score < topic*nearly {
				continue
			}
			near := c
			if i > 0 && len(p.contents[i-1].words) <= 3 {
				near = union(near, p.contents[i-1])
			}
			if _, all := cover(claim, near); all && !miscounted(claim, c) {
				return true
			}
		}
	}
	return severalFacts(claim) && spread(claim, passages, cites)
}

// spread tells whether each of a claim's numbers stands beside some of its words.
func spread(claim content, passages []passage, cites []int) bool {
	for n := range claim.numbers {
		beside := false
		for _, p := range passages {
			for i, c := range p.contents {
				if !slices.Contains(cites, p.N) || !c.numbers[n] {
					continue
				}
				near := c
				if i > 0 && len(p.contents[i-1].words) <= 3 {
					near = union(near, p.contents[i-1])
				}
				for w := range claim.words {
					beside = beside || near.words[w]
				}
			}
		}
		if !beside {
			return false
		}
	}
	return true
}

// named is how many of a claim's names stand where its words do, from 0 to 1: in
// the sentences that suit it, beside them, or in the headings and the name of
// the file. A text with a name in the place of another says something else.
func named(claim content, passages []passage, cites []int) float64 {
	if len(claim.names) == 0 || claim.german {
		return 1
	}
	best := 0.0
	has := func(c content, each float64) {
		n := 0.0
		for w := range claim.names {
			if c.words[w] || called(w, c.words) {
				n++
			}
		}
		best = max(best, each*n/float64(len(claim.names)))
	}
	for _, place := range places(claim, passages, cites, 4, 2) {
		if apart(claim, place) { // Bruce Perens and Ian Murdock are no Ian Perens
			has(place, 0.9)
		} else {
			has(place, 1)
		}
	}
	for _, p := range passages { // a name from elsewhere in the passage counts half
		if slices.Contains(cites, p.N) {
			has(p.all, 0.5)
		}
	}
	return best
}

// apart tells whether a text has both words of one of a claim's names, but not
// as one name.
func apart(claim, text content) bool {
	for _, n := range claim.full {
		if text.words[n[0]] && text.words[n[1]] && !slices.Contains(text.full, n) {
			return true
		}
	}
	return false
}

// miscounted tells whether a text counts what a claim counts, and has other
// numbers of it.
func miscounted(claim, text content) bool {
	for w, numbers := range claim.counted {
		if len(text.counted[w]) == 0 {
			continue
		}
		for n := range numbers {
			if !text.counted[w][n] && !claim.counts[n] {
				return true
			}
		}
	}
	return false
}

// called tells whether one of the words is another form of a name.
func called(name string, words map[string]bool) bool {
	const ending = 3
	for w := range words {
		if len(w) >= 4 && len(name) >= 4 && max(len(w), len(name))-min(len(w), len(name)) <= ending && (strings.HasPrefix(w, name) || strings.HasPrefix(name, w)) {
			return true
		}
	}
	return false
}

// otherwise tells whether a claim gives a name, or a number in words, that does
// not stand where its words do.
func otherwise(claim content, passages []passage, cites []int) bool {
	if named(claim, passages, cites) < 1 || misdated(claim, passages, cites) || exchanged(claim, passages, cites) {
		return true
	}
	for _, near := range places(claim, passages, cites, 1, 1) {
		all := true
		for n, loose := range claim.counts {
			all = all && (near.numbers[n] || !loose)
		}
		if all {
			return false
		}
	}
	return len(claim.counts) > 0
}

// exchanged tells whether the sentences that suit a claim best say it of somebody
// else: they lack one of its names and have another one.
func exchanged(claim content, passages []passage, cites []int) bool {
	if len(claim.names) == 0 || claim.german {
		return false
	}
	others := content{words: map[string]bool{}}
	for w := range claim.words {
		if !claim.names[w] {
			others.words[w] = true
		}
	}
	best, result := 0.0, false
	for _, p := range passages {
		if !slices.Contains(cites, p.N) {
			continue
		}
		for _, c := range p.contents {
			score, _ := cover(others, c)
			if score < best || score < enough {
				continue
			}
			lacks, rival := false, false
			for w := range claim.names {
				lacks = lacks || !c.words[w] && !called(w, c.words)
			}
			for w := range c.names {
				rival = rival || !claim.words[w]
			}
			if says := lacks && rival; score > best || !says {
				best, result = score, says
			}
		}
	}
	return result
}

// places are where a claim's words stand in passages: each sentence that suits
// it about as well as the best, with some before and after it.
func places(claim content, passages []passage, cites []int, before, after int) []content {
	plain := content{words: claim.words, names: claim.names}
	best := 0.0
	scores := map[int][]float64{}
	for i, p := range passages {
		if !slices.Contains(cites, p.N) {
			continue
		}
		for _, c := range p.contents {
			score, _ := cover(plain, c)
			scores[i] = append(scores[i], score)
			best = max(best, score)
		}
	}
	var all []content
	for i, s := range scores {
		for k := range s {
			if s[k] < best*0.75 {
				continue
			}
			near := passages[i].around
			for _, c := range passages[i].contents[max(0, k-before):min(len(s), k+after+1)] {
				near = union(near, c)
			}
			all = append(all, near)
		}
	}
	return all
}

// scattered tells whether a claim's words stand far from each other in the
// passages: each of a row of its own, say. Then together they bear nothing out.
func scattered(claim content, passages []passage, cites []int) bool {
	for _, p := range passages {
		if !slices.Contains(cites, p.N) {
			continue
		}
		around := contentOf(strings.Join(p.Heading, " . ") + " . " + p.Name)
		for i, c := range p.contents {
			near, needed := union(c, around), beside
			if strings.Contains(p.Text[p.sentences[i].Start:p.sentences[i].End], "\t") { // a row, with the names of its columns
				near, needed = union(near, p.contents[0]), besideInRow
			} else if i+1 < len(p.contents) {
				near = union(near, p.contents[i+1])
			}
			if score, _ := cover(claim, near); score >= needed {
				return false
			}
		}
	}
	return true
}

// severalFacts tells claims of several numbers, which may stand in several
// sentences.
func severalFacts(claim content) bool { return len(claim.numbers) > 2 }

// opposed tells whether the sentence of the cited passages that suits a claim
// best denies what the claim says, or the other way round.
func opposed(claim content, passages []passage, cites []int) bool {
	best, against := 0.0, false
	for _, p := range passages {
		if !slices.Contains(cites, p.N) {
			continue
		}
		for i, c := range p.contents {
			if strings.HasSuffix(p.Text[:p.sentences[i].End], "?") { // it says nothing
				continue
			}
			score, _ := cover(claim, c)
			if score == best { // several suit it as well: one is enough to doubt it
				against = against || opposes(claim, c)
			}
			if score > best {
				best, against = score, opposes(claim, c)
			}
		}
	}
	return best >= partly && against
}

// doubt is a sentence that words alone do not bear out.
type doubt struct {
	sentence int
	text     string
	claim    content
}

// bySense compares doubtful sentences with those of the passages by their vectors.
func bySense(ctx context.Context, sentences []document.Sentence, open []doubt, passages []passage, embed func(context.Context, []string) ([][]float32, error)) error {
	var texts []string
	type pair struct{ doubt, claim, from, to int }
	var origins []int // the passage that each text is of
	var pairs []pair
	for i, d := range open {
		claim := len(texts)
		texts, origins = append(texts, d.text), append(origins, 0)
		from := len(texts)
		for _, c := range candidates(sentences[d.sentence], d.claim, passages) {
			texts, origins = append(texts, c.text), append(origins, c.n)
		}
		pairs = append(pairs, pair{i, claim, from, len(texts)})
	}
	vectors, err := embed(ctx, texts)
	if err != nil {
		return err
	}
	for _, p := range pairs {
		s := &sentences[open[p.doubt].sentence]
		best, n := 0.0, 0
		for i := p.from; i < p.to; i++ {
			if c := cosine(vectors[p.claim], vectors[i]); c > best {
				best, n = c, origins[i]
			}
		}
		if best < likely {
			continue
		}
		if best >= alike {
			s.Verdict = document.Supported
		} else if s.Verdict == document.Unsupported {
			s.Verdict = document.Weak
		}
		s.Score = max(s.Score, best)
		if !slices.Contains(s.Cites, n) {
			s.Cites = append(s.Cites, n)
		}
	}
	return nil
}

type candidate struct {
	n     int
	text  string
	score float64
}

// candidates are the sentences of passages that may say what a claim says: of
// those it cites, or of all. One that lacks a number of the claim does not say it.
func candidates(s document.Sentence, claim content, passages []passage) []candidate {
	var all []candidate
	for _, p := range passages {
		if len(s.Cites) > 0 && !slices.Contains(s.Cites, p.N) {
			continue
		}
		for i, c := range p.contents {
			score, numbers := cover(claim, c)
			if numbers && !opposes(claim, c) && !otherwise(claim, passages, []int{p.N}) {
				all = append(all, candidate{p.N, p.Text[p.sentences[i].Start:p.sentences[i].End], score})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b candidate) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	return all[:min(len(all), compare)]
}

func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range min(len(a), len(b)) {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// quote finds the part of each cited passage that suits a sentence best.
func quote(s *document.Sentence, claim content, passages []passage) {
	for _, p := range passages {
		if !slices.Contains(s.Cites, p.N) {
			continue
		}
		best, at := 0.0, -1
		for i, c := range p.contents {
			if score, _ := cover(claim, c); score > best {
				best, at = score, i
			}
		}
		if at < 0 {
			continue
		}
		q := document.Quote{N: p.N, Start: p.sentences[at].Start, End: p.sentences[at].End}
		// A neighbour that holds what the best one lacks belongs to it.
		for _, next := range []int{at + 1, at - 1} {
			if next < 0 || next >= len(p.contents) {
				continue
			}
			both, _ := cover(claim, union(p.contents[at], p.contents[next]))
			if both >= best+0.2 {
				q.Start, q.End = min(q.Start, p.sentences[next].Start), max(q.End, p.sentences[next].End)
				break
			}
		}
		s.Quotes = append(s.Quotes, q)
	}
}

func union(a, b content) content {
	u := newContent()
	for _, c := range []content{a, b} {
		for w := range c.words {
			u.words[w] = true
		}
		for n := range c.numbers {
			u.numbers[n] = true
		}
		u.full = append(u.full, c.full...)
	}
	return u
}
