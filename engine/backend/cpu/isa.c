#include "isa.h"

#include <stdatomic.h>

#if defined(__x86_64__)
#include <cpuid.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#elif defined(__aarch64__) && defined(_WIN32)
#include <windows.h>
#endif

static const char *const names[FH_ISA_COUNT] = {
	"portable", "avx2", "avxvnni", "avx512vl", "avx512", "neon",
};

const char *fh_isa_name(int isa)
{
	return isa >= 0 && isa < FH_ISA_COUNT ? names[isa] : "unknown";
}

#if defined(__x86_64__)

// The register state the operating system saves; without it the CPU's
// features cannot be used.
static unsigned long long saved_state(void)
{
	unsigned lo, hi;
	__asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
	return (unsigned long long)hi << 32 | lo;
}

#define BIT(word, n) ((word) >> (n) & 1)

static unsigned detect(void)
{
	unsigned a, b, c, d, has = 1u << FH_ISA_PORTABLE;
	if (!__get_cpuid(1, &a, &b, &c, &d))
		return has;
	if (!BIT(c, 27)) // OSXSAVE: xgetbv is available
		return has;
	const int fma = BIT(c, 12), f16c = BIT(c, 29), avx = BIT(c, 28);
	const unsigned long long state = saved_state();
	if ((state & 0x6) != 0x6 || !fma || !f16c || !avx)
		return has;
	unsigned a7, b7, c7, d7, a71 = 0, x;
	if (!__get_cpuid_count(7, 0, &a7, &b7, &c7, &d7))
		return has;
	if (a7 >= 1)
		__get_cpuid_count(7, 1, &a71, &x, &x, &x);
	if (!BIT(b7, 5) || !BIT(b7, 3) || !BIT(b7, 8)) // AVX2, BMI1, BMI2
		return has;
	has |= 1u << FH_ISA_AVX2;
	if (BIT(a71, 4))
		has |= 1u << FH_ISA_AVXVNNI;
	const int zmm = (state & 0xe6) == 0xe6;
	const int base = BIT(b7, 16) && BIT(b7, 17) && BIT(b7, 30) && BIT(b7, 31); // F, DQ, BW, VL
	const int vbmi = BIT(c7, 1), vnni = BIT(c7, 11);
	if (zmm && base && vnni)
		has |= 1u << FH_ISA_AVX512VL;
	if (zmm && base && vnni && vbmi)
		has |= 1u << FH_ISA_AVX512;
	return has;
}

#else

static unsigned detect(void)
{
	unsigned has = 1u << FH_ISA_PORTABLE;
#if defined(__aarch64__)
#if defined(__APPLE__)
	const int dotprod = 1; // every Apple CPU since the M1
#elif defined(__linux__)
	const int dotprod = getauxval(AT_HWCAP) >> 20 & 1; // HWCAP_ASIMDDP
#elif defined(_WIN32)
	const int dotprod = IsProcessorFeaturePresent(43); // PF_ARM_V82_DP_INSTRUCTIONS_AVAILABLE
#else
	const int dotprod = 0;
#endif
	if (dotprod)
		has |= 1u << FH_ISA_NEON;
#endif
	return has;
}

#endif

// Feature bits with bit 31 set once known; racing threads compute the same.
static _Atomic unsigned features;
static _Atomic int forced = -1;

#define KNOWN 0x80000000u

static unsigned known(void)
{
	unsigned f = atomic_load_explicit(&features, memory_order_relaxed);
	if (!f) {
		f = KNOWN | detect();
		atomic_store_explicit(&features, f, memory_order_relaxed);
	}
	return f;
}

int fh_isa_has(int isa)
{
	return isa >= 0 && isa < FH_ISA_COUNT && (known() >> isa & 1);
}

int fh_isa(void)
{
	const int f = atomic_load_explicit(&forced, memory_order_relaxed);
	if (f >= 0)
		return f;
	for (int isa = FH_ISA_COUNT - 1; isa > 0; isa--)
		if (fh_isa_has(isa))
			return isa;
	return FH_ISA_PORTABLE;
}

int fh_isa_force(int isa)
{
	if (isa >= 0 && !fh_isa_has(isa))
		return 0;
	atomic_store_explicit(&forced, isa < 0 ? -1 : isa, memory_order_relaxed);
	return 1;
}
