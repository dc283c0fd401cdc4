/* block_toeplitz.c: Levinson's recursion for blocks.
 *
 * For every m the forward predictor A and the backward predictor B of m blocks satisfy
 *
 *     T_m A = (F, 0, ..., 0),  A[0] = I        T_m B = (0, ..., 0, G),  B[m-1] = I
 *
 * With D = sum_k T(m - k) A[k], what A leaves in the next equation, the predictors of m + 1 blocks
 * are A - [0, B] G^-1 D and [0, B] - A F^-1 D', and the solution grows by a multiple of B. */
#include "runtime/block_toeplitz.h"

#include <math.h>
#include <string.h>

/* Predictors and errors of one order, and two small blocks to compute in. */
typedef struct predictors {
    int64_t rows;
    double *forward, *backward; /* [L][P][P]: A, B */
    double *f, *g;              /* [P][P]: F, G */
    double *d;                  /* [P][P]: D */
    double *by_f, *by_g;        /* [P][P]: F^-1 D', G^-1 D */
    double *factor;             /* [P][P] */
} predictors;

/* c[P][Q] += sign a[P][P] b[P][Q]; four columns at a time, whose sums stay in registers. */
static void multiply_add(double *c, const double *a, const double *b, int64_t rows, int64_t columns,
                         double sign)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t j = 0;
        for (; j + 4 <= columns; j += 4) {
            double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (int64_t k = 0; k < rows; k++) {
                const double v = a[i * rows + k], *w = b + k * columns + j;
                s0 += v * w[0];
                s1 += v * w[1];
                s2 += v * w[2];
                s3 += v * w[3];
            }
            c[i * columns + j] += sign * s0;
            c[i * columns + j + 1] += sign * s1;
            c[i * columns + j + 2] += sign * s2;
            c[i * columns + j + 3] += sign * s3;
        }
        for (; j < columns; j++) {
            double sum = 0;
            for (int64_t k = 0; k < rows; k++)
                sum += a[i * rows + k] * b[k * columns + j];
            c[i * columns + j] += sign * sum;
        }
    }
}

/* The same with a transposed. */
static void multiply_add_transposed(double *c, const double *a, const double *b, int64_t rows,
                                    int64_t columns, double sign)
{
    for (int64_t k = 0; k < rows; k++)
        for (int64_t i = 0; i < rows; i++) {
            const double v = sign * a[k * rows + i];
            for (int64_t j = 0; j < columns; j++)
                c[i * columns + j] += v * b[k * columns + j];
        }
}

/* x = matrix^-1 x by Cholesky's factor; -1 if the matrix is not positive definite. */
static int divide(const double *matrix, double *factor, double *x, int64_t rows, int64_t columns)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j <= i; j++) {
            double sum = matrix[i * rows + j];
            for (int64_t k = 0; k < j; k++)
                sum -= factor[i * rows + k] * factor[j * rows + k];
            if (i == j && !(sum > 0))
                return -1;
            factor[i * rows + j] = i == j ? sqrt(sum) : sum / factor[j * rows + j];
        }
    for (int64_t c = 0; c < columns; c++) {
        for (int64_t i = 0; i < rows; i++) {
            for (int64_t k = 0; k < i; k++)
                x[i * columns + c] -= factor[i * rows + k] * x[k * columns + c];
            x[i * columns + c] /= factor[i * rows + i];
        }
        for (int64_t i = rows - 1; i >= 0; i--) {
            for (int64_t k = i + 1; k < rows; k++)
                x[i * columns + c] -= factor[k * rows + i] * x[k * columns + c];
            x[i * columns + c] /= factor[i * rows + i];
        }
    }
    return 0;
}

/* From order m to order m + 1. */
static int extend(predictors *p, const double *lag, int64_t m)
{
    const int64_t rows = p->rows, block = rows * rows;
    const size_t bytes = (size_t)block * sizeof(double);

    memset(p->d, 0, bytes);
    for (int64_t k = 0; k < m; k++)
        multiply_add(p->d, lag + (m - k) * block, p->forward + k * block, rows, rows, 1);
    memcpy(p->by_g, p->d, bytes);
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < rows; j++)
            p->by_f[i * rows + j] = p->d[j * rows + i];
    if (divide(p->g, p->factor, p->by_g, rows, rows) != 0 ||
        divide(p->f, p->factor, p->by_f, rows, rows) != 0)
        return -1;
    multiply_add_transposed(p->f, p->d, p->by_g, rows, rows, -1);
    multiply_add(p->g, p->d, p->by_f, rows, rows, -1);
    /* From the last block down, so that a block of B is read before it is written. */
    memset(p->forward + m * block, 0, bytes);
    for (int64_t k = m; k >= 0; k--) {
        double *a = p->forward + k * block, *b = p->backward + k * block;
        if (k > 0)
            memcpy(b, b - block, bytes);
        else
            memset(b, 0, bytes);
        memcpy(p->d, a, bytes);
        multiply_add(a, b, p->by_g, rows, rows, -1);
        multiply_add(b, p->d, p->by_f, rows, rows, -1);
    }
    return 0;
}

size_t cleave_block_toeplitz_work(int64_t blocks, int64_t rows)
{
    return (size_t)((2 * blocks + 6) * rows * rows);
}

int cleave_block_toeplitz_solve(const cleave_block_toeplitz *s, double *work)
{
    const int64_t rows = s->rows, columns = s->columns;
    const int64_t block = rows * rows, part = rows * columns;
    predictors p = {.rows = rows,
                    .forward = work,
                    .backward = work + s->blocks * block,
                    .f = work + 2 * s->blocks * block};

    p.g = p.f + block;
    p.d = p.g + block;
    p.by_f = p.d + block;
    p.by_g = p.by_f + block;
    p.factor = p.by_g + block;
    memset(work, 0, cleave_block_toeplitz_work(s->blocks, rows) * sizeof(double));
    memcpy(p.f, s->lag, (size_t)block * sizeof(double));
    memcpy(p.g, s->lag, (size_t)block * sizeof(double));
    for (int64_t i = 0; i < rows; i++)
        p.forward[i * rows + i] = p.backward[i * rows + i] = 1;
    for (int64_t m = 0; m < s->blocks; m++) {
        double *last = s->x + m * part;
        if (m > 0 && extend(&p, s->lag, m) != 0)
            return -1;
        memcpy(last, s->rhs + m * part, (size_t)part * sizeof(double));
        for (int64_t k = 0; k < m; k++)
            multiply_add(last, s->lag + (m - k) * block, s->x + k * part, rows, columns, -1);
        if (divide(p.g, p.factor, last, rows, columns) != 0)
            return -1;
        /* B ends in the identity, so its last product is `last` itself. */
        for (int64_t k = 0; k < m; k++)
            multiply_add(s->x + k * part, p.backward + k * block, last, rows, columns, 1);
    }
    return 0;
}

void cleave_block_toeplitz_residual(const cleave_block_toeplitz *s, double *residual)
{
    const int64_t rows = s->rows, columns = s->columns;

    for (int64_t i = 0; i < s->blocks; i++) {
        double *r = residual + i * rows * columns;
        memcpy(r, s->rhs + i * rows * columns, (size_t)(rows * columns) * sizeof(double));
        for (int64_t k = 0; k < s->blocks; k++) {
            const double *x = s->x + k * rows * columns;
            if (i >= k)
                multiply_add(r, s->lag + (i - k) * rows * rows, x, rows, columns, -1);
            else
                multiply_add_transposed(r, s->lag + (k - i) * rows * rows, x, rows, columns, -1);
        }
    }
}
