/* simt_test.c: the SIMT executor runs right kernels right and finds the faults of wrong ones. */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/simt/samples.cuh"
#include "tests/test.h"

void simt_seed(uint64_t seed);
uint64_t simt_launch_count(void);

#define BLOCKS 5
#define COUNT  (BLOCKS * SIMT_SAMPLE_THREADS)

static int rotate_is_right(uint64_t seed, int with_barrier)
{
    float in[COUNT], out[COUNT];
    int right = 1;

    for (int i = 0; i < COUNT; i++)
        in[i] = (float)i;
    memset(out, 0, sizeof out);
    simt_seed(seed);
    simt_sample_rotate(in, out, BLOCKS, with_barrier);
    for (int i = 0; i < COUNT; i++) {
        int block = i / SIMT_SAMPLE_THREADS, t = (i + 1) % SIMT_SAMPLE_THREADS;
        right &= out[i] == in[block * SIMT_SAMPLE_THREADS + t];
    }
    return right;
}

static void barrier_kept(void)
{
    for (uint64_t seed = 0; seed < 50; seed++)
        TEST_CHECK(rotate_is_right(seed, 1));
}

static void barrier_missing(void)
{
    for (uint64_t seed = 0; seed < 50; seed++)
        TEST_CHECK(!rotate_is_right(seed, 0));
}

static void exchange_and_reduction(void)
{
    float in[256], out[256], sum = 0, max = 0;

    for (int i = 0; i < 256; i++)
        sum += in[i] = (float)(i * i % 97);
    for (int i = 0; i < 256; i++)
        max = in[i] > max ? in[i] : max;
    for (uint64_t seed = 0; seed < 20; seed++) {
        simt_seed(seed);
        simt_sample_sum_over_max(in, out);
        for (int i = 0; i < 256; i++)
            TEST_CHECK(out[i] == sum / max);
    }
    TEST_CHECK(simt_launch_count() >= 20);
}

static int aborts(int fault)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        simt_sample_abort(fault);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void faults_abort(void)
{
    TEST_CHECK(aborts(0));
    TEST_CHECK(aborts(1));
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a kernel with its barrier is right under every order", barrier_kept},
        {"a missing barrier shows under every order", barrier_missing},
        {"warp exchanges and block reductions", exchange_and_reduction},
        {"overruns of shared memory and impossible waits abort", faults_abort},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
