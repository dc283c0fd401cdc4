/* conv_cases.c: every kind of kernel in small, several blocks of depth, channels and columns,
 * and the layers of the Demucs networks and of Spleeter, cut to a few rows. */
#include "kernels/conv/conv.h"
#include "kernels/cases.h"
#include "kernels/half.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LINEAR CLEAVE_CONV_LINEAR
#define GELU   CLEAVE_CONV_GELU
#define GLU    CLEAVE_CONV_GLU
#define RELU   CLEAVE_CONV_RELU
#define LEAKY  CLEAVE_CONV_LEAKY_RELU
#define ELU    CLEAVE_CONV_ELU
#define SIG    CLEAVE_CONV_SIGMOID
#define BIAS   CLEAVE_CONV_BIAS
#define ALL    (CLEAVE_CONV_BIAS | CLEAVE_CONV_SCALE | CLEAVE_CONV_TABLE | CLEAVE_CONV_RESIDUAL)
#define AFFINE (CLEAVE_CONV_BIAS | CLEAVE_CONV_SCALE | CLEAVE_CONV_TABLE)
#define NORM   CLEAVE_CONV_NORM
#define RNORM  CLEAVE_CONV_ROW_NORM
#define RAW    CLEAVE_CONV_RAW
#define FACTOR CLEAVE_CONV_FACTOR
#define HALF   CLEAVE_CONV_HALF
#define SMALL  CLEAVE_CASE_SMALL
#define BENCH  CLEAVE_CASE_BENCH

typedef struct spec {
    int32_t in_channels, channels;
    int64_t in_rows, in_points;
    int32_t kernel_rows, kernel_points, stride_rows, stride_points, pad_rows, pad_points;
    int32_t dilation, transposed;
    cleave_conv_act act;
    uint32_t uses, flags;
    int64_t more_rows, more_points; /* of out than symmetric padding gives */
    int64_t gap;                    /* floats after each row and each channel */
} spec;

/*   C     M   rows  points   kernel stride  pad  dil  tr  act     uses  flags */
static const spec specs[] = {
    /* points, strides, padding */
    {1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, 0, SMALL, 0, 0, 0},
    {3, 5, 1, 17, 1, 3, 1, 1, 0, 1, 1, 0, LINEAR, BIAS, SMALL, 0, 0, 0},
    {7, 9, 1, 49, 1, 1, 1, 1, 0, 0, 1, 0, GELU, ALL, SMALL, 0, 0, 0},
    {4, 10, 3, 5, 1, 1, 1, 1, 0, 0, 1, 0, GLU, ALL, SMALL, 0, 0, 3},
    {2, 6, 2, 31, 1, 3, 1, 1, 0, 2, 2, 0, LINEAR, BIAS, SMALL, 0, 0, 1},
    {2, 3, 1, 9, 1, 3, 1, 1, 0, 40, 5, 0, LINEAR, BIAS, SMALL, 0, 0, 0},
    {2, 4, 1, 101, 1, 8, 1, 4, 0, 2, 1, 0, GELU, BIAS, SMALL, 0, 0, 0},
    {2, 4, 1, 203, 1, 8, 1, 4, 0, 2, 1, 0, LINEAR, BIAS, SMALL, 0, 1, 2},
    {3, 4, 2, 131, 1, 4, 1, 2, 0, 1, 1, 0, LINEAR, ALL, SMALL, 0, 0, 0},
    {3, 4, 1, 120, 1, 5, 1, 3, 0, 3, 2, 0, LINEAR, BIAS, SMALL, 0, 0, 0},
    {2, 2, 1, 4, 1, 9, 1, 2, 0, 7, 1, 0, GLU, BIAS, SMALL, 0, 0, 0},
    /* rows */
    {2, 5, 9, 19, 8, 1, 4, 1, 2, 0, 1, 0, GELU, BIAS, SMALL, 0, 0, 0},
    {3, 4, 4, 20, 3, 3, 1, 1, 1, 1, 1, 0, GLU, BIAS, SMALL, 0, 0, 0},
    {3, 4, 1, 20, 3, 3, 1, 1, 1, 1, 1, 0, LINEAR, ALL, SMALL, 0, 0, 0},
    {2, 3, 2, 7, 5, 2, 3, 2, 9, 4, 3, 0, LINEAR, ALL, SMALL, 0, 0, 1},
    {2, 3, 3, 7, 2, 2, 1, 1, 3, 0, 1, 0, GELU, ALL, SMALL, 2, 0, 0},
    /* transposed */
    {3, 2, 5, 21, 8, 1, 4, 1, 2, 0, 1, 1, GELU, BIAS, SMALL, 0, 0, 0},
    {3, 2, 1, 50, 1, 8, 1, 4, 0, 2, 1, 1, GELU, ALL, SMALL, 0, 0, 0},
    {3, 2, 1, 50, 1, 8, 1, 4, 0, 2, 1, 1, LINEAR, BIAS, SMALL, 0, -3, 1},
    {2, 5, 1, 33, 1, 4, 1, 2, 0, 1, 1, 1, LINEAR, ALL, SMALL, 0, 0, 0},
    {2, 6, 2, 18, 3, 5, 2, 3, 1, 1, 1, 1, GLU, ALL, SMALL, 0, 0, 0},
    {2, 6, 2, 18, 1, 6, 1, 4, 0, 5, 1, 1, GLU, BIAS, SMALL, 0, 2, 0},
    {2, 3, 2, 9, 1, 1, 3, 3, 0, 0, 1, 1, LINEAR, BIAS, SMALL, 1, 1, 0},
    {2, 3, 3, 9, 4, 2, 4, 1, 0, 0, 1, 1, LINEAR, ALL, SMALL, 3, 9, 0},
    {2, 3, 2, 9, 7, 9, 1, 1, 3, 4, 1, 1, LINEAR, ALL, SMALL, 0, 0, 0},
    {1, 2, 1, 3, 3, 3, 2, 2, 40, 50, 1, 1, LINEAR, BIAS, SMALL, 90, 120, 0},
    {2, 23, 1, 130, 1, 7, 1, 5, 0, 3, 1, 1, GELU, BIAS, 0, 0, 0, 0},
    /* what may follow a sum: each alone, then together */
    {3, 5, 2, 21, 1, 3, 1, 1, 0, 1, 1, 0, RELU, BIAS, SMALL, 0, 0, 1},
    {3, 5, 2, 21, 1, 3, 1, 1, 0, 1, 1, 0, LEAKY, BIAS, SMALL, 0, 0, 1},
    {3, 5, 2, 21, 1, 3, 1, 1, 0, 1, 1, 0, ELU, BIAS, SMALL, 0, 0, 1},
    {3, 5, 2, 21, 1, 3, 1, 1, 0, 1, 1, 0, SIG, BIAS, SMALL, 0, 0, 1},
    {3, 9, 2, 50, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, NORM, SMALL, 0, 0, 0},
    {3, 9, 2, 50, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, RAW, SMALL, 0, 0, 2},
    {3, 9, 2, 50, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, FACTOR, SMALL, 0, 0, 2},
    {3, 9, 2, 50, 1, 1, 1, 1, 0, 0, 1, 0, GELU, NORM | RAW | ALL, SMALL, 0, 0, 1},
    {3, 10, 2, 19, 1, 1, 1, 1, 0, 0, 1, 0, GLU, NORM | ALL, SMALL, 0, 0, 1},
    {3, 10, 2, 19, 1, 1, 1, 1, 0, 0, 1, 0, GLU, NORM | FACTOR | HALF, SMALL, 0, 0, 1},
    {3, 9, 3, 50, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, RNORM, SMALL, 0, 0, 0},
    {3, 10, 3, 48, 1, 1, 1, 1, 0, 0, 1, 0, GLU, RNORM | ALL, SMALL, 0, 0, 1},
    {6, 70, 5, 16, 3, 3, 1, 1, 1, 1, 1, 0, GLU, RNORM | HALF | ALL, SMALL, 0, 0, 0},
    {3, 2, 1, 50, 1, 8, 1, 4, 0, 2, 1, 1, GELU, RNORM | RAW | BIAS, SMALL, 0, 0, 0},
    {2, 6, 2, 18, 3, 5, 2, 3, 1, 1, 1, 1, GLU, RNORM | ALL, SMALL, 0, 0, 0},
    {16, 20, 9, 50, 3, 3, 1, 1, 1, 1, 1, 0, GLU, RNORM | ALL, SMALL, 0, 0, 1},
    {2, 7, 6, 38, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, SMALL, 1, 1, 1},
    {2, 7, 6, 38, 5, 5, 2, 2, 1, 1, 1, 0, LEAKY, NORM | RAW | AFFINE, SMALL, 1, 1, 0},
    {2, 7, 6, 38, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | HALF | BIAS, SMALL, 1, 1, 1},
    {2, 7, 6, 38, 5, 5, 2, 2, 1, 1, 1, 0, LINEAR, BIAS, SMALL, 1, 1, 0},
    {5, 3, 3, 17, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE, SMALL, -1, -1, 0},
    {5, 3, 3, 17, 5, 5, 2, 2, 1, 1, 1, 1, ELU, AFFINE, SMALL, -1, -1, 3},
    {5, 3, 3, 17, 5, 5, 2, 2, 1, 1, 1, 1, ELU, AFFINE | HALF, SMALL, -1, -1, 1},
    {5, 1, 3, 50, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE, SMALL, -1, -1, 0},
    {2, 3, 2, 18, 3, 5, 2, 3, 1, 1, 1, 1, ELU, NORM | RAW | ALL, SMALL, 0, 0, 1},
    {2, 3, 1, 30, 1, 8, 1, 4, 0, 2, 1, 1, SIG, NORM | RAW | FACTOR | AFFINE, SMALL, 0, 0, 1},
    {2, 6, 1, 30, 1, 7, 1, 4, 0, 3, 1, 1, GLU, NORM | ALL, SMALL, 0, 1, 1},
    {2, 3, 2, 9, 3, 2, 2, 4, 0, 0, 1, 1, ELU, NORM | RAW | ALL, SMALL, 0, 2, 1},
    /* dilated rows and points */
    {1, 2, 5, 37, 4, 4, 1, 1, 3, 3, 2, 0, SIG, FACTOR | BIAS, SMALL, 0, 0, 0},
    {1, 2, 5, 37, 4, 4, 1, 1, 3, 3, 2, 0, SIG, FACTOR | BIAS | HALF, SMALL, 0, 0, 2},
    {3, 4, 2, 9, 3, 2, 2, 1, 7, 1, 4, 0, LINEAR, RAW | ALL, SMALL, 2, 0, 1},
    {2, 3, 4, 9, 3, 3, 1, 2, 5, 5, 5, 0, RELU, NORM | BIAS, SMALL, 0, 0, 0},
    /* as many channels as share a tile of the GPU: several tiles and stages, phases, gates */
    {6, 70, 3, 33, 3, 3, 1, 1, 1, 1, 1, 0, GELU, ALL, SMALL, 0, 0, 1},
    {70, 9, 2, 20, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, ALL, SMALL, 0, 0, 0},
    {33, 34, 1, 61, 1, 3, 1, 1, 0, 2, 2, 0, GLU, NORM | ALL, SMALL, 0, 0, 2},
    {6, 150, 2, 40, 1, 1, 1, 1, 0, 0, 1, 0, GLU, BIAS, SMALL, 0, 0, 0},
    {8, 40, 3, 8, 3, 1, 2, 1, 1, 0, 1, 0, SIG, FACTOR | BIAS, SMALL, 0, 4, 0},
    {8, 12, 3, 11, 8, 1, 4, 1, 2, 0, 1, 1, GELU, ALL, SMALL, 0, 0, 0},
    {9, 20, 1, 43, 1, 8, 1, 4, 0, 2, 1, 1, GELU, BIAS, SMALL, 0, -1, 3},
    {5, 10, 3, 11, 5, 5, 2, 2, 1, 1, 1, 1, ELU, NORM | RAW | HALF | ALL, SMALL, -1, -1, 1},
    {6, 12, 2, 9, 3, 20, 4, 18, 0, 5, 1, 1, GLU, NORM | ALL, SMALL, 0, 3, 0},
    {5, 6, 2, 340, 1, 2, 1, 1, 0, 0, 1, 0, RELU, RAW | BIAS, SMALL, 0, 0, 0},
    /* several blocks of depth, channels and columns */
    {70, 130, 2, 353, 1, 1, 1, 1, 0, 0, 1, 0, GELU, ALL, 0, 0, 0, 5},
    {400, 70, 1, 101, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, ALL, 0, 0, 0, 0},
    {65, 150, 3, 49, 3, 3, 1, 1, 1, 1, 1, 0, GLU, BIAS, 0, 0, 0, 0},
    {27, 1100, 1, 98, 1, 1, 1, 1, 0, 0, 1, 0, GLU, ALL, 0, 0, 0, 0},
    {33, 70, 1, 805, 1, 8, 1, 4, 0, 2, 1, 0, GELU, BIAS, 0, 0, 0, 0},
    {60, 34, 6, 99, 8, 1, 4, 1, 2, 0, 1, 1, GELU, BIAS, 0, 0, 0, 0},
    {110, 19, 1, 197, 1, 8, 1, 4, 0, 2, 1, 1, GELU, BIAS, 0, 0, -1, 0},
    {5, 61, 2, 157, 3, 3, 1, 1, 2, 2, 2, 0, GELU, ALL, 0, 0, 0, 1},
    {5, 80, 2, 57, 3, 5, 2, 3, 1, 1, 1, 1, GLU, ALL, 0, 0, 0, 0},
    {48, 6, 4, 336, 1, 3, 1, 1, 0, 2, 2, 0, LINEAR, BIAS, 0, 0, 0, 0},
    {21, 70, 6, 99, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, 0, 1, 1, 1},
    {43, 75, 3, 21, 5, 5, 2, 2, 1, 1, 1, 1, ELU, AFFINE, 0, -1, -1, 0},
    {43, 75, 3, 21, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE | HALF, 0, -1, -1, 0},
    {40, 130, 12, 16, 5, 5, 2, 2, 1, 1, 1, 0, LEAKY, NORM | RAW | BIAS, 0, 1, 1, 0},
    {40, 130, 12, 18, 3, 3, 1, 1, 2, 2, 2, 0, SIG, FACTOR | RAW | AFFINE, 0, 0, 0, 1},
    {130, 30, 6, 9, 5, 5, 2, 2, 1, 1, 1, 1, ELU, RAW | AFFINE, 0, -1, -1, 0},
    {37, 50, 4, 12, 1, 3, 1, 2, 0, 0, 1, 1, ELU, NORM | RAW | ALL, 0, 0, 0, 1},
    {37, 30, 4, 15, 4, 7, 3, 4, 1, 3, 1, 1, ELU, NORM | RAW | ALL, 0, 0, 0, 1},
    /* several blocks of rows that share weights, the last one smaller */
    {6, 70, 41, 16, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, 0, 1, 1, 1},
    {6, 70, 37, 9, 3, 3, 1, 1, 2, 2, 2, 0, GLU, NORM | ALL, 0, 0, 0, 1},
    {5, 75, 21, 9, 5, 5, 2, 2, 1, 1, 1, 1, ELU, RAW | AFFINE, 0, -1, -1, 1},
    {5, 150, 17, 11, 5, 7, 3, 4, 1, 3, 1, 1, GLU, NORM | ALL | HALF, 0, 2, 0, 1},
    {3, 67, 35, 21, 2, 8, 1, 4, 0, 2, 1, 0, SIG, RAW | FACTOR | HALF, 0, 0, 1, 1},
    {3, 67, 19, 7, 3, 1, 2, 2, 1, 0, 1, 0, RELU, RAW | BIAS, 0, 0, 0, 1},
    /* combinations of rows: whole groups and parts of them, several blocks of columns, groups next
     * to each other, tiles, parts of depth; kernels of 2, 3 and 4 rows, strides, residues without a
     * third row, gates, phases of rows, phases of points apart */
    {16, 16, 4, 5, 3, 3, 1, 1, 1, 1, 1, 0, LINEAR, BIAS, SMALL, 0, 0, 0},
    {17, 20, 9, 50, 3, 3, 1, 1, 1, 1, 1, 0, GLU, NORM | ALL, SMALL, 0, 0, 1},
    {16, 19, 11, 21, 3, 1, 1, 1, 0, 0, 1, 0, GELU, RAW | ALL, SMALL, 0, 0, 2},
    {16, 17, 40, 19, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, SMALL, 1, 1, 1},
    {16, 18, 80, 9, 8, 1, 4, 1, 2, 0, 1, 0, GELU, HALF | BIAS, SMALL, 0, 0, 0},
    {16, 18, 18, 9, 8, 1, 4, 1, 2, 0, 1, 1, GELU, HALF | ALL, SMALL, 0, 0, 1},
    {16, 17, 17, 12, 5, 5, 2, 2, 1, 1, 1, 1, ELU, RAW | AFFINE, SMALL, -1, -1, 1},
    {16, 16, 17, 9, 4, 4, 1, 4, 1, 1, 1, 0, SIG, FACTOR | BIAS, SMALL, 0, 0, 0},
    {30, 80, 14, 401, 3, 3, 1, 1, 1, 1, 1, 0, GLU, BIAS, 0, 0, 0, 3},
    {41, 75, 35, 33, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE | HALF, 0, -1, -1, 0},
    {70, 30, 26, 70, 6, 8, 2, 4, 2, 2, 1, 0, LINEAR, ALL, 0, 0, 0, 0},
    {60, 34, 24, 199, 8, 1, 4, 1, 2, 0, 1, 1, GLU, NORM | ALL, 0, 3, 0, 0},
    /* a part of whole pairs of depths, of which 192 are no whole number */
    {54, 18, 9, 30, 3, 7, 1, 1, 1, 3, 1, 0, LINEAR, BIAS, 0, 0, 0, 0},
    /* weights of binary16: few rows and many, gates, phases, parts of depth, an odd depth */
    {7, 9, 1, 49, 1, 1, 1, 1, 0, 0, 1, 0, GELU, HALF | ALL, SMALL, 0, 0, 0},
    {4, 10, 3, 5, 1, 1, 1, 1, 0, 0, 1, 0, GLU, HALF | ALL, SMALL, 0, 0, 3},
    {3, 2, 1, 50, 1, 8, 1, 4, 0, 2, 1, 1, GELU, HALF | ALL, SMALL, 0, 0, 0},
    {2, 6, 2, 18, 3, 5, 2, 3, 1, 1, 1, 1, GLU, HALF | ALL, SMALL, 0, 0, 0},
    {2, 3, 2, 7, 5, 2, 3, 2, 9, 4, 3, 0, LINEAR, HALF | BIAS, SMALL, 0, 0, 1},
    {401, 70, 1, 101, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, HALF | ALL, 0, 0, 0, 0},
    {397, 40, 1, 101, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, HALF | BIAS, 0, 0, 0, 0},
    {65, 150, 3, 49, 3, 3, 1, 1, 1, 1, 1, 0, GLU, HALF | BIAS, 0, 0, 0, 0},
    {27, 1100, 1, 98, 1, 1, 1, 1, 0, 0, 1, 0, GLU, HALF | ALL, 0, 0, 0, 0},
    {33, 70, 1, 805, 1, 8, 1, 4, 0, 2, 1, 0, GELU, HALF | BIAS, 0, 0, 0, 0},
    {60, 34, 6, 99, 8, 1, 4, 1, 2, 0, 1, 1, GELU, HALF | BIAS, 0, 0, 0, 0},
    {110, 19, 1, 197, 1, 8, 1, 4, 0, 2, 1, 1, GELU, HALF | BIAS, 0, 0, -1, 0},
    /* linear layers of the transformer */
    {512, 512, 1, 672, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, BIAS | CLEAVE_CONV_SCALE, BENCH, 0, 0, 0},
    {2048, 512, 1, 96, 1, 1, 1, 1, 0, 0, 1, 0, LINEAR, ALL, BENCH, 0, 0, 0},
    {512, 2048, 1, 96, 1, 1, 1, 1, 0, 0, 1, 0, GELU, BIAS, BENCH, 0, 0, 0},
    /* rewrite of encoders: in rows, in one long row */
    {48, 96, 16, 336, 1, 1, 1, 1, 0, 0, 1, 0, GLU, BIAS, BENCH, 0, 0, 0},
    {384, 768, 1, 336, 1, 1, 1, 1, 0, 0, 1, 0, GLU, BIAS, BENCH, 0, 0, 0},
    {96, 192, 1, 2016, 1, 1, 1, 1, 0, 0, 1, 0, GLU, BIAS, BENCH, 0, 0, 0},
    /* rewrite of decoders */
    {48, 96, 4, 336, 3, 3, 1, 1, 1, 1, 1, 0, GLU, BIAS, BENCH, 0, 0, 0},
    {96, 192, 2, 336, 3, 3, 1, 1, 1, 1, 1, 0, GLU, BIAS, BENCH, 0, 0, 0},
    {384, 768, 1, 96, 1, 3, 1, 1, 0, 1, 1, 0, GLU, BIAS, BENCH, 0, 0, 0},
    /* down and up again, by rows and by points */
    {48, 96, 32, 336, 8, 1, 4, 1, 2, 0, 1, 0, GELU, BIAS, BENCH, 0, 0, 0},
    {48, 96, 1, 5376, 1, 8, 1, 4, 0, 2, 1, 0, GELU, BIAS, BENCH, 0, 0, 0},
    {2, 48, 1, 42992, 1, 8, 1, 4, 0, 2, 1, 0, GELU, BIAS, BENCH, 0, 0, 0},
    {96, 48, 4, 336, 8, 1, 4, 1, 2, 0, 1, 1, GELU, BIAS, BENCH, 0, 0, 0},
    {96, 48, 1, 1344, 1, 8, 1, 4, 0, 2, 1, 1, GELU, BIAS, BENCH, 0, 0, 0},
    {48, 16, 16, 336, 8, 1, 4, 1, 2, 0, 1, 1, LINEAR, BIAS, BENCH, 0, 0, 0},
    {48, 8, 1, 5376, 1, 8, 1, 4, 0, 2, 1, 1, LINEAR, BIAS, BENCH, 0, 0, 0},
    /* the residual branch */
    {48, 6, 32, 336, 1, 3, 1, 1, 0, 1, 1, 0, LINEAR, BIAS, BENCH, 0, 0, 0},
    {192, 24, 16, 336, 1, 3, 1, 1, 0, 2, 2, 0, LINEAR, BIAS, BENCH, 0, 0, 0},
    {6, 96, 32, 336, 1, 1, 1, 1, 0, 0, 1, 0, GLU, RNORM | ALL, BENCH, 0, 0, 0},
    {24, 384, 16, 336, 1, 1, 1, 1, 0, 0, 1, 0, GLU, RNORM | ALL, BENCH, 0, 0, 0},
    /* a U-Net of 5x5 kernels, down and up again, and its head */
    {2, 16, 32, 1024, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, BENCH, 1, 1, 0},
    {16, 32, 16, 512, 5, 5, 2, 2, 1, 1, 1, 0, LEAKY, NORM | RAW | BIAS, BENCH, 1, 1, 0},
    {32, 64, 16, 256, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, BENCH, 1, 1, 0},
    {64, 128, 16, 128, 5, 5, 2, 2, 1, 1, 1, 0, LEAKY, NORM | RAW | BIAS, BENCH, 1, 1, 0},
    {128, 256, 16, 64, 5, 5, 2, 2, 1, 1, 1, 0, ELU, NORM | RAW | BIAS, BENCH, 1, 1, 0},
    {256, 512, 16, 32, 5, 5, 2, 2, 1, 1, 1, 0, LINEAR, BIAS, BENCH, 1, 1, 0},
    {512, 256, 8, 16, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE, BENCH, -1, -1, 0},
    {512, 128, 8, 32, 5, 5, 2, 2, 1, 1, 1, 1, ELU, AFFINE, BENCH, -1, -1, 0},
    {256, 64, 8, 64, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE, BENCH, -1, -1, 0},
    {128, 32, 8, 128, 5, 5, 2, 2, 1, 1, 1, 1, ELU, AFFINE, BENCH, -1, -1, 0},
    {64, 16, 8, 256, 5, 5, 2, 2, 1, 1, 1, 1, RELU, AFFINE, BENCH, -1, -1, 0},
    {32, 1, 16, 512, 5, 5, 2, 2, 1, 1, 1, 1, ELU, AFFINE, BENCH, -1, -1, 0},
    {1, 2, 16, 1024, 4, 4, 1, 1, 3, 3, 2, 0, SIG, FACTOR | BIAS, BENCH, 0, 0, 0},
};

static int64_t out_size(const spec *s, int64_t in, int64_t kernel, int64_t stride, int64_t pad)
{
    if (s->transposed)
        return (in - 1) * stride + kernel - 2 * pad;
    return (in + 2 * pad - s->dilation * (kernel - 1) - 1) / stride + 1;
}

static cleave_conv_args args_of(const spec *s)
{
    cleave_conv_args a = {.in_channels = s->in_channels,
                          .channels = s->channels,
                          .in_rows = s->in_rows,
                          .in_points = s->in_points,
                          .kernel_rows = s->kernel_rows,
                          .kernel_points = s->kernel_points,
                          .stride_rows = s->stride_rows,
                          .stride_points = s->stride_points,
                          .dilation = s->dilation,
                          .pad_rows = s->pad_rows,
                          .pad_points = s->pad_points,
                          .transposed = s->transposed,
                          .act = s->act,
                          .uses = s->uses};

    a.out_rows =
        s->more_rows + out_size(s, s->in_rows, s->kernel_rows, s->stride_rows, s->pad_rows);
    a.out_points = s->more_points +
                   out_size(s, s->in_points, s->kernel_points, s->stride_points, s->pad_points);
    a.in_row_stride = a.in_points + s->gap;
    a.in_channel_stride = a.in_rows * a.in_row_stride + s->gap;
    a.out_row_stride = a.out_points + s->gap;
    a.out_channel_stride = a.out_rows * a.out_row_stride + s->gap;
    return a;
}

/* The value of binary16 next to `value`; every fifth is made a subnormal one. */
static float half_value(float value, int64_t i)
{
    return cleave_half_to_float(cleave_half_from_float(i % 5 ? value : value * 0x1p-14f));
}

/* Input with NaN where nothing may be read; weights such that sums are about as large as inputs. */
static void fill(const cleave_case *test, int operand, float *data, int64_t count)
{
    cleave_conv_args a;

    memcpy(&a, test->args.bytes, sizeof a);
    const float size =
        1.7f / sqrtf((float)a.in_channels * (float)a.kernel_rows * (float)a.kernel_points);
    for (int64_t i = 0; i < count; i++) {
        data[i] = cleave_case_uniform((uint64_t)operand + 1, i) * (operand == 1 ? size : 1);
        if (operand == 1 && a.uses & CLEAVE_CONV_HALF)
            data[i] = half_value(data[i], i);
        if (operand == 0 && (i % a.in_channel_stride >= a.in_rows * a.in_row_stride ||
                             i % a.in_channel_stride % a.in_row_stride >= a.in_points))
            data[i] = NAN;
    }
}

int cleave_conv_cases(int index, cleave_case *out)
{
    static const char *const act[] = {"", " gelu", " glu", " relu", " leaky", " elu", " sigmoid"};

    if (index < 0 || index >= (int)(sizeof specs / sizeof specs[0]))
        return 0;
    const spec *const s = &specs[index];
    const cleave_conv_args a = args_of(s);
    const double taps = (double)a.kernel_rows * (double)a.kernel_points;
    const double depth = (double)a.in_channels * taps;

    memset(out, 0, sizeof *out);
    memcpy(out->args.bytes, &a, sizeof a);
    snprintf(out->label, sizeof out->label, "%d>%d %dx%d/%dx%d%s%s %lldx%lld", (int)a.in_channels,
             (int)a.channels, (int)a.kernel_rows, (int)a.kernel_points, (int)a.stride_rows,
             (int)a.stride_points, a.transposed ? "t" : "", act[a.act], (long long)a.in_rows,
             (long long)a.in_points);
    /* A sum of n products of random sign grows like sqrt(n), and the roundings of its steps, rarely
     * more than half of 2^-24 of the running sum, to sqrt(n / 2) / 2 such units of the result; n is
     * bounded by the variants' chains. Two units are for what follows the sum. Combinations of rows
     * and of sums, some larger than what becomes of them, have 1.7 times the error. */
    out->limit =
        (2 + (cleave_conv_group_rows(&a) ? 1.7 : 1) * sqrt(fmin(depth, 192) / 2) / 2) * 0x1p-24;
    out->flags = s->flags;
    out->fill = fill;
    return 1;
}
