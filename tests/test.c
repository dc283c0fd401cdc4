/* test.c: the test harness. */
#include "tests/test.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* State of the run; a test program is one thread as far as the harness is concerned, but checks may
 * come from any of its threads. */
static struct {
    int checks, failures, skips;
    int passed_count;
    int index;
    char skip_reason[256];
} current;

int test_check_at(int ok, const char *what, const char *file, int line)
{
    __atomic_add_fetch(&current.checks, 1, __ATOMIC_RELAXED);
    if (!ok && __atomic_add_fetch(&current.failures, 1, __ATOMIC_RELAXED) <= 20)
        printf("     %s:%d: %s\n", file, line, what);
    return ok;
}

int test_fail_at(const char *file, int line, const char *format, ...)
{
    char message[512];
    va_list list;

    va_start(list, format);
    vsnprintf(message, sizeof message, format, list);
    va_end(list);
    return test_check_at(0, message, file, line);
}

void test_skip(const char *reason)
{
    current.skips++;
    snprintf(current.skip_reason, sizeof current.skip_reason, "%s", reason);
}

void test_passed_count(int count)
{
    current.passed_count = count;
}

int test_index(void)
{
    return current.index;
}

static int wanted(int argc, char **argv, const char *name)
{
    if (argc < 2)
        return 1;
    for (int i = 1; i < argc; i++)
        if (strstr(name, argv[i]))
            return 1;
    return 0;
}

int test_main(int argc, char **argv, const test_case *cases, int count)
{
    int passed = 0, failed = 0, skipped = 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 0; i < count; i++) {
        struct timespec start, end;
        if (!wanted(argc, argv, cases[i].name))
            continue;
        memset(&current, 0, sizeof current);
        current.passed_count = 1;
        current.index = i;
        clock_gettime(CLOCK_MONOTONIC, &start);
        cases[i].run();
        clock_gettime(CLOCK_MONOTONIC, &end);
        double seconds =
            (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
        if (current.failures) {
            printf("FAIL %s (%d of %d checks)\n", cases[i].name, current.failures, current.checks);
            failed++;
        } else if (current.skips) {
            printf("skip %s: %s\n", cases[i].name, current.skip_reason);
            skipped++;
        } else if (!current.checks || current.passed_count < 1) {
            printf("FAIL %s (checked nothing)\n", cases[i].name);
            failed++;
        } else {
            printf("ok   %s (%d checks, %.2f s)\n", cases[i].name, current.checks, seconds);
            passed += current.passed_count;
        }
    }
    printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed || passed + skipped == 0;
}

static const char *existing(const char *folder, const char *name)
{
    static char path[1024];
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file)
        return NULL;
    fclose(file);
    return path;
}

const char *test_golden(const char *name)
{
    return existing("tests/golden", name);
}

const char *test_shared(const char *name)
{
    return existing("../shared", name);
}

void *test_read_file(const char *path, int64_t *bytes)
{
    FILE *file = path ? fopen(path, "rb") : NULL;
    void *data = NULL;
    long size;

    if (!file)
        return NULL;
    if (!fseek(file, 0, SEEK_END) && (size = ftell(file)) >= 0 && !fseek(file, 0, SEEK_SET)) {
        data = malloc((size_t)size + 1);
        if (data && fread(data, 1, (size_t)size, file) != (size_t)size) {
            free(data);
            data = NULL;
        }
        *bytes = size;
    }
    fclose(file);
    return data;
}

double test_snr_db(const float *x, const float *ref, int64_t count)
{
    double signal = 0, noise = 0;

    for (int64_t i = 0; i < count; i++) {
        double d = (double)x[i] - (double)ref[i];
        signal += (double)ref[i] * (double)ref[i];
        noise += d * d;
    }
    if (noise == 0)
        return 999;
    return 10 * log10(signal / noise);
}

float test_uniform(uint64_t seed, uint64_t index)
{
    uint64_t z = seed + index + 0x9E3779B97F4A7C15u;

    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    return (float)((double)(z >> 40) * 0x1p-23 - 1);
}
