/* median_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * A slot of the network holds SLOT values, one of each of SLOT independent signals; a pass gives
 * `group` adjacent medians of each. ACROSS, the signals are consecutive columns, and inputs and
 * outputs are used where they lie. ALONG, they are strips of rows, transposed on the way in and
 * back on the way out. */
#include "kernels/median/median_network.h"

#include <string.h>

/* Vectors of a slot. Several share the cost of decoding a step; with four, the slots of one pass
 * still lie in the first-level cache. */
#define VECTORS   4
#define SLOT      (VECTORS * SIMD_LANES)
#define STRIP_MAX 96 /* medians of a strip, a multiple of SIMD_LANES and of every group */
#define STRIP_MIN 32
#define STAGE_MAX (STRIP_MAX + CLEAVE_MEDIAN_TAPS_MAX + SIMD_LANES)

typedef struct scratch {
    /* Temporaries, and ACROSS the last columns of the inputs and outputs. */
    float slot[CLEAVE_MEDIAN_SLOTS_MAX][SLOT];
    float strip[STAGE_MAX][SLOT];       /* ALONG: the inputs of the strips, transposed */
    float median[STRIP_MAX][SLOT];      /* their medians */
    float stage[SIMD_LANES][STAGE_MAX]; /* strips before they are transposed */
} scratch;

_Static_assert(STRIP_MAX % CLEAVE_MEDIAN_GROUP_MAX == 0 && STRIP_MIN % CLEAVE_MEDIAN_GROUP_MAX == 0,
               "a strip is a whole number of groups");
_Static_assert(CLEAVE_MEDIAN_GROUP_MAX % SIMD_LANES == 0, "a strip is a whole number of vectors");

/* Where each slot lies. */
typedef struct places {
    const float *from[CLEAVE_MEDIAN_SLOTS_MAX];
    float *to[CLEAVE_MEDIAN_SLOTS_MAX];
} places;

static size_t scratch_bytes(const void *args)
{
    (void)args;
    return sizeof(scratch);
}

static size_t prepared_bytes(const void *args)
{
    (void)args;
    return sizeof(cleave_median_network);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_median_args *a = args;

    if (a->taps > 1)
        cleave_median_network_make(prepared, a->taps);
}

static void pass(const cleave_median_network *network, const places *at)
{
    for (int k = 0; k < network->steps; k++) {
        const cleave_median_step s = network->step[k];
        const float *a = at->from[s.a], *b = at->from[s.b];
        simd_f32 x[VECTORS], y[VECTORS];

#pragma GCC unroll 8
        for (int v = 0; v < VECTORS; v++) {
            x[v] = simd_load(a + v * SIMD_LANES);
            y[v] = simd_load(b + v * SIMD_LANES);
        }
        if (s.kind != CLEAVE_MEDIAN_MAX) {
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++)
                simd_store(at->to[s.low] + v * SIMD_LANES, simd_min(x[v], y[v]));
        }
        if (s.kind != CLEAVE_MEDIAN_MIN) {
#pragma GCC unroll 8
            for (int v = 0; v < VECTORS; v++)
                simd_store(at->to[s.high] + v * SIMD_LANES, simd_max(x[v], y[v]));
        }
    }
}

static void place_temporaries(const cleave_median_network *network, scratch *s, places *at)
{
    for (int k = 0; k < network->slots; k++)
        at->from[k] = at->to[k] = s->slot[k];
}

/* ---- across rows ---- */
/* The medians of rows r .. r + count - 1 of an image, in the columns i .. i + columns - 1, columns
 * < SLOT. */
static void across_last(const cleave_median_network *network, scratch *s, const float *const *row,
                        float *out, int64_t points, int64_t i, int count)
{
    const size_t bytes = (size_t)(points - i) * sizeof(float);
    places at;

    place_temporaries(network, s, &at);
    for (int k = 0; k < network->inputs; k++) {
        memset(s->slot[k], 0, sizeof s->slot[k]);
        memcpy(s->slot[k], row[k] + i, bytes);
    }
    pass(network, &at);
    for (int w = 0; w < count; w++)
        memcpy(out + w * points + i, s->slot[network->inputs + w], bytes);
}

/* `count` <= group rows from row r on. Windows beyond them are computed and thrown away. */
static void across_group(const cleave_median_args *a, const cleave_median_network *network,
                         scratch *s, const float *image, float *out, int64_t r, int count)
{
    const float *row[CLEAVE_MEDIAN_INPUTS_MAX];
    places at;
    int64_t i = 0;

    place_temporaries(network, s, &at);
    for (int k = 0; k < network->inputs; k++)
        row[k] = image + cleave_mirror(r - a->taps / 2 + k, a->rows) * a->points;
    for (; i + SLOT <= a->points; i += SLOT) {
        for (int k = 0; k < network->inputs; k++)
            at.from[k] = row[k] + i;
        for (int w = 0; w < count; w++)
            at.to[network->inputs + w] = out + w * a->points + i;
        pass(network, &at);
    }
    if (i < a->points)
        across_last(network, s, row, out, a->points, i, count);
}

static void across(const cleave_median_args *a, const cleave_median_network *network, scratch *s,
                   int64_t begin, int64_t end)
{
    for (int64_t item = begin; item < end;) {
        const int64_t r = item % a->rows;
        const int64_t last = cleave_i64_min(end, item - r + a->rows);
        const int64_t count = cleave_i64_min(network->group, last - item);

        across_group(a, network, s, a->in + (item - r) * a->points, a->out + item * a->points, r,
                     (int)count);
        item += count;
    }
}

/* ---- along rows ---- */
/* How rows are cut: `per_row` strips of `length` points, the last one of a row shorter. */
typedef struct cut {
    int64_t length, per_row;
} cut;

/* The cut with the least to compute; a strip's first window costs its taps in loads. */
static cut cut_of(const cleave_median_args *a)
{
    cut best = {0, 0};

    for (int64_t length = STRIP_MIN; length <= STRIP_MAX; length += CLEAVE_MEDIAN_GROUP_MAX) {
        const cut c = {length, cleave_div_up(a->points, length)};
        if (!best.length ||
            c.per_row * (4 * c.length + a->taps) < best.per_row * (4 * best.length + a->taps))
            best = c;
    }
    return best;
}

/* Copies in[i - half ..] of a row, mirrored at its ends. */
static void stage_strip(const cleave_median_args *a, const float *row, int64_t first, int64_t count,
                        float *stage)
{
    const int64_t inside = cleave_i64_max(0, -first);
    const int64_t outside = cleave_i64_min(count, a->points - first);

    for (int64_t k = 0; k < cleave_i64_min(inside, count); k++)
        stage[k] = row[cleave_mirror(first + k, a->points)];
    if (outside > inside)
        memcpy(stage + inside, row + first + inside, (size_t)(outside - inside) * sizeof(float));
    for (int64_t k = cleave_i64_max(outside, inside); k < count; k++)
        stage[k] = row[cleave_mirror(first + k, a->points)];
}

/* Strips t .. t + SIMD_LANES - 1 into the lanes `lane`... of s->strip; strips from `last` on repeat
 * the last. */
static void load_strips(const cleave_median_args *a, const cut *c, scratch *s, int64_t t,
                        int64_t last, int lane)
{
    const int64_t count = c->length + a->taps - 1;

    for (int k = 0; k < SIMD_LANES; k++) {
        const int64_t strip = cleave_i64_min(t + k, last - 1);
        const int64_t first = strip % c->per_row * c->length - a->taps / 2;
        stage_strip(a, a->in + strip / c->per_row * a->points, first, count, s->stage[k]);
        memset(s->stage[k] + count, 0, SIMD_LANES * sizeof(float));
    }
    for (int64_t i = 0; i < count; i += SIMD_LANES) {
        simd_f32 column[SIMD_LANES];
        simd_load_transposed(s->stage[0] + i, STAGE_MAX, column);
        for (int k = 0; k < SIMD_LANES; k++)
            simd_store(s->strip[i + k] + lane, column[k]);
    }
}

static void store_strips(const cleave_median_args *a, const cut *c, const scratch *s, int64_t t,
                         int64_t last, int lane)
{
    for (int64_t i = 0; i < c->length; i += SIMD_LANES) {
        simd_f32 row[SIMD_LANES];
        simd_load_transposed(s->median[i] + lane, SLOT, row);
        for (int k = 0; k < SIMD_LANES && t + k < last; k++) {
            const int64_t first = (t + k) % c->per_row * c->length + i;
            const int64_t count = cleave_i64_min(SIMD_LANES, a->points - first);
            if (count > 0)
                simd_store_first(a->out + (t + k) / c->per_row * a->points + first, row[k], count);
        }
    }
}

static void along(const cleave_median_args *a, const cleave_median_network *network, scratch *s,
                  int64_t begin, int64_t end)
{
    const cut c = cut_of(a);
    const int64_t last = end * c.per_row;
    places at;

    place_temporaries(network, s, &at);
    for (int64_t t = begin * c.per_row; t < last; t += SLOT) {
        for (int lane = 0; lane < SLOT; lane += SIMD_LANES)
            load_strips(a, &c, s, t + lane, last, lane);
        for (int64_t i = 0; i < c.length; i += network->group) {
            for (int k = 0; k < network->inputs; k++)
                at.from[k] = s->strip[i + k];
            for (int w = 0; w < network->group; w++)
                at.to[network->inputs + w] = s->median[i + w];
            pass(network, &at);
        }
        for (int lane = 0; lane < SLOT; lane += SIMD_LANES)
            store_strips(a, &c, s, t + lane, last, lane);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_median_args *a = args;
    const int64_t begin = work->begin * a->points, end = work->end * a->points;

    if (a->taps == 1)
        memcpy(a->out + begin, a->in + begin, (size_t)(end - begin) * sizeof(float));
    else if (a->axis == CLEAVE_MEDIAN_ACROSS)
        across(a, work->prepared, work->scratch, work->begin, work->end);
    else
        along(a, work->prepared, work->scratch, work->begin, work->end);
}
