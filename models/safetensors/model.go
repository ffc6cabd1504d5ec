package safetensors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	indexName = "model.safetensors.index.json"
	maxIndex  = 64 << 20
	maxParts  = 1024
)

// Model is the weights in a folder, in one file or several.
type Model struct {
	Tensors []Tensor // sorted by file, then by place in it
	index   map[string]int
	files   []*File
}

// OpenModel opens the weights in a folder: the files that
// model.safetensors.index.json lists, or model.safetensors, or the only file
// whose name ends so.
func OpenModel(dir string) (*Model, error) {
	names, listed, err := parts(dir)
	if err != nil {
		return nil, err
	}
	m := &Model{index: map[string]int{}}
	for _, name := range names {
		f, err := Open(filepath.Join(dir, name))
		if err != nil {
			return nil, errors.Join(err, m.Close())
		}
		m.files = append(m.files, f)
		for _, t := range f.Tensors {
			if in, ok := listed[t.Name]; ok && in != name {
				continue // the index takes it from another file
			}
			if i, dup := m.index[t.Name]; dup {
				m.Close()
				return nil, fmt.Errorf("tensor %q is both in %s and in %s; delete the files that do not belong to the model", t.Name, m.Tensors[i].Path, f.Path)
			}
			m.index[t.Name] = len(m.Tensors)
			m.Tensors = append(m.Tensors, t)
		}
	}
	for name, in := range listed {
		if _, ok := m.index[name]; !ok {
			m.Close()
			return nil, fmt.Errorf("%s lists tensor %q, but %s does not hold it; download the model again", indexName, name, in)
		}
	}
	return m, nil
}

// Tensor returns the tensor called name.
func (m *Model) Tensor(name string) (*Tensor, bool) {
	i, ok := m.index[name]
	if !ok {
		return nil, false
	}
	return &m.Tensors[i], true
}

// Add opens a further file that is closed with the model. Its tensors do not
// become the model's.
func (m *Model) Add(path string) (*File, error) {
	f, err := Open(path)
	if err == nil {
		m.files = append(m.files, f)
	}
	return f, err
}

// Close closes the files.
func (m *Model) Close() error {
	var errs []error
	for _, f := range m.files {
		errs = append(errs, f.Close())
	}
	m.files = nil
	return errors.Join(errs...)
}

// parts returns the names of a model's files, and the file of each tensor if an
// index says so.
func parts(dir string) (names []string, listed map[string]string, err error) {
	data, err := readLimited(filepath.Join(dir, indexName), maxIndex)
	if err == nil {
		var index struct {
			Files map[string]string `json:"weight_map"`
		}
		if err := json.Unmarshal(data, &index); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", filepath.Join(dir, indexName), err)
		}
		seen := map[string]bool{}
		for _, name := range index.Files {
			if !seen[name] {
				seen[name] = true
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			if name == "" || name != filepath.Base(name) || strings.ContainsAny(name, `/\:`) || name == ".." {
				return nil, nil, fmt.Errorf("%s names %q, which is not a file beside it", filepath.Join(dir, indexName), name)
			}
		}
		switch {
		case len(names) == 0:
			return nil, nil, fmt.Errorf("%s lists no files", filepath.Join(dir, indexName))
		case len(names) > maxParts:
			return nil, nil, fmt.Errorf("%s lists %d files, above the limit of %d", filepath.Join(dir, indexName), len(names), maxParts)
		}
		return names, index.Files, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, nil, err
	}
	pickled := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == "model.safetensors":
			return []string{name}, nil, nil
		case strings.HasSuffix(name, ".safetensors"):
			names = append(names, name)
		case strings.HasSuffix(name, ".bin") && strings.HasPrefix(name, "pytorch_model"), strings.HasSuffix(name, ".pth"), strings.HasSuffix(name, ".pt"):
			pickled = name
		}
	}
	switch {
	case len(names) == 1:
		return names, nil, nil
	case len(names) > 1:
		return nil, nil, fmt.Errorf("%s holds %s and more, but no %s that says which belong to the model", dir, names[0], indexName)
	case pickled != "":
		return nil, nil, fmt.Errorf("%s is a pickled PyTorch file, which can run any program when it is opened; get the model in safetensors form, or convert it to that first", filepath.Join(dir, pickled))
	}
	return nil, nil, fmt.Errorf("%s holds no .safetensors file; give the folder of a model as Hugging Face lays it out", dir)
}

// readLimited reads a file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than the %d bytes that such a file may have", path, limit)
	}
	return data, nil
}
