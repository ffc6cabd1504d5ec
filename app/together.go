package app

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"

	"freehold/app/chat"
	"freehold/engine/fit"
	"freehold/engine/hardware"
)

// watched is a lent model that is not lent again once it has failed.
type watched struct {
	Weights
	discard func()
	broken  atomic.Bool
}

func (w *watched) Generate(ctx context.Context, r chat.Request, emit func(chat.Event)) (res chat.Result, err error) {
	whole := false
	defer func() {
		if !whole || errors.Is(err, chat.ErrBroken) {
			w.broken.Store(true)
			w.discard()
		}
	}()
	res, err = w.Weights.Generate(ctx, r, emit)
	whole = true
	return res, err
}

// releasing is release for a model that may have failed: nobody waits for such a
// one to be closed.
func (w *watched) releasing(release func()) func() {
	return func() {
		if w.broken.Load() {
			go release()
			return
		}
		release()
	}
}

// together tells whether the model next has memory beside the others, as far as
// that can be known beforehand.
func (c *Core) together(ctx context.Context, others []string, next string) bool {
	refs := append(slices.Clone(others), next)
	slices.Sort(refs)
	refs = slices.Compact(refs)
	loaded := c.pool.loaded()
	if !slices.ContainsFunc(refs, func(ref string) bool { return !loaded[ref] }) {
		return true // all have theirs already
	}
	_, available := hardware.Memory(ctx)
	left := available
	for _, ref := range refs {
		total, err := c.memoryOf(ref)
		if err != nil {
			c.log.Warn("it is not known whether two models fit beside each other", "model", ref, "error", err)
			return false
		}
		left -= total
	}
	return left >= 0
}

// memoryOf is what a model takes as it would be loaded now, in bytes.
func (c *Core) memoryOf(ref string) (int64, error) {
	m, err := c.library.Find(ref)
	if err != nil {
		return 0, err
	}
	n, err := c.needsOf(m)
	if err != nil {
		return 0, err
	}
	tokens := c.LoadOptions().ContextLength
	if tokens == 0 {
		tokens = contextDefault(m)
	}
	if tokens == 0 {
		tokens = c.usualContext(n)
	}
	f, err := judge(n, fit.Machine{}, nil, tokens, "f16")
	return f.Total, err
}
