#include "vector.h"

#include "isa.h"

extern const struct fh_vector_kernels fh_vector_avx512, fh_vector_avx2, fh_vector_neon, fh_vector_portable;

const struct fh_vector_kernels *fh_vector_kernels_now(void)
{
	switch (fh_isa()) {
#if defined(__x86_64__)
	case FH_ISA_AVX512: case FH_ISA_AVX512VL:
		return &fh_vector_avx512;
	case FH_ISA_AVX2: case FH_ISA_AVXVNNI:
		return &fh_vector_avx2;
#elif defined(__aarch64__)
	case FH_ISA_NEON:
		return &fh_vector_neon;
#endif
	}
	return &fh_vector_portable;
}

size_t fh_attend_scratch(int heads, int head_dim, int value_dim)
{
	const size_t padded = (size_t)fh_padded_head(value_dim);
	const size_t packed = ((size_t)heads + 15) * (size_t)head_dim;
	return (packed + (size_t)FH_BLOCK * ((size_t)head_dim + padded)) * sizeof(float) +
	       fh_kv_head_bytes(FH_KV_Q8_0, head_dim, value_dim);
}
