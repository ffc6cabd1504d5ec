// Package library keeps the models of this machine: weights as blobs named by
// their SHA-256, and one manifest per model that says what it is and where its
// file lies. Everything is plain files under the library's home:
//
//	blobs/sha256-<hex>   weights; written once, never changed
//	models/<ref>.json    manifests
//	trash/<ref>.json     manifests of removed models, until Collect
//
// A manifest may also point to a file elsewhere, which then is used in place
// and never changed or deleted. Files appear by renaming, so after a crash each
// is whole or absent. Several processes may use one library at a time.
package library

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"freehold/models/internal/disk"
)

// Model is a model on this machine.
type Model struct {
	Ref           string // unique name: lower case letters, digits, '.', '-', '_'
	Name          string // for people
	Architecture  string // general.architecture, such as llama
	Quant         string // such as Q4_K_M
	Path          string // of its GGUF file; the first one if it is split
	Licence       string // "" if unknown
	Source        string // where it came from: an address, or the path that was imported
	Digest        string // sha256:<hex> of the file; of a split model, of its parts' digests
	SizeBytes     int64  // of all its parts
	Parameters    int64  // values in its tensors
	ContextLength int    // tokens it was trained for; 0 if the file does not say
	Starter       bool   // is the model that the set-up brings
	External      bool   // its file lies outside the library, which leaves it alone
	AddedAt       int64  // ms since 1970
	Problem       string // why it cannot be used and what to do; "" if it can
}

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("no such model")
	ErrAmbiguous = errors.New("more than one model is meant")
)

// Library is a folder of models. Its methods may be called concurrently.
type Library struct {
	home string
	mu   sync.Mutex // held while manifests or blobs are changed, together with the lock file
}

// Open opens the library under home, creating its folders.
func Open(home string) (*Library, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{"blobs", "models", "trash"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			return nil, fmt.Errorf("open the model library: %w; check that you may write to %s, or set FREEHOLD_HOME to another folder", err, home)
		}
	}
	return &Library{home: home}, nil
}

// Home returns the folder that holds the library.
func (l *Library) Home() string { return l.home }

// List returns all models, newest first. A model whose file or manifest is
// damaged is listed with its Problem.
func (l *Library) List() ([]Model, error) {
	models, err := l.read("models")
	if err != nil {
		return nil, err
	}
	slices.SortFunc(models, func(a, b Model) int {
		if a.AddedAt != b.AddedAt {
			if a.AddedAt > b.AddedAt {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Ref, b.Ref)
	})
	return models, nil
}

// Find returns the model that ref names: its ref, its name, the beginning of
// one ref only, or "starter". It matches without regard to case, and name:tag
// as name-tag. The error wraps ErrNotFound or ErrAmbiguous.
func (l *Library) Find(ref string) (Model, error) {
	models, err := l.List()
	if err != nil {
		return Model{}, err
	}
	want := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(ref)), ":", "-")
	if want == "" {
		return Model{}, fmt.Errorf("%w: no name given", ErrNotFound)
	}
	var found []Model
	for _, matches := range []func(Model) bool{
		func(m Model) bool { return m.Ref == want },
		func(m Model) bool { return strings.EqualFold(m.Name, strings.TrimSpace(ref)) },
		func(m Model) bool { return m.Starter && want == "starter" },
		func(m Model) bool { return strings.HasPrefix(m.Ref, want) },
	} {
		for _, m := range models {
			if matches(m) {
				found = append(found, m)
			}
		}
		if len(found) > 0 {
			break
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return Model{}, fmt.Errorf("%w by %q: %s; give more of its name", ErrAmbiguous, ref, refs(found))
	case len(models) == 0:
		return Model{}, fmt.Errorf("%w: %q; there are no models yet: pull or import one", ErrNotFound, ref)
	default:
		return Model{}, fmt.Errorf("%w: %q; this machine has %s", ErrNotFound, ref, refs(models))
	}
}

// get returns the model with exactly this ref.
func (l *Library) get(ref string) (Model, error) {
	if !validRef(ref) {
		return Model{}, fmt.Errorf("%w: %q is not a model's name", ErrNotFound, ref)
	}
	m, err := l.readManifest(l.manifestPath("models", ref))
	if errors.Is(err, fs.ErrNotExist) {
		return Model{}, fmt.Errorf("%w: %q", ErrNotFound, ref)
	}
	return m, err
}

func refs(models []Model) string {
	names := make([]string, 0, len(models))
	for _, m := range models {
		names = append(names, m.Ref)
	}
	slices.Sort(names)
	if len(names) > 8 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:8], ", "), len(names)-8)
	}
	return strings.Join(names, ", ")
}

var refPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)

// validRef tells whether ref can name a manifest, and so no path outside.
func validRef(ref string) bool { return refPattern.MatchString(ref) }

// lock keeps other goroutines and processes from changing the library.
func (l *Library) lock() (unlock func(), err error) {
	l.mu.Lock()
	release, err := disk.Lock(filepath.Join(l.home, "models", ".lock"))
	if err != nil {
		l.mu.Unlock()
		return nil, fmt.Errorf("lock the model library: %w", err)
	}
	return func() { release(); l.mu.Unlock() }, nil
}

// manifest is a model as it stands on disk.
type manifest struct {
	Version       int    `json:"version"`
	Ref           string `json:"ref"`
	Name          string `json:"name"`
	Architecture  string `json:"architecture"`
	Quant         string `json:"quant"`
	Licence       string `json:"licence"`
	Source        string `json:"source"`
	Digest        string `json:"digest"`
	SizeBytes     int64  `json:"sizeBytes"`
	Parameters    int64  `json:"parameters"`
	ContextLength int    `json:"contextLength"`
	Starter       bool   `json:"starter,omitempty"`
	AddedAt       int64  `json:"addedAt"`

	// For a file outside the library; otherwise it is the blob of Digest.
	Path       string `json:"path,omitempty"`
	ModifiedAt int64  `json:"modifiedAt,omitempty"` // ms since 1970, of that file when it was imported
}

const manifestVersion = 1

func (l *Library) manifestPath(dir, ref string) string {
	return filepath.Join(l.home, dir, ref+".json")
}

var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

func (l *Library) blobPath(digest string) string {
	return filepath.Join(l.home, "blobs", strings.Replace(digest, ":", "-", 1))
}

// read returns the models whose manifests lie in dir.
func (l *Library) read(dir string) ([]Model, error) {
	entries, err := os.ReadDir(filepath.Join(l.home, dir))
	if err != nil {
		return nil, fmt.Errorf("read the model library: %w", err)
	}
	var models []Model
	for _, e := range entries {
		ref, isManifest := strings.CutSuffix(e.Name(), ".json")
		if !isManifest || !validRef(ref) {
			continue
		}
		m, err := l.readManifest(l.manifestPath(dir, ref))
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed meanwhile
		}
		if err != nil {
			m = Model{Ref: ref, Name: ref, Problem: err.Error()}
		}
		models = append(models, m)
	}
	return models, nil
}

func (l *Library) readManifest(path string) (Model, error) {
	const limit = 1 << 20
	if info, err := os.Stat(path); err != nil {
		return Model{}, err
	} else if info.Size() > limit {
		return Model{}, fmt.Errorf("%s is too large for a manifest; remove this model and import it again", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Model{}, err
	}
	var f manifest
	if err := json.Unmarshal(data, &f); err != nil {
		return Model{}, fmt.Errorf("%s is damaged (%w); remove this model and import it again", path, err)
	}
	if f.Version > manifestVersion {
		return Model{}, fmt.Errorf("%s was written by a newer Freehold; update this one", path)
	}
	if f.Ref+".json" != filepath.Base(path) || !digestPattern.MatchString(f.Digest) || f.Path != "" && !filepath.IsAbs(f.Path) {
		return Model{}, fmt.Errorf("%s is damaged; remove this model and import it again", path)
	}
	m := Model{Ref: f.Ref, Name: f.Name, Architecture: f.Architecture, Quant: f.Quant, Licence: f.Licence, Source: f.Source,
		Digest: f.Digest, SizeBytes: f.SizeBytes, Parameters: f.Parameters, ContextLength: f.ContextLength, Starter: f.Starter,
		AddedAt: f.AddedAt, Path: f.Path, External: f.Path != ""}
	if !m.External {
		m.Path = l.blobPath(f.Digest)
	}
	m.Problem = problem(m, f.ModifiedAt)
	return m, nil
}

// problem says what a glance at the file tells. Verify looks at all of it.
func problem(m Model, modifiedAt int64) string {
	info, err := os.Stat(m.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.External:
		return fmt.Sprintf("its file %s was moved or deleted; put it back, or remove this model and import it from where it is now", m.Path)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("its weights are gone from %s; remove this model and get it again", filepath.Dir(m.Path))
	case err != nil:
		return fmt.Sprintf("its file cannot be read: %v", err)
	case m.External && info.ModTime().UnixMilli() != modifiedAt:
		return fmt.Sprintf("its file %s was changed after it was imported; remove this model and import it again", m.Path)
	case !m.External && info.Size() != m.SizeBytes:
		return fmt.Sprintf("its weights are damaged: %d bytes instead of %d; remove this model and get it again", info.Size(), m.SizeBytes)
	}
	return ""
}

// writeManifest makes m visible in dir. For an external model modified is the
// time stamp of its file.
func (l *Library) writeManifest(m Model, modified time.Time) error {
	f := manifest{Version: manifestVersion, Ref: m.Ref, Name: m.Name, Architecture: m.Architecture, Quant: m.Quant, Licence: m.Licence,
		Source: m.Source, Digest: m.Digest, SizeBytes: m.SizeBytes, Parameters: m.Parameters, ContextLength: m.ContextLength,
		Starter: m.Starter, AddedAt: m.AddedAt}
	if m.External {
		f.Path, f.ModifiedAt = m.Path, modified.UnixMilli()
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	return disk.WriteFile(l.manifestPath("models", m.Ref), append(data, '\n'))
}
