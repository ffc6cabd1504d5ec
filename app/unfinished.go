package app

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// partPrefix begins the names of files that are not complete.
const partPrefix = ".freehold-part-"

// unfinished is written down before a file begins that lies outside of the data
// folder, where nobody would look for what a crash has left of it.
type unfinished struct {
	Kind string `json:"kind"` // export or backup
	Part string `json:"part"` // what may be there of it
	Path string `json:"path"` // what it would have become
	Work string `json:"work"` // name of a folder beside this, to work in; "" for none
}

// appear lets make write a file, which is at path when it is complete: after a
// crash there is what was before. check, if not nil, looks at it before that.
func (c *Core) appear(kind, path string, make func(w io.Writer) error, check func(part string) error) (err error) {
	dir := filepath.Dir(path)
	part := filepath.Join(dir, partPrefix+rand.Text())
	end, err := c.begun(unfinished{Kind: kind, Part: part, Path: path})
	if err != nil {
		return err
	}
	defer end()
	f, err := os.OpenFile(part, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("write to %s: %w; choose another folder", dir, err)
	}
	defer os.Remove(part)
	err = make(f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	if check != nil {
		if err := check(part); err != nil {
			return fmt.Errorf("%s was written, but what the disk gives back is not the same: %w", filepath.Base(path), err)
		}
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("write %s: %w", filepath.Base(path), err)
	}
	return syncFolder(dir)
}

// begun writes u down until end is called or, after a crash, the next start.
func (c *Core) begun(u unfinished) (end func(), err error) {
	dir := filepath.Join(c.home, "unfinished")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, rand.Text())
	unlock, err := lockFile(name + ".lock")
	if err != nil {
		return nil, err
	}
	end = func() {
		if u.Work != "" {
			os.RemoveAll(filepath.Join(dir, u.Work))
		}
		os.Remove(name + ".json")
		unlock()
		os.Remove(name + ".lock")
	}
	text, err := json.Marshal(u)
	if err == nil {
		err = os.WriteFile(name+".json", text, 0o600)
	}
	if err != nil {
		end()
		return nil, err
	}
	return end, nil
}

// workFolder makes a folder that is gone after end, or after the next start.
func (c *Core) workFolder(u unfinished) (dir string, end func(), err error) {
	u.Work = rand.Text()
	if end, err = c.begun(u); err != nil {
		return "", nil, err
	}
	dir = filepath.Join(c.home, "unfinished", u.Work)
	if err := os.Mkdir(dir, 0o700); err != nil {
		end()
		return "", nil, err
	}
	return dir, end, nil
}

// endUnfinished removes what was left of files that a crash kept from being
// completed, and tells of them.
func (c *Core) endUnfinished() {
	dir := filepath.Join(c.home, "unfinished")
	entries, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		return // only a bad pattern
	}
	for _, e := range entries {
		lock := strings.TrimSuffix(e, ".json") + ".lock"
		unlock, err := lockFile(lock)
		if err != nil {
			continue // it is being written by another process
		}
		var u unfinished
		text, err := os.ReadFile(e)
		if err == nil && json.Unmarshal(text, &u) == nil && u.Work != "" && filepath.IsLocal(u.Work) && filepath.Base(u.Work) == u.Work {
			if err := os.RemoveAll(filepath.Join(dir, u.Work)); err != nil {
				c.log.Warn("what is left of an unfinished backup was not removed", "error", err)
			}
		}
		if strings.HasPrefix(filepath.Base(u.Part), partPrefix) {
			if err := os.Remove(u.Part); err != nil && !errors.Is(err, os.ErrNotExist) {
				c.log.Warn("what is left of an unfinished file was not removed", "path", u.Part, "error", err)
			}
			c.tell(Notice{Kind: u.Kind, Path: u.Path, Text: fmt.Sprintf("%s was not completed, as Freehold was ended while it was written. What there was of it has been removed; make it again.", filepath.Base(u.Path))})
		}
		os.Remove(e)
		unlock()
		os.Remove(lock)
	}
}

// syncFolder makes a renaming last.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil // its file systems journal renames
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
