/* conv_2.cu: over conv_1, the product of a matrix that is written first (im2col).
 *
 * Every tap of every point is copied to a matrix [depths][columns] in memory, and a product of
 * tiles in shared memory multiplies it. Regular reads, but the matrix is kernel_rows kernel_points
 * times as large as the input, and goes through memory twice. */
#include "bench/ladder/conv_view.cuh"

#define TILE 16

static __global__ void conv_2_unfold_kernel(cleave_conv_args a, float *matrix)
{
    const int64_t index = (int64_t)blockIdx.x * CLEAVE_CUDA_THREADS + threadIdx.x;
    const int64_t columns = conv_view_columns(a), column = index % columns;
    const int depth = (int)(index / columns);

    if (depth >= conv_view_depths(a))
        return;
    const float *from = conv_view_at(a, column / a.out_points, column % a.out_points, depth);
    matrix[index] = from ? *from : 0.0f;
}

static __global__ void conv_2_product_kernel(cleave_conv_args a, const float *matrix)
{
    CLEAVE_SHARED(float, weights, TILE *TILE);
    CLEAVE_SHARED(float, points, TILE *TILE);
    const int x = (int)threadIdx.x % TILE, y = (int)threadIdx.x / TILE;
    const int64_t columns = conv_view_columns(a), across = cleave_div_up(columns, TILE);
    const int channel = (int)((int64_t)blockIdx.x / across) * TILE + y;
    const int64_t column = (int64_t)blockIdx.x % across * TILE + x;
    const int depths = conv_view_depths(a);
    float sum = 0;

    for (int first = 0; first < depths; first += TILE) {
        weights[y * TILE + x] = channel < a.channels && first + x < depths
                                    ? a.weight[(int64_t)channel * depths + first + x]
                                    : 0.0f;
        points[y * TILE + x] =
            first + y < depths && column < columns ? matrix[(first + y) * columns + column] : 0.0f;
        cleave_barrier();
        CLEAVE_UNROLL
        for (int d = 0; d < TILE; d++)
            sum = cleave_fma(weights[y * TILE + d], points[d * TILE + x], sum);
        cleave_barrier();
    }
    if (channel < a.channels && column < columns)
        conv_view_put(a, channel, column, sum);
}

static size_t scratch_bytes(const void *args)
{
    const cleave_conv_args *a = (const cleave_conv_args *)args;

    return (size_t)(conv_view_columns(*a) * conv_view_depths(*a)) * sizeof(float);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_conv_args *a = (const cleave_conv_args *)args;
    const int64_t columns = conv_view_columns(*a);
    float *const matrix = (float *)work->scratch;

    CLEAVE_LAUNCH(conv_2_unfold_kernel,
                  cleave_div_up(columns * conv_view_depths(*a), CLEAVE_CUDA_THREADS),
                  CLEAVE_CUDA_THREADS, 0, work->stream, *a, matrix);
    CLEAVE_LAUNCH(conv_2_product_kernel,
                  cleave_div_up(a->channels, TILE) * cleave_div_up(columns, TILE), TILE * TILE, 0,
                  work->stream, *a, matrix);
}

const cleave_kernel ladder_conv_2 = {run, scratch_bytes, NULL, NULL};
