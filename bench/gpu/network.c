/* network.c: whole networks on the GPU, by precision and by how many segments it has at a time. */
#include "bench/gpu/gpu.h"
#include "host/bench.h"

#include <stdlib.h>
#include <string.h>

#define SEGMENTS (2 * CLEAVE_BATCH_MAX) /* of a stream */
#define BLOCK    8192

static const char *const models[] = {"htdemucs", "hdemucs_mmi", "spleeter:4stems", "center"};

/* Pushes so many segments of noise through the engine, from samples to samples; the seconds that a
 * segment took, or a negative number with a sentence. */
static double stream_through(const gpu *g, cleave_engine *engine, const cleave_engine_info *info)
{
    const int64_t frames = SEGMENTS * info->stride_frames + info->segment_frames;
    float *const block = malloc((size_t)(BLOCK * info->channels) * sizeof *block);
    float *stems[CLEAVE_STEMS_MAX] = {NULL};
    cleave_status status = block ? CLEAVE_OK : CLEAVE_NO_MEMORY;
    int64_t pushed = 0, count;

    for (int64_t i = 0; block && i < BLOCK * info->channels; i++)
        block[i] = cleave_case_uniform(1, i);
    cleave_reset(engine);
    const double start = measure_seconds();
    while (status >= 0 && status != CLEAVE_END) {
        if (pushed < frames) {
            cleave_push(engine, block, cleave_i64_min(BLOCK, frames - pushed), &count);
            pushed += count;
        } else {
            cleave_flush(engine);
        }
        status = cleave_pull(engine, stems, BLOCK, &count);
    }
    const double seconds = measure_seconds() - start;
    free(block);
    if (status < 0) {
        printf("%s: %s\n", g->program, cleave_status_text(status));
        return -1;
    }
    return seconds * (double)info->stride_frames / (double)frames;
}

cleave_cost gpu_segment_cost(cleave_engine *engine, const cleave_engine_info *info)
{
    const size_t steps = (size_t)cleave_engine_step_count(engine);
    const size_t samples = (size_t)(info->segment_frames * info->channels);
    cleave_step_profile *const step = calloc(steps, sizeof *step);
    double *const seconds = calloc(steps + 1, sizeof *seconds);
    float *const segment = calloc(samples, sizeof *segment);
    const cleave_profile profile = {
        .runs = 1, .segment_seconds = seconds, .step_seconds = seconds + 1, .steps = step};
    cleave_cost cost = {0, 0};

    if (step && seconds && segment) {
        bench_signal(segment, 0, info->segment_frames, info->channels, info->rate_hz);
        if (cleave_engine_profile(engine, segment, &profile) == CLEAVE_OK)
            for (size_t i = 0; i < steps; i++) {
                cost.flops += step[i].flops;
                cost.bytes += step[i].bytes;
            }
    }
    free(segment);
    free(seconds);
    free(step);
    return cost;
}

static int run_batch(const gpu *g, const char *model, const cleave_config *config)
{
    cleave_engine *engine;
    cleave_engine_info info;
    cleave_error error;

    if (cleave_open(config, &engine, &error) != CLEAVE_OK) {
        printf("%s, batch %d: %s\n", model, (int)config->batch, error.message);
        return 0;
    }
    cleave_engine_info_get(engine, &info);
    gpu_row row = {
        .group = "network",
        .name = model,
        .test = "samples to samples",
        .precision = gpu_factors_name((cleave_factors)config->precision),
        .rated = (cleave_factors)config->precision,
        .batch = info.batch,
        .cost = gpu_segment_cost(engine, &info),
        .device_bytes = info.memory.device_bytes,
    };
    const double warm = stream_through(g, engine, &info);
    row.seconds = warm < 0 ? warm : stream_through(g, engine, &info);
    if (row.seconds > 0) {
        row.segments = 1 / row.seconds;
        row.realtime = (double)info.stride_frames / info.rate_hz / row.seconds;
        gpu_row_put(g, &row);
    }
    cleave_close(&engine);
    return row.seconds > 0;
}

static void run_precision(const gpu *g, const char *name, cleave_precision precision)
{
    const bench_options options = {.kind = BENCH_MODEL,
                                   .names = {name},
                                   .name_count = 1,
                                   .synthetic = strcmp(name, "center") != 0,
                                   .threads = 2,
                                   .device = CLEAVE_DEVICE_CUDA,
                                   .device_index = g->index,
                                   .precision = precision};
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    char message[CLEAVE_SENTENCE_BYTES];
    cleave_config config;
    open_model *model;

    if (!bench_open(&options, &model, &config, stems, message)) {
        printf("%s: %s\n", name, message);
        return;
    }
    for (config.batch = 1; config.batch <= CLEAVE_BATCH_MAX; config.batch *= 2)
        if (!run_batch(g, name, &config))
            break;
    model_close(&model);
}

void gpu_networks(gpu *g, char **words, int count)
{
    for (size_t m = 0; m < sizeof models / sizeof models[0]; m++)
        for (int p = CLEAVE_PRECISION_FP32; p <= CLEAVE_PRECISION_FP16; p++) {
            char name[64];
            snprintf(name, sizeof name, "network %s %s", models[m],
                     gpu_factors_name((cleave_factors)p));
            /* No product of `center` has factors that are rounded. */
            if (gpu_wanted(g, name, words, count) && (p == 0 || strcmp(models[m], "center") != 0))
                run_precision(g, models[m], (cleave_precision)p);
        }
}
