package parse

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

// densePDF has pages of 48 lines of some 60 letters, as books do.
func densePDF(pages int) []byte {
	words := strings.Fields("the supplier shall deliver all goods within thirty days of receipt and bears any loss until then unless otherwise agreed in writing by both parties")
	list := make([]string, pages)
	for p := range list {
		var s strings.Builder
		s.WriteString(pdfText(72, 790, 15, "F2", fmt.Sprintf("Section %d", p+1)))
		k := p
		for i := range 48 {
			var line []string
			for n := 0; n < 55; k++ {
				w := words[(k*7+i)%len(words)]
				line, n = append(line, w), n+len(w)+1
			}
			s.WriteString(pdfText(72, 760-14*float64(i), 10, "F1", strings.Join(line, " ")))
		}
		list[p] = s.String()
	}
	return pdfFile(list...)
}

// BenchmarkPDF reads a book through a worker. FREEHOLD_TEST_PDF names another
// file.
func BenchmarkPDF(b *testing.B) {
	r := newTestReader(b, Config{Most: 1})
	path := os.Getenv("FREEHOLD_TEST_PDF")
	if path == "" {
		path = tempFile(b, "book.pdf", densePDF(300))
	}
	if _, err := r.Read(context.Background(), path, Options{Pages: Ranges{{1, 1}}}); err != nil {
		b.Fatal(err)
	}
	pages, chars := 0, 0
	for b.Loop() {
		d, err := r.Read(context.Background(), path, Options{Sink: &Sink{}})
		if err != nil {
			b.Fatal(err)
		}
		pages += d.Receipt.Pages
		chars += d.Receipt.Characters
	}
	b.ReportMetric(float64(pages)/b.Elapsed().Seconds(), "pages/s")
	b.ReportMetric(float64(chars)/float64(pages), "chars/page")
}

func benchFile(b *testing.B, name string, data []byte) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(context.Background(), name, data, Options{Sink: &Sink{}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDOCX(b *testing.B) {
	benchFile(b, "a.docx", docxFile(b, strings.Repeat(styled("Heading1", "Head")+strings.Repeat(wp("Some text of a paragraph that goes on for a while and then ends."), 20), 200), "word/styles.xml", docxStyles))
}

func BenchmarkXLSX(b *testing.B) {
	benchFile(b, "a.xlsx", workbook(b, func(f *excelize.File) {
		w, err := f.NewStreamWriter("Sheet1")
		if err != nil {
			b.Fatal(err)
		}
		for i := 1; i <= 20_000; i++ {
			if err := w.SetRow(fmt.Sprintf("A%d", i), []any{i, "text", 1.5, true, "more"}); err != nil {
				b.Fatal(err)
			}
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
	}))
}

func BenchmarkHTML(b *testing.B) {
	benchFile(b, "a.html", []byte("<!doctype html>"+strings.Repeat("<h2>Head</h2><p>Some <b>text</b> of a paragraph.</p><table><tr><td>a<td>1</table>", 5000)))
}

func BenchmarkText(b *testing.B) {
	benchFile(b, "a.txt", []byte(strings.Repeat("Some text of a paragraph that goes on\nfor a while and then ends.\n\n", 20_000)))
}
