package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"freehold/models/internal/disk"
)

// file is one file to be downloaded.
type file struct {
	ref    string // of the model, for the journal
	url    string
	sha256 string // hex; "" if nobody said
	size   int64  // 0 if nobody said
	token  string // for the host of url, "" for none
}

// journal lies beside the bytes of an unfinished download and says what they
// are, so that a later run neither starts anew nor mixes two versions.
type journal struct {
	Ref    string `json:"ref"`
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	ETag   string `json:"etag"`
	Size   int64  `json:"size"`
}

// permanent marks failures that trying again cannot mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

var errStalled = errors.New("the server stopped sending")

// transfer downloads f, going on where an earlier run stopped, checks its
// digest and returns its path in Dir.
func (c *Client) transfer(ctx context.Context, f file, m *meter) (path, digest string, err error) {
	key := f.key()
	unlock, err := c.begin(key)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	d := &download{c: c, file: f, m: m,
		part: filepath.Join(c.Dir, key+".part"), journalPath: filepath.Join(c.Dir, key+".json")}
	if err := d.open(); err != nil {
		return "", "", err
	}
	defer d.out.Close()
	for {
		if err := d.fill(ctx); err != nil {
			return "", "", err
		}
		digest, err := d.digest(ctx)
		if err != nil {
			return "", "", err
		}
		if f.sha256 == "" || digest == f.sha256 {
			return d.finish(key, digest)
		}
		pieced := d.pieced
		if err := d.restart(); err != nil {
			return "", "", err
		}
		if !pieced {
			d.out.Close()
			os.Remove(d.part)
			os.Remove(d.journalPath)
			return "", "", fmt.Errorf("what the server sent is not the file it should be (sha256 %s instead of %s); it was deleted", digest, f.sha256)
		}
		// Bytes of an earlier run may have been lost in a crash: once more, in one piece.
	}
}

// download is one file on its way.
type download struct {
	c *Client
	file
	m                 *meter
	part, journalPath string
	out               *os.File
	journal           journal
	have              int64 // bytes in out
	pieced            bool  // out holds bytes of more than one response
	contacted         bool  // the server has answered at least once
}

// open opens the part file and decides whether its bytes are of any use.
func (d *download) open() error {
	out, err := os.OpenFile(d.part, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	d.out = out
	data, err := os.ReadFile(d.journalPath)
	if err == nil && json.Unmarshal(data, &d.journal) == nil && d.journal.fits(d.file) {
		if d.have, err = out.Seek(0, io.SeekEnd); err == nil && d.have <= d.journal.Size {
			d.pieced = d.have > 0
			return nil
		}
	}
	return d.restart()
}

// fits tells whether the journal's bytes can be a beginning of f.
func (j journal) fits(f file) bool {
	if f.sha256 != "" {
		return j.SHA256 == f.sha256 && j.Size > 0
	}
	return j.SHA256 == "" && j.URL == f.url && j.ETag != "" && j.Size > 0
}

// restart throws away what was downloaded.
func (d *download) restart() error {
	d.have, d.pieced = 0, false
	d.journal = journal{Ref: d.ref, URL: d.url, SHA256: d.sha256}
	if err := d.out.Truncate(0); err != nil {
		return err
	}
	_, err := d.out.Seek(0, io.SeekStart)
	return err
}

// fill fetches the missing bytes, trying again while that helps.
func (d *download) fill(ctx context.Context) error {
	d.m.start(Running, d.have, max(d.journal.Size, d.size))
	for failures := 0; ; {
		before := d.have
		err := d.attempt(ctx)
		if err == nil {
			return d.out.Sync()
		}
		var p permanent
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if errors.As(err, &p) {
			return p.error
		}
		if !d.contacted {
			return err // not even reachable: trying on would only keep the user waiting
		}
		if failures++; d.have > before {
			failures = 1
		}
		if failures >= d.c.attempts {
			return fmt.Errorf("gave up after %d tries; what was downloaded is kept for the next time: %w", failures, err)
		}
		if err := sleep(ctx, d.c.pause(failures, err)); err != nil {
			return err
		}
	}
}

// attempt makes one request for the missing bytes and reads its answer. It
// returns nil when the file is complete.
func (d *download) attempt(ctx context.Context) error {
	if d.journal.Size > 0 && d.have == d.journal.Size {
		return nil
	}
	if err := d.c.allowed(); err != nil {
		return permanent{err}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.url, nil)
	if err != nil {
		return permanent{err}
	}
	r.Header.Set("Accept-Encoding", "identity")
	if d.token != "" {
		r.Header.Set("Authorization", "Bearer "+d.token)
	}
	if d.have > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
		if tag := d.journal.ETag; tag != "" && !strings.HasPrefix(tag, "W/") {
			r.Header.Set("If-Range", tag)
		}
	}
	watch := time.AfterFunc(d.c.stall, func() { cancel(errStalled) })
	defer watch.Stop()
	resp, err := d.c.http.Do(r)
	if err != nil {
		return plainly(ctx, err)
	}
	defer resp.Body.Close()
	d.contacted = true
	if err := d.accept(resp); err != nil {
		return err
	}
	return plainly(ctx, d.read(resp.Body, func() { watch.Reset(d.c.stall) }))
}

// accept checks an answer's head and prepares the part file for its body.
func (d *download) accept(resp *http.Response) error {
	var size int64
	switch resp.StatusCode {
	case http.StatusOK: // the whole file, whatever was asked for
		if d.have > 0 {
			if err := d.restart(); err != nil {
				return permanent{err}
			}
		}
		size = resp.ContentLength
	case http.StatusPartialContent:
		from, total, ok := contentRange(resp.Header.Get("Content-Range"))
		tag := resp.Header.Get("ETag")
		if !ok || from != d.have || total != d.journal.Size || d.journal.ETag != "" && tag != "" && tag != d.journal.ETag {
			if err := d.restart(); err != nil {
				return permanent{err}
			}
			return errors.New("the file on the server was changed meanwhile")
		}
		d.pieced = true
		return nil
	case http.StatusRequestedRangeNotSatisfiable:
		if err := d.restart(); err != nil {
			return permanent{err}
		}
		return errors.New("the server does not have the part of the file that is missing here")
	default:
		return statusError(resp)
	}
	if size <= 0 {
		return permanent{errors.New("the server does not say how large the file is")}
	}
	if d.size > 0 && size != d.size {
		return permanent{fmt.Errorf("the server's file has %d bytes instead of %d", size, d.size)}
	}
	if err := disk.Need(d.c.Dir, size); err != nil {
		return permanent{err}
	}
	d.journal.ETag, d.journal.Size = resp.Header.Get("ETag"), size
	d.m.start(Running, 0, size)
	data, err := json.Marshal(d.journal)
	if err == nil {
		err = disk.WriteFile(d.journalPath, data)
	}
	if err != nil {
		return permanent{err}
	}
	return nil
}

// read appends body to the part file. alive is called whenever bytes arrive.
func (d *download) read(body io.Reader, alive func()) error {
	buf := make([]byte, 256<<10)
	for {
		n, err := body.Read(buf)
		if n > 0 {
			alive()
			if d.have+int64(n) > d.journal.Size {
				return permanent{errors.New("the server sends more than it announced")}
			}
			if _, err := d.out.WriteAt(buf[:n], d.have); err != nil {
				return permanent{fmt.Errorf("write to %s: %w", d.c.Dir, err)}
			}
			d.have += int64(n)
			d.m.set(d.have)
		}
		switch {
		case d.have == d.journal.Size:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
		if err := d.c.allowed(); err != nil {
			return permanent{err}
		}
	}
}

// digest reads the whole part file and returns its SHA-256 (hex).
func (d *download) digest(ctx context.Context) (string, error) {
	d.m.start(Verifying, 0, d.have)
	h := sha256.New()
	buf := make([]byte, 1<<20)
	for at := int64(0); at < d.have; {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := d.out.ReadAt(buf[:min(int64(len(buf)), d.have-at)], at)
		if n == 0 && err != nil {
			return "", fmt.Errorf("read %s: %w", d.part, err)
		}
		h.Write(buf[:n])
		at += int64(n)
		d.m.add(int64(n))
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// finish gives the complete file its name.
func (d *download) finish(key, digest string) (string, string, error) {
	if err := d.out.Close(); err != nil {
		return "", "", err
	}
	path := filepath.Join(d.c.Dir, key+".gguf")
	if err := disk.Rename(d.part, path); err != nil {
		return "", "", err
	}
	os.Remove(d.journalPath)
	return path, digest, nil
}

// statusError says what an answer without the file means.
func statusError(resp *http.Response) error {
	err := fmt.Errorf("%s answered %s", resp.Request.URL.Host, resp.Status)
	redirected := resp.Request.Response != nil
	switch code := resp.StatusCode; {
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return retryAfter{err, seconds(resp.Header.Get("Retry-After"))}
	case code == http.StatusForbidden && redirected:
		return err // a signed address has run out; the next request gets a new one
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return permanent{fmt.Errorf("%w; the model may be gated: accept its terms on its page, make an access token there and set HF_TOKEN", err)}
	case code == http.StatusNotFound, code == http.StatusGone:
		return permanent{fmt.Errorf("%w; the file is not there (any more)", err)}
	default:
		return permanent{err}
	}
}

// retryAfter is a failure for which the server named a waiting time.
type retryAfter struct {
	error
	wait time.Duration
}

func seconds(header string) time.Duration {
	n, err := strconv.Atoi(header)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(min(n, 60)) * time.Second
}

// pause returns how long to wait after so many failures in a row.
func (c *Client) pause(failures int, err error) time.Duration {
	d := c.backoff << min(failures-1, 6)
	d = d/2 + rand.N(d/2+1) // spread out, so that clients do not come back all at once
	var r retryAfter
	if errors.As(err, &r) {
		d = max(d, r.wait)
	}
	return d
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-t.C:
		return nil
	}
}

// plainly gives a failure its real cause: the stall that cancelled the
// request, or the network error inside the URL that the user knows anyway.
func plainly(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); errors.Is(cause, errStalled) {
		return cause
	}
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// contentRange reads "bytes from-to/total".
func contentRange(s string) (from, total int64, ok bool) {
	s, isBytes := strings.CutPrefix(s, "bytes ")
	span, all, hasTotal := strings.Cut(s, "/")
	first, _, hasTo := strings.Cut(span, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	total, err2 := strconv.ParseInt(all, 10, 64)
	ok = isBytes && hasTotal && hasTo && err1 == nil && err2 == nil && from >= 0 && total > from
	return from, total, ok
}
