/* tensor_core.cuh: the formats of factors that tensor cores multiply, as types that kernels take.
 *
 * A step multiplies DEPTH rows of each factor. In shared memory both lie as floats, or the first as
 * what prepare() packed; what they are rounded to is decided here. Which row of memory is which
 * depth of the instruction is free, as long as both factors agree: lane 4 r + c takes the rows
 * c, c + 4 .. of the step, so that no two lanes ask the same bank. */
#ifndef CLEAVE_KERNELS_TENSOR_CORE_CUH
#define CLEAVE_KERNELS_TENSOR_CORE_CUH

#include "kernels/cuda_device.cuh"
#include "kernels/half.h"

struct cleave_tf32 {
    static constexpr int DEPTH = 8;

    /* What register `half` (0, 1) of a lane holds, of the rows that it takes of the step. */
    static __device__ __forceinline__ uint32_t pack(const float rows[DEPTH / 4], int half)
    {
        return cleave_to_tf32(rows[half]);
    }
    static __device__ __forceinline__ void multiply(float d[4], const uint32_t a[4],
                                                    const uint32_t b[2])
    {
        cleave_mma_tf32(d, a, b);
    }
    /* pack() on the host. */
    static inline uint32_t packed(const float rows[DEPTH / 4], int half)
    {
        return cleave_tf32_bits(rows[half]);
    }
};

struct cleave_bf16 {
    static constexpr int DEPTH = 16;

    static __device__ __forceinline__ uint32_t pack(const float rows[DEPTH / 4], int half)
    {
        return cleave_pack_bf16(rows[2 * half], rows[2 * half + 1]);
    }
    static __device__ __forceinline__ void multiply(float d[4], const uint32_t a[4],
                                                    const uint32_t b[2])
    {
        cleave_mma_bf16(d, a, b);
    }
    static inline uint32_t packed(const float rows[DEPTH / 4], int half)
    {
        return (uint32_t)cleave_bf16_bits(rows[2 * half]) |
               (uint32_t)cleave_bf16_bits(rows[2 * half + 1]) << 16;
    }
};

struct cleave_fp16 {
    static constexpr int DEPTH = 16;

    static __device__ __forceinline__ uint32_t pack(const float rows[DEPTH / 4], int half)
    {
        return cleave_pack_fp16(rows[2 * half], rows[2 * half + 1]);
    }
    static __device__ __forceinline__ void multiply(float d[4], const uint32_t a[4],
                                                    const uint32_t b[2])
    {
        cleave_mma_fp16(d, a, b);
    }
    static inline uint32_t packed(const float rows[DEPTH / 4], int half)
    {
        return (uint32_t)cleave_half_from_float(rows[2 * half]) |
               (uint32_t)cleave_half_from_float(rows[2 * half + 1]) << 16;
    }
};

/* Column `column` of DEPTH rows of floats, `pitch` apart, as the second factor of this lane. */
template <class Format>
static __device__ __forceinline__ void cleave_load_column(const float *rows, int pitch, int column,
                                                          uint32_t b[2])
{
    const int c = (int)threadIdx.x % 4;
    float value[Format::DEPTH / 4];

    CLEAVE_UNROLL
    for (int i = 0; i < Format::DEPTH / 4; i++)
        value[i] = rows[(c + 4 * i) * pitch + column];
    b[0] = Format::pack(value, 0);
    b[1] = Format::pack(value, 1);
}

#endif
