package tensor

import "math"

// Writing the types that need no search: those with levels, ternary ones, and
// one or two bits.

// nearest returns the code of the level that is nearest to x/d.
func nearest(levels *[16]int, x, d float32) byte {
	best, least := 0, math.Inf(1)
	for code, l := range levels {
		if e := math.Abs(float64(x) - float64(d)*float64(l)); e < least {
			best, least = code, e
		}
	}
	return byte(best)
}

// putLevels stores the codes of n values in n/2 bytes, the first half of the
// values in the low nibbles.
func putLevels(p []byte, levels *[16]int, x []float32, d float32) {
	h := len(x) / 2
	for i := range h {
		p[i] = nearest(levels, x[i], d) | nearest(levels, x[h+i], d)<<4
	}
}

// quantizeIQ4NL: the largest value takes the level that reaches furthest.
func quantizeIQ4NL(x []float32, p []byte) {
	putLevels(p[2:18], &levelsIQ4, x, putHalf(p, extreme(x)/-127))
}

func quantizeIQ4XS(x []float32, p []byte) {
	var scales [8]float32
	for s := range scales {
		scales[s] = extreme(x[32*s:32*s+32]) / -127
	}
	d := putHalf(p, extreme(scales[:])/-32)
	for s, scale := range scales {
		ls := step(scale, d, -32, 31)
		p[4+s/2] |= byte((ls+32)&15) << (s % 2 * 4)
		p[2+s/4] |= byte((ls+32)>>4) << (s % 4 * 2)
		putLevels(p[8+16*s:24+16*s], &levelsIQ4, x[32*s:32*s+32], d*float32(ls))
	}
}

// quantizeMXFP4: the exponent of the largest value becomes that of the largest
// level, 4 to 6.
func quantizeMXFP4(x []float32, p []byte) {
	e := float64(extreme(x))
	_, exponent := math.Frexp(e) // e = ±[½, 1)·2^exponent
	if !(math.Abs(e) > 0) || math.IsInf(e, 0) {
		exponent = -127 // nothing, or nothing that can be told
	}
	p[0] = byte(max(0, min(254, exponent-3+127)))
	putLevels(p[1:17], &levelsFP4, x, halfPower(p[0]))
}

func quantizeNVFP4(x []float32, p []byte) {
	for g := range 4 {
		part := x[16*g : 16*g+16]
		want := math.Abs(float64(extreme(part))) / 12
		least := math.Inf(1)
		for code := range 0x7f {
			if e := math.Abs(float64(scaleE4M3(byte(code)))*0x1p-10 - want); e < least {
				p[g], least = byte(code), e
			}
		}
		putLevels(p[4+8*g:12+8*g], &levelsFP4, part, float32(scaleE4M3(p[g]))*0x1p-10)
	}
}

func quantizeBits(t Type, x []float32, p []byte) {
	if t == Q1_0 {
		sum := 0.0
		for i, v := range x {
			sum += math.Abs(float64(v))
			if v >= 0 {
				p[2+i/8] |= 1 << (i % 8)
			}
		}
		putHalf(p, float32(sum/float64(len(x))))
		return
	}
	d := putHalf(p, extreme(x)/2)
	for i, v := range x {
		p[2+i/4] |= byte(step(v, d, -1, 2)+1) << (i % 4 * 2)
	}
}

func quantizeTernary(t Type, x []float32, p []byte) {
	at := 64
	if t == TQ1_0 {
		at = 52
	}
	e := extreme(x)
	d := putHalf(p[at:], max(e, -e))
	digits := [52][5]int{}
	for i, v := range x {
		q := step(v, d, -1, 1) + 1
		if t == TQ2_0 {
			p[i/128*32+i%32] |= byte(q << (i % 128 / 32 * 2))
			continue
		}
		b, digit := tritAt(i)
		digits[b][digit] = q
	}
	if t == TQ1_0 {
		for b, q := range digits {
			n := (((q[0]*3+q[1])*3+q[2])*3+q[3])*3 + q[4] // of 243
			p[b] = byte((n*256 + 242) / 243)
		}
	}
}
