// Runs tokens through a GGUF file with llama.cpp and writes what comes out, as
// little-endian float32 rows, to standard output.
//
//   logits MODEL MODE THREADS CACHE CHUNK CONTEXT < tokens (int32)
//
// MODE is logits, or embeddings with one of the poolings none, mean, cls, last
// and rank. CACHE is the type of keys and values, f32 or f16. CHUNK is the
// number of tokens in each batch.
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ggml-backend.h"
#include "llama.h"

enum { MAX_TOKENS = 4096 };

static void fail(const char *what) {
    fprintf(stderr, "logits: %s\n", what);
    exit(1);
}

// Only what goes wrong is worth reading.
static void warn(enum ggml_log_level level, const char *text, void *unused) {
    (void)unused;
    static bool loud = false;
    if (level != GGML_LOG_LEVEL_CONT) {
        loud = level >= GGML_LOG_LEVEL_ERROR;
    }
    if (loud) {
        fputs(text, stderr);
    }
}

static void put(const float *row, int32_t n) {
    if (row == NULL) {
        fail("there is no output where some was asked for");
    }
    if (fwrite(row, sizeof *row, (size_t)n, stdout) != (size_t)n) {
        fail("cannot write");
    }
}

static enum llama_pooling_type pooling(const char *name) {
    static const char *names[] = {"none", "mean", "cls", "last", "rank"};
    for (int i = 0; i < 5; i++) {
        if (strcmp(name, names[i]) == 0) {
            return (enum llama_pooling_type)i;
        }
    }
    fail("unknown mode");
    return LLAMA_POOLING_TYPE_NONE;
}

int main(int argc, char **argv) {
    if (argc != 7) {
        fail("usage: logits MODEL MODE THREADS CACHE CHUNK CONTEXT < tokens");
    }
    const bool logits = strcmp(argv[2], "logits") == 0;
    const int threads = atoi(argv[3]), chunk = atoi(argv[5]);
    static int32_t tokens[MAX_TOKENS];
    const int n = (int)fread(tokens, sizeof *tokens, MAX_TOKENS, stdin);
    if (n == 0 || chunk < 1 || threads < 1) {
        fail("no tokens, threads or batch size");
    }
    llama_log_set(warn, NULL);

    // No devices and no repacking: float32 weights are multiplied as they are.
    ggml_backend_dev_t devices[] = {NULL};
    struct llama_model_params mp = llama_model_default_params();
    mp.devices = devices;
    mp.n_gpu_layers = 0;
    mp.use_extra_bufts = false;
    struct llama_model *model = llama_model_load_from_file(argv[1], mp);
    if (model == NULL) {
        fail("cannot load the model");
    }
    struct llama_context_params cp = llama_context_default_params();
    cp.n_ctx = (uint32_t)atoi(argv[6]);
    cp.n_batch = cp.n_ubatch = (uint32_t)n;
    cp.n_seq_max = 1;
    cp.n_threads = cp.n_threads_batch = threads;
    cp.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    cp.type_k = cp.type_v = strcmp(argv[4], "f16") == 0 ? GGML_TYPE_F16 : GGML_TYPE_F32;
    cp.op_offload = false;
    cp.offload_kqv = false;
    if (!logits) {
        cp.embeddings = true;
        cp.pooling_type = pooling(argv[2]);
    }
    struct llama_context *ctx = llama_init_from_model(model, cp);
    if (ctx == NULL) {
        fail("cannot create a context");
    }

    struct llama_batch batch = llama_batch_init(n, 0, 1);
    const int32_t vocab = llama_vocab_n_tokens(llama_model_get_vocab(model));
    for (int from = 0; from < n; from += chunk) {
        batch.n_tokens = n - from < chunk ? n - from : chunk;
        for (int i = 0; i < batch.n_tokens; i++) {
            batch.token[i] = tokens[from + i];
            batch.pos[i] = from + i;
            batch.n_seq_id[i] = 1;
            batch.seq_id[i][0] = 0;
            batch.logits[i] = true;
        }
        if (llama_decode(ctx, batch) != 0) {
            fail("decoding failed");
        }
        for (int i = 0; i < batch.n_tokens && logits; i++) {
            put(llama_get_logits_ith(ctx, i), vocab);
        }
    }
    if (!logits && cp.pooling_type == LLAMA_POOLING_TYPE_NONE) {
        for (int i = 0; i < n; i++) {
            put(llama_get_embeddings_ith(ctx, i), llama_model_n_embd_out(model));
        }
    } else if (!logits) {
        const bool rank = cp.pooling_type == LLAMA_POOLING_TYPE_RANK;
        put(llama_get_embeddings_seq(ctx, 0), rank ? (int32_t)llama_model_n_cls_out(model) : llama_model_n_embd_out(model));
    }
    llama_batch_free(batch);
    llama_free(ctx);
    llama_model_free(model);
    return fflush(stdout) == 0 ? 0 : 1;
}
