// Building of plans.
#include "plan_impl.h"

#include <stdlib.h>
#include <string.h>

#include "linear.h"
#include "os.h"

#define ARENA_BYTES ((size_t)1 << 20)

void *fh_arena_take(fh_plan *p, size_t bytes)
{
	struct fh_arena *a = &p->arena;
	bytes = (bytes + 63) / 64 * 64;
	if (bytes == 0)
		bytes = 64;
	if (bytes > a->left) {
		const size_t size = bytes > ARENA_BYTES ? bytes : ARENA_BYTES;
		void **map = realloc(a->map, (size_t)(a->maps + 1) * sizeof *map);
		if (!map)
			return NULL;
		a->map = map;
		size_t *sizes = realloc(a->size, (size_t)(a->maps + 1) * sizeof *sizes);
		if (!sizes)
			return NULL;
		a->size = sizes;
		void *base = fh_map(size);
		if (!base)
			return NULL;
		map[a->maps] = base;
		sizes[a->maps++] = size;
		if (size == bytes) // a map of its own
			return base;
		a->free = base;
		a->left = size;
	}
	void *taken = a->free;
	a->free += bytes;
	a->left -= bytes;
	return taken;
}

// Doubles an array when its length is a power of two.
int fh_grow(void **array, int n, size_t element)
{
	if (n & (n - 1))
		return 0;
	void *more = realloc(*array, (n ? 2 * (size_t)n : 1) * element);
	if (!more)
		return -1;
	*array = more;
	return 0;
}

fh_plan *fh_plan_new(fh_pool *pool, int max_rows, int max_outputs, int slots)
{
	fh_plan *p = fh_map(sizeof *p);
	if (!p)
		return NULL;
	p->pool = pool;
	p->kernels = fh_vector_kernels_now();
	p->max_rows[FH_ROWS_ALL] = max_rows;
	p->max_rows[FH_ROWS_OUTPUTS] = max_outputs;
	p->states.slots = slots;
	return p;
}

void fh_plan_free(fh_plan *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->arena.maps; i++)
		fh_unmap(p->arena.map[i], p->arena.size[i]);
	free(p->arena.map);
	free(p->arena.size);
	for (int i = 0; i < p->n_ops; i++)
		if (p->ops[i].kind == FH_OP_LINEAR) {
			free(p->ops[i].linear->out);
			free(p->ops[i].linear);
		} else if (p->ops[i].kind == FH_OP_EXPERTS) {
			free(p->ops[i].experts->out);
			free(p->ops[i].experts);
		}
	fh_states_free(&p->states);
	fh_kv_free(&p->kv);
	free(p->buffers);
	free(p->ropes);
	free(p->ops);
	free(p->stages);
	fh_unmap(p, sizeof *p);
}

int fh_plan_buffer(fh_plan *p, int width, int outputs)
{
	if (fh_grow((void **)&p->buffers, p->n_buffers, sizeof *p->buffers) != 0)
		return -1;
	p->buffers[p->n_buffers++] = (struct fh_buffer){
		.width = width,
		.rows_kind = outputs ? FH_ROWS_OUTPUTS : FH_ROWS_ALL,
	};
	return 0;
}

const float *fh_arena_floats(fh_plan *p, const float *from, int n)
{
	float *to = fh_arena_take(p, (size_t)n * sizeof *to);
	if (to)
		memcpy(to, from, (size_t)n * sizeof *to);
	return to;
}

int fh_plan_rope_table(fh_plan *p, const float *freqs, int pairs, float magnitude, int adjacent)
{
	if (fh_grow((void **)&p->ropes, p->n_ropes, sizeof *p->ropes) != 0)
		return -1;
	const size_t angles = (size_t)p->max_rows[FH_ROWS_ALL] * (size_t)pairs * sizeof(float);
	const struct fh_rope_table t = {
		.freqs = fh_arena_floats(p, freqs, pairs),
		.pairs = pairs,
		.adjacent = adjacent,
		.magnitude = magnitude,
		.cos = fh_arena_take(p, angles),
		.sin = fh_arena_take(p, angles),
	};
	if (!t.freqs || !t.cos || !t.sin)
		return -1;
	p->ropes[p->n_ropes++] = t;
	return 0;
}

int fh_plan_cache(fh_plan *p, int type, const int32_t *heads, const int32_t *head_dims,
		  const int32_t *value_dims, int layers, int blocks)
{
	return fh_kv_init(&p->kv, type, heads, head_dims, value_dims, layers, blocks);
}

int fh_plan_add(fh_plan *p, struct fh_op op)
{
	if (fh_grow((void **)&p->ops, p->n_ops, sizeof *p->ops) != 0)
		return -1;
	p->ops[p->n_ops++] = op;
	return 0;
}

// Whether a projection of x onto dst may run beside those of an op.
static int joins(const struct fh_linear_op *op, int x, int dst)
{
	if (op->x != x)
		return 0;
	for (int i = 0; i < op->n_out; i++)
		if (op->out[i].dst == x || op->out[i].dst == dst)
			return 0;
	return 1;
}

int fh_plan_project(fh_plan *p, int x, int wtype, const void *w, const float *bias, int dst, int accumulate,
		    int fine)
{
	const int m = p->buffers[dst].width;
	if (bias && !(bias = fh_arena_floats(p, bias, m)))
		return -1;
	struct fh_op *last = p->n_ops ? &p->ops[p->n_ops - 1] : NULL;
	struct fh_linear_op *linear;
	if (last && last->kind == FH_OP_LINEAR && joins(last->linear, x, dst)) {
		linear = last->linear;
	} else {
		linear = calloc(1, sizeof *linear);
		if (!linear)
			return -1;
		linear->x = x;
		linear->k = p->buffers[x].width;
		const int kind = p->buffers[x].rows_kind;
		if (fh_plan_add(p, (struct fh_op){.kind = FH_OP_QUANTIZE, .rows_kind = kind, .linear = linear}) != 0) {
			free(linear);
			return -1;
		}
		if (fh_plan_add(p, (struct fh_op){.kind = FH_OP_LINEAR, .rows_kind = kind, .linear = linear}) != 0) {
			free(linear);
			return -1;
		}
	}
	if (fh_grow((void **)&linear->out, linear->n_out, sizeof *linear->out) != 0)
		return -1;
	linear->out[linear->n_out++] = (struct fh_projection){
		.wtype = wtype, .w = w, .bias = bias, .dst = dst, .m = m, .accumulate = accumulate, .fine = fine,
	};
	return 0;
}

int fh_plan_attention(fh_plan *p, struct fh_attention_op op)
{
	if (op.sinks && !(op.sinks = fh_arena_floats(p, op.sinks, op.heads)))
		return -1;
	return fh_plan_add(p, (struct fh_op){
		.kind = FH_OP_ATTENTION, .rows_kind = p->buffers[op.q].rows_kind, .attention = op,
	});
}

// Values an op touches in a row: what decides whether threads are worth it.
static int row_cost(const fh_plan *p, const struct fh_op *op)
{
	switch (op->kind) {
	case FH_OP_ANGLES: return 16 * p->ropes[op->angles.table].pairs;
	case FH_OP_ROW: return fh_row_cost(p, &op->row);
	case FH_OP_QUANTIZE: return op->linear->k;
	default: return 0;
	}
}

static int make_stages(fh_plan *p)
{
	p->stages = calloc((size_t)p->n_ops + 1, sizeof *p->stages);
	if (!p->stages)
		return -1;
	for (int i = 0; i < p->n_ops; i++) {
		const struct fh_op *op = &p->ops[i];
		struct fh_stage *s = p->n_stages ? &p->stages[p->n_stages - 1] : NULL;
		const int by_row = op->kind < FH_OP_LINEAR;
		if (!s || !by_row || p->ops[s->first].kind >= FH_OP_LINEAR ||
		    p->ops[s->first].rows_kind != op->rows_kind) {
			s = &p->stages[p->n_stages++];
			s->first = i;
		}
		s->ops++;
		s->cost += row_cost(p, op);
		s->stores |= op->kind == FH_OP_ROW && op->row.kind == FH_ROW_STORE;
	}
	return 0;
}

// The largest activations, scratch and number of formats of one kind of
// weight, over all numbers of rows. Any format may serve any number.
struct sizes {
	int wtype, k, max_rows, fine;
	size_t act, scratch;
};

static void measure(struct sizes *s)
{
	for (int n = 1; n <= s->max_rows; n++) {
		const int format = fh_linear_format(s->wtype, s->k, n);
		const size_t act = fh_act_bytes(s->fine ? fh_act_fine(format) : format, s->k, s->max_rows);
		const size_t scratch = fh_linear_scratch(s->wtype, s->k, n);
		s->act = act > s->act ? act : s->act;
		s->scratch = scratch > s->scratch ? scratch : s->scratch;
	}
}

static int alloc_linears(fh_plan *p)
{
	struct sizes known[64];
	int n_known = 0, slots = 0;
	size_t act = 0;
	for (int i = 0; i < p->n_ops; i++) {
		if (p->ops[i].kind != FH_OP_LINEAR)
			continue;
		struct fh_linear_op *op = p->ops[i].linear;
		op->format = fh_arena_take(p, (size_t)op->n_out * sizeof *op->format);
		if (!op->format)
			return -1;
		slots = op->n_out > slots ? op->n_out : slots;
		for (int j = 0; j < op->n_out; j++) {
			struct sizes s = {op->out[j].wtype, op->k, p->max_rows[p->ops[i].rows_kind],
					 op->out[j].fine, 0, 0};
			int have = 0;
			for (int l = 0; l < n_known && !have; l++)
				have = known[l].wtype == s.wtype && known[l].k == s.k &&
				       known[l].max_rows == s.max_rows && known[l].fine == s.fine;
			if (have)
				continue;
			measure(&s);
			if (n_known < 64)
				known[n_known++] = s;
			act = s.act > act ? s.act : act;
			fh_need_scratch(p, s.scratch);
		}
	}
	p->act = fh_arena_take(p, (size_t)slots * sizeof *p->act);
	if (!p->act)
		return -1;
	for (int i = 0; i < slots; i++)
		if (!(p->act[i] = fh_arena_take(p, act)))
			return -1;
	return 0;
}

int fh_plan_finish(fh_plan *p)
{
	// The angles come first, beside the embedding.
	for (int i = 0; i < p->n_ropes; i++) {
		if (fh_plan_add(p, (struct fh_op){0}) != 0)
			return -1;
		memmove(p->ops + 1, p->ops, (size_t)(p->n_ops - 1) * sizeof *p->ops);
		p->ops[0] = (struct fh_op){
			.kind = FH_OP_ANGLES, .rows_kind = FH_ROWS_ALL, .angles = {.table = i},
		};
	}
	for (int i = 0; i < p->n_buffers; i++) {
		struct fh_buffer *b = &p->buffers[i];
		b->data = fh_arena_take(p, (size_t)p->max_rows[b->rows_kind] * (size_t)b->width * sizeof(float));
		if (!b->data)
			return -1;
	}
	if (make_stages(p) != 0 || alloc_linears(p) != 0 || fh_experts_alloc(p) != 0 || fh_states_alloc(p) != 0 ||
	    fh_attention_alloc(p) != 0)
		return -1;
	// Whole pages, so that no two threads share one.
	p->thread_scratch = (p->thread_scratch + 4095) / 4096 * 4096;
	p->scratch = fh_arena_take(p, p->thread_scratch * (size_t)fh_pool_threads(p->pool));
	return p->scratch ? 0 : -1;
}

const float *fh_plan_data(const fh_plan *p, int buffer)
{
	return p->buffers[buffer].data;
}

int fh_plan_copy_block(fh_plan *p, int dst, int src)
{
	return fh_kv_copy(&p->kv, dst, src);
}

size_t fh_plan_arena_bytes(const fh_plan *p)
{
	size_t bytes = 0;
	for (int i = 0; i < p->arena.maps; i++)
		bytes += p->arena.size[i];
	return bytes;
}

size_t fh_plan_cache_bytes(const fh_plan *p)
{
	return fh_kv_bytes(&p->kv);
}

size_t fh_plan_block_bytes(const fh_plan *p)
{
	return p->kv.blocks ? fh_kv_bytes(&p->kv) / (size_t)p->kv.blocks : 0;
}

void *fh_plan_block(fh_plan *p, int block)
{
	if (fh_kv_commit(&p->kv, block + 1) != 0)
		return NULL;
	return (char *)p->kv.data + (size_t)block * fh_plan_block_bytes(p);
}
