package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/enginetest"
	"freehold/engine/gguf"
	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/transfer"

	ollama "github.com/ollama/ollama/api"
)

// shelf is a puller that has one model, called shelf.
type shelf struct {
	file string
	core **app.Core
	hold chan struct{} // a pull goes on when it is closed
}

func (s shelf) Lookup(_ context.Context, ref string) (app.Wanted, error) {
	if ref != "shelf" && ref != "terms" {
		return app.Wanted{}, fmt.Errorf("%w %q", hub.ErrUnknown, ref)
	}
	w := app.Wanted{Plan: app.Plan{Ref: ref, Name: ref, SizeBytes: 100, Licence: "L"}, Source: []byte("1")}
	if ref == "terms" {
		w.Plan.Terms = "no war"
	}
	return w, nil
}

func (s shelf) Pull(ctx context.Context, _ app.Wanted, progress func(hub.Progress)) (library.Model, error) {
	progress(hub.Progress{State: hub.Running, Done: 50, Total: 100})
	select {
	case <-s.hold:
	case <-ctx.Done():
		return library.Model{}, context.Cause(ctx)
	}
	m, err := (*s.core).Import(ctx, s.file, nil)
	return library.Model{Ref: m.Ref, SizeBytes: m.SizeBytes}, err
}

func (shelf) Discard(string) error                 { return nil }
func (shelf) Kept() ([]transfer.Unfinished, error) { return nil, nil }

// TestOllamaManagesModels drives pull, copy and delete with Ollama's own client.
func TestOllamaManagesModels(t *testing.T) {
	var core *app.Core
	file := filepath.Join(t.TempDir(), "shelf.gguf")
	if err := enginetest.WriteModel(file, "shelf"); err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	s := serveWith(t, shelf{file, &core, hold})
	core = s.core
	base, err := url.Parse(s.base)
	if err != nil {
		t.Fatal(err)
	}
	c := ollama.NewClient(base, &http.Client{Transport: keyed{s.token}})
	ctx := t.Context()

	// Whoever goes away lets the download rest.
	leaving, leave := context.WithCancel(ctx)
	_ = c.Pull(leaving, &ollama.PullRequest{Model: "shelf"}, func(p ollama.ProgressResponse) error {
		if p.Completed == 50 {
			leave()
		}
		return nil
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if d := core.Downloads(); len(d) == 1 && d[0].State == app.StatePaused {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%+v", core.Downloads())
		}
	}
	var seen []string
	err = c.Pull(ctx, &ollama.PullRequest{Model: "shelf"}, func(p ollama.ProgressResponse) error {
		seen = append(seen, p.Status)
		if p.Completed == 50 && p.Total == 100 {
			close(hold)
		}
		return nil
	})
	if err != nil || len(seen) < 3 || seen[0] != "pulling manifest" || seen[len(seen)-1] != "success" {
		t.Fatalf("%q %v", seen, err)
	}
	stream := false
	if err := c.Pull(ctx, &ollama.PullRequest{Model: "shelf", Stream: &stream}, func(ollama.ProgressResponse) error { return nil }); err != nil {
		t.Error(err)
	}
	if err := c.Copy(ctx, &ollama.CopyRequest{Source: "shelf", Destination: "mine:v1"}); err != nil {
		t.Error(err)
	}
	if err := c.Delete(ctx, &ollama.DeleteRequest{Model: "shelf:latest"}); err != nil {
		t.Error(err)
	}
	list, err := c.List(ctx)
	if err != nil || len(list.Models) != 2 || list.Models[0].Name != "mine-v1" && list.Models[1].Name != "mine-v1" {
		t.Errorf("%+v %v", list, err)
	}
	answers := false
	err = c.Generate(ctx, &ollama.GenerateRequest{Model: "mine:v1", Prompt: "x", Stream: &stream}, func(r ollama.GenerateResponse) error {
		answers = r.Response != ""
		return nil
	})
	if err != nil || !answers {
		t.Errorf("the copy does not answer: %v", err)
	}

	for name, want := range map[string]string{"/etc/passwd": "is a path", "file:///x.gguf": "is a path", "nobody": "unknown model", "terms": "terms: ", "": "names no model"} {
		if err := c.Pull(ctx, &ollama.PullRequest{Model: name}, func(ollama.ProgressResponse) error { return nil }); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("pull %q: %v, want %q", name, err, want)
		}
	}
	if err := c.Delete(ctx, &ollama.DeleteRequest{Model: "nobody"}); err == nil {
		t.Error("deleted what is not there")
	}
	if err := c.Copy(ctx, &ollama.CopyRequest{Source: "tiny", Destination: "../../x"}); err == nil {
		t.Error("copied to a path")
	}
}

func (shelf) Header(context.Context, app.Wanted) (*gguf.File, error) {
	return nil, errors.New("no header")
}

func (shelf) Search(_ context.Context, q hub.Query) ([]hub.Found, string, error) {
	return []hub.Found{{Repo: "owner/" + q.Text, Files: []hub.FoundFile{{Ref: "hf.co/owner/x:Q4_0", SizeBytes: 1 << 60}}}}, "next" + q.Cursor, nil
}
