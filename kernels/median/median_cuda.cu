/* median_cuda.cu: a block of threads a row; each thread takes the window of its point into shared
 * memory and finds the value of middle rank by counting. Exact, and without data-dependent branches
 * in the inner loop. */
#include "kernels/cuda_common.cuh"
#include "kernels/median/median.h"

#define THREADS 64 /* so that the windows of a block, 63 taps at most, fit 16 kB of shared memory  \
                    */

/* Index of position i of an array of `count` mirrored with its edges repeated. */
static __device__ int64_t mirrored(int64_t i, int64_t count)
{
    const int64_t period = 2 * count;
    const int64_t p = (i % period + period) % period;

    return p < count ? p : period - 1 - p;
}

/* Element of rank `rank` among window[0], window[THREADS], ...; equal values are ranked by
 * position. */
static __device__ float select_rank(const float *window, int taps, int rank)
{
    for (int i = 0; i < taps; i++) {
        const float x = window[i * THREADS];
        int below = 0;
        for (int j = 0; j < taps; j++) {
            const float y = window[j * THREADS];
            below += y < x || (y == x && j < i);
        }
        if (below == rank)
            return x;
    }
    return window[0];
}

static __global__ void median_kernel(cleave_median_args a, int64_t begin)
{
    CLEAVE_SHARED(float, windows, CLEAVE_MEDIAN_TAPS_MAX *THREADS);
    const int64_t item = begin + (int64_t)blockIdx.x;
    const int64_t r = item % a.rows, half = a.taps / 2;
    const float *image = a.in + item / a.rows * a.rows * a.points;
    float *window = windows + threadIdx.x;

    for (int64_t i = threadIdx.x; i < a.points; i += blockDim.x) {
        for (int32_t k = 0; k < a.taps; k++)
            window[k * THREADS] = a.axis == CLEAVE_MEDIAN_ALONG
                                      ? image[r * a.points + mirrored(i + k - half, a.points)]
                                      : image[mirrored(r + k - half, a.rows) * a.points + i];
        a.out[item * a.points + i] = select_rank(window, a.taps, a.taps / 2);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_median_args *a = (const cleave_median_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(median_kernel, work->end - work->begin, THREADS, 0, work->stream, *a,
                      work->begin);
}

const cleave_kernel cleave_median_cuda = {run, NULL, NULL, NULL};
