/* simd_math.h: natural logarithm and exponential in vector lanes; include a simd header first.
 *
 * Both reduce by a power of two to an interval around the neutral element and evaluate there a
 * polynomial of least relative error (weighted least squares on a dense grid, weights raised where
 * the error is largest until it is level: Lawson's algorithm), whose own error is below 0.1 units
 * in the last place of float32; what is left is the rounding of its last steps. */
#ifndef CLEAVE_KERNELS_SIMD_MATH_H
#define CLEAVE_KERNELS_SIMD_MATH_H

/* ln x for positive x that is neither subnormal nor infinite; within 1 unit in the last
 * place.
 *
 * x = m 2^e with sqrt(1/2) <= m < sqrt(2), f = m - 1: ln x = e ln 2 + f - f^2/2 + f^3 P(f). ln 2 is
 * split in two, so that e times its first part is exact. */
SIMD_INLINE simd_f32 simd_log(simd_f32 x)
{
    const simd_f32 ln2_high = simd_set1(0x1.62ep-1f), ln2_low = simd_set1(0x1.0bfbe8p-15f);
    simd_f32 m, e;

    simd_split(x, &m, &e);
    const simd_mask large = simd_less(simd_set1(0x1.6a09e6p0f), m);
    m = simd_select(large, simd_mul(m, simd_set1(0.5f)), m);
    e = simd_select(large, simd_add(e, simd_set1(1)), e);

    const simd_f32 f = simd_sub(m, simd_set1(1)), square = simd_mul(f, f);
    simd_f32 p = simd_set1(-0.0763443f);
    p = simd_fma(p, f, simd_set1(0.1276155f));
    p = simd_fma(p, f, simd_set1(-0.13160194f));
    p = simd_fma(p, f, simd_set1(0.14201762f));
    p = simd_fma(p, f, simd_set1(-0.16623357f));
    p = simd_fma(p, f, simd_set1(0.20001227f));
    p = simd_fma(p, f, simd_set1(-0.25000823f));
    p = simd_fma(p, f, simd_set1(0.3333333f));
    p = simd_fma(simd_mul(p, f), square, simd_mul(e, ln2_low));
    p = simd_fma(square, simd_set1(-0.5f), p);
    return simd_fma(e, ln2_high, simd_add(p, f));
}

/* e^x within 1 unit in the last place for -87 <= x <= 88; arguments beyond count as these.
 *
 * x = n ln 2 + r with |r| <= ln(2)/2: e^x = 2^n (1 + r + r^2 Q(r)). */
SIMD_INLINE simd_f32 simd_exp(simd_f32 x)
{
    const simd_f32 ln2_high = simd_set1(0x1.62ep-1f), ln2_low = simd_set1(0x1.0bfbe8p-15f);

    x = simd_min(simd_max(x, simd_set1(-87)), simd_set1(88));
    const simd_f32 n = simd_round(simd_mul(x, simd_set1(0x1.715476p0f)));
    const simd_f32 r = simd_fnma(n, ln2_low, simd_fnma(n, ln2_high, x));
    simd_f32 q = simd_set1(0.0013814596f);
    q = simd_fma(q, r, simd_set1(0.0083687175f));
    q = simd_fma(q, r, simd_set1(0.04166839f));
    q = simd_fma(q, r, simd_set1(0.16666521f));
    q = simd_fma(q, r, simd_set1(0.49999994f));
    q = simd_fma(simd_mul(q, r), r, r);
    return simd_mul(simd_pow2(n), simd_add(q, simd_set1(1)));
}

#endif
