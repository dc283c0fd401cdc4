/* dither_row.h: the noise and the recursion: what all variants have in common. */
#ifndef CLEAVE_KERNELS_DITHER_ROW_H
#define CLEAVE_KERNELS_DITHER_ROW_H

#include "kernels/dither/dither.h"

#include <math.h>

#define TAPS 5

/* A bijection of 32 bits that mixes well (Wellons, "Prospecting for hash functions", 2018:
 * lowbias32). */
CLEAVE_INLINE uint32_t dither_hash(uint32_t x)
{
    x = (x ^ (x >> 16)) * 0x7feb352du;
    x = (x ^ (x >> 15)) * 0x846ca68bu;
    return x ^ (x >> 16);
}

/* What r of a row hangs on besides the lower half of the position. */
CLEAVE_INLINE uint32_t dither_key(const cleave_dither_args *a, int64_t row, int64_t position)
{
    const uint32_t high = (uint32_t)((uint64_t)position >> 32);

    return dither_hash(dither_hash(a->seed + 0x9e3779b9u * (uint32_t)row) + high);
}

/* The sum of two numbers of 16 bits, centred. */
CLEAVE_INLINE float dither_noise(uint32_t key, uint32_t position)
{
    const uint32_t bits = dither_hash(position ^ key);

    return (float)((int32_t)((bits & 0xffff) + (bits >> 16)) - 0xffff) * 0x1p-16f;
}

/* `count` frames whose r is noise[]. */
CLEAVE_INLINE void dither_frames(const cleave_dither_args *a, float *state, const float *noise,
                                 const float *in, float *out, int64_t count)
{
    const double c1 = a->shaped ? 520.0 / 256 : 0, c2 = a->shaped ? -554.0 / 256 : 0;
    const double c3 = a->shaped ? 502.0 / 256 : 0, c4 = a->shaped ? -407.0 / 256 : 0;
    const double c5 = a->shaped ? 157.0 / 256 : 0;
    const double scale = (double)((int64_t)1 << (a->bits - 1)), step = 1 / scale;
    double e1 = (double)state[0], e2 = (double)state[1], e3 = (double)state[2];
    double e4 = (double)state[3], e5 = (double)state[4];

    for (int64_t i = 0; i < count; i++) {
        const double x = rint((double)in[i] * (scale * 0x1p20)) * 0x1p-20;
        const double sum = c2 * e2 + (c3 * e3 + (c4 * e4 + c5 * e5)) + c1 * e1;
        const double v = x - rint(sum * 0x1p20) * 0x1p-20;
        const double q = rint(v + (double)noise[i]);
        e5 = e4;
        e4 = e3;
        e3 = e2;
        e2 = e1;
        e1 = q - v;
        out[i] = (float)((q < -scale ? -scale : q > scale - 1 ? scale - 1 : q) * step);
    }
    state[0] = (float)e1;
    state[1] = (float)e2;
    state[2] = (float)e3;
    state[3] = (float)e4;
    state[4] = (float)e5;
}

#endif
