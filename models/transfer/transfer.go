// Package transfer downloads one file from one address. A download that was
// cut, by a bad line or by kill -9, goes on where it stopped, and no file is
// handed out before its SHA-256 was checked.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"freehold/models/network"
)

// ErrBusy says that this or another process is downloading the same file.
var ErrBusy = errors.New("this model is being downloaded already, by this or another Freehold")

// File is what to download.
type File struct {
	Ref     string // of the model it belongs to
	Name    string // for people
	URL     string
	SHA256  string // hex; "" if nobody said
	Size    int64  // bytes; 0 if nobody said
	Token   string // for the host of URL, "" for none
	Purpose string // for the record of requests
}

// Progress is how far a download is.
type Progress struct {
	State     string // Running, Waiting or Verifying
	Done      int64  // bytes; includes what an earlier run had fetched
	Total     int64  // bytes; 0 while unknown
	PerSecond float64
	Note      string // what people should know, e.g. that the server asks to wait
}

// States of a download.
const (
	Running   = "running"
	Waiting   = "waiting"
	Verifying = "verifying"
)

// Options configure a Downloader. What is left zero gets a sensible value.
type Options struct {
	// Dir holds unfinished downloads. It should be on the disk that the
	// finished ones go to.
	Dir      string
	Gate     *network.Gate
	Stall    time.Duration // without a byte before a connection counts as dead; 30 s
	Backoff  time.Duration // before the first retry, doubling with each; 0.5 s
	Attempts int           // that bring nothing in a row before giving up; 10
	// Connections is how many parts of a file are fetched side by side; 4.
	Connections int
}

// Downloader fetches files. Its methods may be called concurrently.
type Downloader struct {
	Options
	chunk    int64 // bytes that have one checksum in the journal
	openFile func(path string) (partFile, error)
	clock    func() time.Time
	look     int          // tenths of a second between looks at the disk and at slow connections
	promised atomic.Int64 // bytes that downloads under way will still write
}

// partFile holds the bytes of a download.
type partFile interface {
	io.ReaderAt
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

const (
	partSuffix    = ".part"
	journalSuffix = ".journal"
)

// New makes a downloader. It touches neither disk nor network.
func New(o Options) *Downloader {
	if o.Gate == nil {
		o.Gate = network.New(network.Options{})
	}
	if o.Stall == 0 {
		o.Stall = 30 * time.Second
	}
	if o.Backoff == 0 {
		o.Backoff = 500 * time.Millisecond
	}
	if o.Attempts == 0 {
		o.Attempts = 10
	}
	if o.Connections == 0 {
		o.Connections = 4
	}
	return &Downloader{Options: o, chunk: 4 << 20, look: 20, clock: time.Now, openFile: func(path string) (partFile, error) {
		return os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	}}
}

// Fetch downloads f, going on where an earlier run stopped, checks it, and
// returns its path in Dir and its SHA-256 (hex). The caller moves the file
// away. When ctx ends, what came so far stays for the next call. It returns
// ErrBusy at once if this or another process is at the same file. report,
// which may be nil, is called some times a second.
func (c *Downloader) Fetch(ctx context.Context, f File, report func(Progress)) (path, digest string, err error) {
	if err := c.Gate.Allowed(); err != nil {
		return "", "", err
	}
	path, unlock, err := c.Claim(f)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	m := NewMeter(report)
	m.clock = c.clock
	if ok, err := c.finished(ctx, f, path, m); err != nil || ok {
		return path, f.SHA256, err
	}
	purpose := f.Purpose
	if purpose == "" {
		purpose = "download " + f.Name
	}
	d := &download{c: c, file: f, m: m, client: c.Gate.Client(purpose), wrong: map[int]bool{}, base: filepath.Join(c.Dir, f.key())}
	d.change.L = &d.mu
	if err := d.open(); err != nil {
		return "", "", err
	}
	defer d.close()
	for {
		digest, err := d.pass(ctx)
		switch {
		case errors.Is(err, errChanged), errors.Is(err, errUnnamed):
			err = d.restart(err)
		case err == nil && (f.SHA256 == "" || digest == f.SHA256):
			return path, digest, d.finish(path)
		case err == nil:
			err = d.mend(digest)
		}
		if err != nil {
			return "", "", err
		}
	}
}

// finished tells whether the file is there already: complete, but never
// collected.
func (c *Downloader) finished(ctx context.Context, f File, path string, m *Meter) (bool, error) {
	in, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return false, err
	}
	if f.SHA256 != "" && (f.Size == 0 || f.Size == info.Size()) {
		m.Start(Verifying, 0, info.Size())
		h := sha256.New()
		for {
			n, err := io.CopyN(h, in, 4<<20)
			m.Add(n)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return false, err
			}
			if ctx.Err() != nil {
				return false, context.Cause(ctx)
			}
		}
		if hex.EncodeToString(h.Sum(nil)) == f.SHA256 {
			return true, nil
		}
	}
	in.Close()
	return false, os.Remove(path)
}

// key names the files of a download in Dir.
func (f File) key() string {
	if f.SHA256 != "" {
		return "sha256-" + f.SHA256
	}
	sum := sha256.Sum256([]byte(f.URL))
	return "url-" + hex.EncodeToString(sum[:])
}

// Claim reserves f for a caller that fetches it in another way, and returns
// where the finished file belongs. It returns ErrBusy if f is being downloaded.
func (c *Downloader) Claim(f File) (path string, unlock func(), err error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return "", nil, unwritable(c.Dir, err)
	}
	unlock, err = c.claim(f.key())
	return filepath.Join(c.Dir, f.key()+".gguf"), unlock, err
}
