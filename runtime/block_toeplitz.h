/* block_toeplitz.h: linear systems whose matrix is symmetric, positive definite and block Toeplitz.
 *
 * Levinson's recursion for blocks (Whittle, "On the fitting of multivariate autoregressions, and
 * the approximate canonical factorization of a spectral density matrix", 1963): L^2 P^3 operations
 * where Cholesky's factors take L^3 P^3, and memory for L blocks where they take L^2. */
#ifndef CLEAVE_RUNTIME_BLOCK_TOEPLITZ_H
#define CLEAVE_RUNTIME_BLOCK_TOEPLITZ_H

#include "kernels/base.h"

/* sum_k' T(k - k') x[k'] = rhs[k] for k, k' = 0 .. L-1, where T(l) = lag[l] and T(-l) is its
 * transpose; lag[0] is symmetric. */
typedef struct cleave_block_toeplitz {
    int64_t blocks;    /* L >= 1 */
    int64_t rows;      /* P >= 1: of a block */
    int64_t columns;   /* Q >= 1: right-hand sides */
    const double *lag; /* [L][P][P] */
    const double *rhs; /* [L][P][Q] */
    double *x;         /* [L][P][Q] */
} cleave_block_toeplitz;

/* Doubles of work for solve(). */
size_t cleave_block_toeplitz_work(int64_t blocks, int64_t rows);

/* Solves into x. Returns 0, or -1 when a matrix on the way is not positive definite in double
 * precision; x is then spoiled. */
int cleave_block_toeplitz_solve(const cleave_block_toeplitz *system, double *work);

/* residual[k] = rhs[k] - sum_k' T(k - k') x[k'], [L][P][Q]. */
void cleave_block_toeplitz_residual(const cleave_block_toeplitz *system, double *residual);

#endif
