package app

import (
	"context"
	"errors"
	"sync"
	"time"
)

// idleTime is how long a model stays loaded that nobody uses.
const idleTime = 15 * time.Minute

// pool shares loaded models. A model in use stays loaded; of those that nobody
// uses at most one does, and not forever, and one more beside it.
type pool struct {
	engine Engine
	loads  func(LoadEvent) // told about progress

	// hold keeps the weights of a model in place as long as they are loaded, and
	// says where they lie now; nil: nothing else moves or deletes them.
	hold func(ref, path string) (now string, release func(), err error)

	mu     sync.Mutex
	slots  map[slotKey]*slot
	closed bool
}

type slotKey struct {
	path string
	LoadOptions
}

type slot struct {
	key    slotKey
	ref    string
	users  int           // those who wait for it included
	ready  chan struct{} // closed when weights or err is set
	cancel context.CancelFunc
	idle   *time.Timer

	weights Weights
	unhold  func()
	err     error
}

// close frees the model's memory, then its file.
func (s *slot) close() {
	s.weights.Close()
	s.unhold()
}

func newPool(e Engine, loads func(LoadEvent)) *pool {
	return &pool{engine: e, loads: loads, slots: map[slotKey]*slot{}}
}

// acquire lends the model in the file at path, called ref. The load goes on as
// long as at least one caller waits for it.
func (p *pool) acquire(ctx context.Context, ref, path string, o LoadOptions) (Weights, func(), error) {
	key := slotKey{path, o}
	p.mu.Lock()
	if p.closed {
		p.mu.Unlock()
		return nil, nil, errors.New("Freehold is closing")
	}
	s := p.slots[key]
	var idle []*slot
	if s == nil {
		idle = p.takeIdle(o.Beside)
		loading, cancel := context.WithCancel(context.Background())
		s = &slot{key: key, ref: ref, ready: make(chan struct{}), cancel: cancel}
		p.slots[key] = s
		go p.load(loading, s, idle)
	}
	s.users++
	if s.idle != nil {
		s.idle.Stop()
		s.idle = nil
	}
	p.mu.Unlock()

	release := sync.OnceFunc(func() { p.release(s) })
	select {
	case <-s.ready:
	case <-ctx.Done():
		release()
		return nil, nil, ctx.Err()
	}
	if s.err != nil {
		release()
		return nil, nil, s.err
	}
	return s.weights, release, nil
}

// load frees the memory of idle models first.
func (p *pool) load(ctx context.Context, s *slot, idle []*slot) {
	for _, old := range idle {
		old.close()
	}
	w, unhold, err := p.open(ctx, s)
	p.mu.Lock()
	s.weights, s.unhold, s.err = w, unhold, err
	if err == nil && (ctx.Err() != nil || p.closed) {
		s.close()
		s.err = context.Canceled
		err = s.err
	}
	if err != nil && p.slots[s.key] == s {
		delete(p.slots, s.key) // the next one tries again
	}
	close(s.ready) // under the lock: whoever releases s now must see that it is loaded
	p.mu.Unlock()
	if err == nil {
		size := max(1, w.Info().FileBytes)
		p.loads(LoadEvent{s.ref, size, size})
	}
}

// open loads the weights of s and holds their file.
func (p *pool) open(ctx context.Context, s *slot) (w Weights, unhold func(), err error) {
	path := s.key.path
	unhold = func() {}
	if p.hold != nil {
		if path, unhold, err = p.hold(s.ref, path); err != nil {
			return nil, nil, err
		}
	}
	last := time.Time{}
	w, err = p.engine.Open(ctx, path, s.key.LoadOptions, func(done, total int64) {
		if now := time.Now(); done < total && now.Sub(last) > 50*time.Millisecond {
			last = now
			p.loads(LoadEvent{s.ref, done, total})
		}
	})
	if err != nil {
		unhold()
		return nil, nil, err
	}
	return w, unhold, nil
}

func (p *pool) release(s *slot) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s.users--
	if s.users > 0 {
		return
	}
	select {
	case <-s.ready:
	default: // nobody waits any more
		s.cancel()
		if p.slots[s.key] == s {
			delete(p.slots, s.key)
		}
		return
	}
	if s.err != nil {
		return
	}
	if p.closed || p.slots[s.key] != s {
		s.close()
		return
	}
	s.idle = time.AfterFunc(idleTime, func() { p.unload(s) })
}

func (p *pool) unload(s *slot) {
	p.mu.Lock()
	if s.users > 0 || p.slots[s.key] != s {
		p.mu.Unlock()
		return
	}
	delete(p.slots, s.key)
	p.mu.Unlock()
	s.close()
}

// takeIdle removes the slots that nobody uses, either those of models that stay
// loaded beside others or the others. p.mu is held.
func (p *pool) takeIdle(beside bool) (idle []*slot) {
	for key, s := range p.slots {
		if s.users == 0 && s.key.Beside == beside {
			if s.idle != nil {
				s.idle.Stop()
			}
			delete(p.slots, key)
			idle = append(idle, s)
		}
	}
	return idle
}

// forget unloads the model called ref if nobody uses it, and tells whether
// somebody does. "" means all models.
func (p *pool) forget(ref string) (used bool) {
	p.mu.Lock()
	var idle []*slot
	for key, s := range p.slots {
		if ref != "" && s.ref != ref {
			continue
		}
		if s.users > 0 {
			used = true
			continue
		}
		if s.idle != nil {
			s.idle.Stop()
		}
		delete(p.slots, key)
		idle = append(idle, s)
	}
	p.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
	return used
}

// discard lends these weights to nobody else; they go when they are released.
func (p *pool) discard(w Weights) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, s := range p.slots {
		select {
		case <-s.ready:
			if s.weights == w {
				delete(p.slots, key)
			}
		default:
		}
	}
}

// busy tells whether a model is being loaded or used.
func (p *pool) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.slots {
		if s.users > 0 {
			return true
		}
	}
	return false
}

// loaded lists the refs of models that are ready.
func (p *pool) loaded() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	refs := map[string]bool{}
	for _, s := range p.slots {
		select {
		case <-s.ready:
			if s.err == nil {
				refs[s.ref] = true
			}
		default:
		}
	}
	return refs
}

// lend is acquire for a model that is loaded already; it returns nil for others.
func (p *pool) lend(path string) (Weights, func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key, s := range p.slots {
		if key.path != path {
			continue
		}
		select {
		case <-s.ready:
		default:
			continue
		}
		if s.err == nil {
			s.users++
			if s.idle != nil {
				s.idle.Stop()
				s.idle = nil
			}
			return s.weights, sync.OnceFunc(func() { p.release(s) })
		}
	}
	return nil, nil
}

// close unloads what nobody uses; the rest goes when it is released.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	idle := append(p.takeIdle(false), p.takeIdle(true)...)
	for _, s := range p.slots {
		s.cancel() // ends a load; does nothing to a loaded model
	}
	p.mu.Unlock()
	for _, s := range idle {
		s.close()
	}
}
