#ifndef _WIN32_WINNT
#define _WIN32_WINNT 0x0602 // WaitOnAddress came with Windows 8
#endif
#include "os.h"

#include <windows.h>
#include <process.h>
#include <stdlib.h>

struct fh_thread {
	HANDLE handle;
	void (*run)(void *);
	void *arg;
};

static unsigned __stdcall thread_main(void *v)
{
	fh_thread *t = v;
	t->run(t->arg);
	return 0;
}

fh_thread *fh_thread_start(void (*run)(void *), void *arg)
{
	fh_thread *t = calloc(1, sizeof *t);
	if (!t)
		return NULL;
	t->run = run;
	t->arg = arg;
	t->handle = (HANDLE)_beginthreadex(NULL, 0, thread_main, t, 0, NULL);
	if (!t->handle) {
		free(t);
		return NULL;
	}
	return t;
}

void fh_thread_join(fh_thread *t)
{
	if (!t)
		return;
	WaitForSingleObject(t->handle, INFINITE);
	CloseHandle(t->handle);
	free(t);
}

void fh_park(_Atomic uint32_t *word, uint32_t seen)
{
	WaitOnAddress((volatile void *)word, &seen, sizeof seen, INFINITE);
}

void fh_unpark(_Atomic uint32_t *word)
{
	WakeByAddressAll((void *)word);
}

uint64_t fh_now_ns(void)
{
	LARGE_INTEGER count, frequency;
	QueryPerformanceCounter(&count);
	QueryPerformanceFrequency(&frequency);
	const uint64_t c = (uint64_t)count.QuadPart, f = (uint64_t)frequency.QuadPart;
	return c / f * 1000000000u + c % f * 1000000000u / f;
}

void fh_yield(void)
{
	SwitchToThread();
}

void *fh_reserve(size_t bytes)
{
	return VirtualAlloc(NULL, bytes, MEM_RESERVE, PAGE_READWRITE);
}

void fh_huge(void *base, size_t bytes)
{
	(void)base; // large pages need a privilege there
	(void)bytes;
}

int fh_commit(void *base, size_t bytes)
{
	return bytes == 0 || VirtualAlloc(base, bytes, MEM_COMMIT, PAGE_READWRITE) ? 0 : -1;
}

void *fh_map(size_t bytes)
{
	return VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void fh_unmap(void *base, size_t bytes)
{
	(void)bytes;
	if (base)
		VirtualFree(base, 0, MEM_RELEASE);
}

int fh_physical_cores(void)
{
	DWORD size = 0;
	GetLogicalProcessorInformation(NULL, &size);
	SYSTEM_LOGICAL_PROCESSOR_INFORMATION *info = malloc(size ? size : 1);
	int cores = 0;
	if (info && size && GetLogicalProcessorInformation(info, &size))
		for (DWORD i = 0; i < size / sizeof *info; i++)
			cores += info[i].Relationship == RelationProcessorCore;
	free(info);
	return cores < 1 ? 1 : cores;
}
