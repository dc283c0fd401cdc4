/* simd_math.h: transcendental functions in vector lanes; include a simd header first.
 *
 * Logarithm and exponential reduce by a power of two to an interval around the neutral element and
 * evaluate there a polynomial of least relative error (weighted least squares on a dense grid,
 * weights raised where the error is largest until it is level: Lawson's algorithm), whose own error
 * is below 0.1 units in the last place of float32; what is left is the rounding of its last steps.
 * The activations of networks are built on the exponential; NaN stays NaN in them. */
#ifndef CLEAVE_KERNELS_SIMD_MATH_H
#define CLEAVE_KERNELS_SIMD_MATH_H

/* x = (1 + f) 2^e with sqrt(1/2) <= 1 + f < sqrt(2), for x as of simd_log; returns f. */
SIMD_INLINE simd_f32 simd_log_split(simd_f32 x, simd_f32 *e)
{
    simd_f32 m;

    simd_split(x, &m, e);
    const simd_mask large = simd_less(simd_set1(0x1.6a09e6p0f), m);
    m = simd_select(large, simd_mul(m, simd_set1(0.5f)), m);
    *e = simd_select(large, simd_add(*e, simd_set1(1)), *e);
    return simd_sub(m, simd_set1(1));
}

/* (ln(1 + f) - f + f^2/2) / f^2 for f of simd_log_split: f P(f). */
SIMD_INLINE simd_f32 simd_log_reduced(simd_f32 f)
{
    simd_f32 p = simd_set1(-0.0763443f);
    p = simd_fma(p, f, simd_set1(0.1276155f));
    p = simd_fma(p, f, simd_set1(-0.13160194f));
    p = simd_fma(p, f, simd_set1(0.14201762f));
    p = simd_fma(p, f, simd_set1(-0.16623357f));
    p = simd_fma(p, f, simd_set1(0.20001227f));
    p = simd_fma(p, f, simd_set1(-0.25000823f));
    p = simd_fma(p, f, simd_set1(0.3333333f));
    return simd_mul(p, f);
}

/* ln x for positive x that is neither subnormal nor infinite; within 1 unit in the last
 * place.
 *
 * With e and f of the split: ln x = e ln 2 + f - f^2/2 + f^3 P(f). ln 2 is split in two, so that e
 * times its first part is exact. */
SIMD_INLINE simd_f32 simd_log(simd_f32 x)
{
    const simd_f32 ln2_high = simd_set1(0x1.62ep-1f), ln2_low = simd_set1(0x1.0bfbe8p-15f);
    simd_f32 e;

    const simd_f32 f = simd_log_split(x, &e), square = simd_mul(f, f);
    simd_f32 p = simd_fma(simd_log_reduced(f), square, simd_mul(e, ln2_low));
    p = simd_fma(square, simd_set1(-0.5f), p);
    return simd_fma(e, ln2_high, simd_add(p, f));
}

/* e^r - 1 for |r| <= ln(2)/2, as r + r^2 Q(r). */
SIMD_INLINE simd_f32 simd_exp_reduced(simd_f32 r)
{
    simd_f32 q = simd_set1(0.0013814596f);
    q = simd_fma(q, r, simd_set1(0.0083687175f));
    q = simd_fma(q, r, simd_set1(0.04166839f));
    q = simd_fma(q, r, simd_set1(0.16666521f));
    q = simd_fma(q, r, simd_set1(0.49999994f));
    return simd_fma(simd_mul(q, r), r, r);
}

/* x = n ln 2 + r with whole n and |r| <= ln(2)/2; returns r. */
SIMD_INLINE simd_f32 simd_exp_split(simd_f32 x, simd_f32 *n)
{
    const simd_f32 ln2_high = simd_set1(0x1.62ep-1f), ln2_low = simd_set1(0x1.0bfbe8p-15f);

    *n = simd_round(simd_mul(x, simd_set1(0x1.715476p0f)));
    return simd_fnma(*n, ln2_low, simd_fnma(*n, ln2_high, x));
}

/* e^x within 1 unit in the last place for -87 <= x <= 88; arguments beyond count as these.
 *
 * x = n ln 2 + r: e^x = 2^n (1 + (e^r - 1)). */
SIMD_INLINE simd_f32 simd_exp(simd_f32 x)
{
    simd_f32 n;

    x = simd_min(simd_max(x, simd_set1(-87)), simd_set1(88));
    const simd_f32 r = simd_exp_split(x, &n);
    return simd_mul(simd_pow2(n), simd_add(simd_exp_reduced(r), simd_set1(1)));
}

/* e^x - 1 within 1.5 units in the last place for -87 <= x <= 88; arguments beyond count as these.
 *
 * 2^n (e^r - 1) + (2^n - 1), which keeps its digits near 0 because n = 0 there. */
SIMD_INLINE simd_f32 simd_expm1(simd_f32 x)
{
    simd_f32 n;

    x = simd_min(simd_set1(88), simd_max(simd_set1(-87), x));
    const simd_f32 r = simd_exp_split(x, &n), scale = simd_pow2(n);
    return simd_fma(scale, simd_exp_reduced(r), simd_sub(scale, simd_set1(1)));
}

/* 2^r for |r| <= 1/2, as 1 + r Q(r). */
SIMD_INLINE simd_f32 simd_exp2_reduced(simd_f32 r)
{
    simd_f32 q = simd_set1(0.00015353362f);
    q = simd_fma(q, r, simd_set1(0.0013398875f));
    q = simd_fma(q, r, simd_set1(0.009618437f));
    q = simd_fma(q, r, simd_set1(0.055503324f));
    q = simd_fma(q, r, simd_set1(0.24022648f));
    q = simd_fma(q, r, simd_set1(0.6931472f));
    return simd_fma(q, r, simd_set1(1));
}

/* 2^x within 1 unit in the last place for -126 <= x <= 127; beyond that the caller sees to it.
 *
 * x = n + r with whole n and |r| <= 1/2, exactly: 2^x = 2^n 2^r. */
SIMD_INLINE simd_f32 simd_exp2(simd_f32 x)
{
    const simd_f32 n = simd_round(x);

    return simd_scale(simd_exp2_reduced(simd_sub(x, n)), n);
}

/* x^p for 0 <= x, 0 < p <= 4 and x^p < 2^127, within 2.75 units in the last place; 0 where x or the
 * result would be subnormal.
 *
 * With e and f of the logarithm, p log2 x = p e + p log2(1 + f) = n + r, n whole. The product p e
 * is taken as its rounded value and the exact rest, so that the error of r is that of p log2(1 + f)
 * alone, however large e is. */
SIMD_INLINE simd_f32 simd_pow(simd_f32 x, simd_f32 p)
{
    const simd_f32 log2e = simd_set1(0x1.715476p0f), lowest = simd_set1(-126);
    simd_f32 e;

    const simd_f32 f = simd_log_split(x, &e), square = simd_mul(f, f);
    const simd_f32 bend = simd_fms(simd_log_reduced(f), square, simd_mul(square, simd_set1(0.5f)));
    const simd_f32 fraction = simd_mul(simd_add(f, bend), log2e);
    const simd_f32 whole = simd_mul(p, e), rest = simd_fms(p, e, whole);
    const simd_f32 n = simd_round(simd_fma(p, fraction, whole));
    const simd_f32 r = simd_add(simd_sub(whole, n), simd_fma(p, fraction, rest));
    const simd_f32 power = simd_scale(simd_exp2_reduced(r), simd_max(n, lowest));
    const simd_f32 normal = simd_select(simd_less(n, lowest), simd_zero(), power);
    return simd_select(simd_less(x, simd_set1(0x1p-126f)), simd_zero(), normal);
}

/* 1 / (1 + e^-x) within 2.25 units in the last place; x < -87 counts as -87. */
SIMD_INLINE simd_f32 simd_sigmoid(simd_f32 x)
{
    const simd_f32 one = simd_set1(1);
    simd_f32 n;

    /* The bounds stand first, because simd_min and simd_max give their second argument when it is
     * NaN. */
    x = simd_min(simd_set1(87), simd_max(simd_set1(-87), x));
    const simd_f32 r = simd_exp_split(simd_neg(x), &n), scale = simd_pow2(n);
    return simd_div(one, simd_fma(scale, simd_exp_reduced(r), simd_add(scale, one)));
}

/* The hyperbolic tangent within 2.5 units in the last place.
 *
 * tanh |x| = -m / (m + 2) with m = e^(-2|x|) - 1 = 2^n (e^r - 1) + (2^n - 1), which keeps its
 * digits near 0 because n = 0 there. */
SIMD_INLINE simd_f32 simd_tanh(simd_f32 x)
{
    simd_f32 n;

    const simd_f32 z = simd_min(simd_set1(10), simd_abs(x));
    const simd_f32 r = simd_exp_split(simd_mul(z, simd_set1(-2)), &n), scale = simd_pow2(n);
    const simd_f32 m = simd_fma(scale, simd_exp_reduced(r), simd_sub(scale, simd_set1(1)));
    return simd_copysign(simd_div(m, simd_add(m, simd_set1(2))), x);
}

/* x Phi(x) = x (1 + erf(x / sqrt 2)) / 2, the exact form of the Gaussian error linear unit
 * (Hendrycks and Gimpel, "Gaussian error linear units", 2016), within 3 units in the last place for
 * x >= 0, 3.5 for -1 <= x < 0 and 5.5 for -12.8 <= x < -1; below that it stays at -1.0e-36.
 *
 * It is max(x, 0) - |x| Phi(-|x|), so that nothing cancels in the negative tail, where Phi(-z) =
 * e^(-z^2/2) W(z): W falls from 1/2 like 1/z and is a quotient of polynomials with positive
 * coefficients, its own relative error below 0.1 units in the last place (Lawson's algorithm as
 * above). Both are scaled by 3/2: just above a power of two a rounding is largest, and near z = 0
 * they would lie there. What z^2 loses by rounding goes into the reduced argument. */
SIMD_INLINE simd_f32 simd_gelu(simd_f32 x)
{
    const simd_f32 z = simd_min(simd_set1(12.8f), simd_abs(x)), square = simd_mul(z, z);
    simd_f32 n;

    simd_f32 r = simd_exp_split(simd_mul(square, simd_set1(-0.5f)), &n);
    r = simd_fma(simd_fms(z, z, square), simd_set1(-0.5f), r);

    simd_f32 p = simd_set1(0.0059218816f);
    p = simd_fma(p, z, simd_set1(0.05925976f));
    p = simd_fma(p, z, simd_set1(0.26985356f));
    p = simd_fma(p, z, simd_set1(0.6507136f));
    p = simd_fma(p, z, simd_set1(0.75f));
    simd_f32 q = simd_set1(0.014843719f);
    q = simd_fma(q, z, simd_set1(0.14855419f));
    q = simd_fma(q, z, simd_set1(0.6910028f));
    q = simd_fma(q, z, simd_set1(1.783021f));
    q = simd_fma(q, z, simd_set1(2.4982543f));
    q = simd_fma(q, z, simd_set1(1.5f));
    p = simd_mul(p, simd_pow2(n));
    p = simd_fma(p, simd_exp_reduced(r), p);
    return simd_fnma(z, simd_div(p, q), simd_max(simd_zero(), x));
}

#endif
