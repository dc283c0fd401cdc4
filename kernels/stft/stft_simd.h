/* stft_simd.h: the vector form, written on the names of simd_<isa>.h that the including file has
 * chosen.
 *
 * A block of frames is windowed and transformed one by one into scratch, row by row, and leaves it
 * as the layout wants: bins innermost by separating real from imaginary parts, frames innermost by
 * transposing squares, so that every store to memory is a whole vector. */
#ifndef CLEAVE_KERNELS_STFT_SIMD_H
#define CLEAVE_KERNELS_STFT_SIMD_H

#include "kernels/fft/fft_internal.h"
#include "kernels/stft/stft.h"

#include <string.h>

/* Floats that write_tf may read beyond the last row. */
#define OVERREAD 32

_Static_assert(CLEAVE_STFT_BLOCK % SIMD_LANES == 0, "a block is transposed in squares");

/* Floats from one spectrum of the block to the next: whole vectors for the squares at the end of a
 * row, and not a multiple of 1 KB, which would map the rows of a square to few sets of the cache.
 */
static int64_t row_stride(int32_t n)
{
    int64_t stride = cleave_div_up(n + 2, 16) * 16 + 16;

    return stride % 256 == 0 ? stride + 16 : stride;
}

/* frame[m] = the samples begin + m of the signal continued by the border rule, for frames across a
 * border. */
static void gather_frame(const cleave_stft_args *args, const float *in, int64_t begin, float *frame)
{
    int64_t n = args->n, length = args->length;
    int64_t before = cleave_i64_max(0, cleave_i64_min(-begin, n));
    int64_t inside = cleave_i64_max(before, cleave_i64_min(length - begin, n));

    if (args->pad == CLEAVE_STFT_PAD_ZERO) {
        memset(frame, 0, (size_t)before * sizeof(float));
        memset(frame + inside, 0, (size_t)(n - inside) * sizeof(float));
    } else {
        for (int64_t m = 0; m < before; m++)
            frame[m] = in[-(begin + m)];
        for (int64_t m = inside; m < n; m++)
            frame[m] = in[2 * (length - 1) - (begin + m)];
    }
    if (inside > before)
        memcpy(frame + before, in + begin + before, (size_t)(inside - before) * sizeof(float));
}

/* frame = scale * window * samples; samples may be frame. */
static void apply_window(const cleave_stft_args *args, const float *samples, float *frame)
{
    const simd_f32 scale = simd_set1(args->scale);
    const float *window = args->window;
    int64_t m = 0;

    for (; m + SIMD_LANES <= args->n; m += SIMD_LANES)
        simd_store(frame + m,
                   simd_mul(simd_load(samples + m), simd_mul(scale, simd_load(window + m))));
    if (m < args->n) {
        int64_t rest = args->n - m;
        simd_f32 factor = simd_mul(scale, simd_load_first(window + m, rest));
        simd_store_first(frame + m, simd_mul(simd_load_first(samples + m, rest), factor), rest);
    }
}

/* out[2][F][T] from the frames t.. of the block. */
static void write_ft(const cleave_stft_args *args, const float *spectra, int64_t stride, int64_t t,
                     int64_t count, float *out)
{
    int64_t frames = args->frames, bins = args->bins;

    for (int64_t f = 0; f < bins; f += SIMD_LANES / 2) {
        int64_t wide = cleave_i64_min(SIMD_LANES / 2, bins - f);
        for (int64_t j = 0; j < count; j += SIMD_LANES) {
            int64_t tall = cleave_i64_min(SIMD_LANES, count - j);
            float *re = out + f * frames + t + j;
            float *im = re + bins * frames;
            simd_f32
                rows[SIMD_LANES]; /* real part of f, imaginary part of f, real part of f+1, ... */

            simd_load_transposed(spectra + j * stride + 2 * f, stride, rows);
            if (wide == SIMD_LANES / 2 && tall == SIMD_LANES) {
#pragma GCC unroll 8
                for (int i = 0; i < SIMD_LANES / 2; i++) {
                    simd_store(re + i * frames, rows[2 * i]);
                    simd_store(im + i * frames, rows[2 * i + 1]);
                }
            } else {
                for (int i = 0; i < wide; i++) {
                    simd_store_first(re + i * frames, rows[2 * i], tall);
                    simd_store_first(im + i * frames, rows[2 * i + 1], tall);
                }
            }
        }
    }
}

/* out[2][T][F]: one frame. */
static void write_tf(const cleave_stft_args *args, const float *spectrum, int64_t t, float *out)
{
    int64_t bins = args->bins;
    float *re = out + t * bins, *im = re + bins * args->frames;

    for (int64_t f = 0; f < bins; f += SIMD_LANES) {
        int64_t rest = bins - f;
        simd_f32 a, b;
        simd_deinterleave(simd_load(spectrum + 2 * f), simd_load(spectrum + 2 * f + SIMD_LANES), &a,
                          &b);
        if (rest >= SIMD_LANES) {
            simd_store(re + f, a);
            simd_store(im + f, b);
        } else {
            simd_store_first(re + f, a, rest);
            simd_store_first(im + f, b, rest);
        }
    }
}

static void stft_run(const cleave_stft_args *args, const cleave_work *work,
                     const cleave_fft_rows *rows)
{
    int64_t blocks = cleave_div_up(args->frames, CLEAVE_STFT_BLOCK), n = args->n;
    int64_t stride = row_stride(args->n);
    float *spectra = work->scratch;
    float *frame = spectra + CLEAVE_STFT_BLOCK * stride + OVERREAD;
    void *transform = frame + cleave_div_up(n, 16) * 16;

    for (int64_t item = work->begin; item < work->end; item++) {
        int64_t channel = item / blocks, first = item % blocks * CLEAVE_STFT_BLOCK;
        int64_t count = cleave_i64_min(CLEAVE_STFT_BLOCK, args->frames - first);
        const float *in = args->in + channel * args->in_stride;
        float *out = args->out + 2 * channel * args->bins * args->frames;

        for (int64_t i = 0; i < count; i++) {
            int64_t begin = args->start + args->hop * (first + i);
            int inside = begin >= 0 && begin <= args->length - n;
            if (!inside)
                gather_frame(args, in, begin, frame);
            apply_window(args, inside ? in + begin : frame, frame);
            rows->run(work->prepared, frame, spectra + i * stride, transform);
            if (args->layout == CLEAVE_STFT_LAYOUT_TF)
                write_tf(args, spectra + i * stride, first + i, out);
        }
        if (args->layout == CLEAVE_STFT_LAYOUT_FT)
            write_ft(args, spectra, stride, first, count, out);
    }
}

static size_t stft_scratch_bytes(const cleave_stft_args *args, const cleave_fft_rows *rows)
{
    int64_t floats =
        CLEAVE_STFT_BLOCK * row_stride(args->n) + OVERREAD + cleave_div_up(args->n, 16) * 16;

    return (size_t)floats * sizeof(float) + rows->scratch_bytes(args->n, CLEAVE_FFT_REAL_FORWARD);
}

#endif
