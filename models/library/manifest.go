package library

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"freehold/engine/arch"
	"freehold/engine/dialect"
	"freehold/models/internal/disk"
)

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
	Embeds        *bool  `json:"embeds,omitempty"` // earlier versions did not look
	AddedAt       int64  `json:"addedAt"`

	System   string         `json:"system,omitempty"`
	Template string         `json:"template,omitempty"`
	Params   map[string]any `json:"params,omitempty"`

	// For files outside the library; otherwise it is the blob of Digest.
	Tool       string `json:"tool,omitempty"`
	Path       string `json:"path,omitempty"`
	ModifiedAt int64  `json:"modifiedAt,omitempty"` // ms since 1970, of that file when it was added

	// The files of a split model: paths outside the library, or names in the
	// folder that is its blob.
	Parts []manifestPart `json:"parts,omitempty"`
}

type manifestPart struct {
	Name       string `json:"name"`
	SizeBytes  int64  `json:"sizeBytes"`
	ModifiedAt int64  `json:"modifiedAt,omitempty"`
}

// Version 1 has a digest always and one blob for each model. What it can say is
// written in it, so that an earlier Freehold goes on reading; of the rest it
// will say that a newer one wrote it.
const (
	manifestVersion1 = 1
	manifestVersion  = 2

	maxManifest = 4 << 20
)

// stamp is by what a change of a file shows at a glance.
type stamp struct {
	path       string
	size       int64
	modifiedAt int64 // ms since 1970
}

const unknownSize = -1

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	if err != nil {
		return stamp{}, err
	}
	return stamp{path, info.Size(), info.ModTime().UnixMilli()}, nil
}

func stampsOf(paths []string) ([]stamp, error) {
	stamps := make([]stamp, len(paths))
	for i, path := range paths {
		var err error
		if stamps[i], err = stampOf(path); err != nil {
			return nil, err
		}
	}
	return stamps, nil
}

func (l *Library) manifestPath(dir, ref string) string {
	return filepath.Join(l.home, dir, ref+".json")
}

var digestPattern = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// blobName is the name of the blob with this digest.
func blobName(digest string) string { return strings.Replace(digest, ":", "-", 1) }

// read returns the models whose manifests lie in dir. One that is damaged has a
// Problem and no Path.
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
	if info, err := os.Stat(path); err != nil {
		return Model{}, err
	} else if info.Size() > maxManifest {
		return Model{}, fmt.Errorf("%s is too large for a manifest; remove this model and import it again", path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Model{}, err
	}
	blobs, err := l.blobs()
	if err != nil {
		return Model{}, err
	}
	f, err := parseManifest(data, path)
	if err != nil {
		return Model{}, err
	}
	m := f.model(blobs)
	m.Problem = f.problem(m)
	switch {
	case f.Embeds != nil:
		m.Embeds = *f.Embeds
	case m.Problem == "":
		m.Embeds = l.lookEmbeds(m.Path)
	}
	return m, nil
}

// parseManifest reads the manifest that lies at path.
func parseManifest(data []byte, path string) (manifest, error) {
	var f manifest
	if err := json.Unmarshal(data, &f); err != nil {
		return f, fmt.Errorf("%s is damaged (%w); remove this model and import it again", path, err)
	}
	if f.Version > manifestVersion {
		return f, fmt.Errorf("%s was written by a newer Freehold; update this one", path)
	}
	if f.Ref+".json" != filepath.Base(path) || !validRef(f.Ref) || !f.sound() {
		return f, fmt.Errorf("%s is damaged; remove this model and import it again", path)
	}
	return f, nil
}

// sound tells whether digest and paths are what they may be.
func (f manifest) sound() bool {
	external := f.Path != ""
	if !digestPattern.MatchString(f.Digest) && !(f.Digest == "" && external && f.Tool != "") {
		return false
	}
	if external && !filepath.IsAbs(f.Path) || f.SizeBytes < 0 || f.Tool != "" && !external {
		return false
	}
	for _, p := range f.Parts {
		if p.SizeBytes < 0 || p.Name == "" {
			return false
		}
		if external != filepath.IsAbs(p.Name) || !external && (filepath.Base(p.Name) != p.Name || !filepath.IsLocal(p.Name)) {
			return false
		}
	}
	return len(f.Parts) != 1 && (len(f.Parts) == 0 || !external || f.Parts[0].Name == f.Path)
}

// model is what a sound manifest says, of a library with this blobs folder.
func (f manifest) model(blobs string) Model {
	m := Model{Ref: f.Ref, Name: f.Name, Architecture: f.Architecture, Quant: f.Quant, Licence: f.Licence, Source: f.Source,
		Digest: f.Digest, SizeBytes: f.SizeBytes, Parameters: f.Parameters, ContextLength: f.ContextLength, Starter: f.Starter,
		AddedAt: f.AddedAt, System: f.System, Template: f.Template, Params: f.Params, Tool: f.Tool, Path: f.Path, External: f.Path != ""}
	if !m.External {
		m.Path = filepath.Join(blobs, blobName(f.Digest))
	}
	folder := m.Path
	for i, p := range f.Parts {
		path := p.Name
		if !m.External {
			path = filepath.Join(folder, p.Name)
		}
		if i == 0 {
			m.Path = path
		}
		m.Parts = append(m.Parts, path)
		m.stamps = append(m.stamps, stamp{path, p.SizeBytes, p.ModifiedAt})
	}
	if len(f.Parts) == 0 {
		s := stamp{m.Path, f.SizeBytes, f.ModifiedAt}
		if m.External && splitName(m.Path) {
			s.size = unknownSize // version 1 knew only the size of all parts together
		}
		m.stamps = []stamp{s}
	}
	return m
}

// problem says what a glance at the files tells. Verify looks at all of them.
func (f manifest) problem(m Model) string {
	for _, s := range m.stamps {
		now, err := stampOf(s.path)
		if s.size == unknownSize {
			now.size = unknownSize
		}
		switch {
		case errors.Is(err, fs.ErrNotExist) && m.Tool != "":
			return fmt.Sprintf("its file %s is no longer in the folder of %s; get it there again, or remove this model", s.path, toolName(m.Tool))
		case errors.Is(err, fs.ErrNotExist) && m.External:
			return fmt.Sprintf("its file %s was moved or deleted; put it back, or remove this model and import it from where it is now", s.path)
		case errors.Is(err, fs.ErrNotExist):
			return lostWeights(s.path, len(m.Parts) > 0)
		case err != nil:
			return fmt.Sprintf("its file cannot be read: %v", err)
		case m.External && m.Tool != "" && now != s:
			return fmt.Sprintf("its file %s was changed by %s; look through that folder again", s.path, toolName(m.Tool))
		case m.External && now != s:
			return fmt.Sprintf("its file %s was changed after it was imported; remove this model and import it again", s.path)
		case !m.External && now.size != s.size:
			return fmt.Sprintf("its weights are damaged: %d bytes instead of %d; remove this model and get it again", now.size, s.size)
		}
	}
	return ""
}

func lostWeights(path string, split bool) string {
	dir := filepath.Dir(path)
	if split {
		dir = filepath.Dir(dir)
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("its weights are in %s, which is not there now; connect that disk", dir)
	}
	return fmt.Sprintf("its weights are gone from %s; remove this model and get it again", dir)
}

// lookEmbeds asks the file itself what it is for.
func (l *Library) lookEmbeds(path string) bool {
	s, err := stampOf(path)
	if err != nil {
		return false
	}
	if known, ok := l.embeds.Load(s); ok {
		return known.(bool)
	}
	f, err := dialect.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	embeds := arch.Embeds(f)
	l.embeds.Store(s, embeds)
	return embeds
}

// encode gives m's manifest. The stamps of an external model are those of its
// files when they were read.
func (m Model) encode() ([]byte, error) {
	f := manifest{Version: manifestVersion1, Ref: m.Ref, Name: m.Name, Architecture: m.Architecture, Quant: m.Quant, Licence: m.Licence,
		Source: m.Source, Digest: m.Digest, SizeBytes: m.SizeBytes, Parameters: m.Parameters, ContextLength: m.ContextLength,
		Starter: m.Starter, Embeds: &m.Embeds, AddedAt: m.AddedAt, System: m.System, Template: m.Template, Params: m.Params, Tool: m.Tool}
	if m.External {
		f.Path, f.ModifiedAt = m.Path, m.stamps[0].modifiedAt
	}
	if len(m.Parts) > 0 {
		for i, s := range m.stamps {
			p := manifestPart{Name: m.Parts[i], SizeBytes: s.size}
			if m.External {
				p.ModifiedAt = s.modifiedAt
			} else {
				p.Name = filepath.Base(p.Name)
			}
			f.Parts = append(f.Parts, p)
		}
	}
	if m.Digest == "" || len(m.Parts) > 0 {
		f.Version = manifestVersion
	}
	data, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return nil, err
	}
	if len(data) >= maxManifest {
		return nil, fmt.Errorf("what %s brings beside its weights is too long to be kept", m.Ref)
	}
	return append(data, '\n'), nil
}

// writeManifest makes m visible.
func (l *Library) writeManifest(m Model) error {
	data, err := m.encode()
	if err != nil {
		return err
	}
	return disk.WriteFile(l.manifestPath("models", m.Ref), data)
}
