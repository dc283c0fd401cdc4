/* cuda_device.cuh: every CUDA feature beyond plain C that the kernels use, by name.
 *
 * Kernels launch through CLEAVE_LAUNCH and reach shared memory, barriers and warp exchanges through
 * these names only, so that the SIMT executor (tests/simt) can put its own file of the same name in
 * front of this one and run the same sources on a machine without a GPU. */
#ifndef CLEAVE_KERNELS_CUDA_DEVICE_CUH
#define CLEAVE_KERNELS_CUDA_DEVICE_CUH

#include <cuda_runtime.h>

#define CLEAVE_WARP 32

/* Launches kernel(...) on a grid of `blocks` x 1 x 1 blocks of `threads` threads. */
#define CLEAVE_LAUNCH(kernel, blocks, threads, shared_bytes, stream, ...)                          \
    kernel<<<(unsigned)(blocks), (unsigned)(threads), (shared_bytes), (cudaStream_t)(stream)>>>(   \
        __VA_ARGS__)

/* A shared array of a fixed size; and the launch's dynamic shared memory. */
#define CLEAVE_SHARED(type, name, count) __shared__ type name[count]
#define CLEAVE_SHARED_DYNAMIC(type, name)                                                          \
    extern __shared__ double cleave_shared_dynamic[];                                              \
    type *name = (type *)cleave_shared_dynamic

static __device__ __forceinline__ void cleave_barrier(void)
{
    __syncthreads();
}

/* The value that lane (lane + delta) holds; all 32 lanes take part. Lanes past the end keep their
 * own. */
static __device__ __forceinline__ double cleave_shuffle_down(double value, int delta)
{
    return __shfl_down_sync(0xffffffffu, value, delta);
}

static __device__ __forceinline__ float cleave_fma(float a, float b, float c)
{
    return __fmaf_rn(a, b, c);
}

#endif
