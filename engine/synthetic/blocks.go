package synthetic

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"

	"freehold/engine/tensor"
)

// scaleOffsets tells where binary16 scales lie in the blocks of each type.
// IQ1_M has one in four parts, MXFP4 and NVFP4 have scales of a byte.
var scaleOffsets = map[tensor.Type][]int{
	tensor.Q4_0: {0}, tensor.Q4_1: {0, 2}, tensor.Q5_0: {0}, tensor.Q5_1: {0, 2}, tensor.Q8_0: {0},
	tensor.Q2_K: {80, 82}, tensor.Q3_K: {108}, tensor.Q4_K: {0, 2}, tensor.Q5_K: {0, 2}, tensor.Q6_K: {208},
	tensor.IQ1_S: {0}, tensor.IQ1_M: nil, tensor.IQ2_XXS: {0}, tensor.IQ2_XS: {0}, tensor.IQ2_S: {0},
	tensor.IQ3_XXS: {0}, tensor.IQ3_S: {0}, tensor.IQ4_NL: {0}, tensor.IQ4_XS: {0},
	tensor.TQ1_0: {52}, tensor.TQ2_0: {64}, tensor.Q1_0: {0}, tensor.Q2_0: {0},
	tensor.MXFP4: nil, tensor.NVFP4: nil,
}

// Blocks returns n quant blocks of random bits, which so have every quant,
// index, sign and sub-block scale there is. Blocks' own scales, of either sign
// if the type has one, are such that values deviate from 0 by about the given
// deviation; if that is 0 they are random too, anything but infinite.
func Blocks(t tensor.Type, n int, deviation float64, r *rand.Rand) ([]byte, error) {
	l, ok := t.Layout()
	offsets, known := scaleOffsets[t]
	if !ok || !known {
		return nil, fmt.Errorf("type %v has no quant blocks", t)
	}
	out := make([]byte, n*l.Bytes)
	for i := range out {
		out[i] = byte(r.Uint32())
	}
	size := 0.0 // of the scales
	if deviation != 0 {
		rms, err := sizeOfValues(t, l, offsets, r)
		if err != nil {
			return nil, err
		}
		size = deviation / rms
	}
	for ; n > 0; n-- {
		putScales(t, out[(n-1)*l.Bytes:n*l.Bytes], offsets, size, r)
	}
	return out, nil
}

// sizeOfValues is the root mean square of values in blocks with scales about 1.
func sizeOfValues(t tensor.Type, l tensor.Layout, offsets []int, r *rand.Rand) (float64, error) {
	const n = 16
	p, values := make([]byte, n*l.Bytes), make([]float32, n*l.Block)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	for i := range n {
		putScales(t, p[i*l.Bytes:(i+1)*l.Bytes], offsets, 1, r)
	}
	if err := tensor.Dequantize(t, p, values); err != nil {
		return 0, err
	}
	sum := 0.0
	for _, v := range values {
		sum += float64(v) * float64(v)
	}
	return math.Sqrt(sum / float64(len(values))), nil
}

func putScales(t tensor.Type, p []byte, offsets []int, size float64, r *rand.Rand) {
	half := func() uint16 {
		if size == 0 {
			return uint16(r.IntN(31)<<10 | r.IntN(1<<10) | r.IntN(2)<<15)
		}
		return tensor.FloatToHalf(float32((0.5+r.Float64())*size)) | uint16(r.IntN(2))<<15
	}
	for _, at := range offsets {
		binary.LittleEndian.PutUint16(p[at:], half())
	}
	if t == tensor.IQ1_M { // the top nibbles of four words
		h := half()
		for i := range 4 {
			p[49+2*i] = p[49+2*i]&15 | byte(h>>(4*i))<<4
		}
	}
	if size == 0 {
		return
	}
	_, exponent := math.Frexp(size)
	switch t {
	case tensor.MXFP4: // a power of two, 127 for 1
		p[0] = byte(max(1, min(250, 125+exponent+r.IntN(3))))
	case tensor.NVFP4: // four bits of exponent, 7 for 1, and three of fraction
		for i := range 4 {
			p[i] = byte(max(0, min(14, 5+exponent+r.IntN(3)))<<3 | r.IntN(8))
		}
	}
}
