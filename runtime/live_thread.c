/* live_thread.c: the thread of a live object: it feeds the engine, computes, and hands over. */
#include "runtime/live.h"

#include <errno.h>

#include "runtime/clock.h"
#include "runtime/thread.h"

/* ---- waking ----------------------------------------------------------------------------------
 * `posted` is 1 from a wake-up to the moment at which the thread has taken it, so that the
 * semaphore never counts higher. Both sides exchange it: the thread's exchange reads what the last
 * waker's wrote, acquires, and so sees all that this waker did before. */
void cleave_live_wake(cleave_live *live)
{
    if (!atomic_exchange_explicit(&live->posted, 1, memory_order_acq_rel))
        sem_post(&live->wake);
}

static void semaphore_wait(sem_t *semaphore)
{
    while (sem_wait(semaphore) && errno == EINTR)
        ;
}

static void sleep_until_woken(cleave_live *live)
{
    semaphore_wait(&live->wake);
    atomic_exchange_explicit(&live->posted, 0, memory_order_acq_rel);
}

/* Says when to be woken. Whoever writes frames or makes room then exchanges or adds to the same
 * variable: either that comes later and finds what is stored here, or this comes later, acquires
 * and sees the frames or the room when the thread looks once more. */
static void arm(cleave_live *live)
{
    const uint64_t head = live->finished
                              ? UINT64_MAX
                              : atomic_load_explicit(&live->in.ring.tail, memory_order_relaxed) +
                                    (uint64_t)live->awaited;

    atomic_exchange_explicit(&live->wake_head, head, memory_order_acq_rel);
    atomic_exchange_explicit(&live->wake_room, 1, memory_order_acq_rel);
}

/* ---- input to engine ------------------------------------------------------------------------- */
/* Pushes `frames`, or as many as the engine has room for; returns how many. */
static int64_t push(cleave_live *live, const float *interleaved, int64_t frames)
{
    int64_t accepted = 0;
    const cleave_status status = cleave_push(live->engine, interleaved, frames, &accepted);

    assert(status == CLEAVE_OK || status == CLEAVE_AGAIN);
    (void)status;
    live->fed += accepted;
    return accepted;
}

/* Moves what the input ring holds, gaps as silence, into the engine, and the end of the track.
 * Returns whether there was any. */
static int feed(cleave_live *live)
{
    /* The flag before the frames: a flushed track does not grow. */
    const int flushed = atomic_load_explicit(&live->flushed, memory_order_acquire);
    cleave_ring_regions from;
    int64_t gap;
    const int64_t frames = cleave_gap_ring_look(&live->in, &gap);

    if (live->finished)
        return 0;
    if (frames > 0) {
        cleave_ring_read_regions(&live->in.ring, 0, frames, &from);
        const int64_t accepted = push(live, from.first, from.first_count);
        cleave_ring_read_advance(&live->in.ring, accepted);
        return accepted > 0;
    }
    if (gap) {
        const int64_t accepted =
            push(live, live->silence,
                 cleave_i64_min(gap - live->filled_gap, CLEAVE_LIVE_SILENCE_FRAMES));
        live->filled_gap += accepted;
        if (live->filled_gap == gap) {
            live->filled_gap = 0;
            cleave_gap_ring_pass(&live->in);
        }
        return accepted > 0;
    }
    if (!flushed)
        return 0;
    cleave_flush(live->engine);
    live->finished = 1;
    return 1;
}

/* ---- engine to output ------------------------------------------------------------------------ */
/* Gives up segments that come too late: the consumer has passed their first frame, and gave silence
 * for it. Returns whether there was one. `due` is read relaxed: it is a hint, and carries nothing
 * with it. */
static int skip(cleave_live *live)
{
    int64_t frames = 0, all = 0;

    while (atomic_load_explicit(&live->due, memory_order_relaxed) > live->made &&
           (frames = cleave_engine_skip(live->engine)) > 0) {
        live->made += frames;
        all += frames;
    }
    live->given_up += all;
    cleave_live_count(&live->skipped_frames, (uint64_t)all);
    return all > 0;
}

/* Frames of every stem that can be written in one piece, and where. */
static int64_t room(cleave_live *live, float *stems[CLEAVE_STEMS_MAX])
{
    cleave_ring_regions to;

    cleave_ring_write_regions(&live->out.ring, cleave_gap_ring_room(&live->out), &to);
    if (!to.first_count)
        return 0;
    const size_t at = (size_t)((unsigned char *)to.first - live->out.ring.data) / sizeof(float);
    stems[0] = to.first;
    for (int32_t s = 1; s < live->info.engine.stem_count; s++)
        stems[s] = live->rest[s] + at;
    return to.first_count;
}

/* What the engine must be given for the next frame: after the first one, all of its segment. */
static int64_t frames_missing(const cleave_live *live)
{
    if (!live->made)
        return 1;
    return cleave_i64_max(1, live->made + live->info.engine.segment_frames - live->fed);
}

/* Pulls into the output ring. Returns whether it is worth going on. */
static int pull(cleave_live *live)
{
    float *stems[CLEAVE_STEMS_MAX];
    int64_t frames;

    if (live->given_up && !cleave_gap_ring_leave(&live->out, live->given_up))
        return 0;
    live->given_up = 0;
    const int64_t frames_max = room(live, stems);
    if (!frames_max)
        return 0;
    const uint64_t before = cleave_clock_ns();
    const cleave_status status = cleave_pull(live->engine, stems, frames_max, &frames);
    switch (status) {
    case CLEAVE_OK:
        cleave_live_worst(&live->worst_segment_ns, cleave_clock_ns() - before);
        cleave_ring_write_advance(&live->out.ring, frames);
        live->made += frames;
        return 1;
    case CLEAVE_AGAIN:
        live->awaited = frames_missing(live);
        return 0;
    case CLEAVE_END:
        /* Release: who sees the flag sees all frames of the track in the ring. */
        atomic_store_explicit(&live->complete, 1, memory_order_release);
        return 0;
    default:
        /* Relaxed: the status carries nothing with it. */
        atomic_store_explicit(&live->failed, status, memory_order_relaxed);
        return 0;
    }
}

/* One round; returns whether there may be more to do. */
static int step(cleave_live *live)
{
    if (atomic_load_explicit(&live->failed, memory_order_relaxed) ||
        atomic_load_explicit(&live->complete, memory_order_relaxed))
        return 0;
    live->awaited = 1;
    const int fed = feed(live), skipped = skip(live);
    return pull(live) || fed || skipped;
}

/* ---- the thread ------------------------------------------------------------------------------ */
void cleave_live_rewind(cleave_live *live)
{
    cleave_gap_ring_reset(&live->in);
    cleave_gap_ring_reset(&live->out);
    live->offered = live->lost = 0;
    live->lead = live->info.latency_frames;
    live->next = live->wanted = 0;
    live->fed = live->filled_gap = live->made = live->given_up = 0;
    live->finished = 0;
    /* Relaxed: the other threads are quiet, and meet this one at the answer or at their start. */
    atomic_store_explicit(&live->due, 0, memory_order_relaxed);
    atomic_store_explicit(&live->flushed, 0, memory_order_relaxed);
    atomic_store_explicit(&live->complete, 0, memory_order_relaxed);
    atomic_store_explicit(&live->failed, CLEAVE_OK, memory_order_relaxed);
}

static void answer(cleave_live *live)
{
    /* Relaxed: the semaphore orders it. */
    atomic_store_explicit(&live->command, CLEAVE_LIVE_NONE, memory_order_relaxed);
    sem_post(&live->answer);
}

static void *thread_main(void *argument)
{
    cleave_live *const live = argument;
    int armed = 0;

    pthread_setname_np(pthread_self(), "cleave live");
    for (;;) {
        /* Acquire: what came before the command is seen, frames to wait for among it, and a
         * cancelled engine to reset. */
        const int command = atomic_load_explicit(&live->command, memory_order_acquire);
        if (command == CLEAVE_LIVE_QUIT)
            return NULL;
        if (command == CLEAVE_LIVE_RESET) {
            cleave_reset(live->engine);
            cleave_live_rewind(live);
            answer(live);
        }
        if (step(live)) {
            armed = 0;
        } else if (command == CLEAVE_LIVE_WAIT) {
            answer(live);
        } else if (!armed) {
            arm(live);
            armed = 1; /* and look once more */
        } else {
            sleep_until_woken(live);
            armed = 0;
        }
    }
}

static void send(cleave_live *live, cleave_live_command command)
{
    /* Release: the thread sees what came before. */
    atomic_store_explicit(&live->command, command, memory_order_release);
    cleave_live_wake(live);
}

cleave_status cleave_live_thread_start(cleave_live *live)
{
    if (sem_init(&live->wake, 0, 0))
        return CLEAVE_SYSTEM;
    if (sem_init(&live->answer, 0, 0)) {
        sem_destroy(&live->wake);
        return CLEAVE_SYSTEM;
    }
    if (cleave_thread_start(&live->thread, thread_main, live)) {
        /* What the system does for a thread's first steps is done once the object is open. */
        cleave_live_wait(live);
        return CLEAVE_OK;
    }
    sem_destroy(&live->answer);
    sem_destroy(&live->wake);
    return CLEAVE_SYSTEM;
}

void cleave_live_thread_stop(cleave_live *live)
{
    cleave_cancel(live->engine);
    send(live, CLEAVE_LIVE_QUIT);
    pthread_join(live->thread, NULL);
    sem_destroy(&live->answer);
    sem_destroy(&live->wake);
}

void cleave_live_wait(cleave_live *live)
{
    send(live, CLEAVE_LIVE_WAIT);
    semaphore_wait(&live->answer);
}

void cleave_live_reset(cleave_live *live)
{
    /* Before the command, whose receipt undoes it. */
    cleave_cancel(live->engine);
    send(live, CLEAVE_LIVE_RESET);
    semaphore_wait(&live->answer);
}
