// Package convert makes GGUF files of models as Hugging Face lays them out: a
// folder with weights in safetensors form, config.json and a tokenizer.
//
// Weights are read, rounded and written piece by piece, so that memory stays
// small whatever the size of the model. The file appears under its name only
// when it is complete.
package convert

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"freehold/engine/gguf"
	"freehold/engine/tensor"
	"freehold/models/safetensors"
)

// Types are what weights can be stored as.
var Types = []tensor.Type{tensor.F32, tensor.F16, tensor.BF16, tensor.Q8_0}

// ParseType reads the name of a type, in either case.
func ParseType(name string) (tensor.Type, error) {
	var known []string
	for _, t := range Types {
		if strings.EqualFold(t.String(), name) {
			return t, nil
		}
		known = append(known, strings.ToLower(t.String()))
	}
	return 0, fmt.Errorf("%q is no type that weights can be converted to; choose one of %s", name, strings.Join(known, ", "))
}

// Options say how to convert.
type Options struct {
	// To is the file to write, replaced if it is there; "" for one in the
	// model's folder, named after it and the type.
	To   string
	Type tensor.Type // one of Types
	// Pre names the pre-tokenizer (tokenizer.ggml.pre) where the tokenizer's
	// own description is not recognised.
	Pre string
	// Progress, if not nil, is told of the bytes of weights read.
	Progress func(done, total int64)
}

// Result says what was made.
type Result struct {
	Path         string
	Architecture string
	Name         string
	Tensors      int
	Parameters   int64
	Bytes        int64
}

// conversion is a model on its way.
type conversion struct {
	dir     folder
	config  config
	class   string // as config.json names it
	family  *family
	shape   shape
	base    float64   // of the rotation
	experts int       // in each layer, 0 if it has none
	factors []float32 // by which pairs turn slower, nil for none
	tokens  vocabulary
	meta    gguf.Metadata
	err     error // the first that was noted
}

// note keeps the first error of steps that write many keys.
func (v *conversion) note(err error) {
	if v.err == nil {
		v.err = err
	}
}

func (v *conversion) failed() error {
	if v.err != nil {
		return v.err
	}
	return *v.config.errs
}

// Convert writes the model in the folder dir as a GGUF file.
func Convert(ctx context.Context, dir string, o Options) (Result, error) {
	if !slices.Contains(Types, o.Type) {
		return Result{}, fmt.Errorf("weights cannot be converted to %s", o.Type)
	}
	v := &conversion{dir: folder(dir)}
	if info, err := os.Stat(dir); err != nil {
		return Result{}, err
	} else if !info.IsDir() {
		return Result{}, fmt.Errorf("%s is not a folder; give the folder of a model as Hugging Face lays it out", dir)
	}
	var err error
	if v.config, err = v.dir.readConfig(); err != nil {
		return Result{}, err
	}
	if v.family, v.class, err = familyOf(v.config); err != nil {
		return Result{}, err
	}
	weights, err := safetensors.OpenModel(dir)
	if err != nil {
		return Result{}, err
	}
	defer weights.Close()
	sources, err := v.build(weights, o)
	if err != nil {
		return Result{}, err
	}
	return v.write(ctx, sources, o)
}

// build works out everything that the file will hold.
func (v *conversion) build(weights *safetensors.Model, o Options) ([]*source, error) {
	if q := v.config.keys["quantization_config"]; q != nil {
		return nil, fmt.Errorf("%s: the weights are quantized already (key \"quantization_config\"); get the model in bfloat16 or float16", v.config.name)
	}
	v.shape = v.config.shape()
	v.meta.Set("general.architecture", v.family.arch)
	v.meta.Set("general.type", "model")
	v.describe(weights)
	v.family.keys(v)
	v.meta.Set("general.file_type", map[tensor.Type]uint32{tensor.F32: 0, tensor.F16: 1, tensor.Q8_0: 7, tensor.BF16: 32}[o.Type])
	v.meta.Set("general.quantization_version", uint32(2))
	if err := v.failed(); err != nil {
		return nil, err
	}
	rows, err := v.embeddingRows(weights)
	if err != nil {
		return nil, err
	}
	if err := v.readVocabulary(rows, o.Pre); err != nil {
		return nil, err
	}
	sources, err := v.sources(weights, o.Type)
	if err != nil {
		return nil, err
	}
	return sources, v.failed()
}

// embeddingRows is how many tokens the model has an embedding for.
func (v *conversion) embeddingRows(weights *safetensors.Model) (int, error) {
	for i := range weights.Tensors {
		t := &weights.Tensors[i]
		if p, ok := v.family.place(v.family.canonical(t.Name)); ok && p.name == "token_embd.weight" {
			if len(t.Shape) != 2 || t.Shape[0] < 1 || t.Shape[0] > maxVocabulary || t.Shape[1] != v.shape.width {
				return 0, fmt.Errorf("%s: tensor %q has shape %v; an embedding of width %d with at most %d rows was expected", t.Path, t.Name, t.Shape, v.shape.width, maxVocabulary)
			}
			return t.Shape[0], nil
		}
	}
	return 0, fmt.Errorf("the weights hold no token embedding; the model is incomplete, or not of class %s as config.json says", v.class)
}

// sources finds the place of each weight.
func (v *conversion) sources(weights *safetensors.Model, want tensor.Type) ([]*source, error) {
	var all []*source
	byName := map[string]*source{}
	add := func(s *source) { byName[s.name] = s; all = append(all, s) }
	if v.factors != nil {
		add(&source{name: "rope_freqs.weight", rows: 1, cols: len(v.factors), shape: []int{len(v.factors)}, values: v.factors})
	}
	groups := map[string][]*safetensors.Tensor{}
	for i := range weights.Tensors {
		t := &weights.Tensors[i]
		name := v.family.canonical(t.Name)
		if v.leaveOut(name) {
			continue
		}
		p, ok := v.family.place(name)
		if !ok || p.layer >= v.shape.layers {
			return nil, fmt.Errorf("%s: tensor %q has no place in a %s model of %d layers; the model is of a variant that cannot be converted", t.Path, t.Name, v.family.arch, v.shape.layers)
		}
		s := byName[p.name]
		if s == nil {
			var err error
			if s, err = matrix(p.name, t); err != nil {
				return nil, fmt.Errorf("%s: %w", t.Path, err)
			}
			add(s)
			if p.expert < 0 {
				if v.family.change != nil {
					v.family.change(v, s)
				}
				continue
			}
			s.parts = nil
		} else if p.expert < 0 {
			return nil, fmt.Errorf("%s: tensors %q and %q have the same place", t.Path, s.parts[0].Name, t.Name)
		}
		if p.expert >= v.experts {
			return nil, fmt.Errorf("%s: tensor %q is of an expert that a model of %d experts does not have", t.Path, t.Name, v.experts)
		}
		if groups[p.name] == nil {
			groups[p.name] = make([]*safetensors.Tensor, v.experts)
		}
		if groups[p.name][p.expert] != nil {
			return nil, fmt.Errorf("%s: tensors %q and %q have the same place", t.Path, groups[p.name][p.expert].Name, t.Name)
		}
		groups[p.name][p.expert] = t
	}
	for name, parts := range groups {
		s := byName[name]
		for e, t := range parts {
			if t == nil {
				return nil, fmt.Errorf("expert %d of %s is missing from the weights; the model is incomplete", e, name)
			}
			if one, err := matrix(name, t); err != nil || one.rows != s.rows || one.cols != s.cols {
				return nil, errors.Join(err, fmt.Errorf("%s: tensor %q has shape %v, but another expert has %d×%d", t.Path, t.Name, t.Shape, s.rows, s.cols))
			}
		}
		s.parts = parts
		s.shape = []int{s.cols, s.rows, len(parts)}
	}
	after, err := v.projections(weights)
	if err != nil {
		return nil, err
	}
	all = append(all, after...)
	for _, s := range all {
		s.choose(want)
	}
	return all, v.complete(byName)
}

// leaveOut tells whether a tensor is not needed: buffers that some versions of
// the classes stored, and what belongs to no part of the model proper.
func (v *conversion) leaveOut(name string) bool {
	for _, end := range []string{".rotary_emb.inv_freq", ".attention.bias", ".attention.masked_bias", ".position_ids"} {
		if strings.HasSuffix(name, end) {
			return true
		}
	}
	return slices.ContainsFunc(v.family.skip, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) ||
		name == "lm_head.weight" && v.config.flag("tie_word_embeddings", false)
}

// complete holds the tensors to what a model of the family cannot be without.
func (v *conversion) complete(byName map[string]*source) error {
	need := []string{"token_embd.weight"}
	for i := range v.shape.layers {
		for _, part := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
			need = append(need, fmt.Sprintf("blk.%d.%s.weight", i, part))
		}
		if v.experts == 0 {
			need = append(need, fmt.Sprintf("blk.%d.ffn_up.weight", i), fmt.Sprintf("blk.%d.ffn_down.weight", i))
		}
	}
	for _, name := range need {
		if byName[name] == nil {
			return fmt.Errorf("the weights hold nothing for %s; the model is incomplete: download it again", name)
		}
	}
	return nil
}

// write writes the file under a name of its own and renames it when it is whole.
func (v *conversion) write(ctx context.Context, sources []*source, o Options) (Result, error) {
	path := o.To
	if path == "" {
		path = v.dir.path(fileName(v.dir, o.Type))
	}
	r := Result{Path: path, Architecture: v.family.arch, Tensors: len(sources)}
	r.Name, _ = v.meta.String("general.name")
	var done, total int64
	for _, s := range sources {
		total += s.bytes()
	}
	progress := func(n int64) {
		done += n
		if o.Progress != nil {
			o.Progress(done, total)
		}
	}
	var tensors []gguf.TensorSource
	for _, s := range sources {
		n := int64(1)
		for _, d := range s.shape {
			n *= int64(d)
		}
		r.Parameters += n
		tensors = append(tensors, s.output(ctx, progress))
	}
	if err := gguf.WriteFile(path, &v.meta, tensors); err != nil {
		return Result{}, err
	}
	info, err := os.Stat(path)
	if err != nil {
		return Result{}, err
	}
	r.Bytes = info.Size()
	return r, nil
}

// fileName names the file after the model.
func fileName(d folder, t tensor.Type) string { return modelName(d) + "." + t.String() + ".gguf" }
