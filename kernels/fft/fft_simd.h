/* fft_simd.h: the vector transform, written on the names of simd_<isa>.h that the including file
 * has chosen.
 *
 * With V lanes and N = V M, lane j holds the samples x[V m + j], so that a load of V samples in a
 * row is one point of V transforms of the length M, which run side by side without a shuffle:
 *
 *     Y_j[k] = sum_m x[V m + j] exp(-2 pi i k m / M)
 *     X[k + M l] = sum_j (Y_j[k] exp(-2 pi i j k / N)) exp(-2 pi i j l / V),   l < V
 *
 * The last line is a transform of the length V across lanes: V neighbouring k are transposed, and
 * its outputs are V neighbouring bins each. (Cooley and Tukey's factorisation, laid out as in
 * Bailey's four-step method.)
 *
 * A real row needs Y for k <= M/2 only, since the bins above N/2 mirror those below. Its transforms
 * of the length M are complex ones of half that length, of the points x[V 2m + j] + i x[V (2m+1) +
 * j]: the row itself, read as pairs of vectors. The mirrored unpacking that follows works on whole
 * vectors. */
#ifndef CLEAVE_KERNELS_FFT_SIMD_H
#define CLEAVE_KERNELS_FFT_SIMD_H

#include "kernels/fft/fft_dft.h"
#include "kernels/fft/fft_internal.h"

#define PASSES_MAX 16
#define POINT      (2 * SIMD_LANES) /* floats of one point of all lanes: V real, V imaginary */

/* Four lanes leave transforms so long that they take a pass more than those of wider vectors. Their
 * twiddle factors therefore have a low part each, so that the pass more costs no accuracy. */
#define TWIDDLE_LOW    (SIMD_LANES == 4)
#define TWIDDLE_FLOATS (TWIDDLE_LOW ? 4 : 2)

typedef struct fft_plan {
    int32_t n;
    cleave_fft_kind kind;
    int32_t points; /* length of the transforms in the lanes: M, or M/2 for a real row */
    int32_t passes;
    int32_t radix[PASSES_MAX];
    /* Offsets of the tables from the start of the plan, in bytes. */
    size_t twiddle; /* of the passes, in the order of use: { re, im } and, where TWIDDLE_LOW, low
                       parts for p, then for k = 1..radix-1 */
    size_t base;    /* int32: where the block b of the last pass puts its first point */
    size_t lane;   /* points: exp(-2 pi i j k / N) for k < M or k <= M/2; for a real forward half of
                      it, then half of exp(-2 pi i (j + V) k / N), and so on */
    size_t mirror; /* { re, im } of exp(-2 pi i k / M), k <= M/4: packing, of a real inverse */
    size_t middle; /* [V][V]: the transform across lanes of the bins M/2 + M l */
    size_t bytes;
} fft_plan;

static int is_real(cleave_fft_kind kind)
{
    return kind == CLEAVE_FFT_REAL_FORWARD || kind == CLEAVE_FFT_REAL_INVERSE;
}

/* The transform across lanes works on V neighbouring k at a time, hence at least that many points.
 */
static int vectors_fit(int32_t n, cleave_fft_kind kind)
{
    int32_t unit = is_real(kind) ? 2 * SIMD_LANES : SIMD_LANES;

    return n % unit == 0 && n / unit >= SIMD_LANES;
}

/* ---- the plan ---- */
static int next_radix(int32_t left)
{
    if (left % 5 == 0)
        return 5;
    if (left % 3 == 0)
        return 3;
    /* Powers of two in the fewest passes, in factors of 16 and 8 where that is possible. */
    if (left == 2 || left == 4)
        return (int)left;
    if (left == 32)
        return 8;
    return left % 16 == 0 && left != 64 && left != 512 ? 16 : 8;
}

static fft_plan plan_layout(int32_t n, cleave_fft_kind kind)
{
    fft_plan plan = {.n = n, .kind = kind};
    size_t twiddles = 0, lanes, lane_points;

    plan.points = n / (is_real(kind) ? 2 * SIMD_LANES : SIMD_LANES);
    for (int32_t left = plan.points; left > 1; left /= plan.radix[plan.passes++]) {
        int32_t radix = next_radix(left);
        plan.radix[plan.passes] = radix;
        if (left > radix)
            twiddles += (size_t)(left / radix * (radix - 1));
    }
    lanes = (size_t)plan.points + 1;
    lane_points = kind == CLEAVE_FFT_REAL_FORWARD ? 2 * lanes : lanes;
    plan.twiddle = cleave_align_up(sizeof(fft_plan));
    plan.base = plan.twiddle + cleave_align_up(twiddles * TWIDDLE_FLOATS * sizeof(float));
    plan.lane = plan.base + cleave_align_up((size_t)plan.points * sizeof(int32_t));
    plan.mirror = plan.lane + cleave_align_up(lane_points * POINT * sizeof(float));
    plan.middle = plan.mirror + cleave_align_up((lanes + 1) * sizeof(float));
    plan.bytes = plan.middle + SIMD_LANES * SIMD_LANES * sizeof(float);
    return plan;
}

static void prepare_passes(const fft_plan *plan, float *twiddle, int32_t *base)
{
    int32_t left = plan->points, blocks = 1;
    double w[2];

    base[0] = 0;
    for (int i = 0; i < plan->passes; i++) {
        int32_t radix = plan->radix[i], span = left / radix;
        if (span == 1)
            break;
        for (int32_t p = 0; p < span; p++) {
            for (int32_t k = 1; k < radix; k++) {
                cleave_fft_twiddle((int64_t)p * k, left, w);
                *twiddle++ = (float)w[0];
                *twiddle++ = (float)w[1];
                if (TWIDDLE_LOW) {
                    *twiddle++ = (float)(w[0] - (double)(float)w[0]);
                    *twiddle++ = (float)(w[1] - (double)(float)w[1]);
                }
            }
        }
        /* The block k of the block b holds the frequencies that are base[b] + blocks k modulo what
         * follows. */
        for (int32_t b = blocks - 1; b >= 0; b--)
            for (int32_t k = radix - 1; k >= 0; k--)
                base[b * radix + k] = base[b] + blocks * k;
        blocks *= radix;
        left = span;
    }
}

static void prepare_lanes(const fft_plan *plan, float *lane, float *mirror, float *middle)
{
    int forward = plan->kind == CLEAVE_FFT_REAL_FORWARD;
    double half = forward ? 0.5 : 1, w[2];

    for (int64_t k = 0; k <= plan->points; k++) {
        for (int64_t shift = 0; shift <= (forward ? SIMD_LANES : 0); shift += SIMD_LANES) {
            for (int64_t j = 0; j < SIMD_LANES; j++) {
                cleave_fft_twiddle((j + shift) * k, plan->n, w);
                lane[j] = (float)(half * w[0]);
                lane[SIMD_LANES + j] = (float)(half * w[1]);
            }
            lane += POINT;
        }
    }
    for (int64_t k = 0; k <= plan->points / 2; k++) {
        cleave_fft_twiddle(k, 2 * (int64_t)plan->points, w);
        mirror[2 * k] = (float)w[0];
        mirror[2 * k + 1] = (float)w[1];
    }
    /* Row j, column l: real part of exp(-2 pi i j (2l+1) / 2V), then the imaginary part; the
     * inverse has rows and columns exchanged and counts every bin twice, for its mirror image. */
    for (int64_t j = 0; j < SIMD_LANES; j++) {
        for (int64_t l = 0; l < SIMD_LANES / 2; l++) {
            int64_t other = l + SIMD_LANES / 2;
            cleave_fft_twiddle(j * (2 * l + 1), 2 * SIMD_LANES, w);
            if (forward) {
                middle[j * SIMD_LANES + l] = (float)w[0];
                middle[j * SIMD_LANES + other] = (float)w[1];
            } else {
                middle[l * SIMD_LANES + j] = (float)(2 * w[0]);
                middle[other * SIMD_LANES + j] = (float)(2 * w[1]);
            }
        }
    }
}

static size_t rows_prepared_bytes(int32_t n, cleave_fft_kind kind)
{
    return plan_layout(n, kind).bytes;
}

static void rows_prepare(int32_t n, cleave_fft_kind kind, void *prepared)
{
    fft_plan *plan = prepared;
    char *tables = prepared;

    *plan = plan_layout(n, kind);
    prepare_passes(plan, (float *)(tables + plan->twiddle), (int32_t *)(tables + plan->base));
    prepare_lanes(plan, (float *)(tables + plan->lane), (float *)(tables + plan->mirror),
                  (float *)(tables + plan->middle));
}

static const float *table(const fft_plan *plan, size_t offset)
{
    return (const float *)((const char *)plan + offset);
}

/* ---- transforms in the lanes ---- */

SIMD_INLINE points points_twiddle(points a, const float *w)
{
    points b = points_set1(w[0], w[1]), low;

    if (!TWIDDLE_LOW)
        return points_mul(a, b);
    low = points_mul(a, points_set1(w[2], w[3]));
    return (points){simd_fma(a.re, b.re, simd_fnma(a.im, b.im, low.re)),
                    simd_fma(a.re, b.im, simd_fma(a.im, b.re, low.im))};
}

/* One pass of decimation in frequency over `blocks` blocks of radix * span points. */
SIMD_INLINE void pass(int radix, const float *src, float *dst, int64_t blocks, int64_t span,
                      const float *twiddle)
{
    for (int64_t b = 0; b < blocks; b++) {
        const float *w = twiddle;
        for (int64_t p = 0; p < span; p++, w += TWIDDLE_FLOATS * (radix - 1)) {
            int64_t at = (b * radix * span + p) * POINT;
            points x[16];
#pragma GCC unroll 16
            for (int k = 0; k < radix; k++)
                x[k] = points_load(src + at + k * span * POINT);
            dft(radix, x);
            points_store(dst + at, x[0]);
#pragma GCC unroll 16
            for (int k = 1; k < radix; k++) {
                points turned = points_twiddle(x[k], w + (k - 1) * TWIDDLE_FLOATS);
                points_store(dst + at + k * span * POINT, turned);
            }
        }
    }
}

/* The last pass: neighbouring points, no twiddle factors, each output put where its frequency
 * belongs. */
SIMD_INLINE void last_pass(int radix, const float *src, float *dst, int64_t blocks,
                           const int32_t *base)
{
    for (int64_t b = 0; b < blocks; b++) {
        points x[16];
#pragma GCC unroll 16
        for (int k = 0; k < radix; k++)
            x[k] = points_load(src + (b * radix + k) * POINT);
        dft(radix, x);
#pragma GCC unroll 16
        for (int k = 0; k < radix; k++)
            points_store(dst + (base[b] + k * blocks) * POINT, x[k]);
    }
}

/* dst = the transforms of src, both in natural order; work holds as many points. work may be src.
 */
static void transform_lanes(const fft_plan *plan, const float *src, float *work, float *dst)
{
    const float *twiddle = table(plan, plan->twiddle);
    const int32_t *base = (const int32_t *)((const char *)plan + plan->base);
    int64_t blocks = 1;

    for (int i = 0; i < plan->passes; i++) {
        int radix = plan->radix[i];
        int64_t span = plan->points / (blocks * radix);
        int last = i == plan->passes - 1;
        switch (radix + 32 * last) {
        case 3:
            pass(3, src, work, blocks, span, twiddle);
            break;
        case 5:
            pass(5, src, work, blocks, span, twiddle);
            break;
        case 8:
            pass(8, src, work, blocks, span, twiddle);
            break;
        case 16:
            pass(16, src, work, blocks, span, twiddle);
            break;
        case 32 + 2:
            last_pass(2, src, dst, blocks, base);
            break;
        case 32 + 3:
            last_pass(3, src, dst, blocks, base);
            break;
        case 32 + 4:
            last_pass(4, src, dst, blocks, base);
            break;
        case 32 + 5:
            last_pass(5, src, dst, blocks, base);
            break;
        case 32 + 8:
            last_pass(8, src, dst, blocks, base);
            break;
        default:
            assert(radix == 16 && last);
            last_pass(16, src, dst, blocks, base);
        }
        twiddle += TWIDDLE_FLOATS * span * (radix - 1);
        blocks *= radix;
        src = work;
    }
}

/* ---- across lanes ---- */

/* A block of V points, transposed: afterwards the register j holds lane j of all of them. */
SIMD_INLINE void load_block(const float *block, points x[SIMD_LANES])
{
    simd_f32 re[SIMD_LANES], im[SIMD_LANES];

    simd_load_transposed(block, POINT, re);
    simd_load_transposed(block + SIMD_LANES, POINT, im);
#pragma GCC unroll 16
    for (int j = 0; j < SIMD_LANES; j++)
        x[j] = (points){re[j], im[j]};
}

static void complex_across(const fft_plan *plan, const float *y, float *out)
{
    int inverse = plan->kind == CLEAVE_FFT_COMPLEX_INVERSE;
    int64_t m = plan->points;

    for (int64_t at = 0; at < m; at += SIMD_LANES) {
        int64_t k = cleave_i64_min(at, m - SIMD_LANES);
        points x[SIMD_LANES];

        load_block(y + k * POINT, x);
        dft(SIMD_LANES, x);
#pragma GCC unroll 16
        for (int l = 0; l < SIMD_LANES; l++) {
            float *bins = out + 2 * (k + m * l);
            simd_f32 lo, hi;
            if (inverse)
                simd_interleave(x[l].im, x[l].re, &lo, &hi);
            else
                simd_interleave(x[l].re, x[l].im, &lo, &hi);
            simd_store(bins, lo);
            simd_store(bins + SIMD_LANES, hi);
        }
    }
}

static void run_complex(const fft_plan *plan, const float *in, float *out, float *a, float *b)
{
    const float *lane = table(plan, plan->lane);
    int inverse = plan->kind == CLEAVE_FFT_COMPLEX_INVERSE;

    /* The inverse is the forward transform with real and imaginary parts exchanged at both ends. */
    for (int64_t m = 0; m < plan->points; m++) {
        points x;
        simd_deinterleave(simd_load(in + m * POINT), simd_load(in + m * POINT + SIMD_LANES), &x.re,
                          &x.im);
        points_store(a + m * POINT, inverse ? (points){x.im, x.re} : x);
    }
    transform_lanes(plan, a, a, b);
    for (int64_t k = 0; k < plan->points; k++)
        points_store(b + k * POINT,
                     points_mul(points_load(b + k * POINT), points_load(lane + k * POINT)));
    complex_across(plan, b, out);
}

/* even factor[0] + odd factor[1]: four products and one rounding a product. */
SIMD_INLINE points unpack_point(points even, points odd, const float *factor)
{
    points a = points_load(factor), b = points_load(factor + POINT);
    simd_f32 re = simd_fms(even.re, a.re, simd_mul(even.im, a.im));
    simd_f32 im = simd_fma(even.im, a.re, simd_mul(even.re, a.im));

    re = simd_fnma(odd.im, b.im, simd_fma(odd.re, b.re, re));
    im = simd_fma(odd.re, b.im, simd_fma(odd.im, b.re, im));
    return (points){re, im};
}

/* From the transforms of half the length, Z, to those of the real sequences in the lanes, turned by
 * the factors for the way across lanes: in place, y[k] for k < M/2. The last one, k = M/2, is real.
 * The factor of the odd samples and that of the lane are one factor, exp(-2 pi i (j + V) k / N). */
static simd_f32 unpack(const fft_plan *plan, float *y)
{
    const float *lane = table(plan, plan->lane);
    int64_t h = plan->points;
    points z = points_load(y);
    simd_f32 middle = simd_sub(z.re, z.im);

    points_store(y, (points){simd_add(z.re, z.im), simd_zero()});
    for (int64_t k = 1; k <= h / 2; k++) {
        float *low = y + k * POINT, *high = y + (h - k) * POINT;
        points z1 = points_load(low), z2 = points_load(high);
        /* even = z1 + conj z2 and odd = -i (z1 - conj z2), twice the transforms of the even and the
         * odd samples; the factors have the half. Those of h - k are the conjugates. */
        points even = {simd_add(z1.re, z2.re), simd_sub(z1.im, z2.im)};
        points odd = {simd_add(z1.im, z2.im), simd_sub(z2.re, z1.re)};
        points even_conj = {even.re, simd_sub(z2.im, z1.im)};
        points odd_conj = {odd.re, simd_sub(z1.re, z2.re)};
        points_store(high, unpack_point(even_conj, odd_conj, lane + (h - k) * 2 * POINT));
        points_store(low, unpack_point(even, odd, lane + k * 2 * POINT));
    }
    return middle;
}

static void real_across(const fft_plan *plan, const float *y, float *out)
{
    int64_t h = plan->points, m = 2 * h;

    for (int64_t at = 0; at < h; at += SIMD_LANES) {
        int64_t k = cleave_i64_min(at, h - SIMD_LANES);
        points x[SIMD_LANES];
        simd_f32 lo, hi;

        load_block(y + k * POINT, x);
        dft(SIMD_LANES, x);
#pragma GCC unroll 16
        for (int l = SIMD_LANES - 1; l >= SIMD_LANES / 2; l--) {
            float *bins = out + 2 * (plan->n - m * l - k - (SIMD_LANES - 1));
            simd_interleave_reversed(x[l].re, simd_neg(x[l].im), &lo, &hi);
            simd_store(bins, lo);
            simd_store(bins + SIMD_LANES, hi);
        }
#pragma GCC unroll 16
        for (int l = 0; l < SIMD_LANES / 2; l++) {
            float *bins = out + 2 * (k + m * l);
            simd_interleave(x[l].re, x[l].im, &lo, &hi);
            simd_store(bins, lo);
            simd_store(bins + SIMD_LANES, hi);
        }
    }
}

/* The bins M/2 + M l, l < V/2, from the real values of the lanes. */
static void real_middle(const fft_plan *plan, simd_f32 y, float *out)
{
    const float *factor = table(plan, plan->middle);
    float value[SIMD_LANES];
    simd_f32 sum = simd_zero();

    simd_store(value, y);
    for (int j = 0; j < SIMD_LANES; j++)
        sum = simd_fma(simd_set1(value[j]), simd_load(factor + j * SIMD_LANES), sum);
    simd_store(value, sum);
    for (int64_t l = 0; l < SIMD_LANES / 2; l++) {
        float *bin = out + 2 * plan->points * (1 + 2 * l);
        bin[0] = value[l];
        bin[1] = value[l + SIMD_LANES / 2];
    }
}

static void run_real_forward(const fft_plan *plan, const float *in, float *out, float *a, float *b)
{
    simd_f32 middle;

    /* An aligned output row serves as the first buffer: at N 4096 that is what fits the L1 cache.
     */
    transform_lanes(plan, in, (uintptr_t)out % CLEAVE_ALIGN_BYTES == 0 ? out : a, b);
    middle = unpack(plan, b);
    real_across(plan, b, out);
    real_middle(plan, middle, out);
}

/* ---- the way back ---- */

/* y[k] in the lanes j for k < M/2, from the bins k + M l, l < V: the inverse of real_across. */
static void real_gather(const fft_plan *plan, const float *in, float *y)
{
    const float *lane = table(plan, plan->lane);
    int64_t h = plan->points, m = 2 * h;

    for (int64_t at = 0; at < h; at += SIMD_LANES) {
        int64_t k = cleave_i64_min(at, h - SIMD_LANES);
        points x[SIMD_LANES];
        float block[SIMD_LANES * POINT];

        /* Real and imaginary parts exchanged make the forward transform the inverse. */
#pragma GCC unroll 16
        for (int l = 0; l < SIMD_LANES / 2; l++) {
            const float *bins = in + 2 * (k + m * l);
            simd_deinterleave(simd_load(bins), simd_load(bins + SIMD_LANES), &x[l].im, &x[l].re);
        }
#pragma GCC unroll 16
        for (int l = SIMD_LANES / 2; l < SIMD_LANES; l++) {
            const float *bins = in + 2 * (plan->n - m * l - k - (SIMD_LANES - 1));
            simd_deinterleave_reversed(simd_load(bins), simd_load(bins + SIMD_LANES), &x[l].im,
                                       &x[l].re);
            x[l].re = simd_neg(x[l].re);
        }
        dft(SIMD_LANES, x);
#pragma GCC unroll 16
        for (int j = 0; j < SIMD_LANES; j++)
            points_store(block + j * POINT, (points){x[j].im, x[j].re});
        load_block(block, x);
#pragma GCC unroll 16
        for (int j = 0; j < SIMD_LANES; j++)
            points_store(y + (k + j) * POINT,
                         points_mul_conj(x[j], points_load(lane + (k + j) * POINT)));
    }
}

/* Lane j of y[M/2]. */
static simd_f32 gather_middle(const fft_plan *plan, const float *in)
{
    const float *factor = table(plan, plan->middle);
    simd_f32 sum = simd_zero();

    for (int64_t l = 0; l < SIMD_LANES / 2; l++) {
        const float *bin = in + 2 * plan->points * (1 + 2 * l);
        sum = simd_fma(simd_set1(bin[0]), simd_load(factor + l * SIMD_LANES), sum);
        sum =
            simd_fma(simd_set1(bin[1]), simd_load(factor + (l + SIMD_LANES / 2) * SIMD_LANES), sum);
    }
    return sum;
}

/* The inverse of unpack, in place. Z[k] goes to M/2 - k, which makes the forward transform the
 * inverse. */
static void pack(const fft_plan *plan, float *y, simd_f32 middle)
{
    const float *mirror = table(plan, plan->mirror);
    int64_t h = plan->points;
    simd_f32 first = simd_load(y);

    points_store(y, (points){simd_add(first, middle), simd_sub(first, middle)});
    for (int64_t k = 1; k <= h / 2; k++) {
        float *low = y + k * POINT, *high = y + (h - k) * POINT;
        points y1 = points_load(low), y2 = points_load(high);
        points even = {simd_add(y1.re, y2.re), simd_sub(y1.im, y2.im)};
        points diff = {simd_sub(y1.re, y2.re), simd_add(y1.im, y2.im)};
        points odd = points_mul_conj(diff, points_set1(mirror[2 * k], mirror[2 * k + 1]));
        points_store(low, (points){simd_add(even.re, odd.im), simd_sub(odd.re, even.im)});
        points_store(high, points_add_i(even, odd));
    }
}

static void run_real_inverse(const fft_plan *plan, const float *in, float *out, float *a)
{
    simd_f32 middle = gather_middle(plan, in);

    real_gather(plan, in, a);
    pack(plan, a, middle);
    transform_lanes(plan, a, a, out);
}

/* ---- rows ---- */
static size_t rows_scratch_bytes(int32_t n, cleave_fft_kind kind)
{
    (void)kind;
    return 4 * (size_t)n * sizeof(float);
}

static void rows_run(const void *prepared, const float *in, float *out, void *scratch)
{
    const fft_plan *plan = prepared;
    float *a = scratch, *b = a + (int64_t)plan->points * POINT;

    switch (plan->kind) {
    case CLEAVE_FFT_REAL_FORWARD:
        run_real_forward(plan, in, out, a, b);
        break;
    case CLEAVE_FFT_REAL_INVERSE:
        run_real_inverse(plan, in, out, a);
        break;
    default:
        run_complex(plan, in, out, a, b);
    }
}

static const cleave_fft_rows vector_rows = {
    .prepared_bytes = rows_prepared_bytes,
    .prepare = rows_prepare,
    .scratch_bytes = rows_scratch_bytes,
    .run = rows_run,
};

#endif
