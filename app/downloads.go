package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"freehold/models/catalog"
	"freehold/models/hub"
	"freehold/models/library"
)

// Puller brings a model into the library.
type Puller interface {
	// Pull downloads and adds what ref means. It goes on where an earlier try
	// ended.
	Pull(ctx context.Context, ref string, progress func(hub.Progress)) (library.Model, error)
}

// hubPuller pulls from the network.
type hubPuller struct {
	client  *hub.Client
	library *library.Library
}

func (p hubPuller) Pull(ctx context.Context, ref string, progress func(hub.Progress)) (library.Model, error) {
	entry, err := p.client.Lookup(ctx, ref)
	if err != nil {
		return library.Model{}, err
	}
	return p.client.Pull(ctx, p.library, entry, progress)
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
	model  string    // ref in the library, once it is there
}

func newDownloads(p Puller, done func(), changed func(Download)) *downloads {
	ctx, cancel := context.WithCancel(context.Background())
	return &downloads{puller: p, done: done, changed: changed, ctx: ctx, cancelF: cancel, turn: make(chan struct{}, 1)}
}

func (d *downloads) start(ref string) (Download, error) {
	ref = strings.TrimSpace(ref)
	name := ref
	if e, ok := catalog.Find(ref); ok {
		ref, name = e.Ref, e.Name
	}
	if ref == "" {
		return Download{}, errors.New("name the model to download")
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
	var m library.Model
	var err error
	select {
	case d.turn <- struct{}{}:
		defer func() { <-d.turn }()
		d.set(n, true, func() { n.State = "running" })
		m, err = d.puller.Pull(ctx, n.Ref, func(p hub.Progress) {
			d.set(n, false, func() { n.State, n.Done, n.Total, n.PerSecond = p.State, p.Done, p.Total, p.PerSecond })
		})
	case <-ctx.Done():
		err = ctx.Err()
	}
	d.set(n, true, func() {
		n.PerSecond = 0
		switch {
		case err == nil:
			n.State, n.Total, n.Done, n.model = "done", m.SizeBytes, m.SizeBytes, m.Ref
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

// set changes n and tells about it: always, or when its state changes, or five
// times a second.
func (d *downloads) set(n *download, always bool, change func()) {
	d.mu.Lock()
	before := n.State
	change()
	now := time.Now()
	tell := always || n.State != before || now.Sub(n.told) > 200*time.Millisecond
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

// wait returns when the download has ended, and the ref of its model.
func (d *downloads) wait(ctx context.Context, ref string) (Download, string, error) {
	d.mu.Lock()
	i := d.find(ref)
	if i < 0 {
		d.mu.Unlock()
		return Download{}, "", fmt.Errorf("%s is not being downloaded", ref)
	}
	n := d.all[i]
	d.mu.Unlock()
	select {
	case <-n.ended:
	case <-ctx.Done():
		return Download{}, "", ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return n.Download, n.model, nil
}

func (d *downloads) close() {
	d.mu.Lock()
	d.cancelF()
	d.mu.Unlock()
	d.running.Wait()
}
