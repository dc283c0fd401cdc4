/* jobs.h: the items of a batch, worked on by a number of threads. */
#ifndef CLEAVE_HOST_JOBS_H
#define CLEAVE_HOST_JOBS_H

#include <stdatomic.h>
#include <stdint.h>

#define JOBS_MAX 64

/* Does item `item` of the batch as job `job`. */
typedef void (*job_work)(void *context, int32_t job, int32_t item);

/* Has each of the items 0..item_count-1 done once, in their order of beginning, by job_count (1 to
 * JOBS_MAX) jobs at a time; the calling thread is job 0. A job whose thread cannot be had leaves
 * its items to the others. No item is begun once *cancelled is not 0. */
void jobs_run(int32_t job_count, int32_t item_count, const atomic_int *cancelled, job_work work,
              void *context);

#endif
