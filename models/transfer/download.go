package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"freehold/models/internal/disk"
	"freehold/models/network"
)

// journal lies beside the bytes of an unfinished download and says what they
// are, so that a later run neither starts anew nor mixes two versions.
type journal struct {
	Ref    string `json:"ref"`
	Name   string `json:"name"`
	URL    string `json:"url"`
	SHA256 string `json:"sha256"`
	ETag   string `json:"etag"`
	Size   int64  `json:"size"`
}

// permanent marks failures that trying again cannot mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

var errStalled = errors.New("the server stopped sending")

// download is one file on its way.
type download struct {
	c      *Downloader
	file   File
	m      *Meter
	client interface {
		Do(*http.Request) (*http.Response, error)
	}

	part, journalPath string

	out       *os.File
	journal   journal
	have      int64 // bytes in out
	pieced    bool  // out holds bytes of more than one response
	contacted bool  // the server has answered at least once
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
func (j journal) fits(f File) bool {
	if f.SHA256 != "" {
		return j.SHA256 == f.SHA256 && j.Size > 0
	}
	return j.SHA256 == "" && j.URL == f.URL && j.ETag != "" && j.Size > 0
}

// restart throws away what was downloaded.
func (d *download) restart() error {
	d.have, d.pieced = 0, false
	d.journal = journal{Ref: d.file.Ref, Name: d.file.Name, URL: d.file.URL, SHA256: d.file.SHA256}
	if err := d.out.Truncate(0); err != nil {
		return err
	}
	_, err := d.out.Seek(0, io.SeekStart)
	return err
}

// fill fetches the missing bytes, trying again while that helps.
func (d *download) fill(ctx context.Context) error {
	d.m.Start(Running, d.have, max(d.journal.Size, d.file.Size))
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
		if failures >= d.c.Attempts {
			return fmt.Errorf("gave up after %d tries; what was downloaded is kept for the next time: %w", failures, err)
		}
		if err := network.Sleep(ctx, network.Pause(d.c.Backoff, failures, err)); err != nil {
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
	if err := d.c.Gate.Allowed(); err != nil {
		return permanent{err}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.file.URL, nil)
	if err != nil {
		return permanent{err}
	}
	r.Header.Set("Accept-Encoding", "identity")
	if d.file.Token != "" {
		r.Header.Set("Authorization", "Bearer "+d.file.Token)
	}
	if d.have > 0 {
		r.Header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
		if tag := d.journal.ETag; tag != "" && !strings.HasPrefix(tag, "W/") {
			r.Header.Set("If-Range", tag)
		}
	}
	watch := time.AfterFunc(d.c.Stall, func() { cancel(errStalled) })
	defer watch.Stop()
	resp, err := d.client.Do(r)
	if err != nil {
		return plainly(ctx, err)
	}
	defer resp.Body.Close()
	d.contacted = true
	if err := d.accept(resp); err != nil {
		return err
	}
	return plainly(ctx, d.read(resp.Body, func() { watch.Reset(d.c.Stall) }))
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
	if d.file.Size > 0 && size != d.file.Size {
		return permanent{fmt.Errorf("the server's file has %d bytes instead of %d", size, d.file.Size)}
	}
	if err := disk.Need(d.c.Dir, size); err != nil {
		return permanent{err}
	}
	d.journal.ETag, d.journal.Size = resp.Header.Get("ETag"), size
	d.m.Start(Running, 0, size)
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
			d.m.Set(d.have)
		}
		switch {
		case d.have == d.journal.Size:
			return nil
		case errors.Is(err, io.EOF):
			return io.ErrUnexpectedEOF
		case err != nil:
			return err
		}
		if err := d.c.Gate.Allowed(); err != nil {
			return permanent{err}
		}
	}
}

// digest reads the whole part file and returns its SHA-256 (hex).
func (d *download) digest(ctx context.Context) (string, error) {
	d.m.Start(Verifying, 0, d.have)
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
		d.m.Add(int64(n))
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
	err := network.StatusOf(resp)
	switch code := resp.StatusCode; {
	case err.Temporary():
		return err
	case code == http.StatusUnauthorized, code == http.StatusForbidden:
		return permanent{fmt.Errorf("%w; the model may be gated: accept its terms on its page, make an access token there and set HF_TOKEN", err)}
	case code == http.StatusNotFound, code == http.StatusGone:
		return permanent{fmt.Errorf("%w; the file is not there (any more)", err)}
	default:
		return permanent{err}
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
