// Layout of the AVX-512 weight panels: what unpacking writes and tiles read.
#ifndef FREEHOLD_LINEAR_AVX512_PANEL_H
#define FREEHOLD_LINEAR_AVX512_PANEL_H

#include "linear_block.h"

enum { FH_AVX512_PANEL_ROWS = 16 };

// A weight panel: sixteen rows, four consecutive values of each kept together.
// Panels of plain types are float [k][16] instead.
struct fh_avx512_panel {
	uint8_t *q;   // [k/4][16][4], unsigned; symmetric types as w+128
	float *scale; // [sub-blocks][16]
	float *min;   // [sub-blocks][16], what to add for each unit of the activations' sum
};

FH_INLINE struct fh_avx512_panel fh_avx512_panel_at(int wtype, int k, void *panel)
{
	struct fh_avx512_panel p;
	p.q = panel;
	p.scale = (float *)(p.q + (size_t)k * FH_AVX512_PANEL_ROWS);
	p.min = p.scale + (size_t)(k / fh_sub_block(wtype)) * FH_AVX512_PANEL_ROWS;
	return p;
}

FH_INLINE size_t fh_avx512_panel_size(int wtype, int k)
{
	if (fh_block_size(wtype) == 1)
		return fh_round_up((size_t)k, 16) * FH_AVX512_PANEL_ROWS * 4;
	return FH_AVX512_PANEL_ROWS * ((size_t)k + 2 * 4 * (size_t)(k / fh_sub_block(wtype)));
}

extern fh_unpack_fn *const fh_avx512_unpack[FH_TYPES];
extern fh_tile_fn *const fh_avx512_tile[FH_TYPES];

#endif
