// Package network is the only way out of Freehold. Everything outbound passes
// a Gate, which refuses while the network switch is off, ends what is under
// way when it is switched off, and keeps a record of each request.
package network

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// ErrOff says that the network switch is off.
var ErrOff = errors.New("the network is switched off; allow it in Settings, or use what is on this machine")

// Options configure a Gate. Its functions are asked again for every request,
// so that a setting counts at once; they may be called concurrently.
type Options struct {
	Allowed func() bool   // the switch; nil: always on
	Proxy   func() string // address of a proxy; nil or "": as the environment says
	CAFile  func() string // PEM file of further authorities; nil or "": the system's only
	Limit   func() int64  // bytes per second of all downloads together; nil or 0: none
	Log     func(Request) // told when a request begins (Ended false) and when it has ended; may be nil
}

// Request is the record of one outbound request. Queries are left out: those
// of signed addresses are as good as a password.
type Request struct {
	ID           int64  `json:"id"`
	Time         int64  `json:"time"` // of its beginning, ms since 1970
	Method       string `json:"method"`
	Host         string `json:"host"`
	Path         string `json:"path"`
	Purpose      string `json:"purpose"`
	Status       int    `json:"status"`   // 0 if nothing answered
	Sent         int64  `json:"sent"`     // bytes, heads included as far as they are known
	Received     int64  `json:"received"` // bytes, likewise
	Milliseconds int64  `json:"milliseconds"`
	Ended        bool   `json:"ended"`
	Refused      bool   `json:"refused"` // by the switch: nothing was sent
	Error        string `json:"error"`
}

// Gate lets requests out. Its methods may be called concurrently.
type Gate struct {
	o    Options
	dial func(ctx context.Context, network, address string) (net.Conn, error)
	log  record

	mu        sync.Mutex
	transport *http.Transport
	made      settings                          // what transport was made for
	live      map[*context.CancelCauseFunc]bool // requests, dials and programs under way
	conns     map[net.Conn]bool
	limiter   limiter
}

// New makes a gate. It touches neither disk nor network.
func New(o Options) *Gate {
	// Short, so that a machine without network is told so at once.
	d := &net.Dialer{Timeout: connectTimeout, ControlContext: mayConnect}
	return &Gate{o: o, dial: d.DialContext, live: map[*context.CancelCauseFunc]bool{}, conns: map[net.Conn]bool{}, log: record{told: o.Log}}
}

// Allowed returns ErrOff if the switch is off.
func (g *Gate) Allowed() error {
	if g.o.Allowed != nil && !g.o.Allowed() {
		return ErrOff
	}
	return nil
}

// Cut ends everything that is under way, with ErrOff, and closes every
// connection. Call it when the switch goes off.
func (g *Gate) Cut() {
	g.mu.Lock()
	live, conns := slices.Collect(maps.Keys(g.live)), slices.Collect(maps.Keys(g.conns))
	g.mu.Unlock()
	for _, cancel := range live {
		(*cancel)(ErrOff)
	}
	for _, c := range conns {
		c.Close()
	}
}

// CloseIdleConnections closes connections that are kept for later requests.
func (g *Gate) CloseIdleConnections() {
	g.mu.Lock()
	t := g.transport
	g.mu.Unlock()
	if t != nil {
		t.CloseIdleConnections()
	}
}

// Recent returns the records of the latest requests, newest first, those that
// are under way included.
func (g *Gate) Recent() []Request { return g.log.recent() }

// enter makes a context that Cut ends, unless the switch is off. leave must be
// called.
func (g *Gate) enter(ctx context.Context) (_ context.Context, leave context.CancelCauseFunc, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	g.mu.Lock()
	g.live[&cancel] = true
	g.mu.Unlock()
	leave = func(cause error) {
		g.mu.Lock()
		delete(g.live, &cancel)
		g.mu.Unlock()
		cancel(cause)
	}
	// Asked behind the entry, so that a Cut in between is not missed.
	if err := g.Allowed(); err != nil {
		leave(err)
		return nil, nil, err
	}
	return ctx, leave, nil
}

// dialing opens a connection, which includes asking for the host's address,
// unless the switch is off. net/http dials in the background, for requests
// that may have ended meanwhile; hence it is asked here once more.
func (g *Gate) dialing(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, leave, err := g.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave(nil)
	c, err := g.dial(ctx, network, address)
	if err != nil {
		return nil, cutCause(ctx, err)
	}
	k := &conn{c, g}
	g.mu.Lock()
	g.conns[k] = true
	g.mu.Unlock()
	if err := g.Allowed(); err != nil {
		k.Close()
		return nil, err
	}
	return k, nil
}

// conn is a connection that Cut closes.
type conn struct {
	net.Conn
	g *Gate
}

func (c *conn) Close() error {
	c.g.mu.Lock()
	delete(c.g.conns, c)
	c.g.mu.Unlock()
	return c.Conn.Close()
}

const connectTimeout = 5 * time.Second
