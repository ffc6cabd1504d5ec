package schedule

import (
	"cmp"
	"slices"
	"time"
)

const (
	// tokenTime is what a step may take that reads prompts while other
	// sequences decode: the time between their tokens.
	tokenTime = 150 * time.Millisecond
	// slowdown is how much longer than without prompts such a step may take
	// in any case, on machines where a token alone takes nearly as long.
	slowdown = 2
	// arrivalTime is what a step may take while nobody decodes: how long a
	// question may wait that comes in its middle.
	arrivalTime = 2 * time.Second
	// leastRows of prompts go into every step, however slow.
	leastRows = 16
)

// promptRows returns how many rows of every waiting prompt go into the next
// step, beside so many decoding rows and outputs.
//
// The prompt that came first gets half of the room, so that it is never
// starved; the other half goes to the prompts that need least, so that a
// question does not wait behind a book.
func (s *Scheduler) promptRows(waiting []*job, decoding, outputs int) []int {
	rows := make([]int, len(waiting))
	if len(waiting) == 0 {
		return rows
	}
	target := arrivalTime
	if decoding > 0 {
		target = max(tokenTime, slowdown*s.pace.decode(decoding))
	}
	room := s.cfg.Limits.Rows - decoding
	if decoding > 0 || s.pace.perRow > 0 {
		room = min(room, s.pace.promptRows(decoding, target, leastRows))
	}
	// Every job that may finish its prompt keeps an output.
	scored := s.cfg.Limits.Outputs - outputs
	for _, j := range waiting {
		if j.task.Score == nil {
			scored--
		}
	}
	give := func(i, most int) {
		j := waiting[i]
		n := min(most, room, len(j.task.Prompt)-len(j.seq.Tokens())-rows[i])
		if j.task.Score != nil {
			n = min(n, scored)
			scored -= n
		}
		rows[i] += n
		room -= n
	}
	order := make([]int, len(waiting))
	for i := range order {
		order[i] = i
	}
	give(0, (room+1)/2)
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(waiting[a].left(), waiting[b].left())
	})
	for _, i := range order {
		give(i, room)
	}
	return rows
}

// left is the number of prompt tokens yet to be read.
func (j *job) left() int { return len(j.task.Prompt) - len(j.seq.Tokens()) }
