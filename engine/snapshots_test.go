package engine

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"freehold/engine/program"
	"freehold/engine/snapshot"
	"freehold/engine/synthetic"
)

// long is a prompt of n tokens.
func long(seed, n int) []int32 {
	p := make([]int32, n)
	for i := range p {
		p[i] = int32((i*i*7 + i*3 + seed) % 256)
	}
	return p
}

// storeIn opens the snapshots in dir as a process does that starts anew.
func storeIn(t *testing.T, dir string) *snapshot.Store {
	t.Helper()
	s, err := snapshot.Open(dir, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// ask opens the model, asks, and closes it again.
func ask(t *testing.T, path string, opt Options, prompt []int32) Result {
	t.Helper()
	m, err := Open(context.Background(), path, opt, nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := m.Generate(context.Background(), Request{Tokens: prompt, Sampling: endless(m), MaxTokens: 12}, nil)
	if err != nil {
		t.Error(err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	return r
}

func model(t *testing.T, shape synthetic.Llama) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.gguf")
	shape.Context = 1024
	if err := shape.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSnapshotsSurviveARestart(t *testing.T) {
	for _, backend := range []program.Backend{nil, program.Reference{}} {
		path, dir := model(t, synthetic.Tiny()), t.TempDir()
		document := long(1, 600)
		first, second := slices.Concat(document, long(2, 9)), slices.Concat(document, long(3, 23))
		plain := Options{Backend: backend}
		wantFirst, wantSecond := ask(t, path, plain, first), ask(t, path, plain, second)

		with := func() Options { return Options{Backend: backend, Snapshots: storeIn(t, dir)} }
		if r := ask(t, path, with(), first); r.CachedTokens != 0 || !slices.Equal(r.Tokens, wantFirst.Tokens) {
			t.Errorf("first question: %d cached, tokens %v, want %v", r.CachedTokens, r.Tokens, wantFirst.Tokens)
		}
		// 600 tokens are 18 blocks and a part of one.
		if r := ask(t, path, with(), second); r.RestoredTokens != 18*32 || r.CachedTokens != 18*32 || !slices.Equal(r.Tokens, wantSecond.Tokens) {
			t.Errorf("after a restart: %d restored, %d cached, tokens %v, want %v", r.RestoredTokens, r.CachedTokens, r.Tokens, wantSecond.Tokens)
		}
		// A prompt that ends with a block: one token is left to compute.
		if r := ask(t, path, with(), first[:544]); r.RestoredTokens != 543 || r.CachedTokens != 543 {
			t.Errorf("whole blocks: %d restored, %d cached, want 543", r.RestoredTokens, r.CachedTokens)
		}
	}
}

// TestDamagedSnapshotsAreComputedAgain damages a file in the middle of a text.
func TestDamagedSnapshotsAreComputedAgain(t *testing.T) {
	path, dir := model(t, synthetic.Tiny()), t.TempDir()
	prompt := long(4, 500)
	want := ask(t, path, Options{Snapshots: storeIn(t, dir)}, prompt)
	files, err := filepath.Glob(filepath.Join(dir, "*.kv"))
	if err != nil || len(files) != (500+11)/32 {
		t.Fatalf("%d files, %v; want %d", len(files), err, (500+11)/32)
	}
	slices.SortFunc(files, func(a, b string) int { return modified(t, b).Compare(modified(t, a)) }) // as in the text
	for _, damage := range []func(content []byte) []byte{
		func(b []byte) []byte { return b[:len(b)/2] },
		func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		func([]byte) []byte { return nil },
	} {
		content, err := os.ReadFile(files[5])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(files[5], damage(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if r := ask(t, path, Options{Snapshots: storeIn(t, dir)}, prompt); r.RestoredTokens != 5*32 || !slices.Equal(r.Tokens, want.Tokens) {
			t.Errorf("%d restored, want %d; tokens %v, want %v", r.RestoredTokens, 5*32, r.Tokens, want.Tokens)
		}
		if r := ask(t, path, Options{Snapshots: storeIn(t, dir)}, prompt); r.RestoredTokens != 480 || !slices.Equal(r.Tokens, want.Tokens) {
			t.Errorf("after it was computed again: %d restored; tokens %v, want %v", r.RestoredTokens, r.Tokens, want.Tokens)
		}
	}
}

func modified(t *testing.T, path string) time.Time {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.ModTime()
}

// TestSnapshotsAreOfOneModel: nothing is taken from a model with other weights,
// another backend's layout, or another id.
func TestSnapshotsAreOfOneModel(t *testing.T) {
	dir := t.TempDir()
	one, other := synthetic.Tiny(), synthetic.Tiny()
	other.Seed++
	first, second := model(t, one), model(t, other)
	prompt := long(5, 400)
	opt := func() Options { return Options{Snapshots: storeIn(t, dir), ModelID: "sha256:1"} }
	ask(t, first, opt(), prompt)
	if r := ask(t, first, opt(), prompt); r.RestoredTokens == 0 {
		t.Error("nothing was restored")
	}
	if r := ask(t, second, opt(), prompt); r.RestoredTokens != 0 {
		t.Errorf("%d tokens of another model", r.RestoredTokens)
	}
	o := opt()
	o.Backend = program.Reference{}
	if r := ask(t, first, o, prompt); r.RestoredTokens != 0 {
		t.Errorf("%d tokens of another backend", r.RestoredTokens)
	}
	o = opt()
	o.ModelID = "sha256:2"
	if r := ask(t, first, o, prompt); r.RestoredTokens != 0 {
		t.Errorf("%d tokens of another id", r.RestoredTokens)
	}
}

func TestShortTextsAreNotKept(t *testing.T) {
	path, dir := model(t, synthetic.Tiny()), t.TempDir()
	ask(t, path, Options{Snapshots: storeIn(t, dir)}, long(6, 200))
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("%d files of a short text", len(files))
	}
}

// TestFollowUpInTheSameRun: what the memory has is not read from the disk.
func TestFollowUpInTheSameRun(t *testing.T) {
	path := model(t, synthetic.Tiny())
	m, err := Open(context.Background(), path, Options{Snapshots: storeIn(t, t.TempDir())}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	document := long(7, 300)
	for i, want := range []int{0, 300} {
		r, err := m.Generate(context.Background(), Request{Tokens: slices.Concat(document, long(10+i, 8)), Sampling: endless(m), MaxTokens: 3}, nil)
		if err != nil || r.CachedTokens != want || r.RestoredTokens != 0 {
			t.Errorf("question %d: %v, %d cached, %d restored", i, err, r.CachedTokens, r.RestoredTokens)
		}
	}
}
