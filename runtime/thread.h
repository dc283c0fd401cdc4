/* thread.h: threads that compute, as the pool and the live objects start them. */
#ifndef CLEAVE_RUNTIME_THREAD_H
#define CLEAVE_RUNTIME_THREAD_H

#include <pthread.h>

/* Starts a thread. Its stack has room for kernels, which keep their arrays in scratch, in an
 * instrumented build too. Signals are for the embedder's threads, but for those that a thread's own
 * instructions raise and for the profiler's, which must reach whoever is running. 1, or 0 if the
 * system refuses. */
int cleave_thread_start(pthread_t *thread, void *(*main)(void *), void *argument);

#endif
