package catalog

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/models.md anew")

// TestDocument keeps the table that users read true to the data.
func TestDocument(t *testing.T) {
	path, want := filepath.Join("..", "..", "docs", "models.md"), document()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the catalogue says; write it anew with: go test ./models/catalog -run Document -update", path)
	}
}

func document() string {
	var b strings.Builder
	w := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	w("# Models in the catalogue\n\n")
	w("What Freehold offers for download, as of %s. Any other GGUF file of an architecture that it runs can be pulled by its\n", Updated())
	w("Hugging Face or Ollama name, or opened from the disk. `freehold pull REF` brings the quantization in bold; put another one\n")
	example, _, _ := Find("llama-3.2-3b-instruct")
	w("behind the name with a colon (`freehold pull %s:%s`). Sizes are of the file; a model takes that much memory, and its\ncontext comes to it: `freehold fit REF` says how it will run on your machine.\n", example.Ref, example.Files[len(example.Files)-1].Quant)

	w("\n## To begin with\n\n| Free memory | Chat | Code | Reasoning |\n|---|---|---|---|\n")
	for _, available := range []int64{1e9, 2e9, 4e9, 8e9, 16e9, 24e9, 32e9} {
		w("| %d GB |", available/1e9)
		for _, kind := range []string{Chat, Code, Reasoning} {
			if e, _, ok := Recommend(kind, available); ok {
				w(" %s |", e.Name)
			} else {
				w(" |")
			}
		}
		w("\n")
	}
	for _, kind := range Kinds {
		w("\n## %s\n\n", strings.ToUpper(kind[:1])+kind[1:])
		w("| Model | `REF` | Parameters | Context | Sizes | Languages | Licence | |\n|---|---|--:|--:|---|---|---|---|\n")
		for _, e := range All() {
			if e.Kind != kind {
				continue
			}
			var sizes []string
			for _, f := range e.Files {
				s := f.Quant + " " + bytesInWords(f.SizeBytes)
				if f.Default {
					s = "**" + s + "**"
				}
				sizes = append(sizes, s)
			}
			parameters := inWords(e.Parameters)
			if e.ActiveParameters != e.Parameters {
				parameters += ", " + inWords(e.ActiveParameters) + " active"
			}
			languages := strings.Join(e.Languages, " ")
			if len(e.Languages) > 6 {
				languages = fmt.Sprintf("%s and %d more", strings.Join(e.Languages[:5], " "), len(e.Languages)-5)
			}
			w("| [%s](%s), %s, %s | `%s` | %s | %s | %s | %s | %s | %s |\n", e.Name, e.Homepage, e.Maker, e.Released, e.Ref,
				parameters, tokensInWords(e.ContextLength), strings.Join(sizes, ", "), languages, licenceInWords(e), e.Summary)
		}
	}
	w("\n## Licences that restrict use\n\nFreehold asks you to accept these once, before the first download. What stands here is a summary; the licence itself counts.\n\n")
	seen := map[string]bool{}
	for _, e := range All() {
		if e.Restrictions != "" && !seen[e.Licence] {
			seen[e.Licence] = true
			w("- **[%s](%s)**: %s\n", e.LicenceName, e.LicenceURL, e.Restrictions)
		}
	}
	return b.String()
}

func licenceInWords(e Entry) string {
	if e.Terms {
		return "[" + e.LicenceName + "](" + e.LicenceURL + ")"
	}
	return e.Licence
}

func bytesInWords(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d MB", (n+5e5)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

func inWords(n int64) string {
	if n < 1e9 {
		return fmt.Sprintf("%d M", (n+5e5)/1e6)
	}
	return fmt.Sprintf("%.1f B", float64(n)/1e9)
}

func tokensInWords(n int) string {
	if n < 1024 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%d K", n/1024)
}
