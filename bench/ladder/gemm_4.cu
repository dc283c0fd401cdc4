/* gemm_4.cu: over gemm_3, two buffers that are filled by asynchronous copies.
 *
 * While the sums of one step are made, the next is on its way, past the registers: nobody waits for
 * memory in between, and one barrier a step is enough for what two did. b comes 16 bytes at a time.
 * a is turned on the way, which takes copies of 4 bytes. Their addresses take
 * registers, so that one block a multiprocessor is asked for instead of two. */
#include "bench/ladder/gemm.cuh"

#define DEPTH   16
#define THREADS 256
#define STEP    (DEPTH * GEMM_PITCH) /* floats of a factor */

/* Starts the copies of the step that begins at depth `first`. */
static __device__ __forceinline__ void copy_step(const gemm_view &g, int row, int column, int first,
                                                 float *a, float *b)
{
    CLEAVE_UNROLL
    for (int j = 0; j < DEPTH * GEMM_TILE / THREADS; j++) {
        const int i = (int)threadIdx.x + j * THREADS, r = i / DEPTH, d = i % DEPTH;
        const bool exists = row + r < g.m && first + d < g.k;
        cleave_copy_float(a + d * GEMM_PITCH + r,
                          exists ? g.a + (int64_t)(row + r) * g.k + first + d : g.a, exists);
    }
    CLEAVE_UNROLL
    for (int j = 0; j < DEPTH * GEMM_TILE / 4 / THREADS; j++) {
        const int i = (int)threadIdx.x + j * THREADS;
        const int d = i / (GEMM_TILE / 4), c = i % (GEMM_TILE / 4) * 4;
        const int rest = first + d < g.k ? g.n - column - c : 0;
        cleave_copy_float4(b + d * GEMM_PITCH + c,
                           rest > 0 ? g.b + (first + d) * g.b_stride + column + c : g.b,
                           rest < 0   ? 0
                           : rest < 4 ? rest
                                      : 4);
    }
    cleave_copy_commit();
}

static __global__ void CLEAVE_LAUNCH_BOUNDS_OF(THREADS, 1) gemm_4_kernel(gemm_view g)
{
    CLEAVE_SHARED(float, a, 2 * STEP);
    CLEAVE_SHARED(float, b, 2 * STEP);
    const int across = (g.n + GEMM_TILE - 1) / GEMM_TILE;
    const int row = (int)blockIdx.x / across * GEMM_TILE;
    const int column = (int)blockIdx.x % across * GEMM_TILE;
    const int steps = (g.k + DEPTH - 1) / DEPTH;
    gemm_sums sums;

    sums.clear();
    copy_step(g, row, column, 0, a, b);
    for (int step = 0; step < steps; step++) {
        const int now = step % 2 * STEP, next = STEP - now;
        cleave_copy_wait<0>();
        cleave_barrier(); /* the step is there for all, and the one before it read by all */
        if (step + 1 < steps)
            copy_step(g, row, column, (step + 1) * DEPTH, a + next, b + next);
        sums.add<DEPTH>(a + now, b + now);
    }
    sums.store(g, row, column);
}

static void run(const void *args, const cleave_work *work)
{
    const gemm_view g = gemm_view_of(args);

    CLEAVE_LAUNCH(gemm_4_kernel, gemm_tiles(&g, GEMM_TILE, GEMM_TILE), THREADS, 0, work->stream, g);
}

const cleave_kernel ladder_gemm_4 = {run, NULL, NULL, NULL};
