/* bench_model.c: `cleave bench model`: a segment of a model, run again and again. */
#include "host/bench.h"

#include "host/commands.h"
#include "host/json.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WARMUPS     2
#define TRACK_BLOCK 4096

/* What a profile fills. */
typedef struct buffers {
    float *segment;
    double *segment_seconds, *step_seconds;
    cleave_step_profile *profiles;
} buffers;

void bench_signal(float *out, int64_t from, int64_t frames, int32_t channels, int32_t rate_hz)
{
    int64_t beat = rate_hz / 2;
    for (int64_t n = 0; n < frames; n++) {
        double t = (double)(from + n) / rate_hz;
        double hit = exp(-12 * (double)((from + n) % beat) / rate_hz);
        for (int32_t c = 0; c < channels; c++) {
            /* Knuth's multiplicative hash, spread by its upper half. */
            uint64_t mixed =
                (uint64_t)((from + n) * CLEAVE_CHANNELS_MAX + c + 1) * 0x9E3779B97F4A7C15u;
            double noise =
                (double)((mixed ^ mixed >> 32) * 0x9E3779B97F4A7C15u >> 40) * 0x1p-23 - 1;
            out[n * channels + c] = (float)(0.2 * sin(1382.3 * t) + 0.2 * sin(1741.6 * t + c) +
                                            0.3 * hit * noise + 0.02 * noise);
        }
    }
}

double bench_realtime(const bench_report *report)
{
    return (double)report->info.stride_frames / report->info.rate_hz / report->segment.median;
}

/* Pushes and pulls until all has come out. */
static void play(cleave_engine *engine, const float *track, int64_t total, int32_t channels,
                 float *const *stems)
{
    cleave_status status = CLEAVE_OK;
    int64_t in = 0;
    int64_t count = 0;
    while (status >= 0 && status != CLEAVE_END) {
        if (in < total) {
            int64_t rest = total - in < TRACK_BLOCK ? total - in : TRACK_BLOCK;
            cleave_push(engine, track + in * channels, rest, &count);
            in += count;
        }
        if (in == total) {
            cleave_flush(engine);
        }
        status = cleave_pull(engine, stems, TRACK_BLOCK, &count);
    }
}

double bench_track(cleave_engine *engine, double seconds)
{
    cleave_engine_info info;
    cleave_engine_info_get(engine, &info);
    int64_t total = llround(seconds * info.rate_hz);
    size_t block = (size_t)TRACK_BLOCK * (size_t)info.channels;
    float *track = malloc((size_t)total * (size_t)info.channels * sizeof *track);
    float *room = malloc((size_t)info.stem_count * block * sizeof *room);
    float *stems[CLEAVE_STEMS_MAX];
    double wall = -1;
    if (track != NULL && room != NULL) {
        for (int32_t s = 0; s < info.stem_count; s++) {
            stems[s] = room + (size_t)s * block;
        }
        bench_signal(track, 0, total, info.channels, info.rate_hz);
        double start = measure_seconds();
        play(engine, track, total, info.channels, stems);
        wall = measure_seconds() - start;
        cleave_reset(engine);
    }
    free(track);
    free(room);
    return wall;
}

static int buffers_open(buffers *b, const bench_report *report)
{
    size_t runs = (size_t)report->options->runs;
    size_t steps = (size_t)report->step_count;
    size_t samples = (size_t)report->info.segment_frames * (size_t)report->info.channels;
    b->segment = malloc(samples * sizeof *b->segment);
    b->segment_seconds = malloc(runs * sizeof *b->segment_seconds);
    b->step_seconds = malloc(runs * steps * sizeof *b->step_seconds);
    b->profiles = malloc(steps * sizeof *b->profiles);
    return b->segment != NULL && b->segment_seconds != NULL && b->step_seconds != NULL &&
           b->profiles != NULL;
}

static void buffers_close(buffers *b)
{
    free(b->segment);
    free(b->segment_seconds);
    free(b->step_seconds);
    free(b->profiles);
}

static void add(bench_step *sum, const bench_step *step)
{
    sum->count += step->count;
    sum->median += step->median;
    sum->least += step->least;
    sum->flops += step->flops;
    sum->bytes += step->bytes;
    sum->floor += step->floor;
}

static int by_median(const void *a, const void *b)
{
    double x = ((const bench_step *)a)->median;
    double y = ((const bench_step *)b)->median;
    return (x < y) - (x > y);
}

/* The sums of each op, and of all. */
static void add_up(bench_report *report)
{
    for (int32_t i = 0; i < report->step_count; i++) {
        const bench_step *step = &report->steps[i];
        int32_t k = 0;
        while (k < report->op_count && strcmp(report->ops[k].op, step->op) != 0) {
            k++;
        }
        if (k == BENCH_OPS_MAX) {
            continue;
        }
        if (k == report->op_count) {
            report->ops[k] = (bench_step){.label = "all of", .op = step->op};
            report->op_count++;
        }
        add(&report->ops[k], step);
        add(&report->all, step);
    }
    qsort(report->ops, (size_t)report->op_count, sizeof report->ops[0], by_median);
}

static void take(bench_report *report, const buffers *b)
{
    int32_t runs = report->options->runs;
    report->segment = (measure_times){.runs = runs,
                                      .least = b->segment_seconds[0],
                                      .median = measure_quantile(b->segment_seconds, runs, 0.5),
                                      .p95 = measure_quantile(b->segment_seconds, runs, 0.95)};
    for (int32_t i = 0; i < report->step_count; i++) {
        const cleave_step_profile *p = &b->profiles[i];
        report->steps[i] = (bench_step){
            .label = p->label,
            .op = p->op,
            .count = 1,
            .median = p->median_seconds,
            .least = p->least_seconds,
            .flops = p->flops,
            .bytes = p->bytes,
            .floor = fmax(p->flops / report->rates.flops, p->bytes / report->rates.bytes),
        };
    }
    add_up(report);
}

static int measure(bench_report *report, cleave_engine *engine, char *message)
{
    const bench_options *options = report->options;
    const cleave_engine_info *info = &report->info;
    buffers b = {0};
    int ok = 0;
    report->steps = calloc((size_t)report->step_count, sizeof *report->steps);
    if (report->steps == NULL || !buffers_open(&b, report)) {
        cleave_sentence(message, "no memory for the times of %d steps", (int)report->step_count);
    } else {
        cleave_profile profile = {.warmups = WARMUPS,
                                  .runs = options->runs,
                                  .segment_seconds = b.segment_seconds,
                                  .step_seconds = b.step_seconds,
                                  .steps = b.profiles};
        bench_signal(b.segment, 0, info->segment_frames, info->channels, info->rate_hz);
        cleave_status status = cleave_engine_profile(engine, b.segment, &profile);
        ok = status == CLEAVE_OK;
        if (ok) {
            take(report, &b);
        } else {
            cleave_error error = {.message = ""};
            cleave_engine_error(engine, &error);
            cleave_sentence(message, "%s",
                            status == CLEAVE_NO_DEVICE ? error.message
                                                       : cleave_status_text(status));
        }
    }
    buffers_close(&b);
    return ok;
}

static int report_run(bench_report *report, const cleave_config *config, FILE *csv, char *message)
{
    const bench_options *options = report->options;
    cleave_engine *engine = NULL;
    cleave_error error;
    measure_memory_reset();
    if (cleave_open(config, &engine, &error) != CLEAVE_OK) {
        return cleave_sentence(message, "%s", error.message);
    }
    cleave_engine_info_get(engine, &report->info);
    report->warmups = WARMUPS;
    report->step_count = cleave_engine_step_count(engine);
    int ok = measure(report, engine, message);
    report->peak_bytes = measure_memory_peak();
    if (ok && options->track_seconds > 0) {
        report->track_wall = bench_track(engine, options->track_seconds);
        ok =
            report->track_wall > 0 ||
            cleave_sentence(message, "no memory for a track of %g seconds", options->track_seconds);
    }
    /* The labels of the steps are the engine's. */
    if (ok) {
        if (options->json) {
            json_print_bench(stdout, report);
        } else {
            bench_show(report);
        }
        if (csv != NULL) {
            bench_csv_write(csv, report);
        }
    }
    cleave_close(&engine);
    free(report->steps);
    return ok;
}

int bench_model_run(const bench_options *options, char message[CLEAVE_SENTENCE_BYTES])
{
    char stems[CLEAVE_STEMS_MAX][CLEAVE_NAME_BYTES];
    bench_report report = {.options = options, .all = {.label = "all", .op = "all"}};
    cleave_config config;
    open_model *model;
    FILE *csv = NULL;
    if (!bench_open(options, &model, &config, stems, message)) {
        return EXIT_USAGE;
    }
    snprintf(report.kind, sizeof report.kind, "%.*s", CLEAVE_NAME_BYTES - 1,
             model != NULL ? model->networks_info.kind : config.model);
    measure_processor(report.processor);
    int ok = measure_machine(config.threads, &report.rates) ||
             cleave_sentence(message, "%d threads with memory to copy cannot be had",
                             (int)config.threads);
    ok = ok && (options->csv == NULL || (csv = bench_csv_of(options, message)) != NULL) &&
         report_run(&report, &config, csv, message);
    if (csv != NULL && !bench_csv_close(csv, options->csv, message)) {
        ok = 0;
    }
    model_close(&model);
    return ok ? EXIT_DONE : EXIT_TRACK;
}
