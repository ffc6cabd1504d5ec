package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"freehold/engine/dialect"
	"freehold/models/catalog"
	"freehold/models/internal/disk"
)

// Mode is how a file enters the library.
type Mode int

const (
	Copy    Mode = iota // the library gets its own copy
	Link                // a hard link: no space used twice; copied where the disk cannot link
	Move                // the file itself moves into the library
	InPlace             // the file stays where it is; only a manifest is written
)

// Options say how to import. The zero value copies.
type Options struct {
	Mode    Mode
	Ref     string // "" for a name made from the file's
	Name    string // "" for the one in the file
	Licence string // "" for the one in the file
	Source  string // "" for the path

	// Digest is the file's SHA-256 (hex) where the caller has just computed it,
	// which saves reading the file once more.
	Digest string
}

// Import adds the GGUF file at path and returns its model. A file that the
// library already has is not added twice: its model is returned, mended if its
// weights were damaged. A split model is given by its first part and always
// stays in place. progress, which may be nil, gets bytes read.
func (l *Library) Import(ctx context.Context, path string, o Options, progress func(done, total int64)) (Model, error) {
	m, err := l.importFile(ctx, path, o, progress)
	if err != nil && ctx.Err() == nil {
		return Model{}, fmt.Errorf("import %s: %w", filepath.Base(path), err)
	}
	return m, err
}

func (l *Library) importFile(ctx context.Context, path string, o Options, progress func(done, total int64)) (Model, error) {
	if o.Ref != "" && !validRef(o.Ref) {
		return Model{}, fmt.Errorf("%q cannot name a model; use lower case letters, digits, '.', '-' and '_'", o.Ref)
	}
	source := path
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return Model{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Model{}, err
	}
	if !info.Mode().IsRegular() {
		return Model{}, fmt.Errorf("%s is not a file; give the path of a .gguf file", path)
	}
	m, parts, err := inspect(path)
	if err != nil {
		return Model{}, err
	}
	if len(parts) > 1 {
		o.Mode = InPlace
	}

	report := reporter(progress, m.SizeBytes)
	temp := "" // the file that becomes the blob
	defer func() {
		if temp != "" && temp != path {
			os.Remove(temp)
		}
	}()
	switch o.Mode {
	case InPlace:
		m.Digest, err = digestParts(ctx, parts, o.Digest, report)
	case Move:
		temp = path
		m.Digest, err = digestParts(ctx, parts, o.Digest, report)
	default:
		temp, m.Digest, err = l.takeIn(ctx, path, o, report)
		if err == nil {
			// What is kept must be what was checked, even if path changed meanwhile.
			digest := m.Digest
			m, _, err = inspect(temp)
			m.Digest = digest
		}
	}
	if err != nil {
		return Model{}, err
	}

	m.AddedAt = time.Now().UnixMilli()
	m.Source = source
	m.fill(o)
	if m.Ref == "" {
		m.Ref = refFor(path, m)
	}
	if m.Name == "" {
		m.Name = m.Ref
	}
	if o.Mode == InPlace {
		m.Path, m.External = path, true
	} else {
		m.Path = l.blobPath(m.Digest)
	}
	return l.add(m, o.Ref, temp, info.ModTime())
}

// fill lays the catalogue's and the caller's knowledge over the file's own.
func (m *Model) fill(o Options) {
	if e, ok := catalog.ByDigest(strings.TrimPrefix(m.Digest, "sha256:")); ok {
		m.Ref, m.Name, m.Licence, m.Source, m.Starter = e.Ref, e.Name, e.Licence, e.Homepage, e.Starter
	}
	for _, f := range []struct {
		to   *string
		from string
	}{{&m.Ref, o.Ref}, {&m.Name, clean(o.Name)}, {&m.Licence, clean(o.Licence)}, {&m.Source, o.Source}} {
		if f.from != "" {
			*f.to = f.from
		}
	}
}

// add places temp as m's blob, unless m is external, and writes its manifest.
func (l *Library) add(m Model, wantRef, temp string, modified time.Time) (Model, error) {
	unlock, err := l.lock()
	if err != nil {
		return Model{}, err
	}
	defer unlock()

	models, err := l.read("models")
	if err != nil {
		return Model{}, err
	}
	byRef := map[string]Model{}
	for _, old := range models {
		byRef[old.Ref] = old
		if old.Digest == m.Digest && (wantRef == "" || wantRef == old.Ref) {
			if old.Problem == "" && (!old.External || m.External) {
				if temp != "" {
					os.Remove(temp) // the library has this file already
				}
				return old, nil
			}
			m.Ref, m.Name = old.Ref, old.Name // mend, or turn an external model into an own one
			wantRef = old.Ref
		}
	}
	if wantRef != "" {
		if old, taken := byRef[wantRef]; taken && old.Digest != m.Digest {
			return Model{}, fmt.Errorf("the name %q is taken by another model; choose another name or remove that one", wantRef)
		}
	} else {
		m.Ref = freeRef(m.Ref, func(ref string) bool { _, taken := byRef[ref]; return taken })
	}

	if temp != "" {
		if err := place(temp, m.Path, m.SizeBytes); err != nil {
			return Model{}, err
		}
	}
	if err := l.writeManifest(m, modified); err != nil {
		return Model{}, err
	}
	return l.readManifest(l.manifestPath("models", m.Ref))
}

// place moves a complete file to be the blob at path. A blob that is there is
// replaced, which mends it if it was damaged.
func place(temp, path string, size int64) error {
	err := disk.Rename(temp, path)
	if err == nil {
		return nil
	}
	if info, e := os.Stat(path); e == nil && info.Size() == size {
		os.Remove(temp) // on Windows a blob in use cannot be replaced; it has the same digest
		return nil
	}
	return err
}

// inspect opens, checks and describes the GGUF file at path.
func inspect(path string) (m Model, parts []string, err error) {
	f, err := dialect.Open(path)
	if err != nil {
		return Model{}, nil, err
	}
	defer f.Close()
	m = describe(f)
	if m.Architecture == "" {
		return Model{}, nil, errors.New("the file does not name its architecture (general.architecture); it holds no complete model")
	}
	if len(f.Tensors) == 0 {
		return Model{}, nil, errors.New("the file holds no weights, only a vocabulary or settings")
	}
	return m, f.Parts, nil
}

// takeIn brings the file at path into the blobs folder under a temporary name.
func (l *Library) takeIn(ctx context.Context, path string, o Options, report func(int64)) (temp, digest string, err error) {
	blobs := filepath.Join(l.home, "blobs")
	if o.Mode == Link {
		linked := filepath.Join(blobs, disk.TempPrefix+fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano()))
		if os.Link(path, linked) == nil {
			digest, err = digestParts(ctx, []string{linked}, o.Digest, report)
			return linked, digest, err
		}
	}
	in, err := os.Open(path)
	if err != nil {
		return "", "", err
	}
	defer in.Close()
	if info, err := in.Stat(); err == nil {
		if err := disk.Need(blobs, info.Size()); err != nil {
			return "", "", err
		}
	}
	out, err := os.CreateTemp(blobs, disk.TempPrefix)
	if err != nil {
		return "", "", err
	}
	h := sha256.New()
	err = copyTo(ctx, io.MultiWriter(out, h), in, report)
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return out.Name(), hexDigest(h), err
}

// digestParts returns the digest of a file, or of the digests of several.
func digestParts(ctx context.Context, parts []string, known string, report func(int64)) (string, error) {
	if known != "" && len(parts) == 1 {
		digest := "sha256:" + known
		if !digestPattern.MatchString(digest) {
			return "", fmt.Errorf("%q is not a SHA-256", known)
		}
		return digest, nil
	}
	all := sha256.New()
	for _, path := range parts {
		h := sha256.New()
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		err = copyTo(ctx, h, f, report)
		f.Close()
		if err != nil {
			return "", err
		}
		if len(parts) == 1 {
			return hexDigest(h), nil
		}
		all.Write(h.Sum(nil))
	}
	return hexDigest(all), nil
}

func hexDigest(h hash.Hash) string { return "sha256:" + hex.EncodeToString(h.Sum(nil)) }

// copyTo copies until the end of r or of ctx, reporting the bytes of each step.
func copyTo(ctx context.Context, w io.Writer, r io.Reader, report func(int64)) error {
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		if _, e := w.Write(buf[:n]); e != nil {
			return e
		}
		report(int64(n))
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// reporter sums steps up for a progress function that may be nil.
func reporter(progress func(done, total int64), total int64) func(int64) {
	var done int64
	return func(n int64) {
		done += n
		if progress != nil {
			progress(done, max(total, done))
		}
	}
}
