// Attention over the paged cache: its cut into units of work, and the merging
// of what they find.
//
// A unit is a tile of query rows, one KV head and a range of cache blocks. The
// cut depends on the batch alone, never on the number of threads, so that
// neither does the result. In narrow batches it depends on the row's position
// alone: a row comes out the same, bit by bit, whatever stands beside it.
#include <string.h>

#include "plan_impl.h"

#define RANGES 64	 // a row or a batch of less work than this many units is cut further,
#define RANGE_TOKENS 128 // down to ranges of this many positions
#define NARROW_TILES 16	 // a batch of so many tiles at most is cut row by row
#define PARTIALS 1024	 // at least 2 * RANGES: a batch cut as a whole has no more

static int group_of(const fh_plan *p, const struct fh_attention_op *op)
{
	return op->heads / p->kv.layer[op->layer].heads;
}

static int tile_rows(int group)
{
	return group < FH_ATTEND_ROWS ? FH_ATTEND_ROWS / group : 1;
}

static size_t round_line(size_t floats)
{
	return (floats + 15) / 16 * 16;
}

// Floats of one unit's results: out, top and sum.
static size_t result_floats(const fh_plan *p, const struct fh_attention_op *op)
{
	const int group = group_of(p, op);
	const size_t heads = (size_t)group * (size_t)tile_rows(group);
	return heads * (size_t)fh_padded_head(p->kv.layer[op->layer].value_dim) + 2 * round_line(heads);
}

// A thread's scratch: one unit's results, and what the kernel needs.
static size_t scratch_bytes(const fh_plan *p, const struct fh_attention_op *op)
{
	const int group = group_of(p, op);
	const struct fh_kv_layer *layer = &p->kv.layer[op->layer];
	return p->partial_floats * sizeof(float) +
	       fh_attend_scratch(group * tile_rows(group), layer->head_dim, layer->value_dim);
}

int fh_attention_alloc(fh_plan *p)
{
	for (int i = 0; i < p->n_ops; i++)
		if (p->ops[i].kind == FH_OP_ATTENTION) {
			const size_t n = result_floats(p, &p->ops[i].attention);
			p->partial_floats = n > p->partial_floats ? n : p->partial_floats;
		}
	for (int i = 0; i < p->n_ops; i++)
		if (p->ops[i].kind == FH_OP_ATTENTION)
			fh_need_scratch(p, scratch_bytes(p, &p->ops[i].attention));
	const size_t outputs = (size_t)p->max_rows[FH_ROWS_OUTPUTS] * sizeof(int32_t);
	p->output_positions = fh_arena_take(p, outputs);
	p->output_sequences = fh_arena_take(p, outputs);
	if (!p->output_positions || !p->output_sequences)
		return -1;
	if (p->partial_floats == 0)
		return 0;
	p->tiles = fh_arena_take(p, (size_t)p->max_rows[FH_ROWS_ALL] * sizeof *p->tiles);
	p->unfinished = fh_arena_take(p, PARTIALS * sizeof *p->unfinished);
	p->partials = fh_arena_take(p, PARTIALS * p->partial_floats * sizeof(float));
	return p->tiles && p->unfinished && p->partials ? 0 : -1;
}

static const int32_t *positions_of(const fh_plan *p, const struct fh_op *op)
{
	return op->rows_kind == FH_ROWS_OUTPUTS ? p->output_positions : p->batch.positions;
}

// Cuts the tiles into units of their ranges. Returns how many partial results
// arise.
static int cut(fh_plan *p, int kv_heads)
{
	int64_t partials = 0, units = 0;
	for (int i = 0; i < p->n_tiles; i++) {
		struct fh_attention_tile *t = &p->tiles[i];
		t->ranges = (t->block1 - t->cut0 + t->range - 1) / t->range;
		t->first_unit = (int)units;
		t->partial = (int)partials;
		units += (int64_t)kv_heads * t->ranges;
		partials += t->ranges > 1 ? (int64_t)kv_heads * t->ranges : 0;
	}
	p->units = (int)units;
	return partials > PARTIALS ? PARTIALS + 1 : (int)partials;
}

static int first_block(const struct fh_attention_op *a, int position)
{
	return position > a->before ? (position - a->before) / FH_BLOCK : 0;
}

// The last block a row sees, of a sequence whose rows in the batch end at last.
static int last_block(const struct fh_attention_op *a, int position, int last)
{
	return (a->after < last - position ? position + a->after : last) / FH_BLOCK;
}

// Blocks in a range of a row that is cut by itself: a power of two.
static int range_of(const struct fh_attention_op *a, int position, int last, int kv_heads)
{
	const int64_t work = (int64_t)(last_block(a, position, last) + 1 - first_block(a, position)) * kv_heads;
	int range = RANGE_TOKENS / FH_BLOCK;
	while ((int64_t)range * RANGES < work)
		range *= 2;
	return range;
}

static void make_tiles(fh_plan *p, const struct fh_op *op)
{
	const struct fh_attention_op *a = &op->attention;
	const int32_t *position = positions_of(p, op);
	const int32_t *sequence =
		op->rows_kind == FH_ROWS_OUTPUTS ? p->output_sequences : p->batch.sequences;
	const int most = tile_rows(group_of(p, a)), kv_heads = p->kv.layer[a->layer].heads;
	p->n_tiles = 0;
	for (int r = 0, end = 0; r < p->n;) {
		struct fh_attention_tile *t = &p->tiles[p->n_tiles++];
		*t = (struct fh_attention_tile){.row = r, .sequence = sequence[r]};
		while (end < p->n && sequence[end] == t->sequence)
			end++;
		t->last = position[end - 1];
		t->range = range_of(a, position[r], t->last, kv_heads);
		while (r < end && t->rows < most && range_of(a, position[r], t->last, kv_heads) == t->range) {
			t->rows++;
			r++;
		}
		t->block0 = first_block(a, position[t->row]);
		t->cut0 = t->block0 / t->range * t->range;
		t->block1 = last_block(a, position[r - 1], t->last) + 1;
	}
	if (p->n_tiles > NARROW_TILES || cut(p, kv_heads) > PARTIALS) {
		int64_t blocks = 0;
		for (int i = 0; i < p->n_tiles; i++)
			blocks += (int64_t)(p->tiles[i].block1 - p->tiles[i].block0) * kv_heads;
		const int64_t even = (blocks + RANGES - 1) / RANGES, least = RANGE_TOKENS / FH_BLOCK;
		for (int i = 0; i < p->n_tiles; i++) {
			p->tiles[i].range = (int)(even > least ? even : least);
			p->tiles[i].cut0 = p->tiles[i].block0;
		}
		cut(p, kv_heads);
	}
	for (int i = 0; i < p->n_tiles; i++) {
		const struct fh_attention_tile *t = &p->tiles[i];
		for (int h = 0; h < kv_heads && t->ranges > 1; h++)
			atomic_store_explicit(&p->unfinished[t->partial + h * t->ranges], t->ranges,
					      memory_order_relaxed);
	}
}

struct results {
	float *out, *top, *sum;
};

static struct results results_at(float *base, int heads, int padded)
{
	struct results r;
	r.out = base;
	r.top = r.out + (size_t)heads * (size_t)padded;
	r.sum = r.top + round_line((size_t)heads);
	return r;
}

// Writes Σ weight·V / Σ weight of a tile's heads, joining its ranges' results
// with weights relative to the highest score.
static void deliver(fh_plan *p, const struct fh_op *op, const struct fh_attention_tile *t, int kv_head,
		    float *base)
{
	const struct fh_attention_op *a = &op->attention;
	const int group = group_of(p, a), dim = p->kv.layer[a->layer].value_dim, padded = fh_padded_head(dim);
	const int heads = t->rows * group;
	float weight[PARTIALS + 1];
	for (int i = 0; i < heads; i++) {
		const float *sink = a->sinks ? a->sinks + kv_head * group + i % group : NULL;
		float top = sink ? *sink : FH_UNSEEN, sum = 0;
		for (int s = 0; s < t->ranges; s++) {
			const struct results r = results_at(base + (size_t)s * p->partial_floats, heads, padded);
			top = r.top[i] > top ? r.top[i] : top;
		}
		for (int s = 0; s < t->ranges; s++) {
			const struct results r = results_at(base + (size_t)s * p->partial_floats, heads, padded);
			weight[s] = r.top[i] - top;
		}
		if (sink)
			weight[t->ranges] = *sink - top;
		p->kernels->exp(weight, weight, t->ranges + (sink ? 1 : 0));
		if (sink) // takes its share, and has no value
			sum = weight[t->ranges];
		for (int s = 0; s < t->ranges; s++) {
			const struct results r = results_at(base + (size_t)s * p->partial_floats, heads, padded);
			sum += weight[s] * r.sum[i];
		}
		float *dst = fh_row(p, a->dst, t->row + i / group) + (kv_head * group + i % group) * dim;
		for (int s = 0; s < t->ranges; s++) {
			const struct results r = results_at(base + (size_t)s * p->partial_floats, heads, padded);
			const float *out = r.out + (size_t)i * (size_t)padded, w = weight[s] / sum;
			for (int d = 0; d < dim; d++)
				dst[d] = (s ? dst[d] : 0) + w * out[d];
		}
	}
}

static const struct fh_attention_tile *tile_of(const fh_plan *p, int unit)
{
	int low = 0, high = p->n_tiles;
	while (high - low > 1) {
		const int middle = (low + high) / 2;
		if (p->tiles[middle].first_unit <= unit)
			low = middle;
		else
			high = middle;
	}
	return &p->tiles[low];
}

static void attend_unit(void *arg, int chunk, int thread)
{
	fh_plan *p = arg;
	if (fh_cancelled(p))
		return;
	const struct fh_op *op = &p->ops[p->stage->first];
	const struct fh_attention_op *a = &op->attention;
	const struct fh_kv_layer *layer = &p->kv.layer[a->layer];
	// The last rows see the most, so their units go first.
	const int unit = p->units - 1 - chunk;
	const struct fh_attention_tile *t = tile_of(p, unit);
	const int head = (unit - t->first_unit) / t->ranges, range = (unit - t->first_unit) % t->ranges;
	const int group = group_of(p, a), heads = t->rows * group, dim = layer->head_dim;
	float *own = fh_scratch(p, thread);
	float *first = t->ranges > 1
			       ? p->partials + (size_t)(t->partial + head * t->ranges) * p->partial_floats
			       : own;
	const struct results r =
		results_at(first + (size_t)range * p->partial_floats, heads, fh_padded_head(layer->value_dim));
	const int begin = t->cut0 + range * t->range, end = begin + t->range;
	const struct fh_attend attend = {
		.q = fh_row(p, a->q, t->row) + head * group * dim,
		.q_stride = (size_t)p->buffers[a->q].width,
		.rows = t->rows,
		.group = group,
		.head_dim = dim,
		.value_dim = layer->value_dim,
		.position = positions_of(p, op) + t->row,
		.scale = a->scale,
		.softcap = a->softcap,
		.before = a->before,
		.after = a->after,
		.last = t->last,
		.head = fh_kv_block(&p->kv, a->layer, 0) + (size_t)head * fh_kv_head_bytes(p->kv.type, dim, layer->value_dim),
		.kv_type = p->kv.type,
		.block_stride = p->kv.block_bytes,
		.table = p->batch.tables + p->batch.table_at[t->sequence],
		.block0 = begin > t->block0 ? begin : t->block0,
		.block1 = end < t->block1 ? end : t->block1,
		.out = r.out,
		.top = r.top,
		.sum = r.sum,
		.scratch = own + p->partial_floats,
	};
	p->kernels->attend(&attend);
	// Whoever finishes a head's last range joins them all.
	if (t->ranges == 1 || atomic_fetch_sub_explicit(&p->unfinished[t->partial + head * t->ranges], 1,
							 memory_order_acq_rel) == 1)
		deliver(p, op, t, head, first);
}

void fh_attention_run(fh_plan *p, const struct fh_op *op)
{
	make_tiles(p, op);
	fh_pool_run(p->pool, attend_unit, p, p->units);
}
