/* attention_simd.h: the body shared by the vector variants; include a simd header and define
 * TILE_ROWS first.
 *
 * Lanes are queries. A tile of queries has its scores for a block of keys, then their weights, in
 * an array that stays in the first-level cache; maximum and sum run along lane by lane, so that
 * nothing goes across lanes. Both products, of keys with queries and of values with weights, are
 * the same loop over register tiles of TILE_ROWS x TILE_VECTORS sums; keys and values are packed
 * once for all tiles of an item such that the rows of a tile are neighbours.
 *
 * Scores are counted in powers of two: the logarithm of e goes into the queries with the scale. */
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

static size_t scratch_bytes(const void *args)
{
    const cleave_attention_args *a = args;
    const int64_t d = a->width, groups = whole_groups(d);

    return (size_t)(KEYS * (d + groups + TILE_QUERIES) +
                    CLEAVE_ATTENTION_BLOCK * (d + groups + 4)) *
           sizeof(float);
}

static float *take(float **scratch, int64_t count)
{
    float *const taken = *scratch;

    *scratch += count;
    return taken;
}

static block block_new(const cleave_attention_args *a, float *scratch)
{
    const int64_t d = a->width, groups = whole_groups(d);
    block b = {.args = a};

    b.k = take(&scratch, KEYS * d);
    b.v = take(&scratch, KEYS * groups);
    b.score = take(&scratch, KEYS * TILE_QUERIES);
    for (int i = 0; i < TILES; i++)
        b.tile[i] = (tile){
            .query = take(&scratch, d * TILE_QUERIES),
            .sum = take(&scratch, groups * TILE_QUERIES),
            .top = take(&scratch, TILE_QUERIES),
            .total = take(&scratch, TILE_QUERIES),
            .slope = take(&scratch, TILE_QUERIES),
            .position = take(&scratch, TILE_QUERIES),
        };
    return b;
}

/* sum[r][x] = sum_n rows[n GROUP + r] columns[n TILE_QUERIES + x]. */
SIMD_INLINE void multiply(const float *rows, const float *columns, int64_t count,
                          simd_f32 sum[TILE_ROWS][TILE_VECTORS])
{
#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++)
            sum[r][x] = simd_zero();
    for (int64_t n = 0; n < count; n++) {
        simd_f32 column[TILE_VECTORS];
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++)
            column[x] = simd_load_aligned(columns + x * SIMD_LANES);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++) {
            const simd_f32 row = simd_set1(rows[r]);
#pragma GCC unroll 3
            for (int x = 0; x < TILE_VECTORS; x++)
                sum[r][x] = simd_fma(row, column[x], sum[r][x]);
        }
        rows += GROUP;
        columns += TILE_QUERIES;
    }
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

/* ---- a tile of queries and a block of keys ---- */
/* What distance takes from the scores of the keys from `key` on, and the score of a query with
 * itself. */
SIMD_INLINE void lower(const block *b, const tile *t, int64_t key,
                       simd_f32 score[TILE_ROWS][TILE_VECTORS])
{
    const simd_f32 self = simd_set1((float)((double)b->args->self_score * LOG2_E));

#pragma GCC unroll 8
    for (int r = 0; r < TILE_ROWS; r++) {
        const int64_t place = cleave_i64_min(key + r, b->keys - 1) + b->key - b->begin;
        const simd_f32 from = simd_set1((float)place);
#pragma GCC unroll 3
        for (int x = 0; x < TILE_VECTORS; x++) {
            const simd_f32 position = simd_load_aligned(t->position + x * SIMD_LANES);
            const simd_f32 slope = simd_load_aligned(t->slope + x * SIMD_LANES);
            const simd_f32 away = simd_abs(simd_sub(from, position));
            score[r][x] = simd_fnma(away, slope, score[r][x]);
            if (b->args->local)
                score[r][x] = simd_select(simd_less(away, simd_set1(0.5f)), self, score[r][x]);
        }
    }
}

/* Scores with the keys of the block; their largest joins `top`. */
static void score_keys(const block *b, const tile *t, simd_f32 top[TILE_VECTORS])
{
    const int64_t d = b->args->width;

    for (int64_t key = 0; key < b->keys; key += TILE_ROWS) {
        simd_f32 score[TILE_ROWS][TILE_VECTORS];

        multiply(b->k + key / GROUP * GROUP * d + key % GROUP, t->query, d, score);
        if (b->args->terms || b->args->local)
            lower(b, t, key, score);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
            for (int x = 0; x < TILE_VECTORS; x++) {
                top[x] = simd_max(top[x], score[r][x]);
                simd_store_aligned(b->score + (key + r) * TILE_QUERIES + x * SIMD_LANES,
                                   score[r][x]);
            }
    }
}

/* 2^score for score <= 0, and 0 from -64 on: such a weight is not seen beside that of the largest
 * score, which is 1, but products with it would be subnormal numbers, which are slow. What is taken
 * off to meet 0 at -64 is below half a unit in the last place from -40 on. NaN stays. */
SIMD_INLINE simd_f32 weight_of(simd_f32 score)
{
    const simd_f32 weight = simd_exp2(simd_max(simd_set1(-64), score));

    return simd_sub(weight, simd_set1(0x1p-64f));
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

static void add_values(const block *b, const tile *t, const simd_f32 rescale[TILE_VECTORS])
{
    for (int64_t c = 0; c < b->args->width; c += TILE_ROWS) {
        simd_f32 sum[TILE_ROWS][TILE_VECTORS];

        multiply(b->v + c / GROUP * GROUP * KEYS + c % GROUP, b->score, b->keys, sum);
#pragma GCC unroll 8
        for (int r = 0; r < TILE_ROWS; r++)
#pragma GCC unroll 3
            for (int x = 0; x < TILE_VECTORS; x++) {
                float *const to = t->sum + (c + r) * TILE_QUERIES + x * SIMD_LANES;
                simd_store_aligned(to, simd_fma(simd_load_aligned(to), rescale[x], sum[r][x]));
            }
    }
}

/* Never part of its caller: constants that the compiler then keeps in registers push sums out of
 * them. */
__attribute__((noinline)) static void run_tile(const block *b, const tile *t)
{
    simd_f32 top[TILE_VECTORS], rescale[TILE_VECTORS];

    for (int x = 0; x < TILE_VECTORS; x++)
        top[x] = simd_load_aligned(t->top + x * SIMD_LANES);
    score_keys(b, t, top);
    weigh_keys(b, t, top, rescale);
    add_values(b, t, rescale);
}

/* ---- an item ---- */
static void begin_tile(const block *b, const tile *t, int64_t first)
{
    const cleave_attention_args *a = b->args;

    pack_queries(b, t, first);
    memset(t->sum, 0, (size_t)(whole_groups(a->width) * TILE_QUERIES) * sizeof(float));
    for (int x = 0; x < TILE_QUERIES; x += SIMD_LANES) {
        const int64_t lanes = cleave_i64_max(0, cleave_i64_min(a->queries - first - x, SIMD_LANES));
        simd_f32 slope = simd_zero();
        for (int f = 0; f < a->terms && lanes; f++) {
            const float *const decay = a->decay + (b->head * a->terms + f) * a->queries + first + x;
            const simd_f32 share = simd_sigmoid(simd_load_first(decay, lanes));
            slope = simd_fma(simd_set1((float)(f + 1)), share, slope);
        }
        if (a->terms)
            slope = simd_mul(slope, simd_set1((float)(0.5 * LOG2_E / sqrt(a->terms))));
        simd_store_aligned(t->slope + x, slope);
        simd_store_aligned(t->top + x, simd_set1(-INFINITY));
        simd_store_aligned(t->total + x, simd_zero());
    }
    for (int i = 0; i < TILE_QUERIES; i++)
        t->position[i] = (float)(first - b->begin + i);
}

static void end_tile(const block *b, const tile *t, int64_t first)
{
    const cleave_attention_args *a = b->args;
    float *const out = a->out + b->head * a->width * a->out_stride + first;

    for (int x = 0; x < TILE_QUERIES && first + x < a->queries; x += SIMD_LANES) {
        const int64_t lanes = cleave_i64_min(a->queries - first - x, SIMD_LANES);
        const simd_f32 share = simd_div(simd_set1(1), simd_load_aligned(t->total + x));
        for (int64_t c = 0; c < a->width; c++) {
            const simd_f32 sum = simd_load_aligned(t->sum + c * TILE_QUERIES + x);
            simd_store_first(out + c * a->out_stride + x, simd_mul(sum, share), lanes);
        }
    }
}

static void run_item(block *b)
{
    const int64_t end = cleave_i64_min(b->begin + CLEAVE_ATTENTION_BLOCK, b->args->queries);
    const int64_t tiles = cleave_div_up(end - b->begin, TILE_QUERIES);

    for (int64_t i = 0; i < tiles; i++)
        begin_tile(b, &b->tile[i], b->begin + i * TILE_QUERIES);
    for (b->key = 0; b->key < b->args->keys; b->key += KEYS) {
        b->keys = cleave_i64_min(KEYS, b->args->keys - b->key);
        pack_keys(b);
        pack_values(b);
        for (int64_t i = 0; i < tiles; i++)
            run_tile(b, &b->tile[i]);
    }
    for (int64_t i = 0; i < tiles; i++)
        end_tile(b, &b->tile[i], b->begin + i * TILE_QUERIES);
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_attention_args *a = args;
    const int64_t blocks = cleave_div_up(a->queries, CLEAVE_ATTENTION_BLOCK);
    block b = block_new(a, work->scratch);

    for (int64_t item = work->begin; item < work->end; item++) {
        b.head = item / blocks;
        b.begin = item % blocks * CLEAVE_ATTENTION_BLOCK;
        run_item(&b);
    }
}
