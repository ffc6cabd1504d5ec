// Linear kernels in plain C: they run anywhere and say what the others must
// compute. One weight row against one column at a time.
#include "linear_block.h"

#include <math.h>

// Rounds to the nearest integer, ties to even, for |f| < 2^22.
FH_INLINE int nearest(float f)
{
#if defined(__x86_64__)
	// Adding 1.5*2^23 leaves the integer in the low bits of the sum. Without
	// SSE4.1 rintf is a call; and without FMA the compiler cannot merge the
	// addition with the product that f comes from, which would round once
	// where the definition rounds twice.
	const int32_t bits = (int32_t)fh_float_bits(f + 12582912.f);
	return (bits & 0x7fffff) - 0x400000;
#else
	f = rintf(f);
	return f > -128 && f < 128 ? (int)f : 0; // NaN has no integer
#endif
}

static int quantize32(const float *x, int8_t *q, float *d, float *d_exact)
{
	float amax = 0;
	for (int i = 0; i < 32; i++) {
		const float a = fabsf(x[i]);
		amax = a > amax ? a : amax;
	}
	*d_exact = amax / 127.f;
	*d = fh_round_half(*d_exact);
	const float inverse = amax > 0 ? 127.f / amax : 0;
	int sum = 0;
	for (int i = 0; i < 32; i++) {
		q[i] = (int8_t)nearest(x[i] * inverse);
		sum += q[i];
	}
	return sum;
}

// The sign of the scale is that of the largest value, which so becomes -127.
static void quantize256(const float *x, int8_t *q, float *d)
{
	float amax = 0, max = 0;
	for (int i = 0; i < 256; i++) {
		const float a = fabsf(x[i]);
		if (a > amax) {
			amax = a;
			max = x[i];
		}
	}
	if (amax == 0) {
		*d = 0;
		memset(q, 0, 256);
		return;
	}
	const float inverse = -127.f / max;
	for (int i = 0; i < 256; i++)
		q[i] = (int8_t)nearest(x[i] * inverse);
	*d = 1 / inverse;
}

FH_INLINE float dot_float(int wtype, const uint8_t *w, int k, const float *x)
{
	float acc[8] = {0}; // eight chains let the compiler use vectors
	int i = 0;
	for (; i + 8 <= k; i += 8)
		for (int j = 0; j < 8; j++) {
			float v;
			if (wtype == FH_F32)
				memcpy(&v, w + 4 * (i + j), 4);
			else
				v = wtype == FH_F16 ? fh_half_at(w + 2 * (i + j)) : fh_bfloat(fh_load16(w + 2 * (i + j)));
			acc[j] += v * x[i + j];
		}
	for (; i < k; i++) {
		float v;
		if (wtype == FH_F32)
			memcpy(&v, w + 4 * i, 4);
		else
			v = wtype == FH_F16 ? fh_half_at(w + 2 * i) : fh_bfloat(fh_load16(w + 2 * i));
		acc[0] += v * x[i];
	}
	return ((acc[0] + acc[1]) + (acc[2] + acc[3])) + ((acc[4] + acc[5]) + (acc[6] + acc[7]));
}

FH_INLINE float dot32(int wtype, const uint8_t *w, int k, const uint8_t *column)
{
	const int blocks = k / 32, parts = fh_parts(wtype);
	const int8_t *q = (const int8_t *)column;
	const float *d = (const float *)(column + fh_round_up((size_t)k, 64));
	const float *sum16 = d + blocks;
	float total = 0;
	for (int b = 0; b < blocks; b++, q += 32) {
		struct fh_block32 block;
		fh_decode32(wtype, w + (size_t)(b / parts) * fh_block_bytes(wtype), b % parts, &block);
		int dot[2] = {0, 0};
		for (int i = 0; i < 32; i++)
			dot[i / 16] += (block.q[i] - block.zero) * q[i];
		if (fh_sub_block(wtype) == 16)
			total += ((float)dot[0] * block.d[0] + (float)dot[1] * block.d[1]) * d[b];
		else
			total += (float)(dot[0] + dot[1]) * (block.d[0] * d[b]) + block.m * sum16[b];
	}
	return total;
}

FH_INLINE float dot256(int wtype, const uint8_t *w, int k, const uint8_t *column)
{
	const struct fh_k_block *x = (const struct fh_k_block *)column;
	float total = 0;
	for (int b = 0; b < k / 256; b++, w += fh_block_bytes(wtype), x++) {
		struct fh_block256 block;
		fh_decode256(wtype, w, &block);
		int dots = 0, mins = 0;
		for (int j = 0; j < 16; j++) {
			int dot = 0;
			for (int i = 16 * j; i < 16 * j + 16; i++)
				dot += (block.q[i] - block.zero) * x->q[i];
			dots += block.scale[j] * dot;
			mins += block.min[j] * x->sum16[j];
		}
		total += (float)dots * (block.d * x->d) - (float)mins * (block.dmin * x->d);
	}
	return total;
}

#define ROWS(type, dot, cast)                                                              \
	static void rows_##type(const uint8_t *w, size_t row_bytes, int rows, int k,       \
				const uint8_t *x, size_t column_bytes, float *y, size_t ldy) \
	{                                                                                  \
		(void)column_bytes, (void)ldy;                                             \
		for (int r = 0; r < rows; r++, w += row_bytes)                             \
			y[r] = dot(FH_##type, w, k, (cast)x);                              \
	}
ROWS(F32, dot_float, const float *)
ROWS(F16, dot_float, const float *)
ROWS(BF16, dot_float, const float *)
ROWS(Q4_0, dot32, const uint8_t *)
ROWS(Q4_1, dot32, const uint8_t *)
ROWS(Q5_0, dot32, const uint8_t *)
ROWS(Q5_1, dot32, const uint8_t *)
ROWS(Q8_0, dot32, const uint8_t *)
ROWS(Q2_K, dot256, const uint8_t *)
ROWS(Q3_K, dot256, const uint8_t *)
ROWS(Q4_K, dot256, const uint8_t *)
ROWS(Q5_K, dot256, const uint8_t *)
ROWS(Q6_K, dot256, const uint8_t *)
ROWS(IQ4_NL, dot32, const uint8_t *)
ROWS(MXFP4, dot32, const uint8_t *)
ROWS(NVFP4, dot32, const uint8_t *)
ROWS(Q1_0, dot32, const uint8_t *)
ROWS(Q2_0, dot32, const uint8_t *)
ROWS(IQ1_S, dot256, const uint8_t *)
ROWS(IQ1_M, dot256, const uint8_t *)
ROWS(IQ2_XXS, dot256, const uint8_t *)
ROWS(IQ2_XS, dot256, const uint8_t *)
ROWS(IQ2_S, dot256, const uint8_t *)
ROWS(IQ3_XXS, dot256, const uint8_t *)
ROWS(IQ3_S, dot256, const uint8_t *)
ROWS(IQ4_XS, dot256, const uint8_t *)
ROWS(TQ1_0, dot256, const uint8_t *)
ROWS(TQ2_0, dot256, const uint8_t *)

static const struct fh_row_kernels types[FH_TYPES] = {
	[FH_F32] = {FH_ACT_F32, {rows_F32}},
	[FH_F16] = {FH_ACT_F16, {rows_F16}},
	[FH_BF16] = {FH_ACT_BF16, {rows_BF16}},
	[FH_Q4_0] = {FH_ACT_Q8, {rows_Q4_0}},
	[FH_Q4_1] = {FH_ACT_Q8, {rows_Q4_1}},
	[FH_Q5_0] = {FH_ACT_Q8, {rows_Q5_0}},
	[FH_Q5_1] = {FH_ACT_Q8, {rows_Q5_1}},
	[FH_Q8_0] = {FH_ACT_Q8, {rows_Q8_0}},
	[FH_Q2_K] = {FH_ACT_K, {rows_Q2_K}},
	[FH_Q3_K] = {FH_ACT_K, {rows_Q3_K}},
	[FH_Q4_K] = {FH_ACT_K, {rows_Q4_K}},
	[FH_Q5_K] = {FH_ACT_K, {rows_Q5_K}},
	[FH_Q6_K] = {FH_ACT_K, {rows_Q6_K}},
	[FH_IQ4_NL] = {FH_ACT_Q8, {rows_IQ4_NL}},
	[FH_MXFP4] = {FH_ACT_Q8, {rows_MXFP4}},
	[FH_NVFP4] = {FH_ACT_Q8, {rows_NVFP4}},
	[FH_Q1_0] = {FH_ACT_Q8, {rows_Q1_0}},
	[FH_Q2_0] = {FH_ACT_Q8, {rows_Q2_0}},
	[FH_IQ1_S] = {FH_ACT_K, {rows_IQ1_S}},
	[FH_IQ1_M] = {FH_ACT_K, {rows_IQ1_M}},
	[FH_IQ2_XXS] = {FH_ACT_K, {rows_IQ2_XXS}},
	[FH_IQ2_XS] = {FH_ACT_K, {rows_IQ2_XS}},
	[FH_IQ2_S] = {FH_ACT_K, {rows_IQ2_S}},
	[FH_IQ3_XXS] = {FH_ACT_K, {rows_IQ3_XXS}},
	[FH_IQ3_S] = {FH_ACT_K, {rows_IQ3_S}},
	[FH_IQ4_XS] = {FH_ACT_K, {rows_IQ4_XS}},
	[FH_TQ1_0] = {FH_ACT_K, {rows_TQ1_0}},
	[FH_TQ2_0] = {FH_ACT_K, {rows_TQ2_0}},
};

static const struct fh_row_kernels *row_kernels(int wtype) { return &types[wtype]; }

const struct fh_kernels fh_kernels_portable = {
	.row_kernels = row_kernels,
	.quantize32 = quantize32,
	.quantize256 = quantize256,
};
