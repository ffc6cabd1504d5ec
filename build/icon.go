//go:build ignore

// Icon draws build/appicon.png: a house that holds a prompt.
//
//	go run build/icon.go
package main

import (
	"image"
	"image/color"
	"image/png"
	"log"
	"math"
	"os"
)

const (
	size    = 512
	samples = 4 // per pixel and direction
)

type point struct{ x, y float64 }

// segment is the distance from p to the line from a to b.
func segment(p, a, b point) float64 {
	dx, dy := b.x-a.x, b.y-a.y
	t := ((p.x-a.x)*dx + (p.y-a.y)*dy) / (dx*dx + dy*dy)
	t = math.Max(0, math.Min(1, t))
	return math.Hypot(p.x-a.x-t*dx, p.y-a.y-t*dy)
}

func path(p point, points ...point) float64 {
	d := math.Inf(1)
	for i := 1; i < len(points); i++ {
		d = math.Min(d, segment(p, points[i-1], points[i]))
	}
	return d
}

// rounded is below 0 inside a rounded square around the middle.
func rounded(p point, half, radius float64) float64 {
	x, y := math.Abs(p.x-0.5)-half+radius, math.Abs(p.y-0.5)-half+radius
	return math.Hypot(math.Max(x, 0), math.Max(y, 0)) + math.Min(math.Max(x, y), 0) - radius
}

func mix(a, b color.NRGBA, t float64) color.NRGBA {
	f := func(x, y uint8) uint8 { return uint8(math.Round(float64(x) + (float64(y)-float64(x))*t)) }
	return color.NRGBA{f(a.R, b.R), f(a.G, b.G), f(a.B, b.B), 255}
}

var (
	top    = color.NRGBA{0x2b, 0x3a, 0x67, 255}
	bottom = color.NRGBA{0x14, 0x1b, 0x33, 255}
	walls  = color.NRGBA{0xf4, 0xf1, 0xe8, 255}
	prompt = color.NRGBA{0xff, 0xb4, 0x54, 255}

	house  = []point{{0.27, 0.46}, {0.27, 0.76}, {0.73, 0.76}, {0.73, 0.46}}
	roof   = []point{{0.19, 0.50}, {0.50, 0.23}, {0.81, 0.50}}
	arrow  = []point{{0.39, 0.52}, {0.46, 0.59}, {0.39, 0.66}}
	cursor = []point{{0.52, 0.66}, {0.62, 0.66}}
)

// at is the colour of a point; ok is false outside the icon.
func at(p point) (c color.NRGBA, ok bool) {
	switch {
	case rounded(p, 0.47, 0.2) > 0:
		return c, false
	case path(p, arrow...) < 0.025, path(p, cursor...) < 0.025:
		return prompt, true
	case path(p, house...) < 0.028, path(p, roof...) < 0.034:
		return walls, true
	}
	return mix(top, bottom, p.y), true
}

func main() {
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			var r, g, b, n float64
			for i := range samples * samples {
				p := point{(float64(x) + (float64(i%samples)+0.5)/samples) / size, (float64(y) + (float64(i/samples)+0.5)/samples) / size}
				if c, ok := at(p); ok {
					r, g, b, n = r+float64(c.R), g+float64(c.G), b+float64(c.B), n+1
				}
			}
			if n > 0 {
				img.SetNRGBA(x, y, color.NRGBA{uint8(r / n), uint8(g / n), uint8(b / n), uint8(255 * n / (samples * samples))})
			}
		}
	}
	f, err := os.Create("build/appicon.png")
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
