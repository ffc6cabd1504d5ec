#include "vector.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define FH_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512dq,avx2,fma,f16c")))
#define FH_W 16
#define FH_R 12
#define FH_WIDEN_TILES 2
#define FH_KERNELS fh_vector_avx512

typedef float vf __attribute__((vector_size(64)));
typedef int32_t vi __attribute__((vector_size(64)));
typedef float vf_any __attribute__((vector_size(64), aligned(4), may_alias));

static inline __attribute__((always_inline)) FH_TARGET vf load_half(const uint16_t *p)
{
	return (vf)_mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

static inline __attribute__((always_inline)) FH_TARGET vf load_bytes(const int8_t *p)
{
	return (vf)_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)p)));
}

static inline __attribute__((always_inline)) FH_TARGET void store_half(uint16_t *p, vf v)
{
	_mm256_storeu_si256((__m256i *)p, _mm512_cvtps_ph((__m512)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

static inline __attribute__((always_inline)) FH_TARGET vf vmax(vf a, vf b)
{
	return (vf)_mm512_max_ps((__m512)a, (__m512)b);
}

static inline __attribute__((always_inline)) FH_TARGET float max_lanes(vf v)
{
	return _mm512_reduce_max_ps((__m512)v);
}

static inline __attribute__((always_inline)) FH_TARGET float sum_lanes(vf v)
{
	return _mm512_reduce_add_ps((__m512)v);
}

#include "vector_impl.h"

#endif
