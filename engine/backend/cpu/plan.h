// A plan is a program in C memory: op descriptors over activation buffers,
// grouped into stages that the threads of a pool run one after another.
//
// A plan is built op by op, finished, and then run on batch after batch, one
// call for a whole forward pass. It keeps pointers to weights, which must stay
// where they are, and copies everything else.
#ifndef FREEHOLD_PLAN_H
#define FREEHOLD_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "pool.h"
#include "recurrent.h"
#include "rows.h"

typedef struct fh_plan fh_plan;

struct fh_attention_op {
	int q, dst, layer, heads;
	float scale, softcap;
	const float *sinks; // one a head, or NULL
	int before, after; // how many positions a row sees before and behind its own; behind it, at
			   // most those of its sequence in the batch
};

// Building. Functions that return int give 0, or -1 when memory is out.

// fh_plan_new makes an empty plan for batches of up to max_rows rows of which
// max_outputs are wanted, and as many slots of states; NULL when memory is out.
fh_plan *fh_plan_new(fh_pool *pool, int max_rows, int max_outputs, int slots);
void fh_plan_free(fh_plan *p);

// Buffers and rope tables are numbered in the order they are added.
int fh_plan_buffer(fh_plan *p, int width, int outputs);
int fh_plan_rope_table(fh_plan *p, const float *freqs, int pairs, float magnitude, int adjacent);
// A cache is of a type of kv.h.
int fh_plan_cache(fh_plan *p, int type, const int32_t *heads, const int32_t *head_dims,
		  const int32_t *value_dims, int layers, int blocks);

// fh_plan_experts adds a product with chosen experts; choice is -1 if slot i takes
// expert i. fh_plan_expert_projection gives it one more output: w and scale have a
// value an expert, bias a vector; scale and bias may be NULL.
int fh_plan_experts(fh_plan *p, int x, int choice, int slots, int experts);
int fh_plan_expert_projection(fh_plan *p, int wtype, int m, int k, const void *const *w, const float *scale,
			      const float *bias, int dst);
// fh_plan_row adds a row op.
int fh_plan_row(fh_plan *p, struct fh_row_op op);
// A projection joins the linear op before it if that has the same input and
// neither reads what the other writes. A fine one rounds its input to twice the
// bits (linear.h).
int fh_plan_project(fh_plan *p, int x, int wtype, const void *w, const float *bias, int dst, int accumulate,
		    int fine);
int fh_plan_attention(fh_plan *p, struct fh_attention_op op);

// States are numbered in the order they are added.
int fh_plan_state(fh_plan *p, size_t floats);
int fh_plan_recurrent(fh_plan *p, struct fh_recurrent_op op);
int fh_plan_conv(fh_plan *p, struct fh_conv_op op);

// fh_plan_finish makes the stages and allocates buffers and scratch.
int fh_plan_finish(fh_plan *p);

// Running.

enum { FH_DONE = 0, FH_CANCELLED = 1, FH_NO_MEMORY = 2 };

// fh_plan_run runs a batch of n rows. Sequence s has its cache blocks, all
// below blocks, in tables[table_at[s]] onward, and its states in slots[s], below
// most_slots. guessed of the rows are
// computed by the kernels that serve without them. The batch must be
// well-formed.
int fh_plan_run(fh_plan *p, int n, const int32_t *tokens, const int32_t *positions, const int32_t *sequences,
		const int32_t *tables, const int32_t *table_at, int blocks, int outputs,
		const int32_t *output_rows, int guessed, const int32_t *slots, int most_slots);

// fh_plan_cancel makes a running fh_plan_run return soon; fh_plan_rearm undoes
// it. Cancelling is safe from any thread.
void fh_plan_cancel(fh_plan *p);
void fh_plan_rearm(fh_plan *p);

// fh_plan_data returns a buffer's rows.
const float *fh_plan_data(const fh_plan *p, int buffer);

int fh_plan_copy_block(fh_plan *p, int dst, int src);
// fh_plan_arena_bytes is what a full batch needs besides weights and cache.
size_t fh_plan_arena_bytes(const fh_plan *p);
size_t fh_plan_cache_bytes(const fh_plan *p);
size_t fh_plan_block_bytes(const fh_plan *p);

// fh_plan_slot returns where the slot's states lie; NULL when memory is out.
void *fh_plan_slot(fh_plan *p, int slot);
size_t fh_plan_slot_bytes(const fh_plan *p);

// fh_plan_block returns where the block's values lie; NULL when memory is out.
void *fh_plan_block(fh_plan *p, int block);

#endif
