// The KV cache: keys and values in blocks of FH_BLOCK tokens.
//
// A block holds all layers, a layer its KV heads, and a head its keys,
// transposed, and then its values:
//
//	keys   [head_dim][FH_BLOCK]
//	values [FH_BLOCK][padded value_dim]
//
// so that scores of 32 positions and sums of values are both computed along
// registers, without sums across a register, and a head's block is one stream
// of memory. Values are padded with zeros to whole registers.
//
// They are float32, float16, or, as q8_0, int8 with a float16 scale for every
// FH_GROUP values of a head's token (the last group may be shorter). The scales
// follow the keys and the values they belong to, [groups][FH_BLOCK]: along
// registers with the scores and the weights that they are folded into.
//
// As q4_0 they are four bits, stored as their value + 8, two to a byte: keys of
// dimensions 2i and 2i+1, values i and i + half of the padded width, so that no
// two tokens share a byte.
#ifndef FREEHOLD_KV_H
#define FREEHOLD_KV_H

#include <stddef.h>
#include <stdint.h>

#define FH_BLOCK 32
#define FH_GROUP 32

enum { FH_KV_F16, FH_KV_Q8_0, FH_KV_Q4_0, FH_KV_F32 };

struct fh_kv_layer {
	int heads, head_dim, value_dim;
	size_t offset; // of the layer in a block, in bytes
};

struct fh_kv {
	uint8_t *data;
	size_t block_bytes;
	int type, blocks, layers;
	int committed; // blocks the system has been asked to back
	struct fh_kv_layer *layer;
};

static inline int fh_padded_head(int head_dim)
{
	return (head_dim + 15) / 16 * 16;
}

static inline int fh_kv_groups(int head_dim)
{
	return (head_dim + FH_GROUP - 1) / FH_GROUP;
}

// Bytes of the keys, or with the padded width the values, of one head in a
// block, without and with their scales.
static inline size_t fh_kv_quants(int type, int width)
{
	const size_t n = (size_t)width;
	switch (type) {
	case FH_KV_F32: return FH_BLOCK * n * 4;
	case FH_KV_F16: return FH_BLOCK * n * 2;
	case FH_KV_Q4_0: return FH_BLOCK * ((n + 1) / 2);
	}
	return FH_BLOCK * n;
}

static inline size_t fh_kv_scales(int type, int dim)
{
	return type == FH_KV_Q8_0 || type == FH_KV_Q4_0 ? (size_t)fh_kv_groups(dim) * FH_BLOCK * 2 : 0;
}

static inline size_t fh_kv_key_bytes(int type, int head_dim)
{
	return fh_kv_quants(type, head_dim) + fh_kv_scales(type, head_dim);
}

static inline size_t fh_kv_value_bytes(int type, int value_dim)
{
	return fh_kv_quants(type, fh_padded_head(value_dim)) + fh_kv_scales(type, value_dim);
}

// fh_kv_head_bytes returns the bytes one KV head takes in a block.
static inline size_t fh_kv_head_bytes(int type, int head_dim, int value_dim)
{
	return fh_kv_key_bytes(type, head_dim) + fh_kv_value_bytes(type, value_dim);
}

// fh_kv_init reserves a cache; -1 when the system refuses.
int fh_kv_init(struct fh_kv *kv, int type, const int32_t *heads, const int32_t *head_dims,
	       const int32_t *value_dims, int layers, int blocks);
void fh_kv_free(struct fh_kv *kv);

// fh_kv_commit makes blocks below the given number usable; -1 when memory is
// out.
int fh_kv_commit(struct fh_kv *kv, int blocks);

// fh_kv_bytes is the memory of the cache when all its blocks are in use.
size_t fh_kv_bytes(const struct fh_kv *kv);

// fh_kv_copy copies all layers of a block; -1 when memory is out.
int fh_kv_copy(struct fh_kv *kv, int dst, int src);

static inline uint8_t *fh_kv_block(const struct fh_kv *kv, int layer, int block)
{
	return kv->data + (size_t)block * kv->block_bytes + kv->layer[layer].offset;
}

#endif
