/* simd_neon.h: four float lanes of Advanced SIMD (AArch64); the names are explained in
 * simd_avx512.h. */
#ifndef CLEAVE_KERNELS_SIMD_H
#define CLEAVE_KERNELS_SIMD_H

#include <arm_neon.h>
#include <stdint.h>

#define SIMD_LANES  4
#define SIMD_INLINE static inline __attribute__((always_inline))

typedef float32x4_t simd_f32;
typedef uint32x4_t simd_mask;

SIMD_INLINE simd_f32 simd_load(const float *p)
{
    return vld1q_f32(p);
}

SIMD_INLINE void simd_store(float *p, simd_f32 v)
{
    vst1q_f32(p, v);
}

SIMD_INLINE simd_f32 simd_load_aligned(const float *p)
{
    return vld1q_f32(p);
}

SIMD_INLINE void simd_store_aligned(float *p, simd_f32 v)
{
    vst1q_f32(p, v);
}

SIMD_INLINE simd_f32 simd_load_half(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

SIMD_INLINE simd_f32 simd_load_first(const float *p, int64_t count)
{
    float lane[4] = {0, 0, 0, 0};

    for (int64_t i = 0; i < count; i++)
        lane[i] = p[i];
    return vld1q_f32(lane);
}

SIMD_INLINE void simd_store_first(float *p, simd_f32 v, int64_t count)
{
    float lane[4];

    vst1q_f32(lane, v);
    for (int64_t i = 0; i < count; i++)
        p[i] = lane[i];
}

SIMD_INLINE simd_f32 simd_set1(float value)
{
    return vdupq_n_f32(value);
}

SIMD_INLINE simd_f32 simd_zero(void)
{
    return vdupq_n_f32(0);
}

SIMD_INLINE simd_f32 simd_add(simd_f32 a, simd_f32 b)
{
    return vaddq_f32(a, b);
}

SIMD_INLINE simd_f32 simd_sub(simd_f32 a, simd_f32 b)
{
    return vsubq_f32(a, b);
}

SIMD_INLINE simd_f32 simd_mul(simd_f32 a, simd_f32 b)
{
    return vmulq_f32(a, b);
}

SIMD_INLINE simd_f32 simd_div(simd_f32 a, simd_f32 b)
{
    return vdivq_f32(a, b);
}

SIMD_INLINE simd_f32 simd_fma(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return vfmaq_f32(c, a, b);
}

SIMD_INLINE simd_f32 simd_fms(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return vfmaq_f32(vnegq_f32(c), a, b);
}

SIMD_INLINE simd_f32 simd_fnma(simd_f32 a, simd_f32 b, simd_f32 c)
{
    return vfmsq_f32(c, a, b);
}

/* The comparison, not vminq_f32, because the other instruction sets give `b` for a NaN in `a`. */
SIMD_INLINE simd_f32 simd_min(simd_f32 a, simd_f32 b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}

SIMD_INLINE simd_f32 simd_max(simd_f32 a, simd_f32 b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}

SIMD_INLINE simd_f32 simd_sqrt(simd_f32 a)
{
    return vsqrtq_f32(a);
}

SIMD_INLINE simd_f32 simd_abs(simd_f32 a)
{
    return vabsq_f32(a);
}

SIMD_INLINE simd_f32 simd_neg(simd_f32 a)
{
    return vnegq_f32(a);
}

SIMD_INLINE simd_f32 simd_copysign(simd_f32 a, simd_f32 b)
{
    return vbslq_f32(vdupq_n_u32(0x80000000), b, a);
}

SIMD_INLINE void simd_split(simd_f32 x, simd_f32 *m, simd_f32 *e)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(x);
    const uint32x4_t fraction = vandq_u32(bits, vdupq_n_u32(0x007fffff));
    const int32x4_t exponent = vreinterpretq_s32_u32(vshrq_n_u32(bits, 23));

    *m = vreinterpretq_f32_u32(vorrq_u32(fraction, vdupq_n_u32(0x3f800000)));
    *e = vcvtq_f32_s32(vsubq_s32(exponent, vdupq_n_s32(127)));
}

SIMD_INLINE simd_f32 simd_round(simd_f32 a)
{
    return vrndnq_f32(a);
}

SIMD_INLINE simd_f32 simd_pow2(simd_f32 n)
{
    const int32x4_t exponent = vaddq_s32(vcvtnq_s32_f32(n), vdupq_n_s32(127));

    return vreinterpretq_f32_s32(vshlq_n_s32(exponent, 23));
}

SIMD_INLINE simd_f32 simd_scale(simd_f32 x, simd_f32 n)
{
    return simd_mul(x, simd_pow2(n));
}

SIMD_INLINE simd_mask simd_less(simd_f32 a, simd_f32 b)
{
    return vcltq_f32(a, b);
}

SIMD_INLINE simd_f32 simd_select(simd_mask mask, simd_f32 a, simd_f32 b)
{
    return vbslq_f32(mask, a, b);
}

SIMD_INLINE float simd_sum(simd_f32 v)
{
    return vaddvq_f32(v);
}

SIMD_INLINE simd_f32 simd_reverse(simd_f32 v)
{
    v = vrev64q_f32(v);
    return vextq_f32(v, v, 2);
}

SIMD_INLINE void simd_interleave(simd_f32 a, simd_f32 b, simd_f32 *lo, simd_f32 *hi)
{
    *lo = vzip1q_f32(a, b);
    *hi = vzip2q_f32(a, b);
}

SIMD_INLINE void simd_interleave_reversed(simd_f32 a, simd_f32 b, simd_f32 *lo, simd_f32 *hi)
{
    simd_interleave(simd_reverse(a), simd_reverse(b), lo, hi);
}

SIMD_INLINE void simd_deinterleave(simd_f32 lo, simd_f32 hi, simd_f32 *a, simd_f32 *b)
{
    *a = vuzp1q_f32(lo, hi);
    *b = vuzp2q_f32(lo, hi);
}

SIMD_INLINE void simd_deinterleave_reversed(simd_f32 lo, simd_f32 hi, simd_f32 *a, simd_f32 *b)
{
    *a = simd_reverse(vuzp1q_f32(lo, hi));
    *b = simd_reverse(vuzp2q_f32(lo, hi));
}

SIMD_INLINE void simd_load_transposed(const float *p, int64_t stride, simd_f32 rows[SIMD_LANES])
{
    float64x2_t ab_lo, ab_hi, cd_lo, cd_hi;
    float32x4_t a = vld1q_f32(p), b = vld1q_f32(p + stride);
    float32x4_t c = vld1q_f32(p + 2 * stride), d = vld1q_f32(p + 3 * stride);

    ab_lo = vreinterpretq_f64_f32(vzip1q_f32(a, b));
    ab_hi = vreinterpretq_f64_f32(vzip2q_f32(a, b));
    cd_lo = vreinterpretq_f64_f32(vzip1q_f32(c, d));
    cd_hi = vreinterpretq_f64_f32(vzip2q_f32(c, d));
    rows[0] = vreinterpretq_f32_f64(vzip1q_f64(ab_lo, cd_lo));
    rows[1] = vreinterpretq_f32_f64(vzip2q_f64(ab_lo, cd_lo));
    rows[2] = vreinterpretq_f32_f64(vzip1q_f64(ab_hi, cd_hi));
    rows[3] = vreinterpretq_f32_f64(vzip2q_f64(ab_hi, cd_hi));
}

typedef struct simd_f64 {
    float64x2_t low, high;
} simd_f64;

SIMD_INLINE simd_f64 simd_f64_set1(double value)
{
    return (simd_f64){vdupq_n_f64(value), vdupq_n_f64(value)};
}

SIMD_INLINE simd_f64 simd_f64_load(const double *p)
{
    return (simd_f64){vld1q_f64(p), vld1q_f64(p + 2)};
}

SIMD_INLINE void simd_f64_store(double *p, simd_f64 v)
{
    vst1q_f64(p, v.low);
    vst1q_f64(p + 2, v.high);
}

SIMD_INLINE simd_f64 simd_widen(simd_f32 v)
{
    return (simd_f64){vcvt_f64_f32(vget_low_f32(v)), vcvt_high_f64_f32(v)};
}

SIMD_INLINE simd_f64 simd_load_widened(const float *p)
{
    return simd_widen(simd_load(p));
}

SIMD_INLINE simd_f32 simd_narrow(simd_f64 v)
{
    return vcvt_high_f32_f64(vcvt_f32_f64(v.low), v.high);
}

SIMD_INLINE simd_f64 simd_f64_add(simd_f64 a, simd_f64 b)
{
    return (simd_f64){vaddq_f64(a.low, b.low), vaddq_f64(a.high, b.high)};
}

SIMD_INLINE simd_f64 simd_f64_sub(simd_f64 a, simd_f64 b)
{
    return (simd_f64){vsubq_f64(a.low, b.low), vsubq_f64(a.high, b.high)};
}

SIMD_INLINE simd_f64 simd_f64_fma(simd_f64 a, simd_f64 b, simd_f64 c)
{
    return (simd_f64){vfmaq_f64(c.low, a.low, b.low), vfmaq_f64(c.high, a.high, b.high)};
}

SIMD_INLINE double simd_f64_sum(simd_f64 v)
{
    return vaddvq_f64(vaddq_f64(v.low, v.high));
}

/* Doubles of two channels, of SIMD_PAIRS things one after the other. */
#define SIMD_PAIRS 1
typedef float64x2_t simd_pairs;

SIMD_INLINE simd_pairs simd_pairs_load(const double *p)
{
    return vld1q_f64(p);
}

SIMD_INLINE void simd_pairs_store(double *p, simd_pairs v)
{
    vst1q_f64(p, v);
}

/* One of the pairs alone. */
SIMD_INLINE void simd_pairs_store_one(double *p, simd_pairs v, int index)
{
    (void)index;
    vst1q_f64(p, v);
}

/* A pair where simd_pairs_shift() takes it from. */
SIMD_INLINE simd_pairs simd_pairs_frame(const double *p)
{
    return vld1q_f64(p);
}

/* The pairs of `v` one further, the last of `before` at their beginning. */
SIMD_INLINE simd_pairs simd_pairs_shift(simd_pairs before, simd_pairs v)
{
    (void)v;
    return before;
}

SIMD_INLINE simd_pairs simd_pairs_mul(simd_pairs a, simd_pairs b)
{
    return vmulq_f64(a, b);
}

SIMD_INLINE simd_pairs simd_pairs_fma(simd_pairs a, simd_pairs b, simd_pairs c)
{
    return vfmaq_f64(c, a, b);
}

/* c - a b. */
SIMD_INLINE simd_pairs simd_pairs_fnma(simd_pairs a, simd_pairs b, simd_pairs c)
{
    return vfmsq_f64(c, a, b);
}

/* a where from <= x <= to, else b. */
SIMD_INLINE simd_pairs simd_pairs_inside(simd_pairs x, double from, double to, simd_pairs a,
                                         simd_pairs b)
{
    const uint64x2_t above = vcleq_f64(vdupq_n_f64(from), x);
    const uint64x2_t below = vcleq_f64(x, vdupq_n_f64(to));

    return vbslq_f64(vandq_u64(above, below), a, b);
}

#endif
