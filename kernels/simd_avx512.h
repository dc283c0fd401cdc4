/* simd_avx512.h: sixteen float lanes of AVX-512 under the names that kernel bodies are written on.
 *
 * simd_avx2.h, simd_avx512.h and simd_neon.h define the same names; a file <op>_<isa>.c includes
 * one of them and then the body that all of them share. Loads and stores need no alignment unless
 * they say so. */
#ifndef CLEAVE_KERNELS_SIMD_H
#define CLEAVE_KERNELS_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#define SIMD_LANES  16
#define SIMD_INLINE static inline __attribute__((always_inline))

typedef __m512 simd_f32;
typedef __mmask16 simd_mask; /* one truth value a lane */

/* ---- memory ---- */
SIMD_INLINE simd_f32 simd_load(const float *p)
{
    return _mm512_loadu_ps(p);
}

SIMD_INLINE void simd_store(float *p, simd_f32 v)
{
    _mm512_storeu_ps(p, v);
}

/* p lies on a multiple of the size of the vector. */
SIMD_INLINE simd_f32 simd_load_aligned(const float *p)
{
    return _mm512_load_ps(p);
}

SIMD_INLINE void simd_store_aligned(float *p, simd_f32 v)
{
    _mm512_store_ps(p, v);
}

/* Values of binary16, SIMD_LANES of them. Exact, subnormal ones too. */
SIMD_INLINE simd_f32 simd_load_half(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}

/* The first `count` lanes, 0 <= count <= SIMD_LANES; the others read as zero, untouched in memory.
 */
SIMD_INLINE simd_f32 simd_load_first(const float *p, int64_t count)
{
    return _mm512_maskz_loadu_ps((__mmask16)((1u << count) - 1), p);
}

SIMD_INLINE void simd_store_first(float *p, simd_f32 v, int64_t count)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << count) - 1), v);
}

SIMD_INLINE simd_f32 simd_set1(float value)
{
    return _mm512_set1_ps(value);
}

SIMD_INLINE simd_f32 simd_zero(void)
{
    return _mm512_setzero_ps();
}

/* ---- arithmetic ---- */
SIMD_INLINE simd_f32 simd_add(simd_f32 a, simd_f32 b)
{
    return _mm512_add_ps(a, b);
}

SIMD_INLINE simd_f32 simd_sub(simd_f32 a, simd_f32 b)
{
    return _mm512_sub_ps(a, b);
}

SIMD_INLINE simd_f32 simd_mul(simd_f32 a, simd_f32 b)
{
    return _mm512_mul_ps(a, b);
}

SIMD_INLINE simd_f32 simd_div(simd_f32 a, simd_f32 b)
{
    return _mm512_div_ps(a, b);
}

/* a b + c, a b - c and c - a b, each rounded once. */
SIMD_INLINE simd_f32 simd_fma(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return _mm512_fmadd_ps(a, b, c);
}

SIMD_INLINE simd_f32 simd_fms(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return _mm512_fmsub_ps(a, b, c);
}

SIMD_INLINE simd_f32 simd_fnma(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return _mm512_fnmadd_ps(a, b, c);
}

/* Of a NaN and a number the number if it is `b`. */
SIMD_INLINE simd_f32 simd_min(simd_f32 a, simd_f32 b)
{
    return _mm512_min_ps(a, b);
}

SIMD_INLINE simd_f32 simd_max(simd_f32 a, simd_f32 b)
{
    return _mm512_max_ps(a, b);
}

SIMD_INLINE simd_f32 simd_sqrt(simd_f32 a)
{
    return _mm512_sqrt_ps(a);
}

SIMD_INLINE simd_f32 simd_abs(simd_f32 a)
{
    return _mm512_abs_ps(a);
}

SIMD_INLINE simd_f32 simd_neg(simd_f32 a)
{
    return _mm512_xor_ps(a, _mm512_set1_ps(-0.0f));
}

/* |a| with the sign of b. */
SIMD_INLINE simd_f32 simd_copysign(simd_f32 a, simd_f32 b)
{
    const __m512 sign = _mm512_set1_ps(-0.0f);

    return _mm512_or_ps(_mm512_andnot_ps(sign, a), _mm512_and_ps(sign, b));
}

/* x = m 2^e with 1 <= m < 2, for x > 0 that is neither subnormal nor infinite; e as a float. */
SIMD_INLINE void simd_split(simd_f32 x, simd_f32 *m, simd_f32 *e)
{
    *m = _mm512_getmant_ps(x, _MM_MANT_NORM_1_2, _MM_MANT_SIGN_src);
    *e = _mm512_getexp_ps(x);
}

/* The nearest whole number, ties to even. */
SIMD_INLINE simd_f32 simd_round(simd_f32 a)
{
    return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

/* 2^n for whole n, -126..127. */
SIMD_INLINE simd_f32 simd_pow2(simd_f32 n)
{
    return _mm512_scalef_ps(_mm512_set1_ps(1), n);
}

/* x 2^n for whole n, -126..127. */
SIMD_INLINE simd_f32 simd_scale(simd_f32 x, simd_f32 n)
{
    return _mm512_scalef_ps(x, n);
}

/* ---- choice ---- */
SIMD_INLINE simd_mask simd_less(simd_f32 a, simd_f32 b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}

/* Lane by lane a where the mask is set, b elsewhere. */
SIMD_INLINE simd_f32 simd_select(simd_mask mask, simd_f32 a, simd_f32 b)
{
    return _mm512_mask_blend_ps(mask, b, a);
}

/* ---- across lanes ---- */
/* Sum of the lanes, halves added to halves. */
SIMD_INLINE float simd_sum(simd_f32 v)
{
    __m256 h = _mm256_add_ps(_mm512_castps512_ps256(v), _mm512_extractf32x8_ps(v, 1));
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(h), _mm256_extractf128_ps(h, 1));

    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

/* a0 b0 a1 b1 ...: the lower half of the result in *lo, the upper in *hi. */
SIMD_INLINE void simd_interleave(simd_f32 a, simd_f32 b, simd_f32 *lo, simd_f32 *hi)
{
    const __m512i first = _mm512_set_epi32(23, 7, 22, 6, 21, 5, 20, 4, 19, 3, 18, 2, 17, 1, 16, 0);
    const __m512i second =
        _mm512_set_epi32(31, 15, 30, 14, 29, 13, 28, 12, 27, 11, 26, 10, 25, 9, 24, 8);

    *lo = _mm512_permutex2var_ps(a, first, b);
    *hi = _mm512_permutex2var_ps(a, second, b);
}

/* The pairs in reverse order: a15 b15 a14 b14 ... */
SIMD_INLINE void simd_interleave_reversed(simd_f32 a, simd_f32 b, simd_f32 *lo, simd_f32 *hi)
{
    const __m512i first =
        _mm512_set_epi32(24, 8, 25, 9, 26, 10, 27, 11, 28, 12, 29, 13, 30, 14, 31, 15);
    const __m512i second = _mm512_set_epi32(16, 0, 17, 1, 18, 2, 19, 3, 20, 4, 21, 5, 22, 6, 23, 7);

    *lo = _mm512_permutex2var_ps(a, first, b);
    *hi = _mm512_permutex2var_ps(a, second, b);
}

/* The inverse of simd_interleave: the even elements of lo, hi in *a, the odd ones in *b. */
SIMD_INLINE void simd_deinterleave(simd_f32 lo, simd_f32 hi, simd_f32 *a, simd_f32 *b)
{
    const __m512i even =
        _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0);
    const __m512i odd = _mm512_set_epi32(31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);

    *a = _mm512_permutex2var_ps(lo, even, hi);
    *b = _mm512_permutex2var_ps(lo, odd, hi);
}

/* The inverse of simd_interleave_reversed. */
SIMD_INLINE void simd_deinterleave_reversed(simd_f32 lo, simd_f32 hi, simd_f32 *a, simd_f32 *b)
{
    const __m512i even =
        _mm512_set_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    const __m512i odd = _mm512_set_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);

    *a = _mm512_permutex2var_ps(lo, even, hi);
    *b = _mm512_permutex2var_ps(lo, odd, hi);
}

/* Four quarters of sixteen bytes, from rows 0, 4, 8 and 12 of a column of quarters. */
SIMD_INLINE __m512 simd_load_quarters(const float *p, int64_t stride)
{
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(p));

    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 4 * stride), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(p + 8 * stride), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(p + 12 * stride), 3);
}

/* rows[i] = the lanes p[0 stride + i], p[1 stride + i], ...: a square block read as its transpose.
 * Quarters are placed by loads, which leaves two shuffles a row to the one port that has them. */
SIMD_INLINE void simd_load_transposed(const float *p, int64_t stride, simd_f32 rows[SIMD_LANES])
{
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        __m512 a = simd_load_quarters(p + 4 * i, stride);
        __m512 b = simd_load_quarters(p + 4 * i + stride, stride);
        __m512 c = simd_load_quarters(p + 4 * i + 2 * stride, stride);
        __m512 d = simd_load_quarters(p + 4 * i + 3 * stride, stride);
        __m512d ab_lo = _mm512_castps_pd(_mm512_unpacklo_ps(a, b));
        __m512d ab_hi = _mm512_castps_pd(_mm512_unpackhi_ps(a, b));
        __m512d cd_lo = _mm512_castps_pd(_mm512_unpacklo_ps(c, d));
        __m512d cd_hi = _mm512_castps_pd(_mm512_unpackhi_ps(c, d));

        rows[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_lo, cd_lo));
        rows[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_lo, cd_lo));
        rows[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(ab_hi, cd_hi));
        rows[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(ab_hi, cd_hi));
    }
}

/* ---- double ---- */
/* As many double lanes as simd_f32 has float lanes: the accumulators of long sums. */
typedef struct simd_f64 {
    __m512d low, high;
} simd_f64;

SIMD_INLINE simd_f64 simd_f64_set1(double value)
{
    return (simd_f64){_mm512_set1_pd(value), _mm512_set1_pd(value)};
}

SIMD_INLINE simd_f64 simd_widen(simd_f32 v)
{
    return (simd_f64){_mm512_cvtps_pd(_mm512_castps512_ps256(v)),
                      _mm512_cvtps_pd(_mm512_extractf32x8_ps(v, 1))};
}

/* simd_widen of what lies at p; the halves come apart by the load, not by a shuffle. */
SIMD_INLINE simd_f64 simd_load_widened(const float *p)
{
    return (simd_f64){_mm512_cvtps_pd(_mm256_loadu_ps(p)), _mm512_cvtps_pd(_mm256_loadu_ps(p + 8))};
}

SIMD_INLINE simd_f32 simd_narrow(simd_f64 v)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(v.low)),
                              _mm512_cvtpd_ps(v.high), 1);
}

SIMD_INLINE simd_f64 simd_f64_add(simd_f64 a, simd_f64 b)
{
    return (simd_f64){_mm512_add_pd(a.low, b.low), _mm512_add_pd(a.high, b.high)};
}

SIMD_INLINE simd_f64 simd_f64_sub(simd_f64 a, simd_f64 b)
{
    return (simd_f64){_mm512_sub_pd(a.low, b.low), _mm512_sub_pd(a.high, b.high)};
}

SIMD_INLINE simd_f64 simd_f64_fma(simd_f64 a, simd_f64 b, simd_f64 c)
{
    return (simd_f64){_mm512_fmadd_pd(a.low, b.low, c.low),
                      _mm512_fmadd_pd(a.high, b.high, c.high)};
}

SIMD_INLINE double simd_f64_sum(simd_f64 v)
{
    return _mm512_reduce_add_pd(_mm512_add_pd(v.low, v.high));
}

#endif
