// Package schedule runs many sequences through one model at once. A single
// goroutine owns the executable and its KV cache; at every step it puts one row
// of each decoding sequence and a chunk of each waiting prompt into a batch, so
// that a long prompt never keeps another chat from its next token (continuous
// batching, Yu et al. 2022; chunked prefill, Agrawal et al. 2023).
package schedule

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"freehold/engine/draft"
	"freehold/engine/kvcache"
	"freehold/engine/program"
)

// ErrClosed is returned for tasks of a scheduler that has been closed.
var ErrClosed = errors.New("the model has been closed")

// ErrFault means that the engine failed for a reason of its own. The scheduler
// answers with it to all tasks from then on.
var ErrFault = errors.New("the engine failed")

// ErrContextFull means that the sequence has reached the context length.
var ErrContextFull = errors.New("the context is full")

// Task is a sequence to be run: a prompt and what to do with its logits. The
// functions are called on the scheduler's goroutine and must be quick.
type Task struct {
	Prompt []int32 // at least one token
	// Prefilled reports the prompt tokens done so far; those found in the
	// cache count from the start. May be nil.
	Prefilled func(done, cached int)
	// Restored reports how many of the cached tokens were just read from a
	// snapshot. May be nil.
	Restored func(tokens int)
	// Next takes the logits behind the last token and returns the token to go
	// on with; more is false if the sequence ends, with or without using that
	// token. Nil for a task that only prefills.
	Next func(logits []float32) (token int32, more bool)
	// Draft, if set, guesses what Next will choose, so that several tokens may
	// come of one step. It was made of Prompt; the scheduler tells it of every
	// token chosen. Next is called all the same, in order, with the logits
	// behind what it chose before.
	Draft *draft.Index
	// Guessed, if set, is told after every step with guesses how many there
	// were and how many were right, after the last call of Next.
	Guessed func(guessed, right int)
	// Score, if set, takes the logits behind every prompt token in order; the
	// cache is not consulted, and Next must be nil.
	Score func(position int, logits []float32)
	// Private keeps what is computed for the task off the disk.
	Private bool
}

// Config bounds a scheduler.
type Config struct {
	Context int // most tokens of one sequence
	Limits  program.Limits
	// Vocab is the width of the logits.
	Vocab int
	// Snapshots keeps what was computed beyond the life of the process.
	Snapshots Snapshots
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Scheduler runs tasks on an executable. Its methods may be called from any goroutine.
type Scheduler struct {
	exec  program.Executable
	cfg   Config
	cache *kvcache.Cache
	snaps *snapshots // nil: none are kept

	mu      sync.Mutex
	queue   []*job
	closed  bool
	fault   error // what ended the loop before its time
	wake    chan struct{}
	stopped chan struct{}
	active  []*job // the loop's own, like pace
	pace    pace
	full    bool // a job found no block in the last step
	ended   int  // jobs so far
}

// job is a task on its way.
type job struct {
	ctx    context.Context
	task   Task
	seq    *kvcache.Sequence
	next   int32 // token to be decoded, once the prompt is done
	scored int
	done   chan error

	yielded int      // 1 + the jobs that had ended when it had to yield, 0 for never
	restore *restore // not nil while the job waits for its snapshots
}

// New starts a scheduler on exec, which it owns from now on.
func New(exec program.Executable, cfg Config) *Scheduler {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Scheduler{
		exec:    exec,
		pace:    newPace(cfg.Limits.Outputs),
		cfg:     cfg,
		cache:   newCache(cfg.Limits),
		wake:    make(chan struct{}, 1),
		stopped: make(chan struct{}),
	}
	if !s.recurrent() {
		s.snaps = newSnapshots(cfg.Snapshots, exec, s.cache, s.poke)
	}
	go s.loop()
	return s
}

// Run runs a task to its end. It returns nil when Next ended it,
// ErrContextFull, ctx.Err(), or the backend's error.
func (s *Scheduler) Run(ctx context.Context, t Task) error {
	if len(t.Prompt) == 0 {
		return errors.New("the prompt is empty")
	}
	if len(t.Prompt) > s.cfg.Context {
		return fmt.Errorf("the prompt has %d tokens, the context holds %d: shorten it or load the model with a longer context", len(t.Prompt), s.cfg.Context)
	}
	j := &job{ctx: ctx, task: t, done: make(chan error, 1)}
	s.mu.Lock()
	if s.closed {
		defer s.mu.Unlock()
		return cmp.Or(s.fault, ErrClosed)
	}
	s.queue = append(s.queue, j)
	s.mu.Unlock()
	s.poke()
	return <-j.done
}

// Close ends all tasks with ErrClosed and frees the executable.
func (s *Scheduler) Close() error {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.mu.Unlock()
	s.poke()
	<-s.stopped
	if again {
		return nil
	}
	return s.exec.Close()
}

func (s *Scheduler) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// loop is the scheduler's goroutine.
func (s *Scheduler) loop() {
	defer close(s.stopped)
	defer s.survive()
	for {
		s.mu.Lock()
		closed, waiting := s.closed, len(s.queue)
		s.mu.Unlock()
		if closed {
			s.endAll(ErrClosed)
			s.snaps.close()
			return
		}
		if len(s.active) == 0 && waiting == 0 {
			s.snaps.idle(s.wake)
			continue
		}
		s.admit()
		s.dropCancelled()
		if s.snaps.restore(s.active) {
			<-s.wake
			continue
		}
		s.snaps.beside()
		if len(s.active) > 0 {
			s.step()
		}
	}
}

// survive ends all tasks with ErrFault after a panic of the loop: what the
// executable holds cannot be trusted any more, the program can.
func (s *Scheduler) survive() {
	fault := recover()
	if fault == nil {
		return
	}
	err := fmt.Errorf("%w: %v", ErrFault, fault)
	slog.Error("the engine failed", "fault", fault, "stack", string(debug.Stack()))
	s.mu.Lock()
	s.closed, s.fault = true, err
	jobs := append(s.active, s.queue...)
	s.active, s.queue = nil, nil
	s.mu.Unlock()
	for _, j := range jobs {
		select {
		case j.done <- err:
		default: // it has been told how it ended
		}
	}
	s.snaps.close()
}

// admit opens waiting tasks as long as the cache has room for their prompts.
// The first one is always let in when nothing else runs.
func (s *Scheduler) admit() {
	s.mu.Lock()
	queue := s.queue
	s.queue = nil
	s.mu.Unlock()
	queue = slices.DeleteFunc(queue, func(j *job) bool {
		err := j.ctx.Err()
		if err != nil {
			j.done <- err
		}
		return err != nil
	})
	for i, j := range queue {
		if !s.fits(j) {
			s.mu.Lock()
			s.queue = append(slices.Clone(queue[i:]), s.queue...)
			s.mu.Unlock()
			return
		}
		if err := s.open(j); err != nil {
			j.done <- err
			continue
		}
		s.active = append(s.active, j)
	}
}

// open gives a job its sequence, behind whatever prefix the cache has.
func (s *Scheduler) open(j *job) error {
	prompt := j.task.Prompt
	if j.task.Score != nil {
		prompt = nil
	}
	seq, copies, err := s.cache.Begin(prompt)
	if err != nil {
		return fmt.Errorf("too many answers at once: %w", err)
	}
	j.seq = seq
	if err := s.copy(copies); err != nil {
		s.cache.Disturb(j.seq)
		s.cache.Release(j.seq)
		return err
	}
	if j.task.Prefilled != nil {
		n := len(j.seq.Tokens())
		cached := n
		if j.yielded > 0 {
			cached = 0 // mostly its own work
		}
		j.task.Prefilled(n, cached)
	}
	s.snaps.begin(j)
	return nil
}

func (s *Scheduler) dropCancelled() {
	s.active = slices.DeleteFunc(s.active, func(j *job) bool {
		if err := j.ctx.Err(); err != nil {
			s.end(j, err)
			return true
		}
		return false
	})
}

func (s *Scheduler) end(j *job, err error) {
	j.endRestore()
	s.snaps.keep(j)
	s.cache.Release(j.seq)
	s.ended++
	j.done <- err
}

func (s *Scheduler) endAll(err error) {
	for _, j := range s.active {
		s.end(j, err)
	}
	s.active = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, j := range s.queue {
		j.done <- err
	}
	s.queue = nil
}
