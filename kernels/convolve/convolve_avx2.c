/* convolve_avx2.c: eight lanes. */
#include "kernels/simd_avx2.h"

#include "kernels/convolve/convolve_simd.h"

static void run(const void *args, const cleave_work *work)
{
    convolve_run(args, work, cleave_fft_rows_avx2);
}

static size_t scratch_bytes(const void *args)
{
    return cleave_convolve_work_bytes(args, cleave_fft_rows_avx2);
}

static size_t prepared_bytes(const void *args)
{
    return cleave_convolve_tables_of(args, cleave_fft_rows_avx2).bytes;
}

static void prepare(const void *args, void *prepared)
{
    cleave_convolve_prepare(args, cleave_fft_rows_avx2, prepared);
}

const cleave_kernel cleave_convolve_avx2 = {run, scratch_bytes, prepared_bytes, prepare};
