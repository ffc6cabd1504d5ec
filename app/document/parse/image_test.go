package parse

import (
	"image"
	"image/color"
	"image/draw"
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
