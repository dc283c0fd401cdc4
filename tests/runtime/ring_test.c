/* ring_test.c: the ring alone, then between two threads. */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/ring.h"
#include "tests/test.h"

/* A ring with memory of its own. */
typedef struct fixture {
    cleave_ring ring;
    void *memory;
} fixture;

static void fixture_open(fixture *f, int64_t capacity, size_t item_bytes)
{
    cleave_arena arena;

    cleave_arena_init(&arena, NULL, 0);
    cleave_ring_init(&f->ring, &arena, capacity, item_bytes);
    TEST_CHECK(f->ring.data == NULL);
    f->memory = aligned_alloc(CLEAVE_ALIGN_BYTES, arena.used);
    size_t counted = arena.used;
    cleave_arena_init(&arena, f->memory, counted);
    cleave_ring_init(&f->ring, &arena, capacity, item_bytes);
    TEST_CHECK(f->ring.data != NULL);
    TEST_CHECK(arena.used == counted);
}

static void fixture_close(fixture *f)
{
    free(f->memory);
}

static uint64_t overruns(const fixture *f)
{
    return atomic_load_explicit(&f->ring.overruns, memory_order_relaxed);
}

static uint64_t underruns(const fixture *f)
{
    return atomic_load_explicit(&f->ring.underruns, memory_order_relaxed);
}

/* The value of byte `byte` of item `item`: no two items near each other are alike. */
static unsigned char item_byte(uint64_t item, size_t byte)
{
    return (unsigned char)((item * 131 + byte * 29) ^ (item >> 8));
}

/* Whether the regions are `count` items from slot `slot` of the ring, split at the wrap and nowhere
 * else. */
static int regions_are(const fixture *f, const cleave_ring_regions *r, int64_t slot, int64_t count)
{
    int64_t first = cleave_i64_min(count, f->ring.capacity - slot);
    unsigned char *start = f->ring.data + (size_t)slot * f->ring.item_bytes;

    return r->first_count == first && r->second_count == count - first &&
           r->first == (first ? start : NULL) && r->second == (count > first ? f->ring.data : NULL);
}

/* Every start, every fill, every request, every skip of a ring of eight. */
static void regions_at_all_offsets(void)
{
    enum { CAPACITY = 8 };
    fixture f;

    fixture_open(&f, CAPACITY, 12);
    for (int64_t start = 0; start < CAPACITY; start++)
        for (int64_t fill = 0; fill <= CAPACITY; fill++) {
            cleave_ring_regions r;

            cleave_ring_reset(&f.ring);
            while (f.ring.head % CAPACITY != (uint64_t)start) {
                cleave_ring_write_advance(&f.ring, 1);
                cleave_ring_read_advance(&f.ring, 1);
            }
            cleave_ring_write_advance(&f.ring, fill);
            TEST_CHECK(cleave_ring_filled(&f.ring) == fill);
            for (int64_t count = 0; count <= CAPACITY + 2; count++) {
                int64_t room = cleave_i64_min(count, CAPACITY - fill);
                uint64_t before = overruns(&f);

                TEST_CHECK(cleave_ring_write_regions(&f.ring, count, &r) == room);
                TEST_CHECK(regions_are(&f, &r, (start + fill) % CAPACITY, room));
                TEST_CHECK(overruns(&f) == before + (room < count));
                for (int64_t skip = 0; skip <= CAPACITY + 1; skip++) {
                    int64_t left = cleave_i64_max(0, fill - skip);
                    int64_t some = cleave_i64_min(count, left);
                    int64_t slot = (start + cleave_i64_min(skip, fill)) % CAPACITY;

                    before = underruns(&f);
                    TEST_CHECK(cleave_ring_read_regions(&f.ring, skip, count, &r) == some);
                    TEST_CHECK(regions_are(&f, &r, slot, some));
                    TEST_CHECK(underruns(&f) == before + (some < count));
                }
            }
        }
    fixture_close(&f);
}

/* Copies in and out with every item size and from every offset; items come out as they went in. */
static void copies_of_all_item_sizes(void)
{
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 12, 16, 32, 60, 64, 100};
    enum { CAPACITY = 16 };

    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t size = sizes[s];
        unsigned char in[2 * CAPACITY * 100], out[2 * CAPACITY * 100];
        uint64_t written = 0, consumed = 0;
        fixture f;

        fixture_open(&f, CAPACITY, size);
        for (int64_t round = 0; round < 500; round++) {
            int64_t write = round * 7 % (CAPACITY + 3), read = round * 5 % (CAPACITY + 2);
            int64_t room = CAPACITY - (int64_t)(written - consumed), n;

            for (int64_t i = 0; i < write; i++)
                for (size_t b = 0; b < size; b++)
                    in[(size_t)i * size + b] = item_byte(written + (uint64_t)i, b);
            n = cleave_ring_write(&f.ring, in, write);
            TEST_CHECK(n == cleave_i64_min(write, room));
            written += (uint64_t)n;
            n = cleave_ring_read(&f.ring, out, read);
            TEST_CHECK(n == cleave_i64_min(read, (int64_t)(written - consumed)));
            for (int64_t i = 0; i < n; i++)
                for (size_t b = 0; b < size; b++)
                    in[(size_t)i * size + b] = item_byte(consumed + (uint64_t)i, b);
            TEST_CHECK(memcmp(in, out, (size_t)n * size) == 0);
            consumed += (uint64_t)n;
        }
        TEST_CHECK(written > 20 * CAPACITY);
        TEST_CHECK(f.ring.head == written);
        TEST_CHECK(f.ring.tail == consumed);
        fixture_close(&f);
    }
}

static void counters_and_reset(void)
{
    float items[8] = {0};
    cleave_ring_regions r;
    fixture f;

    fixture_open(&f, 4, sizeof(float));
    TEST_CHECK(cleave_ring_read(&f.ring, items, 1) == 0);
    TEST_CHECK(underruns(&f) == 1);
    TEST_CHECK(cleave_ring_read(&f.ring, items, 0) == 0);
    TEST_CHECK(underruns(&f) == 1);
    TEST_CHECK(cleave_ring_write(&f.ring, items, 5) == 4);
    TEST_CHECK(cleave_ring_write(&f.ring, items, 1) == 0);
    TEST_CHECK(overruns(&f) == 2);
    TEST_CHECK(cleave_ring_read(&f.ring, items, 4) == 4);
    TEST_CHECK(underruns(&f) == 1);

    TEST_CHECK(cleave_ring_write(&f.ring, items, 3) == 3);
    cleave_ring_reset(&f.ring);
    TEST_CHECK(cleave_ring_filled(&f.ring) == 0);
    TEST_CHECK(cleave_ring_read_regions(&f.ring, 0, 0, &r) == 0);
    TEST_CHECK(cleave_ring_write_regions(&f.ring, 4, &r) == 4);
    TEST_CHECK(overruns(&f) == 2);
    TEST_CHECK(underruns(&f) == 1);
    fixture_close(&f);
}

/* ---- two threads ----------------------------------------------------------------------------- */
typedef struct stream {
    fixture f;
    uint64_t items; /* that pass in all */
    uint64_t seed;
    uint64_t wrong;   /* items that were not the expected ones */
    uint64_t shorts;  /* requests that the ring could not meet in full, as the thread saw them */
    uint64_t beyond;  /* filled() outside of 0 .. capacity, or against its bound */
    uint64_t starved; /* the same of the other thread: each writes its own */
} stream;

/* splitmix64 (Steele, Lea, Flood, "Fast splittable pseudorandom number generators", 2014). */
static uint64_t mix(uint64_t x)
{
    x += 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

/* Block `index` of a side: 0 .. more than the ring holds, mostly small. */
static int64_t block_size(const stream *s, uint64_t side, uint64_t index)
{
    uint64_t random = mix(s->seed ^ (side << 60) ^ index);
    uint64_t below =
        random & 7 ? (uint64_t)s->f.ring.capacity / 3 : (uint64_t)s->f.ring.capacity + 9;

    return (int64_t)((random >> 8) % (below + 1));
}

static void fill(uint64_t *items, int64_t count, uint64_t first)
{
    for (int64_t i = 0; i < count; i++)
        items[i] = mix(first + (uint64_t)i);
}

static uint64_t differ(const uint64_t *items, int64_t count, uint64_t first)
{
    uint64_t wrong = 0;

    for (int64_t i = 0; i < count; i++)
        wrong += items[i] != mix(first + (uint64_t)i);
    return wrong;
}

static void *produce(void *argument)
{
    stream *s = argument;
    cleave_ring *ring = &s->f.ring;
    uint64_t *block = malloc(((size_t)ring->capacity + 16) * sizeof *block);
    uint64_t done = 0;

    for (uint64_t index = 0; done < s->items; index++) {
        int64_t want = cleave_i64_min(block_size(s, 1, index), (int64_t)(s->items - done)), n;

        if (index & 1) {
            fill(block, want, done);
            n = cleave_ring_write(ring, block, want);
        } else {
            cleave_ring_regions r;

            n = cleave_ring_write_regions(ring, want, &r);
            fill(r.first, r.first_count, done);
            fill(r.second, r.second_count, done + (uint64_t)r.first_count);
            cleave_ring_write_advance(ring, n);
        }
        done += (uint64_t)n;
        s->shorts += n < want;
        int64_t filled = cleave_ring_filled(ring);
        s->beyond += filled < 0 || filled > ring->capacity;
        if (n < want)
            sched_yield();
    }
    free(block);
    return NULL;
}

static void consume(stream *s)
{
    cleave_ring *ring = &s->f.ring;
    uint64_t *block = malloc(((size_t)ring->capacity + 16) * sizeof *block);
    uint64_t done = 0;

    for (uint64_t index = 0; done < s->items; index++) {
        int64_t want = cleave_i64_min(block_size(s, 2, index), (int64_t)(s->items - done));
        int64_t filled = cleave_ring_filled(ring), n;

        if (index % 3) {
            n = cleave_ring_read(ring, block, want);
            s->wrong += differ(block, n, done);
        } else {
            cleave_ring_regions r;

            n = cleave_ring_read_regions(ring, 0, want, &r);
            s->wrong += differ(r.first, r.first_count, done);
            s->wrong += differ(r.second, r.second_count, done + (uint64_t)r.first_count);
            cleave_ring_read_advance(ring, n);
        }
        /* What was said to wait must have been there. */
        s->wrong += n < cleave_i64_min(want, filled);
        done += (uint64_t)n;
        s->starved += n < want;
        if (n < want)
            sched_yield();
    }
    free(block);
}

/* 10^8 items, fewer where every access is watched; an environment variable overrides both. */
static uint64_t items_to_pass(void)
{
    const char *given = getenv("CLEAVE_TEST_ITEMS");

    if (given)
        return strtoull(given, NULL, 10);
    return TEST_SANITIZER[0] ? 2000000 : 100000000;
}

static void two_threads(void)
{
    static const int64_t capacities[] = {1, 3, 60, 1024, 16001};
    static const uint64_t permille[] = {1, 4, 45, 350,
                                        600}; /* of all items; small rings are slow */
    const uint64_t all = items_to_pass();
    uint64_t passed = 0, wrong = 0, beyond = 0, miscounted = 0;

    for (size_t i = 0; i < sizeof capacities / sizeof capacities[0]; i++) {
        stream s = {.items = all / 1000 * permille[i], .seed = i};
        pthread_t producer;

        fixture_open(&s.f, capacities[i], sizeof(uint64_t));
        if (!TEST_CHECK(pthread_create(&producer, NULL, produce, &s) == 0))
            return;
        consume(&s);
        pthread_join(producer, NULL);
        passed += s.items;
        wrong += s.wrong;
        beyond += s.beyond;
        miscounted += overruns(&s.f) != s.shorts;
        miscounted += underruns(&s.f) != s.starved;
        TEST_CHECK(s.f.ring.head == s.items);
        TEST_CHECK(s.f.ring.tail == s.items);
        fixture_close(&s.f);
    }
    TEST_CHECK(passed >= all / 1000 * 1000);
    TEST_CHECK(passed > 0);
    TEST_CHECK(wrong == 0);
    TEST_CHECK(beyond == 0);
    TEST_CHECK(miscounted == 0);
    printf("     %llu items passed\n", (unsigned long long)passed);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"ring: regions at all offsets", regions_at_all_offsets},
        {"ring: copies of all item sizes", copies_of_all_item_sizes},
        {"ring: counters go on through a reset", counters_and_reset},
        {"ring: order and value between two threads", two_threads},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
