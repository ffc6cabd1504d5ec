// The attention kernel, part of vector_impl.h: softmax(Q·K)·V over a range of
// cache blocks, one pass, with the running maximum of Milakov & Gimelshein,
// "Online normalizer calculation for softmax" (2018), applied block by block
// as in FlashAttention (Dao et al., 2022).
//
// Both products of a block are the same small matrix product: rows of A, which
// are broadcast, times rows of B, which lie along registers.
//
//	scores [R][32]  = Q [R][head_dim] · K [head_dim][32]
//	out    [R][dim] = P [R][32]       · V [32][dim]

// product adds A·B for R rows and NV registers of columns to c, or, without
// keep, writes it there. With keep, c is first scaled by keep[r]. A's element
// (r, k) is a[r*row + k*step]. B in halves is fetched so many halves ahead: as
// much of the next block as is read of this one.
FH_IN void product(const int R, const int NV, const int half, const float *a, const int row, const int step,
		   const void *b, int ldb, int kn, ptrdiff_t ahead, float *c, int ldc, const float *keep)
{
	vf acc[FH_R][2];
#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 2
		for (int j = 0; j < NV; j++)
			acc[r][j] = keep ? load(c + r * ldc + j * FH_W) * keep[r] : (vf){0};
	const uint16_t *bh = b;
	const float *bf = b;
	for (int k = 0; k < kn; k++) {
		vf v[2];
		if (half)
			__builtin_prefetch(bh + ahead);
#pragma GCC unroll 2
		for (int j = 0; j < NV; j++)
			v[j] = half ? load_half(bh + j * FH_W) : load(bf + j * FH_W);
#pragma GCC unroll 16
		for (int r = 0; r < R; r++) {
			const vf x = splat(a[r * row]);
#pragma GCC unroll 2
			for (int j = 0; j < NV; j++)
				acc[r][j] += x * v[j];
		}
		a += step;
		bh += ldb;
		bf += ldb;
	}
#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 2
		for (int j = 0; j < NV; j++)
			store(c + r * ldc + j * FH_W, acc[r][j]);
}

// Q is packed so that the rows of a register tile stand together: row step 1.
FH_IN void scores(const int R, const int half, const float *q, const void *k, int dim, ptrdiff_t ahead, float *s)
{
	for (int t = 0; t < FH_BLOCK; t += 2 * FH_W) {
		const int n = FH_BLOCK - t < 2 * FH_W ? 1 : 2;
		const void *at = half ? (const void *)((const uint16_t *)k + t) : (const void *)((const float *)k + t);
		if (n == 2)
			product(R, 2, half, q, 1, FH_R, at, FH_BLOCK, dim, ahead, s + t, FH_BLOCK, 0);
		else
			product(R, 1, half, q, 1, FH_R, at, FH_BLOCK, dim, ahead, s + t, FH_BLOCK, 0);
	}
}

FH_IN void mix(const int R, const int half, const float *p, const void *v, int tokens, int padded, ptrdiff_t ahead,
	       float *out, const float *keep)
{
	int d = 0;
	for (; d + 2 * FH_W <= padded; d += 2 * FH_W) {
		const void *at = half ? (const void *)((const uint16_t *)v + d) : (const void *)((const float *)v + d);
		product(R, 2, half, p, FH_BLOCK, 1, at, padded, tokens, ahead, out + d, padded, keep);
	}
	for (; d < padded; d += FH_W) {
		const void *at = half ? (const void *)((const uint16_t *)v + d) : (const void *)((const float *)v + d);
		product(R, 1, half, p, FH_BLOCK, 1, at, padded, tokens, ahead, out + d, padded, keep);
	}
}

// The weights of a block: scores become exp(score − top), keep what the sums
// so far must be multiplied with. Row r sees positions [lo[r], hi[r]) of the
// block.
FH_IN void weigh(int rows, float *s, const int *lo, const int *hi, float *top, float *sum, float *keep)
{
	float delta[FH_R + FH_W];
	for (int r = 0; r < rows; r++) {
		float *row = s + r * FH_BLOCK;
		if (lo[r] > 0 || hi[r] < FH_BLOCK) {
			for (int t = 0; t < lo[r]; t++)
				row[t] = -__builtin_inff();
			for (int t = hi[r]; t < FH_BLOCK; t++)
				row[t] = -__builtin_inff();
		}
		vf m = load(row);
		for (int t = FH_W; t < FH_BLOCK; t += FH_W)
			m = vmax(m, load(row + t));
		float highest = max_lanes(m);
		highest = highest > top[r] ? highest : top[r];
		delta[r] = top[r] - highest;
		top[r] = highest;
	}
	for (int r = rows; r < FH_R; r++)
		delta[r] = 0;
	for (int r = 0; r < FH_R; r += FH_W)
		store(keep + r, vexp(load(delta + r)));
	for (int r = 0; r < rows; r++) {
		float *row = s + r * FH_BLOCK;
		vf total = {0};
		for (int t = 0; t < FH_BLOCK; t += FH_W) {
			const vf e = vexp(load(row + t) - top[r]);
			store(row + t, e);
			total += e;
		}
		sum[r] = sum[r] * keep[r] + sum_lanes(total);
	}
}

FH_IN void tile_block(const int R, const int half, const float *q, const void *k, const void *v, int dim,
		      int tokens, ptrdiff_t ahead, const int *lo, const int *hi, float *out, float *top,
		      float *sum)
{
	_Alignas(64) float s[FH_R * FH_BLOCK];
	_Alignas(64) float keep[FH_R + FH_W];
	scores(R, half, q, k, dim, ahead, s);
	weigh(R, s, lo, hi, top, sum, keep);
	mix(R, half, s, v, tokens, fh_padded_head(dim), ahead, out, keep);
}

#define FH_TILE_ROWS(R)                                                                                  \
	case R:                                                                                          \
		if (half)                                                                                \
			tile_block(R, 1, q, k, v, dim, tokens, ahead, lo, hi, out, top, sum);            \
		else                                                                                     \
			tile_block(R, 0, q, k, v, dim, tokens, ahead, lo, hi, out, top, sum);            \
		break;

FH_FN void tile(int rows, int half, const float *q, const void *k, const void *v, int dim, int tokens,
		ptrdiff_t ahead, const int *lo, const int *hi, float *out, float *top, float *sum)
{
	switch (rows) {
		FH_TILE_ROWS(1)
		FH_TILE_ROWS(2)
		FH_TILE_ROWS(3)
		FH_TILE_ROWS(4)
#if FH_R > 4
		FH_TILE_ROWS(5)
		FH_TILE_ROWS(6)
#endif
#if FH_R > 6
		FH_TILE_ROWS(7)
		FH_TILE_ROWS(8)
#endif
#if FH_R > 8
		FH_TILE_ROWS(9)
		FH_TILE_ROWS(10)
		FH_TILE_ROWS(11)
		FH_TILE_ROWS(12)
#endif
	}
}

FH_FN void widen(const uint16_t *h, float *f, int n)
{
	for (int i = 0; i < n; i += FH_W)
		store(f + i, load_half(h + i));
}

// Positions of the block that begins at base which a row at position sees.
FH_IN void sees(int position, int window, int base, int *lo, int *hi)
{
	const int end = position + 1 - base;
	const int start = window > 0 ? end - window : 0;
	*hi = end < 0 ? 0 : end < FH_BLOCK ? end : FH_BLOCK;
	*lo = start < 0 ? 0 : start < FH_BLOCK ? start : FH_BLOCK;
}

FH_FN void attend(const struct fh_attend *a)
{
	const int dim = a->head_dim, padded = fh_padded_head(dim), group = a->group;
	const int heads = a->rows * group;
	const int tiles = (heads + FH_R - 1) / FH_R;
	float *packed = a->scratch;
	float *keys = packed + (size_t)tiles * FH_R * dim;
	float *values = keys + (size_t)dim * FH_BLOCK;
	for (int i = 0; i < heads; i++) {
		const float *q = a->q + (size_t)(i / group) * a->q_stride + i % group * dim;
		float *to = packed + (size_t)(i / FH_R) * FH_R * dim + i % FH_R;
		for (int d = 0; d < dim; d++)
			to[d * FH_R] = q[d] * a->scale;
		a->top[i] = FH_UNSEEN;
		a->sum[i] = 0;
	}
	for (size_t i = 0; i < (size_t)heads * padded; i++)
		a->out[i] = 0;

	// Enough rows repay the conversion of a whole block.
	const int half = tiles < FH_WIDEN_TILES;
	for (int b = a->block0; b < a->block1; b++) {
		const uint16_t *k = a->head + (size_t)a->table[b] * a->block_stride;
		const uint16_t *v = k + dim * FH_BLOCK;
		const int base = b * FH_BLOCK;
		const ptrdiff_t ahead = b + 1 < a->block1 ? ((ptrdiff_t)a->table[b + 1] - a->table[b]) *
								    (ptrdiff_t)a->block_stride
							  : 0;
		if (!half) {
			widen(k, keys, dim * FH_BLOCK);
			widen(v, values, FH_BLOCK * padded);
		}
		for (int i = 0; i < heads; i += FH_R) {
			const int n = heads - i < FH_R ? heads - i : FH_R;
			int lo[FH_R], hi[FH_R], tokens = 0, seen = 0;
			for (int r = 0; r < n; r++) {
				sees(a->position[(i + r) / group], a->window, base, lo + r, hi + r);
				tokens = hi[r] > tokens ? hi[r] : tokens;
				seen |= hi[r] > lo[r];
			}
			if (!seen)
				continue;
			tile(n, half, packed + (size_t)i * dim, half ? (const void *)k : keys,
			     half ? (const void *)v : values, dim, tokens, ahead, lo, hi,
			     a->out + (size_t)i * padded, a->top + i, a->sum + i);
		}
	}
}
