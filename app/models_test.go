package app_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/chat"
	"freehold/app/enginetest"
	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/library"
	"freehold/models/stores"
)

// TestAModelInUseStays: it cannot be removed while an answer is being written
// with it, and the refusal names the chat.
func TestAModelInUseStays(t *testing.T) {
	events := &recorder{}
	e := &enginetest.Engine{Words: 1 << 20, Delay: time.Millisecond}
	home := t.TempDir()
	c := open(t, app.Options{Home: home, Engine: e, Emitter: events})
	a := attach(t, c)
	m, err := a.ImportModel(ggufFile(t, "tiny"))
	must(t, err)
	ch, err := a.NewChat(m.Ref)
	must(t, err)
	_, err = a.RenameChat(ch.ID, "My letter")
	must(t, err)
	_, err = a.Send(ch.ID, "", "go")
	must(t, err)
	waitFor(t, events, func(chat.TokenEvent) bool { return true })
	if err := a.RemoveModel(m.Ref); !errors.Is(err, library.ErrInUse) || !strings.Contains(err.Error(), "My letter") {
		t.Errorf("removed under an answer: %v", err)
	}
	beside := open(t, app.Options{Home: home}) // another process
	if _, err := beside.Remove(t.Context(), m.Ref); !errors.Is(err, library.ErrInUse) {
		t.Errorf("removed by another Freehold: %v", err)
	}
	must(t, a.Stop(ch.ID))
	waitFor(t, events, func(m chat.Message) bool { return m.Status == chat.Stopped })
	for range 1000 { // the weights are released a moment later
		if err = a.RemoveModel(m.Ref); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	must(t, err)
	if n := e.Loaded.Load(); n != 0 {
		t.Errorf("%d models loaded after the removal", n)
	}
	back, err := a.RestoreModel(m.Ref)
	if err != nil || back.Problem != "" {
		t.Errorf("%+v %v", back, err)
	}
	must(t, a.RemoveModel(m.Ref))
	if use, err := a.DiskUse(); err != nil || use.Unused < 1 || len(use.Models) != 0 || use.Free == 0 || use.Dir == "" {
		t.Errorf("%+v %v", use, err)
	}
	if n, err := a.CollectGarbage(); err != nil || n < 1 {
		t.Errorf("%d freed, %v", n, err)
	}
	if _, err := a.RestoreModel(m.Ref); !errors.Is(err, library.ErrNotFound) {
		t.Errorf("restored what was deleted: %v", err)
	}
}

func TestVerifyInTheBackground(t *testing.T) {
	events := &recorder{}
	c := open(t, app.Options{Emitter: events})
	a := attach(t, c)
	m, err := a.ImportModel(ggufFile(t, "tiny"))
	must(t, err)
	must(t, a.VerifyModel(m.Ref))
	waitFor(t, events, func(e app.VerifyEvent) bool { return e.Ref == m.Ref && e.State == app.StateDone })
	f, err := os.OpenFile(m.Path, os.O_WRONLY, 0)
	if err != nil {
		must(t, os.Chmod(m.Path, 0o600))
		f, err = os.OpenFile(m.Path, os.O_WRONLY, 0)
	}
	must(t, err)
	_, err = f.WriteAt([]byte{0xff, 0xee}, m.SizeBytes-2)
	must(t, err, f.Close())
	must(t, a.VerifyModel(m.Ref))
	bad := waitFor(t, events, func(e app.VerifyEvent) bool { return e.State == app.StateFailed })
	if !strings.Contains(bad.Error, "damaged") {
		t.Errorf("%+v", bad)
	}
	if a.CancelVerify(m.Ref) == nil {
		t.Error("cancelled what is over")
	}
	if a.VerifyModel("nobody") == nil {
		t.Error("verifies what is not there")
	}
}

func TestMoveModels(t *testing.T) {
	events := &recorder{}
	c := open(t, app.Options{Emitter: events})
	a := attach(t, c)
	m, err := a.ImportModel(ggufFile(t, "tiny"))
	must(t, err)
	must(t, a.LoadModel(m.Ref))
	// An unfinished download goes along.
	must(t, os.MkdirAll(filepath.Join(c.Home(), "downloads"), 0o700))
	must(t, os.WriteFile(filepath.Join(c.Home(), "downloads", "url-x.part"), []byte("begun"), 0o600))
	dir := filepath.Join(t.TempDir(), "other disk")
	must(t, os.Mkdir(dir, 0o700))
	must(t, a.MoveModels(dir))
	waitFor(t, events, func(e app.MoveEvent) bool { return e.State == app.StateDone })
	use, err := a.DiskUse()
	if err != nil || !strings.HasPrefix(use.Dir, dir) {
		t.Errorf("%+v %v", use, err)
	}
	if b, err := os.ReadFile(filepath.Join(use.Dir, "downloads", "url-x.part")); string(b) != "begun" {
		t.Errorf("the unfinished download: %q %v", b, err)
	}
	m, err = c.Model(m.Ref)
	if err != nil || !strings.HasPrefix(m.Path, dir) {
		t.Errorf("%+v %v", m, err)
	}
	must(t, a.LoadModel(m.Ref))
	must(t, a.MoveModels("relative"))
	waitFor(t, events, func(e app.MoveEvent) bool { return e.State == app.StateFailed })
}

// TestOtherToolsModels: they appear by themselves, nothing is copied, and
// removing one only forgets it.
func TestOtherToolsModels(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "somebody", "gamma")
	must(t, os.MkdirAll(dir, 0o700))
	file := filepath.Join(dir, "gamma.gguf")
	must(t, enginetest.WriteModel(file, "gamma"))
	events := &recorder{}
	home := t.TempDir()
	c := open(t, app.Options{Home: home, Exclusive: true, Emitter: events, Roots: func() stores.Roots { return stores.Roots{LMStudio: []string{root}} }})
	a := attach(t, c)
	waitFor(t, events, func(ms []app.Model) bool { return len(ms) == 1 && ms[0].Tool == "lmstudio" && ms[0].External })
	found, err := a.StoresFound()
	if err != nil || len(found) != 1 || found[0].Models != 1 || found[0].Tool != "lmstudio" || found[0].Bytes == 0 {
		t.Errorf("%+v %v", found, err)
	}
	ch, err := a.NewChat("")
	if err != nil || ch.Model == "" {
		t.Fatalf("%+v %v", ch, err)
	}
	if blobs, err := os.ReadDir(filepath.Join(home, "blobs")); err != nil || len(blobs) != 0 {
		t.Errorf("copied: %v %v", blobs, err)
	}
	must(t, a.RemoveModel(ch.Model))
	if _, err := os.Stat(file); err != nil {
		t.Error(err)
	}
	if n, err := c.Adopt(t.Context(), ""); err != nil || n != 0 {
		t.Errorf("what was removed came back by itself: %d %v", n, err)
	}
	if n, err := a.AdoptModels("lmstudio"); err != nil || n != 1 {
		t.Errorf("%d %v", n, err)
	}
	if _, err := a.AdoptModels("../.."); err == nil {
		t.Error("an unknown tool")
	}
}

// TestEmbeddingModelsDoNotChat: they are no default, and no chat gets one.
func TestEmbeddingModelsDoNotChat(t *testing.T) {
	path := filepath.Join(t.TempDir(), "embedder.gguf")
	var meta gguf.Metadata
	meta.Set("general.architecture", "bert")
	meta.Set("general.name", "Embedder")
	meta.Set("bert.pooling_type", uint32(1))
	must(t, gguf.WriteFile(path, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, 8}, Data: bytes.Repeat([]byte{7}, 34*8)}}))
	c := open(t, app.Options{})
	a := attach(t, c)
	m, err := a.ImportModel(path)
	if err != nil || !m.Embeds {
		t.Fatalf("%+v %v", m, err)
	}
	if s, err := a.State(); err != nil || !strings.Contains(s.Hint, "cannot chat") {
		t.Errorf("hint %q %v", s.Hint, err)
	}
	if ref, err := c.DefaultModel(); ref != "" || err != nil {
		t.Errorf("the default is %q %v", ref, err)
	}
	ch, err := a.NewChat("")
	if err != nil || ch.Model != "" {
		t.Errorf("%+v %v", ch, err)
	}
	if _, err := a.NewChat(m.Ref); err == nil {
		t.Error("a chat with a model that cannot write")
	}
	if _, err := a.SetChatModel(ch.ID, m.Ref); err == nil {
		t.Error("a chat got a model that cannot write")
	}
	other, err := a.ImportModel(ggufFile(t, "writer"))
	must(t, err)
	if ref, err := c.DefaultModel(); ref != other.Ref || err != nil {
		t.Errorf("the default is %q %v", ref, err)
	}
}

func TestLicences(t *testing.T) {
	var c *app.Core
	p := newPuller(t, &c, "terms")
	c = open(t, app.Options{Puller: p})
	a := attach(t, c)
	plan, err := a.Preview("terms")
	if err != nil || plan.Accepted || plan.Terms == "" {
		t.Fatalf("%+v %v", plan, err)
	}
	if _, err := a.Pull("terms"); !errors.Is(err, app.ErrTerms) || !strings.HasPrefix(err.Error(), "terms: ") {
		t.Error(err)
	}
	must(t, a.AcceptLicence(plan.Licence, plan.Ref))
	if plan, err = a.Preview("terms"); err != nil || !plan.Accepted {
		t.Errorf("%+v %v", plan, err)
	}
	pull(t, c, "terms")
	p.during("terms")
	p.goOn["terms"] <- nil
	rests(t, c, "terms", app.StateDone)
	if a.AcceptLicence("", "x") == nil {
		t.Error("accepted nothing")
	}
}

func TestImportAll(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"one", "two"} {
		must(t, enginetest.WriteModel(filepath.Join(dir, name+".gguf"), name))
	}
	must(t, os.WriteFile(filepath.Join(dir, "x-00002-of-00003.gguf"), []byte("a later part"), 0o600))
	c := open(t, app.Options{})
	all, err := c.ImportAll(t.Context(), dir, nil)
	if err != nil || len(all) != 2 {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := c.ImportAll(t.Context(), t.TempDir(), nil); err == nil {
		t.Error("imported an empty folder")
	}
}
