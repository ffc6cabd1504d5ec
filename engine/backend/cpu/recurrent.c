// Recurrent ops and their states.
//
// States lie slot by slot, each with those of all layers. They are taken through
// the rows of their sequence in order; sequences, heads and channels are shared
// among the threads.
#include "recurrent.h"

#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "plan_impl.h"

#define CHANNELS 512 // in a unit of a convolution

int fh_plan_state(fh_plan *p, size_t floats)
{
	struct fh_states *s = &p->states;
	if (fh_grow((void **)&s->offset, s->n, sizeof *s->offset) != 0)
		return -1;
	s->offset[s->n++] = s->slot_floats;
	s->slot_floats += (floats + 15) / 16 * 16;
	return 0;
}

int fh_plan_recurrent(fh_plan *p, struct fh_recurrent_op op)
{
	op.a = fh_arena_floats(p, op.a, op.heads);
	if (!op.a || (op.skip && !(op.skip = fh_arena_floats(p, op.skip, op.heads))))
		return -1;
	fh_need_scratch(p, (size_t)p->max_rows[FH_ROWS_ALL] * sizeof(float));
	return fh_plan_add(p, (struct fh_op){.kind = FH_OP_RECURRENT, .rows_kind = FH_ROWS_ALL, .recurrent = op});
}

int fh_plan_conv(fh_plan *p, struct fh_conv_op op)
{
	const int width = p->buffers[op.x].width;
	op.weight = fh_arena_floats(p, op.weight, width * op.kernel);
	if (!op.weight || (op.bias && !(op.bias = fh_arena_floats(p, op.bias, width))))
		return -1;
	return fh_plan_add(p, (struct fh_op){.kind = FH_OP_CONV, .rows_kind = FH_ROWS_ALL, .conv = op});
}

int fh_states_alloc(fh_plan *p)
{
	struct fh_states *s = &p->states;
	if (s->n == 0 || s->slots == 0)
		return 0;
	s->spans = fh_arena_take(p, (size_t)p->max_rows[FH_ROWS_ALL] * sizeof *s->spans);
	s->data = fh_reserve(fh_states_bytes(s));
	return s->spans && s->data ? 0 : -1;
}

void fh_states_free(struct fh_states *s)
{
	fh_unmap(s->data, fh_states_bytes(s));
	free(s->offset);
}

int fh_states_commit(struct fh_states *s, int slots)
{
	if (slots <= s->committed || !s->data)
		return 0;
	if (fh_commit(s->data, (size_t)slots * s->slot_floats * sizeof *s->data) != 0)
		return -1;
	s->committed = slots;
	return 0;
}

void fh_states_begin(fh_plan *p)
{
	struct fh_states *s = &p->states;
	const struct fh_batch *b = &p->batch;
	s->n_spans = 0;
	for (int r = 0; r < b->n[FH_ROWS_ALL] && s->data; r++) {
		if (r == 0 || b->sequences[r] != b->sequences[r - 1])
			s->spans[s->n_spans++] = (struct fh_span){.row = r};
		s->spans[s->n_spans - 1].rows++;
	}
}

// The state of a span's sequence.
static float *state_of(const fh_plan *p, int state, const struct fh_span *span)
{
	const struct fh_states *s = &p->states;
	const size_t slot = (size_t)p->batch.slots[p->batch.sequences[span->row]];
	return s->data + slot * s->slot_floats + s->offset[state];
}

static int begins(const fh_plan *p, const struct fh_span *span)
{
	return p->batch.positions[span->row] == 0;
}

// One head through a span's rows.
static void recurrent_unit(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	if (fh_cancelled(p))
		return;
	const struct fh_recurrent_op *op = &p->ops[p->stage->first].recurrent;
	const struct fh_span *span = &p->states.spans[chunk / op->heads];
	const int h = chunk % op->heads, padded = fh_state_columns(op->columns);
	const int key = op->tiled ? h % op->key_heads : h / (op->heads / op->key_heads);
	const size_t size = (size_t)op->dim * (size_t)padded;
	float *s = state_of(p, op->state, span) + (size_t)h * size, *decay = fh_scratch(p, thread);
	if (begins(p, span))
		memset(s, 0, size * sizeof *s);
	for (int r = 0; r < span->rows; r++)
		decay[r] = fh_row(p, op->delta, span->row + r)[h] * op->a[h];
	p->kernels->exp(decay, decay, span->rows);
	struct fh_recurrence u = {
		.dim = op->dim,
		.rows = span->rows,
		.delta_rule = op->delta_rule,
		.k = fh_row(p, op->k, span->row) + (size_t)key * (size_t)op->dim,
		.q = fh_row(p, op->q, span->row) + (size_t)key * (size_t)op->dim,
		.rate = fh_row(p, op->rate, span->row) + h,
		.decay = decay,
		.k_stride = (size_t)p->buffers[op->k].width,
		.q_stride = (size_t)p->buffers[op->q].width,
		.v_stride = (size_t)p->buffers[op->v].width,
		.rate_stride = (size_t)p->buffers[op->rate].width,
		.dst_stride = (size_t)p->buffers[op->dst].width,
		.scale = op->scale,
		.skip = op->skip ? op->skip[h] : 0,
	};
	for (int at = 0; at < padded; at += u.width) {
		u.s = s + (size_t)at * (size_t)op->dim;
		u.width = padded - at < FH_STATE_BLOCK ? FH_STATE_BLOCK / 2 : FH_STATE_BLOCK;
		u.columns = op->columns - at < u.width ? op->columns - at : u.width;
		u.v = fh_row(p, op->v, span->row) + h * op->columns + at;
		u.dst = fh_row(p, op->dst, span->row) + h * op->columns + at;
		p->kernels->recur(&u);
	}
}

static void conv_unit(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	(void)thread;
	if (fh_cancelled(p))
		return;
	const struct fh_conv_op *op = &p->ops[p->stage->first].conv;
	const int width = p->buffers[op->x].width, pieces = (width + CHANNELS - 1) / CHANNELS;
	const struct fh_span *span = &p->states.spans[chunk / pieces];
	const int first = chunk % pieces * CHANNELS, n = width - first < CHANNELS ? width - first : CHANNELS;
	const struct fh_convolution c = {
		.x = fh_row(p, op->x, span->row) + first,
		.weight = op->weight + first,
		.bias = op->bias ? op->bias + first : NULL,
		.dst = fh_row(p, op->dst, span->row) + first,
		.state = state_of(p, op->state, span) + first,
		.stride = (size_t)width,
		.rows = span->rows,
		.channels = n,
		.kernel = op->kernel,
	};
	for (int k = 0; k + 1 < op->kernel && begins(p, span); k++)
		memset(c.state + (size_t)k * c.stride, 0, (size_t)n * sizeof(float));
	p->kernels->convolve(&c);
}

void fh_recurrent_run(fh_plan *p, const struct fh_op *op)
{
	const int spans = p->states.n_spans;
	if (op->kind == FH_OP_CONV)
		fh_pool_run(p->pool, conv_unit, p, spans * ((p->buffers[op->conv.x].width + CHANNELS - 1) / CHANNELS));
	else
		fh_pool_run(p->pool, recurrent_unit, p, spans * op->recurrent.heads);
}

size_t fh_plan_slot_bytes(const fh_plan *p)
{
	return p->states.slot_floats * sizeof(float);
}

void *fh_plan_slot(fh_plan *p, int slot)
{
	if (!p->states.data || fh_states_commit(&p->states, slot + 1) != 0)
		return NULL;
	return p->states.data + (size_t)slot * p->states.slot_floats;
}
