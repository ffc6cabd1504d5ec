//go:build !windows

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "os.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#elif defined(__APPLE__)
#include <sys/sysctl.h>
#endif

struct fh_thread {
	pthread_t id;
	void (*run)(void *);
	void *arg;
};

static void *thread_main(void *v)
{
	fh_thread *t = v;
	t->run(t->arg);
	return NULL;
}

fh_thread *fh_thread_start(void (*run)(void *), void *arg)
{
	fh_thread *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->run = run;
	t->arg = arg;
	// Signals belong to the Go runtime's own threads; a new thread inherits
	// the mask of the one that makes it.
	sigset_t all, old;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	const int failed = pthread_create(&t->id, NULL, thread_main, t);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (failed) {
		free(t);
		return NULL;
	}
	return t;
}

void fh_thread_join(fh_thread *t)
{
	if (!t)
		return;
	pthread_join(t->id, NULL);
	free(t);
}

#if defined(__linux__)

void fh_park(_Atomic uint32_t *word, uint32_t seen)
{
	syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
}

void fh_unpark(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, 1 << 30, NULL, NULL, 0);
}

#else

// One condition serves every word: wake-ups are rare, and early ones allowed.
static pthread_mutex_t lot = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;

void fh_park(_Atomic uint32_t *word, uint32_t seen)
{
	pthread_mutex_lock(&lot);
	if (atomic_load(word) == seen)
		pthread_cond_wait(&changed, &lot);
	pthread_mutex_unlock(&lot);
}

void fh_unpark(_Atomic uint32_t *word)
{
	(void)word;
	pthread_mutex_lock(&lot);
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lot);
}

#endif

uint64_t fh_now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

void fh_yield(void)
{
	sched_yield();
}

#ifndef MAP_NORESERVE
#define MAP_NORESERVE 0
#endif

void *fh_reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return p == MAP_FAILED ? NULL : p;
}

void fh_huge(void *base, size_t bytes)
{
#ifdef MADV_HUGEPAGE
	madvise(base, bytes, MADV_HUGEPAGE); // a wish; without it reading is slower
#else
	(void)base;
	(void)bytes;
#endif
}

int fh_commit(void *base, size_t bytes)
{
	(void)base;
	(void)bytes;
	return 0;
}

void *fh_map(size_t bytes)
{
	return fh_reserve(bytes);
}

void fh_unmap(void *base, size_t bytes)
{
	if (base)
		munmap(base, bytes);
}

#if defined(__linux__)

// A core's hyper-threads all carry the same list of siblings, so a core is
// counted where the list begins with the CPU itself, or with one that this
// process may not use.
static int first_sibling(int cpu, const cpu_set_t *allowed)
{
	char path[96], list[256];
	snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list", cpu);
	FILE *f = fopen(path, "re");
	if (!f)
		return cpu;
	const size_t n = fread(list, 1, sizeof list - 1, f);
	fclose(f);
	list[n] = 0;
	for (char *p = list; *p >= '0' && *p <= '9';) {
		long a = strtol(p, &p, 10), b = a;
		if (*p == '-')
			b = strtol(p + 1, &p, 10);
		for (; a <= b && a < CPU_SETSIZE; a++)
			if (CPU_ISSET(a, allowed))
				return (int)a;
		if (*p == ',')
			p++;
	}
	return cpu;
}

int fh_physical_cores(void)
{
	cpu_set_t allowed;
	int cores = 0;
	if (sched_getaffinity(0, sizeof allowed, &allowed) == 0)
		for (int cpu = 0; cpu < CPU_SETSIZE; cpu++)
			if (CPU_ISSET(cpu, &allowed) && first_sibling(cpu, &allowed) == cpu)
				cores++;
	if (cores < 1)
		cores = (int)sysconf(_SC_NPROCESSORS_ONLN);
	return cores < 1 ? 1 : cores;
}

#elif defined(__APPLE__)

int fh_physical_cores(void)
{
	// Efficiency cores would hold up the others at every barrier.
	static const char *const names[] = {"hw.perflevel0.physicalcpu", "hw.physicalcpu"};
	for (int i = 0; i < 2; i++) {
		int n = 0;
		size_t size = sizeof n;
		if (sysctlbyname(names[i], &n, &size, NULL, 0) == 0 && n > 0)
			return n;
	}
	return 1;
}

#else

int fh_physical_cores(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (int)n;
}

#endif
