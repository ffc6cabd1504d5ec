// What the files of the linear kernels share: quant block facts, the layouts
// of activation buffers, and the table of kernels each instruction set fills.
#ifndef FREEHOLD_LINEAR_IMPL_H
#define FREEHOLD_LINEAR_IMPL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "linear.h"

#define FH_INLINE static inline __attribute__((always_inline))

// ---------------------------------------------------------------------------
// Activation formats.
//
// Row formats hold one column after the other, as the mat-vec and few-column
// kernels read them. Panel formats interleave twelve columns for the tile
// kernels. A column or tile starts on a multiple of 64 bytes; the padding
// behind k holds zeros, so kernels may run to the end of their vectors.
enum {
	// float x[k]; the values rounded to what the weights' type can hold.
	FH_ACT_F32 = 1,
	FH_ACT_F16,
	FH_ACT_BF16,

	// int8 per 32 in natural order: int8 q[k], then float d[k/32] and
	// float sum16[k/32], the unrounded scale times Σq rounded through binary16
	// (what Q4_1 and Q5_1 multiply).
	FH_ACT_Q8,
	// int8 per 32 in groups of 128 for nibble weights, struct fh_nibble_group.
	FH_ACT_Q8_NIBBLES,
	// int8 per 32 in pairs of blocks, struct fh_byte_pair.
	FH_ACT_Q8_BYTES,

	// int8 per 256, struct fh_k_block, 32-value sub-blocks in one of four orders.
	FH_ACT_K,	  // 0 1 2 3 4 5 6 7
	FH_ACT_K_NIBBLES, // 0 2 1 3 4 6 5 7: low nibbles of 64 bytes, then high
	FH_ACT_K_CRUMBS,  // 0 4 1 5 2 6 3 7: 2-bit fields 0, 1, 2, 3 of 64 bytes
	FH_ACT_K_HALVES,  // first halves of 0 1 2 3, second ones, those of 4 5 6 7

	FH_ACT_PANELS, // formats from here on are panels of FH_TILE columns
	FH_ACT_PANEL_F32 = FH_ACT_PANELS,
	FH_ACT_PANEL_F16,
	FH_ACT_PANEL_BF16,
	FH_ACT_PANEL_Q8,
	FH_ACT_PANEL_Q8_HALVES, // with seeds for each 16 values
	FH_ACT_PANEL_K,

	// Added to an int8 format: column 2c+1 holds what rounding took from
	// column 2c, in the same format.
	FH_ACT_FINE = 32,
};

#define FH_TILE 12 // columns of a panel
#define FH_MOST_PANEL_ROWS 16

struct fh_nibble_group { // 4 blocks of 32
	int8_t q[128];	 // values 0..15 of each block, then values 16..31 of each
	float d[16];	 // each block's scale four times
	int32_t seed[16]; // -8 times the sum of the q each lane multiplies: undoes q+8
	float sum16[4];	  // FH_ACT_Q8's sum16 of each block
	float pad[12];
};

struct fh_byte_pair { // 2 blocks of 32
	int8_t q[64];
	float d[16];	  // each block's scale eight times
	int32_t seed[16]; // -128 times the sum of each four q: undoes weights stored as w+128
};

struct fh_k_block { // 256 values
	int8_t q[256];
	int16_t sum16[16]; // sums of 16, natural order
	int16_t sum32[8];  // sums of 32, natural order
	float d;
	char pad[12];
};

// One tile of twelve columns in FH_ACT_PANEL_Q8, _Q8_HALVES and _K. Four
// consecutive values of a column stay together, as the dot product
// instructions want them.
struct fh_panel {
	int8_t *q;     // [k/4][12][4]
	float *d;      // [k/32 or k/256][12]
	int32_t *seed; // [k/32 or (_HALVES, K) k/16][12]: -128 * sum of the block or sub-block
	float *sum;    // [k/32][12]: FH_ACT_Q8's sum16, or the plain sum of 32 for K
};

FH_INLINE size_t fh_round_up(size_t n, size_t unit) { return (n + unit - 1) / unit * unit; }

// Columns in memory for each column of a product.
FH_INLINE int fh_act_columns(int format) { return format & FH_ACT_FINE ? 2 : 1; }

size_t fh_act_column_bytes(int format, int k); // one column (rows) or one tile (panels)
struct fh_panel fh_panel_at(int format, int k, const void *tile);

// ---------------------------------------------------------------------------
// Kernels of one instruction set.

// Dot products of `rows` weight rows with 1, 2 or 4 columns, stored at
// y[c*ldy + r]. Column c lies at x + c*column bytes.
typedef void fh_rows_fn(const uint8_t *w, size_t row_bytes, int rows, int k,
			const uint8_t *x, size_t column_bytes, float *y, size_t ldy);

// Unpacks `rows` (1 .. panel_rows) weight rows into a panel.
typedef void fh_unpack_fn(const uint8_t *w, size_t row_bytes, int rows, int k, void *panel);

struct fh_output { // where a tile goes
	float *y;
	size_t ldy;
	const float *bias; // of the tile's first row, or NULL
	int accumulate;
	int rows, columns; // valid part of the tile
	// Weight bytes that will be unpacked next, or NULL: a tile may fetch them
	// while it computes.
	const uint8_t *next;
	size_t next_bytes;
};

// Multiplies a weight panel with a tile of columns.
typedef void fh_tile_fn(const void *panel, const void *act, int k, const struct fh_output *out);

struct fh_row_kernels {
	int format;	  // of the activations
	fh_rows_fn *rows[3]; // for 1, 2 and 4 columns; only the first must exist
};

struct fh_kernels {
	const struct fh_row_kernels *(*row_kernels)(int wtype);
	// Panels; panel_rows is 0 where there are none.
	fh_unpack_fn *const *unpack; // [FH_TYPES]
	fh_tile_fn *const *tile;     // [FH_TYPES]
	int panel_rows;	       // at most FH_MOST_PANEL_ROWS
	int panel_min_columns; // panels pay from this many columns on
	size_t (*panel_bytes)(int wtype, int k);
	// Quantize 32 values to int8; returns Σq. d is the scale rounded through
	// binary16, d_exact the scale before.
	int (*quantize32)(const float *x, int8_t *q, float *d, float *d_exact);
	// Quantize 256 values to int8 with one float scale.
	void (*quantize256)(const float *x, int8_t *q, float *d);
};

extern const struct fh_kernels fh_kernels_portable;
#if defined(__x86_64__)
extern const struct fh_kernels fh_kernels_avx2;
extern const struct fh_kernels fh_kernels_avxvnni;
extern const struct fh_kernels fh_kernels_avx512vl;
extern const struct fh_kernels fh_kernels_avx512;
#endif
#if defined(__aarch64__)
extern const struct fh_kernels fh_kernels_neon;
#endif

const struct fh_kernels *fh_kernels_now(void);

#endif
