package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"freehold/models/catalog"
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
	e, err := p.client().Lookup(ctx, ref)
	if err != nil {
		return Wanted{}, err
	}
	source, err := json.Marshal(e)
	return Wanted{Plan{
		Ref: e.Ref, Name: e.Name, Licence: e.Licence, LicenceURL: e.LicenceURL, Homepage: e.Homepage, Architecture: e.Architecture,
		Quant: e.Quant, SizeBytes: e.SizeBytes, Files: []PlanFile{},
	}, source}, err
}

func (p hubPuller) Pull(ctx context.Context, w Wanted, progress func(hub.Progress)) (library.Model, error) {
	var e catalog.Entry
	if err := json.Unmarshal(w.Source, &e); err != nil {
		return library.Model{}, fmt.Errorf("what was to be downloaded is not known any more: %w; cancel it and begin anew", err)
	}
	return p.client().Pull(ctx, p.c.library, e, progress)
}

func (p hubPuller) down() *transfer.Downloader {
	return transfer.New(transfer.Options{Dir: p.c.downloadsDir(), Gate: p.c.gate})
}

func (p hubPuller) Discard(ref string) error             { return p.down().Discard(ref) }
func (p hubPuller) Kept() ([]transfer.Unfinished, error) { return p.down().Kept() }

// offline tells whether ref means something on this machine.
func offline(ref string) bool { return strings.HasPrefix(ref, "file:") }
