/* fader_simd.h: the body shared by the vector variants; include a simd header first. */
#include "kernels/fader/fader.h"

/* Frames that are alike, at most as many as `ramp` and `fade` have. */
#define PIECE 64

/* A stretch of frames under two matrices and a fade. */
typedef struct stretch {
    const float *before, *slope; /* [C][C]: matrix at ramp 0, and what it gains up to ramp 1 */
    const float *ramp, *fade;    /* [PIECE]; NULL: all 0, all 1 */
    int64_t stride, frames;
} stretch;

/* `C` is a constant wherever this is inlined. */
SIMD_INLINE void mix_stretch(const stretch *s, int C, const float *in, float *out)
{
    for (int64_t n = 0; n < s->frames; n += SIMD_LANES) {
        const int64_t rest = cleave_i64_min(s->frames - n, SIMD_LANES);
        simd_f32 x[CLEAVE_FADER_CHANNELS_MAX];
        for (int i = 0; i < C; i++)
            x[i] = simd_load_first(in + i * s->stride + n, rest);
        for (int o = 0; o < C; o++) {
            simd_f32 sum = simd_zero();
            for (int i = 0; i < C; i++) {
                simd_f32 c = simd_set1(s->before[o * C + i]);
                if (s->ramp)
                    c = simd_fma(simd_load(s->ramp + n), simd_set1(s->slope[o * C + i]), c);
                sum = simd_fma(c, x[i], sum);
            }
            if (s->fade)
                sum = simd_mul(sum, simd_load(s->fade + n));
            simd_store_first(out + o * s->stride + n, sum, rest);
        }
    }
}

static void mix_piece(const stretch *s, int channels, const float *in, float *out)
{
    switch (channels) {
    case 1:
        mix_stretch(s, 1, in, out);
        break;
    case 2:
        mix_stretch(s, 2, in, out);
        break;
    default:
        mix_stretch(s, channels, in, out);
    }
}

/* Frames under one pair of matrices. Without a fade they may be any number. */
static void mix_span(const cleave_fader_args *a, const double *before, const double *after,
                     int64_t position, int64_t frames, const float *in, float *out)
{
    const int64_t C = a->channels;
    float from[CLEAVE_FADER_CHANNELS_MAX * CLEAVE_FADER_CHANNELS_MAX];
    float slope[CLEAVE_FADER_CHANNELS_MAX * CLEAVE_FADER_CHANNELS_MAX];
    float ramp[PIECE + SIMD_LANES] = {0}, fade[PIECE + SIMD_LANES] = {0};
    stretch s = {.before = from, .slope = slope, .stride = a->stride};
    int glides = 0;

    for (int64_t i = 0; i < C * C; i++) {
        from[i] = (float)before[i];
        slope[i] = (float)(after[i] - before[i]);
        glides |= after[i] != before[i];
    }
    for (int64_t n = 0; n < frames; n += s.frames) {
        const int64_t left = frames - n;
        const int open = cleave_fader_is_open(a->parameters, C, position + n, left);
        s.frames = open && !glides ? left : cleave_i64_min(left, PIECE);
        for (int64_t k = 0; glides && k < s.frames; k++)
            ramp[k] = (float)((position + n + k) % CLEAVE_GRID_FRAMES + 1) / CLEAVE_GRID_FRAMES;
        for (int64_t k = 0; !open && k < s.frames; k++)
            fade[k] = (float)cleave_fader_gain(a->parameters, C, a->curve, position + n + k);
        s.ramp = glides ? ramp : NULL;
        s.fade = open ? NULL : fade;
        mix_piece(&s, (int)C, in + n, out + n);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_fader_args *a = args;
    const int64_t C = a->channels, doubles = cleave_fader_state_doubles(C);

    for (int64_t s = work->begin; s < work->end; s++) {
        double *const state = (double *)(void *)a->state + s * doubles;
        const float *const in = a->in + s * C * a->stride;
        float *const out = a->out + s * C * a->stride;
        for (int64_t n = 0, frames; n < a->block->frames; n += frames) {
            const int64_t position = a->block->position + n;
            frames = cleave_fader_span(state, a->parameters, C, position, a->block->frames - n);
            mix_span(a, state + cleave_glide_doubles(C * C), cleave_glide_values(state), position,
                     frames, in + n, out + n);
        }
    }
}
