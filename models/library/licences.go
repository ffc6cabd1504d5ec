package library

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Acceptance says that the user accepted a licence.
type Acceptance struct {
	Licence    string `json:"licence"`              // its name or SPDX identifier
	URL        string `json:"url,omitempty"`        // where its text was shown
	Ref        string `json:"ref,omitempty"`        // the model that it was accepted for
	At         int64  `json:"at"`                   // ms since 1970
	TextDigest string `json:"textDigest,omitempty"` // sha256:<hex> of the text, if that was known
}

type acceptances struct {
	Version     int          `json:"version"`
	Acceptances []Acceptance `json:"acceptances"`
}

func (l *Library) licencesPath() string { return filepath.Join(l.home, "licences.json") }

// Licences returns what was accepted, in order of time.
func (l *Library) Licences() ([]Acceptance, error) {
	var a acceptances
	err := readJSON(l.licencesPath(), &a)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil && a.Version != 1 {
		err = errors.New("it was written by a newer Freehold")
	}
	if err != nil {
		return nil, fmt.Errorf("which licences were accepted cannot be read from %s: %w", l.licencesPath(), err)
	}
	slices.SortStableFunc(a.Acceptances, func(a, b Acceptance) int { return cmp.Compare(a.At, b.At) })
	return a.Acceptances, nil
}

// Accepted tells whether the user accepted this licence, for whichever model.
func (l *Library) Accepted(licence string) bool {
	all, err := l.Licences()
	licence = clean(licence)
	return err == nil && licence != "" && slices.ContainsFunc(all, func(a Acceptance) bool { return strings.EqualFold(a.Licence, licence) })
}

// Accept takes down that the user accepted a licence for a model.
func (l *Library) Accept(ctx context.Context, licence, url, ref string) error {
	return l.AcceptText(ctx, licence, url, ref, "")
}

// AcceptText is Accept where the text itself was shown, whose digest is kept.
func (l *Library) AcceptText(ctx context.Context, licence, url, ref, text string) error {
	a := Acceptance{Licence: clean(licence), URL: cleanTo(url, 2000), Ref: clean(ref), At: time.Now().UnixMilli()}
	if a.Licence == "" {
		return errors.New("no licence to accept was named")
	}
	if text != "" {
		sum := sha256.Sum256([]byte(text))
		a.TextDigest = "sha256:" + hex.EncodeToString(sum[:])
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	unlock, err := l.lock()
	if err != nil {
		return err
	}
	defer unlock()
	all, err := l.Licences()
	if err != nil {
		return err
	}
	for _, old := range all {
		if old.Ref == a.Ref && strings.EqualFold(old.Licence, a.Licence) && old.URL == a.URL && old.TextDigest == a.TextDigest {
			return nil
		}
	}
	return writeJSON(l.licencesPath(), acceptances{1, append(all, a)})
}
