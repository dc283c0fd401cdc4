/* fft_avx2.c: the transform on eight lanes of AVX2 and FMA. */
#include "kernels/simd_avx2.h"

#include "kernels/fft/fft_simd.h"

const cleave_fft_rows *cleave_fft_rows_avx2(int32_t n, cleave_fft_kind kind)
{
    return vectors_fit(n, kind) ? &vector_rows : cleave_fft_rows_ref(n, kind);
}

static void run(const void *pointer, const cleave_work *work)
{
    const cleave_fft_args *args = pointer;

    cleave_fft_run_rows(cleave_fft_rows_avx2(args->n, args->kind), args, work);
}

static size_t scratch_bytes(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return cleave_fft_rows_avx2(args->n, args->kind)->scratch_bytes(args->n, args->kind);
}

static size_t prepared_bytes(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return cleave_fft_rows_avx2(args->n, args->kind)->prepared_bytes(args->n, args->kind);
}

static void prepare(const void *pointer, void *prepared)
{
    const cleave_fft_args *args = pointer;

    cleave_fft_rows_avx2(args->n, args->kind)->prepare(args->n, args->kind, prepared);
}

const cleave_kernel cleave_fft_avx2 = {run, scratch_bytes, prepared_bytes, prepare};
