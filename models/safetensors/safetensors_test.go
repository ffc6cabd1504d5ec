package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// file is a safetensors file with this header and so many bytes of data.
func file(header string, data int) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	out = append(out, header...)
	for i := range data {
		out = append(out, byte(i))
	}
	return out
}

func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const two = `{"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[4,16]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`

func TestOpen(t *testing.T) {
	f, err := Open(write(t, t.TempDir(), "x", file(two+"   ", 16)))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if f.Meta["format"] != "pt" || len(f.Tensors) != 2 || f.Tensors[0].Name != "a" {
		t.Fatalf("read %+v", f)
	}
	b := &f.Tensors[1]
	if b.DType != BF16 || !slices.Equal(b.Shape, []int{2, 3}) || b.Bytes != 12 {
		t.Errorf("read %+v", b)
	}
	p := make([]byte, 6)
	if n, err := b.ReadAt(p, 2); n != 6 || err != nil || p[0] != 6 {
		t.Errorf("read %d bytes %v, %v", n, p, err)
	}
	if n, err := b.ReadAt(p, 8); n != 4 || !errors.Is(err, io.EOF) || p[0] != 12 {
		t.Errorf("at the end read %d bytes %v, %v", n, p, err)
	}
	for _, at := range []int64{-1, 13} {
		if _, err := b.ReadAt(p, at); err == nil {
			t.Errorf("read from byte %d", at)
		}
	}
}

func TestRefuses(t *testing.T) {
	entry := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"x":{"dtype":%q,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"short", []byte("abc"), "too short"},
		{"no header", binary.LittleEndian.AppendUint64(nil, 5), "goes past the end"},
		{"huge header", binary.LittleEndian.AppendUint64(nil, 1<<63), "above the limit"},
		{"no JSON", file("hello", 0), "no safetensors file"},
		{"a list", file("[]", 0), "no safetensors file"},
		{"cut JSON", file(two[:40], 16), "no safetensors file"},
		{"more behind", file(two+"{}", 16), "more behind"},
		{"not UTF-8", file("{\"\xff\":1}", 0), "UTF-8"},
		{"twice", file(`{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}`, 1), "twice"},
		{"type", file(entry("Q4", "[1]", "[0,1]"), 1), `type "Q4" is unknown`},
		{"negative", file(entry("U8", "[-1]", "[0,1]"), 1), "no safetensors file"},
		{"fraction", file(entry("U8", "[1.5]", "[0,1]"), 1), "no safetensors file"},
		{"dimensions", file(entry("U8", "[1,1,1,1,1,1,1,1,1]", "[0,1]"), 1), "9 dimensions"},
		{"overflow", file(entry("F64", "[4294967296,4294967296,4294967296]", "[0,0]"), 0), "too large"},
		{"wide", file(entry("U8", "[18446744073709551615]", "[0,0]"), 0), "too large"},
		{"size", file(entry("F32", "[2]", "[0,4]"), 4), "takes 8 bytes"},
		{"backwards", file(entry("F32", "[1]", "[4,0]"), 4), "takes 4 bytes"},
		{"half a byte", file(entry("F4", "[1]", "[0,1]"), 1), "whole byte"},
		{"past the end", file(entry("F32", "[1]", "[0,4]"), 3), "download it again"},
		{"trailing", file(entry("F32", "[1]", "[0,4]"), 5), "download it again"},
		{"overlap", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[2,6]}}`, 6), "overlaps"},
		{"hole", file(`{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}`, 12), "belong to no tensor"},
	} {
		path := write(t, t.TempDir(), "x.safetensors", c.data)
		f, err := Open(path)
		if err == nil {
			f.Close()
			t.Errorf("%s: no error", c.name)
		} else if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want %q and the file", c.name, err, c.want)
		}
	}
	if _, err := Open(t.TempDir()); err == nil || !strings.Contains(err.Error(), "regular file") {
		t.Errorf("a folder: %v", err)
	}
}

func TestOpenModel(t *testing.T) {
	one := func(name string) []byte {
		return file(`{"`+name+`":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}`, 4)
	}
	for _, c := range []struct {
		name  string
		files map[string][]byte
		want  []string // names of tensors
		fails string
	}{
		{"one file", map[string][]byte{"model.safetensors": one("a"), "other.safetensors": one("b")}, []string{"a"}, ""},
		{"one of another name", map[string][]byte{"weights.safetensors": one("a")}, []string{"a"}, ""},
		{"parts", map[string][]byte{"m-1.safetensors": one("a"), "m-2.safetensors": one("b"), "adapter.safetensors": one("c"),
			indexName: []byte(`{"metadata":{"total_size":8},"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}`)}, []string{"a", "b"}, ""},
		{"a part is missing", map[string][]byte{"m-1.safetensors": one("a"), indexName: []byte(`{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}`)}, nil, "m-2.safetensors"},
		{"a tensor is missing", map[string][]byte{"m-1.safetensors": one("a"), indexName: []byte(`{"weight_map":{"b":"m-1.safetensors"}}`)}, nil, `"b"`},
		{"outside", map[string][]byte{indexName: []byte(`{"weight_map":{"a":"../secret.safetensors"}}`)}, nil, "not a file beside it"},
		{"outside with a backslash", map[string][]byte{indexName: []byte(`{"weight_map":{"a":"..\\secret.safetensors"}}`)}, nil, "not a file beside it"},
		{"parent", map[string][]byte{indexName: []byte(`{"weight_map":{"a":".."}}`)}, nil, "not a file beside it"},
		{"empty index", map[string][]byte{indexName: []byte(`{}`)}, nil, "lists no files"},
		{"damaged index", map[string][]byte{indexName: []byte(`{`)}, nil, indexName},
		{"twice", map[string][]byte{"m-1.safetensors": one("a"), "m-2.safetensors": one("a"), indexName: []byte(`{"weight_map":{"a":"m-1.safetensors","b":"m-2.safetensors"}}`)}, nil, `"b"`},
		{"several", map[string][]byte{"m-1.safetensors": one("a"), "m-2.safetensors": one("b")}, nil, indexName},
		{"pickled", map[string][]byte{"pytorch_model.bin": nil}, nil, "convert it to that first"},
		{"pickled parts", map[string][]byte{"pytorch_model-00001-of-00002.bin": nil}, nil, "safetensors"},
		{"nothing", map[string][]byte{"README.md": nil}, nil, "holds no .safetensors file"},
	} {
		dir := t.TempDir()
		for name, data := range c.files {
			write(t, dir, name, data)
		}
		m, err := OpenModel(dir)
		if c.fails != "" {
			if err == nil {
				m.Close()
			}
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%s: %v, want %q", c.name, err, c.fails)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var names []string
		for _, x := range m.Tensors {
			names = append(names, x.Name)
			if got, ok := m.Tensor(x.Name); !ok || got.Path != x.Path {
				t.Errorf("%s: tensor %s is not found by its name", c.name, x.Name)
			}
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("%s: tensors %v, want %v", c.name, names, c.want)
		}
		if _, ok := m.Tensor("none"); ok {
			t.Errorf("%s: found a tensor that is not there", c.name)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// FuzzParse holds every header that is accepted to what a reader relies on.
func FuzzParse(f *testing.F) {
	f.Add(file(two, 16))
	f.Add(file(`{"x":{"dtype":"F4","shape":[2,0],"data_offsets":[0,0]}}`, 0))
	f.Add(file(`{"x":{"dtype":"F64","shape":[18446744073709551615,2],"data_offsets":[0,1]}}`, 1))
	f.Add(binary.LittleEndian.AppendUint64(nil, 1<<62))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse("fuzzed", bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		names := map[string]bool{}
		for i := range p.Tensors {
			x := &p.Tensors[i]
			if names[x.Name] {
				t.Errorf("%q twice", x.Name)
			}
			names[x.Name] = true
			all, err := io.ReadAll(io.NewSectionReader(x, 0, x.Bytes))
			if err != nil || int64(len(all)) != x.Bytes {
				t.Errorf("%q: %d of %d bytes, %v", x.Name, len(all), x.Bytes, err)
			}
		}
	})
}
