package parse

import (
	"strings"
	"testing"

	"golang.org/x/text/encoding/htmlindex"
)

// samples is one small file of each kind that is read.
func samples(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"a.docx": docxFile(t, styled("Heading1", "Head")+wp("Some text.")+docxTable([]string{"a", "b"}, []string{"1", "2"}), "word/styles.xml", docxStyles),
		"a.pptx": pptxFile(t, shape("title", "Slide")+shape("body", "Point")),
		"a.odt":  odfFile(t, "text", `<office:text><text:h text:outline-level="2">H</text:h><text:p>Text</text:p></office:text>`),
		"a.odp":  odfFile(t, "presentation", `<office:presentation><draw:page draw:name="P"><text:p>Text</text:p></draw:page></office:presentation>`),
		"a.ods":  odfFile(t, "spreadsheet", `<office:spreadsheet><table:table table:name="S"><table:table-row><table:table-cell office:value-type="float" office:value="3"><text:p>3</text:p></table:table-cell></table:table-row></table:table></office:spreadsheet>`),
		"a.xlsx": zipFile(t, "xl/workbook.xml", `<workbook/>`, "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row><c t="inlineStr"><is><t>x</t></is></c><c><v>2</v></c></row></sheetData></worksheet>`),
		"a.csv":  []byte("name,sum\nx,1\ny,2\n"), "a.tsv": []byte("name\tsum\nx\t1\n"),
		"a.html": []byte("<!doctype html><title>T</title><h1>H</h1><p>One <b>two</b></p><ul><li>a<li>b</ul>"),
		"a.epub": epubFile(t), "a.rtf": []byte(`{\rtf1\ansi{\fonttbl{\f0 Arial;}}Hello \b bold\b0\par Next\par}`),
		"a.md": []byte("# H\n\nText *here*.\n\n- one\n- two\n"), "a.txt": []byte("First paragraph.\n\nSecond one.\n"), "a.go": []byte("package a\n\nfunc A() {}\n"),
		"a.eml": []byte("From: a@x.org\r\nTo: b@x.org\r\nSubject: Hi\r\nDate: Mon, 9 Mar 2026 10:00:00 +0000\r\n\r\nThe text.\r\n"),
		"a.pdf": pdfFile(pdfText(72, 770, 20, "F2", "Big Heading") + pdfText(72, 730, 11, "F1", "Some running text on the page.")),
	}
}

func epubFile(t testing.TB) []byte {
	return zipFile(t, "mimetype", "application/epub+zip", "META-INF/container.xml", `<container><rootfiles><rootfile full-path="OEBPS/book.opf"/></rootfiles></container>`,
		"OEBPS/book.opf", `<package xmlns:dc="d"><metadata><dc:title>The Book</dc:title><dc:creator>A. Writer</dc:creator><dc:language>fr</dc:language></metadata><manifest><item id="b" href="b.xhtml" media-type="application/xhtml+xml"/><item id="a" href="a%20b.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/><itemref idref="b"/></spine></package>`,
		"OEBPS/a b.xhtml", `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body><h1>One</h1><p>Begin.</p></body></html>`,
		"OEBPS/b.xhtml", `<html><body><h2>Two</h2><p>End.</p></body></html>`)
}

func TestHTML(t *testing.T) {
	d := read(t, "page.html", []byte(`<!DOCTYPE html><html lang="de"><head><meta charset="iso-8859-1"><title>Gr`+"\xfc"+`n</title><style>p{}</style><script>var x = "<p>no</p>"</script></head><body>
<nav><a href=x>Home</a></nav><h1>Title</h1><p>One<br>two   words <img src=a.png alt="a cat"></p><ol><li>first<ul><li>deep</ul><li><p>second</p><p>more</p></ol>
<pre>a
  b</pre><table><caption>Prices</caption><tr><th>Item<th>Price<tr><td>Bolt<td>1.5<tr><td colspan=2>none</table><table><tr><td><h2>Layout</h2></td></tr></table><noscript>Please turn it on</noscript></body>`))
	same(t, outline(d), `
== 1 Title
paragraph: Home
heading 1: Title
paragraph: One⏎two words [a cat]
item: 1. first
item 1: • deep
item: 2. second
paragraph: more
code: a⏎  b
paragraph: Prices
row: Item | Price
row: Bolt | 1.5
row: none
heading 2: Layout
paragraph: Please turn it on`)
	if d.Title != "Grün" || d.Language != "de" || d.Receipt.Encoding != "windows-1252" || d.Receipt.Images != 1 {
		t.Errorf("title %q, language %q, %+v", d.Title, d.Language, d.Receipt)
	}
	if d.Tables[0].Name != "Prices" {
		t.Errorf("table %+v", d.Tables[0])
	}
}

func TestEPUB(t *testing.T) {
	d := read(t, "book.epub", epubFile(t))
	same(t, outline(d), "== 1 One\nheading 1: One\nparagraph: Begin.\n== 2 Two\nheading 2: Two\nparagraph: End.")
	if d.Title != "The Book" || d.Author != "A. Writer" || d.Language != "fr" || d.Receipt.Unit != "chapter" {
		t.Errorf("%+v", d)
	}
}

func TestRTF(t *testing.T) {
	d := read(t, "a.rtf", []byte(`{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fcharset0 Arial;}{\f1\fcharset128 MS Mincho;}}{\colortbl;\red0\green0\blue0;}
{\stylesheet{\s0 Normal;}{\s1 heading 1;}}{\info{\title A Title}{\author No}}{\*\generator Msftedit;}{\header top}
\pard\s1 Heading\par\pard Caf\'e9 \u8364? \u-10179?\u-8704? {\f1\'93\'fa\'96\'7b}\line new line\par
{\listtext\'B7\tab}item one\par\pard{\pict\wmetafile8 0102}Text{\footnote A note} goes on.\par
\trowd\intbl a\cell b\cell\row\trowd\intbl 1\cell 2\cell\row\pard after\par{\field{\*\fldinst HYPERLINK "x"}{\fldrslt link}}\par}`))
	same(t, outline(d), `
== 1 Heading
heading 1: Heading
paragraph: Café € 😀 日本⏎new line
item: • item one
paragraph: Text[1] goes on.
row: a | b
row: 1 | 2
paragraph: after
paragraph: link
note: [1] A note`)
	if d.Title != "A Title" || d.Receipt.Images != 1 {
		t.Errorf("title %q, %+v", d.Title, d.Receipt)
	}
}

// TestDeepHTML holds that HTML which is nested too deep to be read is told, and
// that the text around it is read.
func TestDeepHTML(t *testing.T) {
	d := read(t, "a.md", []byte("Before\n\n"+strings.Repeat("<div>", 600)+"lost\n\nAfter\n"))
	same(t, outline(d), "== 1 \nparagraph: Before\nparagraph: After")
	if r := d.Receipt; r.Status != Partial || len(r.Skipped) != 1 || r.Skipped[0].What != "HTML within the text" {
		t.Errorf("%+v", r)
	}
}

func TestMarkdown(t *testing.T) {
	d := read(t, "a.md", []byte("---\ntitle: \"My notes\"\nauthor: Me\n---\n# Head\n\nText with **bold**, `code` and [a link](x).[^1]\n\n1. one\n   - deep\n2. two\n\n```go\nfunc a() {}\n```\n\n| a | b |\n|---|---|\n| 1 | x |\n\n## Sub\n\n> quoted\n\n- [x] done\n\n[^1]: The note.\n"))
	same(t, outline(d), `
== 1 Head
field: title: "My notes"⏎author: Me
heading 1: Head
paragraph: Text with bold, code and a link.[1]
item: 1. one
item 1: • deep
item: 2. two
code: func a() {}
row: a | b
row: 1 | x
heading 2: Sub
paragraph: quoted
item: • [x] done
note: [1] The note.`)
	if d.Title != "My notes" || d.Author != "Me" || len(d.Tables) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestPlainText(t *testing.T) {
	d := read(t, "a.txt", []byte("Title\n=====\n\n1.2 Scope of work\n\nFirst line\nsecond line.\n\n- one\n- two\n  goes on\n"))
	same(t, outline(d), "== 1 Title\nheading 1: Title\nheading 2: 1.2 Scope of work\nparagraph: First line⏎second line.\nitem: - one\nitem: - two⏎  goes on")
	d = read(t, "a.go", []byte("package a\n\nfunc A() {\n\n\treturn\n}\n\nfunc B() {}\n"))
	same(t, outline(d), "== 1 from line 1\ncode: package a\ncode: func A() {⏎⏎ | return⏎}\ncode: func B() {}")
}

func TestLongTextIsCutIntoParts(t *testing.T) {
	d := read(t, "a.txt", []byte(strings.Repeat("Some words of a line.\n\n", 10_000)))
	if len(d.Pages) < 5 || d.Receipt.Words != 50_000 {
		t.Errorf("%d parts, %+v", len(d.Pages), d.Receipt)
	}
	d = read(t, "b.txt", []byte(strings.Repeat("x", 1<<20)))
	if len(d.Pages) < 20 || d.Receipt.Characters != 1<<20 {
		t.Errorf("%d parts, %+v", len(d.Pages), d.Receipt)
	}
}

func TestCSV(t *testing.T) {
	d := read(t, "a.csv", []byte("\xef\xbb\xbfName;Betrag;Datum;PLZ\n\"Meier; Söhne\";1.234,50;2026-03-09;01067\nX;-2;2026-03-10 12:30;80331\n"))
	same(t, outline(d), "== 1 \nrow: Name | Betrag | Datum | PLZ\nrow: Meier; Söhne | 1.234,50 | 2026-03-09 | 01067\nrow: X | -2 | 2026-03-10 12:30 | 80331")
	c := d.Tables[0].Rows[1].Cells
	if c[1] != (Cell{Type: Number, Text: "1.234,50", Number: 1234.5}) || c[2].Type != Date || c[3].Type != String {
		t.Errorf("%+v", c)
	}
	if len(d.Tables[0].Columns) != 4 {
		t.Errorf("%+v", d.Tables[0])
	}
}

func TestTypedCells(t *testing.T) {
	for _, c := range []struct {
		in   string
		want Cell
	}{
		{"12", Cell{Type: Number, Text: "12", Number: 12}}, {"-0.5", Cell{Type: Number, Text: "-0.5", Number: -.5}}, {"1,234.5", Cell{Type: Number, Text: "1,234.5", Number: 1234.5}},
		{"12%", Cell{Type: Number, Text: "12", Number: .12, Format: "%"}}, {"0123", Cell{Type: String, Text: "0123"}}, {"0", Cell{Type: Number, Text: "0"}}, {"1,23", Cell{Type: String, Text: "1,23"}},
		{"+49 30", Cell{Type: String, Text: "+49 30"}}, {"4111111111111111", Cell{Type: String, Text: "4111111111111111"}}, {"0x10", Cell{Type: String, Text: "0x10"}}, {"NaN", Cell{Type: String, Text: "NaN"}},
		{"2026-13-01", Cell{Type: String, Text: "2026-13-01"}}, {"2026-12-01", Cell{Type: Date, Text: "2026-12-01"}}, {"TRUE", Cell{Type: Boolean, Text: "TRUE", Number: 1}}, {" ", Cell{}}, {"1e400", Cell{Type: String, Text: "1e400"}},
	} {
		if got := typedCell(c.in, false); got != c.want {
			t.Errorf("%q is %+v, want %+v", c.in, got, c.want)
		}
	}
}

func TestEncodings(t *testing.T) {
	german := strings.Repeat("Über allen Gipfeln ist Ruh, in allen Wipfeln spürest du kaum einen Hauch; die Vögelein schweigen im Walde. ", 4)
	japanese := strings.Repeat("吾輩は猫である。名前はまだ無い。どこで生れたかとんと見当がつかぬ。", 8)
	korean := strings.Repeat("나라의 말이 중국과 달라 문자와 서로 통하지 아니하므로 어리석은 백성이 이르고자 할 바가 있어도 ", 8)
	chinese := strings.Repeat("床前明月光,疑是地上霜。举头望明月,低头思故乡。这是一首很有名的诗。", 8)
	russian := strings.Repeat("Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему. ", 8)
	for _, c := range []struct{ charset, text string }{
		{"windows-1252", german}, {"shift_jis", japanese}, {"euc-jp", japanese}, {"euc-kr", korean}, {"gb18030", chinese}, {"windows-1251", russian}, {"koi8-r", russian}, {"utf-8", japanese}, {"utf-16le", russian},
	} {
		e, err := htmlindex.Get(c.charset)
		if err != nil {
			t.Fatal(err)
		}
		b, err := e.NewEncoder().Bytes([]byte(c.text))
		if err != nil {
			t.Fatal(err)
		}
		if c.charset == "utf-16le" {
			b = append([]byte{0xff, 0xfe}, b...)
		}
		got, name := decodeText(b, "")
		if got != c.text {
			t.Errorf("%s is taken for %s: %.60q", c.charset, name, got)
		}
	}
	if got, _ := decodeText(utf16LE("plain words without a mark"), ""); got != "plain words without a mark" {
		t.Errorf("UTF-16 without a mark: %q", got)
	}
}
