/* voice_odds_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * The logarithm of a ratio is the difference of two logarithms, which spares a division each and
 * shares ln(E + floor). The two parts come from one exponential of -|z|, so that neither is the
 * small difference of large numbers. */
#include "kernels/voice_odds/voice_odds.h"

#include "kernels/simd_math.h"

typedef struct weights {
    simd_f32 repetition, percussive, balance, balance_floor, limit, floor;
} weights;

typedef struct bins {
    simd_f32 magnitude, repeating, broadband, left, right, prior;
} bins;

typedef struct odds {
    simd_f32 z, voice, rest;
} odds;

SIMD_INLINE simd_f32 held(simd_f32 a, simd_f32 limit)
{
    return simd_min(simd_max(a, simd_neg(limit)), limit);
}

SIMD_INLINE odds odds_of(const weights *w, const bins *b, int stereo)
{
    const simd_f32 one = simd_set1(1), power = simd_mul(b->magnitude, b->magnitude);
    const simd_f32 log_power = simd_log(simd_add(power, w->floor));
    const simd_f32 repeating = simd_log(simd_fma(b->repeating, b->repeating, w->floor));
    const simd_f32 broadband = simd_log(simd_fma(b->broadband, b->broadband, w->floor));
    simd_f32 z = b->prior;

    z = simd_fma(w->repetition, held(simd_sub(log_power, repeating), w->limit), z);
    z = simd_fma(w->percussive, held(simd_sub(log_power, broadband), w->limit), z);
    if (stereo) {
        const simd_f32 sum = simd_add(simd_add(b->left, b->right), simd_add(w->floor, w->floor));
        const simd_f32 scale = simd_div(simd_set1(2), sum);
        const simd_f32 l = simd_mul(b->left, scale), r = simd_mul(b->right, scale);
        z = simd_fma(w->balance, simd_log(simd_fma(l, r, w->balance_floor)), z);
    }

    const simd_f32 small = simd_exp(simd_neg(simd_abs(z)));
    const simd_f32 larger = simd_div(power, simd_add(one, small));
    const simd_f32 smaller = simd_mul(larger, small);
    const simd_mask voiceless = simd_less(z, simd_zero());
    return (odds){z, simd_select(voiceless, smaller, larger),
                  simd_select(voiceless, larger, smaller)};
}

static void run_frame(const cleave_voice_odds_args *a, const weights *w, int64_t t, int stereo)
{
    const int64_t plane = a->frames * a->bins, row = t * a->bins;
    const float *left = stereo ? a->sides + row : a->magnitude + row;
    const float *right = stereo ? left + plane : left;

    for (int64_t f = 0; f < a->bins; f += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(a->bins - f, SIMD_LANES);
        const bins b = {
            simd_load_first(a->magnitude + row + f, rest),
            simd_load_first(a->repeating + row + f, rest),
            simd_load_first(a->broadband + row + f, rest),
            simd_load_first(left + f, rest),
            simd_load_first(right + f, rest),
            simd_load_first(a->prior + f, rest),
        };
        const odds o = odds_of(w, &b, stereo);
        simd_store_first(a->odds + row + f, o.z, rest);
        simd_store_first(a->parts + row + f, o.voice, rest);
        simd_store_first(a->parts + plane + row + f, o.rest, rest);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_voice_odds_args *a = args;
    const weights w = {
        simd_set1(a->repetition),    simd_set1(a->percussive), simd_set1(a->balance),
        simd_set1(a->balance_floor), simd_set1(a->limit),      simd_set1(*a->floor),
    };

    for (int64_t t = work->begin; t < work->end; t++)
        if (a->stereo)
            run_frame(a, &w, t, 1);
        else
            run_frame(a, &w, t, 0);
}
