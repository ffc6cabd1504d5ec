package cli_test

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
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"freehold/app/cli"
	"freehold/app/enginetest"
	"freehold/engine/gguf"
	"freehold/engine/synthetic"
	"freehold/engine/tensor"
	"freehold/models/hub/hubtest"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestOnlineScripts has a server on loopback take the place of Hugging Face.
func TestOnlineScripts(t *testing.T) {
	model := func(name string) map[string]hubtest.File {
		path := filepath.Join(t.TempDir(), name+"-Q8_0.gguf")
		if err := enginetest.WriteModel(path, name); err != nil {
			t.Fatal(err)
		}
		return map[string]hubtest.File{name + "-Q8_0.gguf": {Path: path}}
	}
	real := filepath.Join(t.TempDir(), "real-Q8_0.gguf")
	if err := synthetic.Tiny().WriteFile(real); err != nil {
		t.Fatal(err)
	}
	server, err := hubtest.NewHuggingFace("",
		hubtest.Repo{ID: "owner/smol", Licence: "mit", Downloads: 7, Files: model("smol")},
		hubtest.Repo{ID: "owner/real", Licence: "mit", Files: map[string]hubtest.File{"real-Q8_0.gguf": {Path: real}}},
		hubtest.Repo{ID: "owner/strict", Licence: "llama3.2", Files: model("strict")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close) // the scripts run when this function has returned
	testscript.Run(t, testscript.Params{
		Dir: "testdata/online",
		Setup: func(e *testscript.Env) error {
			e.Setenv("FREEHOLD_HOME", filepath.Join(e.WorkDir, "home"))
			e.Setenv("HF_ENDPOINT", server.URL)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

// TestInterruptedPull: Ctrl+C pauses and says how to go on, and the same
// command does so, without fetching again what had come.
func TestInterruptedPull(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal for other processes")
	}
	file := filepath.Join(t.TempDir(), "m.gguf")
	weights := make([]byte, 34<<18)
	for i := range weights {
		weights[i] = byte(rand.Uint32())
	}
	var meta gguf.Metadata
	meta.Set("general.architecture", "llama")
	meta.Set("general.name", "Slow")
	if err := gguf.WriteFile(file, &meta, []gguf.TensorSource{{Name: "token_embd.weight", Type: tensor.Q8_0, Shape: []int{32, 1 << 18}, Data: weights}}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var sent, slow atomic.Int64
	slow.Store(1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		http.ServeContent(&counting{w, &sent, &slow}, r, "m.gguf", time.Unix(1e9, 0), bytes.NewReader(data))
	}))
	defer server.Close()
	sum := sha256.Sum256(data)
	ref := server.URL + "/m.gguf#sha256=" + hex.EncodeToString(sum[:])
	home := t.TempDir()
	pull := func() (*exec.Cmd, *bytes.Buffer) {
		path, err := exec.LookPath("freehold")
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "pull", ref)
		cmd.Env = append(os.Environ(), "FREEHOLD_HOME="+home)
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		return cmd, &out
	}
	cmd, out := pull()
	for deadline := time.Now().Add(30 * time.Second); sent.Load() < 3<<20; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is fetched: ", out)
		}
	}
	interrupt(t, cmd, cli.Cancelled)
	if !strings.Contains(out.String(), "Paused at ") || !strings.Contains(out.String(), "goes on") {
		t.Errorf("it says %s", out)
	}
	before := sent.Load()
	slow.Store(0)
	cmd, out = pull()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err, out)
	}
	if again := sent.Load() - before; again >= int64(len(data)) {
		t.Errorf("%d bytes were fetched after the pause, of %d", again, len(data))
	}
}

// counting counts what is sent, slowly if slow is not 0.
type counting struct {
	http.ResponseWriter
	sent, slow *atomic.Int64
}

func (c *counting) Write(p []byte) (n int, err error) {
	for n < len(p) && err == nil {
		if c.slow.Load() != 0 {
			time.Sleep(5 * time.Millisecond)
		}
		var k int
		k, err = c.ResponseWriter.Write(p[n:min(n+16<<10, len(p))])
		n += k
		c.sent.Add(int64(k))
	}
	return n, err
}
