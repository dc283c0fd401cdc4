/* block_queue.c: a ring of blocks between two threads. */
#include "host/block_queue.h"

#include <pthread.h>
#include <stdlib.h>

#define BLOCKS_MAX 64

struct block_queue {
    block_queue_config config;
    int32_t blocks;
    float *samples; /* [blocks][streams][config.samples] */
    int32_t frames[BLOCKS_MAX];
    pthread_t thread;
    int running; /* it is to be joined */
    pthread_mutex_t mutex;
    pthread_cond_t moved; /* one of these did: */
    int64_t put, taken;   /* blocks, so far */
    int ended;            /* no more are put... */
    int stopped;          /* ...or taken */
};

static void *consume_blocks(void *argument);

static int32_t blocks_of(const block_queue_config *config)
{
    size_t bytes = (size_t)config->streams * (size_t)config->samples * sizeof(float);
    size_t blocks = config->bytes_most / bytes;
    return blocks < 2 ? 2 : blocks > BLOCKS_MAX ? BLOCKS_MAX : (int32_t)blocks;
}

size_t block_queue_bytes(const block_queue_config *config)
{
    return (size_t)blocks_of(config) * (size_t)config->streams * (size_t)config->samples *
           sizeof(float);
}

int block_queue_open(block_queue **opened, const block_queue_config *config)
{
    block_queue *queue = calloc(1, sizeof *queue);
    if (queue == NULL) {
        return -1;
    }
    queue->config = *config;
    queue->blocks = blocks_of(config);
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->moved, NULL);
    queue->samples = malloc(block_queue_bytes(config));
    queue->running =
        queue->samples != NULL && pthread_create(&queue->thread, NULL, consume_blocks, queue) == 0;
    if (!queue->running) {
        block_queue_close(&queue);
        return -1;
    }
    *opened = queue;
    return 0;
}

static void find_streams(const block_queue *queue, int64_t block,
                         float *streams[BLOCK_QUEUE_STREAMS_MAX])
{
    float *at =
        queue->samples + block % queue->blocks * queue->config.streams * queue->config.samples;
    for (int32_t i = 0; i < queue->config.streams; i++, at += queue->config.samples) {
        streams[i] = at;
    }
}

int block_queue_next(block_queue *queue, float *streams[BLOCK_QUEUE_STREAMS_MAX])
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->put - queue->taken == queue->blocks && !queue->stopped) {
        pthread_cond_wait(&queue->moved, &queue->mutex);
    }
    int status = queue->stopped ? -1 : 0;
    find_streams(queue, queue->put, streams);
    pthread_mutex_unlock(&queue->mutex);
    return status;
}

void block_queue_put(block_queue *queue, int32_t frames)
{
    pthread_mutex_lock(&queue->mutex);
    queue->frames[queue->put % queue->blocks] = frames;
    queue->put++;
    pthread_cond_signal(&queue->moved);
    pthread_mutex_unlock(&queue->mutex);
}

/* Says that no more blocks are put, or none are to be taken, and waits for the thread. */
static void end_thread(block_queue *queue, int *why)
{
    pthread_mutex_lock(&queue->mutex);
    *why = 1;
    pthread_cond_signal(&queue->moved);
    pthread_mutex_unlock(&queue->mutex);
    pthread_join(queue->thread, NULL);
    queue->running = 0;
}

int block_queue_finish(block_queue *queue)
{
    end_thread(queue, &queue->ended);
    return queue->stopped ? -1 : 0;
}

void block_queue_close(block_queue **handle)
{
    block_queue *queue = *handle;
    *handle = NULL;
    if (queue == NULL) {
        return;
    }
    if (queue->running) {
        end_thread(queue, &queue->stopped);
    }
    pthread_cond_destroy(&queue->moved);
    pthread_mutex_destroy(&queue->mutex);
    free(queue->samples);
    free(queue);
}

/* The thread. It waits only when there is no block, who puts only when all are full: never both. */
static void *consume_blocks(void *argument)
{
    block_queue *queue = argument;
    pthread_mutex_lock(&queue->mutex);
    for (;;) {
        float *streams[BLOCK_QUEUE_STREAMS_MAX];
        while (queue->put == queue->taken && !queue->ended && !queue->stopped) {
            pthread_cond_wait(&queue->moved, &queue->mutex);
        }
        if (queue->stopped || queue->put == queue->taken) {
            break;
        }
        int32_t frames = queue->frames[queue->taken % queue->blocks];
        find_streams(queue, queue->taken, streams);
        pthread_mutex_unlock(&queue->mutex);
        int status = queue->config.consume(queue->config.context, streams, frames);
        pthread_mutex_lock(&queue->mutex);
        queue->taken++;
        queue->stopped |= status != 0;
        pthread_cond_signal(&queue->moved);
    }
    pthread_mutex_unlock(&queue->mutex);
    return NULL;
}
