/* simd_avx2.h: eight float lanes of AVX2 and FMA; the names are explained in simd_avx512.h. */
#ifndef CLEAVE_KERNELS_SIMD_H
#define CLEAVE_KERNELS_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#define SIMD_LANES  8
#define SIMD_INLINE static inline __attribute__((always_inline))

typedef __m256 simd_f32;
typedef __m256 simd_mask;

SIMD_INLINE simd_f32 simd_load(const float *p)
{
    return _mm256_loadu_ps(p);
}

SIMD_INLINE void simd_store(float *p, simd_f32 v)
{
    _mm256_storeu_ps(p, v);
}

SIMD_INLINE simd_f32 simd_load_aligned(const float *p)
{
    return _mm256_load_ps(p);
}

SIMD_INLINE void simd_store_aligned(float *p, simd_f32 v)
{
    _mm256_store_ps(p, v);
}

SIMD_INLINE simd_f32 simd_load_half(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

/* All ones in the first `count` lanes. */
SIMD_INLINE __m256i simd_first(int64_t count)
{
    const __m256i lane = _mm256_set_epi32(7, 6, 5, 4, 3, 2, 1, 0);

    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)count), lane);
}

SIMD_INLINE simd_f32 simd_load_first(const float *p, int64_t count)
{
    return _mm256_maskload_ps(p, simd_first(count));
}

SIMD_INLINE void simd_store_first(float *p, simd_f32 v, int64_t count)
{
    _mm256_maskstore_ps(p, simd_first(count), v);
}

SIMD_INLINE simd_f32 simd_set1(float value)
{
    return _mm256_set1_ps(value);
}

SIMD_INLINE simd_f32 simd_zero(void)
{
    return _mm256_setzero_ps();
}

SIMD_INLINE simd_f32 simd_add(simd_f32 a, simd_f32 b)
{
    return _mm256_add_ps(a, b);
}

SIMD_INLINE simd_f32 simd_sub(simd_f32 a, simd_f32 b)
{
    return _mm256_sub_ps(a, b);
}

SIMD_INLINE simd_f32 simd_mul(simd_f32 a, simd_f32 b)
{
    return _mm256_mul_ps(a, b);
}

SIMD_INLINE simd_f32 simd_div(simd_f32 a, simd_f32 b)
{
    return _mm256_div_ps(a, b);
}

SIMD_INLINE simd_f32 simd_fma(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return _mm256_fmadd_ps(a, b, c);
}

SIMD_INLINE simd_f32 simd_fms(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return _mm256_fmsub_ps(a, b, c);
}

SIMD_INLINE simd_f32 simd_fnma(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return _mm256_fnmadd_ps(a, b, c);
}

SIMD_INLINE simd_f32 simd_min(simd_f32 a, simd_f32 b)
{
    return _mm256_min_ps(a, b);
}

SIMD_INLINE simd_f32 simd_max(simd_f32 a, simd_f32 b)
{
    return _mm256_max_ps(a, b);
}

SIMD_INLINE simd_f32 simd_sqrt(simd_f32 a)
{
    return _mm256_sqrt_ps(a);
}

SIMD_INLINE simd_f32 simd_abs(simd_f32 a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}

SIMD_INLINE simd_f32 simd_neg(simd_f32 a)
{
    return _mm256_xor_ps(a, _mm256_set1_ps(-0.0f));
}

SIMD_INLINE simd_f32 simd_copysign(simd_f32 a, simd_f32 b)
{
    const __m256 sign = _mm256_set1_ps(-0.0f);

    return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
}

SIMD_INLINE void simd_split(simd_f32 x, simd_f32 *m, simd_f32 *e)
{
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i fraction = _mm256_and_si256(bits, _mm256_set1_epi32(0x007fffff));
    const __m256i exponent = _mm256_srli_epi32(bits, 23);

    *m = _mm256_or_ps(_mm256_castsi256_ps(fraction), _mm256_set1_ps(1));
    *e = _mm256_cvtepi32_ps(_mm256_sub_epi32(exponent, _mm256_set1_epi32(127)));
}

SIMD_INLINE simd_f32 simd_round(simd_f32 a)
{
    return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

SIMD_INLINE simd_f32 simd_pow2(simd_f32 n)
{
    const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));

    return _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23));
}

SIMD_INLINE simd_f32 simd_scale(simd_f32 x, simd_f32 n)
{
    return simd_mul(x, simd_pow2(n));
}

SIMD_INLINE simd_mask simd_less(simd_f32 a, simd_f32 b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}

SIMD_INLINE simd_f32 simd_select(simd_mask mask, simd_f32 a, simd_f32 b)
{
    return _mm256_blendv_ps(b, a, mask);
}

SIMD_INLINE float simd_sum(simd_f32 v)
{
    __m128 q = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));

    q = _mm_add_ps(q, _mm_movehl_ps(q, q));
    return _mm_cvtss_f32(_mm_add_ss(q, _mm_movehdup_ps(q)));
}

SIMD_INLINE void simd_interleave(simd_f32 a, simd_f32 b, simd_f32 *lo, simd_f32 *hi)
{
    __m256 even = _mm256_unpacklo_ps(a, b); /* a0 b0 a1 b1 | a4 b4 a5 b5 */
    __m256 odd = _mm256_unpackhi_ps(a, b);  /* a2 b2 a3 b3 | a6 b6 a7 b7 */

    *lo = _mm256_permute2f128_ps(even, odd, 0x20);
    *hi = _mm256_permute2f128_ps(even, odd, 0x31);
}

SIMD_INLINE void simd_interleave_reversed(simd_f32 a, simd_f32 b, simd_f32 *lo, simd_f32 *hi)
{
    __m256 ra = _mm256_permute_ps(a, 0x1b); /* a3 a2 a1 a0 | a7 a6 a5 a4 */
    __m256 rb = _mm256_permute_ps(b, 0x1b);
    __m256 even = _mm256_unpacklo_ps(ra, rb);
    __m256 odd = _mm256_unpackhi_ps(ra, rb);

    *lo = _mm256_permute2f128_ps(even, odd, 0x31);
    *hi = _mm256_permute2f128_ps(even, odd, 0x20);
}

SIMD_INLINE void simd_deinterleave(simd_f32 lo, simd_f32 hi, simd_f32 *a, simd_f32 *b)
{
    __m256 outer = _mm256_permute2f128_ps(lo, hi, 0x20);
    __m256 inner = _mm256_permute2f128_ps(lo, hi, 0x31);

    *a = _mm256_shuffle_ps(outer, inner, 0x88);
    *b = _mm256_shuffle_ps(outer, inner, 0xdd);
}

SIMD_INLINE void simd_deinterleave_reversed(simd_f32 lo, simd_f32 hi, simd_f32 *a, simd_f32 *b)
{
    __m256 outer = _mm256_permute2f128_ps(lo, hi, 0x31); /* pairs 2 3 | 6 7 */
    __m256 inner = _mm256_permute2f128_ps(lo, hi, 0x20); /* pairs 0 1 | 4 5 */
    __m256 even = _mm256_shuffle_ps(outer, inner, 0x22); /* a3 a2 a1 a0 | a7 a6 a5 a4 */
    __m256 odd = _mm256_shuffle_ps(outer, inner, 0x77);

    *a = _mm256_permute2f128_ps(even, even, 0x01);
    *b = _mm256_permute2f128_ps(odd, odd, 0x01);
}

/* Two halves of sixteen bytes, from rows 0 and 4 of a column of halves. */
SIMD_INLINE __m256 simd_load_halves(const float *p, int64_t stride)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)),
                                _mm_loadu_ps(p + 4 * stride), 1);
}

SIMD_INLINE void simd_load_transposed(const float *p, int64_t stride, simd_f32 rows[SIMD_LANES])
{
#pragma GCC unroll 2
    for (int i = 0; i < 2; i++) {
        __m256 a = simd_load_halves(p + 4 * i, stride);
        __m256 b = simd_load_halves(p + 4 * i + stride, stride);
        __m256 c = simd_load_halves(p + 4 * i + 2 * stride, stride);
        __m256 d = simd_load_halves(p + 4 * i + 3 * stride, stride);
        __m256d ab_lo = _mm256_castps_pd(_mm256_unpacklo_ps(a, b));
        __m256d ab_hi = _mm256_castps_pd(_mm256_unpackhi_ps(a, b));
        __m256d cd_lo = _mm256_castps_pd(_mm256_unpacklo_ps(c, d));
        __m256d cd_hi = _mm256_castps_pd(_mm256_unpackhi_ps(c, d));

        rows[4 * i] = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_lo, cd_lo));
        rows[4 * i + 1] = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_lo, cd_lo));
        rows[4 * i + 2] = _mm256_castpd_ps(_mm256_unpacklo_pd(ab_hi, cd_hi));
        rows[4 * i + 3] = _mm256_castpd_ps(_mm256_unpackhi_pd(ab_hi, cd_hi));
    }
}

typedef struct simd_f64 {
    __m256d low, high;
} simd_f64;

SIMD_INLINE simd_f64 simd_f64_set1(double value)
{
    return (simd_f64){_mm256_set1_pd(value), _mm256_set1_pd(value)};
}

SIMD_INLINE simd_f64 simd_f64_load(const double *p)
{
    return (simd_f64){_mm256_loadu_pd(p), _mm256_loadu_pd(p + 4)};
}

SIMD_INLINE void simd_f64_store(double *p, simd_f64 v)
{
    _mm256_storeu_pd(p, v.low);
    _mm256_storeu_pd(p + 4, v.high);
}

SIMD_INLINE simd_f64 simd_widen(simd_f32 v)
{
    return (simd_f64){_mm256_cvtps_pd(_mm256_castps256_ps128(v)),
                      _mm256_cvtps_pd(_mm256_extractf128_ps(v, 1))};
}

SIMD_INLINE simd_f64 simd_load_widened(const float *p)
{
    return (simd_f64){_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4))};
}

SIMD_INLINE simd_f32 simd_narrow(simd_f64 v)
{
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm256_cvtpd_ps(v.low)),
                                _mm256_cvtpd_ps(v.high), 1);
}

SIMD_INLINE simd_f64 simd_f64_add(simd_f64 a, simd_f64 b)
{
    return (simd_f64){_mm256_add_pd(a.low, b.low), _mm256_add_pd(a.high, b.high)};
}

SIMD_INLINE simd_f64 simd_f64_sub(simd_f64 a, simd_f64 b)
{
    return (simd_f64){_mm256_sub_pd(a.low, b.low), _mm256_sub_pd(a.high, b.high)};
}

SIMD_INLINE simd_f64 simd_f64_fma(simd_f64 a, simd_f64 b, simd_f64 c)
{
    return (simd_f64){_mm256_fmadd_pd(a.low, b.low, c.low),
                      _mm256_fmadd_pd(a.high, b.high, c.high)};
}

SIMD_INLINE double simd_f64_sum(simd_f64 v)
{
    const __m256d q = _mm256_add_pd(v.low, v.high);
    const __m128d d = _mm_add_pd(_mm256_castpd256_pd128(q), _mm256_extractf128_pd(q, 1));

    return _mm_cvtsd_f64(_mm_add_sd(d, _mm_unpackhi_pd(d, d)));
}

/* Doubles of two channels, of SIMD_PAIRS things one after the other. */
#define SIMD_PAIRS 2
typedef __m256d simd_pairs;

SIMD_INLINE simd_pairs simd_pairs_load(const double *p)
{
    return _mm256_loadu_pd(p);
}

SIMD_INLINE void simd_pairs_store(double *p, simd_pairs v)
{
    _mm256_storeu_pd(p, v);
}

/* One of the pairs alone. */
SIMD_INLINE void simd_pairs_store_one(double *p, simd_pairs v, int index)
{
    _mm_storeu_pd(p, index ? _mm256_extractf128_pd(v, 1) : _mm256_castpd256_pd128(v));
}

/* A pair where simd_pairs_shift() takes it from. */
SIMD_INLINE simd_pairs simd_pairs_frame(const double *p)
{
    return _mm256_broadcast_pd((const __m128d *)p);
}

/* The pairs of `v` one further, the last of `before` at their beginning. */
SIMD_INLINE simd_pairs simd_pairs_shift(simd_pairs before, simd_pairs v)
{
    return _mm256_permute2f128_pd(before, v, 0x21);
}

SIMD_INLINE simd_pairs simd_pairs_mul(simd_pairs a, simd_pairs b)
{
    return _mm256_mul_pd(a, b);
}

SIMD_INLINE simd_pairs simd_pairs_fma(simd_pairs a, simd_pairs b, simd_pairs c)
{
    return _mm256_fmadd_pd(a, b, c);
}

/* c - a b. */
SIMD_INLINE simd_pairs simd_pairs_fnma(simd_pairs a, simd_pairs b, simd_pairs c)
{
    return _mm256_fnmadd_pd(a, b, c);
}

/* a where from <= x <= to, else b. */
SIMD_INLINE simd_pairs simd_pairs_inside(simd_pairs x, double from, double to, simd_pairs a,
                                         simd_pairs b)
{
    const __m256d above = _mm256_cmp_pd(_mm256_set1_pd(from), x, _CMP_LE_OQ);
    const __m256d below = _mm256_cmp_pd(x, _mm256_set1_pd(to), _CMP_LE_OQ);

    return _mm256_blendv_pd(b, a, _mm256_and_pd(above, below));
}

#endif
