/* fft_neon.c: the transform on four lanes of Advanced SIMD (AArch64). */
#include "kernels/simd_neon.h"

#include "kernels/fft/fft_simd.h"

const cleave_fft_rows *cleave_fft_rows_neon(int32_t n, cleave_fft_kind kind)
{
    return vectors_fit(n, kind) ? &vector_rows : cleave_fft_rows_ref(n, kind);
}

static void run(const void *pointer, const cleave_work *work)
{
    const cleave_fft_args *args = pointer;

    cleave_fft_run_rows(cleave_fft_rows_neon(args->n, args->kind), args, work);
}

static size_t scratch_bytes(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return cleave_fft_rows_neon(args->n, args->kind)->scratch_bytes(args->n, args->kind);
}

static size_t prepared_bytes(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return cleave_fft_rows_neon(args->n, args->kind)->prepared_bytes(args->n, args->kind);
}

static void prepare(const void *pointer, void *prepared)
{
    const cleave_fft_args *args = pointer;

    cleave_fft_rows_neon(args->n, args->kind)->prepare(args->n, args->kind, prepared);
}

const cleave_kernel cleave_fft_neon = {run, scratch_bytes, prepared_bytes, prepare};
