package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"sync"

	"freehold/engine/gguf"
	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/transfer"
)

// hubPuller pulls from the network, as the settings say at any time.
type hubPuller struct {
	c *Core

	mu     sync.Mutex
	now    *hub.Client // remembers what servers said
	madeOf [3]string   // its folder, server and token
}

func (p *hubPuller) client() *hub.Client {
	s := p.c.Settings()
	o := hub.Options{Dir: p.c.downloadsDir(), Gate: p.c.gate, Endpoint: s.HFEndpoint}
	if token := *p.c.token.Load(); token != "" && confidential(s.HFEndpoint) {
		o.Token = token
	}
	if s.AdoptOthers {
		o.Stores = p.c.roots()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if of := [3]string{o.Dir, o.Endpoint, o.Token}; p.now == nil || p.madeOf != of {
		p.now, p.madeOf = hub.New(o), of
	}
	return p.now
}

// confidential tells whether a token may be sent to the server at address.
func confidential(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (address == "" || u.Scheme == "https" || u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
}

func (p *hubPuller) Lookup(ctx context.Context, ref string) (Wanted, error) {
	plan, err := p.client().Lookup(ctx, ref)
	if err != nil {
		return Wanted{}, err
	}
	w := Wanted{Plan: Plan{
		Ref: plan.Ref, Name: plan.Name, Licence: plan.Licence, LicenceURL: plan.LicenceURL, Homepage: plan.Homepage, Architecture: plan.Architecture,
		Quant: plan.Quant, Terms: plan.Terms, Gated: plan.Gated, SizeBytes: plan.Size, Files: []PlanFile{},
	}}
	for _, f := range plan.Files {
		w.Plan.Files = append(w.Plan.Files, PlanFile{Role: f.Role, Name: f.Name, SizeBytes: f.Size, SHA256: f.SHA256})
	}
	w.Source, err = json.Marshal(plan)
	return w, err
}

// plan is what Lookup found.
func (w Wanted) plan() (hub.Plan, error) {
	var plan hub.Plan
	if err := json.Unmarshal(w.Source, &plan); err != nil {
		return plan, fmt.Errorf("what was to be downloaded is not known any more: %w; cancel it and begin anew", err)
	}
	return plan, nil
}

func (p *hubPuller) Pull(ctx context.Context, w Wanted, progress func(hub.Progress)) (library.Model, error) {
	plan, err := w.plan()
	if err != nil {
		return library.Model{}, err
	}
	return p.client().Pull(ctx, p.c.library, plan, progress)
}

func (p *hubPuller) Header(ctx context.Context, w Wanted) (*gguf.File, error) {
	plan, err := w.plan()
	if err != nil {
		return nil, err
	}
	headers, err := p.client().Headers(ctx, plan)
	if err != nil {
		return nil, err
	}
	return gguf.OpenHeader(headers...)
}

func (p *hubPuller) Search(ctx context.Context, q hub.Query) ([]hub.Found, string, error) {
	return p.client().Search(ctx, q)
}

func (p *hubPuller) Discard(ref string) error             { return p.client().Discard(ref) }
func (p *hubPuller) Kept() ([]transfer.Unfinished, error) { return p.client().Kept() }

// Local tells whether ref is meant as a path of this machine.
func Local(ref string) bool {
	for _, start := range []string{"file:", "/", "./", "../", "~", ".\\", "..\\"} {
		if strings.HasPrefix(ref, start) {
			return true
		}
	}
	if filepath.IsAbs(ref) || ref == "." || ref == ".." {
		return true
	}
	first, _, _ := strings.Cut(ref, "/")
	return strings.EqualFold(filepath.Ext(ref), ".gguf") && !strings.Contains(ref, "://") && first != "hf.co" && first != "huggingface.co"
}
