// Linear kernels for AVX2 with the VEX-coded byte dot product (AVX-VNNI):
// laptops since 2021.
#if defined(__x86_64__)

#include <immintrin.h>

#include "linear_block.h"
#include "linear_target.h"

FH_TARGET_BEGIN("avx2,fma,f16c,bmi,bmi2,avxvnni")

#define FH_YMM_KERNELS fh_kernels_avxvnni
#define FH_YMM_DOT "%{vex%} vpdpbusd"
#include "linear_ymm.h"

FH_TARGET_END

#endif
