package schedule

import (
	"cmp"
	"slices"
)

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

// guess is a guessed token of one of the decoding jobs.
type guess struct {
	job    int
	chance float64 // that it and those before it are right
}

// guesses decides how many guessed tokens of every decoding job go into the
// next step, in which their next tokens stand anyway. Rows go to the likeliest
// guesses first, whosever they are.
//
// The choice depends on the clock, but the tokens do not: whatever is guessed,
// each token is chosen from the logits behind the one before it.
func (s *Scheduler) guesses(decoding []*job, prompts bool) [][]int32 {
	tokens := make([][]int32, len(decoding))
	if s.recurrent() {
		return tokens // a wrong one could not be taken back out of the state
	}
	// Each guess needs logits, and every active job must find room for its own.
	room := max(0, min(s.cfg.Limits.Outputs, s.cfg.Limits.Rows)-len(s.active))
	var all []guess
	for i, j := range decoding {
		if j.task.Draft == nil {
			continue
		}
		// The last place of the context can be filled, but not continued.
		most := min(mostGuessed, room, s.cfg.Context-1-len(j.seq.Tokens()))
		var chances []float64
		tokens[i], chances = j.task.Draft.Guess(most)
		for _, c := range chances {
			all = append(all, guess{i, c})
		}
	}
	// Stable, so that a job's tokens keep their order where chances are equal.
	slices.SortStableFunc(all, func(a, b guess) int { return cmp.Compare(b.chance, a.chance) })
	all = all[:min(len(all), room)]
	taken := make([]int, len(decoding))
	for _, g := range all[:s.worth(all, len(decoding), prompts)] {
		taken[g.job]++
	}
	for i := range tokens {
		tokens[i] = tokens[i][:taken[i]]
	}
	return tokens
}

// worth returns how many of the guesses, likeliest first, are worth their rows
// beside base others: as many as make most tokens a second, by what steps have
// taken so far.
func (s *Scheduler) worth(all []guess, base int, prompts bool) int {
	if prompts {
		n := 0
		for n < len(all) && all[n].chance >= likely {
			n++
		}
		return n
	}
	alone := s.pace.decode(base)
	if alone == 0 {
		return 0 // nothing is known yet
	}
	expected := make([]float64, base) // tokens of each job
	for i := range expected {
		expected[i] = 1
	}
	total, best, n := float64(base), float64(base)/alone.Seconds(), 0
	for i, g := range all {
		total += g.chance
		expected[g.job] += g.chance
		took := s.pace.hoped(base, base+i+1)
		if took == 0 {
			break
		}
		rate := total / took.Seconds()
		if rate > best && slices.Min(expected) >= slowest*float64(took)/float64(alone) {
			n, best = i+1, rate
		}
	}
	return n
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
