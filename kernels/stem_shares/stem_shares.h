/* stem_shares.h: masks of drums, bass and other, from what the voice leaves. */
#ifndef CLEAVE_KERNELS_STEM_SHARES_H
#define CLEAVE_KERNELS_STEM_SHARES_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    CLEAVE_STEM_SHARE_DRUMS,
    CLEAVE_STEM_SHARE_BASS,
    CLEAVE_STEM_SHARE_OTHER,
    CLEAVE_STEM_SHARES
};

/* With u = 1 - voice, H = harmonic^2, P = kick[f] percussive^2 and g = bass[f],
 *
 *     d = (P + floor/2) / (H + P + floor)
 *     drums = u d,   bass = u (1 - d) g,   other = u (1 - d) (1 - g)
 *
 * which with the voice sum to 1. The masks wanted are written one behind the other in this order.
 * The harmonic/percussive division is that of FitzGerald, "Harmonic/percussive separation using
 * median filtering", DAFx 2010. */
typedef struct cleave_stem_shares_args {
    const float *voice;      /* [T][F]: mask of the voice, 0..1 */
    const float *harmonic;   /* [T][F]: magnitudes smoothed along time, not negative */
    const float *percussive; /* [T][F]: magnitudes smoothed along frequency, not negative */
    const float *kick;       /* [F], not negative */
    const float *bass;       /* [F], 0..1 */
    const float *floor;      /* [1]: a power, positive and not subnormal */
    float *out;              /* [S][T][F], S masks wanted; may not overlap the inputs */
    int64_t frames;          /* T >= 1 */
    int64_t bins;            /* F >= 1 */
    int32_t wanted[CLEAVE_STEM_SHARES]; /* 0 or 1 each, one of them 1 */
} cleave_stem_shares_args;

/* An item is one frame. */
extern const cleave_op cleave_stem_shares_op;
extern const cleave_kernel cleave_stem_shares_ref;
extern const cleave_kernel cleave_stem_shares_avx2;
extern const cleave_kernel cleave_stem_shares_avx512;
extern const cleave_kernel cleave_stem_shares_neon;
extern const cleave_kernel cleave_stem_shares_cuda;

#ifdef __cplusplus
}
#endif

#endif
