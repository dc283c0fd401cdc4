/* limit_ref.c: contract and reference. */
#include "kernels/limit/limit_gain.h"

static const char *check(const void *args)
{
    const cleave_limit_args *a = args;

    if (a->streams < 1 || a->channels < 1 || a->channels > 64)
        return "limit: streams must be at least 1, channels 1 to 64";
    if (a->frames_max < 1 || a->frames_max > CLEAVE_BLOCK_FRAMES_MAX)
        return "limit: frames_max must be 1 to 65536";
    if (a->in_stride < a->frames_max || a->out_stride < a->frames_max)
        return "limit: strides must be at least frames_max";
    if (a->cells < CLEAVE_LIMIT_CELLS_MIN || a->cells > CLEAVE_LIMIT_CELLS_MAX)
        return "limit: cells must be 4 to 4096";
    if (a->true_peak != 0 && a->true_peak != 1)
        return "limit: true_peak must be 0 or 1";
    if (!cleave_product_ok(a->streams, cleave_limit_state_floats(a)) ||
        !cleave_product_ok(a->streams * a->channels, a->in_stride) ||
        !cleave_product_ok(a->streams * a->channels, a->out_stride))
        return "limit: streams times channels times strides must be at most 2^48";
    return NULL;
}

static int64_t items(const void *args)
{
    return ((const cleave_limit_args *)args)->streams;
}

/* From the first row to the end of the last. */
static size_t extent(const cleave_limit_args *a, int64_t stride)
{
    return (size_t)((a->streams * a->channels - 1) * stride + a->frames_max) * sizeof(float);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_limit_args *a = args;
    const size_t state = (size_t)(a->streams * cleave_limit_state_floats(a)) * sizeof(float);
    int n = 0;

    out[n++] =
        (cleave_operand){offsetof(cleave_limit_args, in), extent(a, a->in_stride), CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_limit_args, block), sizeof(cleave_block), CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_limit_args, parameters),
                                CLEAVE_LIMIT_PARAMETERS * sizeof(double), CLEAVE_READ};
    out[n++] =
        (cleave_operand){offsetof(cleave_limit_args, state), state, CLEAVE_READ | CLEAVE_WRITE};
    out[n++] =
        (cleave_operand){offsetof(cleave_limit_args, out), extent(a, a->out_stride), CLEAVE_WRITE};
    return n;
}

static cleave_cost cost(const void *args)
{
    const cleave_limit_args *a = args;
    const double frames = (double)(a->streams * a->channels) * (double)a->frames_max;
    const double state = (double)a->streams * (double)cleave_limit_state_floats(a);
    const double taps = a->true_peak ? 2.0 * 3 * 2 * HALF : 0;

    return (cleave_cost){.flops = frames * (taps + 2),
                         .bytes = 4 * (2 * frames + 2 * state) + sizeof(cleave_block) +
                                  CLEAVE_LIMIT_PARAMETERS * sizeof(double)};
}

const cleave_op cleave_limit_op = {
    .name = "limit",
    .args_bytes = sizeof(cleave_limit_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
};

int64_t cleave_limit_state_floats(const cleave_limit_args *args)
{
    return limit_layout_of(args).floats;
}

int64_t cleave_limit_latency_frames(const cleave_limit_args *args)
{
    return (args->cells + DELAY) * CELL;
}

size_t cleave_limit_prepared_bytes(const void *args)
{
    (void)args;
    return (TAPS_GAIN + 1) * sizeof(float);
}

/* The modified Bessel function of order 0, by its power series. */
static double bessel(double x)
{
    double sum = 1, term = 1;

    for (int k = 1; k < 40; k++) {
        term *= x / 2 / k * (x / 2 / k);
        sum += term;
    }
    return sum;
}

/* The interpolator at distance x from a frame: 0 from HALF on. The window's parameter is a
 * compromise: less overrates what is below the edge of the band, more loses what is at it; 3
 * overrates by 0.27 dB at 0.47 of the rate and by 0.1 dB below 0.45. */
static double tap(double x)
{
    const double pi = 3.14159265358979323846, beta = 3;
    const double w = 1 - x / HALF * (x / HALF);

    return w <= 0 ? 0 : sin(pi * x) / (pi * x) * bessel(beta * sqrt(w)) / bessel(beta);
}

/* A constant comes through each point as it is. */
void cleave_limit_prepare(const void *args, void *prepared)
{
    float *table = prepared;
    double quarter = 0, half = 0, gain_quarter = 0, gain_half = 0;

    (void)args;
    for (int k = 0; k < HALF; k++) {
        quarter += tap(k + 0.25) + tap(k + 0.75);
        half += 2 * tap(k + 0.5);
    }
    for (int k = 0; k < HALF; k++) {
        const double before = tap(k + 0.25) / quarter, after = tap(k + 0.75) / quarter;
        const double middle = tap(k + 0.5) / half;
        table[TAPS_EVEN * HALF + k] = (float)((before + after) / 2);
        table[TAPS_ODD * HALF + k] = (float)((before - after) / 2);
        table[TAPS_MIDDLE * HALF + k] = (float)middle;
        gain_quarter += fabs(before) + fabs(after);
        gain_half += 2 * fabs(middle);
    }
    table[TAPS_GAIN] = (float)fmax(gain_quarter, gain_half);
}

/* The largest magnitude at frame *x and at the points between it and the next. */
static double peak_of_frame(const cleave_limit_args *a, const float *table, const float *x)
{
    double even = 0, odd = 0, middle = 0;

    for (int k = 0; k < HALF && a->true_peak; k++) {
        const double before = (double)x[-k], after = (double)x[1 + k];
        even += (double)table[TAPS_EVEN * HALF + k] * (before + after);
        odd += (double)table[TAPS_ODD * HALF + k] * (before - after);
        middle += (double)table[TAPS_MIDDLE * HALF + k] * (before + after);
    }
    return fmax(fabs((double)x[0]), fmax(fabs(even) + fabs(odd), fabs(middle)));
}

static double peak_of_cell(const cleave_limit_args *a, const limit_layout *l, const float *table,
                           const float *state, int64_t c)
{
    double peak = 0;

    for (int64_t channel = 0; channel < a->channels; channel++) {
        const float *ring = state + l->rings + channel * l->ring_floats;
        const float *x = ring + limit_ring_at(l, c - REACH) + REACH * CELL;
        for (int i = 0; i < CELL; i++)
            peak = fmax(peak, peak_of_frame(a, table, x + i));
    }
    return peak;
}

static void run_stream(const cleave_limit_args *a, const float *table, int64_t stream)
{
    const limit_layout l = limit_layout_of(a);
    float *state = a->state + stream * l.floats;

    for (int64_t i = 0; i < a->block->frames; i++) {
        const int64_t position = a->block->position + i, c = position / CELL, at = position % CELL;
        limit_glide(a, state, position);
        if (at == 0)
            limit_step(&l, a, state, c, peak_of_cell(a, &l, table, state, c - DELAY));
        const double before = 1 - (double)state[STATE_BEFORE], now = 1 - (double)state[STATE_NOW];
        const double gain = before + (now - before) * ((double)at + 1) / CELL;
        for (int64_t channel = 0; channel < a->channels; channel++) {
            const int64_t row = stream * a->channels + channel;
            float *ring = state + l.rings + channel * l.ring_floats;
            limit_ring_put(&l, ring, c, at, a->in + row * a->in_stride + i, 1);
            const float delayed = ring[limit_ring_at(&l, c - DELAY - a->cells) + at];
            a->out[row * a->out_stride + i] = (float)((double)delayed * gain);
        }
    }
}

static void run(const void *args, const cleave_work *work)
{
    for (int64_t stream = work->begin; stream < work->end; stream++)
        run_stream(args, work->prepared, stream);
}

const cleave_kernel cleave_limit_ref = {
    .run = run,
    .prepared_bytes = cleave_limit_prepared_bytes,
    .prepare = cleave_limit_prepare,
};
