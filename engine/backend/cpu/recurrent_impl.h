// Kernels of the recurrent ops, part of vector_impl.h: a block of a head's
// matrix, small enough for the L1 cache, is taken through all rows of a sequence.

// Rows of the matrix at a time: enough independent sums to hide their latency.
#define FH_STEPS (FH_W >= 16 ? 4 : FH_W >= 8 ? 2 : 1)

#define FH_STATE_REGISTERS (FH_STATE_BLOCK / FH_W)

// S·x for the block's columns.
FH_IN void fold(const int NV, const float *s, const float *x, int dim, vf *sum)
{
	vf acc[FH_STEPS][FH_STATE_REGISTERS];
#pragma GCC unroll 4
	for (int a = 0; a < FH_STEPS; a++)
#pragma GCC unroll 8
		for (int j = 0; j < NV; j++)
			acc[a][j] = (vf){0};
	int i = 0;
	for (; i + FH_STEPS <= dim; i += FH_STEPS)
#pragma GCC unroll 4
		for (int a = 0; a < FH_STEPS; a++)
#pragma GCC unroll 8
			for (int j = 0; j < NV; j++)
				acc[a][j] += load(s + ((i + a) * NV + j) * FH_W) * x[i + a];
	for (; i < dim; i++)
#pragma GCC unroll 8
		for (int j = 0; j < NV; j++)
			acc[0][j] += load(s + (i * NV + j) * FH_W) * x[i];
#pragma GCC unroll 8
	for (int j = 0; j < NV; j++) {
		sum[j] = acc[0][j];
#pragma GCC unroll 4
		for (int a = 1; a < FH_STEPS; a++)
			sum[j] += acc[a][j];
	}
}

// S = decay·S + k ⊗ w, and S·q of that.
FH_IN void renew(const int NV, float *s, float decay, const float *k, const vf *w, const float *q, int dim, vf *sum)
{
	vf acc[FH_STEPS][FH_STATE_REGISTERS];
#pragma GCC unroll 4
	for (int a = 0; a < FH_STEPS; a++)
#pragma GCC unroll 8
		for (int j = 0; j < NV; j++)
			acc[a][j] = (vf){0};
	int i = 0;
	for (; i + FH_STEPS <= dim; i += FH_STEPS)
#pragma GCC unroll 4
		for (int a = 0; a < FH_STEPS; a++)
#pragma GCC unroll 8
			for (int j = 0; j < NV; j++) {
				float *at = s + ((i + a) * NV + j) * FH_W;
				const vf v = load(at) * decay + w[j] * k[i + a];
				store(at, v);
				acc[a][j] += v * q[i + a];
			}
	for (; i < dim; i++)
#pragma GCC unroll 8
		for (int j = 0; j < NV; j++) {
			float *at = s + (i * NV + j) * FH_W;
			const vf v = load(at) * decay + w[j] * k[i];
			store(at, v);
			acc[0][j] += v * q[i];
		}
#pragma GCC unroll 8
	for (int j = 0; j < NV; j++) {
		sum[j] = acc[0][j];
#pragma GCC unroll 4
		for (int a = 1; a < FH_STEPS; a++)
			sum[j] += acc[a][j];
	}
}

FH_IN void recur_block(const int NV, const struct fh_recurrence *u)
{
	const float *k = u->k, *q = u->q, *v = u->v, *rate = u->rate;
	float *dst = u->dst;
	for (int r = 0; r < u->rows; r++) {
		vf x[FH_STATE_REGISTERS], w[FH_STATE_REGISTERS], out[FH_STATE_REGISTERS];
		float lane[FH_STATE_BLOCK] = {0};
		const float *from = v;
		if (u->columns < NV * FH_W) {
			for (int i = 0; i < u->columns; i++)
				lane[i] = v[i];
			from = lane;
		}
#pragma GCC unroll 8
		for (int j = 0; j < NV; j++)
			x[j] = load(from + j * FH_W);
		if (u->delta_rule) {
			fold(NV, u->s, k, u->dim, w);
#pragma GCC unroll 8
			for (int j = 0; j < NV; j++)
				w[j] = (x[j] - w[j] * u->decay[r]) * *rate;
		} else {
#pragma GCC unroll 8
			for (int j = 0; j < NV; j++)
				w[j] = x[j] * *rate;
		}
		renew(NV, u->s, u->decay[r], k, w, q, u->dim, out);
		float *to = u->columns < NV * FH_W ? lane : dst;
#pragma GCC unroll 8
		for (int j = 0; j < NV; j++)
			store(to + j * FH_W, out[j] * u->scale + x[j] * u->skip);
		if (to == lane)
			for (int i = 0; i < u->columns; i++)
				dst[i] = lane[i];
		k += u->k_stride;
		q += u->q_stride;
		v += u->v_stride;
		rate += u->rate_stride;
		dst += u->dst_stride;
	}
}

FH_FN void recur(const struct fh_recurrence *u)
{
	if (u->width == FH_STATE_BLOCK)
		recur_block(FH_STATE_BLOCK / FH_W, u);
	else
		recur_block(FH_STATE_BLOCK / 2 / FH_W, u);
}

FH_FN void convolve(const struct fh_convolution *c)
{
	const int past = c->kernel - 1;
	for (int r = 0; r < c->rows; r++) {
		float *restrict dst = c->dst + (size_t)r * c->stride;
		for (int i = 0; i < c->channels; i++)
			dst[i] = c->bias ? c->bias[i] : 0;
		for (int k = 0; k < c->kernel; k++) {
			const int row = r - past + k;
			const float *restrict x = row < 0 ? c->state + (size_t)(row + past) * c->stride
							  : c->x + (size_t)row * c->stride;
			const float *restrict w = c->weight + (size_t)k * c->stride;
			for (int i = 0; i < c->channels; i++)
				dst[i] += x[i] * w[i];
		}
	}
	for (int k = 0; k < past; k++) {
		const int row = c->rows - past + k;
		const float *from = row < 0 ? c->state + (size_t)(row + past) * c->stride : c->x + (size_t)row * c->stride;
		__builtin_memmove(c->state + (size_t)k * c->stride, from, (size_t)c->channels * sizeof(float));
	}
}
