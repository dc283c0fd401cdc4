/* repetition.h: what a frame has in common with the frames of the segment that are most like it.
 *
 * After Rafii and Pardo, "Music/voice separation using the similarity matrix", ISMIR 2012. */
#ifndef CLEAVE_KERNELS_REPETITION_H
#define CLEAVE_KERNELS_REPETITION_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_REPETITION_PICKS_MAX 15
#define CLEAVE_REPETITION_PICKS_MIN 3

/* For each frame t the frames j are visited by falling likeness
 *
 *     gram[t][j] / sqrt(gram[j][j]),
 *
 * the cosine of the angle between the two up to a factor of t alone; of equal ones the lower j
 * comes first. j is taken if its likeness is positive (silence is like nothing), lead <= j < T -
 * tail, |j - t| > near, and |j - i| > spread for every i taken before; `picks` are enough. An even
 * number drops the last.
 *
 *     out[t][f] = median of in[j][f] over the frames taken; alone * in[t][f] if they are fewer than
 *     CLEAVE_REPETITION_PICKS_MIN
 *
 * Likeness is computed by the same scalar code in all kernels, which therefore take the same frames
 * and agree to the bit. */
typedef struct cleave_repetition_args {
    const float *in;   /* [T][F], not negative */
    const float *gram; /* [T][T]: inner products of the frames, symmetric, not negative */
    float *out;        /* [T][F]; may not overlap in or gram */
    int64_t frames;    /* T >= 1 */
    int64_t bins;      /* F >= 1 */
    int32_t picks;     /* odd, 3..CLEAVE_REPETITION_PICKS_MAX */
    int32_t near;      /* >= 0: a frame closer in time is the same sound, not its repetition */
    int32_t spread;    /* >= 0: two frames taken lie farther apart */
    int32_t lead;      /* >= 0: frames at the beginning that are none of the segment's own: where a
                        * border is mirrored, they equal others but for rounding... */
    int32_t tail;      /* >= 0: ...and at the end */
    float alone;       /* >= 0 */
} cleave_repetition_args;

/* An item is one frame. */
extern const cleave_op cleave_repetition_op;
extern const cleave_kernel cleave_repetition_ref;
extern const cleave_kernel cleave_repetition_avx2;
extern const cleave_kernel cleave_repetition_avx512;
extern const cleave_kernel cleave_repetition_neon;
extern const cleave_kernel cleave_repetition_cuda;

/* Floats of scratch that picking needs for `frames` frames. */
size_t cleave_repetition_pick_floats(int64_t frames);

/* Fills the part of the scratch that all frames share; once a call of a kernel. */
void cleave_repetition_pick_init(const cleave_repetition_args *args, float *scratch);

/* The frames taken for frame t: an odd number of at least CLEAVE_REPETITION_PICKS_MIN, or 0. */
int cleave_repetition_pick(const cleave_repetition_args *args, int64_t t, float *scratch,
                           int64_t taken[CLEAVE_REPETITION_PICKS_MAX]);

#ifdef __cplusplus
}
#endif

#endif
