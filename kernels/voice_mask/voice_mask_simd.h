/* voice_mask_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/voice_mask/voice_mask.h"

#include "kernels/simd_math.h"

SIMD_INLINE simd_f32 hold(simd_f32 a, simd_f32 limit)
{
    return simd_min(simd_max(a, simd_neg(limit)), limit);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_voice_mask_args *a = args;
    const int64_t begin = work->begin * CLEAVE_VOICE_MASK_BLOCK;
    const int64_t end = cleave_i64_min(work->end * CLEAVE_VOICE_MASK_BLOCK, a->points);
    const simd_f32 floor = simd_set1(*a->floor), limit = simd_set1(a->limit), one = simd_set1(1);
    const simd_f32 self = simd_set1(a->self), near = simd_set1(a->near);

    for (int64_t i = begin; i < end; i += SIMD_LANES) {
        const int64_t count = cleave_i64_min(end - i, SIMD_LANES);
        const simd_f32 voice = simd_add(simd_load_first(a->parts + i, count), floor);
        const simd_f32 rest = simd_add(simd_load_first(a->parts + a->points + i, count), floor);
        const simd_f32 around = hold(simd_sub(simd_log(voice), simd_log(rest)), limit);
        const simd_f32 odds = hold(simd_load_first(a->odds + i, count), limit);
        const simd_f32 z = simd_fma(near, around, simd_mul(self, odds));

        simd_store_first(a->out + i, simd_div(one, simd_add(one, simd_exp(simd_neg(z)))), count);
    }
}
