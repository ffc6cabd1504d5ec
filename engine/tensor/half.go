package tensor

import "math"

// HalfToFloat returns the value of an IEEE 754 binary16.
func HalfToFloat(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h >> 10 & 0x1f)
	mantissa := uint32(h & 0x3ff)
	switch exponent {
	case 0: // zero and subnormals: mantissa · 2⁻²⁴
		v := float32(mantissa) * 0x1p-24
		return math.Float32frombits(math.Float32bits(v) | sign)
	case 31:
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | mantissa<<13)
}

// FloatToHalf returns the nearest binary16, ties to even. Values beyond its
// range become infinite.
func FloatToHalf(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	bits &= 0x7fffffff
	switch {
	case bits > 0x7f800000: // NaN stays a (quiet) NaN
		return sign | 0x7e00
	case bits >= 0x477ff000: // 65520 and more round to infinity
		return sign | 0x7c00
	case bits < 0x38800000: // below 2⁻¹⁴: a multiple of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(bits))*0x1p24))
	}
	bits -= (127 - 15) << 23
	return sign | uint16((bits+0xfff+bits>>13&1)>>13)
}

// BrainToFloat returns the value of a bfloat16.
func BrainToFloat(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// FloatToBrain returns the nearest bfloat16, ties to even.
func FloatToBrain(f float32) uint16 {
	bits := math.Float32bits(f)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40 // a quiet NaN
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}
