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
	// which saves reading the file once more. Of a split model it is that of its
	// parts' digests, see DigestOfParts.
	Digest string

	// What comes with the weights, see Model.
	System, Template string
	Params           map[string]any
}

// Import adds the GGUF file at path and returns its model. A file that the
// library already has is not added twice: its model is returned, mended if its
// weights were damaged. A split model is given by its first part. progress,
// which may be nil, gets bytes read.
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
	path, err := realPath(path)
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
	stamps, err := stampsOf(parts)
	if err != nil {
		return Model{}, err
	}
	end, err := l.stay(ctx)
	if err != nil {
		return Model{}, err
	}
	defer end()

	report := reporter(progress, m.SizeBytes)
	temp := "" // the file or folder that becomes the blob
	defer func() {
		if temp != "" && temp != path {
			os.RemoveAll(temp)
		}
	}()
	moved := false // temp is path itself
	switch {
	case o.Mode == InPlace:
		m.Digest, err = digestParts(ctx, parts, o.Digest, report)
	case o.Mode == Move && len(parts) == 1 && l.renames(path):
		temp, moved = path, true
		m.Digest, err = digestParts(ctx, parts, o.Digest, report)
	default:
		temp, m.Digest, err = l.takeIn(ctx, parts, o, report)
		if err == nil {
			// What is kept must be what was checked, even if path changed meanwhile.
			digest := m.Digest
			first := temp
			if len(parts) > 1 {
				first = filepath.Join(temp, filepath.Base(path))
			}
			m, _, err = inspect(first)
			m.Digest = digest
		}
	}
	if err != nil {
		return Model{}, err
	}

	m.AddedAt = time.Now().UnixMilli()
	m.Source = source
	m.System, m.Template, m.Params = o.System, o.Template, o.Params
	m.fill(o)
	if m.Ref == "" {
		m.Ref = refFor(path, m)
	}
	if m.Name == "" {
		m.Name = m.Ref
	}
	m.stamps = stamps
	if len(parts) > 1 {
		m.Parts = parts
	}
	m.Path, m.External = path, o.Mode == InPlace
	m, err = l.add(m, o.Ref, temp)
	if err == nil && o.Mode == Move && !moved {
		for _, part := range parts {
			os.Remove(part) // it is in the library now; if it stays it does no harm
		}
	}
	return m, err
}

// realPath follows links, but leaves the name of a split model's part as it is:
// the others are found by it.
func realPath(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if !splitName(path) {
		return filepath.EvalSymlinks(path)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	return filepath.Join(dir, filepath.Base(path)), err
}

// fill lays the catalogue's and the caller's knowledge over the file's own.
func (m *Model) fill(o Options) {
	if e, f, ok := catalog.ByDigest(strings.TrimPrefix(m.Digest, "sha256:")); ok {
		m.Ref, m.Name, m.Licence, m.Source, m.Starter = f.Ref, e.Name, e.Licence, e.Homepage, e.Starter
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
func (l *Library) add(m Model, wantRef, temp string) (Model, error) {
	unlock, err := l.lock()
	if err != nil {
		return Model{}, err
	}
	defer unlock()

	models, err := l.read("models")
	if err != nil {
		return Model{}, err
	}
	if err := l.welcome(m); err != nil {
		return Model{}, err
	}
	byRef := map[string]Model{}
	for _, old := range models {
		byRef[old.Ref] = old
		if old.Path != "" && old.Digest == m.Digest && (wantRef == "" || wantRef == old.Ref) {
			if old.Problem == "" && (!old.External || m.External) {
				if temp != "" {
					os.RemoveAll(temp) // the library has this file already
				}
				return old, nil
			}
			m.Ref, m.Name = old.Ref, old.Name // mend, or turn an external model into an own one
			if m.System == "" && m.Template == "" && m.Params == nil {
				m.System, m.Template, m.Params = old.System, old.Template, old.Params
			}
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
		blobs, err := l.blobs()
		if err != nil {
			return Model{}, err
		}
		if err := place(temp, filepath.Join(blobs, blobName(m.Digest)), m.SizeBytes); err != nil {
			return Model{}, err
		}
	}
	if err := l.writeManifest(m); err != nil {
		return Model{}, err
	}
	return l.readManifest(l.manifestPath("models", m.Ref))
}

// place moves a complete file or folder of parts to be the blob at path. A blob
// that is there is replaced, which mends it if it was damaged.
func place(temp, path string, size int64) error {
	info, err := os.Stat(temp)
	if err != nil {
		return err
	}
	if old, err := os.Lstat(path); err == nil && (old.IsDir() || info.IsDir()) {
		// A folder cannot be replaced in one step. Its remains go with the next
		// collection if this process ends here.
		away := filepath.Join(filepath.Dir(path), disk.TempPrefix+fmt.Sprintf("old-%d", time.Now().UnixNano()))
		if err := os.Rename(path, away); err == nil {
			defer os.RemoveAll(away)
		}
	}
	err = disk.Rename(temp, path)
	if err == nil {
		return nil
	}
	if n, e := blobSize(path); e == nil && n == size {
		os.RemoveAll(temp) // on Windows a blob in use cannot be replaced; it has the same digest
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
	switch kind, _ := f.Meta.String("general.type"); {
	case kind == "adapter":
		return Model{}, nil, errors.New("the file is an adapter (LoRA), which changes another model and is none itself")
	case kind == "imatrix":
		return Model{}, nil, errors.New("the file holds statistics for quantizing a model (imatrix), not a model")
	case kind == "mmproj" || m.Architecture == "clip":
		return Model{}, nil, errors.New("the file is the part of a model that sees images, not the model")
	case m.Architecture == "":
		return Model{}, nil, errors.New("the file does not name its architecture (general.architecture); it holds no complete model")
	case len(f.Tensors) == 0:
		return Model{}, nil, errors.New("the file holds no weights, only a vocabulary or settings")
	}
	return m, f.Parts, nil
}

// renames tells whether a file at path can become a blob without being copied.
func (l *Library) renames(path string) bool {
	blobs, err := l.blobs()
	if err != nil {
		return false
	}
	probe, err := os.CreateTemp(filepath.Dir(path), disk.TempPrefix)
	if err != nil {
		return false
	}
	probe.Close()
	to := filepath.Join(blobs, filepath.Base(probe.Name()))
	if os.Rename(probe.Name(), to) != nil {
		os.Remove(probe.Name())
		return false
	}
	os.Remove(to)
	return true
}

// takeIn brings a model's files into the blobs folder under a temporary name:
// a file, or a folder with the parts of a split model.
func (l *Library) takeIn(ctx context.Context, parts []string, o Options, report func(int64)) (temp, digest string, err error) {
	blobs, err := l.blobs()
	if err != nil {
		return "", "", err
	}
	if _, err := os.Stat(blobs); err != nil {
		return "", "", fmt.Errorf("the folder of the models is not there; connect its disk: %w", err)
	}
	temp = filepath.Join(blobs, fmt.Sprintf("%s%d-%d", disk.TempPrefix, os.Getpid(), time.Now().UnixNano()))
	to := []string{temp}
	if len(parts) > 1 {
		if err := os.Mkdir(temp, 0o700); err != nil {
			return "", "", err
		}
		to = nil
		for _, part := range parts {
			to = append(to, filepath.Join(temp, filepath.Base(part)))
		}
	}
	// A moved file may be a hard link too: the other name goes.
	if o.Mode == Link || o.Mode == Move {
		if linkAll(parts, to) {
			digest, err = digestParts(ctx, to, o.Digest, report)
			return temp, digest, err
		}
	}
	var size int64
	for _, part := range parts {
		if info, err := os.Stat(part); err == nil {
			size += info.Size()
		}
	}
	if err := disk.Need(blobs, size); err != nil {
		return temp, "", err
	}
	sums := make([]hash.Hash, len(parts))
	for i, part := range parts {
		sums[i] = sha256.New()
		if err := copyFile(ctx, part, to[i], sums[i], report); err != nil {
			return temp, "", err
		}
	}
	if len(parts) > 1 {
		if err := disk.SyncDir(temp); err != nil {
			return temp, "", err
		}
	}
	return temp, digestOf(sums), nil
}

// linkAll makes hard links, all or none. A symbolic link is not linked, but what
// it points to.
func linkAll(from, to []string) bool {
	for i := range from {
		real, err := filepath.EvalSymlinks(from[i])
		if err == nil {
			err = os.Link(real, to[i])
		}
		if err != nil {
			for _, made := range to[:i] {
				os.Remove(made)
			}
			return false
		}
	}
	return true
}

// copyFile copies from to a new file, summing it up on the way, and waits until
// it is on the disk.
func copyFile(ctx context.Context, from, to string, sum hash.Hash, report func(int64)) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = copyTo(ctx, io.MultiWriter(out, sum), in, report)
	if err == nil {
		err = out.Sync()
	}
	if err == nil {
		disk.Uncache(out)
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}

// digestParts returns the digest of a file, or of the digests of several.
func digestParts(ctx context.Context, parts []string, known string, report func(int64)) (string, error) {
	if known != "" {
		digest := "sha256:" + known
		if !digestPattern.MatchString(digest) {
			return "", fmt.Errorf("%q is not a SHA-256", known)
		}
		return digest, nil
	}
	sums := make([]hash.Hash, len(parts))
	for i, path := range parts {
		sums[i] = sha256.New()
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		err = copyTo(ctx, sums[i], f, report)
		f.Close()
		if err != nil {
			return "", err
		}
	}
	return digestOf(sums), nil
}

// digestOf returns the digest of a model whose parts sum up to this.
func digestOf(parts []hash.Hash) string {
	if len(parts) == 1 {
		return "sha256:" + hex.EncodeToString(parts[0].Sum(nil))
	}
	all := sha256.New()
	for _, h := range parts {
		all.Write(h.Sum(nil))
	}
	return "sha256:" + hex.EncodeToString(all.Sum(nil))
}

// DigestOfParts returns the SHA-256 (hex) that stands for a model whose files
// have these (hex), in order.
func DigestOfParts(parts ...string) (string, error) {
	if len(parts) == 1 {
		return parts[0], nil
	}
	all := sha256.New()
	for _, p := range parts {
		sum, err := hex.DecodeString(p)
		if err != nil || len(sum) != sha256.Size {
			return "", fmt.Errorf("%q is not a SHA-256", p)
		}
		all.Write(sum)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

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
