// AVX-512 row kernels of the types with blocks of 256. A dot product
// of four quants fits sixteen bits, so the 16-bit multiply-add that sums pairs
// of lanes applies the sub-block scales for free.
#include "linear_avx512.h"

#if defined(__x86_64__)

// ---------------------------------------------------------------------------
// Q4_K and Q5_K: activations in nibble order, sub-blocks 0 2 | 1 3 | 4 6 | 5 7.

// Byte shuffles that bring scale a to the eight lanes of a vector's first half
// and scale b to those of the second, as 32-bit numbers.
#define LANE(v) v, -1, -1, -1
#define LANES4(v) LANE(v), LANE(v), LANE(v), LANE(v)
static const int8_t nibble_scales[4][64] __attribute__((aligned(64))) = {
	{LANES4(0), LANES4(0), LANES4(2), LANES4(2)},
	{LANES4(1), LANES4(1), LANES4(3), LANES4(3)},
	{LANES4(4), LANES4(4), LANES4(6), LANES4(6)},
	{LANES4(5), LANES4(5), LANES4(7), LANES4(7)},
};

// The eight 6-bit scales, then the eight minima, as bytes, from the first
// sixteen bytes of a block (d, dmin, twelve bytes of scales).
FH_INLINE __m128i scales_and_mins(__m128i header)
{
	// Dwords: scales 0-3, low parts of 4-7, mins 0-3, low parts of 4-7.
	const __m128i arrange = _mm_setr_epi8(4, 5, 6, 7, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
	const __m128i low = _mm_and_si128(_mm_srlv_epi32(_mm_shuffle_epi8(header, arrange), _mm_setr_epi32(0, 0, 0, 4)),
					  _mm_setr_epi32(0x3f3f3f3f, 0x0f0f0f0f, 0x3f3f3f3f, 0x0f0f0f0f));
	// The top bits of 4-7 sit above the six bits of 0-3.
	const __m128i top = _mm_srli_epi32(_mm_shuffle_epi32(header, _MM_SHUFFLE(2, 2, 1, 1)), 2);
	return _mm_ternarylogic_epi32(low, top, _mm_setr_epi32(0, 0x30303030, 0, 0x30303030), 0xf8); // low | top & mask
}

FH_INLINE float sum4(__m128 v)
{
	v = _mm_add_ps(v, _mm_movehl_ps(v, v));
	return _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)));
}

FH_INLINE void nibble_k_rows(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			     size_t column_bytes, float *y, size_t ldy)
{
	const int five = wtype == FH_Q5_K;
	const __m512i low4 = _mm512_set1_epi8(15), bit4 = _mm512_set1_epi8(16);
	const __m512i second_by_2 = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
	const __m512i to0 = _mm512_load_si512(nibble_scales[0]), to1 = _mm512_load_si512(nibble_scales[1]);
	const __m512i to2 = _mm512_load_si512(nibble_scales[2]), to3 = _mm512_load_si512(nibble_scales[3]);
	const int blocks = k / 256;
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		__m128 mins[4];
		for (int c = 0; c < nc; c++) {
			dots[c] = _mm512_setzero_ps();
			mins[c] = _mm_setzero_ps();
		}
#pragma GCC unroll 2
		for (int b = 0; b < blocks; b++, p += fh_block_bytes(wtype)) {
			prefetch(p);
			prefetch(p + 64);
			prefetch(p + 128);
			const __m128i header = load128(p);
			const __m128i packed = scales_and_mins(header);
			const __m512i scales = _mm512_broadcastq_epi64(packed);
			const __m128i min16 = _mm_unpackhi_epi8(packed, _mm_setzero_si128());
			const __m128 d = _mm_cvtph_ps(header); // d, dmin
			const uint8_t *qs = p + (five ? 48 : 16);
			__m512i bytes0 = _mm512_loadu_si512(qs), bytes1 = _mm512_loadu_si512(qs + 64);
			__asm__("" : "+v"(bytes0), "+v"(bytes1)); // one load each, not one for each use
			__m512i q0 = _mm512_and_si512(bytes0, low4), q2 = _mm512_and_si512(bytes1, low4);
			__m512i q1 = _mm512_and_si512(_mm512_srli_epi16(bytes0, 4), low4);
			__m512i q3 = _mm512_and_si512(_mm512_srli_epi16(bytes1, 4), low4);
			if (five) {
				// Bit s of byte l is the fifth bit of value l of sub-block s; after the
				// shift, bits 0, 1, 4, 5 belong to the four vectors.
				const __m512i bits = _mm512_srlv_epi64(_mm512_broadcast_i64x4(load256(p + 16)), second_by_2);
				q0 = _mm512_ternarylogic_epi32(q0, _mm512_slli_epi16(bits, 4), bit4, 0xf8);
				q1 = _mm512_ternarylogic_epi32(q1, _mm512_slli_epi16(bits, 3), bit4, 0xf8);
				q2 = _mm512_ternarylogic_epi32(q2, bits, bit4, 0xf8);
				q3 = _mm512_ternarylogic_epi32(q3, _mm512_srli_epi16(bits, 1), bit4, 0xf8);
			}
			const __m512i s0 = _mm512_shuffle_epi8(scales, to0), s1 = _mm512_shuffle_epi8(scales, to1);
			const __m512i s2 = _mm512_shuffle_epi8(scales, to2), s3 = _mm512_shuffle_epi8(scales, to3);
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				const __m512i zero = _mm512_setzero_si512();
				__m512i even = _mm512_madd_epi16(dot4_load(zero, q0, column->q), s0);
				__m512i odd = _mm512_madd_epi16(dot4_load(zero, q1, column->q + 64), s1);
				even = dot2(even, dot4_load(zero, q2, column->q + 128), s2);
				odd = dot2(odd, dot4_load(zero, q3, column->q + 192), s3);
				const __m128 scale = _mm_mul_ps(d, _mm_load1_ps(&column->d));
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(even, odd)),
							  _mm512_broadcastss_ps(scale), dots[c]);
				const __m128i m = _mm_madd_epi16(min16, load128(column->sum32));
				mins[c] = _mm_fmadd_ps(_mm_cvtepi32_ps(m), _mm_permute_ps(scale, 0x55), mins[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(dots[c]) - sum4(mins[c]);
	}
}

FH_ROWS(q4_k, nibble_k_rows(FH_Q4_K, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q5_k, nibble_k_rows(FH_Q5_K, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

// ---------------------------------------------------------------------------
// Q2_K, Q3_K, Q6_K: sub-blocks of 16, four lanes each.

// Word indices that bring scales a, b, c, d to four lanes each; the odd words
// are zeroed by the mask, so that a lane is the scale as multiplier of its low
// word alone (its high word is only the sign of a small dot product).
#define WORDS8(v) v, 0, v, 0, v, 0, v, 0
#define SCALE_WORDS(a, b, c, d) {WORDS8(a), WORDS8(b), WORDS8(c), WORDS8(d)}
#define EVEN_WORDS 0x55555555

static const uint16_t natural_scales[4][32] __attribute__((aligned(64))) = {
	SCALE_WORDS(0, 1, 2, 3), SCALE_WORDS(4, 5, 6, 7), SCALE_WORDS(8, 9, 10, 11), SCALE_WORDS(12, 13, 14, 15)};
// Crumb order: 32-value sub-blocks 0 4 | 1 5 | 2 6 | 3 7.
static const uint16_t crumb_scales[4][32] __attribute__((aligned(64))) = {
	SCALE_WORDS(0, 1, 8, 9), SCALE_WORDS(2, 3, 10, 11), SCALE_WORDS(4, 5, 12, 13), SCALE_WORDS(6, 7, 14, 15)};

// Scales of one block as sixteen words.
FH_INLINE __m256i k_scales(int wtype, const uint8_t *p)
{
	if (wtype == FH_Q6_K)
		return _mm256_cvtepi8_epi16(load128(p + 192));
	if (wtype == FH_Q2_K)
		return _mm256_cvtepu8_epi16(_mm_and_si128(load128(p), _mm_set1_epi8(15)));
	// Q3_K: nibbles in bytes 0-7, pairs of top bits in bytes 8-11. The load
	// begins two bytes early, to end with the block.
	const __m128i v = load128(p + 94);
	const __m128i nibbles = _mm_and_si128(
		_mm_srlv_epi64(_mm_shuffle_epi8(v, _mm_setr_epi8(2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9)),
			       _mm_set_epi64x(4, 0)),
		_mm_set1_epi8(15));
	const __m128i top = _mm_sllv_epi32(
		_mm_and_si128(
			_mm_srlv_epi32(_mm_shuffle_epi8(v, _mm_setr_epi8(10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13)),
				       _mm_setr_epi32(0, 2, 4, 6)),
			_mm_set1_epi8(3)),
		_mm_set1_epi32(4));
	return _mm256_cvtepi8_epi16(_mm_sub_epi8(_mm_or_si128(nibbles, top), _mm_set1_epi8(32)));
}

// The 256 unsigned quants of one block as four vectors, in the order of the
// type's activations.
FH_INLINE void k_quants(int wtype, const uint8_t *p, __m512i q[4])
{
	if (wtype == FH_Q6_K) {
		const __m512i low4 = _mm512_set1_epi8(15), top2 = _mm512_set1_epi8(0x30);
		const __m512i second_by_2 = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
		for (int half = 0; half < 2; half++) {
			const __m512i bytes = _mm512_loadu_si512(p + 64 * half);
			const __m512i bits =
				_mm512_srlv_epi64(_mm512_broadcast_i64x4(load256(p + 128 + 32 * half)), second_by_2);
			q[2 * half] = _mm512_ternarylogic_epi32(_mm512_and_si512(bytes, low4), _mm512_slli_epi16(bits, 4), top2, 0xf8);
			q[2 * half + 1] = _mm512_ternarylogic_epi32(_mm512_and_si512(_mm512_srli_epi16(bytes, 4), low4), bits, top2, 0xf8);
		}
		return;
	}
	const __m512i crumb = _mm512_set1_epi8(3);
	const __m512i bytes = _mm512_loadu_si512(p + (wtype == FH_Q3_K ? 32 : 16));
	q[0] = _mm512_and_si512(bytes, crumb);
	q[1] = _mm512_and_si512(_mm512_srli_epi16(bytes, 2), crumb);
	q[2] = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), crumb);
	q[3] = _mm512_and_si512(_mm512_srli_epi16(bytes, 6), crumb);
	if (wtype == FH_Q3_K) { // bit s of byte l is the third bit of value l of sub-block s
		const __m512i bit2 = _mm512_set1_epi8(4);
		const __m512i bits = _mm512_srlv_epi64(_mm512_broadcast_i64x4(load256(p)),
						       _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4));
		q[0] = _mm512_ternarylogic_epi32(q[0], _mm512_slli_epi16(bits, 2), bit2, 0xf8);
		q[1] = _mm512_ternarylogic_epi32(q[1], _mm512_slli_epi16(bits, 1), bit2, 0xf8);
		q[2] = _mm512_ternarylogic_epi32(q[2], bits, bit2, 0xf8);
		q[3] = _mm512_ternarylogic_epi32(q[3], _mm512_srli_epi16(bits, 1), bit2, 0xf8);
	}
}

FH_INLINE void fine_k_rows(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			   size_t column_bytes, float *y, size_t ldy)
{
	const uint16_t(*index)[32] = wtype == FH_Q6_K ? natural_scales : crumb_scales;
	__m512i to[4];
	for (int j = 0; j < 4; j++)
		to[j] = _mm512_load_si512(index[j]);
	const int blocks = k / 256;
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		__m256 mins[4];
		for (int c = 0; c < nc; c++) {
			dots[c] = _mm512_setzero_ps();
			mins[c] = _mm256_setzero_ps();
		}
#pragma GCC unroll 2
		for (int b = 0; b < blocks; b++, p += fh_block_bytes(wtype)) {
			prefetch(p);
			prefetch(p + 64);
			if (wtype == FH_Q6_K) {
				prefetch(p + 128);
				prefetch(p + 192);
			}
			const __m256i scales16 = k_scales(wtype, p);
			const __m512i scales = _mm512_castsi256_si512(scales16);
			__m512i q[4], s[4];
			k_quants(wtype, p, q);
			for (int j = 0; j < 4; j++)
				s[j] = _mm512_maskz_permutexvar_epi16(EVEN_WORDS, to[j], scales);
			const __m512 d = half_broadcast(p + (wtype == FH_Q6_K ? 208 : wtype == FH_Q3_K ? 108 : 80));
			const __m256 dmin = _mm256_cvtph_ps(_mm_set1_epi16((short)fh_load16(p + 82)));
			const __m256i min16 = _mm256_cvtepu8_epi16(
				_mm_and_si128(_mm_srli_epi16(load128(p), 4), _mm_set1_epi8(15)));
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				const __m512i zero = _mm512_setzero_si512();
				__m512i even = _mm512_madd_epi16(dot4_load(zero, q[0], column->q), s[0]);
				__m512i odd = _mm512_madd_epi16(dot4_load(zero, q[1], column->q + 64), s[1]);
				even = dot2(even, dot4_load(zero, q[2], column->q + 128), s[2]);
				odd = dot2(odd, dot4_load(zero, q[3], column->q + 192), s[3]);
				const __m512 dx = _mm512_set1_ps(column->d);
				const __m256i sums = load256(column->sum16);
				if (wtype == FH_Q2_K) {
					const __m256i m = _mm256_madd_epi16(min16, sums);
					mins[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(m),
								  _mm256_mul_ps(dmin, _mm512_castps512_ps256(dx)), mins[c]);
				} else { // take the offset of the unsigned quants off again: 4 or 32 times the sums
					const __m256i m = _mm256_slli_epi32(_mm256_madd_epi16(scales16, sums), wtype == FH_Q3_K ? 2 : 5);
					even = _mm512_sub_epi32(even, _mm512_zextsi256_si512(m));
				}
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_add_epi32(even, odd)), _mm512_mul_ps(d, dx), dots[c]);
			}
		}
		for (int c = 0; c < nc; c++) {
			if (wtype == FH_Q2_K)
				dots[c] = _mm512_sub_ps(dots[c], _mm512_zextps256_ps512(mins[c]));
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(dots[c]);
		}
	}
}

FH_ROWS(q2_k, fine_k_rows(FH_Q2_K, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q3_k, fine_k_rows(FH_Q3_K, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q6_k, fine_k_rows(FH_Q6_K, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

// ---------------------------------------------------------------------------
// IQ4_XS: activations in order of halves, so that a lane has one scale for low
// and high nibbles. Levels reach too far for products in sixteen bits.

FH_INLINE void level_k_rows(int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			    size_t column_bytes, float *y, size_t ldy)
{
	const __m512i low4 = _mm512_set1_epi8(15), table = level_table(fh_iq4_levels);
	const __m512i first = _mm512_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3);
	const __m512i second = _mm512_add_epi32(first, _mm512_set1_epi32(4));
	const __m256i by4 = _mm256_setr_epi32(0, 4, 8, 12, 16, 20, 24, 28), by2 = _mm256_srli_epi32(by4, 1);
	const int blocks = k / 256;
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		for (int c = 0; c < nc; c++)
			dots[c] = _mm512_setzero_ps();
#pragma GCC unroll 2
		for (int b = 0; b < blocks; b++, p += IQ4_XS_BYTES) {
			prefetch(p);
			prefetch(p + 64);
			__m512i bytes0 = _mm512_loadu_si512(p + 8), bytes1 = _mm512_loadu_si512(p + 72);
			__asm__("" : "+v"(bytes0), "+v"(bytes1)); // one load each, not one for each use
			const __m512i q0 = _mm512_shuffle_epi8(table, _mm512_and_si512(bytes0, low4));
			const __m512i q1 = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(bytes0, 4), low4));
			const __m512i q2 = _mm512_shuffle_epi8(table, _mm512_and_si512(bytes1, low4));
			const __m512i q3 = _mm512_shuffle_epi8(table, _mm512_and_si512(_mm512_srli_epi16(bytes1, 4), low4));
			const __m256i low = _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32((int)fh_load32(p + 4)), by4),
							     _mm256_set1_epi32(15));
			const __m256i top = _mm256_and_si256(_mm256_srlv_epi32(_mm256_set1_epi32(fh_load16(p + 2)), by2),
							     _mm256_set1_epi32(3));
			const __m256i scale = _mm256_sub_epi32(_mm256_or_si256(low, _mm256_slli_epi32(top, 4)),
							       _mm256_set1_epi32(32));
			const __m512i wide = _mm512_castsi256_si512(scale);
			const __m512i s0 = _mm512_permutexvar_epi32(first, wide), s1 = _mm512_permutexvar_epi32(second, wide);
			const __m128i words = _mm256_cvtepi32_epi16(scale);
			const __m512 d = half_broadcast(p);
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				__m512i even = dot4_load(_mm512_setzero_si512(), q0, column->q);
				__m512i odd = dot4_load(_mm512_setzero_si512(), q2, column->q + 128);
				even = _mm512_mullo_epi32(dot4_load(even, q1, column->q + 64), s0);
				odd = _mm512_mullo_epi32(dot4_load(odd, q3, column->q + 192), s1);
				// Take off what adding 128 to the levels put on.
				const __m128i over = _mm_slli_epi32(_mm_madd_epi16(words, load128(column->sum32)), 7);
				const __m512i sum = _mm512_sub_epi32(_mm512_add_epi32(even, odd), _mm512_zextsi128_si512(over));
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), _mm512_mul_ps(d, _mm512_set1_ps(column->d)), dots[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(dots[c]);
	}
}

FH_ROWS(iq4_xs, level_k_rows(NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

// ---------------------------------------------------------------------------
// IQ1, IQ2, IQ3, TQ: decoded to signed bytes first.

FH_INLINE void code_k_rows(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			   size_t column_bytes, float *y, size_t ldy)
{
	__m512i to[4];
	for (int j = 0; j < 4; j++)
		to[j] = _mm512_load_si512(natural_scales[j]);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		for (int c = 0; c < nc; c++)
			dots[c] = _mm512_setzero_ps();
		for (int b = 0; b < k / 256; b++, p += fh_block_bytes(wtype)) {
			struct fh_codes codes __attribute__((aligned(64)));
			__m512i q[4], s[4];
			__mmask64 negative[4];
			prefetch(p);
			prefetch(p + 64);
			fh_codes256(wtype, p, &codes);
			const __m512i scales = _mm512_castsi256_si512(load256(codes.scale));
			for (int j = 0; j < 4; j++) {
				const __m512i v = _mm512_load_si512(codes.q + 64 * j);
				negative[j] = _mm512_movepi8_mask(v);
				q[j] = _mm512_abs_epi8(v); // at most 62: four products fit a word
				s[j] = _mm512_maskz_permutexvar_epi16(EVEN_WORDS, to[j], scales);
			}
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				const __m512i zero = _mm512_setzero_si512();
				__m512i sum = zero;
#pragma GCC unroll 4
				for (int j = 0; j < 4; j++) { // the code's sign moves to the activation
					const __m512i v = _mm512_load_si512(column->q + 64 * j);
					__m512i dot = zero;
					const __m512i turned = _mm512_mask_sub_epi8(v, negative[j], zero, v);
					__asm__("vpdpbusd %2,%1,%0" : "+v"(dot) : "v"(q[j]), "v"(turned));
					sum = dot2(sum, dot, s[j]);
				}
				const __m512 d = _mm512_set1_ps(codes.d * column->d);
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), d, dots[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(dots[c]);
	}
}

FH_ROWS(iq1_s, code_k_rows(FH_IQ1_S, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq1_m, code_k_rows(FH_IQ1_M, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq2_xxs, code_k_rows(FH_IQ2_XXS, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq2_xs, code_k_rows(FH_IQ2_XS, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq2_s, code_k_rows(FH_IQ2_S, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq3_xxs, code_k_rows(FH_IQ3_XXS, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq3_s, code_k_rows(FH_IQ3_S, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(tq1_0, code_k_rows(FH_TQ1_0, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(tq2_0, code_k_rows(FH_TQ2_0, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

const struct fh_row_kernels fh_avx512_k_rows[FH_TYPES] = {
	[FH_Q2_K] = {FH_ACT_K_CRUMBS, FH_ROWS_TABLE(q2_k)},
	[FH_Q3_K] = {FH_ACT_K_CRUMBS, FH_ROWS_TABLE(q3_k)},
	[FH_Q4_K] = {FH_ACT_K_NIBBLES, FH_ROWS_TABLE(q4_k)},
	[FH_Q5_K] = {FH_ACT_K_NIBBLES, FH_ROWS_TABLE(q5_k)},
	[FH_Q6_K] = {FH_ACT_K, FH_ROWS_TABLE(q6_k)},
	[FH_IQ4_XS] = {FH_ACT_K_HALVES, FH_ROWS_TABLE(iq4_xs)},
	[FH_IQ1_S] = {FH_ACT_K, FH_ROWS_TABLE(iq1_s)},
	[FH_IQ1_M] = {FH_ACT_K, FH_ROWS_TABLE(iq1_m)},
	[FH_IQ2_XXS] = {FH_ACT_K, FH_ROWS_TABLE(iq2_xxs)},
	[FH_IQ2_XS] = {FH_ACT_K, FH_ROWS_TABLE(iq2_xs)},
	[FH_IQ2_S] = {FH_ACT_K, FH_ROWS_TABLE(iq2_s)},
	[FH_IQ3_XXS] = {FH_ACT_K, FH_ROWS_TABLE(iq3_xxs)},
	[FH_IQ3_S] = {FH_ACT_K, FH_ROWS_TABLE(iq3_s)},
	[FH_TQ1_0] = {FH_ACT_K, FH_ROWS_TABLE(tq1_0)},
	[FH_TQ2_0] = {FH_ACT_K, FH_ROWS_TABLE(tq2_0)},
};

FH_TARGET_END

#endif
