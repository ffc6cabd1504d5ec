package gguf

import (
	"errors"
	"fmt"
	"slices"
)

// Header is the beginning of a file that is elsewhere.
type Header struct {
	Name  string // for messages
	Bytes []byte // from the first byte on
	Size  int64  // of the whole file
}

// OpenHeader opens a model of which only the headers of its files are here: one,
// or all parts of a split model in order. Everything about its tensors is true
// but their data, which is zeros. If a header is not all there, errors.Is finds
// ErrIncomplete in the error, and a longer beginning of the file may do.
func OpenHeader(headers ...Header) (*File, error) {
	if len(headers) == 0 {
		return nil, errors.New("no GGUF header given")
	}
	parts := make([]*part, 0, len(headers))
	paths := make([]string, 0, len(headers))
	closeAll := func() {
		for _, p := range parts {
			p.mapping.close()
		}
	}
	for i, h := range headers {
		p, err := headerPart(h)
		if err == nil {
			parts, paths = append(parts, p), append(paths, h.Name)
			if n, e := p.splitCount(); e != nil {
				err = e
			} else if n != len(headers) {
				err = &Error{File: h.Name, Place: "split.count", Problem: fmt.Sprintf("the model has %d parts but %d headers were given", n, len(headers))}
			} else if n > 1 {
				err = p.expectPart(i, n)
			}
		}
		if err != nil {
			closeAll()
			return nil, err
		}
	}
	f := &File{Path: paths[0], Parts: paths, Version: parts[0].version, Alignment: parts[0].alignment, Meta: parts[0].meta}
	for _, p := range parts {
		f.mapped = append(f.mapped, p.mapping)
		f.Tensors = append(f.Tensors, p.tensors...)
	}
	if err := f.checkParts(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func headerPart(h Header) (*part, error) {
	if h.Size < int64(len(h.Bytes)) {
		return nil, &Error{File: h.Name, Problem: fmt.Sprintf("%d bytes of a file of %d were given", len(h.Bytes), h.Size)}
	}
	p := newParser(h.Name, slices.Clip(h.Bytes), uint64(h.Size))
	m := &mapping{path: h.Name, size: h.Size, unmap: func([]byte) error { return nil }}
	p.zeros = func(n uint64) ([]byte, error) {
		data, unmap, err := reserve(n)
		if err != nil {
			return nil, fmt.Errorf("%s: a tensor of %d bytes: %w", h.Name, n, err)
		}
		m.data, m.unmap = data, unmap
		return data, nil
	}
	parsed, err := p.parse()
	if err != nil {
		if e := m.unmap(m.data); e != nil {
			err = errors.Join(err, e)
		}
		return nil, err
	}
	return &part{parsed, m}, nil
}
