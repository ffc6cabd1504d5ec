package network

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func TestReach(t *testing.T) {
	for address, want := range map[string]int32{
		"127.0.0.1": own, "::1": own, "0.0.0.0": own, "::ffff:127.9.9.9": own, "10.1.2.3": private, "192.168.0.1": private, "172.16.0.1": private,
		"169.254.169.254": private, "fe80::1%eth0": private, "fc00::1": private, "100.64.0.1": private, "224.0.0.1": private,
		"8.8.8.8": public, "2001:4860:4860::8888": public, "172.32.0.1": public,
	} {
		if got := reachOfAddr(netip.MustParseAddr(address)); got != want {
			t.Errorf("%s: %d, want %d", address, got, want)
		}
	}
	for host, want := range map[string]int32{"localhost": own, "LOCALHOST.": own, "a.localhost": own, "127.0.0.1": own, "huggingface.co": public, "localhost.example": public} {
		if got := reachOfHost(host); got != want {
			t.Errorf("%s: %d, want %d", host, got, want)
		}
	}
}

// elsewhere makes the gate believe that public.example is a public host, while
// its requests go to a server of the test.
func elsewhere(g *Gate, server string) {
	dial := g.dial
	g.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "public.example:") {
			c, err := (&net.Dialer{}).DialContext(ctx, network, server)
			return farAway{c}, err
		}
		if strings.HasPrefix(address, "rebound.example:") { // a name of loopback
			_, port, _ := net.SplitHostPort(server)
			address = "127.0.0.1:" + port
		}
		return dial(ctx, network, address)
	}
}

type farAway struct{ net.Conn }

func (farAway) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.ParseIP("203.0.113.7"), Port: 80} }

func TestRedirectsLeadNoNearer(t *testing.T) {
	reached := false
	mux := http.NewServeMux()
	s := httptest.NewServer(mux)
	defer s.Close()
	host := strings.TrimPrefix(s.URL, "http://")
	_, port, _ := net.SplitHostPort(host)
	mux.HandleFunc("/secret", func(http.ResponseWriter, *http.Request) { reached = true })
	mux.HandleFunc("/go", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", r.URL.Query().Get("to"))
		w.WriteHeader(http.StatusFound)
	})
	g := New(Options{})
	defer g.CloseIdleConnections()
	elsewhere(g, host)
	get := func(from, to string) error {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+from+"/go", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.URL.RawQuery = "to=" + to
		resp, err := g.Client("test").Do(r)
		if err == nil {
			resp.Body.Close()
		}
		return err
	}
	for _, to := range []string{s.URL + "/secret", "http://localhost:" + port + "/secret", "http://[::1]:" + port + "/secret", "http://0.0.0.0:" + port + "/secret",
		"http://10.0.0.1/secret", "http://169.254.169.254/latest/meta-data", "http://rebound.example:" + port + "/secret"} {
		if err := get("public.example", to); err == nil || !strings.Contains(err.Error(), "that is refused") {
			t.Errorf("to %s: %v", to, err)
		}
	}
	for _, to := range []string{"file:///etc/passwd", "ftp://public.example/x", "gopher://127.0.0.1:70/"} {
		if err := get("public.example", to); err == nil || !strings.Contains(err.Error(), "not an address of the web") {
			t.Errorf("to %s: %v", to, err)
		}
	}
	if reached {
		t.Fatal("a public server reached a service of this machine")
	}
	if err := get("public.example", "http://public.example/secret"); err != nil || !reached {
		t.Errorf("to itself: %v", err)
	}
	reached = false
	if err := get(host, "http://localhost:"+port+"/secret"); err != nil || !reached {
		t.Errorf("from this machine to itself: %v", err)
	}
}
