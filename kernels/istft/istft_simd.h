/* istft_simd.h: the vector form, written on the names of simd_<isa>.h that the including file has
 * chosen.
 *
 * The frames that cover an item are read a few at a time into scratch, one spectrum a row,
 * transformed, and added in the order of time to the samples of the item, which nobody else writes.
 */
#ifndef CLEAVE_KERNELS_ISTFT_SIMD_H
#define CLEAVE_KERNELS_ISTFT_SIMD_H

#include "kernels/fft/fft_internal.h"
#include "kernels/istft/istft_internal.h"

#include <string.h>

/* Floats from one spectrum to the next: whole vectors at the end of a row, and not a multiple of
 * 1 KB, which would map the rows of a square to few sets of the cache. */
static int64_t row_stride(int32_t n)
{
    int64_t stride = cleave_div_up(n + 2, 16) * 16 + 48;

    return stride % 256 == 0 ? stride + 16 : stride;
}

/* V frames from t on, from [2][F][T]: squares of V frames by V/2 bins, real and imaginary parts
 * alternating. */
static void read_ft(const cleave_istft_args *args, const float *in, int64_t t, float *spectra,
                    int64_t stride)
{
    int64_t frames = args->frames, bins = args->bins;
    int64_t tall = cleave_i64_min(SIMD_LANES, frames - t);
    float square[SIMD_LANES * SIMD_LANES];

    for (int64_t f = 0; f < bins; f += SIMD_LANES / 2) {
        int64_t wide = cleave_i64_min(SIMD_LANES / 2, bins - f);
        const float *re = in + f * frames + t;
        const float *im = re + bins * frames;
        simd_f32 rows[SIMD_LANES];

        if (wide == SIMD_LANES / 2 && tall == SIMD_LANES) {
#pragma GCC unroll 8
            for (int i = 0; i < SIMD_LANES / 2; i++) {
                simd_store(square + 2 * i * SIMD_LANES, simd_load(re + i * frames));
                simd_store(square + (2 * i + 1) * SIMD_LANES, simd_load(im + i * frames));
            }
        } else {
            memset(square, 0, sizeof square);
            for (int i = 0; i < wide; i++) {
                simd_store(square + 2 * i * SIMD_LANES, simd_load_first(re + i * frames, tall));
                simd_store(square + (2 * i + 1) * SIMD_LANES,
                           simd_load_first(im + i * frames, tall));
            }
        }
        simd_load_transposed(square, SIMD_LANES, rows);
#pragma GCC unroll 16
        for (int j = 0; j < SIMD_LANES; j++)
            simd_store(spectra + j * stride + 2 * f, rows[j]);
    }
}

/* One frame from [2][T][F]. */
static void read_tf(const cleave_istft_args *args, const float *in, int64_t t, float *spectrum)
{
    int64_t bins = args->bins;
    const float *re = in + t * bins, *im = re + bins * args->frames;

    for (int64_t f = 0; f < bins; f += SIMD_LANES) {
        int64_t rest = cleave_i64_min(SIMD_LANES, bins - f);
        simd_f32 lo, hi;
        simd_interleave(simd_load_first(re + f, rest), simd_load_first(im + f, rest), &lo, &hi);
        simd_store(spectrum + 2 * f, lo);
        simd_store(spectrum + 2 * f + SIMD_LANES, hi);
    }
}

/* sum[i] += scale * window[i] * frame[i], i < count */
static void add_windowed(const float *frame, const float *window, simd_f32 scale, float *sum,
                         int64_t count)
{
    int64_t i = 0;

    for (; i + SIMD_LANES <= count; i += SIMD_LANES) {
        simd_f32 factor = simd_mul(scale, simd_load(window + i));
        simd_store(sum + i, simd_fma(factor, simd_load(frame + i), simd_load(sum + i)));
    }
    if (i < count) {
        int64_t rest = count - i;
        simd_f32 factor = simd_mul(scale, simd_load_first(window + i, rest));
        simd_f32 before = simd_load_first(sum + i, rest);
        simd_store_first(sum + i, simd_fma(factor, simd_load_first(frame + i, rest), before), rest);
    }
}

static void istft_run(const cleave_istft_args *args, const cleave_work *work,
                      const cleave_fft_rows *rows)
{
    const simd_f32 scale = simd_set1((float)((double)args->scale / args->n));
    int64_t stride = row_stride(args->n);
    float *spectra = work->scratch;
    float *frame = spectra + SIMD_LANES * stride;
    void *transform = frame + cleave_div_up(args->n, 16) * 16;

    /* The bins that are not stored are zero; reading writes nothing but zeros there. */
    for (int64_t row = 0; row < SIMD_LANES; row++)
        memset(spectra + row * stride + 2 * args->bins, 0,
               (size_t)(stride - 2 * args->bins) * sizeof(float));
    for (int64_t index = work->begin; index < work->end; index++) {
        istft_item item = istft_item_at(args, index);
        const float *in = args->in + 2 * item.channel * args->bins * args->frames;
        float *out = args->out + item.channel * args->out_stride;

        memset(out + item.begin, 0, (size_t)(item.end - item.begin) * sizeof(float));
        for (int64_t t = item.frame_begin; t < item.frame_end; t++) {
            int64_t row = (t - item.frame_begin) % SIMD_LANES;
            int64_t begin = args->start + args->hop * t;
            int64_t first = cleave_i64_max(begin, item.begin);
            int64_t end = cleave_i64_min(begin + args->n, item.end);

            if (args->layout == CLEAVE_STFT_LAYOUT_TF)
                read_tf(args, in, t, spectra + row * stride);
            else if (row == 0)
                read_ft(args, in, t, spectra, stride);
            rows->run(work->prepared, spectra + row * stride, frame, transform);
            add_windowed(frame + (first - begin), args->window + (first - begin), scale,
                         out + first, end - first);
        }
    }
}

static size_t istft_scratch_bytes(const cleave_istft_args *args, const cleave_fft_rows *rows)
{
    int64_t floats = SIMD_LANES * row_stride(args->n) + cleave_div_up(args->n, 16) * 16;

    return (size_t)floats * sizeof(float) + rows->scratch_bytes(args->n, CLEAVE_FFT_REAL_INVERSE);
}

#endif
