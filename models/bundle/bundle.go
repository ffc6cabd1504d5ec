// Package bundle carries models on a USB stick to machines without a network. A
// bundle is a folder with the models' GGUF files, in parts of less than 4 GB so
// that FAT32 can hold them, and bundle.json, which says what they are, what
// licence they have, and the SHA-256 of every part and of the whole.
//
// bundle.json is written last: a folder without it is no bundle (yet). What it
// says is believed only as far as the files bear it out.
package bundle

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"freehold/models/internal/disk"
)

const (
	indexName    = "bundle.json"
	indexVersion = 1

	maxIndex  = 4 << 20
	maxModels = 1000
	maxFiles  = 1000
	maxSize   = 1 << 50

	// maxPart is the size of all parts of a file but the last: less than FAT32's
	// limit of 4 GiB - 1.
	maxPart = 4_000_000_000
)

// index is bundle.json.
type index struct {
	Version int     `json:"version"`
	Models  []model `json:"models"`
}

type model struct {
	Ref          string `json:"ref"`
	Name         string `json:"name"`
	Architecture string `json:"architecture"`
	Quant        string `json:"quant"`
	Licence      string `json:"licence"`
	LicenceURL   string `json:"licenceUrl,omitempty"`
	Source       string `json:"source,omitempty"`
	SizeBytes    int64  `json:"sizeBytes"`
	SHA256       string `json:"sha256"` // of its file; of a split model, of its files' digests
	Files        []file `json:"files"`  // several if the model is split

	System   string         `json:"system,omitempty"`
	Template string         `json:"template,omitempty"`
	Params   map[string]any `json:"params,omitempty"`
}

// file is a GGUF file.
type file struct {
	Name      string `json:"name"`
	SizeBytes int64  `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
	Parts     []part `json:"parts"` // one after the other they are the file
}

// part is a file of the bundle.
type part struct {
	Name      string `json:"name"`
	SizeBytes int64  `json:"sizeBytes"`
	SHA256    string `json:"sha256"`
}

// Is tells whether dir holds a bundle.
func Is(dir string) bool {
	info, err := os.Lstat(filepath.Join(dir, indexName))
	return err == nil && info.Mode().IsRegular()
}

// readIndex reads the bundle.json of dir. The error is fs.ErrNotExist if there
// is none.
func readIndex(dir string) (index, error) {
	path := filepath.Join(dir, indexName)
	info, err := os.Lstat(path)
	if err != nil {
		return index{}, err
	}
	if !info.Mode().IsRegular() {
		return index{}, fmt.Errorf("%s is not a file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return index{}, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxIndex+1))
	if err != nil {
		return index{}, err
	}
	x, err := parseIndex(data)
	if err != nil {
		return index{}, fmt.Errorf("%s: %w", path, err)
	}
	return x, nil
}

func writeIndex(dir string, x index) error {
	data, err := json.MarshalIndent(x, "", "  ")
	if err != nil {
		return err
	}
	if len(data) >= maxIndex {
		return errors.New("the texts that come with these models are too long for one bundle")
	}
	return disk.WriteFile(filepath.Join(dir, indexName), append(data, '\n'))
}

var (
	refPattern  = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)
	namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,149}$`)
	hexDigest   = regexp.MustCompile(`^[0-9a-f]{64}$`)

	// Windows gives these names to devices, whatever the ending.
	deviceName = regexp.MustCompile(`^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`)
)

// safeName tells whether name may be a file of a bundle: on every system the
// same, and no path.
func safeName(name string) bool {
	return namePattern.MatchString(name) && !strings.HasSuffix(name, ".") && !deviceName.MatchString(name) && name != indexName
}

// parseIndex reads bundle.json and checks it against itself.
func parseIndex(data []byte) (index, error) {
	var x index
	if len(data) > maxIndex {
		return x, errors.New("it is too large to be believable")
	}
	if err := json.Unmarshal(data, &x); err != nil {
		return index{}, fmt.Errorf("it is damaged (%w); write the bundle again", err)
	}
	if x.Version != indexVersion {
		return index{}, fmt.Errorf("it has version %d, this Freehold reads version %d; update the older one", x.Version, indexVersion)
	}
	if len(x.Models) > maxModels {
		return index{}, fmt.Errorf("%d models in one bundle are not believable", len(x.Models))
	}
	names := map[string]bool{} // of files in the bundle
	refs := map[string]bool{}
	for _, m := range x.Models {
		if !refPattern.MatchString(m.Ref) || refs[m.Ref] {
			return index{}, fmt.Errorf("%.120q cannot name a model, or names two", m.Ref)
		}
		refs[m.Ref] = true
		if err := m.check(names); err != nil {
			return index{}, fmt.Errorf("model %s: %w", m.Ref, err)
		}
	}
	return x, nil
}

func (m model) check(names map[string]bool) error {
	if !hexDigest.MatchString(m.SHA256) {
		return fmt.Errorf("%.80q is not a SHA-256", m.SHA256)
	}
	if len(m.Files) == 0 || len(m.Files) > maxFiles {
		return fmt.Errorf("a model of %d files is not believable", len(m.Files))
	}
	var size int64
	for _, f := range m.Files {
		if !safeName(f.Name) || !strings.HasSuffix(f.Name, ".gguf") {
			return fmt.Errorf("%.160q cannot name a GGUF file", f.Name)
		}
		if !hexDigest.MatchString(f.SHA256) || len(f.Parts) == 0 || len(f.Parts) > maxFiles {
			return fmt.Errorf("what it says of %s is not believable", f.Name)
		}
		var sum int64
		for _, p := range f.Parts {
			if !safeName(p.Name) {
				return fmt.Errorf("%.160q cannot name a file of a bundle", p.Name)
			}
			if names[p.Name] {
				return fmt.Errorf("%s is in it twice", p.Name)
			}
			names[p.Name] = true
			if p.SizeBytes <= 0 || p.SizeBytes > maxSize || !hexDigest.MatchString(p.SHA256) {
				return fmt.Errorf("what it says of %s is not believable", p.Name)
			}
			sum += p.SizeBytes
		}
		if sum != f.SizeBytes {
			return fmt.Errorf("the parts of %s have %d bytes together, not %d", f.Name, sum, f.SizeBytes)
		}
		if size += sum; size > maxSize {
			return fmt.Errorf("%d bytes are not believable", size)
		}
	}
	if size != m.SizeBytes {
		return fmt.Errorf("its files have %d bytes together, not %d", size, m.SizeBytes)
	}
	if len(m.Files) == 1 && m.Files[0].SHA256 != m.SHA256 {
		return errors.New("it names two different digests for the same file")
	}
	// The parts of a split model find each other by their names.
	for i, f := range m.Files {
		if suffix := fmt.Sprintf("-%05d-of-%05d.gguf", i+1, len(m.Files)); len(m.Files) > 1 &&
			strings.TrimSuffix(f.Name, suffix) != strings.TrimSuffix(m.Files[0].Name, fmt.Sprintf("-%05d-of-%05d.gguf", 1, len(m.Files))) {
			return fmt.Errorf("%s is not called as part %d of %d must be", f.Name, i+1, len(m.Files))
		}
	}
	return nil
}

// parts lists the files that the models consist of.
func parts(models []model) []part {
	var all []part
	for _, m := range models {
		for _, f := range m.Files {
			all = append(all, f.Parts...)
		}
	}
	return all
}

// missing names what of the models is not in dir, or not of its size.
func missing(dir string, models []model) error {
	var names []string
	for _, p := range parts(models) {
		info, err := os.Lstat(filepath.Join(dir, p.Name))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			names = append(names, p.Name)
		case err != nil:
			return err
		case !info.Mode().IsRegular():
			return fmt.Errorf("%s is not a file", filepath.Join(dir, p.Name))
		case info.Size() != p.SizeBytes:
			names = append(names, fmt.Sprintf("%s (has %d bytes instead of %d)", p.Name, info.Size(), p.SizeBytes))
		}
	}
	if len(names) == 0 {
		return nil
	}
	more := ""
	if n := len(names); n > 20 {
		names, more = names[:20], fmt.Sprintf(" and %d more", n-20)
	}
	slices.Sort(names)
	return fmt.Errorf("the bundle in %s is not complete: it lacks %s%s; copy these again, or write the bundle again", dir, strings.Join(names, ", "), more)
}
