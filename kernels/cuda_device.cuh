/* cuda_device.cuh: every CUDA feature beyond plain C that the kernels use, by name.
 *
 * Kernels launch through CLEAVE_LAUNCH and reach shared memory, barriers and warp exchanges through
 * these names only, so that the SIMT executor (tests/simt) can put its own file of the same name in
 * front of this one and run the same sources on a machine without a GPU. */
#ifndef CLEAVE_KERNELS_CUDA_DEVICE_CUH
#define CLEAVE_KERNELS_CUDA_DEVICE_CUH

#include <cuda_runtime.h>
#include <stdint.h>

#define CLEAVE_WARP 32

/* Launches kernel(...) on a grid of `blocks` x 1 x 1 blocks of `threads` threads. */
#define CLEAVE_LAUNCH(kernel, blocks, threads, shared_bytes, stream, ...)                          \
    kernel<<<(unsigned)(blocks), (unsigned)(threads), (shared_bytes), (cudaStream_t)(stream)>>>(   \
        __VA_ARGS__)

/* The same for blocks that wait for each other: all of them run at once, or none, and then the
 * launch is an error. There may be as many as multiprocessors. */
#define CLEAVE_LAUNCH_TOGETHER(kernel, blocks, threads, shared_bytes, stream, ...)                 \
    cleave_launch_together(kernel, (unsigned)(blocks), (unsigned)(threads), (shared_bytes),        \
                           (cudaStream_t)(stream), __VA_ARGS__)

template <typename... Parameters, typename... Arguments>
static inline void cleave_launch_together(void (*kernel)(Parameters...), unsigned blocks,
                                          unsigned threads, size_t shared_bytes,
                                          cudaStream_t stream, Arguments... arguments)
{
    cudaLaunchAttribute together = {};
    cudaLaunchConfig_t config = {};

    together.id = cudaLaunchAttributeCooperative;
    together.val.cooperative = 1;
    config.gridDim = dim3(blocks);
    config.blockDim = dim3(threads);
    config.dynamicSmemBytes = shared_bytes;
    config.stream = stream;
    config.attrs = &together;
    config.numAttrs = 1;
    (void)cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(arguments)...);
}

/* Of the device that the calling thread of the host uses. */
static inline int cleave_multiprocessors(void)
{
    int device = 0, count = 0;

    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&count, cudaDevAttrMultiProcessorCount, device) != cudaSuccess)
        return 1;
    return count;
}

/* Before a kernel's name: the most threads that it is launched with, and how many such blocks a
 * multiprocessor must have room for; both bound its registers. */
#define CLEAVE_LAUNCH_BOUNDS(threads)            __launch_bounds__(threads, 1)
#define CLEAVE_LAUNCH_BOUNDS_OF(threads, blocks) __launch_bounds__(threads, blocks)

/* Before a loop of a few steps known to the compiler: arrays indexed in it stay in registers. */
#define CLEAVE_UNROLL _Pragma("unroll")
/* Before a loop of many: so many steps of it at once. */
#define CLEAVE_UNROLL_BY(steps) CLEAVE_PRAGMA(unroll steps)
#define CLEAVE_PRAGMA(text)     _Pragma(#text)

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

/* As many threads as `threads`, whole warps of the block, wait for each other at barrier `id` of 1
 * to 15, and the others do not. */
static __device__ __forceinline__ void cleave_barrier_named(int id, int threads)
{
    asm volatile("bar.sync %0, %1;" ::"r"(id), "r"(threads) : "memory");
}

/* The threads of a warp wait for each other; what they wrote is then visible to all of them. */
static __device__ __forceinline__ void cleave_warp_barrier(void)
{
    __syncwarp();
}

/* A flag between blocks that run together. What this thread wrote, and what others of its block
 * wrote before their last common barrier, is there for whoever has seen the flag raised to `value`,
 * and for those of its block after their next barrier. Flags only rise. */
static __device__ __forceinline__ void cleave_flag_raise(uint32_t *flag, uint32_t value)
{
    asm volatile("st.release.gpu.global.u32 [%0], %1;" ::"l"(__cvta_generic_to_global(flag)),
                 "r"(value)
                 : "memory");
}

static __device__ __forceinline__ void cleave_flag_wait(const uint32_t *flag, uint32_t value)
{
    uint32_t seen;

    do
        asm volatile("ld.acquire.gpu.global.u32 %0, [%1];"
                     : "=r"(seen)
                     : "l"(__cvta_generic_to_global(flag))
                     : "memory");
    while (seen < value);
}

/* The value that lane (lane + delta) holds; all 32 lanes take part. Lanes past the end keep their
 * own. */
static __device__ __forceinline__ double cleave_shuffle_down(double value, int delta)
{
    return __shfl_down_sync(0xffffffffu, value, delta);
}

/* The value that lane (lane xor mask) holds; all 32 lanes take part. */
static __device__ __forceinline__ float cleave_shuffle_xor(float value, int mask)
{
    return __shfl_xor_sync(0xffffffffu, value, mask);
}

static __device__ __forceinline__ float cleave_fma(float a, float b, float c)
{
    return __fmaf_rn(a, b, c);
}

/* Four words at once, on 16 bytes. */
static __device__ __forceinline__ void cleave_load_words(const uint32_t *from, uint32_t to[4])
{
    const uint4 words = *(const uint4 *)from;

    to[0] = words.x;
    to[1] = words.y;
    to[2] = words.z;
    to[3] = words.w;
}

/* Four floats at once, on 16 bytes. */
static __device__ __forceinline__ void cleave_load_floats(const float *from, float to[4])
{
    const float4 values = *(const float4 *)from;

    to[0] = values.x;
    to[1] = values.y;
    to[2] = values.z;
    to[3] = values.w;
}

static __device__ __forceinline__ void cleave_store_floats(float *to, const float from[4])
{
    *(float4 *)to = make_float4(from[0], from[1], from[2], from[3]);
}

/* 2^x, 2 units in the last place; 0 for -infinity. */
static __device__ __forceinline__ float cleave_exp2(float x)
{
    return exp2f(x);
}

/* ---- asynchronous copies --------------------------------------------------------------------
 * From device to shared memory, past the registers. They are there for the thread that started them
 * after the wait, for others after a barrier too; until then `to` holds nobody knows what. */

/* One float, or zero unless `valid`; `from` is then not read. */
static __device__ __forceinline__ void cleave_copy_float(float *to, const float *from, bool valid)
{
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(
                     (unsigned)__cvta_generic_to_shared(to)),
                 "l"(__cvta_generic_to_global(from)), "r"(valid ? 4 : 0)
                 : "memory");
}

/* Four, both on 16 bytes; the first `valid` of them, then zeros. */
static __device__ __forceinline__ void cleave_copy_float4(float *to, const float *from, int valid)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
                     (unsigned)__cvta_generic_to_shared(to)),
                 "l"(__cvta_generic_to_global(from)), "r"(4 * valid)
                 : "memory");
}

/* What was started since the last call is a group. */
static __device__ __forceinline__ void cleave_copy_commit(void)
{
    asm volatile("cp.async.commit_group;" ::: "memory");
}

/* Waits for all groups of this thread but the last so many. */
template <int GROUPS> static __device__ __forceinline__ void cleave_copy_wait(void)
{
    asm volatile("cp.async.wait_group %0;" ::"n"(GROUPS) : "memory");
}

/* ---- matrix instructions --------------------------------------------------------------------
 * d += a b for a warp, with sums in float. Lane 4 r + c holds of `a` (16 rows) the rows r and r +
 * 8, of `b` (8 columns) the column r, of `d` the rows r (two values) and r + 8 (two), columns 2 c
 * and 2 c + 1. Of the depth it holds, for tf32 c and c + 4, a register each; for the half formats 2
 * c, 2 c + 1 in one register and 2 c + 8, 2 c + 9 in another. a[0] and a[1] are the two rows of the
 * first, a[2] and a[3] of the second, as b[0] and b[1]. */

static __device__ __forceinline__ void cleave_mma_tf32(float d[4], const uint32_t a[4],
                                                       const uint32_t b[2])
{
    asm("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

static __device__ __forceinline__ void cleave_mma_bf16(float d[4], const uint32_t a[4],
                                                       const uint32_t b[2])
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, "
        "{%8,%9}, {%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

static __device__ __forceinline__ void cleave_mma_fp16(float d[4], const uint32_t a[4],
                                                       const uint32_t b[2])
{
    asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, "
        "{%0,%1,%2,%3};"
        : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

/* A float rounded to tf32, ties away from zero; two rounded to halves, ties to even, `low` in the
 * lower bits; beyond the largest value of binary16 they become infinity. */
static __device__ __forceinline__ uint32_t cleave_to_tf32(float value)
{
    uint32_t bits;

    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
    return bits;
}

static __device__ __forceinline__ uint32_t cleave_pack_bf16(float low, float high)
{
    uint32_t bits;

    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
}

static __device__ __forceinline__ uint32_t cleave_pack_fp16(float low, float high)
{
    uint32_t bits;

    asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(high), "f"(low));
    return bits;
}

#endif
