package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"freehold/engine/arch"
	"freehold/models/catalog"
	"freehold/models/internal/disk"
	"freehold/models/stores"
)

// storeNotes is stores.json: what Adopt must not forget between runs.
type storeNotes struct {
	Version int       `json:"version"`
	Removed []removal `json:"removed"`
	// Files that hold no model which this Freehold can run, by path.
	Refused map[string]refusal `json:"refused"`
	Engine  string             `json:"engine"` // the architectures for which this holds
}

// removal is a model that the user did not want.
type removal struct {
	Tool   string `json:"tool,omitempty"`
	Source string `json:"source,omitempty"`
	Digest string `json:"digest,omitempty"`
}

type refusal struct {
	SizeBytes  int64 `json:"sizeBytes"`
	ModifiedAt int64 `json:"modifiedAt"`
}

func (l *Library) notesPath() string { return filepath.Join(l.home, "stores.json") }

// notes reads stores.json. What is damaged or newer is as good as nothing: at
// worst a removed model shows up again.
func (l *Library) notes() storeNotes {
	engine := strings.Join(arch.Supported(), " ")
	var n storeNotes
	if err := readJSON(l.notesPath(), &n); err != nil || n.Version != 1 {
		n = storeNotes{}
	}
	if n.Version = 1; n.Engine != engine || n.Refused == nil {
		n.Engine, n.Refused = engine, map[string]refusal{}
	}
	return n
}

// matches tells whether a model with this origin is the one that was removed.
func (r removal) matches(tool, source, digest string) bool {
	return r.Digest != "" && r.Digest == digest || r.Tool != "" && r.Tool == tool && r.Source == source
}

// unwelcome takes down that m was removed, while the library is locked.
func (l *Library) unwelcome(m Model) error {
	r := removal{Tool: m.Tool, Source: m.Source, Digest: m.Digest}
	if r.Tool == "" {
		r.Source = ""
	}
	n := l.notes()
	if r == (removal{}) || slices.Contains(n.Removed, r) {
		return nil
	}
	const most = 10_000
	n.Removed = append(n.Removed[max(0, len(n.Removed)-most):], r)
	return writeJSON(l.notesPath(), n)
}

// welcome forgets that m was removed, while the library is locked.
func (l *Library) welcome(m Model) error {
	n := l.notes()
	left := slices.DeleteFunc(slices.Clone(n.Removed), func(r removal) bool { return r.matches(m.Tool, m.Source, m.Digest) })
	if len(left) == len(n.Removed) {
		return nil
	}
	n.Removed = left
	return writeJSON(l.notesPath(), n)
}

// Readopt forgets which models of a tool's store the user removed, so that the
// next Adopt takes them again. "" means all tools.
func (l *Library) Readopt(tool string) error {
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	n := l.notes()
	n.Removed = slices.DeleteFunc(n.Removed, func(r removal) bool { return tool == "" || r.Tool == tool || r.Tool == "" })
	return writeJSON(l.notesPath(), n)
}

// Adopt shows models of other tools' stores in the library. Only manifests are
// written; of the files no more than their headers is read, and of those that
// are known and unchanged not even these. What the user removed, what the
// library has itself, and what holds no model that runs here is left out.
//
// The error tells of files that were refused for the first time, joined, while
// all others are adopted. It wraps ErrNotAdopted if that is all that went wrong.
func (l *Library) Adopt(ctx context.Context, found []stores.Found) (added int, err error) {
	models, err := l.read("models")
	if err != nil {
		return 0, err
	}
	notes := l.notes()
	known := indexModels(models)
	var news []*candidate
	for i := range found {
		f := &found[i]
		if f.Tool == "" || notes.removed(f) || notes.refuses(f) || known.has(f) {
			continue
		}
		news = append(news, &candidate{found: f})
	}
	if len(news) == 0 {
		return 0, nil
	}
	if err := examine(ctx, news); err != nil {
		return 0, err
	}
	return l.adopt(news)
}

// ErrNotAdopted says that some files of a store hold no model for Freehold.
var ErrNotAdopted = errors.New("not adopted")

func (n storeNotes) removed(f *stores.Found) bool {
	return slices.ContainsFunc(n.Removed, func(r removal) bool { return r.matches(f.Tool, f.Source, f.Digest) })
}

func (n storeNotes) refuses(f *stores.Found) bool {
	r, ok := n.Refused[f.Path]
	return ok && r == refusal{f.SizeBytes, f.ModifiedAt}
}

// candidate is a found model whose header is looked at.
type candidate struct {
	found *stores.Found
	model Model
	err   error
}

// examine opens the headers of all candidates.
func examine(ctx context.Context, news []*candidate) error {
	var wg sync.WaitGroup
	next := make(chan *candidate)
	// More than there are cores: they wait for the disk.
	for range min(len(news), 2*runtime.GOMAXPROCS(0)+2) {
		wg.Go(func() {
			for c := range next {
				c.model, c.err = modelOf(c.found)
			}
		})
	}
	defer wg.Wait()
	defer close(next)
	for _, c := range news {
		select {
		case next <- c:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// modelOf describes a found model. Its Ref is only a proposal.
func modelOf(f *stores.Found) (Model, error) {
	paths := f.Parts
	if len(paths) == 0 {
		paths = []string{f.Path}
	}
	stamps, err := stampsOf(paths)
	if err != nil {
		return Model{}, err
	}
	m, parts, err := inspect(f.Path)
	if err != nil {
		return Model{}, err
	}
	if !slices.Equal(parts, paths) {
		return Model{}, fmt.Errorf("%s has %d parts, %d were expected", f.Path, len(parts), len(paths))
	}
	if !slices.Contains(arch.Supported(), m.Architecture) {
		return Model{}, fmt.Errorf("%s: Freehold cannot run models of the architecture %q", f.Path, m.Architecture)
	}
	m.Path, m.External, m.Tool, m.Source = f.Path, true, f.Tool, f.Source
	m.stamps, m.Digest = stamps, f.Digest
	m.AddedAt = min(f.ModifiedAt, time.Now().UnixMilli()) // when it came to this machine
	if len(parts) > 1 {
		m.Parts = parts
	}
	m.System, m.Template, m.Params = f.System, f.Template, f.Params
	if m.Licence == "" {
		m.Licence = firstLine(f.Licence)
	}
	if m.Name == "" || f.Tag != "" {
		m.Name = clean(f.Name)
	}
	m.Ref = refFor(f.Ref+".gguf", m)
	if f.Tag != "" {
		m.Ref = slug(f.Ref)
	}
	if e, f, ok := catalog.ByDigest(strings.TrimPrefix(m.Digest, "sha256:")); ok && m.System == "" {
		m.Ref, m.Name, m.Licence, m.Starter = f.Ref, e.Name, e.Licence, e.Starter
	}
	return m, nil
}

// firstLine is the name of a licence by its text.
func firstLine(text string) string {
	for line := range strings.Lines(text) {
		if line = clean(line); line != "" {
			return line
		}
	}
	return ""
}

// index finds models by what a store tells of them.
type index struct {
	byOrigin map[origin]Model // of other tools' models
	byDigest map[string][]Model
	bySize   map[int64][]Model // files that may be the same by a hard link
	byRef    map[string]Model
}

// origin is what stays the same of a tool's model when its file changes. Two
// commits of a repository, or two tags of one blob, are told apart.
type origin struct{ tool, source, path string }

func indexModels(models []Model) index {
	x := index{map[origin]Model{}, map[string][]Model{}, map[int64][]Model{}, map[string]Model{}}
	for _, m := range models {
		x.add(m)
	}
	return x
}

func (x index) add(m Model) {
	x.byRef[m.Ref] = m
	if m.Path == "" {
		return
	}
	if m.Tool != "" {
		x.byOrigin[origin{m.Tool, m.Source, m.Path}] = m
	}
	if m.Digest != "" {
		x.byDigest[m.Digest] = append(x.byDigest[m.Digest], m)
	}
	x.bySize[m.SizeBytes] = append(x.bySize[m.SizeBytes], m)
}

// has tells whether the library shows f already, just as it is now.
func (x index) has(f *stores.Found) bool {
	if m, ok := x.byOrigin[origin{f.Tool, f.Source, f.Path}]; ok {
		return m.Problem == "" && m.SizeBytes == f.SizeBytes && newest(m.stamps) == f.ModifiedAt &&
			m.System == f.System && m.Template == f.Template && sameParams(m.Params, f.Params)
	}
	return x.same(f) != nil
}

// same finds a model with the same weights from elsewhere. A system prompt of
// its own makes weights another model: that is what it was made for.
func (x index) same(f *stores.Found) *Model {
	for _, m := range x.byDigest[f.Digest] {
		if f.Digest != "" && m.Problem == "" && f.System == m.System {
			return &m
		}
	}
	for _, m := range x.bySize[f.SizeBytes] {
		if m.Problem != "" || len(m.Parts) != len(f.Parts) || f.System != m.System {
			continue
		}
		a, errA := os.Stat(m.Path)
		b, errB := os.Stat(f.Path)
		if errA == nil && errB == nil && os.SameFile(a, b) && (m.Path != f.Path || m.Tool == "") {
			return &m
		}
	}
	return nil
}

func newest(stamps []stamp) int64 {
	var at int64
	for _, s := range stamps {
		at = max(at, s.modifiedAt)
	}
	return at
}

func sameParams(a, b map[string]any) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}

// adopt writes the manifests of those that were examined.
func (l *Library) adopt(news []*candidate) (added int, err error) {
	unlock, err := l.lock()
	if err != nil {
		return 0, err
	}
	defer unlock()
	models, err := l.read("models")
	if err != nil {
		return 0, err
	}
	notes, x := l.notes(), indexModels(models)
	refused := maps.Clone(notes.Refused)
	manifests := map[string][]byte{}
	var told []error
	for _, c := range news {
		f, m := c.found, c.model
		switch {
		case notes.removed(f) || x.has(f):
			continue // another process was faster
		case errors.Is(c.err, fs.ErrNotExist):
			continue // gone since it was found
		case c.err != nil:
			refused[f.Path] = refusal{f.SizeBytes, f.ModifiedAt}
			told = append(told, fmt.Errorf("%w: %w", ErrNotAdopted, c.err))
			continue
		}
		m.Ref = x.refOf(m)
		data, err := m.encode()
		if err != nil {
			told = append(told, fmt.Errorf("%w: %w", ErrNotAdopted, err))
			continue
		}
		if _, mended := x.byRef[m.Ref]; !mended {
			added++
		}
		manifests[m.Ref+".json"] = data
		x.add(m)
	}
	if err := disk.WriteFiles(filepath.Join(l.home, "models"), manifests); err != nil {
		return 0, fmt.Errorf("write the model library: %w", err)
	}
	if !maps.Equal(refused, notes.Refused) {
		notes.Refused = refused
		for path := range refused {
			if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
				delete(refused, path)
			}
		}
		if err := writeJSON(l.notesPath(), notes); err != nil {
			return added, err
		}
	}
	return added, errors.Join(told...)
}

// refOf gives m the ref of the model that it is a newer form of, or a free one.
func (x index) refOf(m Model) string {
	if old, ok := x.byOrigin[origin{m.Tool, m.Source, m.Path}]; ok {
		return old.Ref
	}
	var replaced []origin // by its tool, with another file
	for o, old := range x.byOrigin {
		if o.tool == m.Tool && o.source == m.Source && old.Problem != "" {
			replaced = append(replaced, o)
		}
	}
	if len(replaced) > 0 {
		slices.SortFunc(replaced, func(a, b origin) int { return strings.Compare(a.path, b.path) })
		old := x.byOrigin[replaced[0]]
		delete(x.byOrigin, replaced[0])
		return old.Ref
	}
	return freeRef(m.Ref, func(ref string) bool { _, taken := x.byRef[ref]; return taken })
}

// Forget drops models of other tools' stores whose files are gone from there,
// but for those that keep tells to keep: chats chose them, and their Problem
// says where they were. keep may be nil.
func (l *Library) Forget(keep func(ref string) bool) (dropped int, err error) {
	unlock, err := l.lock()
	if err != nil {
		return 0, err
	}
	defer unlock()
	models, err := l.read("models")
	if err != nil {
		return 0, err
	}
	for _, m := range models {
		if m.Tool == "" || !m.gone() || keep != nil && keep(m.Ref) {
			continue
		}
		if err := os.Remove(l.manifestPath("models", m.Ref)); err != nil {
			return dropped, err
		}
		dropped++
	}
	return dropped, nil
}

// gone tells whether one of the model's files is no longer there.
func (m Model) gone() bool {
	return slices.ContainsFunc(m.Files(), func(path string) bool {
		_, err := os.Stat(path)
		return errors.Is(err, fs.ErrNotExist)
	})
}
