/* box_mean.h: running mean over a rectangle. */
#ifndef CLEAVE_KERNELS_BOX_MEAN_H
#define CLEAVE_KERNELS_BOX_MEAN_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_BOX_MEAN_MAX 63

/* out[b][r][p] = mean of in[b] over the rows r-h .. r+h and the points p-w .. p+w, h = (box_rows -
 * 1)/2, w = (box_points - 1)/2. Outside the array the signal is mirrored with its edge repeated
 * (x[-1] = x[0]), as often as needed. Every mean is summed afresh, so that the mean of values that
 * are not negative is none, however loud what came before. */
typedef struct cleave_box_mean_args {
    const float *in;    /* [B][R][P] */
    float *out;         /* [B][R][P]; may not overlap in */
    int64_t batch;      /* B >= 1: independent images */
    int64_t rows;       /* R >= 1 */
    int64_t points;     /* P >= 1 */
    int32_t box_rows;   /* odd, 1..CLEAVE_BOX_MEAN_MAX */
    int32_t box_points; /* odd, 1..CLEAVE_BOX_MEAN_MAX */
} cleave_box_mean_args;

/* An item is one row of one image. */
extern const cleave_op cleave_box_mean_op;
extern const cleave_kernel cleave_box_mean_ref;
extern const cleave_kernel cleave_box_mean_avx2;
extern const cleave_kernel cleave_box_mean_avx512;
extern const cleave_kernel cleave_box_mean_neon;
extern const cleave_kernel cleave_box_mean_cuda;

#ifdef __cplusplus
}
#endif

#endif
