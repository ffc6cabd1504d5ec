package stores

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

func TestDefaultRoots(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("names paths as Unix does")
	}
	home := t.TempDir()
	env := map[string]string{}
	r := defaults(home, func(name string) string { return env[name] })
	at := func(path string) string { return filepath.Join(home, path) }
	if !reflect.DeepEqual(r.HuggingFace, []string{at(".cache/huggingface/hub")}) || r.Ollama[0] != at(".ollama/models") ||
		!reflect.DeepEqual(r.LMStudio, []string{at(".lmstudio/models"), at(".cache/lm-studio/models")}) {
		t.Errorf("roots %+v", r)
	}
	env = map[string]string{"HF_HUB_CACHE": "/a", "HF_HOME": "~/b", "XDG_CACHE_HOME": "relative", "OLLAMA_MODELS": "/o"}
	if r = defaults(home, func(name string) string { return env[name] }); !reflect.DeepEqual(r.HuggingFace, []string{"/a", at("b/hub"), at(".cache/huggingface/hub")}) || r.Ollama[0] != "/o" {
		t.Errorf("roots %+v", r)
	}
	if r = defaults("", func(string) string { return "" }); len(r.HuggingFace)+len(r.LMStudio) != 0 {
		t.Errorf("roots without a home: %+v", r)
	}
}

func TestEndlessFolder(t *testing.T) {
	dir := t.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.gguf", i)), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var told problems
	s, err := openStore(t.Context(), dir, &told)
	if err != nil {
		t.Fatal(err)
	}
	s.left = 5
	n := 0
	s.weights(s.root, 1, func([]file) { n++ })
	s.weights(s.root, 1, func([]file) { n++ })
	if n != 5 || told.err() == nil || !strings.Contains(told.err().Error(), "only the first 5") {
		t.Errorf("%d files, told %v", n, told.err())
	}
}

func FuzzParseManifest(f *testing.F) {
	digest := "sha256:" + strings.Repeat("0", 64)
	f.Add([]byte(`{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"` + digest + `","size":1},{"mediaType":"application/vnd.ollama.image.params","digest":"` + digest + `","size":1}]}`))
	f.Add([]byte(`{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../..","size":-1}]}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"layers":[null]}`))
	safe := regexp.MustCompile(`^sha256[:-][0-9a-f]{64}$`)
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseManifest(data)
		if err != nil {
			return
		}
		all := append(append(append(append([]layer{}, m.template...), m.system...), m.params...), m.licence...)
		if m.model.Digest != "" {
			all = append(all, m.model)
		}
		if len(all) > 33 {
			t.Errorf("%d layers", len(all))
		}
		for _, l := range all {
			if !safe.MatchString(l.Digest) || l.Size < 0 {
				t.Errorf("layer %+v", l)
			}
		}
	})
}

func FuzzPartNames(f *testing.F) {
	f.Add("a-00001-of-00002.gguf", "a-00002-of-00002.gguf")
	f.Add("-00001-of-99999.gguf", "")
	f.Fuzz(func(t *testing.T, name, other string) {
		names, err := partNames(name, map[string]bool{name: true, other: true})
		if err == nil && len(names) > 2 {
			t.Errorf("%d names of 2 files", len(names))
		}
	})
}
