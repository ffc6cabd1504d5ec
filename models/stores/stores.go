// Package stores finds the GGUF models that other tools keep on this machine:
// the cache of Hugging Face's libraries and of llama.cpp, Ollama's store, and
// LM Studio's folder. It reads names, sizes and the small texts beside the
// weights, never the weights themselves, and changes nothing.
//
// What lies in these folders was written by others. Links may not lead out of a
// store, folders may not be endless, and names that are no names are refused.
package stores

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// The tools whose stores are known.
const (
	HuggingFace = "huggingface"
	Ollama      = "ollama"
	LMStudio    = "lmstudio"
)

// Found is a model in the store of another tool.
type Found struct {
	Tool       string   // HuggingFace, Ollama or LMStudio
	Store      string   // the store's folder
	Path       string   // of its GGUF file; of the first one if it is split
	Parts      []string // of all files of a split model, in order; nil otherwise
	Name       string   // as its tool calls it
	Ref        string   // a name for the library, which makes it valid and unique
	Source     string   // where it came from; the same as long as its tool calls it so
	SizeBytes  int64    // of all parts
	ModifiedAt int64    // ms since 1970, of the newest part
	Digest     string   // sha256:<hex> if the store's naming tells it, see library.Model; else ""

	Repo   string // Hugging Face and LM Studio: owner/name
	Commit string // Hugging Face
	Tag    string // Ollama: [host/][namespace/]model:tag

	// Ollama keeps these beside the weights. Template is in Go's template language.
	Template, System string
	Params           map[string]any
	Licence          string // its whole text
}

// Find lists the models in roots. What it could not read or would not follow is
// in err, while found holds all the rest.
func Find(ctx context.Context, roots Roots) (found []Found, err error) {
	var told problems
	for _, kind := range []struct {
		roots []string
		find  func(*store) []Found
	}{
		{roots.HuggingFace, findHuggingFace},
		{roots.Ollama, findOllama},
		{roots.LMStudio, findLMStudio},
	} {
		seen := map[string]bool{}
		for _, root := range kind.roots {
			s, err := openStore(ctx, root, &told)
			if err != nil {
				told.add(err)
				continue
			}
			if s == nil || seen[s.root] {
				continue
			}
			seen[s.root] = true
			found = append(found, kind.find(s)...)
			if ctx.Err() != nil {
				return found, ctx.Err()
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.Tool, b.Tool), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.Path, b.Path))
	})
	return found, told.err()
}

// problems collects what went wrong without ending the search. A hostile store
// cannot make it long.
type problems struct {
	errs []error
	more int
}

func (p *problems) add(err error) {
	const enough = 20
	if len(p.errs) < enough {
		p.errs = append(p.errs, err)
	} else {
		p.more++
	}
}

func (p *problems) err() error {
	errs := p.errs
	if p.more > 0 {
		errs = append(slices.Clone(errs), fmt.Errorf("and %d more problems", p.more))
	}
	return errors.Join(errs...)
}
