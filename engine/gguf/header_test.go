package gguf

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// headerBytes is how many of a file's bytes come before its tensor data.
func headerBytes(f *File, data []byte) int {
	first := len(data)
	for i := range f.Tensors {
		first = min(first, offsetIn(f.mapped[0].data, f.Tensors[i].Data))
	}
	return first
}

// TestOpenHeader holds what is told of a header alone to what the file says.
func TestOpenHeader(t *testing.T) {
	data := encode(t, everyType(), smallTensors())
	path := writeTemp(t, "whole.gguf", data)
	whole, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	enough := headerBytes(whole, data)
	for n := range len(data) {
		f, err := OpenHeader(Header{path, data[:n], int64(len(data))})
		if err != nil {
			if n >= enough {
				t.Fatalf("%d of %d bytes: %v", n, len(data), err)
			}
			if n >= 4 && !errors.Is(err, ErrIncomplete) {
				t.Fatalf("%d bytes, an error that is not ErrIncomplete: %v", n, err)
			}
			continue
		}
		if f.Size() != whole.Size() || f.Meta.Len() != whole.Meta.Len() || len(f.Tensors) != len(whole.Tensors) {
			t.Fatalf("%d bytes: another file", n)
		}
		for i := range f.Tensors {
			a, b := &f.Tensors[i], &whole.Tensors[i]
			if a.Name != b.Name || a.Type != b.Type || len(a.Data) != len(b.Data) || len(bytes.Trim(a.Data, "\x00")) > 0 {
				t.Fatalf("%d bytes: tensor %+v instead of %+v", n, a, b)
			}
		}
		if err := errors.Join(f.Check(), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOpenHeaderOfLies(t *testing.T) {
	data := encode(t, everyType(), smallTensors())
	for name, h := range map[string]Header{
		"too small a file":            {"x", data[:len(data)-1], int64(len(data)) - 20},
		"data is missing":             {"x", data[:len(data)-100], int64(len(data)) - 90},
		"a million tensors in little": {"x", start(1<<20, 0), 1000},
		"an exabyte":                  {"x", padded(64, start(1, 0), entry("a", 0, 0, 1<<58)), 1 << 61},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := OpenHeader(h)
			if err == nil {
				f.Close()
				t.Fatal("opened")
			}
			if errors.Is(err, ErrIncomplete) {
				t.Errorf("more of it would not help: %v", err)
			}
		})
	}
	if _, err := OpenHeader(); err == nil {
		t.Error("nothing was opened")
	}
}

func TestOpenHeadersOfParts(t *testing.T) {
	paths := splitModel(t, 3, nil)
	whole, err := Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer whole.Close()
	var headers []Header
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		headers = append(headers, Header{p, data[:len(data)-1], int64(len(data))})
	}
	f, err := OpenHeader(headers...)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if len(f.Tensors) != len(whole.Tensors) || f.Size() != whole.Size() {
		t.Errorf("%d tensors in %d bytes", len(f.Tensors), f.Size())
	}
	if _, err := OpenHeader(headers[0], headers[2], headers[1]); err == nil {
		t.Error("parts in disorder")
	}
	if _, err := OpenHeader(headers[:2]...); err == nil {
		t.Error("a part is missing")
	}
}

func FuzzOpenHeader(f *testing.F) {
	data := encode(f, everyType(), smallTensors())
	f.Add(data, uint32(10))
	f.Add(data[:len(data)/2], uint32(len(data)))
	f.Fuzz(func(t *testing.T, data []byte, more uint32) {
		file, err := OpenHeader(Header{"x", data, int64(len(data)) + int64(more)})
		if err == nil {
			file.Close()
		}
	})
}
