/* bench.c: how the benchmarks measure. */
#include "bench/bench.h"

#include "kernels/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FLUSH_BYTES    ((size_t)64 << 20)
#define RUNS_MIN       5
#define RUNS_MAX       31
#define BUDGET_SECONDS 0.2

double bench_seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

void *bench_alloc(size_t bytes)
{
    void *data = aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes ? bytes : 1));

    if (!data) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    return data;
}

void bench_flush_cache(void)
{
    static unsigned char *memory, value;

    if (!memory)
        memory = bench_alloc(FLUSH_BYTES);
    memset(memory, ++value, FLUSH_BYTES);
    __asm__ volatile("" : : "r"(memory) : "memory");
}

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double bench_median_seconds(void (*run)(void *context), void *context)
{
    double seconds[RUNS_MAX], spent = 0;
    int runs = 0;

    run(context);
    while (runs < RUNS_MIN || (runs < RUNS_MAX && spent < BUDGET_SECONDS)) {
        bench_flush_cache();
        const double start = bench_seconds();
        run(context);
        seconds[runs] = bench_seconds() - start;
        spent += seconds[runs++];
    }
    qsort(seconds, (size_t)runs, sizeof seconds[0], compare_doubles);
    return seconds[runs / 2];
}

typedef struct copy {
    char *from, *to;
} copy;

static void copy_run(void *context)
{
    const copy *c = context;

    memcpy(c->to, c->from, FLUSH_BYTES);
    __asm__ volatile("" : : "r"(c->to) : "memory");
}

double bench_peak_bytes(void)
{
    static double peak;

    if (peak == 0) {
        copy c = {bench_alloc(FLUSH_BYTES), bench_alloc(FLUSH_BYTES)};
        memset(c.from, 1, FLUSH_BYTES);
        memset(c.to, 2, FLUSH_BYTES);
        peak = 2.0 * (double)FLUSH_BYTES / bench_median_seconds(copy_run, &c);
        free(c.from);
        free(c.to);
    }
    return peak;
}

static void peak_flops_run(void *context)
{
    double *operations = context;

    *operations = bench_peak_run(200000);
}

double bench_peak_flops(void)
{
    static double peak;
    double operations = 0;

    if (peak == 0) {
        const double seconds = bench_median_seconds(peak_flops_run, &operations);
        peak = operations / seconds;
    }
    return peak;
}

const char *bench_machine(void)
{
    static char name[128] = "unknown processor";
    char line[256];
    FILE *file = fopen("/proc/cpuinfo", "r");

    while (file && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) || !value)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)strcspn(value + 2, "\n"), value + 2);
        for (char *p = name; *p; p++)
            *p = *p == ',' ? ' ' : *p;
        break;
    }
    if (file)
        fclose(file);
    return name;
}
