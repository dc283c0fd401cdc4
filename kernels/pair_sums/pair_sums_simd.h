/* pair_sums_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/pair_sums/pair_sums.h"

/* Sums in lanes of double; the peak in float32, whose rounding of y - x is that of its head. */
typedef struct lane_sums {
    simd_f64 sum[CLEAVE_PAIR_PEAK];
    simd_f32 peak;
} lane_sums;

SIMD_INLINE void add_vectors(lane_sums *s, simd_f32 x32, simd_f32 y32)
{
    const simd_f64 x = simd_widen(x32), y = simd_widen(y32), d = simd_f64_sub(y, x);

    s->sum[CLEAVE_PAIR_X] = simd_f64_add(s->sum[CLEAVE_PAIR_X], x);
    s->sum[CLEAVE_PAIR_Y] = simd_f64_add(s->sum[CLEAVE_PAIR_Y], y);
    s->sum[CLEAVE_PAIR_XX] = simd_f64_fma(x, x, s->sum[CLEAVE_PAIR_XX]);
    s->sum[CLEAVE_PAIR_YY] = simd_f64_fma(y, y, s->sum[CLEAVE_PAIR_YY]);
    s->sum[CLEAVE_PAIR_XD] = simd_f64_fma(x, d, s->sum[CLEAVE_PAIR_XD]);
    s->sum[CLEAVE_PAIR_DD] = simd_f64_fma(d, d, s->sum[CLEAVE_PAIR_DD]);
    s->peak = simd_max(simd_abs(simd_sub(y32, x32)), s->peak);
}

SIMD_INLINE float largest(simd_f32 v)
{
    float lane[SIMD_LANES], top;

    simd_store(lane, v);
    top = lane[0];
    for (int k = 1; k < SIMD_LANES; k++)
        top = lane[k] > top ? lane[k] : top;
    return top;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_pair_sums_args *a = args;

    for (int64_t r = work->begin; r < work->end; r++) {
        const float *x = a->x + r * a->x_stride, *y = a->y + r * a->y_stride;
        float *out = a->out + 2 * r * CLEAVE_PAIR_SUMS;
        lane_sums s = {.peak = simd_zero()};
        int64_t i = 0;

        for (int k = 0; k < CLEAVE_PAIR_PEAK; k++)
            s.sum[k] = simd_f64_set1(0);
        for (; i + SIMD_LANES <= a->points; i += SIMD_LANES)
            add_vectors(&s, simd_load(x + i), simd_load(y + i));
        if (i < a->points)
            add_vectors(&s, simd_load_first(x + i, a->points - i),
                        simd_load_first(y + i, a->points - i));
        for (int k = 0; k < CLEAVE_PAIR_PEAK; k++) {
            const double sum = simd_f64_sum(s.sum[k]);
            out[2 * k] = (float)sum;
            out[2 * k + 1] = (float)(sum - (double)out[2 * k]);
        }
        out[2 * CLEAVE_PAIR_PEAK] = largest(s.peak);
        out[2 * CLEAVE_PAIR_PEAK + 1] = 0;
    }
}
