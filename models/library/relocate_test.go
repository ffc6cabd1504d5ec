package library

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/internal/disk"
)

// otherDisk returns an empty folder on another file system, or skips the test.
func otherDisk(t *testing.T, home string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("knows of no second file system here")
	}
	dir, err := os.MkdirTemp("/dev/shm", "freehold-test-")
	if err != nil {
		t.Skip("no second file system: ", err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if links(home, dir) {
		t.Skip("/dev/shm is no other file system")
	}
	return dir
}

// large writes a model file of about size bytes.
func large(t testing.TB, path string, b byte, size int) string {
	t.Helper()
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	rows := size / 34
	err := gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, rows}, Data: bytes.Repeat([]byte{b}, 34*rows)}})
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// fill imports some models: single files, a shared one, a split and an external one.
func fill(t *testing.T, l *Library, size int) {
	t.Helper()
	dir := t.TempDir()
	for i := range 4 {
		importModel(t, l, large(t, filepath.Join(dir, fmt.Sprintf("m%d.gguf", i)), byte(i), size), Options{Mode: Move})
	}
	path := large(t, filepath.Join(dir, "x.gguf"), 77, size)
	importModel(t, l, path, Options{Ref: "shared-a"})
	importModel(t, l, path, Options{Ref: "shared-b"})
	importModel(t, l, large(t, filepath.Join(dir, "external.gguf"), 99, size), Options{Mode: InPlace})
	importModel(t, l, splitModel(t, 3)[0], Options{})
}

const filled = "big external m0 m1 m2 m3 shared-a shared-b"

// whole checks that every model is there and what it was.
func whole(t *testing.T, l *Library) {
	t.Helper()
	models := list(t, l)
	if got := names(models); got != filled {
		for _, m := range models {
			if m.Problem != "" {
				t.Errorf("%s: %s", m.Ref, m.Problem)
			}
		}
		t.Fatalf("models %s", got)
	}
	for _, m := range models {
		if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Error(err)
		}
	}
	u, err := l.Usage()
	if err != nil || u.Unused != 0 || u.Removed != 0 {
		t.Errorf("usage %+v, %v", u, err)
	}
	if freed, err := l.Collect(0); err != nil || freed != 0 {
		t.Errorf("collected %d, %v", freed, err)
	}
}

func weightsIn(t *testing.T, dir string) int {
	t.Helper()
	all, err := blobsIn(dir)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return len(all)
}

func TestRelocate(t *testing.T) {
	for name, place := range map[string]func(*testing.T, string) string{
		"same disk":  func(t *testing.T, _ string) string { return t.TempDir() },
		"other disk": otherDisk,
	} {
		t.Run(name, func(t *testing.T) {
			l := open(t)
			fill(t, l, 100_000)
			to := filepath.Join(place(t, l.Home()), "models")
			var done, total int64
			if err := l.Relocate(t.Context(), to, func(d, n int64) { done, total = d, n }); err != nil {
				t.Fatal(err)
			}
			if done != total || total < 500_000 {
				t.Errorf("progress ended at %d of %d", done, total)
			}
			if dir, err := l.Dir(); err != nil || dir != to {
				t.Errorf("dir %s, %v", dir, err)
			}
			if n := weightsIn(t, l.ownBlobs()); n != 0 {
				t.Errorf("%d blobs left", n)
			}
			again, err := Open(l.Home()) // as another process sees it
			if err != nil {
				t.Fatal(err)
			}
			whole(t, again)
			if m, _ := again.Find("m0"); filepath.Dir(m.Path) != to {
				t.Errorf("path %s", m.Path)
			}

			// New models go to the new place, wherever they come from.
			for i, mode := range []Mode{Copy, Link, Move} {
				path := writeModel(t, filepath.Join(t.TempDir(), "new.gguf"), byte(200+i), nil)
				m := importModel(t, l, path, Options{Mode: mode})
				if filepath.Dir(m.Path) != to {
					t.Errorf("mode %d: %s", mode, m.Path)
				}
				if _, err := os.Stat(path); (err == nil) != (mode != Move) {
					t.Errorf("mode %d: imported file afterwards: %v", mode, err)
				}
				if err := l.Remove(m.Ref); err != nil {
					t.Fatal(err)
				}
			}
			split := splitModel(t, 2)
			m := importModel(t, l, split[0], Options{Mode: Move, Ref: "moved"})
			if _, err := os.Stat(split[1]); err == nil || len(m.Parts) != 2 {
				t.Errorf("split model %+v", m)
			}
			if err := l.Remove("moved"); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Collect(0); err != nil {
				t.Fatal(err)
			}

			// To a folder that holds other things, there once more, and back home.
			other := t.TempDir()
			if err := os.WriteFile(filepath.Join(other, "thesis.doc"), []byte("mine"), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct{ dir, want string }{
				{other, filepath.Join(other, "freehold-models")}, {other, filepath.Join(other, "freehold-models")}, {l.ownBlobs(), l.ownBlobs()},
			} {
				if err := l.Relocate(t.Context(), c.dir, nil); err != nil {
					t.Fatal(err)
				}
				if dir, err := l.Dir(); err != nil || dir != c.want {
					t.Errorf("dir %s, %v", dir, err)
				}
				whole(t, l)
			}
			for _, gone := range []string{to, filepath.Join(other, "freehold-models")} {
				if _, err := os.Stat(gone); !errors.Is(err, os.ErrNotExist) {
					t.Errorf("%s: %v", gone, err)
				}
			}
			if _, err := os.Stat(filepath.Join(other, "thesis.doc")); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRelocateRefuses(t *testing.T) {
	l := open(t)
	fill(t, l, 1000)
	busy := t.TempDir()
	for _, dir := range []string{busy, filepath.Join(busy, "freehold-models")} {
		if err := os.MkdirAll(filepath.Join(dir, "x"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	file := writeText(t, "x")
	for dir, want := range map[string]string{
		filepath.Join(l.Home(), "trash"):        "own folder",
		filepath.Join(l.Home(), "trash", "x"):   "own folder",
		l.Home():                                "own folder",
		filepath.Join(l.Home(), "models"):       "own folder",
		filepath.Join(l.Home(), "blobs", "x"):   "are in now",
		busy:                                    "not empty",
		file:                                    "",
		filepath.Join(file, "x"):                "",
		filepath.Join(l.Home(), "..", "a\x00b"): "",
	} {
		if err := l.Relocate(t.Context(), dir, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", dir, err, want)
		}
	}
	if os.Getuid() != 0 {
		shut := t.TempDir()
		if err := os.Chmod(shut, 0o500); err != nil {
			t.Fatal(err)
		}
		if err := l.Relocate(t.Context(), shut, nil); err == nil || !strings.Contains(err.Error(), "written") {
			t.Errorf("read-only folder: %v", err)
		}
	}
	if _, err := os.Stat("/proc/self"); err == nil {
		if err := l.Relocate(t.Context(), "/proc/freehold", nil); err == nil || !strings.Contains(err.Error(), "written") {
			t.Errorf("folder that takes no files: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	to := filepath.Join(otherDisk(t, l.Home()), "x")
	err := l.Relocate(ctx, to, func(done, total int64) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	if _, err := os.Stat(to); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("cancelled: left %s", to)
	}
	end, err := l.stay(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Relocate(t.Context(), to, nil); !errors.Is(err, ErrBusy) {
		t.Errorf("while a model is added: %v", err)
	}
	end()
	whole(t, l)
	if dir, _ := l.Dir(); dir != l.ownBlobs() {
		t.Errorf("dir %s", dir)
	}
}

func TestRelocateRefusesDamage(t *testing.T) {
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
	to := filepath.Join(otherDisk(t, l.Home()), "x")
	if err := l.Relocate(t.Context(), to, nil); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("error %v", err)
	}
	if _, err := os.Stat(m.Path); err != nil {
		t.Error(err)
	}
}

func TestRelocateLeavesWhatIsHeld(t *testing.T) {
	l := open(t)
	fill(t, l, 1000)
	release, err := l.Hold("m1")
	if err != nil {
		t.Fatal(err)
	}
	m, err := l.Find("m1")
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "x")
	if err := l.Relocate(t.Context(), to, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(m.Path); err != nil {
		t.Errorf("weights went under who holds them: %v", err)
	}
	if n := weightsIn(t, l.ownBlobs()); n != 1 {
		t.Errorf("%d blobs at the old place", n)
	}
	whole(t, l)
	if err := l.Relocate(t.Context(), filepath.Join(t.TempDir(), "y"), nil); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("second move: %v", err)
	}
	release()
	if _, err := Open(l.Home()); err != nil {
		t.Fatal(err)
	}
	if n := weightsIn(t, l.ownBlobs()); n != 0 {
		t.Errorf("%d blobs left at the old place", n)
	}
	whole(t, l)
}

func TestDiskOfTheWeightsIsNotThere(t *testing.T) {
	l := open(t)
	fill(t, l, 1000)
	dir := t.TempDir()
	to := filepath.Join(dir, "x")
	if err := l.Relocate(t.Context(), to, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(to, to+"-away"); err != nil {
		t.Fatal(err)
	}
	l, err := Open(l.Home())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list(t, l) {
		if (m.Problem == "") != m.External || m.Problem != "" && !strings.Contains(m.Problem, "connect") {
			t.Errorf("%s: problem %q", m.Ref, m.Problem)
		}
	}
	if _, err := l.Collect(0); err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("Collect: %v", err)
	}
	if _, err := l.Usage(); err != nil {
		t.Error(err)
	}
	if _, err := l.Import(t.Context(), writeModel(t, filepath.Join(t.TempDir(), "n.gguf"), 200, nil), Options{}, nil); err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("Import: %v", err)
	}
	if err := l.Relocate(t.Context(), filepath.Join(dir, "y"), nil); err == nil || !strings.Contains(err.Error(), "connect") {
		t.Errorf("Relocate: %v", err)
	}
	if err := os.Rename(to+"-away", to); err != nil {
		t.Fatal(err)
	}
	whole(t, l)
}

// TestRelocateKilled kills a process that moves the models: at chosen bytes of
// the copy, and at random times, some of which are in the steps around it. With
// FREEHOLD_TEST_ROUNDS=20 it does so more often.
func TestRelocateKilled(t *testing.T) {
	rounds := 3
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_TEST_ROUNDS")); err == nil {
		rounds = n
	}
	const size = 1_500_000
	l := open(t)
	fill(t, l, size)
	away := filepath.Join(otherDisk(t, l.Home()), "x")
	finished := 0
	for round := range 2 * rounds {
		dir, err := l.Dir()
		if err != nil {
			t.Fatal(err)
		}
		to := away
		if dir == away {
			to = l.ownBlobs()
		}
		killAt := int64(-1)
		if round%2 == 0 {
			killAt = rand.Int64N(5 * size)
		}
		child := exec.Command(os.Args[0], "-test.run=^TestChildRelocates$", "-test.v")
		child.Env = append(os.Environ(), "FREEHOLD_TEST_CHILD="+l.Home(), "FREEHOLD_TEST_TO="+to, fmt.Sprint("FREEHOLD_TEST_KILL_AT=", killAt))
		var out bytes.Buffer
		child.Stdout, child.Stderr = &out, &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		if killAt < 0 {
			// Its whole life is about this long.
			time.Sleep(time.Duration(rand.Int64N(int64(120 * time.Millisecond))))
			child.Process.Kill()
		}
		err = child.Wait()
		if err == nil {
			finished++
		} else if child.ProcessState.ExitCode() > 0 {
			t.Fatalf("round %d: %v\n%s", round, err, out.Bytes())
		}
		if l, err = Open(l.Home()); err != nil {
			t.Fatal(err)
		}
		whole(t, l)
		if _, err := os.Stat(l.journalPath()); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("round %d: the journal is still there (%v)", round, err)
		}
		now, err := l.Dir()
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range []string{away, l.ownBlobs()} {
			if n := weightsIn(t, d); (n == 6) != (d == now) || n != 6 && n != 0 {
				t.Errorf("round %d: %d blobs in %s, %s counts", round, n, d, now)
			}
		}
		if t.Failed() {
			t.Fatalf("round %d, killed at %d", round, killAt)
		}
	}
	t.Logf("%d rounds, %d of them got to the end", 2*rounds, finished)
}

func TestChildRelocates(t *testing.T) {
	home := os.Getenv("FREEHOLD_TEST_CHILD")
	if home == "" || os.Getenv("FREEHOLD_TEST_TO") == "" {
		t.Skip("runs as a child of TestRelocateKilled")
	}
	killAt, err := strconv.ParseInt(os.Getenv("FREEHOLD_TEST_KILL_AT"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Open(home)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Relocate(t.Context(), os.Getenv("FREEHOLD_TEST_TO"), func(done, _ int64) {
		if killAt >= 0 && done >= killAt {
			p, _ := os.FindProcess(os.Getpid())
			p.Kill()
			select {}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportAcrossDisks(t *testing.T) {
	for _, mode := range []Mode{Copy, Link, Move} {
		l := open(t)
		away := otherDisk(t, l.Home())
		path := writeModel(t, filepath.Join(away, "a.gguf"), 1, nil)
		m := importModel(t, l, path, Options{Mode: mode})
		if err := l.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(path); (err == nil) != (mode != Move) {
			t.Errorf("mode %d: imported file afterwards: %v", mode, err)
		}
		for _, dir := range []string{away, l.ownBlobs()} {
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if disk.Temp(e.Name()) {
					t.Errorf("mode %d: left %s", mode, e.Name())
				}
			}
		}
	}
}

func TestImportSplit(t *testing.T) {
	for _, mode := range []Mode{Copy, Link, Move, InPlace} {
		l := open(t)
		paths := splitModel(t, 3)
		m := importModel(t, l, paths[0], Options{Mode: mode})
		if len(m.Parts) != 3 || m.External != (mode == InPlace) || m.Ref != "big" {
			t.Errorf("mode %d: %+v", mode, m)
		}
		if err := l.Verify(t.Context(), "big", nil); err != nil {
			t.Error(err)
		}
		for _, path := range paths {
			if _, err := os.Stat(path); (err == nil) != (mode != Move) {
				t.Errorf("mode %d: %v", mode, err)
			}
		}
		if mode == InPlace {
			continue
		}
		again := splitModel(t, 3)
		if m2 := importModel(t, l, again[0], Options{Mode: mode}); m2.Ref != m.Ref {
			t.Errorf("twice: %+v", m2)
		}
		if err := os.Remove(m.Parts[1]); err != nil {
			t.Fatal(err)
		}
		if b, _ := l.Find("big"); b.Problem == "" {
			t.Error("a missing part is no problem")
		}
		importModel(t, l, splitModel(t, 3)[0], Options{Mode: mode}) // mends it
		if err := l.Remove("big"); err != nil {
			t.Fatal(err)
		}
		if freed, err := l.Collect(0); err != nil || freed != m.SizeBytes || len(blobs(t, l)) != 0 {
			t.Errorf("mode %d: freed %d of %d, %v", mode, freed, m.SizeBytes, err)
		}
	}
}
