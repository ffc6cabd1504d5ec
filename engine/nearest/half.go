package nearest

import "math"

// F16 writes a vector as IEEE 754 half-precision values, little-endian. What is
// too large for one becomes the largest.
func F16(v []float32) []byte {
	b := make([]byte, 2*len(v))
	for i, f := range v {
		h := toHalf(f)
		b[2*i], b[2*i+1] = byte(h), byte(h>>8)
	}
	return b
}

// Dot16 is the dot product of a vector in the form of F16 with another, as far
// as both go.
func Dot16(blob []byte, q []float32) float32 {
	sum := 0.0
	for i := range min(len(blob)/2, len(q)) {
		sum += float64(half(uint16(blob[2*i])|uint16(blob[2*i+1])<<8)) * float64(q[i])
	}
	return float32(sum)
}

// toHalf rounds to the nearest half, ties to even.
func toHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	abs := bits & 0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign // no number
	case abs >= 0x477ff000:
		return sign | 0x7bff
	case abs < 0x38800000: // subnormal: a multiple of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	return sign | uint16((abs-0x38000000+0xfff+(abs>>13&1))>>13)
}

func half(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent, fraction := uint32(h>>10&31), uint32(h&1023)
	switch exponent {
	case 0:
		f := float32(fraction) / (1 << 24)
		if sign != 0 {
			f = -f
		}
		return f
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | fraction<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | fraction<<13)
}
