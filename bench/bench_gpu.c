/* bench_gpu.c: kernels on a GPU, on the shapes of the models, and whole engines on it.
 *
 *   bench_gpu [--device N] [--weights FILE] [NAME...]
 *
 * NAME is a part of an op's or case's name, or "engine". A kernel is launched so often in a row
 * that the clock of the host can time it, its operands in the caches of the GPU if they fit; GB/s
 * counts each operand once. An engine is timed as a stream, with 1 to 8 segments at a time; times
 * real time are seconds of audio in a second. */
#include "host/measure.h"
#include "kernels/cases.h"
#include "runtime/device.h"
#include "runtime/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUNS            9
#define SECONDS_LEAST   0.02 /* of launches in a row */
#define LAUNCHES_MAX    100000
#define ENGINE_SEGMENTS 24

static const cleave_cuda_api *api;

static void *bench_alloc(size_t bytes)
{
    void *const data = aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes ? bytes : 1));

    if (!data) {
        fprintf(stderr, "bench_gpu: out of memory\n");
        exit(1);
    }
    return data;
}

static void check(int error, const char *what)
{
    if (!error)
        return;
    fprintf(stderr, "bench_gpu: %s: %s\n", what, api->text(error));
    exit(1);
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* ---- kernels --------------------------------------------------------------------------------- */
typedef struct step {
    const cleave_op *op;
    cleave_kernel kernel;
    cleave_case test; /* whose arguments point into the GPU's memory */
    void *memory[CLEAVE_OPERANDS_MAX + 2];
    int count;
    cleave_work work;
} step;

static void *place(step *s, const void *from, size_t bytes)
{
    void *memory;

    check(api->device_malloc(&memory, bytes ? bytes : 1), "device_malloc");
    if (from)
        check(api->copy(memory, from, bytes, s->work.stream), "copy");
    check(api->stream_synchronize(s->work.stream), "stream_synchronize");
    return s->memory[s->count++] = memory;
}

static float *values_of(const cleave_case *test, int operand, size_t bytes)
{
    float *const values = bench_alloc(bytes);
    const int64_t count = (int64_t)(bytes / sizeof(float));

    for (int64_t i = 0; i < count && !test->fill; i++)
        values[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    if (test->fill)
        test->fill(test, operand, values, count);
    return values;
}

/* Tensors, table and scratch of the step on the GPU; the table is made where the host has them. */
static step step_new(int index, const cleave_kernel *kernel, const cleave_case *test, void *stream)
{
    step s = {.op = cleave_op_get(index), .kernel = *kernel, .test = *test};
    cleave_case host = *test;
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    float *values[CLEAVE_OPERANDS_MAX];
    const int count = s.op->operands(test->args.bytes, operand);

    s.work = (cleave_work){.end = s.op->items(test->args.bytes), .stream = stream};
    for (int k = 0; k < count; k++) {
        values[k] = values_of(test, k, operand[k].bytes);
        void *const device = place(&s, values[k], operand[k].bytes);
        memcpy(s.test.args.bytes + operand[k].field, &device, sizeof device);
        memcpy(host.args.bytes + operand[k].field, &values[k], sizeof values[k]);
    }
    if (kernel->prepared_bytes) {
        const size_t bytes = kernel->prepared_bytes(host.args.bytes);
        void *const prepared = bench_alloc(bytes + 1);
        kernel->prepare(host.args.bytes, prepared);
        s.work.prepared = place(&s, prepared, bytes);
        free(prepared);
    }
    if (kernel->scratch_bytes)
        s.work.scratch = place(&s, NULL, kernel->scratch_bytes(host.args.bytes));
    for (int k = 0; k < count; k++)
        free(values[k]);
    return s;
}

static double seconds_of(const step *s, int launches)
{
    const double start = measure_seconds();

    for (int i = 0; i < launches; i++)
        s->kernel.run(s->test.args.bytes, &s->work);
    check(api->last_error(), s->op->name);
    check(api->stream_synchronize(s->work.stream), s->op->name);
    return measure_seconds() - start;
}

/* The median time of a launch. */
static double time_step(const step *s)
{
    double seconds[RUNS];
    int launches = 1;

    while (seconds_of(s, launches) < SECONDS_LEAST && launches < LAUNCHES_MAX)
        launches *= 2;
    for (int run = 0; run < RUNS; run++)
        seconds[run] = seconds_of(s, launches) / launches;
    qsort(seconds, RUNS, sizeof seconds[0], compare);
    return seconds[RUNS / 2];
}

static int is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strstr(name, names[i]))
            return 1;
    return count == 0;
}

static void bench_case(int op, const cleave_kernel *kernel, const cleave_case *test,
                       const char *name, void *stream)
{
    step s = step_new(op, kernel, test, stream);
    const double seconds = time_step(&s);

    const cleave_cost cost = s.op->cost(test->args.bytes);
    printf("%-56s %10.1f us %8.1f GB/s %9.1f GFLOP/s\n", name, 1e6 * seconds,
           cost.bytes / seconds / 1e9, cost.flops / seconds / 1e9);
    fflush(stdout);
    for (int k = 0; k < s.count; k++)
        check(api->device_free(s.memory[k]), "device_free");
}

/* Every op, then those that round their factors. */
static void bench_kernels(char **names, int count)
{
    static const char *const roundings[] = {"", "tf32 ", "bf16 ", "fp16 "};
    cleave_ops exact = {0};
    void *stream;

    api->ops(&exact, CLEAVE_FACTORS_FP32);
    check(api->stream_create(&stream), "stream_create");
    for (int op = 0; op < CLEAVE_OP_COUNT; op++)
        for (int which = CLEAVE_FACTORS_FP32; which <= CLEAVE_FACTORS_FP16; which++) {
            cleave_ops ops = {0};
            cleave_case test;
            api->ops(&ops, (cleave_factors)which);
            if (!ops.kernel[op].run || (which && ops.kernel[op].run == exact.kernel[op].run))
                continue;
            for (int i = 0; cleave_cases[op](i, &test); i++) {
                char name[128];
                snprintf(name, sizeof name, "%s %s%s", cleave_op_get(op)->name, roundings[which],
                         test.label);
                if ((test.flags & CLEAVE_CASE_BENCH) && is_wanted(name, names, count))
                    bench_case(op, &ops.kernel[op], &test, name, stream);
            }
        }
    check(api->stream_destroy(stream), "stream_destroy");
}

/* ---- engines --------------------------------------------------------------------------------- */
/* Pushes so many segments of noise through the engine; the seconds that it took. */
static double stream_through(cleave_engine *engine, const cleave_engine_info *info)
{
    const int64_t frames = ENGINE_SEGMENTS * info->stride_frames + info->segment_frames;
    float *const block = bench_alloc((size_t)(8192 * info->channels) * sizeof *block);
    float *stems[CLEAVE_STEMS_MAX] = {NULL};
    int64_t pushed = 0, count;

    for (int64_t i = 0; i < 8192 * info->channels; i++)
        block[i] = cleave_case_uniform(1, i);
    cleave_reset(engine);
    const double start = measure_seconds();
    for (cleave_status status = CLEAVE_OK; status != CLEAVE_END;) {
        if (pushed < frames) {
            cleave_push(engine, block, cleave_i64_min(8192, frames - pushed), &count);
            pushed += count;
        } else {
            cleave_flush(engine);
        }
        status = cleave_pull(engine, stems, 8192, &count);
        if (status < 0) {
            cleave_error error;
            cleave_engine_error(engine, &error);
            fprintf(stderr, "bench_gpu: %s\n", error.message);
            exit(1);
        }
    }
    const double seconds = measure_seconds() - start;
    free(block);
    return seconds * (double)info->rate_hz / (double)frames;
}

static void bench_engine(cleave_config *config)
{
    for (config->batch = 1; config->batch <= CLEAVE_BATCH_MAX; config->batch *= 2) {
        cleave_engine *engine;
        cleave_engine_info info;
        cleave_error error;
        if (cleave_open(config, &engine, &error) != CLEAVE_OK) {
            printf("batch %d: %s\n", (int)config->batch, error.message);
            return;
        }
        cleave_engine_info_get(engine, &info);
        stream_through(engine, &info);
        const double share = stream_through(engine, &info);
        printf("engine %s, batch %d: %.1f times real time, %.1f MB of the GPU, %.1f MB pinned\n",
               info.model, (int)info.batch, 1 / share, (double)info.memory.device_bytes / 1e6,
               (double)info.memory.pinned_bytes / 1e6);
        fflush(stdout);
        cleave_close(&engine);
    }
}

static void *read_file(const char *path, size_t *bytes)
{
    FILE *const file = fopen(path, "rb");

    if (!file || fseek(file, 0, SEEK_END)) {
        fprintf(stderr, "bench_gpu: %s cannot be read\n", path);
        exit(1);
    }
    *bytes = (size_t)ftell(file);
    rewind(file);
    void *const data = bench_alloc(*bytes);
    if (fread(data, 1, *bytes, file) != *bytes) {
        fprintf(stderr, "bench_gpu: %s cannot be read\n", path);
        exit(1);
    }
    fclose(file);
    return data;
}

static void bench_engines(int32_t device, const char *weights)
{
    cleave_network network = {0};
    cleave_config config;

    cleave_config_default(&config);
    config.device = CLEAVE_DEVICE_CUDA;
    config.device_index = device;
    config.threads = 2;
    if (weights) {
        network.weights = read_file(weights, &network.weights_bytes);
        config.model = NULL;
        config.network_count = 1;
        config.networks = &network;
    }
    bench_engine(&config);
    free((void *)network.weights);
}

int main(int argc, char **argv)
{
    const char *weights = NULL;
    cleave_device_info info;
    cleave_error error;
    int32_t device = 0;
    int at = 1;

    for (; at + 1 < argc && argv[at][0] == '-'; at += 2) {
        if (!strcmp(argv[at], "--device"))
            device = atoi(argv[at + 1]);
        else if (!strcmp(argv[at], "--weights"))
            weights = argv[at + 1];
        else
            break;
    }
    if (at < argc && argv[at][0] == '-') {
        fprintf(stderr, "bench_gpu: %s is no option\n", argv[at]);
        return 2;
    }
    if (cleave_device_at(device, &info, &error) != CLEAVE_OK) {
        fprintf(stderr, "bench_gpu: %s\n", error.message);
        return 1;
    }
    api = cleave_cuda_api_get();
    check(api->set_device(device), "set_device");
    printf("%s, compute capability %d.%d, %.1f GB\n", info.name, (int)info.major, (int)info.minor,
           (double)info.memory_bytes / 1e9);
    bench_kernels(argv + at, argc - at);
    if (is_wanted("engine", argv + at, argc - at))
        bench_engines(device, weights);
    return 0;
}
