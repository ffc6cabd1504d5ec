package library

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"freehold/engine/gguf"
	"freehold/models/stores"
	"freehold/models/stores/storestest"
)

// TestTwoProcesses lets two processes, several goroutines in each, adopt,
// import, hold, remove, restore and collect at the same time. Nothing may be
// damaged, and no weights may vanish from under whoever holds them.
func TestTwoProcesses(t *testing.T) {
	l, h := open(t), storestest.New(t)
	for i := range 6 {
		h.LMStudio("o/n", fmt.Sprintf("m%d.gguf", i), tiny(t, byte(i)))
		h.Ollama(fmt.Sprintf("o%d", i), "latest", tiny(t, byte(50+i)), nil)
	}
	files := t.TempDir()
	for i := range 4 {
		writeModel(t, filepath.Join(files, fmt.Sprintf("own%d.gguf", i)), byte(100+i), nil)
	}
	var children []*exec.Cmd
	var outs [2]bytes.Buffer
	for i := range outs {
		child := exec.Command(os.Args[0], "-test.run=^TestChildUses$")
		child.Env = append(os.Environ(), "FREEHOLD_TEST_CHILD="+l.Home(), "FREEHOLD_TEST_STORES="+h.Path(), "FREEHOLD_TEST_FILES="+files)
		child.Stdout, child.Stderr = &outs[i], &outs[i]
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		children = append(children, child)
	}
	for i, child := range children {
		if err := child.Wait(); err != nil {
			t.Errorf("%v\n%s", err, outs[i].Bytes())
		}
	}
	if err := l.Readopt(""); err != nil {
		t.Fatal(err)
	}
	adopt(t, l, h)
	models := list(t, l)
	refs := map[string]int{}
	for _, m := range models {
		refs[m.Digest+m.Path]++
		if m.Problem != "" {
			t.Errorf("%s: %s", m.Ref, m.Problem)
		} else if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Error(err)
		}
	}
	for key, n := range refs {
		if n > 1 {
			t.Errorf("%d models of %s", n, key)
		}
	}
	if len(models) < 12 {
		t.Errorf("models %s", names(models))
	}
}

func TestChildUses(t *testing.T) {
	home := os.Getenv("FREEHOLD_TEST_CHILD")
	if home == "" || os.Getenv("FREEHOLD_TEST_STORES") == "" {
		t.Skip("runs as a child of TestTwoProcesses")
	}
	h := storestest.At(t, os.Getenv("FREEHOLD_TEST_STORES"))
	duration := time.Second
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_TEST_ROUNDS")); err == nil {
		duration = time.Duration(n) * time.Second
	}
	end := time.Now().Add(duration)
	failed := make(chan error, 16)
	workers := []func(*Library) error{
		func(l *Library) error {
			found, err := stores.Find(t.Context(), h.Roots())
			if err != nil {
				return err
			}
			if rand.IntN(4) == 0 {
				if err := l.Readopt(""); err != nil {
					return err
				}
			}
			_, err = l.Adopt(t.Context(), found)
			return err
		},
		func(l *Library) error {
			path := filepath.Join(os.Getenv("FREEHOLD_TEST_FILES"), fmt.Sprintf("own%d.gguf", rand.IntN(4)))
			_, err := l.Import(t.Context(), path, Options{Mode: Mode(rand.IntN(2))}, nil)
			return err
		},
		func(l *Library) error {
			models, err := l.List()
			if err != nil || len(models) == 0 {
				return err
			}
			m := models[rand.IntN(len(models))]
			if err := l.Remove(m.Ref); err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrInUse) {
				return err
			}
			if rand.IntN(2) == 0 {
				l.Restore(m.Ref) // somebody may have collected it, or taken its name
			}
			return nil
		},
		func(l *Library) error {
			_, err := l.Collect(time.Duration(rand.IntN(2)) * time.Millisecond)
			return err
		},
		func(l *Library) error {
			models, err := l.List()
			if err != nil || len(models) == 0 {
				return err
			}
			m := models[rand.IntN(len(models))]
			release, err := l.Hold(m.Ref)
			if errors.Is(err, ErrNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			defer release()
			for range 5 {
				if m, err = l.get(m.Ref); err != nil || m.Problem != "" {
					return fmt.Errorf("while it is held: %v %s", err, m.Problem)
				}
				if _, err := gguf.Open(m.Path); err != nil {
					return fmt.Errorf("while it is held: %w", err)
				}
				time.Sleep(time.Millisecond)
			}
			return nil
		},
	}
	for i := range 2 * len(workers) {
		go func() {
			l, err := Open(home)
			for err == nil && time.Now().Before(end) {
				err = workers[i%len(workers)](l)
			}
			if err != nil {
				err = fmt.Errorf("worker %d: %w", i%len(workers), err)
			}
			failed <- err
		}()
	}
	for range 2 * len(workers) {
		if err := <-failed; err != nil {
			t.Error(err)
		}
	}
}

func FuzzManifest(f *testing.F) {
	digest := `"digest":"sha256:` + "0000000000000000000000000000000000000000000000000000000000000000" + `"`
	f.Add([]byte(`{"version":1,"ref":"m",` + digest + `,"sizeBytes":5}`))
	f.Add([]byte(`{"version":2,"ref":"m","tool":"ollama","path":"/x","params":{"stop":["a"]}}`))
	f.Add([]byte(`{"version":2,"ref":"m",` + digest + `,"parts":[{"name":"a","sizeBytes":1},{"name":"../b"}]}`))
	f.Add([]byte(`{"version":1,"ref":"m","embeds":7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		blobs := filepath.Join(t.TempDir(), "blobs")
		parsed, err := parseManifest(data, "/home/models/m.json")
		if err != nil {
			return
		}
		m := parsed.model(blobs)
		if m.Path == "" || m.Ref != "m" || len(m.stamps) == 0 {
			t.Fatalf("model %+v", m)
		}
		for _, path := range m.Files() {
			if !filepath.IsAbs(path) || !m.External && !below(path, blobs) {
				t.Errorf("path %q", path)
			}
		}
		parsed.problem(m)
		again, err := m.encode()
		if err != nil {
			return
		}
		if second, err := parseManifest(again, "/home/models/m.json"); err != nil || second.Path != parsed.Path || second.Digest != parsed.Digest {
			t.Errorf("written %s: %v", again, err)
		}
	})
}
