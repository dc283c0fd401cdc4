/* normalize_ref.c: contract and reference. */
#include "kernels/normalize/normalize.h"

#include <math.h>

static const char *check(const void *args)
{
    const cleave_normalize_args *a = args;

    if (a->channels < 1 || a->rows < 1 || a->points < 1)
        return "normalize: channels, rows and points must be at least 1";
    if (!cleave_product_ok(a->rows, a->points) ||
        !cleave_product_ok(a->channels, a->rows * a->points))
        return "normalize: a tensor must be at most 2^48 values";
    if (a->out_channel_stride < a->rows * a->points ||
        !cleave_product_ok(a->channels, a->out_channel_stride))
        return "normalize: out_channel_stride must be at least rows * points";
    if (a->kind < CLEAVE_NORMALIZE_GROUP || a->kind > CLEAVE_NORMALIZE_RESTORE)
        return "normalize: kind is unknown";
    if (a->act < CLEAVE_NORMALIZE_LINEAR || a->act > CLEAVE_NORMALIZE_GLU)
        return "normalize: act is unknown";
    if (a->act == CLEAVE_NORMALIZE_GLU && a->channels % 2)
        return "normalize: channels must be even for GLU";
    if (a->groups < 1 || a->moment_channels < 1 || a->moment_channels % a->groups)
        return "normalize: groups must divide moment_channels";
    if (a->kind == CLEAVE_NORMALIZE_GROUP ? a->moment_channels != a->channels : a->groups != 1)
        return "normalize: moment_channels must be channels for GROUP, groups 1 for other kinds";
    if (a->moment_points < 1 || !cleave_product_ok(a->moment_channels, a->moment_points))
        return "normalize: moment_points must be at least 1";
    return NULL;
}

static int64_t items(const void *args)
{
    return cleave_normalize_box_of(args, 0).count;
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_normalize_args *a = args;
    const size_t plane = (size_t)(a->rows * a->points) * sizeof(float);
    const size_t C = (size_t)a->channels, O = (size_t)cleave_normalize_out_channels(a);
    const size_t out_bytes = (O - 1) * (size_t)a->out_channel_stride * sizeof(float) + plane;
    const size_t sets = (size_t)a->moment_channels * (size_t)(a->per_row ? a->rows : 1);
    int n = 0;

    out[n++] = (cleave_operand){offsetof(cleave_normalize_args, in), C * plane, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_normalize_args, moments), sets * 2 * sizeof(float),
                                CLEAVE_READ};
    if (a->kind == CLEAVE_NORMALIZE_GROUP) {
        out[n++] = (cleave_operand){offsetof(cleave_normalize_args, weight), C * sizeof(float),
                                    CLEAVE_READ};
        out[n++] =
            (cleave_operand){offsetof(cleave_normalize_args, bias), C * sizeof(float), CLEAVE_READ};
    }
    if (a->uses & CLEAVE_NORMALIZE_SCALE)
        out[n++] = (cleave_operand){offsetof(cleave_normalize_args, scale), O * sizeof(float),
                                    CLEAVE_READ};
    if (a->uses & CLEAVE_NORMALIZE_RESIDUAL)
        out[n++] =
            (cleave_operand){offsetof(cleave_normalize_args, residual), out_bytes, CLEAVE_READ};
    out[n++] = (cleave_operand){offsetof(cleave_normalize_args, out), out_bytes, CLEAVE_WRITE};
    return n;
}

static cleave_cost cost(const void *args)
{
    const cleave_normalize_args *a = args;
    const double plane = (double)a->rows * (double)a->points, C = a->channels;
    const double O = cleave_normalize_out_channels(a);
    const double moments = 2.0 * a->moment_channels * (double)(a->per_row ? a->rows : 1);
    const double constants = (a->kind == CLEAVE_NORMALIZE_GROUP ? 2 * C : 0) +
                             (a->uses & CLEAVE_NORMALIZE_SCALE ? O : 0);
    const double results = a->uses & CLEAVE_NORMALIZE_RESIDUAL ? 2 * O : O;

    return (cleave_cost){.flops = 3 * C * plane,
                         .bytes = 4 * (plane * (C + results) + moments + constants)};
}

const cleave_op cleave_normalize_op = {
    .name = "normalize",
    .args_bytes = sizeof(cleave_normalize_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
    .in_place = 1,
    .streams = 1,
};

/* Mean and sum of squared distances of the set that a channel and row belong to. */
static void moments_of(const cleave_normalize_args *a, int64_t channel, int64_t row, double *mean,
                       double *squares)
{
    const int64_t size = a->moment_channels / a->groups, first = channel / size * size;
    const int64_t stride = a->per_row ? a->rows : 1, at = a->per_row ? row : 0;
    const double count = (double)a->moment_points;

    *mean = *squares = 0;
    for (int64_t c = first; c < first + size; c++)
        *mean += (double)a->moments[2 * (c * stride + at)] / (double)size;
    for (int64_t c = first; c < first + size; c++) {
        const float *const m = a->moments + 2 * (c * stride + at);
        const double distance = (double)m[0] - *mean;
        *squares += (double)m[1] + count * distance * distance;
    }
}

/* n = (x - mean) factor + bias for one row of one channel. */
typedef struct norm {
    double mean, factor, bias;
} norm;

static norm norm_of(const cleave_normalize_args *a, int64_t c, int64_t row)
{
    const double n = (double)a->moment_points * (double)(a->moment_channels / a->groups);
    double mean, squares;

    moments_of(a, a->kind == CLEAVE_NORMALIZE_GROUP ? c : 0, row, &mean, &squares);
    if (a->kind == CLEAVE_NORMALIZE_GROUP)
        return (norm){mean, (double)a->weight[c] / sqrt(squares / n + (double)a->epsilon),
                      (double)a->bias[c]};
    const double deviation = n > 1 ? sqrt(squares / (n - 1)) : 0;
    if (a->kind == CLEAVE_NORMALIZE_STANDARD)
        return (norm){mean, 1 / (deviation + (double)a->epsilon), 0};
    return (norm){0, deviation, mean};
}

static double normalized(const cleave_normalize_args *a, const norm *n, int64_t at)
{
    return ((double)a->in[at] - n->mean) * n->factor + n->bias;
}

/* `count` values of out channel o, from `at` in its plane on, all in one row. */
static void run_line(const cleave_normalize_args *a, int64_t o, int64_t row, int64_t at,
                     int64_t count)
{
    const int64_t plane = a->rows * a->points, O = cleave_normalize_out_channels(a);
    const int is_glu = a->act == CLEAVE_NORMALIZE_GLU;
    const norm value = norm_of(a, o, row), gate = is_glu ? norm_of(a, O + o, row) : value;

    for (int64_t i = at; i < at + count; i++) {
        const int64_t k = o * plane + i, to = o * a->out_channel_stride + i;
        double v = normalized(a, &value, k);
        if (a->act == CLEAVE_NORMALIZE_GELU)
            v *= 0.5 * erfc(-v * 0.70710678118654752440);
        else if (is_glu)
            v /= 1 + exp(-normalized(a, &gate, O * plane + k));
        if (a->uses & CLEAVE_NORMALIZE_SCALE)
            v *= (double)a->scale[o];
        if (a->uses & CLEAVE_NORMALIZE_RESIDUAL)
            v += (double)a->residual[to];
        a->out[to] = (float)v;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_normalize_args *a = args;

    for (int64_t item = work->begin; item < work->end; item++) {
        const cleave_normalize_box b = cleave_normalize_box_of(a, item);
        for (int64_t o = b.channel; o < b.channel + b.channels; o++)
            for (int64_t r = b.row; r < b.row + b.rows; r++)
                run_line(a, o, r, r * b.row_points + b.point, b.points);
    }
}

const cleave_kernel cleave_normalize_ref = {.run = run};
