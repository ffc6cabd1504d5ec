package gguf

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"freehold/engine/tensor"
)

// splitModel writes a model of n parts with one tensor each and returns the
// parts' paths. Change may alter a part's metadata and tensors.
func splitModel(t *testing.T, n int, change func(part int, m *Metadata, tensors []TensorSource)) []string {
	t.Helper()
	dir := t.TempDir()
	var paths []string
	for i := range n {
		m := &Metadata{}
		if i == 0 {
			m.Set("general.architecture", "llama")
		}
		m.Set("split.no", uint16(i))
		m.Set("split.count", uint16(n))
		m.Set("split.tensors.count", int32(n))
		tensors := []TensorSource{{Name: fmt.Sprintf("blk.%d.weight", i), Type: tensor.I8, Shape: []int{1}, Data: []byte{byte(i)}}}
		if change != nil {
			change(i, m, tensors)
		}
		// Write refuses parts of a model, so a harmless name of the same
		// length stands in for the count.
		count, _ := m.Value("split.count")
		m.Delete("split.count")
		m.Set("split.C0UNT", count)
		path := filepath.Join(dir, fmt.Sprintf("m"+partSuffix, i+1, n))
		data := []byte(strings.Replace(string(encode(t, m, tensors)), "split.C0UNT", "split.count", 1))
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestSplitModel(t *testing.T) {
	paths := splitModel(t, 3, nil)
	f, err := Open(paths[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !slices.Equal(f.Parts, paths) || len(f.Tensors) != 3 {
		t.Fatalf("parts %q, %d tensors", f.Parts, len(f.Tensors))
	}
	for i := range 3 {
		x, ok := f.Tensor(fmt.Sprintf("blk.%d.weight", i))
		if !ok || x.Data[0] != byte(i) {
			t.Errorf("tensor of part %d: %+v", i+1, x)
		}
	}
	if a, _ := f.Meta.String("general.architecture"); a != "llama" {
		t.Errorf("architecture %q", a)
	}
	if err := f.Check(); err != nil {
		t.Error(err)
	}

	// The same parts under names that say nothing.
	var renamed []string
	for i, p := range paths {
		q := filepath.Join(t.TempDir(), fmt.Sprintf("blob%d", i))
		if err := os.Link(p, q); err != nil {
			t.Skip(err)
		}
		renamed = append(renamed, q)
	}
	g, err := OpenParts(renamed...)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	if len(g.Tensors) != 3 {
		t.Errorf("%d tensors", len(g.Tensors))
	}
	for _, c := range []struct {
		paths []string
		want  string
	}{
		{renamed[:1], "3 parts but 1 files"}, {renamed[:2], "3 parts but 2 files"}, {nil, "no GGUF file"},
		{[]string{renamed[0], renamed[2], renamed[1]}, "part 3 but its name says part 2"},
		{[]string{renamed[1], renamed[0], renamed[2]}, "part 2 of a model of 3"},
	} {
		if h, err := OpenParts(c.paths...); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, %v", c.paths, h, err)
		}
	}
}

func TestSplitModelRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(part int, m *Metadata, tensors []TensorSource)
		damage func(paths []string) string // returns what to open
		want   string
	}{
		"second part first": {nil, func(p []string) string { return p[1] }, "open the first part"},
		"part missing":      {nil, func(p []string) string { os.Remove(p[1]); return p[0] }, "part 2 of 3"},
		"part damaged":      {nil, func(p []string) string { os.Truncate(p[2], 60); return p[0] }, "part 3 of 3"},
		"renamed": {nil, func(p []string) string {
			q := filepath.Join(filepath.Dir(p[0]), "x.gguf")
			os.Rename(p[0], q)
			return q
		}, "original names"},
		"swapped": {nil, func(p []string) string { os.Rename(p[1], p[2]); os.Link(p[2], p[1]); return p[0] }, "says it is part 2"},
		"other model": {func(i int, m *Metadata, _ []TensorSource) {
			if i == 1 {
				m.Set("split.count", uint16(4))
			}
		}, nil, "part 2 of 3"},
		"no number": {func(i int, m *Metadata, _ []TensorSource) {
			if i == 1 {
				m.Delete("split.no")
			}
		}, nil, "part 2 of 3"},
		"tensor twice": {func(i int, _ *Metadata, x []TensorSource) { x[0].Name = "same" }, nil, "two parts"},
		"tensor count": {func(i int, m *Metadata, _ []TensorSource) { m.Set("split.tensors.count", int32(4)) }, nil, "should have 4 tensors"},
		"too many":     {func(i int, m *Metadata, _ []TensorSource) { m.Set("split.count", uint16(60000)) }, nil, "number of parts"},
		"count string": {func(i int, m *Metadata, _ []TensorSource) { m.Set("split.count", "3") }, nil, "number of parts"},
	} {
		t.Run(name, func(t *testing.T) {
			paths := splitModel(t, 3, c.change)
			path := paths[0]
			if c.damage != nil {
				path = c.damage(paths)
			}
			f, err := Open(path)
			if err == nil {
				f.Close()
				t.Fatal("was opened")
			}
			if !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), filepath.Dir(path)) {
				t.Errorf("%v lacks %q or the file", err, c.want)
			}
		})
	}
}
