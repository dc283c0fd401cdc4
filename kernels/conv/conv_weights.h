/* conv_weights.h: the shape of the matrix products that a convolution is, and its constants as the
 * vector variants keep them; include a simd header, define TILE_ROWS and PAIRS first.
 *
 * Rows of the matrix are the sums of one column: out channel by phase, and twice that for GLU,
 * whose gates lie in the tile of their values. Its depth is kernel row by in channel by tap, in
 * this order, so that kernel rows which fall outside of `in` are left out by a shorter sum. A
 * transposed convolution has such a matrix for each phase of rows, with the kernel rows that serve
 * it; one of points has only the taps of a phase, those of the others are more rows or, where
 * phases are apart (see cleave_conv_apart), in matrices of their own.
 *
 * Weights that are values of binary16 are kept as such and become floats when a tile is needed.
 * With PAIRS they are bfloat16, those of two depths next to each other. */
#ifndef CLEAVE_KERNELS_CONV_WEIGHTS_H
#define CLEAVE_KERNELS_CONV_WEIGHTS_H

#include "kernels/conv/conv.h"
#include "kernels/half.h"

#include <string.h>

/* The points of conv_winograd.h, whose powers that occur are exact. */
#define POINT_A 0.625f
#define POINT_B 1.5f

typedef struct shape {
    int64_t channels;     /* O */
    int64_t phases;       /* points of out in a column */
    int64_t slots;        /* of them that have matrices of their own: all or 1 */
    int64_t joint;        /* of them that are rows of one matrix: 1 or all */
    int64_t row_phases;   /* of out rows, each of which has matrices of its own */
    int64_t values;       /* rows of a tile but for gates */
    int64_t tiles;        /* of a matrix */
    int64_t group;        /* cleave_conv_group_rows() */
    int64_t weight_count; /* of all matrices */
} shape;

/* Taps of a kernel row in a matrix: those of its phase, or the most of any. */
static int64_t kernel_taps(const cleave_conv_args *a, int64_t phase)
{
    const int64_t phases = cleave_conv_phases(a);

    if (!cleave_conv_apart(a))
        return cleave_div_up(a->kernel_points, phases);
    return phase < a->kernel_points ? cleave_div_up(a->kernel_points - phase, phases) : 0;
}

/* Kernel rows of a phase. */
static int64_t kernel_rows(const cleave_conv_args *a, int64_t phase)
{
    if (!a->transposed)
        return a->kernel_rows;
    return phase < a->kernel_rows ? cleave_div_up(a->kernel_rows - phase, a->stride_rows) : 0;
}

/* Depth of the matrix of a phase of rows and one of points. */
static int64_t matrix_depth(const cleave_conv_args *a, int64_t row_phase, int64_t phase)
{
    return kernel_rows(a, row_phase) * a->in_channels * kernel_taps(a, phase);
}

/* That of each of the matrices of combinations of rows, of a phase of points. */
static int64_t form_depth(const cleave_conv_args *a, int64_t phase)
{
    return (a->transposed ? 1 : a->stride_rows) * a->in_channels * kernel_taps(a, phase);
}

static shape shape_of(const cleave_conv_args *a)
{
    shape s = {.channels = cleave_conv_out_channels(a),
               .phases = cleave_conv_phases(a),
               .slots = 1,
               .joint = 1,
               .row_phases = a->transposed ? a->stride_rows : 1};

    if (cleave_conv_apart(a))
        s.slots = s.phases;
    else
        s.joint = s.phases;
    s.values = a->act == CLEAVE_CONV_GLU ? TILE_ROWS / 2 : TILE_ROWS;
    s.tiles = cleave_div_up(s.channels * s.joint, s.values);
    s.group = cleave_conv_group_rows(a);
    for (int64_t p = 0; p < s.row_phases; p++)
        for (int64_t q = 0; q < s.slots; q++)
            s.weight_count +=
                s.tiles * TILE_ROWS *
                (s.group ? CLEAVE_CONV_FORMS * form_depth(a, q) : matrix_depth(a, p, q));
    return s;
}

/* What prepare() made; tensors that are not used have what changes nothing. The matrix of a row
 * phase is [tile][depth][TILE_ROWS]. */
typedef struct constants {
    const float *bias;                    /* [M] */
    const float *norm_scale, *norm_shift; /* [M] */
    const float *scale;                   /* [O] */
    const float *table;                   /* [O][out_rows] */
    const void *weight;                   /* floats, binary16 or bfloat16 */
    int half;                             /* whether they are of two bytes */
} constants;

static int64_t aligned(int64_t floats)
{
    return (int64_t)cleave_align_up((size_t)floats * sizeof(float)) / (int64_t)sizeof(float);
}

/* Whether weights take two bytes. Combinations of those of binary16 do not. */
static int halves(const cleave_conv_args *a)
{
    return PAIRS || (a->uses & CLEAVE_CONV_HALF && !cleave_conv_group_rows(a));
}

static constants constants_of(const cleave_conv_args *a, const shape *s, const float *prepared)
{
    constants k = {.bias = prepared, .half = halves(a)};

    k.norm_scale = k.bias + aligned(a->channels);
    k.norm_shift = k.norm_scale + aligned(a->channels);
    k.scale = k.norm_shift + aligned(a->channels);
    k.table = k.scale + aligned(s->channels);
    k.weight = k.table + aligned(s->channels * a->out_rows);
    return k;
}

static size_t prepared_bytes(const void *args)
{
    const cleave_conv_args *a = args;
    const shape s = shape_of(a);
    const size_t weight_bytes = halves(a) ? sizeof(uint16_t) : sizeof(float);

    return (size_t)(3 * aligned(a->channels) + aligned(s.channels) +
                    aligned(s.channels * a->out_rows)) *
               sizeof(float) +
           (size_t)s.weight_count * weight_bytes;
}

/* A value of binary16 as such. All but the smallest, the infinite and NaN have their bits in place:
 * networks have tens of millions of them, and each engine packs them anew. */
static uint16_t half_of(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    const uint32_t exponent = bits >> 23 & 0xff;
    if (exponent - 113 < 30 && !(bits & 0x1fff))
        return (uint16_t)((bits >> 16 & 0x8000) | (exponent - 112) << 10 | (bits >> 13 & 0x3ff));
    const uint16_t half = cleave_half_from_float(value);
    assert(cleave_half_to_float(half) == value || isnan(value));
    return half;
}

/* Weight `at` of the table. */
static void put_weight(const constants *k, int64_t at, float value)
{
    if (!k->half) {
        ((float *)k->weight)[at] = value;
        return;
    }
    if (PAIRS) {
        const int64_t pair = at / (2 * TILE_ROWS) * 2 * TILE_ROWS;
        const int64_t place = at % TILE_ROWS * 2 + at / TILE_ROWS % 2;
        ((uint16_t *)k->weight)[pair + place] = cleave_bf16_bits(value);
        return;
    }
    ((uint16_t *)k->weight)[at] = half_of(value);
}

/* One row of a tile of the matrix of a phase of rows and one of points, from weight `at` of the
 * table on; 0 beyond the edges of the matrix and in taps that a phase lacks. */
static void prepare_row(const cleave_conv_args *a, const shape *s, const constants *to,
                        int64_t row_phase, int64_t phase, int64_t tile, int64_t r, int64_t at)
{
    const int64_t row = tile * s->values + r % s->values;
    const int64_t m = row / s->joint + (r >= s->values ? s->channels : 0);
    const int64_t first = phase + row % s->joint, taps = kernel_taps(a, phase);
    const int exists = row < s->channels * s->joint;

    for (int64_t n = 0; n < kernel_rows(a, row_phase); n++) {
        const int64_t k = row_phase + n * s->row_phases;
        for (int64_t c = 0; c < a->in_channels; c++) {
            const int64_t pair = a->transposed ? c * a->channels + m : m * a->in_channels + c;
            const float *const from = a->weight + (pair * a->kernel_rows + k) * a->kernel_points;
            for (int64_t t = first; t < first + taps * s->phases; t += s->phases) {
                put_weight(to, at, exists && t < a->kernel_points ? from[t] : 0);
                at += TILE_ROWS;
            }
        }
    }
}

/* The combinations of `taps` kernel rows that the forms multiply: their polynomial at the form's
 * point, over what the combinations of points there are too large by. */
static void combine_weights(const double *w, int64_t taps, float form[CLEAVE_CONV_FORMS])
{
    const double A = (double)POINT_A, B = (double)POINT_B, C = A * A - B * B;
    const double large_a = 1 / (2 * A * A * C), large_b = -1 / (2 * B * B * C);
    double even_a = 0, even_b = 0, odd_a = 0, odd_b = 0;

    for (int64_t t = taps - 1; t >= 0; t--) {
        const double last_a = even_a, last_b = even_b;
        even_a = A * odd_a + w[t];
        even_b = B * odd_b + w[t];
        odd_a = A * last_a;
        odd_b = B * last_b;
    }
    form[0] = (float)(w[0] / (A * A * B * B));
    form[1] = (float)((even_a + odd_a) * large_a);
    form[2] = (float)((even_a - odd_a) * large_a);
    form[3] = (float)((even_b + odd_b) * large_b);
    form[4] = (float)((even_b - odd_b) * large_b);
    form[5] = (float)w[taps - 1];
}

/* Row r of a tile of the matrices of all forms, `matrix` weights apart, from weight `at` of the
 * table on, for a phase of rows and one of points. */
static void prepare_form_row(const cleave_conv_args *a, const shape *s, const constants *to,
                             int64_t row_phase, int64_t phase, int64_t tile, int64_t r, int64_t at,
                             int64_t matrix)
{
    const int64_t row = tile * s->values + r % s->values;
    const int64_t m = row + (r >= s->values ? s->channels : 0);
    const int64_t residues = a->transposed ? 1 : a->stride_rows;
    const int64_t taps = cleave_div_up(a->kernel_rows, a->stride_rows);
    const int exists = row < s->channels;

    for (int64_t i = 0; i < residues * a->in_channels; i++) {
        const int64_t c = i % a->in_channels, rest = row_phase + i / a->in_channels;
        const int64_t pair = a->transposed ? c * a->channels + m : m * a->in_channels + c;
        const float *const kernel = a->weight + pair * a->kernel_rows * a->kernel_points;
        for (int64_t t = s->slots > 1 ? phase : 0; t < a->kernel_points; t += s->slots) {
            double w[4] = {0, 0, 0, 0};
            float form[CLEAVE_CONV_FORMS];
            for (int64_t n = 0; exists && n < taps; n++) {
                const int64_t k = rest + (a->transposed ? taps - 1 - n : n) * a->stride_rows;
                if (k < a->kernel_rows)
                    w[n] = (double)kernel[k * a->kernel_points + t];
            }
            combine_weights(w, taps, form);
            for (int64_t f = 0; f < CLEAVE_CONV_FORMS; f++)
                put_weight(to, at + f * matrix, form[f]);
            at += TILE_ROWS;
        }
    }
}

static void prepare_forms(const cleave_conv_args *a, const shape *s, const constants *to)
{
    int64_t at = 0;

    for (int64_t p = 0; p < s->row_phases; p++)
        for (int64_t q = 0; q < s->slots; q++) {
            const int64_t tile = TILE_ROWS * form_depth(a, q), matrix = s->tiles * tile;
            for (int64_t t = 0; t < s->tiles; t++)
                for (int64_t r = 0; r < TILE_ROWS; r++)
                    prepare_form_row(a, s, to, p, q, t, r, at + t * tile + r, matrix);
            at += CLEAVE_CONV_FORMS * matrix;
        }
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
    const shape s = shape_of(a);
    const constants k = constants_of(a, &s, prepared);
    int64_t at = 0;

    keep(k.bias, a->bias, a->uses & CLEAVE_CONV_BIAS, 0, a->channels);
    keep(k.norm_scale, a->norm_scale, a->uses & CLEAVE_CONV_NORM, 1, a->channels);
    keep(k.norm_shift, a->norm_shift, a->uses & CLEAVE_CONV_NORM, 0, a->channels);
    keep(k.scale, a->scale, a->uses & CLEAVE_CONV_SCALE, 1, s.channels);
    keep(k.table, a->table, a->uses & CLEAVE_CONV_TABLE, 0, s.channels * a->out_rows);
    if (s.group) {
        prepare_forms(a, &s, &k);
        return;
    }
    for (int64_t p = 0; p < s.row_phases; p++)
        for (int64_t q = 0; q < s.slots; q++)
            for (int64_t tile = 0; tile < s.tiles; tile++) {
                for (int64_t r = 0; r < TILE_ROWS; r++)
                    prepare_row(a, &s, &k, p, q, tile, r, at + r);
                at += TILE_ROWS * matrix_depth(a, p, q);
            }
}

#endif
