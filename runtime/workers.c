/* workers.c: the worker pool.
 *
 * Every thread has a slot of its own for its task. The caller writes a slot only while that thread
 * waits, so a step that is too small for all threads leaves the others alone. A thread begins with
 * an equal share, the same one in every step with as many items, so that it mostly finds in its
 * cache what it wrote in the step before. Then it helps the others with theirs: threads are not
 * equally fast, be it that a core is slower or that others use it, and all would wait for the
 * slowest. Waiting is on an event: a count that moves on, watched for a short while and then slept
 * on. */
#include "runtime/workers.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/cpu.h"
#include "runtime/thread.h"

/* Pauses before a thread sleeps: some 40 us at the 140 cycles a pause takes on recent x86. Steps of
 * a plan follow each other faster than that; calls of the engine do not. */
#define SPINS_MAX 1000

typedef struct event {
    _Alignas(CLEAVE_ALIGN_BYTES) _Atomic uint32_t count;
    _Atomic uint32_t asleep; /* the waiter sleeps or is about to */
    pthread_mutex_t mutex;
    pthread_cond_t moved;
} event;

typedef struct worker {
    event posted; /* moves on when there is a task in this slot */
    _Alignas(CLEAVE_ALIGN_BYTES) _Atomic int64_t next; /* first item of its share that is left */
    int64_t end;                                       /* of its share */
    cleave_worker_task task;                           /* NULL: leave */
    void *context;
    cleave_workers *pool;
    pthread_t thread;
    int32_t index;
} worker;

struct cleave_workers {
    event finished;                             /* moves on when `pending` has come down to 0 */
    _Atomic int32_t pending;                    /* threads that have not found all items taken */
    _Alignas(CLEAVE_ALIGN_BYTES) int64_t least; /* items of a part, in this run */
    int32_t takers;                             /* threads that take part */
    int32_t threads;
    int32_t started; /* threads that run, without the caller */
    int32_t spins;
    worker *worker; /* [threads]; of 0, the caller's, only the share is used */
};

/* ---- events: one thread posts, one waits ---------------------------------------------------- */
static void event_init(event *e)
{
    atomic_init(&e->count, 0);
    atomic_init(&e->asleep, 0);
    pthread_mutex_init(&e->mutex, NULL);
    pthread_cond_init(&e->moved, NULL);
}

static void event_destroy(event *e)
{
    pthread_cond_destroy(&e->moved);
    pthread_mutex_destroy(&e->mutex);
}

/* The poster writes `count` and reads `asleep`, the waiter writes `asleep` and reads `count`: in
 * the single order of sequentially consistent operations at least one of them sees the other's
 * write, so no wake-up is lost. The mutex is taken only for a waiter that sleeps, and holds the
 * signal back until it does. */
static void event_post(event *e)
{
    atomic_fetch_add_explicit(&e->count, 1, memory_order_seq_cst);
    if (atomic_load_explicit(&e->asleep, memory_order_seq_cst)) {
        pthread_mutex_lock(&e->mutex);
        pthread_cond_signal(&e->moved);
        pthread_mutex_unlock(&e->mutex);
    }
}

/* Returns once the count is not `seen`; what the poster wrote before is then visible. */
static void event_wait(event *e, uint32_t seen, int32_t spins)
{
    for (int32_t i = 0; i < spins; i++) {
        if (atomic_load_explicit(&e->count, memory_order_acquire) != seen)
            return;
        cleave_cpu_pause();
    }
    pthread_mutex_lock(&e->mutex);
    atomic_store_explicit(&e->asleep, 1, memory_order_seq_cst);
    while (atomic_load_explicit(&e->count, memory_order_seq_cst) == seen)
        pthread_cond_wait(&e->moved, &e->mutex);
    atomic_store_explicit(&e->asleep, 0, memory_order_relaxed);
    pthread_mutex_unlock(&e->mutex);
}

static uint32_t event_count(const event *e)
{
    return atomic_load_explicit(&e->count, memory_order_acquire);
}

/* ---- the pool ------------------------------------------------------------------------------- */
cleave_workers *cleave_workers_init(cleave_arena *arena, int32_t threads)
{
    assert(threads >= 1);
    assert(threads <= CLEAVE_THREADS_MAX);

    cleave_workers *pool = cleave_arena_take(arena, 1, sizeof *pool);
    worker *slots = cleave_arena_take(arena, (size_t)threads, sizeof *slots);
    if (!pool || !slots)
        return NULL;
    pool->threads = threads;
    pool->worker = slots;
    for (int32_t i = 0; i < threads; i++) {
        slots[i].pool = pool;
        slots[i].index = i;
    }
    return pool;
}

/* Takes parts of a share until nothing is left of it: half of the rest, but at least `least`, and
 * all of it rather than leave less. Relaxed: the items themselves were there before the thread was
 * woken, and what became of them is seen through finish(). */
static void take_share(const cleave_workers *pool, worker *of, cleave_worker_task task,
                       void *context, int32_t index)
{
    int64_t begin = atomic_load_explicit(&of->next, memory_order_relaxed);

    while (begin < of->end) {
        const int64_t rest = of->end - begin, part = cleave_i64_max(pool->least, rest / 2);
        const int64_t end = rest - part < pool->least ? of->end : begin + part;
        if (!atomic_compare_exchange_weak_explicit(&of->next, &begin, end, memory_order_relaxed,
                                                   memory_order_relaxed))
            continue;
        task(context, index, begin, end);
        begin = atomic_load_explicit(&of->next, memory_order_relaxed);
    }
}

/* Its own share, then those of the threads after it. */
static void take_shares(cleave_workers *pool, cleave_worker_task task, void *context, int32_t index)
{
    for (int32_t i = 0; i < pool->takers; i++)
        take_share(pool, &pool->worker[(index + i) % pool->takers], task, context, index);
}

/* Counts the calling thread as done. Each decrement acquires the ones before it, so whoever
 * sees the event sees the results of all. */
static void finish(cleave_workers *pool)
{
    if (atomic_fetch_sub_explicit(&pool->pending, 1, memory_order_acq_rel) == 1)
        event_post(&pool->finished);
}

static void *thread_main(void *argument)
{
    worker *w = argument;
    cleave_workers *pool = w->pool;
    char name[16]; /* as many as the kernel keeps */

    snprintf(name, sizeof name, "cleave %d", (int)w->index);
    pthread_setname_np(pthread_self(), name);
    cleave_cpu_mode_set();
    for (uint32_t seen = 0;; seen++) {
        finish(pool);
        event_wait(&w->posted, seen, pool->spins);
        if (!w->task)
            return NULL;
        take_shares(pool, w->task, w->context, w->index);
    }
}

/* Processors that this process may use; a loop that waits helps only if each thread has one. */
static int32_t processors_usable(void)
{
    cpu_set_t set;
    long online;

    if (!sched_getaffinity(0, sizeof set, &set))
        return CPU_COUNT(&set);
    online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (int32_t)cleave_i64_min(online, INT32_MAX) : 1;
}

/* Starts threads until all run or one cannot; returns whether all do. */
static int threads_create(cleave_workers *pool)
{
    for (; pool->started < pool->threads - 1; pool->started++) {
        worker *const w = &pool->worker[pool->started + 1];
        if (!cleave_thread_start(&w->thread, thread_main, w))
            return 0;
    }
    return 1;
}

/* Hands a task to a thread that waits. */
static void post(worker *w, cleave_worker_task task, void *context)
{
    w->task = task;
    w->context = context;
    event_post(&w->posted);
}

/* Ends the threads that run, be it all or, when one could not be started, some. */
static void threads_end(cleave_workers *pool)
{
    for (int32_t i = 1; i <= pool->started; i++)
        post(&pool->worker[i], NULL, NULL);
    for (int32_t i = 1; i <= pool->started; i++)
        pthread_join(pool->worker[i].thread, NULL);
    for (int32_t i = 1; i < pool->threads; i++)
        event_destroy(&pool->worker[i].posted);
    event_destroy(&pool->finished);
    pool->started = 0;
}

cleave_status cleave_workers_start(cleave_workers *pool)
{
    assert(!pool->started);
    if (pool->threads == 1)
        return CLEAVE_OK;

    pool->spins = pool->threads <= processors_usable() ? SPINS_MAX : 0;
    event_init(&pool->finished);
    for (int32_t i = 1; i < pool->threads; i++)
        event_init(&pool->worker[i].posted);
    atomic_init(&pool->pending, pool->threads - 1);
    if (!threads_create(pool)) {
        threads_end(pool);
        return CLEAVE_SYSTEM;
    }
    /* What the system does for a thread's first steps is done once the pool counts as ready. */
    event_wait(&pool->finished, 0, 0);
    return CLEAVE_OK;
}

/* The smallest part is this fraction of a fair share: what a thread may wait for another at the
 * end. */
#define PARTS_MAX 32

/* Equal shares, the first of which have one more. */
static void shares_set(cleave_workers *pool, int64_t items, int32_t takers)
{
    const int64_t each = items / takers, more = items % takers;
    int64_t begin = 0;

    for (int32_t i = 0; i < takers; i++) {
        atomic_store_explicit(&pool->worker[i].next, begin, memory_order_relaxed);
        begin += each + (i < more);
        pool->worker[i].end = begin;
    }
    pool->takers = takers;
}

void cleave_workers_run(cleave_workers *pool, int64_t items, int64_t grain, cleave_worker_task task,
                        void *context)
{
    assert(items >= 0);
    assert(grain >= 1);
    assert(pool->started == pool->threads - 1);
    if (!items)
        return;

    const int64_t takers = cleave_i64_max(1, cleave_i64_min(pool->threads, items / grain));
    const uint64_t mode = cleave_cpu_mode_set();
    if (takers == 1) {
        task(context, 0, 0, items);
    } else {
        const uint32_t seen = event_count(&pool->finished);
        assert(!atomic_load_explicit(&pool->pending, memory_order_relaxed));
        atomic_store_explicit(&pool->pending, (int32_t)takers - 1, memory_order_relaxed);
        shares_set(pool, items, (int32_t)takers);
        pool->least = cleave_i64_max(grain, items / takers / PARTS_MAX);
        for (int32_t i = 1; i < takers; i++)
            post(&pool->worker[i], task, context);
        take_shares(pool, task, context, 0);
        event_wait(&pool->finished, seen, pool->spins);
    }
    cleave_cpu_mode_restore(mode);
}

void cleave_workers_stop(cleave_workers *pool)
{
    if (pool && pool->started)
        threads_end(pool);
}
