package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"
)

// Client returns a client whose requests pass the gate and are recorded under
// purpose. It follows redirects, at most ten of them; the token stays with the
// host it was meant for, and encryption is not given up.
func (g *Gate) Client(purpose string) *http.Client {
	return &http.Client{Transport: door{g, purpose}, CheckRedirect: redirect}
}

// Direct is Client, but follows redirects on the same host only; the answer
// that redirects elsewhere is returned.
func (g *Gate) Direct(purpose string) *http.Client {
	return &http.Client{Transport: door{g, purpose}, CheckRedirect: func(r *http.Request, via []*http.Request) error {
		if r.URL.Host != via[0].URL.Host {
			return http.ErrUseLastResponse
		}
		return redirect(r, via)
	}}
}

// redirect keeps a redirect from weakening the request: the token goes to the
// host it was meant for only (net/http would hand it to subdomains too), and
// encryption is not given up.
func redirect(r *http.Request, via []*http.Request) error {
	if len(via) >= 10 {
		return errors.New("the server redirects in circles")
	}
	if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return fmt.Errorf("the server redirects to the unencrypted address %s://%s", r.URL.Scheme, r.URL.Host)
	}
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("Authorization")
	}
	return nil
}

// settings are what a transport depends on.
type settings struct {
	caFile  string
	caStamp time.Time
}

// through returns the transport for the present settings.
func (g *Gate) through() (*http.Transport, error) {
	var now settings
	if g.o.CAFile != nil {
		now.caFile = g.o.CAFile()
	}
	if now.caFile != "" {
		info, err := os.Stat(now.caFile)
		if err != nil {
			return nil, fmt.Errorf("the file of certificate authorities in Settings cannot be read: %w", err)
		}
		now.caStamp = info.ModTime()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.transport != nil && g.made == now {
		return g.transport, nil
	}
	t := &http.Transport{
		Proxy:                  g.proxy,
		DialContext:            g.dialing,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  20 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		DisableCompression:     true,
		WriteBufferSize:        4 << 10,
		ReadBufferSize:         64 << 10,
		// HTTP/1.1 only: parts that are fetched side by side then have a
		// connection each, instead of sharing one window.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	if now.caFile != "" {
		pool, err := authorities(now.caFile)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
	if g.transport != nil {
		g.transport.CloseIdleConnections()
	}
	g.transport, g.made = t, now
	return t, nil
}

// authorities returns the system's certificate authorities and those of file.
func authorities(file string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the file of certificate authorities in Settings cannot be read: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no certificate authority; give a PEM file with BEGIN CERTIFICATE in it", file)
	}
	return pool, nil
}

// proxy tells the way to a request's host.
func (g *Gate) proxy(r *http.Request) (*url.URL, error) {
	var address string
	if g.o.Proxy != nil {
		address = strings.TrimSpace(g.o.Proxy())
	}
	if address == "" {
		return http.ProxyFromEnvironment(r)
	}
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the proxy in Settings is no address; write it like http://host:3128 or socks5://host:1080")
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return u, nil
	default:
		return nil, fmt.Errorf("the proxy in Settings is of the unknown kind %q; http, https and socks5 are known", u.Scheme)
	}
}

// door is the transport of one purpose.
type door struct {
	*Gate
	purpose string
}

// RoundTrip sends one request; a redirect that is followed comes as another.
func (d door) RoundTrip(r *http.Request) (*http.Response, error) {
	e := d.log.begin(Request{Method: r.Method, Host: r.URL.Host, Path: r.URL.Path, Purpose: d.purpose})
	refuse := func(err error) (*http.Response, error) {
		if r.Body != nil {
			r.Body.Close()
		}
		d.log.end(e, func(q *Request) { q.Refused, q.Error = true, err.Error() })
		return nil, err
	}
	if err := d.Allowed(); err != nil {
		return refuse(err)
	}
	t, err := d.through()
	if err != nil {
		return refuse(err)
	}
	ctx, leave := d.enter(r.Context())
	r = r.Clone(ctx)
	r.URL.User = nil
	sent := headSize(r)
	if r.Header.Get("Accept-Encoding") == "" {
		r.Header.Set("Accept-Encoding", "identity")
	}
	resp, err := t.RoundTrip(r)
	if err != nil {
		err = cutCause(ctx, plain(err))
		leave(nil)
		d.log.end(e, func(q *Request) {
			q.Sent, q.Error, q.Refused = sent, err.Error(), false
		})
		return nil, err
	}
	d.log.update(e, func(q *Request) {
		q.Status, q.Sent, q.Received = resp.StatusCode, sent, answerSize(resp)
	})
	if code := resp.Header.Get("Content-Encoding"); code != "" && !strings.EqualFold(code, "identity") {
		resp.Body.Close()
		err := fmt.Errorf("%s sent the answer packed (%s) although it was asked not to", r.URL.Host, clip(code))
		leave(nil)
		d.log.end(e, func(q *Request) { q.Error = err.Error() })
		return nil, err
	}
	resp.Body = &body{ReadCloser: resp.Body, g: d.Gate, e: e, ctx: ctx, leave: leave}
	return resp, nil
}

// plain takes the address off a network error: it may hold a signature, and
// the caller knows it.
func plain(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// cutCause is the switch, if that is what ended ctx; otherwise err.
func cutCause(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, ErrOff) {
		return cause
	}
	return err
}

// headSize estimates the bytes of a request's head and body.
func headSize(r *http.Request) int64 {
	n := len(r.Method) + len(r.URL.RequestURI()) + len(" HTTP/1.1\r\nHost: \r\n\r\n") + len(r.URL.Host)
	return int64(n) + headersSize(r.Header) + max(r.ContentLength, 0)
}

// answerSize estimates the bytes of an answer's head.
func answerSize(r *http.Response) int64 {
	return int64(len(r.Proto)+len(r.Status)+len(" \r\n\r\n")) + headersSize(r.Header)
}

func headersSize(h http.Header) (n int64) {
	for name, values := range h {
		for _, v := range values {
			n += int64(len(name) + len(v) + len(": \r\n"))
		}
	}
	return n
}

func clip(s string) string { return s[:min(len(s), 40)] }

// body is the body of an answer: counted, throttled, and ended by the switch.
type body struct {
	io.ReadCloser
	g     *Gate
	e     *entry
	ctx   context.Context
	leave context.CancelCauseFunc
	n     atomic.Int64
	fail  error
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.g.Allowed(); err != nil {
		b.leave(err)
		b.fail = err
		return 0, err
	}
	n, err := b.g.throttled(b.ctx, b.ReadCloser, p)
	b.g.log.update(b.e, func(q *Request) { q.Received += int64(n) })
	if err != nil && !errors.Is(err, io.EOF) {
		err = cutCause(b.ctx, err)
		b.fail = err
	}
	if err != nil {
		b.done()
	}
	return n, err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.done()
	return err
}

func (b *body) done() {
	b.g.log.end(b.e, func(q *Request) {
		if b.fail != nil {
			q.Error = b.fail.Error()
		}
	})
	b.leave(nil)
}
