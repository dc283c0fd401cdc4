/* true_peak_ref.c: contract and reference. */
#include "kernels/true_peak/true_peak.h"

static const char *check(const void *args)
{
    const cleave_true_peak_args *a = args;

    if (a->rows < 1)
        return "true_peak: rows must be at least 1";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "true_peak: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max)
        return "true_peak: in_stride must be at least frames_max";
    if (!cleave_product_ok(a->rows, a->in_stride) ||
        !cleave_product_ok(a->rows, CLEAVE_TRUE_PEAK_STATE_FLOATS))
        return "true_peak: rows times in_stride must be at most 2^48";
    if (a->factor != 2 && a->factor != 4)
        return "true_peak: factor must be 2 or 4";
    return NULL;
}

static int64_t items(const void *args)
{
    const cleave_true_peak_args *a = args;

    return a->rows;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_true_peak_args *a = args;
    const int64_t in = (a->rows - 1) * a->in_stride + a->frames_max;
    const int64_t state = a->rows * CLEAVE_TRUE_PEAK_STATE_FLOATS;

    out[0] = (cleave_operand){offsetof(cleave_true_peak_args, in), (size_t)in * sizeof(float),
                              CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_true_peak_args, out), (size_t)a->rows * sizeof(float),
                              CLEAVE_WRITE};
    out[2] =
        (cleave_operand){offsetof(cleave_true_peak_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_true_peak_args, state), (size_t)state * sizeof(float),
                              CLEAVE_READ | CLEAVE_WRITE};
    return 4;
}

static cleave_cost cost(const void *args)
{
    const cleave_true_peak_args *a = args;
    const double rows = (double)a->rows, samples = rows * (double)a->frames_max;
    const double points = (double)((a->factor - 1) * (CLEAVE_TRUE_PEAK_POINTS / a->factor));

    return (cleave_cost){.flops = samples * 2 * points,
                         .bytes = 4 * samples + 4 * rows + sizeof(cleave_block) +
                                  8 * rows * CLEAVE_TRUE_PEAK_STATE_FLOATS};
}

const cleave_op cleave_true_peak_op = {
    .name = "true_peak",
    .args_bytes = sizeof(cleave_true_peak_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static double row_peak(const double *table, int64_t factor, const float *in, const float *past,
                       int64_t frames)
{
    const int64_t taps = CLEAVE_TRUE_PEAK_POINTS / factor;
    double peak = 0;

    for (int64_t n = 0; n < frames; n++) {
        peak = fmax(peak, fabs((double)in[n]));
        for (int64_t f = 1; f < factor; f++) {
            double y = 0;
            for (int64_t i = 0; i < taps; i++)
                y += table[(f - 1) * taps + i] *
                     (double)(i <= n ? in[n - i] : past[CLEAVE_TRUE_PEAK_HISTORY + n - i]);
            peak = fmax(peak, fabs(y));
        }
    }
    return peak;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_true_peak_args *a = args;
    const int64_t frames = a->block->frames;
    double table[CLEAVE_TRUE_PEAK_POINTS];
    float kept[CLEAVE_TRUE_PEAK_HISTORY];

    cleave_true_peak_table(a->factor, table);
    for (int64_t r = work->begin; r < work->end; r++) {
        const float *in = a->in + r * a->in_stride;
        float *state = a->state + r * CLEAVE_TRUE_PEAK_STATE_FLOATS;
        float *past = state + CLEAVE_TRUE_PEAK_STATE_PAST;

        a->out[r] = (float)row_peak(table, a->factor, in, past, frames);
        state[0] = fmaxf(state[0], a->out[r]);
        for (int64_t i = 0; i < CLEAVE_TRUE_PEAK_HISTORY; i++)
            kept[i] = cleave_true_peak_past(past, in, frames, i);
        for (int64_t i = 0; i < CLEAVE_TRUE_PEAK_HISTORY; i++)
            past[i] = kept[i];
    }
}

const cleave_kernel cleave_true_peak_ref = {.run = run};
