// Inside of a plan, shared by its files.
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
	FH_OP_ROW,
	FH_OP_QUANTIZE, // phase 1 of a linear op
	// Ops that are cut otherwise
	FH_OP_LINEAR,
	FH_OP_EXPERTS,
	FH_OP_ATTENTION,
	FH_OP_CONV,
	FH_OP_RECURRENT,
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

struct fh_expert_projection {
	int wtype, dst, m;
	const uint8_t **w;   // one an expert
	const float *scale;  // one an expert, or NULL
	const float *bias;   // [experts][m], or NULL
	int by_row, by_panel; // formats for few and many columns, in fh_experts_op.format
};

struct fh_experts_op {
	int x, choice, slots, experts;
	int k, columns; // columns: inputs that a row has, 1 or slots
	int n_out, formats;
	struct fh_expert_projection *out;
	int *format;
};

// What a batch's choices are for one product with experts. A pair is a slot of a
// row; a group is pairs with the same expert.
struct fh_expert_group {
	int expert, first, n; // pairs
	int column;	      // first one among the gathered activations, in memory
	int first_unit;
};

struct fh_routing {
	int *chosen;	   // [pairs] experts, -1 for none
	int *count, *sure; // [experts] pairs, and those that are no guess
	int32_t *pair, *input; // [pairs] by expert, and the column of each one's input
	struct fh_expert_group *groups;
	int n_groups, units;
	size_t bytes; // of the chosen experts' weights
	uint8_t **act, **gathered; // activations by format
	uint8_t *wanted;	   // [formats]
	uint8_t *guess;		   // [rows of the batch] whether a row may be one
	int guessed;
};

struct fh_span { // rows of one sequence
	int row, rows;
};

struct fh_states {
	float *data; // [slots][slot_floats]
	size_t slot_floats, *offset;
	int n, slots;
	int committed; // slots the system has been asked to back
	struct fh_span *spans;
	int n_spans;
};

struct fh_op {
	enum fh_op_kind kind;
	int rows_kind;
	union {
		struct { int table; } angles;
		struct fh_row_op row;
		struct fh_linear_op *linear; // of FH_OP_QUANTIZE too
		struct fh_experts_op *experts;
		struct fh_attention_op attention;
		struct fh_conv_op conv;
		struct fh_recurrent_op recurrent;
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
	int last; // position of the sequence's last row in the batch
	int block0, block1; // cache blocks they see
	int ranges, range;  // cut into ranges of so many blocks, for more threads,
	int cut0;	    // from this block on, at block0 or before
	int first_unit;	    // units are [KV heads][ranges], from here
	int partial;	    // first partial result, [KV heads][ranges], if ranges > 1
};

struct fh_batch {
	int n[FH_ROW_KINDS];
	const int32_t *tokens, *positions, *sequences, *tables, *table_at, *output_rows, *slots;
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

	struct fh_routing routing;
	struct fh_states states;

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
// fh_arena_floats copies n values into such memory.
const float *fh_arena_floats(fh_plan *p, const float *from, int n);

// fh_grow gives an array of n elements room for one more; -1 when memory is out.
int fh_grow(void **array, int n, size_t element);
// fh_plan_add appends an op; -1 when memory is out.
int fh_plan_add(fh_plan *p, struct fh_op op);

// fh_need_scratch raises what each thread has for itself to so many bytes.
static inline void fh_need_scratch(fh_plan *p, size_t bytes)
{
	p->thread_scratch = bytes > p->thread_scratch ? bytes : p->thread_scratch;
}

static inline void *fh_scratch(const fh_plan *p, int thread)
{
	return p->scratch + (size_t)thread * p->thread_scratch;
}

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

// rows.c. fh_row_cost is how many values an op touches in a row. fh_row_run runs
// it on rows [row0, row1).
int fh_row_cost(const fh_plan *p, const struct fh_row_op *op);
void fh_row_run(fh_plan *p, const struct fh_row_op *op, int rows_kind, int row0, int row1, void *scratch);

// run.c. fh_chunk_rows returns how many weight rows of a product with n columns
// make a unit of work, of bytes that all its weights take.
int fh_chunk_rows(const fh_plan *p, size_t bytes, size_t row_bytes, int grain, int n);

// experts.c. fh_experts_alloc takes what its ops need. fh_experts_begin looks at a batch.
int fh_experts_alloc(fh_plan *p);
void fh_experts_begin(fh_plan *p, int guessed);
void fh_experts_run(fh_plan *p, const struct fh_op *op);

// recurrent.c. fh_states_begin looks at a batch.
int fh_states_alloc(fh_plan *p);
void fh_states_free(struct fh_states *s);
int fh_states_commit(struct fh_states *s, int slots);
void fh_states_begin(fh_plan *p);
void fh_recurrent_run(fh_plan *p, const struct fh_op *op);

static inline size_t fh_states_bytes(const struct fh_states *s)
{
	return (size_t)s->slots * s->slot_floats * sizeof *s->data;
}

// attention.c. fh_attention_alloc takes what the attention ops need and raises
// thread_scratch to it.
int fh_attention_alloc(fh_plan *p);
void fh_attention_run(fh_plan *p, const struct fh_op *op);

#endif
