package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"freehold/app"
	"freehold/models/hub"

	ollama "github.com/ollama/ollama/api"
)

// named returns the model that a request names; older programs put it into the
// second field.
func named(model, name string) (string, error) {
	if model == "" {
		model = name
	}
	if model == "" {
		return "", bad("the request names no model")
	}
	return model, nil
}

const pullBeat = 200 * time.Millisecond // between two lines about a download

// pull downloads a model and tells how far it is. Who goes away lets the
// download rest, if it began with the request.
func (p *programs) pull(w http.ResponseWriter, r *http.Request) error {
	var in ollama.PullRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	ref, err := named(in.Model, in.Name) //nolint:staticcheck // older programs still send it
	if err != nil {
		return err
	}
	if app.Local(ref) {
		return bad("%q is a path; programs may name models of the catalogue, of Hugging Face and of Ollama's registry", ref)
	}
	before := map[string]string{}
	for _, d := range p.core.Downloads() {
		before[d.Ref] = d.State
	}
	d, err := p.core.Pull(r.Context(), ref)
	if err != nil {
		return err
	}
	begun := before[d.Ref] != app.StateRunning && before[d.Ref] != app.StateQueued
	ended := make(chan error, 1)
	go func() {
		last, err := p.core.WaitPull(r.Context(), d.Ref)
		switch {
		case err != nil:
		case last.State == app.StateFailed:
			err = fmt.Errorf("pull %s: %s", ref, last.Error)
		case last.State == app.StatePaused && last.Note != "":
			err = fmt.Errorf("pull %s: %w", ref, hub.ErrNetworkOff)
		case last.State != app.StateDone:
			err = fmt.Errorf("pull %s: it was %s", ref, last.State)
		}
		ended <- err
	}()
	var out *lines
	if in.Stream == nil || *in.Stream {
		out = newLines(w, "application/x-ndjson", "", "\n")
		out.send(ollama.ProgressResponse{Status: "pulling manifest"})
	}
	err = p.follow(r.Context(), d.Ref, out, ended)
	switch {
	case r.Context().Err() != nil:
		if begun {
			_ = p.core.PausePull(d.Ref) // unless it has just ended
		}
		return nil
	case err != nil && out != nil:
		out.send(map[string]string{"error": err.Error()})
		return nil
	case err != nil:
		return err
	case out == nil:
		writeJSON(w, http.StatusOK, ollama.ProgressResponse{Status: "success"})
		return nil
	}
	out.send(ollama.ProgressResponse{Status: "success"})
	return nil
}

// follow tells out, if there is one, about a download until it has ended.
func (p *programs) follow(ctx context.Context, ref string, out *lines, ended <-chan error) error {
	beat := time.NewTicker(pullBeat)
	defer beat.Stop()
	var last app.Download
	for {
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-beat.C:
		}
		if out == nil {
			continue
		}
		for _, d := range p.core.Downloads() {
			if d.Ref != ref || d == last {
				continue
			}
			last = d
			now := ollama.ProgressResponse{Status: "pulling " + ref, Digest: ref, Total: d.Total, Completed: d.Done}
			switch d.State {
			case app.StateVerifying:
				now = ollama.ProgressResponse{Status: "verifying sha256 digest"}
			case app.StateQueued, app.StateWaiting:
				now = ollama.ProgressResponse{Status: strings.TrimSuffix("waiting: "+d.Note, ": ")}
			}
			out.send(now)
			if out.failed != nil {
				return out.failed
			}
		}
	}
}

// copy gives a model a second name.
func (p *programs) copy(w http.ResponseWriter, r *http.Request) error {
	var in ollama.CopyRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Source == "" || in.Destination == "" {
		return bad("the request must name a source and a destination")
	}
	m, err := p.find(in.Source)
	if err != nil {
		return err
	}
	if _, err := p.core.Copy(r.Context(), m.Ref, strings.TrimSuffix(in.Destination, ":latest")); err != nil {
		return badRequest{err}
	}
	w.WriteHeader(http.StatusOK)
	return nil
}

// remove takes a model out of the library.
func (p *programs) remove(w http.ResponseWriter, r *http.Request) error {
	var in ollama.DeleteRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	name, err := named(in.Model, in.Name) //nolint:staticcheck // older programs still send it
	if err != nil {
		return err
	}
	m, err := p.core.Model(strings.TrimSuffix(name, ":latest"))
	if err != nil {
		return err
	}
	if _, err := p.core.Remove(r.Context(), m.Ref); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
