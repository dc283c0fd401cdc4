/* level_ref.c: contract and reference. */
#include "kernels/level/level.h"

static const char *check(const void *args)
{
    const cleave_level_args *a = args;

    if (a->streams < 1)
        return "level: streams must be at least 1";
    if (a->channels < 1 || a->channels > CLEAVE_LEVEL_CHANNELS_MAX)
        return "level: channels must be 1 to 32";
    if (a->window_steps < 1 || a->window_steps > CLEAVE_LEVEL_STEPS_MAX)
        return "level: window_steps must be 1 to 2^20";
    if (a->delay_steps < 0 || a->delay_steps > CLEAVE_LEVEL_STEPS_MAX)
        return "level: delay_steps must be 0 to 2^20";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "level: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->key_stride < a->frames_max ||
        a->out_stride < a->frames_max)
        return "level: in_stride, key_stride and out_stride must be at least frames_max";
    if (!cleave_product_ok(a->streams, a->channels) ||
        !cleave_product_ok(a->streams * a->channels, a->in_stride) ||
        !cleave_product_ok(a->streams * a->channels, a->key_stride) ||
        !cleave_product_ok(a->streams * a->channels, a->out_stride) ||
        !cleave_product_ok(a->streams, cleave_level_state_floats(a)))
        return "level: streams times channels times strides must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_level_args *a = args;

    return a->streams;
}

static size_t rows_bytes(const cleave_level_args *a, int64_t stride)
{
    return (size_t)((a->streams * a->channels - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_level_args *a = args;
    const int64_t state = a->streams * cleave_level_state_floats(a);

    out[0] =
        (cleave_operand){offsetof(cleave_level_args, in), rows_bytes(a, a->in_stride), CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_level_args, key), rows_bytes(a, a->key_stride),
                              CLEAVE_READ};
    out[2] = (cleave_operand){offsetof(cleave_level_args, out), rows_bytes(a, a->out_stride),
                              CLEAVE_WRITE};
    out[3] =
        (cleave_operand){offsetof(cleave_level_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[4] = (cleave_operand){offsetof(cleave_level_args, parameters),
                              CLEAVE_LEVEL_PARAMETERS * sizeof(double), CLEAVE_READ};
    out[5] = (cleave_operand){offsetof(cleave_level_args, state), (size_t)state * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    return 6;
}

static cleave_cost cost(const void *args)
{
    const cleave_level_args *a = args;
    const double samples = (double)(a->streams * a->channels) * (double)a->frames_max;
    const double state = (double)a->streams * (double)cleave_level_state_floats(a);

    return (cleave_cost){.flops = 5 * samples,
                         .bytes = 12 * samples + 8 * state + sizeof(cleave_block) +
                                  8.0 * CLEAVE_LEVEL_PARAMETERS};
}

const cleave_op cleave_level_op = {
    .name = "level",
    .args_bytes = sizeof(cleave_level_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

/* One row of a span within a step of the grid. */
static void row_run(const cleave_level_args *a, double *state, int64_t stream, int64_t c,
                    int64_t at, int64_t frames)
{
    const int64_t row = stream * a->channels + c, position = a->block->position + at;
    const float *in = a->in + row * a->in_stride + at;
    const float *key = a->key + row * a->key_stride + at;
    float *out = a->out + row * a->out_stride + at;
    float *delayed = a->delay_steps ? cleave_level_delayed(a, state, c, position) : NULL;
    double *sum = state + CLEAVE_LEVEL_HEADER + c * CLEAVE_LEVEL_LANES;
    const float from = (float)state[CLEAVE_LEVEL_FROM];
    const float slope =
        (float)((state[CLEAVE_LEVEL_TO] - state[CLEAVE_LEVEL_FROM]) / CLEAVE_GRID_FRAMES);

    for (int64_t i = 0; i < frames; i++) {
        const int64_t place = (position + i) % CLEAVE_GRID_FRAMES;
        const float gain = fmaf(slope, (float)place, from);
        const float x = delayed ? delayed[i] : in[i];
        double *lane = sum + place % CLEAVE_LEVEL_LANES;

        *lane = fma((double)key[i], (double)key[i], *lane);
        if (delayed)
            delayed[i] = in[i];
        out[i] = x * gain;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_level_args *a = args;
    const int64_t frames = a->block->frames;

    for (int64_t stream = work->begin; stream < work->end; stream++) {
        double *state = cleave_level_state(a, stream);

        for (int64_t i = 0, span; i < frames; i += span) {
            const int64_t position = a->block->position + i;
            if (position % CLEAVE_GRID_FRAMES == 0)
                cleave_level_step(a, state, position);
            span = cleave_block_span(position, frames - i);
            for (int64_t c = 0; c < a->channels; c++)
                row_run(a, state, stream, c, i, span);
        }
    }
}

const cleave_kernel cleave_level_ref = {.run = run};
