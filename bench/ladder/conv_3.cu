/* conv_3.cu: over conv_2, the matrix is never written (implicit GEMM), and sums are in registers.
 *
 * A block gathers what it needs of the matrix, a step of 16 depths for 64 columns, from the tensor
 * into shared memory; what taps have in common comes from the caches. A thread has 4 x 4 sums: two
 * loads of 16 bytes make 16 multiply-adds. Where a value lies is worked out with divisions for
 * every value. */
#include "bench/ladder/conv_view.cuh"

#define TILE    64
#define DEPTH   16
#define THREADS 256
#define PITCH   68 /* 16 bytes aligned */

static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(THREADS, 2) conv_3_kernel(cleave_conv_args a)
{
    CLEAVE_SHARED(float, weights, DEPTH *PITCH);
    CLEAVE_SHARED(float, points, DEPTH *PITCH);
    const int64_t columns = conv_view_columns(a), across = cleave_div_up(columns, TILE);
    const int channel = (int)((int64_t)blockIdx.x / across) * TILE;
    const int64_t first_column = (int64_t)blockIdx.x % across * TILE;
    const int64_t mine = cleave_i64_min(first_column + threadIdx.x % TILE, columns - 1);
    const int64_t i = mine / a.out_points, j = mine % a.out_points;
    const int depths = conv_view_depths(a), x = (int)threadIdx.x % 16, y = (int)threadIdx.x / 16;
    float sum[4][4] = {};

    for (int first = 0; first < depths; first += DEPTH) {
        for (int k = (int)threadIdx.x; k < DEPTH * TILE; k += THREADS) {
            const int r = k / DEPTH, d = k % DEPTH;
            weights[d * PITCH + r] = channel + r < a.channels && first + d < depths
                                         ? a.weight[(int64_t)(channel + r) * depths + first + d]
                                         : 0.0f;
        }
        for (int d = (int)threadIdx.x / TILE; d < DEPTH; d += THREADS / TILE) {
            const float *from = first + d < depths ? conv_view_at(a, i, j, first + d) : NULL;
            points[d * PITCH + threadIdx.x % TILE] = from ? *from : 0.0f;
        }
        cleave_barrier();
        CLEAVE_UNROLL
        for (int d = 0; d < DEPTH; d++) {
            float left[4], right[4];
            cleave_load_floats(weights + d * PITCH + 4 * y, left);
            cleave_load_floats(points + d * PITCH + 4 * x, right);
            CLEAVE_UNROLL
            for (int k = 0; k < 16; k++)
                sum[k / 4][k % 4] = cleave_fma(left[k / 4], right[k % 4], sum[k / 4][k % 4]);
        }
        cleave_barrier();
    }
    CLEAVE_UNROLL
    for (int k = 0; k < 16; k++)
        if (channel + 4 * y + k / 4 < a.channels && first_column + 4 * x + k % 4 < columns)
            conv_view_put(a, channel + 4 * y + k / 4, first_column + 4 * x + k % 4,
                          sum[k / 4][k % 4]);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_conv_args *a = (const cleave_conv_args *)args;

    CLEAVE_LAUNCH(conv_3_kernel,
                  cleave_div_up(a->channels, TILE) * cleave_div_up(conv_view_columns(*a), TILE),
                  THREADS, 0, work->stream, *a);
}

const cleave_kernel ladder_conv_3 = {run, NULL, NULL, NULL};
