/* voice_odds.h: how likely each bin is to hold the voice, from three cues and a prior. */
#ifndef CLEAVE_KERNELS_VOICE_ODDS_H
#define CLEAVE_KERNELS_VOICE_ODDS_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* With E = magnitude^2, R = repeating, Q = broadband, l and r the local powers of the two sides,
 * and lr(a, b) = ln((a + floor) / (b + floor)) held within -limit..limit,
 *
 *     z = prior[f] + repetition lr(E, R^2) + percussive lr(E, Q^2)
 *                  + balance ln(4 l r / (l + r + 2 floor)^2 + balance_floor)
 *     m = 1 / (1 + exp(-z)),   odds = z,   parts[0] = m E,   parts[1] = (1 - m) E
 *
 * The balance term is there if `sides` is. Values must be such that their squares are finite. */
typedef struct cleave_voice_odds_args {
    const float *magnitude; /* [T][F], not negative */
    const float *repeating; /* [T][F], not negative */
    const float *broadband; /* [T][F], not negative */
    const float *sides;     /* [2][T][F]: l, r, not negative; used if stereo */
    const float *prior;     /* [F]: log odds */
    const float *floor;     /* [1]: a power, positive and not subnormal */
    float *odds;            /* [T][F] */
    float *parts;           /* [2][T][F] */
    int64_t frames;         /* T >= 1 */
    int64_t bins;           /* F >= 1 */
    int32_t stereo;         /* 0 or 1 */
    float repetition;       /* weights, >= 0 */
    float percussive;
    float balance;
    float balance_floor; /* > 0 */
    float limit;         /* nepers, > 0 */
} cleave_voice_odds_args;

/* An item is one frame. Outputs may not overlap inputs. */
extern const cleave_op cleave_voice_odds_op;
extern const cleave_kernel cleave_voice_odds_ref;
extern const cleave_kernel cleave_voice_odds_avx2;
extern const cleave_kernel cleave_voice_odds_avx512;
extern const cleave_kernel cleave_voice_odds_neon;
extern const cleave_kernel cleave_voice_odds_cuda;

#ifdef __cplusplus
}
#endif

#endif
