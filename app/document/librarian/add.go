package librarian

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
	"time"
	"unicode/utf8"

	"freehold/app/document"
	"freehold/app/document/parse"
)

const (
	mostFiles = 20_000 // of one drop
	mostDepth = 32     // of folders in folders
)

// Add takes files, and of folders all that can be read, into the library, and
// into a collection if one is given. A file that is known by its content is not
// taken twice; one that changed is read again. It returns the documents in the
// order of the files; they are read in the background.
func (l *Librarian) Add(ctx context.Context, paths []string, collection string) ([]document.Document, error) {
	var files []string
	for _, p := range paths {
		found, err := readable(ctx, p)
		if err != nil {
			return nil, err
		}
		if files = append(files, found...); len(files) > mostFiles {
			return nil, fmt.Errorf("these are more than %d files; add fewer at a time, or watch the folder", mostFiles)
		}
	}
	docs := []document.Document{}
	seen := map[string]bool{}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return docs, err
		}
		d, err := l.take(ctx, f, "")
		if err != nil {
			return docs, err
		}
		if !seen[d.ID] {
			seen[d.ID] = true
			docs = append(docs, d)
		}
	}
	if collection != "" {
		if err := l.store.AddToCollection(ctx, collection, idsOf(docs)...); err != nil {
			return docs, err
		}
		l.tellCollections(ctx)
	}
	for i := range docs {
		if d, err := l.store.Document(ctx, docs[i].ID); err == nil {
			docs[i] = d
		}
		mark(&docs[i])
		l.emit("document", docs[i])
	}
	l.stir()
	return docs, nil
}

// readable lists the files at a path: the file itself, or those of a folder
// whose kind can be read, hidden ones left out.
func readable(ctx context.Context, path string) ([]string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("add %s: %w", path, err)
	}
	if !info.IsDir() {
		if !info.Mode().IsRegular() {
			return nil, fmt.Errorf("add %s: this is no file", path)
		}
		return []string{path}, nil
	}
	var files []string
	err = filepath.WalkDir(path, func(p string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			if p == path {
				return err
			}
			return nil // a folder that may not be read: the others go on
		}
		if p != path && strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "~$") {
			if e.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		if e.IsDir() {
			if strings.Count(p[len(path):], string(filepath.Separator)) > mostDepth {
				return filepath.SkipDir
			}
			return nil
		}
		if e.Type().IsRegular() && parse.Readable(p) {
			if files = append(files, p); len(files) > mostFiles {
				return fmt.Errorf("%s holds more than %d files; add a folder within it", path, mostFiles)
			}
		}
		return nil
	})
	return files, err
}

// take makes a document of a file, or finds the one it is already.
func (l *Librarian) take(ctx context.Context, path, folder string) (document.Document, error) {
	l.changes.Lock()
	defer l.changes.Unlock()
	info, err := os.Stat(path)
	if err != nil {
		return document.Document{}, fmt.Errorf("add %s: %w", path, err)
	}
	known, err := l.store.DocumentByPath(ctx, path)
	if err != nil && !errors.Is(err, document.ErrNotFound) {
		return known, err
	}
	here := err == nil
	if here && known.Receipt.Size == info.Size() && known.ModifiedAt == info.ModTime().UnixMilli() {
		if known.State == document.Failed { // perhaps what was in the way is gone
			again(&known, info)
			err = l.store.SaveDocument(ctx, known)
		}
		return known, err
	}
	sum, err := digest(ctx, path)
	if err != nil {
		return known, fmt.Errorf("add %s: %w", path, err)
	}
	if here {
		if known.Receipt.SHA256 == sum { // touched, not changed
			known.ModifiedAt = info.ModTime().UnixMilli()
		} else {
			l.stop(known.ID)
			again(&known, info)
			known.Receipt.SHA256 = sum
		}
		return known, l.store.SaveDocument(ctx, known)
	}
	same, err := l.store.DocumentByContent(ctx, sum)
	if err == nil {
		if _, gone := os.Stat(same.Path); gone != nil || l.uploaded(same.Path) && !l.uploaded(path) { // moved, or now known where it really lies
			old := same.Path
			same.Path, same.Name, same.Folder = path, filepath.Base(path), folder
			same.ModifiedAt = info.ModTime().UnixMilli()
			err = l.store.SaveDocument(ctx, same)
			if l.uploaded(old) {
				err = errors.Join(err, os.RemoveAll(filepath.Dir(old)))
			}
		} else if l.uploaded(path) && path != same.Path {
			err = os.RemoveAll(filepath.Dir(path)) // a second copy
		}
		return same, err
	}
	if !errors.Is(err, document.ErrNotFound) {
		return same, err
	}
	d := document.Document{ID: newID(), Name: filepath.Base(path), Path: path, Folder: folder, AddedAt: time.Now().UnixMilli(), State: document.Queued}
	again(&d, info)
	d.Receipt.SHA256 = sum
	return d, l.store.SaveDocument(ctx, d)
}

func (l *Librarian) uploaded(path string) bool {
	return filepath.Dir(filepath.Dir(path)) == l.uploads()
}

func digest(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, &cancelable{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

type cancelable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// mostUpload is what an uploaded file may hold.
const mostUpload = 512 << 20

// Upload keeps a file that a browser sent, whose place on the disk it does not
// tell, and returns where it lies now. Add takes it in.
func (l *Librarian) Upload(name string, r io.Reader) (path string, err error) {
	dir := filepath.Join(l.uploads(), newID())
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", fmt.Errorf("keep the file: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	f, err := os.OpenFile(filepath.Join(dir, fileName(name)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("keep the file: %w", err)
	}
	n, err := io.Copy(f, io.LimitReader(r, mostUpload+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("keep %s: %w", name, err)
	}
	if n > mostUpload {
		return "", fmt.Errorf("%s is larger than %d MB", name, mostUpload>>20)
	}
	return f.Name(), nil
}

// fileName makes a name out of what a browser calls a file that every system takes.
func fileName(name string) string {
	name = strings.ToValidUTF8(name[strings.LastIndexAny(name, `/\`)+1:], "")
	name = strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`<>:"|?*`, r) || r == utf8.RuneError {
			return '_'
		}
		return r
	}, name)
	name = strings.Trim(name, ". ")
	for len(name) > 200 { // keep the ending
		_, n := utf8.DecodeRuneInString(name)
		name = name[n:]
	}
	if name == "" {
		return "file"
	}
	return name
}
