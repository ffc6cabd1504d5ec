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

static inline __attribute__((always_inline)) FH_TARGET void store_half(uint16_t *p, vf v)
{
	_mm_storeu_si128((__m128i *)p, _mm256_cvtps_ph((__m256)v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

static inline __attribute__((always_inline)) FH_TARGET vf vmax(vf a, vf b)
{
	return (vf)_mm256_max_ps((__m256)a, (__m256)b);
}

#include "vector_impl.h"

#endif
