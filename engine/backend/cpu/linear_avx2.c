// Linear kernels for AVX2 with FMA and F16C: x86 since 2013.
#if defined(__x86_64__)

#include <immintrin.h>

#include "linear_block.h"
#include "linear_target.h"

FH_TARGET_BEGIN("avx2,fma,f16c,bmi,bmi2")

#define FH_YMM_KERNELS fh_kernels_avx2
#include "linear_ymm.h"

FH_TARGET_END

#endif
