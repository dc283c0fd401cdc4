/* repetition_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * The median of fifteen: eight values and seven are sorted by networks, and the eighth smallest of
 * both lists together is the least, over the ways to take eight values from the fronts of the two,
 * of the largest value taken. Fewer values are made fifteen by as many zeros as infinities, which
 * leave the middle where it is. */
#include "kernels/repetition/repetition.h"

#include <math.h>

#define FIRST  8
#define SECOND (CLEAVE_REPETITION_PICKS_MAX - FIRST)

typedef struct exchange {
    uint8_t low, high;
} exchange;

/* Knuth, The Art of Computer Programming, volume 3, 5.3.4: 19 exchanges for eight values, 16 for
 * seven. */
static const exchange sort_first[] = {{0, 2}, {1, 3}, {4, 6}, {5, 7}, {0, 4}, {1, 5}, {2, 6},
                                      {3, 7}, {0, 1}, {2, 3}, {4, 5}, {6, 7}, {2, 4}, {3, 5},
                                      {1, 4}, {3, 6}, {1, 2}, {3, 4}, {5, 6}};
static const exchange sort_second[] = {{0, 6}, {2, 3}, {4, 5}, {0, 2}, {1, 4}, {3, 6},
                                       {0, 1}, {2, 5}, {3, 4}, {1, 2}, {4, 6}, {2, 3},
                                       {4, 5}, {1, 2}, {3, 4}, {5, 6}};

SIMD_INLINE void sort(simd_f32 *v, const exchange *network, int count)
{
#pragma GCC unroll 19
    for (int k = 0; k < count; k++) {
        const simd_f32 a = v[network[k].low], b = v[network[k].high];
        v[network[k].low] = simd_min(a, b);
        v[network[k].high] = simd_max(a, b);
    }
}

SIMD_INLINE simd_f32 median(simd_f32 v[CLEAVE_REPETITION_PICKS_MAX])
{
    sort(v, sort_first, sizeof sort_first / sizeof sort_first[0]);
    sort(v + FIRST, sort_second, sizeof sort_second / sizeof sort_second[0]);

    simd_f32 least = v[FIRST - 1];
#pragma GCC unroll 7
    for (int i = 0; i < SECOND; i++)
        least = simd_min(least, simd_max(v[i], v[FIRST + SECOND - 1 - i]));
    return least;
}

static void medians(const float *const *row, float *out, int64_t bins)
{
    simd_f32 v[CLEAVE_REPETITION_PICKS_MAX];
    int64_t f = 0;

    for (; f + SIMD_LANES <= bins; f += SIMD_LANES) {
#pragma GCC unroll 15
        for (int k = 0; k < CLEAVE_REPETITION_PICKS_MAX; k++)
            v[k] = simd_load(row[k] + f);
        simd_store(out + f, median(v));
    }
    if (f < bins) {
#pragma GCC unroll 15
        for (int k = 0; k < CLEAVE_REPETITION_PICKS_MAX; k++)
            v[k] = simd_load_first(row[k] + f, bins - f);
        simd_store_first(out + f, median(v), bins - f);
    }
}

static void scaled(const float *in, float scale, float *out, int64_t bins)
{
    for (int64_t f = 0; f < bins; f += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(bins - f, SIMD_LANES);
        simd_store_first(out + f, simd_mul(simd_load_first(in + f, rest), simd_set1(scale)), rest);
    }
}

/* Scratch: a row of zeros, a row of infinities, then what picking needs. */
static size_t scratch_bytes(const void *args)
{
    const cleave_repetition_args *a = args;

    return ((size_t)(2 * a->bins) + cleave_repetition_pick_floats(a->frames)) * sizeof(float);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_repetition_args *a = args;
    float *zeros = work->scratch, *infinities = zeros + a->bins, *pick = infinities + a->bins;
    int64_t taken[CLEAVE_REPETITION_PICKS_MAX];
    const float *row[CLEAVE_REPETITION_PICKS_MAX];

    for (int64_t f = 0; f < a->bins; f++) {
        zeros[f] = 0;
        infinities[f] = INFINITY;
    }
    cleave_repetition_pick_init(a, pick);
    for (int64_t t = work->begin; t < work->end; t++) {
        const int count = cleave_repetition_pick(a, t, pick, taken);

        for (int k = 0; k < count; k++)
            row[k] = a->in + taken[k] * a->bins;
        for (int k = count; k < CLEAVE_REPETITION_PICKS_MAX; k++)
            row[k] = k % 2 ? zeros : infinities;
        if (count)
            medians(row, a->out + t * a->bins, a->bins);
        else
            scaled(a->in + t * a->bins, a->alone, a->out + t * a->bins, a->bins);
    }
}
