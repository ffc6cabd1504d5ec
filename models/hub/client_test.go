package hub

import (
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
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/catalog"
	"freehold/models/hub/hubtest"
	"freehold/models/library"
	"freehold/models/network"
)

func TestMain(m *testing.M) {
	for _, name := range []string{"HF_ENDPOINT", "HF_TOKEN", "HF_HUB_OFFLINE", "HTTP_PROXY", "http_proxy"} {
		os.Unsetenv(name)
	}
	goleak.VerifyTestMain(m)
}

// content is a file that is no model.
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

// model returns the bytes of a small GGUF file.
func model(t testing.TB, name string) []byte { return part(t, name, 0, 1) }

// part returns one file of a model of n files.
func part(t testing.TB, name string, i, n int) []byte {
	t.Helper()
	var meta gguf.Metadata
	if i == 0 {
		meta.Set("general.architecture", "llama")
		meta.Set("general.name", name)
	}
	if n > 1 {
		meta.Set("split.no", uint16(i))
		// The writer refuses parts of a model, so a name of the same length
		// stands in for the count.
		meta.Set("split.C0UNT", uint16(n))
		meta.Set("split.tensors.count", int32(n))
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	weights := make([]byte, 4*1000)
	copy(weights, name)
	err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "w" + string(rune('a'+i)), Type: tensor.F32, Shape: []int{1000}, Data: weights}})
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Replace(data, []byte("split.C0UNT"), []byte("split.count"), 1)
}

func client(t testing.TB) *Client {
	c := New(Options{Dir: filepath.Join(t.TempDir(), "downloads")})
	c.backoff, c.patience = time.Millisecond, 50*time.Millisecond
	c.down.Backoff, c.down.Stall, c.down.Attempts = time.Millisecond, 5*time.Second, 4
	t.Cleanup(c.Gate.CloseIdleConnections)
	return c
}

// hubClient is a client of h, which closes with the test.
func hubClient(t testing.TB, repos ...hubtest.Repo) (*hubtest.HuggingFace, *Client) {
	t.Helper()
	h, err := hubtest.NewHuggingFace("", repos...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	c := client(t)
	c.Endpoint = h.URL
	return h, c
}

func files(pairs ...any) map[string]hubtest.File {
	m := map[string]hubtest.File{}
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i].(string)] = hubtest.File{Data: pairs[i+1].([]byte)}
	}
	return m
}

func openLibrary(t testing.TB) *library.Library {
	t.Helper()
	lib, err := library.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return lib
}

func planOf(f PlanFile) Plan {
	return Plan{Ref: "m", Model: "m", Name: "M", Size: f.Size, Files: []PlanFile{f}}
}

func urlPlan(url string, data []byte) Plan {
	return planOf(PlanFile{Role: Weights, Name: "m.gguf", SHA256: hexSum(data), Size: int64(len(data)), Source: catalog.Source{Kind: catalog.URL, URL: url}})
}

// leftovers lists what is in the client's folder besides locks.
func leftovers(t testing.TB, c *Client) []string {
	t.Helper()
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

// fetched fails the test unless the only file is data.
func fetched(t testing.TB, paths []string, digest string, err error, data []byte) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(paths[0])
	if err != nil || len(paths) != 1 || !bytes.Equal(got, data) || digest != hexSum(data) {
		t.Errorf("fetched file differs (%v), digest %s", err, digest)
	}
}

func serveFile(t testing.TB, data []byte) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	t.Cleanup(s.Close)
	return s
}

func TestFetchFromURL(t *testing.T) {
	data := model(t, "Small")
	s, c := serveFile(t, data), client(t)
	paths, digest, err := c.Fetch(t.Context(), urlPlan(s.URL, data), nil)
	fetched(t, paths, digest, err, data)
}

func TestPullFromURL(t *testing.T) {
	data := model(t, "Small")
	s, c, lib := serveFile(t, data), client(t), openLibrary(t)
	for _, ref := range []string{s.URL + "/My%20Model.Q4_0.gguf", s.URL + "/My%20Model.Q4_0.gguf#sha256=" + hexSum(data)} {
		p, err := c.Lookup(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		if p.Ref != ref || p.Size != int64(len(data)) || p.Quant != "Q4_0" {
			t.Errorf("%+v", p)
		}
		m, err := c.Pull(t.Context(), lib, p, nil)
		if err != nil || m.Ref != "my-model.q4_0" || m.Digest != "sha256:"+hexSum(data) {
			t.Errorf("%+v, %v", m, err)
		}
	}
	if _, err := c.Lookup(t.Context(), s.URL+"/m-00001-of-00002.gguf#sha256="+hexSum(data)); err == nil || !strings.Contains(err.Error(), "one of 2 parts") {
		t.Error(err)
	}
	p, err := c.Lookup(t.Context(), s.URL+"/d/m-00002-of-00002.gguf")
	if err != nil || len(p.Files) != 2 || p.Files[0].Source.URL != s.URL+"/d/m-00001-of-00002.gguf" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestURLThatIsNoModel(t *testing.T) {
	s, c := serveFile(t, content(1)), client(t)
	_, _, err := c.Fetch(t.Context(), urlPlan(s.URL, content(1)), nil)
	if err == nil || !strings.Contains(err.Error(), "not a model") {
		t.Error(err)
	}
}

func TestNextSourceIfOneIsUnreachable(t *testing.T) {
	gone := httptest.NewServer(nil)
	gone.Close()
	data := model(t, "Small")
	s, c := serveFile(t, data), client(t)
	p := urlPlan(gone.URL, data)
	if _, _, err := c.Fetch(t.Context(), p, nil); err == nil || !strings.Contains(err.Error(), gone.URL) || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("error %v", err)
	}
	p.Files[0].Others = []catalog.Source{{Kind: catalog.URL, URL: s.URL}}
	paths, digest, err := c.Fetch(t.Context(), p, nil)
	fetched(t, paths, digest, err, data)
}

func TestNetworkSwitch(t *testing.T) {
	h, c := hubClient(t, hubtest.Repo{ID: "a/b", Files: files("m.gguf", model(t, "Small"))})
	p, err := c.Lookup(t.Context(), "hf.co/a/b")
	if err != nil {
		t.Fatal(err)
	}
	before := len(h.Requests())
	off := New(Options{Dir: t.TempDir(), Endpoint: h.URL, Gate: network.New(network.Options{Allowed: func() bool { return false }})})
	lookup := func(ref string) func() error {
		return func() error { _, err := off.Lookup(t.Context(), ref); return err }
	}
	for name, call := range map[string]func() error{
		"Fetch":  func() error { _, _, err := off.Fetch(t.Context(), p, nil); return err },
		"Header": func() error { _, _, err := off.Header(t.Context(), p); return err },
		"Search": func() error { _, _, err := off.Search(t.Context(), Query{}); return err },
		"hub":    lookup("hf.co/a/b"), "ollama": lookup("llama3.2:1b"), "url": lookup("https://example.org/m.gguf"), "pip": lookup("pip:x"),
		"wheel": func() error { _, _, err := off.Fetch(t.Context(), wheelPlan([]byte("x")), nil); return err },
	} {
		if err := call(); !errors.Is(err, ErrNetworkOff) {
			t.Errorf("%s while off: %v", name, err)
		}
	}
	if n := len(h.Requests()); n != before {
		t.Fatalf("%d requests while the network is off", n-before)
	}
	_, starter := catalog.Starter()
	if p, err := off.Lookup(t.Context(), "starter"); err != nil || p.Ref != starter.Ref || p.Size == 0 {
		t.Errorf("the catalogue needs the network: %+v, %v", p, err)
	}
}

func TestPath(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for i := range 2 {
		write([]string{"two/m-Q4_0-00001-of-00002.gguf", "two/m-Q4_0-00002-of-00002.gguf"}[i], part(t, "Split", i, 2))
	}
	single := write("one/x.gguf", model(t, "Small"))
	lone := write("lone/x-00002-of-00003.gguf", model(t, "Small"))
	write("one/readme.txt", nil)
	crowd := t.TempDir() // a model of two parts among more files than are looked through
	for i := range 2 {
		if err := os.WriteFile(filepath.Join(crowd, fmt.Sprintf("z-Q4_0-0000%d-of-00002.gguf", i+1)), part(t, "Crowd", i, 2), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10_000 {
		if err := os.WriteFile(filepath.Join(crowd, fmt.Sprint(i)), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, lib := client(t), openLibrary(t)
	for ref, want := range map[string]int{filepath.Join(dir, "two"): 2, "file://" + filepath.ToSlash(single): 1, filepath.Join(dir, "one"): 1,
		filepath.Join(dir, "two", "m-Q4_0-00002-of-00002.gguf"): 2, filepath.Join(crowd, "z-Q4_0-00002-of-00002.gguf"): 2} {
		p, err := c.Lookup(t.Context(), ref)
		if err != nil || len(p.Files) != want {
			t.Errorf("%s: %+v, %v", ref, p, err)
			continue
		}
		if again, err := c.Lookup(t.Context(), p.Ref); err != nil || again.Ref != p.Ref {
			t.Errorf("%s: %+v, %v", p.Ref, again, err)
		}
		headers, err := c.Headers(t.Context(), p)
		if err != nil || len(headers) != want {
			t.Errorf("%s: %d headers, %v", ref, len(headers), err)
		}
		m, err := c.Pull(t.Context(), lib, p, nil)
		if err != nil || m.Problem != "" || want == 2 && len(m.Parts) != 2 {
			t.Errorf("%s: %+v, %v", ref, m, err)
		}
	}
	for ref, want := range map[string]string{dir: "holds 3 models", filepath.Join(dir, "none"): "no file or folder", lone: "part 1 of 3", t.TempDir(): "no GGUF model", crowd: "more than 10000 files"} {
		if p, err := c.Lookup(t.Context(), ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", ref, p, err)
		}
	}
}

func TestKeptAndDiscard(t *testing.T) {
	// The second part never comes, so the first stays behind.
	var mu sync.Mutex
	broken := true
	first, second := part(t, "Split", 0, 2), part(t, "Split", 1, 2)
	h, c := hubClient(t, hubtest.Repo{ID: "a/b", Files: files("m-Q4_0-00001-of-00002.gguf", first, "m-Q4_0-00002-of-00002.gguf", second)})
	h.Before = func(w http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if broken && r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "00002-of-00002.gguf") {
			w.WriteHeader(http.StatusNotFound)
			return true
		}
		return false
	}
	lib := openLibrary(t)
	p, err := c.Lookup(t.Context(), "hf.co/a/b:Q4_0")
	if err != nil {
		t.Fatal(err)
	}
	pull := func() (library.Model, error) { return c.Pull(t.Context(), lib, p, nil) }
	if _, err := pull(); err == nil || !strings.Contains(err.Error(), "m-Q4_0-00002-of-00002.gguf") {
		t.Fatal(err)
	}
	if models, _ := lib.List(); len(models) != 0 {
		t.Errorf("half a model is visible: %+v", models)
	}
	kept, err := c.Kept()
	if err != nil || len(kept) != 1 || kept[0].Ref != p.Ref || kept[0].Done != int64(len(first)) || kept[0].Total != p.Size {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if err := c.Discard(p.Ref); err != nil {
		t.Fatal(err)
	}
	if kept, err := c.Kept(); err != nil || len(kept) != 0 {
		t.Errorf("after Discard: %+v, %v", kept, err)
	}
	if _, err := pull(); err == nil {
		t.Fatal("pulled without the second part")
	}
	mu.Lock()
	broken = false
	mu.Unlock()
	before := len(h.Requests())
	m, err := pull()
	if err != nil || len(m.Parts) != 2 || m.SizeBytes != p.Size {
		t.Fatalf("%+v, %v", m, err)
	}
	for _, r := range h.Requests()[before:] {
		if strings.Contains(r, "00001-of-00002") {
			t.Errorf("the first part was fetched again: %s", r)
		}
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

func TestCancelledPullGoesOn(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	data := model(t, "Small")
	h, c := hubClient(t, hubtest.Repo{ID: "a/b", Files: files("m.gguf", data)})
	p, err := c.Lookup(t.Context(), "a/b")
	if err != nil {
		t.Fatal(err)
	}
	h.Before = func(http.ResponseWriter, *http.Request) bool { cancel(errors.New("paused")); return false }
	lib := openLibrary(t)
	if _, err := c.Pull(ctx, lib, p, nil); err == nil || err.Error() != "paused" {
		t.Errorf("error %v", err)
	}
	if m, err := c.Pull(t.Context(), lib, p, nil); err != nil || m.Digest != "sha256:"+hexSum(data) {
		t.Errorf("%+v, %v", m, err)
	}
}
