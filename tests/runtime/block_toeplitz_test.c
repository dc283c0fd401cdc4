/* block_toeplitz_test.c: the recursion against elimination, and what it must refuse. */
#include "runtime/block_toeplitz.h"
#include "tests/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Lags of a track of `frames` random frames of `rows` channels: positive definite by construction.
 */
static double *lags_of(int64_t blocks, int64_t rows, int64_t frames)
{
    double *lag = calloc((size_t)(blocks * rows * rows), sizeof *lag);

    for (int64_t l = 0; l < blocks; l++)
        for (int64_t i = 0; i < rows; i++)
            for (int64_t j = 0; j < rows; j++)
                for (int64_t m = 0; m + l < frames; m++)
                    lag[(l * rows + i) * rows + j] +=
                        (double)test_uniform(5, (uint64_t)(m * rows + i)) *
                        (double)test_uniform(5, (uint64_t)((m + l) * rows + j));
    return lag;
}

static double element(const cleave_block_toeplitz *s, int64_t row, int64_t column)
{
    const int64_t p = s->rows, l = row / p - column / p;

    return l >= 0 ? s->lag[(l * p + row % p) * p + column % p]
                  : s->lag[(-l * p + column % p) * p + row % p];
}

/* Gaussian elimination with pivots of the whole matrix. */
static void eliminate(const cleave_block_toeplitz *s, double *x)
{
    const int64_t n = s->blocks * s->rows, q = s->columns;
    double *a = malloc((size_t)(n * n) * sizeof *a);

    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < n; j++)
            a[i * n + j] = element(s, i, j);
    memcpy(x, s->rhs, (size_t)(n * q) * sizeof *x);
    for (int64_t k = 0; k < n; k++) {
        int64_t top = k;
        for (int64_t i = k + 1; i < n; i++)
            top = fabs(a[i * n + k]) > fabs(a[top * n + k]) ? i : top;
        for (int64_t j = 0; j < n; j++) {
            const double t = a[k * n + j];
            a[k * n + j] = a[top * n + j];
            a[top * n + j] = t;
        }
        for (int64_t j = 0; j < q; j++) {
            const double t = x[k * q + j];
            x[k * q + j] = x[top * q + j];
            x[top * q + j] = t;
        }
        for (int64_t i = 0; i < n; i++) {
            const double factor = i == k ? 0 : a[i * n + k] / a[k * n + k];
            for (int64_t j = k; j < n; j++)
                a[i * n + j] -= factor * a[k * n + j];
            for (int64_t j = 0; j < q; j++)
                x[i * q + j] -= factor * x[k * q + j];
        }
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < q; j++)
            x[i * q + j] /= a[i * n + i];
    free(a);
}

static void against_elimination(void)
{
    static const int64_t sizes[][3] = {{1, 1, 1}, {1, 5, 2}, {2, 1, 3}, {7, 1, 1},
                                       {6, 2, 2}, {9, 3, 5}, {8, 4, 4}, {20, 8, 8}};

    for (size_t k = 0; k < sizeof sizes / sizeof sizes[0]; k++) {
        const int64_t blocks = sizes[k][0], rows = sizes[k][1], columns = sizes[k][2];
        const int64_t count = blocks * rows * columns;
        double *lag = lags_of(blocks, rows, 400), *rhs = malloc((size_t)count * sizeof *rhs);
        double *x = malloc((size_t)count * sizeof *x),
               *expected = malloc((size_t)count * sizeof *x);
        double *residual = malloc((size_t)count * sizeof *x);
        double *work = malloc(cleave_block_toeplitz_work(blocks, rows) * sizeof *work);
        double error = 0, most = 0, left = 0;
        for (int64_t i = 0; i < count; i++)
            rhs[i] = (double)test_uniform(77, (uint64_t)i);
        const cleave_block_toeplitz system = {blocks, rows, columns, lag, rhs, x};
        TEST_CHECK(cleave_block_toeplitz_solve(&system, work) == 0);
        cleave_block_toeplitz_residual(&system, residual);
        eliminate(&system, expected);
        for (int64_t i = 0; i < count; i++) {
            error = fmax(error, fabs(x[i] - expected[i]));
            most = fmax(most, fabs(expected[i]));
            left = fmax(left, fabs(residual[i]));
        }
        if (!(error <= 1e-12 * most && left <= 1e-12))
            TEST_FAIL("L %d P %d Q %d: error %.3g of %.3g, residual %.3g", (int)blocks, (int)rows,
                      (int)columns, error, most, left);
        else
            TEST_CHECK(1);
        free(lag);
        free(rhs);
        free(x);
        free(expected);
        free(residual);
        free(work);
    }
}

static void not_positive_definite(void)
{
    /* A row that is the double of another; a correlation larger than the energy. */
    static const double twins[] = {1, 2, 2, 4}, growing[] = {1, 2};
    const double rhs[4] = {1, 1, 1, 1};
    double x[4], work[64];
    const cleave_block_toeplitz first = {1, 2, 2, twins, rhs, x};
    const cleave_block_toeplitz second = {2, 1, 2, growing, rhs, x};

    TEST_CHECK(cleave_block_toeplitz_work(1, 2) <= 64 && cleave_block_toeplitz_work(2, 1) <= 64);
    TEST_CHECK(cleave_block_toeplitz_solve(&first, work) == -1);
    TEST_CHECK(cleave_block_toeplitz_solve(&second, work) == -1);
}

int main(int argc, char **argv)
{
    static const test_case cases[] = {
        {"block_toeplitz: against elimination", against_elimination},
        {"block_toeplitz: refuses what is not positive definite", not_positive_definite},
    };

    return test_main(argc, argv, cases, sizeof cases / sizeof cases[0]);
}
