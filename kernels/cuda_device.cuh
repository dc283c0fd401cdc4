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

/* Before a kernel's name: the most threads that it is launched with, which bounds its registers. */
#define CLEAVE_LAUNCH_BOUNDS(threads) __launch_bounds__(threads, 1)

/* Before a loop of a few steps known to the compiler: arrays indexed in it stay in registers. */
#define CLEAVE_UNROLL _Pragma("unroll")

/* Dynamic shared memory that GPUs of compute capability 8.0 or above grant; more than 48 KB after
 * cleave_shared_allow() only. */
#define CLEAVE_SHARED_BYTES_MAX ((size_t)96 * 1024)

/* To be called before a launch of the kernel with `bytes` of dynamic shared memory. What it asks
 * for is always the same, so that threads of the host that launch the same kernel do not take it
 * from each other. A refusal shows as the error of the launch. */
template <typename... Parameters>
static inline void cleave_shared_allow(void (*kernel)(Parameters...), size_t bytes)
{
    if (bytes > (size_t)48 * 1024)
        (void)cudaFuncSetAttribute((const void *)kernel,
                                   cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   (int)CLEAVE_SHARED_BYTES_MAX);
}

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
