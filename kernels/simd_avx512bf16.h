/* simd_avx512bf16.h: pairs of bfloat16 in the lanes of simd_avx512.h, and their products. */
#ifndef CLEAVE_KERNELS_SIMD_AVX512BF16_H
#define CLEAVE_KERNELS_SIMD_AVX512BF16_H

#include "kernels/simd_avx512.h"

#include <string.h>

typedef __m512bh simd_pairs;

/* Lane n has a[n] and b[n], rounded to the nearest, ties to even. */
SIMD_INLINE simd_pairs simd_pair_up(simd_f32 a, simd_f32 b)
{
    const __m512i order =
        _mm512_set_epi16(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8, 23, 7, 22, 6,
                         21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);

    return (simd_pairs)_mm512_permutexvar_epi16(order, (__m512i)_mm512_cvtne2ps_pbh(b, a));
}

/* `p` is aligned to a vector. */
SIMD_INLINE simd_pairs simd_pairs_load(const void *p)
{
    return (simd_pairs)_mm512_load_si512(p);
}

SIMD_INLINE void simd_pairs_store(void *p, simd_pairs v)
{
    _mm512_store_si512(p, (__m512i)v);
}

/* The pair at p in every lane. */
SIMD_INLINE simd_pairs simd_pairs_set1(const uint16_t *p)
{
    int32_t pair;

    memcpy(&pair, p, sizeof pair);
    return (simd_pairs)_mm512_set1_epi32(pair);
}

/* sum + a[0] b[0] + a[1] b[1] of each lane's pairs, products exact. */
SIMD_INLINE simd_f32 simd_pairs_dot(simd_pairs a, simd_pairs b, simd_f32 sum)
{
    return _mm512_dpbf16_ps(sum, a, b);
}

#endif
