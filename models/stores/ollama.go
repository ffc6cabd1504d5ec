package stores

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"
)

// What Ollama's manifests call the layers that matter here.
const (
	ollamaLayer = "application/vnd.ollama.image."

	defaultHost      = "registry.ollama.ai"
	defaultNamespace = "library"
	latest           = "latest"
)

// Most bytes of a manifest and of the texts that it names.
const (
	maxManifest = 1 << 20
	maxText     = 128 << 10
	maxLicence  = 1 << 20
	maxParams   = 64 << 10
)

var (
	namePart    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	hostPart    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,252}(:[0-9]{1,5})?$`)
	layerDigest = regexp.MustCompile(`^sha256[:-][0-9a-f]{64}$`)
)

// findOllama reads manifests/<host>/<namespace>/<model>/<tag> and the blobs that
// they name. Several tags that mean the same are one model.
func findOllama(s *store) []Found {
	var found []Found
	at := map[string][]int{} // digest → indices in found
	for _, tag := range s.tags() {
		f, err := s.ollamaModel(tag)
		if err != nil {
			s.told.add(fmt.Errorf("%s in %s: %w", tag.name(), s.name, err))
			continue
		}
		if f == nil {
			continue
		}
		same := false
		for _, i := range at[f.Digest] {
			if old := &found[i]; old.System == f.System && old.Template == f.Template && reflect.DeepEqual(old.Params, f.Params) {
				if same = true; better(f.Tag, old.Tag) {
					*old = *f
				}
				break
			}
		}
		if !same {
			at[f.Digest] = append(at[f.Digest], len(found))
			found = append(found, *f)
		}
	}
	return found
}

// better tells whether tag a says more about a model than b.
func better(a, b string) bool {
	if l := strings.HasSuffix(a, ":"+latest); l != strings.HasSuffix(b, ":"+latest) {
		return !l
	}
	return len(a) < len(b)
}

// tag is the path of a manifest.
type tag struct{ host, namespace, model, tag string }

// name is what Ollama's users call it.
func (t tag) name() string {
	name := t.model + ":" + t.tag
	if t.host != defaultHost || t.namespace != defaultNamespace {
		name = t.namespace + "/" + name
	}
	if t.host != defaultHost {
		name = t.host + "/" + name
	}
	return name
}

// ref is name for the library, as short as users write it.
func (t tag) ref() string {
	name := t.model
	if t.tag != latest {
		name += "-" + t.tag
	}
	if t.host == defaultHost && t.namespace != defaultNamespace {
		name = t.namespace + "-" + name
	}
	return name
}

func (s *store) tags() []tag {
	var tags []tag
	top := filepath.Join(s.root, "manifests")
	for _, host := range s.folders(top) {
		for _, namespace := range s.folders(filepath.Join(top, host)) {
			for _, model := range s.folders(filepath.Join(top, host, namespace)) {
				if !hostPart.MatchString(host) || !namePart.MatchString(namespace) || !namePart.MatchString(model) {
					continue
				}
				for _, e := range s.list(filepath.Join(top, host, namespace, model)) {
					if !e.IsDir() && namePart.MatchString(e.Name()) {
						tags = append(tags, tag{host, namespace, model, e.Name()})
					}
				}
			}
		}
	}
	return tags
}

// ollamaModel returns nil for what holds no weights of its own, such as a model
// in Ollama's cloud.
func (s *store) ollamaModel(t tag) (*Found, error) {
	path, err := s.look(filepath.Join(s.root, "manifests", t.host, t.namespace, t.model, t.tag))
	if err != nil {
		return nil, err
	}
	data := readSmall(path.real, maxManifest)
	if data == nil {
		return nil, errors.New("its manifest is too large or cannot be read")
	}
	m, err := parseManifest(data)
	if err != nil || m.model.Digest == "" {
		return nil, err
	}
	weights, err := s.blob(m.model.Digest)
	if err != nil {
		return nil, err
	}
	if weights.size != m.model.Size {
		return nil, fmt.Errorf("its weights have %d bytes instead of %d; pull it again with Ollama", weights.size, m.model.Size)
	}
	f := s.of(Ollama, []file{weights})
	f.Name, f.Ref, f.Tag, f.Source = t.name(), t.ref(), t.name(), "ollama:"+t.name()
	f.Digest = strings.Replace(m.model.Digest, "-", ":", 1)
	for _, text := range []struct {
		layers []layer
		to     *string
		limit  int64
	}{{m.template, &f.Template, maxText}, {m.system, &f.System, maxText}, {m.licence, &f.Licence, maxLicence}} {
		for _, l := range text.layers {
			data, err := s.text(l, text.limit)
			if err != nil {
				return nil, err
			}
			if !utf8.Valid(data) {
				return nil, fmt.Errorf("blob %s is not text", l.Digest)
			}
			if *text.to != "" {
				*text.to += "\n\n"
			}
			*text.to += string(data)
			if int64(len(*text.to)) > 2*text.limit {
				return nil, errors.New("its texts are too long")
			}
		}
	}
	for _, l := range m.params {
		data, err := s.text(l, maxParams)
		if err != nil {
			return nil, err
		}
		var params map[string]any
		if err := json.Unmarshal(data, &params); err != nil {
			return nil, fmt.Errorf("its parameters (blob %s): %w", l.Digest, err)
		}
		if f.Params == nil {
			f.Params = params
		} else {
			maps.Copy(f.Params, params)
		}
	}
	return &f, nil
}

func (s *store) blob(digest string) (file, error) {
	f, err := s.look(filepath.Join(s.root, "blobs", strings.Replace(digest, ":", "-", 1)))
	if err != nil {
		return file{}, fmt.Errorf("blob %s: %w", digest, err)
	}
	return f, nil
}

func (s *store) text(l layer, limit int64) ([]byte, error) {
	f, err := s.blob(l.Digest)
	if err != nil {
		return nil, err
	}
	data := readSmall(f.real, limit)
	if data == nil {
		return nil, fmt.Errorf("blob %s is larger than the %d bytes such a text may have, or cannot be read", l.Digest, limit)
	}
	return data, nil
}

// layer is a blob as a manifest names it.
type layer struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// manifest is what a manifest of Ollama's says, checked.
type manifest struct {
	model                             layer // no Digest if there are no weights
	template, system, params, licence []layer
}

// parseManifest reads a manifest. Models that are more than one file of weights
// are refused: half of one would answer differently.
func parseManifest(data []byte) (manifest, error) {
	var raw struct {
		Layers []layer `json:"layers"`
	}
	var m manifest
	if err := json.Unmarshal(data, &raw); err != nil {
		return m, fmt.Errorf("its manifest is damaged: %w", err)
	}
	for _, l := range raw.Layers {
		kind, ours := strings.CutPrefix(l.MediaType, ollamaLayer)
		if !ours {
			continue
		}
		if !layerDigest.MatchString(l.Digest) {
			return manifest{}, fmt.Errorf("its manifest names %.80q, which is not a SHA-256", l.Digest)
		}
		if l.Size < 0 {
			return manifest{}, fmt.Errorf("its manifest says that a blob has %d bytes", l.Size)
		}
		switch kind {
		case "model":
			if m.model.Digest != "" {
				return manifest{}, errors.New("its weights are in several files, which Freehold cannot read from there")
			}
			m.model = l
		case "adapter":
			return manifest{}, errors.New("it is an adapter on top of another model, which Freehold cannot read from there")
		case "template", "prompt":
			m.template = append(m.template, l)
		case "system":
			m.system = append(m.system, l)
		case "params":
			m.params = append(m.params, l)
		case "license":
			m.licence = append(m.licence, l)
		}
	}
	if n := len(m.template) + len(m.system) + len(m.params) + len(m.licence); n > 32 {
		return manifest{}, fmt.Errorf("its manifest names %d texts, which is not believable", n)
	}
	return m, nil
}
