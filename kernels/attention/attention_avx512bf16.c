/* attention_avx512bf16.c: sixteen lanes of pairs of bfloat16. Heads of odd width stay float32. */
#include "kernels/simd_avx512bf16.h"

#define TILE_ROWS 8

#include "kernels/attention/attention_bf16.h"
#include "kernels/attention/attention_simd.h"

static void run_paired(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = args;

    if (a->width % 2)
        cleave_attention_avx512.run(args, work);
    else
        run(args, work);
}

const cleave_kernel cleave_attention_avx512bf16 = {.run = run_paired,
                                                   .scratch_bytes = scratch_bytes};
