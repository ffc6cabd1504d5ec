package preset_test

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"freehold/app/chat"
	"freehold/app/document"
	"freehold/app/preset"
	"freehold/app/store"
)

func shelf(t *testing.T) (*preset.Shelf, *[]string) {
	t.Helper()
	st, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "f.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	events := &[]string{}
	return preset.NewShelf(st, func(name string, _ any) { *events = append(*events, name) }), events
}

func sources(route document.Route) document.Sources {
	return document.Sources{Documents: []string{}, Collections: []string{}, Route: route}
}

func TestShelf(t *testing.T) {
	s, events := shelf(t)
	ctx := t.Context()
	sampling := chat.DefaultSampling()
	p, err := s.Save(ctx, preset.Preset{Name: "  Lease \n reader ", Icon: "none", Colour: "plaid", System: "Read leases.", Prompt: "Read {{input:Which}}.", Command: "/Lease", Sampling: &sampling, Examples: []string{" Who pays? ", ""}})
	if err != nil || p.ID == "" || p.Name != "Lease reader" || p.Command != "lease" || p.Icon != preset.Icons[0] || p.Colour != preset.Colours[0] || !reflect.DeepEqual(p.Examples, []string{"Who pays?"}) {
		t.Fatalf("%+v, %v", p, err)
	}
	p.About = "For tenants"
	if _, err := s.Save(ctx, p); err != nil {
		t.Fatal(err)
	}
	all, err := s.List(ctx)
	if err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], p) {
		t.Fatalf("%+v, %v", all, err)
	}
	if err := s.Delete(ctx, p.ID); err != nil {
		t.Fatal(err)
	}
	if all, _ := s.List(ctx); len(all) != 0 {
		t.Errorf("%+v", all)
	}
	if err := s.Delete(ctx, p.ID); !errors.Is(err, preset.ErrNotFound) {
		t.Error(err)
	}
	if back, err := s.Restore(ctx, p.ID); err != nil || !reflect.DeepEqual(back, p) {
		t.Errorf("%+v, %v", back, err)
	}
	if got := strings.Join(*events, " "); got != "preset preset presetRemoved preset" {
		t.Error(got)
	}
	hidden, err := s.Save(ctx, preset.Preset{ID: "builtin:summarise", Hidden: true, System: "left out"})
	if err != nil || hidden.ID != "builtin:summarise" || hidden.System != "" {
		t.Errorf("%+v, %v", hidden, err)
	}
}

func TestWrong(t *testing.T) {
	odd := chat.DefaultSampling()
	odd.Temperature = -1
	for what, p := range map[string]preset.Preset{
		"no name":         {System: "x"},
		"long name":       {Name: strings.Repeat("x", 81)},
		"long prompt":     {Name: "x", Prompt: strings.Repeat("x", 1<<20+1)},
		"no UTF-8":        {Name: "x", System: "\xff"},
		"a command":       {Name: "x", Command: "a b", Prompt: "p"},
		"no prompt":       {Name: "x", Command: "a"},
		"odd sampling":    {Name: "x", Sampling: &odd},
		"many examples":   {Name: "x", Examples: strings.Split(strings.Repeat("x ", 9), " ")},
		"unknown sources": {Name: "x", Sources: sources("astrology")},
	} {
		if _, err := p.Checked(); err == nil {
			t.Errorf("%s is taken", what)
		}
	}
}

func TestImportIsExport(t *testing.T) {
	s, _ := shelf(t)
	ctx := t.Context()
	p, err := s.Save(ctx, preset.Preset{Name: "Übersetzen", Colour: "blue", Prompt: "{{selection}} <script>", Command: "übersetzen", Sources: sources("whole")})
	if err != nil {
		t.Fatal(err)
	}
	text, err := s.Export(ctx, []string{p.ID})
	if err != nil {
		t.Fatal(err)
	}
	back, err := s.Import(ctx, string(text))
	if err != nil || len(back) != 1 || back[0].ID == p.ID {
		t.Fatalf("%+v, %v", back, err)
	}
	back[0].ID, back[0].CreatedAt = p.ID, p.CreatedAt
	if !reflect.DeepEqual(back[0], p) {
		t.Errorf("%+v is not %+v", back[0], p)
	}
	for _, bad := range []string{"", "{}", "[]", string(text[:40]), strings.Replace(string(text), `"version": 1`, `"version": 2`, 1), strings.Replace(string(text), "Übersetzen", " ", 1)} {
		if got, err := s.Import(ctx, bad); err == nil {
			t.Errorf("%q gave %+v", bad, got)
		}
	}
	if all, _ := s.List(ctx); len(all) != 2 {
		t.Errorf("bad files left %d presets", len(all))
	}
}

func FuzzImport(f *testing.F) {
	text, err := preset.Export([]preset.Preset{{Name: "A", Prompt: "p", Command: "a", Examples: []string{"x"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"format":"freehold-presets","version":1,"presets":[{"name":"x","sampling":{"topK":1e9}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := preset.Import(text)
		if err != nil {
			return
		}
		for _, p := range all {
			again, err := p.Checked()
			if err != nil || !reflect.DeepEqual(again, p) {
				t.Errorf("%+v is not stable: %+v, %v", p, again, err)
			}
		}
	})
}
