package app_test

import (
	"os"
	"path/filepath"
	"testing"

	"freehold/app"
)

// TestBundles carries a model to another machine.
func TestBundles(t *testing.T) {
	events := &recorder{}
	from := attach(t, open(t, app.Options{Emitter: events}))
	m, err := from.ImportModel(ggufFile(t, "tiny"))
	must(t, err)
	stick := filepath.Join(t.TempDir(), "stick")
	must(t, os.Mkdir(stick, 0o700))
	must(t, from.WriteBundle(stick, []string{m.Ref, m.Ref}))
	waitFor(t, events, func(e app.BundleEvent) bool { return e.State == app.StateDone && e.Dir == stick })
	for _, bad := range []error{from.WriteBundle("relative", []string{m.Ref}), from.WriteBundle(stick, nil), from.WriteBundle(stick, []string{"nobody"}),
		from.ReadBundle("relative"), from.ReadBundle(t.TempDir())} {
		if bad == nil {
			t.Error("no error")
		}
	}
	there := &recorder{}
	c := open(t, app.Options{Emitter: there})
	must(t, attach(t, c).ReadBundle(stick))
	waitFor(t, there, func(e app.BundleEvent) bool { return e.State == app.StateDone })
	got, err := c.Model(m.Ref)
	if err != nil || got.Digest != m.Digest || got.Problem != "" {
		t.Errorf("%+v %v", got, err)
	}
	must(t, c.Verify(t.Context(), got.Ref, nil))
}
