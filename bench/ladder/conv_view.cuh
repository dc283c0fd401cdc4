/* conv_view.cuh: a convolution as a product: columns are points of the output, depths are taps of
 * the kernel, for the rungs of conv. */
#ifndef CLEAVE_BENCH_LADDER_CONV_VIEW_CUH
#define CLEAVE_BENCH_LADDER_CONV_VIEW_CUH

#include "bench/ladder/ladder.h"
#include "kernels/conv/conv.h"
#include "kernels/cuda_common.cuh"

CLEAVE_INLINE int64_t conv_view_columns(const cleave_conv_args &a)
{
    return a.out_rows * a.out_points;
}

CLEAVE_INLINE int conv_view_depths(const cleave_conv_args &a)
{
    return a.in_channels * a.kernel_rows * a.kernel_points;
}

/* What depth `depth` meets at the point (i, j) of the output, in memory; NULL for a zero beside the
 * tensor. */
static __device__ __forceinline__ const float *conv_view_at(const cleave_conv_args &a, int64_t i,
                                                            int64_t j, int depth)
{
    const int taps = a.kernel_rows * a.kernel_points, tap = depth % taps;
    const int64_t y = i * a.stride_rows + tap / a.kernel_points * a.dilation - a.pad_rows;
    const int64_t x = j * a.stride_points + tap % a.kernel_points * a.dilation - a.pad_points;

    if (y < 0 || y >= a.in_rows || x < 0 || x >= a.in_points)
        return NULL;
    return a.in + depth / taps * a.in_channel_stride + y * a.in_row_stride + x;
}

static __device__ __forceinline__ void conv_view_put(const cleave_conv_args &a, int channel,
                                                     int64_t column, float sum)
{
    const int64_t i = column / a.out_points, j = column % a.out_points;

    a.out[channel * a.out_channel_stride + i * a.out_row_stride + j] =
        a.uses & CLEAVE_CONV_BIAS ? sum + a.bias[channel] : sum;
}

#endif
