package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"freehold/models/hub"
	"freehold/models/library"
	"freehold/models/transfer"
)

// hubPuller pulls from the network, as the settings say at any time.
type hubPuller struct{ c *Core }

func (p hubPuller) client() *hub.Client {
	s := p.c.Settings()
	o := hub.Options{Dir: p.c.downloadsDir(), Gate: p.c.gate, Endpoint: s.HFEndpoint}
	if token := *p.c.token.Load(); token != "" && confidential(s.HFEndpoint) {
		o.Token = token
	}
	return hub.New(o)
}

// confidential tells whether a token may be sent to the server at address.
func confidential(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (address == "" || u.Scheme == "https" || u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
}

func (p hubPuller) Lookup(ctx context.Context, ref string) (Wanted, error) {
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

func (p hubPuller) Pull(ctx context.Context, w Wanted, progress func(hub.Progress)) (library.Model, error) {
	var plan hub.Plan
	if err := json.Unmarshal(w.Source, &plan); err != nil {
		return library.Model{}, fmt.Errorf("what was to be downloaded is not known any more: %w; cancel it and begin anew", err)
	}
	return p.client().Pull(ctx, p.c.library, plan, progress)
}

func (p hubPuller) Discard(ref string) error             { return p.client().Discard(ref) }
func (p hubPuller) Kept() ([]transfer.Unfinished, error) { return p.client().Kept() }

// offline tells whether ref means something on this machine.
func offline(ref string) bool { return strings.HasPrefix(ref, "file:") }
