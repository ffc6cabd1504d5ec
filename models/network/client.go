package network

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// Client returns a client whose requests pass the gate and are recorded under
// purpose. It follows redirects, at most ten of them; the token stays with the
// host it was meant for, encryption is not given up, and none leads from
// elsewhere to this machine or its local network.
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
	if r.URL.Scheme != "https" && r.URL.Scheme != "http" {
		return fmt.Errorf("the server redirects to %q, which is not an address of the web", clip(r.URL.Scheme+":"))
	}
	if via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return fmt.Errorf("the server redirects to the unencrypted address %s://%s", r.URL.Scheme, r.URL.Host)
	}
	if r.URL.Host != via[0].URL.Host {
		r.Header.Del("Authorization")
	}
	r.Header.Del("Referer") // it may hold a signature
	return nil
}

// maxHead bounds the head of an answer, in bytes.
const maxHead = 256 << 10

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
	old := g.transport
	if old != nil && g.made == now {
		g.mu.Unlock()
		return old, nil
	}
	t, err := g.newTransport(now.caFile)
	if err == nil {
		g.transport, g.made = t, now
	}
	g.mu.Unlock()
	if err == nil && old != nil {
		old.CloseIdleConnections() // which needs the lock
	}
	return t, err
}

func (g *Gate) newTransport(caFile string) (*http.Transport, error) {
	t := &http.Transport{
		Proxy:                  g.proxy,
		DialContext:            g.dialing,
		TLSHandshakeTimeout:    connectTimeout,
		ResponseHeaderTimeout:  20 * time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxIdleConnsPerHost:    8,
		MaxResponseHeaderBytes: maxHead,
		DisableCompression:     true,
		ReadBufferSize:         64 << 10,
		// HTTP/1.1 only: parts that are fetched side by side then have a
		// connection each, instead of sharing one window.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}
	if caFile != "" {
		pool, err := authorities(caFile)
		if err != nil {
			return nil, err
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool}
	}
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
	if ip := net.ParseIP(r.URL.Hostname()); r.URL.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return nil, nil // no proxy leads to this machine; the environment's rule, too
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
		d.log.end(e, func(q *Request) { q.Refused, q.Error = errors.Is(err, ErrOff), err.Error() })
		return nil, err
	}
	ctx, leave, err := d.enter(r.Context())
	if err != nil {
		return refuse(err)
	}
	t, err := d.through()
	if err != nil {
		leave(nil)
		return refuse(err)
	}
	ctx, err = d.beginTrip(ctx, r)
	if err != nil {
		leave(nil)
		return refuse(err)
	}
	r = r.Clone(ctx)
	r.URL.User = nil // net/http has made a header of it
	r.Header.Set("Accept-Encoding", "identity")
	if r.Header.Get("User-Agent") == "" {
		r.Header.Set("User-Agent", "freehold")
	}
	sent := headSize(r)
	resp, err := t.RoundTrip(r)
	if err != nil {
		err = cutCause(ctx, plain(err))
		leave(nil)
		d.log.end(e, func(q *Request) { q.Sent, q.Error = sent, err.Error() })
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
