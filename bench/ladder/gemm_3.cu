/* gemm_3.cu: over gemm_2, a tile of 8 x 8 sums in the registers of each thread.
 *
 * Sixteen values from shared memory, in four loads, make 64 multiply-adds; the tile of a block
 * grows to 128 x 128, so that a value from memory is used 128 times. a is turned while it is put
 * into shared memory: a thread's eight rows then lie side by side. What it waits for is memory,
 * between one step of 8 depths and the next. */
#include "bench/ladder/gemm.cuh"

#define DEPTH   8
#define THREADS 256

static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(THREADS, 2) gemm_3_kernel(gemm_view g)
{
    CLEAVE_SHARED(float, a, DEPTH *GEMM_PITCH);
    CLEAVE_SHARED(float, b, DEPTH *GEMM_PITCH);
    const int across = (g.n + GEMM_TILE - 1) / GEMM_TILE;
    const int row = (int)blockIdx.x / across * GEMM_TILE;
    const int column = (int)blockIdx.x % across * GEMM_TILE;
    gemm_sums sums;

    sums.clear();
    for (int first = 0; first < g.k; first += DEPTH) {
        for (int i = (int)threadIdx.x; i < DEPTH * GEMM_TILE; i += THREADS) {
            const int r = i / DEPTH, d = i % DEPTH;
            a[d * GEMM_PITCH + r] =
                row + r < g.m && first + d < g.k ? g.a[(int64_t)(row + r) * g.k + first + d] : 0.0f;
        }
        for (int i = (int)threadIdx.x; i < DEPTH * GEMM_TILE; i += THREADS) {
            const int d = i / GEMM_TILE, c = i % GEMM_TILE;
            b[d * GEMM_PITCH + c] = first + d < g.k && column + c < g.n
                                        ? g.b[(first + d) * g.b_stride + column + c]
                                        : 0.0f;
        }
        cleave_barrier();
        sums.add<DEPTH>(a, b);
        cleave_barrier();
    }
    sums.store(g, row, column);
}

static void run(const void *args, const cleave_work *work)
{
    const gemm_view g = gemm_view_of(args);

    CLEAVE_LAUNCH(gemm_3_kernel, gemm_tiles(&g, GEMM_TILE, GEMM_TILE), THREADS, 0, work->stream, g);
}

const cleave_kernel ladder_gemm_3 = {run, NULL, NULL, NULL};
