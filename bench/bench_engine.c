/* bench_engine.c: a model in the engine, as a stream and step by step.
 *
 *   bench_engine [--model NAME | --weights FILE] [--stems A,B,...] [--threads N] [--rate HZ]
 *                [--channels C] [--seconds S] [--segment S] [--features-off MASK]
 *
 * Prints how many times faster than real time a track passes, for one thread and for N (default 2;
 * not with --seconds 0), then one segment: its wall time over several runs, the ten costliest
 * steps, the sums of each op, and all steps, best of these runs each. */
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

/* What a step, or the steps of an op, take and do. */
typedef struct row {
    const char *label;
    int op;
    double seconds;
    cleave_cost cost;
} row;

static int by_seconds(const void *a, const void *b)
{
    return by_value(&((const row *)b)->seconds, &((const row *)a)->seconds);
}

/* Shares are of `all` the time, of what so many threads can multiply and of what a core can copy.
 */
static void print_rows(const char *title, const row *rows, int count, double all, int threads)
{
    const double flops = bench_peak_flops() * threads, bytes = bench_peak_bytes();

    printf("%-32s %-14s %11s %6s %8s %5s %7s %5s\n", title, "op", "ms", "", "GFLOP/s", "", "GB/s",
           "");
    for (int i = 0; i < count; i++) {
        const row *const r = &rows[i];
        if (r->seconds > 0)
            printf("  %-30s %-14s %11.3f %5.1f%% %8.1f %4.0f%% %7.1f %4.0f%%\n", r->label,
                   cleave_op_get(r->op)->name, 1e3 * r->seconds, 100 * r->seconds / all,
                   1e-9 * r->cost.flops / r->seconds, 100 * r->cost.flops / r->seconds / flops,
                   1e-9 * r->cost.bytes / r->seconds, 100 * r->cost.bytes / r->seconds / bytes);
    }
}

static void print_steps(const cleave_plan *plan, const double *best, int threads)
{
    const int count = plan->step_count;
    row *const steps = bench_alloc((size_t)count * 2 * sizeof *steps), *const sorted =
                                                                           steps + count;
    row ops[CLEAVE_OP_COUNT], total = {0};

    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        ops[op] = (row){"all of", op, 0, {0, 0}};
    for (int i = 0; i < count; i++) {
        const int op = plan->step[i].op;
        steps[i] =
            (row){plan->step[i].label, op, best[i], cleave_op_get(op)->cost(plan->step[i].args)};
        row *const sums[] = {&ops[op], &total};
        for (int k = 0; k < 2; k++) {
            sums[k]->seconds += steps[i].seconds;
            sums[k]->cost.flops += steps[i].cost.flops;
            sums[k]->cost.bytes += steps[i].cost.bytes;
        }
    }
    memcpy(sorted, steps, (size_t)count * sizeof *steps);
    qsort(sorted, (size_t)count, sizeof *sorted, by_seconds);
    printf("%.2f GFLOP, %.1f GFLOP/s, %.0f %% of %.1f; %.3f GB, %.1f GB/s\n",
           1e-9 * total.cost.flops, 1e-9 * total.cost.flops / total.seconds,
           100 * total.cost.flops / total.seconds / (bench_peak_flops() * threads),
           1e-9 * bench_peak_flops() * threads, 1e-9 * total.cost.bytes,
           1e-9 * total.cost.bytes / total.seconds);
    print_rows("costliest steps", sorted, count < 10 ? count : 10, total.seconds, threads);
    qsort(ops, CLEAVE_OP_COUNT, sizeof *ops, by_seconds);
    print_rows("ops", ops, CLEAVE_OP_COUNT, total.seconds, threads);
    print_rows("steps in their order", steps, count, total.seconds, threads);
    free(steps);
}

static void print_segment(const options *o)
{
    cleave_engine *engine = engine_open(&o->config);
    const cleave_plan *plan = &engine->plan;
    const int64_t S = engine->segment_frames, C = engine->channels;
    double *best = bench_alloc((size_t)plan->step_count * sizeof *best), walls[STEP_RUNS];
    float *frames = bench_alloc((size_t)(S * C) * sizeof(float));

    signal_fill(frames, 0, S, &o->config);
    time_steps(engine, frames, best, walls);
    printf("one segment of %.2f s, %d threads: least %.3f s, median %.3f s of %d runs\n",
           (double)S / o->config.rate_hz, (int)o->config.threads, walls[0], walls[STEP_RUNS / 2],
           STEP_RUNS);
    print_steps(plan, best, (int)o->config.threads);
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
