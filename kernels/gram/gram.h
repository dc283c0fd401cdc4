/* gram.h: inner products of all pairs of rows. */
#ifndef CLEAVE_KERNELS_GRAM_H
#define CLEAVE_KERNELS_GRAM_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out[i][j] = sum_p in[i][p] * in[j][p]; symmetric to the bit. Sums run in float32 over as many
 * parts as there are lanes, so that the error of a sum of P products of one sign is about
 * 2^-24 sqrt(P / lanes) of it. */
typedef struct cleave_gram_args {
    const float *in; /* [R][P] */
    float *out;      /* [R][R]; may not overlap in */
    int64_t rows;    /* R >= 1 */
    int64_t points;  /* P >= 1 */
} cleave_gram_args;

/* The matrix is computed on and above its diagonal and mirrored below it, in bands of rows. An item
 * is a pair of bands, number k from the top and number k from the bottom, which makes all items
 * equally long. */
#define CLEAVE_GRAM_BAND 12
extern const cleave_op cleave_gram_op;
extern const cleave_kernel cleave_gram_ref;
extern const cleave_kernel cleave_gram_avx2;
extern const cleave_kernel cleave_gram_avx512;
extern const cleave_kernel cleave_gram_neon;
extern const cleave_kernel cleave_gram_cuda;

#ifdef __cplusplus
}
#endif

#endif
