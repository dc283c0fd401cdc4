/* denoise_simd.h: the vector form, written on the names of simd_<isa>.h that the including file
 * has chosen. The including file says whose transforms it takes. */
#ifndef CLEAVE_KERNELS_DENOISE_SIMD_H
#define CLEAVE_KERNELS_DENOISE_SIMD_H

#include "kernels/denoise/denoise_internal.h"

#include <math.h>
#include <string.h>

typedef const cleave_fft_rows *(*denoise_rows_fn)(int32_t n, cleave_fft_kind kind);

typedef struct denoise_stream {
    const cleave_denoise_args *a;
    denoise_layout f;
    const cleave_fft_rows *forward, *inverse;
    const char *forward_table, *inverse_table;
    const float *window;
    float *state;
    /* Scratch. Before the powers and after them are PAD floats. */
    float *frame, *power, *gain, *spectra;
    void *transform;
} denoise_stream;

#define PAD 16

/* Floats from one spectrum to the next. */
static int64_t spectrum_floats(const denoise_layout *f)
{
    return 2 * f->stride;
}

static simd_f32 flushed(simd_f32 x)
{
    return simd_select(simd_less(x, simd_set1(DENOISE_TINY)), simd_zero(), x);
}

static void transform(const denoise_stream *s, int64_t position)
{
    const int64_t n = s->f.n, begin = position % n;

    for (int32_t c = 0; c < s->a->channels; c++) {
        const float *in = s->state + s->f.in + c * n;
        float *y = s->spectra + c * spectrum_floats(&s->f);

        /* Both parts are whole vectors: a hop is 16 frames at least. */
        for (int64_t m = 0; m < n; m += SIMD_LANES) {
            const int64_t at = begin + m < n ? begin + m : begin + m - n;
            simd_store(s->frame + m, simd_mul(simd_load(s->window + m), simd_load(in + at)));
        }
        s->forward->run(s->forward_table, s->frame, y, s->transform);
        memset(y + n + 2, 0, (size_t)(2 * s->f.stride - n - 2) * sizeof *y);
    }
}

/* The powers, and next to the first and the last bin those of their neighbours again. */
static void find_power(const denoise_stream *s)
{
    const simd_f32 share = simd_set1(1 / (float)s->a->channels);
    const int64_t last = s->f.bins - 1;

    for (int64_t k = 0; k < s->f.stride; k += SIMD_LANES) {
        simd_f32 sum = simd_zero();
        for (int32_t c = 0; c < s->a->channels; c++) {
            const float *y = s->spectra + c * spectrum_floats(&s->f) + 2 * k;
            simd_f32 re, im;
            simd_deinterleave(simd_load(y), simd_load(y + SIMD_LANES), &re, &im);
            sum = simd_fma(re, re, simd_fma(im, im, sum));
        }
        simd_store(s->power + k, simd_mul(sum, share));
    }
    s->power[-1] = s->power[1];
    s->power[last + 1] = s->power[last - 1];
}

/* L follows P where S, which is near its minimum, is noise. */
SIMD_INLINE simd_f32 follow_noise(const denoise_stream *s, const denoise_turn *turn, int64_t k,
                                  int64_t count, simd_f32 power, simd_f32 noise)
{
    const denoise_layout *f = &s->f;
    float *bin = s->state + k;
    const simd_f32 beside = simd_add(simd_load(s->power + k - 1), simd_load(s->power + k + 1));
    const simd_f32 now = simd_fma(simd_set1(0.25f), beside, simd_mul(simd_set1(0.5f), power));
    simd_f32 smooth = now, least = now, next = now, likely;

    if (!turn->starts) {
        smooth = flushed(simd_fma(simd_set1(DENOISE_SMOOTH), simd_load(bin + f->smooth),
                                  simd_mul(simd_set1(1 - DENOISE_SMOOTH), now)));
        least = simd_min(simd_load(bin + f->least), smooth);
        next = simd_min(simd_load(bin + f->next_least), smooth);
    }
    if (turn->renews) {
        least = next;
        next = smooth;
    }
    likely = simd_select(simd_less(simd_mul(simd_set1(DENOISE_RATIO), least), smooth), simd_set1(1),
                         flushed(simd_mul(simd_set1(DENOISE_FORGET), simd_load(bin + f->likely))));
    simd_store_first(bin + f->smooth, smooth, count);
    simd_store_first(bin + f->least, least, count);
    simd_store_first(bin + f->next_least, next, count);
    simd_store_first(bin + f->likely, likely, count);
    if (turn->starts)
        return power;
    return simd_fma(simd_mul(simd_set1(DENOISE_FOLLOW), simd_sub(simd_set1(1), likely)),
                    simd_sub(power, noise), noise);
}

SIMD_INLINE simd_f32 noise_of(const denoise_stream *s, const denoise_turn *turn, int64_t k,
                              int64_t count, simd_f32 power)
{
    const simd_f32 noise = simd_load(s->state + s->f.noise + k);

    switch (s->a->kind) {
    case CLEAVE_DENOISE_PROFILE:
        return simd_load_first(s->a->profile + k, count);
    case CLEAVE_DENOISE_LEARN:
        return simd_fma(simd_set1(turn->mean), simd_sub(power, noise), noise);
    default:
        return follow_noise(s, turn, k, count, power, noise);
    }
}

/* r / (1 + r), written so that it is a number where r has become infinite. */
SIMD_INLINE simd_f32 wiener(simd_f32 r)
{
    const simd_f32 one = simd_set1(1);

    return simd_sub(one, simd_div(one, simd_add(one, r)));
}

static void find_gain(const denoise_stream *s, const denoise_turn *turn)
{
    const simd_f32 floor = simd_set1((float)s->a->parameters[CLEAVE_DENOISE_FLOOR]);
    const simd_f32 strength = simd_set1((float)s->a->parameters[CLEAVE_DENOISE_STRENGTH]);
    const simd_f32 one = simd_set1(1), old = simd_set1(DENOISE_PRIOR);
    const simd_f32 rest = simd_set1(1 - DENOISE_PRIOR);

    for (int64_t k = 0; k < s->f.bins; k += SIMD_LANES) {
        const int64_t count = cleave_i64_min(SIMD_LANES, s->f.bins - k);
        float *bin = s->state + k;
        const simd_f32 power = simd_load(s->power + k);
        const simd_f32 noise = flushed(noise_of(s, turn, k, count, power));
        const simd_f32 by =
            simd_div(one, simd_max(simd_mul(strength, noise), simd_set1(DENOISE_TINY)));
        const simd_f32 prior = simd_mul(by, simd_mul(old, simd_load(bin + s->f.prior)));
        const simd_f32 more = simd_max(simd_fms(by, power, one), simd_zero());
        const simd_f32 ratio = simd_fma(rest, more, prior);
        const simd_f32 first = wiener(ratio);
        const simd_f32 again = wiener(simd_mul(simd_mul(first, first), simd_mul(by, power)));
        const simd_f32 gain = simd_max(again, floor);

        simd_store(s->gain + k, gain);
        simd_store_first(bin + s->f.noise, noise, count);
        simd_store_first(bin + s->f.prior, flushed(simd_mul(simd_mul(gain, gain), power)), count);
    }
}

/* What is transformed back, windowed and scaled, is added; to nothing in the last hop. */
static void add_back(const denoise_stream *s, int64_t position)
{
    const int64_t n = s->f.n, begin = position % n;
    const simd_f32 scale = simd_set1(0.5f / (float)n);

    for (int32_t c = 0; c < s->a->channels; c++) {
        float *y = s->spectra + c * spectrum_floats(&s->f), *out = s->state + s->f.out + c * n;

        for (int64_t k = 0; k < s->f.bins; k += SIMD_LANES) {
            const simd_f32 gain = simd_load(s->gain + k);
            simd_f32 low, high;
            simd_interleave(gain, gain, &low, &high);
            simd_store(y + 2 * k, simd_mul(low, simd_load(y + 2 * k)));
            simd_store(y + 2 * k + SIMD_LANES, simd_mul(high, simd_load(y + 2 * k + SIMD_LANES)));
        }
        s->inverse->run(s->inverse_table, y, s->frame, s->transform);
        for (int64_t m = 0; m < n; m += SIMD_LANES) {
            const int64_t at = begin + m < n ? begin + m : begin + m - n;
            const simd_f32 before = m < n - s->f.hop ? simd_load(out + at) : simd_zero();
            const simd_f32 window = simd_mul(scale, simd_load(s->window + m));
            simd_store(out + at, simd_fma(window, simd_load(s->frame + m), before));
        }
    }
}

static void run_turn(const denoise_stream *s, int64_t position)
{
    const denoise_turn turn = denoise_turn_at(s->a, position);

    if (turn.number == 0)
        return; /* nothing came in before */
    transform(s, position);
    find_power(s);
    find_gain(s, &turn);
    add_back(s, position);
}

static void run_stream(denoise_stream *s, int64_t item)
{
    const cleave_denoise_args *a = s->a;
    const int64_t begin = a->block->position, end = begin + a->block->frames;

    s->state = a->state + item * s->f.floats;
    for (int64_t p = begin, n; p < end; p += n) {
        const int64_t at = p % s->f.n;
        n = cleave_i64_min(end - p, s->f.hop - p % s->f.hop);
        if (p % s->f.hop == 0)
            run_turn(s, p);
        for (int32_t c = 0; c < a->channels; c++) {
            const int64_t row = item * a->channels + c, from = p - begin;
            memcpy(s->state + s->f.in + c * s->f.n + at, a->in + row * a->in_stride + from,
                   (size_t)n * sizeof(float));
            memcpy(a->out + row * a->out_stride + from, s->state + s->f.out + c * s->f.n + at,
                   (size_t)n * sizeof(float));
        }
    }
}

/* ---- tables and scratch: the window, then those of the transforms ---- */
static size_t forward_at(const cleave_denoise_args *a)
{
    return (size_t)a->n * sizeof(float);
}

static size_t inverse_at(const cleave_denoise_args *a, denoise_rows_fn rows_of)
{
    return forward_at(a) + cleave_align_up(rows_of(a->n, CLEAVE_FFT_REAL_FORWARD)
                                               ->prepared_bytes(a->n, CLEAVE_FFT_REAL_FORWARD));
}

static void denoise_run(const cleave_denoise_args *a, const cleave_work *work,
                        denoise_rows_fn rows_of)
{
    denoise_stream s = {.a = a, .f = denoise_layout_of(a), .frame = work->scratch};

    s.window = work->prepared;
    s.forward_table = (const char *)work->prepared + forward_at(a);
    s.inverse_table = (const char *)work->prepared + inverse_at(a, rows_of);
    s.forward = rows_of(a->n, CLEAVE_FFT_REAL_FORWARD);
    s.inverse = rows_of(a->n, CLEAVE_FFT_REAL_INVERSE);
    s.power = s.frame + s.f.n + PAD;
    s.gain = s.power + s.f.stride + PAD;
    s.spectra = s.gain + s.f.stride;
    s.transform = s.spectra + a->channels * spectrum_floats(&s.f);
    memset(s.power - PAD, 0, (size_t)(s.f.stride + 2 * PAD) * sizeof(float));
    for (int64_t item = work->begin; item < work->end; item++)
        run_stream(&s, item);
}

static size_t denoise_scratch_bytes(const cleave_denoise_args *a, denoise_rows_fn rows_of)
{
    const denoise_layout f = denoise_layout_of(a);
    const int64_t floats = f.n + 2 * f.stride + 2 * PAD + a->channels * spectrum_floats(&f);
    const size_t there =
        rows_of(a->n, CLEAVE_FFT_REAL_FORWARD)->scratch_bytes(a->n, CLEAVE_FFT_REAL_FORWARD);
    const size_t back =
        rows_of(a->n, CLEAVE_FFT_REAL_INVERSE)->scratch_bytes(a->n, CLEAVE_FFT_REAL_INVERSE);

    return (size_t)floats * sizeof(float) + (there > back ? there : back);
}

static size_t denoise_prepared_bytes(const cleave_denoise_args *a, denoise_rows_fn rows_of)
{
    return inverse_at(a, rows_of) +
           rows_of(a->n, CLEAVE_FFT_REAL_INVERSE)->prepared_bytes(a->n, CLEAVE_FFT_REAL_INVERSE);
}

static void denoise_prepare(const cleave_denoise_args *a, denoise_rows_fn rows_of, void *prepared)
{
    float *window = prepared;

    for (int32_t m = 0; m < a->n; m++)
        window[m] = (float)sin(3.14159265358979323846 * (m + 0.5) / a->n);
    rows_of(a->n, CLEAVE_FFT_REAL_FORWARD)
        ->prepare(a->n, CLEAVE_FFT_REAL_FORWARD, (char *)prepared + forward_at(a));
    rows_of(a->n, CLEAVE_FFT_REAL_INVERSE)
        ->prepare(a->n, CLEAVE_FFT_REAL_INVERSE, (char *)prepared + inverse_at(a, rows_of));
}

#endif
