package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"freehold/models/internal/disk"
	"freehold/models/network"
)

// permanent marks failures that trying again cannot mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

var (
	errStalled = errors.New("the server stopped sending")
	errSlow    = errors.New("another connection does it faster")
	errChanged = errors.New("the file on the server was changed meanwhile")
	errUnnamed = errors.New("the server cannot go on where it stopped, nor does it say whether the file is still the same")
	errMore    = errors.New("the server sends more than it announced")
	errAside   = errors.New("another connection gets the whole file")
)

// download is one file on its way. Its connections take stretches of missing
// chunks, in order, and a follower hashes what has come, in order too.
type download struct {
	c      *Downloader
	file   File
	m      *Meter
	client interface {
		Do(*http.Request) (*http.Response, error)
	}
	base     string // of the paths of its files
	out      partFile
	journal  *journal
	restarts int // as the file on the server changed, or might have

	mu     sync.Mutex
	change sync.Cond // of anything below
	state            // known is true; otherwise empty
	known  bool
	note   string
	wrong  map[int]bool // chunks that came otherwise the second time

	// Of one pass:
	ctx       context.Context
	stop      context.CancelCauseFunc
	running   sync.WaitGroup
	tell      chan struct{} // something worth telling happened
	result    chan string   // the digest
	hashed    int64
	spawned   int           // connections
	limit     int           // of them that may be used
	good      int           // chunks since limit was changed
	active    int           // requests under way
	flows     map[int]*flow // what they bring, by connection
	slow      int           // requests given up for being slow, in a row
	streaming int           // the connection that gets the whole file; 0: none
	ranges    bool          // the server has sent a part
	noRanges  bool          // asking for parts brings nothing
	address   string        // where the server redirected to; "" to ask it
	contacted bool          // it has answered at least once
	stored    int64         // bytes written
	failures  int           // in a row, without a byte between them
	failedAt  int64         // stored, at the last of them
	epoch     int           // counts failures, so that one cause counts once
	paused    *time.Timer   // nil unless all wait
	pauseNote string
	promise   int64 // what this download added to Downloader.promised
	syncing   bool
	per       float64 // seconds that one chunk takes on one connection
	latency   float64 // seconds until an answer begins
}

func (d *download) part() string { return d.base + partSuffix }

// open opens the part file and decides whether its bytes are of any use.
func (d *download) open() (err error) {
	if d.out, err = d.c.openFile(d.part()); err != nil {
		return unwritable(d.c.Dir, err)
	}
	defer func() {
		if err != nil {
			d.out.Close()
		}
	}()
	s, err := readJournal(d.base + journalSuffix)
	var unread *fs.PathError
	switch {
	case errors.As(err, &unread) && !errors.Is(err, fs.ErrNotExist):
		// The bytes beside it may be all there: nothing is thrown away.
		return fmt.Errorf("the record of what was downloaded of %s cannot be read; make it readable, or delete it to begin anew: %w", d.file.Name, err)
	case err != nil:
		return nil // a record that is missing or damaged says nothing: begins anew
	}
	info, err := os.Stat(d.part())
	if err != nil {
		return err
	}
	if info.Size() != s.Size || !d.fits(s) {
		return nil // begins anew
	}
	d.state, d.known = s, true
	return d.startJournal()
}

// fits tells whether s can be a beginning of the file.
func (d *download) fits(s state) bool {
	if s.Key != d.file.key() || d.file.Size > 0 && s.Size != d.file.Size {
		return false
	}
	// Without a digest only the server can say that the file is still the same.
	return d.file.SHA256 != "" || s.versions[len(s.versions)-1] != version{}
}

func (d *download) startJournal() error {
	j, err := startJournal(d.base+journalSuffix, &d.state)
	if err != nil {
		return d.writing(err)
	}
	d.journal = j
	return nil
}

func (d *download) close() {
	d.out.Close()
	if d.journal != nil {
		d.journal.close()
	}
	if !d.known {
		_ = remove(d.base) // nothing has come
	}
}

// begin prepares for a file of this size. It is called with the lock held.
func (d *download) begin(size int64, v version) error {
	if d.file.Size > 0 && size != d.file.Size {
		return fmt.Errorf("the server's file has %d bytes instead of %d", size, d.file.Size)
	}
	if err := disk.Need(d.c.Dir, d.c.promised.Load()+size); err != nil {
		return err
	}
	d.promises(size)
	s, err := newState(head{Ref: d.file.Ref, Name: d.file.Name, Key: d.file.key(), Size: size, Chunk: d.c.chunk})
	if err != nil {
		return err
	}
	s.versions = append(s.versions, v)
	// The file is as long as it will be but takes room only as bytes come.
	if err := d.out.Truncate(0); err != nil {
		return d.writing(err)
	}
	sparse(d.out)
	if err := d.out.Truncate(size); err != nil {
		return d.writing(err)
	}
	d.state, d.known = s, true
	return d.startJournal()
}

// restart throws away what was downloaded, as the server has another file now.
func (d *download) restart(why error) error {
	d.restarts++
	switch {
	case errors.Is(why, errUnnamed) && d.restarts >= d.c.Attempts:
		return fmt.Errorf("gave up after %d tries: %w", d.restarts, why)
	case errors.Is(why, errUnnamed):
		d.note = "the server cannot go on where it stopped; the download began anew"
	case d.restarts > 1:
		return errors.New("the file on the server changes again and again; try later")
	default:
		d.note = "the file on the server was changed; the download began anew"
	}
	if d.journal != nil {
		d.journal.close()
	}
	d.state, d.known, d.journal, d.address = state{}, false, nil, ""
	if err := os.Remove(d.base + journalSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d.writing(err)
	}
	return nil
}

// pass fetches what is missing and returns the digest of the whole.
func (d *download) pass(parent context.Context) (string, error) {
	ctx, stop := context.WithCancelCause(parent)
	d.ctx, d.stop = ctx, stop
	d.flows, d.slow = map[int]*flow{}, 0
	d.tell, d.result = make(chan struct{}, 1), make(chan string, 1)
	d.hashed, d.spawned, d.limit, d.active, d.streaming, d.ranges = 0, 0, d.c.Connections, 0, 0, false
	awake := context.AfterFunc(ctx, func() {
		d.mu.Lock()
		d.change.Broadcast()
		d.mu.Unlock()
	})
	defer func() {
		stop(nil)
		d.running.Wait()
		awake()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.unpause()
		d.promises(0)
	}()

	d.report()
	d.mu.Lock()
	if d.known {
		d.promises(d.Size - d.have())
		d.running.Go(func() { d.follow(ctx) })
	}
	d.spawn(1)
	d.mu.Unlock()
	if err := d.keep(); err != nil {
		return "", err
	}

	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-d.tell:
		case <-tick.C:
			if n%d.c.look == 0 {
				d.hurry()
				if err := d.keep(); err != nil {
					return "", err
				}
			}
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case digest := <-d.result:
			d.report()
			return digest, nil
		}
		d.report()
	}
}

// spawn raises the number of connections to n. It is called with the lock held.
func (d *download) spawn(n int) {
	for d.spawned < min(n, d.c.Connections) {
		d.spawned++
		id := d.spawned
		d.running.Go(func() { d.work(d.ctx, id) })
	}
}

// promises says how many bytes this download will still write. It is called
// with the lock held.
func (d *download) promises(n int64) {
	d.c.promised.Add(n - d.promise)
	d.promise = n
}

// keep looks after the disk now and then: that there is room, that the system
// does not hold back too much, and that the journal does not grow for ever.
func (d *download) keep() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.known {
		return nil
	}
	missing := d.Size - d.have()
	d.promises(missing)
	if missing > 0 {
		if err := disk.Need(d.c.Dir, d.c.promised.Load()); err != nil {
			return err
		}
	}
	if d.journal.size() > 4<<20+int64(len(d.chunks))*100 {
		if err := d.journal.rewrite(&d.state); err != nil {
			return d.writing(err)
		}
	}
	if missing > 0 && !d.syncing && d.stored > 0 {
		d.syncing = true
		d.running.Go(func() {
			err := d.out.Sync()
			if err == nil {
				err = d.journal.sync()
			}
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.syncing = false; err != nil {
				d.stop(d.writing(err))
			}
		})
	}
	return nil
}

// report tells how far the download is.
func (d *download) report() {
	d.mu.Lock()
	state, done, total, note := Running, int64(0), max(d.Size, d.file.Size), d.note
	if d.known {
		done = d.have()
	}
	switch {
	case d.known && done == d.Size:
		state, done = Verifying, d.hashed
	case d.paused != nil && d.active == 0:
		state, note = Waiting, d.pauseNote
	}
	d.mu.Unlock()
	d.m.show(state, done, total, note)
}

// changed wakes those who wait for a change and has it reported. It is called
// with the lock held.
func (d *download) changed() {
	d.change.Broadcast()
	select {
	case d.tell <- struct{}{}:
	default:
	}
}

// work is one connection: it fetches stretch after stretch.
func (d *download) work(ctx context.Context, id int) {
	buf := make([]byte, 256<<10)
	for {
		s, ok := d.take(ctx, id)
		if !ok {
			return
		}
		err := d.attempt(ctx, id, &s, buf)
		d.release(id)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, errAside) && !errors.Is(err, errSlow) {
			if err := d.failed(err, s.epoch); err != nil {
				d.stop(err)
				return
			}
		}
	}
}

// failed decides what a failure means: nil to go on, after a pause for all
// connections, or the error that ends the download.
func (d *download) failed(err error, epoch int) error {
	var p permanent
	if errors.As(err, &p) {
		return p.error
	}
	if errors.Is(err, network.ErrOff) || errors.Is(err, errChanged) || errors.Is(err, errUnnamed) {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.contacted && (!reached(err) || d.failures >= 2) {
		return err // trying on would only keep the user waiting
	}
	d.address = ""
	if epoch != d.epoch {
		return nil // another connection has told of it
	}
	d.epoch++
	if d.failures++; d.stored > d.failedAt {
		d.failures = 1
	}
	d.failedAt = d.stored
	var s *network.StatusError
	status := errors.As(err, &s)
	if status && s.Code == http.StatusForbidden && d.failures >= 3 {
		return gated(err) // a fresh address does not help either
	}
	if d.failures >= d.c.Attempts {
		return fmt.Errorf("gave up after %d tries; what was downloaded is kept for the next time: %w", d.failures, err)
	}
	pause := network.Pause(d.c.Backoff, d.failures, err)
	d.pauseNote = fmt.Sprintf("%v; trying again in %.0f s", err, max(pause.Seconds(), 1))
	if status && s.Code != http.StatusForbidden {
		d.limit, d.good = max(1, d.limit/2), 0 // it may be our many connections
		if s.Wait > 0 {
			d.pauseNote = fmt.Sprintf("the server asks to wait %.0f s", s.Wait.Seconds())
		}
	}
	d.unpause()
	var t *time.Timer
	t = time.AfterFunc(pause, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		if d.paused == t {
			d.paused = nil
			d.changed()
		}
	})
	d.paused = t
	d.changed()
	return nil
}

// reached tells whether a failure happened when there was a server already.
func reached(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return false
	}
	var timeout interface{ Timeout() bool }
	return errors.Is(err, errStalled) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.As(err, &timeout) && timeout.Timeout()
}

// unpause ends a pause. It is called with the lock held.
func (d *download) unpause() {
	if d.paused != nil {
		d.paused.Stop()
		d.paused = nil
	}
}

// finish gives the complete file its name.
func (d *download) finish(path string) error {
	if d.round > 0 {
		for _, i := range d.differing() {
			d.wrong[i] = true
		}
		if wrong := slices.Sorted(maps.Keys(d.wrong)); len(wrong) > 0 {
			d.note = d.name(wrong) + " came wrong the first time and were fetched again"
			d.report()
		}
	}
	if err := d.out.Sync(); err != nil {
		return d.writing(err)
	}
	if err := d.out.Close(); err != nil {
		return d.writing(err)
	}
	if err := disk.Rename(d.part(), path); err != nil {
		return d.writing(err)
	}
	return remove(d.base)
}

// writing says what a failure to write means for people.
func (d *download) writing(err error) error {
	if slices.ContainsFunc(noRoom, func(e error) bool { return errors.Is(err, e) }) {
		var missing int64
		if d.known {
			missing = d.Size - d.have()
		}
		return fmt.Errorf("the disk of %s is full: %s more are needed; what was downloaded is kept, so free some space and go on: %w",
			d.c.Dir, disk.Size(missing), err)
	}
	return unwritable(d.c.Dir, err)
}

// unwritable says that dir cannot be written to.
func unwritable(dir string, err error) error {
	if errors.Is(err, fs.ErrPermission) || readOnly(err) {
		return fmt.Errorf("%s cannot be written to; change its permissions, or move FREEHOLD_HOME to another folder: %w", dir, err)
	}
	return fmt.Errorf("write to %s: %w", dir, err)
}
