package parse

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// process is a worker that runs.
type process struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	w     *bufio.Writer
	out   *bufio.Reader
	files int
	done  chan struct{}
	once  sync.Once
	// Sandbox says what shuts the worker in.
	sandbox string
	said    tail
}

// tail keeps the last of what a worker says on standard error.
type tail struct {
	mu sync.Mutex
	b  []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, p...)
	if len(t.b) > 8<<10 {
		t.b = bytes.Clone(t.b[len(t.b)-4<<10:])
	}
	return len(p), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}

// startWorker starts a worker and waits until it has shut itself in.
func startWorker(c Config) (*process, error) {
	p := &process{done: make(chan struct{})}
	// It outlives the file that it is started for: kill and end end it.
	p.cmd = exec.CommandContext(context.Background(), c.Worker[0], append(append([]string(nil), c.Worker[1:]...), c.Cache)...)
	p.cmd.Stderr = &p.said
	p.cmd.Env = workerEnv()
	hideWindow(p.cmd)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.w, p.out = in, bufio.NewWriterSize(in, 256<<10), bufio.NewReaderSize(out, 256<<10)
	timer := time.AfterFunc(30*time.Second, p.kill)
	var a answer
	err = readJSON(p.out, &a)
	timer.Stop()
	if err == nil && !a.Ready {
		err = errors.New("it does not say that it is ready")
	}
	if err != nil {
		p.kill()
		p.wait()
		return nil, fmt.Errorf("it did not begin (%w) %s", err, p.said.String())
	}
	p.sandbox = a.Sandbox
	return p, nil
}

// workerEnv is the little of the environment that a worker needs.
func workerEnv() []string {
	env := []string{"GOMAXPROCS=2", "GOGC=50", "GOTRACEBACK=none"}
	for _, k := range []string{"SystemRoot", "TMPDIR", "TEMP", "PATH", "GOCOVERDIR"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}

// send asks for something, with the file unless the worker has it.
func (p *process) send(q request, f io.Reader) error {
	p.files++
	if err := writeJSON(p.w, q); err != nil {
		return err
	}
	if q.Same {
		return nil
	}
	b := make([]byte, 256<<10)
	for {
		n, err := f.Read(b)
		if n > 0 {
			if e := writeFrame(p.w, b[:n]); e != nil {
				return e
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return problem(Unreadable, "%v", err)
		}
	}
	if err := writeFrame(p.w, nil); err != nil {
		return err
	}
	return p.w.Flush()
}

// wait waits for the end and returns the exit code, -1 after a kill.
func (p *process) wait() int {
	p.once.Do(func() {
		_ = p.in.Close()
		_ = p.cmd.Wait()
		close(p.done)
	})
	<-p.done
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) kill() { _ = p.cmd.Process.Kill() }

// end asks the worker to end, and waits for that.
func (p *process) end() {
	_ = p.in.Close()
	timer := time.AfterFunc(2*time.Second, p.kill)
	p.wait()
	timer.Stop()
}

// alive tells whether an idle worker still waits.
func (p *process) alive() bool { return running(p.cmd.Process) }

// warmUp makes sure that PDFium lies compiled in the cache: workers may only read
// there. It runs once for each version of the program.
func (r *Reader) warmUp(ctx context.Context) error {
	r.warm.Lock()
	defer r.warm.Unlock()
	if r.isWarm {
		return nil
	}
	if err := os.MkdirAll(r.config.Cache, 0o700); err != nil {
		return fmt.Errorf("make the folder of compiled code: %w", err)
	}
	sign := filepath.Join(r.config.Cache, "compiled")
	want := programSign(r.config.Worker[0])
	if b, err := os.ReadFile(sign); err == nil && string(b) == want && want != "" {
		r.isWarm = true
		return nil
	}
	var said tail
	cmd := exec.CommandContext(ctx, r.config.Worker[0], append(append([]string(nil), r.config.Worker[1:]...), r.config.Cache, "warm")...)
	cmd.Stderr = &said
	cmd.Env = workerEnv()
	hideWindow(cmd)
	if err := cmd.Run(); err != nil {
		return errors.Join(ctx.Err(), fmt.Errorf("compile PDFium for this machine: %w %s", err, said.String()))
	}
	r.isWarm = true
	if want != "" {
		_ = os.WriteFile(sign, []byte(want), 0o600) // without it the next start only takes longer
	}
	return nil
}

// programSign tells one build of the program from another.
func programSign(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return ""
	}
	return fmt.Sprintf("%d %d", info.Size(), info.ModTime().UnixNano())
}
