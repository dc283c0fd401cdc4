/* fft_ref.c: the transform in double precision, scalar.
 *
 * Mixed radix 2, 3, 4, 5 in Stockham's self-sorting order: every pass reads one buffer and writes
 * the other, and the result comes out in natural order. A real transform of even length is a
 * complex one of half the length. (Swarztrauber, "FFT algorithms for vector computers", Parallel
 * Computing 1, 1984.) */
#include "kernels/fft/fft_internal.h"

#include <math.h>

typedef struct c64 {
    double re, im;
} c64;

typedef struct fft_plan {
    int32_t n;
    cleave_fft_kind kind;
    _Alignas(CLEAVE_ALIGN_BYTES) c64 twiddle[]; /* [n] exp(-2 pi i k / n) */
} fft_plan;

static c64 add(c64 a, c64 b)
{
    return (c64){a.re + b.re, a.im + b.im};
}

static c64 sub(c64 a, c64 b)
{
    return (c64){a.re - b.re, a.im - b.im};
}

static c64 mul(c64 a, c64 b)
{
    return (c64){a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re};
}

static c64 scale(c64 a, double s)
{
    return (c64){a.re * s, a.im * s};
}

static c64 conjugate(c64 a)
{
    return (c64){a.re, -a.im};
}

static c64 mul_i(c64 a)
{
    return (c64){-a.im, a.re};
}

static void dft2(c64 x[2])
{
    c64 a = x[0];

    x[0] = add(a, x[1]);
    x[1] = sub(a, x[1]);
}

static void dft3(c64 x[3])
{
    c64 sum = add(x[1], x[2]);
    c64 turned = mul_i(scale(sub(x[1], x[2]), sqrt(0.75)));
    c64 middle = sub(x[0], scale(sum, 0.5));

    x[0] = add(x[0], sum);
    x[1] = sub(middle, turned);
    x[2] = add(middle, turned);
}

static void dft4(c64 x[4])
{
    c64 even[2] = {x[0], x[2]};
    c64 odd[2] = {x[1], x[3]};

    dft2(even);
    dft2(odd);
    x[0] = add(even[0], odd[0]);
    x[1] = sub(even[1], mul_i(odd[1]));
    x[2] = sub(even[0], odd[0]);
    x[3] = add(even[1], mul_i(odd[1]));
}

static void dft5(c64 x[5])
{
    const double c1 = (sqrt(5) - 1) / 4, c2 = (-sqrt(5) - 1) / 4; /* cos(2 pi / 5), cos(4 pi / 5) */
    const double s1 = sqrt((5 + sqrt(5)) / 8), s2 = sqrt((5 - sqrt(5)) / 8);
    c64 sum14 = add(x[1], x[4]), diff14 = sub(x[1], x[4]);
    c64 sum23 = add(x[2], x[3]), diff23 = sub(x[2], x[3]);
    c64 middle1 = add(x[0], add(scale(sum14, c1), scale(sum23, c2)));
    c64 middle2 = add(x[0], add(scale(sum14, c2), scale(sum23, c1)));
    c64 turned1 = mul_i(add(scale(diff14, s1), scale(diff23, s2)));
    c64 turned2 = mul_i(sub(scale(diff14, s2), scale(diff23, s1)));

    x[0] = add(x[0], add(sum14, sum23));
    x[1] = sub(middle1, turned1);
    x[2] = sub(middle2, turned2);
    x[3] = add(middle2, turned2);
    x[4] = add(middle1, turned1);
}

static void dft(int radix, c64 *x)
{
    switch (radix) {
    case 2:
        dft2(x);
        break;
    case 3:
        dft3(x);
        break;
    case 4:
        dft4(x);
        break;
    default:
        dft5(x);
    }
}

static int radix_of(int32_t n)
{
    return n % 4 == 0 ? 4 : n % 2 == 0 ? 2 : n % 3 == 0 ? 3 : 5;
}

/* Forward transform of the n values in a; b is the other buffer. The table holds the roots of unity
 * of order n * step. Returns the buffer that holds the result. */
static c64 *transform(int32_t n, const c64 *twiddle, int64_t step, c64 *a, c64 *b)
{
    int64_t stride = 1;

    for (int64_t left = n, span; left > 1; left = span) {
        int radix = radix_of((int32_t)left);
        c64 *swap = a, x[5];

        span = left / radix;
        for (int64_t p = 0; p < span; p++) {
            for (int64_t q = 0; q < stride; q++) {
                for (int k = 0; k < radix; k++)
                    x[k] = a[q + stride * (p + k * span)];
                dft(radix, x);
                for (int k = 0; k < radix; k++)
                    b[q + stride * (radix * p + k)] = mul(x[k], twiddle[p * k * stride * step]);
            }
        }
        stride *= radix;
        a = b;
        b = swap;
    }
    return a;
}

static void complex_forward(const fft_plan *plan, const c64 *in, c64 *out, c64 *a, c64 *b)
{
    for (int64_t i = 0; i < plan->n; i++)
        a[i] = in[i];
    a = transform(plan->n, plan->twiddle, 1, a, b);
    for (int64_t i = 0; i < plan->n; i++)
        out[i] = a[i];
}

/* The inverse is the conjugate of the forward transform of the conjugate. */
static void complex_inverse(const fft_plan *plan, const c64 *in, c64 *out, c64 *a, c64 *b)
{
    for (int64_t i = 0; i < plan->n; i++)
        a[i] = conjugate(in[i]);
    a = transform(plan->n, plan->twiddle, 1, a, b);
    for (int64_t i = 0; i < plan->n; i++)
        out[i] = conjugate(a[i]);
}

static void real_forward(const fft_plan *plan, const double *in, c64 *out, c64 *a, c64 *b)
{
    int32_t n = plan->n, half = n / 2;

    if (n % 2) {
        for (int64_t i = 0; i < n; i++)
            a[i] = (c64){in[i], 0};
        a = transform(n, plan->twiddle, 1, a, b);
        for (int64_t k = 0; k <= half; k++)
            out[k] = a[k];
        return;
    }
    for (int64_t i = 0; i < half; i++)
        a[i] = (c64){in[2 * i], in[2 * i + 1]};
    a = transform(half, plan->twiddle, 2, a, b);
    for (int64_t k = 0; k <= half; k++) {
        c64 z = a[k % half], mirrored = conjugate(a[(half - k) % half]);
        c64 even = scale(add(z, mirrored), 0.5);
        c64 odd = scale(mul_i(sub(mirrored, z)), 0.5);
        out[k] = add(even, mul(odd, plan->twiddle[k]));
    }
    out[0].im = 0;
    out[half].im = 0;
}

static void real_inverse(const fft_plan *plan, const c64 *in, double *out, c64 *a, c64 *b)
{
    int32_t n = plan->n, half = n / 2;

    if (n % 2) {
        a[0] = (c64){in[0].re, 0};
        for (int64_t k = 1; k <= half; k++) {
            a[k] = conjugate(in[k]);
            a[n - k] = in[k];
        }
        a = transform(n, plan->twiddle, 1, a, b);
        for (int64_t i = 0; i < n; i++)
            out[i] = a[i].re;
        return;
    }
    for (int64_t k = 0; k < half; k++) {
        c64 z = in[k], mirrored = conjugate(in[half - k]);
        if (k == 0)
            z.im = mirrored.im = 0;
        c64 even = add(z, mirrored);
        c64 odd = mul(sub(z, mirrored), conjugate(plan->twiddle[k]));
        a[k] = conjugate(add(even, mul_i(odd)));
    }
    a = transform(half, plan->twiddle, 2, a, b);
    for (int64_t i = 0; i < half; i++) {
        out[2 * i] = a[i].re;
        out[2 * i + 1] = -a[i].im;
    }
}

void cleave_fft_ref_f64(const void *prepared, const double *in, double *out, void *scratch)
{
    const fft_plan *plan = prepared;
    c64 *a = scratch, *b = a + plan->n;

    switch (plan->kind) {
    case CLEAVE_FFT_COMPLEX_FORWARD:
        complex_forward(plan, (const c64 *)in, (c64 *)out, a, b);
        break;
    case CLEAVE_FFT_COMPLEX_INVERSE:
        complex_inverse(plan, (const c64 *)in, (c64 *)out, a, b);
        break;
    case CLEAVE_FFT_REAL_FORWARD:
        real_forward(plan, in, (c64 *)out, a, b);
        break;
    case CLEAVE_FFT_REAL_INVERSE:
        real_inverse(plan, (const c64 *)in, out, a, b);
        break;
    }
}

static size_t rows_prepared_bytes(int32_t n, cleave_fft_kind kind)
{
    (void)kind;
    return sizeof(fft_plan) + (size_t)n * sizeof(c64);
}

static void rows_prepare(int32_t n, cleave_fft_kind kind, void *prepared)
{
    fft_plan *plan = prepared;

    plan->n = n;
    plan->kind = kind;
    for (int64_t k = 0; k < n; k++) {
        double w[2];
        cleave_fft_twiddle(k, n, w);
        plan->twiddle[k] = (c64){w[0], w[1]};
    }
}

/* Two buffers of the transform, then the row in double on both sides (at most n + 1 complex each).
 */
static size_t rows_scratch_bytes(int32_t n, cleave_fft_kind kind)
{
    (void)kind;
    return (4 * (size_t)n + 2) * sizeof(c64);
}

static void rows_run(const void *prepared, const float *in, float *out, void *scratch)
{
    const fft_plan *plan = prepared;
    double *in64 = (double *)((c64 *)scratch + 2 * plan->n);
    double *out64 = in64 + 2 * (plan->n + 1);
    int64_t in_floats = cleave_fft_floats_in(plan->n, plan->kind);
    int64_t out_floats = cleave_fft_floats_out(plan->n, plan->kind);

    for (int64_t i = 0; i < in_floats; i++)
        in64[i] = in[i];
    cleave_fft_ref_f64(prepared, in64, out64, scratch);
    for (int64_t i = 0; i < out_floats; i++)
        out[i] = (float)out64[i];
}

static const cleave_fft_rows rows = {
    .prepared_bytes = rows_prepared_bytes,
    .prepare = rows_prepare,
    .scratch_bytes = rows_scratch_bytes,
    .run = rows_run,
};

const cleave_fft_rows *cleave_fft_rows_ref(int32_t n, cleave_fft_kind kind)
{
    (void)n;
    (void)kind;
    return &rows;
}

static void run(const void *args, const cleave_work *work)
{
    cleave_fft_run_rows(&rows, args, work);
}

static size_t scratch_bytes(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return rows_scratch_bytes(args->n, args->kind);
}

static size_t prepared_bytes(const void *pointer)
{
    const cleave_fft_args *args = pointer;

    return rows_prepared_bytes(args->n, args->kind);
}

static void prepare(const void *pointer, void *prepared)
{
    const cleave_fft_args *args = pointer;

    rows_prepare(args->n, args->kind, prepared);
}

const cleave_kernel cleave_fft_ref = {run, scratch_bytes, prepared_bytes, prepare};
