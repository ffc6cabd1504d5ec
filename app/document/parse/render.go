package parse

import (
	"bytes"
	"context"
	"errors"
	"image"
	"math"
)

// renderPage makes a PNG of a page, or of an image file.
func renderPage(data []byte, q render) ([]byte, picture, error) {
	if detect("", data).kind == Image {
		png, size, err := decodeImage(data)
		return png, picture{Width: size.X, Height: size.Y, Scale: 1}, err
	}
	var pic picture
	var png []byte
	err := withPage(data, q.Page, func(in *instance, page uint64) error {
		w, h := in.float32("FPDF_GetPageWidthF", page), in.float32("FPDF_GetPageHeightF", page)
		if !(w > 0 && h > 0) {
			return problem(Damaged, "page %d has no size", q.Page)
		}
		scale := float64(min(max(q.DPI, 10), 600)) / 72
		if most := 40e6; w*h*scale*scale > most { // pixels
			scale = math.Sqrt(most / (w * h))
		}
		pic = picture{Width: max(1, int(w*scale+0.5)), Height: max(1, int(h*scale+0.5)), Scale: scale}
		img, err := in.bitmap(page, pic.Width, pic.Height)
		if err != nil {
			return err
		}
		png, _, err = encodePNG(img)
		return err
	})
	return png, pic, err
}

// withPage opens one page of a PDF for f.
func withPage(data []byte, number int, f func(in *instance, page uint64) error) error {
	engine, err := sharedPDFium()
	if err != nil {
		return err
	}
	in, err := engine.instance()
	if err != nil {
		return err
	}
	defer in.close()
	if !bytes.Contains(data[:min(len(data), 1024)], []byte("%PDF-")) {
		return problem(Unsupported, "only the pages of a PDF can be shown")
	}
	if err := in.load(data, ""); err != nil {
		return err
	}
	if n := in.int32("FPDF_GetPageCount", in.doc); number < 1 || number > n {
		return problem(NoContent, "there is no page %d; the last is %d", number, n)
	}
	page := in.call("FPDF_LoadPage", in.doc, uint64(number-1))
	if page == 0 {
		return problem(Damaged, "page %d is damaged", number)
	}
	defer in.call("FPDF_ClosePage", page)
	return errors.Join(f(in, page), in.err)
}

// Flags of FPDF_RenderPageBitmap.
const (
	pdfRenderAnnotations = 0x01
	pdfRenderRGB         = 0x10 // red first
	pdfBitmapBGRx        = 3
)

// bitmap draws a page on white.
func (in *instance) bitmap(page uint64, w, h int) (image.Image, error) {
	b := in.call("FPDFBitmap_CreateEx", uint64(w), uint64(h), pdfBitmapBGRx, 0, 0)
	if b == 0 {
		return nil, problem(OutOfMemory, "PDFium has no memory for the image")
	}
	defer in.call("FPDFBitmap_Destroy", b)
	in.call("FPDFBitmap_FillRect", b, 0, 0, uint64(w), uint64(h), 0xffffffff)
	in.call("FPDF_RenderPageBitmap", b, page, 0, 0, uint64(w), uint64(h), 0, pdfRenderAnnotations|pdfRenderRGB)
	at := in.call("FPDFBitmap_GetBuffer", b)
	stride := in.int32("FPDFBitmap_GetStride", b)
	if in.err != nil {
		return nil, in.err
	}
	pixels, ok := in.memory.Read(uint32(at), uint32(stride*h))
	if !ok || stride < 4*w {
		return nil, problem(Damaged, "PDFium made no image")
	}
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		row := img.Pix[y*img.Stride : y*img.Stride+4*w]
		copy(row, pixels[y*stride:])
		for x := 3; x < len(row); x += 4 {
			row[x] = 0xff
		}
	}
	return img, nil
}

// highlight finds where bytes of a page's text stand: a box for each line's part.
func highlight(data []byte, q mark) ([]Box, error) {
	var boxes []Box
	err := guard(func() error {
		return withPage(data, q.Page, func(in *instance, page uint64) error {
			view := in.pageView(page)
			chars, _, _, err := in.textChars(page, view, nil)
			if err != nil {
				return err
			}
			doc := &Document{}
			l := &layout{chars: chars, page: &Page{Number: q.Page, Width: view.width, Height: view.height}, keep: true, sizes: map[int]int{}, builder: newBuilder(context.Background(), DefaultLimits(), nil, false, doc, Sink{})}
			if err := l.run(); err != nil {
				return err
			}
			for _, line := range l.page.Lines {
				var box Box
				found := false
				for _, s := range l.spans {
					if s.start >= line.Start && s.end <= line.End && s.start < q.End && s.end > q.Start {
						if found {
							box = union(box, s.box)
						} else {
							box, found = s.box, true
						}
					}
				}
				if found {
					boxes = append(boxes, rounded(box))
				}
			}
			return nil
		})
	})
	return boxes, err
}
