package backup

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func silent(int64, int64) {}

func sample(t *testing.T) (file string, m Manifest) {
	t.Helper()
	dir := t.TempDir()
	var items []Item
	for name, text := range map[string]string{Database: strings.Repeat("rows ", 5000), "documents/files/1/ü.pdf": "pdf", "documents/empty": "", "blobs/sha256-aa": "weights", "models/m.json": "{}"} {
		p := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(p, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		items = append(items, Item{Name: name, Path: p, Steady: true})
	}
	items = append(items, Item{Name: "documents/gone", Path: filepath.Join(dir, "gone")})
	file = filepath.Join(dir, "b.freehold-backup")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	m, err = Write(t.Context(), f, Manifest{Program: "1", CreatedAt: 1_700_000_000_000}, items, silent)
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	return file, m
}

func TestWriteAndRead(t *testing.T) {
	file, m := sample(t)
	if len(m.Files) != 5 {
		t.Fatalf("%+v", m.Files)
	}
	a, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Check(t.Context(), silent); err != nil {
		t.Error(err)
	}
	to := t.TempDir()
	if err := a.Unpack(t.Context(), to, silent); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(to, "documents", "files", "1", "ü.pdf")); err != nil || string(b) != "pdf" {
		t.Errorf("%q %v", b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Check(ctx, silent); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestEveryByte breaks a backup in many places: it is refused, or holds what it
// should.
func TestEveryByte(t *testing.T) {
	file, want := sample(t)
	sound, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	broken := filepath.Join(t.TempDir(), "x")
	refused := 0
	for i := range sound {
		data := bytes.Clone(sound)
		data[i] ^= 0x41
		if err := os.WriteFile(broken, data, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := Open(broken)
		if err == nil {
			err = a.Check(t.Context(), silent)
			if err == nil && len(a.Files) != len(want.Files) {
				t.Errorf("byte %d: other files", i)
			}
			a.Close()
		}
		if err != nil {
			refused++
		}
	}
	for _, n := range []int{0, 10, len(sound) / 2, len(sound) - 1} {
		if err := os.WriteFile(broken, sound[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(broken); err == nil {
			t.Errorf("the first %d bytes are taken for a backup", n)
		}
	}
	t.Logf("%d of %d broken ones refused", refused, len(sound))
	if refused < len(sound)*6/10 { // the others are times and attributes, which nobody reads
		t.Errorf("only %d of %d broken backups were refused", refused, len(sound))
	}
}

func TestHostileManifests(t *testing.T) {
	write := func(m Manifest, entries ...string) string {
		p := filepath.Join(t.TempDir(), "x.zip")
		f, err := os.Create(p)
		if err != nil {
			t.Fatal(err)
		}
		z := zip.NewWriter(f)
		for _, e := range entries {
			w, err := z.CreateHeader(&zip.FileHeader{Name: e})
			if err == nil {
				_, err = w.Write([]byte("x"))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		w, err := z.Create(manifestName)
		if err == nil {
			err = json.NewEncoder(w).Encode(m)
		}
		if err := errors.Join(err, z.Close(), f.Close()); err != nil {
			t.Fatal(err)
		}
		return p
	}
	for _, c := range []struct {
		m    Manifest
		in   []string
		want string
	}{
		{Manifest{}, nil, "not of Freehold"},
		{Manifest{Format: format, Version: 2}, nil, "newer Freehold"},
		{Manifest{Format: format, Version: 1}, nil, "database is missing"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: "../../evil", Size: 1}}}, []string{"../../evil"}, "cannot be in a backup"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: "/etc/passwd", Size: 1}}}, []string{"/etc/passwd"}, "cannot be in a backup"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: "documents/../../x", Size: 1}}}, []string{"documents/../../x"}, "cannot be in a backup"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: `documents\..\x`, Size: 1}}}, []string{`documents\..\x`}, "cannot be in a backup"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: "lock", Size: 1}}}, []string{"lock"}, "cannot be in a backup"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: Database, Size: 1}, {Name: Database, Size: 1}}}, []string{Database}, "named twice"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: Database, Size: 1 << 60}}}, []string{Database}, "another size"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: Database, Size: -1}}}, []string{Database}, "another size"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: Database, Size: 1}}}, nil, "is missing"},
		{Manifest{Format: format, Version: 1, Files: []File{{Name: Database, Size: 1}}}, []string{Database, Database}, "twice"},
	} {
		if _, err := Open(write(c.m, c.in...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.m.Files, err, c.want)
		}
	}
	a, err := Open(write(Manifest{Format: format, Version: 1, Files: []File{{Name: Database, Size: 1, SHA256: "00"}}}, Database))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if err := a.Check(t.Context(), silent); err == nil || !strings.Contains(err.Error(), "another content") {
		t.Error(err)
	}
	if err := a.Unpack(t.Context(), t.TempDir(), silent); err == nil {
		t.Error("unpacked what is damaged")
	}
}
