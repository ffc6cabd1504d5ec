package convert

import (
	"fmt"
	"strings"

	"freehold/models/safetensors"
)

// module is a step of a sentence-transformers model, each in a folder of its own.
type module struct{ Type, Path string }

// modules lists the steps that end in a kind, as modules.json names them.
func (v *conversion) modules(kind string) (found []module) {
	var all []module
	if _, err := v.dir.decode("modules.json", maxConfig, &all); err != nil {
		v.note(err)
		return nil
	}
	for _, m := range all {
		if !strings.HasSuffix(m.Type, kind) {
			continue
		}
		if !plain(m.Path) {
			v.note(fmt.Errorf("modules.json names %q, which is not a folder beside it", m.Path))
			return nil
		}
		found = append(found, m)
	}
	return found
}

// pooling tells how an embedding is made of the tokens' values, where the
// folder of a sentence-transformers model says so.
func (v *conversion) pooling() {
	all := v.modules("Pooling")
	if len(all) == 0 {
		return
	}
	var p struct {
		Mean bool   `json:"pooling_mode_mean_tokens"`
		CLS  bool   `json:"pooling_mode_cls_token"`
		Last bool   `json:"pooling_mode_lasttoken"`
		Mode string `json:"pooling_mode"`
	}
	name := all[0].Path + "/config.json"
	if ok, err := v.dir.decode(name, maxConfig, &p); err != nil || !ok {
		v.note(err)
		return
	}
	switch {
	case p.Mean || p.Mode == "mean":
		v.set("pooling_type", uint32(1))
	case p.CLS || p.Mode == "cls":
		v.set("pooling_type", uint32(2))
	case p.Last || p.Mode == "lasttoken":
		v.set("pooling_type", uint32(3))
	default:
		v.note(fmt.Errorf("%s: only the pooling modes mean, cls and lasttoken can be converted", v.dir.path(name)))
	}
}

// projections opens the layers that an embedding goes through after pooling;
// EmbeddingGemma has two. They are closed with the model.
func (v *conversion) projections(weights *safetensors.Model) (all []*source, err error) {
	for i, m := range v.modules("Dense") {
		if v.family.arch != "gemma-embedding" {
			return nil, fmt.Errorf("%s: layers after pooling (%s) have no place in a %s model in GGUF form", v.dir.path("modules.json"), m.Path, v.family.arch)
		}
		if i == 2 {
			return nil, fmt.Errorf("%s: more than two layers after pooling cannot be converted", v.dir.path("modules.json"))
		}
		c := config{name: v.dir.path(m.Path + "/config.json"), keys: map[string]any{}, errs: new(error)}
		if _, err := v.dir.decode(m.Path+"/config.json", maxConfig, &c.keys); err != nil {
			return nil, err
		}
		if act := c.text("activation_function"); c.flag("bias", false) || act != "" && !strings.HasSuffix(act, "Identity") {
			return nil, fmt.Errorf("%s: layers after pooling with a bias or an activation cannot be converted", c.name)
		}
		f, err := weights.Add(v.dir.path(m.Path + "/model.safetensors"))
		if err != nil {
			return nil, err
		}
		if len(f.Tensors) != 1 || f.Tensors[0].Name != "linear.weight" {
			return nil, fmt.Errorf("%s should hold the tensor linear.weight alone", f.Path)
		}
		name := fmt.Sprintf("dense_%d", i+2)
		s, err := matrix(name+".weight", &f.Tensors[0])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Path, err)
		}
		if len(s.shape) != 2 {
			return nil, fmt.Errorf("%s: tensor %q is no matrix", f.Path, f.Tensors[0].Name)
		}
		v.set(name+"_feat_in", uint32(s.cols))
		v.set(name+"_feat_out", uint32(s.rows))
		all = append(all, s)
	}
	return all, nil
}

// plain tells whether path names something right inside a folder.
func plain(path string) bool {
	return path != "" && path != "." && path != ".." && !strings.ContainsAny(path, `/\:`)
}
