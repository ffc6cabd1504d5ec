package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"freehold/app/store"
	"freehold/engine/gguf"
	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/transfer"
)

// Puller knows where models come from.
type Puller interface {
	// Lookup says what ref means now, without downloading it.
	Lookup(ctx context.Context, ref string) (Wanted, error)
	// Pull downloads and adds what Lookup had found. It goes on where an earlier
	// try ended.
	Pull(ctx context.Context, w Wanted, progress func(hub.Progress)) (library.Model, error)
	// Discard throws away the unfinished bytes of ref.
	Discard(ref string) error
	// Kept lists what lies unfinished in the data folder.
	Kept() ([]transfer.Unfinished, error)
	// Header reads the head of the model's file, and no more.
	Header(ctx context.Context, w Wanted) (*gguf.File, error)
	// Search looks for models on Hugging Face. next is "" after the last page.
	Search(ctx context.Context, q hub.Query) (found []hub.Found, next string, err error)
}

// Wanted is a model to be downloaded: Plan for people, Source for the Puller.
type Wanted struct {
	Plan   Plan
	Source json.RawMessage
}

// States of a download, and of other work in the background.
const (
	StateQueued    = "queued"
	StateRunning   = "running"
	StateWaiting   = "waiting" // for the server, the line or another process
	StateVerifying = "verifying"
	StatePaused    = "paused"
	StateDone      = "done"
	StateFailed    = "failed"
	StateCancelled = "cancelled"
)

// Why a download was stopped.
var (
	errPaused    = errors.New("paused")
	errCancelled = errors.New("cancelled")
	errYield     = errors.New("another download goes first")
	errClosing   = errors.New("Freehold is closing")
)

const (
	noteOff  = "the network is switched off; the download goes on when it is switched on"
	noteBusy = "another Freehold is downloading this model"

	telling      = 200 * time.Millisecond // between two events of a download
	saving       = 5 * time.Second        // between two writes of how far it is
	busyPause    = 3 * time.Second        // before looking whether another process is done
	firstPause   = 5 * time.Second        // before trying again on a dead line; doubles
	longestPause = 5 * time.Minute
	endedKept    = 100 // downloads that are listed after their end
)

// queueOptions are what the queue of downloads works with.
type queueOptions struct {
	puller   Puller
	store    *store.Store
	log      *slog.Logger
	allowed  func() bool               // the network switch
	parallel func() int                // downloads at once
	free     func() (int64, error)     // bytes on the disk
	accepted func(licence string) bool // by the user
	done     func(ref string)          // a model has come
	changed  func(Download)            // for the user interface; may not call back
	offline  func(ref string) bool     // ref needs no network
}

// downloads is the queue of downloads: some run, the others wait for their
// turn, rest because the user or the network switch says so, or have failed.
// The queue outlives the process.
type downloads struct {
	queueOptions
	ctx     context.Context
	cancelF context.CancelCauseFunc
	running sync.WaitGroup

	mu    sync.Mutex
	queue []*download // unfinished ones, in order
	ended []*download // since the start, the last one first
}

type download struct {
	Download
	want     Wanted // empty until it was looked up
	position int64  // the smallest is the first of the queue
	resting  bool   // as the user wants it
	orphan   bool   // only its bytes were left by an earlier run
	stop     context.CancelCauseFunc
	active   bool          // a goroutine works on it
	again    time.Time     // not before, while it waits
	tries    int           // on a dead line, in a row
	rest     chan struct{} // closed when nothing will happen without the user
	told     time.Time     // of the last event
	saved    time.Time     // of the last write
}

func newDownloads(o queueOptions) *downloads {
	ctx, cancel := context.WithCancelCause(context.Background())
	return &downloads{queueOptions: o, ctx: ctx, cancelF: cancel}
}

// restore lists what earlier runs left unfinished, and goes on with what the
// user had not paused.
func (d *downloads) restore(ctx context.Context) error {
	rows, err := d.store.Downloads(ctx)
	if err != nil {
		return err
	}
	kept, err := d.puller.Kept()
	if err != nil {
		d.log.Warn("unfinished downloads not listed", "error", err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, row := range rows {
		n := &download{Download: Download{Ref: row.Ref, Name: row.Name, State: StatePaused, Done: row.Done, Total: row.Total},
			position: row.Position, resting: row.State == StatePaused, rest: make(chan struct{})}
		if err := json.Unmarshal(row.Plan, &n.want); err != nil {
			d.log.Warn("what was to be downloaded will be looked up again", "ref", row.Ref, "error", err)
			n.want = Wanted{}
		}
		switch row.State {
		case StateQueued:
			n.State = StateQueued
		case StateFailed:
			n.State, n.Error = StateFailed, row.Error
		}
		d.queue = append(d.queue, n)
	}
	for _, u := range kept { // one for each file
		if u.Ref == "" {
			continue
		}
		if n := d.find(u.Ref); n != nil {
			if n.orphan {
				n.Done, n.Total = n.Done+u.Done, n.Total+u.Total
			}
			continue
		}
		n := &download{Download: Download{Ref: u.Ref, Name: u.Name, State: StatePaused, Done: u.Done, Total: u.Total},
			position: d.last() + 1, resting: true, orphan: true, rest: make(chan struct{})}
		if n.Name == "" {
			n.Name = n.Ref
		}
		d.queue = append(d.queue, n)
	}
	for _, n := range d.queue {
		if n.State != StateQueued {
			close(n.rest)
		}
	}
	d.obey()
	return nil
}

// find looks for an unfinished download. d.mu is held.
func (d *downloads) find(ref string) *download {
	for _, n := range d.queue {
		if n.Ref == ref {
			return n
		}
	}
	return nil
}

// last is the position of the last of the queue. d.mu is held.
func (d *downloads) last() int64 {
	if len(d.queue) == 0 {
		return 0
	}
	return d.queue[len(d.queue)-1].position
}

// add queues a download, or lets the one of this ref go on.
func (d *downloads) add(w Wanted) (Download, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.ctx.Err() != nil {
		return Download{}, errClosing
	}
	if n := d.find(w.Plan.Ref); n != nil {
		if !n.active && n.State != StateQueued {
			n.want = w
			d.goOn(n)
		}
		return n.Download, nil
	}
	n := &download{Download: Download{Ref: w.Plan.Ref, Name: w.Plan.Name, State: StateQueued, Total: w.Plan.SizeBytes},
		want: w, position: d.last() + 1, rest: make(chan struct{})}
	if err := d.room(n, true); err != nil {
		return Download{}, err
	}
	d.ended = slices.DeleteFunc(d.ended, func(old *download) bool { return old.Ref == n.Ref })
	d.queue = append(d.queue, n)
	d.save(n)
	d.announce(n)
	d.schedule()
	return n.Download, nil
}

// room checks that n fits on the disk beside what else is coming: everything
// that is queued, or only what is running. d.mu is held.
func (d *downloads) room(n *download, all bool) error {
	need := n.Total - n.Done
	if need <= 0 {
		return nil
	}
	free, err := d.free()
	if err != nil {
		d.log.Warn("free disk space unknown", "error", err)
		return nil
	}
	var others int64
	for _, o := range d.queue {
		if o != n && (o.active || all && o.State == StateQueued) {
			others += max(0, o.Total-o.Done)
		}
	}
	if need <= free-others {
		return nil
	}
	also := ""
	if others > 0 {
		also = fmt.Sprintf(", of which other downloads need %s", bytesText(others))
	}
	return fmt.Errorf("%s does not fit on the disk: it needs %s, and %s are free%s; remove models or files, or move the models to a larger disk",
		n.Name, bytesText(need), bytesText(free), also)
}

// goOn queues n again. d.mu is held.
func (d *downloads) goOn(n *download) {
	n.resting, n.Error, n.tries, n.again = false, "", 0, time.Time{}
	d.stir(n)
	d.save(n)
	d.schedule()
}

// stir lets n, which is not active, wait for its turn. d.mu is held.
func (d *downloads) stir(n *download) {
	n.State, n.Note = StateQueued, ""
	select {
	case <-n.rest:
		n.rest = make(chan struct{})
	default:
	}
	d.announce(n)
}

// still brings n, which is not active, to rest. d.mu is held.
func (d *downloads) still(n *download, state, note string) {
	n.State, n.Note = state, note
	select {
	case <-n.rest:
	default:
		close(n.rest)
	}
	d.announce(n)
}

// schedule starts what may run. d.mu is held.
func (d *downloads) schedule() {
	if d.ctx.Err() != nil {
		return
	}
	places := d.parallel()
	for _, n := range d.queue {
		if n.active {
			places--
		}
	}
	now := time.Now()
	for _, n := range d.queue {
		if places <= 0 {
			return
		}
		if n.active || n.State != StateQueued && (n.State != StateWaiting || now.Before(n.again)) {
			continue
		}
		ctx, stop := context.WithCancelCause(d.ctx)
		n.stop, n.active = stop, true
		if n.State == StateQueued {
			n.State = StateRunning
			d.announce(n)
		}
		d.running.Go(func() { d.run(ctx, n) })
		places--
	}
}

// obey lets the queue follow the network switch. d.mu is held.
func (d *downloads) obey() {
	allowed := d.allowed()
	for _, n := range d.queue {
		switch {
		case !allowed && n.active && !d.offline(n.Ref):
			n.stop(network.ErrOff)
		case !allowed && (n.State == StateQueued || n.State == StateWaiting) && !n.active && !d.offline(n.Ref):
			d.still(n, StatePaused, noteOff)
		case allowed && n.State == StatePaused && !n.resting && !n.active:
			d.stir(n)
		}
	}
	d.schedule()
}

// follow is obey for settings that have changed.
func (d *downloads) follow() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.obey()
}

// busy tells whether one runs.
func (d *downloads) busy() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.ContainsFunc(d.queue, func(n *download) bool { return n.active })
}

func (d *downloads) list() []Download {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := []Download{}
	for _, n := range slices.Concat(d.queue, d.ended) {
		all = append(all, n.Download)
	}
	return all
}

// unfinished calls f with the download of ref, or says that there is none.
func (d *downloads) unfinished(ref string, f func(n *download) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.find(ref)
	if n == nil {
		return fmt.Errorf("%s is not being downloaded", ref)
	}
	return f(n)
}

func (d *downloads) pause(ref string) error {
	return d.unfinished(ref, func(n *download) error {
		n.resting = true
		if n.active {
			n.stop(errPaused)
			return nil
		}
		if n.State != StateFailed {
			d.still(n, StatePaused, "")
		}
		d.save(n)
		return nil
	})
}

func (d *downloads) resume(ref string) error {
	return d.unfinished(ref, func(n *download) error {
		switch {
		case !d.allowed() && !d.offline(n.Ref):
			return network.ErrOff
		case n.active: // it may be about to rest
			n.resting = false
			return nil
		case n.State == StateQueued:
			return nil
		case n.State == StateFailed: // what it means may have changed
			n.want = Wanted{}
		}
		d.goOn(n)
		return nil
	})
}

func (d *downloads) cancel(ref string) error {
	return d.unfinished(ref, func(n *download) error {
		n.resting = true
		if n.active {
			n.stop(errCancelled)
			return nil
		}
		if err := d.discard(n); err != nil {
			if errors.Is(err, transfer.ErrBusy) {
				return fmt.Errorf("%s: %s; end it there", n.Name, noteBusy)
			}
			return fmt.Errorf("throw away what has come of %s: %w", n.Name, err)
		}
		d.end(n)
		d.still(n, StateCancelled, "")
		return nil
	})
}

// first puts the download at the head of the queue. If it has no place yet, the
// last of those that run gives it its own.
func (d *downloads) first(ref string) error {
	return d.unfinished(ref, func(n *download) error {
		n.position = d.queue[0].position - 1
		d.queue = slices.DeleteFunc(d.queue, func(o *download) bool { return o == n })
		d.queue = slices.Insert(d.queue, 0, n)
		d.save(n)
		d.announce(n)
		d.schedule()
		if n.active || n.State != StateQueued || !d.allowed() {
			return nil
		}
		for _, o := range slices.Backward(d.queue) {
			if o.active && o.State != StateVerifying {
				o.stop(errYield)
				break
			}
		}
		return nil
	})
}

// wait returns when the download has come to rest.
func (d *downloads) wait(ctx context.Context, ref string) (Download, error) {
	d.mu.Lock()
	n := d.find(ref)
	for _, o := range d.ended {
		if n == nil && o.Ref == ref {
			n = o
		}
	}
	if n == nil {
		d.mu.Unlock()
		return Download{}, fmt.Errorf("%s is not being downloaded", ref)
	}
	rest := n.rest
	d.mu.Unlock()
	select {
	case <-rest:
	case <-ctx.Done():
		return Download{}, ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return n.Download, nil
}

// close stops everything; what was running goes on at the next start.
func (d *downloads) close() {
	d.mu.Lock()
	d.cancelF(errClosing)
	d.mu.Unlock()
	d.running.Wait()
}
