package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Puller brings a model into the library.
type Puller interface {
	// Name returns what people call the model ref, or an error if it cannot be
	// had.
	Name(ref string) (string, error)
	// Pull downloads and adds it. It goes on where an earlier try ended.
	Pull(ctx context.Context, ref string, progress func(done, total int64)) error
}

// downloads runs one download at a time; others queue up.
type downloads struct {
	puller  Puller
	done    func()
	changed func(Download)

	ctx     context.Context
	cancelF context.CancelFunc
	running sync.WaitGroup
	turn    chan struct{} // held by the one that runs

	mu  sync.Mutex
	all []*download // newest first
}

type download struct {
	Download
	cancel context.CancelFunc
	ended  chan struct{}
	told   time.Time // of the last event
	from   time.Time // when the first bytes of this run came
	base   int64     // bytes that were there already
}

func newDownloads(p Puller, done func(), changed func(Download)) *downloads {
	ctx, cancel := context.WithCancel(context.Background())
	return &downloads{puller: p, done: done, changed: changed, ctx: ctx, cancelF: cancel, turn: make(chan struct{}, 1)}
}

func (d *downloads) start(ref string) (Download, error) {
	name, err := d.puller.Name(ref)
	if err != nil {
		return Download{}, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return Download{}, errors.New("Freehold is closing")
	}
	if i := d.find(ref); i >= 0 {
		if d.all[i].active() {
			return d.all[i].Download, nil
		}
		d.all = slices.Delete(d.all, i, i+1)
	}
	ctx, cancel := context.WithCancel(d.ctx)
	n := &download{Download: Download{Ref: ref, Name: name, State: "queued"}, cancel: cancel, ended: make(chan struct{})}
	d.all = slices.Insert(d.all, 0, n)
	d.running.Go(func() { d.run(ctx, n) })
	return n.Download, nil
}

func (n *download) active() bool {
	return n.State == "queued" || n.State == "running" || n.State == "verifying"
}

func (d *downloads) find(ref string) int {
	return slices.IndexFunc(d.all, func(n *download) bool { return n.Ref == ref })
}

func (d *downloads) run(ctx context.Context, n *download) {
	defer close(n.ended)
	defer n.cancel()
	err := ctx.Err()
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
		d.set(n, true, func() { n.State = "running" })
		err = d.puller.Pull(ctx, n.Ref, func(done, total int64) { d.progress(n, done, total) })
	case <-ctx.Done():
		err = ctx.Err()
	}
	d.set(n, true, func() {
		n.PerSecond = 0
		switch {
		case err == nil:
			n.State, n.Done = "done", n.Total
		case ctx.Err() != nil:
			n.State = "cancelled"
		default:
			n.State, n.Error = "failed", err.Error()
		}
	})
	if err == nil {
		d.done()
	}
}

func (d *downloads) progress(n *download, done, total int64) {
	now := time.Now()
	d.set(n, done == total, func() {
		if n.from.IsZero() {
			n.from, n.base = now, done
		}
		n.Done, n.Total = done, total
		if s := now.Sub(n.from).Seconds(); s > 0.2 {
			n.PerSecond = float64(done-n.base) / s
		}
		if total > 0 && done == total {
			n.State = "verifying"
		}
	})
}

// set changes n and tells about it: always, or five times a second.
func (d *downloads) set(n *download, always bool, change func()) {
	d.mu.Lock()
	change()
	now := time.Now()
	tell := always || now.Sub(n.told) > 200*time.Millisecond
	if tell {
		n.told = now
	}
	state := n.Download
	d.mu.Unlock()
	if tell {
		d.changed(state)
	}
}

func (d *downloads) list() []Download {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []Download{}
	for _, n := range d.all {
		all = append(all, n.Download)
	}
	return all
}

func (d *downloads) cancel(ref string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.find(ref)
	if i < 0 {
		return fmt.Errorf("%s is not being downloaded", ref)
	}
	d.all[i].cancel()
	return nil
}

func (d *downloads) cancelAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.all {
		n.cancel()
	}
}

func (d *downloads) wait(ctx context.Context, ref string) (Download, error) {
	d.mu.Lock()
	i := d.find(ref)
	if i < 0 {
		d.mu.Unlock()
		return Download{}, fmt.Errorf("%s is not being downloaded", ref)
	}
	n := d.all[i]
	d.mu.Unlock()
	select {
	case <-n.ended:
	case <-ctx.Done():
		return Download{}, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return n.Download, nil
}

func (d *downloads) close() {
	d.mu.Lock()
	d.cancelF()
	d.mu.Unlock()
	d.running.Wait()
}
