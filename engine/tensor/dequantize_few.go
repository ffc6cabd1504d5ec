package tensor

import "math"

// Types of few bits without super-blocks: FP4 and ternary ones, one and two
// bits. All have symmetric codes; blocks are cut into those that share an
// activation scale.

// readFP4 takes apart MXFP4, 32 values with a power of two as scale, and
// NVFP4, 64 values with an 8-bit float as scale of each 16.
func readFP4(t Type, p []byte) []block {
	if t == MXFP4 { // e qs[16]
		b := block{d: halfPower(p[0]), group: 32, scale: []int{1}, q: make([]int, 32)}
		for i := range b.q {
			b.q[i] = levelsFP4[p[1+i%16]>>(i/16*4)&15]
		}
		return []block{b}
	}
	blocks := make([]block, 2) // d[4] qs[32]
	for n := range blocks {
		// Scales are integers in units of 2⁻¹⁰: half of those of the format,
		// since the levels are doubled.
		b := block{d: 0x1p-10, group: 16, q: make([]int, 32)}
		for g := range 2 {
			b.scale = append(b.scale, scaleE4M3(p[2*n+g]))
		}
		for i := range b.q { // sixteen values in eight bytes: low nibbles first
			b.q[i] = levelsFP4[p[4+16*n+i/16*8+i%8]>>(i%16/8*4)&15]
		}
		blocks[n] = b
	}
	return blocks
}

// halfPower is half of the E8M0 scale e: 2^(e-128), subnormal for 0 and 1.
func halfPower(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e)
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

// scaleE4M3 is an unsigned E4M3 float in units of 2⁻⁹; its NaN counts as 0.
func scaleE4M3(v byte) int {
	exponent, mantissa := int(v>>3&15), int(v&7)
	switch {
	case v == 0x7f:
		return 0
	case exponent == 0:
		return mantissa
	}
	return (8 + mantissa) << (exponent - 1)
}

// readBits takes apart Q1_0, 128 signs, and Q2_0, 64 values from -1 to 2:
// d and bits in the order of the values.
func readBits(t Type, p []byte) []block {
	width, n := 1, 4
	if t == Q2_0 {
		width, n = 2, 2
	}
	blocks := make([]block, n)
	for j := range blocks {
		b := block{d: half(p), group: 32, scale: []int{1}, q: make([]int, 32)}
		for i := range b.q {
			at := (32*j + i) * width
			b.q[i] = int(p[2+at/8]>>(at%8)&byte(1<<width-1))*(3-width) - 1
		}
		blocks[j] = b
	}
	return blocks
}

// readTernary takes apart TQ1_0 and TQ2_0, 256 values from -1 to 1 (2, as far
// as TQ2_0 has bits for it).
func readTernary(t Type, p []byte) block {
	b := block{group: 256, scale: []int{1}, q: make([]int, 256)}
	if t == TQ2_0 { // qs[64] d
		b.d = half(p[64:])
		for i := range b.q {
			b.q[i] = crumb(p, i) - 1
		}
		return b
	}
	b.d = half(p[52:]) // qs[48] qh[4] d
	for i := range b.q {
		at, digit := tritAt(i)
		b.q[i] = trit(p[at], digit) - 1
	}
	return b
}

// tritAt tells in which byte of TQ1_0 value i lies, and as which digit: 32
// bytes of five, 16 bytes of five, 4 bytes of four.
func tritAt(i int) (at, digit int) {
	switch {
	case i < 160:
		return i % 32, i / 32
	case i < 240:
		return 32 + (i-160)%16, (i - 160) / 16
	}
	return 48 + (i-240)%4, (i - 240) / 4
}

// trit returns a base-3 digit of a byte that holds the fraction 0.d₀d₁d₂d₃d₄
// in 256ths, rounded up.
func trit(b byte, digit int) int {
	for range digit {
		b *= 3
	}
	return int(b) * 3 >> 8
}
