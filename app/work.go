package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// work is what the user interface began and then only hears of: checking,
// moving and bundling models.
type work struct {
	ctx    context.Context
	cancel context.CancelFunc
	going  sync.WaitGroup

	mu   sync.Mutex
	jobs map[string]context.CancelFunc // by what they are
}

func newWork() *work {
	ctx, cancel := context.WithCancel(context.Background())
	return &work{ctx: ctx, cancel: cancel, jobs: map[string]context.CancelFunc{}}
}

// begin starts do under a key that no other job may have meanwhile. tell gets
// its state: that it runs, five times a second how far it is, and how it ended.
func (w *work) begin(key string, do func(ctx context.Context, progress func(done, total int64)) error, tell func(state string, done, total int64, err string)) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx.Err() != nil {
		return errClosing
	}
	if w.jobs[key] != nil {
		return errors.New("this is being done already")
	}
	ctx, cancel := context.WithCancel(w.ctx)
	w.jobs[key] = cancel
	w.going.Go(func() {
		var mu sync.Mutex
		var at, all int64
		var told time.Time
		tell(StateRunning, 0, 0, "")
		err := do(ctx, func(done, total int64) {
			mu.Lock()
			defer mu.Unlock()
			at, all = done, total
			if now := time.Now(); now.Sub(told) > telling {
				told = now
				tell(StateRunning, done, total, "")
			}
		})
		stopped := ctx.Err() != nil
		cancel()
		w.mu.Lock()
		delete(w.jobs, key)
		w.mu.Unlock()
		mu.Lock()
		defer mu.Unlock()
		switch {
		case err == nil:
			tell(StateDone, all, all, "")
		case stopped:
			tell(StateCancelled, at, all, "")
		default:
			tell(StateFailed, at, all, err.Error())
		}
	})
	return nil
}

// background runs do, which nobody waits for but close.
func (w *work) background(do func(ctx context.Context)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ctx.Err() == nil {
		w.going.Go(func() { do(w.ctx) })
	}
}

// stop ends the job of this key.
func (w *work) stop(key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	cancel := w.jobs[key]
	if cancel == nil {
		return errors.New("this is over already")
	}
	cancel()
	return nil
}

// close ends all jobs and waits for them.
func (w *work) close() {
	w.mu.Lock()
	w.cancel()
	w.mu.Unlock()
	w.going.Wait()
}

// BeginVerify has a model read in full and compared with its digest. Events
// "verify" tell how far it is.
func (c *Core) BeginVerify(ref string) error {
	m, err := c.library.Find(ref)
	if err != nil {
		return err
	}
	return c.work.begin("verify "+m.Ref, func(ctx context.Context, progress func(done, total int64)) error {
		err := c.Verify(ctx, m.Ref, progress)
		c.announceModels() // it may be the first time that its digest is known
		return err
	}, func(state string, done, total int64, err string) {
		c.emit("verify", VerifyEvent{m.Ref, done, total, state, err})
	})
}

// CancelVerify ends it.
func (c *Core) CancelVerify(ref string) error {
	if err := c.work.stop("verify " + ref); err != nil {
		return fmt.Errorf("%s is not being checked", ref)
	}
	return nil
}

// BeginMove moves the weights to another folder. Events "move" tell how far it
// is.
func (c *Core) BeginMove(dir string) error {
	return c.work.begin("move", func(ctx context.Context, progress func(done, total int64)) error {
		return c.Move(ctx, dir, progress)
	}, func(state string, done, total int64, err string) {
		c.emit("move", MoveEvent{dir, done, total, state, err})
	})
}
