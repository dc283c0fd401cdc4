/* workers_test.c: every item once, parts that are not too small, threads that come, sleep and go.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime/workers.h"
#include "tests/test.h"

#define ITEMS_MAX   1000
#define THREADS_MAX 8

/* A pool with memory of its own. */
typedef struct fixture {
    cleave_workers *pool;
    void *memory;
} fixture;

static int fixture_open(fixture *f, int32_t threads)
{
    cleave_arena arena;

    cleave_arena_init(&arena, NULL, 0);
    TEST_CHECK(cleave_workers_init(&arena, threads) == NULL);
    TEST_CHECK(!arena.failed);
    size_t counted = arena.used;
    f->memory = aligned_alloc(CLEAVE_ALIGN_BYTES, counted);
    cleave_arena_init(&arena, f->memory, counted);
    f->pool = cleave_workers_init(&arena, threads);
    TEST_CHECK(arena.used == counted);
    return TEST_CHECK(f->pool != NULL) && TEST_CHECK(cleave_workers_start(f->pool) == CLEAVE_OK);
}

static void fixture_close(fixture *f)
{
    cleave_workers_stop(f->pool);
    free(f->memory);
}

/* What a run did. Each worker writes its own row, and the visits of its own items: unsynchronised
 * on purpose, so that the thread sanitizer proves that run() orders them. */
typedef struct record {
    int64_t items, grain;
    struct {
        int64_t calls, small,
            outside; /* parts, those below the grain but for the last, those wrong */
    } worker[THREADS_MAX];
    unsigned char visits[ITEMS_MAX];
} record;

static void visit(void *context, int32_t worker, int64_t begin, int64_t end)
{
    record *r = context;

    r->worker[worker].calls++;
    r->worker[worker].small += end - begin < r->grain && end != r->items;
    r->worker[worker].outside += begin < 0 || begin >= end || end > r->items;
    for (int64_t i = begin; i < end; i++)
        r->visits[i]++;
}

/* Counts what is wrong with a run: items not visited once, parts that are too small, too many
 * threads. */
static int faults(const record *r, int32_t threads)
{
    const int64_t most = cleave_i64_max(1, cleave_i64_min(threads, r->items / r->grain));
    int wrong = 0;

    for (int64_t i = 0; i < ITEMS_MAX; i++)
        wrong += r->visits[i] != (i < r->items);
    for (int32_t w = 0; w < THREADS_MAX; w++) {
        wrong += r->worker[w].calls > 0 && w >= most;
        wrong += r->worker[w].small > 0 || r->worker[w].outside > 0;
        wrong += most == 1 && w == 0 && r->worker[w].calls != (r->items > 0);
    }
    return wrong;
}

static void every_item_once(void)
{
    static const int64_t grains[] = {1, 2, 3, 7, 16, 100, 333, 1000, 1001};
    /* Where every access is watched, a step through the counts that still meets all remainders. */
    const int64_t step = TEST_SANITIZER[0] ? 13 : 1;
    int64_t wrong = 0, runs = 0;

    for (int32_t threads = 1; threads <= THREADS_MAX; threads++) {
        fixture f;

        if (!fixture_open(&f, threads))
            return;
        for (size_t g = 0; g < sizeof grains / sizeof grains[0]; g++)
            for (int64_t items = 0; items <= ITEMS_MAX; items += step) {
                record r = {.items = items, .grain = grains[g]};

                cleave_workers_run(f.pool, items, grains[g], visit, &r);
                wrong += faults(&r, threads);
                runs++;
            }
        fixture_close(&f);
    }
    TEST_CHECK(wrong == 0);
    TEST_CHECK(runs >= THREADS_MAX * 9 * (ITEMS_MAX / step));
}

/* Item counts beyond 2^57, where a product of items and threads would overflow. */
static void note_part(void *context, int32_t worker, int64_t begin, int64_t end)
{
    int64_t *sizes = context;

    sizes[worker] += end - begin;
}

static void huge_counts(void)
{
    int64_t sizes[5] = {0}, sum = 0;
    fixture f;

    if (!fixture_open(&f, 5))
        return;
    cleave_workers_run(f.pool, INT64_MAX, 1, note_part, sizes);
    for (int i = 0; i < 5; i++)
        sum += sizes[i];
    TEST_CHECK(sum == INT64_MAX);
    fixture_close(&f);
}

/* A thread that is held up takes no more than the part it has: the others do the rest. */
static void wait_in_first(void *context, int32_t worker, int64_t begin, int64_t end)
{
    int64_t *sizes = context;
    const struct timespec pause = {.tv_nsec = 100000000};

    sizes[worker] += end - begin;
    if (begin == 0)
        nanosleep(&pause, NULL);
}

static void a_slow_thread(void)
{
    int64_t sizes[2] = {0};
    fixture f;

    if (!fixture_open(&f, 2))
        return;
    cleave_workers_run(f.pool, 1000, 1, wait_in_first, sizes);
    TEST_CHECK(sizes[0] + sizes[1] == 1000);
    TEST_CHECK(cleave_i64_min(sizes[0], sizes[1]) <= 250);
    fixture_close(&f);
}

/* Each thread waits in its first part until all have one. */
typedef struct gathering {
    int32_t threads;
    _Atomic int32_t come;
    int64_t first[THREADS_MAX]; /* items that the threads began with; -1 */
} gathering;

static void gather(void *context, int32_t worker, int64_t begin, int64_t end)
{
    gathering *g = context;

    (void)end;
    if (g->first[worker] >= 0)
        return;
    g->first[worker] = begin;
    atomic_fetch_add(&g->come, 1);
    while (atomic_load(&g->come) < g->threads)
        sched_yield();
}

static void own_shares_first(void)
{
    for (int32_t threads = 2; threads <= THREADS_MAX; threads++) {
        const int64_t items = 100 * threads + threads - 1;
        fixture f;

        if (!fixture_open(&f, threads))
            return;
        for (int round = 0; round < 20; round++) {
            gathering g = {.threads = threads, .first = {-1, -1, -1, -1, -1, -1, -1, -1}};

            cleave_workers_run(f.pool, items, 1, gather, &g);
            for (int32_t w = 0; w < threads; w++)
                TEST_CHECK(g.first[w] == 101 * w);
        }
        fixture_close(&f);
    }
}

/* Item i of a run becomes a function of its neighbours of the run before: a run that begins before
 * the last one has ended everywhere gives another sum. */
typedef struct relay {
    uint32_t from[256], to[256];
} relay;

static void relay_step(void *context, int32_t worker, int64_t begin, int64_t end)
{
    relay *r = context;

    (void)worker;
    for (int64_t i = begin; i < end; i++)
        r->to[i] = r->from[i] * 5 + r->from[(i + 97) % 256] + 1;
}

static uint32_t relay_sum(int32_t threads, int runs)
{
    relay r = {0};
    uint32_t sum = 0;
    fixture f;

    if (!fixture_open(&f, threads))
        return 0;
    for (int i = 0; i < runs; i++) {
        cleave_workers_run(f.pool, 1 + (i * 31) % 256, 1 + i % 40, relay_step, &r);
        memcpy(r.from, r.to, sizeof r.from);
    }
    fixture_close(&f);
    for (int i = 0; i < 256; i++)
        sum = sum * 33 + r.to[i];
    return sum;
}

static void quick_succession(void)
{
    const int runs = TEST_SANITIZER[0] ? 3000 : 30000;
    const uint32_t alone = relay_sum(1, runs);

    for (int32_t threads = 2; threads <= THREADS_MAX; threads += threads < 4 ? 1 : 4)
        TEST_CHECK(relay_sum(threads, runs) == alone);
}

static void start_stop_loops(void)
{
    for (int round = 0; round < 50; round++) {
        int32_t threads = 1 + round % THREADS_MAX;
        fixture f;

        if (!fixture_open(&f, threads))
            return;
        for (int runs = 0; runs < round % 4; runs++) {
            record r = {.items = 100, .grain = 1};

            cleave_workers_run(f.pool, 100, 1, visit, &r);
            TEST_CHECK(faults(&r, threads) == 0);
        }
        /* Stop and start again on the same pool; stop twice. */
        cleave_workers_stop(f.pool);
        cleave_workers_stop(f.pool);
        TEST_CHECK(cleave_workers_start(f.pool) == CLEAVE_OK);
        record r = {.items = 99, .grain = 2};
        cleave_workers_run(f.pool, 99, 2, visit, &r);
        TEST_CHECK(faults(&r, threads) == 0);
        fixture_close(&f);
    }
    cleave_workers_stop(NULL);
}

static void stop_without_start(void)
{
    unsigned char memory[16384] __attribute__((aligned(CLEAVE_ALIGN_BYTES)));
    cleave_arena arena;

    cleave_arena_init(&arena, memory, sizeof memory);
    cleave_workers *pool = cleave_workers_init(&arena, 4);
    if (!TEST_CHECK(pool != NULL))
        return;
    cleave_workers_stop(pool);

    /* An arena without room gives no pool. */
    cleave_arena_init(&arena, memory, 128);
    TEST_CHECK(cleave_workers_init(&arena, 4) == NULL);
    TEST_CHECK(arena.failed);
}

static void pause_ms(long milliseconds)
{
    const struct timespec time = {0, milliseconds * 1000000};

    nanosleep(&time, NULL);
}

static double thread_seconds_of_process(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void slow_part(void *context, int32_t worker, int64_t begin, int64_t end)
{
    if (worker == 1)
        pause_ms(20); /* the caller has to sleep, too */
    visit(context, worker, begin, end);
}

static void sleepers_wake(void)
{
    fixture f;

    if (!fixture_open(&f, 4))
        return;
    for (int round = 0; round < 5; round++) {
        record r = {.items = 400, .grain = 1};
        double before = thread_seconds_of_process();

        pause_ms(40); /* a thousand times the spin: all are asleep by then... */
        TEST_CHECK(thread_seconds_of_process() - before < 0.02); /* ...and use no processor */
        cleave_workers_run(f.pool, 400, 1, round % 2 ? slow_part : visit, &r);
        TEST_CHECK(faults(&r, 4) == 0);
    }
    fixture_close(&f);
}

/* ---- state of the threads -------------------------------------------------------------------- */
typedef struct arithmetic {
    _Atomic int flushed[THREADS_MAX];
    _Atomic int signals_open[THREADS_MAX];
} arithmetic;

/* Whether a denormal result of this thread is flushed to zero. */
static int flushes(void)
{
    volatile float least = 0x1p-126f, half = 0.5f;

    return least * half == 0;
}

static void look(void *context, int32_t worker, int64_t begin, int64_t end)
{
    arithmetic *a = context;
    sigset_t blocked;

    (void)begin;
    (void)end;
    pause_ms(20); /* until the others have come */
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    atomic_store_explicit(&a->flushed[worker], flushes(), memory_order_relaxed);
    atomic_store_explicit(&a->signals_open[worker],
                          !sigismember(&blocked, SIGINT) && !sigismember(&blocked, SIGTERM),
                          memory_order_relaxed);
}

static void denormals_and_signals(void)
{
    for (int32_t threads = 1; threads <= 4; threads += 3) {
        /* Half of the runs leave some threads without an item. */
        for (int64_t items = 1; items <= 4; items += 3) {
            arithmetic a = {0};
            fixture f;

            if (!fixture_open(&f, threads))
                return;
            TEST_CHECK(!flushes());
            cleave_workers_run(f.pool, items, 1, look, &a);
            TEST_CHECK(!flushes());
            for (int32_t w = 0; w < cleave_i64_min(threads, items); w++) {
                TEST_CHECK(a.flushed[w]);
                TEST_CHECK(a.signals_open[w] == (w == 0));
            }
            fixture_close(&f);
        }
    }
}

/* Bytes of address space that this process takes, or 0. */
static size_t address_space(void)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;

    if (file) {
        if (fscanf(file, "%lu", &pages) != 1)
            pages = 0;
        fclose(file);
    }
    return (size_t)pages * (size_t)sysconf(_SC_PAGESIZE);
}

#define LIMIT_NOT_KEPT 77 /* as under qemu, which needs address space of its own */

/* In a child, with room for the stacks of some twenty threads and no more: start() fails and leaves
 * nothing running. */
static int child_start_fails(void)
{
    unsigned char *memory = aligned_alloc(CLEAVE_ALIGN_BYTES, 1 << 20);
    const size_t size = address_space() + (10 << 20);
    const struct rlimit space = {size, size};
    cleave_arena arena;
    record r = {.items = 50, .grain = 1};

    cleave_arena_init(&arena, memory, 1 << 20);
    cleave_workers *many = cleave_workers_init(&arena, CLEAVE_THREADS_MAX);
    cleave_workers *few = cleave_workers_init(&arena, 2);
    if (!many || !few || setrlimit(RLIMIT_AS, &space))
        return 10;
    if (mmap(NULL, 1 << 28, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED)
        return LIMIT_NOT_KEPT;
    for (int round = 0; round < 3; round++)
        if (cleave_workers_start(many) != CLEAVE_SYSTEM)
            return 11;
    cleave_workers_stop(many);
    /* The threads that did start gave their stacks back. */
    if (cleave_workers_start(few) != CLEAVE_OK)
        return 12;
    cleave_workers_run(few, 50, 1, visit, &r);
    cleave_workers_stop(few);
    return faults(&r, 2) ? 13 : 0;
}

static void start_fails(void)
{
    int status = 0;

    if (strstr(TEST_SANITIZER, "address") || strstr(TEST_SANITIZER, "thread")) {
        test_skip("a sanitizer needs more address space than this case leaves");
        return;
    }
    pid_t child = fork();
    if (child == 0)
        _exit(child_start_fails());
    TEST_CHECK(child > 0);
    TEST_CHECK(waitpid(child, &status, 0) == child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == LIMIT_NOT_KEPT)
        test_skip("this system does not limit the address space");
    else if (!WIFEXITED(status) || WEXITSTATUS(status))
        TEST_FAIL("child ended with status 0x%x", (unsigned)status);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"workers: every item once, in parts that are not too small", every_item_once},
        {"workers: item counts near 2^63", huge_counts},
        {"workers: a slow thread has little", a_slow_thread},
        {"workers: every thread begins with its share", own_shares_first},
        {"workers: runs in quick succession", quick_succession},
        {"workers: start and stop in a loop", start_stop_loops},
        {"workers: stop without start", stop_without_start},
        {"workers: sleepers wake", sleepers_wake},
        {"workers: denormals flushed, signals blocked, caller restored", denormals_and_signals},
        {"workers: start fails cleanly", start_fails},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
