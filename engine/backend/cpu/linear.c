// The linear layers' entry points: choice of kernels, loops over rows and
// columns, bias and accumulation.
#include "isa.h"
#include "linear_block.h"

const struct fh_kernels *fh_kernels_now(void)
{
	switch (fh_isa()) {
#if defined(__x86_64__)
	case FH_ISA_AVX2: return &fh_kernels_avx2;
	case FH_ISA_AVXVNNI: return &fh_kernels_avxvnni;
	case FH_ISA_AVX512VL: return &fh_kernels_avx512vl;
	case FH_ISA_AVX512: return &fh_kernels_avx512;
#endif
#if defined(__aarch64__)
	case FH_ISA_NEON: return &fh_kernels_neon;
#endif
	}
	return &fh_kernels_portable;
}

int fh_linear_supports(int wtype, int k)
{
	const int block = fh_block_size(wtype);
	return block > 0 && k > 0 && k % block == 0;
}

size_t fh_row_bytes(int wtype, int k)
{
	const int block = fh_block_size(wtype);
	return block ? (size_t)k / block * fh_block_bytes(wtype) : 0;
}

void fh_dequantize(int wtype, const void *row, int k, float *out)
{
	const uint8_t *p = row;
	if (fh_block_size(wtype) == 1) {
		for (int i = 0; i < k; i++) {
			if (wtype == FH_F32)
				memcpy(out + i, p + 4 * (size_t)i, 4);
			else if (wtype == FH_F16)
				out[i] = fh_half_at(p + 2 * (size_t)i);
			else
				out[i] = fh_bfloat(fh_load16(p + 2 * (size_t)i));
		}
		return;
	}
	const int block_size = fh_block_size(wtype);
	for (int at = 0; at < k; at += block_size, p += fh_block_bytes(wtype)) {
		if (fh_is_super(wtype)) {
			struct fh_block256 block;
			fh_decode256(wtype, p, &block);
			for (int i = 0; i < 256; i++)
				out[at + i] = block.d * block.scale[i / 16] * (float)(block.q[i] - block.zero) -
					      block.dmin * block.min[i / 16];
			continue;
		}
		for (int part = 0; part < fh_parts(wtype); part++) {
			struct fh_block32 block;
			fh_decode32(wtype, p, part, &block);
			for (int i = 0; i < 32; i++)
				out[at + 32 * part + i] = block.d[i / 16] * (float)(block.q[i] - block.zero) + block.m;
		}
	}
}

FH_INLINE int uses_panels(const struct fh_kernels *kernels, int n)
{
	return kernels->panel_rows > 0 && n >= kernels->panel_min_columns;
}

static int panel_format(int wtype)
{
	switch (wtype) {
	case FH_F32: return FH_ACT_PANEL_F32;
	case FH_F16: return FH_ACT_PANEL_F16;
	case FH_BF16: return FH_ACT_PANEL_BF16;
	}
	if (fh_is_super(wtype))
		return FH_ACT_PANEL_K;
	return fh_sub_block(wtype) == 16 ? FH_ACT_PANEL_Q8_HALVES : FH_ACT_PANEL_Q8;
}

int fh_linear_format(int wtype, int k, int n)
{
	(void)k;
	const struct fh_kernels *kernels = fh_kernels_now();
	return uses_panels(kernels, n) ? panel_format(wtype) : kernels->row_kernels(wtype)->format;
}

int fh_linear_grain(int wtype, int k, int n)
{
	(void)wtype, (void)k;
	const struct fh_kernels *kernels = fh_kernels_now();
	return uses_panels(kernels, n) ? kernels->panel_rows : 1;
}

size_t fh_linear_scratch(int wtype, int k, int n)
{
	const struct fh_kernels *kernels = fh_kernels_now();
	return uses_panels(kernels, n) ? fh_round_up(kernels->panel_bytes(wtype, k), 64) : 0;
}

struct job { // one call of fh_linear
	const struct fh_kernels *kernels;
	int wtype;
	const uint8_t *w;
	size_t row_bytes;
	int m, k, n; // n: columns in memory, fine ones in pairs
	int fine;
	const uint8_t *act;
	size_t column_bytes;
	float *y;
	size_t ldy;
	const float *bias;
	int accumulate;
};

// Writes n rows of a column: the result, and of a fine one the rest's too.
FH_INLINE void put_column(const struct job *job, int column, int row, int n, const float *result, const float *rest)
{
	float *y = job->y + (size_t)column * job->ldy + row;
	for (int i = 0; i < n; i++) {
		const float b = job->bias ? job->bias[row + i] : 0;
		const float old = job->accumulate ? y[i] : 0;
		y[i] = old + ((rest ? result[i] + rest[i] : result[i]) + b);
	}
}

static void linear_panels(const struct job *job, int row0, int row1, void *panel)
{
	const int panel_rows = job->kernels->panel_rows;
	fh_unpack_fn *unpack = job->kernels->unpack[job->wtype];
	fh_tile_fn *tile = job->kernels->tile[job->wtype];
	for (int r = row0; r < row1; r += panel_rows) {
		const int rows = row1 - r < panel_rows ? row1 - r : panel_rows;
		unpack(job->w + (size_t)r * job->row_bytes, job->row_bytes, rows, job->k, panel);
		const uint8_t *act = job->act;
		for (int c = 0; c < job->n; c += FH_TILE, act += job->column_bytes) {
			float pairs[FH_TILE * FH_MOST_PANEL_ROWS];
			struct fh_output out = {
				.y = pairs,
				.ldy = FH_MOST_PANEL_ROWS,
				.rows = rows,
				.columns = job->n - c < FH_TILE ? job->n - c : FH_TILE,
				.next = c == 0 && r + panel_rows < job->m ? job->w + (size_t)(r + panel_rows) * job->row_bytes : NULL,
				.next_bytes = (size_t)panel_rows * job->row_bytes,
			};
			if (!job->fine) {
				out.y = job->y + (size_t)c * job->ldy + r;
				out.ldy = job->ldy;
				out.bias = job->bias ? job->bias + r : NULL;
				out.accumulate = job->accumulate;
			}
			tile(panel, act, job->k, &out);
			for (int j = 0; job->fine && j < out.columns; j += 2)
				put_column(job, (c + j) / 2, r, rows, pairs + j * FH_MOST_PANEL_ROWS,
					   pairs + (j + 1) * FH_MOST_PANEL_ROWS);
		}
	}
}

// Rows of one chunk against all columns, four, two or one at a time.
static void row_chunk(const struct job *job, int row, int rows, float *y, size_t ldy)
{
	fh_rows_fn *const *kernels = job->kernels->row_kernels(job->wtype)->rows;
	const uint8_t *w = job->w + (size_t)row * job->row_bytes;
	for (int c = 0; c < job->n;) {
		const int left = job->n - c;
		int log = left >= 4 ? 2 : left >= 2 ? 1 : 0;
		while (!kernels[log])
			log--;
		kernels[log](w, job->row_bytes, rows, job->k, job->act + (size_t)c * job->column_bytes,
				     job->column_bytes, y + (size_t)c * ldy, ldy);
		c += 1 << log;
	}
}

#define CHUNK_ROWS 64
#define CHUNK_BYTES 16384 // of weights, so that later columns find them in L1

static void linear_rows(const struct job *job, int row0, int row1)
{
	if (job->n <= 2 && !job->accumulate && !job->bias && !job->fine) { // decode, mostly
		row_chunk(job, row0, row1 - row0, job->y + row0, job->ldy);
		return;
	}
	int chunk = job->n <= 2 ? CHUNK_ROWS : (int)(CHUNK_BYTES / job->row_bytes);
	chunk = chunk < 4 ? 4 : chunk > CHUNK_ROWS ? CHUNK_ROWS : chunk;
	float result[4 * CHUNK_ROWS];
	const int step = job->fine ? 2 : 1;
	struct job part = *job;
	for (int r = row0; r < row1; r += chunk) {
		const int rows = row1 - r < chunk ? row1 - r : chunk;
		for (int c = 0; c < job->n; c += 4) {
			part.n = job->n - c < 4 ? job->n - c : 4;
			part.act = job->act + (size_t)c * job->column_bytes;
			row_chunk(&part, r, rows, result, CHUNK_ROWS);
			for (int j = 0; j < part.n; j += step)
				put_column(job, (c + j) / step, r, rows, result + j * CHUNK_ROWS,
					   job->fine ? result + (j + 1) * CHUNK_ROWS : NULL);
		}
	}
}

void fh_linear(int wtype, const void *w, int m, int k, int row0, int row1, int format, const void *act,
	       int n, float *y, size_t ldy, const float *bias, int accumulate, void *scratch)
{
	if (row1 > m)
		row1 = m;
	if (row0 >= row1 || n <= 0)
		return;
	const struct fh_kernels *kernels = fh_kernels_now();
	const struct job job = {
		.kernels = kernels,
		.wtype = wtype,
		.w = w,
		.row_bytes = fh_row_bytes(wtype, k),
		.m = m,
		.k = k,
		.n = n * fh_act_columns(format),
		.fine = (format & FH_ACT_FINE) != 0,
		.act = act,
		.column_bytes = fh_act_column_bytes(format, k),
		.y = y,
		.ldy = ldy,
		.bias = bias,
		.accumulate = accumulate,
	};
	if ((format & ~FH_ACT_FINE) >= FH_ACT_PANELS)
		linear_panels(&job, row0, row1, scratch);
	else
		linear_rows(&job, row0, row1);
}
