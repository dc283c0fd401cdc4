/* biquad_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * Two channels and SIMD_PAIRS sections are the lanes of a vector. A section works on the frame that
 * the one before it has just left, so that up to VECTORS_MAX vectors of sections are computed at
 * once and wait only for their own last output. Before the last section has a frame, and after the
 * first has none, lanes without one keep their sums. */
#include "kernels/biquad/biquad.h"

#include <string.h>

#define VECTORS_MAX 4
#define AT_ONCE     (VECTORS_MAX * SIMD_PAIRS) /* sections */
#define FRAMES      256                        /* of a chunk, held in double between groups */

/* A group of sections and what they do; a section's value stands in two lanes. */
typedef struct group {
    double coefficient[VECTORS_MAX][CLEAVE_BIQUAD_COEFFICIENTS][SIMD_PAIRS][2];
    double sum[2][VECTORS_MAX][SIMD_PAIRS][2];
    double section[VECTORS_MAX][SIMD_PAIRS][2]; /* its number in the group */
} group;

/* One step of `vectors` vectors: v[0][] take a new frame, what was y is the input of the next. With
 * `masked`, lanes of sections outside from..to keep their sums. */
SIMD_INLINE void step(const group *g, int vectors, simd_pairs frame, simd_pairs y[VECTORS_MAX],
                      simd_pairs s[2][VECTORS_MAX], int masked, double from, double to)
{
    simd_pairs x[VECTORS_MAX];

#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++)
        x[v] = simd_pairs_shift(v == 0 ? frame : y[v - 1], y[v]);
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        const double(*c)[SIMD_PAIRS][2] = g->coefficient[v];
        const simd_pairs b1 =
            simd_pairs_fma(simd_pairs_load(c[CLEAVE_BIQUAD_B1][0]), x[v], s[1][v]);
        const simd_pairs b2 = simd_pairs_mul(simd_pairs_load(c[CLEAVE_BIQUAD_B2][0]), x[v]);
        y[v] = simd_pairs_fma(simd_pairs_load(c[CLEAVE_BIQUAD_B0][0]), x[v], s[0][v]);
        const simd_pairs s1 = simd_pairs_fnma(simd_pairs_load(c[CLEAVE_BIQUAD_A1][0]), y[v], b1);
        const simd_pairs s2 = simd_pairs_fnma(simd_pairs_load(c[CLEAVE_BIQUAD_A2][0]), y[v], b2);
        if (masked) {
            const simd_pairs section = simd_pairs_load(g->section[v][0]);
            s[0][v] = simd_pairs_inside(section, from, to, s1, s[0][v]);
            s[1][v] = simd_pairs_inside(section, from, to, s2, s[1][v]);
        } else {
            s[0][v] = s1;
            s[1][v] = s2;
        }
    }
}

/* A chunk through a group of `vectors` vectors, a constant wherever this is inlined, in place. The
 * output is that of the group's last section, `last`, which may not be the last lane. */
SIMD_INLINE void group_run_of(group *g, int vectors, int last, double (*frames)[2], int64_t count)
{
    const int odd = last % SIMD_PAIRS;
    static const double silence[2] = {0, 0};
    const simd_pairs none = simd_pairs_frame(silence);
    simd_pairs y[VECTORS_MAX], s[2][VECTORS_MAX];
    int64_t i = 0;

#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        y[v] = none;
        s[0][v] = simd_pairs_load(g->sum[0][v][0]);
        s[1][v] = simd_pairs_load(g->sum[1][v][0]);
    }
    for (; i < last; i++) {
        const simd_pairs frame = i < count ? simd_pairs_frame(frames[i]) : none;
        step(g, vectors, frame, y, s, 1, (double)(i - count + 1), (double)i);
    }
    for (; i < count; i++) {
        step(g, vectors, simd_pairs_frame(frames[i]), y, s, 0, 0, 0);
        simd_pairs_store_one(frames[i - last], y[vectors - 1], odd);
    }
    for (; i < count + last; i++) {
        step(g, vectors, none, y, s, 1, (double)(i - count + 1), (double)i);
        simd_pairs_store_one(frames[i - last], y[vectors - 1], odd);
    }
#pragma GCC unroll 4
    for (int v = 0; v < vectors; v++) {
        simd_pairs_store(g->sum[0][v][0], s[0][v]);
        simd_pairs_store(g->sum[1][v][0], s[1][v]);
    }
}

static void group_run(group *g, int sections, double (*frames)[2], int64_t count)
{
    const int last = sections - 1;

    switch (last / SIMD_PAIRS) {
    case 0:
        group_run_of(g, 1, last, frames, count);
        break;
    case 1:
        group_run_of(g, 2, last, frames, count);
        break;
    case 2:
        group_run_of(g, 3, last, frames, count);
        break;
    default:
        group_run_of(g, 4, last, frames, count);
        break;
    }
}

/* Fills a group from the coefficients of its sections and the sums of two channels. Lanes that no
 * section has are 0. */
static void group_load(group *g, const double *coefficients, int sections,
                       const double *const sums[2], int channels)
{
    memset(g, 0, sizeof *g);
    for (int k = 0; k < AT_ONCE; k++)
        for (int c = 0; c < 2; c++)
            g->section[k / SIMD_PAIRS][k % SIMD_PAIRS][c] = k;
    for (int k = 0; k < sections; k++) {
        const int v = k / SIMD_PAIRS, lane = k % SIMD_PAIRS;
        for (int i = 0; i < CLEAVE_BIQUAD_COEFFICIENTS; i++)
            for (int c = 0; c < 2; c++)
                g->coefficient[v][i][lane][c] = coefficients[k * CLEAVE_BIQUAD_COEFFICIENTS + i];
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < 2; i++)
                g->sum[i][v][lane][c] = sums[c][2 * k + i];
    }
}

static void group_sums(const group *g, int sections, double *const sums[2], int channels)
{
    for (int k = 0; k < sections; k++)
        for (int c = 0; c < channels; c++)
            for (int i = 0; i < 2; i++)
                sums[c][2 * k + i] = g->sum[i][k / SIMD_PAIRS][k % SIMD_PAIRS][c];
}

/* Up to two rows of a stream through all sections, with the same coefficients throughout. */
static void filter(const cleave_biquad_args *a, const double *coefficients, int64_t row,
                   int channels, double *state, int64_t at, int64_t frames)
{
    _Alignas(64) double chunk[FRAMES][2];
    const float *in[2] = {a->in + row * a->in_stride + at, NULL};
    float *out[2] = {a->out + row * a->out_stride + at, NULL};
    group g;

    in[1] = in[0] + (channels == 2 ? a->in_stride : 0);
    out[1] = out[0] + (channels == 2 ? a->out_stride : 0);
    for (int64_t i = 0; i < frames; i += FRAMES) {
        const int64_t count = cleave_i64_min(FRAMES, frames - i);
        for (int64_t t = 0; t < count; t++) {
            chunk[t][0] = (double)in[0][i + t];
            chunk[t][1] = (double)in[1][i + t];
        }
        for (int64_t k = 0; k < a->sections; k += AT_ONCE) {
            const int sections = (int)cleave_i64_min(AT_ONCE, a->sections - k);
            double *const sums[2] = {state + 2 * k, state + 2 * (a->sections + k)};
            group_load(&g, coefficients + k * CLEAVE_BIQUAD_COEFFICIENTS, sections,
                       (const double *const *)sums, channels);
            group_run(&g, sections, chunk, count);
            group_sums(&g, sections, sums, channels);
        }
        for (int64_t t = 0; t < count; t++) {
            out[0][i + t] = (float)chunk[t][0];
            if (channels == 2)
                out[1][i + t] = (float)chunk[t][1];
        }
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
            for (int64_t c = 0; c < a->channels; c += 2)
                filter(a, cleave_glide_values(glide), stream * a->channels + c,
                       (int)cleave_i64_min(2, a->channels - c), sums + c * a->sections * 2, i,
                       span);
        }
    }
}
