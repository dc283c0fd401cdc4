/* live_stream.c: the data plane of a live object: process, push, pull, flush. It copies. */
#include "runtime/live.h"

#include <string.h>

#include "runtime/clock.h"

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2,
               "what a callback does takes no lock");

/* ---- input ----------------------------------------------------------------------------------- */
/* Tells the thread if what it waits for is there. Adding nothing reads the newest value, and
 * releases the frames to the thread's next exchange of it; see arm(). */
static void wake_for_frames(cleave_live *live)
{
    const uint64_t awaited = atomic_fetch_add_explicit(&live->wake_head, 0, memory_order_acq_rel);

    if (atomic_load_explicit(&live->in.ring.head, memory_order_relaxed) >= awaited)
        cleave_live_wake(live);
}

/* Writes what there is room for; returns how much. */
static int64_t write_input(cleave_live *live, const float *interleaved, int64_t frames)
{
    const int64_t count = cleave_ring_write(&live->in.ring, interleaved, frames);

    live->offered += count;
    cleave_live_count(&live->frames_in, (uint64_t)count);
    if (count)
        wake_for_frames(live);
    return count;
}

static void lose(cleave_live *live, int64_t frames)
{
    live->offered += frames;
    live->lost += frames;
    cleave_live_count(&live->overrun_frames, (uint64_t)frames);
}

/* Takes all frames: what has no room is lost. Once something was lost, nothing is written before
 * a whole block has room and the gap can be made. */
static void take_input(cleave_live *live, const float *interleaved, int64_t frames)
{
    if (live->lost) {
        if (cleave_gap_ring_room(&live->in) < live->info.block_frames_max ||
            !cleave_gap_ring_leave(&live->in, live->lost)) {
            lose(live, frames);
            return;
        }
        live->lost = 0;
    }
    const int64_t count = write_input(live, interleaved, frames);
    if (count == frames)
        return;
    cleave_live_count(&live->overruns, 1);
    lose(live, frames - count);
}

/* ---- output ---------------------------------------------------------------------------------- */
/* Tells the thread, if it has waited since it was told last, that there is room. As
 * wake_for_frames(). */
static void wake_for_room(cleave_live *live)
{
    if (atomic_exchange_explicit(&live->wake_room, 0, memory_order_acq_rel))
        cleave_live_wake(live);
}

static void silence(const cleave_live *live, float *const *stems, int64_t at, int64_t frames)
{
    const int64_t C = live->info.engine.channels;

    for (int32_t s = 0; s < live->info.engine.stem_count; s++)
        if (stems[s])
            memset(stems[s] + at * C, 0, (size_t)(frames * C) * sizeof(float));
}

/* Frees frames of the output ring. */
static void advance(cleave_live *live, int64_t frames)
{
    cleave_ring_read_advance(&live->out.ring, frames);
    live->next += frames;
}

/* Copies `frames` frames of the output ring, which has them, to stems from frame `at` on. */
static void copy(cleave_live *live, float *const *stems, int64_t at, int64_t frames)
{
    const int64_t C = live->info.engine.channels;
    const size_t frame_bytes = (size_t)C * sizeof(float);
    cleave_ring_regions from;

    cleave_ring_read_regions(&live->out.ring, 0, frames, &from);
    const float *const own = (const float *)live->out.ring.data;
    const int64_t start = (const float *)from.first - own;
    for (int32_t s = 0; s < live->info.engine.stem_count; s++) {
        const float *const data = s ? live->rest[s] : own;
        if (!stems[s])
            continue;
        memcpy(stems[s] + at * C, data + start, (size_t)from.first_count * frame_bytes);
        memcpy(stems[s] + (at + from.first_count) * C, data,
               (size_t)from.second_count * frame_bytes);
    }
    advance(live, frames);
    live->wanted += frames;
    cleave_live_count(&live->frames_out, (uint64_t)frames);
}

/* Gives what the output ring has, up to frames_max, to stems from frame `at` on. Frames that were
 * due before are dropped, and gaps passed. Returns how many, of the track's own or silent ones of a
 * gap, which are added to *missing. Ends, since the thread makes a frame or a gap only of frames
 * that were pushed. */
static int64_t take_output(cleave_live *live, float *const *stems, int64_t at, int64_t frames_max,
                           int64_t *missing)
{
    int64_t done = 0;

    while (done < frames_max) {
        int64_t gap;
        const int64_t there = cleave_gap_ring_look(&live->out, &gap);
        const int64_t ahead = live->next - live->wanted; /* of what is asked for; < 0: late */
        const int64_t left = frames_max - done;
        if (ahead > 0) {
            const int64_t frames = cleave_i64_min(ahead, left);
            silence(live, stems, at + done, frames);
            live->wanted += frames;
            *missing += frames;
            done += frames;
        } else if (!there && gap) {
            cleave_gap_ring_pass(&live->out);
            live->next += gap;
        } else if (!there) {
            break;
        } else if (ahead < 0) {
            advance(live, cleave_i64_min(there, -ahead));
        } else {
            const int64_t frames = cleave_i64_min(there, left);
            copy(live, stems, at + done, frames);
            done += frames;
        }
    }
    wake_for_room(live);
    return done;
}

/* ---- the calls ------------------------------------------------------------------------------- */
/* Gives a block: silence before the track, the track, silence behind its end. */
static void give(cleave_live *live, float *const *stems, int64_t frames, int flushed)
{
    const int64_t before = cleave_i64_min(frames, live->lead);
    const int64_t due =
        flushed ? cleave_i64_min(frames - before, live->offered - live->wanted) : frames - before;
    int64_t missing = 0;

    silence(live, stems, 0, before);
    live->lead -= before;
    int64_t done = before + take_output(live, stems, before, due, &missing);
    missing += before + due - done;
    live->wanted += before + due - done;
    silence(live, stems, done, frames - done);
    /* Relaxed: the thread takes it for a hint. */
    atomic_store_explicit(&live->due, live->wanted, memory_order_relaxed);
    if (missing) {
        cleave_live_count(&live->underruns, 1);
        cleave_live_count(&live->underrun_frames, (uint64_t)missing);
    }
}

cleave_status cleave_live_process(cleave_live *live, const float *interleaved, float *const *stems,
                                  int64_t frames)
{
    const uint64_t start = cleave_clock_ns();
    /* Relaxed: flush is a call of this thread. */
    const int flushed = atomic_load_explicit(&live->flushed, memory_order_relaxed);

    if (frames < 0 || frames > live->info.block_frames_max || !stems ||
        (frames > 0 && !interleaved && !flushed))
        return CLEAVE_INVALID;
    if (!flushed)
        take_input(live, interleaved, frames);
    give(live, stems, frames, flushed);
    cleave_live_worst(&live->worst_block_ns, cleave_clock_ns() - start);
    const int failed = atomic_load_explicit(&live->failed, memory_order_relaxed);
    if (failed)
        return (cleave_status)failed;
    return flushed && live->lead == 0 && live->wanted == live->offered ? CLEAVE_END : CLEAVE_OK;
}

cleave_status cleave_live_push(cleave_live *live, const float *interleaved, int64_t frames,
                               int64_t *accepted)
{
    if (frames < 0 || (frames > 0 && !interleaved) ||
        atomic_load_explicit(&live->flushed, memory_order_relaxed))
        return CLEAVE_INVALID;
    const int64_t count = frames > 0 ? write_input(live, interleaved, frames) : 0;
    *accepted = count;
    return count > 0 || frames == 0 ? CLEAVE_OK : CLEAVE_AGAIN;
}

cleave_status cleave_live_pull(cleave_live *live, float *const *stems, int64_t frames_max,
                               int64_t *frames)
{
    int64_t missing = 0;

    if (!stems || frames_max < 1)
        return CLEAVE_INVALID;
    /* The flag before the frames: the thread adds none to a track that is complete. */
    const int complete = atomic_load_explicit(&live->complete, memory_order_acquire);
    const int64_t count = take_output(live, stems, 0, frames_max, &missing);
    const int failed = atomic_load_explicit(&live->failed, memory_order_relaxed);
    if (count || !failed)
        *frames = count;
    if (count)
        return CLEAVE_OK;
    return failed ? (cleave_status)failed : complete ? CLEAVE_END : CLEAVE_AGAIN;
}

cleave_status cleave_live_flush(cleave_live *live)
{
    /* Release: who sees the flag sees all frames that were pushed before it. */
    atomic_store_explicit(&live->flushed, 1, memory_order_release);
    cleave_live_wake(live);
    return CLEAVE_OK;
}

cleave_status cleave_live_normalize(cleave_live *live, double mean, double deviation)
{
    /* The thread computes nothing of a track that has no frame. */
    if (live->offered > 0 || atomic_load_explicit(&live->flushed, memory_order_relaxed))
        return CLEAVE_INVALID;
    return cleave_normalize(live->engine, mean, deviation);
}
