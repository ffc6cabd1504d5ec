// Package transfer downloads one file from one address. A download that was
// cut, by a bad line or by kill -9, goes on where it stopped, and no file is
// handed out before its SHA-256 was checked.
package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/models/internal/disk"
	"freehold/models/network"
)

// ErrBusy says that this or another process is downloading the same file.
var ErrBusy = errors.New("this model is being downloaded already")

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
	Attempts int           // that bring nothing in a row before giving up; 6
}

// Downloader fetches files. Its methods may be called concurrently.
type Downloader struct{ Options }

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
		o.Attempts = 6
	}
	return &Downloader{o}
}

// Fetch downloads f, going on where an earlier run stopped, checks it, and
// returns its path in Dir and its SHA-256 (hex). The caller moves the file
// away. When ctx ends, what came so far stays for the next call. report, which
// may be nil, is called some times a second.
func (c *Downloader) Fetch(ctx context.Context, f File, report func(Progress)) (path, digest string, err error) {
	if err := c.Gate.Allowed(); err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return "", "", err
	}
	key := f.key()
	unlock, err := c.begin(key)
	if err != nil {
		return "", "", err
	}
	defer unlock()
	purpose := f.Purpose
	if purpose == "" {
		purpose = "download " + f.Name
	}
	d := &download{c: c, file: f, m: NewMeter(report), client: c.Gate.Client(purpose),
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
		if f.SHA256 == "" || digest == f.SHA256 {
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
			return "", "", fmt.Errorf("what the server sent is not the file it should be (sha256 %s instead of %s); it was deleted", digest, f.SHA256)
		}
		// Bytes of an earlier run may have been lost in a crash: once more, in one piece.
	}
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
		return "", nil, err
	}
	unlock, err = c.begin(f.key())
	return filepath.Join(c.Dir, f.key()+".gguf"), unlock, err
}

// begin claims a download for this process.
func (c *Downloader) begin(key string) (unlock func(), err error) {
	unlock, err = disk.TryLock(filepath.Join(c.Dir, key+".lock"))
	if errors.Is(err, disk.ErrLocked) {
		return nil, ErrBusy
	}
	return unlock, err
}

// Unfinished is what an ended download left in Dir.
type Unfinished struct {
	Ref, Name   string
	Done, Total int64     // bytes
	Path        string    // of the bytes
	At          time.Time // when the last of them came
}

// Kept lists what lies unfinished in Dir.
func (c *Downloader) Kept() ([]Unfinished, error) {
	parts, err := filepath.Glob(filepath.Join(c.Dir, "*.part"))
	if err != nil {
		return nil, err
	}
	var all []Unfinished
	for _, part := range parts {
		info, err := os.Stat(part)
		if err != nil {
			continue // finished or discarded meanwhile
		}
		u := Unfinished{Done: info.Size(), Path: part, At: info.ModTime()}
		var j journal
		if data, err := os.ReadFile(strings.TrimSuffix(part, ".part") + ".json"); err == nil && json.Unmarshal(data, &j) == nil {
			u.Ref, u.Name, u.Total = j.Ref, j.Name, j.Size
		}
		all = append(all, u)
	}
	return all, nil
}

// Discard throws away the unfinished bytes of ref. It returns ErrBusy if they
// are being added to.
func (c *Downloader) Discard(ref string) error {
	all, err := c.Kept()
	if err != nil {
		return err
	}
	for _, u := range all {
		if u.Ref != ref {
			continue
		}
		key := strings.TrimSuffix(filepath.Base(u.Path), ".part")
		unlock, err := c.begin(key)
		if err != nil {
			return err
		}
		err = errors.Join(os.Remove(u.Path), os.Remove(filepath.Join(c.Dir, key+".json")))
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}
