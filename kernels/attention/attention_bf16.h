/* attention_bf16.h: both products of pairs of bfloat16, summed in float32; include a simd header
 * with pairs and define TILE_ROWS first.
 *
 * Scores pair channels, weighted values pair keys. What lies in the block is as in float32, but for
 * pairs where two rows were. Scores, their largest and the sum of weights are float32. */
#ifndef CLEAVE_KERNELS_ATTENTION_BF16_H
#define CLEAVE_KERNELS_ATTENTION_BF16_H

#include "kernels/attention/attention_block.h"
#include "kernels/half.h"

/* sum[r][x] = sum_n rows[n GROUP + r] columns[n TILE_QUERIES + x] over pairs n. */
SIMD_INLINE void multiply(const uint16_t *rows, const uint16_t *columns, int64_t pairs,
                          simd_f32 sum[TILE_ROWS][TILE_VECTORS])
{
#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++)
            sum[r][x] = simd_zero();
    for (int64_t n = 0; n < pairs; n++) {
        simd_pairs column[TILE_VECTORS];
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++)
            column[x] = simd_pairs_load(columns + 2 * x * SIMD_LANES);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++) {
            const simd_pairs row = simd_pairs_set1(rows + 2 * r);
#pragma GCC unroll 3
            for (int x = 0; x < TILE_VECTORS; x++)
                sum[r][x] = simd_pairs_dot(row, column[x], sum[r][x]);
        }
        rows += 2 * GROUP;
        columns += 2 * TILE_QUERIES;
    }
}

/* Scores of the keys from `key` on. */
SIMD_INLINE void multiply_keys(const block *b, const tile *t, int64_t key,
                               simd_f32 score[TILE_ROWS][TILE_VECTORS])
{
    const int64_t d = b->args->width;
    const uint16_t *const k = (const uint16_t *)b->k;

    multiply(k + key / GROUP * GROUP * d + 2 * (key % GROUP), (const uint16_t *)t->query, d / 2,
             score);
}

/* Weighted values of the channels from c on. */
SIMD_INLINE void multiply_values(const block *b, int64_t c, simd_f32 sum[TILE_ROWS][TILE_VECTORS])
{
    const uint16_t *const v = (const uint16_t *)b->v;

    multiply(v + c / GROUP * GROUP * KEYS + 2 * (c % GROUP), (const uint16_t *)b->score,
             cleave_div_up(b->keys, 2), sum);
}

/* ---- packing ---- */
/* Lanes past the last query hold 0: their scores are 0 and nobody reads their result. */
static void pack_queries(const block *b, const tile *t, int64_t first)
{
    const cleave_attention_args *a = b->args;
    const float *q = a->q + b->head * a->width * a->q_stride + first;
    const simd_f32 scale = simd_set1((float)((double)a->scale * LOG2_E));
    uint16_t *to = (uint16_t *)t->query;

    for (int64_t c = 0; c < a->width; c += 2, q += 2 * a->q_stride)
        for (int x = 0; x < TILE_QUERIES; x += SIMD_LANES, to += 2 * SIMD_LANES) {
            const int64_t lanes =
                cleave_i64_max(0, cleave_i64_min(a->queries - first - x, SIMD_LANES));
            const float *const from = q + (lanes ? x : 0);
            simd_pairs_store(
                to, simd_pair_up(simd_mul(simd_load_first(from, lanes), scale),
                                 simd_mul(simd_load_first(from + a->q_stride, lanes), scale)));
        }
}

/* Groups of keys; the last key stands also for those that its group lacks: it does not change the
 * largest score. */
static void pack_keys(const block *b)
{
    const cleave_attention_args *a = b->args;
    const float *k = a->k + b->head * a->width * a->kv_stride + b->key;

    for (int64_t t = 0; t < b->keys; t += GROUP) {
        uint16_t *to = (uint16_t *)b->k + t * a->width;
        for (int64_t c = 0; c < a->width; c += 2)
            for (int64_t i = 0; i < GROUP; i += SIMD_LANES, to += 2 * SIMD_LANES) {
                const float *const from = k + c * a->kv_stride;
                const int64_t there = cleave_i64_min(b->keys - t - i, SIMD_LANES);
                float even[SIMD_LANES], odd[SIMD_LANES];
                if (there == SIMD_LANES) {
                    simd_pairs_store(to, simd_pair_up(simd_load(from + t + i),
                                                      simd_load(from + a->kv_stride + t + i)));
                    continue;
                }
                for (int64_t n = 0; n < SIMD_LANES; n++) {
                    const int64_t at = cleave_i64_min(t + i + n, b->keys - 1);
                    even[n] = from[at];
                    odd[n] = from[a->kv_stride + at];
                }
                simd_pairs_store(to, simd_pair_up(simd_load(even), simd_load(odd)));
            }
    }
}

/* One pair of keys of a group of channels, 0 past the last channel and key. */
static void pack_values_edge(const block *b, const float *v, int64_t c, int64_t key, uint16_t *to)
{
    const cleave_attention_args *a = b->args;

    for (int64_t n = 0; n < 2 * SIMD_LANES; n++) {
        const int64_t channel = c + n / 2, at = key + n % 2;
        const int there = channel < a->width && at < b->keys;
        to[n] = there ? cleave_bf16_bits(v[channel * a->kv_stride + at]) : 0;
    }
}

/* Groups of channels. */
static void pack_values(const block *b)
{
    const cleave_attention_args *a = b->args;
    const float *v = a->v + b->head * a->width * a->kv_stride + b->key;

    for (int64_t c = 0; c < whole_groups(a->width); c += SIMD_LANES)
        for (int64_t t = 0; t < b->keys; t += SIMD_LANES) {
            uint16_t *const to =
                (uint16_t *)b->v + c / GROUP * GROUP * KEYS + t * GROUP + 2 * (c % GROUP);
            const int whole = c + SIMD_LANES <= a->width && t + SIMD_LANES <= b->keys;
            simd_f32 row[SIMD_LANES];
            if (whole)
                simd_load_transposed(v + c * a->kv_stride + t, a->kv_stride, row);
#pragma GCC unroll 16
            for (int i = 0; i < SIMD_LANES; i += 2)
                if (whole)
                    simd_pairs_store(to + i * GROUP, simd_pair_up(row[i], row[i + 1]));
                else if (t + i < b->keys)
                    pack_values_edge(b, v, c, t + i, to + i * GROUP);
        }
}

/* Scores become weights, relative to the largest score up to now, in pairs of keys; one that is
 * missing weighs nothing. What was summed up before is to be multiplied by `rescale`. */
static void weigh_keys(const block *b, const tile *t, const simd_f32 top[TILE_VECTORS],
                       simd_f32 rescale[TILE_VECTORS])
{
    simd_f32 total[TILE_VECTORS];
    uint16_t *to = (uint16_t *)b->score;

#pragma GCC unroll 3
    for (int x = 0; x < TILE_VECTORS; x++) {
        rescale[x] = weight_of(simd_sub(simd_load_aligned(t->top + x * SIMD_LANES), top[x]));
        simd_store_aligned(t->top + x * SIMD_LANES, top[x]);
        total[x] = simd_zero();
    }
    for (int64_t key = 0; key < b->keys; key += 2)
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++, to += 2 * SIMD_LANES) {
            const float *const score = b->score + key * TILE_QUERIES + x * SIMD_LANES;
            const simd_f32 even = weight_of(simd_sub(simd_load_aligned(score), top[x]));
            simd_f32 odd = simd_zero();
            if (key + 1 < b->keys)
                odd = weight_of(simd_sub(simd_load_aligned(score + TILE_QUERIES), top[x]));
            total[x] = simd_add(total[x], simd_add(even, odd));
            simd_pairs_store(to, simd_pair_up(even, odd));
        }
#pragma GCC unroll 3
    for (int x = 0; x < TILE_VECTORS; x++) {
        float *const sum = t->total + x * SIMD_LANES;
        simd_store_aligned(sum, simd_fma(simd_load_aligned(sum), rescale[x], total[x]));
    }
}

#endif
