package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Quantize writes src as quant blocks of type t to dst, which must have
// exactly the right length. IQ1, IQ2, IQ3 and integer types are read, but not
// written: they want a search guided by measured activations. The scales of
// K types come from the smallest and
// largest value of each sub-block, not from a search for the least error:
// files meant for keeping are better quantized by a tool made for it.
func Quantize(t Type, src []float32, dst []byte) error {
	if err := checkLengths(t, len(dst), len(src)); err != nil {
		return err
	}
	switch t {
	case F32:
		for i, v := range src {
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		}
		return nil
	case F16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], FloatToHalf(v))
		}
		return nil
	case BF16:
		for i, v := range src {
			binary.LittleEndian.PutUint16(dst[2*i:], FloatToBrain(v))
		}
		return nil
	}
	quantize := quantizer(t)
	if quantize == nil {
		return fmt.Errorf("tensors of type %v can be read, but not written", t)
	}
	l := layouts[t]
	for len(src) > 0 {
		x, p := src[:l.Block], dst[:l.Bytes]
		clear(p)
		quantize(x, p)
		src, dst = src[l.Block:], dst[l.Bytes:]
	}
	return nil
}

// quantizer returns what fills one zeroed block of a type, nil if nothing does.
func quantizer(t Type) func(x []float32, p []byte) {
	of := func(f func(Type, []float32, []byte)) func([]float32, []byte) {
		return func(x []float32, p []byte) { f(t, x, p) }
	}
	switch t {
	case Q4_0, Q5_0, Q8_0:
		return of(quantizeSigned)
	case Q4_1, Q5_1:
		return of(quantizeAffine)
	case Q3_K, Q6_K:
		return of(quantizeSignedSuper)
	case Q2_K, Q4_K, Q5_K:
		return of(quantizeAffineSuper)
	case IQ4_NL:
		return quantizeIQ4NL
	case IQ4_XS:
		return quantizeIQ4XS
	case MXFP4:
		return quantizeMXFP4
	case NVFP4:
		return quantizeNVFP4
	case Q1_0, Q2_0:
		return of(quantizeBits)
	case TQ1_0, TQ2_0:
		return of(quantizeTernary)
	}
	return nil
}

// Writable tells whether Quantize can write a type.
func (t Type) Writable() bool {
	return t == F32 || t == F16 || t == BF16 || quantizer(t) != nil
}

// RoundQ8 rounds up to 32 values to what one block of Q8_0 holds: multiples of
// a binary16 scale that is a 127th of the largest magnitude. All steps are
// float32 divisions and roundings to nearest even, so that kernels can do the
// same bit by bit.
func RoundQ8(x []float32) {
	e := extreme(x)
	d := HalfToFloat(FloatToHalf(min(max(e, -e)/127, 65504)))
	for i, v := range x {
		if d == 0 {
			x[i] = 0
			continue
		}
		q := math.RoundToEven(float64(v / d))
		x[i] = float32(max(-127, min(127, q))) * d
	}
}

// RoundQ4 rounds up to 32 values to what one block of Q4_0 holds: −8 … 7 times a
// binary16 scale that is −⅛ of the value of largest magnitude. As in RoundQ8,
// kernels can do the same bit by bit.
func RoundQ4(x []float32) {
	d := HalfToFloat(FloatToHalf(min(max(extreme(x)/-8, -65504), 65504)))
	for i, v := range x {
		if d == 0 {
			x[i] = 0
			continue
		}
		q := math.RoundToEven(float64(v / d))
		x[i] = float32(max(-8, min(7, q))) * d
	}
}

// putHalf stores f as binary16 and returns the value stored.
func putHalf(p []byte, f float32) float32 {
	h := FloatToHalf(f)
	binary.LittleEndian.PutUint16(p, h)
	return HalfToFloat(h)
}

// step returns x/d rounded and held within [low, high]; 0 for d = 0 or NaN.
func step(x, d float32, low, high int) int {
	if d == 0 {
		return max(low, min(high, 0))
	}
	q := math.Round(float64(x) / float64(d))
	if !(q > float64(low)) {
		return low
	}
	return int(min(q, float64(high)))
}

// extreme returns the value of largest magnitude, with its sign.
func extreme(x []float32) float32 {
	e := float32(0)
	for _, v := range x {
		if v > e && v > -e || v < e && v < -e {
			e = v
		}
	}
	return e
}

// bounds returns the smallest and largest value, zero included.
func bounds(x []float32) (low, high float32) {
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

func quantizeSigned(t Type, x []float32, p []byte) {
	if t == Q8_0 {
		d := extreme(x) / 127
		if d < 0 {
			d = -d
		}
		d = putHalf(p, d)
		for i, v := range x {
			p[2+i] = byte(int8(step(v, d, -127, 127)))
		}
		return
	}
	offset := 8
	if t == Q5_0 {
		offset = 16
	}
	// The largest value takes the most negative step, which reaches furthest.
	d := putHalf(p, extreme(x)/float32(-offset))
	q := make([]int, len(x))
	for i, v := range x {
		q[i] = step(v, d, -offset, offset-1) + offset
	}
	putNibbles(p[2:], q, t == Q5_0)
}

func quantizeAffine(t Type, x []float32, p []byte) {
	low, high := x[0], x[0]
	for _, v := range x {
		low, high = min(low, v), max(high, v)
	}
	top := 15
	if t == Q5_1 {
		top = 31
	}
	d := putHalf(p, (high-low)/float32(top))
	m := putHalf(p[2:], low)
	q := make([]int, len(x))
	for i, v := range x {
		q[i] = step(v-m, d, 0, top)
	}
	putNibbles(p[4:], q, t == Q5_1)
}

// putNibbles stores 32 values of 4 bits, or of 5 with the top bits first.
func putNibbles(p []byte, q []int, five bool) {
	if five {
		var top uint32
		for i, v := range q {
			top |= uint32(v>>4) << i
		}
		binary.LittleEndian.PutUint32(p, top)
		p = p[4:]
	}
	for i := range 16 {
		p[i] = byte(q[i]&15 | q[i+16]&15<<4)
	}
}

// quantizeSignedSuper fills a block of Q3_K or Q6_K: sixteen signed scales.
func quantizeSignedSuper(t Type, x []float32, p []byte) {
	offset, scaleMin, scaleMax, dAt := 4, -32, 31, 108
	if t == Q6_K {
		offset, scaleMin, scaleMax, dAt = 32, -128, 127, 208
	}
	var scales [16]float32
	for j := range scales {
		scales[j] = extreme(x[16*j:16*j+16]) / float32(-offset)
	}
	d := putHalf(p[dAt:], extreme(scales[:])/float32(scaleMin))
	for j, s := range scales {
		sc := step(s, d, scaleMin, scaleMax)
		if t == Q6_K {
			p[192+j] = byte(int8(sc))
		} else {
			u := sc + 32
			p[96+j%8] |= byte(u & 15 << (j / 8 * 4))
			p[96+8+j%4] |= byte(u >> 4 << (j / 4 * 2))
		}
		for i := 16 * j; i < 16*j+16; i++ {
			q := step(x[i], d*float32(sc), -offset, offset-1) + offset
			if t == Q6_K {
				p[i/128*64+i%64] |= byte(q & 15 << (i % 128 / 64 * 4))
				p[128+i/128*32+i%32] |= byte(q >> 4 << (i % 128 / 32 * 2))
			} else {
				p[32+i/128*32+i%32] |= byte(q & 3 << (i % 128 / 32 * 2))
				p[i%32] |= byte(q >> 2 << (i / 32))
			}
		}
	}
}

// quantizeAffineSuper fills a block of Q2_K, Q4_K or Q5_K: unsigned scales and
// minima of 4 or 6 bits.
func quantizeAffineSuper(t Type, x []float32, p []byte) {
	group, top, scaleTop, dAt := 32, 15, 63, 0
	switch t {
	case Q2_K:
		group, top, scaleTop, dAt = 16, 3, 15, 80
	case Q5_K:
		top = 31
	}
	n := len(x) / group
	scales, mins := make([]float32, n), make([]float32, n)
	for j := range n {
		low, high := bounds(x[group*j : group*j+group])
		scales[j], mins[j] = (high-low)/float32(top), -low
	}
	d := putHalf(p[dAt:], extreme(scales)/float32(scaleTop))
	dmin := putHalf(p[dAt+2:], extreme(mins)/float32(scaleTop))
	for j := range n {
		sc, mn := step(scales[j], d, 0, scaleTop), step(mins[j], dmin, 0, scaleTop)
		if t == Q2_K {
			p[j] = byte(sc | mn<<4)
		} else {
			putScaleAndMin(p[4:16], j, sc, mn)
		}
		for i := group * j; i < group*(j+1); i++ {
			q := step(x[i]+dmin*float32(mn), d*float32(sc), 0, top)
			switch t {
			case Q2_K:
				p[16+i/128*32+i%32] |= byte(q << (i % 128 / 32 * 2))
			case Q4_K:
				p[16+i/64*32+i%32] |= byte(q << (i % 64 / 32 * 4))
			case Q5_K:
				p[48+i/64*32+i%32] |= byte(q & 15 << (i % 64 / 32 * 4))
				p[16+i%32] |= byte(q >> 4 << (i / 32))
			}
		}
	}
}

// putScaleAndMin is the inverse of scaleAndMin; p begins zeroed.
func putScaleAndMin(p []byte, j, scale, min int) {
	if j < 4 {
		p[j] |= byte(scale)
		p[j+4] |= byte(min)
		return
	}
	p[j+4] |= byte(scale&15 | min&15<<4)
	p[j-4] |= byte(scale >> 4 << 6)
	p[j] |= byte(min >> 4 << 6)
}
