// cuda_device.cuh of the SIMT executor: stands in front of kernels/cuda_device.cuh.
#ifndef CLEAVE_TESTS_SIMT_CUDA_DEVICE_CUH
#define CLEAVE_TESTS_SIMT_CUDA_DEVICE_CUH

#include <cmath>

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

#define CLEAVE_LAUNCH(kernel, blocks, threads, shared_bytes, stream, ...)                          \
    simt_launch((unsigned)(blocks), (unsigned)(threads), (shared_bytes), [=] {                     \
        (void)(stream);                                                                            \
        kernel(__VA_ARGS__);                                                                       \
    })

#define CLEAVE_LAUNCH_BOUNDS(threads)
#define CLEAVE_UNROLL
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

static inline double cleave_shuffle_down(double value, int delta)
{
    return simt_shuffle_down(value, delta);
}

static inline float cleave_fma(float a, float b, float c)
{
    return std::fma(a, b, c);
}

#endif
