// samples.cu: see samples.cuh.
#include "tests/simt/samples.cuh"

#include "kernels/cuda_common.cuh"
#include "kernels/tensor_core.cuh"

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
    const int t = (int)threadIdx.x;

    tile[t] = 0;
    if (fault == SIMT_FAULT_OVERRUN)
        tile[32 + t % 4] = 0;
    else if (fault == SIMT_FAULT_READ_PAST_END)
        tile[t] = tile[t + 1];
    else if (fault == SIMT_FAULT_WRITE_BEFORE)
        tile[t - 1] = 0;
    else if (fault == SIMT_FAULT_WAITS_APART && t == 0)
        cleave_barrier();
    else if (fault == SIMT_FAULT_BARRIER_COUNT)
        cleave_barrier_named(1, 64);
    else if (fault == SIMT_FAULT_UNALIGNED)
        cleave_copy_float4(tile + 4 * (t / 4) + 1, tile, 0);
    else
        tile[t] = (float)cleave_shuffle_down(1.0, 1);
}

static __global__ void read_kernel(const float *in, float *out, int64_t count)
{
    for (int64_t i = threadIdx.x; i < count; i += blockDim.x)
        out[threadIdx.x] = in[i];
}

/* Two stages: while one is read, the next is on its way. */
static __global__ void copy_kernel(const float *in, float *out, int fault)
{
    CLEAVE_SHARED(float, tile, 2 * SIMT_SAMPLE_THREADS);
    const int t = (int)threadIdx.x, other = SIMT_SAMPLE_THREADS - 1 - t;

    cleave_copy_float(tile + t, in + t, true);
    cleave_copy_commit();
    cleave_copy_float(tile + SIMT_SAMPLE_THREADS + t, in + SIMT_SAMPLE_THREADS + t, t % 3 != 0);
    cleave_copy_commit();
    if (fault == SIMT_COPY_WITHOUT_WAIT)
        cleave_copy_wait<2>();
    else
        cleave_copy_wait<1>();
    cleave_barrier();
    if (fault == SIMT_COPY_INTO_WHAT_IS_READ)
        cleave_copy_float(tile + t, in + t, true);
    out[t] = tile[other];
    cleave_copy_wait<0>();
    cleave_barrier();
    out[SIMT_SAMPLE_THREADS + t] = tile[SIMT_SAMPLE_THREADS + other];
}

/* Each half of the block turns its values around, at its own barrier and its own pace. */
static __global__ void halves_kernel(const float *in, float *out, int fault)
{
    CLEAVE_SHARED(float, tile, SIMT_SAMPLE_THREADS);
    const int t = (int)threadIdx.x, half = SIMT_SAMPLE_THREADS / 2, first = t / half * half;

    for (int round = 0; round <= t / half; round++) {
        tile[t] = in[t] + (float)round;
        if (fault != 1)
            cleave_barrier_named(1 + t / half, half);
        out[t] = tile[2 * first + half - 1 - t];
        cleave_barrier_named(1 + t / half, half);
    }
}

/* Every block adds up what all have written. */
static __global__ void blocks_kernel(const float *in, float *words, uint32_t *flags, float *out,
                                     int waits)
{
    const uint32_t t = threadIdx.x, blocks = gridDim.x;
    float sum = 0;

    words[blockIdx.x * CLEAVE_WARP + t] = in[blockIdx.x * CLEAVE_WARP + t];
    cleave_barrier();
    if (t == 0)
        cleave_flag_raise(flags + blockIdx.x, 1);
    if (t < blocks && waits)
        cleave_flag_wait(flags + t, 1);
    cleave_barrier();
    for (uint32_t b = 0; b < blocks; b++)
        sum += words[b * CLEAVE_WARP + t];
    out[blockIdx.x * CLEAVE_WARP + t] = sum;
}

template <class Format>
static __global__ void product_kernel(const float *a, const float *b, float *d, int fault)
{
    const int lane = (int)threadIdx.x, r = lane / 4, c = lane % 4;
    const int column = fault ? lane % 8 : r;
    uint32_t x[2], low[2], high[2];
    float sum[4] = {};

    cleave_load_column<Format>(a, 16, r, low);
    cleave_load_column<Format>(a, 16, r + 8, high);
    cleave_load_column<Format>(b, 8, column, x);
    const uint32_t factor[4] = {low[0], high[0], low[1], high[1]};
    Format::multiply(sum, factor, x);
    for (int i = 0; i < 4; i++)
        d[(r + i / 2 * 8) * 8 + 2 * c + i % 2] = sum[i];
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

void simt_sample_read(const float *in, float *out, int64_t count)
{
    CLEAVE_LAUNCH(read_kernel, 1, 32, 0, nullptr, in, out, count);
}

void simt_sample_copy(const float *in, float *out, int fault)
{
    CLEAVE_LAUNCH(copy_kernel, 1, SIMT_SAMPLE_THREADS, 0, nullptr, in, out, fault);
}

void simt_sample_halves(const float *in, float *out, int fault)
{
    CLEAVE_LAUNCH(halves_kernel, 1, SIMT_SAMPLE_THREADS, 0, nullptr, in, out, fault);
}

void simt_sample_blocks(const float *in, float *words, uint32_t *flags, float *out, int fault)
{
    const int waits = fault != SIMT_BLOCKS_WITHOUT_WAIT;

    if (fault == SIMT_BLOCKS_APART)
        CLEAVE_LAUNCH(blocks_kernel, SIMT_SAMPLE_BLOCKS, CLEAVE_WARP, 0, nullptr, in, words, flags,
                      out, waits);
    else
        CLEAVE_LAUNCH_TOGETHER(blocks_kernel, SIMT_SAMPLE_BLOCKS, CLEAVE_WARP, 0, nullptr, in,
                               words, flags, out, waits);
}

void simt_sample_product(int format, const float *a, const float *b, float *d, int fault)
{
    if (format == 0)
        CLEAVE_LAUNCH(product_kernel<cleave_tf32>, 1, 32, 0, nullptr, a, b, d, fault);
    else if (format == 1)
        CLEAVE_LAUNCH(product_kernel<cleave_bf16>, 1, 32, 0, nullptr, a, b, d, fault);
    else
        CLEAVE_LAUNCH(product_kernel<cleave_fp16>, 1, 32, 0, nullptr, a, b, d, fault);
}
