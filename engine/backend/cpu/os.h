// What the runner needs from the operating system: threads, sleeping on a
// word of memory, time, and memory that costs nothing until it is touched.
#ifndef FREEHOLD_OS_H
#define FREEHOLD_OS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct fh_thread fh_thread;

// fh_thread_start runs run(arg) on a new thread that takes no signals; NULL if
// the system refuses.
fh_thread *fh_thread_start(void (*run)(void *), void *arg);
void fh_thread_join(fh_thread *t);

// fh_park sleeps while *word is seen; it may return early. fh_unpark wakes all
// who sleep on word, which the caller has changed before.
void fh_park(_Atomic uint32_t *word, uint32_t seen);
void fh_unpark(_Atomic uint32_t *word);

uint64_t fh_now_ns(void); // monotonic
void fh_yield(void);

// fh_reserve takes zeroed, page-aligned address space; fh_commit makes its
// first bytes usable, as does nothing where the system backs pages on first
// touch. fh_map does both. NULL or -1 when the system refuses.
void *fh_reserve(size_t bytes);
int fh_commit(void *base, size_t bytes);
void *fh_map(size_t bytes);
// fh_huge asks for large pages where memory is touched in many places.
void fh_huge(void *base, size_t bytes);
void fh_unmap(void *base, size_t bytes);

// fh_physical_cores counts the cores this process may run on, hyper-threads of
// one core as one; at least 1.
int fh_physical_cores(void);

static inline void fh_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

#endif
