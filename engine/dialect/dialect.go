// Package dialect reads model files that speak GGUF with another accent.
//
// llama.cpp's names for metadata keys and tensors are what the engine knows.
// Ollama converted many models with an engine of its own, and what its library
// offers under these names still lies in millions of ~/.ollama folders: other
// names for architectures, keys and tensors, keys left out because that engine
// had them built in, and whole vision towers in the same file. [View] presents
// such a file as llama.cpp would have written it. Tensor data is shared, not
// copied, but for the two cases where the layout itself differs.
//
// What is known of each family stands in one table, families.go. A file that
// no row of it recognises is left as it is.
package dialect

import (
	"cmp"
	"fmt"
	"strings"

	"freehold/engine/gguf"
)

// Open maps the GGUF file at path, whatever its dialect, and presents it in
// llama.cpp's. The path may be that of a blob in Ollama's store, whose name is
// a digest.
func Open(path string) (*gguf.File, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	v, err := View(f)
	if err != nil {
		f.Close()
		return nil, err
	}
	return v, nil
}

// View presents f in llama.cpp's dialect. It returns f itself if there is
// nothing to translate; otherwise it leaves f unchanged and returns a file that
// takes its mapping over: close only the result.
func View(f *gguf.File) (*gguf.File, error) {
	arch, _ := f.Meta.String("general.architecture")
	v := &view{arch: arch, meta: &f.Meta, tensors: f.Tensors}
	translated := false
	// A translation may lead to an architecture that has one itself; none
	// leads on from there.
	for range 2 {
		fam := v.family()
		if fam == nil {
			break
		}
		if !translated {
			own := f.Meta.Clone()
			v.meta, v.tensors = &own, append([]gguf.Tensor(nil), f.Tensors...)
			translated = true
		}
		if err := v.translate(fam); err != nil {
			return nil, fmt.Errorf("%s: reading Ollama's form of %s: %w", f.Path, fam.arch, err)
		}
	}
	if !translated {
		return f, nil
	}
	return f.With(*v.meta, v.tensors)
}

// view is a file on its way from one dialect to the other.
type view struct {
	arch    string
	meta    *gguf.Metadata
	tensors []gguf.Tensor
}

// family is how Ollama writes one architecture. Key names are without the
// architecture's prefix unless they begin with "tokenizer.".
type family struct {
	arch    string           // general.architecture in the file
	when    func(*view) bool // tells Ollama's files from llama.cpp's; nil where arch alone does
	becomes string           // llama.cpp's name of the architecture; "" for the same

	keys    []rename  // keys; a key that is there under its new name already stays
	missing []setting // keys to add where the file has none
	always  []setting // keys to set whatever the file says
	drop    []string  // beginnings of the names of tensors that are not of the text model
	tensors []rename  // parts of tensor names between dots
	also    func(*view) error
}

type rename struct{ from, to string }

type setting struct {
	key   string
	value any
}

// family returns the row of the table that describes the file, nil if none does.
func (v *view) family() *family {
	for i := range families {
		f := &families[i]
		if f.arch == v.arch && (f.when == nil || f.when(v)) {
			return f
		}
	}
	return nil
}

func (v *view) translate(f *family) error {
	v.renameKeys(f)
	for _, s := range f.missing {
		if !v.has(s.key) {
			v.set(s.key, s.value)
		}
	}
	for _, s := range f.always {
		v.set(s.key, s.value)
	}
	kept := v.tensors[:0]
	for _, t := range v.tensors {
		if startsWithAny(t.Name, f.drop) {
			continue
		}
		t.Name = renamed(t.Name, f.tensors)
		kept = append(kept, t)
	}
	v.tensors = kept
	if f.also == nil {
		return nil
	}
	return f.also(v)
}

// renameKeys gives the architecture and its keys their new names.
func (v *view) renameKeys(f *family) {
	old, prefix := v.meta, f.arch+"."
	v.arch, v.meta = cmp.Or(f.becomes, f.arch), &gguf.Metadata{}
	for _, key := range old.Keys() {
		value, _ := old.Value(key)
		to := key
		if rest, ok := strings.CutPrefix(key, prefix); ok {
			for _, r := range f.keys {
				if rest == r.from {
					rest = r.to
					break
				}
			}
			to = v.key(rest)
		} else if key == "general.architecture" {
			value = v.arch
		}
		if _, taken := old.Value(to); taken && to != key {
			continue
		}
		v.meta.Set(to, value)
	}
}

// renamed returns the name of a tensor with one of its parts renamed, if it has
// a part of an old name and is not called by the new one already.
func renamed(name string, by []rename) string {
	dotted := "." + name + "."
	for _, r := range by {
		if strings.Contains(dotted, "."+r.from+".") && !strings.Contains(dotted, "."+r.to+".") {
			return strings.Trim(strings.Replace(dotted, "."+r.from+".", "."+r.to+".", 1), ".")
		}
	}
	return name
}

// key returns the full name of a key.
func (v *view) key(name string) string {
	if strings.HasPrefix(name, "tokenizer.") {
		return name
	}
	return v.arch + "." + name
}

func (v *view) has(key string) bool {
	_, ok := v.meta.Value(v.key(key))
	return ok
}

func (v *view) set(key string, value any) { v.meta.Set(v.key(key), value) }

func (v *view) text(key string) string {
	s, _ := v.meta.String(v.key(key))
	return s
}

func (v *view) number(key string) (uint32, bool) {
	n, ok := v.meta.Uint(v.key(key))
	return uint32(n), ok && n < 1<<31
}

// tensor returns the tensor called name, nil if there is none.
func (v *view) tensor(name string) *gguf.Tensor {
	for i := range v.tensors {
		if v.tensors[i].Name == name {
			return &v.tensors[i]
		}
	}
	return nil
}

// size returns a dimension of the tensor called name, if it has that many.
func (v *view) size(name string, dimension int) (uint32, bool) {
	t := v.tensor(name)
	if t == nil || len(t.Shape) <= dimension || t.Shape[dimension] >= 1<<31 {
		return 0, false
	}
	return uint32(t.Shape[dimension]), true
}

// hasAny tells whether a tensor's name starts with one of the prefixes.
func (v *view) hasAny(prefixes ...string) bool {
	for i := range v.tensors {
		if startsWithAny(v.tensors[i].Name, prefixes) {
			return true
		}
	}
	return false
}

func startsWithAny(name string, prefixes []string) bool {
	for _, p := range prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}
