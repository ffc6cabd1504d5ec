package parse

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"
)

// TestMain lets the test's binary be a worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == WorkerVerb {
		if os.Getenv("GOCOVERDIR") == "" {
			os.Exit(Worker(os.Stdin, os.Stdout, os.Args[2], len(os.Args) > 3))
		}
	}
	SetCache(testCache())
	os.Exit(m.Run())
}

// testCache keeps PDFium compiled from one run of the tests to the next.
func testCache() string { return filepath.Join(os.TempDir(), "freehold-test-pdfium") }

func read(t testing.TB, name string, data []byte) *Document {
	t.Helper()
	d, err := Parse(context.Background(), name, data, Options{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return d
}

// outline writes a document's blocks one a line.
func outline(d *Document) string {
	var s strings.Builder
	for _, p := range d.Pages {
		fmt.Fprintf(&s, "== %d %s\n", p.Number, p.Label)
		for _, b := range p.Blocks {
			fmt.Fprintf(&s, "%s", b.Kind)
			if b.Level > 0 {
				fmt.Fprintf(&s, " %d", b.Level)
			}
			fmt.Fprintf(&s, ": %s\n", strings.ReplaceAll(strings.ReplaceAll(b.Text, "\n", "⏎"), "\t", " | "))
		}
	}
	return s.String()
}

func zipFile(t testing.TB, parts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i+1 < len(parts); i += 2 {
		w, err := z.Create(parts[i])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(parts[i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const docxHead = `<?xml version="1.0" encoding="UTF-8"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"><w:body>`

func docxFile(t testing.TB, body string, more ...string) []byte {
	return zipFile(t, append([]string{
		"_rels/.rels", `<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>`,
		"word/document.xml", docxHead + body + `</w:body></w:document>`}, more...)...)
}

func wp(text string) string {
	return `<w:p><w:r><w:t xml:space="preserve">` + text + `</w:t></w:r></w:p>`
}

func styled(style, text string) string {
	return `<w:p><w:pPr><w:pStyle w:val="` + style + `"/></w:pPr><w:r><w:t>` + text + `</w:t></w:r></w:p>`
}

const docxStyles = `<w:styles><w:style w:styleId="Heading1"><w:name w:val="heading 1"/></w:style><w:style w:styleId="Heading2"><w:name w:val="heading 2"/></w:style>
<w:style w:styleId="Klausel"><w:name w:val="Klausel"/><w:basedOn w:val="Heading2"/></w:style><w:style w:styleId="Title"><w:name w:val="Title"/></w:style></w:styles>`

const docxNumbering = `<w:numbering><w:abstractNum w:abstractNumId="7"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>
<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="%1.%2)"/></w:lvl></w:abstractNum>
<w:abstractNum w:abstractNumId="8"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/></w:lvl></w:abstractNum>
<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="8"/></w:num></w:numbering>`

func numbered(num, level int, text string) string {
	return fmt.Sprintf(`<w:p><w:pPr><w:numPr><w:ilvl w:val="%d"/><w:numId w:val="%d"/></w:numPr></w:pPr><w:r><w:t>%s</w:t></w:r></w:p>`, level, num, text)
}

func docxTable(rows ...[]string) string {
	var s strings.Builder
	s.WriteString("<w:tbl>")
	for _, r := range rows {
		s.WriteString("<w:tr>")
		for _, c := range r {
			s.WriteString("<w:tc>" + wp(c) + "</w:tc>")
		}
		s.WriteString("</w:tr>")
	}
	return s.String() + "</w:tbl>"
}

func pptxFile(t testing.TB, slides ...string) []byte {
	t.Helper()
	const ns = ` xmlns:a="a" xmlns:p="p" xmlns:r="r"`
	var ids, rels strings.Builder
	parts := []string{}
	for i, s := range slides {
		fmt.Fprintf(&ids, `<p:sldId id="%d" r:id="rId%d"/>`, 256+i, i+1)
		// The files are numbered against the order of the slides.
		file := fmt.Sprintf("slides/slide%d.xml", len(slides)-i)
		fmt.Fprintf(&rels, `<Relationship Id="rId%d" Type="x/slide" Target="%s"/>`, i+1, file)
		parts = append(parts, "ppt/"+file, `<p:sld`+ns+`><p:cSld><p:spTree>`+s+`</p:spTree></p:cSld></p:sld>`)
	}
	return zipFile(t, append([]string{
		"ppt/presentation.xml", `<p:presentation` + ns + `><p:sldIdLst>` + ids.String() + `</p:sldIdLst></p:presentation>`,
		"ppt/_rels/presentation.xml.rels", `<Relationships>` + rels.String() + `</Relationships>`}, parts...)...)
}

func shape(placeholder string, lines ...string) string {
	s := `<p:sp><p:nvSpPr><p:nvPr>`
	if placeholder != "" {
		s += `<p:ph type="` + placeholder + `"/>`
	}
	s += `</p:nvPr></p:nvSpPr><p:txBody>`
	for _, l := range lines {
		s += `<a:p><a:r><a:t>` + l + `</a:t></a:r></a:p>`
	}
	return s + `</p:txBody></p:sp>`
}

func odfFile(t testing.TB, kind, body string, more ...string) []byte {
	return zipFile(t, append([]string{"mimetype", "application/vnd.oasis.opendocument." + kind,
		"content.xml", `<office:document-content xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d"><office:automatic-styles><text:list-style style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/></text:list-style></office:automatic-styles><office:body>` + body + `</office:body></office:document-content>`}, more...)...)
}

// workbook writes a workbook with excelize, whose reading of the format is not
// ours.
func workbook(t testing.TB, fill func(f *excelize.File)) []byte {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	fill(f)
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pdfWriter writes small PDFs.
type pdfWriter struct {
	b       bytes.Buffer
	offsets []int
}

func (w *pdfWriter) object(body string) int {
	if w.b.Len() == 0 {
		w.b.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	}
	w.offsets = append(w.offsets, w.b.Len())
	fmt.Fprintf(&w.b, "%d 0 obj\n%s\nendobj\n", len(w.offsets), body)
	return len(w.offsets)
}

func (w *pdfWriter) finish(trailer string) []byte {
	at := w.b.Len()
	fmt.Fprintf(&w.b, "xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)+1)
	for _, o := range w.offsets {
		fmt.Fprintf(&w.b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&w.b, "trailer\n<</Size %d %s>>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets)+1, trailer, at)
	return w.b.Bytes()
}

// pdfText is text at a place, as a content stream writes it.
func pdfText(x, y, size float64, font, text string) string {
	return fmt.Sprintf("BT /%s %g Tf 1 0 0 1 %g %g Tm (%s) Tj ET\n", font, size, x, y, text)
}

// pdfFile writes a PDF whose pages have these content streams. Fonts: F1
// Helvetica, F2 Helvetica-Bold.
func pdfFile(pages ...string) []byte { return pdfFileWith("", pages...) }

// pdfFileWith says of each page's stream by which filter it was encoded.
func pdfFileWith(filter string, pages ...string) []byte {
	var w pdfWriter
	w.object("<</Type/Catalog/Pages 2 0 R/Lang(en-GB)>>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 5+2*i)
	}
	w.object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), kids.String()))
	w.object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	w.object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica-Bold>>")
	for i, p := range pages {
		w.object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F1 3 0 R/F2 4 0 R>>>>/Contents %d 0 R>>", 6+2*i))
		w.object(fmt.Sprintf("<</Length %d%s>>stream\n%s\nendstream", len(p), filter, p))
	}
	info := w.object("<</Title(A test)>>")
	return w.finish(fmt.Sprintf("/Root 1 0 R/Info %d 0 R", info))
}

func utf16LE(s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}
