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

#include "vector_rows_impl.h"

#include "store_impl.h"
#include "attend_impl.h"
#include "recurrent_impl.h"

const struct fh_vector_kernels FH_KERNELS = {
	.rmsnorm = rmsnorm,
	.layernorm = layernorm,
	.l2norm = l2norm,
	.gated = gated,
	.rope = rope,
	.store = store_token,
	.attend = attend,
	.recur = recur,
	.convolve = convolve,
	.add = add_array,
	.multiply = multiply,
	.scale = scale_array,
	.clamp = clamp_array,
	.softcap = softcap_array,
	.exp = exp_array,
};
