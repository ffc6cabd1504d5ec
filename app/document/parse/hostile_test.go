package parse

import (
	"archive/zip"
	"bytes"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"
)

// hostile is a file made to do harm, and the problems that it may be said to
// have; "" stands for none.
type hostile struct {
	name string
	data []byte
	want []Problem
}

// deflated writes one entry of n equal bytes: a bomb.
func bomb(t testing.TB, name, head string, fill byte, n int, tail string, more ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(more); i += 2 {
		w, err := z.Create(more[i])
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(more[i+1]))
	}
	w, err := z.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w.Write([]byte(head))
	block := bytes.Repeat([]byte{fill}, 1<<20)
	for ; n > 0; n -= len(block) {
		w.Write(block[:min(n, len(block))])
	}
	w.Write([]byte(tail))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func hostileFiles(t testing.TB) []hostile {
	t.Helper()
	var list []hostile
	add := func(name string, data []byte, want ...Problem) { list = append(list, hostile{name, data, want}) }

	// Every kind cut off at three places, and with bytes changed.
	random := rand.New(rand.NewPCG(1, 2))
	for name, data := range samples(t) {
		for _, part := range []int{10, 50, 90} {
			add(fmt.Sprintf("cut%d-%s", part, name), data[:len(data)*part/100], "", Damaged, NoContent, Unsupported, NeedsOCR)
		}
		for i := range 6 {
			bad := bytes.Clone(data)
			for range max(2, len(bad)*i/100) {
				bad[random.IntN(len(bad))] = byte(random.Uint32())
			}
			add(fmt.Sprintf("changed%d-%s", i, name), bad, "", Damaged, NoContent, Unsupported, TooLarge, Password)
		}
	}

	// Archives that expand.
	word := `<w:document><w:body>`
	add("bomb.docx", bomb(t, "word/document.xml", word, ' ', 400<<20, ""), TooLarge)
	add("bomb-text.docx", bomb(t, "word/document.xml", word+"<w:p><w:r><w:t>", 'a', 400<<20, ""), TooLarge)
	add("bomb-attribute.docx", bomb(t, "word/document.xml", `<w:document a="`, 'a', 400<<20, ""), TooLarge)
	add("bomb.xlsx", bomb(t, "xl/worksheets/sheet1.xml", "<worksheet><sheetData><row><c><v>", '1', 400<<20, "", "xl/workbook.xml", "<workbook/>"), TooLarge)
	add("bomb-strings.xlsx", bomb(t, "xl/sharedStrings.xml", "<sst><si><t>", 'x', 400<<20, "", "xl/workbook.xml", "<workbook/>", "xl/worksheets/sheet1.xml", "<worksheet/>"), TooLarge)
	add("bomb.odt", bomb(t, "content.xml", "<o:c><o:text><text:p>", 'x', 400<<20, "", "mimetype", "application/vnd.oasis.opendocument.text"), TooLarge)
	add("bomb.epub", bomb(t, "c.xhtml", "<html>", ' ', 400<<20, "", "META-INF/container.xml", `<c><rootfile full-path="o.opf"/></c>`, "o.opf", `<p><item id="c" href="c.xhtml"/><itemref idref="c"/></p>`), TooLarge)
	manyNames := []string{"xl/workbook.xml", "<workbook/>"}
	for i := range 30_000 {
		manyNames = append(manyNames, fmt.Sprintf("x/%d", i), "")
	}
	add("entries.xlsx", zipFile(t, manyNames...), NoContent, TooLarge)
	add("not-an-office-file.zip", zipFile(t, "a.txt", "hello"), Unsupported)
	add("missing-parts.docx", zipFile(t, "a.txt", "hello"), Damaged)
	add("upwards.docx", zipFile(t, "../../word/document.xml", docxHead+wp("text")), "", Unsupported, Damaged)

	// Depth.
	deep := func(open string, n int) string { return strings.Repeat(open, n) }
	add("deep.docx", docxFile(t, deep("<w:sdt>", 200_000)), TooLarge)
	add("deep-box.docx", docxFile(t, deep("<w:p><w:r><w:txbxContent>", 50_000)), TooLarge)
	add("deep-table.docx", docxFile(t, deep("<w:tbl><w:tr><w:tc>", 50_000)), TooLarge)
	add("deep.pptx", pptxFile(t, deep("<p:grpSp>", 200_000)), TooLarge, NoContent)
	add("deep.odt", odfFile(t, "text", deep("<text:list><text:list-item>", 100_000)), TooLarge)
	add("deep-note.odt", odfFile(t, "text", deep("<text:p><text:note>", 100_000)), TooLarge)
	add("deep.html", []byte("<!doctype html>"+deep("<div>", 300_000)+"x"), TooLarge, "", Damaged)
	add("deep-table.html", []byte("<!doctype html>"+deep("<table><tr><td>", 20_000)+"x"), TooLarge, "", Damaged)
	add("deep-lists.html", []byte("<!doctype html>"+deep("<ul><li>", 20_000)+"x"), TooLarge, "", Damaged)
	add("deep-inline.html", []byte("<!doctype html><p>"+deep("<b><i><a href=x>", 20_000)+"x"), TooLarge, "", Damaged)
	add("deep.rtf", []byte(`{\rtf1 `+deep("{", 1_000_000)+"x"), TooLarge)
	add("deep-quotes.md", []byte(deep("> ", 100_000)+"x"), "", TooLarge)
	add("deep-lists.md", []byte(deep("- ", 100_000)+"x"), "", TooLarge)
	add("deep-brackets.md", []byte(deep("[", 200_000)+"x"), "", TooLarge)
	add("deep-stars.md", []byte(deep("*a_ ", 200_000)+"x"), "", TooLarge)
	add("deep-parens.md", []byte(deep("[a](", 100_000)), "", TooLarge)
	mail := "From: a@x.org\r\nTo: b@x.org\r\nSubject: s\r\n"
	nested := "end"
	for range 60 {
		nested = mail + "Content-Type: message/rfc822\r\n\r\n" + nested
	}
	add("deep.eml", []byte(nested), "", TooLarge)

	// Entities.
	lol := `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY f SYSTEM "file:///etc/passwd">]>`
	add("entities.docx", zipFile(t, "word/document.xml", lol+`<w:document><w:body>`+wp("&c;&c;&f;")+`</w:body></w:document>`), "", Damaged)
	add("entities.odt", odfFile(t, "text", `<text:p>&c;</text:p>`), "", Damaged)

	// Sheets.
	add("far-cells.xlsx", zipFile(t, "xl/workbook.xml", "<workbook/>", "xl/worksheets/sheet1.xml", `<worksheet><sheetData>`+strings.Repeat(`<row><c r="XFD1"><v>1</v></c></row>`, 5000)+`</sheetData></worksheet>`), TooLarge, TimedOut, "")
	add("bad-references.xlsx", zipFile(t, "xl/workbook.xml", "<workbook/>", "xl/worksheets/sheet1.xml", `<worksheet><sheetData><row r="99999999999999999999"><c r="ZZZZZZZZZZ1" t="s"><v>-5</v></c><c r="1" t="s"><v>99999999</v></c><c s="-1"><v>1e999</v></c><c s="999"><v>1</v></c></row></sheetData></worksheet>`), "")
	add("repeats.ods", odfFile(t, "spreadsheet", `<table:table><table:table-row table:number-rows-repeated="2000000000"><table:table-cell table:number-columns-repeated="2000000000" office:value-type="float" office:value="1"/></table:table-row></table:table>`), TooLarge, TimedOut)
	add("quotes.csv", []byte(`a,b`+"\n"+`"`+strings.Repeat("x,y\n", 500_000)), "", TooLarge)
	add("commas.csv", []byte(strings.Repeat(strings.Repeat(",", 30_000)+"x\n", 20)), "", TooLarge)

	// PDFs.
	page := "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]>>"
	pdf := func(objects ...string) []byte {
		var w pdfWriter
		for _, o := range objects {
			w.object(o)
		}
		return w.finish("/Root 1 0 R")
	}
	add("cyclic-pages.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 5/Kids[2 0 R 2 0 R 3 0 R]>>", page), Damaged, NoContent, "", TooLarge)
	add("cyclic-parent.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]/Parent 3 0 R>>", "<</Type/Pages/Count 1/Kids[2 0 R]/Parent 2 0 R>>"), Damaged, NoContent, "")
	add("cyclic-form.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Resources<</XObject<</X 4 0 R>>>>/Contents 5 0 R>>",
		"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 4 0 R>>>>/Length 8>>stream\n/X Do  \nendstream", "<</Length 8>>stream\n/X Do  \nendstream"), Damaged, NoContent, "")
	add("cyclic-outline.pdf", pdf("<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", page, "<</First 5 0 R>>", "<</Title(x)/Next 5 0 R/First 5 0 R/Parent 4 0 R>>"), NoContent, "")
	add("endless-outline.pdf", pdf("<</Type/Catalog/Pages 2 0 R/Outlines 4 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", page, "<</First 5 0 R>>", "<</Title(x)/Next 6 0 R/First 6 0 R>>", "<</Title(y)/Next 5 0 R/First 5 0 R>>"), NoContent, "")
	add("a-billion-pages.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1000000000/Kids[3 0 R]>>", page), Damaged, NoContent, TooLarge)
	add("a-negative-count.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count -5/Kids[3 0 R]>>", page), Damaged, NoContent)
	add("a-huge-page.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Parent 2 0 R/MediaBox[-1e30 -1e30 1e30 1e30]/Contents 4 0 R>>", "<</Length 3>>stream\nq Q\nendstream"), Damaged, NoContent)
	add("deep-arrays.pdf", pdf("<</Type/Catalog/Pages 2 0 R/X "+deep("[", 500_000)+">>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", page), Damaged, NoContent)
	add("deep-state.pdf", pdfFile(deep("q ", 500_000)), NoContent, Damaged)
	var z bytes.Buffer
	zw := zlib.NewWriter(&z)
	for range 300 {
		zw.Write(bytes.Repeat([]byte(" "), 1<<20))
	}
	zw.Close()
	add("bomb.pdf", pdf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Count 1/Kids[3 0 R]>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 100 100]/Contents 4 0 R>>", fmt.Sprintf("<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream", z.Len(), z.String())), Damaged, NoContent, OutOfMemory, TimedOut)
	add("no-objects.pdf", []byte("%PDF-1.7\nxref\n0 0\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF"), Damaged)
	add("encrypted.pdf", func() []byte {
		var w pdfWriter
		w.object("<</Type/Catalog/Pages 2 0 R>>")
		w.object("<</Type/Pages/Count 1/Kids[3 0 R]>>")
		w.object(page)
		return w.finish("/Root 1 0 R/ID[<00112233445566778899aabbccddeeff><00112233445566778899aabbccddeeff>]/Encrypt<</Filter/Standard/V 1/R 2/P -4/O<" + strings.Repeat("41", 32) + ">/U<" + strings.Repeat("42", 32) + ">>>")
	}(), Password)

	// Names that lie, and kinds that are not read.
	add("text.pdf", []byte("Only a text.\n"), "")
	add("image.docx", onePixel(t), NeedsOCR)
	add("word.txt", docxFile(t, wp("hello")), "")
	add("old.doc", append([]byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), make([]byte, 2000)...), Damaged, Unsupported)
	add("program.exe", append([]byte("MZ\x90\x00\x03\x00\x00\x00"), bytes.Repeat([]byte{0, 1, 2, 3, 0xfe}, 1000)...), Unsupported)
	add("empty.docx", nil, NoContent)
	add("locked.xlsx", []byte(strings.Replace(string(zipFile(t, "xl/workbook.xml", "<workbook/>")), "PK\x01\x02", "PK\x01\x02", 1)), NoContent, Damaged)
	add("huge-image.png", hugePNG(), TooLarge, Damaged)
	add("control.txt", []byte("a\x00b\x1b[31mred\x07\x7f"), "", Unsupported)
	add("one-line.txt", bytes.Repeat([]byte("a"), 20<<20), "")
	add("noise.txt", noise(random, 200_000), Unsupported, "")
	add("noise.pdf", append([]byte("%PDF-1.5\n"), noise(random, 200_000)...), Damaged)
	add("noise.rtf", append([]byte(`{\rtf1`), noise(random, 200_000)...), "", Damaged, NoContent, TooLarge)
	add("noise.eml", append([]byte(mail+"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"), noise(random, 50_000)...), "", Damaged)
	add("boundaries.eml", []byte(mail+"Content-Type: multipart/mixed; boundary=x\r\n\r\n"+strings.Repeat("--x\r\nContent-Type: text/plain\r\n\r\ny\r\n", 20_000)), "", TooLarge)
	add("rtf-bin.rtf", []byte(`{\rtf1 a\bin99999999999 b}`), "", Damaged)
	return list
}

func noise(r *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

// hugePNG says that it has 60,000 by 60,000 pixels.
func hugePNG() []byte {
	b := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\xea\x60\x00\x00\xea\x60\x08\x06\x00\x00\x00")
	return append(b, 0x00, 0x00, 0x00, 0x00, 0, 0, 0, 0, 'I', 'D', 'A', 'T')
}

// TestHostileFiles sends each through workers. None may crash the reader or keep
// it longer than its limit; each gets a status that says what is wrong.
func TestHostileFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	r := newTestReader(t, Config{Most: 2})
	files := hostileFiles(t)
	if len(files) < 200 {
		t.Fatalf("only %d files", len(files))
	}
	const limit = 8 * time.Second
	worst, which := time.Duration(0), ""
	for _, f := range files {
		start := time.Now()
		d, err := r.Read(context.Background(), tempFile(t, f.name, f.data), Options{Limits: Limits{Time: limit}, Sink: &Sink{}})
		took := time.Since(start)
		if took > worst {
			worst, which = took, f.name
		}
		if took > 2*time.Second {
			t.Logf("%s: %v", f.name, took.Round(time.Millisecond))
		}
		p := d.Receipt.Problem
		ok := false
		for _, w := range f.want {
			ok = ok || p == w
		}
		if !ok || took > limit+5*time.Second {
			t.Errorf("%s: problem %q after %v, want one of %q: %v %+v", f.name, p, took.Round(time.Millisecond), f.want, err, d.Receipt)
		}
		if strings.Contains(d.Receipt.Error, "its parser failed") {
			t.Errorf("%s: %s", f.name, d.Receipt.Error)
		}
		if d.Receipt.Status == Unread && (p == "" || d.Receipt.Error == "") || d.Receipt.Status == "" {
			t.Errorf("%s: a receipt without a reason: %+v", f.name, d.Receipt)
		}
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("%s: %v is no *Error", f.name, err)
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	t.Logf("%d files, the slowest %s with %v, %d MB of this process", len(files), which, worst.Round(time.Millisecond), m.Sys>>20)
}

// TestManyPages reads from a PDF of 100,000 pages as many as the limit allows.
func TestManyPages(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	r := newTestReader(t, Config{})
	var w pdfWriter
	w.object("<</Type/Catalog/Pages 2 0 R>>")
	const n = 100_000
	var kids strings.Builder
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", 5+i)
	}
	w.object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", n, kids.String()))
	w.object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	s := pdfText(10, 50, 9, "F1", "the same words on each page")
	w.object(fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(s), s))
	for range n {
		w.object("<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]/Resources<</Font<</F1 3 0 R>>>>/Contents 4 0 R>>")
	}
	path := tempFile(t, "many.pdf", w.finish("/Root 1 0 R"))
	pages := 0
	start := time.Now()
	d, err := r.Read(context.Background(), path, Options{Limits: Limits{Pages: 3000}, Sink: &Sink{Page: func(Page) error { pages++; return nil }}})
	if err != nil || pages != 3000 || d.Receipt.PagesTotal != n || d.Receipt.Status != Partial || !strings.Contains(d.Receipt.Skipped[0].What, "pages from 3001 on") {
		t.Errorf("%v, %d pages, %+v", err, pages, d.Receipt)
	}
	t.Logf("%d pages in %v", pages, time.Since(start))
}

// TestLargeSheet holds memory while a large sheet streams.
func TestLargeSheet(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	data := workbook(t, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			t.Fatal(err)
		}
		for i := 1; i <= 50_000; i++ {
			if err := w.SetRow(fmt.Sprintf("A%d", i), []any{i, "text", 1.5, true}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			t.Fatal(err)
		}
	})
	r := newTestReader(t, Config{})
	rows := 0
	d, err := r.Read(context.Background(), tempFile(t, "a.xlsx", data), Options{Limits: Limits{Memory: 128 << 20, Rows: 40_000}, Sink: &Sink{Rows: func(_ Table, r []Row) error { rows += len(r); return nil }}})
	if err != nil || rows != 40_000 || d.Receipt.Rows != 40_000 || d.Receipt.Status != Partial || d.Receipt.Skipped[0].What != "rows of Sheet1 from 40001 on" {
		t.Errorf("%v, %d rows, %+v", err, rows, d.Receipt)
	}
}
