package app_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/app"
	"freehold/app/backup"
	"freehold/app/enginetest"
	"freehold/app/porting"
	"freehold/app/store"
)

// furnish fills a home with chats, an uploaded document, settings and a model.
func furnish(t *testing.T, home string) {
	t.Helper()
	c := open(t, app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
	var b bytes.Buffer
	must(t, porting.Write(&b, porting.Options{Format: porting.JSON}, true, func(yield func(porting.Shelved) error) error {
		for _, id := range []string{"one", "two", "three"} {
			if err := yield(porting.Shelved{Chat: everything(id, 1_700_000_000_000)}); err != nil {
				return err
			}
		}
		return nil
	}))
	if r, err := c.ImportChats(t.Context(), []string{write(t, "x.json", b.String())}); err != nil || r.Counts.New != 3 {
		t.Fatalf("%+v %v", r, err)
	}
	s := c.Settings()
	s.Theme, s.Proxy, s.HFToken = "dark", "http://me:secret@proxy:8080", "hf_0123456789abcdef"
	if _, err := c.SaveSettings(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	path, err := c.Documents.Upload("notes.md", strings.NewReader("# Notes\n\nThe rent is 900 euro."))
	must(t, err)
	if _, err := c.Documents.Add(t.Context(), []string{path}, ""); err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(t.TempDir(), "m.gguf")
	must(t, enginetest.WriteModel(model, "m"))
	if _, err := c.Import(t.Context(), model, nil); err != nil {
		t.Fatal(err)
	}
	must(t, c.Close())
}

// content says what a home's tables and files come to; nobody has it open.
func content(t *testing.T, home string) (tables []store.TableDigest, files map[string]string) {
	t.Helper()
	s, err := store.Open(t.Context(), filepath.Join(home, "freehold.db"))
	must(t, err)
	defer s.Close()
	tables, err = s.Digests(t.Context())
	must(t, err)
	files = map[string]string{}
	for _, dir := range []string{"documents/files", "documents/sheets", "models", "blobs"} {
		must(t, filepath.WalkDir(filepath.Join(home, dir), func(p string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil //nolint:nilerr // a folder that is not there
			}
			b, err := os.ReadFile(p)
			rel, _ := filepath.Rel(home, p)
			files[rel] = string(b)
			return err
		}))
	}
	return tables, files
}

// differ names the tables that are not the same.
func differ(a, b []store.TableDigest) (names []string) {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) || a[i] != b[i] {
			names = append(names, append(a, b...)[i].Name)
		}
	}
	return names
}

func backUp(t *testing.T, home string, o app.BackupOptions) (string, app.BackupInfo) {
	t.Helper()
	c := open(t, app.Options{Home: home, Engine: &enginetest.Engine{}, Roots: noStores})
	path := filepath.Join(t.TempDir(), "b.freehold-backup")
	info, err := c.Backup(t.Context(), path, o)
	must(t, err)
	must(t, c.Close())
	return path, info
}

func nothing(int64, int64) {}

func TestBackupAndRestore(t *testing.T) {
	home := filepath.Join(t.TempDir(), "home")
	furnish(t, home)
	wantTables, wantFiles := content(t, home)
	if len(wantFiles) < 3 || len(wantTables) < 10 {
		t.Fatalf("the home is nearly empty: %d files, %d tables", len(wantFiles), len(wantTables))
	}
	path, info := backUp(t, home, app.BackupOptions{Weights: true, Tokens: true})
	if info.Chats != 3 || info.Messages != 21 || info.Documents != 1 || !info.Models[0].Included {
		t.Errorf("%+v", info)
	}
	// Into an empty home in the same place: equal to the last row.
	moved := home + "-moved"
	must(t, os.Rename(home, moved))
	if _, aside, err := app.Restore(t.Context(), home, path, nothing); err != nil || aside != "" {
		t.Fatal(aside, err)
	}
	tables, files := content(t, home)
	if d := differ(tables, wantTables); d != nil {
		t.Errorf("other rows in %v", d)
	}
	for name, text := range wantFiles {
		if files[name] != text {
			t.Errorf("%s is another file", name)
		}
	}
	if token, err := os.ReadFile(filepath.Join(home, "huggingface-token")); err != nil || !strings.HasPrefix(string(token), "hf_") {
		t.Error(err)
	}
	// It works, and says what happened.
	c := open(t, app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
	if s := c.Settings(); s.Theme != "dark" || s.HFToken != "set" {
		t.Errorf("%+v", s)
	}
	if models, err := c.Models(); err != nil || len(models) != 1 || models[0].Problem != "" {
		t.Errorf("%+v %v", models, err)
	}
	if n, err := c.Notices(t.Context()); err != nil || len(n) != 1 || !strings.Contains(n[0].Text, "restored from b.freehold-backup") {
		t.Errorf("%+v %v", n, err)
	}
	if lacks, err := c.MissingModels(); err != nil || len(lacks) != 0 {
		t.Errorf("%+v %v", lacks, err)
	}
	must(t, c.Close())
}

func TestRestoreOverAnother(t *testing.T) {
	first, second := filepath.Join(t.TempDir(), "first"), filepath.Join(t.TempDir(), "second")
	furnish(t, first)
	path, info := backUp(t, first, app.BackupOptions{})
	if info.Models[0].Included {
		t.Error("weights nobody asked for")
	}
	raw, err := os.ReadFile(path)
	must(t, err)
	if bytes.Contains(raw, []byte("hf_0123")) {
		t.Error("the token is in the backup")
	}
	c := open(t, app.Options{Home: second, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
	old, err := c.NewChat(t.Context(), "")
	must(t, err)
	// While it is open: staged, and true with the next start.
	if _, err := c.StageRestore(t.Context(), path); err != nil || !c.RestoreWaits() {
		t.Fatal(err)
	}
	if _, _, err := app.Restore(t.Context(), second, path, nothing); err == nil {
		t.Error("restored under an open window")
	}
	must(t, c.CancelRestore())
	if c.RestoreWaits() {
		t.Error("it still waits")
	}
	if _, err := c.StageRestore(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	must(t, c.Close())
	c = open(t, app.Options{Home: second, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
	chats, err := c.Chats.List(t.Context())
	if err != nil || len(chats) != 3 || c.Settings().Theme != "dark" || c.Settings().Proxy != "http://proxy:8080" {
		t.Errorf("%d chats, %v, %+v", len(chats), err, c.Settings())
	}
	docs, err := c.Documents.Documents(t.Context())
	if err != nil || len(docs) != 1 || !strings.HasPrefix(docs[0].Path, second) || docs[0].Missing {
		t.Errorf("%+v %v", docs, err)
	}
	if lacks, err := c.MissingModels(); err != nil || len(lacks) != 1 || lacks[0].Digest == "" {
		t.Errorf("%+v %v", lacks, err)
	}
	n, err := c.Notices(t.Context())
	if err != nil || len(n) != 1 || n[0].Path == "" {
		t.Fatalf("%+v %v", n, err)
	}
	must(t, c.Close())
	// The old data is whole, where it was put.
	kept := open(t, app.Options{Home: n[0].Path, Engine: &enginetest.Engine{}, Roots: noStores})
	if chats, err := kept.Chats.List(t.Context()); err != nil || len(chats) != 1 || chats[0].ID != old.ID {
		t.Errorf("%+v %v", chats, err)
	}
}

// TestRestoreGoesOn ends a restore after each of its steps: the next start goes on.
func TestRestoreGoesOn(t *testing.T) {
	first := filepath.Join(t.TempDir(), "first")
	furnish(t, first)
	path, _ := backUp(t, first, app.BackupOptions{Weights: true})
	want := []string{backup.Database, "documents", "blobs", "models"}
	for steps := range len(want) + 1 {
		home := filepath.Join(t.TempDir(), "home")
		c := open(t, app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
		if _, err := c.NewChat(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if _, err := c.StageRestore(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		must(t, c.Close())
		var plan struct{ Aside string }
		text, err := os.ReadFile(filepath.Join(home, "restore", "plan.json"))
		must(t, err)
		must(t, json.Unmarshal(text, &plan))
		aside := filepath.Join(home, plan.Aside)
		must(t, os.MkdirAll(aside, 0o700))
		for i, name := range want[:steps] { // what the process did before it was ended
			if i < 2 {
				must(t, os.Rename(filepath.Join(home, name), filepath.Join(aside, name)))
				if steps == i+1 {
					continue // ended between the two renamings
				}
			} else {
				must(t, os.RemoveAll(filepath.Join(home, name)))
			}
			must(t, os.Rename(filepath.Join(home, "restore", "staged", name), filepath.Join(home, name)))
		}
		c = open(t, app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
		chats, err := c.Chats.List(t.Context())
		models, _ := c.Models()
		if err != nil || len(chats) != 3 || len(models) != 1 || models[0].Problem != "" {
			t.Errorf("after %d steps: %d chats, %+v, %v", steps, len(chats), models, err)
		}
		if _, err := os.Stat(filepath.Join(home, "restore")); !os.IsNotExist(err) {
			t.Errorf("after %d steps: something is left", steps)
		}
		must(t, c.Close())
		if names, _ := os.ReadDir(aside); !slices.ContainsFunc(names, func(e os.DirEntry) bool { return e.Name() == backup.Database }) {
			t.Errorf("after %d steps: the old data is gone", steps)
		}
	}
}
