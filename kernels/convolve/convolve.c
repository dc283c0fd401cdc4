/* convolve.c: the contract of the convolve op, and the preparation of responses. */
#include "kernels/convolve/convolve.h"
#include "kernels/convolve/convolve_internal.h"

#include <math.h>
#include <string.h>

#define STREAMS_MAX 65536
#define STRIDE_MAX  ((int64_t)1 << 40)

static const char *check(const void *args)
{
    const cleave_convolve_args *a = args;

    if (a->streams < 1 || a->streams > STREAMS_MAX)
        return "convolve: streams must be 1 to 65536";
    if (a->channels < 1 || a->channels > 8)
        return "convolve: channels must be 1 to 8";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "convolve: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->in_stride > STRIDE_MAX)
        return "convolve: in_stride must be frames_max to 2^40";
    if (a->out_stride < a->frames_max || a->out_stride > STRIDE_MAX)
        return "convolve: out_stride must be frames_max to 2^40";
    if (a->responses != 1 && a->responses != a->channels)
        return "convolve: responses must be 1 or channels";
    if (a->taps < 1 || a->taps > CLEAVE_CONVOLVE_TAPS_MAX)
        return "convolve: taps must be 1 to 2^24";
    if (a->late != 0 && a->late != 1024 && a->late != 8192 && a->late != 65536)
        return "convolve: late must be 0, 1024, 8192 or 65536";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_convolve_args *a = args;

    return (int64_t)a->streams * a->channels;
}

int64_t cleave_convolve_state_floats(const cleave_convolve_args *args)
{
    return items(args) * convolve_layout_of(args).floats;
}

static size_t extent(const cleave_convolve_args *a, int64_t stride)
{
    return (size_t)((items(a) - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_convolve_args *a = args;

    out[0] =
        (cleave_operand){offsetof(cleave_convolve_args, in), extent(a, a->in_stride), CLEAVE_READ};
    out[1] =
        (cleave_operand){offsetof(cleave_convolve_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_convolve_args, parameters),
                              CLEAVE_CONVOLVE_PARAMETERS * sizeof(double), CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_convolve_args, response),
                              (size_t)a->responses * (size_t)a->taps * sizeof(float),
                              CLEAVE_READ | CLEAVE_PREPARED};
    out[4] = (cleave_operand){offsetof(cleave_convolve_args, state),
                              (size_t)cleave_convolve_state_floats(a) * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    out[5] = (cleave_operand){offsetof(cleave_convolve_args, out), extent(a, a->out_stride),
                              CLEAVE_WRITE};
    return 6;
}

/* The definition, tap by tap. */
static cleave_cost cost(const void *args)
{
    const cleave_convolve_args *a = args;
    const double frames = (double)items(a) * a->frames_max;

    return (cleave_cost){.flops = frames * (2.0 * a->taps + 3),
                         .bytes = 4 * (2 * frames + (double)a->responses * a->taps +
                                       2 * (double)cleave_convolve_state_floats(a)) +
                                  sizeof(cleave_block) +
                                  CLEAVE_CONVOLVE_PARAMETERS * sizeof(double)};
}

const cleave_op cleave_convolve_op = {
    .name = "convolve",
    .args_bytes = sizeof(cleave_convolve_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

/* ---- preparation ---- */
size_t cleave_convolve_work_bytes(const cleave_convolve_args *args, convolve_rows_fn rows_of)
{
    const convolve_layout f = convolve_layout_of(args);
    size_t bytes = 0;

    for (int32_t i = 0; i < f.levels; i++) {
        const int32_t n = 2 * (int32_t)f.level[i].n;
        const size_t buffers = ((size_t)n + 2 * (size_t)f.level[i].stride) * sizeof(double);
        const size_t there =
            rows_of(n, CLEAVE_FFT_REAL_FORWARD)->scratch_bytes(n, CLEAVE_FFT_REAL_FORWARD);
        const size_t back =
            rows_of(n, CLEAVE_FFT_REAL_INVERSE)->scratch_bytes(n, CLEAVE_FFT_REAL_INVERSE);
        const size_t all = buffers + (there > back ? there : back);
        bytes = bytes > all ? bytes : all;
    }
    return bytes;
}

convolve_tables cleave_convolve_tables_of(const cleave_convolve_args *args,
                                          convolve_rows_fn rows_of)
{
    const convolve_layout f = convolve_layout_of(args);
    convolve_tables t = {0};

    for (int32_t i = 0; i < f.levels; i++) {
        const int32_t n = 2 * (int32_t)f.level[i].n;
        t.forward[i] = t.bytes;
        t.bytes += cleave_align_up(
            rows_of(n, CLEAVE_FFT_REAL_FORWARD)->prepared_bytes(n, CLEAVE_FFT_REAL_FORWARD));
        t.inverse[i] = t.bytes;
        t.bytes += cleave_align_up(
            rows_of(n, CLEAVE_FFT_REAL_INVERSE)->prepared_bytes(n, CLEAVE_FFT_REAL_INVERSE));
    }
    t.responses = t.bytes;
    t.bytes += (size_t)args->responses * (size_t)f.response_floats * sizeof(float);
    t.work = t.bytes;
    t.bytes += cleave_convolve_work_bytes(args, rows_of);
    return t;
}

/* One partition: its taps, then as many zeros. The inverse transform is not scaled, so this is. */
static void prepare_partition(const convolve_level *v, const cleave_fft_rows *rows,
                              const void *table, const float *taps, int64_t count, float *planes,
                              float *frame)
{
    float *spectrum = frame + 2 * v->n;

    for (int64_t i = 0; i < 2 * v->n; i++)
        frame[i] = i < count ? taps[i] / (float)(2 * v->n) : 0;
    rows->run(table, frame, spectrum, spectrum + 2 * v->stride);
    for (int64_t k = 0; k < v->stride; k++) {
        planes[k] = k <= v->n ? spectrum[2 * k] : 0;
        planes[v->stride + k] = k <= v->n ? spectrum[2 * k + 1] : 0;
    }
}

void cleave_convolve_prepare_responses(const cleave_convolve_args *args, convolve_rows_fn rows_of,
                                       const void *const forward[CONVOLVE_LEVELS], float *responses,
                                       void *work)
{
    const convolve_layout f = convolve_layout_of(args);

    for (int64_t r = 0; r < args->responses; r++) {
        const float *taps = args->response + r * args->taps;
        float *to = responses + r * f.response_floats;
        for (int64_t k = 0; k < CONVOLVE_SLOT; k++)
            to[k] = k < args->taps && !args->late ? taps[k] : 0;
        for (int32_t i = 0; i < f.levels; i++) {
            const convolve_level *v = &f.level[i];
            for (int64_t p = 0; p < v->partitions; p++) {
                const int64_t at = v->begin + p * v->n;
                prepare_partition(v, rows_of(2 * (int32_t)v->n, CLEAVE_FFT_REAL_FORWARD),
                                  forward[i], taps + at, cleave_i64_min(v->n, args->taps - at),
                                  to + v->response + p * 2 * v->stride, work);
            }
        }
    }
}

void cleave_convolve_prepare(const cleave_convolve_args *args, convolve_rows_fn rows_of,
                             void *prepared)
{
    const convolve_layout f = convolve_layout_of(args);
    const convolve_tables t = cleave_convolve_tables_of(args, rows_of);
    const void *forward[CONVOLVE_LEVELS] = {0};
    char *base = prepared;

    for (int32_t i = 0; i < f.levels; i++) {
        const int32_t n = 2 * (int32_t)f.level[i].n;
        rows_of(n, CLEAVE_FFT_REAL_FORWARD)
            ->prepare(n, CLEAVE_FFT_REAL_FORWARD, base + t.forward[i]);
        rows_of(n, CLEAVE_FFT_REAL_INVERSE)
            ->prepare(n, CLEAVE_FFT_REAL_INVERSE, base + t.inverse[i]);
        forward[i] = base + t.forward[i];
    }
    cleave_convolve_prepare_responses(args, rows_of, forward, (float *)(void *)(base + t.responses),
                                      base + t.work);
    /* What is left there is nobody's: the same bytes every time. */
    memset(base + t.work, 0, t.bytes - t.work);
}
