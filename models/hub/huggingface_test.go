package hub

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/models/catalog"
	"freehold/models/hub/hubtest"
	"freehold/models/stores"
)

func repoWithQuants(t testing.TB) hubtest.Repo {
	return hubtest.Repo{ID: "Owner/Some-GGUF", Licence: "apache-2.0", Architecture: "llama", Parameters: 1000, Context: 2048, Branches: []string{"v1"},
		Downloads: 5, Likes: 3, Modified: time.UnixMilli(1700000000000), Files: files(
			"README.md", []byte("hello"), "m-Q4_K_M.gguf", model(t, "Q4"), "m-Q8_0.gguf", model(t, "Q8"), "mmproj-m-Q4_K_M.gguf", model(t, "see"),
			"big/m-Q6_K-00001-of-00002.gguf", part(t, "Q6", 0, 2), "big/m-Q6_K-00002-of-00002.gguf", part(t, "Q6", 1, 2),
			"half/m-Q5_K_M-00001-of-00002.gguf", part(t, "Q5", 0, 2), "UD-IQ2_M/x y.gguf", model(t, "IQ2"), "imatrix.gguf", model(t, "i"))}
}

func TestLookupRepository(t *testing.T) {
	h, c := hubClient(t, repoWithQuants(t))
	commit := h.Commit("Owner/Some-GGUF")
	for _, page := range []int{1000, 2} { // of the listing
		h.PageSize = page
		for ref, want := range map[string]struct {
			ref   string
			files string
		}{
			"Owner/Some-GGUF":                           {"hf.co/Owner/Some-GGUF:Q4_K_M", "m-Q4_K_M.gguf"},
			"hf.co/Owner/Some-GGUF:q8_0":                {"hf.co/Owner/Some-GGUF:Q8_0", "m-Q8_0.gguf"},
			"hf.co/Owner/Some-GGUF:m-Q8_0.gguf":         {"hf.co/Owner/Some-GGUF:Q8_0", "m-Q8_0.gguf"},
			"hf.co/Owner/Some-GGUF:Q6_K":                {"hf.co/Owner/Some-GGUF:Q6_K", "big/m-Q6_K-00001-of-00002.gguf big/m-Q6_K-00002-of-00002.gguf"},
			"hf.co/Owner/Some-GGUF/big":                 {"hf.co/Owner/Some-GGUF:Q6_K", "big/m-Q6_K-00001-of-00002.gguf big/m-Q6_K-00002-of-00002.gguf"},
			"Owner/Some-GGUF/UD-IQ2_M/x y.gguf":         {"hf.co/Owner/Some-GGUF:UD-IQ2_M", "UD-IQ2_M/x y.gguf"},
			"https://huggingface.co/Owner/Some-GGUF":    {"hf.co/Owner/Some-GGUF:Q4_K_M", "m-Q4_K_M.gguf"},
			h.URL + "/Owner/Some-GGUF/tree/main":        {"hf.co/Owner/Some-GGUF:Q4_K_M", "m-Q4_K_M.gguf"},
			"Owner/Some-GGUF@" + commit + ":Q8_0":       {"https://huggingface.co/Owner/Some-GGUF/resolve/" + commit + "/m-Q8_0.gguf", "m-Q8_0.gguf"},
			"hf.co/Owner/Some-GGUF@v1/m-Q8_0.gguf":      {"https://huggingface.co/Owner/Some-GGUF/resolve/v1/m-Q8_0.gguf", "m-Q8_0.gguf"},
			"huggingface.co/Owner/Some-GGUF/blob/main/": {"hf.co/Owner/Some-GGUF:Q4_K_M", "m-Q4_K_M.gguf"},
			"https://huggingface.co/Owner/Some-GGUF/blob/v1/UD-IQ2_M/x%20y.gguf?download=true": {"https://huggingface.co/Owner/Some-GGUF/resolve/v1/UD-IQ2_M/x%20y.gguf", "UD-IQ2_M/x y.gguf"},
		} {
			p, err := c.Lookup(t.Context(), ref)
			if err != nil {
				t.Errorf("%s: %v", ref, err)
				continue
			}
			var names []string
			var size int64
			for _, f := range p.Files {
				names = append(names, f.Source.File)
				size += f.Size
				if f.Source.Revision != commit || !hexDigest.MatchString(f.SHA256) || f.Role != Weights || f.Size == 0 {
					t.Errorf("%s: not pinned: %+v", ref, f)
				}
			}
			if p.Ref != want.ref || strings.Join(names, " ") != want.files || p.Size != size || p.Licence != "Apache-2.0" || p.Terms != "" || p.Architecture != "llama" {
				t.Errorf("%s: %+v, files %q", ref, p, names)
			}
			if again, err := c.Lookup(t.Context(), p.Ref); err != nil || again.Ref != p.Ref || fmt.Sprint(again.Files) != fmt.Sprint(p.Files) {
				t.Errorf("%s is not found again: %+v, %v", p.Ref, again, err)
			}
		}
	}
	for ref, want := range map[string]string{
		"Owner/Some-GGUF:Q2_K":          "it has Q6_K, Q4_K_M, Q8_0, UD-IQ2_M",
		"Owner/Some-GGUF:Q5_K_M":        "part 2 of 2 is not in the repository",
		"Owner/Some-GGUF/none.gguf":     "no model in a file",
		"Owner/Some-GGUF/empty":         "no GGUF file in \"empty\"",
		"Owner/None":                    "no such repository",
		"Owner/Some-GGUF@v9":            "no such revision",
		"hf.co/Owner/Some-GGUF/imatrix": "no GGUF file in",
	} {
		if p, err := c.Lookup(t.Context(), ref); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %+v, %v", ref, p, err)
		}
	}
}

func TestDefaultQuant(t *testing.T) {
	for names, want := range map[string]string{
		"a-Q8_0 a-Q4_K_M a-Q2_K":             "a-Q4_K_M",
		"a.Q4_K_S a.Q5_K_M a.f16":            "a.Q4_K_S",
		"x/a-Q4_K_M a-long-Q4_K_M b-Q4_K_M":  "b-Q4_K_M",
		"a-f16 a-bf16":                       "a-bf16",
		"model":                              "model",
		"a-UD-Q4_K_XL a-Q8_0":                "a-UD-Q4_K_XL",
		"gpt-oss-20b-MXFP4 gpt-oss-20b-F16":  "gpt-oss-20b-MXFP4",
		"Q4_K_M/a-00001-of-00001 a-IQ4_XS":   "Q4_K_M/a-00001-of-00001",
		"a_q4_k_m a_q8_0":                    "a_q4_k_m",
		"a-Q4_K_M-00001-of-00002 a-Q3_K_M":   "a-Q3_K_M",
		"SmolLM2-135M-Instruct.Q4_1 a.Q9000": "SmolLM2-135M-Instruct.Q4_1",
	} {
		var tree []treeFile
		for name := range strings.FieldsSeq(names) {
			tree = append(tree, treeFile{path: name + ".gguf"})
		}
		v, ok := pick(variants(tree), "")
		if !ok || v.files[0].path != want+".gguf" {
			t.Errorf("of %s: %+v", names, v)
		}
	}
}

func TestPullFromHuggingFace(t *testing.T) {
	h, c := hubClient(t, repoWithQuants(t))
	lib := openLibrary(t)
	for ref, parts := range map[string]int{"Owner/Some-GGUF": 0, "Owner/Some-GGUF:Q6_K": 2} {
		p, err := c.Lookup(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		var last Progress
		m, err := c.Pull(t.Context(), lib, p, func(now Progress) {
			if now.Done > now.Total && now.Total > 0 || now.State == "" {
				t.Errorf("progress %+v", now)
			}
			last = now
		})
		if err != nil || m.Problem != "" || len(m.Parts) != parts || m.Licence != "Apache-2.0" || m.SizeBytes != p.Size || m.Source != p.Homepage {
			t.Fatalf("%+v, %v", m, err)
		}
		if last.Done == 0 {
			t.Error("no progress")
		}
		if l := leftovers(t, c); len(l) != 0 {
			t.Errorf("left %v", l)
		}
		before := len(h.Requests())
		if again, err := c.Pull(t.Context(), lib, p, nil); err != nil || again.Ref != m.Ref || len(h.Requests()) != before {
			t.Errorf("again: %+v, %v, %d more requests", again, err, len(h.Requests())-before)
		}
	}
	for _, r := range h.Requests() {
		if strings.Contains(r, "/resolve/main/") {
			t.Errorf("not pinned: %s", r)
		}
	}
}

func TestSameNameOfAnotherModel(t *testing.T) {
	_, c := hubClient(t, hubtest.Repo{ID: "a/one", Files: files("model-Q4_0.gguf", model(t, "One"))}, hubtest.Repo{ID: "a/two", Files: files("model-Q4_0.gguf", model(t, "Two"))})
	lib := openLibrary(t)
	var refs []string
	for _, ref := range []string{"a/one", "a/two", "a/one"} {
		p, err := c.Lookup(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		m, err := c.Pull(t.Context(), lib, p, nil)
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, m.Ref)
	}
	if fmt.Sprint(refs) != "[model-q4_0 model-q4_0-2 model-q4_0]" {
		t.Errorf("refs %q", refs)
	}
}

func TestGated(t *testing.T) {
	h, c := hubClient(t, hubtest.Repo{ID: "meta/llama", Gated: "manual", Licence: "llama3.2", Files: files("m-Q4_K_M.gguf", model(t, "Small"))},
		hubtest.Repo{ID: "me/mine", Private: true, Files: files("m.gguf", model(t, "Mine"))})
	lib := openLibrary(t)
	p, err := c.Lookup(t.Context(), "meta/llama")
	if err != nil || !p.Gated || !strings.Contains(p.Terms, "Meta") {
		t.Fatalf("%+v, %v", p, err)
	}
	for token, want := range map[string]string{"": "accept its terms on https://huggingface.co/meta/llama, make an access token", "hf_other": "your access token does not open it"} {
		c.Token = token
		for name, call := range map[string]func() error{
			"Pull":   func() error { _, err := c.Pull(t.Context(), lib, p, nil); return err },
			"Header": func() error { _, _, err := c.Header(t.Context(), p); return err },
		} {
			if err := call(); !errors.Is(err, ErrGated) || !strings.Contains(err.Error(), want) {
				t.Errorf("%s with token %q: %v", name, token, err)
			}
		}
		if _, err := c.Lookup(t.Context(), "me/mine"); !errors.Is(err, ErrUnknown) {
			t.Errorf("private, token %q: %v", token, err)
		}
	}
	c.Token = h.Token
	if _, err := c.Pull(t.Context(), lib, p, nil); err != nil {
		t.Error(err)
	}
	if _, err := c.Lookup(t.Context(), "me/mine"); err != nil {
		t.Error(err)
	}
}

func TestTokenStaysAtHome(t *testing.T) {
	c := New(Options{Endpoint: "http://mirror.example", Token: "hf_secret"})
	if token := c.hubToken(); token != "" {
		t.Error("the token would go out unencrypted")
	}
	c = New(Options{Token: "hf_secret"})
	if token := c.hubToken(); token != "hf_secret" {
		t.Error("no token for the hub itself")
	}
}

func TestEnvironment(t *testing.T) {
	t.Setenv("HF_ENDPOINT", "https://mirror.example/hf/")
	t.Setenv("HF_TOKEN", "hf_env")
	c := New(Options{Dir: t.TempDir()})
	if c.Endpoint != "https://mirror.example/hf" || c.hubToken() != "hf_env" {
		t.Errorf("%q, %q", c.Endpoint, c.hubToken())
	}
	if c := New(Options{Endpoint: "https://other.example", Token: "set"}); c.Endpoint != "https://other.example" || c.Token != "set" {
		t.Errorf("settings do not go first: %+v", c.Options)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	for _, call := range []func() error{
		func() error { _, err := c.Lookup(t.Context(), "a/b"); return err },
		func() error { _, _, err := c.Search(t.Context(), Query{}); return err },
	} {
		if err := call(); !errors.Is(err, errHubOffline) {
			t.Error(err)
		}
	}
}

func TestRateLimit(t *testing.T) {
	h, c := hubClient(t, repoWithQuants(t))
	h.Limit, h.Window = 1, 4*time.Minute
	_, err := c.Lookup(t.Context(), "Owner/Some-GGUF")
	if err == nil || !strings.Contains(err.Error(), "asked too often") || !strings.Contains(err.Error(), "4m") && !strings.Contains(err.Error(), "3m") {
		t.Errorf("error %v", err)
	}
	// A short wait is waited for.
	n := 0
	h, c = hubClient(t, repoWithQuants(t))
	h.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if n++; n == 2 {
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusTooManyRequests)
		}
		return n == 2
	}
	if _, err := c.Lookup(t.Context(), "Owner/Some-GGUF"); err != nil {
		t.Error(err)
	}
}

func TestHuggingFaceRefusals(t *testing.T) {
	data := model(t, "Small")
	for name, c := range map[string]struct {
		change func(h http.Header) int
		sha256 string
		want   string
	}{
		"no digest":       {func(h http.Header) int { h.Set("X-Linked-Etag", `"abc"`); return 302 }, "", "does not publish"},
		"another file":    {func(http.Header) int { return 302 }, hexSum([]byte("expected")), "another file"},
		"gated":           {func(h http.Header) int { h.Set("X-Error-Code", "GatedRepo"); return 403 }, "", "accept its terms"},
		"no repository":   {func(h http.Header) int { h.Set("X-Error-Code", "RepoNotFound"); return 401 }, "", "no such repository"},
		"no file":         {func(h http.Header) int { h.Set("X-Error-Code", "EntryNotFound"); return 404 }, "", "no such file"},
		"no revision":     {func(h http.Header) int { h.Set("X-Error-Code", "RevisionNotFound"); return 404 }, "", "no such revision"},
		"server is ill":   {func(http.Header) int { return 503 }, "", "503"},
		"hostile headers": {func(h http.Header) int { h.Set("X-Linked-Etag", "../../etc"); return 302 }, "", "does not publish"},
	} {
		t.Run(name, func(t *testing.T) {
			h, cl := hubClient(t, hubtest.Repo{ID: "o/r", Files: files("m.gguf", data)})
			h.Before = func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == http.MethodHead {
					w.Header().Set("X-Linked-Etag", hexSum(data))
					w.Header().Set("Location", "https://cdn.example/x")
					w.WriteHeader(c.change(w.Header()))
				}
				return r.Method == http.MethodHead
			}
			p := planOf(PlanFile{Role: Weights, Name: "m.gguf", SHA256: c.sha256, Source: catalog.Source{Kind: catalog.HuggingFace, Repo: "o/r", File: "m.gguf"}})
			_, _, err := cl.Fetch(t.Context(), p, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "hf.co/o/r") {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestPullRefusesWhatIsNoModel(t *testing.T) {
	_, c := hubClient(t, hubtest.Repo{ID: "o/r", Files: files("m.gguf", content(33))})
	lib := openLibrary(t)
	p, err := c.Lookup(t.Context(), "o/r")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), lib, p, nil); err == nil {
		t.Error("pulled a file that is not GGUF")
	}
	if models, _ := lib.List(); len(models) != 0 {
		t.Errorf("library has %+v", models)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}
}

func TestPullAdoptsWhatAnotherToolHas(t *testing.T) {
	data := model(t, "Small")
	h, c := hubClient(t, hubtest.Repo{ID: "o/r", Files: files("m-Q4_0.gguf", data)})
	cache := t.TempDir()
	repo := filepath.Join(cache, "models--o--r")
	snapshot := filepath.Join(repo, "snapshots", h.Commit("o/r"))
	for _, dir := range []string{snapshot, filepath.Join(repo, "blobs"), filepath.Join(repo, "refs")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	blob := filepath.Join(repo, "blobs", hexSum(data))
	if err := os.WriteFile(blob, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(blob, filepath.Join(snapshot, "m-Q4_0.gguf")); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	c.Stores = stores.Roots{HuggingFace: []string{cache}}
	p, err := c.Lookup(t.Context(), "o/r")
	if err != nil {
		t.Fatal(err)
	}
	before := len(h.Requests())
	m, err := c.Pull(t.Context(), openLibrary(t), p, nil)
	if err != nil || !m.External || m.Tool != stores.HuggingFace || m.Digest != "sha256:"+hexSum(data) {
		t.Errorf("%+v, %v", m, err)
	}
	if n := len(h.Requests()) - before; n != 0 {
		t.Errorf("%d requests for a file that is here", n)
	}
}

func TestCatalogueEntry(t *testing.T) {
	data := model(t, "Small")
	h, c := hubClient(t, hubtest.Repo{ID: "o/r", Files: files("m.gguf", data)})
	e := catalog.Entry{Ref: "m", Name: "M", Licence: "LicenseRef-M", Terms: true, Restrictions: "Not for sale.", Homepage: "https://example.org/m"}
	file := catalog.File{Ref: "m-q8_0", Quant: "Q8_0", SizeBytes: 5000, Sources: []catalog.Source{{Kind: catalog.HuggingFace, Repo: "o/r", File: "m.gguf"}}}
	p, err := c.lookupEntry(t.Context(), e, file)
	if err != nil || p.Files[0].SHA256 != hexSum(data) || p.Files[0].Source.Revision != h.Commit("o/r") || p.Size != int64(len(data)) || p.Ref != "m-q8_0" || p.Terms != "Not for sale." {
		t.Errorf("%+v, %v", p, err)
	}
	h.Close()
	p, err = c.lookupEntry(t.Context(), e, file)
	if err != nil || p.Size != 5000 || p.Files[0].SHA256 != "" {
		t.Errorf("offline: %+v, %v", p, err)
	}
}
