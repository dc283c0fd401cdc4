/* biquad_ref.c: contract and reference. */
#include "kernels/biquad/biquad.h"

static const char *check(const void *args)
{
    const cleave_biquad_args *a = args;

    if (a->streams < 1)
        return "biquad: streams must be at least 1";
    if (a->channels < 1 || a->channels > CLEAVE_BIQUAD_CHANNELS_MAX)
        return "biquad: channels must be 1 to 32";
    if (a->sections < 1 || a->sections > CLEAVE_BIQUAD_SECTIONS_MAX)
        return "biquad: sections must be 1 to 32";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "biquad: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->out_stride < a->frames_max)
        return "biquad: in_stride and out_stride must be at least frames_max";
    if (!cleave_product_ok(a->streams, a->channels) ||
        !cleave_product_ok(a->streams * a->channels, a->in_stride) ||
        !cleave_product_ok(a->streams * a->channels, a->out_stride) ||
        !cleave_product_ok(a->streams, cleave_biquad_state_floats(a)))
        return "biquad: streams times channels times strides must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_biquad_args *a = args;

    return a->streams;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_biquad_args *a = args;
    const int64_t rows = a->streams * a->channels - 1;
    const size_t parameters = (size_t)(a->sections * CLEAVE_BIQUAD_COEFFICIENTS);

    out[0] = (cleave_operand){offsetof(cleave_biquad_args, in),
                              (size_t)(rows * a->in_stride + a->frames_max) * sizeof(float),
                              CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_biquad_args, out),
                              (size_t)(rows * a->out_stride + a->frames_max) * sizeof(float),
                              CLEAVE_WRITE};
    out[2] =
        (cleave_operand){offsetof(cleave_biquad_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_biquad_args, parameters), parameters * sizeof(double),
                              CLEAVE_READ};
    out[4] = (cleave_operand){offsetof(cleave_biquad_args, state),
                              (size_t)(a->streams * cleave_biquad_state_floats(a)) * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    return 5;
}

static cleave_cost cost(const void *args)
{
    const cleave_biquad_args *a = args;
    const double samples = (double)(a->streams * a->channels) * (double)a->frames_max;
    const double state = (double)a->streams * (double)cleave_biquad_state_floats(a);

    return (cleave_cost){.flops = 9 * samples * (double)a->sections,
                         .bytes = 8 * samples + 8 * state + sizeof(cleave_block) +
                                  40 * (double)a->sections};
}

const cleave_op cleave_biquad_op = {
    .name = "biquad",
    .args_bytes = sizeof(cleave_biquad_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

/* One row: every section for a frame before the next frame. */
static void filter(const double *coefficients, int64_t sections, double *sums, const float *in,
                   float *out, int64_t frames)
{
    for (int64_t i = 0; i < frames; i++) {
        double x = (double)in[i];

        for (int64_t k = 0; k < sections; k++) {
            const double *c = coefficients + k * CLEAVE_BIQUAD_COEFFICIENTS;
            double *s = sums + 2 * k;
            const double y = fma(c[CLEAVE_BIQUAD_B0], x, s[0]);
            s[0] = fma(-c[CLEAVE_BIQUAD_A1], y, fma(c[CLEAVE_BIQUAD_B1], x, s[1]));
            s[1] = fma(-c[CLEAVE_BIQUAD_A2], y, c[CLEAVE_BIQUAD_B2] * x);
            x = y;
        }
        out[i] = (float)x;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_biquad_args *a = args;
    const int64_t count = a->sections * CLEAVE_BIQUAD_COEFFICIENTS;
    const int64_t frames = a->block->frames;

    for (int64_t stream = work->begin; stream < work->end; stream++) {
        double *glide = cleave_biquad_state(a, stream);
        double *sums = glide + cleave_biquad_glide_doubles(a);
        int steady = 0;

        for (int64_t i = 0, span; i < frames; i += span) {
            const int64_t position = a->block->position + i;
            if (position % CLEAVE_GRID_FRAMES == 0 && !steady)
                steady = !cleave_glide(glide, a->parameters, count);
            if (position % CLEAVE_BIQUAD_FLUSH_FRAMES == 0)
                for (int64_t k = 0; k < a->channels * a->sections * 2; k++)
                    sums[k] = cleave_biquad_flushed(sums[k]);
            span = cleave_biquad_span(position, frames - i, steady);
            for (int64_t c = 0; c < a->channels; c++) {
                const int64_t row = stream * a->channels + c;
                filter(cleave_glide_values(glide), a->sections, sums + c * a->sections * 2,
                       a->in + row * a->in_stride + i, a->out + row * a->out_stride + i, span);
            }
        }
    }
}

const cleave_kernel cleave_biquad_ref = {.run = run};
