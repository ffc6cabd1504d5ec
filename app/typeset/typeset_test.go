package typeset

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"freehold/app/document/parse"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == parse.WorkerVerb {
		os.Exit(parse.Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
	}
	parse.SetCache(filepath.Join(os.TempDir(), "freehold-test-pdfium"))
	os.Exit(m.Run())
}

// read sets Markdown and reads the PDF again.
func read(t *testing.T, markdown string) (doc *parse.Document, missing int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.pdf")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	missing, err = PDF(f, markdown, Options{Title: "A title", Footer: "From a test", Created: time.Unix(1e9, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	reader, err := parse.NewReader(parse.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	doc, err = reader.Read(t.Context(), path, parse.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return doc, missing
}

func textOf(d *parse.Document) string {
	var b strings.Builder
	for _, p := range d.Pages {
		b.WriteString(strings.Join(strings.Fields(p.Text), " ") + "\n")
	}
	return b.String()
}

func TestPDF(t *testing.T) {
	d, missing := read(t, `# A heading

A *paragraph* of **strong** words, `+"`code`"+`, a [link](https://example.org/a?b=1) and an escape \* &amp; more.

> Quoted text that stands apart.
> - with a list
>   1. and a list in it

| What | Amount |
|---|---:|
| Roof | £9,120.00 |
| A cell with many words that must be broken into more than one line because it is so long that no column holds it | £1.00 |

`+"```sql\nSELECT \"a\" FROM b\n```"+`

- [x] done
- [ ] open

<b>raw</b> line<br>break

---

Ελληνικά, русский, äöüß, ½ → “quoted” … – —
`)
	if missing != 0 {
		t.Errorf("%d letters are missing", missing)
	}
	got := textOf(d)
	for _, want := range []string{"A heading", "A paragraph of strong words, code, a link and an escape * & more.", "Quoted text that stands apart.", "• with a list", "1. and a list in it", "Roof", "£9,120.00", "so long that no column holds it",
		`SELECT "a" FROM b`, "[x] done", "[ ] open", "Ελληνικά, русский, äöüß, ½ → “quoted” … – —", "From a test"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in:\n%s", want, got)
		}
	}
	if len(d.Pages) != 1 || d.Title != "A title" {
		t.Errorf("%d pages, title %q", len(d.Pages), d.Title)
	}
}

// TestPages has every line of a long text on some page, and no line on two.
func TestPages(t *testing.T) {
	var b strings.Builder
	b.WriteString("| n | text |\n|---|---|\n")
	for i := range 90 {
		b.WriteString("| row" + itoa(i) + "x | " + strings.Repeat("word ", i%40) + "|\n")
	}
	b.WriteString("| huge | " + strings.Repeat("piece ", 3000) + "|\n\n")
	for i := range 120 {
		b.WriteString("- item" + itoa(i) + "x " + strings.Repeat("more text ", i%25) + "\n")
	}
	b.WriteString("\n```\n" + strings.Repeat("0123456789", 300) + "\n```\n")
	d, _ := read(t, b.String())
	got := textOf(d)
	for i := range 90 {
		if n := strings.Count(got, "row"+itoa(i)+"x"); n != 1 {
			t.Errorf("row %d stands there %d times", i, n)
		}
	}
	for i := range 120 {
		if n := strings.Count(got, "item"+itoa(i)+"x"); n != 1 {
			t.Errorf("item %d stands there %d times", i, n)
		}
	}
	if n := strings.Count(got, "piece"); n != 3000 {
		t.Errorf("%d of 3000 pieces", n)
	}
	if n := strings.Count(strings.ReplaceAll(strings.ReplaceAll(got, " ", ""), "\n", ""), "0123456789"); n < 250 { // page numbers stand between some
		t.Errorf("%d of 300 lines of code", n)
	}
	if len(d.Pages) < 8 {
		t.Errorf("%d pages", len(d.Pages))
	}
}

// TestScripts sets what the program's fonts lack in fonts of the machine, or
// tells how much it could not set.
func TestScripts(t *testing.T) {
	d, missing := read(t, "한국어 문장입니다. 中文句子。 ✓ 𝔘 😀\u200b\ufeff\x00\x07 end")
	got := textOf(d)
	if !strings.Contains(got, "end") || missing < 2 { // what lies beyond the first plane cannot be set
		t.Errorf("%d missing: %q", missing, got)
	}
	if strings.Contains(got, "한국어") != (missing < 8) {
		t.Errorf("%d missing, yet %q", missing, got)
	}
}

func TestSame(t *testing.T) {
	var a, b bytes.Buffer
	o := Options{Created: time.Unix(1e9, 0)}
	for _, w := range []*bytes.Buffer{&a, &b} {
		if _, err := PDF(w, "# One\n\ntwo *three*", o); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("the same text made different files")
	}
	if _, err := PDF(&a, strings.Repeat("x", mostText+1), o); err == nil {
		t.Error("a text of any size was taken")
	}
}

// TestLong sets texts that have no place to break in time that grows with them.
func TestLong(t *testing.T) {
	for name, text := range map[string]string{
		"word": strings.Repeat("W", 1<<20), "code": "    " + strings.Repeat("W", 1<<20), "ideographs": strings.Repeat("漢", 1<<17), "points": strings.Repeat(".", 1<<18),
		"strong": strings.Repeat("**a**b", 1<<14), "quotes": strings.Repeat("> ", 3000) + "x", "row": "|a|\n|-|\n|" + strings.Repeat("b", 1<<19) + "|",
	} {
		start := time.Now()
		if _, err := PDF(&bytes.Buffer{}, text, Options{}); err != nil {
			t.Fatal(err)
		}
		t.Log(name, time.Since(start))
	}
}

func FuzzPDF(f *testing.F) {
	f.Add("# a\n\n> b\n> 1. c\n\n| d | e |\n|---|:-:|\n| f |\n\n```\ng\n```\n<div>\n&#x1F600; \\* ~~h~~ ![i](j) <k@l.mn>")
	f.Add("|" + strings.Repeat("a|", 60) + "\n|" + strings.Repeat("-|", 60) + "\n" + strings.Repeat("|b", 100))
	f.Add(strings.Repeat("> ", 200) + "deep\n\n" + strings.Repeat("- ", 100) + "x")
	f.Add(strings.Repeat("W", 4000) + "\u00a0" + strings.Repeat("漢", 300))
	f.Fuzz(func(t *testing.T, markdown string) {
		if len(markdown) > 1<<14 {
			return
		}
		var b bytes.Buffer
		if _, err := PDF(&b, markdown, Options{Title: markdown, Footer: markdown}); err != nil {
			t.Fatal(err)
		}
	})
}
