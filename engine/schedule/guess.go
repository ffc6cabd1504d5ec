package schedule

import "slices"

const (
	// mostGuessed is the most guessed tokens of one sequence in a step.
	mostGuessed = 15
	// likely is the chance from which a guessed token is worth a row of a step
	// that prompts make long anyway.
	likely = 0.5
	// slowest is how much slower than without guesses a sequence may decode
	// for the sake of the others' guesses.
	slowest = 0.8
)

// guesses decides how many guessed tokens of every decoding job go into the
// next step, in which their next tokens stand anyway. Rows go to the likeliest
// guesses first, whosever they are; their number is the one with which most
// tokens a second are to be expected, by what steps have taken so far. That
// may be none.
//
// The choice depends on the clock, but the tokens do not: whatever is guessed,
// each token is chosen from the logits behind the one before it.
func (s *Scheduler) guesses(decoding []*job, prompts bool) [][]int32 {
	out := make([][]int32, len(decoding))
	base := len(decoding)
	limit := s.guessLimit()
	if limit == 0 {
		return out
	}
	type row struct {
		job    int
		chance float64
	}
	var rows []row
	for i, j := range decoding {
		if j.task.Draft == nil {
			continue
		}
		// The last place of the context can be filled, but not continued.
		most := min(mostGuessed, limit, s.cfg.Context-1-len(j.seq.Tokens()))
		tokens, chances := j.task.Draft.Guess(most)
		out[i] = tokens
		for _, c := range chances {
			rows = append(rows, row{i, c})
		}
	}
	// Stable, so that a job's tokens keep their order where chances are equal.
	slices.SortStableFunc(rows, func(a, b row) int {
		switch {
		case a.chance > b.chance:
			return -1
		case a.chance < b.chance:
			return 1
		}
		return 0
	})
	rows = rows[:min(len(rows), limit)]
	take := 0
	if prompts {
		for take < len(rows) && rows[take].chance >= likely {
			take++
		}
	} else if alone := s.pace.decode(base); alone > 0 {
		expected := make([]float64, base)
		for i := range expected {
			expected[i] = 1
		}
		total, best := float64(base), float64(base)/alone.Seconds()
		for i, r := range rows {
			total += r.chance
			expected[r.job] += r.chance
			took := s.pace.hoped(base, base+i+1)
			if took == 0 {
				break
			}
			if rate := total / took.Seconds(); rate > best && slices.Min(expected) >= slowest*float64(took)/float64(alone) {
				take, best = i+1, rate
			}
		}
	}
	count := make([]int, base)
	for _, r := range rows[:take] {
		count[r.job]++
	}
	for i := range out {
		out[i] = out[i][:count[i]]
	}
	return out
}

// guessLimit is the most guessed tokens in a step. Each needs logits, and every active job must find room for its own.
func (s *Scheduler) guessLimit() int {
	return max(0, min(s.cfg.Limits.Outputs, s.cfg.Limits.Rows)-len(s.active))
}

// verify hands a decoding job the logits of its rows one after another, for as
// long as the token it chooses is the one that was guessed. Only what was
// chosen is committed: rows behind a wrong guess are computed again.
func (s *Scheduler) verify(sh share, row func(i int) []float32) {
	j, guessed, right := sh.job, sh.tokens[1:], 0
	var err error
	more := true
	for i, t := range sh.tokens {
		if err = s.cache.Commit(j.seq, t); err != nil {
			break
		}
		var token int32
		token, more = j.choose(row(i))
		if i == len(guessed) || token != guessed[i] {
			break
		}
		right++
		if !more {
			break
		}
	}
	if j.task.Guessed != nil && len(guessed) > 0 {
		j.task.Guessed(len(guessed), right)
	}
	if err != nil || !more {
		s.finish(j, err)
	}
}
