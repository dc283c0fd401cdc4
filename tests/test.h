/* test.h: the test harness. A test program is a list of cases handed to test_main(). */
#ifndef CLEAVE_TESTS_TEST_H
#define CLEAVE_TESTS_TEST_H

#include <stdint.h>

typedef struct test_case {
    const char *name;
    void (*run)(void);
} test_case;

/* Counts a failure of the running case and prints where, unless `ok`. Returns `ok`. */
int test_check_at(int ok, const char *what, const char *file, int line);
#define TEST_CHECK(condition) test_check_at(!!(condition), #condition, __FILE__, __LINE__)

/* As TEST_CHECK, with a printf message that tells the figures. */
int test_fail_at(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
#define TEST_FAIL(...) test_fail_at(__FILE__, __LINE__, __VA_ARGS__)

/* Marks the running case as skipped, with the reason; the case should return. */
void test_skip(const char *reason);

/* Counts the running case as `count` passed cases rather than one: for a case that loops over a
 * table. 0 is a failure: nothing was checked. */
void test_passed_count(int count);

/* The running case's place in the list: one function can be the cases of all rows of a table. */
int test_index(void);

/* Runs all cases, or those named in argv; prints a line a case and "N passed, N failed, N skipped".
 * Returns the exit status: 1 if a case failed, or checked nothing. */
int test_main(int argc, char **argv, const test_case *cases, int count);

/* Path of a file under tests/golden/, or under the larger set that lies beside the repository; NULL
 * if absent. The string lives until the next call. */
const char *test_golden(const char *name);
const char *test_shared(const char *name);

/* The whole file in malloc'ed memory, or NULL. */
void *test_read_file(const char *path, int64_t *bytes);

/* Signal-to-noise ratio of x against ref in dB: 10 log10(sum ref^2 / sum (x - ref)^2); 999 if
 * equal. */
double test_snr_db(const float *x, const float *ref, int64_t count);

/* Uniform in [-1, 1) from a seed and an index (splitmix64). */
float test_uniform(uint64_t seed, uint64_t index);

#endif
