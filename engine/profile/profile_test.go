package profile

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"freehold/engine/hardware"
)

// TestMeasure holds a profile to what any machine must be able to do; how fast
// is for bench/fit to say.
func TestMeasure(t *testing.T) {
	p, err := Measure(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := json.MarshalIndent(p, "", " ")
	t.Logf("%s", text)
	if !p.sound() || p.Threads < 1 || len(p.Types) != len(common)+len(rare) || len(p.KV) != 4 {
		t.Errorf("%+v", p)
	}
	for name, r := range p.Types {
		if r.Decode <= 0 || r.Cached <= 0 || r.Prefill <= 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}

	path := filepath.Join(t.TempDir(), "cache", "profile.json")
	key := Key(hardware.Probe(t.Context()))
	if _, err := Load(path, key); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a profile that is not there: %v", err)
	}
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	if again, err := Load(path, key); err != nil || again.Read != p.Read {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := Load(path, "another machine"); !errors.Is(err, ErrOutdated) {
		t.Errorf("another machine's profile: %v", err)
	}
	if err := os.WriteFile(path, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, key); !errors.Is(err, ErrOutdated) {
		t.Errorf("a damaged profile: %v", err)
	}
}
