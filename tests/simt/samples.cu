// samples.cu: see samples.cuh.
#include "tests/simt/samples.cuh"

#include "kernels/cuda_common.cuh"

static __global__ void rotate_kernel(const float *in, float *out, int with_barrier)
{
    CLEAVE_SHARED(float, tile, SIMT_SAMPLE_THREADS);
    const unsigned base = blockIdx.x * SIMT_SAMPLE_THREADS, t = threadIdx.x;

    tile[t] = in[base + t];
    if (with_barrier)
        cleave_barrier();
    out[base + t] = tile[(t + 1) % SIMT_SAMPLE_THREADS];
}

static __global__ void sum_over_max_kernel(const float *in, float *out)
{
    CLEAVE_SHARED(double, partial, CLEAVE_CUDA_THREADS / CLEAVE_WARP);
    CLEAVE_SHARED(double, total, 1);
    const float x = in[threadIdx.x];
    const double sum = cleave_block_reduce<cleave_add>(x, partial);
    const double max = cleave_block_reduce<cleave_maximum>(x, partial);

    if (threadIdx.x == 0)
        *total = sum / max;
    cleave_barrier();
    out[threadIdx.x] = (float)*total;
}

static __global__ void abort_kernel(int fault)
{
    CLEAVE_SHARED(float, tile, 32);

    if (fault == 0)
        tile[32 + threadIdx.x % 4] = 0;
    else if (threadIdx.x == 0)
        cleave_barrier();
    else
        tile[threadIdx.x] = (float)cleave_shuffle_down(1.0, 1);
}

void simt_sample_rotate(const float *in, float *out, int blocks, int with_barrier)
{
    CLEAVE_LAUNCH(rotate_kernel, blocks, SIMT_SAMPLE_THREADS, 0, nullptr, in, out, with_barrier);
}

void simt_sample_sum_over_max(const float *in, float *out)
{
    CLEAVE_LAUNCH(sum_over_max_kernel, 1, CLEAVE_CUDA_THREADS, 0, nullptr, in, out);
}

void simt_sample_abort(int fault)
{
    CLEAVE_LAUNCH(abort_kernel, 1, 32, 0, nullptr, fault);
}
