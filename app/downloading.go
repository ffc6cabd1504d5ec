package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"time"

	"freehold/app/store"
	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/transfer"
)

// run works on n until it is done or stopped.
func (d *downloads) run(ctx context.Context, n *download) {
	m, err := d.pull(ctx, n)
	cause := context.Cause(ctx)
	n.stop(nil)
	if err != nil && errors.Is(cause, errCancelled) {
		if err := d.discard(n); err != nil {
			d.log.Warn("unfinished download not thrown away", "ref", n.Ref, "error", err)
		}
	}
	d.mu.Lock()
	d.settle(n, m, err, cause)
	d.schedule()
	d.mu.Unlock()
	if err == nil {
		d.done(m.Ref)
	}
}

// settle writes down how the work on n ended: with m, or with err, maybe
// because it was stopped for cause. d.mu is held.
func (d *downloads) settle(n *download, m library.Model, err, cause error) {
	n.active, n.PerSecond = false, 0
	switch {
	case err == nil:
		n.Error, n.Total, n.Done, n.Model = "", m.SizeBytes, m.SizeBytes, m.Ref
		d.end(n)
		d.still(n, StateDone, "")
	case errors.Is(cause, errCancelled):
		d.end(n)
		d.still(n, StateCancelled, "")
	case errors.Is(cause, errClosing): // it goes on at the next start
		d.save(n)
		d.still(n, StatePaused, "")
	case errors.Is(cause, errPaused) && n.resting:
		d.save(n)
		d.still(n, StatePaused, "")
	case errors.Is(cause, network.ErrOff), errors.Is(err, network.ErrOff):
		d.save(n)
		d.still(n, StatePaused, noteOff)
		if d.allowed() { // it was turned twice
			d.stir(n)
		}
	case errors.Is(cause, errYield), errors.Is(cause, errPaused):
		d.stir(n)
	case errors.Is(err, transfer.ErrBusy):
		d.later(n, busyPause, noteBusy)
	case n.Done > 0 && transient(err):
		pause := min(longestPause, firstPause<<min(n.tries, 10))
		n.tries++
		d.later(n, pause, "the line is dead; it is tried again now and then: "+err.Error())
	default:
		n.Error = err.Error()
		d.still(n, StateFailed, "")
		d.save(n)
	}
}

// discard throws away what has come of n. What it was asked for as and what it
// turned out to be may have different names.
func (d *downloads) discard(n *download) error {
	err := d.puller.Discard(n.Ref)
	if as := n.want.Plan.Ref; as != "" && as != n.Ref {
		err = errors.Join(err, d.puller.Discard(as))
	}
	return err
}

// later lets n wait. d.mu is held.
func (d *downloads) later(n *download, pause time.Duration, note string) {
	n.State, n.Note, n.again = StateWaiting, note, time.Now().Add(pause)
	d.announce(n)
	time.AfterFunc(pause+time.Millisecond, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.schedule()
	})
}

// transient tells whether trying again later may help against err.
func transient(err error) bool {
	var status *network.StatusError
	if errors.As(err, &status) {
		return status.Temporary()
	}
	var disk *fs.PathError
	if errors.As(err, &disk) {
		return false
	}
	var line interface{ Timeout() bool } // what net's errors have in common
	return errors.As(err, &line) || errors.Is(err, io.ErrUnexpectedEOF)
}

// end takes n out of the queue. d.mu is held.
func (d *downloads) end(n *download) {
	d.queue = slices.DeleteFunc(d.queue, func(o *download) bool { return o == n })
	d.ended = slices.Insert(d.ended, 0, n)
	d.ended = d.ended[:min(len(d.ended), endedKept)]
	if err := d.store.ForgetDownload(context.WithoutCancel(d.ctx), n.Ref); err != nil {
		d.log.Error("download not forgotten", "ref", n.Ref, "error", err)
	}
}

// pull looks n up, if that is still to be done, checks it, and downloads it.
func (d *downloads) pull(ctx context.Context, n *download) (library.Model, error) {
	d.mu.Lock()
	want := n.want
	d.mu.Unlock()
	if len(want.Source) == 0 {
		var err error
		// A Python package has to be downloaded to be looked up.
		ctx := hub.Reporting(ctx, func(p hub.Progress) { d.progress(n, p) })
		if want, err = d.puller.Lookup(ctx, n.Ref); err != nil {
			return library.Model{}, err
		}
		if err := d.terms(want.Plan); err != nil {
			return library.Model{}, err
		}
	}
	d.mu.Lock()
	if n.want = want; want.Plan.SizeBytes > 0 {
		n.Total = want.Plan.SizeBytes
	}
	err := d.room(n, false)
	d.save(n)
	d.mu.Unlock()
	if err != nil {
		return library.Model{}, err
	}
	return d.puller.Pull(ctx, want, func(p hub.Progress) { d.progress(n, p) })
}

// terms returns ErrTerms if the user has to accept the licence first.
func (d *downloads) terms(p Plan) error {
	if p.Terms == "" || d.accepted(p.Licence) {
		return nil
	}
	return fmt.Errorf("%w: %s may be downloaded once you accept its licence (%s): %s", ErrTerms, p.Name, p.Licence, p.Terms)
}

// progress tells about n: when its state or note changes, or five times a
// second.
func (d *downloads) progress(n *download, p hub.Progress) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if p.Done > n.Done {
		n.tries = 0
	}
	news := n.State != p.State || n.Note != p.Note
	n.State, n.Note, n.Done, n.PerSecond = p.State, p.Note, p.Done, p.PerSecond
	if p.Total > 0 {
		n.Total = p.Total
	}
	if math.IsNaN(n.PerSecond) || math.IsInf(n.PerSecond, 0) {
		n.PerSecond = 0 // JSON has no word for it
	}
	now := time.Now()
	if now.Sub(n.saved) > saving {
		d.save(n)
	}
	if news || now.Sub(n.told) > telling {
		d.announce(n)
	}
}

// announce tells about n as it is now. d.mu is held, so that events come in
// order.
func (d *downloads) announce(n *download) {
	n.told = time.Now()
	d.changed(n.Download)
}

// save writes what must survive. d.mu is held.
func (d *downloads) save(n *download) {
	n.saved = time.Now()
	row := store.Download{Ref: n.Ref, Name: n.Name, State: StateQueued, Error: n.Error, Done: n.Done, Total: n.Total, Position: n.position}
	switch {
	case n.State == StateFailed:
		row.State = StateFailed
	case n.resting:
		row.State = StatePaused
	}
	plan, err := json.Marshal(n.want)
	if err == nil {
		row.Plan = plan
		err = d.store.SaveDownload(context.WithoutCancel(d.ctx), row)
	}
	if err != nil {
		d.log.Error("download not saved", "ref", n.Ref, "error", err)
	}
}
