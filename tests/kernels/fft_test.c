/* fft_test.c: every variant of the transform against a double reference that shares no code with
 * it, which in turn is held against the double sum of the definition. */
#include "kernels/fft/fft.h"
#include "tests/test.h"
#include "tests/variants.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SNR_DB_MIN 125 /* what the op promises; float butterflies reach about 136 */
#define GUARD      64

static const double pi = 3.14159265358979323846;

/* ---- the reference ---- */

static double complex root(int64_t k, int64_t n)
{
    return cexp(-2 * I * pi * (double)(k % n) / (double)n);
}

/* Bin k by the definition; roots[i] = root(i, n). */
static double complex definition(const double complex *x, const double complex *roots, int64_t n,
                                 int64_t k)
{
    double complex sum = 0;

    for (int64_t m = 0; m < n; m++)
        sum += x[m] * roots[m * k % n];
    return sum;
}

/* out = the transform of x[0], x[stride], ...; decimation in time by the smallest prime factor. */
static void recursive(const double complex *x, int64_t stride, int64_t n, double complex *out)
{
    int64_t radix = n % 2 == 0 ? 2 : n % 3 == 0 ? 3 : 5, part = n / radix;
    double complex column[5];

    if (n == 1) {
        out[0] = x[0];
        return;
    }
    for (int64_t r = 0; r < radix; r++)
        recursive(x + r * stride, stride * radix, part, out + r * part);
    for (int64_t k = 0; k < part; k++) {
        for (int64_t r = 0; r < radix; r++)
            column[r] = out[r * part + k] * root(r * k, n);
        for (int64_t l = 0; l < radix; l++) {
            double complex sum = 0;
            for (int64_t r = 0; r < radix; r++)
                sum += column[r] * root(r * l, radix);
            out[l * part + k] = sum;
        }
    }
}

static void reference_matches_the_definition(void)
{
    int sizes = 0;

    for (int64_t n = 1; n <= CLEAVE_FFT_N_MAX; n++) {
        double complex *x, *y, *roots;
        double signal = 0, noise = 0;
        int64_t bins = n <= 1024 ? n : 3;

        if (!cleave_fft_size_ok(n))
            continue;
        x = malloc(3 * (size_t)n * sizeof *x);
        y = x + n;
        roots = y + n;
        for (int64_t m = 0; m < n; m++) {
            x[m] = test_uniform(1, (uint64_t)m) + I * test_uniform(2, (uint64_t)m);
            roots[m] = root(m, n);
        }
        recursive(x, 1, n, y);
        for (int64_t i = 0; i < bins; i++) {
            int64_t k =
                n <= 1024 ? i : (int64_t)((test_uniform(3, (uint64_t)i) + 1) * 0.5 * (double)n);
            double complex exact = definition(x, roots, n, k);
            signal += pow(cabs(exact), 2);
            noise += pow(cabs(exact - y[k]), 2);
        }
        if (!(noise <= 1e-24 * signal))
            TEST_FAIL("reference of N %d: %.1f dB", (int)n, 10 * log10(signal / noise));
        free(x);
        sizes++;
    }
    TEST_CHECK(sizes == 284);
}

/* ---- the kernels ---- */

typedef struct fft_row {
    int32_t n;
    cleave_fft_kind kind;
    int64_t in_floats, out_floats;
    float *in, *expected;
} fft_row;

static fft_row row_make(int32_t n, cleave_fft_kind kind)
{
    int real_in = kind == CLEAVE_FFT_REAL_FORWARD, real_out = kind == CLEAVE_FFT_REAL_INVERSE;
    int inverse = kind == CLEAVE_FFT_COMPLEX_INVERSE || real_out;
    fft_row row = {n, kind, real_in ? n : 2 * n, real_out ? n : 2 * n, NULL, NULL};
    double complex *x = calloc(2 * (size_t)n, sizeof *x), *y = x + n;
    int64_t half = n / 2;

    if (real_in)
        row.out_floats = 2 * (half + 1);
    if (real_out)
        row.in_floats = 2 * (half + 1);
    row.in = variant_alloc((size_t)row.in_floats * sizeof(float));
    row.expected = malloc((size_t)(2 * n + 2) * sizeof(float));
    for (int64_t i = 0; i < row.in_floats; i++)
        row.in[i] = test_uniform((uint64_t)n * 4 + (uint64_t)kind, (uint64_t)i);
    for (int64_t i = 0; i < n; i++) {
        if (real_in)
            x[i] = row.in[i];
        else if (!real_out)
            x[i] = row.in[2 * i] + I * row.in[2 * i + 1];
        else if (i <= half)
            x[i] = row.in[2 * i] + (i == 0 || 2 * i == n ? 0 : I * row.in[2 * i + 1]);
        else
            x[i] = conj(x[n - i]);
    }
    for (int64_t i = 0; inverse && i < n; i++)
        x[i] = conj(x[i]);
    recursive(x, 1, n, y);
    for (int64_t i = 0; i < n; i++) {
        double complex z = inverse ? conj(y[i]) : y[i];
        if (real_out) {
            row.expected[i] = (float)creal(z);
        } else if (!real_in || i <= half) {
            row.expected[2 * i] = (float)creal(z);
            row.expected[2 * i + 1] = (float)cimag(z);
        }
    }
    if (n == 1 && real_in)
        row.expected[1] = 0;
    free(x);
    return row;
}

static void row_free(fft_row *row)
{
    free(row->in);
    free(row->expected);
}

static double check_row(const fft_row *row, const cleave_ops *ops)
{
    static const char *const kinds[] = {"complex forward", "complex inverse", "real forward",
                                        "real inverse"};
    float *out = variant_alloc((size_t)(row->out_floats + GUARD) * sizeof(float));
    cleave_fft_args args = {row->in, out, 1, row->n, row->kind};
    double db;

    for (int64_t i = 0; i < row->out_floats + GUARD; i++)
        out[i] = NAN;
    TEST_CHECK(!cleave_fft_op.check(&args));
    variant_run(ops, CLEAVE_OP_FFT, &args, 0, 1);
    db = test_snr_db(out, row->expected, row->out_floats);
    if (!(db >= SNR_DB_MIN))
        TEST_FAIL("%s N %d, %s: %.1f dB", kinds[row->kind], row->n, ops->name, db);
    for (int64_t i = 0; i < GUARD; i++)
        TEST_CHECK(isnan(out[row->out_floats + i]));
    free(out);
    return db;
}

static void check_sizes(int32_t first, int32_t last, int32_t step_over)
{
    variants all = variants_list();
    double worst = 999;
    int count = 0;

    for (int32_t n = first; n <= last; n++) {
        if (!cleave_fft_size_ok(n) || (n - first) % step_over)
            continue;
        for (int kind = 0; kind < 4; kind++) {
            fft_row row = row_make(n, (cleave_fft_kind)kind);
            for (int v = 0; v < all.count; v++, count++)
                worst = fmin(worst, check_row(&row, &all.ops[v]));
            row_free(&row);
        }
    }
    printf("     %d transforms, worst %.1f dB\n", count, worst);
    TEST_CHECK(count > 0);
    test_passed_count(count);
}

static void all_sizes_to_8192(void)
{
    check_sizes(1, 8192, 1);
}

static void large_sizes(void)
{
    static const int32_t sizes[] = {8640, 10000, 15625, 16384, 32768, 40960, 46656, 61440, 65536};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        check_sizes(sizes[i], sizes[i], 1);
    test_passed_count(4 * (int)(sizeof sizes / sizeof *sizes));
}

/* A batch gives bit for bit what its rows give alone, whatever the rows' alignment. */
static void items_are_independent(void)
{
    static const int32_t sizes[] = {4096, 512, 1440, 270, 135};
    variants all = variants_list();
    enum { BATCH = 5 };

    for (int v = 0; v < all.count; v++) {
        for (size_t i = 0; i < 4 * sizeof sizes / sizeof *sizes; i++) {
            cleave_fft_args args = {NULL, NULL, BATCH, sizes[i / 4], (cleave_fft_kind)(i % 4)};
            cleave_operand operand[CLEAVE_OPERANDS_MAX];
            float *in, *whole, *parts;
            int count = cleave_fft_op.operands(&args, operand);

            TEST_CHECK(count == 2 && cleave_fft_op.items(&args) == BATCH);
            in = variant_alloc(operand[0].bytes);
            whole = variant_alloc(operand[1].bytes);
            parts = variant_alloc(operand[1].bytes);
            for (size_t k = 0; k < operand[0].bytes / sizeof(float); k++)
                in[k] = test_uniform(i, k);
            args.in = in;
            args.out = whole;
            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 0, BATCH);
            args.out = parts;
            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 3, BATCH);
            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 0, 1);
            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 1, 3);
            TEST_CHECK(!memcmp(whole, parts, operand[1].bytes));
            free(in);
            free(whole);
            free(parts);
        }
    }
}

/* The imaginary parts of bins 0 and N/2 are exactly zero on the way out and without effect on the
 * way in. */
static void end_bins_are_real(void)
{
    static const int32_t sizes[] = {2, 10, 128, 512, 1440, 4096};
    variants all = variants_list();

    for (int v = 0; v < all.count; v++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            int32_t n = sizes[i];
            fft_row forward = row_make(n, CLEAVE_FFT_REAL_FORWARD);
            float *bins = variant_alloc((size_t)(n + 2) * sizeof(float));
            float *x = variant_alloc(2 * (size_t)n * sizeof(float)), *y = x + n;
            cleave_fft_args args = {forward.in, bins, 1, n, CLEAVE_FFT_REAL_FORWARD};

            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 0, 1);
            TEST_CHECK(bins[1] == 0 && bins[n + 1] == 0);
            args = (cleave_fft_args){bins, x, 1, n, CLEAVE_FFT_REAL_INVERSE};
            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 0, 1);
            bins[1] = 1000;
            bins[n + 1] = -2000;
            args.out = y;
            variant_run(&all.ops[v], CLEAVE_OP_FFT, &args, 0, 1);
            for (int32_t k = 0; k < n; k++) {
                TEST_CHECK(fabsf(x[k] - y[k]) <= 1e-3f);
                TEST_CHECK(fabsf(x[k] - (float)n * forward.in[k]) <= 2e-6f * (float)n);
            }
            free(bins);
            free(x);
            row_free(&forward);
        }
    }
}

static void contract(void)
{
    cleave_fft_args args = {NULL, NULL, 1, 4096, CLEAVE_FFT_REAL_FORWARD};
    static const int64_t bad[] = {-4, 0, 7, 14, 49, 8191, 65537, 131072, (int64_t)1 << 40};

    TEST_CHECK(!cleave_fft_op.check(&args));
    args.batch = 0;
    TEST_CHECK(cleave_fft_op.check(&args) && strstr(cleave_fft_op.check(&args), "batch"));
    args.batch = 1;
    args.kind = (cleave_fft_kind)4;
    TEST_CHECK(cleave_fft_op.check(&args) && strstr(cleave_fft_op.check(&args), "kind"));
    args.kind = CLEAVE_FFT_COMPLEX_FORWARD;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        TEST_CHECK(!cleave_fft_size_ok(bad[i]));
        args.n = (int32_t)bad[i];
        TEST_CHECK(cleave_fft_op.check(&args) && strstr(cleave_fft_op.check(&args), "n must"));
    }
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"fft: the reference of this test matches the definition",
         reference_matches_the_definition},
        {"fft: all sizes to 8192, all kinds", all_sizes_to_8192},
        {"fft: large sizes", large_sizes},
        {"fft: items are independent", items_are_independent},
        {"fft: the end bins are real", end_bins_are_real},
        {"fft: contract", contract},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
