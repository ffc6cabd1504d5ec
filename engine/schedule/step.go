package schedule

import (
	"context"
	"errors"
	"slices"

	"freehold/engine/kvcache"
	"freehold/engine/program"
)

// share is a job's part of a batch.
type share struct {
	job    *job
	tokens []int32
}

// step builds one batch, runs it and hands out the logits.
func (s *Scheduler) step() {
	b, shares := s.build()
	if len(shares) == 0 {
		return
	}
	ctx, release := anyCancelled(shares)
	logits, err := s.exec.Run(ctx, b)
	release()
	if err != nil {
		if errors.Is(err, context.Canceled) {
			return // some job was cancelled; the others' rows run again
		}
		for _, sh := range shares {
			s.finish(sh.job, err)
		}
		return
	}
	for _, sh := range shares {
		before := len(sh.job.seq.Tokens())
		if err := s.cache.Commit(sh.job.seq, sh.tokens...); err != nil {
			s.finish(sh.job, err)
			continue
		}
		logits = s.deliver(sh, before, logits)
	}
}

// build fills a batch: the row of every decoding job first, then prompt chunks
// of the others in order of arrival.
func (s *Scheduler) build() (*program.Batch, []share) {
	b := &program.Batch{}
	var shares []share
	decoding := 0
	for _, j := range slices.Clone(s.active) {
		if j.prefilled() {
			decoding++
			if len(j.seq.Tokens()) >= s.cfg.Context {
				s.finish(j, ErrContextFull)
				continue
			}
			if sh, ok := s.add(b, j, []int32{j.next}); ok {
				shares = append(shares, sh)
			}
		}
	}
	room := s.cfg.Limits.Rows - len(b.Tokens)
	if decoding > 0 {
		room = min(room, s.cfg.Chunk)
	}
	for _, j := range slices.Clone(s.active) {
		if j.prefilled() || room == 0 {
			continue
		}
		n := min(room, len(j.task.Prompt)-len(j.seq.Tokens()))
		if j.task.Score != nil {
			n = min(n, s.cfg.Limits.Outputs-len(b.Outputs))
		} else if len(b.Outputs) == s.cfg.Limits.Outputs {
			n = 0
		}
		if n == 0 {
			continue
		}
		at := len(j.seq.Tokens())
		if sh, ok := s.add(b, j, j.task.Prompt[at:at+n]); ok {
			shares = append(shares, sh)
			room -= n
		}
	}
	return b, shares
}

// prefilled says whether the job's whole prompt is stored.
func (j *job) prefilled() bool { return len(j.seq.Tokens()) >= len(j.task.Prompt) }

// add appends the job's next tokens to the batch. A job that finds no block
// waits if others may free some, and ends if it is alone.
func (s *Scheduler) add(b *program.Batch, j *job, tokens []int32) (share, bool) {
	if err := s.cache.Reserve(j.seq, len(tokens)); err != nil {
		if errors.Is(err, kvcache.ErrFull) && len(s.active) > 1 && j != s.active[0] {
			return share{}, false
		}
		s.finish(j, ErrContextFull)
		return share{}, false
	}
	at := len(j.seq.Tokens())
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
	return share{j, tokens}, true
}

// deliver hands a job the logits of its rows and returns those of the other jobs.
func (s *Scheduler) deliver(sh share, before int, logits []float32) []float32 {
	j := sh.job
	take := func() (row []float32) {
		row, logits = logits[:s.cfg.Vocab], logits[s.cfg.Vocab:]
		return row
	}
	if before < len(j.task.Prompt) && j.task.Prefilled != nil {
		j.task.Prefilled(len(j.seq.Tokens()), 0)
	}
	if j.task.Score != nil {
		for range sh.tokens {
			j.task.Score(j.scored, take())
			j.scored++
		}
	}
	switch {
	case !j.prefilled():
	case j.task.Next == nil:
		s.finish(j, nil)
	default:
		token, more := j.task.Next(take())
		if !more {
			s.finish(j, nil)
		}
		j.next = token
	}
	return logits
}

// finish ends an active job.
func (s *Scheduler) finish(j *job, err error) {
	if i := slices.Index(s.active, j); i >= 0 {
		s.active = slices.Delete(s.active, i, i+1)
		s.end(j, err)
	}
}

// anyCancelled returns a context that ends as soon as one of the jobs' does.
func anyCancelled(shares []share) (context.Context, func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var stops []func() bool
	for _, sh := range shares {
		stops = append(stops, context.AfterFunc(sh.job.ctx, cancel))
	}
	return ctx, func() {
		for _, stop := range stops {
			stop()
		}
		cancel()
	}
}
