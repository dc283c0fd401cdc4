/* normalize.h: norms over groups of channels from moments of their rows, with what follows. */
#ifndef CLEAVE_KERNELS_NORMALIZE_H
#define CLEAVE_KERNELS_NORMALIZE_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cleave_normalize_kind {
    CLEAVE_NORMALIZE_GROUP,    /* n = (x - mean) / sqrt(variance + epsilon) weight[c] + bias[c] */
    CLEAVE_NORMALIZE_STANDARD, /* n = (x - mean) / (deviation + epsilon) */
    CLEAVE_NORMALIZE_RESTORE   /* n = x deviation + mean */
} cleave_normalize_kind;

typedef enum cleave_normalize_act {
    CLEAVE_NORMALIZE_LINEAR, /* a[c] = n[c]; O = C */
    CLEAVE_NORMALIZE_GELU,   /* a[c] = n[c] Phi(n[c]); O = C */
    CLEAVE_NORMALIZE_GLU     /* a[c] = n[c] / (1 + exp(-n[O + c])); O = C / 2 */
} cleave_normalize_act;

#define CLEAVE_NORMALIZE_SCALE    1u
#define CLEAVE_NORMALIZE_RESIDUAL 2u

/* out[o][r][p] = residual[o][r][p] + scale[o] a[o][r][p]
 *
 * `variance` is that of all values of the group (divided by their number), `deviation` the root of
 * the unbiased one (divided by their number less one; 0 for one value). A set of values that share
 * mean and variance is moment_channels / groups consecutive channels, of one row (per_row) or of
 * all rows. The moments are those of each channel's rows (moments.h): [moment_channels][R][2] over
 * P values each if per_row, else [moment_channels][2] over R P values each. They need not be those
 * of `in`: RESTORE undoes the STANDARD of another tensor, with the moments of that
 * (moment_points values each). */
typedef struct cleave_normalize_args {
    const float *in;       /* [C][R][P] */
    const float *moments;  /* see above */
    const float *weight;   /* [C]; GROUP only, as is the next */
    const float *bias;     /* [C] */
    const float *scale;    /* [O]; optional */
    const float *residual; /* [O][R][P], stride of out; optional */
    float *out;            /* [O][R][P] with a stride; may be residual or, if neither differs in
                            * channels and stride, in; not overlap otherwise */
    int32_t channels;      /* C >= 1; even for GLU */
    int32_t groups;        /* divides moment_channels; 1 unless kind is GROUP */
    int32_t moment_channels; /* C for GROUP */
    int64_t rows, points;    /* R, P >= 1 */
    int64_t out_channel_stride; /* >= R P */
    int64_t moment_points;   /* values of each pair of moments */
    int32_t per_row;
    float epsilon;
    cleave_normalize_kind kind;
    cleave_normalize_act act;
    uint32_t uses; /* CLEAVE_NORMALIZE_SCALE ... */
} cleave_normalize_args;

CLEAVE_INLINE int32_t cleave_normalize_out_channels(const cleave_normalize_args *a)
{
    return a->act == CLEAVE_NORMALIZE_GLU ? a->channels / 2 : a->channels;
}

/* An item is a box of about CLEAVE_NORMALIZE_BLOCK out values. Rows count as one where they share
 * their moments (per_row is 0): R is then 1 and P all their points. Few rows make a box, so that
 * their moments are combined once for many channels; it goes through the rows last, hence items
 * that follow one another mostly share them. */
#define CLEAVE_NORMALIZE_BLOCK 8192
#define CLEAVE_NORMALIZE_ROWS  8

typedef struct cleave_normalize_box {
    int64_t row, rows;         /* first, and how many */
    int64_t channel, channels; /* of the out channels */
    int64_t point, points;
    int64_t row_points; /* P as above */
    int64_t count;      /* boxes in all */
} cleave_normalize_box;

CLEAVE_INLINE cleave_normalize_box cleave_normalize_box_of(const cleave_normalize_args *a,
                                                           int64_t item)
{
    const int64_t R = a->per_row ? a->rows : 1, P = a->per_row ? a->points : a->rows * a->points;
    const int64_t O = cleave_normalize_out_channels(a);
    const int64_t points = cleave_i64_min(P, CLEAVE_NORMALIZE_BLOCK);
    const int64_t rows =
        cleave_i64_min(cleave_i64_min(R, CLEAVE_NORMALIZE_ROWS), CLEAVE_NORMALIZE_BLOCK / points);
    const int64_t channels = cleave_i64_min(O, CLEAVE_NORMALIZE_BLOCK / (rows * points));
    const int64_t across = cleave_div_up(P, points), down = cleave_div_up(O, channels);
    cleave_normalize_box b;

    b.row = item / (across * down) * rows;
    b.channel = item / across % down * channels;
    b.point = item % across * points;
    b.rows = cleave_i64_min(rows, R - b.row);
    b.channels = cleave_i64_min(channels, O - b.channel);
    b.points = cleave_i64_min(points, P - b.point);
    b.row_points = P;
    b.count = across * down * cleave_div_up(R, rows);
    return b;
}

extern const cleave_op cleave_normalize_op;
extern const cleave_kernel cleave_normalize_ref, cleave_normalize_avx2, cleave_normalize_avx512,
    cleave_normalize_neon, cleave_normalize_cuda;

#ifdef __cplusplus
}
#endif

#endif
