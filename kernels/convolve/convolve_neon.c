/* convolve_neon.c: four lanes. */
#include "kernels/simd_neon.h"

#include "kernels/convolve/convolve_simd.h"

static void run(const void *args, const cleave_work *work)
{
    convolve_run(args, work, cleave_fft_rows_neon);
}

static size_t scratch_bytes(const void *args)
{
    return cleave_convolve_work_bytes(args, cleave_fft_rows_neon);
}

static size_t prepared_bytes(const void *args)
{
    return cleave_convolve_tables_of(args, cleave_fft_rows_neon).bytes;
}

static void prepare(const void *args, void *prepared)
{
    cleave_convolve_prepare(args, cleave_fft_rows_neon, prepared);
}

const cleave_kernel cleave_convolve_neon = {run, scratch_bytes, prepared_bytes, prepare};
