package network

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// StatusError is an answer that is not what was asked for.
type StatusError struct {
	Host   string
	Status string // e.g. 404 Not Found
	Code   int
	Wait   time.Duration // what the server asks to wait; 0 if it does not say
	// Redirected tells that another host had sent the request here; a 403 then
	// means that the signed address has run out.
	Redirected bool
}

func (e *StatusError) Error() string { return fmt.Sprintf("%s answered %s", e.Host, e.Status) }

// Temporary tells whether asking again may help.
func (e *StatusError) Temporary() bool {
	switch {
	case e.Code == http.StatusRequestTimeout, e.Code == http.StatusTooEarly, e.Code == http.StatusTooManyRequests, e.Code >= 500:
		return true
	default:
		return e.Code == http.StatusForbidden && e.Redirected
	}
}

// StatusOf makes an error of an answer.
func StatusOf(resp *http.Response) *StatusError {
	return &StatusError{Host: resp.Request.URL.Host, Status: strings.TrimSpace(resp.Status[:min(len(resp.Status), 100)]), Code: resp.StatusCode,
		Wait: wait(resp.Header, time.Now()), Redirected: resp.Request.Response != nil}
}

// longest is the longest wait that a server is granted.
const longest = 5 * time.Minute

// wait reads what a server asks to wait: Retry-After in seconds or as a date,
// or RateLimit's reset (draft-ietf-httpapi-ratelimit-headers: "limit";r=0;t=20).
func wait(h http.Header, now time.Time) time.Duration {
	if after := h.Get("Retry-After"); after != "" {
		if n, err := strconv.Atoi(after); err == nil {
			return seconds(n)
		}
		// The server's own clock, if it says: this machine's may be wrong.
		if then, err := http.ParseTime(after); err == nil {
			if date, err := http.ParseTime(h.Get("Date")); err == nil {
				now = date
			}
			return min(max(then.Sub(now), 0), longest)
		}
	}
	for _, part := range strings.FieldsFunc(h.Get("RateLimit"), func(r rune) bool { return r == ';' || r == ',' }) {
		if t, ok := strings.CutPrefix(strings.TrimSpace(part), "t="); ok {
			if n, err := strconv.Atoi(t); err == nil {
				return seconds(n)
			}
		}
	}
	if n, err := strconv.Atoi(h.Get("RateLimit-Reset")); err == nil {
		return seconds(n)
	}
	return 0
}

func seconds(n int) time.Duration {
	return time.Duration(min(max(n, 0), int(longest/time.Second))) * time.Second
}

// Pause returns how long to wait after so many failures in a row, the first of
// which waits about first: doubling, spread out so that clients do not come
// back all at once, and at least as long as the server asked for.
func Pause(first time.Duration, failures int, err error) time.Duration {
	d := first << min(max(failures-1, 0), 6)
	d = d/2 + rand.N(d/2+1)
	var s *StatusError
	if errors.As(err, &s) {
		d = max(d, s.Wait)
	}
	return d
}
