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

// What B consists of.
enum { FH_FLOATS, FH_HALVES, FH_BYTES };

FH_IN vf load_element(const int kind, const void *p, int at)
{
	switch (kind) {
	case FH_HALVES: return load_half((const uint16_t *)p + at);
	case FH_BYTES: return load_bytes((const int8_t *)p + at);
	}
	return load((const float *)p + at);
}

FH_IN const void *element(const int kind, const void *p, int at)
{
	return (const char *)p + at * (kind == FH_HALVES ? 2 : kind == FH_BYTES ? 1 : 4);
}

// How a product's result joins what c holds.
struct joining {
	const float *keep;     // c is first scaled by keep[r]; NULL: it is overwritten
	const uint16_t *scale; // the product is scaled by this in each column, if not NULL
	int add;	       // with scale: and added to c
};

// product is A·B for R rows and NV registers of columns, put into c. A's
// element (r, k) is a[r*row + k*step]. What the cache holds is fetched so many
// bytes ahead, as much of the next block as is read of this one: into the L2
// cache, which can wait for more of memory at once than the L1 cache.
FH_IN void product(const int R, const int NV, const int kind, const float *a, const int row, const int step,
		   const void *b, int ldb, int kn, ptrdiff_t ahead, float *c, int ldc, const struct joining join)
{
	vf acc[FH_R][2];
#pragma GCC unroll 16
	for (int r = 0; r < R; r++)
#pragma GCC unroll 2
		for (int j = 0; j < NV; j++)
			acc[r][j] = join.keep ? load(c + r * ldc + j * FH_W) * join.keep[r] : (vf){0};
	for (int k = 0; k < kn; k++) {
		vf v[2];
		if (kind != FH_FLOATS)
			__builtin_prefetch((const char *)b + ahead, 0, 2);
#pragma GCC unroll 2
		for (int j = 0; j < NV; j++)
			v[j] = load_element(kind, b, j * FH_W);
#pragma GCC unroll 16
		for (int r = 0; r < R; r++) {
			const vf x = splat(a[r * row]);
#pragma GCC unroll 2
			for (int j = 0; j < NV; j++)
				acc[r][j] += x * v[j];
		}
		a += step;
		b = element(kind, b, ldb);
	}
#pragma GCC unroll 2
	for (int j = 0; j < NV; j++) {
		const vf scale = join.scale ? load_half(join.scale + j * FH_W) : splat(1);
#pragma GCC unroll 16
		for (int r = 0; r < R; r++) {
			vf x = acc[r][j];
			if (join.scale)
				x = join.add ? x * scale + load(c + r * ldc + j * FH_W) : x * scale;
			store(c + r * ldc + j * FH_W, x);
		}
	}
}

// Q is packed so that the rows of a register tile stand together: row step 1.
FH_IN void scores(const int R, const int kind, const float *q, const void *k, int dim, ptrdiff_t ahead, float *s)
{
	const int nv = FH_BLOCK < 2 * FH_W ? 1 : 2;
	const uint16_t *scale = (const uint16_t *)((const char *)k + fh_kv_quants(FH_KV_Q8_0, dim));
	const int group = kind == FH_BYTES ? FH_GROUP : dim;
	for (int d = 0; d < dim; d += group) {
		const int n = dim - d < group ? dim - d : group;
		if (kind == FH_BYTES)
			__builtin_prefetch((const char *)scale + ahead);
		for (int t = 0; t < FH_BLOCK; t += nv * FH_W) {
			const struct joining join = {.scale = kind == FH_BYTES ? scale + t : 0, .add = d > 0};
			product(R, nv, kind, q + d * FH_R, 1, FH_R, element(kind, k, d * FH_BLOCK + t), FH_BLOCK, n,
				ahead, s + t, FH_BLOCK, join);
		}
		scale += FH_BLOCK;
	}
}

FH_IN void mix(const int R, const int kind, const float *p, const void *v, int tokens, int dim, ptrdiff_t ahead,
	       float *out, const float *keep)
{
	const int padded = fh_padded_head(dim);
	const uint16_t *scale = (const uint16_t *)((const char *)v + fh_kv_quants(FH_KV_Q8_0, padded));
	const struct joining join = {.keep = keep};
	_Alignas(64) float scaled[FH_R * FH_BLOCK];
	for (int d = 0; d < padded;) {
		if (kind == FH_BYTES && d % FH_GROUP == 0) { // the scales go into the weights
			__builtin_prefetch((const char *)scale + ahead);
			for (int t = 0; t < FH_BLOCK; t += FH_W) {
				const vf x = load_half(scale + t);
#pragma GCC unroll 16
				for (int r = 0; r < R; r++)
					store(scaled + r * FH_BLOCK + t, load(p + r * FH_BLOCK + t) * x);
			}
			scale += FH_BLOCK;
		}
		const float *weights = kind == FH_BYTES ? scaled : p;
		const void *at = element(kind, v, d);
		if (d + 2 * FH_W <= padded) {
			product(R, 2, kind, weights, FH_BLOCK, 1, at, padded, tokens, ahead, out + d, padded, join);
			d += 2 * FH_W;
		} else {
			product(R, 1, kind, weights, FH_BLOCK, 1, at, padded, tokens, ahead, out + d, padded, join);
			d += FH_W;
		}
	}
}

// What the rows of a register tile see of a block: row r positions [lo[r], hi[r]).
struct sight {
	int lo[FH_R], hi[FH_R];
	int tokens; // the largest hi
	float softcap;
};

FH_FN __attribute__((noinline)) void softcap_block(float *s, float cap)
{
	softcap_array(s, cap, FH_BLOCK);
}

// The weights of a block: scores become exp(score − top), keep what the sums
// so far must be multiplied with.
FH_IN void weigh(int rows, float *s, const struct sight *see, float *top, float *sum, float *keep)
{
	const int *lo = see->lo, *hi = see->hi;
	float delta[FH_R + FH_W];
	for (int r = 0; r < rows; r++) {
		float *row = s + r * FH_BLOCK;
		if (see->softcap > 0)
			softcap_block(row, see->softcap);
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

struct head_block { // of keys and values
	const void *k, *v;
	int dim, value_dim;
	ptrdiff_t ahead; // to the next block, in bytes
};

FH_IN void tile_block(const int R, const int kind, const float *q, const struct head_block *b,
		      const struct sight *see, float *out, float *top, float *sum)
{
	_Alignas(64) float s[FH_R * FH_BLOCK];
	_Alignas(64) float keep[FH_R + FH_W];
	scores(R, kind, q, b->k, b->dim, b->ahead, s);
	weigh(R, s, see, top, sum, keep);
	mix(R, kind, s, b->v, see->tokens, b->value_dim, b->ahead, out, keep);
}

#define FH_TILE_ROWS(R)                                                      \
	case R:                                                              \
		if (kind == FH_FLOATS)                                       \
			tile_block(R, FH_FLOATS, q, b, see, out, top, sum);  \
		else if (kind == FH_HALVES)                                  \
			tile_block(R, FH_HALVES, q, b, see, out, top, sum);  \
		else                                                         \
			tile_block(R, FH_BYTES, q, b, see, out, top, sum);   \
		break;

FH_FN void tile(int rows, int kind, const float *q, const struct head_block *b, const struct sight *see, float *out,
		float *top, float *sum)
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

// Converts a head's block to floats, keys [dim][FH_BLOCK] and values
// [FH_BLOCK][padded].
FH_FN void widen_halves(const struct head_block *b, float *keys, float *values)
{
	const uint16_t *k = b->k, *v = b->v;
	for (int i = 0; i < b->dim * FH_BLOCK; i += FH_W)
		store(keys + i, load_half(k + i));
	for (int i = 0; i < FH_BLOCK * fh_padded_head(b->value_dim); i += FH_W)
		store(values + i, load_half(v + i));
}

FH_FN void widen_bytes(const struct head_block *b, float *keys, float *values)
{
	const int8_t *k = b->k, *v = b->v;
	const int dim = b->dim, padded = fh_padded_head(b->value_dim);
	const uint16_t *key_scales = (const uint16_t *)(k + fh_kv_quants(FH_KV_Q8_0, dim));
	const uint16_t *value_scales = (const uint16_t *)(v + fh_kv_quants(FH_KV_Q8_0, padded));
	for (int d = 0; d < dim; d++)
		for (int t = 0; t < FH_BLOCK; t += FH_W)
			store(keys + d * FH_BLOCK + t, load_bytes(k + d * FH_BLOCK + t) *
							       load_half(key_scales + d / FH_GROUP * FH_BLOCK + t));
	for (int d = 0; d < padded; d += FH_GROUP, value_scales += FH_BLOCK) {
		const int end = d + FH_GROUP < padded ? d + FH_GROUP : padded;
		float scale[FH_BLOCK];
		for (int t = 0; t < FH_BLOCK; t += FH_W)
			store(scale + t, load_half(value_scales + t));
		for (int t = 0; t < FH_BLOCK; t++)
			for (int i = d; i < end; i += FH_W)
				store(values + t * padded + i, load_bytes(v + t * padded + i) * splat(scale[t]));
	}
}

// Makes a block of q4_0 one of q8_0, and fetches the next.
FH_FN void unpack_nibbles(const struct head_block *b, int8_t *keys, int8_t *values)
{
	const uint8_t *k = b->k, *v = b->v;
	const int dim = b->dim, padded = fh_padded_head(b->value_dim), middle = padded / 2;
	const size_t key_bytes = fh_kv_quants(FH_KV_Q4_0, dim), value_bytes = fh_kv_quants(FH_KV_Q4_0, padded);
	for (int d = 0; d < dim; d += 2, k += FH_BLOCK) {
		__builtin_prefetch(k + b->ahead, 0, 2);
		int8_t *even = keys + d * FH_BLOCK, *odd = even + FH_BLOCK;
		for (int t = 0; t < FH_BLOCK; t++)
			even[t] = (int8_t)((k[t] & 15) - 8);
		if (d + 1 < dim)
			for (int t = 0; t < FH_BLOCK; t++)
				odd[t] = (int8_t)((k[t] >> 4) - 8);
	}
	__builtin_memcpy(keys + dim * FH_BLOCK, (const uint8_t *)b->k + key_bytes, fh_kv_scales(FH_KV_Q4_0, dim));
	for (int t = 0; t < FH_BLOCK; t++, v += middle) {
		__builtin_prefetch(v + b->ahead, 0, 2);
		int8_t *low = values + t * padded, *high = low + middle;
		for (int i = 0; i < middle; i++) {
			low[i] = (int8_t)((v[i] & 15) - 8);
			high[i] = (int8_t)((v[i] >> 4) - 8);
		}
	}
	__builtin_memcpy(values + padded * FH_BLOCK, (const uint8_t *)b->v + value_bytes,
			 fh_kv_scales(FH_KV_Q4_0, b->value_dim));
}

// Positions of the block that begins at base which a row at position sees.
FH_IN void sees(const struct fh_attend *a, int position, int base, int *lo, int *hi)
{
	const int last = a->after < a->last - position ? position + a->after : a->last;
	const int end = last + 1 - base, start = (position > a->before ? position - a->before : 0) - base;
	*hi = end < 0 ? 0 : end < FH_BLOCK ? end : FH_BLOCK;
	*lo = start < 0 ? 0 : start < FH_BLOCK ? start : FH_BLOCK;
}

FH_FN void attend(const struct fh_attend *a)
{
	const int dim = a->head_dim, padded = fh_padded_head(a->value_dim), group = a->group;
	const int heads = a->rows * group;
	const int tiles = (heads + FH_R - 1) / FH_R;
	float *packed = a->scratch;
	float *keys = packed + (size_t)tiles * FH_R * dim;
	float *values = keys + (size_t)dim * FH_BLOCK;
	int8_t *byte_keys = (int8_t *)(values + (size_t)padded * FH_BLOCK);
	int8_t *byte_values = byte_keys + fh_kv_key_bytes(FH_KV_Q8_0, dim);
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
	const int direct = tiles < FH_WIDEN_TILES || a->kv_type == FH_KV_F32;
	const int kind = !direct || a->kv_type == FH_KV_F32 ? FH_FLOATS
			 : a->kv_type == FH_KV_F16	    ? FH_HALVES
							    : FH_BYTES;
	struct sight see = {.softcap = a->softcap};
	for (int b = a->block0; b < a->block1; b++) {
		const uint8_t *k = a->head + (size_t)a->table[b] * a->block_stride;
		const int base = b * FH_BLOCK;
		struct head_block block = {
			.k = k,
			.v = k + fh_kv_key_bytes(a->kv_type, dim),
			.dim = dim,
			.value_dim = a->value_dim,
			.ahead = b + 1 < a->block1
					 ? ((ptrdiff_t)a->table[b + 1] - a->table[b]) * (ptrdiff_t)a->block_stride
					 : 0,
		};
		if (a->kv_type == FH_KV_Q4_0) {
			unpack_nibbles(&block, byte_keys, byte_values);
			block.k = byte_keys;
			block.v = byte_values;
			block.ahead = 0;
		}
		if (!direct) {
			if (a->kv_type == FH_KV_F16)
				widen_halves(&block, keys, values);
			else
				widen_bytes(&block, keys, values);
			block.k = keys;
			block.v = values;
		}
		for (int i = 0; i < heads; i += FH_R) {
			const int n = heads - i < FH_R ? heads - i : FH_R;
			int seen = 0;
			see.tokens = 0;
			for (int r = 0; r < n; r++) {
				sees(a, a->position[(i + r) / group], base, see.lo + r, see.hi + r);
				see.tokens = see.hi[r] > see.tokens ? see.hi[r] : see.tokens;
				seen |= see.hi[r] > see.lo[r];
			}
			if (seen)
				tile(n, kind, packed + (size_t)i * dim, &block, &see, a->out + (size_t)i * padded,
				     a->top + i, a->sum + i);
		}
	}
}
