/* normalize_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/normalize/normalize.h"
#include "kernels/simd_math.h"

#include <math.h>

/* Mean and sum of squared distances of the sets that some rows of a channel belong to; kept from
 * line to line and from item to item, since combining them is as much work as there are channels
 * in a set. */
typedef struct sets {
    int64_t first, row; /* channel and row of the first; -1 if there is none */
    double mean[CLEAVE_NORMALIZE_ROWS], squares[CLEAVE_NORMALIZE_ROWS];
} sets;

static void sets_combine(const cleave_normalize_args *a, int64_t first, int64_t row, int64_t rows,
                         sets *s)
{
    const int64_t size = a->moment_channels / a->groups, stride = a->per_row ? 2 * a->rows : 2;
    const float *const moments = a->moments + first * stride + 2 * row;
    const double count = (double)a->moment_points;

    if (s->first == first && s->row == row)
        return;
    s->first = first;
    s->row = row;
    for (int64_t r = 0; r < rows; r++)
        s->mean[r] = s->squares[r] = 0;
    for (int64_t c = 0; c < size; c++)
        for (int64_t r = 0; r < rows; r++)
            s->mean[r] += (double)moments[c * stride + 2 * r];
    for (int64_t r = 0; r < rows; r++)
        s->mean[r] /= (double)size;
    for (int64_t c = 0; c < size; c++)
        for (int64_t r = 0; r < rows; r++) {
            const double distance = (double)moments[c * stride + 2 * r] - s->mean[r];
            s->squares[r] += (double)moments[c * stride + 2 * r + 1] + count * distance * distance;
        }
}

/* n = (x - centre) factor + bias for one row of one channel. The centre is the mean rounded to
 * float, from which values near it differ exactly; what the rounding took is part of the bias. */
typedef struct norm {
    float centre, factor, bias;
} norm;

static norm norm_of(const cleave_normalize_args *a, int64_t c, const sets *s, int64_t r)
{
    const double n = (double)a->moment_points * (double)(a->moment_channels / a->groups);
    const double mean = s->mean[r], deviation = n > 1 ? sqrt(s->squares[r] / (n - 1)) : 0;
    double factor = 1 / (deviation + (double)a->epsilon), bias = 0;

    if (a->kind == CLEAVE_NORMALIZE_RESTORE)
        return (norm){0, (float)deviation, (float)mean};
    if (a->kind == CLEAVE_NORMALIZE_GROUP) {
        factor = (double)a->weight[c] / sqrt(s->squares[r] / n + (double)a->epsilon);
        bias = (double)a->bias[c];
    }
    const float centre = (float)mean;
    return (norm){centre, (float)factor, (float)(bias - (mean - (double)centre) * factor)};
}

SIMD_INLINE simd_f32 normalized(simd_f32 x, const norm *n)
{
    return simd_fma(simd_sub(x, simd_set1(n->centre)), simd_set1(n->factor), simd_set1(n->bias));
}

SIMD_INLINE simd_f32 activated(simd_f32 x, simd_f32 gate, const norm n[2], cleave_normalize_act act)
{
    const simd_f32 v = normalized(x, &n[0]);

    if (act == CLEAVE_NORMALIZE_GELU)
        return simd_gelu(v);
    if (act == CLEAVE_NORMALIZE_GLU)
        return simd_mul(v, simd_sigmoid(normalized(gate, &n[1])));
    return v;
}

/* Values in a row of one channel; `in` and `gate` are the same unless act is GLU, and so are
 * `residual` and `in` without one. act and has_residual are constants wherever this is inlined. */
typedef struct line {
    const float *in, *gate, *residual;
    float *out;
    int64_t count;
    norm n[2]; /* of in, of gate */
    float scale;
} line;

SIMD_INLINE void line_run(const line *l, cleave_normalize_act act, int has_residual)
{
    const norm n[2] = {l->n[0], l->n[1]};
    const simd_f32 scale = simd_set1(l->scale);
    int64_t i = 0;

    for (; i + SIMD_LANES <= l->count; i += SIMD_LANES) {
        const simd_f32 v = activated(simd_load(l->in + i), simd_load(l->gate + i), n, act);
        simd_store(l->out + i, has_residual ? simd_fma(v, scale, simd_load(l->residual + i))
                                            : simd_mul(v, scale));
    }
    if (i < l->count) {
        const int64_t rest = l->count - i;
        const simd_f32 v =
            activated(simd_load_first(l->in + i, rest), simd_load_first(l->gate + i, rest), n, act);
        const simd_f32 before = simd_load_first(l->residual + i, rest);
        simd_store_first(l->out + i, has_residual ? simd_fma(v, scale, before) : simd_mul(v, scale),
                         rest);
    }
}

static void line_dispatch(const line *l, cleave_normalize_act act, int has_residual)
{
    switch (act) {
    case CLEAVE_NORMALIZE_LINEAR:
        if (has_residual)
            line_run(l, CLEAVE_NORMALIZE_LINEAR, 1);
        else
            line_run(l, CLEAVE_NORMALIZE_LINEAR, 0);
        break;
    case CLEAVE_NORMALIZE_GELU:
        if (has_residual)
            line_run(l, CLEAVE_NORMALIZE_GELU, 1);
        else
            line_run(l, CLEAVE_NORMALIZE_GELU, 0);
        break;
    case CLEAVE_NORMALIZE_GLU:
        if (has_residual)
            line_run(l, CLEAVE_NORMALIZE_GLU, 1);
        else
            line_run(l, CLEAVE_NORMALIZE_GLU, 0);
        break;
    }
}

static int64_t set_of(const cleave_normalize_args *a, int64_t channel)
{
    const int64_t size = a->moment_channels / a->groups;

    return a->kind == CLEAVE_NORMALIZE_GROUP ? channel / size * size : 0;
}

/* The rows of one out channel in a box; s: sets of the channel, of its gate. */
static void run_channel(const cleave_normalize_args *a, const cleave_normalize_box *b, int64_t o,
                        sets s[2])
{
    const int64_t plane = a->rows * a->points;
    const int64_t gate = a->act == CLEAVE_NORMALIZE_GLU ? cleave_normalize_out_channels(a) : 0;
    const int has_residual = (a->uses & CLEAVE_NORMALIZE_RESIDUAL) != 0;

    sets_combine(a, set_of(a, o), b->row, b->rows, &s[0]);
    sets_combine(a, set_of(a, o + gate), b->row, b->rows, &s[1]);
    for (int64_t r = 0; r < b->rows; r++) {
        const int64_t within = (b->row + r) * b->row_points + b->point;
        const int64_t at = o * plane + within, to = o * a->out_channel_stride + within;
        const line l = {
            .in = a->in + at,
            .gate = a->in + gate * plane + at,
            .residual = has_residual ? a->residual + to : a->in + at,
            .out = a->out + to,
            .count = b->points,
            .n = {norm_of(a, o, &s[0], r), norm_of(a, o + gate, &s[1], r)},
            .scale = a->uses & CLEAVE_NORMALIZE_SCALE ? a->scale[o] : 1,
        };
        line_dispatch(&l, a->act, has_residual);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_normalize_args *a = args;
    sets s[2] = {{.first = -1}, {.first = -1}};

    for (int64_t item = work->begin; item < work->end; item++) {
        const cleave_normalize_box b = cleave_normalize_box_of(a, item);
        for (int64_t o = b.channel; o < b.channel + b.channels; o++)
            run_channel(a, &b, o, s);
    }
}
