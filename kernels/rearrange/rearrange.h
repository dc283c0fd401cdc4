/* rearrange.h: strided copy of up to four axes: interleave, transpose, slice, join. */
#ifndef CLEAVE_KERNELS_REARRANGE_H
#define CLEAVE_KERNELS_REARRANGE_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_REARRANGE_AXES 4

/* out[sum i_a out_stride[a]] = in[sum i_a in_stride[a]], 0 <= i_a < size[a]
 *
 * Unused axes have size 1 and stride 0. Strides are in floats and >= 0; two positions of out may
 * not coincide. Elements of out that no index reaches are left as they are. */
typedef struct cleave_rearrange_args {
    const float *in;
    float *out; /* may not overlap in */
    int64_t size[CLEAVE_REARRANGE_AXES];
    int64_t in_stride[CLEAVE_REARRANGE_AXES];
    int64_t out_stride[CLEAVE_REARRANGE_AXES];
} cleave_rearrange_args;

/* An item is one index pair of the first two axes. */
extern const cleave_op cleave_rearrange_op;
extern const cleave_kernel cleave_rearrange_ref;
extern const cleave_kernel cleave_rearrange_avx2;
extern const cleave_kernel cleave_rearrange_avx512;
extern const cleave_kernel cleave_rearrange_neon;
extern const cleave_kernel cleave_rearrange_cuda;

#ifdef __cplusplus
}
#endif

#endif
