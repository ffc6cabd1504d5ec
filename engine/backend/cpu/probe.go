package cpu

/*
#include "pool.h"
#include "vector.h"

// Multiplies for a while: about four cycles each.
static void work(void *arg, int chunk, int thread)
{
	(void)thread;
	unsigned x = (unsigned)chunk;
	for (int i = 0; i < *(int *)arg; i++) {
		x = x * 3 + 1;
		__asm__ volatile("" : "+r"(x));
	}
}

static void phases(fh_pool *p, int n, int chunks, int steps)
{
	for (int i = 0; i < n; i++)
		fh_pool_run(p, work, &steps, chunks);
}

static void count(void *arg, int chunk, int thread)
{
	(void)thread;
	__atomic_fetch_add((int *)arg + chunk, 1, __ATOMIC_RELAXED);
}

static void counted(fh_pool *p, int *counts, int chunks)
{
	fh_pool_run(p, count, counts, chunks);
}

static void exponentials(float *x, int n)
{
	fh_vector_kernels_now()->exp(x, x, n);
}
*/
import "C"

// What follows lets tests and benchmarks, which cannot call C themselves, look
// at parts of the plan runner by themselves.

// phases runs n phases of chunks that do so many steps of arithmetic each.
func (b *backend) phases(n, chunks, steps int) {
	C.phases(b.pool, C.int(n), C.int(chunks), C.int(steps))
}

// counted runs one phase that adds 1 to counts[chunk] in each chunk.
func (b *backend) counted(counts []int32) {
	C.counted(b.pool, (*C.int)(&counts[0]), C.int(len(counts)))
}

// exponentials replaces each x by e^x.
func exponentials(x []float32) { C.exponentials((*C.float)(&x[0]), C.int(len(x))) }
