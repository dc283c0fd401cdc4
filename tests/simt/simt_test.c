/* simt_test.c: the SIMT executor runs right kernels right and finds the faults of wrong ones. */
#include <string.h>
#include <sys/mman.h>
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

/* Whether `what` ends a process other than by returning. */
static int aborts(void (*what)(int), int argument)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        close(STDERR_FILENO);
        what(argument);
        _exit(0);
    }
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) || (WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

static void faults_abort(void)
{
    for (int fault = 0; fault < SIMT_FAULTS; fault++)
        TEST_CHECK(aborts(simt_sample_abort, fault));
}

/* 64 values that end where a page without access begins; reads so many. */
static void read_at_border(int count)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *map =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    float out[32];

    if (map == MAP_FAILED || mprotect(map + page, page, PROT_NONE))
        _exit(0);
    simt_sample_read((const float *)(void *)(map + page) - 64, out, count);
}

static void read_out_of_bounds(void)
{
    TEST_CHECK(!aborts(read_at_border, 64));
    TEST_CHECK(aborts(read_at_border, 65));
}

static int copy_is_right(uint64_t seed, int fault)
{
    enum { N = SIMT_SAMPLE_THREADS };
    float in[2 * N], out[2 * N];
    int right = 1;

    for (int i = 0; i < 2 * N; i++)
        in[i] = (float)(i + 1);
    memset(out, 0, sizeof out);
    simt_seed(seed);
    simt_sample_copy(in, out, fault);
    for (int t = 0; t < N; t++) {
        const int from = N - 1 - t;
        right &= out[t] == in[from] && out[N + t] == (from % 3 != 0 ? in[N + from] : 0);
    }
    return right;
}

static void copies(void)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        TEST_CHECK(copy_is_right(seed, SIMT_COPY_RIGHT));
}

static void copies_missing_wait(void)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        TEST_CHECK(!copy_is_right(seed, SIMT_COPY_WITHOUT_WAIT));
}

static void copies_too_early(void)
{
    for (uint64_t seed = 0; seed < 20; seed++)
        TEST_CHECK(!copy_is_right(seed, SIMT_COPY_INTO_WHAT_IS_READ));
}

static int halves_are_right(uint64_t seed, int fault)
{
    enum { N = SIMT_SAMPLE_THREADS, HALF = N / 2 };
    float in[N], out[N];
    int right = 1;

    for (int i = 0; i < N; i++)
        in[i] = (float)(i * 3);
    memset(out, 0, sizeof out);
    simt_seed(seed);
    simt_sample_halves(in, out, fault);
    for (int t = 0; t < N; t++) {
        const int half = t / HALF;
        right &= out[t] == in[2 * half * HALF + HALF - 1 - t] + (float)half;
    }
    return right;
}

static void named_barriers(void)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        TEST_CHECK(halves_are_right(seed, 0));
        TEST_CHECK(!halves_are_right(seed, 1));
    }
}

static int blocks_are_right(uint64_t seed, int fault)
{
    enum { N = SIMT_SAMPLE_BLOCKS * 32 };
    float in[N], words[N], out[N];
    uint32_t flags[SIMT_SAMPLE_BLOCKS] = {0};
    int right = 1;

    for (int i = 0; i < N; i++) {
        in[i] = (float)(i * i % 101);
        words[i] = -1;
    }
    simt_seed(seed);
    simt_sample_blocks(in, words, flags, out, fault);
    for (int i = 0; i < N; i++) {
        float sum = 0;
        for (int b = 0; b < SIMT_SAMPLE_BLOCKS; b++)
            sum += in[b * 32 + i % 32];
        right &= out[i] == sum;
    }
    return right;
}

static void blocks_apart(int fault)
{
    (void)blocks_are_right(1, fault);
}

static void blocks_together(void)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        TEST_CHECK(blocks_are_right(seed, SIMT_BLOCKS_RIGHT));
        TEST_CHECK(!blocks_are_right(seed, SIMT_BLOCKS_WITHOUT_WAIT));
    }
    TEST_CHECK(aborts(blocks_apart, SIMT_BLOCKS_APART));
}

/* Values that every format holds, so that products are exact. */
static int product_is_right(int format, int fault)
{
    enum { DEPTH = 16 };
    const int depth = format == 0 ? DEPTH / 2 : DEPTH;
    float a[DEPTH * 16], b[DEPTH * 8], d[16 * 8];
    int right = 1;

    for (int i = 0; i < DEPTH * 16; i++)
        a[i] = (float)(i * 7 % 31 - 15);
    for (int i = 0; i < DEPTH * 8; i++)
        b[i] = (float)(i * 5 % 23 - 11) / 8;
    simt_sample_product(format, a, b, d, fault);
    for (int i = 0; i < 16 * 8; i++) {
        float sum = 0;
        for (int k = 0; k < depth; k++)
            sum += a[k * 16 + i / 8] * b[k * 8 + i % 8];
        right &= d[i] == sum;
    }
    return right;
}

static void products(void)
{
    for (int format = 0; format < 3; format++)
        TEST_CHECK(product_is_right(format, 0));
}

static void products_wrong_lane(void)
{
    for (int format = 0; format < 3; format++)
        TEST_CHECK(!product_is_right(format, 1));
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"a kernel with its barrier is right under every order", barrier_kept},
        {"a missing barrier shows under every order", barrier_missing},
        {"warp exchanges and block reductions", exchange_and_reduction},
        {"overruns, reads out of bounds and impossible waits abort", faults_abort},
        {"a read past the end of a tensor aborts", read_out_of_bounds},
        {"asynchronous copies", copies},
        {"a missing wait for copies shows under every order", copies_missing_wait},
        {"a copy into what is still read shows under every order", copies_too_early},
        {"named barriers, and that one lacks", named_barriers},
        {"blocks that wait for each other, and that do not", blocks_together},
        {"matrix instructions", products},
        {"a matrix instruction with the values of a wrong lane shows", products_wrong_lane},
    };

    return test_main(argc, argv, cases, (int)(sizeof cases / sizeof cases[0]));
}
