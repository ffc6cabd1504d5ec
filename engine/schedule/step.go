package schedule

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"freehold/engine/program"
)

// share is a job's part of a batch.
type share struct {
	job     *job
	tokens  []int32
	outputs int // rows with logits
}

// step builds one batch, runs it and hands out the logits.
func (s *Scheduler) step() {
	b, shares := s.build()
	if len(shares) == 0 {
		return
	}
	ctx, release := s.cancellable(shares)
	start := s.cfg.Now()
	logits, err := s.exec.Run(ctx, b)
	took := s.cfg.Now().Sub(start)
	release()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return // the others' rows run again
		}
		for _, sh := range shares {
			s.finish(sh.job, err)
		}
		return
	}
	s.observe(shares, took)
	for _, sh := range shares {
		logits = s.deliver(sh, logits)
	}
}

// observe teaches the pace what a step took.
func (s *Scheduler) observe(shares []share, took time.Duration) {
	decoding, prompt := 0, 0
	for _, sh := range shares {
		if sh.job.prefilled() {
			decoding += len(sh.tokens)
		} else {
			prompt += len(sh.tokens)
		}
	}
	s.pace.observe(decoding, prompt, took)
}

// build fills a batch: the row of every decoding job first, with the tokens
// guessed behind it, then chunks of the prompts that wait.
func (s *Scheduler) build() (*program.Batch, []share) {
	s.yield()
	var decoding, waiting []*job
	for _, j := range slices.Clone(s.active) {
		switch {
		case j.restore != nil: // reads what it need not compute
		case !j.prefilled():
			waiting = append(waiting, j)
		case len(j.seq.Tokens()) >= s.cfg.Context:
			s.finish(j, ErrContextFull)
		default:
			decoding = append(decoding, j)
		}
	}
	b := &program.Batch{}
	var shares []share
	for i, guessed := range s.guesses(decoding, len(waiting) > 0) {
		if sh, ok := s.add(b, decoding[i], append([]int32{decoding[i].next}, guessed...)); ok {
			shares = append(shares, sh)
			b.Guessed += len(sh.tokens) - 1
		}
	}
	for i, n := range s.promptRows(waiting, len(b.Tokens), len(b.Outputs)) {
		if n == 0 {
			continue
		}
		j := waiting[i]
		at := len(j.seq.Tokens())
		n = s.beforeCheckpoint(j, n)
		if sh, ok := s.add(b, j, j.task.Prompt[at:at+n]); ok {
			shares = append(shares, sh)
		}
	}
	return b, shares
}

// prefilled says whether the job's whole prompt is stored.
func (j *job) prefilled() bool { return len(j.seq.Tokens()) >= len(j.task.Prompt) }

// add appends the job's next tokens to the batch; where the cache has no room
// for the guessed ones, without them. A job that finds no block waits until
// another has yielded, and ends if it is alone.
func (s *Scheduler) add(b *program.Batch, j *job, tokens []int32) (share, bool) {
	err := s.cache.Reserve(j.seq, len(tokens))
	if err != nil && j.prefilled() && len(tokens) > 1 {
		tokens = tokens[:1]
		err = s.cache.Reserve(j.seq, 1)
	}
	if err != nil {
		if len(s.active) == 1 {
			s.finish(j, ErrContextFull)
		} else {
			s.full = true
		}
		return share{}, false
	}
	at, outputs := len(j.seq.Tokens()), len(b.Outputs)
	for i, t := range tokens {
		last := at+i == len(j.task.Prompt)-1 || at+i >= len(j.task.Prompt)
		if j.task.Score != nil || (last && j.task.Next != nil) {
			b.Outputs = append(b.Outputs, int32(len(b.Tokens)))
		}
		b.Tokens = append(b.Tokens, t)
		b.Positions = append(b.Positions, int32(at+i))
		b.Sequences = append(b.Sequences, int32(len(b.Tables)))
	}
	b.Tables = append(b.Tables, j.seq.Table())
	if s.recurrent() {
		b.Slots = append(b.Slots, j.seq.Slot())
		s.cache.Disturb(j.seq)
	}
	return share{j, tokens, len(b.Outputs) - outputs}, true
}

// deliver hands a job the logits of its rows and returns those of the other jobs.
func (s *Scheduler) deliver(sh share, logits []float32) []float32 {
	j := sh.job
	row := func(i int) []float32 { return logits[i*s.cfg.Vocab : (i+1)*s.cfg.Vocab] }
	if j.prefilled() {
		if j.ctx.Err() == nil { // else nobody waits for more
			s.verify(sh, row)
		}
		return logits[len(sh.tokens)*s.cfg.Vocab:]
	}
	if err := s.cache.Commit(j.seq, sh.tokens...); err != nil {
		s.finish(j, err)
		return logits[sh.outputs*s.cfg.Vocab:]
	}
	if err := s.checkpoint(j); err != nil {
		s.finish(j, err)
		return logits[sh.outputs*s.cfg.Vocab:]
	}
	if j.prefilled() { // its answer may take long
		s.snaps.keep(j)
	}
	if j.task.Prefilled != nil {
		j.task.Prefilled(len(j.seq.Tokens()), 0)
	}
	if j.task.Score != nil {
		before := len(j.seq.Tokens()) - len(sh.tokens)
		for i := range sh.tokens {
			if before+i == j.scored { // else it was, before the job had to yield
				j.task.Score(j.scored, row(i))
				j.scored++
			}
		}
	}
	switch {
	case !j.prefilled():
	case j.task.Next == nil:
		s.finish(j, nil)
	default:
		if _, more := j.choose(row(0)); !more {
			s.finish(j, nil)
		}
	}
	return logits[sh.outputs*s.cfg.Vocab:]
}

// choose lets a job choose its next token. It returns the token and whether
// the job goes on.
func (j *job) choose(logits []float32) (token int32, more bool) {
	token, more = j.task.Next(logits)
	j.next = token
	if more && j.task.Draft != nil {
		j.task.Draft.Append(token)
	}
	return token, more
}

// finish ends an active job.
func (s *Scheduler) finish(j *job, err error) {
	if i := slices.Index(s.active, j); i >= 0 {
		s.active = slices.Delete(s.active, i, i+1)
		s.end(j, err)
	}
}

// cancellable returns a context that ends as soon as the jobs of most of the
// rows are cancelled. Few rows are not worth what the others would lose; and
// where it is a recurrent state that they would lose, all must be cancelled.
func (s *Scheduler) cancellable(shares []share) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	total := 0
	for _, sh := range shares {
		total += len(sh.tokens)
	}
	enough := int64(total/2 + 1)
	if s.recurrent() {
		enough = int64(total)
	}
	var gone atomic.Int64
	var stops []func() bool
	for _, sh := range shares {
		stops = append(stops, context.AfterFunc(sh.job.ctx, func() {
			if gone.Add(int64(len(sh.tokens))) >= enough {
				cancel()
			}
		}))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
