// Calls functions of llama.cpp's libggml-base and libggml-cpu, which are the
// first two arguments:
//
//	values CONVERT N         blocks from stdin to N floats on stdout
//	dot PRODUCT ROUND N      a row of N weights and N floats from stdin to their
//	                         product; ROUND turns the floats into what PRODUCT
//	                         wants, "-" leaves them
//
// A function that the libraries lack ends it with status 3.
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void convert_fn(const void *from, void *to, int64_t n);
typedef void dot_fn(int n, float *s, size_t bs, const void *x, size_t bx, const void *y, size_t by, int columns);

static void *libraries[2];

static void *find(const char *name)
{
	void *f = dlsym(libraries[0], name);
	return f ? f : dlsym(libraries[1], name);
}

static void *need(const char *name)
{
	void *f = find(name);
	if (!f)
		exit(3);
	return f;
}

static char *read_all(size_t *n)
{
	char *data = NULL;
	*n = 0;
	for (size_t room = 0;;) {
		if (*n == room && !(data = realloc(data, room += 1 << 20)))
			abort();
		const size_t got = fread(data + *n, 1, room - *n, stdin);
		if (!got)
			return data;
		*n += got;
	}
}

int main(int argc, char **argv)
{
	if (argc < 6)
		return 2;
	for (int i = 0; i < 2; i++)
		if (!(libraries[i] = dlopen(argv[1 + i], RTLD_NOW | RTLD_GLOBAL))) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
	void (*init)(void) = (void (*)(void))find("ggml_cpu_init");
	if (init)
		init();
	size_t bytes;
	char *data = read_all(&bytes);
	const int n = atoi(argv[argc - 1]);
	if (!strcmp(argv[3], "values")) {
		convert_fn *convert = (convert_fn *)need(argv[4]);
		float *values = malloc((size_t)n * 4);
		if (!values)
			abort();
		convert(data, values, n);
		return fwrite(values, 4, (size_t)n, stdout) != (size_t)n;
	}
	if (strcmp(argv[3], "dot") || argc != 7 || bytes < (size_t)n * 4)
		return 2;
	dot_fn *dot = (dot_fn *)need(argv[4]);
	void *x = aligned_alloc(64, (size_t)n * 8);
	if (!x)
		abort();
	memcpy(x, data + bytes - (size_t)n * 4, (size_t)n * 4);
	if (strcmp(argv[5], "-")) {
		void *rounded = aligned_alloc(64, (size_t)n * 8);
		if (!rounded)
			abort();
		((convert_fn *)need(argv[5]))(x, rounded, n);
		x = rounded;
	}
	float s = 0;
	dot(n, &s, 0, data, 0, x, 0, 1);
	return fwrite(&s, 4, 1, stdout) != 1;
}
