// AVX-512 weight panels: sixteen rows of any type unpacked to bytes (or floats)
// in the layout the tile kernels read. A new quant type needs its unpacking
// here and nothing else for prefill.
#include "linear_avx512.h"
#include "linear_avx512_panel.h"

#if defined(__x86_64__)

enum { MR = FH_AVX512_PANEL_ROWS };

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

// The rows of a panel; missing ones repeat the last, and their results are
// never stored.
FH_INLINE void row_pointers(const uint8_t *w, size_t row_bytes, int rows, const uint8_t *p[16])
{
	for (int i = 0; i < 16; i++)
		p[i] = w + (size_t)(i < rows ? i : rows - 1) * row_bytes;
}

// ---------------------------------------------------------------------------
// Blocks of 32.

// One block as unsigned bytes, symmetric types as w+128.
FH_INLINE __m256i quants32(int wtype, const uint8_t *p)
{
	if (wtype == FH_Q8_0)
		return _mm256_xor_si256(load256(p + 2), _mm256_set1_epi8(-128));
	const int five = wtype == FH_Q5_0 || wtype == FH_Q5_1, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const uint8_t *bits = p + (affine ? 4 : 2), *quants = bits + (five ? 4 : 0);
	const __m128i bytes = load128(quants);
	__m256i q = _mm256_inserti128_si256(_mm256_castsi128_si256(bytes), _mm_srli_epi16(bytes, 4), 1);
	q = _mm256_and_si256(q, _mm256_set1_epi8(15));
	if (five)
		q = _mm256_mask_add_epi8(q, fh_load32(bits), q, _mm256_set1_epi8(16));
	if (!affine)
		q = _mm256_add_epi8(q, _mm256_set1_epi8(five ? 128 - 16 : 128 - 8));
	return q;
}

FH_INLINE void unpack32(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype), blocks = k / 32, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const struct fh_avx512_panel panel = fh_avx512_panel_at(wtype, k, to);
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < blocks; b += 2) {
		__m512i r[16];
		for (int i = 0; i < 16; i++) {
			const uint8_t *at = p[i] + (size_t)b * size;
			const __m256i q = quants32(wtype, at);
			r[i] = b + 1 < blocks ? join(q, quants32(wtype, at + size)) : _mm512_castsi256_si512(q);
		}
		store_transposed(r, panel.q + (size_t)b * 32 * MR, b + 1 < blocks ? 16 : 8);
	}
	for (int b = 0; b < blocks; b++) {
		uint16_t d[16] __attribute__((aligned(32))), m[16] __attribute__((aligned(32)));
		for (int i = 0; i < 16; i++) {
			const uint8_t *at = p[i] + (size_t)b * size;
			d[i] = fh_load16(at);
			if (affine)
				m[i] = fh_load16(at + 2);
		}
		_mm512_store_ps(panel.scale + b * MR, _mm512_cvtph_ps(load256(d)));
		if (affine)
			_mm512_store_ps(panel.min + b * MR, _mm512_cvtph_ps(load256(m)));
	}
}

// ---------------------------------------------------------------------------
// Blocks of 256.

// 64 consecutive values of a block, from 64*part on, as unsigned bytes;
// symmetric types as w+128.
FH_INLINE __m512i quants64(int wtype, const uint8_t *p, int part)
{
	const __m512i second_by_4 = _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4);
	const __m512i second_by_2 = _mm512_setr_epi64(0, 0, 0, 0, 2, 2, 2, 2);
	const __m512i second_by_1 = _mm512_setr_epi64(0, 0, 0, 0, 1, 1, 1, 1);
	__m512i q, bits;
	switch (wtype) {
	case FH_Q4_K:
	case FH_Q5_K:
		q = _mm512_broadcast_i64x4(load256(p + (wtype == FH_Q5_K ? 48 : 16) + 32 * part));
		q = _mm512_and_si512(_mm512_srlv_epi64(q, second_by_4), _mm512_set1_epi8(15));
		if (wtype == FH_Q5_K) { // bit s of byte l belongs to sub-block s
			bits = _mm512_srlv_epi64(_mm512_broadcast_i64x4(load256(p + 16)), second_by_1);
			bits = _mm512_slli_epi16(_mm512_srl_epi16(bits, _mm_cvtsi32_si128(2 * part)), 4);
			// Shifts of words let neighbours' bits in, but never into bit 4.
			q = _mm512_ternarylogic_epi32(q, bits, _mm512_set1_epi8(16), 0xf8);
		}
		return q;
	case FH_Q6_K:
		q = _mm512_srl_epi16(_mm512_loadu_si512(p + 64 * (part / 2)), _mm_cvtsi32_si128(4 * (part % 2)));
		bits = _mm512_srlv_epi64(_mm512_broadcast_i64x4(load256(p + 128 + 32 * (part / 2))), second_by_2);
		bits = _mm512_sll_epi16(bits, _mm_cvtsi32_si128(4 - 4 * (part % 2)));
		q = _mm512_ternarylogic_epi32(_mm512_and_si512(q, _mm512_set1_epi8(15)), bits, _mm512_set1_epi8(0x30), 0xf8);
		return _mm512_add_epi8(q, _mm512_set1_epi8(128 - 32));
	}
	// Q2_K, Q3_K
	q = _mm512_broadcast_i64x4(load256(p + (wtype == FH_Q3_K ? 32 : 16) + 32 * (part / 2)));
	q = _mm512_srl_epi16(_mm512_srlv_epi64(q, second_by_2), _mm_cvtsi32_si128(4 * (part % 2)));
	q = _mm512_and_si512(q, _mm512_set1_epi8(3));
	if (wtype == FH_Q3_K) {
		bits = _mm512_srlv_epi64(_mm512_broadcast_i64x4(load256(p)), second_by_1);
		bits = _mm512_srl_epi64(bits, _mm_cvtsi32_si128(2 * part));
		bits = _mm512_slli_epi64(_mm512_and_si512(bits, _mm512_set1_epi8(1)), 2);
		q = _mm512_add_epi8(_mm512_or_si512(q, bits), _mm512_set1_epi8(128 - 4));
	}
	return q;
}

// Scales and minima of one row's block as sixteen floats: sixteen scales
// (Q3_K, Q6_K), or eight scales and eight negated minima (Q4_K, Q5_K).
FH_INLINE __m512 scales256(int wtype, const uint8_t *p)
{
	__m128i bytes;
	__m512 d;
	switch (wtype) {
	case FH_Q6_K:
		bytes = load128(p + 192);
		d = half_broadcast(p + 208);
		break;
	case FH_Q3_K: {
		int16_t scale[16];
		fh_q3_scales(p + 96, scale);
		bytes = _mm256_cvtepi16_epi8(load256(scale));
		d = half_broadcast(p + 108);
		break;
	}
	case FH_Q2_K:
		bytes = _mm_and_si128(load128(p), _mm_set1_epi8(15));
		d = half_broadcast(p + 80);
		break;
	default: {
		// The same arithmetic as the row kernels' header decoding.
		uint32_t u0 = fh_load32(p + 4), u1 = fh_load32(p + 8), u2 = fh_load32(p + 12);
		bytes = _mm_setr_epi32((int)(u0 & 0x3f3f3f3f), (int)((u2 & 0x0f0f0f0f) | (u0 >> 2 & 0x30303030)),
				       (int)(u1 & 0x3f3f3f3f), (int)((u2 >> 4 & 0x0f0f0f0f) | (u1 >> 2 & 0x30303030)));
		d = _mm512_mask_sub_ps(half_broadcast(p), 0xff00, _mm512_setzero_ps(), half_broadcast(p + 2));
	}
	}
	return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)), d);
}

FH_INLINE void unpack256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const int size = fh_block_bytes(wtype), coarse = wtype == FH_Q4_K || wtype == FH_Q5_K;
	const struct fh_avx512_panel panel = fh_avx512_panel_at(wtype, k, to);
	uint8_t *q = panel.q;
	float *scale = panel.scale, *min = panel.min;
	const uint8_t *p[16];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++) {
		__m512i r[16];
#pragma GCC unroll 4
		for (int part = 0; part < 4; part++, q += 64 * MR) {
			for (int i = 0; i < 16; i++)
				r[i] = quants64(wtype, p[i], part);
			store_transposed(r, q, 16);
		}
		for (int i = 0; i < 16; i++)
			r[i] = _mm512_castps_si512(scales256(wtype, p[i]));
		transpose(r);
		for (int j = 0; j < (coarse ? 8 : 16); j++, scale += MR)
			_mm512_store_si512(scale, r[j]);
		for (int j = 8; j < 16 && coarse; j++, min += MR)
			_mm512_store_si512(min, r[j]);
		if (wtype == FH_Q2_K) {
			for (int i = 0; i < 16; i++) {
				const __m512i m = _mm512_cvtepu8_epi32(_mm_and_si128(_mm_srli_epi16(load128(p[i]), 4), _mm_set1_epi8(15)));
				// Multiplied with the seed, which is -128 times the sum.
				r[i] = _mm512_castps_si512(_mm512_mul_ps(
					_mm512_cvtepi32_ps(m), _mm512_mul_ps(half_broadcast(p[i] + 82), _mm512_set1_ps(1.f / 128))));
			}
			transpose(r);
			for (int j = 0; j < 16; j++, min += MR)
				_mm512_store_si512(min, r[j]);
		}
		for (int i = 0; i < 16; i++)
			p[i] += size;
	}
}

// ---------------------------------------------------------------------------
// Plain types: floats [k][16].

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

fh_unpack_fn *const fh_avx512_unpack[FH_TYPES] = {
	[FH_F32] = unpack_F32,	 [FH_F16] = unpack_F16,	  [FH_BF16] = unpack_BF16, [FH_Q4_0] = unpack_Q4_0,
	[FH_Q4_1] = unpack_Q4_1, [FH_Q5_0] = unpack_Q5_0, [FH_Q5_1] = unpack_Q5_1, [FH_Q8_0] = unpack_Q8_0,
	[FH_Q2_K] = unpack_Q2_K, [FH_Q3_K] = unpack_Q3_K, [FH_Q4_K] = unpack_Q4_K, [FH_Q5_K] = unpack_Q5_K,
	[FH_Q6_K] = unpack_Q6_K,
};

FH_TARGET_END

#endif
