// AVX-512 row kernels (decode, and batches of a few) of the types with small
// blocks and of plain ones: one linear pass over the weight bytes. Loops are unrolled for the
// prefetchers' sake: with the same instructions at four places, each with a
// longer stride, a core reads a fifth more from memory, and software's own
// prefetches only disturb. Reading four rows side by side is faster from the
// cache and halves the speed from memory.
#include "linear_avx512.h"

#if defined(__x86_64__)

// ---------------------------------------------------------------------------
// Q4_0, Q4_1, Q5_0, Q5_1, IQ4_NL, MXFP4: four blocks at a time. Two overlapping
// loads cover the 68 to 96 bytes of the group; byte permutes collect from them the sixteen
// nibble bytes of each block, the scales, and the fifth bits. Loads are what
// limits this kernel: nearly every one of 64 bytes straddles two cache lines.

// Where byte `at` of a group of four blocks lies in the pair of loads: the
// first holds bytes 0..63, the second the group's last 32.
#define PLACE(size, at) ((at) < 64 ? (at) : 64 + (at) - (4 * (size)-32))
#define WORD(size, at) (PLACE(size, at) / 2)
#define RUN4(size, at) PLACE(size, at), PLACE(size, (at) + 1), PLACE(size, (at) + 2), PLACE(size, (at) + 3)
#define RUN16(size, at) RUN4(size, at), RUN4(size, (at) + 4), RUN4(size, (at) + 8), RUN4(size, (at) + 12)
#define FOUR(v) v, v, v, v

struct nibble_index {
	uint8_t quants[64]; // nibble bytes of blocks 0, 1, 2, 3
	uint8_t fifths[64]; // the fifth bits of each block in each of its 8-byte lanes
	uint16_t scales[32]; // d of each block four times, then m of each block
};

#define NIBBLE_INDEX(size, m_at, fifths_at, quants_at)                                                       \
	{                                                                                                    \
		{RUN16(size, quants_at), RUN16(size, (size) + quants_at), RUN16(size, 2 * (size) + quants_at), \
		 RUN16(size, 3 * (size) + quants_at)},                                                       \
		{FOUR(RUN4(size, fifths_at)), FOUR(RUN4(size, (size) + fifths_at)),                          \
		 FOUR(RUN4(size, 2 * (size) + fifths_at)), FOUR(RUN4(size, 3 * (size) + fifths_at))},        \
		{FOUR(WORD(size, 0)), FOUR(WORD(size, size)), FOUR(WORD(size, 2 * (size))),                  \
		 FOUR(WORD(size, 3 * (size))), WORD(size, m_at), WORD(size, (size) + m_at),                  \
		 WORD(size, 2 * (size) + m_at), WORD(size, 3 * (size) + m_at)},                              \
	}

static const struct nibble_index q4_0_index __attribute__((aligned(64))) = NIBBLE_INDEX(Q4_0_BYTES, 0, 0, 2);
static const struct nibble_index q4_1_index __attribute__((aligned(64))) = NIBBLE_INDEX(Q4_1_BYTES, 2, 0, 4);
static const struct nibble_index q5_0_index __attribute__((aligned(64))) = NIBBLE_INDEX(Q5_0_BYTES, 0, 2, 6);
static const struct nibble_index q5_1_index __attribute__((aligned(64))) = NIBBLE_INDEX(Q5_1_BYTES, 2, 4, 8);
static const struct nibble_index mxfp4_index __attribute__((aligned(64))) =
	NIBBLE_INDEX(MXFP4_BYTES, 0, 0, 1); // fifths: bytes that begin with the exponent

// Bit offsets that bring fifth bit i of a block to bit 4 of byte i: those of
// the low nibbles (values 0..15) and of the high ones (16..31).
#define FIFTH8(from) \
	((from) + 60) & 63, ((from) + 61) & 63, ((from) + 62) & 63, ((from) + 63) & 63, from, (from) + 1, (from) + 2, (from) + 3
static const uint8_t fifth_low[64] __attribute__((aligned(64))) = {
	FIFTH8(0), FIFTH8(8), FIFTH8(0), FIFTH8(8), FIFTH8(0), FIFTH8(8), FIFTH8(0), FIFTH8(8)};
static const uint8_t fifth_high[64] __attribute__((aligned(64))) = {
	FIFTH8(16), FIFTH8(24), FIFTH8(16), FIFTH8(24), FIFTH8(16), FIFTH8(24), FIFTH8(16), FIFTH8(24)};

FH_INLINE void nibble_rows(int wtype, const struct nibble_index *index, int nc, const uint8_t *w, size_t row_bytes,
			   int rows, int k, const uint8_t *x, size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype), group = 4 * size, tail = k / 32 % 4 * size;
	const int five = wtype == FH_Q5_0 || wtype == FH_Q5_1, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int levels = wtype == FH_IQ4_NL || wtype == FH_MXFP4;
	const __m512i table = level_table(wtype == FH_MXFP4 ? fh_fp4_levels : fh_iq4_levels);
	const __m512i quants = _mm512_load_si512(index->quants), fifths = _mm512_load_si512(index->fifths);
	const __m512i scales = _mm512_load_si512(index->scales);
	const __m512i low4 = _mm512_set1_epi8(15), bit4 = _mm512_set1_epi8(16);
	const __m512i to_low = _mm512_load_si512(fifth_low), to_high = _mm512_load_si512(fifth_high);
	// Masks of the bytes that exist in the loads of an incomplete last group.
	const __mmask64 tail_first = tail >= 64 ? ~0ull : (1ull << tail) - 1;
	const __mmask32 tail_last = tail > group - 32 ? (__mmask32)((1u << (tail - (group - 32))) - 1) : 0;
	const int groups = k / 128;

	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		__m128 mins[4];
		for (int c = 0; c < nc; c++) {
			dots[c] = _mm512_setzero_ps();
			mins[c] = _mm_setzero_ps();
		}
#pragma GCC unroll 4
		for (int g = 0; g < groups + (tail > 0); g++, p += group) {
			__m512i first;
			__m256i rest;
			if (g < groups) {
				first = _mm512_loadu_si512(p);
				rest = load256(p + group - 32);
				// Keep them in registers: compilers fold such loads into each use.
				__asm__("" : "+v"(first), "+v"(rest));
			} else {
				first = _mm512_maskz_loadu_epi8(tail_first, p);
				rest = _mm256_maskz_loadu_epi8(tail_last, p + group - 32);
			}
			const __m512i last = _mm512_castsi256_si512(rest);
			const __m512i bytes = _mm512_permutex2var_epi8(first, quants, last);
			__m512i low = _mm512_and_si512(bytes, low4);
			__m512i high = _mm512_and_si512(_mm512_srli_epi16(bytes, 4), low4);
			if (five) {
				const __m512i bits = _mm512_permutex2var_epi8(first, fifths, last);
				low = _mm512_ternarylogic_epi32(low, _mm512_multishift_epi64_epi8(to_low, bits), bit4, 0xf8);
				high = _mm512_ternarylogic_epi32(high, _mm512_multishift_epi64_epi8(to_high, bits), bit4, 0xf8);
			}
			if (levels) {
				low = _mm512_shuffle_epi8(table, low);
				high = _mm512_shuffle_epi8(table, high);
			}
			const __m512i halves = _mm512_permutex2var_epi16(first, scales, last);
			const __m512 d = wtype == FH_MXFP4 ? power_of_two(_mm512_permutex2var_epi8(first, fifths, last))
							   : _mm512_cvtph_ps(_mm512_castsi512_si256(halves));
			for (int c = 0; c < nc; c++) {
				const struct fh_nibble_group *column =
					(const struct fh_nibble_group *)(x + (size_t)c * column_bytes) + g;
				__m512i sum = _mm512_setzero_si512();
				if (!affine) { // start at -8, -16 or -128 times the sum of the activations
					sum = _mm512_load_si512(column->seed);
					if (five || levels)
						sum = _mm512_slli_epi32(sum, five ? 1 : 4);
				}
				sum = dot4_load(sum, low, column->q);
				sum = dot4_load(sum, high, column->q + 64);
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum),
							  _mm512_mul_ps(d, _mm512_load_ps(column->d)), dots[c]);
				if (affine) {
					const __m128 m = _mm_cvtph_ps(_mm512_extracti32x4_epi32(halves, 2));
					mins[c] = _mm_fmadd_ps(m, _mm_load_ps(column->sum16), mins[c]);
				}
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(
				affine ? _mm512_add_ps(dots[c], _mm512_zextps128_ps512(mins[c])) : dots[c]) *
				(wtype == FH_MXFP4 ? 0.5f : 1);
	}
}

FH_ROWS(q4_0, nibble_rows(FH_Q4_0, &q4_0_index, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q4_1, nibble_rows(FH_Q4_1, &q4_1_index, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q5_0, nibble_rows(FH_Q5_0, &q5_0_index, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q5_1, nibble_rows(FH_Q5_1, &q5_1_index, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(iq4_nl, nibble_rows(FH_IQ4_NL, &q4_0_index, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(mxfp4, nibble_rows(FH_MXFP4, &mxfp4_index, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

// ---------------------------------------------------------------------------
// Q8_0: two blocks at a time. Weights become unsigned by adding 128; the seeds
// take that off again.

FH_INLINE void byte_rows(int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			 size_t column_bytes, float *y, size_t ldy)
{
	// The quants of both blocks from bytes 0..63 and 52..67 of the pair.
	uint8_t index[64] __attribute__((aligned(64)));
	for (int i = 0; i < 64; i++) {
		const int at = i < 32 ? 2 + i : 4 + i;
		index[i] = (uint8_t)(at < 64 ? at : 64 + at - 52);
	}
	const __m512i quants = _mm512_load_si512(index);
	// d of the first block eight times, of the second eight times.
	const __m512i scales = _mm512_castsi256_si512(
		_mm256_setr_epi16(0, 0, 0, 0, 0, 0, 0, 0, 17, 17, 17, 17, 17, 17, 17, 17));
	const __m512i flip = _mm512_set1_epi8(-128);
	const int blocks = k / 32;
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		for (int c = 0; c < nc; c++)
			dots[c] = _mm512_setzero_ps();
#pragma GCC unroll 4
		for (int b = 0; b < blocks; b += 2, p += 2 * Q8_0_BYTES) {
			__m512i q;
			__m512 d;
			if (b + 1 < blocks) {
				__m512i first = _mm512_loadu_si512(p);
				__asm__("" : "+v"(first)); // one load, not one for each use
				const __m128i last = load128(p + 2 * Q8_0_BYTES - 16);
				q = _mm512_permutex2var_epi8(first, quants, _mm512_castsi128_si512(last));
				d = _mm512_cvtph_ps(_mm512_castsi512_si256(_mm512_permutexvar_epi16(scales, first)));
			} else { // the last block alone
				q = _mm512_castsi256_si512(load256(p + 2));
				d = half_broadcast(p);
			}
			q = _mm512_xor_si512(q, flip);
			for (int c = 0; c < nc; c++) {
				const struct fh_byte_pair *column =
					(const struct fh_byte_pair *)(x + (size_t)c * column_bytes) + b / 2;
				const __m512i sum = dot4_load(_mm512_load_si512(column->seed), q, column->q);
				const __m512 scale = _mm512_mul_ps(d, _mm512_load_ps(column->d));
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, dots[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(dots[c]);
	}
}

FH_ROWS(q8_0, byte_rows(NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

// ---------------------------------------------------------------------------
// NVFP4, Q1_0, Q2_0: 64 values at a time, as Q8_0.

// Values 64*part to 64*part+63 of a block, plus 128, and the scale of each four.
FH_INLINE __m512i codes64(int wtype, const uint8_t *p, int part, __m512 *d)
{
	if (wtype == FH_Q1_0) {
		*d = half_broadcast(p);
		return _mm512_mask_blend_epi8(fh_load64(p + 2 + 8 * part), _mm512_set1_epi8(127), _mm512_set1_epi8(-127));
	}
	if (wtype == FH_Q2_0) {
		const __m512i shifts = _mm512_set1_epi64(0x2624222006040200); // a byte's four fields, of both dwords
		const __m512i crumbs = _mm512_multishift_epi64_epi8(shifts, _mm512_cvtepu8_epi32(load128(p + 2)));
		*d = half_broadcast(p);
		return _mm512_add_epi8(_mm512_and_si512(crumbs, _mm512_set1_epi8(3)), _mm512_set1_epi8(127));
	}
	// NVFP4: eight bytes hold sixteen values, low nibbles first.
	const __m512i bytes = _mm512_permutexvar_epi64(_mm512_setr_epi64(0, 0, 1, 1, 2, 2, 3, 3),
						       _mm512_castsi256_si512(load256(p + 4)));
	const __m512i nibbles = _mm512_and_si512(_mm512_srlv_epi64(bytes, _mm512_setr_epi64(0, 4, 0, 4, 0, 4, 0, 4)),
						 _mm512_set1_epi8(15));
	// Exponent and fraction move to where floats have them; a product corrects
	// the exponent, of subnormals too.
	const __m128i scales = _mm_shuffle_epi8(_mm_cvtsi32_si128((int)fh_load32(p)),
						_mm_setr_epi8(0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3));
	const __m512i e4m3 = _mm512_cvtepu8_epi32(scales);
	const __mmask16 number = _mm512_cmpneq_epi32_mask(e4m3, _mm512_set1_epi32(0x7f));
	const __m512i bits = _mm512_slli_epi32(_mm512_and_si512(e4m3, _mm512_set1_epi32(0x7f)), 20);
	*d = _mm512_maskz_mul_ps(number, _mm512_castsi512_ps(bits), _mm512_set1_ps(0x1p119f));
	return _mm512_shuffle_epi8(level_table(fh_fp4_levels), nibbles);
}

FH_INLINE void code_rows(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			 size_t column_bytes, float *y, size_t ldy)
{
	const int pairs = fh_parts(wtype) / 2, size = fh_block_bytes(wtype);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 dots[4];
		for (int c = 0; c < nc; c++)
			dots[c] = _mm512_setzero_ps();
#pragma GCC unroll 4
		for (int b = 0; b < k / 64; b++) {
			__m512 d;
			const __m512i q = codes64(wtype, p + (size_t)(b / pairs) * size, b % pairs, &d);
			for (int c = 0; c < nc; c++) {
				const struct fh_byte_pair *column = (const struct fh_byte_pair *)(x + (size_t)c * column_bytes) + b;
				const __m512i sum = dot4_load(_mm512_load_si512(column->seed), q, column->q);
				const __m512 scale = _mm512_mul_ps(d, _mm512_load_ps(column->d));
				dots[c] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum), scale, dots[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(dots[c]);
	}
}

FH_ROWS(nvfp4, code_rows(FH_NVFP4, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q1_0, code_rows(FH_Q1_0, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(q2_0, code_rows(FH_Q2_0, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

// ---------------------------------------------------------------------------
// F32, F16, BF16.

FH_INLINE __m512 load_plain(int wtype, const uint8_t *p, __mmask16 mask)
{
	if (wtype == FH_F32)
		return _mm512_maskz_loadu_ps(mask, p);
	const __m256i v = _mm256_maskz_loadu_epi16(mask, p);
	if (wtype == FH_F16)
		return _mm512_cvtph_ps(v);
	return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(v), 16));
}

FH_INLINE void plain_rows(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			  size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype);
	const __mmask16 tail = (__mmask16)((1u << k % 16) - 1);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m512 sums[4][2];
		for (int c = 0; c < nc; c++)
			sums[c][0] = sums[c][1] = _mm512_setzero_ps();
		int i = 0;
		for (; i + 32 <= k; i += 32) {
			prefetch(p + (size_t)i * size);
			if (size == 4)
				prefetch(p + (size_t)i * size + 64);
			const __m512 v0 = load_plain(wtype, p + (size_t)i * size, 0xffff);
			const __m512 v1 = load_plain(wtype, p + (size_t)(i + 16) * size, 0xffff);
			for (int c = 0; c < nc; c++) {
				const float *column = (const float *)(x + (size_t)c * column_bytes) + i;
				sums[c][0] = _mm512_fmadd_ps(v0, _mm512_load_ps(column), sums[c][0]);
				sums[c][1] = _mm512_fmadd_ps(v1, _mm512_load_ps(column + 16), sums[c][1]);
			}
		}
		for (; i < k; i += 16) {
			const __m512 v = load_plain(wtype, p + (size_t)i * size, i + 16 <= k ? 0xffff : tail);
			for (int c = 0; c < nc; c++) {
				const float *column = (const float *)(x + (size_t)c * column_bytes) + i;
				sums[c][0] = _mm512_fmadd_ps(v, _mm512_load_ps(column), sums[c][0]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = _mm512_reduce_add_ps(_mm512_add_ps(sums[c][0], sums[c][1]));
	}
}

FH_ROWS(f32, plain_rows(FH_F32, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(f16, plain_rows(FH_F16, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))
FH_ROWS(bf16, plain_rows(FH_BF16, NC, w, row_bytes, rows, k, x, column_bytes, y, ldy))

const struct fh_row_kernels fh_avx512_rows[FH_TYPES] = {
	[FH_F32] = {FH_ACT_F32, FH_ROWS_TABLE(f32)},
	[FH_F16] = {FH_ACT_F16, FH_ROWS_TABLE(f16)},
	[FH_BF16] = {FH_ACT_BF16, FH_ROWS_TABLE(bf16)},
	[FH_Q4_0] = {FH_ACT_Q8_NIBBLES, FH_ROWS_TABLE(q4_0)},
	[FH_Q4_1] = {FH_ACT_Q8_NIBBLES, FH_ROWS_TABLE(q4_1)},
	[FH_Q5_0] = {FH_ACT_Q8_NIBBLES, FH_ROWS_TABLE(q5_0)},
	[FH_Q5_1] = {FH_ACT_Q8_NIBBLES, FH_ROWS_TABLE(q5_1)},
	[FH_Q8_0] = {FH_ACT_Q8_BYTES, FH_ROWS_TABLE(q8_0)},
	[FH_IQ4_NL] = {FH_ACT_Q8_NIBBLES, FH_ROWS_TABLE(iq4_nl)},
	[FH_MXFP4] = {FH_ACT_Q8_NIBBLES, FH_ROWS_TABLE(mxfp4)},
	[FH_NVFP4] = {FH_ACT_Q8_BYTES, FH_ROWS_TABLE(nvfp4)},
	[FH_Q1_0] = {FH_ACT_Q8_BYTES, FH_ROWS_TABLE(q1_0)},
	[FH_Q2_0] = {FH_ACT_Q8_BYTES, FH_ROWS_TABLE(q2_0)},
};

FH_TARGET_END

#endif
