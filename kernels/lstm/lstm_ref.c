/* lstm_ref.c: contract and reference. */
#include "kernels/lstm/lstm.h"

#include <math.h>
#include <string.h>

enum { INPUT_GATE, FORGET_GATE, CELL_GATE, OUTPUT_GATE, GATES };

static const char *check(const void *args)
{
    const cleave_lstm_args *a = args;

    if (a->hidden < 1 || a->hidden > 16384)
        return "lstm: hidden must be 1..16384";
    if (a->frames < 1 || a->frame < 1 || a->in_points < 1 || a->out_points < 1)
        return "lstm: frames, frame, in_points and out_points must be at least 1";
    if (a->in_stride < 1 || a->out_stride < 1)
        return "lstm: in_stride and out_stride must be at least 1";
    if (a->margin < 0 || 2 * a->margin >= a->frame)
        return "lstm: twice the margin must be less than a frame";
    if (a->frames > 1 && a->out_stride < a->frame - 2 * a->margin)
        return "lstm: out_stride must be at least a frame less twice the margin";
    if (!cleave_product_ok(8 * (int64_t)a->hidden, a->in_points) ||
        !cleave_product_ok(2 * (int64_t)a->hidden, a->out_points) ||
        !cleave_product_ok(a->frames, a->in_stride) || !cleave_product_ok(a->frames, a->out_stride))
        return "lstm: a tensor must be at most 2^48 values";
    return NULL;
}

static int64_t blocks(const cleave_lstm_args *a)
{
    return cleave_div_up(a->frames, CLEAVE_LSTM_FRAMES);
}

static int64_t items(const void *args)
{
    return 2 * blocks(args);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_lstm_args *a = args;
    const size_t gates = 2 * GATES * (size_t)a->hidden * sizeof(float);

    out[0] =
        (cleave_operand){offsetof(cleave_lstm_args, in), gates * (size_t)a->in_points, CLEAVE_READ};
    out[1] = (cleave_operand){offsetof(cleave_lstm_args, weight), gates * (size_t)a->hidden,
                              CLEAVE_READ | CLEAVE_PREPARED};
    out[2] = (cleave_operand){offsetof(cleave_lstm_args, bias), gates, CLEAVE_READ};
    out[3] = (cleave_operand){offsetof(cleave_lstm_args, out),
                              2 * (size_t)a->hidden * (size_t)a->out_points * sizeof(float),
                              CLEAVE_WRITE};
    return 4;
}

static cleave_cost cost(const void *args)
{
    const cleave_lstm_args *a = args;
    const double H = a->hidden, steps = (double)a->frames * (double)a->frame;

    /* The products with the state; a handful of operations a unit come after them. */
    return (cleave_cost){.flops = 2 * steps * 2 * GATES * H * H,
                         .bytes = 4 * (2 * GATES * H * (H + (double)a->in_points + 1) +
                                       2 * H * (double)a->out_points)};
}

const cleave_op cleave_lstm_op = {
    .name = "lstm",
    .args_bytes = sizeof(cleave_lstm_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

static size_t prepared_bytes(const void *args)
{
    const cleave_lstm_args *a = args;

    return 2 * GATES * (size_t)a->hidden * (size_t)a->hidden * sizeof(float);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_lstm_args *a = args;

    memcpy(prepared, a->weight, prepared_bytes(args));
}

/* Of one frame: cells, outputs and the outputs of the step under way. */
static size_t scratch_bytes(const void *args)
{
    const cleave_lstm_args *a = args;

    return 3 * (size_t)a->hidden * sizeof(double);
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* The sums of unit u at position t. */
static void sum_gates(const cleave_lstm_args *a, const float *weight, const double *h,
                      int64_t direction, int64_t u, int64_t t, double g[GATES])
{
    const int64_t H = a->hidden, first = direction * GATES * H + u;
    const float *const w = weight + first * H;

    for (int64_t n = 0; n < GATES; n++) {
        const int64_t row = first + n * H;
        g[n] = (double)(t < a->in_points ? a->in[row * a->in_points + t] : a->bias[row]);
    }
    for (int64_t k = 0; k < H; k++) {
        g[INPUT_GATE] += (double)w[k] * h[k];
        g[FORGET_GATE] += (double)w[H * H + k] * h[k];
        g[CELL_GATE] += (double)w[2 * H * H + k] * h[k];
        g[OUTPUT_GATE] += (double)w[3 * H * H + k] * h[k];
    }
}

static void run_frame(const cleave_lstm_args *a, const cleave_work *work, int64_t direction,
                      int64_t f)
{
    const int64_t H = a->hidden;
    const int64_t from = f ? a->margin : 0, to = a->frame - (f + 1 < a->frames ? a->margin : 0);
    double *const c = work->scratch, *h = c + H, *next = h + H;

    memset(c, 0, 2 * (size_t)H * sizeof *c);
    for (int64_t step = 0; step < a->frame; step++) {
        const int64_t i = direction ? a->frame - 1 - step : step, t = f * a->in_stride + i;
        const int64_t place = f * a->out_stride + i;
        for (int64_t k = 0; k < H; k++) {
            double g[GATES];
            sum_gates(a, work->prepared, h, direction, k, t, g);
            c[k] = sigmoid(g[FORGET_GATE]) * c[k] + sigmoid(g[INPUT_GATE]) * tanh(g[CELL_GATE]);
            next[k] = sigmoid(g[OUTPUT_GATE]) * tanh(c[k]);
        }
        double *const done = h;
        h = next;
        next = done;
        if (i < from || i >= to || place >= a->out_points)
            continue;
        for (int64_t k = 0; k < H; k++)
            a->out[(direction * H + k) * a->out_points + place] = (float)h[k];
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_lstm_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t begin = item % blocks(a) * CLEAVE_LSTM_FRAMES;
        const int64_t end = cleave_i64_min(begin + CLEAVE_LSTM_FRAMES, a->frames);
        for (int64_t f = begin; f < end; f++)
            run_frame(a, work, item / blocks(a), f);
    }
}

const cleave_kernel cleave_lstm_ref = {
    .run = run,
    .scratch_bytes = scratch_bytes,
    .prepared_bytes = prepared_bytes,
    .prepare = prepare,
};
