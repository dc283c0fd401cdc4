/* voice_mask.h: the mask of the voice, from the odds of a bin and of its neighbourhood. */
#ifndef CLEAVE_KERNELS_VOICE_MASK_H
#define CLEAVE_KERNELS_VOICE_MASK_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With V = parts[0] and U = parts[1], the powers of voice and rest around a bin,
 *
 *     z = self hold(odds) + near hold(ln((V + floor) / (U + floor)))
 *     out = 1 / (1 + exp(-z)),   hold(x) = min(max(x, -limit), limit) */
typedef struct cleave_voice_mask_args {
    const float *odds;  /* [P]: log odds */
    const float *parts; /* [2][P], not negative */
    const float *floor; /* [1]: a power, positive and not subnormal */
    float *out;         /* [P]; may not overlap the inputs */
    int64_t points;     /* P >= 1 */
    float self, near;   /* weights, >= 0 */
    float limit;        /* nepers, > 0; (self + near) limit <= 80 */
} cleave_voice_mask_args;

/* An item is one block of 4096 points. */
#define CLEAVE_VOICE_MASK_BLOCK 4096
extern const cleave_op cleave_voice_mask_op;
extern const cleave_kernel cleave_voice_mask_ref;
extern const cleave_kernel cleave_voice_mask_avx2;
extern const cleave_kernel cleave_voice_mask_avx512;
extern const cleave_kernel cleave_voice_mask_neon;
extern const cleave_kernel cleave_voice_mask_cuda;

#ifdef __cplusplus
}
#endif

#endif
