/* conv_avx512bf16.c: sixteen lanes of pairs of bfloat16.
 *
 * Layers of few channels, which have little arithmetic, stay float32; so do those of an odd number,
 * whose depths cannot be paired. */
#include "kernels/simd_avx512bf16.h"

#define TILE_ROWS 8

#include "kernels/conv/conv_bf16.h"
#include "kernels/conv/conv_simd.h"

#define CHANNELS_LEAST 16

static int paired(const cleave_conv_args *a)
{
    return a->in_channels % 2 == 0 && a->in_channels >= CHANNELS_LEAST &&
           a->channels >= CHANNELS_LEAST;
}

static void run_paired(const void *args, const cleave_work *work)
{
    if (paired(args))
        run(args, work);
    else
        cleave_conv_avx512.run(args, work);
}

static size_t scratch_bytes_paired(const void *args)
{
    return paired(args) ? scratch_bytes(args) : cleave_conv_avx512.scratch_bytes(args);
}

static size_t prepared_bytes_paired(const void *args)
{
    return paired(args) ? prepared_bytes(args) : cleave_conv_avx512.prepared_bytes(args);
}

static void prepare_paired(const void *args, void *to)
{
    if (paired(args))
        prepare(args, to);
    else
        cleave_conv_avx512.prepare(args, to);
}

const cleave_kernel cleave_conv_avx512bf16 = {.run = run_paired,
                                              .scratch_bytes = scratch_bytes_paired,
                                              .prepared_bytes = prepared_bytes_paired,
                                              .prepare = prepare_paired};
