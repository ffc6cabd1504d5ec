package schedule

import (
	"freehold/engine/kvcache"
	"freehold/engine/program"
)

// Models with recurrent layers: their sequences have a state that each batch
// overwrites, and go on from a checkpoint where another model goes on from any
// cached prefix (kvcache/states.go). Checkpoints are made while a prompt is
// read, and of the state with which a sequence ends.

// checkpointTokens is the distance between the checkpoints in a long prompt. A
// changed text is read again from the last one before the change.
const checkpointTokens = 1024

func newCache(l program.Limits) *kvcache.Cache {
	if l.Slots > 0 {
		return kvcache.NewRecurrent(l.Blocks, program.BlockTokens, l.Slots)
	}
	return kvcache.New(l.Blocks, program.BlockTokens)
}

func (s *Scheduler) recurrent() bool { return s.cfg.Limits.Slots > 0 }

// copy does what the cache asks for.
func (s *Scheduler) copy(copies []kvcache.Copy) error {
	for _, c := range copies {
		do := s.exec.CopyBlock
		if c.State {
			do = s.exec.CopySlot
		}
		if err := do(c.Dst, c.Src); err != nil {
			return err
		}
	}
	return nil
}

// lastCheckpoint is the number of prompt tokens before the last checkpoint in
// it: the last full block that leaves a token to compute, so that another answer
// to the same prompt finds it.
func (j *job) lastCheckpoint() int {
	return (len(j.task.Prompt) - 1) / program.BlockTokens * program.BlockTokens
}

// beforeCheckpoint is how many of the job's next n prompt tokens come before the
// next place for a checkpoint.
func (s *Scheduler) beforeCheckpoint(j *job, n int) int {
	if !s.recurrent() || j.task.Score != nil {
		return n
	}
	at := len(j.seq.Tokens())
	n = min(n, checkpointTokens-at%checkpointTokens)
	if last := j.lastCheckpoint(); at < last {
		n = min(n, last-at)
	}
	return n
}

// checkpoint keeps the job's state if it has come to a place for that.
func (s *Scheduler) checkpoint(j *job) error {
	at := len(j.seq.Tokens())
	if !s.recurrent() || j.task.Score != nil || at != j.lastCheckpoint() && at%checkpointTokens != 0 {
		return nil
	}
	return s.copy(s.cache.Checkpoint(j.seq))
}
