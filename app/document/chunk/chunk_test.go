package chunk

import (
	"fmt"
	"strings"
	"testing"

	"freehold/app/document/parse"
)

// words counts words and two special tokens.
func words(text string) int { return len(strings.Fields(text)) + 2 }

// page lays blocks out as a parser does.
func page(number int, blocks ...parse.Block) parse.Page {
	p := parse.Page{Number: number}
	for _, b := range blocks {
		b.Start = len(p.Text)
		p.Text += strings.ReplaceAll(b.Text, " ", "\n") + "\n\n" // the layout has other white space
		b.End = len(p.Text) - 2
		p.Blocks = append(p.Blocks, b)
	}
	return p
}

func prose(name string, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "%s%d", name, i)
		if i%12 == 11 {
			b.WriteByte('.')
		}
		b.WriteByte(' ')
	}
	return strings.TrimSpace(b.String())
}

var sizes = Sizes{Least: 30, Target: 70, Most: 100}

func TestChunks(t *testing.T) {
	h := func(level int, text string, path ...string) parse.Block {
		return parse.Block{Kind: parse.Heading, Level: level, Text: text, Path: path}
	}
	par := func(text string, path ...string) parse.Block {
		return parse.Block{Kind: parse.Paragraph, Text: text, Path: path}
	}
	item := func(text string) parse.Block { return parse.Block{Kind: parse.ListItem, Text: text} }
	row := func(text string) parse.Block { return parse.Block{Kind: parse.TableRow, Table: 1, Text: text} }
	many := func(n int, make func(i int) parse.Block) (all []parse.Block) {
		for i := range n {
			all = append(all, make(i))
		}
		return all
	}
	tests := []struct {
		name  string
		page  parse.Page
		want  int // chunks
		check func(t *testing.T, texts []string)
	}{
		{"small sections stay together", page(1, h(1, "A"), par("one two", "A"), h(1, "B"), par("three", "B")), 1, nil},
		{"a heading begins a chunk", page(1, h(1, "A"), par(prose("a", 40), "A"), h(1, "B"), par(prose("b", 40), "B")), 2, func(t *testing.T, texts []string) {
			if !strings.HasPrefix(texts[1], "B\n") {
				t.Errorf("the second chunk begins %.20q", texts[1])
			}
		}},
		{"long paragraphs are cut between sentences", page(1, par(prose("w", 300))), 4, func(t *testing.T, texts []string) {
			for i, x := range texts[:len(texts)-1] {
				if !strings.HasSuffix(x, ".") {
					t.Errorf("chunk %d ends %q", i, x[len(x)-10:])
				}
			}
		}},
		{"a word without end", page(1, parse.Block{Kind: parse.Paragraph, Text: strings.Repeat("x", 5000)}), 1, nil},
		{"lists stay with their announcement", page(1, append([]parse.Block{par(prose("p", 60) + ":")}, many(8, func(i int) parse.Block { return item(fmt.Sprint("item ", i)) })...)...), 1, nil},
		{"rows repeat the columns", page(1, many(60, func(i int) parse.Block {
			if i == 0 {
				return row("Name\tAge")
			}
			return row(fmt.Sprintf("n%d\t%d", i, i))
		})...), 0, func(t *testing.T, texts []string) {
			for i, x := range texts {
				if !strings.HasPrefix(x, "Name\tAge\n") {
					t.Errorf("chunk %d begins %.20q", i, x)
				}
			}
		}},
		{"headers and footers are left out", page(1, parse.Block{Kind: parse.Running, Text: "page 3"}, par("text")), 1, func(t *testing.T, texts []string) {
			if texts[0] != "text" {
				t.Errorf("%q", texts[0])
			}
		}},
		{"a page without blocks", parse.Page{Number: 2, Text: "one\ntwo\n\nthree"}, 1, func(t *testing.T, texts []string) {
			if texts[0] != "one two\nthree" {
				t.Errorf("%q", texts[0])
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			chunks := New("d", words, sizes).Page(tt.page)
			if tt.want > 0 && len(chunks) != tt.want {
				t.Errorf("%d chunks, want %d", len(chunks), tt.want)
			}
			var texts []string
			for i, c := range chunks {
				texts = append(texts, c.Text)
				if c.Seq != i || c.Page != tt.page.Number || c.Tokens > sizes.Most || c.Tokens != words(c.Indexed()) {
					t.Errorf("chunk %d: %+v", i, c)
				}
				if c.Start < 0 || c.End > len(tt.page.Text) || c.Start >= c.End {
					t.Fatalf("chunk %d stands at %d to %d of %d", i, c.Start, c.End, len(tt.page.Text))
				}
			}
			whole(t, tt.page, texts)
			if tt.check != nil {
				tt.check(t, texts)
			}
		})
	}
}

// whole checks that the chunks hold all words of the page.
func whole(t *testing.T, p parse.Page, texts []string) {
	t.Helper()
	have := map[string]bool{}
	for _, w := range strings.Fields(strings.Join(texts, " ")) {
		have[w] = true
	}
	for _, b := range p.Blocks {
		if b.Kind == parse.Running {
			continue
		}
		for _, w := range strings.Fields(b.Text) {
			if !have[w] && len(w) < 1000 {
				t.Fatalf("%q is in no chunk", w)
			}
		}
	}
}

// TestPlaces checks that the parts of a long block are found on the page.
func TestPlaces(t *testing.T) {
	p := page(1, parse.Block{Kind: parse.Paragraph, Text: prose("w", 500)})
	for i, c := range New("d", words, sizes).Page(p) {
		if got := strings.Join(strings.Fields(p.Text[c.Start:c.End]), " "); got != c.Text {
			t.Errorf("chunk %d: the page says %.40q…, the chunk %.40q…", i, got, c.Text)
		}
	}
}

func TestLocate(t *testing.T) {
	raw := "The infor-\nmation  is\u00a0here. Änderung fünf."
	for text, want := range map[string]string{
		"information is": "infor-\nmation  is", "is here.": "is\u00a0here.", "fünf": "fünf", "Änderung": "Änderung", "absent": "", "": "", " - ": "",
	} {
		s, e := Locate(raw, text)
		if want == "" {
			if s != -1 || e != -1 {
				t.Errorf("%q: %d to %d", text, s, e)
			}
		} else if s < 0 || raw[s:e] != want {
			t.Errorf("%q: %d to %d", text, s, e)
		}
	}
}

func TestSizes(t *testing.T) {
	for limit, most := range map[int]int{0: 400, 256: 256, 512: 400, 8192: 400} {
		if s := SizesFor(limit); s.Most != most || s.Least >= s.Target || s.Target >= s.Most {
			t.Errorf("%d: %+v", limit, s)
		}
	}
}

func FuzzChunks(f *testing.F) {
	f.Add("one two. three\n\nfour", 3, 9)
	f.Add("\xff\xfe a。b\u00ad", 0, 100)
	f.Fuzz(func(t *testing.T, text string, start, end int) {
		p := parse.Page{Number: 1, Text: text, Blocks: []parse.Block{
			{Kind: parse.Paragraph, Text: text, Start: 0, End: len(text)},
			{Kind: parse.TableRow, Table: 1, Text: text, Start: start, End: end, Path: []string{text, text}},
		}}
		for _, c := range New("d", words, sizes).Page(p) {
			if c.Start < 0 || c.End > len(text) || c.Start > c.End {
				t.Fatalf("%d to %d of %d", c.Start, c.End, len(text))
			}
		}
		if s, e := Locate(text, text); s > e {
			t.Fatal(s, e)
		}
	})
}
