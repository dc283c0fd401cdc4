/* fdn_simd.h: the vector form, written on the names of simd_<isa>.h that the including file has
 * chosen.
 *
 * A block is taken in parts of a cell of the grid at most, which no delay is shorter than: what
 * goes into a line does not come out of it in the same part, so that all but the low-passes may
 * take frames side by side. These take lines side by side, frame after frame, in squares that are
 * transposed on the way in and out. Frames beyond a part are computed and not stored. */
#ifndef CLEAVE_KERNELS_FDN_SIMD_H
#define CLEAVE_KERNELS_FDN_SIMD_H

#include "kernels/fdn/fdn_internal.h"

#include <math.h>
#include <string.h>

#define ROWS_MAX CLEAVE_FDN_CHANNELS_MAX

/* Where the part begins in each ring. */
typedef struct fdn_places {
    int64_t predelay, allpass[CLEAVE_FDN_ALLPASSES], line[FDN_LINES];
} fdn_places;

typedef struct fdn_stream {
    const cleave_fdn_args *a;
    fdn_layout f;
    fdn_places at;
    float *state;
    float value[CLEAVE_FDN_PARAMETERS];
    float blocker_gain[ROWS_MAX], blocker_pole[ROWS_MAX];
    float share[CLEAVE_FDN_CHANNELS_MAX]; /* 1 / sqrt(lines of the channel) */
    float in[ROWS_MAX][FDN_CELL], feed[ROWS_MAX][FDN_CELL], wet[ROWS_MAX][FDN_CELL];
    float line[FDN_LINES][FDN_CELL], delayed[FDN_CELL];
} fdn_stream;

SIMD_INLINE simd_f32 flushed(simd_f32 x)
{
    return simd_select(simd_less(simd_abs(x), simd_set1(FDN_TINY)), simd_zero(), x);
}

/* A whole cell. */
SIMD_INLINE void cell_copy(float *to, const float *from)
{
#pragma GCC unroll 8
    for (int f = 0; f < FDN_CELL; f += SIMD_LANES)
        simd_store(to + f, simd_load(from + f));
}

/* What went into a ring `delay` frames before the part that begins at `at`. */
SIMD_INLINE void ring_read(const float *ring, int64_t size, int64_t at, int64_t delay, int64_t n,
                           float *to)
{
    const int64_t from = at >= delay ? at - delay : at - delay + size;
    const int64_t first = size - from;

    if (first >= FDN_CELL) {
        cell_copy(to, ring + from);
        return;
    }
    memcpy(to, ring + from, (size_t)cleave_i64_min(first, n) * sizeof *to);
    if (first < n)
        memcpy(to + first, ring, (size_t)(n - first) * sizeof *to);
}

/* A vector of the part, whose first frames alone are in it if they are fewer than lanes. */
SIMD_INLINE void part_store(float *to, simd_f32 x, int64_t count)
{
    if (count >= SIMD_LANES)
        simd_store(to, x);
    else
        simd_store_first(to, x, count);
}

/* state = pole state + gain row, for rows of one vector of lanes; in place, unless `rest` is set:
 * then the rows keep what the low-pass takes from them. */
SIMD_INLINE void lowpass(float *state, const float *pole, const float *gain,
                         float (*rows)[FDN_CELL], int64_t n, int rest)
{
    const simd_f32 p = simd_load(pole), g = simd_load(gain);
    simd_f32 y = simd_load(state);

    for (int64_t f = 0; f < n; f += SIMD_LANES) {
        simd_f32 square[SIMD_LANES];
        float turned[SIMD_LANES][SIMD_LANES];
        const int64_t count = cleave_i64_min(SIMD_LANES, n - f);

        simd_load_transposed(rows[0] + f, FDN_CELL, square);
        if (count == SIMD_LANES) {
#pragma GCC unroll 8
            for (int i = 0; i < SIMD_LANES; i++) {
                y = simd_fma(p, y, simd_mul(g, square[i]));
                simd_store(turned[i], rest ? simd_sub(square[i], y) : y);
            }
        } else {
            memset(turned, 0, sizeof turned);
            for (int64_t i = 0; i < count; i++) {
                y = simd_fma(p, y, simd_mul(g, square[i]));
                simd_store(turned[i], rest ? simd_sub(square[i], y) : y);
            }
        }
        simd_load_transposed(turned[0], SIMD_LANES, square);
#pragma GCC unroll 8
        for (int i = 0; i < SIMD_LANES; i++)
            simd_store(rows[i] + f, square[i]);
    }
    simd_store(state, y);
}

/* From in to feed: no DC, later, diffused. */
SIMD_INLINE void make_feed(fdn_stream *s, int64_t n)
{
    const cleave_fdn_args *a = s->a;
    const simd_f32 g = simd_set1(FDN_DIFFUSION);

    for (int c = 0; c < a->channels; c++)
        cell_copy(s->feed[c], s->in[c]);
    for (int c = 0; c < a->channels; c += SIMD_LANES)
        lowpass(s->state + s->f.blocker + c, s->blocker_pole + c, s->blocker_gain + c, s->feed + c,
                n, 1);
    for (int c = 0; c < a->channels; c++) {
        if (a->predelay > 0) {
            float *ring = s->state + s->f.predelay + c * s->f.predelay_size;
            memcpy(ring + s->at.predelay, s->feed[c], (size_t)n * sizeof(float));
            ring_read(ring, s->f.predelay_size, s->at.predelay, a->predelay, n, s->feed[c]);
        }
        for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++) {
            const int64_t size = s->f.allpass_size[i];
            float *ring = s->state + s->f.allpass[i] + c * size;

            ring_read(ring, size, s->at.allpass[i], a->allpass[i], n, s->delayed);
            for (int64_t f = 0; f < n; f += SIMD_LANES) {
                const simd_f32 u = simd_load(s->feed[c] + f);
                const simd_f32 y = simd_fnma(g, u, simd_load(s->delayed + f));
                part_store(ring + s->at.allpass[i] + f, flushed(simd_fma(g, y, u)), n - f);
                simd_store(s->feed[c] + f, y);
            }
        }
    }
}

/* What channels hear of the lines. */
SIMD_INLINE void make_wet(fdn_stream *s, int64_t n)
{
    const int channels = s->a->channels;

    for (int c = 0; c < channels; c++)
        for (int64_t f = 0; f < n; f += SIMD_LANES) {
            simd_f32 sum = simd_load(s->line[c] + f);
            for (int l = c + channels; l < FDN_LINES; l += 2 * channels) {
                sum = simd_sub(sum, simd_load(s->line[l] + f));
                if (l + channels < FDN_LINES)
                    sum = simd_add(sum, simd_load(s->line[l + channels] + f));
            }
            simd_store(s->wet[c] + f, simd_mul(sum, simd_set1(s->share[c])));
        }
}

/* Butterflies of 4 rows that are `step` apart. */
SIMD_INLINE void mix4(const simd_f32 x[4], simd_f32 y[4])
{
    const simd_f32 a = simd_add(x[0], x[1]), b = simd_sub(x[0], x[1]);
    const simd_f32 c = simd_add(x[2], x[3]), d = simd_sub(x[2], x[3]);

    y[0] = simd_add(a, c);
    y[1] = simd_add(b, d);
    y[2] = simd_sub(a, c);
    y[3] = simd_sub(b, d);
}

/* The matrix, by its factors of 4 rows: those 4 apart, then neighbours; and into the lines. */
SIMD_INLINE void mix_lines(fdn_stream *s, int64_t n)
{
    const simd_f32 quarter = simd_set1(0.25f);

    for (int64_t f = 0; f < n; f += SIMD_LANES) {
        simd_f32 x[4], y[4];

        for (int l = 0; l < 4; l++) {
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++)
                x[k] = simd_load(s->line[l + 4 * k] + f);
            mix4(x, y);
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++)
                simd_store(s->line[l + 4 * k] + f, y[k]);
        }
        for (int l = 0; l < FDN_LINES; l += 4) {
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++)
                x[k] = simd_load(s->line[l + k] + f);
            mix4(x, y);
#pragma GCC unroll 4
            for (int k = 0; k < 4; k++)
                part_store(s->state + s->f.line[l + k] + s->at.line[l + k] + f,
                           flushed(simd_mul(y[k], quarter)), n - f);
        }
    }
}

SIMD_INLINE void write_out(fdn_stream *s, float *out, int64_t n)
{
    const cleave_fdn_args *a = s->a;
    const simd_f32 dry = simd_set1(s->value[CLEAVE_FDN_DRY]);
    const simd_f32 own = simd_set1(s->value[CLEAVE_FDN_WET] * s->value[CLEAVE_FDN_WIDTH]);
    const simd_f32 all =
        simd_set1(s->value[CLEAVE_FDN_WET] * (1 - s->value[CLEAVE_FDN_WIDTH]) / (float)a->channels);

    for (int64_t f = 0; f < n; f += SIMD_LANES) {
        simd_f32 sum = simd_load(s->wet[0] + f);
        for (int c = 1; c < a->channels; c++)
            sum = simd_add(sum, simd_load(s->wet[c] + f));
        sum = simd_mul(sum, all);
        for (int c = 0; c < a->channels; c++) {
            const simd_f32 wet = simd_fma(own, simd_load(s->wet[c] + f), sum);
            part_store(out + c * a->out_stride + f, simd_fma(dry, simd_load(s->in[c] + f), wet),
                       n - f);
        }
    }
}

SIMD_INLINE void run_part(fdn_stream *s, const float *in, float *out, int64_t n)
{
    const cleave_fdn_args *a = s->a;

    for (int c = 0; c < a->channels; c++)
        memcpy(s->in[c], in + c * a->in_stride, (size_t)n * sizeof(float));
    for (int l = 0; l < FDN_LINES; l++)
        ring_read(s->state + s->f.line[l], s->f.line_size[l], s->at.line[l], a->line[l], n,
                  s->line[l]);
    for (int l = 0; l < FDN_LINES; l += SIMD_LANES)
        lowpass(s->state + s->f.damping + l, s->value + CLEAVE_FDN_POLE + l,
                s->value + CLEAVE_FDN_GAIN + l, s->line + l, n, 0);
    make_wet(s, n);
    make_feed(s, n);
    for (int c = 0; c < a->channels; c++)
        for (int64_t f = 0; f < n; f += SIMD_LANES)
            simd_store(s->line[c] + f,
                       simd_add(simd_load(s->line[c] + f), simd_load(s->feed[c] + f)));
    mix_lines(s, n);
    write_out(s, out, n);
}

static int64_t moved(int64_t at, int64_t n, int64_t size)
{
    return at + n < size ? at + n : at + n - size;
}

static void move_places(fdn_stream *s, int64_t n)
{
    if (s->f.predelay_size)
        s->at.predelay = moved(s->at.predelay, n, s->f.predelay_size);
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++)
        s->at.allpass[i] = moved(s->at.allpass[i], n, s->f.allpass_size[i]);
    for (int l = 0; l < FDN_LINES; l++)
        s->at.line[l] = moved(s->at.line[l], n, s->f.line_size[l]);
}

static void load_values(fdn_stream *s, const double *glide)
{
    for (int i = 0; i < CLEAVE_FDN_PARAMETERS; i++)
        s->value[i] = (float)glide[1 + i];
}

/* The low-passes fade out here, at places that do not depend on blocks. */
static void at_grid(fdn_stream *s, double *glide)
{
    float *blocker = s->state + s->f.blocker, *damping = s->state + s->f.damping;

    if (cleave_glide(glide, s->a->parameters, CLEAVE_FDN_PARAMETERS))
        load_values(s, glide);
    for (int c = 0; c < ROWS_MAX; c += SIMD_LANES)
        simd_store(blocker + c, flushed(simd_load(blocker + c)));
    for (int l = 0; l < FDN_LINES; l += SIMD_LANES)
        simd_store(damping + l, flushed(simd_load(damping + l)));
}

static void run_stream(fdn_stream *s, int64_t stream)
{
    const cleave_fdn_args *a = s->a;
    const int64_t begin = a->block->position, end = begin + a->block->frames;
    const float *in = a->in + stream * a->channels * a->in_stride;
    float *out = a->out + stream * a->channels * a->out_stride;
    int64_t n;

    s->state = a->state + stream * s->f.floats;
    double *glide = (double *)(void *)(s->state + s->f.glide);
    load_values(s, glide);
    s->at.predelay = s->f.predelay_size ? begin % s->f.predelay_size : 0;
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++)
        s->at.allpass[i] = begin % s->f.allpass_size[i];
    for (int l = 0; l < FDN_LINES; l++)
        s->at.line[l] = begin % s->f.line_size[l];
    for (int64_t p = begin; p < end; p += n) {
        n = cleave_block_span(p, end - p);
        if (p % FDN_CELL == 0)
            at_grid(s, glide);
        if (n == FDN_CELL)
            run_part(s, in + (p - begin), out + (p - begin), FDN_CELL);
        else
            run_part(s, in + (p - begin), out + (p - begin), n);
        move_places(s, n);
    }
}

static void run(const void *args, const cleave_work *work)
{
    fdn_stream s;

    memset(&s, 0, sizeof s);
    s.a = args;
    s.f = fdn_layout_of(args);
    for (int c = 0; c < ROWS_MAX; c++) {
        s.blocker_gain[c] = s.a->blocker;
        s.blocker_pole[c] = 1 - s.a->blocker;
    }
    for (int c = 0; c < s.a->channels; c++)
        s.share[c] = 1 / sqrtf((float)fdn_lines_of(s.a->channels, c));
    for (int64_t item = work->begin; item < work->end; item++)
        run_stream(&s, item);
}

#endif
