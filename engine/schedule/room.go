package schedule

import (
	"slices"

	"freehold/engine/program"
)

// fits says whether a job may start: the cache must have room for its prompt
// beside what the active ones' prompts still need. The first job always may.
func (s *Scheduler) fits(j *job) bool {
	if len(s.active) == 0 {
		return true
	}
	if len(s.active) >= s.cfg.Limits.Outputs || j.yielded > s.ended {
		return false
	}
	if s.recurrent() && s.cache.AvailableSlots() == 0 {
		return false
	}
	need := blocksFor(j)
	for _, a := range s.active {
		need += max(0, blocksFor(a)-len(a.seq.Table()))
	}
	return need <= s.cache.Available()
}

// blocksFor is what a job's prompt and the beginning of its answer need.
func blocksFor(j *job) int { return len(j.task.Prompt)/program.BlockTokens + 2 }

// yield makes room when a job found none: the one that started last goes back
// to the queue until another has ended. What it computed stays in the cache as
// long as there is room, so it often finds most of it again. The first job
// never yields, so all get done in the end.
func (s *Scheduler) yield() {
	if !s.full {
		return
	}
	s.full = false
	if len(s.active) < 2 {
		return
	}
	j := s.active[len(s.active)-1]
	s.active = s.active[:len(s.active)-1]
	if j.prefilled() {
		// Its answer so far becomes part of the prompt.
		j.task.Prompt = append(slices.Clone(j.seq.Tokens()), j.next)
		j.task.Prefilled = nil
	}
	j.endRestore()
	s.cache.Release(j.seq)
	j.seq, j.yielded = nil, 1+s.ended
	s.mu.Lock()
	s.queue = append([]*job{j}, s.queue...)
	s.mu.Unlock()
}
