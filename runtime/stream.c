/* stream.c: the data plane: push, flush, pull, reset, cancel. */
#include "runtime/engine.h"

#include <math.h>
#include <string.h>

#include "kernels/rearrange/rearrange.h"
#include "runtime/clock.h"
#include "runtime/exec.h"

/* Added to the deviation of a track, so that silence can be divided by it (Demucs 4.1). */
#define LEVEL_FLOOR 1e-8

_Static_assert(ATOMIC_INT_LOCK_FREE == 2,
               "a signal handler may cancel: it must not wait for a lock");

cleave_status cleave_push(cleave_engine *engine, const float *interleaved, int64_t frames,
                          int64_t *accepted)
{
    if (frames < 0 || (frames > 0 && !interleaved) ||
        atomic_load_explicit(&engine->flushed, memory_order_relaxed))
        return CLEAVE_INVALID;
    const int64_t count = frames > 0 ? cleave_ring_write(&engine->ring, interleaved, frames) : 0;
    atomic_fetch_add_explicit(&engine->frames_in, (uint64_t)count, memory_order_relaxed);
    *accepted = count;
    return count > 0 || frames == 0 ? CLEAVE_OK : CLEAVE_AGAIN;
}

cleave_status cleave_normalize(cleave_engine *engine, double mean, double deviation)
{
    if (!isfinite(mean) || !isfinite(deviation) || deviation < 0 || engine->started)
        return CLEAVE_INVALID;
    if (engine->normalizes)
        engine->level = (cleave_level){1, mean, deviation + LEVEL_FLOOR};
    return CLEAVE_OK;
}

cleave_status cleave_flush(cleave_engine *engine)
{
    /* Release: who sees the flag sees all frames that were pushed before it. */
    atomic_store_explicit(&engine->flushed, 1, memory_order_release);
    return CLEAVE_OK;
}

void cleave_cancel(cleave_engine *engine)
{
    /* Relaxed: the flag carries no data with it. */
    atomic_store_explicit(&engine->cancelled, 1, memory_order_relaxed);
}

void cleave_reset(cleave_engine *engine)
{
    cleave_ring_reset(&engine->ring);
    engine->device.calls->reset(&engine->run);
    engine->flight_count = 0;
    for (int32_t k = 0; k < engine->lane_count; k++)
        cleave_lane_reset(&engine->lane[k], engine);
    engine->tail = 0;
    engine->pulled = 0;
    engine->started = 0;
    engine->level = (cleave_level){0};
    atomic_store_explicit(&engine->flushed, 0, memory_order_relaxed);
    atomic_store_explicit(&engine->cancelled, 0, memory_order_relaxed);
}

/* out[c * stride + n] = in[n * C + c] */
static void deinterleave(const cleave_engine *engine, const float *in, int64_t count, float *out,
                         int64_t stride)
{
    const int32_t C = engine->channels;
    const cleave_rearrange_args args = {
        .in = in,
        .out = out,
        .size = {C, 1, 1, count},
        .in_stride = {1, 0, 0, C},
        .out_stride = {stride, 0, 0, 1},
    };

    if (count > 0)
        cleave_exec_op(&engine->ops, CLEAVE_OP_REARRANGE, &args, engine->workers);
}

void cleave_engine_read(cleave_engine *engine, int64_t from, int64_t frames, float *out,
                        int64_t stride)
{
    cleave_ring_regions regions;
    const int64_t count =
        cleave_ring_read_regions(&engine->ring, from - engine->tail, frames, &regions);

    assert(count == frames);
    (void)count;
    deinterleave(engine, regions.first, regions.first_count, out, stride);
    deinterleave(engine, regions.second, regions.second_count, out + regions.first_count, stride);
}

/* Samples of the track as a normalizing model sees them; rounded once. */
static void normalize(const cleave_level *level, float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = (float)(((double)x[i] - level->mean) / level->scale);
}

/* Gives the model the frames of the segment: what is outside the track is zero, and so are the ends
 * of longer rows. */
static void load(cleave_engine *engine, const cleave_segment *segment, int64_t track_frames,
                 float *input)
{
    const int64_t stride = cleave_i64_max(engine->ports.stride, segment->given);
    const int64_t from = cleave_i64_max(segment->read, 0),
                  to = cleave_i64_min(segment->read + segment->given, track_frames);
    const int64_t before = from - segment->read, count = to - from;

    assert(from < to);
    cleave_engine_read(engine, from, count, input + before, stride);
    for (int32_t c = 0; c < engine->channels; c++) {
        float *const row = input + c * stride;
        memset(row, 0, (size_t)before * sizeof(float));
        memset(row + before + count, 0, (size_t)(stride - before - count) * sizeof(float));
        if (engine->level.set)
            normalize(&engine->level, row + before, count);
    }
}

/* The segment that the lane begins next: as it is for a model of any length, else S frames of one
 * kind or the other. */
static cleave_segment next_segment(const cleave_engine *engine, const cleave_lane *lane,
                                   int64_t track_frames)
{
    const int64_t S = engine->segment_frames;

    if (engine->fit.memory)
        return cleave_segment_bare(lane->begun, S, track_frames);
    return engine->padded ? cleave_segment_padded(lane->begun, S, track_frames)
                          : cleave_segment_at(lane->begun, S, track_frames);
}

static cleave_lane *furthest_behind(const cleave_engine *engine)
{
    cleave_lane *lane = &engine->lane[0];

    for (int32_t k = 1; k < engine->lane_count; k++)
        if (engine->lane[k].next < lane->next)
            lane = &engine->lane[k];
    return lane;
}

/* The lane whose next segment is the next to be begun: lanes take turns in the same order as they
 * are blended. */
static cleave_lane *next_to_begin(const cleave_engine *engine)
{
    cleave_lane *lane = &engine->lane[0];

    for (int32_t k = 1; k < engine->lane_count; k++)
        if (engine->lane[k].begun < lane->begun)
            lane = &engine->lane[k];
    return lane;
}

/* A slot that no segment is in. */
static int32_t free_slot(const cleave_engine *engine)
{
    int32_t slot = 0;

    for (int32_t i = 0; i < engine->flight_count; i++)
        if (engine->flight[i].slot == slot) {
            slot++;
            i = -1;
        }
    return slot;
}

/* Lets the ring forget the frames that no segment and no output will read any more. */
static void forget(cleave_engine *engine, int64_t track_frames)
{
    int64_t keep = furthest_behind(engine)->next - engine->reach;

    if (engine->uses_mixture)
        keep = cleave_i64_min(keep, engine->pulled);
    keep = cleave_i64_min(keep, track_frames);
    if (keep <= engine->tail)
        return;
    cleave_ring_read_advance(&engine->ring, keep - engine->tail);
    engine->tail = keep;
}

/* What the consumer sees of the engine at one moment. */
typedef struct view {
    int flushed;
    int64_t received; /* frames of the track that were pushed */
    int64_t ready;    /* of these: finished and not yet pulled */
    cleave_lane *lane;
} view;

static view look(const cleave_engine *engine)
{
    /* The flag before the count: a flushed track does not grow. */
    const int flushed = atomic_load_explicit(&engine->flushed, memory_order_acquire);
    const int64_t received = engine->tail + cleave_ring_filled(&engine->ring);
    cleave_lane *const lane = furthest_behind(engine);

    return (view){
        .flushed = flushed,
        .received = received,
        .ready = cleave_i64_min(cleave_i64_max(lane->next, 0), received) - engine->pulled,
        .lane = lane,
    };
}

/* Whether all frames are there of the segment that starts at `start`. */
static int complete(const cleave_engine *engine, int64_t start, const view *now)
{
    return now->flushed || start + engine->segment_frames <= now->received;
}

/* Gives the device the next segment, if it is complete and there is a slot for it. A plan is fitted
 * to another length only when no segment is under way. *begun says whether it was given. */
static cleave_status begin(cleave_engine *engine, const view *now, int *begun)
{
    cleave_lane *const lane = next_to_begin(engine);

    *begun = 0;
    if (engine->flight_count == engine->slots || lane->begun >= now->received ||
        !complete(engine, lane->begun, now))
        return CLEAVE_OK;
    const cleave_segment segment = next_segment(engine, lane, now->received);
    if (segment.given != engine->fitted_frames && engine->flight_count > 0)
        return CLEAVE_OK;
    const cleave_status fitted = cleave_fit_to(engine, segment.given, NULL);
    assert(fitted == CLEAVE_OK); /* cleave_fit_try() has seen to it */
    (void)fitted;
    const cleave_device_calls *const device = engine->device.calls;
    const int32_t slot = free_slot(engine);
    engine->started = 1;
    load(engine, &segment, now->received, device->input(&engine->run, slot));
    const uint64_t start = cleave_clock_ns();
    const cleave_status status = device->start(
        &engine->run, slot, segment.given != engine->segment_frames, &engine->cancelled);
    atomic_fetch_add_explicit(&engine->compute_ns, cleave_clock_ns() - start, memory_order_relaxed);
    if (status != CLEAVE_OK)
        return status;
    engine->flight[engine->flight_count++] = (cleave_flight){lane, segment, slot};
    lane->begun += engine->stride;
    *begun = 1;
    return CLEAVE_OK;
}

/* Waits for the oldest segment under way and blends it. */
static cleave_status land(cleave_engine *engine)
{
    const cleave_flight flight = engine->flight[0];
    const float *output = NULL;
    const uint64_t start = cleave_clock_ns();

    const cleave_status status = engine->device.calls->finish(&engine->run, flight.slot, &output);
    atomic_fetch_add_explicit(&engine->compute_ns, cleave_clock_ns() - start, memory_order_relaxed);
    if (status != CLEAVE_OK)
        return status;
    engine->flight_count--;
    memmove(engine->flight, engine->flight + 1,
            (size_t)engine->flight_count * sizeof engine->flight[0]);
    cleave_lane_fold(flight.lane, engine, &flight.segment, output);
    atomic_fetch_add_explicit(&engine->segments, 1, memory_order_relaxed);
    return CLEAVE_OK;
}

/* Keeps the device busy: with several slots a segment is begun as soon as it is complete, with one
 * when its frames are asked for. */
static cleave_status begin_all(cleave_engine *engine, const view *now)
{
    cleave_status status = CLEAVE_OK;
    int begun = engine->slots > 1 || now->ready <= 0;

    while (begun && status == CLEAVE_OK)
        status = begin(engine, now, &begun);
    return status;
}

/* Whether pull should rather be given more frames than wait: there is a slot left for them. */
static int wants_more(cleave_engine *engine, const view *now)
{
    if (engine->flight_count == 0)
        return 1;
    return engine->flight_count < engine->slots && !now->flushed &&
           !engine->device.calls->is_done(&engine->run, engine->flight[0].slot);
}

cleave_status cleave_pull(cleave_engine *engine, float *const *stems, int64_t frames_max,
                          int64_t *frames)
{
    if (!stems || frames_max < 1)
        return CLEAVE_INVALID;
    for (;;) {
        const view now = look(engine);

        if (atomic_load_explicit(&engine->cancelled, memory_order_relaxed))
            return CLEAVE_CANCELLED;
        if (now.flushed && engine->pulled == now.received) {
            *frames = 0;
            return CLEAVE_END;
        }
        cleave_status status = begin_all(engine, &now);
        if (status != CLEAVE_OK)
            return status;
        if (now.ready > 0) {
            const int64_t count = cleave_i64_min(now.ready, frames_max);
            cleave_output_take(engine, count, stems);
            engine->pulled += count;
            forget(engine, now.received);
            atomic_fetch_add_explicit(&engine->frames_out, (uint64_t)count, memory_order_relaxed);
            *frames = count;
            return CLEAVE_OK;
        }
        if (wants_more(engine, &now)) {
            atomic_fetch_add_explicit(&engine->underruns, 1, memory_order_relaxed);
            *frames = 0;
            return CLEAVE_AGAIN;
        }
        status = land(engine);
        if (status != CLEAVE_OK)
            return status;
        forget(engine, now.received);
    }
}

/* Where the lane's first segment starts that starts at `target` or later. */
static int64_t start_from(const cleave_engine *engine, const cleave_lane *lane, int64_t target)
{
    const int64_t stride = engine->stride;

    return lane->next + cleave_i64_max(0, cleave_div_up(target - lane->next, stride)) * stride;
}

int64_t cleave_engine_skip(cleave_engine *engine)
{
    const view now = look(engine);
    /* Past the furthest lane's next segment, and past frame 0, before which there is none to give
     * up. */
    const int64_t target = cleave_i64_max(now.lane->next + engine->stride, 1);

    if (now.ready > 0 || engine->flight_count > 0 ||
        (now.flushed && engine->pulled == now.received))
        return 0;
    /* What one lane leaves out no lane may give: all of them move past it, or none. */
    for (int32_t k = 0; k < engine->lane_count; k++) {
        const int64_t next = start_from(engine, &engine->lane[k], target);
        if (next > engine->lane[k].next && !complete(engine, next - engine->stride, &now))
            return 0;
    }
    for (int32_t k = 0; k < engine->lane_count; k++)
        engine->lane[k].begun = engine->lane[k].next = start_from(engine, &engine->lane[k], target);
    const int64_t given_up = look(engine).ready;
    engine->started = 1;
    engine->pulled += given_up;
    forget(engine, now.received);
    return given_up;
}

void cleave_engine_stats(const cleave_engine *engine, cleave_stats *stats)
{
    *stats = (cleave_stats){
        .frames_in = atomic_load_explicit(&engine->frames_in, memory_order_relaxed),
        .frames_out = atomic_load_explicit(&engine->frames_out, memory_order_relaxed),
        .segments = atomic_load_explicit(&engine->segments, memory_order_relaxed),
        .input_overruns = atomic_load_explicit(&engine->ring.overruns, memory_order_relaxed),
        .input_underruns = atomic_load_explicit(&engine->underruns, memory_order_relaxed),
        .compute_ns = atomic_load_explicit(&engine->compute_ns, memory_order_relaxed),
    };
}
