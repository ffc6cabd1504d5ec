package library

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// writeModel writes a small GGUF file whose weights are all b.
func writeModel(t *testing.T, path string, b byte, set func(*gguf.Metadata)) string {
	t.Helper()
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	meta.Set("general.name", "Test\tModel\x00 \u202e")
	meta.Set("general.license", "apache-2.0")
	meta.Set("general.file_type", uint32(7))
	meta.Set("llama.context_length", uint32(2048))
	if set != nil {
		set(&meta)
	}
	data := bytes.Repeat([]byte{b}, 34*8)
	err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, 8}, Data: data}})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T) *Library {
	t.Helper()
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func importModel(t *testing.T, l *Library, path string, o Options) Model {
	t.Helper()
	m, err := l.Import(t.Context(), path, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	if m.Problem != "" {
		t.Fatalf("problem: %s", m.Problem)
	}
	return m
}

func blobs(t *testing.T, l *Library) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(l.Home(), "blobs"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestImportModes(t *testing.T) {
	for name, c := range map[string]struct {
		mode     Mode
		stays    bool // the imported file is still there
		external bool
	}{
		"copy":     {Copy, true, false},
		"link":     {Link, true, false},
		"move":     {Move, false, false},
		"in place": {InPlace, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			path := writeModel(t, filepath.Join(t.TempDir(), "Tiny Model.Q8_0.gguf"), 1, nil)
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			var done, total int64
			m, err := l.Import(t.Context(), path, Options{Mode: c.mode}, func(d, n int64) { done, total = d, n })
			if err != nil {
				t.Fatal(err)
			}
			if m.Ref != "tiny-model-q8_0" || m.Name != "Test Model" || m.Architecture != "llama" || m.Quant != "Q8_0" ||
				m.Licence != "apache-2.0" || m.ContextLength != 2048 || m.Parameters != 256 || m.SizeBytes != int64(len(want)) ||
				m.External != c.external || m.Problem != "" || m.AddedAt == 0 || m.Source != path {
				t.Errorf("model = %+v", m)
			}
			if done != m.SizeBytes || total != m.SizeBytes {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			got, err := os.ReadFile(m.Path)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("stored file differs (%v)", err)
			}
			if _, err := os.Stat(path); (err == nil) != c.stays {
				t.Errorf("imported file after import: %v", err)
			}
			if n := len(blobs(t, l)); (n == 0) != c.external || n > 1 {
				t.Errorf("%d blobs", n)
			}
			list, err := l.List()
			if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], m) {
				t.Errorf("List = %+v, %v", list, err)
			}
			if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestImportRefuses(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(text, []byte("this is not a model, only some text about one"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := writeModel(t, filepath.Join(dir, "good.gguf"), 1, nil)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(dir, "cut.gguf")
	if err := os.WriteFile(cut, whole[:len(whole)-100], 0o600); err != nil {
		t.Fatal(err)
	}
	vocabulary := filepath.Join(dir, "vocab.gguf")
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	if err := gguf.WriteFile(vocabulary, &meta, nil); err != nil {
		t.Fatal(err)
	}
	nameless := writeModel(t, filepath.Join(dir, "nameless.gguf"), 1, func(m *gguf.Metadata) { m.Delete("general.architecture") })

	for _, c := range []struct{ path, ref, want string }{
		{text, "", "notes.txt"},
		{cut, "", "cut.gguf"},
		{vocabulary, "", "no weights"},
		{nameless, "", "architecture"},
		{dir, "", "not a file"},
		{filepath.Join(dir, "absent.gguf"), "", "absent.gguf"},
		{good, "../evil", "lower case"},
	} {
		for _, mode := range []Mode{Copy, Link, Move, InPlace} {
			l := open(t)
			_, err := l.Import(t.Context(), c.path, Options{Mode: mode, Ref: c.ref}, nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("mode %d: %s: error %v, want %q in it", mode, c.path, err, c.want)
			}
			if b := blobs(t, l); len(b) > 0 {
				t.Errorf("mode %d: %s left %v", mode, c.path, b)
			}
			if c.path != filepath.Join(dir, "absent.gguf") {
				if _, err := os.Stat(c.path); err != nil {
					t.Errorf("mode %d: refused file is gone: %v", mode, err)
				}
			}
		}
	}
}

func TestImportTwice(t *testing.T) {
	l := open(t)
	dir := t.TempDir()
	path := writeModel(t, filepath.Join(dir, "a.gguf"), 1, nil)
	first := importModel(t, l, path, Options{})
	if again := importModel(t, l, path, Options{}); !reflect.DeepEqual(again, first) {
		t.Errorf("again = %+v, first = %+v", again, first)
	}
	// Other weights of the same name get a name of their own.
	other := importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 2, nil), Options{})
	if other.Ref != "a-2" || other.Digest == first.Digest {
		t.Errorf("other = %+v", other)
	}
	if _, err := l.Import(t.Context(), path, Options{Ref: "a-2"}, nil); err == nil || !strings.Contains(err.Error(), "taken") {
		t.Errorf("took another model's name: %v", err)
	}
	// A second name for the same weights is a second model on the same blob.
	alias := importModel(t, l, path, Options{Ref: "alias", Name: "Mine"})
	if alias.Path != first.Path || alias.Name != "Mine" {
		t.Errorf("alias = %+v", alias)
	}
	if n := len(blobs(t, l)); n != 2 {
		t.Errorf("%d blobs", n)
	}
}

func TestImportMends(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	m := importModel(t, l, path, Options{})
	for name, damage := range map[string]func() error{
		"missing": func() error { return os.Remove(m.Path) },
		"cut":     func() error { return os.Truncate(m.Path, 10) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		broken, err := l.Find(m.Ref)
		if err != nil || broken.Problem == "" {
			t.Fatalf("%s: %+v, %v", name, broken, err)
		}
		if err := l.Verify(t.Context(), m.Ref, nil); err == nil {
			t.Errorf("%s: verified", name)
		}
		if mended := importModel(t, l, path, Options{}); mended.Ref != m.Ref {
			t.Errorf("%s: mended as %q", name, mended.Ref)
		}
	}
}

func TestInPlaceBecomesOwn(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	external := importModel(t, l, path, Options{Mode: InPlace})
	own := importModel(t, l, path, Options{})
	if own.Ref != external.Ref || own.External {
		t.Errorf("own = %+v", own)
	}
	if still := importModel(t, l, path, Options{Mode: InPlace}); !reflect.DeepEqual(still, own) {
		t.Errorf("in place again = %+v", still)
	}
}

func TestInPlaceFileChanges(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	m := importModel(t, l, path, Options{Mode: InPlace})
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(path, later, later); err != nil {
		t.Fatal(err)
	}
	if m, _ = l.Find(m.Ref); !strings.Contains(m.Problem, "changed") {
		t.Errorf("problem = %q", m.Problem)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if m, _ = l.Find(m.Ref); !strings.Contains(m.Problem, "moved or deleted") {
		t.Errorf("problem = %q", m.Problem)
	}
}

func TestImportCancelled(t *testing.T) {
	for _, mode := range []Mode{Copy, Link, Move, InPlace} {
		l := open(t)
		path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := l.Import(ctx, path, Options{Mode: mode}, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("mode %d: %v", mode, err)
		}
		if b := blobs(t, l); len(b) > 0 {
			t.Errorf("mode %d left %v", mode, b)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
}

func TestFind(t *testing.T) {
	l := open(t)
	if _, err := l.Find("x"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "no models yet") {
		t.Errorf("empty library: %v", err)
	}
	for i, name := range []string{"llama-3.2-1b", "llama-3.2-3b", "mistral"} {
		importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), name+".gguf"), byte(i), nil), Options{Name: strings.ToTitle(name)})
	}
	for ref, want := range map[string]string{
		"llama-3.2-1b": "llama-3.2-1b", "LLAMA-3.2:3b": "llama-3.2-3b", " mis ": "mistral", "MISTRAL": "mistral", "llama-3.2-3": "llama-3.2-3b",
	} {
		if m, err := l.Find(ref); err != nil || m.Ref != want {
			t.Errorf("Find(%q) = %q, %v", ref, m.Ref, err)
		}
	}
	if _, err := l.Find("llama"); !errors.Is(err, ErrAmbiguous) || !strings.Contains(err.Error(), "llama-3.2-1b, llama-3.2-3b") {
		t.Errorf("ambiguous: %v", err)
	}
	for _, ref := range []string{"", "nothing", "../models/mistral", "starter"} {
		if m, err := l.Find(ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("Find(%q) = %q, %v", ref, m.Ref, err)
		}
	}
}

func TestRemoveRestoreCollect(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	m := importModel(t, l, path, Options{})
	alias := importModel(t, l, path, Options{Ref: "alias"})

	if err := l.Remove(m.Ref); err != nil {
		t.Fatal(err)
	}
	if list, err := l.List(); err != nil || len(list) != 1 || list[0].Ref != alias.Ref {
		t.Errorf("after removal: %+v, %v", list, err)
	}
	if freed, err := l.Collect(time.Hour); err != nil || freed != 0 {
		t.Errorf("collected %d, %v within the hour", freed, err)
	}
	if back, err := l.Restore(m.Ref); err != nil || !reflect.DeepEqual(back, m) {
		t.Errorf("restored %+v, %v", back, err)
	}
	if err := l.Remove(m.Ref); err != nil {
		t.Fatal(err)
	}
	if freed, err := l.Collect(0); err != nil || freed != 0 {
		t.Errorf("collected %d, %v although %s needs the weights", freed, err, alias.Ref)
	}
	if _, err := l.Restore(m.Ref); !errors.Is(err, ErrNotFound) {
		t.Errorf("restored after collection: %v", err)
	}
	if err := l.Remove(alias.Ref); err != nil {
		t.Fatal(err)
	}
	if freed, err := l.Collect(0); err != nil || freed != m.SizeBytes {
		t.Errorf("collected %d, %v", freed, err)
	}
	if b := blobs(t, l); len(b) > 0 {
		t.Errorf("left %v", b)
	}
	for _, ref := range []string{"a", "", "..", "../models/a", "A"} {
		if err := l.Remove(ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("Remove(%q): %v", ref, err)
		}
	}
}

func TestRemoveLeavesExternalFile(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	m := importModel(t, l, path, Options{Mode: InPlace})
	if err := l.Remove(m.Ref); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Collect(0); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the user's file is gone: %v", err)
	}
}

func TestVerifyFindsChangedByte(t *testing.T) {
	l := open(t)
	m := importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil), Options{})
	data, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(m.Path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Verify(t.Context(), m.Ref, nil); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("verified: %v", err)
	}
}

func TestDamagedManifests(t *testing.T) {
	l := open(t)
	good := importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), "good.gguf"), 1, nil), Options{})
	digest := `"digest":"sha256:` + strings.Repeat("0", 64) + `"`
	for name, content := range map[string]string{
		"empty":      "",
		"cut":        `{"version":1,"ref":"cut",`,
		"newer":      `{"version":9,"ref":"newer"}`,
		"misnamed":   `{"version":1,"ref":"good",` + digest + `}`,
		"traversal":  `{"version":1,"ref":"traversal","digest":"sha256:../../secret"}`,
		"digestless": `{"version":2,"ref":"digestless","path":"/x.gguf"}`,
		"parts":      `{"version":2,"ref":"parts",` + digest + `,"parts":[{"name":"../a"},{"name":"b"}]}`,
		"relative":   `{"version":1,"ref":"relative",` + digest + `,"path":"../x"}`,
		"huge":       strings.Repeat(" ", 5<<20),
	} {
		if err := os.WriteFile(filepath.Join(l.Home(), "models", name+".json"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	list, err := l.List()
	if err != nil || len(list) != 10 {
		t.Fatalf("%d models, %v", len(list), err)
	}
	for _, m := range list {
		if (m.Problem == "") != (m.Ref == good.Ref) {
			t.Errorf("%s: problem %q", m.Ref, m.Problem)
		}
	}
	if _, err := l.Collect(0); err == nil {
		t.Error("collected while manifests cannot be read")
	}
	for _, m := range list {
		if m.Problem == "" {
			continue
		}
		if err := l.Remove(m.Ref); err != nil {
			t.Errorf("remove %s: %v", m.Ref, err)
		}
	}
	if list, _ := l.List(); len(list) != 1 {
		t.Errorf("%d models left", len(list))
	}
	if _, err := l.Collect(0); err != nil {
		t.Error(err)
	}
}

func TestCollectAbandonedTemporaryFiles(t *testing.T) {
	l := open(t)
	for name, age := range map[string]time.Duration{".tmp-old": 48 * time.Hour, ".tmp-new": 0} {
		path := filepath.Join(l.Home(), "blobs", name)
		if err := os.WriteFile(path, []byte("1234"), 0o600); err != nil {
			t.Fatal(err)
		}
		when := time.Now().Add(-age)
		if err := os.Chtimes(path, when, when); err != nil {
			t.Fatal(err)
		}
	}
	if freed, err := l.Collect(0); err != nil || freed != 4 {
		t.Errorf("freed %d, %v", freed, err)
	}
	if b := blobs(t, l); len(b) != 1 || b[0] != ".tmp-new" {
		t.Errorf("left %v", b)
	}
}

func TestConcurrentUse(t *testing.T) {
	home := t.TempDir()
	var paths []string
	for i := range 4 {
		paths = append(paths, writeModel(t, filepath.Join(t.TempDir(), "same-name.gguf"), byte(i), nil))
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			l, err := Open(home) // each as another process would
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := l.Import(t.Context(), paths[i%4], Options{Mode: Mode(i / 4 % 2)}, nil); err != nil {
				t.Error(err)
			}
			if _, err := l.Collect(time.Hour); err != nil {
				t.Error(err)
			}
			if _, err := l.List(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l, err := Open(home)
	if err != nil {
		t.Fatal(err)
	}
	list, err := l.List()
	if err != nil || len(list) != 4 {
		t.Fatalf("%d models, %v", len(list), err)
	}
	for _, m := range list {
		if m.Problem != "" {
			t.Errorf("%s: %s", m.Ref, m.Problem)
		}
		if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Error(err)
		}
	}
	if b := blobs(t, l); len(b) != 4 {
		t.Errorf("blobs %v", b)
	}
}

func TestRefFor(t *testing.T) {
	for _, c := range []struct{ path, name, quant, want string }{
		{"SmolLM2-135M-Instruct.Q4_1.gguf", "Smol", "Q4_1", "smollm2-135m-instruct-q4_1"},
		{"Llama-3.2-1B-Instruct-Q4_K_M.gguf", "", "Q4_K_M", "llama-3.2-1b-instruct-q4_k_m"},
		{"ggml-model-q4_0.gguf", "My Model!", "Q4_0", "my-model-q4_0"},
		{"sha256-" + strings.Repeat("a", 64), "Llama 3", "F16", "llama-3-f16"},
		{"Big-00001-of-00003.gguf", "", "F16", "big"},
		{"日本語.gguf", "", "", "model"},
		{"..--weird__.gguf", "", "", "weird"},
	} {
		got := refFor(c.path, Model{Name: c.name, Quant: c.quant})
		if got != c.want || !validRef(got) {
			t.Errorf("refFor(%q) = %q, want %q", c.path, got, c.want)
		}
	}
}

func FuzzRefFor(f *testing.F) {
	f.Add("a.gguf", "Name", "Q4_0")
	f.Add("sha256-0", "", "")
	f.Add("\x00/../..", "\xff", "%")
	f.Fuzz(func(t *testing.T, path, name, quant string) {
		if ref := refFor(path, Model{Name: clean(name), Quant: quant}); !validRef(ref) || !validRef(freeRef(ref, func(s string) bool { return s == ref })) {
			t.Errorf("refFor(%q, %q, %q) = %q", path, name, quant, ref)
		}
	})
}

func TestStarterModel(t *testing.T) {
	path := os.Getenv("FREEHOLD_TEST_MODEL")
	if path == "" {
		found, _ := filepath.Glob("../../build/starter/*.gguf")
		if len(found) == 0 {
			t.Skip("no starter model; fetch it with: make starter")
		}
		path = found[0]
	}
	l := open(t)
	m := importModel(t, l, path, Options{Mode: InPlace})
	if !m.Starter || m.Ref != "smollm2-135m-instruct-q4_1" || m.Licence != "Apache-2.0" || m.Parameters != 134515008 || m.ContextLength != 8192 || m.Quant != "Q4_1" {
		t.Errorf("model = %+v", m)
	}
	if found, err := l.Find("starter"); err != nil || found.Ref != m.Ref {
		t.Errorf("Find(starter) = %q, %v", found.Ref, err)
	}
}
