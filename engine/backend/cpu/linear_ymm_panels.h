// Weight panels and tiles (prefill) for 256-bit registers; part of
// linear_ymm.h. A panel holds eight rows, four consecutive values of each kept
// together, as unsigned bytes; the accumulators of symmetric types begin at
// minus the types' offset times the sum of the activations.

enum { MR = 8 };

struct panel {
	uint8_t *q;   // [k/4][8][4]
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
		return fh_round_up((size_t)k, 8) * MR * 4;
	return MR * ((size_t)k + 2 * 4 * (size_t)(k / fh_sub_block(wtype)));
}

// ---------------------------------------------------------------------------
// Unpacking.

// Transposes eight rows of eight dwords and stores the first `vectors` columns.
FH_INLINE void store_transposed(const __m256i r[8], void *to, int vectors)
{
	__m256i t[8], u[8];
	for (int i = 0; i < 4; i++) {
		t[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
		t[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
	}
	for (int i = 0; i < 2; i++) {
		u[4 * i] = _mm256_unpacklo_epi64(t[4 * i], t[4 * i + 2]);
		u[4 * i + 1] = _mm256_unpackhi_epi64(t[4 * i], t[4 * i + 2]);
		u[4 * i + 2] = _mm256_unpacklo_epi64(t[4 * i + 1], t[4 * i + 3]);
		u[4 * i + 3] = _mm256_unpackhi_epi64(t[4 * i + 1], t[4 * i + 3]);
	}
	for (int i = 0; i < 4; i++) {
		t[i] = _mm256_permute2x128_si256(u[i], u[4 + i], 0x20);
		t[4 + i] = _mm256_permute2x128_si256(u[i], u[4 + i], 0x31);
	}
	for (int i = 0; i < 8 && i < vectors; i++)
		_mm256_store_si256((__m256i *)to + i, t[i]);
}

// The rows of a panel; missing ones repeat the last, and their results are
// never stored.
FH_INLINE void row_pointers(const uint8_t *w, size_t row_bytes, int rows, const uint8_t *p[MR])
{
	for (int i = 0; i < MR; i++)
		p[i] = w + (size_t)(i < rows ? i : rows - 1) * row_bytes;
}

// Signed quants as a panel holds them: unsigned, but for those of eight bits
// where there is no dot product instruction.
FH_INLINE __m256i unsigned_quants(int wtype, __m256i q)
{
#ifndef FH_YMM_DOT
	if (zero_of(wtype) == 128)
		return q;
#endif
	return _mm256_add_epi8(q, _mm256_set1_epi8((char)zero_of(wtype)));
}

FH_INLINE void unpack32(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const struct panel panel = panel_at(wtype, k, to);
	const int size = fh_block_bytes(wtype), affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int parts = fh_parts(wtype), halves = 32 / fh_sub_block(wtype);
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 32; b++) {
		__m256i r[MR];
		for (int i = 0; i < MR; i++) {
			float d[2];
			r[i] = quants32(wtype, p[i], b % parts);
			if (is_signed(wtype))
				r[i] = unsigned_quants(wtype, r[i]);
			scales32(wtype, p[i], b % parts, d);
			for (int h = 0; h < halves; h++)
				panel.scale[(b * halves + h) * MR + i] = d[h];
			if (affine)
				panel.min[b * MR + i] = half_at(p[i] + 2);
			p[i] += b % parts == parts - 1 ? size : 0;
		}
		store_transposed(r, panel.q + (size_t)b * 32 * MR, 8);
	}
}

FH_INLINE void unpack_codes256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const struct panel panel = panel_at(wtype, k, to);
	const int sub = fh_sub_block(wtype);
	struct fh_codes codes[MR];
	float *scale = panel.scale;
	uint8_t *q = panel.q;
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++, scale += 256 / sub * MR) {
		for (int i = 0; i < MR; i++) {
			codes256(wtype, p[i], &codes[i]);
			for (int s = 0; s < 256 / sub; s++)
				scale[s * MR + i] = codes[i].d * codes[i].scale[s * (sub / 16)];
			p[i] += fh_block_bytes(wtype);
		}
		for (int s = 0; s < 8; s++, q += 32 * MR) {
			__m256i r[MR];
			for (int i = 0; i < MR; i++)
				r[i] = unsigned_quants(wtype, load256(codes[i].q + 32 * s));
			store_transposed(r, q, 8);
		}
	}
}

FH_INLINE void unpack256(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	const struct panel panel = panel_at(wtype, k, to);
	const int size = fh_block_bytes(wtype), coarse = wtype == FH_Q4_K || wtype == FH_Q5_K, parts = coarse ? 8 : 16;
	const int d_at = coarse ? 0 : wtype == FH_Q2_K ? 80 : wtype == FH_Q3_K ? 108 : 208;
	uint8_t *q = panel.q;
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int b = 0; b < k / 256; b++) {
		__m256i r[MR];
#pragma GCC unroll 8
		for (int s = 0; s < 8; s++, q += 32 * MR) {
			for (int i = 0; i < MR; i++)
				r[i] = quants256(wtype, p[i], s);
			store_transposed(r, q, 8);
		}
		float *scale = panel.scale + b * parts * MR, *min = panel.min + b * parts * MR;
		for (int i = 0; i < MR; i++, scale++, min++) {
			int16_t scales[16], mins[16];
			const float d = half_at(p[i] + d_at);
			if (coarse) {
				const float dmin = half_at(p[i] + 2);
				fh_k_scales(p[i] + 4, scales, mins); // each twice
				for (int s = 0; s < 8; s++) {
					scale[s * MR] = d * scales[2 * s];
					min[s * MR] = -dmin * mins[2 * s];
				}
			} else if (wtype == FH_Q2_K) {
				// Multiplied with the seed, which is -128 times the sum.
				const float dmin = half_at(p[i] + 82) / 128;
				for (int s = 0; s < 16; s++) {
					scale[s * MR] = d * (float)(p[i][s] & 15);
					min[s * MR] = dmin * (float)(p[i][s] >> 4);
				}
			} else {
				if (wtype == FH_Q3_K)
					fh_q3_scales(p[i] + 96, scales);
				for (int s = 0; s < 16; s++)
					scale[s * MR] = d * (wtype == FH_Q3_K ? scales[s] : (int8_t)p[i][192 + s]);
			}
			p[i] += size;
		}
	}
}

// Up to eight values as floats, the missing ones zero.
FH_INLINE __m256 load_plain(int wtype, const uint8_t *p, int count)
{
	uint8_t rest[32];
	if (count < 8) {
		memset(rest, 0, sizeof rest);
		memcpy(rest, p, (size_t)count * fh_block_bytes(wtype));
		p = rest;
	}
	if (wtype == FH_F32)
		return _mm256_loadu_ps((const float *)p);
	if (wtype == FH_F16)
		return _mm256_cvtph_ps(load128(p));
	return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(load128(p)), 16));
}

FH_INLINE void unpack_plain(int wtype, const uint8_t *w, size_t row_bytes, int rows, int k, void *to)
{
	float *out = to;
	const uint8_t *p[MR];
	row_pointers(w, row_bytes, rows, p);
	for (int i = 0; i < k; i += 8, out += 8 * MR) {
		const int count = k - i < 8 ? k - i : 8;
		__m256i r[MR];
		for (int j = 0; j < MR; j++)
			r[j] = _mm256_castps_si256(load_plain(wtype, p[j] + (size_t)i * fh_block_bytes(wtype), count));
		store_transposed(r, out, count);
	}
}

// ---------------------------------------------------------------------------
// Tiles. The sums of a block stay in registers; the totals live in memory.

FH_INLINE void put(const struct fh_output *out, int j, const float *total)
{
	float *y = out->y + (size_t)j * out->ldy;
	if (out->rows == MR) {
		__m256 v = _mm256_load_ps(total);
		if (out->bias)
			v = _mm256_add_ps(v, _mm256_loadu_ps(out->bias));
		if (out->accumulate)
			v = _mm256_add_ps(v, _mm256_loadu_ps(y));
		_mm256_storeu_ps(y, v);
		return;
	}
	for (int i = 0; i < out->rows; i++) {
		const float v = total[i] + (out->bias ? out->bias[i] : 0);
		y[i] = out->accumulate ? y[i] + v : v;
	}
}

FH_INLINE __m256i broadcast4(const int8_t *p) { return _mm256_set1_epi32((int)fh_load32((const uint8_t *)p)); }

// What the accumulators of a symmetric type start from: the seed is -128 times
// the sum of the activations.
FH_INLINE __m256i start(int wtype, int32_t seed)
{
	switch (zero_of(wtype)) {
	case 4: return _mm256_set1_epi32(seed >> 5);
	case 8: return _mm256_set1_epi32(seed >> 4);
	case 16: return _mm256_set1_epi32(seed >> 3);
	case 32: return _mm256_set1_epi32(seed >> 2);
	case 64: return _mm256_set1_epi32(seed >> 1);
#ifdef FH_YMM_DOT
	case 128: return _mm256_set1_epi32(seed);
#endif
	}
	return _mm256_setzero_si256();
}

// Multiplies `count` values of a panel with those of each column.
FH_INLINE void multiply(int wtype, int nc, const uint8_t *q, const int8_t *x, int count, __m256i sum[FH_TILE])
{
	(void)wtype;
#pragma GCC unroll 8
	for (int i = 0; i < count / 4; i++) {
		const __m256i v = _mm256_load_si256((const __m256i *)(q + 4 * MR * i));
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++) {
			const __m256i column = broadcast4(x + 4 * FH_TILE * i + 4 * j);
#ifndef FH_YMM_DOT
			if (zero_of(wtype) == 128) {
				sum[j] = dot4_signed(sum[j], v, column);
				continue;
			}
#endif
			sum[j] = dot4(sum[j], v, column);
		}
	}
}

FH_INLINE void tile32(int wtype, int nc, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const int affine = wtype == FH_Q4_1, sub = fh_sub_block(wtype), parts = 32 / sub;
	const struct panel a = panel_at(wtype, k, (void *)weights);
	const struct fh_panel x = fh_panel_at(sub == 32 ? FH_ACT_PANEL_Q8 : FH_ACT_PANEL_Q8_HALVES, k, act);
	float total[FH_TILE][MR] __attribute__((aligned(32)));
	memset(total, 0, sizeof total);
	for (int b = 0; b < k / sub; b++) {
		__m256i sum[FH_TILE];
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++)
			sum[j] = start(wtype, x.seed[b * FH_TILE + j]);
		multiply(wtype, nc, a.q + (size_t)b * sub * MR, x.q + (size_t)b * sub * FH_TILE, sub, sum);
		const __m256 scale = _mm256_load_ps(a.scale + b * MR);
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++) {
			const __m256 d = _mm256_mul_ps(scale, _mm256_set1_ps(x.d[b / parts * FH_TILE + j]));
			__m256 t = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum[j]), d, _mm256_load_ps(total[j]));
			if (affine)
				t = _mm256_fmadd_ps(_mm256_load_ps(a.min + b * MR), _mm256_set1_ps(x.sum[b * FH_TILE + j]), t);
			_mm256_store_ps(total[j], t);
		}
	}
	for (int j = 0; j < nc && j < out->columns; j++)
		put(out, j, total[j]);
}

FH_INLINE void tile256(int wtype, int nc, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const int sub = fh_sub_block(wtype), affine = wtype == FH_Q2_K || wtype == FH_Q4_K;
	const struct panel a = panel_at(wtype, k, (void *)weights);
	const struct fh_panel x = fh_panel_at(FH_ACT_PANEL_K, k, act);
	const uint8_t *q = a.q;
	const int8_t *xq = x.q;
	float total[FH_TILE][MR] __attribute__((aligned(32)));
	memset(total, 0, sizeof total);
	for (int s = 0; s < k / sub; s++, q += sub * MR, xq += sub * FH_TILE) {
		const int32_t *seed = x.seed + (size_t)s * (sub / 16) * FH_TILE;
		const float *dx = x.d + (size_t)(s * sub / 256) * FH_TILE;
		__m256i sum[FH_TILE];
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++)
			sum[j] = start(wtype, sub == 32 && !affine ? seed[j] + seed[FH_TILE + j] : seed[j]);
		multiply(wtype, nc, q, xq, sub, sum);
		const __m256 scale = _mm256_load_ps(a.scale + s * MR);
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++) {
			__m256 v = _mm256_mul_ps(_mm256_cvtepi32_ps(sum[j]), scale);
			if (affine) {
				const float sums = sub == 32 ? x.sum[s * FH_TILE + j] : (float)seed[j];
				v = _mm256_fmadd_ps(_mm256_load_ps(a.min + s * MR), _mm256_set1_ps(sums), v);
			}
			_mm256_store_ps(total[j], _mm256_fmadd_ps(v, _mm256_set1_ps(dx[j]), _mm256_load_ps(total[j])));
		}
	}
	for (int j = 0; j < nc && j < out->columns; j++)
		put(out, j, total[j]);
}

FH_INLINE void tile_floats(int wtype, int nc, const void *weights, const void *act, int k, const struct fh_output *out)
{
	const float *w = weights, *x = act;
	float total[FH_TILE][MR] __attribute__((aligned(32)));
	__m256 sum[FH_TILE];
	(void)wtype;
#pragma GCC unroll 12
	for (int j = 0; j < nc; j++)
		sum[j] = _mm256_setzero_ps();
	for (int i = 0; i < k; i++, w += MR, x += FH_TILE) {
		const __m256 v = _mm256_load_ps(w);
#pragma GCC unroll 12
		for (int j = 0; j < nc; j++)
			sum[j] = _mm256_fmadd_ps(v, _mm256_broadcast_ss(x + j), sum[j]);
	}
#pragma GCC unroll 12
	for (int j = 0; j < nc; j++)
		_mm256_store_ps(total[j], sum[j]);
	for (int j = 0; j < nc && j < out->columns; j++)
		put(out, j, total[j]);
}

// The last tile is often narrow: do not compute columns that do not exist.
#define TILE(name, template, wtype)                                                               \
	static void tile_##name(const void *w, const void *x, int k, const struct fh_output *out) \
	{                                                                                         \
		if (out->columns <= 4)                                                            \
			template(wtype, 4, w, x, k, out);                                         \
		else if (out->columns <= 8)                                                       \
			template(wtype, 8, w, x, k, out);                                         \
		else                                                                              \
			template(wtype, 12, w, x, k, out);                                        \
	}
TILE(plain, tile_floats, FH_F32)
TILE(Q4_0, tile32, FH_Q4_0)
TILE(Q5_0, tile32, FH_Q5_0)
TILE(Q8_0, tile32, FH_Q8_0)
TILE(affine, tile32, FH_Q4_1)
TILE(Q2_K, tile256, FH_Q2_K)
TILE(Q3_K, tile256, FH_Q3_K)
TILE(Q4_K, tile256, FH_Q4_K)
TILE(Q6_K, tile256, FH_Q6_K)
TILE(codes32, tile32, FH_MXFP4)
TILE(halves32, tile32, FH_NVFP4)
TILE(IQ4_XS, tile256, FH_IQ4_XS)
TILE(codes256, tile256, FH_IQ3_S)
TILE(fine_codes256, tile256, FH_IQ2_S)

static fh_tile_fn *const tile[FH_TYPES] = {
	[FH_F32] = tile_plain, [FH_F16] = tile_plain,  [FH_BF16] = tile_plain, [FH_Q4_0] = tile_Q4_0, [FH_Q4_1] = tile_affine,
	[FH_Q5_0] = tile_Q5_0, [FH_Q5_1] = tile_affine, [FH_Q8_0] = tile_Q8_0, [FH_Q2_K] = tile_Q2_K, [FH_Q3_K] = tile_Q3_K,
	[FH_Q4_K] = tile_Q4_K, [FH_Q5_K] = tile_Q4_K,  [FH_Q6_K] = tile_Q6_K,

	[FH_IQ4_NL] = tile_Q8_0,	[FH_MXFP4] = tile_codes32,	 [FH_Q1_0] = tile_codes32,
	[FH_Q2_0] = tile_codes32,	[FH_NVFP4] = tile_halves32,	 [FH_IQ4_XS] = tile_IQ4_XS,
	[FH_IQ1_M] = tile_fine_codes256, [FH_IQ2_XS] = tile_fine_codes256, [FH_IQ2_S] = tile_fine_codes256,
	[FH_IQ1_S] = tile_codes256,	[FH_IQ2_XXS] = tile_codes256,	 [FH_IQ3_XXS] = tile_codes256,
	[FH_IQ3_S] = tile_codes256,	[FH_TQ1_0] = tile_codes256,	 [FH_TQ2_0] = tile_codes256,
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
