// Gathering of quantized columns: what several products share is quantized once.
#include <string.h>

#include "linear_impl.h"

// A tile is rows of FH_TILE words of four bytes, in every panel format: four int8
// values, a float or a sum of a column each.
static void gather_tile(const uint32_t *act, size_t tile_words, const int32_t *columns, int n, uint32_t *to)
{
	const uint32_t *from[FH_TILE];
	for (int j = 0; j < FH_TILE; j++) {
		const int column = columns[j < n ? j : 0];
		from[j] = act + (size_t)(column / FH_TILE) * tile_words + column % FH_TILE;
	}
	for (size_t i = 0; i + FH_TILE <= tile_words; i += FH_TILE)
		for (int j = 0; j < FH_TILE; j++)
			to[i + (size_t)j] = from[j][i];
}

void fh_act_gather(int format, int k, const void *act, const int32_t *columns, int n, void *to)
{
	const size_t bytes = fh_act_column_bytes(format, k);
	uint8_t *out = to;
	if (format >= FH_ACT_PANELS) {
		for (int c = 0; c < n; c += FH_TILE, out += bytes)
			gather_tile(act, bytes / 4, columns + c, n - c, (uint32_t *)out);
		return;
	}
	for (int c = 0; c < n; c++, out += bytes)
		memcpy(out, (const uint8_t *)act + (size_t)columns[c] * bytes, bytes);
}
