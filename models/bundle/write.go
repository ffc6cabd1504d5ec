package bundle

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"freehold/models/catalog"
	"freehold/models/internal/disk"
	"freehold/models/library"
)

// Write writes models to the bundle in dir, making one if there is none; other
// models that are in it stay. Every part is read back and compared. What an
// earlier Write left, cancelled or killed, is taken where it is right. progress,
// which may be nil, gets bytes: half of them when they are written, half when
// they are read back.
func Write(ctx context.Context, dir string, models []library.Model, progress func(done, total int64)) error {
	return write(ctx, dir, models, maxPart, progress)
}

func write(ctx context.Context, dir string, models []library.Model, partSize int64, progress func(done, total int64)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	lock := filepath.Join(dir, ".freehold-lock")
	unlock, err := disk.TryLock(lock)
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	defer os.Remove(lock)
	defer unlock()

	x, err := readIndex(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the folder has a bundle that this one cannot be added to: %w", err)
	}
	x.Version = indexVersion
	w := &writer{ctx: ctx, dir: dir, partSize: partSize, progress: progress}
	var news []model
	for _, m := range models {
		if m.Problem != "" {
			return fmt.Errorf("%s: %s", m.Ref, m.Problem)
		}
		n, err := w.plan(m)
		if err != nil {
			return fmt.Errorf("%s: %w", m.Ref, err)
		}
		if slices.ContainsFunc(news, func(old model) bool { return old.Ref == n.Ref }) {
			continue
		}
		news = append(news, n)
		w.total += n.SizeBytes
	}
	if err := w.replace(&x, news); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	if err := w.room(news); err != nil {
		return err
	}
	for i := range news {
		if err := w.model(&news[i]); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("write %s to the bundle: %w", news[i].Ref, err)
		}
		x.Models = append(x.Models, news[i])
		if err := writeIndex(dir, x); err != nil {
			return fmt.Errorf("write the bundle: %w", err)
		}
	}
	w.sweep()
	return missing(dir, x.Models)
}

// leftName is how parts and indexes are called until they are complete.
var leftName = regexp.MustCompile(`^([0-9]+|[a-z0-9._-]+\.gguf(\.[0-9]{3,})?)$`)

// sweep deletes what an earlier Write began and nobody wants any more.
func (w *writer) sweep() {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return
	}
	for _, e := range entries {
		name, temp := strings.CutPrefix(e.Name(), disk.TempPrefix)
		if temp && e.Type().IsRegular() && leftName.MatchString(name) {
			os.Remove(filepath.Join(w.dir, e.Name()))
		}
	}
}

// writer writes one bundle.
type writer struct {
	ctx      context.Context
	dir      string
	partSize int64
	progress func(done, total int64)
	done     int64 // twice: bytes written and bytes read back
	total    int64
	sources  map[string]string // file of the bundle → where it comes from
}

func (w *writer) report(n int64) {
	w.done += n
	if w.progress != nil {
		w.progress(min(w.done/2, w.total), w.total)
	}
}

// plan says what m will be in the bundle, without digests.
func (w *writer) plan(m library.Model) (model, error) {
	n := model{Ref: m.Ref, Name: m.Name, Architecture: m.Architecture, Quant: m.Quant, Licence: m.Licence, Source: m.Source,
		SHA256: strings.TrimPrefix(m.Digest, "sha256:"), System: m.System, Template: m.Template, Params: m.Params}
	if filepath.IsAbs(n.Source) {
		n.Source = "" // where it lies on this machine is nobody else's business
	}
	n.LicenceURL = licenceURL(n)
	if w.sources == nil {
		w.sources = map[string]string{}
	}
	stem := m.Ref
	if deviceName.MatchString(stem) {
		stem = "model-" + stem
	}
	paths := m.Files()
	for i, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return n, err
		}
		f := file{Name: stem + ".gguf", SizeBytes: info.Size()}
		if len(paths) > 1 {
			f.Name = fmt.Sprintf("%s-%05d-of-%05d.gguf", stem, i+1, len(paths))
		}
		for left, no := f.SizeBytes, 1; left > 0; no++ {
			p := part{Name: f.Name, SizeBytes: min(left, w.partSize)}
			if f.SizeBytes > w.partSize {
				p.Name = fmt.Sprintf("%s.%03d", f.Name, no)
			}
			left -= p.SizeBytes
			f.Parts = append(f.Parts, p)
		}
		if other, taken := w.sources[f.Name]; taken && other != path {
			return n, fmt.Errorf("two models would be called %s", f.Name)
		}
		w.sources[f.Name] = path
		n.Files = append(n.Files, f)
		n.SizeBytes += f.SizeBytes
	}
	return n, nil
}

func licenceURL(m model) string {
	if e, _, ok := catalog.ByDigest(m.SHA256); ok {
		return e.LicenceURL
	}
	for _, e := range catalog.All() {
		if m.Licence != "" && strings.EqualFold(e.Licence, m.Licence) {
			return e.LicenceURL
		}
	}
	return ""
}

// replace takes out of the bundle what the new models stand for, before their
// files change.
func (w *writer) replace(x *index, news []model) error {
	before := x.Models
	x.Models = slices.DeleteFunc(slices.Clone(before), func(old model) bool {
		return slices.ContainsFunc(news, func(n model) bool { return n.Ref == old.Ref })
	})
	taken := map[string]bool{}
	for _, p := range parts(x.Models) {
		taken[p.Name] = true
	}
	wanted := map[string]bool{}
	for _, p := range parts(news) {
		if wanted[p.Name] = true; taken[p.Name] {
			return fmt.Errorf("another model of it has a file called %s", p.Name)
		}
	}
	if len(x.Models) == len(before) {
		return nil
	}
	if err := writeIndex(w.dir, *x); err != nil {
		return err
	}
	for _, p := range parts(before) {
		if !taken[p.Name] && !wanted[p.Name] {
			if err := os.Remove(filepath.Join(w.dir, p.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// room checks that what is not there yet has place.
func (w *writer) room(news []model) error {
	var need int64
	for _, p := range parts(news) {
		path := filepath.Join(w.dir, p.Name)
		there := int64(0)
		for _, name := range []string{path, w.temp(path)} {
			if info, err := os.Stat(name); err == nil {
				there = max(there, info.Size())
			}
		}
		need += max(p.SizeBytes-there, 0)
	}
	const slack = 1 << 20
	if free, err := disk.Free(w.dir); err == nil && free < need+slack {
		return fmt.Errorf("not enough space in %s: %s needed, %s free; use a larger disk, or fewer models", w.dir, disk.Size(need+slack), disk.Size(free))
	}
	return nil
}

func (w *writer) temp(path string) string {
	return filepath.Join(filepath.Dir(path), disk.TempPrefix+filepath.Base(path))
}

// model writes m's files and fills in their digests.
func (w *writer) model(m *model) error {
	var digests []string
	for i := range m.Files {
		if err := w.file(&m.Files[i]); err != nil {
			return err
		}
		digests = append(digests, m.Files[i].SHA256)
	}
	digest, err := library.DigestOfParts(digests...)
	if err != nil {
		return err
	}
	if m.SHA256 != "" && m.SHA256 != digest {
		for _, p := range parts([]model{*m}) {
			os.Remove(filepath.Join(w.dir, p.Name))
		}
		return fmt.Errorf("its weights on this machine are damaged (%s instead of %s); get the model again", digest, m.SHA256)
	}
	m.SHA256 = digest
	return nil
}

func (w *writer) file(f *file) error {
	in, err := os.Open(w.sources[f.Name])
	if err != nil {
		return err
	}
	defer in.Close()
	before, err := in.Stat()
	if err != nil {
		return err
	}
	whole := sha256.New()
	for i := range f.Parts {
		if err := w.part(&f.Parts[i], io.LimitReader(in, f.Parts[i].SizeBytes), whole); err != nil {
			return err
		}
	}
	after, err := os.Stat(w.sources[f.Name])
	if err != nil {
		return err
	}
	if after.Size() != f.SizeBytes || !after.ModTime().Equal(before.ModTime()) {
		return errors.New("its file changed while it was read; try again")
	}
	f.SHA256 = hex.EncodeToString(whole.Sum(nil))
	return nil
}

// part makes one file of the bundle of what in gives. What is there of it stays
// as far as it is the same.
func (w *writer) part(p *part, in io.Reader, whole hash.Hash) error {
	path := filepath.Join(w.dir, p.Name)
	temp := w.temp(path)
	if info, err := os.Lstat(path); err == nil && info.Mode().IsRegular() {
		// Under its final name only while it is complete.
		if err := os.Rename(path, temp); err != nil {
			return err
		}
	}
	if info, err := os.Lstat(temp); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", temp)
	}
	out, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	err = w.fill(out, in, p.SizeBytes, io.MultiWriter(sum, whole))
	if err == nil {
		err = w.readBack(out, p.SizeBytes, sum.Sum(nil))
	}
	if e := out.Close(); err == nil {
		err = e
	}
	if err != nil {
		return err
	}
	p.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return disk.Rename(temp, path)
}

// fill makes out hold what in gives, comparing first and writing from the first
// difference on, and waits until it is on the disk.
func (w *writer) fill(out *os.File, in io.Reader, size int64, sums io.Writer) error {
	buf, there := make([]byte, 1<<20), make([]byte, 1<<20)
	same := true
	var at int64
	for at < size {
		if err := w.ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(in, buf[:min(int64(len(buf)), size-at)])
		if err != nil {
			return fmt.Errorf("its file ended early: %w", err)
		}
		if _, err := sums.Write(buf[:n]); err != nil {
			return err
		}
		if same {
			m, _ := out.ReadAt(there[:n], at)
			same = m == n && bytes.Equal(there[:n], buf[:n])
		}
		if !same {
			if _, err := out.WriteAt(buf[:n], at); err != nil {
				return err
			}
		}
		at += int64(n)
		w.report(int64(n))
	}
	if err := out.Truncate(size); err != nil {
		return err
	}
	return out.Sync()
}

// readBack checks what the disk gives back.
func (w *writer) readBack(out *os.File, size int64, want []byte) error {
	disk.Uncache(out)
	back := sha256.New()
	if err := copyTo(w.ctx, back, io.NewSectionReader(out, 0, size), w.report); err != nil {
		return err
	}
	if !bytes.Equal(back.Sum(nil), want) {
		return fmt.Errorf("%s reads back otherwise than it was written; this disk is faulty, use another", out.Name())
	}
	return nil
}

// copyTo copies until the end of r or of ctx, reporting the bytes of each step.
func copyTo(ctx context.Context, to io.Writer, r io.Reader, report func(int64)) error {
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		if _, e := to.Write(buf[:n]); e != nil {
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
