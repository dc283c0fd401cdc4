/* conv.h: convolution over rows and points, its transpose, and the linear layer, with what follows
 * it in the same pass. */
#ifndef CLEAVE_KERNELS_CONV_H
#define CLEAVE_KERNELS_CONV_H

#include "kernels/ops.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cleave_conv_act {
    CLEAVE_CONV_LINEAR,     /* a[m] = u[m]; O = M, as for all but GLU */
    CLEAVE_CONV_GELU,       /* a[m] = u[m] Phi(u[m]), Phi the normal distribution function */
    CLEAVE_CONV_GLU,        /* a[m] = u[m] / (1 + exp(-u[O + m])); O = M / 2 */
    CLEAVE_CONV_RELU,       /* a[m] = max(u[m], 0) */
    CLEAVE_CONV_LEAKY_RELU, /* a[m] = u[m], or 0.2 u[m] below 0 */
    CLEAVE_CONV_ELU,        /* a[m] = u[m], or exp(u[m]) - 1 below 0 */
    CLEAVE_CONV_SIGMOID     /* a[m] = 1 / (1 + exp(-u[m])) */
} cleave_conv_act;

/* What is used of the optional operands; the pointers of the others are ignored. */
#define CLEAVE_CONV_BIAS     1u
#define CLEAVE_CONV_SCALE    2u
#define CLEAVE_CONV_TABLE    4u
#define CLEAVE_CONV_RESIDUAL 8u
/* Every weight is a value of binary16: the prepared table may keep it as one, in half the memory.
 * The results are the same to the bit. */
#define CLEAVE_CONV_HALF 16u
/* u[m] = norm_scale[m] v[m] + norm_shift[m]; without it, u[m] = v[m]. */
#define CLEAVE_CONV_NORM 32u
/* v is a result too. Not with GLU. */
#define CLEAVE_CONV_RAW 64u
/* The result is multiplied by `factor`. Not with RESIDUAL. */
#define CLEAVE_CONV_FACTOR 128u
/* As NORM, of each row of out, and not constant. Not with NORM. */
#define CLEAVE_CONV_ROW_NORM 256u

/* v[m][i][j] = bias[m] + sum_c sum_a sum_b weight[m][c][a][b] in[c][i'][j'],
 *              i' = i stride_rows + a dilation - pad_rows,
 *              j' = j stride_points + b dilation - pad_points,
 *
 * with zeros outside of `in`; transposed, for dilation 1:
 *
 * v[m][i][j] = bias[m] + sum over all c, i', j', a, b with i' stride_rows + a - pad_rows = i and
 *              j' stride_points + b - pad_points = j of weight[c][m][a][b] in[c][i'][j']
 *
 * out[o][i][j] = residual[o][i][j] + scale[o] a[o][i][j] + table[o][i], or
 * out[o][i][j] = factor[o][i][j] (scale[o] a[o][i][j] + table[o][i])
 *
 * Tensors are planar: channel, row, point; points are contiguous. The linear layer is the case of
 * one row and a kernel of one point. Cross-correlation, as in PyTorch. */
typedef struct cleave_conv_args {
    const float *in; /* [C][in_rows][in_points] with strides */
    /* Constants, read by prepare() only, whose table depends on in_channels, channels, the kernel,
     * its strides and dilation, transposed, act, uses and out_rows, not on points, in_rows or
     * padding: a plan for another length shares it. */
    const float *weight; /* [M][C][kernel_rows][kernel_points]; transposed: [C][M][..][..] */
    const float *bias;   /* [M] */
    const float *scale;  /* [O] */
    const float *table;  /* [O][out_rows] */
    const float *norm_scale, *norm_shift; /* [M] */
    /* Not constant any more. */
    const float *row_norm; /* [out_rows][2][M]: scales of a row, then its shifts (linear_norm.h) */
    const float *residual; /* [O][out_rows][out_points], strides of out; may be out */
    const float *factor;   /* [O][out_rows][out_points], strides of out */
    float *raw;            /* [M][out_rows][out_points], strides of out */
    float *out;            /* [O][out_rows][out_points] with strides; not overlap otherwise */
    int32_t in_channels;   /* C >= 1 */
    int32_t channels;      /* M >= 1; even for GLU */
    int64_t in_rows, in_points;
    int64_t in_channel_stride, in_row_stride; /* >= in_rows in_row_stride, >= in_points */
    int64_t out_rows, out_points;
    int64_t out_channel_stride, out_row_stride; /* >= out_rows out_row_stride, >= out_points */
    int32_t kernel_rows, kernel_points;         /* >= 1 */
    int32_t stride_rows, stride_points;         /* >= 1 */
    int32_t dilation;             /* of the kernel, rows and points alike, >= 1; 1 if transposed */
    int32_t pad_rows, pad_points; /* >= 0; transposed: what is cut off at the beginning */
    int32_t transposed;
    cleave_conv_act act;
    uint32_t uses; /* CLEAVE_CONV_BIAS ... */
} cleave_conv_args;

/* Channels of out. */
CLEAVE_INLINE int32_t cleave_conv_out_channels(const cleave_conv_args *a)
{
    return a->act == CLEAVE_CONV_GLU ? a->channels / 2 : a->channels;
}

/* Points of `out` that one place of the kernel serves: a transposed convolution writes
 * stride_points of them from the same points of `in`, each by other taps. */
CLEAVE_INLINE int64_t cleave_conv_phases(const cleave_conv_args *a)
{
    return a->transposed ? a->stride_points : 1;
}

/* Whether the phases have matrices of their own: with unequal numbers of taps a common one would
 * multiply by zeros. Few channels fill a tile of the product only together. */
CLEAVE_INLINE int cleave_conv_apart(const cleave_conv_args *a)
{
    return a->transposed && a->stride_points <= 4 && a->kernel_points % a->stride_points != 0 &&
           cleave_conv_out_channels(a) >= 8;
}

/* Column n covers the points n phases + cleave_conv_lead() .. of `out`, so many as there are
 * phases, as far as they exist: a place of the kernel or, where the phases are apart, those that
 * are next to each other. */
CLEAVE_INLINE int64_t cleave_conv_columns(const cleave_conv_args *a)
{
    const int64_t phases = cleave_conv_phases(a);
    const int64_t pad = a->transposed && !cleave_conv_apart(a) ? a->pad_points : 0;

    return (pad + a->out_points - 1) / phases - pad / phases + 1;
}

CLEAVE_INLINE int64_t cleave_conv_lead(const cleave_conv_args *a)
{
    return a->transposed && !cleave_conv_apart(a) ? -(int64_t)(a->pad_points % a->stride_points)
                                                  : 0;
}

/* An item is a block of out channels by a block of rows by a block of columns; blocks of channels
 * are next to each other, so that a call that has several of them prepares their common input once.
 * Columns are parted finer where that takes to give every thread some. Rows of few columns are
 * taken together, to use weights more than once; then it is channels that are parted finer. */
#define CLEAVE_CONV_COLUMNS_MAX 336 /* of a block, all of its rows together */
#define CLEAVE_CONV_ROWS_MAX    16  /* of a block, that have the same matrix */

/* Rows of out that are made together from CLEAVE_CONV_FORMS combinations of rows of `in` (see
 * conv_winograd.h), and 0 where that is not done: it has to save a fifth of the products, and there
 * have to be enough of them for the combining not to matter. */
#define CLEAVE_CONV_FORMS         6
#define CLEAVE_CONV_FORM_COLUMNS  192 /* of a block, its groups of rows together */
#define CLEAVE_CONV_FORM_GROUPS   12
#define CLEAVE_CONV_FORM_CHANNELS 16 /* of in and of the sums, at least */
#define CLEAVE_CONV_FORM_TAPS     8  /* of a row, at most */

CLEAVE_INLINE int64_t cleave_conv_group_rows(const cleave_conv_args *a)
{
    const int64_t stride = a->stride_points, taps = cleave_div_up(a->kernel_rows, a->stride_rows);
    const int64_t phases = a->transposed ? a->stride_rows : 1;
    const int64_t group = CLEAVE_CONV_FORMS + 1 - taps;

    if (taps < 2 || taps > 4 || a->dilation != 1 || a->in_channels < CLEAVE_CONV_FORM_CHANNELS ||
        a->channels < CLEAVE_CONV_FORM_CHANNELS || a->kernel_points > CLEAVE_CONV_FORM_TAPS)
        return 0;
    if (a->transposed ? stride != 1 && !cleave_conv_apart(a)
                      : (stride != 1 && stride != 2 && stride != 4) || a->kernel_points < stride)
        return 0;
    const int64_t rows = cleave_div_up(a->out_rows, phases), groups = cleave_div_up(rows, group);
    const int64_t forms = CLEAVE_CONV_FORMS * a->stride_rows * groups;
    /* Few rows use a table that is larger by a fifth or more too rarely. */
    if (a->stride_rows > 1 && rows < 16)
        return 0;
    return 4 * a->kernel_rows * a->out_rows >= 5 * forms * phases ? group : 0;
}

CLEAVE_INLINE int64_t cleave_conv_block_rows(const cleave_conv_args *a)
{
    const int64_t wide = CLEAVE_CONV_COLUMNS_MAX, matrices = a->transposed ? a->stride_rows : 1;
    const int64_t columns = cleave_conv_columns(a), group = cleave_conv_group_rows(a) * matrices;
    const int64_t most = cleave_i64_min(wide / columns, CLEAVE_CONV_ROWS_MAX);

    if (group) {
        const int64_t groups =
            cleave_i64_min(CLEAVE_CONV_FORM_COLUMNS / columns, CLEAVE_CONV_FORM_GROUPS);
        const int64_t there = cleave_div_up(a->out_rows, group);
        return group * cleave_i64_max(1, cleave_i64_min(groups, there));
    }
    if (most < 2)
        return 1;
    const int64_t blocks = cleave_div_up(a->out_rows, most * matrices);
    return cleave_i64_min(cleave_div_up(cleave_div_up(a->out_rows, blocks), matrices) * matrices,
                          a->out_rows);
}

CLEAVE_INLINE int64_t cleave_conv_row_blocks(const cleave_conv_args *a)
{
    return cleave_div_up(a->out_rows, cleave_conv_block_rows(a));
}

CLEAVE_INLINE int64_t cleave_conv_block_channels(const cleave_conv_args *a)
{
    const int64_t all = cleave_conv_out_channels(a) * cleave_conv_phases(a);
    const int64_t items = cleave_div_up(all, 64) * cleave_conv_row_blocks(a);
    const int64_t sums = cleave_conv_block_rows(a) > 1 && items < 64 ? 16 : 64;

    return cleave_i64_max(1, sums / cleave_conv_phases(a));
}

CLEAVE_INLINE int64_t cleave_conv_channel_blocks(const cleave_conv_args *a)
{
    return cleave_div_up(cleave_conv_out_channels(a), cleave_conv_block_channels(a));
}

CLEAVE_INLINE int64_t cleave_conv_block_columns(const cleave_conv_args *a)
{
    const int64_t wide = CLEAVE_CONV_COLUMNS_MAX, narrow = 96;
    const int64_t rows = cleave_conv_channel_blocks(a) * cleave_conv_row_blocks(a);

    if (cleave_conv_group_rows(a))
        return CLEAVE_CONV_FORM_COLUMNS;
    if (cleave_conv_block_rows(a) > 1)
        return wide;
    return rows * cleave_div_up(cleave_conv_columns(a), wide) < 64 ? narrow : wide;
}

CLEAVE_INLINE int64_t cleave_conv_column_blocks(const cleave_conv_args *a)
{
    return cleave_div_up(cleave_conv_columns(a), cleave_conv_block_columns(a));
}

extern const cleave_op cleave_conv_op;
extern const cleave_kernel cleave_conv_ref;
extern const cleave_kernel cleave_conv_avx2;
extern const cleave_kernel cleave_conv_avx512;
extern const cleave_kernel cleave_conv_avx512bf16;
extern const cleave_kernel cleave_conv_neon;
extern const cleave_kernel cleave_conv_cuda;
/* Factors rounded to these formats, sums in float. */
extern const cleave_kernel cleave_conv_cuda_tf32;
extern const cleave_kernel cleave_conv_cuda_bf16;
extern const cleave_kernel cleave_conv_cuda_fp16;

#ifdef __cplusplus
}
#endif

#endif
