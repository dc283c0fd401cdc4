/* attention_block.h: what the vector variants work on; include a simd header and define TILE_ROWS
 * first. */
#ifndef CLEAVE_KERNELS_ATTENTION_BLOCK_H
#define CLEAVE_KERNELS_ATTENTION_BLOCK_H

#include "kernels/attention/attention.h"
#include "kernels/simd_math.h"

#include <math.h>
#include <string.h>

#define TILE_VECTORS 3
#define TILE_QUERIES (TILE_VECTORS * SIMD_LANES)
#define TILES        (CLEAVE_ATTENTION_BLOCK / TILE_QUERIES)
#define KEYS         128 /* of a block: 24 KiB of scores on 16 lanes */
/* Neighbouring rows of a packed operand: of one tile or of several. */
#define GROUP  (SIMD_LANES > TILE_ROWS ? SIMD_LANES : TILE_ROWS)
#define LOG2_E 1.4426950408889634

_Static_assert(CLEAVE_ATTENTION_BLOCK % TILE_QUERIES == 0, "a block is a whole number of tiles");
_Static_assert(GROUP % TILE_ROWS == 0 && GROUP % SIMD_LANES == 0, "a group is whole tiles");
_Static_assert(KEYS % GROUP == 0, "a block of keys is a whole number of groups");

/* A tile of queries, a part of the scratch; vectors are TILE_QUERIES long. */
typedef struct tile {
    float *query;    /* [width][TILE_QUERIES], scaled */
    float *sum;      /* [width, whole groups][TILE_QUERIES]: of weighted values */
    float *top;      /* largest score up to now */
    float *total;    /* sum of weights up to now */
    float *slope;    /* of the distance */
    float *position; /* of the query in the item */
} tile;

/* What an item works on. */
typedef struct block {
    const cleave_attention_args *args;
    int64_t head, begin; /* first query */
    int64_t key, keys;   /* the block of keys under way */
    float *k;            /* [keys / GROUP][width][GROUP] */
    float *v;            /* [width / GROUP][KEYS][GROUP] */
    float *score;        /* [KEYS][TILE_QUERIES] */
    tile tile[TILES];
} block;

static int64_t whole_groups(int64_t width)
{
    return cleave_div_up(width, GROUP) * GROUP;
}

/* 2^score for score <= 0, and 0 from -64 on: such a weight is not seen beside that of the largest
 * score, which is 1, but products with it would be subnormal numbers, which are slow. What is taken
 * off to meet 0 at -64 is below half a unit in the last place from -40 on. NaN stays. */
SIMD_INLINE simd_f32 weight_of(simd_f32 score)
{
    const simd_f32 weight = simd_exp2(simd_max(simd_set1(-64), score));

    return simd_sub(weight, simd_set1(0x1p-64f));
}

#endif
