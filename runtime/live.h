/* live.h: the inside of a live object, shared by the files that make it up.
 *
 *     process, push -> input ring -> [thread: engine's push, pull] -> output ring -> process, pull
 *
 * The engine belongs to the thread. Positions count the frames of the track from 0, on both sides
 * alike: a frame that is missing is a gap in a ring, and the engine hears silence for it. */
#ifndef CLEAVE_RUNTIME_LIVE_H
#define CLEAVE_RUNTIME_LIVE_H

#include <pthread.h>
#include <semaphore.h>

#include "runtime/engine.h"
#include "runtime/gap_ring.h"

/* Frames of silence that the thread gives the engine at a time. */
#define CLEAVE_LIVE_SILENCE_FRAMES 1024

/* What the thread is asked to do besides. */
typedef enum cleave_live_command {
    CLEAVE_LIVE_NONE,
    CLEAVE_LIVE_WAIT, /* to answer when there is nothing left to do */
    CLEAVE_LIVE_RESET,
    CLEAVE_LIVE_QUIT
} cleave_live_command;

struct cleave_live {
    cleave_live_info info;
    void *owned; /* the arena, if cleave_live_open() allocated it */
    cleave_engine *engine;
    pthread_t thread;
    float *silence;                /* [CLEAVE_LIVE_SILENCE_FRAMES][C] */
    float *rest[CLEAVE_STEMS_MAX]; /* of stem s > 0, as large as the output ring's own storage,
                                    * which is stem 0's; they share its positions */

    cleave_gap_ring in;  /* frames [C]; room is made by the thread */
    cleave_gap_ring out; /* frames [C] of every stem; filled by the thread */

    /* The producer's. */
    _Alignas(
        CLEAVE_ALIGN_BYTES) int64_t offered; /* frames of the track, those that were lost too */
    int64_t lost;                            /* frames that were lost since the last gap was made */

    /* The consumer's. */
    _Alignas(CLEAVE_ALIGN_BYTES) int64_t lead; /* frames of silence yet to give before the track */
    int64_t next;                              /* position of the output ring's first frame */
    int64_t wanted;                            /* position of the frame to give next */

    /* The thread's. */
    _Alignas(CLEAVE_ALIGN_BYTES) int64_t fed; /* frames of the track that the engine was given */
    int64_t filled_gap; /* frames of silence that the engine was given for the gap at hand */
    int64_t made;       /* position behind the last frame that was pulled or given up */
    int64_t given_up;   /* frames of these that are not yet a gap of the output ring */
    int64_t awaited;    /* frames the input ring must have had for there to be something to do */
    int32_t finished;   /* the engine was flushed */

    /* Between the threads; live_thread.c and live_stream.c say what each orders. */
    _Alignas(CLEAVE_ALIGN_BYTES) _Atomic uint64_t wake_head;
    _Atomic int wake_room;
    _Atomic int64_t due;
    _Atomic int flushed, complete, failed, command, posted;
    sem_t wake, answer;

    _Atomic uint64_t frames_in, frames_out, underruns, underrun_frames, overruns, overrun_frames,
        skipped_frames, worst_block_ns, worst_segment_ns;
};

/* Of a counter that one thread writes: relaxed, since a figure carries nothing with it. */
static inline void cleave_live_count(_Atomic uint64_t *counter, uint64_t more)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + more,
                          memory_order_relaxed);
}

/* The same of a maximum. */
static inline void cleave_live_worst(_Atomic uint64_t *worst, uint64_t value)
{
    if (value > atomic_load_explicit(worst, memory_order_relaxed))
        atomic_store_explicit(worst, value, memory_order_relaxed);
}

/* live.c. cleave_live_open() for a model that need not be in the list; NULL: the one that the
 * configuration names. */
cleave_status cleave_live_open_model(const cleave_model *model, const cleave_live_config *config,
                                     cleave_live **live, cleave_error *error);

/* live_thread.c. Starts the thread; CLEAVE_SYSTEM if that cannot be. */
cleave_status cleave_live_thread_start(cleave_live *live);

/* live_thread.c. Ends and joins it. */
void cleave_live_thread_stop(cleave_live *live);

/* live_thread.c. Puts everything but the engine at the beginning of a track. */
void cleave_live_rewind(cleave_live *live);

/* live_thread.c. Makes the thread look again. Never blocks. */
void cleave_live_wake(cleave_live *live);

#endif
