// Instruction sets: what the CPU has, and which set of kernels runs.
#ifndef FREEHOLD_ISA_H
#define FREEHOLD_ISA_H

// Tiers of kernels, in order of preference within one architecture.
enum {
	FH_ISA_PORTABLE = 0,
	FH_ISA_AVX2,	// AVX2, FMA, F16C
	FH_ISA_AVXVNNI, // AVX2 and the VEX form of the byte dot product
	FH_ISA_AVX512VL, // byte dot product on 256-bit registers, no VBMI (Cascade Lake)
	FH_ISA_AVX512,	// AVX-512 F, BW, VL, DQ, VBMI, VNNI
	FH_ISA_NEON,	// arm64 with the dot product extension
	FH_ISA_COUNT
};

// fh_isa returns the tier in use: the best the CPU has, unless forced.
int fh_isa(void);

// fh_isa_has tells whether this CPU can run a tier.
int fh_isa_has(int isa);

// fh_isa_force selects a tier, for tests and diagnosis; negative undoes it.
// Returns 0 if the CPU lacks it. Not to be called while kernels run, and
// activation buffers filled before do not fit the new tier.
int fh_isa_force(int isa);

const char *fh_isa_name(int isa);

#endif
