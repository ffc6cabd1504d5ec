// Linear kernels for 256-bit registers: AVX2, with or without a byte dot
// product instruction. A .c file for each of the three variants sets the
// compiler's target and defines
//
//	FH_YMM_KERNELS  the name of its kernel table
//	FH_YMM_DOT      the dot product instruction, or nothing
//
// before it includes this file, which becomes its body.

#include "linear_block.h"

FH_INLINE __m256i load256(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
FH_INLINE __m128i load128(const void *p) { return _mm_loadu_si128((const __m128i *)p); }
FH_INLINE void prefetch(const uint8_t *p) { _mm_prefetch((const char *)p + 4096, _MM_HINT_T0); }
FH_INLINE float half_at(const uint8_t *p) { return _cvtsh_ss(fh_load16(p)); }

// acc + the dot products of four unsigned with four signed bytes in each lane.
// Without the instruction the unsigned bytes must not exceed 129, lest the sum
// of two products saturate.
FH_INLINE __m256i dot4(__m256i acc, __m256i u, __m256i s)
{
#ifdef FH_YMM_DOT
	__asm__(FH_YMM_DOT " %2,%1,%0" : "+v"(acc) : "v"(u), "v"(s));
	return acc;
#else
	return _mm256_add_epi32(acc, _mm256_madd_epi16(_mm256_maddubs_epi16(u, s), _mm256_set1_epi16(1)));
#endif
}

// The same for signed weights from -128 to 127 and activations from -127 to
// 127: the weight's sign moves to the activation.
FH_INLINE __m256i dot4_signed(__m256i acc, __m256i w, __m256i x)
{
	return dot4(acc, _mm256_abs_epi8(w), _mm256_sign_epi8(x, w));
}

FH_INLINE float sum8(__m256 v)
{
	__m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

// ---------------------------------------------------------------------------
// Quants of a block in natural order.

FH_INLINE int is_signed(int wtype) { return wtype == FH_Q8_0 || fh_is_coded(wtype); }

// The levels of 32 four-bit codes: low nibbles in one half, high ones in the other.
FH_INLINE __m256i levels32(const int8_t levels[16], __m128i low, __m128i high)
{
	const __m256i codes = _mm256_inserti128_si256(_mm256_castsi128_si256(low), high, 1);
	return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(load128(levels)), _mm256_and_si256(codes, _mm256_set1_epi8(15)));
}

// Part `part` of a block, 32 values, as unsigned bytes; as they are, if they
// are signed.
FH_INLINE __m256i quants32(int wtype, const uint8_t *p, int part)
{
	if (wtype == FH_Q8_0)
		return load256(p + 2);
	if (wtype == FH_IQ4_NL || wtype == FH_MXFP4) {
		const __m128i v = load128(p + (wtype == FH_MXFP4 ? 1 : 2));
		return levels32(wtype == FH_MXFP4 ? fh_fp4_levels : fh_iq4_levels, v, _mm_srli_epi16(v, 4));
	}
	if (wtype == FH_NVFP4) { // eight bytes hold sixteen values
		const __m128i v = load128(p + 4 + 16 * part), top = _mm_srli_epi16(v, 4);
		return levels32(fh_fp4_levels, _mm_unpacklo_epi64(v, top), _mm_unpackhi_epi64(v, top));
	}
	if (fh_is_coded(wtype)) {
		int8_t q[32];
		float d[2];
		fh_codes32(wtype, p, part, q, d);
		return load256(q);
	}
	const int five = wtype == FH_Q5_0 || wtype == FH_Q5_1, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const uint8_t *bits = p + (affine ? 4 : 2), *quants = bits + (five ? 4 : 0);
	const __m128i bytes = load128(quants);
	__m256i q = _mm256_inserti128_si256(_mm256_castsi128_si256(bytes), _mm_srli_epi16(bytes, 4), 1);
	q = _mm256_and_si256(q, _mm256_set1_epi8(15));
	if (five) { // spread the 32 fifth bits over 32 bytes
		const __m256i spread = _mm256_shuffle_epi8(
			_mm256_set1_epi32((int)fh_load32(bits)),
			_mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
		const __m256i each = _mm256_set1_epi64x((long long)0x8040201008040201);
		const __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, each), each);
		q = _mm256_or_si256(q, _mm256_and_si256(set, _mm256_set1_epi8(16)));
	}
	return q;
}

// The scale of each sixteen of those values.
FH_INLINE void scales32(int wtype, const uint8_t *p, int part, float d[2])
{
	if (wtype == FH_NVFP4) {
		d[0] = fh_half_e4m3(p[2 * part]);
		d[1] = fh_half_e4m3(p[2 * part + 1]);
	} else {
		d[0] = d[1] = wtype == FH_MXFP4 ? fh_half_power(p[0]) : half_at(p);
	}
}

// A block of 256 of a type with codes.
FH_INLINE void codes256(int wtype, const uint8_t *p, struct fh_codes *c)
{
	if (wtype != FH_IQ4_XS) {
		fh_codes256(wtype, p, c);
		return;
	}
	c->d = half_at(p);
	fh_iq4_xs_scales(p, c->scale);
	for (int s = 0; s < 8; s++) {
		const __m128i v = load128(p + 8 + 16 * s);
		_mm256_storeu_si256((__m256i *)(c->q + 32 * s), levels32(fh_iq4_levels, v, _mm_srli_epi16(v, 4)));
	}
}

// What is subtracted from the unsigned quants of symmetric types; signed ones
// become unsigned by adding it.
FH_INLINE int zero_of(int wtype)
{
	switch (wtype) {
	case FH_Q4_0: return 8;
	case FH_Q5_0: return 16;
	case FH_Q8_0: case FH_IQ4_NL: case FH_IQ4_XS: return 128;
	case FH_Q3_K: return 4;
	case FH_Q6_K: return 32;
	}
	return fh_is_coded(wtype) ? 64 : 0;
}

// Values 32*s .. 32*s+31 of a block of 256 as unsigned bytes; s is a constant.
FH_INLINE __m256i quants256(int wtype, const uint8_t *p, int s)
{
	const __m256i low4 = _mm256_set1_epi8(15), low2 = _mm256_set1_epi8(3), low1 = _mm256_set1_epi8(1);
	__m256i q, top;
	switch (wtype) {
	case FH_Q4_K:
	case FH_Q5_K:
		q = load256(p + (wtype == FH_Q5_K ? 48 : 16) + 32 * (s / 2));
		q = _mm256_and_si256(_mm256_srli_epi16(q, 4 * (s % 2)), low4);
		if (wtype == FH_Q5_K) {
			top = _mm256_and_si256(_mm256_srli_epi16(load256(p + 16), s), low1);
			q = _mm256_or_si256(q, _mm256_slli_epi16(top, 4));
		}
		return q;
	case FH_Q6_K:
		q = load256(p + 64 * (s / 4) + 32 * (s % 2));
		q = _mm256_and_si256(_mm256_srli_epi16(q, s % 4 < 2 ? 0 : 4), low4);
		top = _mm256_and_si256(_mm256_srli_epi16(load256(p + 128 + 32 * (s / 4)), 2 * (s % 4)), low2);
		return _mm256_or_si256(q, _mm256_slli_epi16(top, 4));
	}
	q = load256(p + (wtype == FH_Q3_K ? 32 : 16) + 32 * (s / 4));
	q = _mm256_and_si256(_mm256_srli_epi16(q, 2 * (s % 4)), low2);
	if (wtype == FH_Q3_K) {
		top = _mm256_and_si256(_mm256_srli_epi16(load256(p), s), low1);
		q = _mm256_or_si256(q, _mm256_slli_epi16(top, 2));
	}
	return q;
}

#include "linear_ymm_panels.h"
#include "linear_ymm_rows.h"

// ---------------------------------------------------------------------------
// Activations.

FH_INLINE float largest(__m256 v)
{
	__m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
	m = _mm_max_ps(m, _mm_movehl_ps(m, m));
	return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

FH_INLINE __m256 magnitude(__m256 v) { return _mm256_andnot_ps(_mm256_set1_ps(-0.f), v); }

// Rounds 32 scaled floats to bytes, ties to even; returns the sums of each
// eighth of them.
FH_INLINE __m256i round32(const float *x, __m256 scale, int8_t *q)
{
	__m256i v[4];
	for (int i = 0; i < 4; i++)
		v[i] = _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), scale));
	// Packing works within 128-bit halves; the permutation restores the order.
	const __m256i bytes = _mm256_packs_epi16(_mm256_packs_epi32(v[0], v[1]), _mm256_packs_epi32(v[2], v[3]));
	_mm256_storeu_si256((__m256i *)q, _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7)));
	return _mm256_add_epi32(_mm256_add_epi32(v[0], v[1]), _mm256_add_epi32(v[2], v[3]));
}

static int quantize32(const float *x, int8_t *q, float *d, float *d_exact)
{
	__m256 max = _mm256_setzero_ps();
	for (int i = 0; i < 32; i += 8)
		max = _mm256_max_ps(max, magnitude(_mm256_loadu_ps(x + i)));
	const float amax = largest(max);
	*d_exact = amax / 127.f;
	*d = _cvtsh_ss(_cvtss_sh(*d_exact, _MM_FROUND_TO_NEAREST_INT));
	const __m256i sums = round32(x, _mm256_set1_ps(amax > 0 ? 127.f / amax : 0), q);
	__m128i s = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
	s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1));
	return _mm_cvtsi128_si32(s);
}

// The sign of the scale is that of the first value of largest magnitude, which
// so becomes -127.
static void quantize256(const float *x, int8_t *q, float *d)
{
	__m256 max = _mm256_setzero_ps();
	for (int i = 0; i < 256; i += 8)
		max = _mm256_max_ps(max, magnitude(_mm256_loadu_ps(x + i)));
	const float amax = largest(max);
	float extreme = 0;
	for (int i = 0; i < 256; i += 8) {
		const int at = _mm256_movemask_ps(
			_mm256_cmp_ps(magnitude(_mm256_loadu_ps(x + i)), _mm256_set1_ps(amax), _CMP_EQ_OQ));
		if (at) {
			extreme = x[i + __builtin_ctz(at)];
			break;
		}
	}
	const float inverse = extreme != 0 ? -127.f / extreme : 0;
	*d = extreme != 0 ? 1 / inverse : 0;
	for (int i = 0; i < 256; i += 32)
		round32(x + i, _mm256_set1_ps(inverse), q + i);
}

const struct fh_kernels FH_YMM_KERNELS = {
	.row_kernels = row_kernels,
	.unpack = unpack,
	.tile = tile,
	.panel_rows = MR,
#ifdef FH_YMM_DOT
	.panel_min_columns = 8,
#else
	.panel_min_columns = 14,
#endif
	.panel_bytes = panel_bytes,
	.quantize32 = quantize32,
	.quantize256 = quantize256,
};
