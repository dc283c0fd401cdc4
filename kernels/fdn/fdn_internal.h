/* fdn_internal.h: where things lie in the state of a stream, for all variants. */
#ifndef CLEAVE_KERNELS_FDN_INTERNAL_H
#define CLEAVE_KERNELS_FDN_INTERNAL_H

#include "kernels/fdn/fdn.h"

#ifdef __cplusplus
extern "C" {
#endif

#define FDN_LINES CLEAVE_FDN_LINES
#define FDN_CELL  CLEAVE_GRID_FRAMES

/* Of the all-passes. */
#define FDN_DIFFUSION 0.6f

/* What is smaller is 0: a tail that went on would be subnormal in the end. */
#define FDN_TINY 1e-30f

/* Offsets in the state of a stream, in floats. Every delay is a ring of whole cells of the grid, in
 * which position p lies at p modulo its size; since blocks are taken in parts that do not cross the
 * grid, writing never wraps around. */
typedef struct fdn_layout {
    int64_t blocker;                 /* [CHANNELS_MAX], low-pass of every channel */
    int64_t damping;                 /* [LINES] */
    int64_t glide;                   /* doubles */
    int64_t predelay, predelay_size; /* [C][size] */
    int64_t allpass[CLEAVE_FDN_ALLPASSES], allpass_size[CLEAVE_FDN_ALLPASSES]; /* [C][size] */
    int64_t line[FDN_LINES], line_size[FDN_LINES];                             /* [size] */
    int64_t floats;
} fdn_layout;

CLEAVE_INLINE int64_t fdn_ring_size(int64_t delay)
{
    return (cleave_div_up(delay, FDN_CELL) + 1) * FDN_CELL;
}

CLEAVE_INLINE fdn_layout fdn_layout_of(const cleave_fdn_args *a)
{
    const int64_t doubles = cleave_glide_doubles(CLEAVE_FDN_PARAMETERS);
    fdn_layout f;

    f.blocker = 0;
    f.damping = FDN_CELL;
    f.glide = f.damping + FDN_CELL;
    f.predelay = f.glide + cleave_div_up(2 * doubles, FDN_CELL) * FDN_CELL;
    f.predelay_size = a->predelay > 0 ? fdn_ring_size(a->predelay) : 0;
    f.floats = f.predelay + a->channels * f.predelay_size;
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++) {
        f.allpass[i] = f.floats;
        f.allpass_size[i] = fdn_ring_size(a->allpass[i]);
        f.floats += a->channels * f.allpass_size[i];
    }
    for (int l = 0; l < FDN_LINES; l++) {
        f.line[l] = f.floats;
        f.line_size[l] = fdn_ring_size(a->line[l]);
        f.floats += f.line_size[l];
    }
    return f;
}

/* Lines of which channel c is made. */
CLEAVE_INLINE int fdn_lines_of(int channels, int c)
{
    return (FDN_LINES - 1 - c) / channels + 1;
}

#ifdef __cplusplus
}
#endif

#endif
