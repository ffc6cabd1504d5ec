// Row kernels (decode, and batches of a few) for arm64; part of linear_neon.c.

FH_INLINE void rows32(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
		      size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype), blocks = k / 32, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int parts = fh_parts(wtype);
	const size_t scales = fh_round_up((size_t)k, 64);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		float32x4_t dots[4];
		float mins[4];
		for (int c = 0; c < nc; c++) {
			dots[c] = vdupq_n_f32(0);
			mins[c] = 0;
		}
		for (int b = 0; b < blocks; b++, p += b % parts ? 0 : size) {
			__builtin_prefetch(p + 1024);
			int8x16_t q[2];
			float d[2];
			quants32(wtype, p, b % parts, q);
			scales32(wtype, p, b % parts, d);
			const float m = affine ? half_at(p + 2) : 0;
			for (int c = 0; c < nc; c++) {
				const uint8_t *column = x + (size_t)c * column_bytes;
				const float *dx = (const float *)(column + scales) + b;
				const int8_t *v = (const int8_t *)column + 32 * (size_t)b;
				int32x4_t sum = vdotq_s32(vdupq_n_s32(0), q[0], vld1q_s8(v));
				if (fh_sub_block(wtype) == 16) {
					dots[c] = vfmaq_n_f32(dots[c], vcvtq_f32_s32(sum), d[0] * *dx);
					sum = vdupq_n_s32(0);
				}
				sum = vdotq_s32(sum, q[1], vld1q_s8(v + 16));
				dots[c] = vfmaq_n_f32(dots[c], vcvtq_f32_s32(sum), d[1] * *dx);
				if (affine)
					mins[c] += m * dx[blocks]; // sum16 follows d
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = vaddvq_f32(dots[c]) + mins[c];
	}
}

FH_INLINE void rows256(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
		       size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype), coarse = wtype == FH_Q4_K || wtype == FH_Q5_K;
	const int affine = coarse || wtype == FH_Q2_K;
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		float32x4_t dots[4];
		float mins[4];
		for (int c = 0; c < nc; c++) {
			dots[c] = vdupq_n_f32(0);
			mins[c] = 0;
		}
		for (int b = 0; b < k / 256; b++, p += size) {
			__builtin_prefetch(p + 1024);
			__builtin_prefetch(p + 1088);
			int16_t scale[16], min[16];
			k_scales(wtype, p, scale, min);
			int32x4_t sums[4];
			for (int c = 0; c < nc; c++)
				sums[c] = vdupq_n_s32(0);
#pragma GCC unroll 8
			for (int s = 0; s < 8; s++) {
				int8x16_t q[2];
				quants256(wtype, p, s, q);
				for (int c = 0; c < nc; c++) {
					const int8_t *v =
						((const struct fh_k_block *)(x + (size_t)c * column_bytes))[b].q + 32 * s;
					const int32x4_t zero = vdupq_n_s32(0);
					const int32x4_t low = vdotq_s32(zero, q[0], vld1q_s8(v));
					if (coarse) {
						sums[c] = vmlaq_n_s32(sums[c], vdotq_s32(low, q[1], vld1q_s8(v + 16)), scale[2 * s]);
					} else {
						sums[c] = vmlaq_n_s32(sums[c], low, scale[2 * s]);
						sums[c] = vmlaq_n_s32(sums[c], vdotq_s32(zero, q[1], vld1q_s8(v + 16)), scale[2 * s + 1]);
					}
				}
			}
			const float d = half_at(p + d_offset(wtype)), dmin = affine ? half_at(p + d_offset(wtype) + 2) : 0;
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				dots[c] = vfmaq_n_f32(dots[c], vcvtq_f32_s32(sums[c]), d * column->d);
				if (affine) {
					int32x4_t m = vdupq_n_s32(0);
					for (int j = 0; j < 16; j += 4)
						m = vmlal_s16(m, vld1_s16(min + j), vld1_s16(column->sum16 + j));
					mins[c] += (float)vaddvq_s32(m) * (dmin * column->d);
				}
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = vaddvq_f32(dots[c]) - mins[c];
	}
}

// Types with codes: decoded to signed bytes first.
FH_INLINE void rows_codes256(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			     size_t column_bytes, float *y, size_t ldy)
{
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		float32x4_t dots[4];
		for (int c = 0; c < nc; c++)
			dots[c] = vdupq_n_f32(0);
		for (int b = 0; b < k / 256; b++, p += fh_block_bytes(wtype)) {
			struct fh_codes codes;
			__builtin_prefetch(p + 1024);
			__builtin_prefetch(p + 1088);
			codes256(wtype, p, &codes);
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				int32x4_t sum = vdupq_n_s32(0);
#pragma GCC unroll 16
				for (int j = 0; j < 16; j++) {
					const int32x4_t dot =
						vdotq_s32(vdupq_n_s32(0), vld1q_s8(codes.q + 16 * j), vld1q_s8(column->q + 16 * j));
					sum = vmlaq_n_s32(sum, dot, codes.scale[j]);
				}
				dots[c] = vfmaq_n_f32(dots[c], vcvtq_f32_s32(sum), codes.d * column->d);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = vaddvq_f32(dots[c]);
	}
}

FH_INLINE void rows_plain(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			  size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		float32x4_t sums[4][2];
		for (int c = 0; c < nc; c++)
			sums[c][0] = sums[c][1] = vdupq_n_f32(0);
		int i = 0;
		for (; i + 8 <= k; i += 8) {
			__builtin_prefetch(p + (size_t)i * size + 1024);
			const float32x4_t a = load_plain(wtype, p + (size_t)i * size, 4);
			const float32x4_t b = load_plain(wtype, p + (size_t)(i + 4) * size, 4);
			for (int c = 0; c < nc; c++) {
				const float *column = (const float *)(x + (size_t)c * column_bytes) + i;
				sums[c][0] = vfmaq_f32(sums[c][0], a, vld1q_f32(column));
				sums[c][1] = vfmaq_f32(sums[c][1], b, vld1q_f32(column + 4));
			}
		}
		for (; i < k; i += 4) {
			const float32x4_t a = load_plain(wtype, p + (size_t)i * size, k - i < 4 ? k - i : 4);
			for (int c = 0; c < nc; c++)
				sums[c][0] = vfmaq_f32(sums[c][0], a, vld1q_f32((const float *)(x + (size_t)c * column_bytes) + i));
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = vaddvq_f32(vaddq_f32(sums[c][0], sums[c][1]));
	}
}

#define ROWS_NC(type, template, nc)                                                                          \
	static void rows_##type##_##nc(const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x, \
				       size_t column_bytes, float *y, size_t ldy)                            \
	{                                                                                                    \
		template(FH_##type, nc, w, row_bytes, rows, k, x, column_bytes, y, ldy);                     \
	}
#define ROWS(type, template) ROWS_NC(type, template, 1) ROWS_NC(type, template, 2) ROWS_NC(type, template, 4)
#define TABLE(type) {rows_##type##_1, rows_##type##_2, rows_##type##_4}

ROWS(F32, rows_plain)
ROWS(F16, rows_plain)
ROWS(BF16, rows_plain)
ROWS(Q4_0, rows32)
ROWS(Q4_1, rows32)
ROWS(Q5_0, rows32)
ROWS(Q5_1, rows32)
ROWS(Q8_0, rows32)
ROWS(Q2_K, rows256)
ROWS(Q3_K, rows256)
ROWS(Q4_K, rows256)
ROWS(Q5_K, rows256)
ROWS(Q6_K, rows256)
ROWS(IQ4_NL, rows32)
ROWS(MXFP4, rows32)
ROWS(NVFP4, rows32)
ROWS(Q1_0, rows32)
ROWS(Q2_0, rows32)
ROWS(IQ1_S, rows_codes256)
ROWS(IQ1_M, rows_codes256)
ROWS(IQ2_XXS, rows_codes256)
ROWS(IQ2_XS, rows_codes256)
ROWS(IQ2_S, rows_codes256)
ROWS(IQ3_XXS, rows_codes256)
ROWS(IQ3_S, rows_codes256)
ROWS(IQ4_XS, rows_codes256)
ROWS(TQ1_0, rows_codes256)
ROWS(TQ2_0, rows_codes256)

static const struct fh_row_kernels *row_kernels(int wtype)
{
	static const struct fh_row_kernels table[FH_TYPES] = {
		[FH_F32] = {FH_ACT_F32, TABLE(F32)},	[FH_F16] = {FH_ACT_F16, TABLE(F16)},
		[FH_BF16] = {FH_ACT_BF16, TABLE(BF16)}, [FH_Q4_0] = {FH_ACT_Q8, TABLE(Q4_0)},
		[FH_Q4_1] = {FH_ACT_Q8, TABLE(Q4_1)},	[FH_Q5_0] = {FH_ACT_Q8, TABLE(Q5_0)},
		[FH_Q5_1] = {FH_ACT_Q8, TABLE(Q5_1)},	[FH_Q8_0] = {FH_ACT_Q8, TABLE(Q8_0)},
		[FH_Q2_K] = {FH_ACT_K, TABLE(Q2_K)},	[FH_Q3_K] = {FH_ACT_K, TABLE(Q3_K)},
		[FH_Q4_K] = {FH_ACT_K, TABLE(Q4_K)},	[FH_Q5_K] = {FH_ACT_K, TABLE(Q5_K)},
		[FH_Q6_K] = {FH_ACT_K, TABLE(Q6_K)},

		[FH_IQ4_NL] = {FH_ACT_Q8, TABLE(IQ4_NL)},
		[FH_MXFP4] = {FH_ACT_Q8, TABLE(MXFP4)},
		[FH_NVFP4] = {FH_ACT_Q8, TABLE(NVFP4)},
		[FH_Q1_0] = {FH_ACT_Q8, TABLE(Q1_0)},
		[FH_Q2_0] = {FH_ACT_Q8, TABLE(Q2_0)},
		[FH_IQ1_S] = {FH_ACT_K, TABLE(IQ1_S)},
		[FH_IQ1_M] = {FH_ACT_K, TABLE(IQ1_M)},
		[FH_IQ2_XXS] = {FH_ACT_K, TABLE(IQ2_XXS)},
		[FH_IQ2_XS] = {FH_ACT_K, TABLE(IQ2_XS)},
		[FH_IQ2_S] = {FH_ACT_K, TABLE(IQ2_S)},
		[FH_IQ3_XXS] = {FH_ACT_K, TABLE(IQ3_XXS)},
		[FH_IQ3_S] = {FH_ACT_K, TABLE(IQ3_S)},
		[FH_IQ4_XS] = {FH_ACT_K, TABLE(IQ4_XS)},
		[FH_TQ1_0] = {FH_ACT_K, TABLE(TQ1_0)},
		[FH_TQ2_0] = {FH_ACT_K, TABLE(TQ2_0)},
	};
	return &table[wtype];
}
