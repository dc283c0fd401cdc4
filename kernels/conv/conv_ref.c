/* conv_ref.c: contract and reference. */
#include "kernels/conv/conv.h"

#include <math.h>
#include <string.h>

static int64_t extent(int64_t channels, int64_t channel_stride, int64_t rows, int64_t row_stride,
                      int64_t points)
{
    return (channels - 1) * channel_stride + (rows - 1) * row_stride + points;
}

static int64_t weight_count(const cleave_conv_args *a)
{
    return (int64_t)a->channels * a->in_channels * a->kernel_rows * a->kernel_points;
}

static const char *check_sizes(const cleave_conv_args *a)
{
    if (a->in_channels < 1 || a->channels < 1 || a->in_channels > 65536 || a->channels > 131072)
        return "conv: in_channels must be 1..65536, channels 1..131072";
    if (a->in_rows < 1 || a->in_points < 1 || a->out_rows < 1 || a->out_points < 1)
        return "conv: rows and points must be at least 1";
    if (a->in_row_stride < a->in_points || a->out_row_stride < a->out_points)
        return "conv: a row stride must be at least its points";
    if (!cleave_product_ok(a->in_rows, a->in_row_stride) ||
        !cleave_product_ok(a->out_rows, a->out_row_stride) ||
        a->in_channel_stride < a->in_rows * a->in_row_stride ||
        a->out_channel_stride < a->out_rows * a->out_row_stride)
        return "conv: a channel stride must be at least its rows times the row stride";
    if (!cleave_product_ok(a->in_channels, a->in_channel_stride) ||
        !cleave_product_ok(a->channels, a->out_channel_stride))
        return "conv: a tensor must be at most 2^48 values";
    return NULL;
}

static const char *check(const void *args)
{
    const cleave_conv_args *a = args;

    if (a->kernel_rows < 1 || a->kernel_points < 1 || a->kernel_rows > 1024 ||
        a->kernel_points > 1024)
        return "conv: kernel_rows and kernel_points must be 1..1024";
    if (a->stride_rows < 1 || a->stride_points < 1 || a->dilation < 1 || a->stride_rows > 1024 ||
        a->stride_points > 1024 || a->dilation > 65536)
        return "conv: strides must be 1..1024, dilation 1..65536";
    if (a->pad_rows < 0 || a->pad_points < 0 || a->pad_rows > 65536 || a->pad_points > 65536)
        return "conv: pad_rows and pad_points must be 0..65536";
    if (a->transposed && a->dilation != 1)
        return "conv: a transposed convolution has dilation 1";
    if (a->act < CLEAVE_CONV_LINEAR || a->act > CLEAVE_CONV_SIGMOID)
        return "conv: act is unknown";
    if (a->act == CLEAVE_CONV_GLU && a->channels % 2)
        return "conv: channels must be even for GLU";
    if (a->act == CLEAVE_CONV_GLU && a->uses & CLEAVE_CONV_RAW)
        return "conv: uses has RAW, which act GLU has not";
    if (a->uses & CLEAVE_CONV_NORM && a->uses & CLEAVE_CONV_ROW_NORM)
        return "conv: uses has both NORM and ROW_NORM";
    if (a->uses & CLEAVE_CONV_FACTOR && a->uses & CLEAVE_CONV_RESIDUAL)
        return "conv: uses has both FACTOR and RESIDUAL";
    return check_sizes(a);
}

static int64_t items(const void *args)
{
    const cleave_conv_args *a = args;

    return cleave_conv_channel_blocks(a) * cleave_conv_row_blocks(a) * cleave_conv_column_blocks(a);
}

static int operands(const void *args, cleave_operand out[CLEAVE_OPERANDS_MAX])
{
    const cleave_conv_args *a = args;
    const int64_t O = cleave_conv_out_channels(a), M = a->channels;
    const int64_t in =
        extent(a->in_channels, a->in_channel_stride, a->in_rows, a->in_row_stride, a->in_points);
    const int64_t result =
        extent(O, a->out_channel_stride, a->out_rows, a->out_row_stride, a->out_points);
    const uint32_t constant = CLEAVE_READ | CLEAVE_PREPARED, always = ~0u;
    const struct {
        size_t field;
        int64_t count;
        uint32_t access, use; /* which of `uses` asks for it */
    } tensors[] = {
        {offsetof(cleave_conv_args, in), in, CLEAVE_READ, always},
        {offsetof(cleave_conv_args, weight), weight_count(a), constant, always},
        {offsetof(cleave_conv_args, bias), M, constant, CLEAVE_CONV_BIAS},
        {offsetof(cleave_conv_args, scale), O, constant, CLEAVE_CONV_SCALE},
        {offsetof(cleave_conv_args, table), O * a->out_rows, constant, CLEAVE_CONV_TABLE},
        {offsetof(cleave_conv_args, norm_scale), M, constant, CLEAVE_CONV_NORM},
        {offsetof(cleave_conv_args, norm_shift), M, constant, CLEAVE_CONV_NORM},
        {offsetof(cleave_conv_args, row_norm), 2 * M * a->out_rows, CLEAVE_READ,
         CLEAVE_CONV_ROW_NORM},
        {offsetof(cleave_conv_args, residual), result, CLEAVE_READ | CLEAVE_JOINED,
         CLEAVE_CONV_RESIDUAL},
        {offsetof(cleave_conv_args, factor), result, CLEAVE_READ, CLEAVE_CONV_FACTOR},
        {offsetof(cleave_conv_args, raw), result, CLEAVE_WRITE, CLEAVE_CONV_RAW},
        {offsetof(cleave_conv_args, out), result, CLEAVE_WRITE, always},
    };
    int n = 0;

    for (size_t i = 0; i < sizeof tensors / sizeof tensors[0]; i++)
        if (tensors[i].use == always || a->uses & tensors[i].use)
            out[n++] = (cleave_operand){tensors[i].field, (size_t)tensors[i].count * sizeof(float),
                                        tensors[i].access};
    return n;
}

/* Pairs of a position of 0 .. from - 1 and a tap of the kernel that meet 0 .. to - 1: the others
 * are padding, and no work. */
static double pairs(int64_t from, int64_t to, int32_t kernel, int32_t stride, int32_t dilation,
                    int32_t pad)
{
    double count = 0;

    for (int64_t tap = 0; tap < kernel; tap++) {
        const int64_t offset = tap * dilation - pad; /* 0 <= i stride + offset < to */
        const int64_t first = offset < 0 ? cleave_div_up(-offset, stride) : 0;
        const int64_t end = offset < to ? cleave_div_up(to - offset, stride) : 0;
        count += (double)cleave_i64_max(0, cleave_i64_min(end, from) - first);
    }
    return count;
}

static cleave_cost cost(const void *args)
{
    const cleave_conv_args *a = args;
    const double C = a->in_channels, M = a->channels, O = cleave_conv_out_channels(a);
    const int64_t rows[2] = {a->in_rows, a->out_rows}, points[2] = {a->in_points, a->out_points};
    const int t = a->transposed != 0;
    const double taps =
        pairs(rows[!t], rows[t], a->kernel_rows, a->stride_rows, a->dilation, a->pad_rows) *
        pairs(points[!t], points[t], a->kernel_points, a->stride_points, a->dilation,
              a->pad_points);
    const double plane = (double)a->out_rows * (double)a->out_points;
    const uint32_t planes = CLEAVE_CONV_RESIDUAL | CLEAVE_CONV_FACTOR;
    const double results = 1 + !!(a->uses & CLEAVE_CONV_RAW) + !!(a->uses & planes);
    const double constants = (a->uses & CLEAVE_CONV_BIAS ? M : 0) +
                             (a->uses & CLEAVE_CONV_SCALE ? O : 0) +
                             (a->uses & CLEAVE_CONV_TABLE ? O * (double)a->out_rows : 0) +
                             (a->uses & CLEAVE_CONV_NORM ? 2 * M : 0) +
                             (a->uses & CLEAVE_CONV_ROW_NORM ? 2 * M * (double)a->out_rows : 0);

    return (cleave_cost){.flops = 2 * C * M * taps,
                         .bytes = 4 * (C * (double)a->in_rows * (double)a->in_points +
                                       results * O * plane + constants) +
                                  (a->uses & CLEAVE_CONV_HALF ? 2 : 4) * (double)weight_count(a)};
}

const cleave_op cleave_conv_op = {
    .name = "conv",
    .args_bytes = sizeof(cleave_conv_args),
    .check = check,
    .items = items,
    .operands = operands,
    .cost = cost,
};

/* The prepared table: its tensors as they are, one after the other, and in place of those that are
 * not used what changes nothing. */
typedef struct constants {
    const float *weight, *bias, *scale, *table, *norm_scale, *norm_shift;
} constants;

static size_t prepared_bytes(const void *args)
{
    const cleave_conv_args *a = args;
    const int64_t O = cleave_conv_out_channels(a);

    return (size_t)(weight_count(a) + 3 * (int64_t)a->channels + O + O * a->out_rows) *
           sizeof(float);
}

static constants constants_of(const cleave_conv_args *a, const float *prepared)
{
    const int64_t O = cleave_conv_out_channels(a), M = a->channels;
    constants k = {.weight = prepared};

    k.bias = k.weight + weight_count(a);
    k.scale = k.bias + M;
    k.table = k.scale + O;
    k.norm_scale = k.table + O * a->out_rows;
    k.norm_shift = k.norm_scale + M;
    return k;
}

/* What `from` has, or `otherwise` where it is not used. */
static void keep(const float *to, const float *from, uint32_t used, float otherwise, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        ((float *)to)[i] = used ? from[i] : otherwise;
}

static void prepare(const void *args, void *prepared)
{
    const cleave_conv_args *a = args;
    const constants k = constants_of(a, prepared);
    const int64_t O = cleave_conv_out_channels(a), M = a->channels;

    memcpy(prepared, a->weight, (size_t)weight_count(a) * sizeof(float));
    keep(k.bias, a->bias, a->uses & CLEAVE_CONV_BIAS, 0, M);
    keep(k.scale, a->scale, a->uses & CLEAVE_CONV_SCALE, 1, O);
    keep(k.table, a->table, a->uses & CLEAVE_CONV_TABLE, 0, O * a->out_rows);
    keep(k.norm_scale, a->norm_scale, a->uses & CLEAVE_CONV_NORM, 1, M);
    keep(k.norm_shift, a->norm_shift, a->uses & CLEAVE_CONV_NORM, 0, M);
}

#define RUN_POINTS 64 /* of out, whose sums are made together */

/* What `in` that kernel place `tap` meets at `out`, or -1 if none does. */
static int64_t source(int64_t out, int64_t tap, int64_t dilation, int64_t stride, int64_t pad,
                      int32_t transposed, int64_t count)
{
    int64_t at = out * stride + tap * dilation - pad;

    if (transposed) {
        const int64_t from = out + pad - tap;
        at = from % stride ? -1 : from / stride;
    }
    return at >= 0 && at < count ? at : -1;
}

/* The products of one weight with `count` points of out from j on. */
static void add_products(const cleave_conv_args *a, const float *in, double weight, int64_t tap,
                         int64_t j, int64_t count, double *sum)
{
    for (int64_t n = 0; n < count; n++) {
        const int64_t at = source(j + n, tap, a->dilation, a->stride_points, a->pad_points,
                                  a->transposed, a->in_points);
        if (at >= 0)
            sum[n] += weight * (double)in[at];
    }
}

static void sums(const cleave_conv_args *a, const constants *k, int64_t m, int64_t i, int64_t j,
                 int64_t count, double *sum)
{
    for (int64_t n = 0; n < count; n++)
        sum[n] = (double)k->bias[m];
    for (int64_t c = 0; c < a->in_channels; c++) {
        const int64_t pair = a->transposed ? c * a->channels + m : m * a->in_channels + c;
        for (int64_t r = 0; r < a->kernel_rows; r++) {
            const float *weight = k->weight + (pair * a->kernel_rows + r) * a->kernel_points;
            const int64_t row =
                source(i, r, a->dilation, a->stride_rows, a->pad_rows, a->transposed, a->in_rows);
            if (row < 0)
                continue;
            for (int64_t b = 0; b < a->kernel_points; b++)
                add_products(a, a->in + c * a->in_channel_stride + row * a->in_row_stride,
                             (double)weight[b], b, j, count, sum);
        }
    }
}

/* a[o] of u[o]; `gate` is u[O + o] for GLU. */
static double activate(cleave_conv_act act, double u, double gate)
{
    switch (act) {
    case CLEAVE_CONV_GELU:
        return u * 0.5 * erfc(-u * 0.70710678118654752440);
    case CLEAVE_CONV_GLU:
        return u / (1 + exp(-gate));
    case CLEAVE_CONV_RELU:
        return u < 0 ? 0 : u;
    case CLEAVE_CONV_LEAKY_RELU:
        return u < 0 ? 0.2 * u : u;
    case CLEAVE_CONV_ELU:
        return u < 0 ? expm1(u) : u;
    case CLEAVE_CONV_SIGMOID:
        return 1 / (1 + exp(-u));
    default:
        return u;
    }
}

static void run_points(const cleave_conv_args *a, const constants *k, int64_t o, int64_t i,
                       int64_t j, int64_t count)
{
    const int64_t m = cleave_conv_out_channels(a) + o; /* of the gate */
    const int64_t at = o * a->out_channel_stride + i * a->out_row_stride + j;
    const int glu = a->act == CLEAVE_CONV_GLU, rows = a->uses & CLEAVE_CONV_ROW_NORM;
    const float *const scale = rows ? a->row_norm + i * 2 * a->channels : k->norm_scale;
    const float *const shift = rows ? scale + a->channels : k->norm_shift;
    double value[RUN_POINTS], gate[RUN_POINTS];

    sums(a, k, o, i, j, count, value);
    if (glu)
        sums(a, k, m, i, j, count, gate);
    for (int64_t n = 0; n < count; n++) {
        if (a->uses & CLEAVE_CONV_RAW)
            a->raw[at + n] = (float)value[n];
        const double u = value[n] * (double)scale[o] + (double)shift[o];
        const double g = glu ? gate[n] * (double)scale[m] + (double)shift[m] : 0;
        double v =
            activate(a->act, u, g) * (double)k->scale[o] + (double)k->table[o * a->out_rows + i];
        if (a->uses & CLEAVE_CONV_RESIDUAL)
            v += (double)a->residual[at + n];
        if (a->uses & CLEAVE_CONV_FACTOR)
            v *= (double)a->factor[at + n];
        a->out[at + n] = (float)v;
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_conv_args *a = args;
    const constants k = constants_of(a, work->prepared);
    const int64_t blocks = cleave_conv_channel_blocks(a), parts = cleave_conv_column_blocks(a);
    const int64_t channels = cleave_conv_block_channels(a), O = cleave_conv_out_channels(a);
    const int64_t points = cleave_conv_block_columns(a) * cleave_conv_phases(a);
    const int64_t rows = cleave_conv_block_rows(a);

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t o0 = item % blocks * channels, i0 = item / blocks / parts * rows;
        const int64_t j0 = item / blocks % parts * points + cleave_conv_lead(a);
        const int64_t o1 = cleave_i64_min(o0 + channels, O);
        const int64_t i1 = cleave_i64_min(i0 + rows, a->out_rows);
        const int64_t j1 = cleave_i64_min(j0 + points, a->out_points);
        for (int64_t o = o0; o < o1; o++)
            for (int64_t i = i0; i < i1; i++)
                for (int64_t j = cleave_i64_max(j0, 0); j < j1; j += RUN_POINTS)
                    run_points(a, &k, o, i, j, cleave_i64_min(RUN_POINTS, j1 - j));
    }
}

const cleave_kernel cleave_conv_ref = {
    .run = run, .prepared_bytes = prepared_bytes, .prepare = prepare};
