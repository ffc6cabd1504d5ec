package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"freehold/models/hub/hubtest"
)

// registry starts Debian's docker-registry.
func registry(t *testing.T) *hubtest.Registry {
	t.Helper()
	program, err := hubtest.FindRegistry("../..")
	if err != nil {
		t.Skip(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	r, err := hubtest.StartRegistry(t.Context(), program, t.TempDir(), client)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

const ollamaConfig = `{"model_format":"gguf","model_family":"llama","model_families":["llama"],"model_type":"1.2B","file_type":"Q8_0","architecture":"amd64","os":"linux"}`

func TestRealRegistry(t *testing.T) {
	r := registry(t)
	data := model(t, "Small")
	licence := "LLAMA 3.2 COMMUNITY LICENSE AGREEMENT\nand so on"
	layers := []hubtest.Layer{{MediaType: "model", Data: data}, {MediaType: "template", Data: []byte("{{ .Prompt }}")}, {MediaType: "license", Data: []byte(licence)},
		{MediaType: "license", Data: []byte("Acceptable use")}, {MediaType: "params", Data: []byte(`{"stop":["<|end|>"],"temperature":0.5}`)},
		{MediaType: "system", Data: []byte("You are brief.")}, {MediaType: "messages", Data: []byte(`[{"role":"user","content":"Hi"}]`)}}
	if err := r.Push(t.Context(), "library/tiny", "1b", []byte(ollamaConfig), layers...); err != nil {
		t.Fatal(err)
	}
	if err := r.Push(t.Context(), "someone/other", "latest", []byte(ollamaConfig), layers[0]); err != nil {
		t.Fatal(err)
	}
	c, lib := client(t), openLibrary(t)
	c.Registry = r.Host

	p, err := c.Lookup(t.Context(), "tiny:1b")
	if err != nil {
		t.Fatal(err)
	}
	var fileRoles []string
	for _, f := range p.Files {
		fileRoles = append(fileRoles, f.Role)
	}
	if p.Ref != "tiny:1b" || p.Quant != "Q8_0" || p.Architecture != "llama" || p.Size != int64(len(data)) || p.Licence != "llama3.2" || !strings.Contains(p.Terms, "Meta") ||
		fmt.Sprint(fileRoles) != "[weights template system params licence licence messages]" || p.Files[0].SHA256 != hexSum(data) || p.Text(Licence) != licence+"\n\nAcceptable use" {
		t.Errorf("%+v", p)
	}
	var again Plan // the application keeps plans as JSON
	if b, err := json.Marshal(p); err != nil || json.Unmarshal(b, &again) != nil || fmt.Sprint(again) != fmt.Sprint(p) {
		t.Errorf("after JSON: %+v", again)
	}
	if h, size, err := c.Header(t.Context(), p); err != nil || size != p.Size || len(h) == 0 {
		t.Errorf("header: %d bytes of %d, %v", len(h), size, err)
	}
	m, err := c.Pull(t.Context(), lib, again, nil)
	if err != nil || m.Ref != "tiny-1b" || m.System != "You are brief." || m.Template != "{{ .Prompt }}" || m.Params["temperature"] != 0.5 || m.Digest != "sha256:"+hexSum(data) {
		t.Fatalf("%+v, %v", m, err)
	}
	if l := leftovers(t, c); len(l) != 0 {
		t.Errorf("left %v", l)
	}

	// The same weights with other texts are another model of the same file.
	p, err = c.Lookup(t.Context(), r.Host+"/someone/other")
	if err != nil || p.Ref != r.Host+"/someone/other:latest" || p.Licence != "" || p.Terms != "" {
		t.Fatalf("%+v, %v", p, err)
	}
	other, err := c.Pull(t.Context(), lib, p, nil)
	if err != nil || other.Ref != "other" || other.System != "" || other.Path != m.Path {
		t.Errorf("%+v, %v", other, err)
	}

	if _, err := c.Lookup(t.Context(), "tiny:2b"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "neither the catalogue nor "+r.Host) {
		t.Error(err)
	}
}

func TestRealRegistryRefusals(t *testing.T) {
	r := registry(t)
	c := client(t)
	c.Registry = r.Host
	good := hubtest.Layer{MediaType: "model", Data: model(t, "Small")}
	for name, test := range map[string]struct {
		config string
		layers []hubtest.Layer
		want   string
	}{
		"adapter":     {ollamaConfig, []hubtest.Layer{good, {MediaType: "adapter", Data: []byte("x")}}, "adapter"},
		"two-weights": {ollamaConfig, []hubtest.Layer{good, {MediaType: "model", Data: []byte("GGUFx")}}, "several layers"},
		"no-weights":  {ollamaConfig, []hubtest.Layer{{MediaType: "license", Data: []byte("x")}}, "no weights"},
		"mlx":         {ollamaConfig, []hubtest.Layer{{MediaType: "tensor", Data: []byte("x")}}, "MLX"},
		"tensors":     {`{"model_format":"safetensors"}`, []hubtest.Layer{good}, "safetensors"},
		"params":      {ollamaConfig, []hubtest.Layer{good, {MediaType: "params", Data: []byte("[1")}}, "parameters"},
		"binary":      {ollamaConfig, []hubtest.Layer{good, {MediaType: "system", Data: []byte{0xff, 0xfe}}}, "not text"},
		"long":        {ollamaConfig, []hubtest.Layer{good, {MediaType: "license", Data: make([]byte, maxText+1)}}, "at most"},
	} {
		if err := r.Push(t.Context(), "library/"+name, "latest", []byte(test.config), test.layers...); err != nil {
			t.Fatal(err)
		}
		if p, err := c.Lookup(t.Context(), name); err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	// A layer that is no GGUF file is not downloaded.
	if err := r.Push(t.Context(), "library/picture", "latest", []byte(ollamaConfig), hubtest.Layer{MediaType: "model", Data: content(7)}); err != nil {
		t.Fatal(err)
	}
	p, err := c.Lookup(t.Context(), "picture")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Pull(t.Context(), openLibrary(t), p, nil); err == nil || !strings.Contains(err.Error(), "not a model") || !strings.Contains(err.Error(), "it was not downloaded") {
		t.Error(err)
	}
}

// ociManifestOf is what a registry of OCI's kind answers.
func ollamaManifest(mediaType string, layers ...layer) []byte {
	b, err := json.Marshal(map[string]any{"schemaVersion": 2, "mediaType": mediaType, "config": layer{"c", "sha256:" + hexSum([]byte("{}")), 2}, "layers": layers})
	if err != nil {
		panic(err)
	}
	return b
}

// tokenRegistry is a registry that wants a token, redirects blobs to a second
// host and forgets tokens after some requests.
type tokenRegistry struct {
	*httptest.Server
	data     []byte
	realm    string // "" for its own
	valid    atomic.Int64
	given    atomic.Int64
	manifest []byte
}

func newTokenRegistry(t *testing.T, data []byte) *tokenRegistry {
	cdn := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token went to the second host")
		}
		w.Header().Set("ETag", `"x"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(data)))
	}))
	t.Cleanup(cdn.Close)
	s := &tokenRegistry{data: data, manifest: ollamaManifest(ociManifest, layer{ollamaLayer + "model", "sha256:" + hexSum(data), int64(len(data))})}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/token" {
			if r.URL.Query().Get("scope") != "repository:library/m:pull" || r.URL.Query().Get("service") != "reg, istry" {
				t.Errorf("token asked for with %q", r.URL.RawQuery)
			}
			s.valid.Store(100)
			fmt.Fprintf(w, `{"token":"t%d"}`, s.given.Add(1))
			return
		}
		if r.Header.Get("Authorization") != fmt.Sprintf("Bearer t%d", s.given.Load()) || s.valid.Add(-1) < 0 {
			realm := s.realm
			if realm == "" {
				realm = s.URL + "/token"
			}
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s",service="reg, istry",scope="repository:library/m:pull"`, realm))
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch {
		case strings.HasSuffix(r.URL.Path, "/manifests/latest"):
			if !strings.Contains(r.Header.Get("Accept"), ociManifest) || !strings.Contains(r.Header.Get("Accept"), dockerManifest) {
				t.Errorf("Accept: %s", r.Header.Get("Accept"))
			}
			_, _ = w.Write(s.manifest)
		case strings.HasSuffix(r.URL.Path, hexSum([]byte("{}"))):
			_, _ = w.Write([]byte("{}"))
		default:
			http.Redirect(w, r, cdn.URL+"/blob?signed=1", http.StatusTemporaryRedirect)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *tokenRegistry) host() string { return strings.TrimPrefix(s.URL, "http://") }

func TestTokenForStrangers(t *testing.T) {
	data := model(t, "Small")
	s, c := newTokenRegistry(t, data), client(t)
	p, err := c.Lookup(t.Context(), s.host()+"/library/m")
	if err != nil {
		t.Fatal(err)
	}
	if s.given.Load() != 1 {
		t.Errorf("%d tokens for one model", s.given.Load())
	}
	s.valid.Store(0) // it runs out before the download
	if m, err := c.Pull(t.Context(), openLibrary(t), p, nil); err != nil || m.Digest != "sha256:"+hexSum(data) {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestTokenFromElsewhere(t *testing.T) {
	asked := false
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { asked = true; fmt.Fprint(w, `{"token":"x"}`) }))
	defer other.Close()
	for _, realm := range []string{other.URL + "/token", "http://169.254.169.254/latest", "file:///etc/passwd", "://", "https://user:pw@127.0.0.1/"} {
		s, c := newTokenRegistry(t, model(t, "Small")), client(t)
		s.realm = realm
		if _, err := c.Lookup(t.Context(), s.host()+"/library/m"); err == nil || !strings.Contains(err.Error(), "another host") && !strings.Contains(err.Error(), "where tokens are made") {
			t.Errorf("%s: %v", realm, err)
		}
	}
	if asked {
		t.Error("another host was asked for a token")
	}
}

func TestManifestRefusals(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0", 64)
	good := layer{ollamaLayer + "model", digest, 100}
	many := slices.Repeat([]layer{{ollamaLayer + "license", digest, 1}}, maxLayers+1)
	for name, test := range map[string]struct{ data, want string }{
		"not JSON":         {"<html>", "cannot be read"},
		"deep":             {strings.Repeat("[", 100_000), "cannot be read"},
		"list":             {`{"schemaVersion":2,"manifests":[]}`, "several machines"},
		"version 1":        {`{"schemaVersion":1}`, "version 1"},
		"unknown kind":     {string(ollamaManifest("application/x", good)), "unknown kind"},
		"image":            {string(ollamaManifest(dockerManifest, layer{"application/vnd.docker.image.rootfs.diff.tar.gzip", digest, 1})), "not a model"},
		"path as digest":   {string(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", "sha256:../../../../etc/passwd", 1})), "not a SHA-256"},
		"short digest":     {string(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", "sha256:abc", 1})), "not a SHA-256"},
		"upper case":       {string(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", "sha256:" + strings.Repeat("A", 64), 1})), "not a SHA-256"},
		"other algorithm":  {string(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", "md5:" + strings.Repeat("0", 64), 1})), "not a SHA-256"},
		"negative size":    {string(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", digest, -1})), "not believable"},
		"huge size":        {string(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", digest, 1 << 60})), "not believable"},
		"many layers":      {string(ollamaManifest(dockerManifest, many...)), "not believable"},
		"no config":        {`{"schemaVersion":2,"layers":[]}`, "not a SHA-256"},
		"size of a string": {`{"schemaVersion":2,"config":{"digest":"` + digest + `","size":"1"}}`, "cannot be read"},
	} {
		m, err := parseManifest([]byte(test.data))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %+v, %v", name, m, err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	digest := "sha256:" + strings.Repeat("0", 64)
	f.Add(ollamaManifest(dockerManifest, layer{ollamaLayer + "model", digest, 100}, layer{ollamaLayer + "system", digest, 10}))
	f.Add(ollamaManifest(ociManifest, layer{ollamaLayer + "model", "sha256:../..", -1}))
	f.Add([]byte(`{"schemaVersion":2,"layers":[null],"config":null,"manifests":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		weights := 0
		for _, l := range append(m.layers, m.config) {
			if !layerDigest.MatchString(l.Digest) || l.Size < 0 {
				t.Errorf("layer %+v", l)
			}
			if l.MediaType == "model" {
				weights++
			}
		}
		if len(m.layers) > maxLayers || weights < 1 {
			t.Errorf("%d layers, %d weights", len(m.layers), weights)
		}
	})
}

func FuzzChallenge(f *testing.F) {
	f.Add(`Bearer realm="https://auth.example/token",service="registry",scope="repository:a/b:pull"`)
	f.Add(`Bearer realm="https://u:p@x/",scope="`)
	f.Add(`Basic realm="x"`)
	f.Fuzz(func(t *testing.T, s string) {
		if realm, _, err := parseChallenge(s); err == nil && (realm.Host == "" || realm.User != nil) {
			t.Errorf("%q: %v", s, realm)
		}
	})
}
