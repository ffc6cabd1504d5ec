// AVX-512 weight panels: sixteen rows of any type unpacked to bytes (or floats)
// in the layout the tile kernels read. A new quant type needs its unpacking
// here and nothing else for prefill.
#include "linear_avx512.h"
#include "linear_avx512_panel.h"

#if defined(__x86_64__)

enum { MR = FH_AVX512_PANEL_ROWS };

// The rows of a panel; missing ones repeat the last, and their results are
// never stored.
FH_INLINE void row_pointers(const uint8_t *w, size_t row_bytes, int rows, const uint8_t *p[16])
{
	for (int i = 0; i < 16; i++)
		p[i] = w + (size_t)(i < rows ? i : rows - 1) * row_bytes;
}

// Sixteen bytes of each row, as four vectors: lane i of t[j] is dword j of row
// i. Transposing before the quants are widened moves half the data or less,
// and masked loads put the rows into the lanes where they belong, so that only
// the dwords inside a lane are left to be transposed.
FH_INLINE void piece(const uint8_t *const p[16], size_t at, __m512i t[4])
{
	__m512i r[4];
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		r[i] = _mm512_castsi128_si512(load128(p[i] + at));
		r[i] = _mm512_mask_broadcast_i32x4(r[i], 0x00f0, load128(p[4 + i] + at));
		r[i] = _mm512_mask_broadcast_i32x4(r[i], 0x0f00, load128(p[8 + i] + at));
		r[i] = _mm512_mask_broadcast_i32x4(r[i], 0xf000, load128(p[12 + i] + at));
	}
	const __m512i a = _mm512_unpacklo_epi32(r[0], r[1]), b = _mm512_unpackhi_epi32(r[0], r[1]);
	const __m512i c = _mm512_unpacklo_epi32(r[2], r[3]), d = _mm512_unpackhi_epi32(r[2], r[3]);
	t[0] = _mm512_unpacklo_epi64(a, c);
	t[1] = _mm512_unpackhi_epi64(a, c);
	t[2] = _mm512_unpacklo_epi64(b, d);
	t[3] = _mm512_unpackhi_epi64(b, d);
}

FH_INLINE __m512i bytes_of(int v) { return _mm512_set1_epi8((char)v); }

// The low binary16 of each lane.
FH_INLINE __m512 low_half(__m512i v) { return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(v)); }
FH_INLINE __m512 high_half(__m512i v) { return low_half(_mm512_srli_epi32(v, 16)); }

// Bytes 2 to 5 of the eight in two dwords.
FH_INLINE __m512i middle(__m512i low, __m512i high)
{
	return _mm512_or_si512(_mm512_srli_epi32(low, 16), _mm512_slli_epi32(high, 16));
}

FH_INLINE __m512i low_nibbles(__m512i v) { return _mm512_and_si512(v, bytes_of(15)); }
FH_INLINE __m512i high_nibbles(__m512i v) { return low_nibbles(_mm512_srli_epi16(v, 4)); }

// v with the bits of the mask taken from bits shifted left (right, if by < 0).
// Shifts of words let neighbours' bits in, but not under the mask.
FH_INLINE __m512i with_bits(__m512i v, __m512i bits, int by, int mask)
{
	bits = by >= 0 ? _mm512_slli_epi16(bits, by) : _mm512_srli_epi16(bits, -by);
	return _mm512_ternarylogic_epi32(v, bits, bytes_of(mask), 0xf8);
}

FH_INLINE void put_vector(uint8_t *to, int at, __m512i v) { _mm512_store_si512(to + 64 * at, v); }

// ---------------------------------------------------------------------------
// Blocks of 32: unsigned quants, those of symmetric types as w+128.

// Bit offsets that bring bits 4j..4j+3 of each dword to bit 4 of its bytes.
#define FIFTH_BYTES(from) ((from) + 60) & 63, ((from) + 61) & 63, ((from) + 62) & 63, ((from) + 63) & 63
#define FIFTH_LANES(from) FIFTH_BYTES(from), FIFTH_BYTES((from) + 32)
#define FIFTHS(from) {FIFTH_LANES(from), FIFTH_LANES(from), FIFTH_LANES(from), FIFTH_LANES(from), \
		      FIFTH_LANES(from), FIFTH_LANES(from), FIFTH_LANES(from), FIFTH_LANES(from)}
static const uint8_t fifths[8][64] __attribute__((aligned(64))) = {
	FIFTHS(0), FIFTHS(4), FIFTHS(8), FIFTHS(12), FIFTHS(16), FIFTHS(20), FIFTHS(24), FIFTHS(28)};

FH_INLINE void unpack32(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype), blocks = k / 32, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int five = wtype == FH_Q5_0 || wtype == FH_Q5_1;
	const int levels = wtype == FH_IQ4_NL || wtype == FH_MXFP4;
	const struct fh_avx512_panel panel = fh_avx512_panel_at(wtype, k, to);
	const __m512i offset = bytes_of(five ? 128 - 16 : 128 - 8);
	const __m512i table = level_table(wtype == FH_MXFP4 ? fh_fp4_levels : fh_iq4_levels);
	uint8_t *q = panel.q;
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < blocks; b++, q += 32 * MR) {
		__m512i head[4], t[4];
		piece(p, 0, head);
		if (wtype == FH_Q8_0) {
			for (int half = 0; half < 2; half++) {
				piece(p, 2 + 16 * half, t);
				for (int j = 0; j < 4; j++)
					put_vector(q, 4 * half + j, _mm512_xor_si512(t[j], bytes_of(128)));
			}
		} else {
			piece(p, wtype == FH_MXFP4 ? 1 : (affine ? 4 : 2) + (five ? 4 : 0), t);
			const __m512i bits = affine ? head[1] : middle(head[0], head[1]);
			for (int j = 0; j < 4; j++) {
				__m512i low = low_nibbles(t[j]), high = high_nibbles(t[j]);
				if (five) {
					const __m512i to_low = _mm512_load_si512(fifths[j]), to_high = _mm512_load_si512(fifths[4 + j]);
					low = with_bits(low, _mm512_multishift_epi64_epi8(to_low, bits), 0, 16);
					high = with_bits(high, _mm512_multishift_epi64_epi8(to_high, bits), 0, 16);
				}
				if (levels) {
					low = _mm512_shuffle_epi8(table, low);
					high = _mm512_shuffle_epi8(table, high);
				} else if (!affine) {
					low = _mm512_add_epi8(low, offset);
					high = _mm512_add_epi8(high, offset);
				}
				put_vector(q, j, low);
				put_vector(q, 4 + j, high);
			}
		}
		const __m512 d = wtype == FH_MXFP4 ? _mm512_mul_ps(power_of_two(head[0]), _mm512_set1_ps(0.5f)) : low_half(head[0]);
		_mm512_store_ps(panel.scale + b * MR, d);
		if (affine)
			_mm512_store_ps(panel.min + b * MR, high_half(head[0]));
		for (int i = 0; i < 16; i++)
			p[i] += size;
	}
}

// ---------------------------------------------------------------------------
// Blocks of 256.

// Four scales, a byte each, times d.
FH_INLINE void put_scales(float *to, __m512i bytes, int is_signed, __m512 d)
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		const __m512i left = i < 3 ? _mm512_slli_epi32(bytes, 24 - 8 * i) : bytes;
		const __m512i v = is_signed ? _mm512_srai_epi32(left, 24) : _mm512_srli_epi32(left, 24);
		_mm512_store_ps(to + i * MR, _mm512_mul_ps(_mm512_cvtepi32_ps(v), d));
	}
}

FH_INLINE __m512i masked(__m512i v, int mask) { return _mm512_and_si512(v, bytes_of(mask)); }
FH_INLINE __m512i shifted(__m512i v, int right) { return right ? _mm512_srli_epi16(v, right) : v; }

// Q4_K, Q5_K: eight scales and eight negated minima in six bits each.
FH_INLINE void coarse_block(int wtype, const uint8_t *const p[16], uint8_t *q, float *scale, float *min)
{
	const int five = wtype == FH_Q5_K;
	__m512i head[4], fifth[8];
	piece(p, 0, head);
	const __m512 d = low_half(head[0]);
	const __m512 dmin = _mm512_sub_ps(_mm512_setzero_ps(), high_half(head[0]));
	put_scales(scale, masked(head[1], 63), 0, d);
	put_scales(scale + 4 * MR, with_bits(low_nibbles(head[3]), head[1], -2, 0x30), 0, d);
	put_scales(min, masked(head[2], 63), 0, dmin);
	put_scales(min + 4 * MR, with_bits(high_nibbles(head[3]), head[2], -2, 0x30), 0, dmin);
	if (five) {
		piece(p, 16, fifth);
		piece(p, 32, fifth + 4);
	}
#pragma GCC unroll 4
	for (int pair = 0; pair < 4; pair++, q += 16 * 64) // sub-blocks 2*pair in the low nibbles, the next in the high
		for (int i = 0; i < 2; i++) {
			__m512i t[4];
			piece(p, (size_t)(five ? 48 : 16) + 32 * pair + 16 * i, t);
#pragma GCC unroll 4
			for (int j = 0; j < 4; j++) {
				__m512i low = low_nibbles(t[j]), high = high_nibbles(t[j]);
				if (five) { // bit s of byte l belongs to sub-block s
					low = with_bits(low, fifth[4 * i + j], 4 - 2 * pair, 16);
					high = with_bits(high, fifth[4 * i + j], 3 - 2 * pair, 16);
				}
				put_vector(q, 4 * i + j, low);
				put_vector(q, 8 + 4 * i + j, high);
			}
		}
}

FH_INLINE void q6_block(const uint8_t *const p[16], uint8_t *q, float *scale)
{
	const __m512i offset = bytes_of(128 - 32);
	__m512i t[4], top[4];
	piece(p, Q6_K_BYTES - 16, t);
	const __m512 d = high_half(t[3]);
	piece(p, 192, t);
	for (int j = 0; j < 4; j++)
		put_scales(scale + 4 * j * MR, t[j], 1, d);
	for (int half = 0; half < 2; half++, q += 32 * 64)
		for (int i = 0; i < 2; i++) {
			piece(p, (size_t)128 + 32 * half + 16 * i, top);
			for (int odd = 0; odd < 2; odd++) { // quarters odd and odd + 2
				piece(p, (size_t)64 * half + 32 * odd + 16 * i, t);
#pragma GCC unroll 4
				for (int j = 0; j < 4; j++) {
					const __m512i low = with_bits(low_nibbles(t[j]), top[j], odd ? 2 : 4, 0x30);
					const __m512i high = with_bits(high_nibbles(t[j]), top[j], odd ? -2 : 0, 0x30);
					put_vector(q, 8 * odd + 4 * i + j, _mm512_add_epi8(low, offset));
					put_vector(q, 16 + 8 * odd + 4 * i + j, _mm512_add_epi8(high, offset));
				}
			}
		}
}

// Q2_K, Q3_K: two bits each, four sub-blocks of 32 in a byte.
FH_INLINE void crumb_block(int wtype, const uint8_t *const p[16], uint8_t *q, float *scale, float *min)
{
	const int three = wtype == FH_Q3_K;
	__m512i t[4], third[8];
	piece(p, (size_t)fh_block_bytes(wtype) - 16, t);
	if (three) {
		const __m512 d = high_half(t[3]);
		const __m512i low0 = middle(t[0], t[1]), low1 = middle(t[1], t[2]), tops = middle(t[2], t[3]);
		for (int j = 0; j < 4; j++) {
			const __m512i low = j % 2 ? low1 : low0;
			const __m512i v = with_bits(j < 2 ? low_nibbles(low) : high_nibbles(low), tops, 4 - 2 * j, 0x30);
			put_scales(scale + 4 * j * MR, _mm512_sub_epi8(v, bytes_of(32)), 1, d);
		}
		piece(p, 0, third);
		piece(p, 16, third + 4);
	} else {
		// Multiplied with the seed, which is -128 times the sum.
		const __m512 d = low_half(t[3]), dmin = _mm512_mul_ps(high_half(t[3]), _mm512_set1_ps(1.f / 128));
		piece(p, 0, t);
		for (int j = 0; j < 4; j++) {
			put_scales(scale + 4 * j * MR, low_nibbles(t[j]), 0, d);
			put_scales(min + 4 * j * MR, high_nibbles(t[j]), 0, dmin);
		}
	}
	for (int half = 0; half < 2; half++)
		for (int i = 0; i < 2; i++) {
			piece(p, (size_t)(three ? 32 : 16) + 32 * half + 16 * i, t);
#pragma GCC unroll 4
			for (int field = 0; field < 4; field++) {
				const int sub = 4 * half + field;
#pragma GCC unroll 4
				for (int j = 0; j < 4; j++) {
					__m512i v = masked(shifted(t[j], 2 * field), 3);
					if (three) // bit s of byte l belongs to sub-block s
						v = _mm512_add_epi8(with_bits(v, third[4 * i + j], 2 - sub, 4), bytes_of(128 - 4));
					put_vector(q, 8 * sub + 4 * i + j, v);
				}
			}
		}
}

// IQ4_XS: d, top bits of eight scales, scales[4], quants.
FH_INLINE void level_block(const uint8_t *const p[16], uint8_t *q, float *scale)
{
	const __m512i table = level_table(fh_iq4_levels);
	__m512i t[4];
	piece(p, 0, t);
	const __m512 d = low_half(t[0]);
	const __m512i top = _mm512_srli_epi32(t[0], 16), low = t[1];
	for (int s = 0; s < 8; s++) {
		const __m512i v = _mm512_or_si512(
			_mm512_and_si512(_mm512_srli_epi32(low, 4 * s), _mm512_set1_epi32(15)),
			_mm512_and_si512(_mm512_slli_epi32(_mm512_srli_epi32(top, 2 * s), 4), _mm512_set1_epi32(0x30)));
		const __m512 factor = _mm512_cvtepi32_ps(_mm512_sub_epi32(v, _mm512_set1_epi32(32)));
		_mm512_store_ps(scale + s * MR, _mm512_mul_ps(factor, d));
	}
	for (int s = 0; s < 8; s++, q += 8 * 64) {
		piece(p, (size_t)8 + 16 * s, t);
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++) {
			put_vector(q, j, _mm512_shuffle_epi8(table, low_nibbles(t[j])));
			put_vector(q, 4 + j, _mm512_shuffle_epi8(table, high_nibbles(t[j])));
		}
	}
}

FH_INLINE void unpack256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype), sub_blocks = 256 / fh_sub_block(wtype);
	const struct fh_avx512_panel panel = fh_avx512_panel_at(wtype, k, to);
	uint8_t *q = panel.q;
	float *scale = panel.scale, *min = panel.min;
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++, q += 256 * MR, scale += sub_blocks * MR, min += sub_blocks * MR) {
		if (wtype == FH_Q6_K)
			q6_block(p, q, scale);
		else if (wtype == FH_Q4_K || wtype == FH_Q5_K)
			coarse_block(wtype, p, q, scale, min);
		else if (wtype == FH_IQ4_XS)
			level_block(p, q, scale);
		else
			crumb_block(wtype, p, q, scale, min);
		for (int i = 0; i < 16; i++)
			p[i] += size;
	}
}

// ---------------------------------------------------------------------------
// Types without unpacking of their own: each row is decoded to signed bytes,
// 32 or 256 at a time, and those are transposed.

FH_INLINE void put_codes(const int8_t *rows, size_t stride, int count, uint8_t *q)
{
	const uint8_t *p[16];
	for (int i = 0; i < 16; i++)
		p[i] = (const uint8_t *)rows + (size_t)i * stride;
	for (int at = 0; at < count; at += 16, q += 4 * 64) {
		__m512i t[4];
		piece(p, (size_t)at, t);
#pragma GCC unroll 4
		for (int j = 0; j < 4; j++)
			put_vector(q, j, _mm512_xor_si512(t[j], bytes_of(128)));
	}
}

FH_INLINE void unpack_codes32(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype), parts = fh_parts(wtype), halves = 32 / fh_sub_block(wtype);
	const struct fh_avx512_panel panel = fh_avx512_panel_at(wtype, k, to);
	int8_t q[16][32] __attribute__((aligned(64)));
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 32; b++) {
		for (int i = 0; i < 16; i++) {
			float d[2];
			fh_codes32(wtype, p[i] + (size_t)(b / parts) * size, b % parts, q[i], d);
			for (int h = 0; h < halves; h++)
				panel.scale[(b * halves + h) * MR + i] = d[h];
		}
		put_codes(q[0], sizeof q[0], 32, panel.q + (size_t)b * 32 * MR);
	}
}

FH_INLINE void unpack_codes256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype), sub = fh_sub_block(wtype);
	const struct fh_avx512_panel panel = fh_avx512_panel_at(wtype, k, to);
	struct fh_codes codes[16] __attribute__((aligned(64)));
	float *scale = panel.scale;
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++, scale += 256 / sub * MR) {
		for (int i = 0; i < 16; i++, p[i - 1] += size) {
			fh_codes256(wtype, p[i], &codes[i]);
			for (int s = 0; s < 256 / sub; s++)
				scale[s * MR + i] = codes[i].d * codes[i].scale[s * (sub / 16)];
		}
		put_codes(codes[0].q, sizeof codes[0], 256, panel.q + (size_t)b * 256 * MR);
	}
}

// ---------------------------------------------------------------------------
// Plain types: floats [k][16].

// Transposes sixteen rows of sixteen dwords.
FH_INLINE void transpose(__m512i r[16])
{
	__m512i t[16];
	for (int i = 0; i < 8; i++) {
		t[2 * i] = _mm512_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
		t[2 * i + 1] = _mm512_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
	}
	for (int i = 0; i < 4; i++) { // r[4i+c]: rows 4i..4i+3, 128-bit lane L holds column 4L+c
		r[4 * i] = _mm512_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
		r[4 * i + 1] = _mm512_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
		r[4 * i + 2] = _mm512_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
		r[4 * i + 3] = _mm512_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
	}
	for (int c = 0; c < 4; c++) { // a 4×4 transpose of 128-bit lanes
		const __m512i a = _mm512_shuffle_i32x4(r[c], r[4 + c], 0x44), b = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0x44);
		const __m512i d = _mm512_shuffle_i32x4(r[c], r[4 + c], 0xee), e = _mm512_shuffle_i32x4(r[8 + c], r[12 + c], 0xee);
		t[c] = _mm512_shuffle_i32x4(a, b, 0x88);
		t[4 + c] = _mm512_shuffle_i32x4(a, b, 0xdd);
		t[8 + c] = _mm512_shuffle_i32x4(d, e, 0x88);
		t[12 + c] = _mm512_shuffle_i32x4(d, e, 0xdd);
	}
	for (int i = 0; i < 16; i++)
		r[i] = t[i];
}

FH_INLINE void store_transposed(__m512i r[16], uint8_t *to, int vectors)
{
	transpose(r);
	for (int i = 0; i < vectors; i++)
		_mm512_store_si512(to + 64 * i, r[i]);
}

FH_INLINE void unpack_plain(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype);
	uint8_t *out = to;
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int i = 0; i < k; i += 16, out += 16 * 64) {
		const int count = k - i < 16 ? k - i : 16;
		const __mmask16 mask = (__mmask16)((1u << count) - 1);
		__m512i r[16];
		for (int j = 0; j < 16; j++) {
			const uint8_t *at = p[j] + (size_t)i * size;
			if (wtype == FH_F32)
				r[j] = _mm512_maskz_loadu_epi32(mask, at);
			else if (wtype == FH_F16)
				r[j] = _mm512_castps_si512(_mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, at)));
			else
				r[j] = _mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, at)), 16);
		}
		store_transposed(r, out, count);
	}
}

#define UNPACK(type, template)                                                                              \
	static void unpack_##type(const uint8_t *w, size_t row_bytes, int rows, int k, void *panel)         \
	{                                                                                                   \
		template(FH_##type, w, row_bytes, rows, k, panel);                                          \
	}
UNPACK(F32, unpack_plain)
UNPACK(F16, unpack_plain)
UNPACK(BF16, unpack_plain)
UNPACK(Q4_0, unpack32)
UNPACK(Q4_1, unpack32)
UNPACK(Q5_0, unpack32)
UNPACK(Q5_1, unpack32)
UNPACK(Q8_0, unpack32)
UNPACK(Q2_K, unpack256)
UNPACK(Q3_K, unpack256)
UNPACK(Q4_K, unpack256)
UNPACK(Q5_K, unpack256)
UNPACK(Q6_K, unpack256)
UNPACK(IQ4_NL, unpack32)
UNPACK(MXFP4, unpack32)
UNPACK(IQ4_XS, unpack256)
UNPACK(NVFP4, unpack_codes32)
UNPACK(Q1_0, unpack_codes32)
UNPACK(Q2_0, unpack_codes32)
UNPACK(IQ1_S, unpack_codes256)
UNPACK(IQ1_M, unpack_codes256)
UNPACK(IQ2_XXS, unpack_codes256)
UNPACK(IQ2_XS, unpack_codes256)
UNPACK(IQ2_S, unpack_codes256)
UNPACK(IQ3_XXS, unpack_codes256)
UNPACK(IQ3_S, unpack_codes256)
UNPACK(TQ1_0, unpack_codes256)
UNPACK(TQ2_0, unpack_codes256)

fh_unpack_fn *const fh_avx512_unpack[FH_TYPES] = {
	[FH_F32] = unpack_F32,	 [FH_F16] = unpack_F16,	  [FH_BF16] = unpack_BF16, [FH_Q4_0] = unpack_Q4_0,
	[FH_Q4_1] = unpack_Q4_1, [FH_Q5_0] = unpack_Q5_0, [FH_Q5_1] = unpack_Q5_1, [FH_Q8_0] = unpack_Q8_0,
	[FH_Q2_K] = unpack_Q2_K, [FH_Q3_K] = unpack_Q3_K, [FH_Q4_K] = unpack_Q4_K, [FH_Q5_K] = unpack_Q5_K,
	[FH_Q6_K] = unpack_Q6_K,

	[FH_IQ4_NL] = unpack_IQ4_NL, [FH_IQ4_XS] = unpack_IQ4_XS, [FH_MXFP4] = unpack_MXFP4,
	[FH_NVFP4] = unpack_NVFP4, [FH_Q1_0] = unpack_Q1_0, [FH_Q2_0] = unpack_Q2_0,
	[FH_IQ1_S] = unpack_IQ1_S, [FH_IQ1_M] = unpack_IQ1_M, [FH_IQ2_XXS] = unpack_IQ2_XXS,
	[FH_IQ2_XS] = unpack_IQ2_XS, [FH_IQ2_S] = unpack_IQ2_S, [FH_IQ3_XXS] = unpack_IQ3_XXS,
	[FH_IQ3_S] = unpack_IQ3_S, [FH_TQ1_0] = unpack_TQ1_0, [FH_TQ2_0] = unpack_TQ2_0,
};

FH_TARGET_END

#endif
