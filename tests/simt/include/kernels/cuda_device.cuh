// cuda_device.cuh of the SIMT executor: stands in front of kernels/cuda_device.cuh.
#ifndef CLEAVE_TESTS_SIMT_CUDA_DEVICE_CUH
#define CLEAVE_TESTS_SIMT_CUDA_DEVICE_CUH

#include <cmath>
#include <tuple>

#include "kernels/half.h"
#include "tests/simt/simt.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline

#define threadIdx (simt_self().thread)
#define blockIdx  (simt_self().block)
#define blockDim  (simt_self().block_size)
#define gridDim   (simt_self().grid_size)

#define CLEAVE_WARP 32

// A launch copies its arguments at once, whenever the kernel runs.
#define CLEAVE_LAUNCH(kernel, blocks, threads, shared_bytes, stream, ...)                          \
    simt_launch_on((stream), (unsigned)(blocks), (unsigned)(threads), (shared_bytes),              \
                   [=, values = std::make_tuple(__VA_ARGS__)] { std::apply(kernel, values); })

#define CLEAVE_LAUNCH_TOGETHER(kernel, blocks, threads, shared_bytes, stream, ...)                 \
    simt_launch_together_on(                                                                       \
        (stream), (unsigned)(blocks), (unsigned)(threads), (shared_bytes),                         \
        [=, values = std::make_tuple(__VA_ARGS__)] { std::apply(kernel, values); })

static inline int cleave_multiprocessors()
{
    return SIMT_TOGETHER_MAX;
}

#define CLEAVE_LAUNCH_BOUNDS(threads)
#define CLEAVE_LAUNCH_BOUNDS_OF(threads, blocks)
#define CLEAVE_UNROLL
#define CLEAVE_UNROLL_BY(steps)
#define CLEAVE_SHARED_BYTES_MAX (static_cast<size_t>(96) * 1024)

template <typename... Parameters>
static inline void cleave_shared_allow(void (*)(Parameters...), size_t)
{
}

#define CLEAVE_SHARED(type, name, count)                                                           \
    static const char name##_site = 0;                                                             \
    type *name = static_cast<type *>(simt_shared(&name##_site, sizeof(type) * (count)))
#define CLEAVE_SHARED_DYNAMIC(type, name) type *name = static_cast<type *>(simt_shared_dynamic())

static inline void cleave_barrier()
{
    simt_barrier();
}

static inline void cleave_barrier_named(int id, int threads)
{
    simt_barrier_named(id, static_cast<unsigned>(threads));
}

static inline void cleave_warp_barrier()
{
    simt_together([](void *const *) {}, nullptr);
}

static inline void cleave_flag_raise(uint32_t *flag, uint32_t value)
{
    *flag = value;
}

static inline void cleave_flag_wait(const uint32_t *flag, uint32_t value)
{
    simt_wait_for(flag, value);
}

static inline double cleave_shuffle_down(double value, int delta)
{
    return simt_shuffle(value, simt_self().thread.x % CLEAVE_WARP + static_cast<unsigned>(delta));
}

static inline float cleave_shuffle_xor(float value, int mask)
{
    return static_cast<float>(
        simt_shuffle(value, (simt_self().thread.x % CLEAVE_WARP) ^ static_cast<unsigned>(mask)));
}

static inline float cleave_fma(float a, float b, float c)
{
    return std::fma(a, b, c);
}

static inline void cleave_load_words(const uint32_t *from, uint32_t to[4])
{
    simt_check_aligned(from, 16);
    for (int i = 0; i < 4; i++)
        to[i] = from[i];
}

static inline void cleave_load_floats(const float *from, float to[4])
{
    simt_check_aligned(from, 16);
    for (int i = 0; i < 4; i++)
        to[i] = from[i];
}

static inline void cleave_store_floats(float *to, const float from[4])
{
    simt_check_aligned(to, 16);
    for (int i = 0; i < 4; i++)
        to[i] = from[i];
}

static inline float cleave_exp2(float x)
{
    return std::exp2(x);
}

static inline void cleave_copy_float(float *to, const float *from, bool valid)
{
    simt_copy_start(to, from, 4, valid ? 4 : 0);
}

static inline void cleave_copy_float4(float *to, const float *from, int valid)
{
    simt_copy_start(to, from, 16, 4 * static_cast<size_t>(valid));
}

static inline void cleave_copy_commit()
{
    simt_copy_commit();
}

template <int GROUPS> static inline void cleave_copy_wait()
{
    simt_copy_wait(GROUPS);
}

static inline void cleave_mma_tf32(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    simt_mma_tf32(d, a, b);
}

static inline void cleave_mma_bf16(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    simt_mma_bf16(d, a, b);
}

static inline void cleave_mma_fp16(float d[4], const uint32_t a[4], const uint32_t b[2])
{
    simt_mma_fp16(d, a, b);
}

static inline uint32_t cleave_to_tf32(float value)
{
    return cleave_tf32_bits(value);
}

static inline uint32_t cleave_pack_bf16(float low, float high)
{
    const uint32_t upper = cleave_bf16_bits(high);

    return cleave_bf16_bits(low) | upper << 16;
}

static inline uint32_t cleave_pack_fp16(float low, float high)
{
    const uint32_t upper = cleave_half_from_float(high);

    return cleave_half_from_float(low) | upper << 16;
}

#endif
