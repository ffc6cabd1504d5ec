package app_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"freehold/app"
	"freehold/app/enginetest"
	"freehold/engine/gguf"
	"freehold/engine/tensor"
)

// slowly serves a file at a rate, with ranges, and counts what it sends.
type slowly struct {
	data []byte
	sent atomic.Int64
}

func (s *slowly) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("ETag", `"one"`)
	http.ServeContent(&slowWriter{w, s, r}, r, "m.gguf", time.Unix(1e9, 0), bytes.NewReader(s.data))
}

type slowWriter struct {
	http.ResponseWriter
	s *slowly
	r *http.Request
}

func (w *slowWriter) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		time.Sleep(2 * time.Millisecond)
		var k int
		k, err = w.ResponseWriter.Write(p[n:min(n+32<<10, len(p))])
		n += k
		w.s.sent.Add(int64(k))
	}
	return n, err
}

// pullInChild is what the child of TestKilledWhileDownloading does: it opens
// the application, asks for the model if nothing is on its way yet, and waits.
func pullInChild(t *testing.T, home, ref string) {
	c, err := app.Open(t.Context(), app.Options{Home: home, Exclusive: true, Engine: &enginetest.Engine{}, Roots: noStores})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "opened"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if len(c.Downloads()) == 0 {
		if _, err := c.Pull(t.Context(), ref); err != nil {
			t.Fatal(err)
		}
	}
	d, err := c.WaitPull(t.Context(), c.Downloads()[0].Ref)
	if err != nil || d.State != app.StateDone {
		t.Fatalf("%+v %v", d, err)
	}
	must(t, c.Close())
}

// TestKilledWhileDownloading kills the whole application again and again while
// it downloads. Each start goes on by itself, and in the end the model is there,
// whole, and not much was sent twice.
func TestKilledWhileDownloading(t *testing.T) {
	if home := os.Getenv("APP_TEST_PULL"); home != "" {
		pullInChild(t, home, os.Getenv("APP_TEST_REF"))
		return
	}
	kills := 4
	if n, err := strconv.Atoi(os.Getenv("FREEHOLD_KILLS")); err == nil {
		kills = n
	}
	file := filepath.Join(t.TempDir(), "m.gguf")
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	meta.Set("general.name", "Killed")
	weights := make([]byte, 34<<18)
	for i := range weights {
		weights[i] = byte(rand.Uint32())
	}
	must(t, gguf.WriteFile(file, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, 1 << 18}, Data: weights}}))
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	s := &slowly{data: data}
	server := httptest.NewServer(s)
	defer server.Close()
	sum := sha256.Sum256(data)
	ref := server.URL + "/m.gguf#sha256=" + hex.EncodeToString(sum[:])
	home := t.TempDir()
	run := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledWhileDownloading$", "-test.timeout=120s")
		cmd.Env = append(os.Environ(), "APP_TEST_PULL="+home, "APP_TEST_REF="+ref)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		must(t, cmd.Start())
		t.Cleanup(func() {
			if t.Failed() {
				t.Log(out.String())
			}
		})
		return cmd
	}
	for i := range kills {
		before := s.sent.Load()
		cmd := run()
		goal := before + 1 + rand.Int64N(int64(len(data)/kills))
		for deadline := time.Now().Add(60 * time.Second); s.sent.Load() < goal && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if cmd.ProcessState != nil {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		if s.sent.Load() < goal {
			t.Fatalf("start %d fetched nothing", i)
		}
	}
	if err := run().Wait(); err != nil {
		t.Fatal(err)
	}
	c := open(t, app.Options{Home: home})
	models, err := c.Models()
	if err != nil || len(models) != 1 || models[0].Problem != "" {
		t.Fatalf("%+v %v", models, err)
	}
	must(t, c.Verify(t.Context(), models[0].Ref, nil))
	// What was in flight, and not yet in the journal, comes again.
	if most := int64(len(data)) + int64(kills)*(4<<20); s.sent.Load() > most {
		t.Errorf("%d bytes were sent for a file of %d, more than %d", s.sent.Load(), len(data), most)
	}
	log, err := c.NetworkLog(t.Context())
	if err != nil || len(log) < 2 || log[0].Host == "" || !log[0].Ended {
		t.Errorf("log: %d requests, %v", len(log), err)
	}
	t.Logf("%d kills: %d bytes sent for a file of %d", kills, s.sent.Load(), len(data))
}
