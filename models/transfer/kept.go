package transfer

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Unfinished is what an ended download left in Dir.
type Unfinished struct {
	Ref, Name   string
	Done, Total int64     // bytes
	Path        string    // of the bytes
	At          time.Time // when the last of them came
}

// Kept lists what lies unfinished in Dir, one for each file.
func (c *Downloader) Kept() ([]Unfinished, error) {
	parts, err := filepath.Glob(filepath.Join(c.Dir, "*"+partSuffix))
	if err != nil {
		return nil, err
	}
	var all []Unfinished
	for _, part := range parts {
		info, err := os.Stat(part)
		if err != nil {
			continue // finished or discarded meanwhile
		}
		u := Unfinished{Path: part, At: info.ModTime()}
		if s, err := readJournal(strings.TrimSuffix(part, partSuffix) + journalSuffix); err == nil {
			u.Ref, u.Name, u.Total, u.Done = s.Ref, s.Name, s.Size, s.have()
		}
		all = append(all, u)
	}
	return all, nil
}

// Discard throws away the unfinished bytes of ref. It returns ErrBusy if they
// are being added to.
func (c *Downloader) Discard(ref string) error {
	all, err := c.Kept()
	if err != nil {
		return err
	}
	for _, u := range all {
		if u.Ref != ref {
			continue
		}
		base := strings.TrimSuffix(u.Path, partSuffix)
		unlock, err := c.claim(filepath.Base(base))
		if err != nil {
			return err
		}
		err = remove(base)
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// remove deletes the files of an unfinished download.
func remove(base string) error {
	var failed error
	for _, suffix := range []string{partSuffix, journalSuffix} {
		if err := os.Remove(base + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}
