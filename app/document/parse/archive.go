package parse

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// archive is a zip file whose expansion is bounded: by the bytes that come out
// in all, and by the bytes that come out of a byte.
type archive struct {
	files   map[string]*zip.File
	names   []string // in the file's order
	limits  Limits
	left    int64 // bytes that may still come out
	receipt *Receipt
}

// firstExpansion is what an archive may expand to whatever its ratio.
const firstExpansion = 1 << 20

func openArchive(data []byte, limits Limits, receipt *Receipt) (*archive, error) {
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // paths do no harm: nothing is written to the disk
		return nil, problem(Damaged, "its archive is damaged or cut off (%v)", err)
	}
	a := &archive{files: map[string]*zip.File{}, limits: limits, left: limits.Expanded, receipt: receipt}
	for i, f := range z.File {
		if i >= limits.Entries {
			receipt.skip("archive entries", "", fmt.Sprintf("more than %d are not read", limits.Entries))
			break
		}
		name := strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(f.Name, "\\", "/")), "/")
		if f.Flags&1 != 0 {
			return nil, problem(Password, "its archive is protected by a password")
		}
		if _, ok := a.files[name]; !ok {
			a.files[name] = f
			a.names = append(a.names, name)
		}
	}
	return a, nil
}

func (a *archive) has(name string) bool { return a.files[name] != nil }

// open streams an entry.
func (a *archive) open(name string) (io.ReadCloser, error) {
	f := a.files[name]
	if f == nil {
		return nil, problem(Damaged, "its part %s is missing", name)
	}
	r, err := f.Open()
	if err != nil {
		return nil, problem(Damaged, "its part %s cannot be read (%v)", name, err)
	}
	bound := max(firstExpansion, int64(min(f.CompressedSize64, uint64(a.limits.Bytes)))*a.limits.Ratio)
	return &entry{r: r, a: a, name: name, left: bound}, nil
}

// entry is an entry being read.
type entry struct {
	r    io.ReadCloser
	a    *archive
	name string
	left int64 // by the ratio
}

func (e *entry) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	e.left -= int64(n)
	e.a.left -= int64(n)
	switch {
	case e.left < 0:
		return n, problem(TooLarge, "its part %s expands to more than %d times its size", e.name, e.a.limits.Ratio)
	case e.a.left < 0:
		return n, problem(TooLarge, "it expands to more than %d MB", e.a.limits.Expanded>>20)
	case err != nil && !errors.Is(err, io.EOF):
		err = problem(Damaged, "its part %s is damaged (%v)", e.name, err)
	}
	return n, err
}

func (e *entry) Close() error { return e.r.Close() }

// read returns an entry of at most limit bytes.
func (a *archive) read(name string, limit int64) ([]byte, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = problem(TooLarge, "its part %s is larger than %d MB", name, limit>>20)
	}
	return b, err
}

// match lists the entries whose names match the pattern of path.Match.
func (a *archive) match(pattern string) []string {
	var list []string
	for _, n := range a.names {
		if ok, _ := path.Match(pattern, n); ok {
			list = append(list, n)
		}
	}
	return list
}

// relations reads the relationships of an OOXML part: id → target's name.
func (a *archive) relations(part string) (map[string]relation, error) {
	name := "_rels/.rels" // of the package
	if part != "" {
		name = path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	}
	all := map[string]relation{}
	if !a.has(name) {
		return all, nil
	}
	x, err := a.xml(name)
	if err != nil {
		return all, err
	}
	defer x.close()
	for {
		t, err := x.next()
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return all, err
		}
		if e, ok := t.(startElement); ok && e.Name.Local == "Relationship" {
			target := attr(e, "Target")
			if attr(e, "TargetMode") != "External" {
				if strings.HasPrefix(target, "/") {
					target = strings.TrimPrefix(path.Clean(target), "/")
				} else {
					target = path.Join(path.Dir(part), target)
				}
			}
			all[attr(e, "Id")] = relation{kind: path.Base(attr(e, "Type")), target: target}
		}
	}
}

type relation struct{ kind, target string }

// xml opens an entry as XML.
func (a *archive) xml(name string) (*xmlReader, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	return newXML(r, a.limits.Depth, name), nil
}
