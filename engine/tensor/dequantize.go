package tensor

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Dequantize writes the values of src, quant blocks of type t, to dst. The
// length of dst must be a multiple of the type's block, and src hold exactly
// that many values.
func Dequantize(t Type, src []byte, dst []float32) error {
	if err := checkLengths(t, len(src), len(dst)); err != nil {
		return err
	}
	switch t {
	case F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
		return nil
	case F16:
		for i := range dst {
			dst[i] = HalfToFloat(binary.LittleEndian.Uint16(src[2*i:]))
		}
		return nil
	case BF16:
		for i := range dst {
			dst[i] = BrainToFloat(binary.LittleEndian.Uint16(src[2*i:]))
		}
		return nil
	}
	if t.IsQuant() {
		l := layouts[t]
		for ; len(src) > 0; src = src[l.Bytes:] {
			for _, b := range readBlocks(t, src) {
				b.values(dst)
				dst = dst[len(b.q):]
			}
		}
		return nil
	}
	for i := range dst {
		switch t {
		case F64:
			dst[i] = float32(math.Float64frombits(binary.LittleEndian.Uint64(src[8*i:])))
		case I8:
			dst[i] = float32(int8(src[i]))
		case I16:
			dst[i] = float32(int16(binary.LittleEndian.Uint16(src[2*i:])))
		case I32:
			dst[i] = float32(int32(binary.LittleEndian.Uint32(src[4*i:])))
		case I64:
			dst[i] = float32(int64(binary.LittleEndian.Uint64(src[8*i:])))
		}
	}
	return nil
}

// checkLengths makes sure that n values of a type take exactly the given bytes.
func checkLengths(t Type, bytes, n int) error {
	want, err := t.RowBytes(n)
	if err != nil {
		return err
	}
	if bytes != want {
		return fmt.Errorf("%d values of type %v take %d bytes, not %d", n, t, want, bytes)
	}
	return nil
}

// block is a quant block of any type taken apart: 32 values, or 256 of types
// whose activations share a scale among as many. It consists of groups of
// equal size; value i of group g is
//
//	d·scale[g]·q[i] + m − dmin·min[g]
type block struct {
	d, m, dmin float32
	affine     bool  // has m
	group      int   // values per group
	scale, min []int // min is nil for types without
	q          []int // one per value, offset already subtracted
}

// values writes the block's values. Products are rounded before they are
// added, on processors that could do both at once too.
func (b *block) values(dst []float32) {
	for i, q := range b.q {
		g := i / b.group
		v := float32(b.d*float32(b.scale[g])) * float32(q)
		switch {
		case b.min != nil:
			v = float32(v) - float32(b.dmin*float32(b.min[g]))
		case b.affine:
			v = float32(v) + b.m
		}
		dst[i] = v
	}
}

func half(p []byte) float32 { return HalfToFloat(binary.LittleEndian.Uint16(p)) }

// readBlocks takes apart the quant block that p begins with: one, or as many
// as it has values that share an activation scale.
func readBlocks(t Type, p []byte) []block {
	switch t {
	case Q2_K, Q3_K, Q4_K, Q5_K, Q6_K:
		return []block{readSuperBlock(t, p)}
	case IQ1_S, IQ1_M, IQ2_XXS, IQ2_XS, IQ2_S, IQ3_XXS, IQ3_S:
		return []block{readCodebookBlock(t, p)}
	case IQ4_XS:
		return []block{readIQ4XS(p)}
	case TQ1_0, TQ2_0:
		return []block{readTernary(t, p)}
	case MXFP4, NVFP4:
		return readFP4(t, p)
	case Q1_0, Q2_0:
		return readBits(t, p)
	}
	return []block{readSmallBlock(t, p)}
}

// readSmallBlock takes apart a block of 32 with a scale in front.
func readSmallBlock(t Type, p []byte) block {
	b := block{d: half(p), group: 32, scale: []int{1}, q: make([]int, 32)}
	p = p[2:]
	if t == Q8_0 {
		for i := range b.q {
			b.q[i] = int(int8(p[i]))
		}
		return b
	}
	if t == IQ4_NL {
		for i := range b.q {
			b.q[i] = levelsIQ4[p[i%16]>>(i/16*4)&15]
		}
		return b
	}
	offset, fifth := 0, uint32(0)
	switch t {
	case Q4_0:
		offset = 8
	case Q5_0:
		offset = 16
	case Q4_1, Q5_1:
		b.m, b.affine = half(p), true
		p = p[2:]
	}
	if t == Q5_0 || t == Q5_1 {
		fifth = binary.LittleEndian.Uint32(p)
		p = p[4:]
	}
	for i := range b.q { // byte j holds values j and j+16
		nibble := p[i%16] >> (i / 16 * 4) & 15
		b.q[i] = int(uint32(nibble)|fifth>>i&1<<4) - offset
	}
	return b
}

// readSuperBlock takes apart a block of 256.
func readSuperBlock(t Type, p []byte) block {
	b := block{q: make([]int, 256)}
	switch t {
	case Q2_K: // scales[16] qs[64] d dmin
		b.d, b.dmin, b.group = half(p[80:]), half(p[82:]), 16
		for _, s := range p[:16] {
			b.scale = append(b.scale, int(s&15))
			b.min = append(b.min, int(s>>4))
		}
		for i := range b.q {
			b.q[i] = crumb(p[16:], i)
		}
	case Q3_K: // hmask[32] qs[64] scales[12] d
		b.d, b.group = half(p[108:]), 16
		for j := range 16 {
			b.scale = append(b.scale, signedScale(p[96:], j))
		}
		for i := range b.q {
			b.q[i] = crumb(p[32:], i) + int(p[i%32]>>(i/32)&1)<<2 - 4
		}
	case Q4_K, Q5_K: // d dmin scales[12] (qh[32]) qs[128]
		b.d, b.dmin, b.group = half(p), half(p[2:]), 32
		for j := range 8 {
			s, m := scaleAndMin(p[4:], j)
			b.scale = append(b.scale, s)
			b.min = append(b.min, m)
		}
		qs := p[16:]
		if t == Q5_K {
			qs = p[48:]
		}
		for i := range b.q { // 64 values in 32 bytes: low nibbles first
			b.q[i] = int(qs[i/64*32+i%32] >> (i % 64 / 32 * 4) & 15)
			if t == Q5_K {
				b.q[i] |= int(p[16+i%32]>>(i/32)&1) << 4
			}
		}
	case Q6_K: // ql[128] qh[64] scales[16] d
		b.d, b.group = half(p[208:]), 16
		for _, s := range p[192:208] {
			b.scale = append(b.scale, int(int8(s)))
		}
		for i := range b.q {
			low := p[i/128*64+i%64] >> (i % 128 / 64 * 4) & 15
			high := p[128+i/128*32+i%32] >> (i % 128 / 32 * 2) & 3
			b.q[i] = int(low|high<<4) - 32
		}
	}
	return b
}

// crumb returns 2-bit field i of 256 in 64 bytes: 128 values in 32 bytes,
// 32 values in each pair of bits.
func crumb(p []byte, i int) int { return int(p[i/128*32+i%32] >> (i % 128 / 32 * 2) & 3) }

// scaleAndMin returns 6-bit scale and minimum j of 8 in the twelve bytes of
// Q4_K and Q5_K: the first four lie in the low six bits of bytes 0–7, the
// others in the nibbles of bytes 8–11 with their top bits in bytes 0–7.
func scaleAndMin(p []byte, j int) (scale, min int) {
	if j < 4 {
		return int(p[j] & 63), int(p[j+4] & 63)
	}
	return int(p[j+4]&15 | p[j-4]>>6<<4), int(p[j+4]>>4 | p[j]>>6<<4)
}

// signedScale returns scale j of 16 in the twelve bytes of Q3_K: nibbles in
// bytes 0–7, pairs of top bits in bytes 8–11.
func signedScale(p []byte, j int) int {
	low := p[j%8] >> (j / 8 * 4) & 15
	high := p[8+j%4] >> (j / 4 * 2) & 3
	return int(low|high<<4) - 32
}
