/* arena_test.c: the arena counts what it would hand out, and hands out what it counted. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/arena.h"
#include "tests/test.h"

/* An arena's memory filled with a pattern, so that zeroing shows. */
static void *memory_new(size_t bytes)
{
    void *memory = aligned_alloc(CLEAVE_ALIGN_BYTES, bytes);

    return memory ? memset(memory, 0xA5, bytes) : NULL;
}

static size_t random_size(uint64_t seed, uint64_t index, size_t below)
{
    return (size_t)((test_uniform(seed, index) + 1) * 0.5f * (float)below);
}

/* The same requests from any arena; returns how many pointers were given. */
static int requests(cleave_arena *arena, uint64_t seed)
{
    int given = 0;

    for (uint64_t i = 0; i < 100; i++) {
        size_t count = random_size(seed, 2 * i, 300);
        size_t size = random_size(seed, 2 * i + 1, 40);
        given += cleave_arena_take(arena, count, size) != NULL;
    }
    return given;
}

static void counting_equals_real(void)
{
    for (uint64_t seed = 0; seed < 200; seed++) {
        cleave_arena counting, real;

        cleave_arena_init(&counting, NULL, 0);
        TEST_CHECK(counting.bytes == SIZE_MAX);
        TEST_CHECK(requests(&counting, seed) == 0);
        TEST_CHECK(!counting.failed);
        TEST_CHECK(counting.used > 0);
        TEST_CHECK(counting.used % CLEAVE_ALIGN_BYTES == 0);

        void *memory = memory_new(counting.used);
        cleave_arena_init(&real, memory, counting.used);
        TEST_CHECK(requests(&real, seed) > 50);
        TEST_CHECK(!real.failed);
        TEST_CHECK(real.used == counting.used);

        /* One byte less is too little, wherever the shortage is met. */
        cleave_arena_init(&real, memory, counting.used - 1);
        requests(&real, seed);
        TEST_CHECK(real.failed);
        TEST_CHECK(real.used < counting.used);
        free(memory);
    }
}

static void aligned_zeroed_disjoint(void)
{
    const size_t bytes = 64 * 1024;
    unsigned char *memory = memory_new(bytes);
    unsigned char *end = memory;
    cleave_arena arena;

    cleave_arena_init(&arena, memory, bytes);
    for (size_t size = 1; size <= 200; size++) {
        unsigned char *start = cleave_arena_take(&arena, size, 1);
        size_t other_than_zero = 0;

        if (!TEST_CHECK(start != NULL))
            break;
        TEST_CHECK((uintptr_t)start % CLEAVE_ALIGN_BYTES == 0);
        TEST_CHECK(start >= end);
        for (size_t i = 0; i < size; i++)
            other_than_zero += start[i] != 0;
        TEST_CHECK(other_than_zero == 0);
        memset(start, 0xFF, size);
        end = start + size;
    }
    TEST_CHECK(end <= memory + bytes);
    TEST_CHECK((size_t)(end - memory) <= arena.used);
    free(memory);
}

static void nothing_takes_nothing(void)
{
    void *memory = memory_new(CLEAVE_ALIGN_BYTES);
    cleave_arena arena;

    cleave_arena_init(&arena, memory, CLEAVE_ALIGN_BYTES);
    TEST_CHECK(cleave_arena_take(&arena, 0, 8) == NULL);
    TEST_CHECK(cleave_arena_take(&arena, 8, 0) == NULL);
    TEST_CHECK(cleave_arena_take(&arena, 0, SIZE_MAX) == NULL);
    TEST_CHECK(arena.used == 0);
    TEST_CHECK(!arena.failed);
    TEST_CHECK(cleave_arena_take(&arena, 1, CLEAVE_ALIGN_BYTES) == memory);
    TEST_CHECK(cleave_arena_take(&arena, 0, 8) == NULL);
    TEST_CHECK(!arena.failed);
    free(memory);
}

static void too_large_fails(void)
{
    static const struct {
        size_t count, size;
    } requests_too_large[] = {
        {SIZE_MAX, 2},         {2, SIZE_MAX},
        {SIZE_MAX / 2 + 1, 2}, {SIZE_MAX, 1},
        {1, SIZE_MAX},         {1, SIZE_MAX - 62},
        {SIZE_MAX, SIZE_MAX},  {(size_t)1 << 33, (size_t)1 << 33},
    };
    void *memory = memory_new(4096);

    for (size_t i = 0; i < sizeof requests_too_large / sizeof requests_too_large[0]; i++)
        for (int counting = 0; counting < 2; counting++) {
            cleave_arena arena;

            cleave_arena_init(&arena, counting ? NULL : memory, 4096);
            cleave_arena_take(&arena, 1, 100);
            size_t used = arena.used;
            TEST_CHECK(!arena.failed);
            TEST_CHECK(cleave_arena_take(&arena, requests_too_large[i].count,
                                         requests_too_large[i].size) == NULL);
            TEST_CHECK(arena.failed);
            TEST_CHECK(arena.used == used);
        }

    /* Sums overflow too: the first half of the address space is counted, the second is not. */
    cleave_arena arena;
    cleave_arena_init(&arena, NULL, 0);
    cleave_arena_take(&arena, SIZE_MAX / 2, 1);
    TEST_CHECK(!arena.failed);
    cleave_arena_take(&arena, SIZE_MAX / 2, 1);
    TEST_CHECK(arena.failed);
    free(memory);
}

static void no_room_fails(void)
{
    void *memory = memory_new(256);
    cleave_arena arena;

    cleave_arena_init(&arena, memory, 256);
    TEST_CHECK(cleave_arena_take(&arena, 192, 1) == memory);
    TEST_CHECK(cleave_arena_take(&arena, 65, 1) == NULL);
    TEST_CHECK(arena.failed);
    TEST_CHECK(arena.used == 192);
    /* What fits is still given; the failure stays on record. */
    TEST_CHECK(cleave_arena_take(&arena, 64, 1) == (unsigned char *)memory + 192);
    TEST_CHECK(arena.failed);
    free(memory);
}

static void product_is_checked(void)
{
    static const struct {
        size_t a, b, product;
        int fits;
    } rows[] = {
        {0, 0, 0, 1},
        {0, SIZE_MAX, 0, 1},
        {SIZE_MAX, 0, 0, 1},
        {SIZE_MAX, 1, SIZE_MAX, 1},
        {3, 5, 15, 1},
        {SIZE_MAX / 3, 3, SIZE_MAX, 1},
        {SIZE_MAX / 3 + 1, 3, 77, 0},
        {SIZE_MAX / 2 + 1, 2, 77, 0},
        {SIZE_MAX, SIZE_MAX, 77, 0},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t product = 77;

        TEST_CHECK(cleave_size_multiply(rows[i].a, rows[i].b, &product) == rows[i].fits);
        TEST_CHECK(product == rows[i].product);
    }
}

/* Runs in a child, which should abort at the assertion and not return. */
static int child_dies(void (*deed)(cleave_arena *), cleave_arena *arena)
{
    int status = 0;
    pid_t child = fork();

    if (child == 0) {
        const struct rlimit no_core = {0, 0};

        setrlimit(RLIMIT_CORE, &no_core);
        signal(SIGABRT, SIG_DFL);
        close(STDERR_FILENO); /* what assert() prints is expected */
        deed(arena);
        _exit(0);
    }
    TEST_CHECK(child > 0);
    TEST_CHECK(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void take_one(cleave_arena *arena)
{
    cleave_arena_take(arena, 1, 1);
}

static void init_askew(cleave_arena *arena)
{
    cleave_arena_init(arena, arena->memory + 4, 64);
}

static void bugs_are_asserted(void)
{
    void *memory = memory_new(256);
    cleave_arena arena;

    cleave_arena_init(&arena, memory, 256);
    TEST_CHECK(!child_dies(take_one, &arena));
    TEST_CHECK(child_dies(init_askew, &arena));
    cleave_arena_seal(&arena);
    TEST_CHECK(arena.sealed);
    TEST_CHECK(child_dies(take_one, &arena));

    cleave_arena_init(&arena, NULL, 0);
    cleave_arena_seal(&arena);
    TEST_CHECK(child_dies(take_one, &arena));
    free(memory);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"arena: counted equals used", counting_equals_real},
        {"arena: blocks are aligned, zeroed and apart", aligned_zeroed_disjoint},
        {"arena: a request of nothing takes nothing", nothing_takes_nothing},
        {"arena: products and sums that overflow fail", too_large_fails},
        {"arena: no room fails", no_room_fails},
        {"arena: checked product", product_is_checked},
        {"arena: requests after the seal are asserted", bugs_are_asserted},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
