/* elementwise.h: out[i] = f(a[i], b[i]) over flat arrays. */
#ifndef CLEAVE_KERNELS_ELEMENTWISE_H
#define CLEAVE_KERNELS_ELEMENTWISE_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cleave_elementwise_kind {
    CLEAVE_ELEMENTWISE_AFFINE,      /* x a + y */
    CLEAVE_ELEMENTWISE_CLAMP,       /* min(max(a, x), y); x for a NaN */
    CLEAVE_ELEMENTWISE_SQRT,        /* sqrt(a), a >= 0 */
    CLEAVE_ELEMENTWISE_ADD,         /* x a + y b */
    CLEAVE_ELEMENTWISE_MULTIPLY,    /* x a b */
    CLEAVE_ELEMENTWISE_MIN,         /* min(a, b) */
    CLEAVE_ELEMENTWISE_MAX,         /* max(a, b) */
    CLEAVE_ELEMENTWISE_RATIO,       /* a / (b + x), b + x > 0 */
    CLEAVE_ELEMENTWISE_MAGNITUDE,   /* sqrt(a^2 + b^2): planes of a complex array */
    CLEAVE_ELEMENTWISE_POWER,       /* a^2 + b^2 */
    CLEAVE_ELEMENTWISE_LEVEL,       /* x ln(max(1, y (a^2 + b^2))): 0 up to the power 1 / y */
    CLEAVE_ELEMENTWISE_NORMALISE,   /* (a - b[0]) / (b[1] + x): b = mean, deviation */
    CLEAVE_ELEMENTWISE_DENORMALISE, /* a (b[1] + x) + b[0] */
    CLEAVE_ELEMENTWISE_KINDS
} cleave_elementwise_kind;

typedef struct cleave_elementwise_args {
    const float *a; /* [P] */
    const float *b; /* [P]; two values for (DE)NORMALISE; unused by AFFINE, CLAMP, SQRT */
    float *out;     /* [P]; may be a or b itself, not overlap them otherwise */
    int64_t points; /* P >= 1 */
    float x, y;
    cleave_elementwise_kind kind;
} cleave_elementwise_args;

/* Whether b has one value a point. */
CLEAVE_INLINE int cleave_elementwise_b_is_array(cleave_elementwise_kind kind)
{
    return kind >= CLEAVE_ELEMENTWISE_ADD && kind <= CLEAVE_ELEMENTWISE_LEVEL;
}

/* Whether b is a pair of constants. */
CLEAVE_INLINE int cleave_elementwise_b_is_pair(cleave_elementwise_kind kind)
{
    return kind == CLEAVE_ELEMENTWISE_NORMALISE || kind == CLEAVE_ELEMENTWISE_DENORMALISE;
}

/* An item is one block of 4096 points. */
#define CLEAVE_ELEMENTWISE_BLOCK 4096
extern const cleave_op cleave_elementwise_op;
extern const cleave_kernel cleave_elementwise_ref;
extern const cleave_kernel cleave_elementwise_avx2;
extern const cleave_kernel cleave_elementwise_avx512;
extern const cleave_kernel cleave_elementwise_neon;
extern const cleave_kernel cleave_elementwise_cuda;

#ifdef __cplusplus
}
#endif

#endif
