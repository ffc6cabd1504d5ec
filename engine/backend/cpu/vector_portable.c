#include "vector.h"

// Any CPU with a C compiler: 16-byte vectors are SSE2 on x86-64 and plain
// floats where there is nothing else.
#define FH_TARGET
#define FH_W 4
#define FH_R 4
#define FH_WIDEN_TILES 1
#define FH_KERNELS fh_vector_portable

typedef float vf __attribute__((vector_size(16)));
typedef int32_t vi __attribute__((vector_size(16)));
typedef float vf_any __attribute__((vector_size(16), aligned(4), may_alias));

union bits {
	float f;
	uint32_t u;
};

static inline float widen_half(uint16_t h)
{
	const uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;
	union bits b;
	if (rest >= 0x7c00) { // infinity, NaN
		b.u = sign | 0x7f800000 | (rest & 0x3ff) << 13;
	} else {
		// Moving exponent and mantissa into place leaves a number 2^112
		// too small, subnormals included.
		b.u = rest << 13;
		b.f *= 0x1p112f;
		b.u |= sign;
	}
	return b.f;
}

static inline uint16_t narrow_half(float f)
{
	union bits b = {.f = f};
	const uint32_t sign = b.u >> 16 & 0x8000, rest = b.u & 0x7fffffff;
	if (rest > 0x7f800000)
		return (uint16_t)(sign | 0x7e00); // NaN
	if (rest >= 0x477ff000)
		return (uint16_t)(sign | 0x7c00); // rounds to 2^16 or more: infinity
	if (rest < 0x38800000) {
		// Subnormal: adding 0.5 leaves the rounded multiple of 2^-24 in
		// the low bits.
		b.u = rest;
		b.f += 0.5f;
		return (uint16_t)(sign | (b.u - 0x3f000000));
	}
	// Round to nearest, ties to even, and rebias the exponent.
	return (uint16_t)(sign | (rest - 0x38000000 + 0xfff + (rest >> 13 & 1)) >> 13);
}

static inline vf load_half(const uint16_t *p)
{
	return (vf){widen_half(p[0]), widen_half(p[1]), widen_half(p[2]), widen_half(p[3])};
}

static inline vf load_bytes(const int8_t *p)
{
	return (vf){p[0], p[1], p[2], p[3]};
}

static inline void store_half(uint16_t *p, vf v)
{
	for (int i = 0; i < 4; i++)
		p[i] = narrow_half(v[i]);
}

static inline vf vmax(vf a, vf b)
{
	const vi m = (vi)(a > b);
	return (vf)(((vi)a & m) | ((vi)b & ~m));
}

static inline float max_lanes(vf v)
{
	const float a = v[0] > v[1] ? v[0] : v[1], b = v[2] > v[3] ? v[2] : v[3];
	return a > b ? a : b;
}

static inline float sum_lanes(vf v)
{
	return (v[0] + v[1]) + (v[2] + v[3]);
}

#include "vector_impl.h"
