/* linear_norm_table.h: what of a linear layer its norm depends on; shared by the kernels that do
 * not make the layer's values.
 *
 * With means g and covariances K of the rows of `in`, and w[m] a row of the weights,
 *
 * mean       = average over m of (w[m] g + bias[m])
 * M variance = sum_m (w[m]' K w[m]) + sum_m (w[m] g + bias[m] - mean)^2
 *            = sum_ab pair[a][b] K[a][b] + (sum_ab spread[a][b] g[a] g[b] + 2 slope g + offset)
 *
 * where pair is the sum of the products w[m][a] w[m][b], spread that of their distances from the
 * average row, slope and offset those of the distances of weights and biases from their averages.
 */
#ifndef CLEAVE_KERNELS_LINEAR_NORM_TABLE_H
#define CLEAVE_KERNELS_LINEAR_NORM_TABLE_H

#include "kernels/linear_norm/linear_norm.h"

/* Triangles are [a][b] with b <= a; an element off the diagonal counts for both sides. */
typedef struct cleave_linear_norm_table {
    const double *pair, *spread;          /* triangles */
    const double *weight;                 /* [C], averages over m */
    const double *slope;                  /* [C] */
    const double *bias, *offset;          /* one value each */
    const float *norm_weight, *norm_bias; /* [M] */
    size_t bytes;
} cleave_linear_norm_table;

CLEAVE_INLINE int64_t cleave_linear_norm_pairs(int64_t channels)
{
    return channels * (channels + 1) / 2;
}

CLEAVE_INLINE cleave_linear_norm_table cleave_linear_norm_table_of(const cleave_linear_norm_args *a,
                                                                   const void *prepared)
{
    const int64_t C = a->in_channels, M = a->channels, pairs = cleave_linear_norm_pairs(C);
    cleave_linear_norm_table t;

    t.pair = (const double *)prepared;
    t.spread = t.pair + pairs;
    t.weight = t.spread + pairs;
    t.slope = t.weight + C;
    t.bias = t.slope + C;
    t.offset = t.bias + 1;
    t.norm_weight = (const float *)(t.offset + 1);
    t.norm_bias = t.norm_weight + M;
    t.bytes = (size_t)(2 * pairs + 2 * C + 2) * sizeof(double) + (size_t)(2 * M) * sizeof(float);
    return t;
}

CLEAVE_INLINE size_t cleave_linear_norm_prepared_bytes(const void *args)
{
    return cleave_linear_norm_table_of((const cleave_linear_norm_args *)args, NULL).bytes;
}

CLEAVE_INLINE void cleave_linear_norm_prepare(const void *args, void *prepared)
{
    const cleave_linear_norm_args *const a = (const cleave_linear_norm_args *)args;
    const cleave_linear_norm_table t = cleave_linear_norm_table_of(a, prepared);
    const int64_t C = a->in_channels, M = a->channels;
    double *const weight = (double *)t.weight, *const bias = (double *)t.bias;
    double *pair = (double *)t.pair, *spread = (double *)t.spread;

    for (int64_t c = 0; c < C; c++) {
        weight[c] = 0;
        for (int64_t m = 0; m < M; m++)
            weight[c] += (double)a->weight[m * C + c] / (double)M;
    }
    *bias = 0;
    for (int64_t m = 0; m < M; m++)
        *bias += (double)a->bias[m] / (double)M;
    *(double *)t.offset = 0;
    for (int64_t m = 0; m < M; m++)
        *(double *)t.offset += ((double)a->bias[m] - *bias) * ((double)a->bias[m] - *bias);
    for (int64_t c = 0; c < C; c++) {
        double *const slope = (double *)t.slope + c;
        *slope = 0;
        for (int64_t m = 0; m < M; m++)
            *slope += ((double)a->weight[m * C + c] - weight[c]) * ((double)a->bias[m] - *bias);
    }
    for (int64_t x = 0; x < C; x++)
        for (int64_t y = 0; y <= x; y++, pair++, spread++) {
            const double sides = x == y ? 1 : 2;
            *pair = *spread = 0;
            for (int64_t m = 0; m < M; m++) {
                const double u = (double)a->weight[m * C + x], v = (double)a->weight[m * C + y];
                *pair += sides * u * v;
                *spread += sides * (u - weight[x]) * (v - weight[y]);
            }
        }
    for (int64_t m = 0; m < M; m++) {
        ((float *)t.norm_weight)[m] = a->norm_weight[m];
        ((float *)t.norm_bias)[m] = a->norm_bias[m];
    }
}

#endif
