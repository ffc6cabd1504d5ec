package stores_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"freehold/models/stores"
	"freehold/models/stores/storestest"
)

// weights writes a file; what is in it does not matter here.
func weights(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "weights")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const commit = "0123456789abcdef0123456789abcdef01234567"

func find(t *testing.T, h *storestest.Home) []stores.Found {
	t.Helper()
	found, err := stores.Find(t.Context(), h.Roots())
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestFindAll(t *testing.T) {
	h := storestest.New(t)
	if found := find(t, h); len(found) != 0 {
		t.Errorf("found %+v in nothing", found)
	}
	file := weights(t, "hf")
	digest := "sha256:" + storestest.Digest(t, file)
	hf := h.HuggingFace("unsloth/Tiny-GGUF", commit, "Q4_K_M/Tiny-Q4_K_M.gguf", file)
	h.HuggingFace("unsloth/Tiny-GGUF", commit, "mmproj-F16.gguf", weights(t, "eye"))
	h.HuggingFace("unsloth/Tiny-GGUF", commit, "README.md", weights(t, "text"))
	ol := h.Ollama("tiny", "3b", weights(t, "ollama"), map[string]string{"template": "{{ .Prompt }}", "system": "Be brief.",
		"params": `{"stop":["<|end|>"],"temperature":0.5}`, "license": "Some Licence\nVersion 1"})
	lm := h.LMStudio("lmstudio-community/Tiny-GGUF", "Tiny-Q8_0.gguf", weights(t, "lms"))
	h.LMStudio("lmstudio-community/Tiny-GGUF", "mmproj-Tiny.gguf", weights(t, "eye"))

	found := find(t, h)
	for i := range found {
		if found[i].ModifiedAt == 0 {
			t.Errorf("%s: no time", found[i].Name)
		}
		found[i].ModifiedAt = 0
	}
	roots := h.Roots()
	want := []stores.Found{
		{Tool: stores.HuggingFace, Store: roots.HuggingFace[0], Path: hf, Name: "Tiny-Q4_K_M", Ref: "Tiny-Q4_K_M", SizeBytes: 2,
			Source: "hf.co/unsloth/Tiny-GGUF/Q4_K_M/Tiny-Q4_K_M.gguf", Digest: digest, Repo: "unsloth/Tiny-GGUF", Commit: commit},
		{Tool: stores.LMStudio, Store: roots.LMStudio[0], Path: lm, Name: "Tiny-Q8_0", Ref: "Tiny-Q8_0", SizeBytes: 3,
			Source: "lmstudio:lmstudio-community/Tiny-GGUF/Tiny-Q8_0.gguf", Repo: "lmstudio-community/Tiny-GGUF"},
		{Tool: stores.Ollama, Store: roots.Ollama[0], Path: ol, Name: "tiny:3b", Ref: "tiny-3b", SizeBytes: 6, Source: "ollama:tiny:3b",
			Digest: "sha256:" + strings.TrimPrefix(filepath.Base(ol), "sha256-"), Tag: "tiny:3b",
			Template: "{{ .Prompt }}", System: "Be brief.", Params: map[string]any{"stop": []any{"<|end|>"}, "temperature": 0.5}, Licence: "Some Licence\nVersion 1"},
	}
	if len(found) != len(want) {
		t.Fatalf("found %d: %+v", len(found), found)
	}
	for i := range want {
		if !reflect.DeepEqual(found[i], want[i]) {
			t.Errorf("found %+v\nwant  %+v", found[i], want[i])
		}
	}
}

func TestSplitModels(t *testing.T) {
	h := storestest.New(t)
	var parts []string
	for i := range 3 {
		parts = append(parts, h.HuggingFace("o/n", commit, fmt.Sprintf("Big-%05d-of-00003.gguf", i+1), weights(t, fmt.Sprint("part", i))))
	}
	h.LMStudio("o/n", "Half-00001-of-00002.gguf", weights(t, "first"))
	h.LMStudio("o/n", "Mad-00001-of-99999.gguf", weights(t, "first"))
	found, err := stores.Find(t.Context(), h.Roots())
	if len(found) != 1 || !reflect.DeepEqual(found[0].Parts, parts) || found[0].Path != parts[0] || found[0].SizeBytes != 15 || found[0].Name != "Big" {
		t.Errorf("found %+v", found)
	}
	if len(found) == 1 && found[0].Digest == "" {
		t.Error("the digests of the parts were not used")
	}
	if err == nil || !strings.Contains(err.Error(), "part 2 of 2 is not there") || !strings.Contains(err.Error(), "99999 parts") {
		t.Errorf("error %v", err)
	}
}

func TestCommitsOfARepository(t *testing.T) {
	h := storestest.New(t)
	older := strings.Repeat("a", 40)
	h.HuggingFace("o/n", older, "Old.gguf", weights(t, "old"))
	h.HuggingFace("o/n", older, "Both.gguf", weights(t, "both"))
	path := h.HuggingFace("o/n", commit, "Both.gguf", weights(t, "both"))
	h.Write("nothing", ".cache", "huggingface", "hub", "models--o--n", "snapshots", "not a commit", "x.gguf")
	h.Write("nothing", ".cache", "huggingface", "hub", "datasets--o--n", "snapshots", commit, "x.gguf")
	found := find(t, h)
	if len(found) != 2 || found[0].Path != path || found[0].Commit != commit || found[1].Commit != older {
		t.Errorf("found %+v", found)
	}
}

// On Windows without the right to make links the files lie in snapshots.
func TestHuggingFaceWithoutLinks(t *testing.T) {
	h := storestest.New(t)
	h.Write("weights", ".cache", "huggingface", "hub", "models--gpt2", "snapshots", commit, "gpt2.gguf")
	found := find(t, h)
	if len(found) != 1 || found[0].Repo != "gpt2" || found[0].Digest != "" || found[0].SizeBytes != 7 {
		t.Errorf("found %+v", found)
	}
}

func TestOllamaNames(t *testing.T) {
	h := storestest.New(t)
	h.Ollama("a", "latest", weights(t, "a"), nil)
	h.Ollama("a", "7b", weights(t, "a"), nil)                                          // the same
	h.Ollama("pirate", "latest", weights(t, "a"), map[string]string{"system": "Arr."}) // the same weights, another model
	manifest, err := os.ReadFile(h.Path(".ollama", "models", "manifests", "registry.ollama.ai", "library", "a", "7b"))
	if err != nil {
		t.Fatal(err)
	}
	h.Ollama("b", "latest", weights(t, "b"), nil)
	other := bytes.ReplaceAll(manifest, []byte(storestest.Digest(t, weights(t, "a"))), []byte(storestest.Digest(t, weights(t, "b"))))
	h.Write(string(other), ".ollama", "models", "manifests", "registry.ollama.ai", "me", "b", "x")
	h.Write(string(other), ".ollama", "models", "manifests", "hf.co", "bartowski", "B-GGUF", "Q4_K_M")
	h.Write(`{"layers":[]}`, ".ollama", "models", "manifests", "registry.ollama.ai", "library", "cloud", "latest")
	var names []string
	for _, f := range find(t, h) {
		names = append(names, f.Name+" "+f.Ref)
	}
	if got := strings.Join(names, ", "); got != "a:7b a-7b, me/b:x me-b-x, pirate:latest pirate" {
		t.Errorf("found %s", got)
	}
}

func TestHostileStores(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("makes links, which Windows allows to few")
	}
	outside := weights(t, "secret")
	digest := strings.Repeat("a", 64)
	manifest := func(digest string) string {
		return `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"` + digest + `","size":6}]}`
	}
	for name, c := range map[string]struct {
		set  func(h *storestest.Home) error
		want string // in the error; "" for none
	}{
		"file leads out": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			return os.Symlink(outside, h.Path(".lmstudio", "models", "o", "n", "evil.gguf"))
		}, "leads out"},
		"snapshot leads out": {func(h *storestest.Home) error {
			h.HuggingFace("o/n", commit, "good.gguf", weights(t, "x"))
			return os.Symlink(outside, h.Path(".cache", "huggingface", "hub", "models--o--n", "snapshots", commit, "evil.gguf"))
		}, "leads out"},
		"link to itself": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			return os.Symlink("evil.gguf", h.Path(".lmstudio", "models", "o", "n", "evil.gguf"))
		}, "evil.gguf"},
		"folder leads back up": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			return os.Symlink(h.Path(".lmstudio", "models"), h.Path(".lmstudio", "models", "o", "n", "again"))
		}, ""},
		"deep folders": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			deep := h.Path(append([]string{".lmstudio", "models", "o", "n"}, strings.Split(strings.Repeat("d/", 100)+"d", "/")...)...)
			if err := os.MkdirAll(deep, 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(deep, "evil.gguf"), []byte("x"), 0o600)
		}, ""},
		"digest leads out": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Write(manifest("sha256:../../../../"+filepath.Base(outside)), ".ollama", "models", "manifests", "registry.ollama.ai", "library", "evil", "latest")
			return nil
		}, "not a SHA-256"},
		"blob leads out": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Write(manifest("sha256:"+digest), ".ollama", "models", "manifests", "registry.ollama.ai", "library", "evil", "latest")
			if err := os.MkdirAll(h.Path(".ollama", "models", "blobs"), 0o700); err != nil {
				return err
			}
			return os.Symlink(outside, h.Path(".ollama", "models", "blobs", "sha256-"+digest))
		}, "leads out"},
		"blob of another size": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Write(manifest("sha256:"+digest), ".ollama", "models", "manifests", "registry.ollama.ai", "library", "evil", "latest")
			h.Write("x", ".ollama", "models", "blobs", "sha256-"+digest)
			return nil
		}, "1 bytes instead of 6"},
		"huge manifest": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Write(strings.Repeat(" ", 2<<20), ".ollama", "models", "manifests", "registry.ollama.ai", "library", "evil", "latest")
			return nil
		}, "too large"},
		"no manifest": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Write("<html>", ".ollama", "models", "manifests", "registry.ollama.ai", "library", "evil", "latest")
			return nil
		}, "damaged"},
		"adapter": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Ollama("tuned", "latest", weights(t, "base"), map[string]string{"adapter": "lora"})
			return nil
		}, "adapter"},
		"binary text": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Ollama("evil", "latest", weights(t, "base"), map[string]string{"system": "\xff\xfe"})
			return nil
		}, "not text"},
		"long text": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			h.Ollama("evil", "latest", weights(t, "base"), map[string]string{"system": strings.Repeat("x", 1<<20)})
			return nil
		}, "larger than"},
		"named pipe": {func(h *storestest.Home) error {
			h.LMStudio("o/n", "good.gguf", weights(t, "x"))
			return pipe(h.Path(".lmstudio", "models", "o", "n", "evil.gguf"))
		}, "not a file"},
	} {
		t.Run(name, func(t *testing.T) {
			h := storestest.New(t)
			if err := c.set(h); err != nil {
				t.Fatal(err)
			}
			found, err := stores.Find(t.Context(), h.Roots())
			if len(found) != 1 || found[0].Name != "good" {
				t.Errorf("found %+v", found)
			}
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestUnreadableFolderIsTold(t *testing.T) {
	if os.Getuid() == 0 || runtime.GOOS == "windows" {
		t.Skip("this user may read everything")
	}
	h := storestest.New(t)
	h.LMStudio("a/n", "good.gguf", weights(t, "x"))
	shut := filepath.Dir(h.LMStudio("b/n", "shut.gguf", weights(t, "x")))
	if err := os.Chmod(shut, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(shut, 0o700) })
	found, err := stores.Find(t.Context(), h.Roots())
	if len(found) != 1 || !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), shut) {
		t.Errorf("found %+v, error %v", found, err)
	}
}

func TestRootBehindALink(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("makes links, which Windows allows to few")
	}
	h := storestest.New(t)
	h.HuggingFace("o/n", commit, "a.gguf", weights(t, "x"))
	link := filepath.Join(t.TempDir(), "hub")
	if err := os.Symlink(h.Roots().HuggingFace[0], link); err != nil {
		t.Fatal(err)
	}
	found, err := stores.Find(t.Context(), stores.Roots{HuggingFace: []string{link, h.Roots().HuggingFace[0]}})
	if err != nil || len(found) != 1 || found[0].Digest == "" {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestFindCancelled(t *testing.T) {
	h := storestest.New(t)
	h.LMStudio("o/n", "a.gguf", weights(t, "x"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := stores.Find(ctx, h.Roots()); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
