/* fdn.h: reverberation by a network of delays with feedback. */
#ifndef CLEAVE_KERNELS_FDN_H
#define CLEAVE_KERNELS_FDN_H

#include "kernels/block.h"
#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLEAVE_FDN_CHANNELS_MAX 8
#define CLEAVE_FDN_LINES        16
#define CLEAVE_FDN_ALLPASSES    4

/* The longest delay of a line, of an all-pass, and before all of them, in frames. */
#define CLEAVE_FDN_DELAY_MAX    (1 << 17)
#define CLEAVE_FDN_PREDELAY_MAX (1 << 18)

/* Parameters, all of which glide. Of line l: what its damping y = pole y + gain x is to be. */
enum {
    CLEAVE_FDN_WET,
    CLEAVE_FDN_DRY,
    CLEAVE_FDN_WIDTH, /* 0: the same in all channels, 1: channels as they are */
    CLEAVE_FDN_GAIN,  /* [LINES] */
    CLEAVE_FDN_POLE = CLEAVE_FDN_GAIN + CLEAVE_FDN_LINES, /* [LINES] */
    CLEAVE_FDN_PARAMETERS = CLEAVE_FDN_POLE + CLEAVE_FDN_LINES
};

/* For the C channels of every stream, with lowpass() of one pole and H the Hadamard matrix of 16
 * lines, so scaled that it is orthogonal:
 *
 *   u_c = allpass^4(delay(in_c - lowpass(in_c), predelay))         no DC, diffused
 *   s_l = gain_l line_l[n - delay_l] + pole_l s_l[n - 1]           what comes out of the lines
 *   line[n] = H (s + u), u being 0 from element C on               what goes in
 *   y_c = sum over l = c, c + C, .. of +-s_l / sqrt(their number), + and - in turn
 *   out_c = dry in_c + wet (width y_c + (1 - width) mean(y))
 *
 * (Jot and Chaigne, "Digital delay networks for designing artificial reverberators", 90th AES
 * Convention, 1991; the all-passes: Schroeder, "Natural sounding artificial reverberation", JAES
 * 10, 1962.) The dry sound has no delay. */
typedef struct cleave_fdn_args {
    const float *in; /* [streams][C][in_stride] */
    const cleave_block *block;
    const double *parameters; /* [CLEAVE_FDN_PARAMETERS] */
    float *state;             /* [cleave_fdn_state_floats()], on 64 bytes */
    float *out;               /* [streams][C][out_stride]; may be in, not overlap otherwise */
    int64_t in_stride;        /* floats from one channel to the next, >= frames_max */
    int64_t out_stride;       /* the same */
    int32_t streams;          /* 1 to 65536 */
    int32_t channels;         /* C: 1 to 8 */
    int32_t frames_max;       /* 1 to CLEAVE_BLOCK_FRAMES_MAX */
    int32_t predelay;         /* frames, 0 to CLEAVE_FDN_PREDELAY_MAX */
    int32_t allpass[CLEAVE_FDN_ALLPASSES]; /* frames, CLEAVE_GRID_FRAMES to CLEAVE_FDN_DELAY_MAX */
    int32_t line[CLEAVE_FDN_LINES];        /* the same */
    float blocker; /* factor of the low-pass that removes DC: y += blocker (x - y), 0 to 1 */
} cleave_fdn_args;

/* Of the whole state tensor. */
int64_t cleave_fdn_state_floats(const cleave_fdn_args *args);

/* What a user sets. */
typedef struct cleave_fdn_settings {
    double rate_hz;
    double room_size;  /* 0 to 1: delays from 8 to 32 up to 29 to 111 ms */
    double predelay_s; /* 0 to 0.5 */
    double decay_s;    /* time to fall by 60 dB; 0: 0.4 * 10^room_size */
    double damping;    /* 0 to 1: at 6 kHz the time is decay_s (1 - 0.9 damping) */
    double wet, dry;   /* linear; wet 1 is as loud as dry 1 for a steady sound, if damping is 0 */
    double width;      /* 0 to 1 */
} cleave_fdn_settings;

/* The time in which it falls by 60 dB, in seconds: what is set, or that of the room's size. */
double cleave_fdn_decay_s(const cleave_fdn_settings *settings);

/* Sets predelay, allpass, line and blocker for a rate, a room and a predelay; the lengths of lines
 * and all-passes are different primes. */
void cleave_fdn_place(cleave_fdn_args *args, const cleave_fdn_settings *settings);

/* The parameters for these delays. */
void cleave_fdn_derive(const cleave_fdn_args *args, const cleave_fdn_settings *settings,
                       double parameters[CLEAVE_FDN_PARAMETERS]);

/* An item is a stream. */
extern const cleave_op cleave_fdn_op;
extern const cleave_kernel cleave_fdn_ref;
extern const cleave_kernel cleave_fdn_avx2;
extern const cleave_kernel cleave_fdn_neon;
extern const cleave_kernel cleave_fdn_cuda;

#ifdef __cplusplus
}
#endif

#endif
