// Compiling the functions of one file for an instruction set that the rest of
// the program must not assume:
//
//	#include <...>               all headers first
//	FH_TARGET_BEGIN("avx2,fma")
//	...
//	FH_TARGET_END
#ifndef FREEHOLD_LINEAR_TARGET_H
#define FREEHOLD_LINEAR_TARGET_H

#define FH_PRAGMA(text) _Pragma(#text)
#if defined(__clang__)
#define FH_TARGET_BEGIN(isa) \
	FH_PRAGMA(clang attribute push(__attribute__((target(isa))), apply_to = function))
#define FH_TARGET_END FH_PRAGMA(clang attribute pop)
#else
#define FH_TARGET_BEGIN(isa) FH_PRAGMA(GCC push_options) FH_PRAGMA(GCC target(isa))
#define FH_TARGET_END FH_PRAGMA(GCC pop_options)
#endif

#endif
