/* fft_dft.h: short transforms across registers, one point a pair of vectors; forward, in natural
 * order.
 *
 * Written on the names of simd_<isa>.h, which the including file has chosen. */
#ifndef CLEAVE_KERNELS_FFT_DFT_H
#define CLEAVE_KERNELS_FFT_DFT_H

/* As many complex numbers as there are lanes, real parts apart from imaginary ones. */
typedef struct points {
    simd_f32 re, im;
} points;

SIMD_INLINE points points_load(const float *p)
{
    return (points){simd_load(p), simd_load(p + SIMD_LANES)};
}

SIMD_INLINE void points_store(float *p, points a)
{
    simd_store(p, a.re);
    simd_store(p + SIMD_LANES, a.im);
}

SIMD_INLINE points points_add(points a, points b)
{
    return (points){simd_add(a.re, b.re), simd_add(a.im, b.im)};
}

SIMD_INLINE points points_sub(points a, points b)
{
    return (points){simd_sub(a.re, b.re), simd_sub(a.im, b.im)};
}

/* a + i b and a - i b */
SIMD_INLINE points points_add_i(points a, points b)
{
    return (points){simd_sub(a.re, b.im), simd_add(a.im, b.re)};
}

SIMD_INLINE points points_sub_i(points a, points b)
{
    return (points){simd_add(a.re, b.im), simd_sub(a.im, b.re)};
}

SIMD_INLINE points points_mul(points a, points b)
{
    return (points){simd_fnma(a.im, b.im, simd_mul(a.re, b.re)),
                    simd_fma(a.im, b.re, simd_mul(a.re, b.im))};
}

/* a conj(b) */
SIMD_INLINE points points_mul_conj(points a, points b)
{
    return (points){simd_fma(a.im, b.im, simd_mul(a.re, b.re)),
                    simd_fnma(a.re, b.im, simd_mul(a.im, b.re))};
}

SIMD_INLINE points points_set1(float re, float im)
{
    return (points){simd_set1(re), simd_set1(im)};
}

/* a + s b and a - s b, s real */
SIMD_INLINE points points_add_scaled(points a, simd_f32 s, points b)
{
    return (points){simd_fma(s, b.re, a.re), simd_fma(s, b.im, a.im)};
}

SIMD_INLINE points points_sub_scaled(points a, simd_f32 s, points b)
{
    return (points){simd_fnma(s, b.re, a.re), simd_fnma(s, b.im, a.im)};
}

SIMD_INLINE void dft2(points x[2])
{
    points a = x[0];

    x[0] = points_add(a, x[1]);
    x[1] = points_sub(a, x[1]);
}

SIMD_INLINE void dft3(points x[3])
{
    const simd_f32 s = simd_set1(0.866025403784438647f); /* sin(2 pi / 3) */
    points sum = points_add(x[1], x[2]), diff = points_sub(x[1], x[2]);
    points middle = points_sub_scaled(x[0], simd_set1(0.5f), sum);

    x[0] = points_add(x[0], sum);
    x[1] = (points){simd_fma(s, diff.im, middle.re), simd_fnma(s, diff.re, middle.im)};
    x[2] = (points){simd_fnma(s, diff.im, middle.re), simd_fma(s, diff.re, middle.im)};
}

SIMD_INLINE void dft4(points *x0, points *x1, points *x2, points *x3)
{
    points even = points_add(*x0, *x2), even_diff = points_sub(*x0, *x2);
    points odd = points_add(*x1, *x3), odd_diff = points_sub(*x1, *x3);

    *x0 = points_add(even, odd);
    *x1 = points_sub_i(even_diff, odd_diff);
    *x2 = points_sub(even, odd);
    *x3 = points_add_i(even_diff, odd_diff);
}

SIMD_INLINE void dft5(points x[5])
{
    const simd_f32 c1 = simd_set1(0.309016994374947424f);  /* cos(2 pi / 5) */
    const simd_f32 c2 = simd_set1(-0.809016994374947424f); /* cos(4 pi / 5) */
    const simd_f32 s1 = simd_set1(0.951056516295153572f);  /* sin(2 pi / 5) */
    const simd_f32 s2 = simd_set1(0.587785252292473129f);  /* sin(4 pi / 5) */
    points sum14 = points_add(x[1], x[4]), diff14 = points_sub(x[1], x[4]);
    points sum23 = points_add(x[2], x[3]), diff23 = points_sub(x[2], x[3]);
    points middle1 = points_add_scaled(points_add_scaled(x[0], c1, sum14), c2, sum23);
    points middle2 = points_add_scaled(points_add_scaled(x[0], c2, sum14), c1, sum23);
    points turned1 = {simd_fma(s1, diff14.re, simd_mul(s2, diff23.re)),
                      simd_fma(s1, diff14.im, simd_mul(s2, diff23.im))};
    points turned2 = {simd_fms(s2, diff14.re, simd_mul(s1, diff23.re)),
                      simd_fms(s2, diff14.im, simd_mul(s1, diff23.im))};

    x[0] = points_add(x[0], points_add(sum14, sum23));
    x[1] = points_sub_i(middle1, turned1);
    x[2] = points_sub_i(middle2, turned2);
    x[3] = points_add_i(middle2, turned2);
    x[4] = points_add_i(middle1, turned1);
}

SIMD_INLINE void dft8(points x[8])
{
    const simd_f32 h = simd_set1(0.707106781186547524f);
    points e0 = x[0], e1 = x[2], e2 = x[4], e3 = x[6];
    points o0 = x[1], o1 = x[3], o2 = x[5], o3 = x[7];
    points t1, t3;

    dft4(&e0, &e1, &e2, &e3);
    dft4(&o0, &o1, &o2, &o3);
    /* o1 exp(-i pi/4) = h t1 and o3 exp(-3i pi/4) = -h t3 */
    t1 = points_sub_i(o1, o1);
    t3 = points_add_i(o3, o3);
    x[0] = points_add(e0, o0);
    x[4] = points_sub(e0, o0);
    x[1] = points_add_scaled(e1, h, t1);
    x[5] = points_sub_scaled(e1, h, t1);
    x[2] = points_sub_i(e2, o2);
    x[6] = points_add_i(e2, o2);
    x[3] = points_sub_scaled(e3, h, t3);
    x[7] = points_add_scaled(e3, h, t3);
}

/* x exp(-i pi/8) / sin(pi/8) and x exp(-3i pi/8) / sin(pi/8): one rounding a component. The sine
 * is the divisor because it, the cotangent and their product lie nearer to floats than the cosine,
 * the tangent and theirs. */
SIMD_INLINE points points_turn_1(points x)
{
    const simd_f32 cot = simd_set1(2.41421356237309505f); /* cot(pi/8) */

    return (points){simd_fma(cot, x.re, x.im), simd_fms(cot, x.im, x.re)};
}

SIMD_INLINE points points_turn_3(points x)
{
    const simd_f32 cot = simd_set1(2.41421356237309505f);

    return (points){simd_fma(cot, x.im, x.re), simd_fnma(cot, x.re, x.im)};
}

/* The second half of dft4: even, even_diff, and s times odd, odd_diff. */
SIMD_INLINE void dft4_finish(points *x, points even, points even_diff, simd_f32 s, points odd,
                             points odd_diff)
{
    x[0] = points_add_scaled(even, s, odd);
    x[1] =
        (points){simd_fma(s, odd_diff.im, even_diff.re), simd_fnma(s, odd_diff.re, even_diff.im)};
    x[2] = points_sub_scaled(even, s, odd);
    x[3] =
        (points){simd_fnma(s, odd_diff.im, even_diff.re), simd_fma(s, odd_diff.re, even_diff.im)};
}

/* Four by four. Every inner factor is a real number times a sum, and the real number goes into the
 * butterfly that follows: no factor costs a rounding of its own. */
SIMD_INLINE void dft16(points x[16])
{
    const simd_f32 s = simd_set1(0.382683432365089772f); /* sin(pi/8) */
    const simd_f32 h = simd_set1(0.707106781186547524f);
    points t, u;

    dft4(&x[0], &x[4], &x[8], &x[12]);
    dft4(&x[1], &x[5], &x[9], &x[13]);
    dft4(&x[2], &x[6], &x[10], &x[14]);
    dft4(&x[3], &x[7], &x[11], &x[15]);
    dft4(&x[0], &x[1], &x[2], &x[3]);
    x[5] = points_turn_1(x[5]);
    x[7] = points_turn_3(x[7]);
    t = points_sub_i(x[6], x[6]);
    dft4_finish(&x[4], points_add_scaled(x[4], h, t), points_sub_scaled(x[4], h, t), s,
                points_add(x[5], x[7]), points_sub(x[5], x[7]));
    t = points_sub_i(x[9], x[9]);
    u = points_add_i(x[11], x[11]);
    dft4_finish(&x[8], points_sub_i(x[8], x[10]), points_add_i(x[8], x[10]), h, points_sub(t, u),
                points_add(t, u));
    x[13] = points_turn_3(x[13]);
    x[15] = points_turn_1(x[15]);
    t = points_add_i(x[14], x[14]);
    dft4_finish(&x[12], points_sub_scaled(x[12], h, t), points_add_scaled(x[12], h, t), s,
                points_sub(x[13], x[15]), points_add(x[13], x[15]));
    /* Point k1 + 4 k2 lies at 4 k1 + k2: transpose the names. */
    t = x[1], x[1] = x[4], x[4] = t;
    t = x[2], x[2] = x[8], x[8] = t;
    t = x[3], x[3] = x[12], x[12] = t;
    t = x[6], x[6] = x[9], x[9] = t;
    t = x[7], x[7] = x[13], x[13] = t;
    t = x[11], x[11] = x[14], x[14] = t;
}

/* `radix` is a constant wherever this is inlined. */
SIMD_INLINE void dft(int radix, points *x)
{
    switch (radix) {
    case 2:
        dft2(x);
        break;
    case 3:
        dft3(x);
        break;
    case 4:
        dft4(&x[0], &x[1], &x[2], &x[3]);
        break;
    case 5:
        dft5(x);
        break;
    case 8:
        dft8(x);
        break;
    default:
        dft16(x);
    }
}

#endif
