// Linear layers of the CPU backend: y = x·Wᵀ with weights in the quant blocks
// of a GGUF file, read where they lie.
//
//	y[n][m] (+)= x[n][k] · W[m][k]ᵀ (+ bias[m])
//
// The work has two phases. Each may be split over threads by the caller, who
// puts a barrier between them:
//
//	1. fh_act_quantize turns columns of x into the form the weights want
//	2. fh_linear       computes rows of W against all n columns
//
// Weights whose activation formats are equal (q, k, v; gate, up) share phase 1.
//
// Numbers: types with blocks of 32, 64 or 128 use activations in int8 with one
// scale per 32, rounded through binary16; those with blocks of 256 use int8 with
// one float scale per 256. Dot products inside a block are exact integers. F16 and BF16 weights see
// activations rounded to their own precision and accumulate in float. All of
// that is how llama.cpp defines these products, so that both engines choose
// the same tokens. Results differ between instruction sets, and between small
// and large n, by the order of float additions only.
//
// Where those eight bits cost most, in the logits, a fine format has as many
// again: each column is followed by the int8 values of what its rounding left,
// and the product is the sum of both. The weights are read once for the pair.
#ifndef FREEHOLD_LINEAR_H
#define FREEHOLD_LINEAR_H

#include <stddef.h>
#include <stdint.h>

// Weight types, with their GGUF ids.
enum {
	FH_F32 = 0,
	FH_F16 = 1,
	FH_Q4_0 = 2,
	FH_Q4_1 = 3,
	FH_Q5_0 = 6,
	FH_Q5_1 = 7,
	FH_Q8_0 = 8,
	FH_Q2_K = 10,
	FH_Q3_K = 11,
	FH_Q4_K = 12,
	FH_Q5_K = 13,
	FH_Q6_K = 14,
	FH_IQ2_XXS = 16,
	FH_IQ2_XS = 17,
	FH_IQ3_XXS = 18,
	FH_IQ1_S = 19,
	FH_IQ4_NL = 20,
	FH_IQ3_S = 21,
	FH_IQ2_S = 22,
	FH_IQ4_XS = 23,
	FH_IQ1_M = 29,
	FH_BF16 = 30,
	FH_TQ1_0 = 34,
	FH_TQ2_0 = 35,
	FH_MXFP4 = 39,
	FH_NVFP4 = 40,
	FH_Q1_0 = 41,
	FH_Q2_0 = 42,
	FH_TYPES = 43 // one past the last id
};

// Before anything else, once: fh_make_bit_tables, and fh_set_codebook for each
// type that has a codebook (IQ1_M shares that of IQ1_S). A point holds eight or
// four values as signed bytes, the first one lowest.
void fh_make_bit_tables(void);
void fh_set_codebook(int wtype, const uint64_t *points, int n);

// fh_linear_supports tells whether weights of this type with rows of k values
// can be computed: a known type, and k a positive multiple of its block.
int fh_linear_supports(int wtype, int k);

// The functions below expect a type and a k that fh_linear_supports accepts.

// fh_row_bytes returns the bytes of one weight row of k values.
size_t fh_row_bytes(int wtype, int k);

// fh_dequantize writes k values of one weight row as floats (embedding rows).
void fh_dequantize(int wtype, const void *row, int k, float *out);

// fh_linear_format returns the activation format that weights of this type
// want for n columns.
int fh_linear_format(int wtype, int k, int n);

// fh_act_fine returns the fine format that goes with a format: the same one if
// that does not round to int8.
int fh_act_fine(int format);

// fh_act_bytes returns the bytes of a quantized activation buffer, which must
// be aligned to 64 bytes.
size_t fh_act_bytes(int format, int k, int n);

// fh_act_grain returns how many columns make one unit of phase 1: splits of
// the columns over threads must fall on multiples of it.
int fh_act_grain(int format);

// fh_act_quantize is phase 1 for columns [col0, col1) of n; column c is the k
// floats at x + c*ldx. col0 is a multiple of the grain, col1 too unless it is n.
void fh_act_quantize(int format, const float *x, size_t ldx, int k, int n,
		     int col0, int col1, void *act);

// fh_act_gather makes activations of n columns of others with the same format,
// which is not a fine one, and k: column i is columns[i] of act.
void fh_act_gather(int format, int k, const void *act, const int32_t *columns, int n, void *to);

// fh_linear_grain returns how many weight rows make one unit of phase 2.
// Splits over threads should fall on multiples of it; others are correct, but
// waste work.
int fh_linear_grain(int wtype, int k, int n);

// fh_linear_scratch returns the bytes of scratch each thread needs in phase 2,
// aligned to 64 bytes; it may be 0.
size_t fh_linear_scratch(int wtype, int k, int n);

// fh_linear is phase 2 for weight rows [row0, row1) of m and all n columns:
// y[c*ldy + r] = (accumulate ? y[c*ldy + r] : 0) + dot + (bias ? bias[r] : 0).
// w points at row 0 of the tensor and needs no alignment; nothing past row
// m-1 is read. bias may be NULL. act was filled by phase 1 with the same
// format, k and n.
void fh_linear(int wtype, const void *w, int m, int k, int row0, int row1,
	       int format, const void *act, int n, float *y, size_t ldy,
	       const float *bias, int accumulate, void *scratch);

#endif
