/* median.h: running median along rows or across them, for harmonic/percussive separation. */
#ifndef CLEAVE_KERNELS_MEDIAN_H
#define CLEAVE_KERNELS_MEDIAN_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_MEDIAN_TAPS_MAX 63

typedef enum cleave_median_axis {
    CLEAVE_MEDIAN_ALONG, /* over neighbours in the same row: out[r][i] = median of in[r][i-h .. i+h]
                          */
    CLEAVE_MEDIAN_ACROSS /* over neighbouring rows: out[r][i] = median of in[r-h .. r+h][i] */
} cleave_median_axis;

/* h = (taps-1)/2. Outside the array the signal is mirrored with its edge repeated (x[-1] = x[0],
 * x[-2] = x[1], and so on, as often as needed). Values must not be NaN. The result is one of the
 * values, so all kernels agree to the bit; of zeros of different sign any may be taken. */
typedef struct cleave_median_args {
    const float *in; /* [B][R][P] */
    float *out;      /* [B][R][P]; may not overlap in */
    int64_t batch;   /* B >= 1: independent images */
    int64_t rows;    /* R >= 1 */
    int64_t points;  /* P >= 1 */
    int32_t taps;    /* odd, 1..CLEAVE_MEDIAN_TAPS_MAX */
    cleave_median_axis axis;
} cleave_median_args;

/* An item is one row of one image. */
extern const cleave_op cleave_median_op;
extern const cleave_kernel cleave_median_ref;
extern const cleave_kernel cleave_median_avx2;
extern const cleave_kernel cleave_median_avx512;
extern const cleave_kernel cleave_median_neon;
extern const cleave_kernel cleave_median_cuda;

#ifdef __cplusplus
}
#endif

#endif
