/* complex_mask_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/complex_mask/complex_mask.h"

/* Both planes in one pass, so that the mask is read once. */
static void mask_planes(const float *mask, const float *re, const float *im, float *out_re,
                        float *out_im, int64_t count)
{
    int64_t i = 0;

    for (; i + SIMD_LANES <= count; i += SIMD_LANES) {
        const simd_f32 m = simd_load(mask + i);
        simd_store(out_re + i, simd_mul(m, simd_load(re + i)));
        simd_store(out_im + i, simd_mul(m, simd_load(im + i)));
    }
    if (i < count) {
        const int64_t rest = count - i;
        const simd_f32 m = simd_load_first(mask + i, rest);
        simd_store_first(out_re + i, simd_mul(m, simd_load_first(re + i, rest)), rest);
        simd_store_first(out_im + i, simd_mul(m, simd_load_first(im + i, rest)), rest);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_complex_mask_args *a = args;
    const int64_t points = a->points;

    for (int64_t item = work->begin; item < work->end; item++) {
        const cleave_complex_mask_block k = cleave_complex_mask_block_of(a, item);
        const float *in = a->in + k.channel * 2 * points + k.begin;
        const float *mask = a->mask + k.mask_row * points + k.begin;
        float *out = a->out + (k.stem * a->channels + k.channel) * 2 * points + k.begin;

        mask_planes(mask, in, in + points, out, out + points, k.end - k.begin);
    }
}
