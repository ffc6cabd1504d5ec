package app_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/document"
	"freehold/app/enginetest"
)

// child runs this test's binary again, in which the variable is set, and kills it
// when told; it answers with what the child has written.
func child(t *testing.T, test string, after time.Duration, env ...string) (said []string, ended bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$", "-test.timeout=120s")
	cmd.Env = append(os.Environ(), env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	if after > 0 {
		defer time.AfterFunc(after, func() { _ = cmd.Process.Kill() }).Stop()
	}
	err := cmd.Wait()
	if err != nil && cmd.ProcessState.ExitCode() != -1 {
		t.Fatalf("the child failed: %v\n%s", err, out.String())
	}
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		if word, ok := strings.CutPrefix(lines.Text(), "done "); ok {
			said = append(said, word)
		}
	}
	return said, err == nil
}

func kills() int {
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_KILLS")); err == nil {
		return n
	}
	return 4
}

func inChild(home string) (*app.Core, error) {
	return app.Open(context.Background(), app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
}

// allReady waits until every document has been read.
func allReady(t *testing.T, c *app.Core, want int) []document.Document {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		all, err := c.Documents.Documents(t.Context())
		must(t, err)
		done := 0
		for _, d := range all {
			if d.State == document.Ready {
				done++
			} else if d.State == document.Failed {
				t.Fatalf("%s: %+v", d.Name, d.Receipt)
			}
		}
		if done == want && len(all) == want {
			return all
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d documents are ready, of %d", done, want, len(all))
		}
	}
}

// TestKilledWhileIndexing kills the application while it reads documents. In the
// end all of them are there once, with the same parts as if nothing had happened.
func TestKilledWhileIndexing(t *testing.T) {
	const files = 24
	if home := os.Getenv("APP_TEST_INDEX"); home != "" {
		c, err := inChild(home)
		must(t, err)
		have, err := c.Documents.Documents(t.Context())
		must(t, err)
		if len(have) < files {
			if _, err := c.Documents.Add(t.Context(), []string{os.Getenv("APP_TEST_FILES")}, ""); err != nil {
				t.Fatal(err)
			}
		}
		allReady(t, c, files)
		must(t, c.Close())
		return
	}
	dir := t.TempDir()
	for i := range files {
		var b strings.Builder
		for p := range 60 {
			fmt.Fprintf(&b, "## Part %d\n\n%s\n\n", p, strings.Repeat(fmt.Sprintf("Clause %d of file %d says what is said here. ", p, i), 30))
		}
		must(t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("file%02d.md", i)), []byte(b.String()), 0o600))
	}
	parts := func(home string) map[string]int {
		c := open(t, app.Options{Home: home, Exclusive: true})
		byName := map[string]int{}
		for _, d := range allReady(t, c, files) {
			byName[d.Name] = d.Chunks
		}
		must(t, c.CheckStore(t.Context()))
		found, err := c.Documents.Search(t.Context(), "clause 59 of file 23", nil, 5)
		if err != nil || len(found) == 0 {
			t.Errorf("nothing is found (%v)", err)
		}
		return byName
	}
	undisturbed, home := filepath.Join(t.TempDir(), "a"), filepath.Join(t.TempDir(), "b")
	start := time.Now()
	child(t, "TestKilledWhileIndexing", 0, "APP_TEST_INDEX="+undisturbed, "APP_TEST_FILES="+dir)
	took := time.Since(start)
	met := 0
	for range kills() {
		if _, ended := child(t, "TestKilledWhileIndexing", took/8+time.Duration(rand.Int64N(int64(took/4))), "APP_TEST_INDEX="+home, "APP_TEST_FILES="+dir); !ended {
			met++
		}
	}
	child(t, "TestKilledWhileIndexing", 0, "APP_TEST_INDEX="+home, "APP_TEST_FILES="+dir)
	want, got := parts(undisturbed), parts(home)
	for name, n := range want {
		if got[name] != n || n == 0 {
			t.Errorf("%s has %d parts, want %d", name, got[name], n)
		}
	}
	t.Logf("%d kills met it at work, of %v", met, took)
	if met == 0 {
		t.Error("no kill met it at work")
	}
}

// TestKilledWhileDeleting kills the application while it deletes chats, documents
// and models. What it has said is deleted is gone with its files; all else is whole.
func TestKilledWhileDeleting(t *testing.T) {
	const each = 12
	if home := os.Getenv("APP_TEST_DELETE"); home != "" {
		deleteInChild(t, home)
		return
	}
	met := 0
	var took time.Duration
	for i := range kills() + 1 {
		home := filepath.Join(t.TempDir(), "home")
		names := fillHome(t, home, each)
		after := time.Duration(0)
		if i > 0 { // the first is not killed, but timed
			after = took/4 + time.Duration(rand.Int64N(int64(took)))
		}
		start := time.Now()
		said, ended := child(t, "TestKilledWhileDeleting", after, "APP_TEST_DELETE="+home)
		if i == 0 {
			took = time.Since(start)
		}
		if !ended {
			met++
		}
		left := leftIn(t, home)
		for _, name := range names {
			gone, there := slices.Contains(said, name), slices.Contains(left, name)
			if gone && there {
				t.Errorf("kill %d: %s was deleted and is there", i, name)
			}
		}
		// One may have been deleted without being told.
		if n := len(names) - len(said); len(left) != n && len(left) != n-1 {
			t.Errorf("kill %d: %d are left of %d, %d were deleted", i, len(left), len(names), len(said))
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d of %d kills met it at work, of %v", met, kills(), took)
}

// fillHome makes chats, documents and models; it answers with their names.
func fillHome(t *testing.T, home string, each int) (names []string) {
	t.Helper()
	c, err := inChild(home)
	must(t, err)
	a := attach(t, c)
	for i := range each {
		model := filepath.Join(t.TempDir(), fmt.Sprintf("m%d.gguf", i))
		must(t, enginetest.WriteModel(model, fmt.Sprintf("model-%d", i)))
		m, err := c.Import(t.Context(), model, nil)
		must(t, err)
		ch, err := a.NewChat("")
		must(t, err)
		path, err := c.Documents.Upload(fmt.Sprintf("d%d.md", i), strings.NewReader(fmt.Sprintf("# Notes %d\n\nThe rent is %d euro.", i, i)))
		must(t, err)
		docs, err := c.Documents.Add(t.Context(), []string{path}, "")
		must(t, err)
		names = append(names, "model:"+m.Ref, "chat:"+ch.ID, "document:"+docs[0].ID)
	}
	allReady(t, c, each)
	must(t, c.Close())
	return names
}

func deleteInChild(t *testing.T, home string) {
	c, err := inChild(home)
	must(t, err)
	models, err := c.Models()
	must(t, err)
	chats, err := c.Chats.List(t.Context())
	must(t, err)
	docs, err := c.Documents.Documents(t.Context())
	must(t, err)
	for i := range chats {
		must(t, c.Chats.Delete(t.Context(), chats[i].ID))
		fmt.Println("done chat:" + chats[i].ID)
		must(t, c.Documents.Remove(t.Context(), docs[i].ID))
		fmt.Println("done document:" + docs[i].ID)
		_, err := c.Remove(t.Context(), models[i].Ref)
		must(t, err)
		fmt.Println("done model:" + models[i].Ref)
	}
	must(t, c.Close())
}

// leftIn lists what a home holds, each of it whole, and nothing that belongs to none.
func leftIn(t *testing.T, home string) (names []string) {
	t.Helper()
	c := open(t, app.Options{Home: home, Exclusive: true})
	must(t, c.CheckStore(t.Context()))
	chats, err := c.Chats.List(t.Context())
	must(t, err)
	for _, ch := range chats {
		if _, err := c.Chats.Get(t.Context(), ch.ID); err != nil {
			t.Errorf("chat %s: %v", ch.ID, err)
		}
		names = append(names, "chat:"+ch.ID)
	}
	docs, err := c.Documents.Documents(t.Context())
	must(t, err)
	for _, d := range docs {
		if p, err := c.Documents.Page(t.Context(), d.ID, 1); err != nil || !strings.Contains(p.Text, "The rent is") {
			t.Errorf("document %s: %v", d.Name, err)
		}
		if _, err := os.Stat(d.Path); err != nil {
			t.Errorf("document %s: %v", d.Name, err)
		}
		names = append(names, "document:"+d.ID)
	}
	models, err := c.Models()
	must(t, err)
	for _, m := range models {
		if m.Problem != "" {
			t.Errorf("model %s: %s", m.Ref, m.Problem)
		} else if err := c.Verify(t.Context(), m.Ref, nil); err != nil {
			t.Errorf("model %s: %v", m.Ref, err)
		}
		names = append(names, "model:"+m.Ref)
	}
	files := 0
	err = filepath.WalkDir(filepath.Join(home, "documents", "files"), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files++
		}
		return nil
	})
	must(t, err)
	if files != len(docs) {
		t.Errorf("%d files of %d documents", files, len(docs))
	}
	return names
}
