package parse

import (
	"bytes"
	"image"
	_ "image/gif" // formats that are read
	_ "image/jpeg"
	"image/png"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// mostPixels bounds an image that is decoded: 100 million take 400 MB.
const mostPixels = 100_000_000

// parseImage checks an image and says that its text needs recognition.
func parseImage(s *source) error {
	c, format, err := image.DecodeConfig(bytes.NewReader(s.data))
	if err != nil {
		return problem(Damaged, "its image is damaged (%v)", err)
	}
	s.receipt.Images = 1
	s.unit("image", 1)
	s.receipt.Encoding = format
	if c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/max(c.Height, 1) {
		return problem(TooLarge, "the image is %d by %d pixels, more than is read", c.Width, c.Height)
	}
	if err := s.deliver(Page{Number: 1, Width: float64(c.Width), Height: float64(c.Height), Scanned: true}); err != nil {
		return err
	}
	return problem(NeedsOCR, "")
}

// decodeImage makes a PNG of an image in any format that is read.
func decodeImage(data []byte) ([]byte, image.Point, error) {
	c, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, image.Point{}, problem(Damaged, "its image is damaged (%v)", err)
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > mostPixels/max(c.Height, 1) {
		return nil, image.Point{}, problem(TooLarge, "the image is %d by %d pixels, more than is read", c.Width, c.Height)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, image.Point{}, problem(Damaged, "its image is damaged (%v)", err)
	}
	return encodePNG(img)
}

func encodePNG(img image.Image) ([]byte, image.Point, error) {
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	if err := e.Encode(&b, img); err != nil {
		return nil, image.Point{}, err
	}
	return b.Bytes(), img.Bounds().Size(), nil
}
