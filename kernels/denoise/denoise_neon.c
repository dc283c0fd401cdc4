/* denoise_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/denoise/denoise_simd.h"

static void run(const void *args, const cleave_work *work)
{
    denoise_run(args, work, cleave_fft_rows_neon);
}

static size_t scratch_bytes(const void *args)
{
    return denoise_scratch_bytes(args, cleave_fft_rows_neon);
}

static size_t prepared_bytes(const void *args)
{
    return denoise_prepared_bytes(args, cleave_fft_rows_neon);
}

static void prepare(const void *args, void *prepared)
{
    denoise_prepare(args, cleave_fft_rows_neon, prepared);
}

const cleave_kernel cleave_denoise_neon = {run, scratch_bytes, prepared_bytes, prepare};
