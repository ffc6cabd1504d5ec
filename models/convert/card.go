package convert

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"

	"freehold/models/safetensors"

	"gopkg.in/yaml.v3"
)

// card is what the head of a model's README.md says, as far as it is of use.
type card struct {
	License     any    `yaml:"license"`
	LicenseName string `yaml:"license_name"`
	LicenseLink string `yaml:"license_link"`
	BaseModel   any    `yaml:"base_model"`
	Tags        any    `yaml:"tags"`
	Language    any    `yaml:"language"`
}

// readCard reads the model card. What is missing or odd in it stays out: it is
// a text that people write.
func (d folder) readCard() (c card) {
	data, err := d.read("README.md", maxConfig)
	if err != nil {
		return c
	}
	data = bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	rest, ok := bytes.CutPrefix(data, []byte("---\n"))
	if !ok {
		return c
	}
	head, _, ok := bytes.Cut(rest, []byte("\n---"))
	if !ok || len(head) > 1<<18 || yaml.Unmarshal(head, &c) != nil {
		return card{}
	}
	return c
}

// texts returns a value that may be one text or several.
func texts(v any) (all []string) {
	switch v := v.(type) {
	case string:
		if v != "" {
			all = []string{v}
		}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok && s != "" && len(all) < 256 {
				all = append(all, s)
			}
		}
	}
	return all
}

// describe sets the general keys that say what the model is and where it is from.
func (v *conversion) describe(weights *safetensors.Model) {
	name := modelName(v.dir)
	v.meta.Set("general.name", name)
	n := int64(0)
	for i := range weights.Tensors {
		size := int64(1)
		for _, d := range weights.Tensors[i].Shape {
			size *= int64(d)
		}
		n += size
	}
	v.meta.Set("general.size_label", sizeLabel(n))
	c := v.dir.readCard()
	if l := texts(c.License); len(l) > 0 {
		v.meta.Set("general.license", strings.Join(l, " OR "))
	}
	if c.LicenseName != "" {
		v.meta.Set("general.license.name", c.LicenseName)
	}
	if c.LicenseLink != "" {
		v.meta.Set("general.license.link", c.LicenseLink)
	}
	if bases := texts(c.BaseModel); len(bases) > 0 {
		v.meta.Set("general.base_model.count", uint32(len(bases)))
		for i, base := range bases {
			prefix := fmt.Sprintf("general.base_model.%d.", i)
			organization, short, ok := strings.Cut(base, "/")
			if !ok {
				organization, short = "", base
			}
			v.meta.Set(prefix+"name", short)
			if organization != "" {
				v.meta.Set(prefix+"organization", organization)
				v.meta.Set(prefix+"repo_url", "https://huggingface.co/"+base)
			}
		}
	}
	if tags := texts(c.Tags); len(tags) > 0 {
		v.meta.Set("general.tags", tags)
	}
	if languages := texts(c.Language); len(languages) > 0 {
		v.meta.Set("general.languages", languages)
	}
	v.sampling()
}

// sampling keeps the settings that the model's makers advise.
func (v *conversion) sampling() {
	c := config{keys: map[string]any{}, errs: new(error)}
	if _, err := v.dir.decode("generation_config.json", maxConfig, &c.keys); err != nil {
		v.note(err)
		return
	}
	for _, s := range []struct{ key, to string }{{"temperature", "temp"}, {"top_p", "top_p"}, {"min_p", "min_p"}} {
		if f, ok := c.keys[s.key].(float64); ok && f >= 0 && f < 100 {
			v.meta.Set("general.sampling."+s.to, float32(f))
		}
	}
	if k, ok := c.keys["top_k"].(float64); ok && k >= 1 && k < 1<<20 {
		v.meta.Set("general.sampling.top_k", int32(k))
	}
}

var inCache = regexp.MustCompile(`models--([^/\\]+)--([^/\\]+)[/\\]snapshots[/\\][0-9a-f]+$`)

// modelName is the name of the folder, or that of the model in Hugging Face's
// own cache, whose folders are called by digests.
func modelName(d folder) string {
	abs, err := filepath.Abs(string(d))
	if err != nil {
		return "model"
	}
	if m := inCache.FindStringSubmatch(abs); m != nil {
		return m[2]
	}
	if base := filepath.Base(abs); base != "." && base != string(filepath.Separator) {
		return base
	}
	return "model"
}

// sizeLabel writes a number of parameters as people say it.
func sizeLabel(n int64) string {
	x, unit := float64(n)/1e3, "K"
	switch {
	case n >= 1e9:
		x, unit = float64(n)/1e9, "B"
	case n >= 1e6:
		x, unit = float64(n)/1e6, "M"
	}
	if x < 9.95 {
		return fmt.Sprintf("%.1f%s", x, unit)
	}
	return fmt.Sprintf("%.0f%s", x, unit)
}
