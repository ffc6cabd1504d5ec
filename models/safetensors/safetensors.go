// Package safetensors reads files of weights in the safetensors format: a JSON
// header with the name, type, shape and place of each tensor, and the data
// behind it.
//
// A file is treated as hostile: every length and offset is checked before it is
// used, and nothing is allocated for data before it is asked for. The limits:
//
//	header        100 MB, as the format's own reader has it
//	dimensions    0 to 8
//	tensors       1,048,576 per file
//	parts         1024 per model
package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"slices"
	"unicode/utf8"
)

const (
	maxHeader  = 100_000_000
	maxDims    = 8
	maxTensors = 1 << 20
)

// DType is the type of a tensor's values, as the format names it.
type DType string

// The types that models' weights have. The format knows more.
const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16"
)

// widths are the bits of a value.
var widths = map[DType]uint64{
	F64: 64, F32: 32, F16: 16, BF16: 16,
	"I64": 64, "I32": 32, "I16": 16, "I8": 8, "U64": 64, "U32": 32, "U16": 16, "U8": 8, "BOOL": 8,
	"F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "C64": 64,
}

// Tensor is one tensor of a file. Its data stays there until it is read.
type Tensor struct {
	Name  string
	DType DType
	Shape []int // the contiguous dimension last; none for a single value
	Bytes int64 // of data
	Path  string

	file   io.ReaderAt
	offset int64
}

// ReadAt reads data from its byte off on, like [io.ReaderAt].
func (t *Tensor) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 || off > t.Bytes {
		return 0, fmt.Errorf("%s: tensor %q has no byte %d", t.Path, t.Name, off)
	}
	short := int64(len(p)) > t.Bytes-off
	if short {
		p = p[:t.Bytes-off]
	}
	n, err := t.file.ReadAt(p, t.offset+off)
	if err == io.EOF && n == len(p) {
		err = nil
	}
	if err == nil && short {
		err = io.EOF
	}
	if err != nil && err != io.EOF {
		return n, fmt.Errorf("%s: reading tensor %q: %w", t.Path, t.Name, err)
	}
	return n, err
}

// File is an open file.
type File struct {
	Path    string
	Tensors []Tensor          // in the order of their data
	Meta    map[string]string // what the file says about itself
	file    *os.File
}

// Open reads and checks the header of the file at path.
func Open(path string) (*File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	f, err := parse(path, file, info.Size())
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.file = file
	return f, nil
}

// Close closes the file; its tensors cannot be read afterwards.
func (f *File) Close() error { return f.file.Close() }

// entry is a tensor in the header.
type entry struct {
	DType   DType     `json:"dtype"`
	Shape   []uint64  `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

func parse(path string, r io.ReaderAt, size int64) (*File, error) {
	var length [8]byte
	if size < int64(len(length)) {
		return nil, errors.New("the file is too short to be a safetensors file; download it again")
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	switch {
	case n > maxHeader:
		return nil, fmt.Errorf("a header of %d bytes is above the limit of %d; this is no safetensors file", n, maxHeader)
	case n > uint64(size)-8:
		return nil, fmt.Errorf("a header of %d bytes goes past the end of the file; download it again", n)
	}
	header := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, 8, int64(n)), header); err != nil {
		return nil, err
	}
	if !utf8.Valid(header) {
		return nil, errors.New("the header is not valid UTF-8; this is no safetensors file")
	}
	f := &File{Path: path, Meta: map[string]string{}}
	if err := f.readHeader(header); err != nil {
		return nil, err
	}
	start, room := int64(8+n), uint64(size)-8-n
	slices.SortFunc(f.Tensors, func(a, b Tensor) int { return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.Bytes, b.Bytes)) })
	var end uint64
	for i := range f.Tensors {
		t := &f.Tensors[i]
		switch {
		case uint64(t.offset) < end:
			return nil, fmt.Errorf("tensor %q overlaps tensor %q; the file is invalid", t.Name, f.Tensors[i-1].Name)
		case uint64(t.offset) > end:
			return nil, fmt.Errorf("%d bytes before tensor %q belong to no tensor; the file is invalid", uint64(t.offset)-end, t.Name)
		}
		end += uint64(t.Bytes)
		t.file, t.Path = r, path
		t.offset += start
	}
	if end != room {
		return nil, fmt.Errorf("the tensors take %d bytes but the file holds %d; download it again", end, room)
	}
	return f, nil
}

// readHeader reads name by name, since a map would hide names given twice.
func (f *File) readHeader(header []byte) error {
	dec := json.NewDecoder(bytes.NewReader(header))
	bad := func(err error) error {
		return fmt.Errorf("the header is not what the format calls for (%w); this is no safetensors file", err)
	}
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return bad(cmp.Or(err, errors.New("no JSON object")))
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return bad(err)
		}
		name := key.(string) // what else could a key be
		if seen[name] {
			return fmt.Errorf("tensor %q is there twice; the file is invalid", name)
		}
		seen[name] = true
		if name == "__metadata__" {
			if err := dec.Decode(&f.Meta); err != nil {
				return bad(err)
			}
			continue
		}
		var e entry
		if err := dec.Decode(&e); err != nil {
			return bad(fmt.Errorf("tensor %q: %w", name, err))
		}
		if len(f.Tensors) == maxTensors {
			return fmt.Errorf("more than %d tensors", maxTensors)
		}
		t, err := e.tensor(name)
		if err != nil {
			return fmt.Errorf("tensor %q: %w", name, err)
		}
		f.Tensors = append(f.Tensors, t)
	}
	if _, err := dec.Token(); err != nil {
		return bad(err)
	}
	if rest := bytes.TrimLeft(header[dec.InputOffset():], " \t\r\n"); len(rest) > 0 {
		return bad(errors.New("there is more behind it"))
	}
	return nil
}

// tensor checks an entry; its offset is still that within the data.
func (e entry) tensor(name string) (Tensor, error) {
	width, ok := widths[e.DType]
	if !ok {
		return Tensor{}, fmt.Errorf("type %q is unknown", e.DType)
	}
	if len(e.Shape) > maxDims {
		return Tensor{}, fmt.Errorf("%d dimensions, but at most %d are supported", len(e.Shape), maxDims)
	}
	t := Tensor{Name: name, DType: e.DType, Shape: make([]int, len(e.Shape))}
	size := width
	for i, d := range e.Shape {
		hi, lo := bits.Mul64(size, d)
		if d > 1<<40 || hi != 0 || lo > 1<<60 {
			return Tensor{}, fmt.Errorf("shape %v is too large", e.Shape)
		}
		size, t.Shape[i] = lo, int(d)
	}
	if size%8 != 0 {
		return Tensor{}, fmt.Errorf("shape %v of type %s does not end at a whole byte", e.Shape, e.DType)
	}
	if from, to := e.Offsets[0], e.Offsets[1]; from > to || to > 1<<60 || to-from != size/8 {
		return Tensor{}, fmt.Errorf("shape %v of type %s takes %d bytes, but offsets %d to %d are given", e.Shape, e.DType, size/8, from, to)
	}
	t.offset, t.Bytes = int64(e.Offsets[0]), int64(size/8)
	return t, nil
}
