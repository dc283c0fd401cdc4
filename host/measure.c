/* measure.c: clock, quantiles, caches, memory; and what threads can do at most, at once. */
#include "host/measure.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define FLUSH_BYTES    ((size_t)64 << 20)
#define COPY_BYTES     ((size_t)64 << 20) /* of a thread... */
#define COPY_BYTES_MIN ((size_t)8 << 20)
#define COPY_BYTES_ALL ((size_t)256 << 20) /* ...and of all together, unless that is less each */
#define RUNS_MIN       5
#define RUNS_MAX       31
#define BUDGET_SECONDS 0.2
#define ROUNDS         15
#define ROUND_SECONDS  0.02 /* of multiply-adds: much longer than it takes to wake a thread */

/* Threads that work in step; the caller is one of them. */
typedef struct crew {
    pthread_mutex_t hold; /* until it is known how many could be started */
    pthread_barrier_t gate;
    int32_t members;
    int is_complete;
    int64_t peak_rounds;
} crew;

typedef struct member {
    crew *crew;
    pthread_t thread;
    unsigned char *from, *to;
    size_t bytes;
    double operations; /* of one round */
} member;

static void copy_round(member *m);
static void peak_round(member *m);
static double rounds_best(member *m, void (*round)(member *m));
static int crew_run(member *members, int32_t threads, measure_rates *rates);

double measure_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double measure_quantile(const double *ascending, int32_t count, double share)
{
    int32_t index = (int32_t)ceil(share * count) - 1;
    return ascending[index < 0 ? 0 : index < count ? index : count - 1];
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

void measure_runs(void (*run)(void *context), void *context, measure_times *times)
{
    double seconds[RUNS_MAX];
    double spent = 0;
    int32_t runs = 0;
    run(context);
    while (runs < RUNS_MIN || (runs < RUNS_MAX && spent < BUDGET_SECONDS)) {
        measure_flush_cache();
        double start = measure_seconds();
        run(context);
        seconds[runs] = measure_seconds() - start;
        spent += seconds[runs++];
    }
    qsort(seconds, (size_t)runs, sizeof seconds[0], compare_doubles);
    times->runs = runs;
    times->least = seconds[0];
    times->median = measure_quantile(seconds, runs, 0.5);
    times->p95 = measure_quantile(seconds, runs, 0.95);
}

void measure_flush_cache(void)
{
    static unsigned char memory[FLUSH_BYTES];
    static unsigned char value;
    memset(memory, ++value, FLUSH_BYTES);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

int measure_machine(int32_t threads, measure_rates *rates)
{
    member *members = calloc((size_t)threads, sizeof *members);
    size_t bytes = COPY_BYTES_ALL / (size_t)threads;
    bytes = bytes < COPY_BYTES_MIN ? COPY_BYTES_MIN : bytes < COPY_BYTES ? bytes : COPY_BYTES;
    int ok = members != NULL;
    for (int32_t i = 0; ok && i < threads; i++) {
        members[i].bytes = bytes;
        members[i].from = malloc(bytes);
        members[i].to = malloc(bytes);
        ok = members[i].from != NULL && members[i].to != NULL;
    }
    ok = ok && crew_run(members, threads, rates);
    for (int32_t i = 0; members != NULL && i < threads; i++) {
        free(members[i].from);
        free(members[i].to);
    }
    free(members);
    return ok;
}

/* What every member does, between the same two passages of the gate. */
static void work_in_step(member *m, void (*round)(member *m))
{
    pthread_barrier_wait(&m->crew->gate);
    round(m);
    pthread_barrier_wait(&m->crew->gate);
}

static void *member_main(void *context)
{
    member *m = context;
    pthread_mutex_lock(&m->crew->hold);
    pthread_mutex_unlock(&m->crew->hold);
    if (m->crew->is_complete) {
        memset(m->from, 1, m->bytes);
        memset(m->to, 2, m->bytes);
        for (int i = 0; i < ROUNDS; i++) {
            work_in_step(m, peak_round);
        }
        for (int i = 0; i < ROUNDS; i++) {
            work_in_step(m, copy_round);
        }
    }
    return NULL;
}

static void copy_round(member *m)
{
    memcpy(m->to, m->from, m->bytes);
    __asm__ volatile("" : : "r"(m->to) : "memory");
}

static void peak_round(member *m)
{
    m->operations = measure_peak_run(m->crew->peak_rounds);
}

/* The caller's side: the shortest round. */
static double rounds_best(member *m, void (*round)(member *m))
{
    double best = INFINITY;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_barrier_wait(&m->crew->gate);
        double start = measure_seconds();
        round(m);
        pthread_barrier_wait(&m->crew->gate);
        best = fmin(best, measure_seconds() - start);
    }
    return best;
}

/* Rounds of the multiply-adds that take about ROUND_SECONDS; the first run wakes the vector units
 * up. */
static int64_t calibrate(void)
{
    const int64_t few = 100000;
    measure_peak_run(few);
    double start = measure_seconds();
    measure_peak_run(few);
    return (int64_t)((double)few * ROUND_SECONDS / fmax(measure_seconds() - start, 1e-6)) + 1;
}

static int crew_run(member *members, int32_t threads, measure_rates *rates)
{
    crew c = {.hold = PTHREAD_MUTEX_INITIALIZER, .members = 1};
    pthread_mutex_lock(&c.hold);
    c.peak_rounds = calibrate();
    members[0].crew = &c;
    while (c.members < threads) {
        member *next = &members[c.members];
        next->crew = &c;
        if (pthread_create(&next->thread, NULL, member_main, next) != 0) {
            break;
        }
        c.members++;
    }
    c.is_complete = c.members == threads;
    pthread_barrier_init(&c.gate, NULL, (unsigned)c.members);
    pthread_mutex_unlock(&c.hold);
    if (c.is_complete) {
        memset(members[0].from, 1, members[0].bytes);
        memset(members[0].to, 2, members[0].bytes);
        double peak = rounds_best(&members[0], peak_round);
        double copy = rounds_best(&members[0], copy_round);
        rates->threads = threads;
        rates->flops = threads * members[0].operations / peak;
        rates->bytes = threads * 2.0 * (double)members[0].bytes / copy;
    }
    for (int32_t i = 1; i < c.members; i++) {
        pthread_join(members[i].thread, NULL);
    }
    pthread_barrier_destroy(&c.gate);
    return c.is_complete;
}

void measure_processor(char name[TOPOLOGY_NAME_BYTES])
{
    topology machine;
    topology_get(&machine);
    snprintf(name, TOPOLOGY_NAME_BYTES, "%s", machine.cpu_name);
    for (char *at = name; *at != '\0'; at++) {
        *at = *at == ',' || *at == '"' ? ' ' : *at;
    }
}

/* 5 sets the peak to what is resident now (Linux, proc(5)); elsewhere there is no such file. */
void measure_memory_reset(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file != NULL) {
        fputs("5", file);
        fclose(file);
    }
}

int64_t measure_memory_peak(void)
{
    char line[128];
    long long kilobytes = -1;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && kilobytes < 0 && fgets(line, sizeof line, file) != NULL) {
        if (sscanf(line, "VmHWM: %lld kB", &kilobytes) != 1) {
            kilobytes = -1;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    if (kilobytes < 0) {
        struct rusage usage;
        getrusage(RUSAGE_SELF, &usage);
        kilobytes = usage.ru_maxrss;
    }
    return 1024 * (int64_t)kilobytes;
}
