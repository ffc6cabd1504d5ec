// The AVX-512 kernel table, and quantization of activations.
#include "linear_avx512_panel.h"
#include "linear_avx512.h"

#if defined(__x86_64__)

FH_INLINE float largest(__m512 v) { return _mm512_reduce_max_ps(v); }

static int quantize32(const float *x, int8_t *q, float *d, float *d_exact)
{
	const __m512 a = _mm512_loadu_ps(x), b = _mm512_loadu_ps(x + 16);
	const float amax = largest(_mm512_max_ps(_mm512_abs_ps(a), _mm512_abs_ps(b)));
	*d_exact = amax / 127.f;
	*d = _cvtsh_ss(_cvtss_sh(*d_exact, _MM_FROUND_TO_NEAREST_INT));
	const __m512 inverse = _mm512_set1_ps(amax > 0 ? 127.f / amax : 0);
	const __m512i qa = _mm512_cvtps_epi32(_mm512_mul_ps(a, inverse)); // ties to even
	const __m512i qb = _mm512_cvtps_epi32(_mm512_mul_ps(b, inverse));
	_mm_storeu_si128((__m128i *)q, _mm512_cvtepi32_epi8(qa));
	_mm_storeu_si128((__m128i *)(q + 16), _mm512_cvtepi32_epi8(qb));
	return _mm512_reduce_add_epi32(_mm512_add_epi32(qa, qb));
}

// The sign of the scale is that of the first value of largest magnitude, which
// so becomes -127.
static void quantize256(const float *x, int8_t *q, float *d)
{
	__m512 max = _mm512_setzero_ps();
	for (int i = 0; i < 256; i += 16)
		max = _mm512_max_ps(max, _mm512_abs_ps(_mm512_loadu_ps(x + i)));
	const float amax = largest(max);
	float extreme = 0;
	for (int i = 0; i < 256; i += 16) {
		const __m512 v = _mm512_loadu_ps(x + i);
		const __mmask16 at = _mm512_cmp_ps_mask(_mm512_abs_ps(v), _mm512_set1_ps(amax), _CMP_EQ_OQ);
		if (at) {
			extreme = x[i + __builtin_ctz(at)];
			break;
		}
	}
	const float inverse = extreme != 0 ? -127.f / extreme : 0;
	*d = extreme != 0 ? 1 / inverse : 0;
	for (int i = 0; i < 256; i += 16) {
		const __m512 v = _mm512_mul_ps(_mm512_loadu_ps(x + i), _mm512_set1_ps(inverse));
		_mm_storeu_si128((__m128i *)(q + i), _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(v)));
	}
}

static const struct fh_row_kernels *row_kernels(int wtype)
{
	return fh_is_super(wtype) ? &fh_avx512_k_rows[wtype] : &fh_avx512_rows[wtype];
}

const struct fh_kernels fh_kernels_avx512 = {
	.row_kernels = row_kernels,
	.unpack = fh_avx512_unpack,
	.tile = fh_avx512_tile,
	.panel_rows = FH_AVX512_PANEL_ROWS,
	.panel_min_columns = 3,
	.panel_bytes = fh_avx512_panel_size,
	.quantize32 = quantize32,
	.quantize256 = quantize256,
};

FH_TARGET_END

#endif
