/* bench_engine.c: a model in the engine, as a stream and step by step.
 *
 *   bench_engine [--model NAME | --weights FILE] [--stems A,B,...] [--threads N] [--rate HZ]
 *                [--channels C] [--seconds S] [--segment S] [--features-off MASK]
 *
 * Prints how many times faster than real time a track passes, for one thread and for N (default 2;
 * not with --seconds 0), then one segment: its wall time over several runs, its steps, best of
 * these, and what each op takes of it. */
#include "bench/bench.h"
#include "kernels/cases.h"
#include "loader/loader.h"
#include "runtime/engine.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK     4096
#define STEP_RUNS 5

typedef struct options {
    cleave_config config;
    double seconds;
    char *stems;
    const char *weights;
} options;

static void fail(const char *message)
{
    fprintf(stderr, "bench_engine: %s\n", message);
    exit(1);
}

static options options_read(int argc, char **argv)
{
    options o = {.seconds = 60};
    int threads = 2;

    cleave_config_default(&o.config);
    o.config.device = CLEAVE_DEVICE_CPU;
    for (int i = 1; i < argc; i += 2) {
        if (i + 1 == argc)
            fail("an option lacks its value");
        if (!strcmp(argv[i], "--model"))
            o.config.model = argv[i + 1];
        else if (!strcmp(argv[i], "--stems"))
            o.stems = argv[i + 1];
        else if (!strcmp(argv[i], "--threads"))
            threads = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--rate"))
            o.config.rate_hz = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--channels"))
            o.config.channels = atoi(argv[i + 1]);
        else if (!strcmp(argv[i], "--seconds"))
            o.seconds = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--segment"))
            o.config.segment_seconds = atof(argv[i + 1]);
        else if (!strcmp(argv[i], "--weights"))
            o.weights = argv[i + 1];
        else if (!strcmp(argv[i], "--features-off"))
            o.config.cpu_features_off = (uint32_t)strtoul(argv[i + 1], NULL, 0);
        else
            fail("unknown option; see the head of bench_engine.c");
    }
    o.config.threads = threads;
    for (char *name = o.stems ? strtok(o.stems, ",") : NULL;
         name && o.config.stem_count < CLEAVE_STEMS_MAX; name = strtok(NULL, ","))
        o.config.stems[o.config.stem_count++] = name;
    return o;
}

static cleave_engine *engine_open(const cleave_config *config)
{
    cleave_engine *engine = NULL;
    cleave_error error;

    if (cleave_open(config, &engine, &error) != CLEAVE_OK)
        fail(error.message);
    return engine;
}

/* A beat every half second over a chord and noise, interleaved: something that repeats. */
static void signal_fill(float *x, int64_t from, int64_t frames, const cleave_config *config)
{
    const int64_t beat = config->rate_hz / 2;

    for (int64_t n = 0; n < frames; n++) {
        const double t = (double)(from + n) / config->rate_hz;
        const double hit = exp(-12 * (double)((from + n) % beat) / config->rate_hz);
        for (int c = 0; c < config->channels; c++) {
            const double noise = (double)cleave_case_uniform(3 + (uint64_t)c, from + n);
            x[n * config->channels + c] =
                (float)(0.2 * sin(1382.3 * t) + 0.2 * sin(1741.6 * t + c) + 0.3 * hit * noise +
                        0.02 * noise);
        }
    }
}

/* Passes a track of `seconds` through the engine; returns the wall time that took. */
static double track_seconds(const options *o, int threads)
{
    cleave_config config = o->config;
    cleave_engine_info info;

    config.threads = threads;
    cleave_engine *engine = engine_open(&config);
    cleave_engine_info_get(engine, &info);
    const int64_t total = llround(o->seconds * config.rate_hz);
    float *x = bench_alloc((size_t)(total * config.channels) * sizeof(float));
    float *stem[CLEAVE_STEMS_MAX];
    for (int32_t s = 0; s < info.stem_count; s++)
        stem[s] = bench_alloc((size_t)(BLOCK * config.channels) * sizeof(float));
    signal_fill(x, 0, total, &config);

    const double begin = bench_seconds();
    int64_t in = 0, taken, got;
    for (cleave_status status = CLEAVE_OK; status != CLEAVE_END;) {
        if (in < total) {
            if (cleave_push(engine, x + in * config.channels, cleave_i64_min(BLOCK, total - in),
                            &taken) < 0)
                fail("push failed");
            in += taken;
            if (in == total)
                cleave_flush(engine);
        }
        status = cleave_pull(engine, stem, BLOCK, &got);
        if (status < 0)
            fail(cleave_status_text(status));
    }
    const double seconds = bench_seconds() - begin;

    for (int32_t s = 0; s < info.stem_count; s++)
        free(stem[s]);
    free(x);
    cleave_close(&engine);
    return seconds;
}

/* The segment's frames into the plan's input, as the engine would put them there. */
static void input_write(const cleave_engine *engine, const float *frames)
{
    const int64_t S = engine->segment_frames, C = engine->channels;
    const int64_t stride = engine->ports.stride > 0 ? engine->ports.stride : S;
    float *input = cleave_plan_data(&engine->plan, engine->ports.input);

    memset(input, 0, (size_t)(stride * C) * sizeof(float));
    for (int64_t n = 0; n < S * C; n++)
        input[n % C * stride + n / C] = frames[n];
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* best[i] of step i, and the wall times of the runs in ascending order. Steps run in their places,
 * so that caches hold what they would. */
static void time_steps(const cleave_engine *engine, const float *frames, double *best,
                       double walls[STEP_RUNS])
{
    for (int i = 0; i < engine->plan.step_count; i++)
        best[i] = INFINITY;
    for (int run = 0; run < STEP_RUNS; run++) {
        input_write(engine, frames);
        const double begin = bench_seconds();
        double before = begin;
        for (int i = 0; i < engine->plan.step_count; i++) {
            cleave_plan_step_run(&engine->plan, i, engine->workers);
            const double now = bench_seconds();
            best[i] = fmin(best[i], now - before);
            before = now;
        }
        walls[run] = before - begin;
    }
    qsort(walls, STEP_RUNS, sizeof *walls, by_value);
}

static void print_segment(const options *o)
{
    cleave_engine *engine = engine_open(&o->config);
    const cleave_plan *plan = &engine->plan;
    const int64_t S = engine->segment_frames, C = engine->channels;
    double *best = bench_alloc((size_t)plan->step_count * sizeof *best), total = 0;
    double of_op[CLEAVE_OP_COUNT] = {0}, walls[STEP_RUNS];
    float *frames = bench_alloc((size_t)(S * C) * sizeof(float));

    signal_fill(frames, 0, S, &o->config);
    time_steps(engine, frames, best, walls);
    for (int i = 0; i < plan->step_count; i++) {
        total += best[i];
        of_op[plan->step[i].op] += best[i];
    }
    printf("one segment of %.2f s, %d threads: least %.3f s, median %.3f s of %d runs\n",
           (double)S / o->config.rate_hz, (int)o->config.threads, walls[0], walls[STEP_RUNS / 2],
           STEP_RUNS);
    for (int i = 0; i < plan->step_count; i++)
        printf("  %-32s %-14s %8.3f ms %5.1f%%\n", plan->step[i].label,
               cleave_op_get(plan->step[i].op)->name, 1e3 * best[i], 100 * best[i] / total);
    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        if (of_op[op] > 0)
            printf("  %-32s %-14s %8.3f ms %5.1f%%\n", "all of", cleave_op_get(op)->name,
                   1e3 * of_op[op], 100 * of_op[op] / total);
    free(frames);
    free(best);
    cleave_close(&engine);
}

int main(int argc, char **argv)
{
    options o = options_read(argc, argv);
    cleave_weights weights = {0};
    cleave_network network = {0};
    char sentence[CLEAVE_SENTENCE_BYTES];
    cleave_memory need;
    cleave_error error;

    if (o.weights) {
        if (!cleave_weights_open(&weights, o.weights, sentence))
            fail(sentence);
        network.weights = weights.table.bytes;
        network.weights_bytes = weights.table.header->file_bytes;
        o.config.networks = &network;
        o.config.network_count = 1;
        o.config.model = NULL;
    }
    if (cleave_need(&o.config, &need, &error) != CLEAVE_OK)
        fail(error.message);
    printf("%s: %s, %d Hz, %d channels, %g s; arena %.1f MB\n", bench_machine(),
           o.weights ? o.weights : o.config.model, (int)o.config.rate_hz, (int)o.config.channels,
           o.seconds, 1e-6 * (double)need.host_bytes);
    for (int threads = 1; o.seconds > 0 && threads <= o.config.threads;
         threads += o.config.threads - 1) {
        const double seconds = track_seconds(&o, threads);
        printf("%d thread%s: %.3f s, %.3g x real time\n", threads, threads > 1 ? "s" : "", seconds,
               o.seconds / seconds);
        if (o.config.threads == 1)
            break;
    }
    print_segment(&o);
    cleave_weights_close(&weights);
    return 0;
}
