package library

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/stores"
	"freehold/models/stores/storestest"
)

const commit = "0123456789abcdef0123456789abcdef01234567"

// tiny writes a model file that a store takes over.
func tiny(t *testing.T, b byte) string {
	t.Helper()
	return writeModel(t, filepath.Join(t.TempDir(), "tiny.gguf"), b, func(m *gguf.Metadata) { m.Set("general.name", fmt.Sprint("Tiny ", b)) })
}

// adopt looks through the stores and adopts, as at a start.
func adopt(t *testing.T, l *Library, h *storestest.Home) int {
	t.Helper()
	found, err := stores.Find(t.Context(), h.Roots())
	if err != nil {
		t.Fatal(err)
	}
	added, err := l.Adopt(t.Context(), found)
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func list(t *testing.T, l *Library) []Model {
	t.Helper()
	models, err := l.List()
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(models, func(a, b Model) int { return strings.Compare(a.Ref, b.Ref) })
	return models
}

func names(models []Model) string {
	var s []string
	for _, m := range models {
		name := m.Ref
		if m.Problem != "" {
			name += "!"
		}
		s = append(s, name)
	}
	return strings.Join(s, " ")
}

func TestAdopt(t *testing.T) {
	l, h := open(t), storestest.New(t)
	hf := h.HuggingFace("o/n", commit, "Tiny-Q8_0.gguf", tiny(t, 1))
	ol := h.Ollama("tiny", "3b", tiny(t, 2), map[string]string{"system": "Be brief.", "template": "{{ .Prompt }}", "params": `{"top_k":7}`, "license": "\n MIT License \nmore"})
	lm := h.LMStudio("o/n", "Other.gguf", tiny(t, 3))
	if n := adopt(t, l, h); n != 3 {
		t.Errorf("adopted %d", n)
	}
	models := list(t, l)
	if names(models) != "other tiny-3b tiny-q8_0" {
		t.Fatalf("models %s", names(models))
	}
	other, tiny3b, tinyQ8 := models[0], models[1], models[2]
	if other.Path != lm || other.Digest != "" || other.Tool != stores.LMStudio || !other.External || other.Name != "Tiny 3" || other.Architecture != "llama" {
		t.Errorf("LM Studio's %+v", other)
	}
	if tiny3b.Path != ol || tiny3b.Digest == "" || tiny3b.Name != "tiny:3b" || tiny3b.System != "Be brief." || tiny3b.Template != "{{ .Prompt }}" ||
		tiny3b.Params["top_k"] != 7.0 || tiny3b.Licence != "apache-2.0" || tiny3b.Source != "ollama:tiny:3b" {
		t.Errorf("Ollama's %+v", tiny3b)
	}
	if tinyQ8.Path != hf || tinyQ8.Digest == "" || tinyQ8.Tool != stores.HuggingFace {
		t.Errorf("Hugging Face's %+v", tinyQ8)
	}
	if b := blobs(t, l); len(b) > 0 {
		t.Errorf("blobs %v", b)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d again", n)
	}
	if _, err := l.Collect(0); err != nil {
		t.Errorf("models without digests stop Collect: %v", err)
	}

	// Verify learns what no name tells, and checks what one does.
	for _, m := range models {
		if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Error(err)
		}
	}
	if m, _ := l.Find("other"); m.Digest != "sha256:"+storestest.Digest(t, lm) {
		t.Errorf("digest %q", m.Digest)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d after Verify", n)
	}
	data, err := os.ReadFile(ol)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(ol)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(ol, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(ol, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(t.Context(), "tiny-3b", nil); err == nil || !strings.Contains(err.Error(), "Ollama") {
		t.Errorf("verified a damaged blob: %v", err)
	}
}

func TestAdoptSplit(t *testing.T) {
	l, h := open(t), storestest.New(t)
	var want []string
	for i, part := range splitModel(t, 3) {
		want = append(want, h.HuggingFace("o/n", commit, fmt.Sprintf("Big-%05d-of-00003.gguf", i+1), part))
	}
	if n := adopt(t, l, h); n != 1 {
		t.Fatalf("adopted %d", n)
	}
	m := list(t, l)[0]
	if m.Ref != "big" || !slices.Equal(m.Parts, want) || m.Problem != "" || m.Path != want[0] {
		t.Errorf("model %+v", m)
	}
	if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
		t.Errorf("the digest by the blobs' names is another: %v", err)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d again", n)
	}
	if err := os.Remove(want[2]); err != nil {
		t.Fatal(err)
	}
	if m := list(t, l)[0]; !strings.Contains(m.Problem, want[2]) {
		t.Errorf("problem %q", m.Problem)
	}
}

func TestAdoptOneModelForOneDigest(t *testing.T) {
	l, h := open(t), storestest.New(t)
	own := importModel(t, l, tiny(t, 1), Options{Ref: "mine"})
	h.Ollama("same", "latest", tiny(t, 1), nil)
	h.HuggingFace("o/n", commit, "same.gguf", tiny(t, 1))
	h.HuggingFace("o/n", commit, "two.gguf", tiny(t, 2))
	h.Ollama("two", "latest", tiny(t, 2), nil)
	h.Ollama("pirate", "latest", tiny(t, 1), map[string]string{"system": "Arr."})
	linked := h.LMStudio("o/n", "linked.gguf", tiny(t, 3))
	importModel(t, l, linked, Options{Ref: "linked", Mode: Link})
	adopt(t, l, h)
	if got := names(list(t, l)); got != "linked mine pirate two" {
		t.Errorf("models %s", got)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d again", n)
	}
	// The library's own copy goes: the store's may take its place when asked for.
	if err := l.Remove(own.Ref); err != nil {
		t.Fatal(err)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d that were removed", n)
	}
	if err := l.Readopt(stores.HuggingFace); err != nil {
		t.Fatal(err)
	}
	// Not the pirate: it is another model on these weights.
	if n := adopt(t, l, h); n != 1 {
		t.Errorf("adopted %d", n)
	}
}

func TestRemovedIsNotAdoptedAgain(t *testing.T) {
	l, h := open(t), storestest.New(t)
	h.LMStudio("o/n", "a.gguf", tiny(t, 1))
	h.HuggingFace("o/n", commit, "b.gguf", tiny(t, 2))
	adopt(t, l, h)
	for _, ref := range []string{"a", "b"} {
		if err := l.Remove(ref); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Collect(0); err != nil {
		t.Fatal(err)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d removed ones", n)
	}
	if err := l.Readopt(stores.LMStudio); err != nil {
		t.Fatal(err)
	}
	if n := adopt(t, l, h); n != 1 || names(list(t, l)) != "a" {
		t.Errorf("adopted %d: %s", n, names(list(t, l)))
	}
	if err := l.Remove("a"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Restore("a"); err != nil {
		t.Fatal(err)
	}
	if n := l.notes(); slices.ContainsFunc(n.Removed, func(r removal) bool { return r.Tool == stores.LMStudio }) {
		t.Errorf("still removed: %+v", n.Removed)
	}
}

func TestAdoptRefusesOnce(t *testing.T) {
	l, h := open(t), storestest.New(t)
	h.LMStudio("o/n", "text.gguf", writeText(t, "no model"))
	h.LMStudio("o/n", "lora.gguf", writeModel(t, filepath.Join(t.TempDir(), "x"), 1, func(m *gguf.Metadata) { m.Set("general.type", "adapter") }))
	h.LMStudio("o/n", "flux.gguf", writeModel(t, filepath.Join(t.TempDir(), "x"), 1, func(m *gguf.Metadata) { m.Set("general.architecture", "flux") }))
	h.LMStudio("o/n", "good.gguf", tiny(t, 1))
	found, err := stores.Find(t.Context(), h.Roots())
	if err != nil {
		t.Fatal(err)
	}
	n, err := l.Adopt(t.Context(), found)
	if n != 1 || !errors.Is(err, ErrNotAdopted) {
		t.Errorf("adopted %d, %v", n, err)
	}
	for _, want := range []string{"text.gguf", "adapter", `"flux"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in %v", want, err)
		}
	}
	if n, err := l.Adopt(t.Context(), found); n != 0 || err != nil {
		t.Errorf("again %d, %v", n, err)
	}
	// One of them becomes a model.
	if err := os.Rename(tiny(t, 2), h.Path(".lmstudio", "models", "o", "n", "text.gguf")); err != nil {
		t.Fatal(err)
	}
	if n := adopt(t, l, h); n != 1 {
		t.Errorf("adopted %d", n)
	}
}

func TestStoreChanges(t *testing.T) {
	l, h := open(t), storestest.New(t)
	path := h.LMStudio("o/n", "a.gguf", tiny(t, 1))
	blob := h.Ollama("b", "latest", tiny(t, 2), nil)
	h.LMStudio("o/n", "c.gguf", tiny(t, 3))
	adopt(t, l, h)
	if err := l.Verify(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}

	// A file is replaced in place: noticed at once, described anew when adopted.
	if err := os.Rename(tiny(t, 9), path); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if m, _ := l.Find("a"); !strings.Contains(m.Problem, "changed by LM Studio") {
		t.Errorf("problem %q", m.Problem)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("%d new models", n)
	}
	if m, _ := l.Find("a"); m.Problem != "" || m.Name != "Tiny 9" || m.Digest != "" {
		t.Errorf("model %+v", m)
	}

	// A tag gets other weights: the model keeps its name.
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	h.Ollama("b", "latest", tiny(t, 8), nil)
	if n := adopt(t, l, h); n != 0 || names(list(t, l)) != "a b c" {
		t.Errorf("%d new models: %s", n, names(list(t, l)))
	}

	// What is gone is gone, but what a chat chose says where it was.
	for _, name := range []string{"a.gguf", "c.gguf"} {
		if err := os.Remove(h.Path(".lmstudio", "models", "o", "n", name)); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := l.Forget(func(ref string) bool { return ref == "a" }); n != 1 || err != nil {
		t.Errorf("forgot %d, %v", n, err)
	}
	if got := names(list(t, l)); got != "a! b" {
		t.Errorf("models %s", got)
	}
	if m, _ := l.Find("a"); !strings.Contains(m.Problem, path) {
		t.Errorf("problem %q", m.Problem)
	}
}

func TestAdoptedBecomesOwn(t *testing.T) {
	l, h := open(t), storestest.New(t)
	path := h.Ollama("a", "latest", tiny(t, 1), map[string]string{"system": "Be kind."})
	adopt(t, l, h)
	m := importModel(t, l, path, Options{})
	if m.Ref != "a" || m.External || m.Tool != "" || m.System != "Be kind." {
		t.Errorf("model %+v", m)
	}
	if n := adopt(t, l, h); n != 0 {
		t.Errorf("adopted %d", n)
	}
}

func writeText(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// splitModel writes the parts of a split model, all in one folder under the
// names that they must have.
func splitModel(t *testing.T, n int) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := range n {
		var meta gguf.Metadata
		meta.Set("splix.no", uint16(i)) // the writer refuses the real names
		meta.Set("splix.count", uint16(n))
		if i == 0 {
			meta.Set("general.architecture", "llama")
			meta.Set("general.name", "Big")
			meta.Set("general.file_type", uint32(7))
		}
		path := filepath.Join(dir, fmt.Sprintf("Big-%05d-of-%05d.gguf", i+1, n))
		err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: fmt.Sprintf("blk.%d.w", i), Type: tensor.Q8_0, Shape: []int{32, 8}, Data: bytes.Repeat([]byte{byte(i + 1)}, 34*8)}})
		if err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.ReplaceAll(data, []byte("splix."), []byte("split.")), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}
