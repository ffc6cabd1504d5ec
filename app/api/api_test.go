package api_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"freehold/app"
	"freehold/app/api"
	"freehold/app/chat"
	"freehold/app/enginetest"
	"freehold/models/stores"
)

// site is a running server.
type site struct {
	t      *testing.T
	core   *app.Core
	engine *enginetest.Engine
	base   string // http://127.0.0.1:port
	link   string
	token  string
	stop   func() error // ends the server and waits
}

var page = fstest.MapFS{
	"index.html":        {Data: []byte("<!doctype html><title>Freehold</title>")},
	"assets/main-1a.js": {Data: []byte("export {}")},
	".gitkeep":          {},
}

func serve(t *testing.T) *site {
	t.Helper()
	return serveAll(t, page, nil)
}

func serveFiles(t *testing.T, files fs.FS) *site {
	t.Helper()
	return serveAll(t, files, nil)
}

// serveWith serves with another source of models.
func serveWith(t *testing.T, p app.Puller) *site {
	t.Helper()
	return serveAll(t, page, p)
}

func serveAll(t *testing.T, files fs.FS, p app.Puller) *site {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	events := api.NewEvents(log)
	s := &site{t: t, engine: &enginetest.Engine{}}
	core, err := app.Open(t.Context(), app.Options{Home: t.TempDir(), Engine: s.engine, Emitter: events, Log: log, Exclusive: true, Version: "9.9", Puller: p, Roots: func() stores.Roots { return stores.Roots{} }})
	if err != nil {
		t.Fatal(err)
	}
	s.core = core
	path := filepath.Join(t.TempDir(), "tiny.gguf")
	if err := enginetest.WriteModel(path, "tiny"); err != nil {
		t.Fatal(err)
	}
	if _, err := core.Import(t.Context(), path, nil); err != nil {
		t.Fatal(err)
	}
	a := app.New()
	app.Attach(context.Background(), a, core, "browser", nil)
	server, err := api.Listen("127.0.0.1:0", api.Config{Assets: files, App: a, Core: core, Events: events, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	s.stop = func() error { cancel(); err := <-ended; ended <- err; return err }
	t.Cleanup(func() {
		if err := s.stop(); err != nil {
			t.Errorf("server ended with %v", err)
		}
		if err := core.Close(); err != nil {
			t.Error(err)
		}
	})
	s.base, s.link, s.token = "http://"+server.Addr().String(), server.Link(), server.Token()
	return s
}

// do sends a request; headers are pairs of name and value.
func (s *site) do(method, path, body string, headers ...string) (*http.Response, string) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.base+path, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		} else {
			r.Header.Set(headers[i], headers[i+1])
		}
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp, string(b)
}

func (s *site) bearer() []string { return []string{"Authorization", "Bearer " + s.token} }

// browser is a client that has opened the printed link.
func (s *site) browser() *http.Client {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &http.Client{Jar: jar}
	resp, err := c.Get(s.link)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !strings.Contains(string(b), "Freehold") || strings.Contains(resp.Request.URL.String(), s.token) {
		s.t.Fatalf("the link leads to %s: %d %s", resp.Request.URL, resp.StatusCode, b)
	}
	return c
}

func (s *site) call(c *http.Client, method string, args ...any) (result json.RawMessage, fault string) {
	s.t.Helper()
	if args == nil {
		args = []any{}
	}
	body, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	resp, err := c.Post(s.base+"/rpc/"+method, "application/json", bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 {
		s.t.Fatalf("%s: %d %s", method, resp.StatusCode, b)
	}
	var r struct {
		Result json.RawMessage
		Error  *string
	}
	if err := json.Unmarshal(b, &r); err != nil {
		s.t.Fatalf("%s: %v in %s", method, err, b)
	}
	if r.Error != nil {
		return nil, *r.Error
	}
	return r.Result, ""
}

func TestGuard(t *testing.T) {
	s := serve(t)
	u, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	port := u.Port()
	auth := s.bearer()
	link := strings.TrimPrefix(s.link, s.base)
	json := func(more ...string) []string { return append([]string{"Content-Type", "application/json"}, more...) }
	resp, _ := s.do("GET", link, "")
	cookies := resp.Cookies()
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/" || len(cookies) != 1 {
		t.Fatalf("the link: %d %v", resp.StatusCode, resp.Header)
	}
	cookie := cookies[0]
	if !cookie.HttpOnly || cookie.SameSite != http.SameSiteStrictMode || strings.Contains(cookie.Value, s.token) {
		t.Errorf("cookie %+v", cookie)
	}
	session := []string{"Cookie", cookie.Name + "=" + cookie.Value}

	for _, tc := range []struct {
		name, method, path string
		headers            []string
		want               int
	}{
		{"no token", "GET", "/", nil, 401},
		{"wrong bearer", "GET", "/", []string{"Authorization", "Bearer x"}, 401},
		{"wrong bearer beats cookie", "GET", "/", append([]string{"Authorization", "Bearer x"}, session...), 401},
		{"wrong link", "GET", "/?token=x", nil, 401},
		{"wrong cookie", "GET", "/", []string{"Cookie", cookie.Name + "=x"}, 401},
		{"token as cookie", "GET", "/", []string{"Cookie", cookie.Name + "=" + s.token}, 401},
		{"cookie", "GET", "/", session, 200},
		{"bearer", "GET", "/", auth, 200},
		{"localhost", "GET", "/", append([]string{"Host", "localhost:" + port}, auth...), 200},
		{"IPv6 loopback", "GET", "/", append([]string{"Host", "[::1]:" + port}, auth...), 200},
		{"rebound name", "GET", "/", append([]string{"Host", "evil.example:" + port}, auth...), 403},
		{"local-looking name", "GET", "/", append([]string{"Host", "localhost.evil.example"}, auth...), 403},
		{"other address", "GET", "/", append([]string{"Host", "10.0.0.1:" + port}, auth...), 403},
		{"foreign origin", "GET", "/", append([]string{"Origin", "http://evil.example"}, session...), 403},
		{"null origin", "POST", "/rpc/Chats", append(json("Origin", "null"), session...), 403},
		{"other port's origin", "GET", "/", append([]string{"Origin", "http://127.0.0.1:1"}, session...), 403},
		{"own origin", "GET", "/", append([]string{"Origin", s.base}, session...), 200},
		{"cross-site script", "GET", "/events", append([]string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors"}, session...), 403},
		{"form post", "POST", "/rpc/Chats", append([]string{"Content-Type", "text/plain"}, session...), 415},
		{"no type", "POST", "/rpc/Chats", session, 415},
		{"upload by a form", "POST", "/upload", append([]string{"Content-Type", "multipart/form-data; boundary=x"}, session...), 415},
		{"upload of something else", "POST", "/upload", append([]string{"Content-Type", "text/plain", "X-Freehold-Upload", "1"}, session...), 415},
		{"another call as an upload", "POST", "/rpc/Chats", append([]string{"Content-Type", "multipart/form-data; boundary=x", "X-Freehold-Upload", "1"}, session...), 415},
		{"an upload without files", "POST", "/upload", append([]string{"Content-Type", "multipart/form-data; boundary=x", "X-Freehold-Upload", "1"}, session...), 200},
		{"unknown method", "POST", "/rpc/Close", append(json(), session...), 404},
		{"method of Go", "POST", "/rpc/Attach", append(json(), session...), 404},
		{"GET of a call", "GET", "/rpc/Chats", session, 404},
		{"PUT", "PUT", "/", auth, 405},
		{"health", "GET", "/healthz", nil, 200},
		{"health of a rebound name", "GET", "/healthz", []string{"Host", "evil.example"}, 403},
	} {
		resp, body := s.do(tc.method, tc.path, "[]", tc.headers...)
		if resp.StatusCode != tc.want {
			t.Errorf("%s: %d, want %d: %s", tc.name, resp.StatusCode, tc.want, body)
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: headers %v", tc.name, resp.Header)
		}
		if strings.Contains(body, s.token) {
			t.Errorf("%s: the body gives the token away", tc.name)
		}
	}
}

func TestAssets(t *testing.T) {
	s := serve(t)
	for path, want := range map[string]struct {
		status int
		cache  string
	}{
		"/":                      {200, "no-store"},
		"/index.html":            {200, "no-store"},
		"/assets/main-1a.js":     {200, "private, max-age=31536000, immutable"},
		"/assets/":               {404, "no-store"},
		"/assets/missing.js":     {404, "no-store"},
		"/..%2f..%2fetc/passwd":  {404, "no-store"},
		"/assets/..%2findex.htm": {404, "no-store"},
	} {
		resp, body := s.do("GET", path, "", s.bearer()...)
		if resp.StatusCode != want.status || resp.Header.Get("Cache-Control") != want.cache {
			t.Errorf("%s: %d %q %s", path, resp.StatusCode, resp.Header.Get("Cache-Control"), body)
		}
	}
	bare := serveFiles(t, fstest.MapFS{".gitkeep": {}})
	if resp, body := bare.do("GET", "/", "", bare.bearer()...); resp.StatusCode != 404 || !strings.Contains(body, "make build") {
		t.Errorf("without a frontend: %d %s", resp.StatusCode, body)
	}
}

func TestCalls(t *testing.T) {
	s := serve(t)
	c := s.browser()
	res, fault := s.call(c, "State")
	var state app.State
	if err := json.Unmarshal(res, &state); err != nil || fault != "" || state.Version != "9.9" || len(state.Models) != 1 {
		t.Fatalf("State: %s %s %v", res, fault, err)
	}
	for _, name := range api.Methods { // each can be called, and says so if not with these arguments
		resp, body := s.do("POST", "/rpc/"+name, `[{},{},{},{},{}]`, append(s.bearer(), "Content-Type", "application/json")...)
		if resp.StatusCode != 400 || !strings.Contains(body, "arguments") {
			t.Errorf("%s with five arguments: %d %s", name, resp.StatusCode, body)
		}
	}
	if _, fault := s.call(c, "Chat", "no such chat"); !strings.Contains(fault, "no longer exists") {
		t.Errorf("missing chat: %q", fault)
	}
	if _, fault := s.call(c, "ChooseFiles", "x"); fault == "" {
		t.Error("a native dialogue in the browser")
	}
	for body, want := range map[string]int{
		``: 400, `{}`: 400, `null`: 400, `[1`: 400, `[1]`: 400, `[{"a":1}]`: 400, `["x","y"]`: 400,
		`["` + strings.Repeat("x", 65<<20) + `"]`: 413,
	} {
		resp, text := s.do("POST", "/rpc/Chat", body, append(s.bearer(), "Content-Type", "application/json")...)
		if resp.StatusCode != want {
			t.Errorf("body %.20q: %d, want %d: %s", body, resp.StatusCode, want, text)
		}
	}
}

func FuzzCall(f *testing.F) {
	log := slog.New(slog.DiscardHandler)
	events := api.NewEvents(log)
	core, err := app.Open(context.Background(), app.Options{Home: f.TempDir(), Engine: &enginetest.Engine{}, Emitter: events, Log: log})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { core.Close() })
	a := app.New()
	app.Attach(context.Background(), a, core, "browser", nil)
	h := api.Routes(api.Config{Assets: page, App: a, Core: core, Events: events, Log: log})
	f.Add("Chat", `["x"]`)
	f.Add("Send", `["a","b","c"]`)
	f.Add("SaveSettings", `[{"theme":"dark","sampling":{"stop":null}}]`)
	f.Add("SetChatSampling", `["x",{"temperature":1e999}]`)
	f.Fuzz(func(t *testing.T, method, body string) {
		if method == "Pull" || method == "ImportModel" {
			t.Skip("reaches outside")
		}
		r, err := http.NewRequest("POST", "/rpc/"+url.PathEscape(method), strings.NewReader(body))
		if err != nil {
			t.Skip()
		}
		w := &discard{header: http.Header{}}
		h.ServeHTTP(w, r)
		if w.status >= 500 {
			t.Errorf("%s %q: %d", method, body, w.status)
		}
	})
}

type discard struct {
	header http.Header
	status int
}

func (d *discard) Header() http.Header         { return d.header }
func (d *discard) Write(b []byte) (int, error) { return len(b), nil }
func (d *discard) WriteHeader(status int)      { d.status = status }

// stream reads events of a browser.
func stream(t *testing.T, c *http.Client, base string) *bufio.Scanner {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", base+"/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("events: %d %v", resp.StatusCode, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() && lines.Text() != "" { // the greeting
	}
	return lines
}

// next returns the data of the next event of this name that fits.
func next[T any](t *testing.T, lines *bufio.Scanner, name string, fits func(T) bool) T {
	t.Helper()
	for lines.Scan() {
		text, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		var e struct {
			Name string
			Data []json.RawMessage
		}
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Fatal(err)
		}
		var v T
		if e.Name == name && json.Unmarshal(e.Data[0], &v) == nil && fits(v) {
			return v
		}
	}
	t.Fatalf("the stream ended before %s: %v", name, lines.Err())
	panic("unreachable")
}

func TestChatInBrowser(t *testing.T) {
	s := serve(t)
	c := s.browser()
	lines := stream(t, c, s.base)
	res, _ := s.call(c, "NewChat", "")
	var ch chat.Chat
	if err := json.Unmarshal(res, &ch); err != nil {
		t.Fatal(err)
	}
	if _, fault := s.call(c, "Send", ch.ID, "", "Count!"); fault != "" {
		t.Fatal(fault)
	}
	m := next(t, lines, "message", func(m chat.Message) bool { return m.Role == chat.Assistant && m.Status == chat.Complete })
	if m.Content != "1 2 3 4 5 " {
		t.Errorf("%+v", m)
	}
	sum := next(t, lines, "chat", func(s chat.Summary) bool { return !s.Generating })
	if sum.Title != "Count!" || sum.Leaf != m.ID {
		t.Errorf("%+v", sum)
	}
}

func TestLaggingBrowserIsDropped(t *testing.T) {
	e := api.NewEvents(slog.New(slog.DiscardHandler))
	reached := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		r, _ := http.NewRequest("GET", "/events", nil)
		e.ServeHTTP(&stuck{discard: discard{header: http.Header{}}, reached: reached, until: ended}, r)
	}()
	<-reached
	for i := range 10000 {
		e.Emit("token", i) // never blocks
	}
	close(ended)
}

// stuck is a connection whose other end has stopped reading.
type stuck struct {
	discard
	reached chan struct{}
	until   chan struct{}
	first   bool
}

func (s *stuck) Write(b []byte) (int, error) {
	if !s.first {
		s.first = true
		close(s.reached)
	}
	<-s.until
	return len(b), nil
}

func (s *stuck) SetWriteDeadline(time.Time) error { return nil }

func TestShutdownEndsStreams(t *testing.T) {
	s := serve(t)
	lines := stream(t, s.browser(), s.base)
	begun := time.Now()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	for lines.Scan() {
	}
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("ending took %s", d)
	}
}

func TestListenErrors(t *testing.T) {
	s := serve(t)
	addr := strings.TrimPrefix(s.base, "http://")
	if _, err := api.Listen(addr, api.Config{Log: slog.Default()}); err == nil || !strings.Contains(err.Error(), "--addr") {
		t.Errorf("a taken address: %v", err)
	}
	if _, err := api.Listen("nonsense", api.Config{Log: slog.Default()}); err == nil {
		t.Error("listened on nonsense")
	}
}
