/* lane.c: one segmentation of the track and its result, cross-faded or added. */
#include "kernels/elementwise/elementwise.h"
#include "kernels/overlap_add/overlap_add.h"
#include "runtime/engine.h"
#include "runtime/exec.h"

#include <string.h>

void cleave_lane_reset(cleave_lane *lane, const cleave_engine *engine)
{
    lane->next = cleave_segment_first(lane->origin, engine->segment_frames, engine->stride);
    lane->begun = lane->next;
    lane->end = 0;
}

/* Forgets what stands at count places from `at` on: frames of long ago. */
static void clear(cleave_lane *lane, const cleave_engine *engine, int64_t at, int64_t count)
{
    const int64_t S = engine->segment_frames,
                  rows = (int64_t)engine->model_stems * engine->channels;

    if (lane->weight)
        memset(lane->weight + at, 0, (size_t)count * sizeof(float));
    for (int64_t r = 0; r < rows; r++)
        memset(lane->mean + r * S + at, 0, (size_t)count * sizeof(float));
}

/* gain = w / (W + w); W becomes W + w. */
static void add_weights(float *CLEAVE_RESTRICT weight, const float *CLEAVE_RESTRICT window,
                        float *CLEAVE_RESTRICT gain, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        const float sum = weight[i] + window[i];
        gain[i] = window[i] / sum;
        weight[i] = sum;
    }
}

/* mean += in, row by row. */
static void add(cleave_lane *lane, const cleave_engine *engine, const float *in, int64_t in_stride,
                int64_t at, int64_t count)
{
    for (int64_t r = 0; r < (int64_t)engine->model_stems * engine->channels; r++) {
        float *const sum = lane->mean + r * engine->segment_frames + at;
        const cleave_elementwise_args args = {
            .a = in + r * in_stride,
            .b = sum,
            .out = sum,
            .points = count,
            .x = 1,
            .y = 1,
            .kind = CLEAVE_ELEMENTWISE_ADD,
        };
        cleave_exec_op(&engine->ops, CLEAVE_OP_ELEMENTWISE, &args, engine->workers);
    }
}

/* Blends the frames [from, to), which do not wrap around in the accumulators. */
static void fold_run(cleave_lane *lane, const cleave_engine *engine, const cleave_segment *segment,
                     const float *output, int64_t from, int64_t to)
{
    const int64_t S = engine->segment_frames, at = from % S;
    const cleave_model_ports *const ports = &engine->ports;
    const int64_t fresh = cleave_i64_max(from, lane->end);

    if (fresh < to)
        clear(lane, engine, fresh % S, to - fresh);
    const float *const in = output + (from - segment->read);
    const int64_t in_stride = cleave_i64_max(ports->stride, segment->given);
    if (engine->adds) {
        add(lane, engine, in, in_stride, at, to - from);
        return;
    }
    add_weights(lane->weight + at, engine->window + (from - segment->start), engine->gain,
                to - from);
    const cleave_overlap_add_args args = {
        .in = in,
        .gain = engine->gain,
        .mean = lane->mean + at,
        .rows = engine->model_stems * engine->channels,
        .length = to - from,
        .in_stride = in_stride,
        .mean_stride = S,
    };
    cleave_exec_op(&engine->ops, CLEAVE_OP_OVERLAP_ADD, &args, engine->workers);
}

void cleave_lane_fold(cleave_lane *lane, const cleave_engine *engine, const cleave_segment *segment,
                      const float *output)
{
    const int64_t S = engine->segment_frames, end = segment->start + segment->frames;

    assert(segment->start == lane->next);
    assert(end <= engine->pulled + S);
    for (int64_t from = cleave_i64_max(segment->start, 0), to; from < end; from = to) {
        to = cleave_i64_min(end, from + S - from % S);
        fold_run(lane, engine, segment, output, from, to);
    }
    lane->end = cleave_i64_max(lane->end, end);
    lane->next += engine->stride;
}
