package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"freehold/models/network"
)

// Bounds on what a server's small answers may hold.
const (
	maxJSON     = 16 << 20 // of a repository's listing
	maxManifest = 1 << 20
	maxText     = 256 << 10 // a template, a licence, a system prompt
	maxFiles    = 100_000   // of a repository
	maxPages    = 100
)

// question is a small request.
type question struct {
	method, address string
	token           string // for the host of address only
	accept          string
	rng             string // of bytes
	purpose         string
	anywhere        bool // redirects to other hosts are followed
}

// asker is Client.ask or what builds on it.
type asker = func(context.Context, question) (*http.Response, error)

// ask sends a small request, again if the server says that this helps soon. It
// follows redirects on that host only, unless told otherwise. The answer's
// status is 200, 206 or a redirect elsewhere; of any other it returns a
// *refusal.
func (c *Client) ask(ctx context.Context, q question) (*http.Response, error) {
	for failures := 1; ; failures++ {
		resp, err := c.askOnce(ctx, q)
		if err == nil {
			return resp, nil
		}
		var s *network.StatusError
		if !errors.As(err, &s) || !s.Temporary() || failures >= c.attempts { // not reachable, or it will not get better
			return nil, err
		}
		if s.Wait > c.patience {
			return nil, err
		}
		if err := network.Sleep(ctx, network.Pause(c.backoff, failures, err)); err != nil {
			return nil, err
		}
	}
}

func (c *Client) askOnce(ctx context.Context, q question) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, q.method, q.address, nil)
	if err != nil {
		return nil, err
	}
	if q.token != "" {
		r.Header.Set("Authorization", "Bearer "+q.token)
	}
	if q.accept != "" {
		r.Header.Set("Accept", q.accept)
	}
	if q.rng != "" {
		r.Header.Set("Range", q.rng)
	}
	client := c.Gate.Direct(q.purpose)
	if q.anywhere {
		client = c.Gate.Client(q.purpose)
	}
	resp, err := client.Do(r)
	if err != nil {
		return nil, c.unreachable(ctx, r.URL.Host, err)
	}
	if code := resp.StatusCode; code == http.StatusOK || code == http.StatusPartialContent || code >= 300 && code < 400 {
		return resp, nil
	}
	resp.Body.Close()
	return nil, &refusal{network.StatusOf(resp), resp.Header}
}

// unreachable says that a request brought no answer.
func (c *Client) unreachable(ctx context.Context, host string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if errors.Is(err, ErrNetworkOff) {
		return ErrNetworkOff
	}
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	return fmt.Errorf("%s cannot be reached (%w); check the network connection, or the proxy in Settings", host, err)
}

// refusal is an answer that is not what was asked for.
type refusal struct {
	*network.StatusError
	header http.Header
}

func (r *refusal) Unwrap() error { return r.StatusError }

// Error adds to the status how long a server that is asked too often wants to
// be left alone.
func (r *refusal) Error() string {
	if r.Code == http.StatusTooManyRequests && r.Wait > 0 {
		return fmt.Sprintf("%s was asked too often and wants to be left alone for %v; try again then, or use an access token, which raises the limit",
			r.Host, r.Wait.Round(time.Second))
	}
	return r.StatusError.Error()
}

// all reads an answer of at most limit bytes and closes it.
func all(resp *http.Response, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	host := resp.Request.URL.Host
	if resp.ContentLength > limit {
		return nil, fmt.Errorf("%s sends an answer of %d bytes where at most %d are believable; it was not read", host, resp.ContentLength, limit)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, fmt.Errorf("the answer of %s was cut: %w", host, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s sends an answer of more than the %d bytes that are believable; the rest was not read", host, limit)
	}
	return data, nil
}

// askJSON reads a JSON answer into v.
func (c *Client) askJSON(ctx context.Context, q question, v any) (http.Header, error) {
	q.method = http.MethodGet
	resp, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s sends elsewhere (%s) instead of answering; check the address of the server in Settings", resp.Request.URL.Host, resp.Status)
	}
	data, err := all(resp, maxJSON)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return nil, fmt.Errorf("the answer of %s cannot be read: %w", resp.Request.URL.Host, err)
	}
	return resp.Header, nil
}

// nextPage reads the query of the page after this one from a Link header. The
// rest of its address is not used: it is the server's word only.
func nextPage(h http.Header) string {
	for _, links := range h.Values("Link") {
		for part := range strings.SplitSeq(links, ",") {
			address, parameters, ok := strings.Cut(strings.TrimSpace(part), ">")
			address, isLink := strings.CutPrefix(address, "<")
			if !ok || !isLink || len(address) > 8<<10 || !strings.Contains(strings.ReplaceAll(parameters, `"`, ""), "rel=next") {
				continue
			}
			if u, err := url.Parse(address); err == nil {
				return u.RawQuery
			}
		}
	}
	return ""
}
