package cli_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"freehold/app/cli"
	"freehold/app/enginetest"
	"freehold/engine/synthetic"

	"github.com/rogpeppe/go-internal/testscript"
)

// freehold is the program with the counting engine.
func freehold() {
	e := &enginetest.Engine{}
	if os.Getenv("SLOW") != "" {
		e.Words, e.Delay = 100000, 10*time.Millisecond
	}
	t := cli.Terminal{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	page := fstest.MapFS{"frontend/dist/index.html": {Data: []byte("the page")}}
	os.Exit(cli.Run(os.Args[1:], t, cli.Config{Version: "1.2.3", Assets: page, Engine: e}))
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"freehold": freehold})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("FREEHOLD_HOME", filepath.Join(e.WorkDir, "home"))
			for _, name := range []string{"alpha", "beta", "broken"} {
				if err := enginetest.WriteModel(filepath.Join(e.WorkDir, name+".gguf"), name); err != nil {
					return err
				}
			}
			if err := writeWeights(filepath.Join(e.WorkDir, "hf", "model.safetensors")); err != nil {
				return err
			}
			return synthetic.Tiny().WriteFile(filepath.Join(e.WorkDir, "tiny.gguf"))
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
		},
	})
}

// exits CODE COMMAND…: the command ends with this exit code.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("exit code %s, want %s", code, args[0])
	}
}

// start runs the program in the background with a home of its own.
func start(t *testing.T, home string, args ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	path, err := exec.LookPath("freehold") // testscript.Main has put it on the path
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "FREEHOLD_HOME="+home, "SLOW=1", "FREEHOLD_TOKEN=")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); _ = cmd.Wait() })
	return cmd, bufio.NewScanner(out)
}

func interrupt(t *testing.T, cmd *exec.Cmd, want int) {
	t.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(20 * time.Second):
		t.Fatal("Ctrl+C did not end it")
	}
	if code := cmd.ProcessState.ExitCode(); code != want {
		t.Errorf("exit code %d, want %d", code, want)
	}
}

func TestInterruptedRun(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal for other processes")
	}
	home := t.TempDir()
	model := filepath.Join(t.TempDir(), "m.gguf")
	if err := enginetest.WriteModel(model, "m"); err != nil {
		t.Fatal(err)
	}
	cmd, out := start(t, home, "run", model, "count")
	out.Split(bufio.ScanWords)
	for range 5 {
		if !out.Scan() {
			t.Fatal("no output")
		}
	}
	interrupt(t, cmd, cli.Cancelled)
}

func TestServe(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no interrupt signal for other processes")
	}
	home := t.TempDir()
	cmd, out := start(t, home, "serve", "--addr", "127.0.0.1:0")
	if !out.Scan() {
		t.Fatal("no link")
	}
	link := out.Text()
	if !strings.HasPrefix(link, "http://127.0.0.1:") {
		t.Fatalf("link %q", link)
	}
	r, err := http.NewRequestWithContext(context.Background(), "GET", link, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Errorf("the link answers %d", resp.StatusCode)
	}
	second, _ := start(t, home, "serve", "--addr", "127.0.0.1:0")
	_ = second.Wait()
	if code := second.ProcessState.ExitCode(); code != cli.InUse {
		t.Errorf("a second server ends with %d, want %d", code, cli.InUse)
	}
	interrupt(t, cmd, cli.OK)
}

// writeWeights writes those of a Qwen 2 of one layer, all of them 0, in
// safetensors form; convert.txtar has the files beside it.
func writeWeights(path string) error {
	var header strings.Builder
	size := 0
	add := func(name string, shape ...int) {
		n := 2
		for _, d := range shape {
			n *= d
		}
		comma := ","
		if size == 0 {
			comma = "{"
		}
		fmt.Fprintf(&header, `%s%q:{"dtype":"BF16","shape":%s,"data_offsets":[%d,%d]}`, comma, name, strings.ReplaceAll(fmt.Sprint(shape), " ", ","), size, size+n)
		size += n
	}
	add("model.embed_tokens.weight", 8, 32)
	add("model.norm.weight", 32)
	for _, name := range []string{"self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"} {
		add("model.layers.0."+name+".weight", 32, 32)
	}
	add("model.layers.0.input_layernorm.weight", 32)
	add("model.layers.0.post_attention_layernorm.weight", 32)
	header.WriteString("}")
	data := binary.LittleEndian.AppendUint64(nil, uint64(header.Len()))
	data = append(append(data, header.String()...), make([]byte, size)...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, data, 0o600)
}
