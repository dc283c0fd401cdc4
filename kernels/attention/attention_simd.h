/* attention_simd.h: the body shared by the vector variants; include attention_float.h or
 * attention_bf16.h first.
 *
 * Lanes are queries. A tile of queries has its scores for a block of keys, then their weights, in
 * an array that stays in the first-level cache; maximum and sum run along lane by lane, so that
 * nothing goes across lanes. Both products, of keys with queries and of values with weights, are
 * the same loop over register tiles of TILE_ROWS x TILE_VECTORS sums; keys and values are packed
 * once for all tiles of an item such that the rows of a tile are neighbours.
 *
 * Scores are counted in powers of two: the logarithm of e goes into the queries with the scale. */
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
    for (int64_t key = 0; key < b->keys; key += TILE_ROWS) {
        simd_f32 score[TILE_ROWS][TILE_VECTORS];

        multiply_keys(b, t, key, score);
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

static void add_values(const block *b, const tile *t, const simd_f32 rescale[TILE_VECTORS])
{
    for (int64_t c = 0; c < b->args->width; c += TILE_ROWS) {
        simd_f32 sum[TILE_ROWS][TILE_VECTORS];

        multiply_values(b, c, sum);
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
