package network

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
)

// How near to this machine an address is. A redirect may not lead nearer than
// it came from: a server out there could otherwise send requests of this
// machine to its own services or into its private network.
const (
	unknownReach int32 = iota
	public
	private // the local network, or its link
	own     // this machine
)

// trip is what one request is allowed to reach and has reached. It travels in
// the request's context.
type trip struct {
	from    string // host that redirects, "" if none does
	nearest int32  // that may be reached; unknownReach: any
	proxied bool   // somebody else dials
	reached atomic.Int32
}

type tripKey struct{}

// beginTrip prepares r to be sent. It refuses a redirect whose address says that it
// leads too near.
func (g *Gate) beginTrip(ctx context.Context, r *http.Request) (context.Context, error) {
	t := &trip{}
	if u, err := g.proxy(r); err == nil && u != nil {
		t.proxied = true
		t.reached.Store(reachOfHost(r.URL.Hostname()))
	}
	if r.Response != nil && r.Response.Request != nil {
		if before, ok := r.Response.Request.Context().Value(tripKey{}).(*trip); ok {
			t.from, t.nearest = r.Response.Request.URL.Host, before.reached.Load()
		}
	}
	if reach := reachOfHost(r.URL.Hostname()); t.nearest != unknownReach && reach > t.nearest {
		return nil, t.refusal(r.URL.Host)
	}
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(i httptrace.GotConnInfo) {
		if !t.proxied {
			t.reached.Store(reachOf(i.Conn.RemoteAddr().String()))
		}
	}})
	return context.WithValue(ctx, tripKey{}, t), nil
}

func (t *trip) refusal(to string) error {
	return fmt.Errorf("%s redirects to %s, which is on this machine or in its local network; that is refused", t.from, to)
}

// mayConnect is asked with the address that a host's name turned out to have,
// before anything is sent there.
func mayConnect(ctx context.Context, _, address string, _ syscall.RawConn) error {
	t, ok := ctx.Value(tripKey{}).(*trip)
	if ok && !t.proxied && t.nearest != unknownReach && reachOf(address) > t.nearest {
		return t.refusal(address)
	}
	return nil
}

// reachOfHost tells how near a host is, as far as its name says.
func reachOfHost(host string) int32 {
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return own
	}
	if a, err := netip.ParseAddr(host); err == nil {
		return reachOfAddr(a)
	}
	return public
}

// reachOf is the reach of address:port.
func reachOf(address string) int32 {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return unknownReach
	}
	a, err := netip.ParseAddr(host)
	if err != nil {
		return unknownReach
	}
	return reachOfAddr(a)
}

// shared is the address space between carriers and their customers (RFC 6598).
var shared = netip.MustParsePrefix("100.64.0.0/10")

func reachOfAddr(a netip.Addr) int32 {
	a = a.Unmap().WithZone("")
	switch {
	case a.IsLoopback(), a.IsUnspecified():
		return own
	case a.IsPrivate(), a.IsLinkLocalUnicast(), a.IsLinkLocalMulticast(), a.IsMulticast(), shared.Contains(a):
		return private
	default:
		return public
	}
}
