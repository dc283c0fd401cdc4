/* output.c: from the lanes' results to the caller's stems. */
#include "kernels/mix/mix.h"
#include "kernels/overlap_add/overlap_add.h"
#include "kernels/rearrange/rearrange.h"
#include "runtime/engine.h"
#include "runtime/exec.h"

/* blended[I][C][count] = mean over the lanes of the frames from `at` on, which do not wrap around.
 * A running mean, so that lanes that agree give their value bit for bit. */
static void blend_lanes(const cleave_engine *engine, int64_t at, int64_t count)
{
    const int64_t S = engine->segment_frames;
    const int32_t rows = engine->model_stems * engine->channels;
    const cleave_rearrange_args copy = {
        .in = engine->lane[0].mean + at,
        .out = engine->blended,
        .size = {rows, 1, 1, count},
        .in_stride = {S, 0, 0, 1},
        .out_stride = {count, 0, 0, 1},
    };

    cleave_exec_op(&engine->ops, CLEAVE_OP_REARRANGE, &copy, engine->workers);
    for (int32_t k = 1; k < engine->lane_count; k++) {
        for (int64_t i = 0; i < count; i++)
            engine->gain[i] = 1.0f / (float)(k + 1);
        const cleave_overlap_add_args add = {
            .in = engine->lane[k].mean + at,
            .gain = engine->gain,
            .mean = engine->blended,
            .rows = rows,
            .length = count,
            .in_stride = S,
            .mean_stride = count,
        };
        cleave_exec_op(&engine->ops, CLEAVE_OP_OVERLAP_ADD, &add, engine->workers);
    }
}

/* Stems of the normalized track, brought back to its level; rounded once. */
static void restore_level(const cleave_engine *engine, int64_t count)
{
    const cleave_level *const level = &engine->level;
    const int64_t values = (int64_t)engine->model_stems * engine->channels * count;

    for (int64_t i = 0; i < values; i++)
        engine->blended[i] = (float)((double)engine->blended[i] * level->scale + level->mean);
}

static void apply_matrix(const cleave_engine *engine, int64_t count)
{
    const int64_t length = engine->channels * count;
    const cleave_mix_args mix = {
        .in = engine->blended,
        .matrix = engine->matrix,
        .out = engine->mixed,
        .inputs = engine->model_stems + (engine->uses_mixture ? 1 : 0),
        .outputs = engine->info.stem_count,
        .length = length,
        .in_stride = length,
        .out_stride = length,
    };

    cleave_exec_op(&engine->ops, CLEAVE_OP_MIX, &mix, engine->workers);
}

static void interleave(const cleave_engine *engine, const float *planar, float *out, int64_t count)
{
    const int32_t C = engine->channels;
    const cleave_rearrange_args args = {
        .in = planar,
        .out = out,
        .size = {C, 1, 1, count},
        .in_stride = {count, 0, 0, 1},
        .out_stride = {1, 0, 0, C},
    };

    cleave_exec_op(&engine->ops, CLEAVE_OP_REARRANGE, &args, engine->workers);
}

void cleave_output_take(cleave_engine *engine, int64_t frames, float *const *stems)
{
    const int64_t S = engine->segment_frames, C = engine->channels, I = engine->model_stems;

    for (int64_t done = 0, count; done < frames; done += count) {
        const int64_t from = engine->pulled + done, at = from % S;
        count = cleave_i64_min(cleave_i64_min(frames - done, CLEAVE_OUTPUT_BLOCK), S - at);
        blend_lanes(engine, at, count);
        if (engine->level.set)
            restore_level(engine, count);
        if (engine->uses_mixture)
            cleave_engine_read(engine, from, count, engine->blended + I * C * count, count);
        apply_matrix(engine, count);
        for (int32_t o = 0; o < engine->info.stem_count; o++)
            if (stems[o])
                interleave(engine, engine->mixed + o * C * count, stems[o] + done * C, count);
    }
}
