/* gemm_2.cu: over gemm_1, a tile of each factor in shared memory.
 *
 * 256 threads have a tile of 16 x 16 sums. What they need of 16 depths is read from memory once and
 * used 16 times. Still two loads a multiply-add, now of shared memory, whose bandwidth is
 * the new limit. */
#include "bench/ladder/gemm.cuh"

#define TILE 16

static __global__ void gemm_2_kernel(gemm_view g)
{
    CLEAVE_SHARED(float, a, TILE *TILE);
    CLEAVE_SHARED(float, b, TILE *TILE);
    const int x = (int)threadIdx.x % TILE, y = (int)threadIdx.x / TILE;
    const int across = (g.n + TILE - 1) / TILE;
    const int row = (int)blockIdx.x / across * TILE + y;
    const int column = (int)blockIdx.x % across * TILE + x;
    float sum = 0;

    for (int first = 0; first < g.k; first += TILE) {
        a[y * TILE + x] = row < g.m && first + x < g.k ? g.a[(int64_t)row * g.k + first + x] : 0.0f;
        b[y * TILE + x] =
            first + y < g.k && column < g.n ? g.b[(first + y) * g.b_stride + column] : 0.0f;
        cleave_barrier();
        CLEAVE_UNROLL
        for (int d = 0; d < TILE; d++)
            sum = cleave_fma(a[y * TILE + d], b[d * TILE + x], sum);
        cleave_barrier(); /* before the next tile takes the place of this one */
    }
    if (row < g.m && column < g.n)
        g.c[row * g.c_stride + column] = sum;
}

static void run(const void *args, const cleave_work *work)
{
    const gemm_view g = gemm_view_of(args);

    CLEAVE_LAUNCH(gemm_2_kernel, gemm_tiles(&g, TILE, TILE), TILE * TILE, 0, work->stream, g);
}

const cleave_kernel ladder_gemm_2 = {run, NULL, NULL, NULL};
