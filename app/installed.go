package app

import (
	"strings"

	"freehold/models/library"
)

// installed are the models on this machine, for the question whether one that
// is offered is among them.
type installed []library.Model

func (c *Core) installed() (installed, error) {
	all, err := c.library.List()
	return all, err
}

// has tells whether find finds something.
func (all installed) has(ref, digest string) bool {
	_, ok := all.find(ref, digest)
	return ok
}

// find returns the model that ref means, or one with these weights. digest may
// be "".
func (all installed) find(ref, digest string) (library.Model, bool) {
	repo, quant := repository(ref)
	for _, m := range all {
		switch {
		case m.Problem != "":
		case m.Ref == ref, digest != "" && m.Digest == "sha256:"+digest:
			return m, true
		case repo != "" && quant != "" && strings.EqualFold(m.Quant, quant):
			if from, _ := repository(m.Source); from == repo {
				return m, true
			}
		}
	}
	return library.Model{}, false
}

// repository takes apart the name of a model on Hugging Face: owner and name,
// in lower case, and what stands behind the colon. It returns "" for other
// names.
func repository(ref string) (repo, quant string) {
	ref = strings.TrimPrefix(strings.TrimPrefix(ref, "https://"), "www.")
	rest, ok := strings.CutPrefix(ref, "hf.co/")
	if !ok {
		if rest, ok = strings.CutPrefix(ref, "huggingface.co/"); !ok {
			return "", ""
		}
	}
	rest, quant, _ = strings.Cut(rest, ":")
	parts := strings.Split(rest, "/")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", ""
	}
	return strings.ToLower(parts[0] + "/" + parts[1]), quant
}

// weightsDigest is what the library calls weights of this plan; "" if nobody
// said what they are.
func (w Wanted) weightsDigest() string {
	var sums []string
	for _, f := range w.Plan.Files {
		if f.Role != "weights" {
			continue
		}
		if f.SHA256 == "" {
			return ""
		}
		sums = append(sums, f.SHA256)
	}
	if len(sums) == 0 {
		return ""
	}
	digest, err := library.DigestOfParts(sums...)
	if err != nil {
		return ""
	}
	return digest
}
