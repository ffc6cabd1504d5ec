#include "scan.h"

static int32_t dot_tail(const int8_t *a, const int8_t *b, int64_t from, int64_t dim) {
    int32_t sum = 0;
    for (int64_t i = from; i < dim; i++) sum += (int32_t)a[i] * b[i];
    return sum;
}

void fh_scan_portable(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores) {
    for (int64_t i = 0; i < n; i++) scores[i] = scale[i] * factor * (float)dot_tail(vectors + i * dim, query, 0, dim);
}

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx2"))) static void scan_avx2(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores) {
    for (int64_t i = 0; i < n; i++) {
        const int8_t *v = vectors + i * dim;
        __m256i even = _mm256_setzero_si256(), odd = _mm256_setzero_si256();
        int64_t k = 0;
        for (; k + 32 <= dim; k += 32) {
            __m256i a = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(v + k)));
            __m256i b = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + k)));
            __m256i c = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(v + k + 16)));
            __m256i d = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(query + k + 16)));
            even = _mm256_add_epi32(even, _mm256_madd_epi16(a, b));
            odd = _mm256_add_epi32(odd, _mm256_madd_epi16(c, d));
        }
        __m256i sum = _mm256_add_epi32(even, odd);
        __m128i half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
        half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
        half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1));
        scores[i] = scale[i] * factor * (float)(_mm_cvtsi128_si32(half) + dot_tail(v, query, k, dim));
    }
}

void fh_scan(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores) {
    if (__builtin_cpu_supports("avx2")) scan_avx2(vectors, scale, n, dim, query, factor, scores);
    else fh_scan_portable(vectors, scale, n, dim, query, factor, scores);
}

#elif defined(__aarch64__)
#include <arm_neon.h>

void fh_scan(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores) {
    for (int64_t i = 0; i < n; i++) {
        const int8_t *v = vectors + i * dim;
        int32x4_t sum = vdupq_n_s32(0);
        int64_t k = 0;
        for (; k + 16 <= dim; k += 16) {
            int8x16_t a = vld1q_s8(v + k), b = vld1q_s8(query + k);
            sum = vpadalq_s16(sum, vmull_s8(vget_low_s8(a), vget_low_s8(b)));
            sum = vpadalq_s16(sum, vmull_s8(vget_high_s8(a), vget_high_s8(b)));
        }
        scores[i] = scale[i] * factor * (float)(vaddvq_s32(sum) + dot_tail(v, query, k, dim));
    }
}

#else

void fh_scan(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores) {
    fh_scan_portable(vectors, scale, n, dim, query, factor, scores);
}

#endif
