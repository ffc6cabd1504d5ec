package library

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHold(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	m := importModel(t, l, path, Options{})
	external := importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), "e.gguf"), 2, nil), Options{Mode: InPlace})
	if _, err := l.Hold("nothing"); !errors.Is(err, ErrNotFound) {
		t.Errorf("held nothing: %v", err)
	}
	for _, ref := range []string{m.Ref, external.Ref} {
		first, err := l.Hold(ref)
		if err != nil {
			t.Fatal(err)
		}
		second, err := l.Hold(ref)
		if err != nil {
			t.Fatal(err)
		}
		other, err := Open(l.Home()) // as another process would
		if err != nil {
			t.Fatal(err)
		}
		for _, release := range []func(){first, second} {
			if err := other.Remove(ref); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), ref) {
				t.Errorf("removed %s: %v", ref, err)
			}
			release()
			release()
		}
		if err := other.Remove(ref); err != nil {
			t.Error(err)
		}
		if _, err := other.Restore(ref); err != nil {
			t.Error(err)
		}
	}

	// A second name may go while the first is in use; the weights may not.
	importModel(t, l, path, Options{Ref: "alias"})
	release, err := l.Hold(m.Ref)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Remove("alias"); err != nil {
		t.Error(err)
	}
	release()
	if release, err = l.Hold(m.Ref); err != nil {
		t.Fatal(err)
	}
	// An earlier Freehold does not ask who holds what.
	if err := os.Remove(l.manifestPath("models", m.Ref)); err != nil {
		t.Fatal(err)
	}
	if freed, err := l.Collect(0); err != nil || freed != 0 {
		t.Errorf("collected %d under who holds it, %v", freed, err)
	}
	if _, err := os.Stat(m.Path); err != nil {
		t.Error(err)
	}
	release()
	if freed, err := l.Collect(0); err != nil || freed != m.SizeBytes {
		t.Errorf("collected %d, %v", freed, err)
	}
	if _, err := os.Stat(l.lockPath(weightsName(m))); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("lock file is left: %v", err)
	}
}

func TestUsage(t *testing.T) {
	l := open(t)
	path := writeModel(t, filepath.Join(t.TempDir(), "a.gguf"), 1, nil)
	a := importModel(t, l, path, Options{})
	importModel(t, l, path, Options{Ref: "alias"})
	external := importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), "e.gguf"), 2, nil), Options{Mode: InPlace})
	gone := importModel(t, l, writeModel(t, filepath.Join(t.TempDir(), "g.gguf"), 3, nil), Options{})
	if err := l.Remove(gone.Ref); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"sha256-" + strings.Repeat("0", 64): "12345", ".tmp-x": "123", "notes.txt": "not ours"} {
		if err := os.WriteFile(filepath.Join(l.ownBlobs(), name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	u, err := l.Usage()
	if err != nil {
		t.Fatal(err)
	}
	if u.Used != a.SizeBytes || u.External != external.SizeBytes || u.Removed != gone.SizeBytes || u.Unused != 5 || u.Temporary != 3 || u.Dir != l.ownBlobs() || u.Free <= 0 {
		t.Errorf("usage %+v", u)
	}
	shared := 0
	for _, m := range u.Models {
		if m.Shared {
			shared++
		}
	}
	if len(u.Models) != 3 || shared != 2 {
		t.Errorf("models %+v", u.Models)
	}
	if freed, err := l.Collect(0); err != nil || freed != u.Removed+u.Unused {
		t.Errorf("freed %d, %v", freed, err)
	}
	if _, err := os.Stat(filepath.Join(l.ownBlobs(), "notes.txt")); err != nil {
		t.Errorf("deleted what is not the library's: %v", err)
	}
}

func TestLicences(t *testing.T) {
	l := open(t)
	if l.Accepted("Llama 3.2") || l.Accepted("") {
		t.Error("accepted before it was")
	}
	for range 2 {
		if err := l.Accept(t.Context(), "Llama 3.2", "https://example.com/l", "llama"); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.AcceptText(t.Context(), "Gemma\n", "", "gemma", "the text"); err != nil {
		t.Fatal(err)
	}
	if err := l.Accept(t.Context(), " ", "", ""); err == nil {
		t.Error("accepted nothing")
	}
	again, err := Open(l.Home())
	if err != nil {
		t.Fatal(err)
	}
	all, err := again.Licences()
	if err != nil || len(all) != 2 || all[0].Licence != "Llama 3.2" || all[0].At == 0 || !strings.HasPrefix(all[1].TextDigest, "sha256:") || !again.Accepted("LLAMA 3.2") || !again.Accepted("gemma") {
		t.Errorf("%+v, %v", all, err)
	}
	if err := os.WriteFile(l.licencesPath(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Accept(t.Context(), "MIT", "", "x"); err == nil || l.Accepted("Gemma") {
		t.Errorf("wrote over a damaged record: %v", err)
	}
}
