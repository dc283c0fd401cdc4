/* denoise_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/denoise/denoise_simd.h"

static void run(const void *args, const cleave_work *work)
{
    denoise_run(args, work, cleave_fft_rows_avx2);
}

static size_t scratch_bytes(const void *args)
{
    return denoise_scratch_bytes(args, cleave_fft_rows_avx2);
}

static size_t prepared_bytes(const void *args)
{
    return denoise_prepared_bytes(args, cleave_fft_rows_avx2);
}

static void prepare(const void *args, void *prepared)
{
    denoise_prepare(args, cleave_fft_rows_avx2, prepared);
}

const cleave_kernel cleave_denoise_avx2 = {run, scratch_bytes, prepared_bytes, prepare};
