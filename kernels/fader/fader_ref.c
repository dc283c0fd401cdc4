/* fader_ref.c: contract and reference. */
#include "kernels/fader/fader.h"

static const char *check(const void *args)
{
    const cleave_fader_args *a = args;

    if (a->streams < 1)
        return "fader: streams must be at least 1";
    if (a->channels < 1 || a->channels > CLEAVE_FADER_CHANNELS_MAX)
        return "fader: channels must be 1 to 8";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "fader: frames_max must be 1 to 65536";
    if (a->stride < a->frames_max)
        return "fader: stride must be at least frames_max";
    if (!cleave_product_ok((int64_t)a->streams * a->channels, a->stride))
        return "fader: streams times channels times stride must be at most 2^48";
    if ((int)a->curve < CLEAVE_FADER_LINEAR || (int)a->curve > CLEAVE_FADER_SMOOTH)
        return "fader: curve is not one of cleave_fader_curve";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_fader_args *a = args;

    return a->streams;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_fader_args *a = args;
    const int64_t rows = (int64_t)a->streams * a->channels;
    const size_t extent = (size_t)((rows - 1) * a->stride + a->frames_max) * sizeof(float);
    const int64_t C = a->channels;

    out[0] = (cleave_operand){offsetof(cleave_fader_args, in), extent, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_fader_args, block), sizeof *a->block, CLEAVE_READ};
    out[2] =
        (cleave_operand){offsetof(cleave_fader_args, parameters),
                         (size_t)(C * C + CLEAVE_FADER_PARAMETERS) * sizeof(double), CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_fader_args, out), extent, CLEAVE_WRITE};
    out[4] = (cleave_operand){offsetof(cleave_fader_args, state),
                              (size_t)(a->streams * cleave_fader_state_floats(C)) * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    return 5;
}

static cleave_cost cost(const void *args)
{
    const cleave_fader_args *a = args;
    const double samples = (double)a->streams * a->channels * (double)a->frames_max;
    const double state = (double)(a->streams * cleave_fader_state_floats(a->channels));
    const double parameters = (double)a->channels * a->channels + CLEAVE_FADER_PARAMETERS;

    return (cleave_cost){.flops = 2 * samples * a->channels,
                         .bytes =
                             4 * (2 * samples + 2 * state + CLEAVE_BLOCK_FLOATS) + 8 * parameters};
}

const cleave_op cleave_fader_op = {
    .name = "fader",
    .args_bytes = sizeof(cleave_fader_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
    .streams = 1,
};

/* One frame: `step` of the grid's steps have passed since `before`. */
static void frame(const cleave_fader_args *a, const double *before, const double *after,
                  double step, double gain, const float *in, float *out)
{
    const int64_t C = a->channels;
    double sum[CLEAVE_FADER_CHANNELS_MAX] = {0};

    for (int64_t o = 0; o < C; o++)
        for (int64_t i = 0; i < C; i++) {
            const double from = before[o * C + i], to = after[o * C + i];
            sum[o] += (from + (to - from) * step) * (double)in[i * a->stride];
        }
    for (int64_t o = 0; o < C; o++)
        out[o * a->stride] = (float)(gain * sum[o]);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_fader_args *a = args;
    const int64_t C = a->channels, doubles = cleave_fader_state_doubles(C);

    for (int64_t s = work->begin; s < work->end; s++) {
        double *const state = (double *)(void *)a->state + s * doubles;
        const double *const before = state + cleave_glide_doubles(C * C);
        const double *const after = cleave_glide_values(state);
        for (int64_t n = 0; n < a->block->frames;) {
            const int64_t start = a->block->position + n;
            const int64_t end =
                n + cleave_fader_span(state, a->parameters, C, start, a->block->frames - n);
            for (; n < end; n++) {
                const int64_t position = a->block->position + n;
                frame(a, before, after,
                      (double)(position % CLEAVE_GRID_FRAMES + 1) / CLEAVE_GRID_FRAMES,
                      cleave_fader_gain(a->parameters, C, a->curve, position),
                      a->in + s * C * a->stride + n, a->out + s * C * a->stride + n);
            }
        }
    }
}

const cleave_kernel cleave_fader_ref = {.run = run};
