// Phase 1 of the linear layers: activations into the form the weights want.
// Quantizing a block is the instruction set's; placing the result is here.
#include "linear_block.h"

#define K_BLOCK 256

int fh_act_fine(int format)
{
	switch (format) {
	case FH_ACT_F32: case FH_ACT_F16: case FH_ACT_BF16:
	case FH_ACT_PANEL_F32: case FH_ACT_PANEL_F16: case FH_ACT_PANEL_BF16:
		return format;
	}
	return format | FH_ACT_FINE;
}

// The format of a fine format's columns.
FH_INLINE int coarse(int format) { return format & ~FH_ACT_FINE; }

size_t fh_act_column_bytes(int format, int k)
{
	const size_t n = (size_t)k, blocks = (n + 31) / 32, supers = (n + 255) / 256;
	size_t bytes = 0;
	switch (coarse(format)) {
	case FH_ACT_F32: case FH_ACT_F16: case FH_ACT_BF16:
		bytes = fh_round_up(n, 16) * 4;
		break;
	case FH_ACT_Q8:
		bytes = fh_round_up(n, 64) + 8 * blocks;
		break;
	case FH_ACT_Q8_NIBBLES:
		bytes = (n + 127) / 128 * sizeof(struct fh_nibble_group);
		break;
	case FH_ACT_Q8_BYTES:
		bytes = (n + 63) / 64 * sizeof(struct fh_byte_pair);
		break;
	case FH_ACT_K: case FH_ACT_K_NIBBLES: case FH_ACT_K_CRUMBS: case FH_ACT_K_HALVES:
		bytes = supers * sizeof(struct fh_k_block);
		break;
	case FH_ACT_PANEL_F32: case FH_ACT_PANEL_F16: case FH_ACT_PANEL_BF16:
		bytes = fh_round_up(n, 2) * FH_TILE * 4;
		break;
	case FH_ACT_PANEL_Q8:
		bytes = FH_TILE * (32 * blocks + 4 * 3 * blocks);
		break;
	case FH_ACT_PANEL_Q8_HALVES:
		bytes = FH_TILE * (32 * blocks + 4 * 4 * blocks);
		break;
	case FH_ACT_PANEL_K:
		bytes = FH_TILE * (256 * supers + 4 * (supers + 16 * supers + 8 * supers));
		break;
	}
	return fh_round_up(bytes, 64);
}

struct fh_panel fh_panel_at(int format, int k, const void *tile)
{
	struct fh_panel p;
	const size_t blocks = (size_t)k / 32, supers = (size_t)k / 256;
	p.q = (int8_t *)tile;
	p.d = (float *)(p.q + (size_t)k * FH_TILE);
	if (coarse(format) != FH_ACT_PANEL_K) {
		const size_t seeds = coarse(format) == FH_ACT_PANEL_Q8 ? blocks : 2 * blocks;
		p.seed = (int32_t *)(p.d + blocks * FH_TILE);
		p.sum = (float *)(p.seed + seeds * FH_TILE);
	} else {
		p.seed = (int32_t *)(p.d + supers * FH_TILE);
		p.sum = (float *)(p.seed + 16 * supers * FH_TILE);
	}
	return p;
}

int fh_act_grain(int format)
{
	return coarse(format) >= FH_ACT_PANELS ? FH_TILE / fh_act_columns(format) : 1;
}

size_t fh_act_bytes(int format, int k, int n)
{
	const size_t grain = (size_t)(coarse(format) >= FH_ACT_PANELS ? FH_TILE : 1);
	const size_t columns = (size_t)n * (size_t)fh_act_columns(format);
	return (columns + grain - 1) / grain * fh_act_column_bytes(format, k);
}

// A column to be quantized: the values x, or what quantizing them leaves.
struct column {
	const struct fh_kernels *kernels;
	const float *x; // NULL for columns past the last
	int rest;
};

// Returns Σq; total is the sum of the values, as Q4_1 and Q5_1 multiply it.
FH_INLINE int quantize32(const struct column *c, int at, int8_t *q, float *d, float *total)
{
	float exact;
	const int sum = c->kernels->quantize32(c->x + at, q, d, &exact);
	*total = fh_round_half(exact * (float)sum);
	if (!c->rest)
		return sum;
	float left[32], all = 0;
	for (int i = 0; i < 32; i++) {
		all += c->x[at + i];
		left[i] = c->x[at + i] - *d * (float)q[i];
	}
	*total = all - *total;
	return c->kernels->quantize32(left, q, d, &exact);
}

FH_INLINE void quantize256(const struct column *c, int at, int8_t *q, float *d)
{
	c->kernels->quantize256(c->x + at, q, d);
	if (!c->rest)
		return;
	float left[K_BLOCK];
	for (int i = 0; i < K_BLOCK; i++)
		left[i] = c->x[at + i] - *d * (float)q[i];
	c->kernels->quantize256(left, q, d);
}

// The value as weights of the format's type would hold it. binary16 saturates:
// an infinite activation would turn a whole answer into NaN.
FH_INLINE float rounded(int format, float v)
{
	switch (format) {
	case FH_ACT_F16: case FH_ACT_PANEL_F16: {
		const float h = fh_round_half(v);
		return h > 65504.f ? 65504.f : h < -65504.f ? -65504.f : h;
	}
	case FH_ACT_BF16: case FH_ACT_PANEL_BF16:
		return fh_round_bfloat(v);
	}
	return v;
}

FH_INLINE int sum_of(const int8_t *q, int n)
{
	int s = 0;
	for (int i = 0; i < n; i++)
		s += q[i];
	return s;
}

FH_INLINE void float_column(int format, const float *x, int k, float *out)
{
	for (int i = 0; i < k; i++)
		out[i] = rounded(format, x[i]);
	for (size_t i = (size_t)k; i < fh_round_up((size_t)k, 16); i++)
		out[i] = 0;
}

static void q8_column(const struct column *c, int k, uint8_t *out)
{
	const int blocks = k / 32;
	int8_t *q = (int8_t *)out;
	float *d = (float *)(out + fh_round_up((size_t)k, 64));
	float *sum16 = d + blocks;
	for (int b = 0; b < blocks; b++)
		quantize32(c, 32 * b, q + 32 * b, d + b, sum16 + b);
}

static void nibble_column(const struct column *c, int k, struct fh_nibble_group *out)
{
	const int blocks = k / 32;
	for (int b = 0; b < blocks; b++) {
		struct fh_nibble_group *group = out + b / 4;
		const int place = b % 4;
		if (place == 0)
			memset(group, 0, sizeof *group);
		int8_t q[32];
		float d;
		quantize32(c, 32 * b, q, &d, &group->sum16[place]);
		memcpy(group->q + 16 * place, q, 16);
		memcpy(group->q + 64 + 16 * place, q + 16, 16);
		for (int i = 0; i < 4; i++) {
			group->d[4 * place + i] = d;
			group->seed[4 * place + i] = -8 * (sum_of(q + 4 * i, 4) + sum_of(q + 16 + 4 * i, 4));
		}
	}
}

static void byte_column(const struct column *c, int k, struct fh_byte_pair *out)
{
	const int blocks = k / 32;
	for (int b = 0; b < blocks; b++) {
		struct fh_byte_pair *pair = out + b / 2;
		const int place = b % 2;
		if (place == 0)
			memset(pair, 0, sizeof *pair);
		int8_t *q = pair->q + 32 * place;
		float d, total;
		quantize32(c, 32 * b, q, &d, &total);
		for (int i = 0; i < 8; i++) {
			pair->d[8 * place + i] = d;
			pair->seed[8 * place + i] = -128 * sum_of(q + 4 * i, 4);
		}
	}
}

static void k_column(const struct column *c, int format, int k, struct fh_k_block *out)
{
	static const uint8_t orders[4][16] = { // of sixteens
		{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
		{0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15},
		{0, 1, 8, 9, 2, 3, 10, 11, 4, 5, 12, 13, 6, 7, 14, 15},
		{0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15},
	};
	const uint8_t *order = orders[format - FH_ACT_K];
	for (int b = 0; b < k / K_BLOCK; b++, out++) {
		int8_t q[K_BLOCK] __attribute__((aligned(64)));
		quantize256(c, K_BLOCK * b, q, &out->d);
		for (int j = 0; j < 16; j++) {
			out->sum16[j] = (int16_t)sum_of(q + 16 * j, 16);
			memcpy(out->q + 16 * j, q + 16 * order[j], 16);
		}
		for (int j = 0; j < 8; j++)
			out->sum32[j] = out->sum16[2 * j] + out->sum16[2 * j + 1];
		memset(out->pad, 0, sizeof out->pad);
	}
}

// Panels: column j of the tile; x is NULL for columns past the last.

static void float_panel_column(int format, const float *x, int k, int j, float *tile)
{
	for (int i = 0; i < k; i++)
		tile[(size_t)i * FH_TILE + j] = x ? rounded(format, x[i]) : 0;
	if (k % 2)
		tile[(size_t)k * FH_TILE + j] = 0;
}

// Places n values (a multiple of 4) of column j, beginning at value i.
FH_INLINE void place(int8_t *panel, int i, int j, const int8_t *q, int n)
{
	int8_t *to = panel + (size_t)i * FH_TILE + 4 * j;
	for (int g = 0; g < n; g += 4, to += 4 * FH_TILE)
		memcpy(to, q + g, 4);
}

static void q8_panel_column(const struct column *c, int format, int k, int j, struct fh_panel p)
{
	for (int b = 0; b < k / 32; b++) {
		int8_t q[32] = {0};
		float d = 0, total = 0;
		const int s = c->x ? quantize32(c, 32 * b, q, &d, &total) : 0;
		place(p.q, 32 * b, j, q, 32);
		p.d[b * FH_TILE + j] = d;
		if (format == FH_ACT_PANEL_Q8_HALVES) {
			const int low = sum_of(q, 16);
			p.seed[2 * b * FH_TILE + j] = -128 * low;
			p.seed[(2 * b + 1) * FH_TILE + j] = -128 * (s - low);
		} else {
			p.seed[b * FH_TILE + j] = -128 * s;
		}
		p.sum[b * FH_TILE + j] = total;
	}
}

static void k_panel_column(const struct column *c, int k, int j, struct fh_panel p)
{
	for (int b = 0; b < k / K_BLOCK; b++) {
		int8_t q[K_BLOCK] __attribute__((aligned(64))) = {0};
		float d = 0;
		if (c->x)
			quantize256(c, K_BLOCK * b, q, &d);
		place(p.q, K_BLOCK * b, j, q, K_BLOCK);
		p.d[b * FH_TILE + j] = d;
		for (int s = 0; s < 8; s++) {
			const int low = sum_of(q + 32 * s, 16), high = sum_of(q + 32 * s + 16, 16);
			p.seed[(16 * b + 2 * s) * FH_TILE + j] = -128 * low;
			p.seed[(16 * b + 2 * s + 1) * FH_TILE + j] = -128 * high;
			p.sum[(8 * b + s) * FH_TILE + j] = (float)(low + high);
		}
	}
}

void fh_act_quantize(int format, const float *x, size_t ldx, int k, int n, int col0, int col1, void *act)
{
	const int columns = fh_act_columns(format), base = coarse(format);
	const size_t bytes = fh_act_column_bytes(format, k);
	struct column column = {.kernels = fh_kernels_now()};
	const struct column *c = &column;
	// The last tile is filled up with zero columns.
	const int end = base >= FH_ACT_PANELS && col1 == n ? (int)fh_round_up((size_t)(n * columns), FH_TILE)
							   : col1 * columns;
	for (int i = col0 * columns; i < end; i++) {
		column.x = i < n * columns ? x + (size_t)(i / columns) * ldx : NULL;
		column.rest = i % columns;
		if (base >= FH_ACT_PANELS) {
			uint8_t *tile = (uint8_t *)act + (size_t)(i / FH_TILE) * bytes;
			const int j = i % FH_TILE;
			if (base == FH_ACT_PANEL_Q8 || base == FH_ACT_PANEL_Q8_HALVES)
				q8_panel_column(c, base, k, j, fh_panel_at(format, k, tile));
			else if (base == FH_ACT_PANEL_K)
				k_panel_column(c, k, j, fh_panel_at(format, k, tile));
			else
				float_panel_column(format, column.x, k, j, (float *)tile);
			continue;
		}
		uint8_t *out = (uint8_t *)act + (size_t)i * bytes;
		switch (base) {
		case FH_ACT_F32: case FH_ACT_F16: case FH_ACT_BF16:
			float_column(format, column.x, k, (float *)out);
			break;
		case FH_ACT_Q8:
			q8_column(c, k, out);
			break;
		case FH_ACT_Q8_NIBBLES:
			nibble_column(c, k, (struct fh_nibble_group *)out);
			break;
		case FH_ACT_Q8_BYTES:
			byte_column(c, k, (struct fh_byte_pair *)out);
			break;
		case FH_ACT_K: case FH_ACT_K_NIBBLES: case FH_ACT_K_CRUMBS: case FH_ACT_K_HALVES:
			k_column(c, base, k, (struct fh_k_block *)out);
			break;
		}
	}
}
