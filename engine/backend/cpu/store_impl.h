// Writing of the KV cache, part of vector_impl.h: one token's heads, rounded to
// the cache's type (kv.h).

FH_IN void store_floats(const float *k, const float *v, uint8_t *head, int dim, int value_dim, int slot)
{
	float *keys = (float *)head, *values = keys + dim * FH_BLOCK + slot * fh_padded_head(value_dim);
	for (int i = 0; i < dim; i++)
		keys[i * FH_BLOCK + slot] = k[i];
	for (int i = 0; i < value_dim; i++)
		values[i] = v[i];
}

FH_IN void store_halves(const float *k, const float *v, uint8_t *head, int dim, int value_dim, int slot)
{
	uint16_t half[FH_W], *keys = (uint16_t *)head;
	uint16_t *values = keys + dim * FH_BLOCK + slot * fh_padded_head(value_dim);
	int i = 0;
	for (; i < dim; i += FH_W) {
		const int n = dim - i < FH_W ? dim - i : FH_W;
		store_half(half, n == FH_W ? load(k + i) : load_part(k + i, n));
		for (int j = 0; j < n; j++)
			keys[(i + j) * FH_BLOCK + slot] = half[j];
	}
	for (i = 0; i + FH_W <= value_dim; i += FH_W)
		store_half(values + i, load(v + i));
	if (i < value_dim)
		store_half(values + i, load_part(v + i, value_dim - i));
}

// Of the values the one of largest magnitude, the first of such.
FH_IN float extreme(const float *v, vf top, vf bottom)
{
	const float most = max_lanes(top), least = -max_lanes(-bottom);
	if (most != -least)
		return most > -least ? most : least;
	for (int i = 0; i < FH_GROUP; i++)
		if (v[i] == most || v[i] == least)
			return v[i];
	return 0;
}

// Quantizes up to FH_GROUP values: q8_0 to −127 … 127 times a scale that is a
// 127th of the largest magnitude, q4_0 to −8 … 7 times one that is −⅛ of the
// value of that magnitude. The scale is rounded to float16 before the values are
// divided by it.
FH_IN void quantize_group(const int type, const float *x, int n, int8_t *q, uint16_t *scale)
{
	float v[FH_GROUP] = {0};
	int32_t lane[FH_W];
	vf top = {0}, bottom = {0};
	for (int i = 0; i < n; i++)
		v[i] = x[i];
	for (int i = 0; i < FH_GROUP; i += FH_W) {
		top = vmax(top, load(v + i));
		bottom = -vmax(-bottom, -load(v + i));
	}
	uint16_t half[FH_W];
	const float low = type == FH_KV_Q4_0 ? -8.f : -127.f, high = type == FH_KV_Q4_0 ? 7.f : 127.f;
	float d = type == FH_KV_Q4_0 ? extreme(v, top, bottom) / -8.f : max_lanes(vmax(top, -bottom)) / 127.f;
	d = d < 65504.f ? d : 65504.f;
	d = d > -65504.f ? d : -65504.f;
	store_half(half, splat(d));
	*scale = half[0];
	const vf by = load_half(half), magic = splat(12582912.f); // 1.5·2^23, as in vexp
	for (int i = 0; i < FH_GROUP; i += FH_W) {
		vf r = vmax(load(v + i) / by, splat(low));
		r = -vmax(-r, splat(-high));
		const vi rounded = (vi)(r + magic) - (vi)magic;
		store((float *)lane, (vf)rounded);
		for (int j = 0; j < FH_W; j++)
			q[i + j] = half[0] & 0x7fff ? (int8_t)lane[j] : 0;
	}
}

FH_IN void store_bytes(const float *k, const float *v, uint8_t *head, int dim, int value_dim, int slot)
{
	const int padded = fh_padded_head(value_dim);
	int8_t q[FH_GROUP], *keys = (int8_t *)head;
	uint16_t *scales = (uint16_t *)(head + fh_kv_quants(FH_KV_Q8_0, dim)) + slot;
	for (int i = 0; i < dim; i += FH_GROUP, scales += FH_BLOCK) {
		const int n = dim - i < FH_GROUP ? dim - i : FH_GROUP;
		quantize_group(FH_KV_Q8_0, k + i, n, q, scales);
		for (int j = 0; j < n; j++)
			keys[(i + j) * FH_BLOCK + slot] = q[j];
	}
	head += fh_kv_key_bytes(FH_KV_Q8_0, dim);
	int8_t *values = (int8_t *)head + slot * padded;
	scales = (uint16_t *)(head + fh_kv_quants(FH_KV_Q8_0, padded)) + slot;
	for (int i = 0; i < value_dim; i += FH_GROUP, scales += FH_BLOCK) {
		const int n = value_dim - i < FH_GROUP ? value_dim - i : FH_GROUP;
		quantize_group(FH_KV_Q8_0, v + i, n, q, scales);
		for (int j = 0; j < n; j++)
			values[i + j] = q[j];
	}
}

FH_IN void store_nibbles(const float *k, const float *v, uint8_t *head, int dim, int value_dim, int slot)
{
	const int padded = fh_padded_head(value_dim), middle = padded / 2;
	int8_t q[FH_GROUP];
	uint8_t *keys = head;
	uint16_t *scales = (uint16_t *)(head + fh_kv_quants(FH_KV_Q4_0, dim)) + slot;
	for (int i = 0; i < dim; i += FH_GROUP, scales += FH_BLOCK) {
		const int n = dim - i < FH_GROUP ? dim - i : FH_GROUP;
		quantize_group(FH_KV_Q4_0, k + i, n, q, scales);
		for (int j = 0; j < n; j += 2)
			keys[(i + j) / 2 * FH_BLOCK + slot] =
				(uint8_t)((q[j] + 8) | (j + 1 < n ? q[j + 1] + 8 : 8) << 4);
	}
	head += fh_kv_key_bytes(FH_KV_Q4_0, dim);
	uint8_t *values = head + slot * middle;
	scales = (uint16_t *)(head + fh_kv_quants(FH_KV_Q4_0, padded)) + slot;
	for (int i = 0; i < middle; i++)
		values[i] = 0x88;
	for (int i = 0; i < value_dim; i += FH_GROUP, scales += FH_BLOCK) {
		const int n = value_dim - i < FH_GROUP ? value_dim - i : FH_GROUP;
		quantize_group(FH_KV_Q4_0, v + i, n, q, scales);
		for (int j = i; j < i + n; j++) {
			uint8_t *to = values + (j < middle ? j : j - middle);
			const int shift = j < middle ? 0 : 4;
			*to = (uint8_t)((*to & ~(15 << shift)) | (q[j - i] + 8) << shift);
		}
	}
}

FH_FN void store_token(const float *k, const float *v, uint8_t *block, int kv_type,
		       const struct fh_kv_layer *layer, int slot)
{
	const int dim = layer->head_dim, value_dim = layer->value_dim;
	const size_t step = fh_kv_head_bytes(kv_type, dim, value_dim);
	for (int h = 0; h < layer->heads; h++, k += dim, v += value_dim, block += step) {
		switch (kv_type) {
		case FH_KV_F16: store_halves(k, v, block, dim, value_dim, slot); break;
		case FH_KV_Q8_0: store_bytes(k, v, block, dim, value_dim, slot); break;
		case FH_KV_Q4_0: store_nibbles(k, v, block, dim, value_dim, slot); break;
		case FH_KV_F32: store_floats(k, v, block, dim, value_dim, slot); break;
		}
	}
}
