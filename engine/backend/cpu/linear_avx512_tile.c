// AVX-512 tile kernels (prefill): a panel of sixteen weight rows times up to
// twelve columns. Each step multiplies one vector of weights with a broadcast
// group of four values per column; the accumulators of symmetric types begin
// at -128 times the sum of the activations, so the weights' offset is free.
#include "linear_avx512_panel.h"
#include "linear_avx512.h"

#if defined(__x86_64__)

enum { MR = FH_AVX512_PANEL_ROWS };

// Writes column j of a tile.
FH_INLINE void put(const struct fh_output *out, int j, __m512 v)
{
	const __mmask16 rows = (__mmask16)((1u << out->rows) - 1);
	float *y = out->y + (size_t)j * out->ldy;
	if (out->bias)
		v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(rows, out->bias));
	if (out->accumulate)
		v = _mm512_add_ps(v, _mm512_maskz_loadu_ps(rows, y));
	_mm512_mask_storeu_ps(y, rows, v);
}

// Fetching what comes next into L2, a step in each sub-block: spread over the
// tile's own work, because a core drops requests that come in bursts. Without
// it memory would lie idle most of the time that few columns take.
struct fetch {
	const uint8_t *at, *end;
	size_t step;
};

FH_INLINE struct fetch fetch_of(const struct fh_output *out, int sub_blocks)
{
	const size_t bytes = out->next ? out->next_bytes : 0;
	const size_t lines = (bytes + 63) / 64, steps = (size_t)sub_blocks;
	return (struct fetch){out->next, out->next + bytes, (lines + steps - 1) / steps * 64};
}

FH_INLINE void fetch_step(struct fetch *f)
{
	const uint8_t *to = f->at + f->step;
	for (; f->at < to && f->at < f->end; f->at += 64)
		_mm_prefetch((const char *)f->at, _MM_HINT_T1);
}

// Blocks of 32, each with its own scales on both sides, on that of the weights
// one for each half (NVFP4) too.
FH_INLINE void tile32(int wtype, int nc, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const int affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int sub = fh_sub_block(wtype), parts = 32 / sub;
	const struct fh_avx512_panel a = fh_avx512_panel_at(wtype, k, (void *)weights);
	const struct fh_panel x = fh_panel_at(sub == 32 ? FH_ACT_PANEL_Q8 : FH_ACT_PANEL_Q8_HALVES, k, act);
	struct fetch next = fetch_of(out, k / sub);
	__m512 total[FH_TILE];
#pragma GCC unroll 12
	for (int j = 0; j < nc; j++)
		total[j] = _mm512_setzero_ps();
	const uint8_t *q = a.q;
	const int8_t *xq = x.q;
	for (int b = 0; b < k / sub; b++, q += sub * MR, xq += sub * FH_TILE) {
		fetch_step(&next);
		__m512i sum[FH_TILE];
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++)
			sum[j] = affine ? _mm512_setzero_si512() : _mm512_set1_epi32(x.seed[b * FH_TILE + j]);
#pragma GCC unroll 8
		for (int i = 0; i < sub / 4; i++) {
			const __m512i v = _mm512_load_si512(q + 64 * i);
#pragma GCC unroll 12
			for (int j = 0; j < nc; j++)
				sum[j] = dot4_broadcast(sum[j], v, xq + 4 * FH_TILE * i + 4 * j);
		}
		const __m512 scale = _mm512_load_ps(a.scale + b * MR);
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++) {
			const __m512 d = _mm512_mul_ps(scale, _mm512_set1_ps(x.d[b / parts * FH_TILE + j]));
			total[j] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[j]), d, total[j]);
		}
		if (affine) {
			const __m512 min = _mm512_load_ps(a.min + b * MR);
#pragma GCC unroll 12
			for (int j = 0; j < nc; j++)
				total[j] = _mm512_fmadd_ps(min, _mm512_set1_ps(x.sum[b * FH_TILE + j]), total[j]);
		}
	}
#pragma GCC unroll 12
	for (int j = 0; j < nc; j++)
		if (j < out->columns)
			put(out, j, total[j]);
}

// Blocks of 256 with sub-blocks of 16 or 32. The activations' scale is applied
// once per block; the running totals live in memory, for the registers hold
// the sums of the sub-block and of the block.
FH_INLINE void tile256(int wtype, int nc, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const int sub = fh_sub_block(wtype), parts = 256 / sub;
	const int symmetric = wtype == FH_Q3_K || wtype == FH_Q6_K || fh_is_coded(wtype);
	const struct fh_avx512_panel a = fh_avx512_panel_at(wtype, k, (void *)weights);
	const struct fh_panel x = fh_panel_at(FH_ACT_PANEL_K, k, act);
	struct fetch next = fetch_of(out, k / sub);
	float total[FH_TILE][MR] __attribute__((aligned(64)));
	for (int j = 0; j < nc; j++)
		_mm512_store_ps(total[j], _mm512_setzero_ps());
	const uint8_t *q = a.q;
	const int8_t *xq = x.q;
	const float *scale = a.scale, *min = a.min, *xsum = x.sum;
	const int32_t *seed = x.seed;
	for (int b = 0; b < k / 256; b++) {
		__m512 block[FH_TILE];
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++)
			block[j] = _mm512_setzero_ps();
		for (int s = 0; s < parts; s++, q += sub * MR, xq += sub * FH_TILE, scale += MR) {
			fetch_step(&next);
			__m512i sum[FH_TILE];
#pragma GCC unroll 12
			for (int j = 0; j < nc; j++) {
				sum[j] = symmetric ? _mm512_set1_epi32(seed[j]) : _mm512_setzero_si512();
				if (symmetric && sub == 32)
					sum[j] = _mm512_add_epi32(sum[j], _mm512_set1_epi32(seed[FH_TILE + j]));
			}
#pragma GCC unroll 8
			for (int i = 0; i < sub / 4; i++) {
				const __m512i v = _mm512_load_si512(q + 64 * i);
#pragma GCC unroll 12
				for (int j = 0; j < nc; j++)
					sum[j] = dot4_broadcast(sum[j], v, xq + 4 * FH_TILE * i + 4 * j);
			}
			const __m512 d = _mm512_load_ps(scale);
#pragma GCC unroll 12
			for (int j = 0; j < nc; j++)
				block[j] = _mm512_fmadd_ps(_mm512_cvtepi32_ps(sum[j]), d, block[j]);
			if (!symmetric) {
				const __m512 m = _mm512_load_ps(min);
#pragma GCC unroll 12
				for (int j = 0; j < nc; j++) {
					const __m512 sums = sub == 32 ? _mm512_set1_ps(xsum[j])
								      : _mm512_cvtepi32_ps(_mm512_set1_epi32(seed[j]));
					block[j] = _mm512_fmadd_ps(m, sums, block[j]);
				}
				min += MR;
			}
			xsum += sub == 32 ? FH_TILE : 0;
			seed += sub == 32 ? 2 * FH_TILE : FH_TILE;
		}
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++) {
			const __m512 d = _mm512_set1_ps(x.d[b * FH_TILE + j]);
			_mm512_store_ps(total[j], _mm512_fmadd_ps(block[j], d, _mm512_load_ps(total[j])));
		}
	}
	for (int j = 0; j < nc && j < out->columns; j++)
		put(out, j, _mm512_load_ps(total[j]));
}

FH_INLINE void plain(int nc, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const float *w = weights, *x = act;
	__m512 total[FH_TILE];
#pragma GCC unroll 12
	for (int j = 0; j < nc; j++)
		total[j] = _mm512_setzero_ps();
	for (int i = 0; i < k; i++, w += MR, x += FH_TILE) {
		const __m512 v = _mm512_load_ps(w);
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++)
			total[j] = _mm512_fmadd_ps(v, _mm512_set1_ps(x[j]), total[j]);
	}
#pragma GCC unroll 12
	for (int j = 0; j < nc; j++)
		if (j < out->columns)
			put(out, j, total[j]);
}

// The last tile is often narrow: do not compute columns that do not exist.
#define TILE(name, call4, call8, call12)                                                              \
	static void tile_##name(const void *w, const void *x, int k, const struct fh_output *out)     \
	{                                                                                             \
		if (out->columns <= 4)                                                                \
			call4;                                                                        \
		else if (out->columns <= 8)                                                           \
			call8;                                                                        \
		else                                                                                  \
			call12;                                                                       \
	}
#define TILE_Q(name, template, wtype)                                                                 \
	TILE(name, template(wtype, 4, w, x, k, out), template(wtype, 8, w, x, k, out), template(wtype, 12, w, x, k, out))

TILE(plain, plain(4, w, x, k, out), plain(8, w, x, k, out), plain(12, w, x, k, out))
TILE_Q(symmetric32, tile32, FH_Q8_0)
TILE_Q(affine32, tile32, FH_Q4_1)
TILE_Q(coarse256, tile256, FH_Q4_K)
TILE_Q(fine256, tile256, FH_Q2_K)
TILE_Q(symmetric256, tile256, FH_Q6_K)
TILE_Q(halves32, tile32, FH_NVFP4)
TILE_Q(codes256, tile256, FH_IQ4_XS)

fh_tile_fn *const fh_avx512_tile[FH_TYPES] = {
	[FH_F32] = tile_plain,	      [FH_F16] = tile_plain,	    [FH_BF16] = tile_plain,
	[FH_Q4_0] = tile_symmetric32, [FH_Q4_1] = tile_affine32,    [FH_Q5_0] = tile_symmetric32,
	[FH_Q5_1] = tile_affine32,    [FH_Q8_0] = tile_symmetric32, [FH_Q2_K] = tile_fine256,
	[FH_Q3_K] = tile_symmetric256, [FH_Q4_K] = tile_coarse256,  [FH_Q5_K] = tile_coarse256,
	[FH_Q6_K] = tile_symmetric256,

	[FH_IQ4_NL] = tile_symmetric32, [FH_MXFP4] = tile_symmetric32, [FH_Q1_0] = tile_symmetric32,
	[FH_Q2_0] = tile_symmetric32,	[FH_NVFP4] = tile_halves32,    [FH_IQ1_M] = tile_symmetric256,
	[FH_IQ2_XS] = tile_symmetric256, [FH_IQ2_S] = tile_symmetric256, [FH_IQ1_S] = tile_codes256,
	[FH_IQ2_XXS] = tile_codes256,	[FH_IQ3_XXS] = tile_codes256,  [FH_IQ3_S] = tile_codes256,
	[FH_IQ4_XS] = tile_codes256,	[FH_TQ1_0] = tile_codes256,    [FH_TQ2_0] = tile_codes256,
};

FH_TARGET_END

#endif
