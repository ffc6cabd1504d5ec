package parse

import (
	"context"
	"testing"
	"time"
	"unicode/utf8"
)

// fuzzLimits keep a fuzzed file small work.
var fuzzLimits = Limits{Time: 5 * time.Second, Pages: 200, Characters: 1 << 20, Rows: 2000, Cells: 50_000, Columns: 200, Depth: 60, Entries: 200, Expanded: 8 << 20, Ratio: 50, Bytes: 1 << 20}

// check reads a file as that kind, whatever it is, and holds what every document
// must.
func check(t *testing.T, name string, kind Kind, data []byte) {
	t.Helper()
	doc := &Document{}
	doc.Receipt.Kind = kind
	ctx, cancel := context.WithTimeout(context.Background(), fuzzLimits.Time)
	defer cancel()
	s := &source{name: name, data: data, builder: newBuilder(ctx, fuzzLimits.withDefaults(), nil, true, doc, Options{}.sink(doc))}
	err := parsers[kind](s) // a panic is the fuzzer's
	if e := s.endPage(); e != nil && err == nil {
		err = e
	}
	if ctx.Err() != nil {
		t.Fatalf("%d bytes took longer than %v", len(data), fuzzLimits.Time)
	}
	doc.Receipt.finish(err, fuzzLimits)
	if doc.Receipt.Status == "" || doc.Receipt.Status == Unread && doc.Receipt.Problem == "" {
		t.Fatalf("a receipt without a reason: %+v", doc.Receipt)
	}
	for _, p := range doc.Pages {
		if !utf8.ValidString(p.Text) {
			t.Fatalf("page %d is no UTF-8", p.Number)
		}
		for _, b := range p.Blocks {
			if b.Start < 0 || b.End > len(p.Text) || b.Start >= b.End || b.Text != p.Text[b.Start:b.End] {
				t.Fatalf("block %+v", b)
			}
		}
	}
	for _, table := range doc.Tables {
		for _, r := range table.Rows {
			if len(r.Cells) == 0 || len(r.Cells) > fuzzLimits.Columns {
				t.Fatalf("a row of %d cells", len(r.Cells))
			}
		}
	}
}

func fuzzKind(f *testing.F, name string, kind Kind, seeds ...[]byte) {
	if s := samples(f)[name]; s != nil {
		f.Add(s)
	}
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<20 {
			t.Skip()
		}
		check(t, name, kind, data)
	})
}

// The office kinds are fuzzed within their archive: a fuzzer would only break its
// checksums.
func fuzzPart(f *testing.F, kind Kind, part string, around func(t testing.TB, part, body string) []byte, seeds ...string) {
	for _, s := range seeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) { check(t, "a."+string(kind), kind, around(t, part, body)) })
}

func FuzzDOCX(f *testing.F) {
	fuzzPart(f, DOCX, "word/document.xml", func(t testing.TB, part, body string) []byte {
		return zipFile(t, part, body, "word/styles.xml", docxStyles, "word/numbering.xml", docxNumbering, "word/footnotes.xml", body)
	}, docxHead+styled("Heading1", "H")+numbered(1, 1, "x")+docxTable([]string{"a"}, []string{"b"}), docxHead+`<w:p><w:r><w:fldChar w:fldCharType="begin"/><w:footnoteReference w:id="1"/></w:r></w:p>`)
}

func FuzzPPTX(f *testing.F) {
	fuzzPart(f, PPTX, "ppt/slides/slide1.xml", func(t testing.TB, part, body string) []byte {
		return zipFile(t, part, body, "ppt/presentation.xml", "<p/>")
	}, `<p:sld>`+shape("title", "T")+shape("body", "a", "b")+`<a:tbl><a:tr><a:tc><a:p><a:t>x</a:t></a:p></a:tc></a:tr></a:tbl>`)
}

func FuzzXLSX(f *testing.F) {
	fuzzPart(f, XLSX, "xl/worksheets/sheet1.xml", func(t testing.TB, part, body string) []byte {
		return zipFile(t, part, body, "xl/workbook.xml", "<workbook/>", "xl/sharedStrings.xml", `<sst><si><t>a</t></si></sst>`, "xl/styles.xml", body)
	}, `<worksheet><sheetData><row r="2"><c r="B2" t="s"><v>0</v></c><c t="b"><v>1</v></c><c s="1"><f>A1</f><v>45000</v></c></row></sheetData></worksheet>`, `<styleSheet><numFmts><numFmt numFmtId="164" formatCode="[$€-407]0.0%"/></numFmts><cellXfs><xf numFmtId="164"/></cellXfs></styleSheet>`)
}

func FuzzODF(f *testing.F) {
	for _, kind := range []Kind{ODT, ODP, ODS} {
		f.Add(string(kind), `<o:c><text:h text:outline-level="1">H</text:h><text:list><text:list-item><text:p>x<text:note><text:p>n</text:p></text:note></text:p></text:list-item></text:list><table:table table:name="T"><table:table-row table:number-rows-repeated="3"><table:table-cell office:value-type="time" office:time-value="PT1H2M3S"/></table:table-row></table:table><draw:page draw:name="p"/>`)
	}
	f.Fuzz(func(t *testing.T, kind, body string) {
		if kind != string(ODT) && kind != string(ODP) && kind != string(ODS) {
			t.Skip()
		}
		check(t, "a", Kind(kind), zipFile(t, "content.xml", body))
	})
}

func FuzzEPUB(f *testing.F) {
	f.Add(`<p><item id="c" href="c.xhtml"/><itemref idref="c"/></p>`, `<html><h1>x</h1><p>y`)
	f.Fuzz(func(t *testing.T, pkg, chapter string) {
		check(t, "a.epub", EPUB, zipFile(t, "o.opf", pkg, "c.xhtml", chapter))
	})
}

func FuzzRTF(f *testing.F) {
	fuzzKind(f, "a.rtf", RTF, []byte(`{\rtf1\ansicpg932{\stylesheet{\s1 heading 1;}}{\listtext 1.\tab}\s1 a\'93\'fa\u-1234?{\footnote n}\trowd\intbl a\cell\row\pard b\par`))
}
func FuzzCSV(f *testing.F)  { fuzzKind(f, "a.csv", CSV, []byte("sep=;\n\"a\nb\";1,5\n")) }
func FuzzText(f *testing.F) { fuzzKind(f, "a.txt", Text, []byte("A\n===\n\n1.2 Head\n\n- a\n- b\n")) }
func FuzzCode(f *testing.F) { fuzzKind(f, "a.go", Code) }
func FuzzHTML(f *testing.F) {
	fuzzKind(f, "a.html", HTML, []byte("<table><caption>c<tr><td colspan=9>a<td>b</table><pre>x<ol><li><li>"))
}
func FuzzMarkdown(f *testing.F) {
	fuzzKind(f, "a.md", Markdown, []byte("---\ntitle: x\n---\n| a |\n|--|\n| b |\n\n1. a\n   - b\n\n[^1]: n\n\nx[^1] <b>y</b>\n"))
}
func FuzzEML(f *testing.F) {
	fuzzKind(f, "a.eml", EML, []byte("From: a\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>h\r\n--x--\r\n"))
}
func FuzzMSG(f *testing.F) { fuzzKind(f, "a.msg", MSG, msgFile(f)) }

// FuzzExpandRTF fuzzes the compression of messages.
func FuzzExpandRTF(f *testing.F) {
	f.Add([]byte("\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := expandRTF(b); err == nil && len(out) > 20*len(b)+64 {
			t.Fatalf("%d bytes became %d", len(b), len(out))
		}
	})
}

// FuzzDetect holds that any file of any name gets a kind.
func FuzzDetect(f *testing.F) {
	for name, data := range samples(f) {
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if d := detect(name, data); d.kind == "" || d.kind == Unknown && d.problem == "" {
			t.Fatalf("%+v", d)
		}
		text, encoding := decodeText(data, "")
		if !utf8.ValidString(text) || encoding == "" {
			t.Fatalf("%q of %s", text, encoding)
		}
	})
}

// FuzzPages holds what comes from a worker: it may have been taken over.
func FuzzPages(f *testing.F) {
	f.Add("text", 0, 4, "\x00")
	f.Fuzz(func(t *testing.T, text string, start, end int, path string) {
		p := Page{Text: text, Blocks: []Block{{Start: 0, End: 0}, {Start: start, End: end, Path: []string{path}}}, Lines: []Span{{Start: start, End: end}}}
		if p.unpack() == nil && (start < 0 || end > len(text) || start > end) {
			t.Fatal("a block outside its page was taken")
		}
	})
}
