// The tables that codes come from.
#include "linear_block.h"

uint64_t fh_iq1_codes[2048], fh_iq2_xxs_codes[256], fh_iq2_xs_codes[512], fh_iq2_s_codes[1024];
uint32_t fh_iq3_xxs_codes[256], fh_iq3_s_codes[512], fh_crumb_codes[256];
uint64_t fh_sign_bytes[256], fh_even_sign_bytes[128];

void fh_make_bit_tables(void)
{
	for (int b = 0; b < 256; b++) {
		uint64_t signs = 0;
		for (int i = 0; i < 8; i++)
			signs |= b >> i & 1 ? (uint64_t)0xff << (8 * i) : 0;
		fh_sign_bytes[b] = signs;
		uint32_t crumbs = 0;
		for (int i = 0; i < 4; i++)
			crumbs |= (uint32_t)(uint8_t)((b >> (2 * i) & 3) - 1) << (8 * i);
		fh_crumb_codes[b] = crumbs;
	}
	for (int b = 0; b < 128; b++)
		fh_even_sign_bytes[b] = fh_sign_bytes[b | __builtin_parity((unsigned)b) << 7];
}

void fh_set_codebook(int wtype, const uint64_t *points, int n)
{
	uint64_t *to = NULL;
	uint32_t *to4 = NULL;
	switch (wtype) {
	case FH_IQ1_S:
		for (int i = 0; i < n && i < 2048; i++) { // g to 8*g + 1 + 128
			fh_iq1_codes[i] = 0;
			for (int j = 0; j < 64; j += 8)
				fh_iq1_codes[i] |= (uint64_t)(8 * (int8_t)(uint8_t)(points[i] >> j) + 129) << j;
		}
		return;
	case FH_IQ2_XXS: to = fh_iq2_xxs_codes; break;
	case FH_IQ2_XS: to = fh_iq2_xs_codes; break;
	case FH_IQ2_S: to = fh_iq2_s_codes; break;
	case FH_IQ3_XXS: to4 = fh_iq3_xxs_codes; break;
	case FH_IQ3_S: to4 = fh_iq3_s_codes; break;
	}
	for (int i = 0; to && i < n; i++)
		to[i] = points[i];
	for (int i = 0; to4 && i < n; i++)
		to4[i] = (uint32_t)points[i];
}
