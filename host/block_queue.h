/* block_queue.h: a bounded queue of blocks of samples and the thread that consumes them, so that
 * what becomes of blocks runs beside what makes them. They are consumed one at a time, in order. */
#ifndef CLEAVE_HOST_BLOCK_QUEUE_H
#define CLEAVE_HOST_BLOCK_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#define BLOCK_QUEUE_STREAMS_MAX 9 /* the stems, and what they were separated from */

/* Consumes a block, on the queue's thread: `frames` of every stream, interleaved; may change them.
 * Returns 0, or -1 to take no more. */
typedef int (*block_queue_consumer)(void *context, float *const *streams, int32_t frames);

typedef struct block_queue_config {
    int32_t streams;   /* 1..BLOCK_QUEUE_STREAMS_MAX */
    int64_t samples;   /* that a block has room for, of each stream */
    size_t bytes_most; /* of all blocks together; but there are at least two */
    block_queue_consumer consume;
    void *context;
} block_queue_config;

typedef struct block_queue block_queue;

/* Bytes of the blocks. */
size_t block_queue_bytes(const block_queue_config *config);

/* Starts the thread. Returns 0, or -1: no memory, or no thread, can be had. */
int block_queue_open(block_queue **opened, const block_queue_config *config);

/* Waits for a free block, and says where its streams lie. Returns 0, or -1 once the consumer takes
 * no more. */
int block_queue_next(block_queue *queue, float *streams[BLOCK_QUEUE_STREAMS_MAX]);

/* Hands that block over. */
void block_queue_put(block_queue *queue, int32_t frames);

/* Waits until all blocks are consumed, and ends the thread; then only close. Returns 0, or -1 if
 * the consumer did not take them all. */
int block_queue_finish(block_queue *queue);

/* Drops what was not consumed; waits for a block that just is. Safe on a pointer to NULL. */
void block_queue_close(block_queue **queue);

#endif
