// Tokenizes with llama.cpp, for comparison. Built and run by the Go program
// beside it:
//
//	tokenize MODEL.gguf [KEY=VALUE]... < texts > results
//
// A value of true or false is a boolean, any other a string.
//
// A text is its size in four bytes, a byte of flags (1: add special tokens,
// 2: parse special tokens), and its bytes. The result of each is the number of
// its tokens and the tokens, four bytes each, all little endian. After the last
// come 0xFFFFFFFF, the processor time of tokenization in nanoseconds in eight
// bytes, the size of the vocabulary, and for each token the size of its piece,
// the piece, and a byte of flags (1: ends a generation, 2: control).

#include "llama.h"

#include <pthread.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

static int    argument_count;
static char **arguments;

static void quiet(ggml_log_level level, const char *text, void *) {
    if (level >= GGML_LOG_LEVEL_ERROR) fputs(text, stderr);
}

static uint64_t now() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return uint64_t(t.tv_sec) * 1000000000u + uint64_t(t.tv_nsec);
}

static FILE *results; // standard output, out of reach of what llama.cpp prints

template <typename T> static bool take(T &value) { return fread(&value, sizeof value, 1, stdin) == 1; }
template <typename T> static void give(const T &value) { fwrite(&value, sizeof value, 1, results); }

static void *run(void *) {
    llama_log_set(quiet, nullptr);
    llama_backend_init();
    std::vector<llama_model_kv_override> overrides;
    for (int i = 2; i < argument_count; i++) {
        llama_model_kv_override o = {};
        const char *equals = strchr(arguments[i], '=');
        if (!equals || equals - arguments[i] >= (long) sizeof o.key || strlen(equals + 1) >= sizeof o.val_str) exit(2);
        memcpy(o.key, arguments[i], equals - arguments[i]);
        if (!strcmp(equals, "=true") || !strcmp(equals, "=false")) {
            o.tag      = LLAMA_KV_OVERRIDE_TYPE_BOOL;
            o.val_bool = equals[1] == 't';
        } else {
            o.tag = LLAMA_KV_OVERRIDE_TYPE_STR;
            strcpy(o.val_str, equals + 1);
        }
        overrides.push_back(o);
    }
    overrides.push_back({});
    llama_model_params params = llama_model_default_params();
    params.vocab_only   = true;
    params.kv_overrides = overrides.data();
    llama_model *model = llama_model_load_from_file(arguments[1], params);
    if (!model) exit(3);
    const llama_vocab *vocab = llama_model_get_vocab(model);

    uint32_t size;
    uint8_t  flags;
    uint64_t spent = 0;
    std::string text;
    std::vector<llama_token> tokens;
    while (take(size) && take(flags)) {
        text.resize(size);
        if (fread(&text[0], 1, size, stdin) != size) exit(4);
        tokens.resize(size_t(size) * 24 + 16); // normalisation makes some texts longer
        uint64_t start = now();
        int n = llama_tokenize(vocab, text.data(), size, tokens.data(), tokens.size(), flags & 1, flags & 2);
        spent += now() - start;
        if (n < 0) exit(5);
        give(uint32_t(n));
        fwrite(tokens.data(), 4, n, results);
        fflush(results);
    }
    give(uint32_t(0xFFFFFFFF));
    give(spent);
    uint32_t count = llama_vocab_n_tokens(vocab);
    give(count);
    std::vector<char> piece(1 << 20);
    for (uint32_t i = 0; i < count; i++) {
        int n = llama_token_to_piece(vocab, i, piece.data(), piece.size(), 0, true);
        if (n < 0) exit(6);
        give(uint32_t(n));
        fwrite(piece.data(), 1, n, results);
        give(uint8_t((llama_vocab_is_eog(vocab, i) ? 1 : 0) | (llama_vocab_is_control(vocab, i) ? 2 : 0)));
    }
    fflush(results);
    _exit(0);
}

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    results = fdopen(dup(1), "wb");
    dup2(2, 1);
    argument_count = argc;
    arguments      = argv;
    // Some expressions recurse for every character.
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t(4) << 30);
    pthread_t thread;
    if (pthread_create(&thread, &attributes, run, nullptr)) return 7;
    pthread_join(thread, nullptr);
}
