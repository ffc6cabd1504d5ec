// Package library keeps the models of this machine: weights as blobs named by
// their SHA-256, and one manifest per model that says what it is and where its
// file lies. Everything is plain files under the library's home:
//
//	blobs/sha256-<hex>   weights; written once, never changed; a folder with
//	                     the parts if the model is split
//	models/<ref>.json    manifests
//	trash/<ref>.json     manifests of removed models, until Collect
//	locks/               who uses which weights
//	blobs.json           where blobs is, if it was moved (Relocate)
//	stores.json          what of other tools' stores is not to be shown (Adopt)
//	licences.json        which licences were accepted
//
// A manifest may also point to a file elsewhere, which then is used in place
// and never changed or deleted. Files appear by renaming, so after a crash each
// is whole or absent. Several processes may use one library at a time.
package library

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"freehold/models/internal/disk"
)

// Model is a model on this machine.
type Model struct {
	Ref           string   // unique name: lower case letters, digits, '.', '-', '_'
	Name          string   // for people
	Architecture  string   // general.architecture, such as llama
	Quant         string   // such as Q4_K_M
	Path          string   // of its GGUF file; the first one if it is split
	Parts         []string // of all files of a split model, in order; nil otherwise
	Licence       string   // "" if unknown
	Source        string   // where it came from: an address, or the path that was imported
	Digest        string   // sha256:<hex> of the file; of a split model, of its parts' digests; "" until Verify if it is another tool's
	SizeBytes     int64    // of all its parts
	Parameters    int64    // values in its tensors
	ContextLength int      // tokens it was trained for; 0 if the file does not say
	Starter       bool     // is the model that the set-up brings
	Embeds        bool     // makes vectors or scores, and writes no text
	External      bool     // its file lies outside the library, which leaves it alone
	Tool          string   // whose store its file lies in: stores.HuggingFace, Ollama or LMStudio; "" if none's
	AddedAt       int64    // ms since 1970
	Problem       string   // why it cannot be used and what to do; "" if it can

	// What came with the weights, from Ollama. Template is in Go's template language.
	System, Template string
	Params           map[string]any

	stamps []stamp // of its files, if they are external
}

// Files returns the paths of all the model's files, in order.
func (m Model) Files() []string {
	if len(m.Parts) > 0 {
		return m.Parts
	}
	return []string{m.Path}
}

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("no such model")
	ErrAmbiguous = errors.New("more than one model is meant")
	ErrInUse     = errors.New("the model is in use")
	ErrBusy      = errors.New("the models are being moved to another folder")
)

// Library is a folder of models. Its methods may be called concurrently.
type Library struct {
	home string
	mu   sync.Mutex // held while manifests or blobs are changed, together with the lock file

	// What files say that manifests of earlier versions do not: stamp → bool.
	embeds sync.Map
}

// Open opens the library under home, creating its folders.
func Open(home string) (*Library, error) {
	home, err := filepath.Abs(home)
	if err != nil {
		return nil, err
	}
	for _, dir := range []string{"blobs", "models", "trash", "locks"} {
		if err := os.MkdirAll(filepath.Join(home, dir), 0o700); err != nil {
			return nil, fmt.Errorf("open the model library: %w; check that you may write to %s, or set FREEHOLD_HOME to another folder", err, home)
		}
	}
	l := &Library{home: home}
	l.settleMove()
	return l, nil
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
