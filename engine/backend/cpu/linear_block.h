// The quant blocks of GGUF, decoded one at a time by plain C: the definition
// the vector kernels follow, and what they use where speed does not matter.
#ifndef FREEHOLD_LINEAR_BLOCK_H
#define FREEHOLD_LINEAR_BLOCK_H

#include "linear_impl.h"

enum {
	Q4_0_BYTES = 18,
	Q4_1_BYTES = 20,
	Q5_0_BYTES = 22,
	Q5_1_BYTES = 24,
	Q8_0_BYTES = 34,
	Q2_K_BYTES = 84,
	Q3_K_BYTES = 110,
	Q4_K_BYTES = 144,
	Q5_K_BYTES = 176,
	Q6_K_BYTES = 210,
	IQ4_NL_BYTES = 18,
	IQ4_XS_BYTES = 136,
	MXFP4_BYTES = 17,
};

FH_INLINE uint16_t fh_load16(const uint8_t *p)
{
	uint16_t v;
	memcpy(&v, p, 2);
	return v;
}

FH_INLINE uint32_t fh_load32(const uint8_t *p)
{
	uint32_t v;
	memcpy(&v, p, 4);
	return v;
}

FH_INLINE float fh_bits_float(uint32_t bits)
{
	float f;
	memcpy(&f, &bits, 4);
	return f;
}

FH_INLINE uint32_t fh_float_bits(float f)
{
	uint32_t bits;
	memcpy(&bits, &f, 4);
	return bits;
}

// binary16 to float. Multiplying by 2^112 moves the exponent bias and makes
// subnormals normal at the same time.
FH_INLINE float fh_half(uint16_t h)
{
	const uint32_t magnitude = (uint32_t)(h & 0x7fff) << 13;
	const uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	if (magnitude >= 0x0f800000) // infinity and NaN
		return fh_bits_float(sign | 0x70000000 | magnitude);
	return fh_bits_float(sign | fh_float_bits(fh_bits_float(magnitude) * 0x1p112f));
}

FH_INLINE float fh_half_at(const uint8_t *p) { return fh_half(fh_load16(p)); }

// A float rounded to the nearest binary16 (ties to even); values beyond its
// range become infinite.
FH_INLINE float fh_round_half(float f)
{
	const uint32_t bits = fh_float_bits(f), sign = bits & 0x80000000, magnitude = bits & 0x7fffffff;
	if (magnitude >= 0x47800000) // 65536 and up, infinity, NaN
		return magnitude > 0x7f800000 ? f : fh_bits_float(sign | 0x7f800000);
	if (magnitude < 0x38800000) { // below 2^-14: multiples of 2^-24
		const float shift = 0.75f; // ulp 2^-24 in [0.5, 1)
		const float t = fh_bits_float(magnitude) + shift;
		return fh_bits_float(sign | fh_float_bits(t - shift));
	}
	const uint32_t rounded = (magnitude + 0xfff + (magnitude >> 13 & 1)) & ~0x1fffu;
	return fh_bits_float(sign | (rounded >= 0x47800000 ? 0x7f800000 : rounded));
}

FH_INLINE float fh_bfloat(uint16_t b) { return fh_bits_float((uint32_t)b << 16); }

// A float rounded to the nearest bfloat16 (ties to even).
FH_INLINE float fh_round_bfloat(float f)
{
	const uint32_t bits = fh_float_bits(f);
	if ((bits & 0x7fffffff) > 0x7f800000)
		return f;
	return fh_bits_float((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

FH_INLINE int fh_block_size(int wtype)
{
	switch (wtype) {
	case FH_F32: case FH_F16: case FH_BF16:
		return 1;
	case FH_Q4_0: case FH_Q4_1: case FH_Q5_0: case FH_Q5_1: case FH_Q8_0: case FH_IQ4_NL: case FH_MXFP4:
		return 32;
	case FH_NVFP4: case FH_Q2_0:
		return 64;
	case FH_Q1_0:
		return 128;
	case FH_Q2_K: case FH_Q3_K: case FH_Q4_K: case FH_Q5_K: case FH_Q6_K:
	case FH_IQ1_S: case FH_IQ1_M: case FH_IQ2_XXS: case FH_IQ2_XS: case FH_IQ2_S:
	case FH_IQ3_XXS: case FH_IQ3_S: case FH_IQ4_XS: case FH_TQ1_0: case FH_TQ2_0:
		return 256;
	}
	return 0;
}

// Types whose activations share a scale among 256 values; those of other quant
// types do among 32.
FH_INLINE int fh_is_super(int wtype) { return fh_block_size(wtype) == 256; }

// How many 32 values there are in a block of a type with activations in 32s.
FH_INLINE int fh_parts(int wtype) { return fh_block_size(wtype) / 32; }

// Values that share a scale.
FH_INLINE int fh_sub_block(int wtype)
{
	switch (wtype) {
	case FH_Q2_K: case FH_Q3_K: case FH_Q6_K: case FH_IQ1_M: case FH_IQ2_XS: case FH_IQ2_S: case FH_NVFP4:
		return 16;
	}
	return 32;
}

FH_INLINE int fh_block_bytes(int wtype)
{
	switch (wtype) {
	case FH_F32: return 4;
	case FH_F16: case FH_BF16: return 2;
	case FH_Q4_0: return Q4_0_BYTES;
	case FH_Q4_1: return Q4_1_BYTES;
	case FH_Q5_0: return Q5_0_BYTES;
	case FH_Q5_1: return Q5_1_BYTES;
	case FH_Q8_0: return Q8_0_BYTES;
	case FH_Q2_K: return Q2_K_BYTES;
	case FH_Q3_K: return Q3_K_BYTES;
	case FH_Q4_K: return Q4_K_BYTES;
	case FH_Q5_K: return Q5_K_BYTES;
	case FH_Q6_K: return Q6_K_BYTES;
	case FH_IQ4_NL: return IQ4_NL_BYTES;
	case FH_IQ4_XS: return IQ4_XS_BYTES;
	case FH_MXFP4: return MXFP4_BYTES;
	case FH_NVFP4: return 36;
	case FH_Q1_0: case FH_Q2_0: return 18;
	case FH_IQ1_S: return 50;
	case FH_IQ1_M: return 56;
	case FH_IQ2_XXS: case FH_TQ2_0: return 66;
	case FH_IQ2_XS: return 74;
	case FH_IQ2_S: return 82;
	case FH_IQ3_XXS: return 98;
	case FH_IQ3_S: return 110;
	case FH_TQ1_0: return 54;
	}
	return 0;
}

#include "linear_codes.h"

// 32 values with a common activation scale: value i = d[i/16]*(q - zero) + m.
struct fh_block32 {
	float d[2], m;
	int zero;
	uint8_t q[32];
};

// Decodes values 32*part to 32*part+31 of a block.
FH_INLINE void fh_decode32(int wtype, const uint8_t *p, int part, struct fh_block32 *b)
{
	b->m = 0;
	if (fh_is_coded(wtype)) {
		fh_codes32(wtype, p, part, (int8_t *)b->q, b->d);
		b->zero = 128;
		for (int i = 0; i < 32; i++)
			b->q[i] ^= 0x80;
		return;
	}
	b->d[0] = b->d[1] = fh_half_at(p);
	b->zero = 0;
	p += 2;
	if (wtype == FH_Q8_0) {
		b->zero = 128;
		for (int i = 0; i < 32; i++)
			b->q[i] = p[i] ^ 0x80; // two's complement to offset 128
		return;
	}
	if (wtype == FH_Q4_1 || wtype == FH_Q5_1) {
		b->m = fh_half_at(p);
		p += 2;
	}
	uint32_t high = 0; // fifth bits
	if (wtype == FH_Q5_0 || wtype == FH_Q5_1) {
		high = fh_load32(p);
		p += 4;
	}
	if (wtype == FH_Q4_0)
		b->zero = 8;
	if (wtype == FH_Q5_0)
		b->zero = 16;
	for (int i = 0; i < 16; i++) {
		b->q[i] = (p[i] & 15) | (high >> i & 1) << 4;
		b->q[i + 16] = (p[i] >> 4) | (high >> (i + 16) & 1) << 4;
	}
}

// A block of 256 in sub-blocks of 16: value = d*scale*(q - zero) - dmin*min.
struct fh_block256 {
	float d, dmin;
	int zero;
	int16_t scale[16], min[16];
	uint8_t q[256];
};

// The 6-bit scales and minima of Q4_K and Q5_K, eight of each in twelve bytes.
FH_INLINE void fh_k_scales(const uint8_t *s, int16_t *scale, int16_t *min)
{
	for (int j = 0; j < 8; j++) {
		int sc, mn;
		if (j < 4) {
			sc = s[j] & 63;
			mn = s[j + 4] & 63;
		} else {
			sc = (s[j + 4] & 15) | s[j - 4] >> 6 << 4;
			mn = s[j + 4] >> 4 | s[j] >> 6 << 4;
		}
		scale[2 * j] = scale[2 * j + 1] = (int16_t)sc;
		min[2 * j] = min[2 * j + 1] = (int16_t)mn;
	}
}

// The sixteen 6-bit scales of Q3_K in twelve bytes, stored plus 32.
FH_INLINE void fh_q3_scales(const uint8_t *s, int16_t *scale)
{
	for (int j = 0; j < 16; j++) {
		const int low = j < 8 ? s[j] & 15 : s[j - 8] >> 4;
		const int high = s[8 + j % 4] >> (j / 4 * 2) & 3;
		scale[j] = (int16_t)((low | high << 4) - 32);
	}
}

FH_INLINE void fh_decode256(int wtype, const uint8_t *p, struct fh_block256 *b)
{
	b->zero = 0;
	b->dmin = 0;
	memset(b->min, 0, sizeof b->min);
	if (fh_is_coded(wtype)) {
		struct fh_codes codes;
		fh_codes256(wtype, p, &codes);
		b->d = codes.d;
		b->zero = 128;
		memcpy(b->scale, codes.scale, sizeof b->scale);
		for (int i = 0; i < 256; i++)
			b->q[i] = (uint8_t)codes.q[i] ^ 0x80;
		return;
	}
	switch (wtype) {
	case FH_Q2_K:
		b->d = fh_half_at(p + 80);
		b->dmin = fh_half_at(p + 82);
		for (int j = 0; j < 16; j++) {
			b->scale[j] = p[j] & 15;
			b->min[j] = p[j] >> 4;
		}
		for (int i = 0; i < 256; i++)
			b->q[i] = p[16 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3;
		break;
	case FH_Q3_K:
		b->d = fh_half_at(p + 108);
		b->zero = 4;
		fh_q3_scales(p + 96, b->scale);
		for (int i = 0; i < 256; i++)
			b->q[i] = (p[32 + i / 128 * 32 + i % 32] >> (i % 128 / 32 * 2) & 3) |
				  (p[i % 32] >> (i / 32) & 1) << 2;
		break;
	case FH_Q4_K:
	case FH_Q5_K: {
		b->d = fh_half_at(p);
		b->dmin = fh_half_at(p + 2);
		fh_k_scales(p + 4, b->scale, b->min);
		const uint8_t *qs = p + (wtype == FH_Q5_K ? 48 : 16);
		for (int i = 0; i < 256; i++)
			b->q[i] = qs[i / 64 * 32 + i % 32] >> (i % 64 / 32 * 4) & 15;
		if (wtype == FH_Q5_K)
			for (int i = 0; i < 256; i++)
				b->q[i] |= (p[16 + i % 32] >> (i / 32) & 1) << 4;
		break;
	}
	case FH_Q6_K:
		b->d = fh_half_at(p + 208);
		b->zero = 32;
		for (int j = 0; j < 16; j++)
			b->scale[j] = (int8_t)p[192 + j];
		for (int i = 0; i < 256; i++) {
			const int half = i / 128, quarter = i % 128 / 32, l = i % 32;
			const uint8_t low = p[half * 64 + quarter % 2 * 32 + l];
			const uint8_t high = p[128 + half * 32 + l];
			b->q[i] = (quarter < 2 ? low & 15 : low >> 4) | (high >> (2 * quarter) & 3) << 4;
		}
		break;
	default:
		memset(b, 0, sizeof *b);
	}
}

#endif
