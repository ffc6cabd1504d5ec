package schedule

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"freehold/engine/arch"
	"freehold/engine/gguf"
	"freehold/engine/program"
	"freehold/engine/snapshot"
	"freehold/engine/synthetic"
)

// keeping is newScheduler with snapshots of at most limit bytes in dir.
func keeping(t *testing.T, dir string, limit int64, blocks, context int) (*Scheduler, *counting, *snapshot.Store) {
	t.Helper()
	store, err := snapshot.Open(dir, limit)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "m.gguf")
	shape := synthetic.Tiny()
	shape.Layers = 1
	if err := shape.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	f, err := gguf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := arch.Load(f, 0)
	if err != nil {
		t.Fatal(err)
	}
	limits := program.Limits{Rows: 24, Outputs: 8, Blocks: blocks}
	exec, err := program.Reference{}.Compile(m.Program, limits)
	if err != nil {
		t.Fatal(err)
	}
	c := &counting{Executable: exec}
	s := New(c, Config{
		Context: context, Limits: limits, Vocab: m.Config.Vocab,
		Snapshots: Snapshots{Store: store, Root: snapshot.Root("test"), Worth: time.Hour},
	})
	t.Cleanup(func() {
		s.Close()
		f.Close()
	})
	return s, c, store
}

func restored(t *testing.T, s *Scheduler, p []int32) (n int, out []int32) {
	t.Helper()
	err := s.Run(context.Background(), Task{
		Prompt: p, Restored: func(k int) { n += k },
		Next: func(logits []float32) (int32, bool) {
			out = append(out, argmax(logits))
			return out[len(out)-1], len(out) < 5
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return n, out
}

// kept counts the blocks in the folder.
func kept(t *testing.T, dir string) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.kv"))
	if err != nil {
		t.Fatal(err)
	}
	return len(files)
}

// wait waits until the folder holds n blocks.
func wait(t *testing.T, dir string, n int) {
	t.Helper()
	for range 1000 {
		if kept(t, dir) >= n {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("%d blocks were kept, want %d", kept(t, dir), n)
}

func TestIdleTimeSaves(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := keeping(t, dir, 1<<30, 64, 512)
	_, want := restored(t, s, prompt(1, 300))
	wait(t, dir, 9) // without Close
	again, c, _ := keeping(t, dir, 1<<30, 64, 512)
	n, got := restored(t, again, prompt(1, 300))
	if n != 288 || !slices.Equal(got, want) {
		t.Errorf("%d tokens restored, then %v; want 288 and %v", n, got, want)
	}
	if rows := c.rows.Load(); rows != 12+4 {
		t.Errorf("%d rows computed, want 16", rows)
	}
}

// TestSavesWhileOthersRun: a prompt is kept though the scheduler is never idle.
func TestSavesWhileOthersRun(t *testing.T) {
	dir := t.TempDir()
	s, c, _ := keeping(t, dir, 1<<30, 64, 512)
	c.slow = 2 * time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() {
		_, err := greedy(ctx, s, prompt(3, 270), 1<<20)
		ended <- err
	}()
	wait(t, dir, 8)
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) && !errors.Is(err, ErrContextFull) {
		t.Error(err)
	}
}

// TestWhatMemoryLostIsRead: two texts that the cache cannot hold together.
func TestWhatMemoryLostIsRead(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := keeping(t, dir, 1<<30, 12, 350)
	_, want := restored(t, s, prompt(1, 300))
	wait(t, dir, 9)
	restored(t, s, prompt(2, 340))
	wait(t, dir, 9+10)
	n, got := restored(t, s, prompt(1, 300))
	if n == 0 || !slices.Equal(got, want) {
		t.Errorf("%d tokens restored, then %v; want %v", n, got, want)
	}
}

// TestRestoreBesideOthers: several sequences restore the same text while others
// compute, some of them are cancelled, and the rest get what they should.
func TestRestoreBesideOthers(t *testing.T) {
	dir := t.TempDir()
	s, _, _ := keeping(t, dir, 1<<30, 64, 512)
	var want [4][]int32
	for i := range want {
		_, want[i] = restored(t, s, slices.Concat(prompt(1, 300), prompt(20+i, 9)))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s, c, _ := keeping(t, dir, 1<<30, 64, 512)
		c.slow = time.Millisecond
		var all sync.WaitGroup
		for i := range want {
			all.Go(func() {
				if _, got := restored(t, s, slices.Concat(prompt(1, 300), prompt(20+i, 9))); !slices.Equal(got, want[i]) {
					t.Errorf("sequence %d: %v, want %v", i, got, want[i])
				}
			})
			all.Go(func() {
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i)*time.Millisecond)
				defer cancel()
				if _, err := greedy(ctx, s, slices.Concat(prompt(1, 300), prompt(30+i, 9)), 1000); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, ErrContextFull) {
					t.Errorf("cancelled sequence %d: %v", i, err)
				}
			})
			all.Go(func() {
				if _, err := greedy(context.Background(), s, prompt(40+i, 20), 10); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestNothingIsKeptOfBeforeClear(t *testing.T) {
	dir := t.TempDir()
	s, c, store := keeping(t, dir, 1<<30, 64, 512)
	c.slow = time.Millisecond
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	half := make(chan struct{})
	ended := make(chan error)
	go func() {
		count := 0
		ended <- s.Run(ctx, Task{Prompt: prompt(1, 300), Next: func(logits []float32) (int32, bool) {
			if count++; count == 10 {
				close(half)
			}
			return argmax(logits), count < 30
		}})
	}()
	<-half // the prompt is listed for saving
	store.Switch(false)
	if err := store.Clear(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n := kept(t, dir); n != 0 {
		t.Errorf("%d blocks were kept", n)
	}
}

func TestDiskRefuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "kv")
	s, _, _ := keeping(t, dir, 1<<30, 64, 512)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir, nil, 0o600); err != nil { // where the folder should be
		t.Fatal(err)
	}
	for range 2 {
		if _, out := restored(t, s, prompt(1, 300)); len(out) != 5 {
			t.Errorf("answer %v", out)
		}
	}
}

// TestLittleRoom: of a text that the disk has no room for, the beginning is kept.
func TestLittleRoom(t *testing.T) {
	dir := t.TempDir()
	const limit = 10 * 12 << 10 // a block and its header take 12 KiB
	s, _, store := keeping(t, dir, limit, 64, 512)
	text := prompt(1, 450)
	for range 2 {
		restored(t, s, text)
		wait(t, dir, 9)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if n, err := store.Size(); err != nil || n > limit {
		t.Errorf("%d bytes, %v; the limit is %d", n, err, limit)
	}
	s, _, _ = keeping(t, dir, limit, 64, 512)
	if n, _ := restored(t, s, text); n < 9*program.BlockTokens {
		t.Errorf("%d tokens were restored", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// A later text takes the room.
	s, _, _ = keeping(t, dir, limit, 64, 512)
	restored(t, s, prompt(2, 300))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, _, _ = keeping(t, dir, limit, 64, 512)
	if n, _ := restored(t, s, prompt(2, 300)); n != 288 {
		t.Errorf("%d tokens of the later text were restored, want 288", n)
	}
}

// TestLostBlocksAreSavedAgain: what is removed from the disk while memory has
// it is written when it is used again.
func TestLostBlocksAreSavedAgain(t *testing.T) {
	dir := t.TempDir()
	s, _, store := keeping(t, dir, 1<<30, 64, 512)
	text := prompt(1, 300)
	restored(t, s, text)
	wait(t, dir, 9)
	files, err := filepath.Glob(filepath.Join(dir, "*.kv"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files[:5] {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	restored(t, s, text)
	wait(t, dir, 9)
	if err := store.Clear(); err != nil {
		t.Fatal(err)
	}
	restored(t, s, text)
	wait(t, dir, 9)
}

// TestPatience: a job does not wait for a disk that does not answer.
func TestPatience(t *testing.T) {
	poked := make(chan struct{}, 1)
	p := &snapshots{poke: func() { poked <- struct{}{} }}
	j := &job{}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	j.restore = p.wait(ctx, stop, 20*time.Millisecond)
	if !p.restore([]*job{j}) {
		t.Error("nobody waits")
	}
	<-poked
	if p.restore([]*job{j}) || j.restore != nil {
		t.Error("the job still waits")
	}
}
