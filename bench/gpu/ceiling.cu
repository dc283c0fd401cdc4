/* ceiling.cu: what a device can do at most: a copy through memory, and arithmetic in registers
 * that nothing waits for. */
#include "bench/gpu/ceiling.h"
#include "kernels/cuda_common.cuh"
#include "kernels/tensor_core.cuh"

#define THREADS 256
#define CHAINS  16  /* independent multiply-adds of a thread */
#define TILES   8   /* independent sums of a warp */
#define ROUNDS  512 /* of each */

static __global__ void ceiling_copy_kernel(const float *from, float *to, int64_t quads)
{
    const int64_t step = (int64_t)gridDim.x * THREADS;

    for (int64_t i = (int64_t)blockIdx.x * THREADS + threadIdx.x; i < quads; i += step) {
        float four[4];
        cleave_load_floats(from + 4 * i, four);
        cleave_store_floats(to + 4 * i, four);
    }
}

/* What is computed is stored, so that it has to be. */
static __global__ void ceiling_fma_kernel(float *to, float factor)
{
    const int64_t index = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    float sum[CHAINS], all = 0;

    CLEAVE_UNROLL
    for (int i = 0; i < CHAINS; i++)
        sum[i] = (float)(threadIdx.x + i);
    for (int round = 0; round < ROUNDS; round++) {
        CLEAVE_UNROLL
        for (int i = 0; i < CHAINS; i++)
            sum[i] = cleave_fma(sum[i], factor, 1.0f);
    }
    CLEAVE_UNROLL
    for (int i = 0; i < CHAINS; i++)
        all += sum[i];
    to[index] = all;
}

template <class Format> static __global__ void ceiling_product_kernel(float *to, float value)
{
    const int64_t index = (int64_t)blockIdx.x * THREADS + threadIdx.x;
    const float mixed = value * (float)(threadIdx.x % 7 + 1);
    const float rows[4] = {mixed, -mixed, value, mixed};
    const uint32_t word = Format::pack(rows, 0), other = Format::pack(rows, 1);
    const uint32_t a[4] = {word, other, other, word}, b[2] = {other, word};
    float sum[TILES][4] = {}, all = 0;

    for (int round = 0; round < ROUNDS; round++) {
        CLEAVE_UNROLL
        for (int i = 0; i < TILES; i++)
            Format::multiply(sum[i], a, b);
    }
    CLEAVE_UNROLL
    for (int i = 0; i < 4 * TILES; i++)
        all += sum[i / 4][i % 4];
    to[index] = all;
}

template <class Format> static double launch_product(int blocks, float *memory, void *stream)
{
    CLEAVE_LAUNCH(ceiling_product_kernel<Format>, blocks, THREADS, 0, stream, memory, 0.01f);
    return 2.0 * 16 * 8 * Format::DEPTH * TILES * ROUNDS * (THREADS / CLEAVE_WARP) * blocks;
}

double gpu_ceiling_launch(int which, int blocks, float *memory, size_t bytes, void *stream)
{
    const int64_t quads = (int64_t)(bytes / 2 / 16);

    switch (which) {
    case GPU_CEILING_COPY:
        CLEAVE_LAUNCH(ceiling_copy_kernel, blocks, THREADS, 0, stream, memory, memory + 4 * quads,
                      quads);
        return 32.0 * (double)quads;
    case GPU_CEILING_FMA:
        CLEAVE_LAUNCH(ceiling_fma_kernel, blocks, THREADS, 0, stream, memory, 0.999f);
        return 2.0 * CHAINS * ROUNDS * THREADS * blocks;
    case GPU_CEILING_TF32:
        return launch_product<cleave_tf32>(blocks, memory, stream);
    case GPU_CEILING_BF16:
        return launch_product<cleave_bf16>(blocks, memory, stream);
    default:
        return launch_product<cleave_fp16>(blocks, memory, stream);
    }
}
