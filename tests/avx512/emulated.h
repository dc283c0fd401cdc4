/* emulated.h: AVX-512 on a processor that has AVX2 alone, by SIMDe and, for what that lacks, by the
 * functions below; `make check-avx512` includes it before all else of an AVX-512 variant. Results
 * are those of the instructions, times are not. */
#ifndef CLEAVE_TESTS_AVX512_EMULATED_H
#define CLEAVE_TESTS_AVX512_EMULATED_H

#include <immintrin.h>
#include <math.h>
#include <string.h>

#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/x86/avx512.h>

#define EMULATED static inline __attribute__((always_inline, unused))

/* The halves of 16 floats, and back. */
EMULATED __m256 emulated_half(__m512 v, int which)
{
    __m256 half;

    memcpy(&half, (const char *)&v + which * sizeof half, sizeof half);
    return half;
}

EMULATED __m512 emulated_whole(__m256 low, __m256 high)
{
    __m512 v;

    memcpy(&v, &low, sizeof low);
    memcpy((char *)&v + sizeof low, &high, sizeof high);
    return v;
}

EMULATED __m512 emulated_cvtph_ps(__m256i v)
{
    return emulated_whole(_mm256_cvtph_ps(_mm256_castsi256_si128(v)),
                          _mm256_cvtph_ps(_mm256_extracti128_si256(v, 1)));
}

/* Lanes that the mask leaves out are neither read nor written. */
EMULATED __m512 emulated_maskz_loadu_ps(unsigned mask, const float *p)
{
    float lanes[16] = {0};

    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            lanes[i] = p[i];
    return _mm512_loadu_ps(lanes);
}

EMULATED void emulated_mask_storeu_ps(float *p, unsigned mask, __m512 v)
{
    float lanes[16];

    memcpy(lanes, &v, sizeof lanes);
    for (int i = 0; i < 16; i++)
        if (mask >> i & 1)
            p[i] = lanes[i];
}

/* Significands in [1, 2) with their signs; exponents; those of 0, infinity and NaN as the manual
 * has them (Intel SDM volume 2, VGETMANTPS and VGETEXPPS). */
EMULATED __m512 emulated_getmant_ps(__m512 v)
{
    float lanes[16];

    memcpy(lanes, &v, sizeof lanes);
    for (int i = 0; i < 16; i++) {
        int exponent;
        if (lanes[i] == 0 || isinf(lanes[i]))
            lanes[i] = copysignf(1, lanes[i]);
        else if (!isnan(lanes[i]))
            lanes[i] = 2 * frexpf(lanes[i], &exponent);
    }
    return _mm512_loadu_ps(lanes);
}

EMULATED __m512 emulated_getexp_ps(__m512 v)
{
    float lanes[16];

    memcpy(lanes, &v, sizeof lanes);
    for (int i = 0; i < 16; i++)
        lanes[i] = logbf(lanes[i]);
    return _mm512_loadu_ps(lanes);
}

EMULATED __m512d emulated_cvtps_pd(__m256 v)
{
    const __m256d halves[2] = {_mm256_cvtps_pd(_mm256_castps256_ps128(v)),
                               _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
    __m512d wide;

    memcpy(&wide, halves, sizeof wide);
    return wide;
}

EMULATED __m256 emulated_cvtpd_ps(__m512d v)
{
    __m256d halves[2];

    memcpy(halves, &v, sizeof halves);
    return _mm256_set_m128(_mm256_cvtpd_ps(halves[1]), _mm256_cvtpd_ps(halves[0]));
}

EMULATED double emulated_reduce_add_pd(__m512d v)
{
    double lanes[8];

    memcpy(lanes, &v, sizeof lanes);
    return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6])) +
           ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* To the nearest bfloat16, ties to even, what is too small for a float taken as zero; `low` in the
 * lower half. */
EMULATED __m512bh emulated_cvtne2ps_pbh(__m512 high, __m512 low)
{
    uint32_t bits[32];
    uint16_t rounded[32];
    __m512bh v;

    memcpy(bits, &low, sizeof low);
    memcpy(bits + 16, &high, sizeof high);
    for (int i = 0; i < 32; i++) {
        const uint32_t magnitude = bits[i] & 0x7fffffff;
        if (magnitude > 0x7f800000)
            rounded[i] = (uint16_t)(bits[i] >> 16 | 0x40);
        else if (magnitude < 0x00800000)
            rounded[i] = (uint16_t)(bits[i] >> 16 & 0x8000);
        else
            rounded[i] = (uint16_t)((bits[i] + 0x7fff + (bits[i] >> 16 & 1)) >> 16);
    }
    memcpy(&v, rounded, sizeof v);
    return v;
}

#undef _mm512_extractf32x8_ps
#undef _mm512_getmant_ps

#define _mm512_cvtph_ps                      emulated_cvtph_ps
#define _mm512_maskz_loadu_ps                emulated_maskz_loadu_ps
#define _mm512_mask_storeu_ps                emulated_mask_storeu_ps
#define _mm512_getmant_ps(v, interval, sign) emulated_getmant_ps(v)
#define _mm512_getexp_ps                     emulated_getexp_ps
#define _mm512_cvtps_pd                      emulated_cvtps_pd
#define _mm512_cvtpd_ps                      emulated_cvtpd_ps
#define _mm512_reduce_add_pd                 emulated_reduce_add_pd
#define _mm512_extractf32x8_ps               emulated_half
#define _mm512_cvtne2ps_pbh                  emulated_cvtne2ps_pbh

#endif
