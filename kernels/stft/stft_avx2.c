/* stft_avx2.c: the stft op on AVX2 and FMA. */
#include "kernels/simd_avx2.h"

#include "kernels/stft/stft_simd.h"

static const cleave_fft_rows *rows_of(const cleave_stft_args *args)
{
    return cleave_fft_rows_avx2(args->n, CLEAVE_FFT_REAL_FORWARD);
}

static void run(const void *args, const cleave_work *work)
{
    stft_run(args, work, rows_of(args));
}

static size_t scratch_bytes(const void *args)
{
    return stft_scratch_bytes(args, rows_of(args));
}

static size_t prepared_bytes(const void *pointer)
{
    const cleave_stft_args *args = pointer;

    return rows_of(args)->prepared_bytes(args->n, CLEAVE_FFT_REAL_FORWARD);
}

static void prepare(const void *pointer, void *prepared)
{
    const cleave_stft_args *args = pointer;

    rows_of(args)->prepare(args->n, CLEAVE_FFT_REAL_FORWARD, prepared);
}

const cleave_kernel cleave_stft_avx2 = {run, scratch_bytes, prepared_bytes, prepare};
