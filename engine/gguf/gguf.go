package gguf

import (
	"errors"
	"fmt"
	"os"
	"time"

	"freehold/engine/tensor"
)

// File is an open GGUF model: one file, or all parts of a split one.
type File struct {
	Path      string   // the (first) file as it was given to Open
	Parts     []string // paths of all parts, in order; one entry if not split
	Version   uint32   // format version, 2 or 3
	Alignment uint64   // of tensor data in the file, in bytes
	Meta      Metadata // of the first part
	Tensors   []Tensor // in file order over all parts

	index  map[string]int // tensor name → position in Tensors
	mapped []*mapping
}

// Tensor is one tensor of a file, its data mapped.
type Tensor struct {
	Name  string
	Type  tensor.Type
	Shape []int  // 1 to 4 sizes, none 0, the contiguous one first: Shape[0] values make a row
	Data  []byte // read-only, valid until the file is closed; len is exactly the tensor's size
}

// Elements returns the number of values.
func (t *Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}

// Rows returns the number of rows of Shape[0] values.
func (t *Tensor) Rows() int {
	n := 1
	for _, d := range t.Shape[1:] {
		n *= d
	}
	return n
}

// Tensor returns the tensor with the given name.
func (f *File) Tensor(name string) (*Tensor, bool) {
	i, ok := f.index[name]
	if !ok {
		return nil, false
	}
	return &f.Tensors[i], true
}

// Size returns the bytes of all parts together.
func (f *File) Size() int64 {
	var n int64
	for _, m := range f.mapped {
		n += m.size
	}
	return n
}

// Close unmaps the file. Data of its tensors must not be touched afterwards.
func (f *File) Close() error {
	var first error
	for i := range f.Tensors {
		f.Tensors[i].Data = nil
	}
	for _, m := range f.mapped {
		if err := m.close(); err != nil && first == nil {
			first = err
		}
	}
	f.mapped = nil
	return first
}

// Check reports an error if the file was changed since it was opened. Mapped
// data then is not what was validated, or is gone.
func (f *File) Check() error {
	for _, m := range f.mapped {
		if err := m.check(); err != nil {
			return err
		}
	}
	return nil
}

// mapping is a whole file in memory.
type mapping struct {
	path    string
	data    []byte
	size    int64
	modTime time.Time
	file    *os.File
	unmap   func([]byte) error
}

func openMapping(path string) (*mapping, error) {
	// A pipe or device would block or never end, so look before opening.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: path, Problem: "is not a regular file"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err = file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &Error{File: path, Problem: "is not a regular file"}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	m := &mapping{path: path, size: info.Size(), modTime: info.ModTime(), file: file}
	switch {
	case m.size == 0:
		err = &Error{File: path, Problem: "the file is empty", Advice: "download it again"}
	case int64(int(m.size)) != m.size:
		err = &Error{File: path, Problem: fmt.Sprintf("%d bytes are more than a 32-bit program can map", m.size)}
	default:
		m.data, m.unmap, err = mapFile(file, int(m.size))
		if err != nil {
			err = fmt.Errorf("%s: cannot map the file into memory: %w", path, err)
		}
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return m, nil
}

func (m *mapping) close() error {
	err := m.unmap(m.data)
	m.data = nil
	if m.file == nil { // only its header was here
		return err
	}
	return errors.Join(err, m.file.Close())
}

func (m *mapping) check() error {
	if m.file == nil {
		return nil
	}
	info, err := m.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() != m.size || !info.ModTime().Equal(m.modTime) {
		return &Error{File: m.path, Problem: "the file was changed by another program while it was in use",
			Advice: "close the model, restore or download the file, and open it again"}
	}
	return nil
}

// With returns a file that shows meta and tensors in place of f's own, which
// stay as they are. It takes f's mapping over: close only the result, and use
// neither afterwards.
func (f *File) With(meta Metadata, tensors []Tensor) (*File, error) {
	meta.file = f.Path
	v := &File{Path: f.Path, Parts: f.Parts, Version: f.Version, Alignment: f.Alignment,
		Meta: meta, Tensors: tensors, mapped: f.mapped, index: make(map[string]int, len(tensors))}
	for i := range tensors {
		name := tensors[i].Name
		if _, dup := v.index[name]; dup {
			return nil, &Error{File: f.Path, Place: "tensor " + quoted(name), Problem: "two tensors have this name", Advice: adviceInvalid}
		}
		v.index[name] = i
	}
	return v, nil
}
