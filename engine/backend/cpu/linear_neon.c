// Linear kernels for arm64 with the dot product extension (2018 and later;
// every Apple CPU). Its dot product is signed, so weights lose their offset
// when they are unpacked, and nothing has to be corrected afterwards.
#if defined(__aarch64__)

#include <arm_neon.h>
#include <math.h>

#include "linear_block.h"
#include "linear_target.h"

#if defined(__clang__)
FH_TARGET_BEGIN("dotprod")
#else
FH_TARGET_BEGIN("arch=armv8.2-a+dotprod")
#endif

// ---------------------------------------------------------------------------
// Quants of a block in natural order, as signed bytes without offset.

FH_INLINE uint8x16_t shifted(uint8x16_t v, int right) { return vshlq_u8(v, vdupq_n_s8((int8_t)-right)); }

// Part `part` of a block: 32 values.
FH_INLINE void quants32(int wtype, const uint8_t *p, int part, int8x16_t q[2])
{
	if (wtype == FH_IQ4_NL || wtype == FH_MXFP4 || wtype == FH_NVFP4) {
		const int8x16_t levels = vld1q_s8(wtype == FH_IQ4_NL ? fh_iq4_levels : fh_fp4_levels);
		const uint8x16_t v = vld1q_u8(p + (wtype == FH_MXFP4 ? 1 : wtype == FH_NVFP4 ? 4 + 16 * part : 2));
		const uint8x16_t low = vandq_u8(v, vdupq_n_u8(15)), high = vshrq_n_u8(v, 4);
		if (wtype == FH_NVFP4) { // eight bytes hold sixteen values
			q[0] = vqtbl1q_s8(levels, vcombine_u8(vget_low_u8(low), vget_low_u8(high)));
			q[1] = vqtbl1q_s8(levels, vcombine_u8(vget_high_u8(low), vget_high_u8(high)));
			return;
		}
		q[0] = vqtbl1q_s8(levels, low);
		q[1] = vqtbl1q_s8(levels, high);
		return;
	}
	if (fh_is_coded(wtype)) {
		int8_t codes[32];
		float d[2];
		fh_codes32(wtype, p, part, codes, d);
		q[0] = vld1q_s8(codes);
		q[1] = vld1q_s8(codes + 16);
		return;
	}
	if (wtype == FH_Q8_0) {
		q[0] = vld1q_s8((const int8_t *)p + 2);
		q[1] = vld1q_s8((const int8_t *)p + 18);
		return;
	}
	const int five = wtype == FH_Q5_0 || wtype == FH_Q5_1, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const uint8_t *bits = p + (affine ? 4 : 2), *quants = bits + (five ? 4 : 0);
	const uint8x16_t bytes = vld1q_u8(quants);
	uint8x16_t low = vandq_u8(bytes, vdupq_n_u8(15)), high = vshrq_n_u8(bytes, 4);
	if (five) { // spread the 32 fifth bits over 32 bytes
		const uint8x16_t each = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201));
		const uint8x16_t first = vcombine_u8(vdup_n_u8(bits[0]), vdup_n_u8(bits[1]));
		const uint8x16_t second = vcombine_u8(vdup_n_u8(bits[2]), vdup_n_u8(bits[3]));
		low = vorrq_u8(low, vandq_u8(vtstq_u8(first, each), vdupq_n_u8(16)));
		high = vorrq_u8(high, vandq_u8(vtstq_u8(second, each), vdupq_n_u8(16)));
	}
	const int8x16_t zero = vdupq_n_s8(affine ? 0 : five ? 16 : 8);
	q[0] = vsubq_s8(vreinterpretq_s8_u8(low), zero);
	q[1] = vsubq_s8(vreinterpretq_s8_u8(high), zero);
}

FH_INLINE float half_at(const uint8_t *p)
{
	return vgetq_lane_f32(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(fh_load16(p)))), 0);
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
	const int8x16_t levels = vld1q_s8(fh_iq4_levels);
	c->d = half_at(p);
	fh_iq4_xs_scales(p, c->scale);
	for (int s = 0; s < 8; s++) {
		const uint8x16_t v = vld1q_u8(p + 8 + 16 * s);
		vst1q_s8(c->q + 32 * s, vqtbl1q_s8(levels, vandq_u8(v, vdupq_n_u8(15))));
		vst1q_s8(c->q + 32 * s + 16, vqtbl1q_s8(levels, vshrq_n_u8(v, 4)));
	}
}

// Values 32*s .. 32*s+31 of a block of 256.
FH_INLINE void quants256(int wtype, const uint8_t *p, int s, int8x16_t q[2])
{
	for (int half = 0; half < 2; half++) {
		const int at = 16 * half;
		uint8x16_t v, top;
		int zero = 0;
		switch (wtype) {
		case FH_Q4_K:
		case FH_Q5_K:
			v = vld1q_u8(p + (wtype == FH_Q5_K ? 48 : 16) + 32 * (s / 2) + at);
			v = vandq_u8(shifted(v, 4 * (s % 2)), vdupq_n_u8(15));
			if (wtype == FH_Q5_K) {
				top = vandq_u8(shifted(vld1q_u8(p + 16 + at), s), vdupq_n_u8(1));
				v = vorrq_u8(v, vshlq_n_u8(top, 4));
			}
			break;
		case FH_Q6_K:
			v = vld1q_u8(p + 64 * (s / 4) + 32 * (s % 2) + at);
			v = vandq_u8(shifted(v, s % 4 < 2 ? 0 : 4), vdupq_n_u8(15));
			top = vandq_u8(shifted(vld1q_u8(p + 128 + 32 * (s / 4) + at), 2 * (s % 4)), vdupq_n_u8(3));
			v = vorrq_u8(v, vshlq_n_u8(top, 4));
			zero = 32;
			break;
		default:
			v = vld1q_u8(p + (wtype == FH_Q3_K ? 32 : 16) + 32 * (s / 4) + at);
			v = vandq_u8(shifted(v, 2 * (s % 4)), vdupq_n_u8(3));
			if (wtype == FH_Q3_K) {
				top = vandq_u8(shifted(vld1q_u8(p + at), s), vdupq_n_u8(1));
				v = vorrq_u8(v, vshlq_n_u8(top, 2));
				zero = 4;
			}
		}
		q[half] = vsubq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8((int8_t)zero));
	}
}

// Scales and minima of a block of 256, sixteen of each.
FH_INLINE void k_scales(int wtype, const uint8_t *p, int16_t scale[16], int16_t min[16])
{
	switch (wtype) {
	case FH_Q6_K: {
		const int8x16_t v = vld1q_s8((const int8_t *)p + 192);
		vst1q_s16(scale, vmovl_s8(vget_low_s8(v)));
		vst1q_s16(scale + 8, vmovl_s8(vget_high_s8(v)));
		break;
	}
	case FH_Q3_K:
		fh_q3_scales(p + 96, scale);
		break;
	case FH_Q2_K: {
		const uint8x16_t v = vld1q_u8(p), s = vandq_u8(v, vdupq_n_u8(15)), m = vshrq_n_u8(v, 4);
		vst1q_s16(scale, vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(s))));
		vst1q_s16(scale + 8, vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(s))));
		vst1q_s16(min, vreinterpretq_s16_u16(vmovl_u8(vget_low_u8(m))));
		vst1q_s16(min + 8, vreinterpretq_s16_u16(vmovl_u8(vget_high_u8(m))));
		break;
	}
	default:
		fh_k_scales(p + 4, scale, min);
	}
}

FH_INLINE int d_offset(int wtype)
{
	return wtype == FH_Q6_K ? 208 : wtype == FH_Q3_K ? 108 : wtype == FH_Q2_K ? 80 : 0;
}

// Up to four values as floats, the missing ones zero.
FH_INLINE float32x4_t load_plain(int wtype, const uint8_t *p, int count)
{
	uint8_t rest[16] = {0};
	if (count < 4) {
		memcpy(rest, p, (size_t)count * fh_block_bytes(wtype));
		p = rest;
	}
	if (wtype == FH_F32)
		return vreinterpretq_f32_u8(vld1q_u8(p));
	const uint16x4_t v = vreinterpret_u16_u8(vld1_u8(p));
	if (wtype == FH_F16)
		return vcvt_f32_f16(vreinterpret_f16_u16(v));
	return vreinterpretq_f32_u32(vshll_n_u16(v, 16));
}

#include "linear_neon_panels.h"
#include "linear_neon_rows.h"

// ---------------------------------------------------------------------------
// Activations.

// Rounds sixteen scaled floats to bytes, ties to even; returns their sum.
FH_INLINE int round16(const float *x, float scale, int8_t *q)
{
	int32x4_t v[4];
	for (int i = 0; i < 4; i++)
		v[i] = vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4 * i), scale));
	const int16x8_t low = vcombine_s16(vqmovn_s32(v[0]), vqmovn_s32(v[1]));
	const int16x8_t high = vcombine_s16(vqmovn_s32(v[2]), vqmovn_s32(v[3]));
	vst1q_s8(q, vcombine_s8(vqmovn_s16(low), vqmovn_s16(high)));
	return vaddvq_s32(vaddq_s32(vaddq_s32(v[0], v[1]), vaddq_s32(v[2], v[3])));
}

FH_INLINE float largest(const float *x, int n)
{
	float32x4_t max = vdupq_n_f32(0);
	for (int i = 0; i < n; i += 4)
		max = vmaxnmq_f32(max, vabsq_f32(vld1q_f32(x + i)));
	return vmaxnmvq_f32(max);
}

static int quantize32(const float *x, int8_t *q, float *d, float *d_exact)
{
	const float amax = largest(x, 32), scale = amax > 0 ? 127.f / amax : 0;
	*d_exact = amax / 127.f;
	*d = vgetq_lane_f32(vcvt_f32_f16(vcvt_f16_f32(vdupq_n_f32(*d_exact))), 0);
	return round16(x, scale, q) + round16(x + 16, scale, q + 16);
}

// The sign of the scale is that of the first value of largest magnitude, which
// so becomes -127.
static void quantize256(const float *x, int8_t *q, float *d)
{
	const float amax = largest(x, 256);
	float extreme = 0;
	for (int i = 0; i < 256 && amax > 0; i++)
		if (fabsf(x[i]) == amax) {
			extreme = x[i];
			break;
		}
	const float inverse = extreme != 0 ? -127.f / extreme : 0;
	*d = extreme != 0 ? 1 / inverse : 0;
	for (int i = 0; i < 256; i += 16)
		round16(x + i, inverse, q + i);
}

const struct fh_kernels fh_kernels_neon = {
	.row_kernels = row_kernels,
	.unpack = unpack,
	.tile = tile,
	.panel_rows = MR,
	.panel_min_columns = 10,
	.panel_bytes = panel_bytes,
	.quantize32 = quantize32,
	.quantize256 = quantize256,
};

FH_TARGET_END

#endif
