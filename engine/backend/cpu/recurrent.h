// Recurrent ops, whose state goes from row to row of a sequence.
#ifndef FREEHOLD_RECURRENT_H
#define FREEHOLD_RECURRENT_H

#include <stddef.h>

// A head's state matrix [dim][columns] stands in blocks of so many columns, the
// last of half as many if that is enough, each [dim][its columns]: all rows of a
// batch go through one block before the next.
#define FH_STATE_BLOCK 32

static inline int fh_state_columns(int columns)
{
	return (columns + FH_STATE_BLOCK / 2 - 1) / (FH_STATE_BLOCK / 2) * (FH_STATE_BLOCK / 2);
}

// Per row: S = decay·S + k ⊗ w; dst = scale · Sᵀ·q + skip · v, where w is rate · v,
// or by the delta rule rate · (v − decay·Sᵀ·k).
struct fh_recurrence {
	float *s;
	int dim, width, columns; // of the block, and those of them there are
	int rows, delta_rule;
	const float *k, *q, *v, *rate, *decay;
	size_t k_stride, q_stride, v_stride, rate_stride, dst_stride;
	float *dst;
	float scale, skip;
};

// Channels of a sequence: dst[c] = Σ weight[k][c] · x of kernel−1−k rows before + bias[c].
struct fh_convolution {
	const float *x, *weight, *bias;
	float *dst, *state; // state: [kernel−1][channels], the oldest first
	size_t stride;	    // of all arrays
	int rows, channels, kernel;
};

// Building. Field names are those of program's DeltaNet and Mamba; B is k, C is q
// and X is v there, and Delta is the rate.
struct fh_recurrent_op {
	int q, k, v, delta, rate, dst;
	int key_heads, dim, heads, columns, tiled;
	int delta_rule, state;
	float scale;
	const float *a, *skip; // [heads]; skip may be NULL
};

struct fh_conv_op {
	int x, dst, kernel, state;
	const float *weight, *bias; // [kernel][width]; bias may be NULL
};

#endif
