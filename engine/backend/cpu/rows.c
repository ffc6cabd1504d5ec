// Row ops: building, cost, and running on rows of a batch.
#include "rows.h"

#include <math.h>
#include <string.h>

#include "linear.h"
#include "plan_impl.h"

static int width(const fh_plan *p, int buffer)
{
	return buffer < 0 ? 0 : p->buffers[buffer].width;
}

int fh_plan_row(fh_plan *p, struct fh_row_op op)
{
	if (op.gains && !(op.gain = fh_arena_floats(p, op.gain, op.gains)))
		return -1;
	if (op.biases && !(op.bias = fh_arena_floats(p, op.bias, op.biases)))
		return -1;
	size_t doubles = 0;
	switch (op.kind) {
	case FH_ROW_EMBED: doubles = (size_t)width(p, op.dst); break;
	case FH_ROW_ROUTE: doubles = 4 * (size_t)width(p, op.x); break;
	case FH_ROW_MEAN: doubles = (size_t)width(p, op.x); break;
	case FH_ROW_SOFTMAX: doubles = (size_t)width(p, op.dst); break;
	default: break;
	}
	fh_need_scratch(p, doubles * sizeof(double));
	const int rows_kind = op.kind == FH_ROW_STORE ? FH_ROWS_ALL : p->buffers[op.dst].rows_kind;
	return fh_plan_add(p, (struct fh_op){.kind = FH_OP_ROW, .rows_kind = rows_kind, .row = op});
}

int fh_row_cost(const fh_plan *p, const struct fh_row_op *op)
{
	switch (op->kind) {
	case FH_ROW_RMSNORM: return width(p, op->x);
	case FH_ROW_LAYERNORM: return 2 * width(p, op->x);
	case FH_ROW_STORE: return width(p, op->x) + width(p, op->y);
	case FH_ROW_GATED: return 2 * width(p, op->dst);
	case FH_ROW_SOFTCAP: return 2 * width(p, op->dst);
	case FH_ROW_COPY: return op->width * op->count;
	case FH_ROW_COMBINE: return width(p, op->x);
	case FH_ROW_ROUTE: return 32 * width(p, op->x);
	case FH_ROW_SOFTMAX: return 16 * width(p, op->dst);
	default: return width(p, op->dst);
	}
}

static void embed(fh_plan *p, const struct fh_row_op *op, int rows_kind, int r, float *scratch)
{
	const int n = width(p, op->dst), row = fh_batch_row(p, rows_kind, r);
	const int id = op->positions ? p->batch.positions[row] : p->batch.tokens[row];
	float *dst = fh_row(p, op->dst, r), *to = op->accumulate ? scratch : dst;
	fh_dequantize(op->wtype, (const uint8_t *)op->weight + (size_t)id * fh_row_bytes(op->wtype, n), n, to);
	if (op->accumulate)
		p->kernels->add(to, op->factor, dst, n);
	else if (op->factor != 1)
		p->kernels->scale(dst, op->factor, dst, n);
}

// The parameters of the group of n values at at: they are as many as a group's
// or as a row's values, or none.
static const float *parameters(const float *all, int count, int n, int at)
{
	return !count ? NULL : count == n ? all : all + at;
}

static void norm(fh_plan *p, const struct fh_row_op *op, int r)
{
	const struct fh_vector_kernels *v = p->kernels;
	const int all = width(p, op->x), n = op->group ? op->group : all;
	const float *x = fh_row(p, op->x, r);
	float *dst = fh_row(p, op->dst, r);
	for (int at = 0; at < all; at += n) {
		const float *gain = parameters(op->gain, op->gains, n, at);
		const float *bias = parameters(op->bias, op->biases, n, at);
		if (op->kind == FH_ROW_RMSNORM)
			v->rmsnorm(x + at, gain, dst + at, n, op->eps);
		else if (op->kind == FH_ROW_LAYERNORM)
			v->layernorm(x + at, gain, bias, dst + at, n, op->eps);
		else
			v->l2norm(x + at, dst + at, n, op->eps);
	}
}

static void rope(fh_plan *p, const struct fh_row_op *op, int rows_kind, int r)
{
	const struct fh_rope_table *t = &p->ropes[op->table];
	const size_t at = (size_t)fh_batch_row(p, rows_kind, r) * (size_t)t->pairs;
	p->kernels->rope(fh_row(p, op->dst, r) + op->offset, op->heads, op->head_dim, t->cos + at, t->sin + at,
			 t->pairs, t->adjacent);
}

static void temper(fh_plan *p, const struct fh_row_op *op, int rows_kind, int r)
{
	const double position = p->batch.positions[fh_batch_row(p, rows_kind, r)];
	const double steps = floor((position + (double)op->shift) / (double)op->length);
	float *x = fh_row(p, op->dst, r);
	p->kernels->scale(x, (float)(1 + (double)op->factor * log1p(steps)), x, width(p, op->dst));
}

static void store(fh_plan *p, const struct fh_row_op *op, int r)
{
	const struct fh_batch *b = &p->batch;
	const int position = b->positions[r];
	const int block = b->tables[b->table_at[b->sequences[r]] + position / FH_BLOCK];
	p->kernels->store(fh_row(p, op->x, r), fh_row(p, op->y, r), fh_kv_block(&p->kv, op->layer, block),
			  p->kv.type, &p->kv.layer[op->layer], position % FH_BLOCK);
}

static void multiply(fh_plan *p, const struct fh_row_op *op, int r)
{
	const int n = width(p, op->x), factors = width(p, op->y), each = n / factors;
	const float *x = fh_row(p, op->x, r), *by = fh_row(p, op->y, r);
	float *dst = fh_row(p, op->dst, r);
	if (each == 1) {
		p->kernels->multiply(x, by, dst, n);
		return;
	}
	for (int i = 0; i < factors; i++) {
		const float factor = by[i]; // dst may be where it stands
		p->kernels->scale(x + i * each, factor, dst + i * each, each);
	}
}

static void copy(fh_plan *p, const struct fh_row_op *op, int r)
{
	const float *x = fh_row(p, op->x, r) + op->from;
	float *dst = fh_row(p, op->dst, r) + op->to;
	for (int i = 0; i < op->count; i++)
		memcpy(dst + (size_t)i * (size_t)op->to_stride, x + (size_t)i * (size_t)op->from_stride,
		       (size_t)op->width * sizeof *x);
}

static void combine(fh_plan *p, const struct fh_row_op *op, int r)
{
	const int n = width(p, op->dst), slots = width(p, op->y);
	const float *x = fh_row(p, op->x, r), *share = fh_row(p, op->y, r);
	float *dst = fh_row(p, op->dst, r);
	if (op->set)
		p->kernels->scale(x, share[0], dst, n);
	for (int i = op->set ? 1 : 0; i < slots; i++)
		p->kernels->add(x + (size_t)i * (size_t)n, share[i], dst, n);
}

static void softmax(double *x, int n)
{
	double top = x[0], sum = 0;
	for (int i = 1; i < n; i++)
		top = x[i] > top ? x[i] : top;
	for (int i = 0; i < n; i++)
		sum += x[i] = exp(x[i] - top);
	for (int i = 0; i < n; i++)
		x[i] /= sum;
}

static void softmax_row(float *x, int n, double *scratch)
{
	for (int i = 0; i < n; i++)
		scratch[i] = (double)x[i];
	softmax(scratch, n);
	for (int i = 0; i < n; i++)
		x[i] = (float)scratch[i];
}

// Of the open ones the place of the highest value, the first of equal ones; it
// is closed.
static int take_highest(double *score, int n)
{
	int best = 0;
	for (int i = 1; i < n; i++)
		if (score[i] > score[best])
			best = i;
	score[best] = -INFINITY;
	return best;
}

// Sets the scores outside the best groups to −∞.
static void close_groups(double *score, int experts, int groups, int used, double *sum, char *open)
{
	const int size = experts / groups;
	for (int g = 0; g < groups; g++) {
		double first = -INFINITY, second = -INFINITY;
		for (int i = g * size; i < (g + 1) * size; i++) {
			if (score[i] > first) {
				second = first;
				first = score[i];
			} else if (score[i] > second) {
				second = score[i];
			}
		}
		sum[g] = first + second;
	}
	memset(open, 0, (size_t)groups);
	for (int i = 0; i < used; i++)
		open[take_highest(sum, groups)] = 1;
	for (int i = 0; i < experts; i++)
		if (!open[i / size])
			score[i] = -INFINITY;
}

// Computed in double, so that rounding does not choose experts.
static void route(fh_plan *p, const struct fh_row_op *op, int r, double *scratch)
{
	enum { SOFTMAX = 1, SIGMOID, SOFTMAX_CHOSEN };
	const int experts = width(p, op->x), used = width(p, op->dst);
	const float *logits = fh_row(p, op->x, r);
	float *choice = fh_row(p, op->dst, r), *share = fh_row(p, op->y, r);
	double *probability = scratch, *score = scratch + experts, *chosen = score + experts, sum = 0;
	for (int i = 0; i < experts; i++) {
		const double x = logits[i] == logits[i] ? (double)logits[i] : -1e30; // a NaN loses
		probability[i] = op->gating == SIGMOID ? 1 / (1 + exp(-x)) : x;
	}
	if (op->gating == SOFTMAX)
		softmax(probability, experts);
	for (int i = 0; i < experts; i++)
		score[i] = op->biases ? probability[i] + (double)op->bias[i] : probability[i];
	if (op->groups > 1)
		close_groups(score, experts, op->groups, op->groups_used, chosen, (char *)(chosen + experts));
	for (int i = 0; i < used; i++) {
		const int expert = take_highest(score, experts);
		choice[i] = (float)expert;
		chosen[i] = probability[expert];
	}
	if (op->gating == SOFTMAX_CHOSEN)
		softmax(chosen, used);
	for (int i = 0; i < used; i++)
		sum += chosen[i];
	sum = sum > 0x1p-14 ? sum : 0x1p-14;
	for (int i = 0; i < used; i++)
		share[i] = (float)((op->normalize ? chosen[i] / sum : chosen[i]) * (op->factor ? (double)op->factor : 1));
}

static void mean(fh_plan *p, const struct fh_row_op *op, int r, int row0, double *sum)
{
	const int n = width(p, op->x), sequence = p->batch.sequences[p->batch.output_rows[r]];
	float *dst = fh_row(p, op->dst, r);
	if (r > row0 && p->batch.sequences[p->batch.output_rows[r - 1]] == sequence) {
		memcpy(dst, fh_row(p, op->dst, r - 1), (size_t)n * sizeof *dst);
		return;
	}
	int first = p->batch.output_rows[r], last = first;
	while (first > 0 && p->batch.sequences[first - 1] == sequence)
		first--;
	while (last + 1 < p->batch.n[FH_ROWS_ALL] && p->batch.sequences[last + 1] == sequence)
		last++;
	memset(sum, 0, (size_t)n * sizeof *sum);
	for (int i = first; i <= last; i++) {
		const float *x = fh_row(p, op->x, i);
		for (int j = 0; j < n; j++)
			sum[j] += (double)x[j];
	}
	for (int j = 0; j < n; j++)
		dst[j] = (float)(sum[j] / (last - first + 1));
}

void fh_row_run(fh_plan *p, const struct fh_row_op *op, int rows_kind, int row0, int row1, void *scratch)
{
	const struct fh_vector_kernels *v = p->kernels;
	const int n = width(p, op->dst);
	for (int r = row0; r < row1; r++) {
		switch (op->kind) {
		case FH_ROW_EMBED: embed(p, op, rows_kind, r, scratch); break;
		case FH_ROW_RMSNORM: case FH_ROW_LAYERNORM: case FH_ROW_L2NORM: norm(p, op, r); break;
		case FH_ROW_ROPE: rope(p, op, rows_kind, r); break;
		case FH_ROW_TEMPER: temper(p, op, rows_kind, r); break;
		case FH_ROW_STORE: store(p, op, r); break;
		case FH_ROW_GATED:
			v->gated(op->function, fh_row(p, op->x, r), op->y < 0 ? NULL : fh_row(p, op->y, r),
				 fh_row(p, op->dst, r), n, op->limit, op->shift);
			break;
		case FH_ROW_ADD: v->add(fh_row(p, op->x, r), op->factor, fh_row(p, op->dst, r), n); break;
		case FH_ROW_ADD_BIAS: v->add(op->bias, 1, fh_row(p, op->dst, r), n); break;
		case FH_ROW_MULTIPLY: multiply(p, op, r); break;
		case FH_ROW_SCALE: v->scale(fh_row(p, op->dst, r), op->factor, fh_row(p, op->dst, r), n); break;
		case FH_ROW_CLAMP: v->clamp(fh_row(p, op->dst, r), op->factor, n); break;
		case FH_ROW_SOFTCAP: v->softcap(fh_row(p, op->dst, r), op->factor, n); break;
		case FH_ROW_SOFTMAX: softmax_row(fh_row(p, op->dst, r), n, scratch); break;
		case FH_ROW_COPY: copy(p, op, r); break;
		case FH_ROW_COMBINE: combine(p, op, r); break;
		case FH_ROW_ROUTE: route(p, op, r, scratch); break;
		case FH_ROW_SELECT:
			memcpy(fh_row(p, op->dst, r), fh_row(p, op->x, p->batch.output_rows[r]),
			       (size_t)n * sizeof(float));
			break;
		case FH_ROW_MEAN: mean(p, op, r, row0, scratch); break;
		}
	}
}
