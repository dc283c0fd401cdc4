/* box_mean_cuda.cu: a block of threads 256 points of a row. The rows of the box are added up into a
 * line in shared memory, with half a box on both sides; then each thread adds its points of it. */
#include "kernels/box_mean/box_mean.h"
#include "kernels/cuda_common.cuh"

#define THREADS CLEAVE_CUDA_THREADS
#define LINE    (THREADS + CLEAVE_BOX_MEAN_MAX - 1)

/* Sum of column p of the rows r-h .. r+h of an image. */
static __device__ float column_sum(const cleave_box_mean_args &a, const float *image, int64_t r,
                                   int64_t p)
{
    const int32_t h = a.box_rows / 2;
    float sum = 0.0f;

    for (int32_t k = -h; k <= h; k++)
        sum += image[cleave_mirror(r + k, a.rows) * a.points + p];
    return sum;
}

static __global__ void box_mean_kernel(cleave_box_mean_args a, float scale, int64_t begin)
{
    CLEAVE_SHARED(float, line, LINE);
    const int64_t tiles = cleave_div_up(a.points, THREADS);
    const int64_t item = begin + (int64_t)blockIdx.x / tiles, r = item % a.rows;
    const int64_t first = (int64_t)blockIdx.x % tiles * THREADS;
    const int32_t count = (int32_t)cleave_i64_min(THREADS, a.points - first);
    const int32_t width = a.box_points / 2, i = (int32_t)threadIdx.x;
    float sum = 0.0f;

    for (int32_t k = i; k < count + 2 * width; k += THREADS)
        line[k] = column_sum(a, a.in + (item - r) * a.points, r,
                             cleave_mirror(first + k - width, a.points));
    cleave_barrier();
    if (i >= count)
        return;
    for (int32_t k = 0; k < a.box_points; k++)
        sum += line[i + k];
    a.out[item * a.points + first + i] = scale * sum;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_box_mean_args *a = (const cleave_box_mean_args *)args;
    const float scale = (float)(1.0 / ((double)a->box_rows * a->box_points));

    if (work->end > work->begin)
        CLEAVE_LAUNCH(box_mean_kernel,
                      (work->end - work->begin) * cleave_div_up(a->points, THREADS), THREADS, 0,
                      work->stream, *a, scale, work->begin);
}

const cleave_kernel cleave_box_mean_cuda = {run, NULL, NULL, NULL};
