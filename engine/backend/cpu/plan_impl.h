// Inside of a plan, shared by plan.c, run.c and attention.c.
#ifndef FREEHOLD_PLAN_IMPL_H
#define FREEHOLD_PLAN_IMPL_H

#include <stdatomic.h>

#include "kv.h"
#include "plan.h"
#include "vector.h"

// Two kinds of rows: all of a batch, or those whose logits are wanted.
enum { FH_ROWS_ALL, FH_ROWS_OUTPUTS, FH_ROW_KINDS };

struct fh_buffer {
	float *data; // [rows][width]
	int width, rows_kind;
};

struct fh_rope_table {
	const float *freqs;
	int pairs, adjacent;
	float magnitude;
	float *cos, *sin; // [rows of the batch][pairs]
};

enum fh_op_kind {
	// Ops whose result for a row needs nothing but that row
	FH_OP_ANGLES, // fills a rope table's cos and sin
	FH_OP_EMBED,
	FH_OP_RMSNORM,
	FH_OP_ROPE,
	FH_OP_STORE,
	FH_OP_SWIGLU,
	FH_OP_SELECT,
	FH_OP_QUANTIZE, // phase 1 of a linear op
	// Ops that are cut otherwise
	FH_OP_LINEAR,
	FH_OP_ATTENTION,
};

struct fh_projection {
	int wtype;
	const uint8_t *w;
	const float *bias;
	int dst, m, accumulate, fine;
	// Depend on the number of rows
	int format, chunk_rows, first_chunk;
};

struct fh_linear_op {
	int x, k, n_out;
	struct fh_projection *out;
	// Depend on the number of rows, and hold for prepared rows, computed like
	// alike rows
	int prepared, alike, formats, chunks, grain;
	int *format; // distinct ones; activations of format[i] stand in act[i]
};

struct fh_attention_op {
	int q, dst, layer, heads, window;
	float scale;
};

struct fh_op {
	enum fh_op_kind kind;
	int rows_kind;
	union {
		struct { int table; } angles;
		struct { int wtype, dst; const uint8_t *table; float scale; } embed;
		struct { int x, dst; const float *gain; float eps; } rmsnorm;
		struct { int x, heads, head_dim, table; } rope;
		struct { int k, v, layer; } store;
		struct { int gate, up, dst; } swiglu;
		struct { int x, dst; } select;
		struct fh_linear_op *linear; // of FH_OP_QUANTIZE too
		struct fh_attention_op attention;
	};
};

// A stage is one phase of the pool: a run of row ops, or one other op.
struct fh_stage {
	int first, ops;
	int cost; // of a row, in values touched
	int stores;
};

// A tile is consecutive rows of one sequence whose queries attend together.
struct fh_attention_tile {
	int row, rows, sequence;
	int block0, block1; // cache blocks they see
	int ranges, range;  // cut into ranges of so many blocks, for more threads,
	int cut0;	    // from this block on, at block0 or before
	int first_unit;	    // units are [KV heads][ranges], from here
	int partial;	    // first partial result, [KV heads][ranges], if ranges > 1
};

struct fh_batch {
	int n[FH_ROW_KINDS];
	const int32_t *tokens, *positions, *sequences, *tables, *table_at, *output_rows;
};

struct fh_arena {
	void **map;
	size_t *size;
	int maps;
	char *free;
	size_t left;
};

struct fh_plan {
	fh_pool *pool;
	const struct fh_vector_kernels *kernels;
	int max_rows[FH_ROW_KINDS];
	struct fh_arena arena;

	struct fh_buffer *buffers;
	struct fh_rope_table *ropes;
	struct fh_op *ops;
	struct fh_stage *stages;
	int n_buffers, n_ropes, n_ops, n_stages;
	struct fh_kv kv;

	uint8_t **act; // quantized activations, one for each format of a linear op
	uint8_t *scratch;
	size_t thread_scratch;

	struct fh_attention_tile *tiles;
	int n_tiles, units;
	_Atomic int *unfinished; // [KV heads] of each cut tile: ranges to come
	float *partials;
	size_t partial_floats;
	int32_t *output_positions, *output_sequences;

	// The stage being run
	struct fh_batch batch;
	const struct fh_stage *stage;
	int n, chunk_rows;

	_Alignas(64) _Atomic int cancelled;
};

// fh_arena_take returns zeroed memory aligned to 64 bytes that lives as long as
// the plan; NULL when memory is out.
void *fh_arena_take(fh_plan *p, size_t bytes);

static inline int fh_cancelled(const fh_plan *p)
{
	return atomic_load_explicit(&p->cancelled, memory_order_relaxed);
}

static inline float *fh_row(const fh_plan *p, int buffer, int row)
{
	const struct fh_buffer *b = &p->buffers[buffer];
	return b->data + (size_t)row * (size_t)b->width;
}

// The row of the batch that is row r of a kind.
static inline int fh_batch_row(const fh_plan *p, int rows_kind, int r)
{
	return rows_kind == FH_ROWS_OUTPUTS ? p->batch.output_rows[r] : r;
}

// attention.c. fh_attention_alloc takes what the attention ops need and raises
// thread_scratch to it.
int fh_attention_alloc(fh_plan *p);
void fh_attention_run(fh_plan *p, const struct fh_op *op);

#endif
