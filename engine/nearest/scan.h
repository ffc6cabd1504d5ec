#ifndef FREEHOLD_NEAREST_SCAN_H
#define FREEHOLD_NEAREST_SCAN_H

#include <stdint.h>

// fh_scan writes the scores of n vectors of dim int8 values, which lie one
// behind another, against a query: scale[i] * factor * dot.
void fh_scan(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores);

// fh_scan_portable is fh_scan without special instructions.
void fh_scan_portable(const int8_t *vectors, const float *scale, int64_t n, int64_t dim, const int8_t *query, float factor, float *scores);

#endif
