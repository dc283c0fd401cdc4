/* step.c: a kernel on a case in the GPU's memory, timed. */
#include "bench/gpu/gpu.h"
#include "host/measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RUNS          9
#define SECONDS_LEAST 0.01 /* of launches in a row */
#define LAUNCHES_MAX  100000

static void *host_alloc(const gpu *g, size_t bytes)
{
    void *const data = aligned_alloc(CLEAVE_ALIGN_BYTES, cleave_align_up(bytes ? bytes : 1));

    if (!data) {
        fprintf(stderr, "%s: out of memory\n", g->program);
        exit(1);
    }
    return data;
}

static void *place(const gpu *g, gpu_step *s, const void *from, size_t bytes)
{
    void *memory;

    gpu_check(g, g->api->device_malloc(&memory, bytes ? bytes : 1), "device_malloc");
    if (from)
        gpu_check(g, g->api->copy(memory, from, bytes, g->stream), "copy");
    gpu_check(g, g->api->stream_synchronize(g->stream), "stream_synchronize");
    return s->memory[s->count++] = memory;
}

static float *values_of(const gpu *g, const cleave_case *test, int operand, size_t bytes)
{
    float *const values = host_alloc(g, bytes);
    const int64_t count = (int64_t)(bytes / sizeof(float));

    for (int64_t i = 0; i < count && !test->fill; i++)
        values[i] = cleave_case_uniform((uint64_t)operand + 1, i);
    if (test->fill)
        test->fill(test, operand, values, count);
    return values;
}

/* The table is made where the host has the tensors. */
void gpu_step_open(const gpu *g, gpu_step *s, int op, const cleave_kernel *kernel,
                   const cleave_case *test)
{
    cleave_case host = *test;
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    float *values[CLEAVE_OPERANDS_MAX];

    *s = (gpu_step){.op = cleave_op_get(op), .kernel = *kernel, .test = *test};
    const int count = s->op->operands(test->args.bytes, operand);
    s->work = (cleave_work){.end = s->op->items(test->args.bytes), .stream = g->stream};
    for (int k = 0; k < count; k++) {
        values[k] = values_of(g, test, k, operand[k].bytes);
        void *const device = place(g, s, values[k], operand[k].bytes);
        memcpy(s->test.args.bytes + operand[k].field, &device, sizeof device);
        memcpy(host.args.bytes + operand[k].field, &values[k], sizeof values[k]);
    }
    if (kernel->prepared_bytes) {
        const size_t bytes = kernel->prepared_bytes(host.args.bytes);
        void *const prepared = host_alloc(g, bytes);
        kernel->prepare(host.args.bytes, prepared);
        s->work.prepared = place(g, s, prepared, bytes);
        free(prepared);
    }
    if (kernel->scratch_bytes)
        s->work.scratch = place(g, s, NULL, kernel->scratch_bytes(host.args.bytes));
    for (int k = 0; k < count; k++)
        free(values[k]);
}

void gpu_step_close(const gpu *g, gpu_step *s)
{
    for (int k = 0; k < s->count; k++)
        gpu_check(g, g->api->device_free(s->memory[k]), "device_free");
    s->count = 0;
}

static double seconds_of(const gpu *g, void (*run)(const void *context), const void *context,
                         int launches)
{
    const double start = measure_seconds();

    for (int i = 0; i < launches; i++)
        run(context);
    gpu_check(g, g->api->last_error(), "launch");
    gpu_check(g, g->api->stream_synchronize(g->stream), "stream_synchronize");
    return measure_seconds() - start;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double gpu_time(const gpu *g, void (*run)(const void *context), const void *context)
{
    double seconds[RUNS];
    int launches = 1;

    seconds_of(g, run, context, 1); /* loads the kernel */
    while (seconds_of(g, run, context, launches) < SECONDS_LEAST && launches < LAUNCHES_MAX)
        launches *= 2;
    for (int i = 0; i < RUNS; i++)
        seconds[i] = seconds_of(g, run, context, launches) / launches;
    qsort(seconds, RUNS, sizeof seconds[0], compare);
    return seconds[RUNS / 2];
}

static void run_step(const void *context)
{
    const gpu_step *const s = context;

    s->kernel.run(s->test.args.bytes, &s->work);
}

double gpu_step_time(const gpu *g, const gpu_step *s)
{
    return gpu_time(g, run_step, s);
}

double gpu_step_distance(const gpu *g, const gpu_step *s, float **before)
{
    cleave_operand operand[CLEAVE_OPERANDS_MAX];
    const int count = s->op->operands(s->test.args.bytes, operand);
    const cleave_operand *out = &operand[0];
    double error = 0, norm = 0;
    void *from;

    for (int k = 0; k < count; k++)
        if (operand[k].access & CLEAVE_WRITE)
            out = &operand[k];
    memcpy(&from, s->test.args.bytes + out->field, sizeof from);
    float *const now = host_alloc(g, out->bytes);
    gpu_check(g, g->api->stream_synchronize(g->stream), "stream_synchronize");
    gpu_check(g, g->api->copy(now, from, out->bytes, g->stream), "copy");
    gpu_check(g, g->api->stream_synchronize(g->stream), "stream_synchronize");
    if (!*before) {
        *before = now;
        return 0;
    }
    for (size_t i = 0; i < out->bytes / sizeof(float); i++) {
        const double d = (double)now[i] - (double)(*before)[i];
        error += d * d;
        norm += (double)(*before)[i] * (double)(*before)[i];
    }
    free(now);
    return sqrt(error / norm);
}
