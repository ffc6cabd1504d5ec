// Weight panels and tiles (prefill) for arm64; part of linear_neon.c. A panel
// holds eight rows, four consecutive values of each kept together.

enum { MR = 8 };

struct panel {
	int8_t *q;    // [k/4][8][4]
	float *scale; // [sub-blocks][8]
	float *min;   // [sub-blocks][8], what to add for each unit of the activations' sum
};

FH_INLINE struct panel panel_at(int wtype, int k, void *at)
{
	struct panel p;
	p.q = at;
	p.scale = (float *)(p.q + (size_t)k * MR);
	p.min = p.scale + (size_t)(k / fh_sub_block(wtype)) * MR;
	return p;
}

static size_t panel_bytes(int wtype, int k)
{
	if (fh_block_size(wtype) == 1)
		return fh_round_up((size_t)k, 4) * MR * 4;
	return MR * ((size_t)k + 2 * 4 * (size_t)(k / fh_sub_block(wtype)));
}

// ---------------------------------------------------------------------------
// Unpacking.

// Transposes four rows of four 32-bit groups and stores the first `count`
// columns, one row of the panel apart.
FH_INLINE void store_transposed(const uint32x4_t r[4], uint32_t *to, int count)
{
	const uint32x4_t a = vzip1q_u32(r[0], r[2]), b = vzip2q_u32(r[0], r[2]);
	const uint32x4_t c = vzip1q_u32(r[1], r[3]), d = vzip2q_u32(r[1], r[3]);
	const uint32x4_t t[4] = {vzip1q_u32(a, c), vzip2q_u32(a, c), vzip1q_u32(b, d), vzip2q_u32(b, d)};
	for (int i = 0; i < 4 && i < count; i++)
		vst1q_u32(to + MR * i, t[i]);
}

// Stores sixteen values of each of eight rows.
FH_INLINE void store16(const int8x16_t q[MR], int8_t *to)
{
	for (int g = 0; g < MR; g += 4) {
		const uint32x4_t r[4] = {vreinterpretq_u32_s8(q[g]), vreinterpretq_u32_s8(q[g + 1]),
					 vreinterpretq_u32_s8(q[g + 2]), vreinterpretq_u32_s8(q[g + 3])};
		store_transposed(r, (uint32_t *)(to + 4 * g), 4);
	}
}

// The rows of a panel; missing ones repeat the last, and their results are
// never stored.
FH_INLINE void row_pointers(const uint8_t *w, size_t row_bytes, int rows, const uint8_t *p[MR])
{
	for (int i = 0; i < MR; i++)
		p[i] = w + (size_t)(i < rows ? i : rows - 1) * row_bytes;
}

FH_INLINE void unpack32(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const struct panel panel = panel_at(wtype, k, to);
	const int affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int parts = fh_parts(wtype), halves = 32 / fh_sub_block(wtype);
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 32; b++) {
		int8x16_t low[MR], high[MR];
		for (int i = 0; i < MR; i++) {
			int8x16_t q[2];
			float d[2];
			quants32(wtype, p[i], b % parts, q);
			low[i] = q[0];
			high[i] = q[1];
			scales32(wtype, p[i], b % parts, d);
			for (int h = 0; h < halves; h++)
				panel.scale[(b * halves + h) * MR + i] = d[h];
			if (affine)
				panel.min[b * MR + i] = half_at(p[i] + 2);
			p[i] += b % parts == parts - 1 ? fh_block_bytes(wtype) : 0;
		}
		store16(low, panel.q + (size_t)b * 32 * MR);
		store16(high, panel.q + (size_t)b * 32 * MR + 16 * MR);
	}
}

FH_INLINE void unpack256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const struct panel panel = panel_at(wtype, k, to);
	const int coarse = wtype == FH_Q4_K || wtype == FH_Q5_K, affine = coarse || wtype == FH_Q2_K;
	const int parts = coarse ? 8 : 16;
	int8_t *q = panel.q;
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++) {
#pragma GCC unroll 8
		for (int s = 0; s < 8; s++, q += 32 * MR) {
			int8x16_t low[MR], high[MR];
			for (int i = 0; i < MR; i++) {
				int8x16_t v[2];
				quants256(wtype, p[i], s, v);
				low[i] = v[0];
				high[i] = v[1];
			}
			store16(low, q);
			store16(high, q + 16 * MR);
		}
		float *scale = panel.scale + b * parts * MR, *min = panel.min + b * parts * MR;
		for (int i = 0; i < MR; i++, scale++, min++) {
			int16_t scales[16], mins[16];
			k_scales(wtype, p[i], scales, mins);
			const float d = half_at(p[i] + d_offset(wtype));
			// The minimum of a fine sub-block meets the seed, -128 times the sum.
			const float dmin = affine ? half_at(p[i] + d_offset(wtype) + 2) * (coarse ? -1 : 1.f / 128) : 0;
			for (int s = 0; s < parts; s++) {
				scale[s * MR] = d * scales[coarse ? 2 * s : s];
				if (affine)
					min[s * MR] = dmin * mins[coarse ? 2 * s : s];
			}
			p[i] += fh_block_bytes(wtype);
		}
	}
}

FH_INLINE void unpack_codes256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const struct panel panel = panel_at(wtype, k, to);
	const int sub = fh_sub_block(wtype);
	struct fh_codes codes[MR];
	float *scale = panel.scale;
	int8_t *q = panel.q;
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++, scale += 256 / sub * MR) {
		for (int i = 0; i < MR; i++) {
			codes256(wtype, p[i], &codes[i]);
			for (int s = 0; s < 256 / sub; s++)
				scale[s * MR + i] = codes[i].d * codes[i].scale[s * (sub / 16)];
			p[i] += fh_block_bytes(wtype);
		}
		for (int at = 0; at < 256; at += 16, q += 16 * MR) {
			int8x16_t r[MR];
			for (int i = 0; i < MR; i++)
				r[i] = vld1q_s8(codes[i].q + at);
			store16(r, q);
		}
	}
}

FH_INLINE void unpack_plain(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	uint32_t *out = to;
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int i = 0; i < k; i += 4, out += 4 * MR) {
		const int count = k - i < 4 ? k - i : 4;
		for (int g = 0; g < MR; g += 4) {
			uint32x4_t r[4];
			for (int j = 0; j < 4; j++)
				r[j] = vreinterpretq_u32_f32(
					load_plain(wtype, p[g + j] + (size_t)i * fh_block_bytes(wtype), count));
			store_transposed(r, out + g, count);
		}
	}
}

// ---------------------------------------------------------------------------
// Tiles: eight rows times twelve columns, 24 accumulators. The totals live in
// memory.

FH_INLINE void put(const struct fh_output *out, int j, const float *total)
{
	float *y = out->y + (size_t)j * out->ldy;
	for (int i = 0; i < out->rows; i++) {
		const float v = total[i] + (out->bias ? out->bias[i] : 0);
		y[i] = out->accumulate ? y[i] + v : v;
	}
}

// Multiplies `count` values of a panel with those of 4*groups columns.
FH_INLINE void multiply(int groups, const int8_t *q, const int8_t *x, int count, int32x4_t sum[FH_TILE][2])
{
	for (int i = 0; i < count / 4; i++, q += 4 * MR, x += 4 * FH_TILE) {
		const int8x16_t a = vld1q_s8(q), b = vld1q_s8(q + 16);
#pragma GCC unroll 3
		for (int g = 0; g < groups; g++) {
			const int8x16_t v = vld1q_s8(x + 16 * g);
			sum[4 * g][0] = vdotq_laneq_s32(sum[4 * g][0], a, v, 0);
			sum[4 * g][1] = vdotq_laneq_s32(sum[4 * g][1], b, v, 0);
			sum[4 * g + 1][0] = vdotq_laneq_s32(sum[4 * g + 1][0], a, v, 1);
			sum[4 * g + 1][1] = vdotq_laneq_s32(sum[4 * g + 1][1], b, v, 1);
			sum[4 * g + 2][0] = vdotq_laneq_s32(sum[4 * g + 2][0], a, v, 2);
			sum[4 * g + 2][1] = vdotq_laneq_s32(sum[4 * g + 2][1], b, v, 2);
			sum[4 * g + 3][0] = vdotq_laneq_s32(sum[4 * g + 3][0], a, v, 3);
			sum[4 * g + 3][1] = vdotq_laneq_s32(sum[4 * g + 3][1], b, v, 3);
		}
	}
}

// Adds the products of one sub-block to the totals. xsum is the activations'
// sum (or its -128-fold) for affine types, else NULL.
FH_INLINE void add_block(int groups, const int8_t *q, const int8_t *x, int count, const float *scale, const float *min,
			 const float *dx, const float *xsum, int scale_sums, float total[FH_TILE][MR])
{
	int32x4_t sum[FH_TILE][2];
#pragma GCC unroll 12
	for (int j = 0; j < 4 * groups; j++)
		sum[j][0] = sum[j][1] = vdupq_n_s32(0);
	multiply(groups, q, x, count, sum);
#pragma GCC unroll 12
	for (int j = 0; j < 4 * groups; j++) {
		for (int h = 0; h < 2; h++) {
			float *t = total[j] + 4 * h;
			float32x4_t v = vmulq_f32(vcvtq_f32_s32(sum[j][h]), vld1q_f32(scale + 4 * h));
			if (xsum && scale_sums)
				v = vfmaq_n_f32(v, vld1q_f32(min + 4 * h), xsum[j]);
			float32x4_t sums = vfmaq_n_f32(vld1q_f32(t), v, dx[j]);
			if (xsum && !scale_sums)
				sums = vfmaq_n_f32(sums, vld1q_f32(min + 4 * h), xsum[j]);
			vst1q_f32(t, sums);
		}
	}
}

FH_INLINE void tile32(int wtype, int groups, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const int affine = wtype == FH_Q4_1, sub = fh_sub_block(wtype);
	const struct panel a = panel_at(wtype, k, (void *)weights);
	const struct fh_panel x = fh_panel_at(sub == 32 ? FH_ACT_PANEL_Q8 : FH_ACT_PANEL_Q8_HALVES, k, act);
	float total[FH_TILE][MR];
	memset(total, 0, sizeof total);
	for (int b = 0; b < k / sub; b++)
		add_block(groups, a.q + (size_t)b * sub * MR, x.q + (size_t)b * sub * FH_TILE, sub, a.scale + b * MR,
			  a.min + b * MR, x.d + b * sub / 32 * FH_TILE, affine ? x.sum + b * FH_TILE : NULL, 0, total);
	for (int j = 0; j < 4 * groups && j < out->columns; j++)
		put(out, j, total[j]);
}

FH_INLINE void tile256(int wtype, int groups, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const int sub = fh_sub_block(wtype), affine = wtype == FH_Q2_K || wtype == FH_Q4_K;
	const struct panel a = panel_at(wtype, k, (void *)weights);
	const struct fh_panel x = fh_panel_at(FH_ACT_PANEL_K, k, act);
	float total[FH_TILE][MR];
	memset(total, 0, sizeof total);
	for (int s = 0; s < k / sub; s++) {
		float sums[FH_TILE];
		const float *xsum = NULL;
		if (affine && sub == 32)
			xsum = x.sum + s * FH_TILE;
		if (affine && sub == 16) {
			for (int j = 0; j < FH_TILE; j++)
				sums[j] = (float)x.seed[s * FH_TILE + j];
			xsum = sums;
		}
		add_block(groups, a.q + (size_t)s * sub * MR, x.q + (size_t)s * sub * FH_TILE, sub, a.scale + s * MR,
			  a.min + s * MR, x.d + s * sub / 256 * FH_TILE, xsum, 1, total);
	}
	for (int j = 0; j < 4 * groups && j < out->columns; j++)
		put(out, j, total[j]);
}

FH_INLINE void tile_floats(int wtype, int groups, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const float *w = weights, *x = act;
	float32x4_t sum[FH_TILE][2];
	(void)wtype;
#pragma GCC unroll 12
	for (int j = 0; j < 4 * groups; j++)
		sum[j][0] = sum[j][1] = vdupq_n_f32(0);
	for (int i = 0; i < k; i++, w += MR, x += FH_TILE) {
		const float32x4_t a = vld1q_f32(w), b = vld1q_f32(w + 4);
#pragma GCC unroll 12
		for (int j = 0; j < 4 * groups; j++) {
			sum[j][0] = vfmaq_n_f32(sum[j][0], a, x[j]);
			sum[j][1] = vfmaq_n_f32(sum[j][1], b, x[j]);
		}
	}
#pragma GCC unroll 12
	for (int j = 0; j < 4 * groups; j++) {
		float total[MR];
		vst1q_f32(total, sum[j][0]);
		vst1q_f32(total + 4, sum[j][1]);
		if (j < out->columns)
			put(out, j, total);
	}
}

// The last tile is often narrow: do not compute columns that do not exist.
#define TILE(name, template, wtype)                                                               \
	static void tile_##name(const void *w, const void *x, int k, const struct fh_output *out) \
	{                                                                                         \
		if (out->columns <= 4)                                                            \
			template(wtype, 1, w, x, k, out);                                         \
		else if (out->columns <= 8)                                                       \
			template(wtype, 2, w, x, k, out);                                         \
		else                                                                              \
			template(wtype, 3, w, x, k, out);                                         \
	}
TILE(plain, tile_floats, FH_F32)
TILE(symmetric32, tile32, FH_Q8_0)
TILE(affine32, tile32, FH_Q4_1)
TILE(coarse256, tile256, FH_Q4_K)
TILE(fine256, tile256, FH_Q2_K)
TILE(symmetric256, tile256, FH_Q6_K)
TILE(halves32, tile32, FH_NVFP4)
TILE(codes256, tile256, FH_IQ4_XS)

static fh_tile_fn *const tile[FH_TYPES] = {
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

#define UNPACK(type, template)                                                                      \
	static void unpack_##type(const uint8_t *w, size_t row_bytes, int rows, int k, void *panel) \
	{                                                                                           \
		template(FH_##type, w, row_bytes, rows, k, panel);                                  \
	}
UNPACK(F32, unpack_plain)
UNPACK(F16, unpack_plain)
UNPACK(BF16, unpack_plain)
UNPACK(Q4_0, unpack32)
UNPACK(Q4_1, unpack32)
UNPACK(Q5_0, unpack32)
UNPACK(Q5_1, unpack32)
UNPACK(Q8_0, unpack32)
UNPACK(Q2_K, unpack256)
UNPACK(Q3_K, unpack256)
UNPACK(Q4_K, unpack256)
UNPACK(Q5_K, unpack256)
UNPACK(Q6_K, unpack256)
UNPACK(IQ4_NL, unpack32)
UNPACK(MXFP4, unpack32)
UNPACK(NVFP4, unpack32)
UNPACK(Q1_0, unpack32)
UNPACK(Q2_0, unpack32)
UNPACK(IQ1_S, unpack_codes256)
UNPACK(IQ1_M, unpack_codes256)
UNPACK(IQ2_XXS, unpack_codes256)
UNPACK(IQ2_XS, unpack_codes256)
UNPACK(IQ2_S, unpack_codes256)
UNPACK(IQ3_XXS, unpack_codes256)
UNPACK(IQ3_S, unpack_codes256)
UNPACK(IQ4_XS, unpack_codes256)
UNPACK(TQ1_0, unpack_codes256)
UNPACK(TQ2_0, unpack_codes256)

static fh_unpack_fn *const unpack[FH_TYPES] = {
	[FH_F32] = unpack_F32,	 [FH_F16] = unpack_F16,	  [FH_BF16] = unpack_BF16, [FH_Q4_0] = unpack_Q4_0,
	[FH_Q4_1] = unpack_Q4_1, [FH_Q5_0] = unpack_Q5_0, [FH_Q5_1] = unpack_Q5_1, [FH_Q8_0] = unpack_Q8_0,
	[FH_Q2_K] = unpack_Q2_K, [FH_Q3_K] = unpack_Q3_K, [FH_Q4_K] = unpack_Q4_K, [FH_Q5_K] = unpack_Q5_K,
	[FH_Q6_K] = unpack_Q6_K,

	[FH_IQ4_NL] = unpack_IQ4_NL, [FH_MXFP4] = unpack_MXFP4, [FH_NVFP4] = unpack_NVFP4,
	[FH_Q1_0] = unpack_Q1_0, [FH_Q2_0] = unpack_Q2_0, [FH_IQ1_S] = unpack_IQ1_S,
	[FH_IQ1_M] = unpack_IQ1_M, [FH_IQ2_XXS] = unpack_IQ2_XXS, [FH_IQ2_XS] = unpack_IQ2_XS,
	[FH_IQ2_S] = unpack_IQ2_S, [FH_IQ3_XXS] = unpack_IQ3_XXS, [FH_IQ3_S] = unpack_IQ3_S,
	[FH_IQ4_XS] = unpack_IQ4_XS, [FH_TQ1_0] = unpack_TQ1_0, [FH_TQ2_0] = unpack_TQ2_0,
};
