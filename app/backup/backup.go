// Package backup writes a library into one file and takes it out again. The file
// is a zip whose last entry, manifest.json, names every other with its size and
// SHA-256; nothing is believed that does not agree with it. The package knows
// neither SQL nor what the files mean.
package backup

import (
	"archive/zip"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// Manifest says what a backup holds.
type Manifest struct {
	Format    string  `json:"format"`  // freehold-backup
	Version   int     `json:"version"` // of the format
	Program   string  `json:"program"` // version of Freehold
	Schema    int     `json:"schema"`  // of the database
	CreatedAt int64   `json:"createdAt"`
	Home      string  `json:"home"`    // where the data lay
	Weights   bool    `json:"weights"` // of models are in it
	Tokens    bool    `json:"tokens"`  // for servers, and passwords of proxies, are in it
	Files     []File  `json:"files"`
	Tables    []Table `json:"tables"` // of the database
	Models    []Model `json:"models"` // that were there, whether or not their weights are in it
}

// File is an entry of a backup.
type File struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Table is what the rows of a table come to.
type Table struct {
	Name   string `json:"name"`
	Rows   int64  `json:"rows"`
	SHA256 string `json:"sha256"`
}

// Model is a model as the library had it.
type Model struct {
	Ref      string `json:"ref"`
	Name     string `json:"name"`
	Digest   string `json:"digest"`
	Size     int64  `json:"size"`
	Source   string `json:"source"`
	Included bool   `json:"included"` // its weights are in the backup
}

const (
	format  = "freehold-backup"
	version = 1

	manifestName = "manifest.json"
	mostManifest = 256 << 20
	mostFiles    = 1_000_000
)

// Database is the entry that holds the database.
const Database = "freehold.db"

// allowed are the beginnings of all names of entries.
var allowed = []string{Database, "documents/", "models/", "blobs/", "licences.json", "huggingface-token"}

// Item is a file to be put in.
type Item struct {
	Name string // of the entry
	Path string
	// Steady is one that must not be missing; another may be removed while the
	// backup is written.
	Steady bool
}

// Write writes a backup and returns its manifest. m says all but its files.
func Write(ctx context.Context, w io.Writer, m Manifest, items []Item, progress func(done, total int64)) (Manifest, error) {
	m.Format, m.Version, m.Files = format, version, []File{}
	total, done := int64(0), int64(0)
	for _, it := range items {
		if info, err := os.Stat(it.Path); err == nil {
			total += info.Size()
		}
	}
	z := zip.NewWriter(w)
	z.RegisterCompressor(zip.Deflate, func(out io.Writer) (io.WriteCloser, error) { return flate.NewWriter(out, flate.BestSpeed) })
	for _, it := range items {
		if !validName(it.Name) {
			return m, fmt.Errorf("%q cannot be in a backup", it.Name)
		}
		f, err := add(ctx, z, it, func(n int64) { done += n; progress(min(done, total), total) })
		if errors.Is(err, fs.ErrNotExist) && !it.Steady {
			continue
		}
		if err != nil {
			return m, err
		}
		m.Files = append(m.Files, f)
	}
	text, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return m, err
	}
	e, err := z.CreateHeader(&zip.FileHeader{Name: manifestName, Method: zip.Deflate, Modified: time.UnixMilli(m.CreatedAt).UTC()})
	if err == nil {
		_, err = e.Write(append(text, '\n'))
	}
	return m, errors.Join(err, z.Close())
}

func add(ctx context.Context, z *zip.Writer, it Item, report func(int64)) (File, error) {
	in, err := os.Open(it.Path)
	if err != nil {
		return File{}, err
	}
	defer in.Close()
	h := &zip.FileHeader{Name: it.Name, Method: zip.Store, Modified: time.Unix(0, 0).UTC()}
	if it.Name == Database || strings.HasSuffix(it.Name, ".json") {
		h.Method = zip.Deflate // the rest is compressed already, or as good as
	}
	e, err := z.CreateHeader(h)
	if err != nil {
		return File{}, err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(e, sum), &watched{ctx, in, report})
	if err != nil {
		return File{}, fmt.Errorf("%s: %w", it.Name, err)
	}
	return File{it.Name, n, hex.EncodeToString(sum.Sum(nil))}, nil
}

// watched reads until ctx ends and tells how much.
type watched struct {
	ctx    context.Context
	r      io.Reader
	report func(int64)
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.report(int64(n))
	return n, err
}

// validName tells whether a name may be that of an entry: what it leads to lies
// within the data folder, and is nothing else than a backup restores.
func validName(name string) bool {
	if !fs.ValidPath(name) || strings.ContainsAny(name, `\:`) || len(name) > 1000 || !filepath.IsLocal(filepath.FromSlash(name)) {
		return false
	}
	for _, a := range allowed {
		if name == a || strings.HasSuffix(a, "/") && strings.HasPrefix(name, a) {
			return true
		}
	}
	return false
}

// Archive is a backup that is open for reading.
type Archive struct {
	Manifest
	z       *zip.ReadCloser
	entries map[string]*zip.File
}

// Open opens a backup and reads its manifest.
func Open(file string) (*Archive, error) {
	base := filepath.Base(file)
	z, err := zip.OpenReader(file)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		var p *fs.PathError
		if errors.As(err, &p) {
			return nil, fmt.Errorf("open the backup %s: %w", base, p.Err)
		}
		return nil, fmt.Errorf("%s is no backup of Freehold, or only the beginning of one; copy it again", base)
	}
	a := &Archive{z: z, entries: map[string]*zip.File{}}
	if err := a.read(); err != nil {
		z.Close()
		return nil, fmt.Errorf("the backup %s: %w", base, err)
	}
	return a, nil
}

func (a *Archive) read() error {
	if len(a.z.File) > mostFiles {
		return fmt.Errorf("it has more than %d entries", mostFiles)
	}
	for _, f := range a.z.File {
		if a.entries[f.Name] != nil {
			return fmt.Errorf("%s is in it twice", path.Base(f.Name))
		}
		a.entries[f.Name] = f
	}
	f := a.entries[manifestName]
	if f == nil {
		return errors.New("it has no manifest.json; it is not of Freehold, or not complete")
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, mostManifest+1))
	if err != nil {
		return fmt.Errorf("its manifest is damaged: %w", err)
	}
	if len(text) > mostManifest {
		return errors.New("its manifest is larger than any should be")
	}
	if err := json.Unmarshal(text, &a.Manifest); err != nil {
		return fmt.Errorf("its manifest is damaged: %w", err)
	}
	if a.Format != format {
		return errors.New("it is not of Freehold")
	}
	if a.Version > version {
		return fmt.Errorf("it was written by a newer Freehold (version %d of the format, this one knows %d); install the newer one", a.Version, version)
	}
	named := map[string]bool{manifestName: true}
	for _, f := range a.Files {
		e := a.entries[f.Name]
		switch {
		case !validName(f.Name):
			return fmt.Errorf("%q cannot be in a backup", f.Name)
		case named[f.Name]:
			return fmt.Errorf("%s is named twice", f.Name)
		case e == nil:
			return fmt.Errorf("%s is missing", f.Name)
		case f.Size < 0 || uint64(f.Size) != e.UncompressedSize64:
			return fmt.Errorf("%s has another size than it should", f.Name)
		}
		named[f.Name] = true
	}
	if !named[Database] {
		return errors.New("the database is missing")
	}
	return nil
}

// Close closes the file.
func (a *Archive) Close() error { return a.z.Close() }

// Size is what all files come to.
func (a *Archive) Size() int64 {
	sum := int64(0)
	for _, f := range a.Files {
		sum += f.Size
	}
	return sum
}

// Check reads every file and compares it with the manifest.
func (a *Archive) Check(ctx context.Context, progress func(done, total int64)) error {
	done, total := int64(0), a.Size()
	for _, f := range a.Files {
		if err := a.copy(ctx, f, io.Discard, func(n int64) { done += n; progress(done, total) }); err != nil {
			return err
		}
	}
	return nil
}

// Extract writes one file to path, which must not exist, and makes it last.
func (a *Archive) Extract(ctx context.Context, name, to string, report func(int64)) error {
	for _, f := range a.Files {
		if f.Name == name {
			return a.extract(ctx, f, to, report)
		}
	}
	return fmt.Errorf("%s is not in the backup", name)
}

// Unpack writes all files below dir, which must exist, and makes them last.
func (a *Archive) Unpack(ctx context.Context, dir string, progress func(done, total int64)) error {
	done, total := int64(0), a.Size()
	for _, f := range a.Files {
		to := filepath.Join(dir, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		if err := a.extract(ctx, f, to, func(n int64) { done += n; progress(done, total) }); err != nil {
			return err
		}
	}
	return nil
}

func (a *Archive) extract(ctx context.Context, f File, to string, report func(int64)) error {
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = a.copy(ctx, f, out, report)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return errors.Join(err, os.Remove(to))
	}
	return nil
}

// copy copies a file out and holds it to the manifest.
func (a *Archive) copy(ctx context.Context, f File, w io.Writer, report func(int64)) error {
	in, err := a.entries[f.Name].Open()
	if err != nil {
		return damaged(f, err)
	}
	defer in.Close()
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(w, sum), io.LimitReader(&watched{ctx, in, report}, f.Size+1))
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		return damaged(f, err)
	}
	if n != f.Size || !equal(sum, f.SHA256) {
		return damaged(f, errors.New("it has another content than it should"))
	}
	return nil
}

func equal(sum hash.Hash, want string) bool { return hex.EncodeToString(sum.Sum(nil)) == want }

func damaged(f File, err error) error {
	return fmt.Errorf("the backup is damaged: %s: %w; use another copy of it", f.Name, err)
}
