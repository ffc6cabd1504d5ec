package transfer

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"freehold/models/network"
)

// stretch is what one request asks for.
type stretch struct {
	from, to int64 // bytes; to is behind the last
	ranged   bool  // ask for the range only
	epoch    int
	version  int // of the file, that the answer is of
}

const (
	firstPart = 4  // chunks of the first requests
	largest   = 32 // chunks of any request
)

// take waits for something to do and claims it for connection id. It returns
// false when the pass has ended.
func (d *download) take(ctx context.Context, id int) (stretch, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for ; ctx.Err() == nil; d.change.Wait() {
		if d.paused != nil || d.streaming != 0 || id > d.limit || d.noRanges && d.active > 0 {
			continue
		}
		if !d.known {
			d.active++
			return stretch{to: firstPart * d.c.chunk, ranged: !d.noRanges, epoch: d.epoch}, true
		}
		from, to, ok := d.missing()
		if !ok {
			from, to, ok = d.steal()
		}
		if !ok {
			continue
		}
		if d.noRanges {
			to = len(d.chunks)
		}
		s := stretch{from: int64(from) * d.Chunk, to: min(int64(to)*d.Chunk, d.Size), ranged: !d.noRanges, epoch: d.epoch}
		if !d.noRanges {
			for i := from; i < to; i++ {
				d.chunks[i].owner = id
			}
			if err := d.recheck(from); err != nil {
				d.stop(err)
				return stretch{}, false
			}
			s.from += d.chunks[from].have
		}
		d.active++
		return s, true
	}
	return stretch{}, false
}

// missing finds the first missing chunks that nobody fetches.
func (d *download) missing() (from, to int, ok bool) {
	free := func(i int) bool { return !d.whole(i) && d.chunks[i].owner == 0 }
	for from = range d.chunks {
		if free(from) {
			break
		}
	}
	if !free(from) {
		return 0, 0, false
	}
	n := firstPart
	if d.per > 0 { // so long that the wait for the answer hardly counts
		n = min(max(int(30*d.latency/d.per), firstPart), largest)
	}
	for to = from + 1; to < len(d.chunks) && to-from < n && free(to) && d.chunks[to].have == 0; to++ {
	}
	return from, to, true
}

// steal finds the second half of the longest stretch that a connection has
// claimed and not begun, so that none is idle at the end.
func (d *download) steal() (from, to int, ok bool) {
	best := 0
	for i := 0; i < len(d.chunks); {
		j := i
		for j < len(d.chunks) && d.chunks[j].owner != 0 && d.chunks[j].owner == d.chunks[i].owner && !d.whole(j) {
			j++
		}
		if n := (j - i) / 2; n > best {
			best, from, to, ok = n, j-n, j, true
		}
		i = max(j, i+1)
	}
	return from, to, ok
}

// recheck reads the beginning of chunk i that an earlier run has left, and
// forgets it if it is damaged.
func (d *download) recheck(i int) error {
	c := &d.chunks[i]
	if c.have == 0 || c.fresh {
		return nil
	}
	data := make([]byte, c.have)
	if _, err := d.out.ReadAt(data, int64(i)*d.Chunk); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("read %s: %w", d.part(), err)
	}
	if crc32.Checksum(data, castagnoli) != c.sum {
		c.have, c.sum = 0, 0
		d.note = "the disk had lost " + d.name([]int{i}) + "; they are fetched again"
	}
	c.fresh = true
	return nil
}

// release gives back what connection id has claimed and not fetched.
func (d *download) release(id int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.active--
	delete(d.flows, id)
	for i := range d.chunks {
		if c := &d.chunks[i]; c.owner == id {
			c.owner = 0
			if c.have > 0 {
				d.record(i)
			}
		}
	}
	d.changed()
}

// record writes down what chunk i has. Failing to is no harm yet: the bytes are
// there, and the next failure to write will be told.
func (d *download) record(i int) { _ = d.journal.add(d.chunks[i].line(i)) }

// attempt makes one request and reads its answer.
func (d *download) attempt(ctx context.Context, id int, s *stretch, buf []byte) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	d.mu.Lock()
	d.flows[id] = &flow{cancel: cancel, chunk: -1}
	d.mu.Unlock()
	r, cached, err := d.request(ctx, *s)
	if err != nil {
		return permanent{err}
	}
	watch := time.AfterFunc(d.c.Stall, func() { cancel(errStalled) })
	defer watch.Stop()
	began := d.c.clock()
	resp, err := d.client.Do(r)
	if err != nil {
		return plainly(ctx, err)
	}
	defer resp.Body.Close()
	latency := d.c.clock().Sub(began)
	if err := d.accept(resp, id, s, cached); err != nil {
		return err
	}
	d.mu.Lock()
	d.latency = max(latency.Seconds(), 0)
	d.mu.Unlock()
	err = plainly(ctx, d.read(resp.Body, id, s, buf, func() { watch.Reset(d.c.Stall) }))
	d.mu.Lock()
	if d.streaming == id {
		d.streaming = 0
	}
	d.mu.Unlock()
	return err
}

// request makes the request for s. cached tells that it goes to where an
// earlier one was redirected to.
func (d *download) request(ctx context.Context, s stretch) (r *http.Request, cached bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	address := d.file.URL
	if cached = d.address != ""; cached {
		address = d.address
	}
	r, err = http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, false, plainly(ctx, err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	if d.file.Token != "" {
		if u, err := url.Parse(d.file.URL); err == nil && u.Host == r.URL.Host {
			r.Header.Set("Authorization", "Bearer "+d.file.Token)
		}
	}
	if !s.ranged {
		return r, cached, nil
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", s.from, s.to-1))
	if d.known && d.file.SHA256 == "" {
		switch v := d.versions[d.current()]; {
		case v.ETag != "" && !strings.HasPrefix(v.ETag, "W/"):
			r.Header.Set("If-Range", v.ETag)
		case v.ETag == "" && v.Modified != "":
			r.Header.Set("If-Range", v.Modified)
		}
	}
	return r, cached, nil
}

// accept checks an answer's head and sets s to what its body holds.
func (d *download) accept(resp *http.Response, id int, s *stretch, cached bool) (err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.contacted = true
	v := version{clip(resp.Header.Get("ETag")), clip(resp.Header.Get("Last-Modified"))}
	switch code := resp.StatusCode; {
	case code == http.StatusOK:
		size := resp.ContentLength
		if size < 0 {
			size = d.file.Size
		}
		if size <= 0 {
			return permanent{errors.New("the server does not say how large the file is, or it is empty")}
		}
		switch {
		case d.streaming != 0:
			return errAside
		case d.ranges && d.failures < 2 && !(d.known && d.file.SHA256 == "" && d.versions[d.current()].differs(v)):
			return errors.New("the server sent the whole file instead of a part")
		case d.known && d.have() > 0 && d.file.SHA256 == "" && v == version{}:
			return errUnnamed
		}
		if s.version, err = d.about(size, v); err != nil {
			return err
		}
		s.from, s.to, d.streaming = 0, size, id
	case code == http.StatusPartialContent && s.ranged:
		if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind == "multipart/byteranges" {
			return permanent{errors.New("the server answers in a form that was not asked for (multipart/byteranges)")}
		}
		from, to, total, ok := contentRange(resp.Header.Get("Content-Range"))
		d.noRanges = !ok && !d.known // such a server may do better without
		if !ok || from != s.from || to >= s.to || resp.ContentLength >= 0 && resp.ContentLength != to-from+1 {
			return fmt.Errorf("the server sent another part of the file than was asked for (%q)", clip(resp.Header.Get("Content-Range")))
		}
		first := !d.known
		if s.version, err = d.about(total, v); err != nil {
			return err
		}
		d.ranges, s.to = true, to+1
		for i := 0; first && int64(i)*d.Chunk < s.to; i++ {
			d.chunks[i].owner = id
		}
		d.spawn(int(min((d.Size-d.have())/(firstPart*d.Chunk)+1, int64(d.c.Connections))))
	case code == http.StatusRequestedRangeNotSatisfiable && s.ranged:
		if total, ok := unsatisfied(resp.Header.Get("Content-Range")); ok && d.known && total != d.Size {
			return errChanged
		}
		d.noRanges = true
		return errors.New("the server does not want to send a part of the file")
	case cached && (code == http.StatusUnauthorized || code == http.StatusForbidden || code == http.StatusNotFound || code == http.StatusGone):
		d.address = ""
		return errors.New("the signed address of the file has run out")
	default:
		return statusError(resp)
	}
	if resp.Request.Response != nil {
		d.address = resp.Request.URL.String()
	}
	return nil
}

// maxVersions is how often a file may change its name for itself before that is
// taken for noise.
const maxVersions = 8

// about takes in what an answer says about the file, and returns the index of
// its version.
func (d *download) about(size int64, v version) (int, error) {
	if !d.known {
		if err := d.begin(size, v); err != nil {
			return 0, permanent{err}
		}
		d.running.Go(func() { d.follow(d.ctx) })
		d.changed()
		return d.current(), nil
	}
	if d.file.Size > 0 && size != d.file.Size {
		return 0, permanent{fmt.Errorf("the server's file has %d bytes instead of %d", size, d.file.Size)}
	}
	last := d.versions[d.current()]
	if size != d.Size || last.differs(v) && d.file.SHA256 == "" {
		return 0, errChanged
	}
	if !last.differs(v) && (last != version{} || v == version{}) {
		return d.current(), nil
	}
	if i := slices.Index(d.versions, v); i >= 0 {
		return i, nil
	}
	if len(d.versions) > maxVersions {
		return 0, nil
	}
	// The digest will tell whether it is the same file by another name, as it
	// often is where many servers share the work. If it is not, what is of
	// other versions than the last is fetched again first.
	d.versions = append(d.versions, v)
	_ = d.journal.add(v.line())
	return d.current(), nil
}

// current is the index of the version that was seen last.
func (d *download) current() int { return len(d.versions) - 1 }

// read writes body, which begins at s.from, to where it belongs. alive is
// called whenever bytes arrive.
func (d *download) read(body io.Reader, id int, s *stretch, buf []byte, alive func()) error {
	began, noted := d.c.clock(), d.c.clock()
	var wrote int64
	for at := s.from; at < s.to; {
		i := int(at / d.Chunk)
		use, until, sum := d.claim(i, id, at)
		if until == at {
			return nil // another connection has taken over the rest
		}
		n, err := body.Read(buf[:min(int64(len(buf)), until-at, s.to-at)])
		if n > 0 {
			alive()
			if data := buf[:n]; use {
				if _, err := d.out.WriteAt(data, at); err != nil {
					d.mu.Lock()
					defer d.mu.Unlock()
					return permanent{d.writing(err)}
				}
				wrote += int64(n)
				if at+int64(n) == s.to && more(body) {
					return permanent{errMore}
				}
				now := d.c.clock()
				late := now.Sub(noted) >= time.Second
				if late || now.Before(noted) {
					noted = now
				}
				d.wrote(i, id, int64(n), crc32.Update(sum, castagnoli, data), s.version, late)
			}
			at += int64(n)
		}
		if at == s.to {
			break
		}
		if errors.Is(err, io.EOF) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	if took := d.c.clock().Sub(began).Seconds(); wrote > 0 && took > 0 {
		d.mu.Lock()
		d.per = took / float64(wrote) * float64(d.Chunk)
		d.mu.Unlock()
	}
	if wrote == 0 {
		return errors.New("the server sent nothing that was missing")
	}
	return nil
}

// more tells whether there is anything behind what should be the end. To have
// read the end frees the connection for the next request, too.
func more(body io.Reader) bool {
	n, _ := body.Read(make([]byte, 1))
	return n > 0
}

// claim tells what to do with the bytes from the offset at of the file, in
// chunk i, up to until: use them, as a continuation of what has this sum, or
// drop them. In an answer that holds the whole file there may be bytes that
// are here already or that another connection fetches. If until is at, nothing
// more is wanted.
func (d *download) claim(i, id int, at int64) (use bool, until int64, sum uint32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &d.chunks[i]
	begin := int64(i) * d.Chunk
	until = begin + d.length(i)
	if d.streaming == id && at == begin && c.owner == 0 && !d.whole(i) {
		c.owner, c.have, c.sum = id, 0, 0
	}
	switch {
	case c.owner != id && d.streaming != id:
		return false, at, 0
	case c.owner != id:
		return false, until, 0
	case begin+c.have > at:
		return false, begin + c.have, 0
	default:
		return begin+c.have == at, until, c.sum
	}
}

// wrote counts n more bytes of chunk i.
func (d *download) wrote(i, id int, n int64, sum uint32, version int, late bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := &d.chunks[i]
	first := d.stored == 0
	if c.have > 0 && c.version != version {
		version = 0 // a mixture
	}
	c.have, c.sum, c.version, c.fresh = c.have+n, sum, version, true
	d.stored += n
	if fl := d.flows[id]; fl != nil {
		fl.chunk, fl.bytes = i, fl.bytes+n
	}
	if !d.whole(i) {
		if late {
			d.record(i)
		}
		if first {
			d.changed()
		}
		return
	}
	c.owner, d.failures, d.slow = 0, 0, 0
	if c.again && c.before != c.sum {
		d.wrong[i] = true
	}
	d.record(i)
	if d.good++; d.good >= 16 && d.limit < d.c.Connections {
		d.limit, d.good = d.limit+1, 0
	}
	d.changed()
}

// statusError says what an answer without the file means.
func statusError(resp *http.Response) error {
	err := network.StatusOf(resp)
	switch code := resp.StatusCode; {
	case err.Temporary():
		return err
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return permanent{gated(err)}
	case code == http.StatusNotFound, code == http.StatusGone:
		return permanent{fmt.Errorf("%w; the file is not there (any more)", err)}
	default:
		return permanent{err}
	}
}

func gated(err error) error {
	return fmt.Errorf("%w; the model may be gated: accept its terms on its page, make an access token there and set HF_TOKEN", err)
}

// plainly gives a failure its real cause: the stall that cancelled the
// request, or the network error inside the URL that the user knows anyway.
func plainly(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) || errors.Is(cause, errSlow) {
		return cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// clip bounds what a server says.
func clip(s string) string { return s[:min(len(s), 200)] }
