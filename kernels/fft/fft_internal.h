/* fft_internal.h: the transform of one row, for the ops that transform inside (stft, istft). */
#ifndef CLEAVE_KERNELS_FFT_INTERNAL_H
#define CLEAVE_KERNELS_FFT_INTERNAL_H

#include "kernels/fft/fft.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One way to transform rows of the length n and the kind. The tables of prepare() serve any number
 * of rows and calls; scratch is private to a call. Both are 64-byte aligned, in and out need not
 * be; in, out and scratch may not overlap. */
typedef struct cleave_fft_rows {
    size_t (*prepared_bytes)(int32_t n, cleave_fft_kind kind);
    void (*prepare)(int32_t n, cleave_fft_kind kind, void *prepared);
    size_t (*scratch_bytes)(int32_t n, cleave_fft_kind kind);
    void (*run)(const void *prepared, const float *in, float *out, void *scratch);
} cleave_fft_rows;

/* The best way that an instruction set has for this length: a length that its vectors do not divide
 * is left to narrower ones and in the end to the scalar transform. */
const cleave_fft_rows *cleave_fft_rows_ref(int32_t n, cleave_fft_kind kind);
const cleave_fft_rows *cleave_fft_rows_avx2(int32_t n, cleave_fft_kind kind);
const cleave_fft_rows *cleave_fft_rows_avx512(int32_t n, cleave_fft_kind kind);
const cleave_fft_rows *cleave_fft_rows_neon(int32_t n, cleave_fft_kind kind);

/* The scalar transform from double to double, with the tables and the scratch of
 * cleave_fft_rows_ref(). */
void cleave_fft_ref_f64(const void *prepared, const double *in, double *out, void *scratch);

/* Floats of one row: what a kind reads and writes. */
int64_t cleave_fft_floats_in(int32_t n, cleave_fft_kind kind);
int64_t cleave_fft_floats_out(int32_t n, cleave_fft_kind kind);

/* The rows [begin, end) of the batch. */
void cleave_fft_run_rows(const cleave_fft_rows *rows, const cleave_fft_args *args,
                         const cleave_work *work);

/* exp(-2 pi i k / n) as { re, im }, correct to the last bits of a double. */
void cleave_fft_twiddle(int64_t k, int64_t n, double w[2]);

#ifdef __cplusplus
}
#endif

#endif
