// Vector kernels of the ops that are not matrix products. The same source,
// vector_impl.h, is compiled once for each width of registers.
#ifndef FREEHOLD_VECTOR_H
#define FREEHOLD_VECTOR_H

#include <stddef.h>
#include <stdint.h>

#include "kv.h"
#include "recurrent.h"

// Query rows × heads that attend together: their scores against a block are
// one small matrix product.
#define FH_ATTEND_ROWS 48

// fh_attend is one unit of attention: the query heads that share a KV head, of
// consecutive rows of one sequence, against a range of cache blocks.
struct fh_attend {
	const float *q;		   // first row's first query head
	size_t q_stride;	   // floats between rows
	int rows, group, head_dim, value_dim; // rows × group ≤ FH_ATTEND_ROWS, or rows is 1
	const int32_t *position;   // of each row, ascending
	float scale, softcap;	   // softcap 0: none
	int before, after, last;   // a row sees so many positions before and behind its own, none
				   // behind last

	int kv_type;
	const uint8_t *head; // KV head in block 0
	size_t block_stride; // bytes between blocks
	const int32_t *table;
	int block0, block1;

	// Results of row r, head g at index r·group + g: Σ weight·V in out, and
	// the top score and Σ weight, weights being exp(score − top).
	float *out; // [rows·group][fh_padded_head(value_dim)]
	float *top, *sum;

	void *scratch; // fh_attend_scratch bytes, aligned to 64
};

// fh_attend_scratch returns the scratch that rows × group heads need, in bytes.
size_t fh_attend_scratch(int heads, int head_dim, int value_dim);

// Smallest top score, of rows that see no position of the range.
#define FH_UNSEEN (-1e30f)

// Functions of one value; the numbers are program.Function's.
enum {
	FH_SILU,
	FH_GELU,
	FH_GELU_ERF,
	FH_GELU_QUICK,
	FH_RELU,
	FH_RELU2,
	FH_SIGMOID,
	FH_TANH,
	FH_SOFTPLUS,
};

struct fh_vector_kernels {
	// dst = x / sqrt(mean(x²) + eps) · gain; gain may be NULL.
	void (*rmsnorm)(const float *x, const float *gain, float *dst, int n, float eps);
	// dst = (x − mean) / sqrt(variance + eps) · gain + bias; both may be NULL.
	void (*layernorm)(const float *x, const float *gain, const float *bias, float *dst, int n, float eps);
	// dst = x / max(‖x‖, eps)
	void (*l2norm)(const float *x, float *dst, int n, float eps);
	// dst = f(gate) · (up + shift), or f(gate) if up is NULL. With limit > 0
	// gate is at most that, and up within ± that.
	void (*gated)(int f, const float *gate, const float *up, float *dst, int n, float limit, float shift);
	// Turns the first 2·pairs values of each head by cos and sin.
	void (*rope)(float *x, int heads, int head_dim, const float *cos, const float *sin, int pairs,
		     int adjacent);
	// Writes one token's heads into their slots of a cache block.
	void (*store)(const float *k, const float *v, uint8_t *block, int kv_type,
		      const struct fh_kv_layer *layer, int slot);
	void (*attend)(const struct fh_attend *a);
	void (*add)(const float *x, float scale, float *dst, int n); // dst += x · scale
	void (*multiply)(const float *x, const float *by, float *dst, int n);
	void (*scale)(const float *x, float factor, float *dst, int n);
	void (*clamp)(float *x, float limit, int n); // to ±limit
	void (*softcap)(float *x, float cap, int n); // cap · tanh(x / cap)
	void (*recur)(const struct fh_recurrence *u);
	void (*convolve)(const struct fh_convolution *c);
	void (*exp)(const float *x, float *dst, int n);
};

// The kernels for the instruction set in use.
const struct fh_vector_kernels *fh_vector_kernels_now(void);

#endif
