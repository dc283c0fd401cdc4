/* jobs.c: the items of a batch, worked on by a number of threads. */
#include "host/jobs.h"

#include <pthread.h>

/* What the jobs share. */
typedef struct job_pool {
    int32_t item_count;
    const atomic_int *cancelled;
    job_work work;
    void *context;
    atomic_int next; /* item to take */
} job_pool;

/* One of them. */
typedef struct pool_job {
    job_pool *pool;
    int32_t index;
    pthread_t thread;
} pool_job;

static void *run_job(void *argument)
{
    const pool_job *job = argument;
    job_pool *pool = job->pool;
    while (!atomic_load(pool->cancelled)) {
        int32_t item = atomic_fetch_add(&pool->next, 1);
        if (item >= pool->item_count) {
            break;
        }
        pool->work(pool->context, job->index, item);
    }
    return NULL;
}

void jobs_run(int32_t job_count, int32_t item_count, const atomic_int *cancelled, job_work work,
              void *context)
{
    job_pool pool = {item_count, cancelled, work, context, 0};
    pool_job jobs[JOBS_MAX];
    int32_t started = 1;
    for (int32_t i = 0; i < job_count; i++) {
        jobs[i].pool = &pool;
        jobs[i].index = i;
    }
    while (started < job_count &&
           pthread_create(&jobs[started].thread, NULL, run_job, &jobs[started]) == 0) {
        started++;
    }
    run_job(&jobs[0]);
    for (int32_t i = 1; i < started; i++) {
        pthread_join(jobs[i].thread, NULL);
    }
}
