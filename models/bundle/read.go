package bundle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"freehold/models/internal/disk"
	"freehold/models/library"
)

// Read adds the models of the bundle in dir to the library, each only after all
// of it was found to be what bundle.json says. Models that the library has are
// not read. It returns those that are there now, also if others could not be
// added; progress, which may be nil, gets bytes read.
func Read(ctx context.Context, lib *library.Library, dir string, progress func(done, total int64)) ([]library.Model, error) {
	x, err := readIndex(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no bundle, or one that was not finished: there is no %s; write it again to the end", dir, indexName)
	}
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	have, err := lib.List()
	if err != nil {
		return nil, err
	}
	byDigest, taken := map[string]library.Model{}, map[string]bool{}
	for _, m := range have {
		taken[m.Ref] = true
		if m.Problem == "" && m.Digest != "" {
			byDigest[m.Digest] = m
		}
	}
	var added []library.Model
	var news []model
	var total int64
	for _, m := range x.Models {
		if old, ok := byDigest["sha256:"+m.SHA256]; ok {
			added = append(added, old)
			continue
		}
		news = append(news, m)
		total += m.SizeBytes
	}
	if err := missing(dir, news); err != nil {
		return added, err
	}
	to, err := lib.Dir()
	if err != nil {
		return added, err
	}
	if err := disk.Need(to, total); err != nil {
		return added, err
	}
	var done int64
	report := func(n int64) {
		if done += n; progress != nil {
			progress(done, total)
		}
	}
	var failed []error
	for _, m := range news {
		for n, ref := 2, m.Ref; taken[m.Ref]; n++ {
			m.Ref = fmt.Sprintf("%.95s-%d", ref, n) // that name means other weights here
		}
		taken[m.Ref] = true
		got, err := readModel(ctx, lib, dir, to, m, report)
		if ctx.Err() != nil {
			return added, ctx.Err()
		}
		if err != nil {
			failed = append(failed, fmt.Errorf("%s was not added: %w", m.Ref, err))
			continue
		}
		added = append(added, got)
	}
	return added, errors.Join(failed...)
}

// readModel joins the parts of a model in the folder to and imports it.
func readModel(ctx context.Context, lib *library.Library, dir, to string, m model, report func(int64)) (library.Model, error) {
	temp, err := os.MkdirTemp(to, disk.TempPrefix+"bundle-")
	if err != nil {
		return library.Model{}, err
	}
	defer os.RemoveAll(temp)
	var digests []string
	for _, f := range m.Files {
		if err := joinParts(ctx, dir, filepath.Join(temp, f.Name), f, report); err != nil {
			return library.Model{}, err
		}
		digests = append(digests, f.SHA256)
	}
	if digest, err := library.DigestOfParts(digests...); err != nil || digest != m.SHA256 {
		return library.Model{}, fmt.Errorf("its files are not the model that the bundle says; do not use it")
	}
	return lib.Import(ctx, filepath.Join(temp, m.Files[0].Name), library.Options{Mode: library.Move, Ref: m.Ref, Name: oneLine(m.Name), Licence: oneLine(m.Licence),
		Source: source(m), Digest: m.SHA256, System: m.System, Template: m.Template, Params: m.Params}, nil)
}

func source(m model) string {
	if s := oneLine(m.Source); s != "" && !filepath.IsAbs(s) {
		return s
	}
	return "bundle"
}

// oneLine takes out what has no place in a name.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) && r != unicode.ReplacementChar {
			return r
		}
		return -1
	}, s)
	runes := []rune(s)
	return string(runes[:min(len(runes), 500)])
}

// joinParts writes the parts of f one after the other to path, checking each.
func joinParts(ctx context.Context, dir, path string, f file, report func(int64)) error {
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	whole := sha256.New()
	for _, p := range f.Parts {
		sum := sha256.New()
		if err = joinPart(ctx, filepath.Join(dir, p.Name), p.SizeBytes, io.MultiWriter(out, whole, sum), report); err != nil {
			break
		}
		if hex.EncodeToString(sum.Sum(nil)) != p.SHA256 {
			err = fmt.Errorf("%s is damaged: it is not what was written; copy it again, or write the bundle again", p.Name)
			break
		}
	}
	if err == nil && hex.EncodeToString(whole.Sum(nil)) != f.SHA256 {
		err = fmt.Errorf("%s, joined, is not what the bundle says; write the bundle again", f.Name)
	}
	if err == nil {
		err = out.Sync()
	}
	if e := out.Close(); err == nil {
		err = e
	}
	return err
}

func joinPart(ctx context.Context, path string, size int64, to io.Writer, report func(int64)) error {
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", path)
	}
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	// One byte more than there should be shows a file that grew.
	return copyTo(ctx, to, io.LimitReader(in, size+1), report)
}
