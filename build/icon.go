//go:build ignore

// Icon draws build/appicon.png, the mark of frontend/public/mark.svg.
//
//	go run build/icon.go [-size 512] [FILE]
package main

import (
	"flag"
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
)

const (
	grid    = 24.0 // units of the mark
	samples = 4    // per pixel and direction
)

var side = flag.Int("size", 512, "pixels on a side")

// box is a rectangle in units of the mark.
type box struct{ x, y, width, height float64 }

func (b box) holds(x, y float64) bool {
	return x >= b.x && x <= b.x+b.width && y >= b.y && y <= b.y+b.height
}

// rounded tells whether a point lies in b with corners of this radius.
func (b box) rounded(x, y, radius float64) bool {
	dx := math.Abs(x-b.x-b.width/2) - b.width/2 + radius
	dy := math.Abs(y-b.y-b.height/2) - b.height/2 + radius
	return math.Hypot(max(dx, 0), max(dy, 0))+min(max(dx, dy), 0) <= radius
}

var (
	green = color.NRGBA{0x1f, 0x5a, 0x45, 255}
	white = color.NRGBA{0xf4, 0xf6, 0xf2, 255}

	field  = box{1, 1, 22, 22} // larger than in the page: an icon has no text beside it
	letter = []box{
		{6.05, 5.55, 1.9, 12.9}, // the stem
		{6.05, 5.55, 12.4, 1.9}, // the upper arm
		{6.05, 11.05, 8.4, 1.9}, // the lower arm
		{15, 15, 2.6, 2.6},      // the stop
	}
)

// at is the colour of a point; ok is false outside the icon.
func at(x, y float64) (c color.NRGBA, ok bool) {
	for _, b := range letter {
		if b.holds(x, y) {
			return white, true
		}
	}
	return green, field.rounded(x, y, 5.5)
}

func main() {
	flag.Parse()
	size, path := *side, flag.Arg(0)
	if path == "" {
		path = "build/appicon.png"
	}
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for py := range size {
		for px := range size {
			var r, g, b, n float64
			for i := range samples * samples {
				x := (float64(px) + (float64(i%samples)+0.5)/samples) * grid / float64(size)
				y := (float64(py) + (float64(i/samples)+0.5)/samples) * grid / float64(size)
				if c, ok := at(x, y); ok {
					r, g, b, n = r+float64(c.R), g+float64(c.G), b+float64(c.B), n+1
				}
			}
			if n > 0 {
				img.SetNRGBA(px, py, color.NRGBA{uint8(r / n), uint8(g / n), uint8(b / n), uint8(255 * n / (samples * samples))})
			}
		}
	}
	f, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}
