/* compress.h: a compressor, and a downward expander or gate. */
#ifndef CLEAVE_KERNELS_COMPRESS_H
#define CLEAVE_KERNELS_COMPRESS_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

/* out_c[t] = in_c[t - lookahead] 2^(makeup - |y_c[t]|)
 *
 * Levels and gains are logarithms to base 2 of amplitudes, units of 6.0206 dB. For channel c of C,
 * with s = 1, or s = -1 if `expand`:
 *
 *   l_c = log2 |in_c|, or with `rms` (log2 p_c) / 2, p_c += detect (in_c^2 - p_c)
 *   l   = l_c + link (max over the channels - l_c)
 *   o   = s (l - threshold), the excess
 *   d   = min(max(o + half_knee, 0), 2 half_knee)
 *   g   = min(range, slope (d^2 knee_factor + max(o - half_knee, 0)))
 *   e_c = max(s g, e_c + release (s g - e_c)); where s g is not more, e_c first stays for `hold`
 *         frames after the last time that it was
 *   y_c += attack (e_c - y_c)
 *
 * which is the smooth decoupled detector behind the curve (Giannoulis, Massberg and Reiss, "Digital
 * dynamic range compressor design - a tutorial and analysis", JAES 60(6), 2012). The answer to a
 * step of g up (expander: down) is 1 - exp(-t / attack time); to a step back to 0, after the hold,
 * (R exp(-t / R) - A exp(-t / A)) / (R - A) with the times A of attack and R of release. */
typedef struct cleave_compress_args {
    const float *in; /* [streams][channels][in_stride] */
    const cleave_block *block;
    const double *parameters; /* [CLEAVE_COMPRESS_PARAMETERS]; all of them glide */
    float *state;             /* [streams][cleave_compress_state_floats()] */
    float *out;   /* [streams][channels][out_stride]; may be in, not overlap otherwise */
    float *meter; /* [streams]: the largest |y| of the block in dB; NULL operand unless has_meter */
    int64_t streams;                /* >= 1 */
    int32_t channels;               /* 1..CLEAVE_COMPRESS_CHANNELS_MAX */
    int32_t has_meter, expand, rms; /* 0 or 1 */
    int64_t frames_max;             /* 1..CLEAVE_BLOCK_FRAMES_MAX */
    int64_t in_stride, out_stride;  /* >= frames_max */
    int32_t lookahead;              /* frames, 0..2^20 */
    int32_t hold;                   /* frames, 0..2^22 */
} cleave_compress_args;

enum {
    CLEAVE_COMPRESS_THRESHOLD,
    CLEAVE_COMPRESS_HALF_KNEE,   /* >= 0 */
    CLEAVE_COMPRESS_KNEE_FACTOR, /* 1 / (4 half_knee), 0 if that is 0 */
    CLEAVE_COMPRESS_SLOPE,       /* 1 - 1 / ratio; expander: ratio - 1 */
    CLEAVE_COMPRESS_RANGE,       /* 0..CLEAVE_COMPRESS_RANGE_MAX */
    CLEAVE_COMPRESS_MAKEUP,      /* -4..4 */
    CLEAVE_COMPRESS_LINK,        /* 0..1 */
    CLEAVE_COMPRESS_ATTACK,      /* of the way in a frame: 1 - exp(-1 / (seconds rate)) */
    CLEAVE_COMPRESS_RELEASE,     /* the same */
    CLEAVE_COMPRESS_DETECT,      /* the same; only with rms */
    CLEAVE_COMPRESS_PARAMETERS
};

#define CLEAVE_COMPRESS_CHANNELS_MAX 16
#define CLEAVE_COMPRESS_RANGE_MAX    100 /* 602 dB: as good as none */

/* An item is one stream. */
extern const cleave_op cleave_compress_op;
extern const cleave_kernel cleave_compress_ref, cleave_compress_avx2, cleave_compress_neon,
    cleave_compress_cuda;

/* Of one stream; a multiple of 16. */
int64_t cleave_compress_state_floats(const cleave_compress_args *args);

#ifdef __cplusplus
}
#endif

#endif
