#include "vector.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define FH_TARGET __attribute__((target("avx2,fma,f16c")))
#define FH_W 8
#define FH_R 6
#define FH_WIDEN_TILES 2
#define FH_KERNELS fh_vector_avx2

typedef float vf __attribute__((vector_size(32)));
typedef int32_t vi __attribute__((vector_size(32)));
typedef float vf_any __attribute__((vector_size(32), aligned(4), may_alias));

static inline __attribute__((always_inline)) FH_TARGET vf load_half(const uint16_t *p)
{
	return (vf)_mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

static inline __attribute__((always_inline)) FH_TARGET vf load_bytes(const int8_t *p)
{
	return (vf)_mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)p)));
}

static inline __attribute__((always_inline)) FH_TARGET void store_half(uint16_t *p, vf v)
{
	_mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

static inline __attribute__((always_inline)) FH_TARGET vf vmax(vf a, vf b)
{
	return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

static inline __attribute__((always_inline)) FH_TARGET float max_lanes(vf v)
{
	__m128 m = _mm_max_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
	m = _mm_max_ps(m, _mm_movehl_ps(m, m));
	return _mm_cvtss_f32(_mm_max_ss(m, _mm_movehdup_ps(m)));
}

static inline __attribute__((always_inline)) FH_TARGET float sum_lanes(vf v)
{
	__m128 s = _mm_add_ps(_mm256_castps256_ps128((__m256)v), _mm256_extractf128_ps((__m256)v, 1));
	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

#include "vector_impl.h"

#endif
