/* conv_1.cu: a thread a point of the output, straight from memory.
 *
 * The definition: three loops, over channels and the kernel's rows and points. Neighbouring threads
 * have neighbouring points; the same input is read again by every output channel and every tap. */
#include "bench/ladder/conv_view.cuh"

static __global__ void conv_1_kernel(cleave_conv_args a)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t columns = conv_view_columns(a), column = index % columns;
    const int64_t i = column / a.out_points, j = column % a.out_points;
    const int channel = (int)(index / columns);
    float sum = 0;

    if (channel >= a.channels)
        return;
    const float *weight = a.weight + (int64_t)channel * conv_view_depths(a);
    for (int c = 0; c < a.in_channels; c++)
        for (int row = 0; row < a.kernel_rows; row++)
            for (int point = 0; point < a.kernel_points; point++, weight++) {
                const int64_t y = i * a.stride_rows + row * a.dilation - a.pad_rows;
                const int64_t x = j * a.stride_points + point * a.dilation - a.pad_points;
                if (y >= 0 && y < a.in_rows && x >= 0 && x < a.in_points)
                    sum = cleave_fma(*weight,
                                     a.in[c * a.in_channel_stride + y * a.in_row_stride + x], sum);
            }
    conv_view_put(a, channel, column, sum);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_conv_args *a = (const cleave_conv_args *)args;

    CLEAVE_LAUNCH(conv_1_kernel,
                  cleave_div_up(a->channels * conv_view_columns(*a), CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a);
}

const cleave_kernel ladder_conv_1 = {run, NULL, NULL, NULL};
