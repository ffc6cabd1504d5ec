// Types whose values are signed codes: integers within a byte, multiplied with
// a scale. They are the IQ types, which find their codes in codebooks or among
// a few levels, ternary ones, four-bit floats, and those of one or two bits.
// Decoded here by plain C, eight codes at a time where they come from tables.
#ifndef FREEHOLD_LINEAR_CODES_H
#define FREEHOLD_LINEAR_CODES_H

#include "linear_impl.h"

// Tables, filled once before any kernel runs: every entry is eight or four codes.
extern uint64_t fh_iq1_codes[2048];	// as code + 128, for values moved up
extern uint64_t fh_iq2_xxs_codes[256];	// magnitudes
extern uint64_t fh_iq2_xs_codes[512];	// magnitudes
extern uint64_t fh_iq2_s_codes[1024];	// magnitudes
extern uint32_t fh_iq3_xxs_codes[256];	// magnitudes
extern uint32_t fh_iq3_s_codes[512];	// magnitudes
extern uint64_t fh_sign_bytes[256];	// 0xff for every bit that is set
extern uint64_t fh_even_sign_bytes[128]; // with an eighth bit that makes their number even
extern uint32_t fh_crumb_codes[256];	// four codes from -1 to 2

// The levels of IQ4_NL and IQ4_XS, and of MXFP4 and NVFP4 (doubled).
#define FH_IQ4_LEVELS -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113
#define FH_FP4_LEVELS 0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12

static const int8_t fh_iq4_levels[16] = {FH_IQ4_LEVELS};
static const int8_t fh_fp4_levels[16] = {FH_FP4_LEVELS};

FH_INLINE int fh_is_coded(int wtype)
{
	switch (wtype) {
	case FH_IQ1_S: case FH_IQ1_M: case FH_IQ2_XXS: case FH_IQ2_XS: case FH_IQ2_S:
	case FH_IQ3_XXS: case FH_IQ3_S: case FH_IQ4_NL: case FH_IQ4_XS:
	case FH_TQ1_0: case FH_TQ2_0: case FH_MXFP4: case FH_NVFP4: case FH_Q1_0: case FH_Q2_0:
		return 1;
	}
	return 0;
}

FH_INLINE uint64_t fh_load64(const uint8_t *p)
{
	uint64_t v;
	memcpy(&v, p, 8);
	return v;
}

// Half of an E8M0 scale, 2^(e-128): the levels are doubled.
FH_INLINE float fh_half_power(uint8_t e)
{
	return fh_bits_float(e < 2 ? 0x00200000u << e : (uint32_t)(e - 1) << 23);
}

// Half of an unsigned E4M3 scale, whose NaN counts as 0.
FH_INLINE float fh_half_e4m3(uint8_t v)
{
	const int exponent = v >> 3 & 15, fraction = v & 7;
	if (v == 0x7f)
		return 0;
	if (exponent == 0)
		return (float)fraction * 0x1p-10f;
	return fh_bits_float((uint32_t)(exponent + 127 - 8) << 23 | (uint32_t)fraction << 20);
}

// ---------------------------------------------------------------------------
// Types with activations in blocks of 32. Value i of part `part` of a quant
// block is d[i/16]*q[i].

FH_INLINE void fh_codes32(int wtype, const uint8_t *p, int part, int8_t q[32], float d[2])
{
	switch (wtype) {
	case FH_IQ4_NL:
	case FH_MXFP4: {
		const int8_t *levels = wtype == FH_MXFP4 ? fh_fp4_levels : fh_iq4_levels;
		const uint8_t *quants = p + (wtype == FH_MXFP4 ? 1 : 2);
		for (int i = 0; i < 16; i++) {
			q[i] = levels[quants[i] & 15];
			q[16 + i] = levels[quants[i] >> 4];
		}
		d[0] = d[1] = wtype == FH_MXFP4 ? fh_half_power(p[0]) : fh_half_at(p);
		break;
	}
	case FH_NVFP4:
		for (int half = 0; half < 2; half++) {
			const uint8_t *quants = p + 4 + 16 * part + 8 * half;
			for (int i = 0; i < 8; i++) {
				q[16 * half + i] = fh_fp4_levels[quants[i] & 15];
				q[16 * half + 8 + i] = fh_fp4_levels[quants[i] >> 4];
			}
			d[half] = fh_half_e4m3(p[2 * part + half]);
		}
		break;
	case FH_Q1_0:
		for (int i = 0; i < 4; i++) {
			const uint64_t v = ~fh_sign_bytes[p[2 + 4 * part + i]] | 0x0101010101010101;
			memcpy(q + 8 * i, &v, 8);
		}
		d[0] = d[1] = fh_half_at(p);
		break;
	case FH_Q2_0:
		for (int i = 0; i < 8; i++)
			memcpy(q + 4 * i, &fh_crumb_codes[p[2 + 8 * part + i]], 4);
		d[0] = d[1] = fh_half_at(p);
		break;
	default:
		memset(q, 0, 32);
		d[0] = d[1] = 0;
	}
}

// ---------------------------------------------------------------------------
// Types with activations in blocks of 256: value i is d*scale[i/16]*q[i].

struct fh_codes {
	int8_t q[256];
	int16_t scale[16];
	float d;
};

// Eight codes from their magnitudes, none of them 0, and sign bytes.
FH_INLINE void fh_put_signed8(int8_t *q, uint64_t magnitudes, uint64_t signs)
{
	const uint64_t v = (magnitudes ^ signs) + (signs & 0x0101010101010101);
	memcpy(q, &v, 8);
}

FH_INLINE void fh_put_iq1(int8_t *q, uint64_t codes, int down)
{
	const uint64_t v = (codes - (down ? 0x0202020202020202 : 0)) ^ 0x8080808080808080;
	memcpy(q, &v, 8);
}

FH_INLINE uint64_t fh_pair(uint32_t low, uint32_t high) { return low | (uint64_t)high << 32; }

// The eight 6-bit scales of IQ4_XS, each twice.
FH_INLINE void fh_iq4_xs_scales(const uint8_t *p, int16_t scale[16])
{
	const uint32_t low = fh_load32(p + 4), top = fh_load16(p + 2);
	for (int s = 0; s < 8; s++)
		scale[2 * s] = scale[2 * s + 1] = (int16_t)((int)((low >> (4 * s) & 15) | (top >> (2 * s) & 3) << 4) - 32);
}

FH_INLINE void fh_codes256(int wtype, const uint8_t *p, struct fh_codes *c)
{
	static const uint8_t powers_of_3[5] = {1, 3, 9, 27, 81};
	int8_t *q = c->q;
	int16_t *scale = c->scale;
	switch (wtype) {
	case FH_IQ1_S: // d qs[32] qh[8]
		c->d = fh_half_at(p) * 0.125f;
		for (int s = 0; s < 8; s++, q += 32) {
			const uint32_t h = fh_load16(p + 34 + 2 * s);
			scale[2 * s] = scale[2 * s + 1] = (int16_t)(2 * (h >> 12 & 7) + 1);
			for (int l = 0; l < 4; l++)
				fh_put_iq1(q + 8 * l, fh_iq1_codes[p[2 + 4 * s + l] | (h >> (3 * l) & 7) << 8], h >> 15);
		}
		break;
	case FH_IQ1_M: { // qs[32] qh[16] scales[8], d in the top bits of scales' words
		uint32_t d = 0;
		for (int i = 0; i < 4; i++) {
			const uint32_t word = fh_load16(p + 48 + 2 * i);
			d |= word >> 12 << (4 * i);
			for (int j = 0; j < 4; j++)
				scale[4 * i + j] = (int16_t)(2 * (word >> (3 * j) & 7) + 1);
		}
		c->d = fh_half((uint16_t)d) * 0.125f;
		for (int i = 0; i < 32; i++) {
			const uint32_t h = p[32 + i / 2] >> (4 * (i % 2));
			fh_put_iq1(q + 8 * i, fh_iq1_codes[p[i] | (h & 7) << 8], h & 8);
		}
		break;
	}
	case FH_IQ2_XXS: // d, then four indices, four times seven signs and a scale of four bits
		c->d = fh_half_at(p) * 0.125f;
		for (int s = 0; s < 8; s++, q += 32) {
			const uint32_t at = fh_load32(p + 2 + 8 * s), signs = fh_load32(p + 6 + 8 * s);
			scale[2 * s] = scale[2 * s + 1] = (int16_t)(2 * (signs >> 28) + 1);
			for (int l = 0; l < 4; l++)
				fh_put_signed8(q + 8 * l, fh_iq2_xxs_codes[at >> (8 * l) & 255],
					       fh_even_sign_bytes[signs >> (7 * l) & 127]);
		}
		break;
	case FH_IQ2_XS: // d, words of nine bits of index and seven signs, scales[8]
		c->d = fh_half_at(p) * 0.125f;
		for (int i = 0; i < 32; i++) {
			const uint32_t v = fh_load16(p + 2 + 2 * i);
			fh_put_signed8(q + 8 * i, fh_iq2_xs_codes[v & 511], fh_even_sign_bytes[v >> 9]);
		}
		for (int j = 0; j < 16; j++)
			scale[j] = (int16_t)(2 * (p[66 + j / 2] >> (j % 2 * 4) & 15) + 1);
		break;
	case FH_IQ2_S: // d qs[32] signs[32] qh[8] scales[8]
		c->d = fh_half_at(p) * 0.125f;
		for (int i = 0; i < 32; i++) {
			const uint32_t at = p[2 + i] | (uint32_t)(p[66 + i / 4] >> (2 * (i % 4)) & 3) << 8;
			fh_put_signed8(q + 8 * i, fh_iq2_s_codes[at], fh_sign_bytes[p[34 + i]]);
		}
		for (int j = 0; j < 16; j++)
			scale[j] = (int16_t)(2 * (p[74 + j / 2] >> (j % 2 * 4) & 15) + 1);
		break;
	case FH_IQ3_XXS: // d qs[64], then four times seven signs and a scale of four bits
		c->d = fh_half_at(p) * 0.25f;
		for (int s = 0; s < 8; s++, q += 32) {
			const uint8_t *at = p + 2 + 8 * s;
			const uint32_t signs = fh_load32(p + 66 + 4 * s);
			scale[2 * s] = scale[2 * s + 1] = (int16_t)(2 * (signs >> 28) + 1);
			for (int l = 0; l < 4; l++)
				fh_put_signed8(q + 8 * l, fh_pair(fh_iq3_xxs_codes[at[2 * l]], fh_iq3_xxs_codes[at[2 * l + 1]]),
					       fh_even_sign_bytes[signs >> (7 * l) & 127]);
		}
		break;
	case FH_IQ3_S: // d qs[64] qh[8] signs[32] scales[4]
		c->d = fh_half_at(p);
		for (int s = 0; s < 8; s++, q += 32) {
			const uint8_t *at = p + 2 + 8 * s;
			const uint32_t h = p[66 + s];
			scale[2 * s] = scale[2 * s + 1] = (int16_t)(2 * (p[106 + s / 2] >> (s % 2 * 4) & 15) + 1);
			for (int l = 0; l < 4; l++)
				fh_put_signed8(q + 8 * l,
					       fh_pair(fh_iq3_s_codes[at[2 * l] | (h << (8 - 2 * l) & 256)],
						       fh_iq3_s_codes[at[2 * l + 1] | (h << (7 - 2 * l) & 256)]),
					       fh_sign_bytes[p[74 + 4 * s + l]]);
		}
		break;
	case FH_IQ4_XS: // d, top bits of eight scales, scales[4], qs[128]
		c->d = fh_half_at(p);
		fh_iq4_xs_scales(p, scale);
		for (int s = 0; s < 8; s++, q += 32)
			for (int i = 0; i < 16; i++) {
				q[i] = fh_iq4_levels[p[8 + 16 * s + i] & 15];
				q[16 + i] = fh_iq4_levels[p[8 + 16 * s + i] >> 4];
			}
		break;
	case FH_TQ1_0: // base 3, rounded up: 32 bytes of five, 16 of five, 4 of four; d
		c->d = fh_half_at(p + 52);
		for (int digit = 0; digit < 5; digit++) {
			for (int i = 0; i < 32; i++)
				q[32 * digit + i] = (int8_t)(((uint8_t)(p[i] * powers_of_3[digit]) * 3 >> 8) - 1);
			for (int i = 0; i < 16; i++)
				q[160 + 16 * digit + i] = (int8_t)(((uint8_t)(p[32 + i] * powers_of_3[digit]) * 3 >> 8) - 1);
			for (int i = 0; i < 4 && digit < 4; i++)
				q[240 + 4 * digit + i] = (int8_t)(((uint8_t)(p[48 + i] * powers_of_3[digit]) * 3 >> 8) - 1);
		}
		for (int j = 0; j < 16; j++)
			scale[j] = 1;
		break;
	case FH_TQ2_0: // qs[64] d
		c->d = fh_half_at(p + 64);
		for (int s = 0; s < 8; s++)
			for (int i = 0; i < 32; i++)
				q[32 * s + i] = (int8_t)((p[s / 4 * 32 + i] >> (s % 4 * 2) & 3) - 1);
		for (int j = 0; j < 16; j++)
			scale[j] = 1;
		break;
	default:
		memset(c, 0, sizeof *c);
	}
}

#endif
