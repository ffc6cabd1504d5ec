package parse

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
)

func blank(w, h int) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(img, img.Bounds(), image.NewUniform(color.White), image.Point{}, draw.Src)
	return img
}

// TestFillOCR makes a page of Tesseract's table.
func TestFillOCR(t *testing.T) {
	words := parseTSV("level\tpage_num\tblock_num\tpar_num\tline_num\tword_num\tleft\ttop\twidth\theight\tconf\ttext\n" +
		"1\t1\t0\t0\t0\t0\t0\t0\t1000\t1000\t-1\t\n" +
		"5\t1\t1\t1\t1\t1\t100\t50\t80\t20\t96.1\tHello\n5\t1\t1\t1\t1\t2\t200\t52\t60\t20\t90\tscan-\n5\t1\t1\t1\t2\t1\t100\t80\t80\t20\t91\tned\n" +
		"5\t1\t2\t1\t1\t1\t100\t200\t80\t20\t80\tNext\nbad line\n5\t1\tx\t1\t1\t1\t1\t1\t1\t1\t1\tno\n")
	if len(words) != 4 {
		t.Fatalf("%d words", len(words))
	}
	p := Page{Number: 1}
	p.fillOCR(words, 2, true)
	if p.Text != "Hello scan-\nned\n\nNext" || len(p.Lines) != 3 || len(p.Words) != 4 || len(p.Blocks) != 2 {
		t.Fatalf("%+v", p)
	}
	b := p.Blocks[0]
	if b.Text != "Hello scanned" || p.Text[b.Start:b.End] != "Hello scan-\nned" || b.Boxes[0] != (Box{50, 25, 130, 36}) {
		t.Errorf("%+v", b)
	}
}

// scannedPDF is a PDF whose pages are images of pages.
func scannedPDF(t testing.TB, r *Reader, pages ...string) []byte {
	t.Helper()
	path := tempFile(t, "source.pdf", pdfFile(pages...))
	var w pdfWriter
	w.object("<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	for i := range pages {
		fmt.Fprintf(&kids, "%d 0 R ", 3+3*i)
	}
	w.object(fmt.Sprintf("<</Type/Pages/Count %d/Kids[%s]>>", len(pages), kids.String()))
	for i := range pages {
		pic, err := r.Image(context.Background(), path, i+1, 200)
		if err != nil {
			t.Fatal(err)
		}
		img, err := png.Decode(bytes.NewReader(pic.PNG))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, nil); err != nil {
			t.Fatal(err)
		}
		n := 3 + 3*i
		w.object(fmt.Sprintf("<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</XObject<</I %d 0 R>>>>/Contents %d 0 R>>", n+2, n+1))
		s := "q 595 0 0 842 0 0 cm /I Do Q"
		w.object(fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(s), s))
		w.object(fmt.Sprintf("<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/DCTDecode/Length %d>>stream\n%s\nendstream", pic.Width, pic.Height, b.Len(), b.String()))
	}
	return w.finish("/Root 1 0 R")
}

func TestScansAreTold(t *testing.T) {
	r := newTestReader(t, Config{})
	path := tempFile(t, "scan.pdf", scannedPDF(t, r, pdfText(72, 700, 24, "F1", "Hello"), pdfText(72, 700, 24, "F1", "Again")))
	d, err := r.Read(context.Background(), path, Options{})
	if !errors.Is(err, &Error{Problem: NeedsOCR}) || len(d.Pages) != 2 || !d.Pages[0].Scanned || d.Receipt.Skipped[0].Where != "1, 2" || d.Receipt.Images != 2 {
		t.Errorf("%v, %+v", err, d.Receipt)
	}
}

// TestOCR reads a scan with the Tesseract that is installed.
func TestOCR(t *testing.T) {
	ocr, err := FindOCR(context.Background(), "")
	if err != nil {
		t.Skip(err)
	}
	if strings.Join(ocr.Languages, "+") != "eng" {
		t.Skip("English is not installed")
	}
	if _, err := FindOCR(context.Background(), "", "klingon"); err == nil {
		t.Error("a language that is not installed is taken")
	}
	r := newTestReader(t, Config{OCR: ocr})
	data := scannedPDF(t, r, pdfText(72, 700, 18, "F1", "The invoice number is 4711.")+pdfText(72, 660, 18, "F1", "Payment is due in March."), pdfText(72, 700, 18, "F1", "Second page of the scan."))
	d, err := r.Read(context.Background(), tempFile(t, "scan.pdf", data), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(d.Pages[0].Text, "invoice number is 4711") || !strings.Contains(d.Pages[1].Text, "Second page") || !d.Pages[0].Recognised {
		t.Errorf("%s", outline(d))
	}
	rec := d.Receipt
	if rec.Recognised != 2 || rec.Status != Read || rec.Problem != "" || rec.Words < 10 || len(rec.Warnings) != 1 {
		t.Errorf("%+v", rec)
	}
	if b := d.Pages[0].Lines[0].Box; b[0] < 60 || b[0] > 85 || b[1] < 842-725 || b[3] > 842-690 {
		t.Errorf("line at %v", b)
	}
	pic, err := r.Image(context.Background(), tempFile(t, "s.pdf", data), 2, 150)
	if err != nil {
		t.Fatal(err)
	}
	d, err = r.Read(context.Background(), tempFile(t, "photo.png", pic.PNG), Options{})
	if err != nil || !strings.Contains(d.Pages[0].Text, "Second page of the scan") || d.Receipt.Kind != Image {
		t.Errorf("%v %s", err, outline(d))
	}
}
