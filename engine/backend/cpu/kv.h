// The KV cache: float16 keys and values in blocks of FH_BLOCK tokens.
//
// A block holds all layers, a layer its KV heads, and a head its keys,
// transposed, and then its values:
//
//	keys   [head_dim][FH_BLOCK]
//	values [FH_BLOCK][padded head_dim]
//
// so that scores of 32 positions and sums of values are both computed along
// registers, without sums across a register, and a head's block is one stream
// of memory. Values are padded with zeros to whole registers.
#ifndef FREEHOLD_KV_H
#define FREEHOLD_KV_H

#include <stddef.h>
#include <stdint.h>

#define FH_BLOCK 32

struct fh_kv_layer {
	int heads, head_dim;
	size_t offset; // of the layer in a block, in halves
};

struct fh_kv {
	uint16_t *data;
	size_t block_halves; // halves in a block
	int blocks, layers;
	int committed; // blocks the system has been asked to back
	struct fh_kv_layer *layer;
};

static inline int fh_padded_head(int head_dim)
{
	return (head_dim + 15) / 16 * 16;
}

// fh_kv_head_halves returns the halves one KV head takes in a block.
static inline size_t fh_kv_head_halves(int head_dim)
{
	return (size_t)FH_BLOCK * (size_t)(head_dim + fh_padded_head(head_dim));
}

// fh_kv_init reserves a cache; -1 when the system refuses.
int fh_kv_init(struct fh_kv *kv, const int32_t *heads, const int32_t *head_dims, int layers, int blocks);
void fh_kv_free(struct fh_kv *kv);

// fh_kv_commit makes blocks below the given number usable; -1 when memory is
// out.
int fh_kv_commit(struct fh_kv *kv, int blocks);

// fh_kv_bytes is the memory of the cache when all its blocks are in use.
size_t fh_kv_bytes(const struct fh_kv *kv);

// fh_kv_copy copies all layers of a block; -1 when memory is out.
int fh_kv_copy(struct fh_kv *kv, int dst, int src);

static inline uint16_t *fh_kv_block(const struct fh_kv *kv, int layer, int block)
{
	return kv->data + (size_t)block * kv->block_halves + kv->layer[layer].offset;
}

#endif
