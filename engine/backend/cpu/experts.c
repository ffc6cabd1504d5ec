// Products with experts that each row chooses.
//
// The slots of all rows are grouped by expert, so that each expert's weights are
// read once and multiply all who chose it, by the kernels of a linear layer. An
// input is quantized once, also when several slots share it, and gathered into
// the columns of its experts.
#include <stdlib.h>
#include <string.h>

#include "linear.h"
#include "plan_impl.h"

#define GROUP_COLUMNS 240     // most in a group: results of a chunk of rows fit L2
#define RESULT_FLOATS 16384   // of such a chunk, before they go to their rows
#define ALONE_COST 16384      // values whose quantization needs no help
#define TILE 12		      // a multiple of what fh_act_grain returns

int fh_plan_experts(fh_plan *p, int x, int choice, int slots, int experts)
{
	struct fh_experts_op *op = calloc(1, sizeof *op);
	if (!op)
		return -1;
	op->x = x;
	op->choice = choice;
	op->slots = slots;
	op->experts = experts;
	if (fh_plan_add(p, (struct fh_op){
			.kind = FH_OP_EXPERTS, .rows_kind = p->buffers[x].rows_kind, .experts = op}) != 0) {
		free(op);
		return -1;
	}
	return 0;
}

int fh_plan_expert_projection(fh_plan *p, int wtype, int m, int k, const void *const *w, const float *scale,
			      const float *bias, int dst)
{
	struct fh_experts_op *op = p->ops[p->n_ops - 1].experts;
	const size_t n = (size_t)op->experts;
	op->k = k;
	op->columns = p->buffers[op->x].width / k;
	const uint8_t **weights = fh_arena_take(p, n * sizeof *weights);
	if (!weights)
		return -1;
	memcpy(weights, w, n * sizeof *weights);
	if (scale && !(scale = fh_arena_floats(p, scale, op->experts)))
		return -1;
	if (bias) {
		float *copy = fh_arena_take(p, n * (size_t)m * sizeof *copy);
		if (!copy)
			return -1;
		memcpy(copy, bias, n * (size_t)m * sizeof *copy);
		bias = copy;
	}
	if (fh_grow((void **)&op->out, op->n_out, sizeof *op->out) != 0)
		return -1;
	op->out[op->n_out++] = (struct fh_expert_projection){
		.wtype = wtype, .w = weights, .scale = scale, .bias = bias, .dst = dst, .m = m,
	};
	return 0;
}

static int format_number(struct fh_experts_op *op, int format)
{
	for (int i = 0; i < op->formats; i++)
		if (op->format[i] == format)
			return i;
	op->format[op->formats] = format;
	return op->formats++;
}

static size_t larger(size_t a, size_t b)
{
	return a > b ? a : b;
}

// Most groups of so many pairs.
static size_t most_groups(size_t experts, size_t pairs)
{
	return (experts < pairs ? experts : pairs) + pairs / GROUP_COLUMNS;
}

int fh_experts_alloc(fh_plan *p)
{
	struct fh_routing *routing = &p->routing;
	size_t pairs = 0, experts = 0, groups = 0, formats = 0, act = 0, gathered = 0;
	for (int i = 0; i < p->n_ops; i++) {
		if (p->ops[i].kind != FH_OP_EXPERTS)
			continue;
		struct fh_experts_op *op = p->ops[i].experts;
		const int rows = p->max_rows[p->ops[i].rows_kind];
		const size_t n = (size_t)rows * (size_t)op->slots, most = most_groups((size_t)op->experts, n);
		op->format = fh_arena_take(p, 2 * (size_t)op->n_out * sizeof *op->format);
		if (!op->format)
			return -1;
		for (int j = 0; j < op->n_out; j++) {
			struct fh_expert_projection *out = &op->out[j];
			out->by_row = format_number(op, fh_linear_format(out->wtype, op->k, 1));
			out->by_panel = format_number(op, fh_linear_format(out->wtype, op->k, (int)n));
			fh_need_scratch(p, RESULT_FLOATS * sizeof(float) + fh_linear_scratch(out->wtype, op->k, (int)n));
		}
		for (int j = 0; j < op->formats; j++) {
			act = larger(act, fh_act_bytes(op->format[j], op->k, rows * op->columns));
			// The last tile of each group may have one column only.
			const size_t columns = n + most * (TILE - 1);
			gathered = larger(gathered, fh_act_bytes(op->format[j], op->k, (int)columns));
		}
		pairs = larger(pairs, n);
		experts = larger(experts, (size_t)op->experts);
		groups = larger(groups, most);
		formats = larger(formats, (size_t)op->formats);
	}
	if (pairs == 0)
		return 0;
	routing->guess = fh_arena_take(p, (size_t)p->max_rows[FH_ROWS_ALL]);
	routing->chosen = fh_arena_take(p, pairs * sizeof *routing->chosen);
	routing->count = fh_arena_take(p, experts * sizeof *routing->count);
	routing->sure = fh_arena_take(p, experts * sizeof *routing->sure);
	routing->pair = fh_arena_take(p, pairs * sizeof *routing->pair);
	routing->input = fh_arena_take(p, pairs * sizeof *routing->input);
	routing->groups = fh_arena_take(p, groups * sizeof *routing->groups);
	routing->wanted = fh_arena_take(p, formats);
	routing->act = fh_arena_take(p, formats * sizeof *routing->act);
	routing->gathered = fh_arena_take(p, formats * sizeof *routing->gathered);
	if (!routing->guess || !routing->chosen || !routing->count || !routing->sure || !routing->pair ||
	    !routing->input || !routing->groups || !routing->wanted || !routing->act || !routing->gathered)
		return -1;
	for (size_t i = 0; i < formats; i++)
		if (!(routing->act[i] = fh_arena_take(p, act)) || !(routing->gathered[i] = fh_arena_take(p, gathered)))
			return -1;
	return 0;
}

// Guesses follow, in their sequence, a row whose logits are wanted too. They must
// not choose the kernels of the others.
void fh_experts_begin(fh_plan *p, int guessed)
{
	struct fh_routing *routing = &p->routing;
	const struct fh_batch *b = &p->batch;
	routing->guessed = guessed;
	if (!guessed || !routing->guess)
		return;
	memset(routing->guess, 0, (size_t)b->n[FH_ROWS_ALL]);
	for (int i = 1; i < b->n[FH_ROWS_OUTPUTS]; i++)
		routing->guess[b->output_rows[i]] =
			b->sequences[b->output_rows[i]] == b->sequences[b->output_rows[i - 1]];
}

// Reads the rows' choices and groups them.
static void group_pairs(fh_plan *p, const struct fh_op *op)
{
	struct fh_routing *routing = &p->routing;
	const struct fh_experts_op *o = op->experts;
	memset(routing->count, 0, (size_t)o->experts * sizeof *routing->count);
	memset(routing->sure, 0, (size_t)o->experts * sizeof *routing->sure);
	for (int r = 0; r < p->n; r++) {
		const float *choice = o->choice < 0 ? NULL : fh_row(p, o->choice, r);
		const int sure = !routing->guessed || !routing->guess[fh_batch_row(p, op->rows_kind, r)];
		for (int s = 0; s < o->slots; s++) {
			const float wish = choice ? choice[s] : (float)s;
			const int expert = !choice ? s : wish >= 0 && wish < (float)o->experts ? (int)wish : -1;
			routing->chosen[r * o->slots + s] = expert;
			if (expert >= 0) {
				routing->count[expert]++;
				routing->sure[expert] += sure;
			}
		}
	}
	routing->n_groups = 0;
	routing->bytes = 0;
	size_t expert_bytes = 0;
	for (int i = 0; i < o->n_out; i++)
		expert_bytes += (size_t)o->out[i].m * fh_row_bytes(o->out[i].wtype, o->k);
	int first = 0, column = 0;
	for (int e = 0; e < o->experts; e++) {
		const int n = routing->count[e];
		routing->count[e] = first; // from here on, where the expert's next pair goes
		routing->bytes += n ? expert_bytes : 0;
		for (int at = 0; at < n; at += GROUP_COLUMNS) {
			const int part = n - at < GROUP_COLUMNS ? n - at : GROUP_COLUMNS;
			routing->groups[routing->n_groups++] = (struct fh_expert_group){
				.expert = e, .first = first + at, .n = part, .column = column,
			};
			column += (part + TILE - 1) / TILE * TILE;
		}
		first += n;
	}
	for (int i = 0; i < p->n * o->slots; i++) {
		const int expert = routing->chosen[i];
		if (expert < 0)
			continue;
		const int at = routing->count[expert]++;
		routing->pair[at] = i;
		routing->input[at] = o->columns == 1 ? i / o->slots : i;
	}
}

// The format of a group's activations for an output.
static int format_of(const fh_plan *p, const struct fh_experts_op *op, const struct fh_expert_projection *out,
		     const struct fh_expert_group *g)
{
	const int sure = p->routing.sure[g->expert];
	if (sure > 1 && fh_linear_format(out->wtype, op->k, sure) == op->format[out->by_panel])
		return out->by_panel;
	return out->by_row;
}

// Whether a group's only column is multiplied where it was quantized.
static int in_place(const struct fh_experts_op *op, const struct fh_expert_group *g, int format)
{
	return g->n == 1 && fh_act_grain(op->format[format]) == 1;
}

// Weight rows in a unit of a group.
static int unit_rows(const fh_plan *p, const struct fh_experts_op *op, const struct fh_expert_projection *out,
		     const struct fh_expert_group *g)
{
	const int grain = format_of(p, op, out, g) == out->by_row ? 1 : fh_linear_grain(out->wtype, op->k, g->n);
	const int rows = fh_chunk_rows(p, p->routing.bytes, fh_row_bytes(out->wtype, op->k), grain, g->n);
	const int most = RESULT_FLOATS / g->n / grain * grain;
	return rows < most ? rows : most;
}

static int units_of(const fh_plan *p, const struct fh_experts_op *op, const struct fh_expert_projection *out,
		    const struct fh_expert_group *g)
{
	const int rows = unit_rows(p, op, out, g);
	return (out->m + rows - 1) / rows;
}

static void make_units(fh_plan *p, const struct fh_experts_op *op)
{
	struct fh_routing *routing = &p->routing;
	memset(routing->wanted, 0, (size_t)op->formats);
	routing->units = 0;
	for (int i = 0; i < routing->n_groups; i++) {
		struct fh_expert_group *g = &routing->groups[i];
		g->first_unit = routing->units;
		for (int j = 0; j < op->n_out; j++) {
			routing->wanted[format_of(p, op, &op->out[j], g)] = 1;
			routing->units += units_of(p, op, &op->out[j], g);
		}
	}
}

static void quantize_chunk(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	(void)thread;
	if (fh_cancelled(p))
		return;
	const struct fh_experts_op *op = p->ops[p->stage->first].experts;
	const int n = p->n * op->columns, col0 = chunk * p->chunk_rows;
	const int col1 = col0 + p->chunk_rows < n ? col0 + p->chunk_rows : n;
	for (int i = 0; i < op->formats; i++)
		if (p->routing.wanted[i])
			fh_act_quantize(op->format[i], fh_row(p, op->x, 0), (size_t)op->k, op->k, n, col0, col1,
					p->routing.act[i]);
}

// Where a group's activations of a format are gathered.
static uint8_t *gathered_at(const fh_plan *p, const struct fh_experts_op *op, const struct fh_expert_group *g,
			    int format)
{
	return p->routing.gathered[format] + fh_act_bytes(op->format[format], op->k, g->column);
}

static void gather_chunk(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	(void)thread;
	if (fh_cancelled(p))
		return;
	const struct fh_experts_op *op = p->ops[p->stage->first].experts;
	const struct fh_expert_group *g = &p->routing.groups[chunk];
	for (int i = 0; i < op->n_out; i++) {
		const int format = format_of(p, op, &op->out[i], g);
		int done = in_place(op, g, format);
		for (int j = 0; j < i && !done; j++)
			done = format_of(p, op, &op->out[j], g) == format;
		if (!done)
			fh_act_gather(op->format[format], op->k, p->routing.act[format], p->routing.input + g->first,
				      g->n, gathered_at(p, op, g, format));
	}
}

static const struct fh_expert_group *group_of(const struct fh_routing *routing, int unit)
{
	int low = 0, high = routing->n_groups;
	while (high - low > 1) {
		const int middle = (low + high) / 2;
		if (routing->groups[middle].first_unit <= unit)
			low = middle;
		else
			high = middle;
	}
	return &routing->groups[low];
}

static void multiply_chunk(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	if (fh_cancelled(p))
		return;
	const struct fh_experts_op *op = p->ops[p->stage->first].experts;
	const struct fh_routing *routing = &p->routing;
	const struct fh_expert_group *g = group_of(routing, chunk);
	const struct fh_expert_projection *out = op->out;
	int part = chunk - g->first_unit;
	for (int units; part >= (units = units_of(p, op, out, g)); out++)
		part -= units;
	const int most = unit_rows(p, op, out, g), row0 = part * most;
	const int rows = row0 + most < out->m ? most : out->m - row0;

	const int format = format_of(p, op, out, g);
	const uint8_t *act = in_place(op, g, format)
				     ? routing->act[format] + fh_act_bytes(op->format[format], op->k,
									   routing->input[g->first])
				     : gathered_at(p, op, g, format);
	const float *bias = out->bias ? out->bias + (size_t)g->expert * (size_t)out->m + row0 : NULL;
	const float scale = out->scale ? out->scale[g->expert] : 1;
	float *result = fh_scratch(p, thread), *dst = fh_row(p, out->dst, 0) + row0;
	const size_t stride = (size_t)out->m;
	const int direct = g->n == 1 && !bias && scale == 1;
	fh_linear(out->wtype, out->w[g->expert] + (size_t)row0 * fh_row_bytes(out->wtype, op->k), rows, op->k, 0, rows,
		  op->format[format], act, g->n,
		  direct ? dst + (size_t)routing->pair[g->first] * stride : result, (size_t)rows, NULL, 0,
		  result + RESULT_FLOATS);
	for (int i = 0; i < g->n && !direct; i++, result += rows) {
		float *to = dst + (size_t)routing->pair[g->first + i] * stride;
		for (int j = 0; j < rows; j++)
			to[j] = result[j] * scale + (bias ? bias[j] : 0);
	}
}

void fh_experts_run(fh_plan *p, const struct fh_op *op)
{
	const struct fh_experts_op *o = op->experts;
	group_pairs(p, op);
	make_units(p, o);
	const int n = p->n * o->columns;
	p->chunk_rows = n;
	if ((int64_t)n * o->k > ALONE_COST) {
		const int even = (n + 4 * fh_pool_threads(p->pool) - 1) / (4 * fh_pool_threads(p->pool));
		p->chunk_rows = (even + TILE - 1) / TILE * TILE;
	}
	fh_pool_run(p->pool, quantize_chunk, p, (n + p->chunk_rows - 1) / p->chunk_rows);
	if ((int64_t)n * o->k > ALONE_COST)
		fh_pool_run(p->pool, gather_chunk, p, p->routing.n_groups);
	else
		for (int i = 0; i < p->routing.n_groups; i++)
			gather_chunk(p, i, 0);
	fh_pool_run(p->pool, multiply_chunk, p, p->routing.units);
}
