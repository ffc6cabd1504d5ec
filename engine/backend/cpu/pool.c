#include "pool.h"

#include <stdlib.h>

#include "os.h"

#define SPIN_NS 2000000 // awake this long without work
#define EAGER_NS 20000	// spinning this long before giving way to other programs
#define MAX_THREADS 512
#define MAX_CHUNKS 32768

// The phase number, its number of chunks and the next unclaimed one share a
// word, so that one fetch_add claims a chunk and tells which phase it is of.
// A claim below the count keeps that phase from ending, and so keeps task and
// arg in place. Claims past the count, one a thread at most, fit the field.
#define WORK(phase, chunks) ((uint64_t)(phase) << 32 | (uint64_t)(chunks) << 16)
#define PHASE(work) ((uint32_t)((work) >> 32))
#define CHUNKS(work) ((int)((work) >> 16 & 0xffff))
#define NEXT(work) ((int)((work) & 0xffff))

struct fh_pool {
	_Alignas(64) _Atomic uint64_t work;
	_Atomic uint32_t phase; // what waiting threads watch
	fh_task task;
	void *arg;
	int total, span; // of chunks, and how many of them one claim takes
	_Alignas(64) _Atomic int done;
	_Alignas(64) _Atomic int sleepers;
	_Atomic int stop;
	_Atomic int numbered;
	int threads;
	fh_thread *thread[MAX_THREADS];
};

// claim runs chunks until none is left and returns the exhausted phase.
static uint32_t claim(fh_pool *p, int thread)
{
	int finished = 0;
	for (;;) {
		const uint64_t w = atomic_fetch_add_explicit(&p->work, 1, memory_order_acq_rel);
		if (NEXT(w) >= CHUNKS(w)) {
			if (finished)
				atomic_fetch_add_explicit(&p->done, finished, memory_order_release);
			return PHASE(w);
		}
		const int first = NEXT(w) * p->span;
		const int last = first + p->span < p->total ? first + p->span : p->total;
		for (int i = first; i < last; i++)
			p->task(p->arg, i, thread);
		finished++;
	}
}

static void await_phase(fh_pool *p, uint32_t seen)
{
	uint64_t start = 0;
	for (unsigned spins = 1;; spins++) {
		// A thread may have worked on a phase whose announcement is not yet
		// complete, so phase may lag behind seen.
		const uint32_t phase = atomic_load_explicit(&p->phase, memory_order_acquire);
		if ((int32_t)(phase - seen) > 0)
			return;
		fh_pause();
		if (spins % 64)
			continue;
		const uint64_t now = fh_now_ns();
		if (!start) {
			start = now;
		} else if (now - start > SPIN_NS) {
			// The announcer stores the phase before it looks for sleepers,
			// so one of the two sees the other.
			atomic_fetch_add(&p->sleepers, 1);
			if (atomic_load(&p->phase) == seen)
				fh_park(&p->phase, seen);
			atomic_fetch_sub(&p->sleepers, 1);
			start = 0;
		} else if (now - start > EAGER_NS) {
			fh_yield();
		}
	}
}

static void worker(void *arg)
{
	fh_pool *p = arg;
	const int thread = 1 + atomic_fetch_add(&p->numbered, 1);
	uint32_t seen = 0;
	for (;;) {
		await_phase(p, seen);
		if (atomic_load(&p->stop))
			return;
		seen = claim(p, thread);
	}
}

static void announce(fh_pool *p, int chunks)
{
	const uint32_t phase = atomic_load_explicit(&p->phase, memory_order_relaxed) + 1;
	atomic_store_explicit(&p->work, WORK(phase, chunks), memory_order_release);
	atomic_store(&p->phase, phase);
	if (atomic_load(&p->sleepers))
		fh_unpark(&p->phase);
}

fh_pool *fh_pool_new(int threads)
{
	if (threads < 1)
		threads = 1;
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	fh_pool *p = fh_map(sizeof *p);
	if (!p)
		return NULL;
	for (p->threads = 1; p->threads < threads; p->threads++) {
		fh_thread *t = fh_thread_start(worker, p);
		if (!t) {
			fh_pool_free(p);
			return NULL;
		}
		p->thread[p->threads] = t;
	}
	return p;
}

void fh_pool_free(fh_pool *p)
{
	if (!p)
		return;
	atomic_store(&p->stop, 1);
	announce(p, 0);
	for (int i = 1; i < p->threads; i++)
		fh_thread_join(p->thread[i]);
	fh_unmap(p, sizeof *p);
}

int fh_pool_threads(const fh_pool *p)
{
	return p->threads;
}

void fh_pool_wake(fh_pool *p)
{
	if (atomic_load(&p->sleepers))
		announce(p, 0);
}

void fh_pool_run(fh_pool *p, fh_task task, void *arg, int chunks)
{
	if (p->threads == 1 || chunks < 2) {
		for (int i = 0; i < chunks; i++)
			task(arg, i, 0);
		return;
	}
	p->task = task;
	p->arg = arg;
	p->total = chunks;
	p->span = (chunks + MAX_CHUNKS - 1) / MAX_CHUNKS;
	const int claims = (chunks + p->span - 1) / p->span;
	atomic_store_explicit(&p->done, 0, memory_order_relaxed);
	announce(p, claims);
	claim(p, 0);
	uint64_t start = 0;
	for (unsigned spins = 1; atomic_load_explicit(&p->done, memory_order_acquire) != claims; spins++) {
		fh_pause();
		if (spins % 64)
			continue;
		const uint64_t now = fh_now_ns();
		if (!start)
			start = now;
		else if (now - start > EAGER_NS)
			fh_yield();
	}
}
