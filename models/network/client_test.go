package network

import (
	"bufio"
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestRedirectInCircles(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/again", http.StatusFound) })
	g := gate(t, Options{})
	for _, c := range []*http.Client{g.Client("test"), g.Direct("test")} {
		if _, err := get(c, s.URL); err == nil || !strings.Contains(err.Error(), "circles") {
			t.Error(err)
		}
	}
	if n := len(g.Recent()); n != 20 {
		t.Errorf("%d requests", n)
	}
}

func TestRedirectKeepsTheTokenAtHome(t *testing.T) {
	var far http.Header
	second := serve(t, func(_ http.ResponseWriter, r *http.Request) { far = r.Header.Clone() })
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer geheim" {
			t.Errorf("at home: %q", r.Header.Get("Authorization"))
		}
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/moved?signature=geheim", http.StatusFound)
			return
		}
		http.Redirect(w, r, second.URL, http.StatusFound)
	})
	g := gate(t, Options{})
	r, _ := http.NewRequest(http.MethodGet, first.URL, nil)
	r.Header.Set("Authorization", "Bearer geheim")
	resp, err := g.Client("test").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if far == nil || far.Get("Authorization") != "" || far.Get("Referer") != "" {
		t.Errorf("elsewhere: %v", far)
	}
	resp, err = g.Direct("test").Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != second.URL {
		t.Errorf("Direct: %s to %q", resp.Status, resp.Header.Get("Location"))
	}
}

// authority writes the certificate of s to a file.
func authority(t *testing.T, s *httptest.Server) string {
	path := filepath.Join(t.TempDir(), "ca.pem")
	data := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestRedirectMustStayEncrypted(t *testing.T) {
	plain := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("asked without encryption") })
	s := httptest.NewTLSServer(http.RedirectHandler(plain.URL+"/?signature=geheim", http.StatusFound))
	defer s.Close()
	ca := authority(t, s)
	_, err := get(gate(t, Options{CAFile: func() string { return ca }}).Client("test"), s.URL)
	if err == nil || !strings.Contains(err.Error(), "unencrypted") {
		t.Error(err)
	}
}

func TestCAFile(t *testing.T) {
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Proto) }))
	s.EnableHTTP2 = true
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains about clients that do not trust it
	s.StartTLS()
	defer s.Close()
	var file string
	g := gate(t, Options{CAFile: func() string { return file }})
	if _, err := get(g.Client("test"), s.URL); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("unknown authority: %v", err)
	}
	file = filepath.Join(t.TempDir(), "ca.pem")
	if _, err := get(g.Client("test"), s.URL); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "Settings") {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(file, []byte("-----BEGIN CERTIFICATE-----\nrubbish"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := get(g.Client("test"), s.URL); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
		t.Errorf("rubbish: %v", err)
	}
	file = authority(t, s)
	// One connection for each part, hence no HTTP/2.
	if got, err := get(g.Client("test"), s.URL); err != nil || got != "HTTP/1.1" {
		t.Errorf("%q, %v", got, err)
	}
	file = ""
	if _, err := get(g.Client("test"), s.URL); err == nil {
		t.Error("the authority still counts although it was taken out of Settings")
	}
}

func TestProxy(t *testing.T) {
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.RequestURI)
		if r.Method == http.MethodConnect {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		io.WriteString(w, "through the proxy")
	})
	direct := serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "direct") })
	address := proxy.URL
	g := gate(t, Options{Proxy: func() string { return address }})
	if got, err := get(g.Client("test"), "http://name.test/x"); err != nil || got != "through the proxy" {
		t.Errorf("%q, %v", got, err)
	}
	address = strings.TrimPrefix(proxy.URL, "http://")
	if _, err := get(g.Client("test"), "https://name.test/x"); err == nil || !strings.Contains(err.Error(), "Forbidden") {
		t.Error(err)
	}
	if got := strings.Join(asked, ", "); got != "GET http://name.test/x, CONNECT name.test:443" {
		t.Errorf("the proxy was asked for %s", got)
	}
	if got, err := get(g.Client("test"), direct.URL); err != nil || got != "direct" {
		t.Errorf("this machine: %q, %v", got, err)
	}
	for bad, want := range map[string]string{"ftp://proxy.test": "unknown kind", "http://": "no address", "http://a b": "no address", "::": "no address"} {
		address = bad
		if _, err := get(g.Client("test"), "http://name.test"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// TestSOCKS5 has a proxy that finds the name itself (RFC 1928): nothing is
// looked up here.
func TestSOCKS5(t *testing.T) {
	target := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "hello "+r.Host) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	name := make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		in := bufio.NewReader(c)
		head := make([]byte, 2)
		io.ReadFull(in, head)
		in.Discard(int(head[1]))
		c.Write([]byte{5, 0})
		request := make([]byte, 5)
		io.ReadFull(in, request)
		host := make([]byte, int(request[4])+2)
		io.ReadFull(in, host)
		name <- string(host[:len(host)-2])
		c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		out, err := net.Dial("tcp", strings.TrimPrefix(target.URL, "http://"))
		if err != nil {
			return
		}
		defer out.Close()
		go func() { io.Copy(out, in); out.Close() }()
		io.Copy(c, out)
	}()
	g := gate(t, Options{Proxy: func() string { return "socks5://" + l.Addr().String() }})
	if got, err := get(g.Client("test"), "http://name.test/"); err != nil || got != "hello name.test" {
		t.Errorf("%q, %v", got, err)
	}
	if got := <-name; got != "name.test" {
		t.Errorf("asked for %q", got)
	}
}

func TestPackedAnswersAreRefused(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Accept-Encoding"); got != "identity" {
			t.Errorf("accepts %q", got)
		}
		w.Header().Set("Content-Encoding", "gzip")
		w.Write([]byte{0x1f, 0x8b})
	})
	g := gate(t, Options{})
	if _, err := get(g.Client("test"), s.URL); err == nil || !strings.Contains(err.Error(), "packed (gzip)") {
		t.Error(err)
	}
	if q := g.Recent()[0]; !q.Ended || !strings.Contains(q.Error, "gzip") {
		t.Errorf("record %+v", q)
	}
}

// TestEndlessHead has a server whose head never ends.
func TestEndlessHead(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	sent := make(chan int64, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			t.Error(err)
		}
		n, _ := io.WriteString(c, "HTTP/1.1 200 OK\r\n")
		total := int64(n)
		for i := 0; total < 10<<30; i++ {
			n, err := fmt.Fprintf(c, "X-%d: %s\r\n", i, strings.Repeat("a", 4000))
			if total += int64(n); err != nil {
				break
			}
		}
		sent <- total
	}()
	g := gate(t, Options{})
	if _, err := get(g.Client("test"), "http://"+l.Addr().String()); err == nil || !strings.Contains(err.Error(), "exceeded") {
		t.Error(err)
	}
	if n := <-sent; n > 64<<20 { // the system's buffers, not ours
		t.Errorf("%d bytes were taken", n)
	}
}

func TestStatusOf(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirected" {
			http.Redirect(w, r, "/403", http.StatusFound)
			return
		}
		w.Header().Set("Retry-After", "7")
		var code int
		fmt.Sscanf(r.URL.Path, "/%d", &code)
		w.WriteHeader(code)
	})
	g := gate(t, Options{})
	for path, temporary := range map[string]bool{"/429": true, "/503": true, "/500": true, "/408": true, "/404": false, "/401": false, "/403": false, "/redirected": true} {
		resp, err := g.Client("test").Get(s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		got := StatusOf(resp)
		if got.Temporary() != temporary || got.Wait != 7*time.Second || !strings.Contains(got.Error(), got.Status) {
			t.Errorf("%s: %+v", path, got)
		}
	}
}

func TestWait(t *testing.T) {
	now := time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)
	date := func(d time.Duration) string { return now.Add(d).Format(http.TimeFormat) }
	for name, c := range map[string]struct {
		header map[string]string
		want   time.Duration
	}{
		"nothing":               {nil, 0},
		"seconds":               {map[string]string{"Retry-After": "20"}, 20 * time.Second},
		"too long":              {map[string]string{"Retry-After": "999999999"}, longest},
		"negative":              {map[string]string{"Retry-After": "-5"}, 0},
		"nonsense":              {map[string]string{"Retry-After": "soon"}, 0},
		"date":                  {map[string]string{"Retry-After": date(30 * time.Second)}, 30 * time.Second},
		"date in the past":      {map[string]string{"Retry-After": date(-time.Hour)}, 0},
		"server's own clock":    {map[string]string{"Retry-After": date(time.Hour + 9*time.Second), "Date": date(time.Hour)}, 9 * time.Second},
		"RateLimit":             {map[string]string{"RateLimit": `"resolvers";r=0;t=12`}, 12 * time.Second},
		"RateLimit of the past": {map[string]string{"RateLimit-Reset": "15"}, 15 * time.Second},
	} {
		h := http.Header{}
		for k, v := range c.header {
			h.Set(k, v)
		}
		if got := wait(h, now); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}

func TestPause(t *testing.T) {
	for n, most := range map[int]time.Duration{1: time.Second, 3: 4 * time.Second, 7: 64 * time.Second, 100: 64 * time.Second} {
		for range 50 {
			if d := Pause(time.Second, n, io.EOF); d < most/2 || d > most {
				t.Errorf("after %d failures %v", n, d)
			}
		}
	}
	if d := Pause(time.Millisecond, 1, fmt.Errorf("wrapped: %w", &StatusError{Wait: time.Minute})); d != time.Minute {
		t.Errorf("the server asked for a minute, not %v", d)
	}
}

func TestUnreachableIsToldSoon(t *testing.T) {
	g := gate(t, Options{})
	g.dial = func(ctx context.Context, _, _ string) (net.Conn, error) { return nil, errors.New("no route to host") }
	if _, err := get(g.Client("test"), "http://name.test"); err == nil || !strings.Contains(err.Error(), "no route") {
		t.Error(err)
	}
}
