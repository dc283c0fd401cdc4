/* attention_float.h: both products in float32; include a simd header and define TILE_ROWS first. */
#ifndef CLEAVE_KERNELS_ATTENTION_FLOAT_H
#define CLEAVE_KERNELS_ATTENTION_FLOAT_H

#include "kernels/attention/attention_block.h"

/* The products of row and column n: the sums of those before it with them or, to begin with, the
 * sums. */
SIMD_INLINE void multiply_step(const float *row, const float *columns, int begin,
                               simd_f32 sum[TILE_ROWS][TILE_VECTORS])
{
    simd_f32 column[TILE_VECTORS];

#pragma GCC unroll 3
    for (int x = 0; x < TILE_VECTORS; x++)
        column[x] = simd_load_aligned(columns + x * SIMD_LANES);
#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++) {
        const simd_f32 one = simd_set1(row[r]);
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++)
            sum[r][x] = begin ? simd_mul(one, column[x]) : simd_fma(one, column[x], sum[r][x]);
    }
}

/* sum[r][x] = sum_n rows[n GROUP + r] columns[n TILE_QUERIES + x], `count` products, at least 1. */
SIMD_INLINE void multiply(const float *rows, const float *columns, int64_t count,
                          simd_f32 sum[TILE_ROWS][TILE_VECTORS])
{
    multiply_step(rows, columns, 1, sum);
    for (int64_t n = 1; n < count; n++)
        multiply_step(rows + n * GROUP, columns + n * TILE_QUERIES, 0, sum);
}

/* Scores of the keys from `key` on. */
SIMD_INLINE void multiply_keys(const block *b, const tile *t, int64_t key,
                               simd_f32 score[TILE_ROWS][TILE_VECTORS])
{
    const int64_t d = b->args->width;

    multiply(b->k + key / GROUP * GROUP * d + key % GROUP, t->query, d, score);
}

/* Weighted values of the channels from c on. */
SIMD_INLINE void multiply_values(const block *b, int64_t c, simd_f32 sum[TILE_ROWS][TILE_VECTORS])
{
    multiply(b->v + c / GROUP * GROUP * KEYS + c % GROUP, b->score, b->keys, sum);
}

/* ---- packing ---- */
/* Lanes past the last query hold 0: their scores are 0 and nobody reads their result. */
static void pack_queries(const block *b, const tile *t, int64_t first)
{
    const cleave_attention_args *a = b->args;
    const float *q = a->q + b->head * a->width * a->q_stride + first;
    const simd_f32 scale = simd_set1((float)((double)a->scale * LOG2_E));

    for (int64_t c = 0; c < a->width; c++)
        for (int x = 0; x < TILE_QUERIES; x += SIMD_LANES) {
            const int64_t lanes =
                cleave_i64_max(0, cleave_i64_min(a->queries - first - x, SIMD_LANES));
            const simd_f32 v = simd_load_first(q + c * a->q_stride + (lanes ? x : 0), lanes);
            simd_store_aligned(t->query + c * TILE_QUERIES + x, simd_mul(v, scale));
        }
}

/* Groups of keys; the last key stands also for those that its group lacks: it does not change the
 * largest score. */
static void pack_keys(const block *b)
{
    const cleave_attention_args *a = b->args;
    const float *k = a->k + b->head * a->width * a->kv_stride + b->key;

    for (int64_t t = 0; t < b->keys; t += GROUP)
        for (int64_t c = 0; c < a->width; c++) {
            float *const to = b->k + t * a->width + c * GROUP;
            const float *const from = k + c * a->kv_stride;
            if (t + GROUP <= b->keys)
                memcpy(to, from + t, GROUP * sizeof *to);
            else
                for (int64_t i = 0; i < GROUP; i++)
                    to[i] = from[cleave_i64_min(t + i, b->keys - 1)];
        }
}

/* Groups of channels, 0 past the last. */
static void pack_values(const block *b)
{
    const cleave_attention_args *a = b->args;
    const float *v = a->v + b->head * a->width * a->kv_stride + b->key;

    for (int64_t c = 0; c < whole_groups(a->width); c += SIMD_LANES)
        for (int64_t t = 0; t < b->keys; t += SIMD_LANES) {
            float *const to = b->v + c / GROUP * GROUP * KEYS + t * GROUP + c % GROUP;
            if (c + SIMD_LANES <= a->width && t + SIMD_LANES <= b->keys) {
                simd_f32 row[SIMD_LANES];
                simd_load_transposed(v + c * a->kv_stride + t, a->kv_stride, row);
#pragma GCC unroll 16
                for (int i = 0; i < SIMD_LANES; i++)
                    simd_store_aligned(to + i * GROUP, row[i]);
                continue;
            }
            for (int64_t i = 0; i < cleave_i64_min(b->keys - t, SIMD_LANES); i++)
                for (int64_t n = 0; n < SIMD_LANES; n++)
                    to[i * GROUP + n] = c + n < a->width ? v[(c + n) * a->kv_stride + t + i] : 0.0f;
        }
}

/* Scores become weights, relative to the largest score up to now. What was summed up before is to
 * be multiplied by `rescale`. */
static void weigh_keys(const block *b, const tile *t, const simd_f32 top[TILE_VECTORS],
                       simd_f32 rescale[TILE_VECTORS])
{
    simd_f32 total[TILE_VECTORS];

#pragma GCC unroll 3
    for (int x = 0; x < TILE_VECTORS; x++) {
        rescale[x] = weight_of(simd_sub(simd_load_aligned(t->top + x * SIMD_LANES), top[x]));
        simd_store_aligned(t->top + x * SIMD_LANES, top[x]);
        total[x] = simd_zero();
    }
    for (float *score = b->score; score < b->score + b->keys * TILE_QUERIES; score += TILE_QUERIES)
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++) {
            const simd_f32 s = simd_load_aligned(score + x * SIMD_LANES);
            const simd_f32 weight = weight_of(simd_sub(s, top[x]));
            total[x] = simd_add(total[x], weight);
            simd_store_aligned(score + x * SIMD_LANES, weight);
        }
#pragma GCC unroll 3
    for (int x = 0; x < TILE_VECTORS; x++) {
        float *const sum = t->total + x * SIMD_LANES;
        simd_store_aligned(sum, simd_fma(simd_load_aligned(sum), rescale[x], total[x]));
    }
}

#endif
