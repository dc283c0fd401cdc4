/* half.h: IEEE binary16 to and from float32, and to the other formats of tensor cores. */
#ifndef CLEAVE_KERNELS_HALF_H
#define CLEAVE_KERNELS_HALF_H

#include <math.h>
#include <string.h>

#include "kernels/base.h"

/* Exact: every binary16 value is a float32. The exponent is re-biased by 112; subnormals are
 * multiples of 2^-24. */
CLEAVE_INLINE float cleave_half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, rest = half & 0x7FFF;
    uint32_t bits;
    float value;

    if (rest < 0x0400) {
        value = (float)rest * 0x1p-24f;
        return sign ? -value : value;
    }
    bits =
        sign | (rest >= 0x7C00 ? 0x7F800000u | (rest & 0x3FF) << 13 : (rest << 13) + (112u << 23));
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* Rounds to nearest, ties to even; beyond the largest finite value: infinity. NaN stays NaN. */
CLEAVE_INLINE uint16_t cleave_half_from_float(float value)
{
    uint32_t bits, sign, rest, half;

    memcpy(&bits, &value, sizeof bits);
    sign = bits >> 16 & 0x8000;
    rest = bits & 0x7FFFFFFF;
    if (rest < 0x38800000) { /* below 2^-14: a multiple of 2^-24 */
        float magnitude;
        memcpy(&magnitude, &rest, sizeof magnitude);
        return (uint16_t)(sign | (uint32_t)nearbyintf(magnitude * 0x1p24f));
    }
    if (rest > 0x7F800000)
        return (uint16_t)(sign | 0x7E00);
    half = (rest - 0x38000000) >> 13;
    half += (rest & 0x1FFF) > 0x1000 || ((rest & 0x1FFF) == 0x1000 && half & 1);
    return (uint16_t)(sign | (half < 0x7C00 ? half : 0x7C00));
}

/* The bits of bfloat16, the upper half of a float32, nearest to a value, ties to even. */
CLEAVE_INLINE uint16_t cleave_bf16_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40); /* NaN stays one */
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* The float32 nearest to a value that has ten bits after the point, ties away from zero. */
CLEAVE_INLINE uint32_t cleave_tf32_bits(float value)
{
    uint32_t bits;

    memcpy(&bits, &value, sizeof bits);
    if ((bits & 0x7F800000) == 0x7F800000)
        return bits;
    return (bits + 0x1000) & 0xFFFFE000;
}

#endif
