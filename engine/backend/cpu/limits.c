#include "limits.h"

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif
#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "isa.h"
#include "linear_target.h"
#include "os.h"

// ---------------------------------------------------------------------------
// Memory.

#define SLICE ((size_t)1 << 20) // bytes of a chunk

struct span {
	uint8_t *base;
	size_t bytes;
};

static void fill(void *arg, int chunk, int thread)
{
	const struct span *s = arg;
	(void)thread;
	memset(s->base + (size_t)chunk * SLICE, chunk | 1, SLICE);
}

void *fh_limits_map(fh_pool *p, size_t bytes)
{
	bytes -= bytes % SLICE;
	struct span s = {fh_map(bytes), bytes};
	if (!s.base)
		return NULL;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
	madvise(s.base, bytes, MADV_HUGEPAGE); // where it fails, pages are small
#endif
	fh_pool_run(p, fill, &s, (int)(bytes / SLICE));
	return s.base;
}

typedef uint64_t lanes __attribute__((vector_size(32)));

static void read_slice(void *arg, int chunk, int thread)
{
	const struct span *s = arg;
	(void)thread;
	const lanes *v = (const lanes *)(s->base + (size_t)chunk * SLICE);
	lanes a = {0}, b = {0}, c = {0}, d = {0};
	for (size_t i = 0; i < SLICE / sizeof(lanes); i += 4) {
		a |= v[i];
		b |= v[i + 1];
		c |= v[i + 2];
		d |= v[i + 3];
	}
	a |= b | c | d;
	uint64_t all = a[0] | a[1] | a[2] | a[3];
	__asm__ volatile("" : : "r"(all)); // somebody might want to know
}

static double seconds_since(uint64_t start)
{
	const uint64_t t = fh_now_ns() - start;
	return (double)(t ? t : 1) * 1e-9;
}

double fh_limits_read(fh_pool *p, const void *base, size_t bytes)
{
	struct span s = {(uint8_t *)base, bytes};
	const uint64_t start = fh_now_ns();
	fh_pool_run(p, read_slice, &s, (int)(bytes / SLICE));
	return seconds_since(start);
}

// ---------------------------------------------------------------------------
// Arithmetic. Twelve sums hide the latency of one instruction; each function
// returns the operations of one round.

#define SUMS 12

typedef int (*rounds)(int n);

static int dot_portable(int n)
{
	static const int8_t a[64] = {1, -2, 3, -4}, b[64] = {5, 6, -7, 8};
	int sum = 0;
	for (int r = 0; r < n; r++) {
		const int8_t *x = a, *y = b;
		__asm__ volatile("" : "+r"(x), "+r"(y) : : "memory");
		for (int i = 0; i < 64; i++)
			sum += x[i] * y[i];
	}
	__asm__ volatile("" : : "r"(sum));
	return 2 * 64;
}

#if !defined(__aarch64__)
static int fma_portable(int n)
{
	float sum[SUMS] = {0};
	for (int r = 0; r < n; r++)
#pragma GCC unroll 12
		for (int i = 0; i < SUMS; i++)
			sum[i] = sum[i] * 0.5f + 1;
	for (int i = 0; i < SUMS; i++)
		__asm__ volatile("" : : "m"(sum[i]));
	return 2 * SUMS;
}
#endif

#if defined(__x86_64__)

#define KEEP(v) __asm__ volatile("" : "+v"(v))

FH_TARGET_BEGIN("avx2,fma")

static int fma_avx2(int n)
{
	__m256 sum[SUMS], a = _mm256_set1_ps(0.5f), b = _mm256_set1_ps(1);
	for (int i = 0; i < SUMS; i++)
		sum[i] = b;
	for (int r = 0; r < n; r++)
#pragma GCC unroll 12
		for (int i = 0; i < SUMS; i++)
			sum[i] = _mm256_fmadd_ps(sum[i], a, b);
	for (int i = 0; i < SUMS; i++)
		KEEP(sum[i]);
	return 2 * 8 * SUMS;
}

static int dot_avx2(int n)
{
	const __m256i one = _mm256_set1_epi16(1);
	__m256i sum[SUMS], a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-5);
	for (int i = 0; i < SUMS; i++)
		sum[i] = one;
	for (int r = 0; r < n; r++)
#pragma GCC unroll 12
		for (int i = 0; i < SUMS; i++) {
			KEEP(a);
			sum[i] = _mm256_add_epi32(sum[i], _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), one));
		}
	for (int i = 0; i < SUMS; i++)
		KEEP(sum[i]);
	return 2 * 32 * SUMS;
}

// The instruction by its name, since the two ways of encoding it have
// intrinsics of different names; and named sums, since an array of them would
// stay in memory.
#define EACH(X) X(s0) X(s1) X(s2) X(s3) X(s4) X(s5) X(s6) X(s7) X(s8) X(s9) X(s10) X(s11)
#define SUM_YMM(s) __m256i s = a;
#define SUM_ZMM(s) __m512i s = a;
#define DOT_VEX(s) __asm__ volatile("%{vex%} vpdpbusd %2, %1, %0" : "+x"(s) : "x"(a), "x"(b));
#define DOT_EVEX(s) __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(s) : "v"(a), "v"(b));

static int dot_avxvnni(int n)
{
	__m256i a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-5);
	EACH(SUM_YMM)
	for (int r = 0; r < n; r++) {
		EACH(DOT_VEX)
	}
	return 2 * 32 * SUMS;
}

FH_TARGET_END

FH_TARGET_BEGIN("avx2,avx512f,avx512vl,avx512vnni")

static int dot_avx512vl(int n)
{
	__m256i a = _mm256_set1_epi8(3), b = _mm256_set1_epi8(-5);
	EACH(SUM_YMM)
	for (int r = 0; r < n; r++) {
		EACH(DOT_EVEX)
	}
	return 2 * 32 * SUMS;
}

static int dot_avx512(int n)
{
	__m512i a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(-5);
	EACH(SUM_ZMM)
	for (int r = 0; r < n; r++) {
		EACH(DOT_EVEX)
	}
	return 2 * 64 * SUMS;
}

static int fma_avx512(int n)
{
	__m512 sum[SUMS], a = _mm512_set1_ps(0.5f), b = _mm512_set1_ps(1);
	for (int i = 0; i < SUMS; i++)
		sum[i] = b;
	for (int r = 0; r < n; r++)
#pragma GCC unroll 12
		for (int i = 0; i < SUMS; i++)
			sum[i] = _mm512_fmadd_ps(sum[i], a, b);
	for (int i = 0; i < SUMS; i++)
		KEEP(sum[i]);
	return 2 * 16 * SUMS;
}

FH_TARGET_END

static rounds dot_now(void)
{
	switch (fh_isa()) {
	case FH_ISA_AVX512:
		return dot_avx512;
	case FH_ISA_AVX512VL:
		return dot_avx512vl;
	case FH_ISA_AVXVNNI:
		return dot_avxvnni;
	case FH_ISA_AVX2:
		return dot_avx2;
	}
	return dot_portable;
}

static rounds fma_now(void)
{
	switch (fh_isa()) {
	case FH_ISA_AVX512:
		return fma_avx512;
	case FH_ISA_AVX512VL:
	case FH_ISA_AVXVNNI:
	case FH_ISA_AVX2:
		return fma_avx2;
	}
	return fma_portable;
}

#elif defined(__aarch64__)

#define KEEP(v) __asm__ volatile("" : "+w"(v))

static int fma_neon(int n)
{
	float32x4_t sum[SUMS], a = vdupq_n_f32(0.5f), b = vdupq_n_f32(1);
	KEEP(a);
	for (int i = 0; i < SUMS; i++)
		sum[i] = b;
	for (int r = 0; r < n; r++)
#pragma GCC unroll 12
		for (int i = 0; i < SUMS; i++)
			sum[i] = vfmaq_f32(b, sum[i], a);
	for (int i = 0; i < SUMS; i++)
		KEEP(sum[i]);
	return 2 * 4 * SUMS;
}

#if defined(__clang__)
FH_TARGET_BEGIN("dotprod")
#else
FH_TARGET_BEGIN("arch=armv8.2-a+dotprod")
#endif

static int dot_neon(int n)
{
	int32x4_t sum[SUMS];
	int8x16_t a = vdupq_n_s8(3), b = vdupq_n_s8(-5);
	for (int i = 0; i < SUMS; i++)
		sum[i] = vdupq_n_s32(i);
	for (int r = 0; r < n; r++)
#pragma GCC unroll 12
		for (int i = 0; i < SUMS; i++) {
			sum[i] = vdotq_s32(sum[i], a, b);
			KEEP(sum[i]);
		}
	return 2 * 16 * SUMS;
}

FH_TARGET_END

static rounds dot_now(void) { return fh_isa() == FH_ISA_NEON ? dot_neon : dot_portable; }
static rounds fma_now(void) { return fma_neon; }

#else

static rounds dot_now(void) { return dot_portable; }
static rounds fma_now(void) { return fma_portable; }

#endif

struct arithmetic {
	rounds run;
	int n;
};

static void compute(void *arg, int chunk, int thread)
{
	const struct arithmetic *a = arg;
	(void)chunk;
	(void)thread;
	a->run(a->n);
}

// Each thread gets many chunks of about 20 microseconds, so that one that the
// system puts aside does not hold up the others.
static double rate(fh_pool *p, rounds run)
{
	struct arithmetic a = {run, 1 << 10};
	const uint64_t start = fh_now_ns();
	const double per_round = run(a.n);
	a.n = (int)(a.n * 20e-6 / seconds_since(start)) + 1;
	if (a.n > 1 << 20)
		a.n = 1 << 20;
	const int chunks = 64 * fh_pool_threads(p);
	const uint64_t begin = fh_now_ns();
	fh_pool_run(p, compute, &a, chunks);
	return per_round * a.n * chunks / seconds_since(begin);
}

double fh_limits_dot(fh_pool *p) { return rate(p, dot_now()); }
double fh_limits_fma(fh_pool *p) { return rate(p, fma_now()); }
