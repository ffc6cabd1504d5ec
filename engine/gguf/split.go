package gguf

import (
	"fmt"
	"strings"
)

// Open maps the GGUF file at path and validates it. If the file is the first
// part of a split model (name-00001-of-0000N.gguf), the other parts are opened
// with it from the same folder.
func Open(path string) (*File, error) {
	first, err := openPart(path)
	if err != nil {
		return nil, err
	}
	count, err := first.splitCount()
	if err == nil && count > 1 {
		err = first.expectPart(0, count)
	}
	paths := []string{path}
	if err == nil && count > 1 {
		paths, err = partPaths(path, count)
	}
	if err != nil {
		first.mapping.close()
		return nil, err
	}
	return openRest(first, paths)
}

// OpenParts opens a split model whose parts do not follow the naming
// convention, given all of them in order.
func OpenParts(paths ...string) (*File, error) {
	if len(paths) == 0 {
		return nil, fmt.Errorf("no GGUF file given")
	}
	first, err := openPart(paths[0])
	if err != nil {
		return nil, err
	}
	count, err := first.splitCount()
	if err == nil && count > 1 {
		err = first.expectPart(0, count)
	}
	if err == nil && count != len(paths) {
		err = &Error{File: paths[0], Place: "split.count",
			Problem: fmt.Sprintf("the model has %d parts but %d files were given", count, len(paths))}
	}
	if err != nil {
		first.mapping.close()
		return nil, err
	}
	return openRest(first, paths)
}

// part is one validated file of a model.
type part struct {
	*parsed
	mapping *mapping
}

func openPart(path string) (*part, error) {
	m, err := openMapping(path)
	if err != nil {
		return nil, err
	}
	p, err := parse(path, m.data)
	if err != nil {
		m.close()
		return nil, err
	}
	return &part{p, m}, nil
}

// openRest joins first with the parts at paths[1:]; it closes first on error.
func openRest(first *part, paths []string) (f *File, err error) {
	f = &File{Path: paths[0], Parts: paths, Version: first.version, Alignment: first.alignment,
		Meta: first.meta, Tensors: first.tensors, mapped: []*mapping{first.mapping}}
	defer func() {
		if err != nil {
			f.Close()
			f = nil
		}
	}()
	for i, path := range paths[1:] {
		p, err := openPart(path)
		if err != nil {
			return f, fmt.Errorf("part %d of %d of the model: %w", i+2, len(paths), err)
		}
		f.mapped = append(f.mapped, p.mapping)
		if err := p.expectPart(i+1, len(paths)); err != nil {
			return f, err
		}
		f.Tensors = append(f.Tensors, p.tensors...)
	}
	return f, f.checkParts()
}

// checkParts looks at all tensors together and indexes them.
func (f *File) checkParts() error {
	if len(f.Parts) > 1 {
		if want, ok := f.Meta.Uint("split.tensors.count"); ok && want != uint64(len(f.Tensors)) {
			return &Error{File: f.Path, Place: "split.tensors.count",
				Problem: fmt.Sprintf("the model should have %d tensors but its %d parts hold %d", want, len(f.Parts), len(f.Tensors)),
				Advice:  "a part is from another model: download all parts again"}
		}
	}
	f.index = make(map[string]int, len(f.Tensors))
	for i := range f.Tensors {
		name := f.Tensors[i].Name
		if _, dup := f.index[name]; dup {
			return &Error{File: f.Path, Place: "tensor " + quoted(name), Problem: "two parts of the model hold this tensor",
				Advice: "a part is from another model: download all parts again"}
		}
		f.index[name] = i
	}
	return nil
}

// splitCount returns the number of parts of the model, 1 if it is not split.
func (p *part) splitCount() (int, error) {
	v, present := p.meta.Value("split.count")
	if !present {
		return 1, nil
	}
	n, ok := p.meta.Uint("split.count")
	if !ok || n > maxParts {
		return 0, &Error{File: p.mapping.path, Place: "split.count",
			Problem: fmt.Sprintf("%v is not a number of parts from 0 to %d", briefly(v), maxParts), Advice: adviceInvalid}
	}
	return int(max(n, 1)), nil
}

// expectPart checks that p is part i (from 0) of count.
func (p *part) expectPart(i, count int) error {
	n, err := p.splitCount()
	if err != nil {
		return err
	}
	no, ok := p.meta.Uint("split.no")
	switch {
	case !ok || n != count:
		return &Error{File: p.mapping.path, Place: "split.count",
			Problem: fmt.Sprintf("the file does not say that it is part %d of %d", i+1, count),
			Advice:  "a part is missing or from another model: download all parts again"}
	case no != uint64(i) && i == 0:
		return &Error{File: p.mapping.path, Place: "split.no",
			Problem: fmt.Sprintf("this is part %d of a model of %d parts", no+1, count),
			Advice:  "open the first part, whose name ends in " + fmt.Sprintf(partSuffix, 1, count)}
	case no != uint64(i):
		return &Error{File: p.mapping.path, Place: "split.no",
			Problem: fmt.Sprintf("the file says it is part %d but its name says part %d", no+1, i+1),
			Advice:  "download all parts again"}
	}
	return nil
}

const partSuffix = "-%05d-of-%05d.gguf"

// partPaths returns the paths of all parts, given that of the first.
func partPaths(first string, count int) ([]string, error) {
	prefix, ok := strings.CutSuffix(first, fmt.Sprintf(partSuffix, 1, count))
	if !ok {
		return nil, &Error{File: first, Problem: fmt.Sprintf("the model has %d parts but the file's name does not end in "+partSuffix, count, 1, count),
			Advice: "give the parts their original names"}
	}
	paths := make([]string, count)
	for i := range paths {
		paths[i] = prefix + fmt.Sprintf(partSuffix, i+1, count)
	}
	return paths, nil
}
