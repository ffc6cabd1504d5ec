#include "kv.h"

#include <stdlib.h>
#include <string.h>

#include "os.h"

int fh_kv_init(struct fh_kv *kv, int type, const int32_t *heads, const int32_t *head_dims,
	       const int32_t *value_dims, int layers, int blocks)
{
	kv->layer = calloc((size_t)layers + 1, sizeof *kv->layer);
	if (!kv->layer)
		return -1;
	kv->type = type;
	kv->layers = layers;
	kv->blocks = blocks;
	for (int i = 0; i < layers; i++) {
		kv->layer[i] = (struct fh_kv_layer){heads[i], head_dims[i], value_dims[i], kv->block_bytes};
		kv->block_bytes += (size_t)heads[i] * fh_kv_head_bytes(type, head_dims[i], value_dims[i]);
	}
	const size_t bytes = fh_kv_bytes(kv);
	if (bytes == 0)
		return 0;
	kv->data = fh_reserve(bytes);
	if (!kv->data)
		return -1;
	// Attention jumps from block to block, a few kilobytes each.
	fh_huge(kv->data, bytes);
	return 0;
}

void fh_kv_free(struct fh_kv *kv)
{
	fh_unmap(kv->data, fh_kv_bytes(kv));
	free(kv->layer);
	*kv = (struct fh_kv){0};
}

size_t fh_kv_bytes(const struct fh_kv *kv)
{
	return (size_t)kv->blocks * kv->block_bytes;
}

int fh_kv_commit(struct fh_kv *kv, int blocks)
{
	if (blocks <= kv->committed)
		return 0;
	if (fh_commit(kv->data, (size_t)blocks * kv->block_bytes) != 0)
		return -1;
	kv->committed = blocks;
	return 0;
}

int fh_kv_copy(struct fh_kv *kv, int dst, int src)
{
	if (dst == src || kv->block_bytes == 0)
		return 0;
	if (fh_kv_commit(kv, (dst > src ? dst : src) + 1) != 0)
		return -1;
	memcpy(kv->data + (size_t)dst * kv->block_bytes, kv->data + (size_t)src * kv->block_bytes, kv->block_bytes);
	return 0;
}
