// Row kernels (decode, and batches of a few) for 256-bit registers; part of
// linear_ymm.h.

FH_INLINE void rows32(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
		      size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype), blocks = k / 32, affine = wtype == FH_Q4_1 || wtype == FH_Q5_1;
	const int parts = fh_parts(wtype);
	const size_t scales = fh_round_up((size_t)k, 64);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m256 dots[4];
		float mins[4];
		for (int c = 0; c < nc; c++) {
			dots[c] = _mm256_setzero_ps();
			mins[c] = 0;
		}
		for (int b = 0; b < blocks; b++, p += b % parts ? 0 : size) {
			prefetch(p);
			__m256i q = quants32(wtype, p, b % parts);
			if (!affine && !is_signed(wtype))
				q = _mm256_sub_epi8(q, _mm256_set1_epi8((char)zero_of(wtype)));
			float d[2];
			scales32(wtype, p, b % parts, d);
			const float m = affine ? half_at(p + 2) : 0;
			for (int c = 0; c < nc; c++) {
				const uint8_t *column = x + (size_t)c * column_bytes;
				const float *dx = (const float *)(column + scales) + b;
				const __m256i v = load256(column + 32 * (size_t)b), zero = _mm256_setzero_si256();
				const __m256i sum = affine ? dot4(zero, q, v) : dot4_signed(zero, q, v);
				const __m256 scale = fh_sub_block(wtype) == 32
							     ? _mm256_set1_ps(d[0] * *dx)
							     : _mm256_set_m128(_mm_set1_ps(d[1] * *dx), _mm_set1_ps(d[0] * *dx));
				dots[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sum), scale, dots[c]);
				if (affine)
					mins[c] += m * dx[blocks]; // sum16 follows d
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = sum8(dots[c]) + mins[c];
	}
}

// Scales (and, for Q2_K, Q4_K, Q5_K, minima) of a block as words: eight of
// each in the halves of `coarse`, or sixteen.
FH_INLINE void k_scales(int wtype, const uint8_t *p, __m256i *scale, __m256i *min)
{
	*min = _mm256_setzero_si256();
	switch (wtype) {
	case FH_Q6_K:
		*scale = _mm256_cvtepi8_epi16(load128(p + 192));
		return;
	case FH_Q2_K:
		*scale = _mm256_cvtepu8_epi16(_mm_and_si128(load128(p), _mm_set1_epi8(15)));
		*min = _mm256_cvtepu8_epi16(_mm_and_si128(_mm_srli_epi16(load128(p), 4), _mm_set1_epi8(15)));
		return;
	case FH_Q3_K: {
		// Nibbles in bytes 0-7, pairs of top bits in bytes 8-11. The load begins
		// two bytes early, to end with the block.
		const __m128i v = load128(p + 94);
		__m128i low = _mm_shuffle_epi8(v, _mm_setr_epi8(2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5, 6, 7, 8, 9));
		low = _mm_blend_epi32(low, _mm_srli_epi16(low, 4), 0xc);
		__m128i top = _mm_shuffle_epi8(v, _mm_setr_epi8(10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13, 10, 11, 12, 13));
		top = _mm_and_si128(_mm_srlv_epi32(top, _mm_setr_epi32(0, 2, 4, 6)), _mm_set1_epi8(3));
		const __m128i six = _mm_or_si128(_mm_and_si128(low, _mm_set1_epi8(15)), _mm_slli_epi16(top, 4));
		*scale = _mm256_cvtepi8_epi16(_mm_sub_epi8(six, _mm_set1_epi8(32)));
		return;
	}
	}
	// Q4_K, Q5_K: six bits each, the first four whole, the rest in two parts.
	const uint32_t u0 = fh_load32(p + 4), u1 = fh_load32(p + 8), u2 = fh_load32(p + 12);
	const uint32_t six = 0x3f3f3f3f, four = 0x0f0f0f0f, top = 0x30303030;
	const uint64_t sc = (u0 & six) | (uint64_t)((u2 & four) | (u0 >> 2 & top)) << 32;
	const uint64_t mn = (u1 & six) | (uint64_t)((u2 >> 4 & four) | (u1 >> 2 & top)) << 32;
	*scale = _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)sc)));
	*min = _mm256_castsi128_si256(_mm_cvtepu8_epi16(_mm_cvtsi64_si128((long long)mn)));
}

// The scales of values 32*s .. 32*s+31 in the words of a vector; s is a constant.
FH_INLINE __m256i spread_scales(int coarse, __m256i scale, int s)
{
	if (coarse)
		return _mm256_shuffle_epi8(scale, _mm256_set1_epi16((short)(0x0100 + 0x0202 * s)));
	const __m256i half = s < 4 ? _mm256_permute4x64_epi64(scale, 0x44) : _mm256_permute4x64_epi64(scale, 0xee);
	const short a = (short)(0x0100 + 0x0202 * (2 * s % 8)), b = (short)(a + 0x0202);
	return _mm256_shuffle_epi8(half, _mm256_setr_epi16(a, a, a, a, a, a, a, a, b, b, b, b, b, b, b, b));
}

FH_INLINE void rows256(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
		       size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype), coarse = wtype == FH_Q4_K || wtype == FH_Q5_K;
	const int affine = coarse || wtype == FH_Q2_K;
	const int d_at = coarse ? 0 : wtype == FH_Q2_K ? 80 : wtype == FH_Q3_K ? 108 : 208;
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m256 dots[4], mins[4];
		for (int c = 0; c < nc; c++)
			dots[c] = mins[c] = _mm256_setzero_ps();
		for (int b = 0; b < k / 256; b++, p += size) {
			prefetch(p);
			prefetch(p + 64);
			if (size > 128)
				prefetch(p + 128);
			__m256i scale, min, sums[4];
			k_scales(wtype, p, &scale, &min);
			for (int c = 0; c < nc; c++)
				sums[c] = _mm256_setzero_si256();
#pragma GCC unroll 8
			for (int s = 0; s < 8; s++) {
				const __m256i q = quants256(wtype, p, s), sc = spread_scales(coarse, scale, s);
				for (int c = 0; c < nc; c++) {
					const struct fh_k_block *column =
						(const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
					// Two products of at most 63*127 fit a word; the scale then
					// multiplies and the sum of two words fills a lane.
					const __m256i words = _mm256_maddubs_epi16(q, load256(column->q + 32 * s));
					sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(words, sc));
				}
			}
			const float d = half_at(p + d_at), dmin = affine ? half_at(p + d_at + 2) : 0;
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				if (coarse) {
					const __m128i m = _mm_madd_epi16(_mm256_castsi256_si128(min), load128(column->sum32));
					mins[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(_mm256_zextsi128_si256(m)),
								  _mm256_set1_ps(dmin * column->d), mins[c]);
				} else if (affine) {
					const __m256i m = _mm256_madd_epi16(min, load256(column->sum16));
					mins[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(m), _mm256_set1_ps(dmin * column->d), mins[c]);
				} else { // take the offset of the unsigned quants off again
					const __m256i m = _mm256_madd_epi16(scale, load256(column->sum16));
					sums[c] = _mm256_sub_epi32(sums[c], _mm256_slli_epi32(m, zero_of(wtype) == 4 ? 2 : 5));
				}
				dots[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[c]), _mm256_set1_ps(d * column->d), dots[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = sum8(affine ? _mm256_sub_ps(dots[c], mins[c]) : dots[c]);
	}
}

// Types with codes: decoded to signed bytes first.
FH_INLINE void rows_codes256(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			     size_t column_bytes, float *y, size_t ldy)
{
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m256 dots[4];
		for (int c = 0; c < nc; c++)
			dots[c] = _mm256_setzero_ps();
		for (int b = 0; b < k / 256; b++, p += fh_block_bytes(wtype)) {
			struct fh_codes codes;
			prefetch(p);
			prefetch(p + 64);
			codes256(wtype, p, &codes);
			const __m256i scale = load256(codes.scale);
			__m256i sums[4];
			for (int c = 0; c < nc; c++)
				sums[c] = _mm256_setzero_si256();
#pragma GCC unroll 8
			for (int s = 0; s < 8; s++) {
				const __m256i q = load256(codes.q + 32 * s), size = _mm256_abs_epi8(q);
				const __m256i sc = spread_scales(0, scale, s);
				for (int c = 0; c < nc; c++) {
					const struct fh_k_block *column =
						(const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
					// Two products of at most 127*127 fit a word.
					const __m256i words = _mm256_maddubs_epi16(size, _mm256_sign_epi8(load256(column->q + 32 * s), q));
					sums[c] = _mm256_add_epi32(sums[c], _mm256_madd_epi16(words, sc));
				}
			}
			for (int c = 0; c < nc; c++) {
				const struct fh_k_block *column = (const struct fh_k_block *)(x + (size_t)c * column_bytes) + b;
				dots[c] = _mm256_fmadd_ps(_mm256_cvtepi32_ps(sums[c]), _mm256_set1_ps(codes.d * column->d), dots[c]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = sum8(dots[c]);
	}
}

FH_INLINE void rows_plain(int wtype, int nc, const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x,
			  size_t column_bytes, float *y, size_t ldy)
{
	const int size = fh_block_bytes(wtype);
	for (int r = 0; r < rows; r++) {
		const uint8_t *p = w + (size_t)r * row_bytes;
		__m256 sums[4][2];
		for (int c = 0; c < nc; c++)
			sums[c][0] = sums[c][1] = _mm256_setzero_ps();
		int i = 0;
		for (; i + 16 <= k; i += 16) {
			prefetch(p + (size_t)i * size);
			const __m256 a = load_plain(wtype, p + (size_t)i * size, 8);
			const __m256 b = load_plain(wtype, p + (size_t)(i + 8) * size, 8);
			for (int c = 0; c < nc; c++) {
				const float *column = (const float *)(x + (size_t)c * column_bytes) + i;
				sums[c][0] = _mm256_fmadd_ps(a, _mm256_load_ps(column), sums[c][0]);
				sums[c][1] = _mm256_fmadd_ps(b, _mm256_load_ps(column + 8), sums[c][1]);
			}
		}
		for (; i < k; i += 8) {
			const __m256 a = load_plain(wtype, p + (size_t)i * size, k - i < 8 ? k - i : 8);
			for (int c = 0; c < nc; c++) {
				const float *column = (const float *)(x + (size_t)c * column_bytes) + i;
				sums[c][0] = _mm256_fmadd_ps(a, _mm256_load_ps(column), sums[c][0]);
			}
		}
		for (int c = 0; c < nc; c++)
			y[(size_t)c * ldy + r] = sum8(_mm256_add_ps(sums[c][0], sums[c][1]));
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
