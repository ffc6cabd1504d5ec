package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"freehold/app"
	"freehold/engine/gguf"
	"freehold/engine/hardware"
	"freehold/engine/profile"
	"freehold/engine/synthetic"
)

// quick is the profile of a machine of the tests' own.
func quick(ctx context.Context) (profile.Profile, error) {
	att := profile.Attention{Bytes: 1e10, Ops: 1e11}
	return profile.Profile{
		Key: profile.Key(hardware.Probe(ctx)), MeasuredAt: 1, Threads: 2, Read: 2e10, Int8: 3e11, F32: 1e10, Step: 1e-7,
		Types: map[string]profile.Rate{"Q4_K": {Decode: 1e10, Cached: 2e10, Prefill: 1e11}},
		KV:    map[string]profile.Attention{"f16": att, "q8_0": att, "q4_0": att, "f32": att},
	}, nil
}

// header makes the head of a large model's file be what Header returns.
type header struct {
	*puller
	file string
	n    int
}

func (h *header) Header(context.Context, app.Wanted) (*gguf.File, error) {
	h.n++
	b, err := os.ReadFile(h.file)
	if err != nil {
		return nil, err
	}
	return gguf.OpenHeader(gguf.Header{Name: h.file, Bytes: b, Size: int64(len(b))})
}

func TestFit(t *testing.T) {
	events := &recorder{}
	var c *app.Core
	home := t.TempDir()
	file := filepath.Join(t.TempDir(), "tiny.gguf")
	must(t, synthetic.Tiny().WriteFile(file))
	h := &header{newPuller(t, &c, "remote"), file, 0}
	c = open(t, app.Options{Home: home, Exclusive: true, Measure: quick, Puller: h, Emitter: events})
	a := attach(t, c)
	m, err := a.ImportModel(file)
	must(t, err)
	// Before the machine was measured, only memory is judged.
	f, err := a.FitOf(m.Ref, 0, "")
	if err != nil || f.Verdict != "well" || f.PerSecond != 0 || f.Total <= f.Weights || f.Weights == 0 || f.Available == 0 || f.Context == 0 || f.Why == "" {
		t.Errorf("%+v %v", f, err)
	}
	p, err := a.MeasureProfile()
	if err != nil || p.ReadBytesPerSecond != 2e10 || p.Int8OpsPerSecond != 3e11 {
		t.Fatalf("%+v %v", p, err)
	}
	hw, err := a.Hardware()
	if err != nil || hw.Profile == nil || *hw.Profile != p {
		t.Errorf("%+v %v", hw, err)
	}
	f, err = a.FitOf(m.Ref, 512, "q8_0")
	if err != nil || f.PerSecond <= 0 || f.PrefillPerSecond <= 0 || f.Context != 512 || f.LongestContext == 0 {
		t.Errorf("%+v %v", f, err)
	}
	more, err := a.FitOf(m.Ref, 512, "f32")
	if err != nil || more.KV <= f.KV {
		t.Errorf("f32 takes %d bytes, q8_0 %d (%v)", more.KV, f.KV, err)
	}
	// Installed models have it, too.
	waitFor(t, events, func(ms []app.Model) bool { return len(ms) == 1 && ms[0].Fit != nil && ms[0].Fit.PerSecond > 0 })
	// So do models that are not here; their header is read once.
	for range 2 {
		plan, err := a.Preview("remote")
		if err != nil || plan.Fit.Verdict != "well" || plan.Fit.Total == 0 {
			t.Errorf("%+v %v", plan, err)
		}
	}
	for _, bad := range []struct {
		ref     string
		context int
		kv      string
	}{{m.Ref, -1, ""}, {m.Ref, 1 << 40, ""}, {m.Ref, 0, "q1"}, {"nobody", 0, ""}} {
		if _, err := a.FitOf(bad.ref, bad.context, bad.kv); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
	must(t, c.Close())
	again := open(t, app.Options{Home: home, Measure: func(context.Context) (profile.Profile, error) {
		t.Error("measured twice")
		return profile.Profile{}, nil
	}})
	if hw, err := again.Hardware(t.Context()); err != nil || hw.Profile == nil || *hw.Profile != p {
		t.Errorf("after a restart %+v %v", hw.Profile, err)
	}
}

// TestCatalogue: every entry has a verdict for this machine, and JSON can carry it.
func TestCatalogue(t *testing.T) {
	c := open(t, app.Options{Measure: quick})
	a := attach(t, c)
	if _, err := a.MeasureProfile(); err != nil {
		t.Fatal(err)
	}
	all, err := a.Catalog()
	if err != nil || len(all) == 0 {
		t.Fatal(all, err)
	}
	if b, err := json.Marshal(all); err != nil || bytes.Contains(b, []byte(":null")) {
		t.Errorf("null in the catalogue: %v", err)
	}
	for _, e := range all {
		defaults := 0
		for _, f := range e.Files {
			if f.Default {
				defaults++
			}
			if f.Fit.Verdict == "unknown" || f.Fit.Verdict == "" || f.Fit.Total < f.SizeBytes || f.Fit.Why == "" || f.Fit.PerSecond <= 0 {
				t.Errorf("%s: %+v", f.Ref, f.Fit)
			}
		}
		if defaults != 1 || e.Kind == "" || e.Name == "" || strings.TrimSpace(e.Licence) == "" {
			t.Errorf("%+v", e)
		}
	}
}

// TestRecommendationIsQuickEnough holds what is recommended to what people enjoy
// on a slow machine with much memory.
func TestRecommendationIsQuickEnough(t *testing.T) {
	for name, speed := range map[string]float64{"slow": 3e9, "quick": 1e12} {
		t.Run(name, func(t *testing.T) {
			c := open(t, app.Options{Home: t.TempDir(), Measure: func(ctx context.Context) (profile.Profile, error) {
				p, err := quick(ctx)
				p.Types["Q4_K"] = profile.Rate{Decode: speed, Cached: speed, Prefill: 100 * speed}
				p.KV["f16"] = profile.Attention{Bytes: speed, Ops: 10 * speed}
				return p, err
			}})
			_, err := c.MeasureProfile(t.Context())
			must(t, err)
			entries, err := c.Catalog(t.Context())
			must(t, err)
			for _, e := range entries {
				if !e.Recommended || e.Kind != "chat" {
					continue
				}
				t.Logf("%s: %+v", e.Ref, e.Files[0].Fit)
				for _, f := range e.Files {
					if f.Default && f.Fit.PerSecond < 10 {
						t.Errorf("%s writes %.1f tokens a second", f.Ref, f.Fit.PerSecond)
					}
				}
				return
			}
			t.Error("no model for chats is recommended")
		})
	}
}

func TestSearch(t *testing.T) {
	var c *app.Core
	c = open(t, app.Options{Puller: newPuller(t, &c), Measure: quick})
	a := attach(t, c)
	found, err := a.SearchModels("smol", "2")
	if err != nil || len(found.Models) != 1 || found.Next != "next2" || found.Models[0].Repo != "owner/smol" {
		t.Fatalf("%+v %v", found, err)
	}
	if f := found.Models[0].Files[0]; f.Fit.Verdict != "no" || f.Installed {
		t.Errorf("an exabyte fits: %+v", f)
	}
	s := c.Settings()
	s.NetworkAllowed = false
	_, err = a.SaveSettings(s)
	must(t, err)
	if _, err := a.SearchModels("smol", ""); err == nil {
		t.Error("searched with the network off")
	}
}
