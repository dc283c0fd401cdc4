/* bss.h: the state of a cleave_bss, between bss.c (the first pass and the filters) and
 * bss_window.c (the second pass). */
#ifndef CLEAVE_RUNTIME_BSS_H
#define CLEAVE_RUNTIME_BSS_H

#include "kernels/fft/fft.h"
#include "runtime/cleave.h"
#include "runtime/kernel_call.h"

#define BSS_N     8192 /* of a transform */
#define BSS_BINS  (BSS_N / 2 + 1)
#define BSS_REACH (CLEAVE_BSS_TAPS - 1)

/* P is the count of signals on each side: stems times channels. */
struct cleave_bss {
    cleave_ops ops;
    int64_t stems, channels, signals;
    cleave_kernel_call forward, inverse;
    int64_t held;   /* samples in each row of `heard` */
    float *heard;   /* [3 P][N]: references, estimates, the middle of the references */
    float *spectra; /* [3 P][BINS][2]; the second pass aligns the last 2 P rows */
    double *cross;  /* [P (P+1) / 2 + P P][BINS][2]: spectra of correlations */
    double *line;   /* [2 N + 4]: for the transform in double */
    void *line_prepared, *line_scratch;
    double *lag;                    /* [TAPS][P][P] of the references */
    double *rhs;                    /* [TAPS][P][P]: references by estimates */
    double *joint;                  /* [TAPS][P][P]: filters from all references */
    double *own;                    /* [TAPS][P][C]: from the references of the same stem */
    double *own_lag, *own_rhs;      /* [TAPS][C][C] */
    double *residual, *step, *work; /* of solving */
    double *level;                  /* [P]: root of the energy of a reference; 0 for silence */
    float *spatial;                 /* [P out][C in][BINS][2]: own filters less the identity */
    float *interference;            /* [P out][P in][BINS][2]: joint filters less own ones */
};

/* A count of floats that keeps CLEAVE_ALIGN_BYTES. */
static inline int64_t bss_aligned(int64_t floats)
{
    return cleave_div_up(floats, 16) * 16;
}

static inline cleave_fft_args bss_fft_args(const float *in, float *out, int64_t batch,
                                           cleave_fft_kind kind)
{
    return (cleave_fft_args){.in = in, .out = out, .batch = batch, .n = BSS_N, .kind = kind};
}

#endif
