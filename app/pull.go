package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"freehold/models/catalog"
	"freehold/models/hub"
)

// ErrTerms says that the user has to accept a licence first.
var ErrTerms = errors.New("terms")

// Preview says what Pull would download.
func (c *Core) Preview(ctx context.Context, ref string) (Plan, error) {
	w, err := c.lookup(ctx, ref)
	if err != nil {
		return Plan{}, err
	}
	here, err := c.installed()
	if err != nil {
		return Plan{}, err
	}
	p := w.Plan
	p.Installed = here.has(p.Ref, w.weightsDigest())
	if p.Fit, err = c.FitOf(ctx, ref, 0, ""); err != nil { // the plan is of use without it
		if ctx.Err() != nil {
			return Plan{}, ctx.Err()
		}
		p.Fit = c.unknownFit(ctx, p.SizeBytes)
		p.Fit.Why = err.Error()
	}
	return p, nil
}

// lookup finds out what ref means.
func (c *Core) lookup(ctx context.Context, ref string) (Wanted, error) {
	if ref = strings.TrimSpace(ref); ref == "" {
		return Wanted{}, errors.New("name the model to download")
	}
	w, ok := c.plans.get(ref)
	if !ok {
		var err error
		if w, err = c.puller.Lookup(ctx, ref); err != nil {
			return Wanted{}, err
		}
		c.plans.put(ref, w)
	}
	w.Plan.Accepted = w.Plan.Terms == "" || c.accepted(w.Plan.Licence)
	return w, nil
}

// Pull queues the download of a model. A model of the catalogue is looked up
// when its turn comes, any other now. It fails with ErrTerms if the licence
// must be accepted first.
func (c *Core) Pull(ctx context.Context, ref string) (Download, error) {
	ref = strings.TrimSpace(ref)
	if !c.networkAllowed() && !Local(ref) {
		return Download{}, hub.ErrNetworkOff
	}
	w, known := c.plans.get(ref)
	if e, f, ok := catalog.Find(ref); known { // it was just shown
	} else if ok {
		w.Plan = Plan{Ref: f.Ref, Name: e.Name, Licence: e.Licence, LicenceURL: e.LicenceURL, SizeBytes: f.SizeBytes}
		if e.Terms {
			w.Plan.Terms = e.Restrictions
		}
	} else if strings.HasPrefix(ref, "pip:") { // what is in it shows when it has been downloaded
		w.Plan = Plan{Ref: ref, Name: strings.TrimPrefix(ref, "pip:")}
	} else {
		var err error
		if w, err = c.lookup(ctx, ref); err != nil {
			return Download{}, err
		}
	}
	if err := c.downloads.terms(w.Plan); err != nil {
		return Download{}, err
	}
	return c.downloads.add(w)
}

// SearchModels searches Hugging Face; cursor is "" or the Next of the page
// before.
func (c *Core) SearchModels(ctx context.Context, text, cursor string) (FoundModels, error) {
	if !c.networkAllowed() {
		return FoundModels{}, hub.ErrNetworkOff
	}
	found, next, err := c.puller.Search(ctx, hub.Query{Text: text, Cursor: cursor})
	if err != nil {
		return FoundModels{}, err
	}
	installed, err := c.installed()
	if err != nil {
		return FoundModels{}, err
	}
	page := FoundModels{Models: []FoundModel{}, Next: next}
	for _, f := range found {
		m := FoundModel{
			Repo: f.Repo, Name: f.Name, Author: f.Author, Downloads: f.Downloads, Likes: f.Likes, Gated: f.Gated, Licence: f.Licence,
			UpdatedAt: f.UpdatedAt, Architecture: f.Architecture, Parameters: f.Parameters, ContextLength: f.ContextLength, Files: []FoundFile{},
		}
		for _, v := range f.Files {
			m.Files = append(m.Files, FoundFile{Ref: v.Ref, Quant: v.Quant, SizeBytes: v.SizeBytes, Estimated: v.Estimated, Parts: v.Parts,
				Installed: installed.has(v.Ref, ""), Fit: c.unknownFit(ctx, v.SizeBytes)})
		}
		page.Models = append(page.Models, m)
	}
	return page, nil
}

// PausePull lets a download rest. What has come stays, also over a restart.
func (c *Core) PausePull(ref string) error { return c.downloads.pause(ref) }

// ResumePull lets a paused or failed download go on.
func (c *Core) ResumePull(ref string) error { return c.downloads.resume(ref) }

// CancelPull ends a download and throws away what has come.
func (c *Core) CancelPull(ref string) error { return c.downloads.cancel(ref) }

// PrioritisePull puts a download before all others.
func (c *Core) PrioritisePull(ref string) error { return c.downloads.first(ref) }

// Downloads lists unfinished downloads in the order of the queue, then those
// that have ended since the start, the last one first.
func (c *Core) Downloads() []Download {
	c.networkAllowed() // another process may have turned the switch
	return c.downloads.list()
}

// WaitPull returns when the download has come to rest: done, failed, cancelled
// or paused.
func (c *Core) WaitPull(ctx context.Context, ref string) (Download, error) {
	return c.downloads.wait(ctx, ref)
}

// AcceptLicence records that the user accepts a licence, and for which model
// she was asked.
func (c *Core) AcceptLicence(ctx context.Context, licence, ref string) error {
	if licence == "" {
		return errors.New("name the licence that is accepted")
	}
	address := ""
	if e, _, ok := catalog.Find(ref); ok {
		address = e.LicenceURL
	} else if w, ok := c.plans.get(ref); ok {
		address = w.Plan.LicenceURL
	}
	return c.library.Accept(ctx, licence, address, ref)
}

func (c *Core) accepted(licence string) bool { return c.library.Accepted(licence) }

// plans keeps what was last looked up: people preview a model, see how it would
// run, and pull it.
type plans struct {
	mu   sync.Mutex
	kept map[string]keptPlan
}

type keptPlan struct {
	Wanted
	at time.Time
}

const (
	planAge   = 10 * time.Minute
	plansKept = 100
)

func (p *plans) get(ref string) (Wanted, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.kept[ref]
	return k.Wanted, ok && time.Since(k.at) < planAge
}

func (p *plans) put(ref string, w Wanted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.kept) >= plansKept || p.kept == nil {
		p.kept = map[string]keptPlan{}
	}
	p.kept[ref] = keptPlan{w, time.Now()}
}

// bytesText writes a number of bytes as people do.
func bytesText(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%d kB", (n+999)/1000)
	case n < 1e9:
		return fmt.Sprintf("%d MB", (n+5e5)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
