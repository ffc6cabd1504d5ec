// Linear kernels for 256-bit registers with the EVEX-coded byte dot product:
// AVX-512 without VBMI.
#if defined(__x86_64__)

#include <immintrin.h>

#include "linear_block.h"
#include "linear_target.h"

FH_TARGET_BEGIN("avx2,fma,f16c,bmi,bmi2,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")

#define FH_YMM_KERNELS fh_kernels_avx512vl
#define FH_YMM_DOT "vpdpbusd"
#include "linear_ymm.h"

FH_TARGET_END

#endif
