// Body of the vector kernels, included once per instruction set with
//
//	FH_TARGET   attribute of every function
//	FH_W        floats in a register
//	FH_R        query rows of the attention's register tile
//	FH_KERNELS  name of the resulting table
//	load_half, store_half, load_bytes, vmax, max_lanes, sum_lanes
//
// and vector types vf and vi declared. Only the include files below see these.

#define FH_FN static FH_TARGET
#define FH_IN static inline __attribute__((always_inline)) FH_TARGET

FH_IN vf load(const float *p)
{
	return *(const vf_any *)p;
}

FH_IN void store(float *p, vf v)
{
	*(vf_any *)p = v;
}

FH_IN vf splat(float x)
{
	return x - (vf){0};
}

// The last lanes of an array, fewer than FH_W, filled up with zeros.
FH_IN vf load_part(const float *p, int n)
{
	float lane[FH_W] = {0};
	for (int i = 0; i < n; i++)
		lane[i] = p[i];
	return load(lane);
}

FH_IN void store_part(float *p, vf v, int n)
{
	float lane[FH_W];
	store(lane, v);
	for (int i = 0; i < n; i++)
		p[i] = lane[i];
}

// e^x within 1e-7 of its value; 0 below −87.3 and not beyond 2^127 above.
// x = n·ln 2 + r, and e^r is a polynomial interpolated at Chebyshev nodes of
// |r| ≤ ln 2 / 2. Adding 1.5·2^23 rounds to an integer, which then stands in
// the low bits; ln 2 is taken in two parts so that r keeps its bits.
FH_IN vf vexp(vf x)
{
	const vf magic = splat(12582912.f), low = splat(-87.3f);
	const vi tiny = (vi)(x < low);
	vf y = vmax(x, low);
	y = -vmax(-y, splat(-88.f));
	const vf shifted = y * 1.44269502f + magic;
	const vf n = shifted - magic;
	vf r = y - n * 0.693359375f;
	r = r - n * -0.000212194442f;
	vf p = splat(0.0013926184f);
	p = p * r + 0.00836317893f;
	p = p * r + 0.0416665561f;
	p = p * r + 0.166665763f;
	p = p * r + 0.5f;
	p = p * (r * r) + r + 1.f;
	const vi e = (vi)p + ((vi)shifted << 23);
	return (vf)(e & ~tiny);
}

FH_FN void exp_array(const float *x, float *dst, int n)
{
	int i = 0;
	for (; i + FH_W <= n; i += FH_W)
		store(dst + i, vexp(load(x + i)));
	if (i < n)
		store_part(dst + i, vexp(load_part(x + i, n - i)), n - i);
}

FH_FN void scale_array(float *x, int n, float factor)
{
	for (int i = 0; i < n; i++)
		x[i] *= factor;
}

FH_FN void rmsnorm(const float *x, const float *gain, float *dst, int n, float eps)
{
	vf a = {0}, b = {0}, c = {0}, d = {0};
	int i = 0;
	for (; i + 4 * FH_W <= n; i += 4 * FH_W) {
		const vf v0 = load(x + i), v1 = load(x + i + FH_W);
		const vf v2 = load(x + i + 2 * FH_W), v3 = load(x + i + 3 * FH_W);
		a += v0 * v0;
		b += v1 * v1;
		c += v2 * v2;
		d += v3 * v3;
	}
	for (; i + FH_W <= n; i += FH_W) {
		const vf v = load(x + i);
		a += v * v;
	}
	if (i < n) {
		const vf v = load_part(x + i, n - i);
		b += v * v;
	}
	const float mean = sum_lanes((a + b) + (c + d)) / (float)n;
	const float factor = 1.f / __builtin_sqrtf(mean + eps);
	for (i = 0; i + FH_W <= n; i += FH_W)
		store(dst + i, load(x + i) * factor * load(gain + i));
	for (; i < n; i++)
		dst[i] = x[i] * factor * gain[i];
}

FH_IN vf silu_times(vf gate, vf up)
{
	return gate / (1.f + vexp(-gate)) * up;
}

FH_FN void swiglu(const float *gate, const float *up, float *dst, int n)
{
	int i = 0;
	for (; i + FH_W <= n; i += FH_W)
		store(dst + i, silu_times(load(gate + i), load(up + i)));
	if (i < n)
		store_part(dst + i, silu_times(load_part(gate + i, n - i), load_part(up + i, n - i)), n - i);
}

FH_FN void rope(float *x, int heads, int head_dim, const float *restrict cos, const float *restrict sin,
		int pairs, int adjacent)
{
	for (int h = 0; h < heads; h++, x += head_dim) {
		if (adjacent) {
			float *restrict p = x;
			for (int i = 0; i < pairs; i++) {
				const float a = p[2 * i], b = p[2 * i + 1];
				p[2 * i] = a * cos[i] - b * sin[i];
				p[2 * i + 1] = a * sin[i] + b * cos[i];
			}
		} else {
			float *restrict p = x, *restrict q = x + pairs;
			for (int i = 0; i < pairs; i++) {
				const float a = p[i], b = q[i];
				p[i] = a * cos[i] - b * sin[i];
				q[i] = a * sin[i] + b * cos[i];
			}
		}
	}
}

FH_IN void store_halves(const float *k, const float *v, uint8_t *head, int dim, int slot)
{
	uint16_t half[FH_W], *keys = (uint16_t *)head;
	uint16_t *values = keys + dim * FH_BLOCK + slot * fh_padded_head(dim);
	int i = 0;
	for (; i < dim; i += FH_W) {
		const int n = dim - i < FH_W ? dim - i : FH_W;
		store_half(half, n == FH_W ? load(k + i) : load_part(k + i, n));
		for (int j = 0; j < n; j++)
			keys[(i + j) * FH_BLOCK + slot] = half[j];
	}
	for (i = 0; i + FH_W <= dim; i += FH_W)
		store_half(values + i, load(v + i));
	if (i < dim)
		store_half(values + i, load_part(v + i, dim - i));
}

// Quantizes up to FH_GROUP values to q, so many bytes apart. The scale is a
// 127th of the largest magnitude, rounded to float16 before the values are
// divided by it.
FH_IN void store_group(const float *x, int n, int8_t *q, int step, uint16_t *scale)
{
	float v[FH_GROUP] = {0};
	int32_t lane[FH_W];
	vf top = {0};
	for (int i = 0; i < n; i++)
		v[i] = x[i];
	for (int i = 0; i < FH_GROUP; i += FH_W)
		top = vmax(top, vmax(load(v + i), -load(v + i)));
	uint16_t half[FH_W];
	const float d = max_lanes(top) / 127.f;
	store_half(half, splat(d < 65504.f ? d : 65504.f));
	*scale = half[0];
	const vf by = load_half(half), magic = splat(12582912.f); // 1.5·2^23, as in vexp
	for (int i = 0; i < n; i += FH_W) {
		vf r = vmax(load(v + i) / by, splat(-127.f));
		r = -vmax(-r, splat(-127.f));
		const vi rounded = (vi)(r + magic) - (vi)magic;
		store((float *)lane, (vf)rounded);
		for (int j = 0; j < FH_W && i + j < n; j++)
			q[(i + j) * step] = half[0] & 0x7fff ? (int8_t)lane[j] : 0;
	}
}

FH_IN void store_bytes(const float *k, const float *v, uint8_t *head, int dim, int slot)
{
	const int padded = fh_padded_head(dim);
	int8_t *keys = (int8_t *)head;
	uint16_t *key_scales = (uint16_t *)(head + fh_kv_quants(FH_KV_Q8_0, dim)) + slot;
	head += fh_kv_part(FH_KV_Q8_0, dim, dim);
	int8_t *values = (int8_t *)head + slot * padded;
	uint16_t *value_scales = (uint16_t *)(head + fh_kv_quants(FH_KV_Q8_0, padded)) + slot;
	for (int i = 0; i < dim; i += FH_GROUP, key_scales += FH_BLOCK, value_scales += FH_BLOCK) {
		const int n = dim - i < FH_GROUP ? dim - i : FH_GROUP;
		store_group(k + i, n, keys + i * FH_BLOCK + slot, FH_BLOCK, key_scales);
		store_group(v + i, n, values + i, 1, value_scales);
	}
}

FH_FN void store_token(const float *k, const float *v, uint8_t *block, int kv_type,
		       const struct fh_kv_layer *layer, int slot)
{
	const int dim = layer->head_dim;
	for (int h = 0; h < layer->heads; h++, k += dim, v += dim, block += fh_kv_head_bytes(kv_type, dim)) {
		if (kv_type == FH_KV_F16)
			store_halves(k, v, block, dim, slot);
		else
			store_bytes(k, v, block, dim, slot);
	}
}

#include "attend_impl.h"

const struct fh_vector_kernels FH_KERNELS = {
	.rmsnorm = rmsnorm,
	.swiglu = swiglu,
	.rope = rope,
	.store = store_token,
	.attend = attend,
	.scale = scale_array,
	.exp = exp_array,
};
