/* stem_shares_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/stem_shares/stem_shares.h"

static void run_frame(const cleave_stem_shares_args *a, int64_t t)
{
    const int64_t plane = a->frames * a->bins, row = t * a->bins;
    const simd_f32 one = simd_set1(1), floor = simd_set1(*a->floor);
    const simd_f32 half = simd_mul(floor, simd_set1(0.5f));

    for (int64_t f = 0; f < a->bins; f += SIMD_LANES) {
        const int64_t count = cleave_i64_min(a->bins - f, SIMD_LANES);
        const simd_f32 h = simd_load_first(a->harmonic + row + f, count);
        const simd_f32 p = simd_load_first(a->percussive + row + f, count);
        const simd_f32 g = simd_load_first(a->bass + f, count);
        const simd_f32 u = simd_sub(one, simd_load_first(a->voice + row + f, count));
        const simd_f32 P = simd_mul(simd_load_first(a->kick + f, count), simd_mul(p, p));
        const simd_f32 drums = simd_add(P, half), rest = simd_fma(h, h, half);
        const simd_f32 unit = simd_div(u, simd_add(drums, rest));
        const simd_f32 steady = simd_mul(unit, rest), bass = simd_mul(steady, g);
        float *out = a->out + row + f;

        if (a->wanted[CLEAVE_STEM_SHARE_DRUMS]) {
            simd_store_first(out, simd_mul(unit, drums), count);
            out += plane;
        }
        if (a->wanted[CLEAVE_STEM_SHARE_BASS]) {
            simd_store_first(out, bass, count);
            out += plane;
        }
        if (a->wanted[CLEAVE_STEM_SHARE_OTHER])
            simd_store_first(out, simd_mul(steady, simd_sub(one, g)), count);
    }
}

static void run(const void *args, const cleave_work *work)
{
    for (int64_t t = work->begin; t < work->end; t++)
        run_frame(args, t);
}
