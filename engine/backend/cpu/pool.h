// A pool of C threads that run the phases of a pass.
//
// A phase is a task cut into chunks, which the calling thread and the pool's
// threads claim one by one. The phase is over when every chunk has been run;
// a thread that the system has put aside and that holds no chunk is not waited
// for. Threads without work spin for about two milliseconds, so that the next
// phase finds them awake, and then sleep without using the CPU.
#ifndef FREEHOLD_POOL_H
#define FREEHOLD_POOL_H

typedef struct fh_pool fh_pool;

// A task runs chunk number chunk; thread is 0 for the caller of fh_pool_run
// and 1, 2, … for the pool's own threads.
typedef void (*fh_task)(void *arg, int chunk, int thread);

// fh_pool_new makes a pool of the given number of threads, the calling one
// included; NULL if the system refuses.
fh_pool *fh_pool_new(int threads);
void fh_pool_free(fh_pool *p);
int fh_pool_threads(const fh_pool *p);

// fh_pool_wake rouses sleeping threads ahead of the first phase.
void fh_pool_wake(fh_pool *p);

// fh_pool_run runs one phase. Only one thread at a time may call it.
void fh_pool_run(fh_pool *p, fh_task task, void *arg, int chunks);

#endif
