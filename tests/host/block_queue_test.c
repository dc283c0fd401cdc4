/* block_queue_test.c: blocks come out in order and unchanged, whichever thread is slower; and both
 * sides learn that the other stops. */
#include "host/block_queue.h"
#include "tests/test.h"

#include <stdatomic.h>
#include <time.h>

#define STREAMS 3
#define SAMPLES 64
#define BLOCKS  300

/* What the consumer is to do, and what it saw. */
typedef struct consumer {
    int64_t sleep_ns;
    int32_t stop_at; /* block */
    atomic_int blocks;
    atomic_int wrong;
} consumer;

static void pause_ns(int64_t ns)
{
    if (ns > 0) {
        nanosleep(&(struct timespec){0, ns}, NULL);
    }
}

static float sample_at(int32_t block, int32_t stream, int32_t i)
{
    return test_uniform((uint64_t)block, (uint64_t)(stream * SAMPLES + i));
}

static int32_t frames_of(int32_t block)
{
    return 1 + block % SAMPLES;
}

static int consume(void *context, float *const *streams, int32_t frames)
{
    consumer *seen = context;
    int32_t block = atomic_fetch_add(&seen->blocks, 1);
    pause_ns(seen->sleep_ns);
    int wrong = frames != frames_of(block);
    for (int32_t s = 0; s < STREAMS; s++) {
        for (int32_t i = 0; i < frames; i++) {
            wrong |= streams[s][i] != sample_at(block, s, i);
            streams[s][i] = 0.0f;
        }
    }
    atomic_fetch_or(&seen->wrong, wrong);
    return block == seen->stop_at ? -1 : 0;
}

static block_queue *open_queue(consumer *seen, size_t bytes_most)
{
    block_queue *queue = NULL;
    const block_queue_config config = {STREAMS, SAMPLES, bytes_most, consume, seen};
    TEST_CHECK(block_queue_open(&queue, &config) == 0);
    return queue;
}

/* Puts blocks until all are or the queue takes no more; how many were put. */
static int32_t put_blocks(block_queue *queue, int64_t sleep_ns)
{
    for (int32_t block = 0; block < BLOCKS; block++) {
        float *streams[BLOCK_QUEUE_STREAMS_MAX];
        pause_ns(sleep_ns);
        if (block_queue_next(queue, streams) != 0) {
            return block;
        }
        for (int32_t s = 0; s < STREAMS; s++) {
            for (int32_t i = 0; i < frames_of(block); i++) {
                streams[s][i] = sample_at(block, s, i);
            }
        }
        block_queue_put(queue, frames_of(block));
    }
    return BLOCKS;
}

static void check_order(int64_t producer_ns, int64_t consumer_ns, size_t bytes_most)
{
    consumer seen = {.sleep_ns = consumer_ns, .stop_at = -1};
    block_queue *queue = open_queue(&seen, bytes_most);
    TEST_CHECK(put_blocks(queue, producer_ns) == BLOCKS);
    TEST_CHECK(block_queue_finish(queue) == 0);
    TEST_CHECK(atomic_load(&seen.blocks) == BLOCKS);
    TEST_CHECK(!atomic_load(&seen.wrong));
    block_queue_close(&queue);
    TEST_CHECK(queue == NULL);
}

static void keeps_order(void)
{
    check_order(0, 0, 0);
    check_order(0, 0, SIZE_MAX);
    check_order(20000, 0, 0);
    check_order(0, 20000, 16 * STREAMS * SAMPLES * sizeof(float));
}

static void is_bounded(void)
{
    size_t block = STREAMS * SAMPLES * sizeof(float);
    block_queue_config config = {STREAMS, SAMPLES, 0, consume, NULL};
    TEST_CHECK(block_queue_bytes(&config) == 2 * block);
    config.bytes_most = 9 * block + 1;
    TEST_CHECK(block_queue_bytes(&config) == 9 * block);
    config.bytes_most = SIZE_MAX;
    TEST_CHECK(block_queue_bytes(&config) == 64 * block);
}

/* A producer that waits for room is told, and so is one that has put its last block. */
static void consumer_stops(void)
{
    consumer seen = {.sleep_ns = 1000000, .stop_at = 5};
    block_queue *queue = open_queue(&seen, 0);
    int32_t put = put_blocks(queue, 0);
    TEST_CHECK(put > 5 && put <= 8);
    TEST_CHECK(block_queue_finish(queue) == -1);
    TEST_CHECK(atomic_load(&seen.blocks) == 6);
    block_queue_close(&queue);

    consumer last = {.stop_at = BLOCKS - 1};
    queue = open_queue(&last, 0);
    TEST_CHECK(put_blocks(queue, 0) == BLOCKS);
    TEST_CHECK(block_queue_finish(queue) == -1);
    block_queue_close(&queue);
}

/* What waits is dropped, not consumed. */
static void producer_closes(void)
{
    consumer seen = {.sleep_ns = 20000000, .stop_at = -1};
    block_queue *queue = open_queue(&seen, 16 * STREAMS * SAMPLES * sizeof(float));
    float *streams[BLOCK_QUEUE_STREAMS_MAX];
    for (int32_t block = 0; block < 8; block++) {
        TEST_CHECK(block_queue_next(queue, streams) == 0);
        block_queue_put(queue, 1);
    }
    block_queue_close(&queue);
    TEST_CHECK(atomic_load(&seen.blocks) <= 1);
    block_queue_close(&queue);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"order", keeps_order},
        {"bounded", is_bounded},
        {"consumer stops", consumer_stops},
        {"producer closes", producer_closes},
    };
    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
