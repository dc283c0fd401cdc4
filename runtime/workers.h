/* workers.h: a pool with a fixed number of threads that share out the items of a step.
 *
 * The calling thread works too. Each thread takes parts of its share of the items, smaller ones
 * towards the end, then of the others', so that a slower one takes fewer. Since an item's value
 * does not depend on the split, results are the same bits for any number of threads and on every
 * run. Threads spin for a short while, then sleep. One caller at a time. */
#ifndef CLEAVE_RUNTIME_WORKERS_H
#define CLEAVE_RUNTIME_WORKERS_H

#include "runtime/arena.h"
#include "runtime/cleave.h"

typedef struct cleave_workers cleave_workers;

/* task(context, worker, begin, end): worker is 0 .. threads-1, 0 the caller. */
typedef void (*cleave_worker_task)(void *context, int32_t worker, int64_t begin, int64_t end);

/* Lays the pool out in the arena; NULL when counting. */
cleave_workers *cleave_workers_init(cleave_arena *arena, int32_t threads);

/* Starts threads - 1 threads. CLEAVE_SYSTEM if one cannot be started (then none runs). Worker
 * threads and, during run, the caller flush denormals to zero. */
cleave_status cleave_workers_start(cleave_workers *workers);

/* Runs task over [0, items), each item once, and returns when all is done; a thread may be called
 * several times. `grain` >= 1: no part is smaller, but for that of fewer items. */
void cleave_workers_run(cleave_workers *workers, int64_t items, int64_t grain,
                        cleave_worker_task task, void *context);

/* Stops and joins the threads; safe on a pool that was not started, and on NULL. */
void cleave_workers_stop(cleave_workers *workers);

#endif
