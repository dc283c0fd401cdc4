/* gap_ring_test.c: frames and gaps arrive in their order, one thread or two. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include "runtime/gap_ring.h"
#include "tests/test.h"

enum { CAPACITY = 8 };

static void ring_open(cleave_gap_ring *ring, void **memory)
{
    cleave_arena arena;

    *memory = aligned_alloc(64, 1024);
    cleave_arena_init(&arena, *memory, 1024);
    cleave_gap_ring_init(ring, &arena, CAPACITY, sizeof(int64_t));
    TEST_CHECK(!arena.failed);
}

static void one_thread(void)
{
    const int64_t frames[5] = {1, 2, 3, 4, 5};
    cleave_gap_ring ring;
    void *memory;
    int64_t gap = -1, got[5];

    ring_open(&ring, &memory);
    TEST_CHECK(cleave_gap_ring_look(&ring, &gap) == 0 && gap == 0);
    TEST_CHECK(cleave_gap_ring_room(&ring) == CAPACITY);
    for (int round = 0; round < 20; round++) { /* around the ring's end */
        TEST_CHECK(cleave_ring_write(&ring.ring, frames, 5) == 5);
        TEST_CHECK(cleave_gap_ring_look(&ring, &gap) == 5 && gap == 0);
        TEST_CHECK(cleave_gap_ring_leave(&ring, 100 + round));
        TEST_CHECK(!cleave_gap_ring_leave(&ring, 1));
        TEST_CHECK(cleave_ring_write(&ring.ring, frames, 2) == 2);
        TEST_CHECK(cleave_gap_ring_room(&ring) == CAPACITY - 7);
        /* What stands behind the gap is not to be seen. */
        TEST_CHECK(cleave_gap_ring_look(&ring, &gap) == 5 && gap == 100 + round);
        TEST_CHECK(cleave_ring_read(&ring.ring, got, 5) == 5 && got[4] == 5);
        TEST_CHECK(cleave_gap_ring_look(&ring, &gap) == 0 && gap == 100 + round);
        cleave_gap_ring_pass(&ring);
        TEST_CHECK(cleave_gap_ring_look(&ring, &gap) == 2 && gap == 0);
        TEST_CHECK(cleave_ring_read(&ring.ring, got, 2) == 2 && got[0] == 1 && got[1] == 2);
    }
    TEST_CHECK(cleave_gap_ring_leave(&ring, 3));
    cleave_gap_ring_reset(&ring);
    TEST_CHECK(cleave_gap_ring_look(&ring, &gap) == 0 && gap == 0);
    free(memory);
}

/* The producer counts up from 0: a number is written, or is part of a gap. */
enum { LAST = 200000 };

static void *produce(void *context)
{
    cleave_gap_ring *const ring = context;
    int64_t at = 0, owed = 0;

    for (uint64_t i = 0; at < LAST; i++) {
        const int64_t some = cleave_i64_min(1 + (int64_t)(i % 3), LAST - at);
        if (test_uniform(1, i) > 0.9f || owed) { /* is missing, or must wait for the gap */
            owed += some;
            at += some;
            if (cleave_gap_ring_leave(ring, owed))
                owed = 0;
        } else {
            for (int64_t k = 0; k < some; k++, at++)
                while (!cleave_ring_write(&ring->ring, &at, 1))
                    sched_yield();
        }
    }
    while (owed && !cleave_gap_ring_leave(ring, owed))
        sched_yield();
    return NULL;
}

static void two_threads(void)
{
    cleave_gap_ring ring;
    void *memory;
    pthread_t thread;
    int64_t at = 0, gaps = 0, numbers = 0, gap;

    ring_open(&ring, &memory);
    pthread_create(&thread, NULL, produce, &ring);
    while (at < LAST) {
        const int64_t there = cleave_gap_ring_look(&ring, &gap);
        int64_t got;
        if (there) {
            TEST_CHECK(cleave_ring_read(&ring.ring, &got, 1) == 1);
            if (!TEST_CHECK(got == at))
                break;
            at++;
            numbers++;
        } else if (gap) {
            at += gap;
            cleave_gap_ring_pass(&ring);
            gaps++;
        } else {
            sched_yield();
        }
    }
    TEST_CHECK(at == LAST && gaps > 0 && numbers > 0);
    pthread_join(thread, NULL);
    free(memory);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"gap ring: frames and gaps in their order", one_thread},
        {"gap ring: two threads", two_threads},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
