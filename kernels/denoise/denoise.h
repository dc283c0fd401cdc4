/* denoise.h: noise taken out of a stream, frequency by frequency. */
#ifndef CLEAVE_KERNELS_DENOISE_H
#define CLEAVE_KERNELS_DENOISE_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_DENOISE_N_MAX 16384

/* How the noise is known. */
typedef enum cleave_denoise_kind {
    CLEAVE_DENOISE_ADAPTIVE, /* followed where nothing else is heard */
    CLEAVE_DENOISE_LEARN,    /* the mean of the first transforms */
    CLEAVE_DENOISE_PROFILE   /* given */
} cleave_denoise_kind;

enum {
    CLEAVE_DENOISE_FLOOR,    /* least gain, 0 to 1; 1: the stream as it is */
    CLEAVE_DENOISE_STRENGTH, /* by which the power of the noise is multiplied */
    CLEAVE_DENOISE_PARAMETERS
};

/* Every N / 4 frames the N last ones of every channel are transformed, Y_c = sum of window x, with
 * window[m] = sin(pi (m + 1/2) / N); all channels of a stream get one gain for every bin:
 *
 *   P = mean over the channels of |Y_c|^2         L: the noise, below
 *   g = P / (strength L)                          how much more it is than noise
 *   r = 0.98 A / (strength L) + 0.02 max(g - 1, 0)
 *   q = (r / (1 + r))^2 g
 *   G = max(q / (1 + q), floor)                   A = G^2 P, for the next time
 *
 * (Ephraim and Malah, "Speech enhancement using a minimum mean-square error short-time spectral
 * amplitude estimator", IEEE ASSP 32, 1984: r; Plapous, Marro and Scalart, "Improved
 * signal-to-noise ratio estimation for speech enhancement", IEEE ASLP 14, 2006: q, which is not
 * late; the gains are Wiener's), and what is transformed back is windowed again, added up and heard
 * N frames after it came in.
 *
 * ADAPTIVE: S, P smoothed over three bins (1 2 1) and by 0.7 over time, is noise where it is not
 * above 7 times its least value over the last 64 to 128 transforms; there L follows P by 0.05. What
 * was above it delays that: L follows by 0.05 (1 - p), p = 1 there and then 0.2 times what it was
 * (Cohen and Berdugo, "Noise estimation by minima controlled recursive averaging for robust speech
 * enhancement", IEEE SPL 9, 2002; minima after Martin, "Noise power spectral density estimation
 * based on optimal smoothing and minimum statistics", IEEE SAP 9, 2001). The first transform of N
 * frames of the stream is taken for noise.
 *
 * A parameter is taken as it is when a transform begins; windows smooth its changes. */
typedef struct cleave_denoise_args {
    const float *in; /* [streams][C][in_stride] */
    const cleave_block *block;
    const double *parameters; /* [CLEAVE_DENOISE_PARAMETERS] */
    const float *profile;     /* [N/2 + 1], L; no operand unless kind is PROFILE */
    float *state;             /* [cleave_denoise_state_floats()], on 64 bytes */
    float *out;               /* [streams][C][out_stride]; may be in, not overlap otherwise */
    int64_t in_stride;        /* floats from one channel to the next, >= frames_max */
    int64_t out_stride;       /* the same */
    int32_t streams;          /* 1 to 65536 */
    int32_t channels;         /* C: 1 to 8 */
    int32_t frames_max;       /* 1 to CLEAVE_BLOCK_FRAMES_MAX */
    int32_t n;                /* N, a power of two, 64 to CLEAVE_DENOISE_N_MAX; also the latency */
    cleave_denoise_kind kind;
    int32_t learn; /* transforms that LEARN is the mean of, at least 1 */
} cleave_denoise_args;

/* Of the whole state tensor. */
int64_t cleave_denoise_state_floats(const cleave_denoise_args *args);

/* N for a rate: the power of two nearest to 46 ms, 2048 at 44.1 and 48 kHz. */
int32_t cleave_denoise_n(double rate_hz);

/* What a user sets. */
typedef struct cleave_denoise_settings {
    double reduction_db; /* 0 to 40: by how much noise is reduced at most */
    double strength_db;  /* -6 to 12: by how much noise is taken to be louder than it was */
} cleave_denoise_settings;

void cleave_denoise_derive(const cleave_denoise_settings *settings,
                           double parameters[CLEAVE_DENOISE_PARAMETERS]);

/* An item is a stream. */
extern const cleave_op cleave_denoise_op;
extern const cleave_kernel cleave_denoise_ref;
extern const cleave_kernel cleave_denoise_avx2;
extern const cleave_kernel cleave_denoise_neon;
extern const cleave_kernel cleave_denoise_cuda;

#ifdef __cplusplus
}
#endif

#endif
