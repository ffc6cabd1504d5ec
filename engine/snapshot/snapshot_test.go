package snapshot

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"
)

func open(t *testing.T, dir string, limit int64) *Store {
	t.Helper()
	s, err := Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// block makes a key and values that belong to it.
func block(seed int32, size int) (Key, []byte) {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return Root("test").Next([]int32{seed}), b
}

func put(t *testing.T, s *Store, k Key, data []byte, turn time.Time) {
	t.Helper()
	epoch, _ := s.Epoch()
	if err := s.Put(epoch, k, data, turn); err != nil {
		t.Fatal(err)
	}
}

func TestKeys(t *testing.T) {
	seen := map[Key]string{}
	for name, k := range map[string]Key{
		"root":             Root("a", "b"),
		"other parts":      Root("ab", ""),
		"fewer parts":      Root("a"),
		"a token":          Root("a", "b").Next([]int32{1}),
		"two tokens":       Root("a", "b").Next([]int32{1, 2}),
		"one and one":      Root("a", "b").Next([]int32{1}).Next([]int32{2}),
		"the other way":    Root("a", "b").Next([]int32{2, 1}),
		"of another model": Root("a", "c").Next([]int32{1}),
		"a large token":    Root("a", "b").Next([]int32{1 << 24}),
	} {
		if other, ok := seen[k]; ok {
			t.Errorf("%s has the key of %s", name, other)
		}
		seen[k] = name
	}
}

func TestStoreKeepsBlocks(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cache", "kv")
	s := open(t, dir, 1<<20)
	k, data := block(1, 5000)
	got := make([]byte, len(data))
	if s.Has(k) || s.Get(k, got) || s.Touch(k, time.Now()) {
		t.Error("an empty store has a block")
	}
	put(t, s, k, data, time.Now())
	put(t, s, k, data, time.Now()) // again is no harm
	for _, s := range []*Store{s, open(t, dir, 1<<20)} {
		clear(got)
		if !s.Has(k) || !s.Get(k, got) || !bytes.Equal(got, data) {
			t.Error("the block is not there")
		}
	}
	if n, err := s.Size(); err != nil || n != 8192 {
		t.Errorf("size %d, %v; want two clusters", n, err)
	}
	if runtime.GOOS != "windows" {
		for path, want := range map[string]os.FileMode{dir: 0o700, s.path(k): 0o600} {
			if info, err := os.Stat(path); err != nil || info.Mode().Perm() != want {
				t.Errorf("%s: %v, %v; want mode %o", path, info.Mode(), err, want)
			}
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if s.Get(k, got) {
		t.Error("a removed block was found")
	}
	put(t, s, k, data, time.Now()) // the folder was removed by hand
	if !s.Get(k, got) {
		t.Error("the block is not there again")
	}
}

// TestDamage damages a file in every way and expects that it is removed and
// that the next one is kept.
func TestDamage(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	k, data := block(2, 300)
	path := s.path(k)
	put(t, s, k, data, time.Now())
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(data))
	bad := func(what string, at int, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if s.Get(k, got) {
			t.Fatalf("%s at %d was not noticed", what, at)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Fatalf("%s at %d: the file is still there: %v", what, at, err)
		}
	}
	for i := range good {
		bad("a cut", i, good[:i])
		for bit := range 8 {
			b := bytes.Clone(good)
			b[i] ^= 1 << bit
			bad("a flipped bit", 8*i+bit, b)
		}
	}
	bad("a longer file", len(good), append(bytes.Clone(good), 0))
	bad("zeros", 0, make([]byte, len(good)))
	other, _ := block(3, 300)
	var foreign bytes.Buffer
	if err := write(&foreign, other, data); err != nil {
		t.Fatal(err)
	}
	bad("another block's file", 0, foreign.Bytes())

	put(t, s, k, data, time.Now())
	if s.Get(k, got[:299]) || s.Get(k, got) {
		t.Error("a block of another size was not removed")
	}
	put(t, s, k, data, time.Now())
	if !s.Get(k, got) || !bytes.Equal(got, data) {
		t.Error("the good block is not there")
	}

	// What is not a file is left alone, and waits for nobody.
	k, data = block(4, 300)
	if err := os.MkdirAll(filepath.Join(s.path(k), "x"), 0o700); err != nil {
		t.Fatal(err)
	}
	epoch, _ := s.Epoch()
	if s.Get(k, got) || s.Put(epoch, k, data, time.Now()) == nil {
		t.Error("a folder is in the way and nobody says so")
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, tempPrefix+"*")); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestEarliestTurnGoesFirst(t *testing.T) {
	const each = 4096 - headerSize
	s := open(t, t.TempDir(), 32*4096)
	now := time.Now()
	for i := range int32(32) {
		k, data := block(i, each)
		put(t, s, k, data, now.Add(time.Duration(i)*time.Second))
	}
	for i := range int32(4) {
		k, _ := block(i, each)
		if !s.Touch(k, now.Add(time.Minute)) {
			t.Fatalf("block %d is not there", i)
		}
	}
	wrong, _ := block(20, each) // of a clock that ran ahead by years
	s.Touch(wrong, now.AddDate(9, 0, 0))
	k, data := block(99, each)
	put(t, s, k, data, now.Add(time.Hour))
	for i, want := range map[int32]bool{0: true, 3: true, 4: false, 20: false, 30: true, 31: true, 99: true} {
		if k, _ := block(i, each); s.Has(k) != want {
			t.Errorf("block %d: %v, want %v", i, s.Has(k), want)
		}
	}
	n, err := s.Size()
	if err != nil || n > 32*4096 {
		t.Errorf("%d bytes, %v", n, err)
	}
	epoch, _ := s.Epoch()
	for i, size := range []int{40 * 4096, each} {
		turn := now.Add(time.Duration(i-10) * time.Hour)
		k, data := block(int32(100+i), size)
		for range 40 { // at first there may be room
			k = k.Next(nil)
			if err = s.Put(epoch, k, data, turn); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrNoRoom) || s.Has(k) {
			t.Errorf("block of %d bytes: %v, want no room", size, err)
		}
	}
	k, data = block(102, each)
	put(t, s, k, data, now.Add(2*time.Hour))
	if !s.Has(k) {
		t.Error("a block whose turn is later was refused")
	}
}

// TestHalfWrittenFilesAreSwept: what a crash leaves behind goes with time, and
// what somebody may be writing stays; what is not ours always stays.
func TestHalfWrittenFilesAreSwept(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	old, young, other := filepath.Join(s.dir, tempPrefix+"1"), filepath.Join(s.dir, tempPrefix+"2"), filepath.Join(s.dir, "notes.txt")
	for _, path := range []string{old, young, other} {
		if err := os.WriteFile(path, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hour := time.Now().Add(-time.Hour)
	for _, path := range []string{old, other} {
		if err := os.Chtimes(path, hour, hour); err != nil {
			t.Fatal(err)
		}
	}
	k, data := block(1, 100)
	put(t, s, k, data, time.Now())
	for path, want := range map[string]bool{old: false, young: true, other: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(s.dir)
	if err != nil || len(left) != 1 || left[0].Name() != "notes.txt" {
		t.Errorf("after Clear: %v, %v", left, err)
	}
}

func TestClearAndSwitch(t *testing.T) {
	s := open(t, t.TempDir(), 1<<20)
	k, data := block(1, 100)
	got := make([]byte, len(data))
	before, _ := s.Epoch()
	put(t, s, k, data, time.Now())
	if err := s.Clear(); err != nil {
		t.Fatal(err)
	}
	if s.Has(k) {
		t.Error("Clear left a block")
	}
	if err := s.Put(before, k, data, time.Now()); err != nil || s.Has(k) {
		t.Errorf("%v; a block of before Clear came back", err)
	}
	put(t, s, k, data, time.Now())
	s.Switch(true)
	if !s.Get(k, got) {
		t.Error("a block of after Clear was not kept")
	}
	s.Switch(false)
	if s.Has(k) || s.Get(k, got) {
		t.Error("a store that is off finds a block")
	}
	other, data := block(2, 100)
	put(t, s, other, data, time.Now())
	s.Switch(true)
	if s.Has(other) || !s.Has(k) {
		t.Error("a store that is off kept a block, or lost one")
	}
}

// TestManyAtOnce lets two stores work on one folder, as two processes would,
// while it is too small and is cleared.
func TestManyAtOnce(t *testing.T) {
	dir := t.TempDir()
	const limit = 40 * 4096
	stores := []*Store{open(t, dir, limit), open(t, dir, limit)}
	var all sync.WaitGroup
	for w := range 6 {
		all.Go(func() {
			s := stores[w%2]
			rng := rand.New(rand.NewPCG(uint64(w), 9))
			got := make([]byte, 3000)
			for range 300 {
				k, data := block(int32(rng.IntN(100)), len(got))
				switch n := rng.IntN(20); {
				case n == 0:
					if err := s.Clear(); err != nil {
						t.Error(err)
					}
				case n < 10:
					epoch, _ := s.Epoch()
					if err := s.Put(epoch, k, data, time.Now()); err != nil && !errors.Is(err, ErrNoRoom) {
						t.Error(err)
					}
				default:
					if s.Get(k, got) && !bytes.Equal(got, data) {
						t.Error("a block has the values of another")
					}
				}
			}
		})
	}
	all.Wait()
	// Each store may be wrong by what the other has written since it counted.
	if n, err := stores[0].Size(); err != nil || n > limit+limit/4 {
		t.Errorf("%d bytes of %d, %v", n, limit, err)
	}
}

func FuzzRead(f *testing.F) {
	k, data := block(1, 64)
	var good bytes.Buffer
	if err := write(&good, k, data); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:headerSize])
	f.Add([]byte(magic))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		dst := make([]byte, len(data))
		if err := read(bytes.NewReader(file), k, dst); err != nil {
			return
		}
		var again bytes.Buffer
		if err := write(&again, k, dst); err != nil || !bytes.Equal(again.Bytes(), file) {
			t.Errorf("%x was read as %x, %v", file, dst, err)
		}
	})
}

func BenchmarkGet(b *testing.B) {
	s, err := Open(b.TempDir(), 1<<30)
	if err != nil {
		b.Fatal(err)
	}
	k, data := block(1, 1<<20)
	if err := s.Put(0, k, data, time.Now()); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if !s.Get(k, data) {
			b.Fatal("not there")
		}
	}
}

func BenchmarkPut(b *testing.B) {
	s, err := Open(b.TempDir(), 64<<20)
	if err != nil {
		b.Fatal(err)
	}
	_, data := block(1, 1<<20)
	b.SetBytes(int64(len(data)))
	for i := range b.N {
		if err := s.Put(0, Root("bench").Next([]int32{int32(i)}), data, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
}
