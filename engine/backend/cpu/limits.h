// What this machine can do at most, measured with the pool that runs plans.
#ifndef FREEHOLD_LIMITS_H
#define FREEHOLD_LIMITS_H

#include <stddef.h>

#include "pool.h"

// fh_limits_map takes memory of which the system is asked to use large pages,
// and writes all of it; NULL when the system refuses.
void *fh_limits_map(fh_pool *p, size_t bytes);

// fh_limits_read reads the memory once and returns the seconds it took.
double fh_limits_read(fh_pool *p, const void *base, size_t bytes);

// fh_limits_dot multiplies and adds bytes for about a millisecond, with the
// instructions of the tier in use, and returns the operations per second: two
// for each product. fh_limits_fma does so with float32.
double fh_limits_dot(fh_pool *p);
double fh_limits_fma(fh_pool *p);

#endif
