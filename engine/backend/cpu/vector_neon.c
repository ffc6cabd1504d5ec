#include "vector.h"

#if defined(__aarch64__)

#include <arm_neon.h>

// Part of every arm64 CPU, so no attribute is needed.
#define FH_TARGET
#define FH_W 4
#define FH_R 8
#define FH_WIDEN_TILES 2
#define FH_KERNELS fh_vector_neon

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef float vf_any __attribute__((vector_size(16), aligned(4), may_alias));

static inline __attribute__((always_inline)) vf load_half(const uint16_t *p)
{
	return (vf)vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline __attribute__((always_inline)) vf load_bytes(const int8_t *p)
{
	int32_t four;
	__builtin_memcpy(&four, p, sizeof four);
	const int16x8_t wide = vmovl_s8(vreinterpret_s8_s32(vdup_n_s32(four)));
	return (vf)vcvtq_f32_s32(vmovl_s16(vget_low_s16(wide)));
}

static inline __attribute__((always_inline)) void store_half(uint16_t *p, vf v)
{
	vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32((float32x4_t)v)));
}

static inline __attribute__((always_inline)) vf vmax(vf a, vf b)
{
	return (vf)vmaxq_f32((float32x4_t)a, (float32x4_t)b);
}

static inline __attribute__((always_inline)) float max_lanes(vf v)
{
	return vmaxvq_f32((float32x4_t)v);
}

static inline __attribute__((always_inline)) float sum_lanes(vf v)
{
	return vaddvq_f32((float32x4_t)v);
}

#include "vector_impl.h"

#endif
