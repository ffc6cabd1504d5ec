//go:build unix

// Command ingest adds many pages of PDF to an empty library with `freehold index`,
// ends the program by SIGKILL now and then, and tells how fast pages were read and
// embedded, how much memory that took, and whether anything is lost or twice.
//
//	go run ./bench/ingest -freehold build/bin/freehold -pdf FILE.pdf [-embedder FILE.gguf] [-pages 10000] [-kills 3]
//
// The pages are those of one file, of which copies are made that differ in a
// comment at their end, so that each is a document of its own. Every document
// must come to the same pages and chunks. Memory is the proportional set size of
// the program and its workers, Linux only.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"freehold/app/document"
	"freehold/app/store"
)

type config struct {
	freehold, pdf, embedder, home string
	pages, each, kills            int
}

func main() {
	var c config
	flag.StringVar(&c.freehold, "freehold", "build/bin/freehold", "the program")
	flag.StringVar(&c.pdf, "pdf", "", "a PDF with text")
	flag.StringVar(&c.embedder, "embedder", "", "a model that makes vectors; none: words only")
	flag.StringVar(&c.home, "home", "", "folder for library and copies, kept; none: one that is removed")
	flag.IntVar(&c.pages, "pages", 10_000, "pages in all")
	flag.IntVar(&c.each, "each", 311, "pages of the PDF")
	flag.IntVar(&c.kills, "kills", 3, "how often the program is ended")
	flag.Parse()
	if err := c.run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func (c *config) run(ctx context.Context) error {
	if c.home == "" {
		dir, err := os.MkdirTemp("", "freehold-ingest-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		c.home = dir
	}
	library, files := filepath.Join(c.home, "freehold"), filepath.Join(c.home, "files")
	copies, err := c.copies(files)
	if err != nil {
		return err
	}
	env := append(os.Environ(), "FREEHOLD_HOME="+library)
	if c.embedder != "" {
		cmd := exec.CommandContext(ctx, c.freehold, "import", c.embedder)
		cmd.Env = env
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
	}
	var read, all time.Duration
	most := 0
	for kill := 0; ; kill++ {
		until := 2.0 // never
		if kill < c.kills {
			until = float64(kill+1) / float64(c.kills+1)
		}
		r, err := c.once(ctx, env, files, library, copies, until)
		if err != nil {
			return err
		}
		read, all, most = read+r.read, all+r.all, max(most, r.memory)
		fmt.Printf("run %d: %.1f s, %d of %d documents read, %d complete, %d MB at most\n", kill+1, r.all.Seconds(), r.haveRead, copies, r.complete, r.memory>>20)
		if r.ended {
			break
		}
	}
	fmt.Printf("%d pages read in %.1f s: %.0f pages/s; complete after %.1f s; %d MB at most\n", copies*c.each, read.Seconds(), float64(copies*c.each)/read.Seconds(), all.Seconds(), most>>20)
	return check(ctx, library, copies, c.each)
}

// copies writes the documents.
func (c *config) copies(dir string) (int, error) {
	data, err := os.ReadFile(c.pdf)
	if err != nil {
		return 0, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return 0, err
	}
	n := (c.pages + c.each - 1) / c.each
	for i := range n {
		other := append(bytes.Clone(data), fmt.Sprintf("\n%% copy %d\n", i)...)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("copy%03d.pdf", i)), other, 0o600); err != nil {
			return 0, err
		}
	}
	return n, nil
}

type result struct {
	read, all          time.Duration // until the last page was read, until the end
	haveRead, complete int
	memory             int // bytes
	ended              bool
}

// once runs the program until so large a part of the documents is read, or to its end.
func (c *config) once(ctx context.Context, env []string, files, library string, copies int, until float64) (result, error) {
	var r result
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, c.freehold, "index", files)
	cmd.Env, cmd.Stdout, cmd.Stderr = env, &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return r, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	var db *store.Store
	defer func() {
		if db != nil {
			db.Close()
		}
	}()
	before := -1
	for {
		select {
		case err := <-done:
			r.all, r.ended = time.Since(start), true
			if err != nil {
				return r, fmt.Errorf("freehold index: %w\n%s", err, out.String())
			}
			if db != nil {
				r.haveRead, r.complete = count(ctx, db)
			}
			if r.read == 0 {
				r.read = r.all
			}
			return r, nil
		case <-time.After(300 * time.Millisecond):
		}
		r.memory = max(r.memory, memory(cmd.Process.Pid))
		if db == nil {
			path := filepath.Join(library, "freehold.db")
			if _, err := os.Stat(path); err != nil || time.Since(start) < 2*time.Second {
				continue
			}
			var err error
			if db, err = store.Open(ctx, path); err != nil {
				return r, errors.Join(err, syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL))
			}
		}
		r.haveRead, r.complete = count(ctx, db)
		if before < 0 {
			before = r.haveRead
		}
		if r.haveRead == copies && r.read == 0 && before < copies {
			r.read = time.Since(start)
		}
		if float64(r.haveRead) >= until*float64(copies) {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
			<-done
			r.all = time.Since(start)
			if r.read == 0 {
				r.read = r.all
			}
			return r, nil
		}
	}
}

func count(ctx context.Context, db *store.Store) (read, complete int) {
	docs, err := db.Documents(ctx)
	if err != nil {
		return 0, 0
	}
	for _, d := range docs {
		if d.State == document.Embedding || d.State == document.Ready {
			read++
		}
		if d.State == document.Ready {
			complete++
		}
	}
	return read, complete
}

// check holds every document against the first.
func check(ctx context.Context, library string, copies, pages int) error {
	db, err := store.Open(ctx, filepath.Join(library, "freehold.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	docs, err := db.Documents(ctx)
	if err != nil {
		return err
	}
	if len(docs) != copies {
		return fmt.Errorf("%d documents of %d copies", len(docs), copies)
	}
	first := ""
	for _, d := range docs {
		chunks, err := db.ChunksOf(ctx, []string{d.ID}, 0, 1_000_000)
		if err != nil {
			return err
		}
		var b strings.Builder
		for i, k := range chunks {
			if k.Seq != i {
				return fmt.Errorf("%s: chunk %d is number %d", d.Name, i, k.Seq)
			}
			fmt.Fprintln(&b, k.Page, k.Start, k.End, k.Text)
		}
		if first == "" {
			first = b.String()
		}
		if d.State != document.Ready || d.Receipt.Pages != pages || d.Chunks != len(chunks) || b.String() != first {
			return fmt.Errorf("%s: %s, %d pages, %d chunks told and %d there, the same as of the others: %t", d.Name, d.State, d.Receipt.Pages, d.Chunks, len(chunks), b.String() == first)
		}
		if d.Vectors != 0 && d.Vectors != d.Chunks {
			return fmt.Errorf("%s: %d vectors of %d chunks", d.Name, d.Vectors, d.Chunks)
		}
	}
	fmt.Printf("%d documents, each of %d pages and %d chunks with %d vectors, all alike\n", len(docs), pages, docs[0].Chunks, docs[0].Vectors)
	return nil
}

// memory is the proportional set size of a process and what it has started, in bytes.
func memory(pid int) int {
	children := map[int][]int{}
	procs, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, p := range procs {
		data, err := os.ReadFile(p)
		if err != nil {
			continue
		}
		fields := strings.Fields(string(data[bytes.LastIndexByte(data, ')')+1:]))
		id, _ := strconv.Atoi(filepath.Base(filepath.Dir(p)))
		if len(fields) > 1 {
			parent, _ := strconv.Atoi(fields[1])
			children[parent] = append(children[parent], id)
		}
	}
	sum := 0
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		queue = append(queue, children[queue[0]]...)
		data, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", queue[0]))
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(data), "\n") {
			if kb, ok := strings.CutPrefix(line, "Pss:"); ok {
				n, _ := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(kb, "kB")))
				sum += n << 10
			}
		}
	}
	return sum
}
