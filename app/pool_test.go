package app

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"freehold/app/chat"
)

// fakeModels opens models that count who has them.
type fakeModels struct {
	open, opened atomic.Int32
	hold         chan struct{} // if not nil, loading waits for it
	fail         atomic.Bool
}

type fakeWeights struct {
	Vocabulary
	owner  *fakeModels
	closed atomic.Bool
}

func (w *fakeWeights) Rank(context.Context, string, []string) ([]float32, error)  { return nil, nil }
func (w *fakeWeights) Embed(context.Context, []string, bool) ([][]float32, error) { return nil, nil }

func (w *fakeWeights) Info() ModelInfo { return ModelInfo{FileBytes: 10} }
func (w *fakeWeights) Generate(context.Context, chat.Request, func(chat.Event)) (chat.Result, error) {
	return chat.Result{}, nil
}

func (w *fakeWeights) Close() error {
	if w.closed.Swap(true) {
		panic("closed twice")
	}
	w.owner.open.Add(-1)
	return nil
}

func (f *fakeModels) OpenVocabulary(context.Context, string, LoadOptions) (Vocabulary, error) {
	return nil, errors.New("unused")
}

func (f *fakeModels) Open(ctx context.Context, _ string, _ LoadOptions, progress func(done, total int64)) (Weights, error) {
	f.opened.Add(1)
	if f.hold != nil {
		select {
		case <-f.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if f.fail.Load() {
		return nil, errors.New("no")
	}
	progress(10, 10)
	f.open.Add(1)
	return &fakeWeights{owner: f}, nil
}

func TestPoolShares(t *testing.T) {
	f := &fakeModels{}
	p := newPool(f, func(LoadEvent) {})
	_, r1, err1 := p.acquire(t.Context(), "a", "/a", LoadOptions{})
	_, r2, err2 := p.acquire(t.Context(), "a", "/a", LoadOptions{})
	if err1 != nil || err2 != nil || f.opened.Load() != 1 {
		t.Fatal(err1, err2, f.opened.Load())
	}
	r1()
	r1() // releasing twice is releasing once
	_, r3, err := p.acquire(t.Context(), "b", "/b", LoadOptions{})
	if err != nil || f.open.Load() != 2 {
		t.Errorf("a model in use must stay: %d open (%v)", f.open.Load(), err)
	}
	r2()
	r3()
	if w, _ := p.lend("/b"); w == nil {
		t.Error("b should still be there")
	}
	_, r4, err := p.acquire(t.Context(), "b", "/b", LoadOptions{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	if f.open.Load() != 2 { // b with other options, and b as lent above
		t.Errorf("%d open", f.open.Load())
	}
	r4()
	p.close()
}

func TestPoolFreesIdleModels(t *testing.T) {
	f := &fakeModels{}
	p := newPool(f, func(LoadEvent) {})
	for _, path := range []string{"/a", "/b", "/c"} {
		_, release, err := p.acquire(t.Context(), path, path, LoadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		release()
		if f.open.Load() != 1 {
			t.Errorf("%d models open after using %s alone", f.open.Load(), path)
		}
	}
	p.forget("/c")
	if f.open.Load() != 0 {
		t.Error("a forgotten model is still open")
	}
	p.close()
	if _, _, err := p.acquire(t.Context(), "a", "/a", LoadOptions{}); err == nil {
		t.Error("a closed pool lends")
	}
}

func TestPoolAbandonedLoad(t *testing.T) {
	f := &fakeModels{hold: make(chan struct{})}
	p := newPool(f, func(LoadEvent) {})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { _, _, err := p.acquire(ctx, "a", "/a", LoadOptions{}); done <- err }()
	for f.opened.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(f.hold)
	_, release, err := p.acquire(t.Context(), "a", "/a", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	release()
	p.close()
	if f.open.Load() != 0 {
		t.Errorf("%d open", f.open.Load())
	}
}

func TestPoolTriesAgainAfterFailure(t *testing.T) {
	f := &fakeModels{}
	f.fail.Store(true)
	p := newPool(f, func(LoadEvent) {})
	if _, _, err := p.acquire(t.Context(), "a", "/a", LoadOptions{}); err == nil {
		t.Fatal("no error")
	}
	f.fail.Store(false)
	_, release, err := p.acquire(t.Context(), "a", "/a", LoadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	release()
	p.close()
}

func TestPoolUnderLoad(t *testing.T) {
	f := &fakeModels{}
	p := newPool(f, func(LoadEvent) {})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 200 {
				path := string(rune('a' + (i*j)%3))
				ctx, cancel := context.WithCancel(context.Background())
				if j%7 == 0 {
					cancel()
				}
				w, release, err := p.acquire(ctx, path, path, LoadOptions{})
				if err == nil {
					if w.(*fakeWeights).closed.Load() {
						t.Error("lent a closed model")
					}
					release()
				}
				if j%31 == 0 {
					p.forget(path)
				}
				cancel()
			}
		})
	}
	wg.Wait()
	p.close()
	for range 1000 { // loads that nobody waited for end on their own
		if f.open.Load() == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d models are still open", f.open.Load())
}

// panicking is a model that fails in a way that it does not tell.
type panicking struct{ *fakeWeights }

func (panicking) Generate(context.Context, chat.Request, func(chat.Event)) (chat.Result, error) {
	panic("index out of range")
}
