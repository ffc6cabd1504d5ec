package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

//go:embed reference/tokenize.cpp
var referenceSource []byte

// reference is llama.cpp's tokenizer as a program.
type reference struct {
	program string
	library string // directory of libllama
}

// buildReference compiles the program against a llama.cpp tree in which the
// libraries have been built.
func buildReference(ctx context.Context, tree, dir string) (*reference, error) {
	r := &reference{program: filepath.Join(dir, "tokenize"), library: filepath.Join(tree, "build", "bin")}
	source := filepath.Join(dir, "tokenize.cpp")
	if err := os.WriteFile(source, referenceSource, 0o644); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "c++", "-O2", "-o", r.program, source,
		"-I", filepath.Join(tree, "include"), "-I", filepath.Join(tree, "ggml", "include"),
		"-L", r.library, "-lllama", "-lggml", "-lggml-base", "-pthread", "-Wl,-rpath,"+r.library)
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("compiling the program that runs llama.cpp's tokenizer: %w\n%s", err, out)
	}
	return r, nil
}

// result is what the reference makes of texts.
type result struct {
	tokens [][]int32 // by text; fewer than texts if it failed
	time   time.Duration
	pieces []piece // by token
	failed error   // how it ended, if it did not reach the end
}

type piece struct {
	text         string
	end, control bool
}

// run tokenizes texts by the vocabulary of a file; an override, such as
// tokenizer.ggml.pre=gpt-2, stands in for what the file says.
func (r *reference) run(ctx context.Context, path string, overrides []string, texts []text) (*result, error) {
	cmd := exec.CommandContext(ctx, r.program, append([]string{path}, overrides...)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	var messages bytes.Buffer
	cmd.Stderr = &messages
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		w := bufio.NewWriterSize(in, 1<<20)
		for _, t := range texts {
			var head [5]byte
			binary.LittleEndian.PutUint32(head[:], uint32(len(t.text)))
			head[4] = t.flags
			w.Write(head[:])
			w.WriteString(t.text)
		}
		w.Flush() // fails when the program has ended early, which Wait tells
		in.Close()
	}()
	res := &result{}
	readErr := res.read(bufio.NewReaderSize(out, 1<<20), texts)
	io.Copy(io.Discard, out)
	if err := errors.Join(readErr, cmd.Wait()); err != nil {
		res.failed = fmt.Errorf("%w: %s", err, bytes.TrimSpace(messages.Bytes()))
	}
	return res, nil
}

func (res *result) read(r *bufio.Reader, texts []text) error {
	var failed error
	u32 := func() uint32 {
		var b [4]byte
		if failed == nil {
			_, failed = io.ReadFull(r, b[:])
		}
		if failed != nil {
			return 0
		}
		return binary.LittleEndian.Uint32(b[:])
	}
	for _, t := range texts {
		n := u32()
		if failed == nil && int(n) > 24*len(t.text)+16 {
			failed = fmt.Errorf("%d tokens for %d bytes", n, len(t.text))
		}
		if failed != nil {
			return failed
		}
		ids := make([]int32, n)
		for i := range ids {
			ids[i] = int32(u32())
		}
		if failed != nil {
			return failed
		}
		res.tokens = append(res.tokens, ids)
	}
	if u32() != 1<<32-1 {
		return errors.New("what it writes has no end mark")
	}
	res.time = time.Duration(u32()) | time.Duration(u32())<<32
	res.pieces = make([]piece, u32())
	for i := range res.pieces {
		b := make([]byte, u32()+1)
		if failed == nil {
			_, failed = io.ReadFull(r, b)
		}
		last := len(b) - 1
		res.pieces[i] = piece{string(b[:last]), b[last]&1 != 0, b[last]&2 != 0}
	}
	return failed
}
