// Running of plans: one stage after another on the pool's threads.
//
// Stages of little work run on the calling thread alone, without a barrier: a
// decoded row passes norms, quantization, rotation and the cache in less time
// than it takes to hand a part of them to another core.
#include <math.h>
#include <string.h>

#include "linear.h"
#include "plan_impl.h"

#define ALONE_COST 16384    // values touched in a stage that needs no help
#define CHUNK_COST 32768    // values touched in a chunk: they fit L2
#define CHUNK_BYTES 16384   // least weight bytes × rows in a chunk of a product
#define DECODE_BYTES 524288 // most weight bytes in a chunk of a product
#define PANELS 8	    // in a chunk where that is more: a panel is fetched while the one
			    // before it is computed
#define STORE_ROWS 16	    // least rows in a chunk that writes the cache: keys of
			    // neighbours share cache lines

static void angles(fh_plan *p, const struct fh_rope_table *t, int r)
{
	float *c = t->cos + (size_t)r * t->pairs, *s = t->sin + (size_t)r * t->pairs;
	const double position = p->batch.positions[r];
	for (int i = 0; i < t->pairs; i++) {
		const double angle = position * (double)t->freqs[i];
		c[i] = (float)(cos(angle) * (double)t->magnitude);
		s[i] = (float)(sin(angle) * (double)t->magnitude);
	}
}

static void row_op(fh_plan *p, const struct fh_op *op, int row0, int row1, void *scratch)
{
	switch (op->kind) {
	case FH_OP_ANGLES:
		for (int r = row0; r < row1; r++)
			angles(p, &p->ropes[op->angles.table], r);
		break;
	case FH_OP_QUANTIZE: {
		const struct fh_linear_op *l = op->linear;
		for (int i = 0; i < l->formats; i++)
			fh_act_quantize(l->format[i], fh_row(p, l->x, 0), (size_t)l->k, l->k, p->n, row0, row1,
					p->act[i]);
		break;
	}
	default: fh_row_run(p, &op->row, op->rows_kind, row0, row1, scratch);
	}
}

static void row_chunk(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	if (fh_cancelled(p))
		return;
	const int row0 = chunk * p->chunk_rows;
	const int row1 = row0 + p->chunk_rows < p->n ? row0 + p->chunk_rows : p->n;
	for (int i = 0; i < p->stage->ops; i++)
		row_op(p, &p->ops[p->stage->first + i], row0, row1, fh_scratch(p, thread));
}

static int common_multiple(int a, int b)
{
	int x = a, y = b;
	while (y) {
		const int rest = x % y;
		x = y;
		y = rest;
	}
	return a / x * b;
}

static int round_up(int n, int unit)
{
	return (n + unit - 1) / unit * unit;
}

static void run_rows(fh_plan *p, const struct fh_stage *s)
{
	int grain = 1;
	for (int i = 0; i < s->ops; i++) {
		const struct fh_op *op = &p->ops[s->first + i];
		if (op->kind == FH_OP_QUANTIZE)
			grain = common_multiple(grain, op->linear->grain);
	}
	p->chunk_rows = p->n;
	if ((int64_t)s->cost * p->n > ALONE_COST) {
		const int even = (p->n + 2 * fh_pool_threads(p->pool) - 1) / (2 * fh_pool_threads(p->pool));
		const int fit = CHUNK_COST / s->cost;
		int rows = even < fit ? even : fit;
		if (s->stores && rows < STORE_ROWS && p->n > 2 * STORE_ROWS)
			rows = STORE_ROWS;
		p->chunk_rows = round_up(rows < 1 ? 1 : rows, grain);
	}
	fh_pool_run(p->pool, row_chunk, p, (p->n + p->chunk_rows - 1) / p->chunk_rows);
}

int fh_chunk_rows(const fh_plan *p, size_t bytes, size_t row_bytes, int grain, int n)
{
	const size_t share = bytes / (size_t)(12 * fh_pool_threads(p->pool));
	const size_t panels = grain > 1 ? PANELS * (size_t)grain * row_bytes : 0;
	size_t most = DECODE_BYTES / (size_t)n;
	most = most > panels ? most : panels;
	size_t chunk = share > CHUNK_BYTES / (size_t)n ? share : CHUNK_BYTES / (size_t)n;
	chunk = chunk < most ? chunk : most;
	const int rows = (int)(chunk / row_bytes);
	return round_up(rows < 1 ? 1 : rows, grain);
}

// Formats and chunks of a linear op for n rows, computed as if they were alike.
static void prepare(fh_plan *p, struct fh_linear_op *op, int n, int alike)
{
	if (op->prepared == n && op->alike == alike)
		return;
	op->prepared = n;
	op->alike = alike;
	op->formats = 0;
	op->chunks = 0;
	op->grain = 1;
	size_t bytes = 0;
	for (int i = 0; i < op->n_out; i++)
		bytes += (size_t)op->out[i].m * fh_row_bytes(op->out[i].wtype, op->k);
	for (int i = 0; i < op->n_out; i++) {
		struct fh_projection *out = &op->out[i];
		int format = fh_linear_format(out->wtype, op->k, alike);
		if (out->fine)
			format = fh_act_fine(format);
		for (out->format = 0; out->format < op->formats; out->format++)
			if (op->format[out->format] == format)
				break;
		if (out->format == op->formats) {
			op->format[op->formats++] = format;
			op->grain = common_multiple(op->grain, fh_act_grain(format));
		}
		const size_t row_bytes = fh_row_bytes(out->wtype, op->k);
		const int unit = fh_linear_grain(out->wtype, op->k, alike);
		out->chunk_rows = fh_chunk_rows(p, bytes, row_bytes, unit, n);
		out->first_chunk = op->chunks;
		op->chunks += (out->m + out->chunk_rows - 1) / out->chunk_rows;
	}
}

static void linear_chunk(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	if (fh_cancelled(p))
		return;
	const struct fh_linear_op *op = p->ops[p->stage->first].linear;
	int i = op->n_out - 1;
	while (chunk < op->out[i].first_chunk)
		i--;
	const struct fh_projection *out = &op->out[i];
	const int row0 = (chunk - out->first_chunk) * out->chunk_rows;
	const int row1 = row0 + out->chunk_rows < out->m ? row0 + out->chunk_rows : out->m;
	fh_linear(out->wtype, out->w, out->m, op->k, row0, row1, op->format[out->format], p->act[out->format],
		  p->n, fh_row(p, out->dst, 0), (size_t)out->m, out->bias, out->accumulate,
		  fh_scratch(p, thread));
}

static void run_stage(fh_plan *p, const struct fh_stage *s)
{
	const struct fh_op *op = &p->ops[s->first];
	p->stage = s;
	p->n = p->batch.n[op->rows_kind];
	if (p->n == 0)
		return;
	switch (op->kind) {
	case FH_OP_LINEAR:
		fh_pool_run(p->pool, linear_chunk, p, op->linear->chunks);
		break;
	case FH_OP_EXPERTS:
		fh_experts_run(p, op);
		break;
	case FH_OP_ATTENTION:
		fh_attention_run(p, op);
		break;
	case FH_OP_CONV: case FH_OP_RECURRENT:
		fh_recurrent_run(p, op);
		break;
	default:
		run_rows(p, s);
	}
}

int fh_plan_run(fh_plan *p, int n, const int32_t *tokens, const int32_t *positions, const int32_t *sequences,
		const int32_t *tables, const int32_t *table_at, int blocks, int outputs,
		const int32_t *output_rows, int guessed, const int32_t *slots, int most_slots)
{
	fh_pool_wake(p->pool);
	if (fh_kv_commit(&p->kv, blocks) != 0 || fh_states_commit(&p->states, most_slots) != 0)
		return FH_NO_MEMORY;
	p->batch = (struct fh_batch){
		.n = {n, outputs},
		.tokens = tokens,
		.positions = positions,
		.sequences = sequences,
		.tables = tables,
		.table_at = table_at,
		.output_rows = output_rows,
		.slots = slots,
	};
	for (int i = 0; i < outputs; i++) {
		p->output_positions[i] = positions[output_rows[i]];
		p->output_sequences[i] = sequences[output_rows[i]];
	}
	fh_experts_begin(p, guessed);
	fh_states_begin(p);
	for (int i = 0; i < p->n_ops; i++)
		if (p->ops[i].kind == FH_OP_LINEAR && p->batch.n[p->ops[i].rows_kind] > 0) {
			const int rows = p->batch.n[p->ops[i].rows_kind];
			prepare(p, p->ops[i].linear, rows, rows - guessed);
		}
	for (int i = 0; i < p->n_stages && !fh_cancelled(p); i++)
		run_stage(p, &p->stages[i]);
	return fh_cancelled(p) ? FH_CANCELLED : FH_DONE;
}

void fh_plan_cancel(fh_plan *p)
{
	atomic_store_explicit(&p->cancelled, 1, memory_order_relaxed);
}

void fh_plan_rearm(fh_plan *p)
{
	atomic_store_explicit(&p->cancelled, 0, memory_order_relaxed);
}
