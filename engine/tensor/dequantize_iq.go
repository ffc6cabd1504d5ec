package tensor

import (
	"encoding/binary"
	"math/bits"
)

// readCodebookBlock takes apart a block of 256 whose values come from a
// codebook, eight or four to an index.
func readCodebookBlock(t Type, p []byte) block {
	switch t {
	case IQ1_S, IQ1_M:
		return readIQ1(t, p)
	case IQ3_XXS, IQ3_S:
		return readIQ3(t, p)
	}
	return readIQ2(t, p)
}

// readIQ1: values of -1, 0 and 1, all those of an index moved by an eighth up
// or down. The block holds them times eight.
func readIQ1(t Type, p []byte) block {
	b := block{q: make([]int, 0, 256)}
	book := codebooks()[t]
	if t == IQ1_S { // d qs[32] qh[8]: three more bits of four indices, a scale, the direction
		b.d, b.group = half(p)/8, 32
		for s := range 8 {
			h := binary.LittleEndian.Uint16(p[34+2*s:])
			b.scale = append(b.scale, int(2*(h>>12&7)+1))
			for l := range 4 {
				at := int(p[2+4*s+l]) | int(h>>(3*l)&7)<<8
				b.q = appendShifted(b.q, book[at], h>>15 != 0)
			}
		}
		return b
	}
	// qs[32] qh[16]: nibbles of three more bits and the direction; scales[8]: four
	// words of four scales in three bits, d in the top four bits of each.
	b.group = 16
	d := uint16(0)
	for i := range 4 {
		word := binary.LittleEndian.Uint16(p[48+2*i:])
		d |= word >> 12 << (4 * i)
		for j := range 4 {
			b.scale = append(b.scale, int(2*(word>>(3*j)&7)+1))
		}
	}
	b.d = HalfToFloat(d) / 8
	for i := range 32 {
		h := p[32+i/2] >> (4 * (i % 2)) & 15
		b.q = appendShifted(b.q, book[int(p[i])|int(h&7)<<8], h>>3 != 0)
	}
	return b
}

func appendShifted(q []int, p point, down bool) []int {
	delta := 1
	if down {
		delta = -1
	}
	for i := range 8 {
		q = append(q, 8*p.value(i)+delta)
	}
	return q
}

func readIQ2(t Type, p []byte) block {
	b := block{d: half(p) / 8, group: 16, q: make([]int, 0, 256)}
	book := codebooks()[t]
	for s := range 8 { // sub-blocks of 32
		switch t {
		case IQ2_XXS: // four indices, then four times seven signs and a scale of four bits
			signs := binary.LittleEndian.Uint32(p[2+8*s+4:])
			b.group = 32
			b.scale = append(b.scale, int(2*(signs>>28)+1))
			for l := range 4 {
				b.q = appendSigned(b.q, book[p[2+8*s+l]], 8, evenSigns(signs>>(7*l)))
			}
			continue
		case IQ2_XS: // words of nine bits of index and seven signs; scales[8]
			b.scale = append(b.scale, int(2*(p[66+s]&15)+1), int(2*(p[66+s]>>4)+1))
			for l := range 4 {
				v := binary.LittleEndian.Uint16(p[2+8*s+2*l:])
				b.q = appendSigned(b.q, book[v&511], 8, evenSigns(uint32(v>>9)))
			}
		case IQ2_S: // qs[32] signs[32] qh[8] scales[8]
			b.scale = append(b.scale, int(2*(p[74+s]&15)+1), int(2*(p[74+s]>>4)+1))
			for l := range 4 {
				at := int(p[2+4*s+l]) | int(p[66+s]>>(2*l)&3)<<8
				b.q = appendSigned(b.q, book[at], 8, p[34+4*s+l])
			}
		}
	}
	return b
}

func readIQ3(t Type, p []byte) block {
	b := block{d: half(p), group: 32, q: make([]int, 0, 256)}
	book := codebooks()[t]
	if t == IQ3_XXS { // qs[64], then for each 32 values four times seven signs and a scale
		b.d /= 4
		for s := range 8 {
			signs := binary.LittleEndian.Uint32(p[66+4*s:])
			b.scale = append(b.scale, int(2*(signs>>28)+1))
			for l := range 4 {
				eight := evenSigns(signs >> (7 * l))
				b.q = appendSigned(b.q, book[p[2+8*s+2*l]], 4, eight)
				b.q = appendSigned(b.q, book[p[2+8*s+2*l+1]], 4, eight>>4)
			}
		}
		return b
	}
	for s := range 8 { // qs[64] qh[8] signs[32] scales[4]
		b.scale = append(b.scale, int(2*(p[106+s/2]>>(s%2*4)&15)+1))
		for l := range 8 {
			at := int(p[2+8*s+l]) | int(p[66+s]>>l&1)<<8
			b.q = appendSigned(b.q, book[at], 4, p[74+4*s+l/2]>>(l%2*4))
		}
	}
	return b
}

// appendSigned appends the first n values of a point; bit i of signs negates value i.
func appendSigned(q []int, p point, n int, signs byte) []int {
	for i := range n {
		v := p.value(i)
		if signs>>i&1 != 0 {
			v = -v
		}
		q = append(q, v)
	}
	return q
}

// evenSigns completes the low seven bits to eight signs of which an even
// number is set.
func evenSigns(seven uint32) byte {
	s := byte(seven & 127)
	return s | byte(bits.OnesCount8(s)&1)<<7
}

// readIQ4XS: d, top bits of eight scales, scales_l[4], qs[128]; sixteen levels.
func readIQ4XS(p []byte) block {
	b := block{d: half(p), group: 32, q: make([]int, 256)}
	top := binary.LittleEndian.Uint16(p[2:])
	for s := range 8 {
		low := p[4+s/2] >> (s % 2 * 4) & 15
		b.scale = append(b.scale, int(low)|int(top>>(2*s)&3)<<4-32)
	}
	for i := range b.q { // a sub-block of 32 in 16 bytes: low nibbles first
		b.q[i] = levelsIQ4[p[8+i/32*16+i%16]>>(i%32/16*4)&15]
	}
	return b
}
