package app

import (
	"context"

	"freehold/engine/fit"
	"freehold/models/catalog"
)

// Catalog lists what can be downloaded, with how it will run here as far as
// that follows from the models' shapes. FitOf looks closer.
func (c *Core) Catalog(ctx context.Context) ([]CatalogEntry, error) {
	here, err := c.installed()
	if err != nil {
		return nil, err
	}
	recommended := map[string]bool{}
	for _, kind := range catalog.Kinds {
		if e, ok := c.recommend(ctx, kind); ok {
			recommended[e.Ref] = true
		}
	}
	entries := []CatalogEntry{}
	for _, e := range catalog.All() {
		entry := CatalogEntry{
			Ref: e.Ref, Name: e.Name, Maker: e.Maker, Family: e.Family, Kind: e.Kind, Summary: e.Summary,
			GoodFor: append([]string{}, e.GoodFor...), Languages: append([]string{}, e.Languages...), Released: e.Released,
			Licence: e.Licence, LicenceName: e.LicenceName, LicenceURL: e.LicenceURL, Restrictions: e.Restrictions,
			Terms: e.Terms, Accepted: !e.Terms || c.accepted(e.Licence), Homepage: e.Homepage, Architecture: e.Architecture,
			Parameters: e.Parameters, ActiveParameters: e.ActiveParameters, ContextLength: e.ContextLength,
			Recommended: recommended[e.Ref], Files: []CatalogFile{},
		}
		for _, f := range e.Files {
			file := CatalogFile{Ref: f.Ref, Quant: f.Quant, SizeBytes: f.SizeBytes, Installed: here.hasFile(e, f), Default: f.Default}
			if file.Fit, err = c.judge(ctx, estimate(e, f), 0, "f16"); err != nil {
				return nil, err
			}
			if f.Default {
				entry.Quant, entry.SizeBytes = f.Quant, f.SizeBytes
			}
			entry.Installed = entry.Installed || file.Installed
			entry.Files = append(entry.Files, file)
		}
		entries = append(entries, entry)
	}
	return entries, nil
}

// fluent is the least speed, in tokens a second, at which a model is good to
// begin with: somewhat faster than people read.
const fluent = 10

// recommend returns the model of a kind to begin with: the catalogue's for the
// memory that is free, or for less if that one would be too slow to enjoy.
func (c *Core) recommend(ctx context.Context, kind string) (best catalog.Entry, ok bool) {
	const least = 256 << 20
	for free := c.machine(ctx).Available; free > least; free /= 2 {
		e, f, found := catalog.Recommend(kind, free)
		if !found {
			break
		}
		best, ok = e, true
		fit, err := c.judge(ctx, estimate(e, f), 0, "f16")
		if err != nil || fit.PerSecond == 0 || fit.PerSecond >= fluent {
			break
		}
	}
	return best, ok
}

// hasFile tells whether a file of the catalogue is here.
func (all installed) hasFile(e catalog.Entry, f catalog.File) bool {
	if all.has(f.Ref, f.SHA256) || f.Default && all.has(e.Ref, "") {
		return true
	}
	for _, s := range f.Sources {
		if s.Kind == catalog.HuggingFace && all.has("hf.co/"+s.Repo+":"+f.Quant, "") {
			return true
		}
	}
	return false
}

// estimate makes a model's needs of what the catalogue knows of its shape.
func estimate(e catalog.Entry, f catalog.File) fit.Needs {
	s := e.Shape
	m := fit.Model{
		Parameters: e.Parameters, Active: e.ActiveParameters, FileBytes: f.SizeBytes, Quant: f.Quant, Context: e.ContextLength,
		Layers: s.Layers, Embedding: s.Embedding, FeedForward: s.FeedForward, Vocab: s.Vocab, Tied: s.Tied,
		Heads: s.Heads, KVHeads: s.KVHeads, HeadDim: s.HeadDim, AttentionLayers: s.AttentionLayers,
		Window: s.SlidingWindow, Period: s.SlidingPeriod, Embeds: e.Kind == catalog.Embedding || e.Kind == catalog.Reranking,
	}
	if s.Experts > 0 {
		m.FeedForward = s.ExpertsUsed*s.ExpertFeedForward + s.SharedFeedForward
	}
	if s.SharedKV > 0 {
		if m.AttentionLayers == 0 {
			m.AttentionLayers = s.Layers
		}
		m.AttentionLayers = max(1, m.AttentionLayers-s.SharedKV)
	}
	if st := s.State; st != nil {
		const f32 = 4
		m.StateBytes = f32 * int64(st.Layers) * (int64(st.Inner)*int64(st.Size) + int64(st.Inner+2*st.Groups*st.Size)*int64(max(0, st.Conv-1)))
	}
	n := fit.Estimate(m)
	for i := range n.Cache { // layers that see everything may have other heads
		if n.Cache[i].Window == 0 && s.SlidingWindow > 0 {
			if s.FullKVHeads > 0 {
				n.Cache[i].Heads = s.FullKVHeads
			}
			if s.FullHeadDim > 0 {
				n.Cache[i].HeadDim, n.Cache[i].ValueDim = s.FullHeadDim, s.FullHeadDim
			}
		}
	}
	return n
}
