/* linear_norm.h: the norm over what a linear layer gives, from what the layer takes. */
#ifndef CLEAVE_KERNELS_LINEAR_NORM_H
#define CLEAVE_KERNELS_LINEAR_NORM_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With v[m][p] = bias[m] + sum_c weight[m][c] in[c][r][p], and mean and variance (divided by their
 * number) of all M P values v of row r,
 *
 * out[r][0][m] = norm_weight[m] / sqrt(variance + epsilon)
 * out[r][1][m] = norm_bias[m] - mean out[r][0][m]
 *
 * so that out[r][0][m] v + out[r][1][m] is GroupNorm with one group (Wu and He, "Group
 * normalization", 2018), which conv applies (CLEAVE_CONV_ROW_NORM) where it makes v. The M P values
 * need not exist for that: their mean and variance follow from means and covariances of the C rows
 * of `in`. All arithmetic is in double; only the results are rounded. */
typedef struct cleave_linear_norm_args {
    const float *in; /* [C][R][P] with strides */
    /* Constants, read by prepare() only, whose table depends on in_channels and channels alone. */
    const float *weight;      /* [M][C] */
    const float *bias;        /* [M] */
    const float *norm_weight; /* [M] */
    const float *norm_bias;   /* [M] */
    /* Not constant any more. */
    float *out;                               /* [R][2][M] */
    int32_t in_channels;                      /* C >= 1 */
    int32_t channels;                         /* M >= 1 */
    int64_t rows, points;                     /* R, P >= 1 */
    int64_t in_channel_stride, in_row_stride; /* >= R in_row_stride, >= P */
    float epsilon;                            /* >= 0 */
} cleave_linear_norm_args;

/* An item is one row. */
extern const cleave_op cleave_linear_norm_op;
extern const cleave_kernel cleave_linear_norm_ref, cleave_linear_norm_avx2,
    cleave_linear_norm_avx512, cleave_linear_norm_neon, cleave_linear_norm_cuda;

#ifdef __cplusplus
}
#endif

#endif
