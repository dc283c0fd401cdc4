/* overlap_add_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/overlap_add/overlap_add.h"

/* One fused step rounds mean + gain (in - mean) once after the difference: exact for mean = 0 with
 * gain = 1, and for in = mean. */
SIMD_INLINE simd_f32 blend(simd_f32 mean, simd_f32 gain, simd_f32 in)
{
    return simd_fma(gain, simd_sub(in, mean), mean);
}

static void blend_row(const float *in, const float *gain, float *mean, int64_t count)
{
    int64_t n = 0;

    for (; n + SIMD_LANES <= count; n += SIMD_LANES)
        simd_store(mean + n, blend(simd_load(mean + n), simd_load(gain + n), simd_load(in + n)));
    if (n < count) {
        const int64_t rest = count - n;
        const simd_f32 v = blend(simd_load_first(mean + n, rest), simd_load_first(gain + n, rest),
                                 simd_load_first(in + n, rest));
        simd_store_first(mean + n, v, rest);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_overlap_add_args *a = args;
    const int64_t blocks = cleave_div_up(a->length, CLEAVE_OVERLAP_ADD_BLOCK);

    for (int64_t item = work->begin; item < work->end; item++) {
        const int64_t row = item / blocks;
        const int64_t begin = item % blocks * CLEAVE_OVERLAP_ADD_BLOCK;
        const int64_t end = cleave_i64_min(begin + CLEAVE_OVERLAP_ADD_BLOCK, a->length);

        blend_row(a->in + row * a->in_stride + begin, a->gain + begin,
                  a->mean + row * a->mean_stride + begin, end - begin);
    }
}
