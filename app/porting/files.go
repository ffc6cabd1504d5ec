package porting

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

const (
	mostFiles    = 200_000
	mostExpanded = 16 << 30 // bytes out of one archive
	mostRatio    = 400      // bytes out of one, beyond freeExpansion
	freeExpanded = 64 << 20
)

// source is a file to read, on the disk or in an archive.
type source struct {
	name  string // for people: where it lies within what was given
	base  string
	dir   string // what lies beside it has the same
	size  int64
	guess bool // it may well be something else: then it is not complained about
	open  func() (io.ReadCloser, error)

	messages *source // of a thread of Jan
}

// conversationsFile is what ChatGPT and Claude call the file that matters; large
// exports come in numbered parts.
var conversationsFile = regexp.MustCompile(`(?i)^conversations(-[0-9]+)?\.json$`)

func readable(name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".json", ".jsonl", ".freehold-chat", ".freehold-chats":
		return true
	}
	return false
}

// gather lists the files that are to be read.
func (r *reading) gather(paths []string) ([]source, error) {
	var all []source
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			r.report.add(Problem{filepath.Base(p), plain(err)})
			continue
		}
		if info.IsDir() {
			if err := r.folder(p, &all); err != nil {
				return nil, err
			}
			continue
		}
		if !info.Mode().IsRegular() {
			r.report.add(Problem{filepath.Base(p), "it is no file"})
			continue
		}
		if isZip(p) {
			inside, err := r.archive(p)
			if err != nil {
				r.report.add(Problem{filepath.Base(p), plain(err)})
			}
			all = append(all, inside...)
			continue
		}
		all = append(all, source{name: filepath.Base(p), base: filepath.Base(p), dir: filepath.Dir(p), size: info.Size(),
			open: func() (io.ReadCloser, error) { return os.Open(p) }})
	}
	if len(all) == 0 && len(r.report.Problems) == 0 {
		return nil, errors.New("there is nothing to import here: give an export of ChatGPT, Claude or Open WebUI, LM Studio's or Jan's folder of chats, or a file of Freehold")
	}
	return all, nil
}

// folder adds what can be read below a folder.
func (r *reading) folder(dir string, all *[]source) error {
	var here []source
	err := filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		if r.ctx.Err() != nil {
			return r.ctx.Err()
		}
		if err != nil {
			r.report.add(Problem{p, plain(err)})
			return nil
		}
		if len(here) >= mostFiles {
			return fmt.Errorf("%s holds more than %d files; give the folder of the chats alone", filepath.Base(dir), mostFiles)
		}
		if !e.Type().IsRegular() || !readable(p) {
			return nil
		}
		info, err := e.Info()
		if err != nil {
			return nil //nolint:nilerr // it is gone by now
		}
		rel, err := filepath.Rel(filepath.Dir(dir), p)
		if err != nil {
			rel = p
		}
		here = append(here, source{name: filepath.ToSlash(rel), base: filepath.Base(p), dir: filepath.Dir(p), size: info.Size(), guess: true,
			open: func() (io.ReadCloser, error) { return os.Open(p) }})
		return nil
	})
	*all = append(*all, r.telling(here)...)
	return err
}

func isZip(p string) bool {
	f, err := os.Open(p)
	if err != nil {
		return false
	}
	defer f.Close()
	var head [4]byte
	_, err = io.ReadFull(f, head[:])
	return err == nil && (string(head[:]) == "PK\x03\x04" || string(head[:]) == "PK\x05\x06")
}

// archive lists what can be read in a zip file. Nothing of it touches the disk.
func (r *reading) archive(p string) ([]source, error) {
	z, err := zip.OpenReader(p)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, errors.New("its archive is damaged or cut off; download or copy it again")
	}
	r.archives = append(r.archives, z)
	files := z.File
	if len(files) > mostFiles {
		return nil, fmt.Errorf("it holds more than %d files", mostFiles)
	}
	left := int64(mostExpanded)
	var here []source
	for _, f := range files {
		if !readable(f.Name) || f.Mode().IsDir() || strings.Contains(f.Name, "__MACOSX/") {
			continue
		}
		if f.Flags&1 != 0 {
			return nil, errors.New("its archive is protected by a password; unpack it first")
		}
		here = append(here, source{name: filepath.Base(p) + ": " + f.Name, base: path.Base(f.Name), dir: path.Dir(f.Name), size: int64(min(f.UncompressedSize64, mostExpanded)), guess: true,
			open: func() (io.ReadCloser, error) { return openEntry(f, &left) }})
	}
	if len(here) == 0 {
		return nil, errors.New("its archive holds no file of chats")
	}
	return r.telling(here), nil
}

// telling keeps the file of conversations of an export and mentions the rest; of
// anything else it keeps all.
func (r *reading) telling(here []source) []source {
	if !slices.ContainsFunc(here, func(s source) bool { return conversationsFile.MatchString(s.base) }) {
		return here
	}
	var kept []source
	for _, s := range here {
		if conversationsFile.MatchString(s.base) {
			s.guess = false
			kept = append(kept, s)
		} else {
			r.report.Skipped = append(r.report.Skipped, s.name)
		}
	}
	return kept
}

// openEntry opens an entry of an archive. It ends with an error when more comes
// out than any export would hold.
func openEntry(f *zip.File, left *int64) (io.ReadCloser, error) {
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	bound := max(freeExpanded, int64(min(f.CompressedSize64, mostExpanded))*mostRatio)
	return &entry{ReadCloser: in, bound: bound, left: left}, nil
}

type entry struct {
	io.ReadCloser
	bound int64
	left  *int64
}

func (e *entry) Read(p []byte) (int, error) {
	n, err := e.ReadCloser.Read(p)
	e.bound -= int64(n)
	*e.left -= int64(n)
	if e.bound < 0 || *e.left < 0 {
		return n, errors.New("far more comes out of the archive than any export holds; it was made to harm")
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("its archive is damaged (%w); download or copy it again", err)
	}
	return n, err
}

// threads joins Jan's files: thread.json says what a conversation is about,
// messages.jsonl beside it what was said.
func (r *reading) threads(files *[]source) {
	lines := map[string]int{}
	for i, f := range *files {
		if f.base == "messages.jsonl" {
			lines[f.dir] = i
		}
	}
	joined := map[int]bool{}
	for i, f := range *files {
		if f.base != "thread.json" {
			continue
		}
		if k, ok := lines[f.dir]; ok {
			m := (*files)[k]
			(*files)[i].messages = &m
			joined[k] = true
		}
	}
	if len(joined) == 0 {
		return
	}
	kept := (*files)[:0]
	for i, f := range *files {
		if !joined[i] {
			kept = append(kept, f)
		}
	}
	*files = kept
}
