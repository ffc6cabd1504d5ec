// Shared by the AVX-512 kernels. Include it last: what follows it, up to an
// FH_TARGET_END, is compiled for AVX-512 F, BW, VL, DQ, VBMI and VNNI.
#ifndef FREEHOLD_LINEAR_AVX512_H
#define FREEHOLD_LINEAR_AVX512_H

#include "linear_block.h"
#include "linear_target.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

// The parts of the kernel table, one file each.
extern const struct fh_row_kernels fh_avx512_rows[FH_TYPES];	// small blocks and plain types
extern const struct fh_row_kernels fh_avx512_k_rows[FH_TYPES]; // blocks of 256
#if defined(__x86_64__)

FH_TARGET_BEGIN("avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512vl,avx512dq,avx512vbmi,avx512vnni")

// acc + the dot products of four unsigned bytes with four signed ones, which
// are in memory, in each lane. One instruction in inline assembly, because gcc
// 12 keeps the destination of the intrinsic in zmm0-15 and spills large tiles.
FH_INLINE __m512i dot4_load(__m512i acc, __m512i u, const void *s)
{
	__asm__("vpdpbusd %2,%1,%0" : "+v"(acc) : "v"(u), "m"(*(const __m512i *)s));
	return acc;
}

// The same with one group of four signed bytes for all lanes.
FH_INLINE __m512i dot4_broadcast(__m512i acc, __m512i u, const void *s)
{
	__asm__("vpdpbusd %2%{1to16%},%1,%0" : "+v"(acc) : "v"(u), "m"(*(const int32_t *)s));
	return acc;
}

// acc + the dot products of two signed words with two in each lane.
FH_INLINE __m512i dot2(__m512i acc, __m512i a, __m512i b)
{
	__asm__("vpdpwssd %2,%1,%0" : "+v"(acc) : "v"(a), "v"(b));
	return acc;
}

FH_INLINE __m512 half_broadcast(const uint8_t *p)
{
	return _mm512_cvtph_ps(_mm256_set1_epi16((short)fh_load16(p)));
}

// Weight bytes are read once, front to back; four kilobytes ahead is beyond
// what the hardware prefetcher covers at the end of a page.
FH_INLINE void prefetch(const uint8_t *p) { _mm_prefetch((const char *)p + 4096, _MM_HINT_T0); }

// A vector whose 32-bit lanes are those of two 256-bit halves.
FH_INLINE __m512i join(__m256i low, __m256i high)
{
	return _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
}

FH_INLINE __m256i load256(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
// Sixteen levels of four-bit codes in each 128-bit lane, plus 128.
FH_INLINE __m512i level_table(const int8_t levels[16])
{
	return _mm512_xor_si512(_mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)levels)), _mm512_set1_epi8(-128));
}

// Twice an MXFP4 scale, 2^(e-127), from the exponents in the low bytes of lanes.
FH_INLINE __m512 power_of_two(__m512i e)
{
	const __m512i bits = _mm512_srli_epi32(_mm512_slli_epi32(e, 24), 1);
	return _mm512_castsi512_ps(_mm512_max_epu32(bits, _mm512_set1_epi32(0x00400000)));
}

FH_INLINE __m128i load128(const void *p) { return _mm_loadu_si128((const __m128i *)p); }

// ROWS_FN names a row kernel and instantiates its template for 1, 2, 4 columns.
#define FH_ROWS_FN(name, nc, body)                                                                  \
	static void name##_##nc(const uint8_t *w, size_t row_bytes, int rows, int k, const uint8_t *x, \
				size_t column_bytes, float *y, size_t ldy)                          \
	{                                                                                           \
		enum { NC = nc };                                                                   \
		body;                                                                               \
	}
#define FH_ROWS(name, body) FH_ROWS_FN(name, 1, body) FH_ROWS_FN(name, 2, body) FH_ROWS_FN(name, 4, body)
#define FH_ROWS_TABLE(name) {name##_1, name##_2, name##_4}

#endif
#endif
