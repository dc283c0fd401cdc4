/* conv_finish.h: what follows the sums of a tile (bias, norm, activation, scale, residual), and its
 * way into `out`; include a simd header and define TILE_ROWS first. */
#ifndef CLEAVE_KERNELS_CONV_FINISH_H
#define CLEAVE_KERNELS_CONV_FINISH_H

#include "kernels/conv/conv_pack.h"
#include "kernels/simd_math.h"

/* Rows of `in` that the next block will read and that are asked for while this one is computed: all
 * of a row at once, because memory gives lines that follow each other sooner than those of many
 * rows in turns. */
typedef struct ahead {
    const float *in; /* of channel 0 */
    int64_t channel_stride, row_stride;
    int64_t rows, points; /* of each channel */
    int64_t channel, row; /* next to be asked for */
    int64_t channels;     /* 0: nothing is asked for */
} ahead;

/* One call's share of out: channels [o0, o1) by rows that have the same matrices by `columns`
 * columns from the first on. */
typedef struct block {
    const cleave_conv_args *args;
    shape shape;
    constants constants;
    int64_t row, row_step, rows; /* of out: row, row + row_step ... */
    int64_t o0, o1;
    int64_t tile0, tiles;
    int64_t first, columns;
    int64_t lead;        /* cleave_conv_lead() */
    float *points;       /* as conv_pack.h gathers them */
    float *sums;         /* [slot][tile][panel][TILE_ROWS][its vectors] */
    float *weights;      /* of one tile or, where points are not packed, of all in a part */
    int64_t tile_floats; /* from a tile's sums to the next one's; 0: each takes the last one's */
    ahead *ahead;
    int64_t formed, formed_rows; /* row and number of rows of the combinations among the points */
} block;

/* Vectors of a row of the block; those of its rows, one after the other, make up its panels. */
static int64_t row_vectors(const block *b)
{
    return cleave_div_up(b->columns, SIMD_LANES);
}

static int64_t panel_vectors(const block *b, int64_t panel)
{
    return cleave_i64_min(PANEL_VECTORS, b->rows * row_vectors(b) - panel * PANEL_VECTORS);
}

/* The row of the block that a vector of a panel belongs to, and its first column there. */
typedef struct place {
    int64_t n, x;
} place;

static place place_of(const block *b, int64_t panel)
{
    const int64_t vector = panel * PANEL_VECTORS, all = row_vectors(b);
    const int64_t n = b->rows == 1 ? 0 : vector / all;

    return (place){n, (vector - n * all) * SIMD_LANES};
}

/* That of the vector after it. */
static place place_after(const block *b, place p)
{
    p.x += SIMD_LANES;
    return p.x < b->columns ? p : (place){p.n + 1, 0};
}

/* The vectors of a panel: the row of out that each lies in, and the point of its first column. */
typedef struct places {
    int64_t panel, vectors;
    int64_t row[PANEL_VECTORS], at[PANEL_VECTORS];
} places;

static void find_places(const block *b, int64_t panel, places *found)
{
    place p = place_of(b, panel);

    found->panel = panel;
    found->vectors = panel_vectors(b, panel);
    for (int64_t v = 0; v < found->vectors; v++, p = place_after(b, p)) {
        found->row[v] = b->row + p.n * b->row_step;
        found->at[v] = (b->first + p.x) * b->shape.phases + b->lead;
    }
}

/* Sums of one tile and panel. */
static float *sums_of(const block *b, int64_t slot, int64_t tile, int64_t panel)
{
    return b->sums + (slot * b->tiles + tile) * b->tile_floats + panel * PANEL * TILE_ROWS;
}

/* An out channel and phase: its sums in a panel, and what is done with them. */
typedef struct line {
    const float *value, *gate;
    float value_bias, gate_bias, scale;
    float value_norm[2], gate_norm[2]; /* scale and shift */
} line;

/* A channel's row of the results, and what they are joined with; NULL where there is none. */
typedef struct target {
    float *out, *raw;
    const float *residual, *factor;
    float table;
    int64_t points; /* to be written, from the row's beginning */
} target;

typedef struct norms {
    const float *scale, *shift; /* [M] */
} norms;

/* Those of a row of out; a group of rows may have more than there are. */
SIMD_INLINE norms norms_of(const block *b, int64_t row)
{
    const cleave_conv_args *const a = b->args;

    if (!(a->uses & CLEAVE_CONV_ROW_NORM))
        return (norms){b->constants.norm_scale, b->constants.norm_shift};
    const int64_t there = cleave_i64_min(row, a->out_rows - 1);
    const float *const scale = a->row_norm + there * 2 * a->channels;
    return (norms){scale, scale + a->channels};
}

/* Of channel o in `row`, but for the table. The divisors are constants after inlining. */
SIMD_INLINE line line_of(const block *b, const places *p, int64_t row, int64_t o, int64_t phase,
                         cleave_conv_act act)
{
    const int apart = b->shape.slots > 1;
    const int64_t sum = o * b->shape.joint + (apart ? 0 : phase), slot = apart ? phase : 0;
    const int64_t values = act == CLEAVE_CONV_GLU ? TILE_ROWS / 2 : TILE_ROWS;
    const int64_t tile = sum / values, pitch = p->vectors * SIMD_LANES;
    const constants *const k = &b->constants;
    const norms norm = norms_of(b, row);
    line l = {.value = sums_of(b, slot, tile - b->tile0, p->panel) + (sum - tile * values) * pitch,
              .value_bias = k->bias[o],
              .value_norm = {norm.scale[o], norm.shift[o]},
              .scale = k->scale[o]};

    if (act == CLEAVE_CONV_GLU) {
        const int64_t m = b->shape.channels + o;
        l.gate = l.value + values * pitch;
        l.gate_bias = k->bias[m];
        l.gate_norm[0] = norm.scale[m];
        l.gate_norm[1] = norm.shift[m];
    }
    return l;
}

/* No further than the block: the next may be another call's. */
SIMD_INLINE target target_of(const block *b, int64_t row, int64_t o)
{
    const cleave_conv_args *const a = b->args;
    const int64_t at = o * a->out_channel_stride + row * a->out_row_stride;
    const int64_t end = (b->first + b->columns) * b->shape.phases + b->lead;

    if (row >= a->out_rows)
        return (target){.points = 0}; /* a group of rows may have more than there are */
    return (target){.out = a->out + at,
                    .raw = a->uses & CLEAVE_CONV_RAW ? a->raw + at : NULL,
                    .residual = a->uses & CLEAVE_CONV_RESIDUAL ? a->residual + at : NULL,
                    .factor = a->uses & CLEAVE_CONV_FACTOR ? a->factor + at : NULL,
                    .table = b->constants.table[o * a->out_rows + row],
                    .points = cleave_i64_min(a->out_points, end)};
}

/* v of SIMD_LANES columns. */
SIMD_INLINE simd_f32 biased(const float *sums, float bias)
{
    return simd_add(simd_load_aligned(sums), simd_set1(bias));
}

/* u of v. */
SIMD_INLINE simd_f32 normed(simd_f32 v, const float norm[2])
{
    return simd_fma(v, simd_set1(norm[0]), simd_set1(norm[1]));
}

/* What becomes of v in columns x .., but for residual and factor. */
SIMD_INLINE simd_f32 finish(const line *l, cleave_conv_act act, float table, simd_f32 v, int64_t x)
{
    simd_f32 u = normed(v, l->value_norm);

    switch (act) {
    case CLEAVE_CONV_GELU:
        u = simd_gelu(u);
        break;
    case CLEAVE_CONV_GLU:
        v = normed(biased(l->gate + x, l->gate_bias), l->gate_norm);
        u = simd_mul(u, simd_sigmoid(v));
        break;
    case CLEAVE_CONV_RELU:
        u = simd_max(simd_zero(), u);
        break;
    case CLEAVE_CONV_LEAKY_RELU:
        u = simd_max(simd_mul(u, simd_set1(0.2f)), u);
        break;
    case CLEAVE_CONV_ELU:
        u = simd_select(simd_less(u, simd_zero()), simd_expm1(u), u);
        break;
    case CLEAVE_CONV_SIGMOID:
        u = simd_sigmoid(u);
        break;
    default:
        break;
    }
    return simd_fma(u, simd_set1(l->scale), simd_set1(table));
}

/* Stores a vector at point `at` of a row, as far as it lies in [0, points). */
SIMD_INLINE void store(float *to, int64_t points, int64_t at, simd_f32 v)
{
    if (at >= 0 && at + SIMD_LANES <= points) {
        simd_store(to + at, v);
        return;
    }
    const int64_t begin = cleave_i64_max(0, -at), end = cleave_i64_min(SIMD_LANES, points - at);
    float lanes[SIMD_LANES];
    simd_store(lanes, v);
    for (int64_t n = begin; n < end; n++)
        to[at + n] = lanes[n];
}

/* The same for `out`, with what it is joined with. */
SIMD_INLINE void store_out(const target *t, int64_t at, simd_f32 v)
{
    const float *const with = t->residual ? t->residual : t->factor;

    if (with && at >= 0 && at + SIMD_LANES <= t->points) {
        const simd_f32 other = simd_load(with + at);
        v = t->residual ? simd_add(v, other) : simd_mul(v, other);
    } else if (with) {
        const int64_t begin = cleave_i64_max(0, -at);
        const int64_t end = cleave_i64_min(SIMD_LANES, t->points - at);
        float lanes[SIMD_LANES];
        simd_store(lanes, v);
        for (int64_t n = begin; n < end; n++)
            lanes[n] = t->residual ? lanes[n] + with[at + n] : lanes[n] * with[at + n];
        v = simd_load(lanes);
    }
    store(t->out, t->points, at, v);
}

/* Lane n of v[phase] becomes lane n phases + phase of all of them: 2 phases or 4. */
SIMD_INLINE void interleave(simd_f32 v[4], int64_t phases)
{
    simd_f32 even[2], odd[2];

    if (phases == 2) {
        simd_interleave(v[0], v[1], &v[0], &v[1]);
        return;
    }
    simd_interleave(v[0], v[2], &even[0], &even[1]);
    simd_interleave(v[1], v[3], &odd[0], &odd[1]);
    simd_interleave(even[0], odd[0], &v[0], &v[1]);
    simd_interleave(even[1], odd[1], &v[2], &v[3]);
}

/* v and what becomes of it, but for residual and factor, for all phases of SIMD_LANES columns,
 * which lie at x of the panel: in the order of points. */
SIMD_INLINE void finish_columns(const target *t, int64_t phases, cleave_conv_act act, int64_t x,
                                const line *l, simd_f32 v[4], simd_f32 a[4])
{
#pragma GCC unroll 4
    for (int64_t phase = 0; phase < phases; phase++) {
        v[phase] = biased(l[phase].value + x, l[phase].value_bias);
        a[phase] = finish(&l[phase], act, t->table, v[phase], x);
    }
    if (phases > 1)
        interleave(a, phases);
    if (t->raw && phases > 1)
        interleave(v, phases);
}

/* Points of all phases of SIMD_LANES columns, which lie at x of the panel; the first is point `at`
 * of out. */
SIMD_INLINE void store_phases(const target *t, int64_t at, int64_t phases, cleave_conv_act act,
                              int64_t x, const line *l)
{
    simd_f32 v[4], a[4];

    finish_columns(t, phases, act, x, l, v, a);
#pragma GCC unroll 4
    for (int64_t i = 0; i < phases; i++) {
        if (t->raw)
            store(t->raw, t->points, at + i * SIMD_LANES, v[i]);
        store_out(t, at + i * SIMD_LANES, a[i]);
    }
}

/* The same for one of any number of phases. */
SIMD_INLINE void store_scattered(const target *t, int64_t at, int64_t phases, cleave_conv_act act,
                                 int64_t x, const line *l)
{
    const simd_f32 v = biased(l->value + x, l->value_bias);
    float sums[SIMD_LANES], lanes[SIMD_LANES];

    simd_store(sums, v);
    simd_store(lanes, finish(l, act, t->table, v, x));
    for (int64_t n = 0; n < SIMD_LANES; n++, at += phases)
        if (at >= 0 && at < t->points) {
            if (t->raw)
                t->raw[at] = sums[n];
            if (t->residual)
                lanes[n] += t->residual[at];
            if (t->factor)
                lanes[n] *= t->factor[at];
            t->out[at] = lanes[n];
        }
}

/* Whether a panel lies in one row of out, wholly inside of it. */
SIMD_INLINE int panel_whole(const places *p, int64_t points, int64_t phases)
{
    return p->vectors == PANEL_VECTORS && p->row[0] == p->row[PANEL_VECTORS - 1] && p->at[0] >= 0 &&
           p->at[0] + PANEL * phases <= points;
}

/* Points of all phases of a whole panel, from point `at` of out on. */
SIMD_INLINE void store_panel(const target *t, int64_t at, int64_t phases, cleave_conv_act act,
                             const line *l)
{
    const float *const residual = t->residual, *const factor = t->factor;

#pragma GCC unroll 3
    for (int64_t x = 0; x < PANEL; x += SIMD_LANES, at += SIMD_LANES * phases) {
        simd_f32 v[4], a[4];
        finish_columns(t, phases, act, x, l, v, a);
#pragma GCC unroll 4
        for (int64_t i = 0; i < phases; i++) {
            if (t->raw)
                simd_store(t->raw + at + i * SIMD_LANES, v[i]);
            if (residual)
                a[i] = simd_add(a[i], simd_load(residual + at + i * SIMD_LANES));
            if (factor)
                a[i] = simd_mul(a[i], simd_load(factor + at + i * SIMD_LANES));
            simd_store(t->out + at + i * SIMD_LANES, a[i]);
        }
    }
}

SIMD_INLINE void lines_of(const block *b, const places *p, int64_t row, int64_t o, int64_t phases,
                          cleave_conv_act act, line l[4])
{
#pragma GCC unroll 4
    for (int64_t phase = 0; phase < phases; phase++)
        l[phase] = line_of(b, p, row, o, phase, act);
}

/* Channels [o0, o1) of out in one panel, of 1, 2 or 4 phases. */
SIMD_INLINE void finish_together(const block *b, const places *p, int64_t o0, int64_t o1,
                                 int64_t phases, cleave_conv_act act)
{
    for (int64_t o = o0; o < o1; o++) {
        target t = target_of(b, p->row[0], o);
        line l[4];

        lines_of(b, p, p->row[0], o, phases, act, l);
        if (panel_whole(p, t.points, phases)) {
            store_panel(&t, p->at[0], phases, act, l);
            continue;
        }
        for (int64_t v = 0; v < p->vectors; v++) {
            if (v > 0 && p->row[v] != p->row[v - 1]) {
                t = target_of(b, p->row[v], o);
                lines_of(b, p, p->row[v], o, phases, act, l);
            }
            store_phases(&t, p->at[v], phases, act, v * SIMD_LANES, l);
        }
    }
}

/* The same of any number of phases. */
SIMD_INLINE void finish_scattered(const block *b, const places *p, int64_t o0, int64_t o1,
                                  cleave_conv_act act)
{
    for (int64_t o = o0; o < o1; o++)
        for (int64_t phase = 0; phase < b->shape.phases; phase++) {
            for (int64_t v = 0; v < p->vectors; v++) {
                const line l = line_of(b, p, p->row[v], o, phase, act);
                const target t = target_of(b, p->row[v], o);
                store_scattered(&t, p->at[v] + phase, b->shape.phases, act, v * SIMD_LANES, &l);
            }
        }
}

/* The same of a panel that lies wholly in a row, of one phase, where nothing but a residual is
 * joined: as nearly all do. The last two are constants after inlining. */
SIMD_INLINE void finish_plain(const block *b, const places *p, int64_t o0, int64_t o1,
                              cleave_conv_act act, int residual)
{
    const int64_t values = act == CLEAVE_CONV_GLU ? TILE_ROWS / 2 : TILE_ROWS;
    const int64_t tile = o0 / values, row = p->row[0];
    const cleave_conv_args *const a = b->args;
    const constants *const k = &b->constants;
    const norms norm = norms_of(b, row);
    const float *sums = sums_of(b, 0, tile - b->tile0, p->panel) + (o0 - tile * values) * PANEL;
    int64_t at = o0 * a->out_channel_stride + row * a->out_row_stride + p->at[0];

    for (int64_t o = o0; o < o1; o++, sums += PANEL, at += a->out_channel_stride) {
        const int64_t m = act == CLEAVE_CONV_GLU ? b->shape.channels + o : o;
        const line l = {.value = sums,
                        .gate = sums + values * PANEL,
                        .value_bias = k->bias[o],
                        .gate_bias = k->bias[m],
                        .scale = k->scale[o],
                        .value_norm = {norm.scale[o], norm.shift[o]},
                        .gate_norm = {norm.scale[m], norm.shift[m]}};
        const float table = k->table[o * a->out_rows + row];
#pragma GCC unroll 3
        for (int64_t x = 0; x < PANEL; x += SIMD_LANES) {
            simd_f32 v = finish(&l, act, table, biased(l.value + x, l.value_bias), x);
            if (residual)
                v = simd_add(v, simd_load(a->residual + at + x));
            simd_store(a->out + at + x, v);
        }
    }
}

SIMD_INLINE void finish_phases(const block *b, const places *p, int64_t o0, int64_t o1,
                               cleave_conv_act act)
{
    const int64_t end = cleave_i64_min(b->args->out_points, b->first + b->columns);
    const int plain = b->shape.phases == 1 && panel_whole(p, end, 1) &&
                      p->row[0] < b->args->out_rows &&
                      !(b->args->uses & (CLEAVE_CONV_RAW | CLEAVE_CONV_FACTOR));

    if (plain && b->args->uses & CLEAVE_CONV_RESIDUAL)
        finish_plain(b, p, o0, o1, act, 1);
    else if (plain)
        finish_plain(b, p, o0, o1, act, 0);
    else if (b->shape.phases == 1)
        finish_together(b, p, o0, o1, 1, act);
    else if (b->shape.phases == 2)
        finish_together(b, p, o0, o1, 2, act);
    else if (b->shape.phases == 4)
        finish_together(b, p, o0, o1, 4, act);
    else
        finish_scattered(b, p, o0, o1, act);
}

/* The same, for phases and activations that are constants after inlining. */
static void finish_channels(const block *b, const places *p, int64_t o0, int64_t o1)
{
    switch (b->args->act) {
    case CLEAVE_CONV_LINEAR:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_LINEAR);
        break;
    case CLEAVE_CONV_GELU:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_GELU);
        break;
    case CLEAVE_CONV_GLU:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_GLU);
        break;
    case CLEAVE_CONV_RELU:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_RELU);
        break;
    case CLEAVE_CONV_LEAKY_RELU:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_LEAKY_RELU);
        break;
    case CLEAVE_CONV_ELU:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_ELU);
        break;
    case CLEAVE_CONV_SIGMOID:
        finish_phases(b, p, o0, o1, CLEAVE_CONV_SIGMOID);
        break;
    }
}

/* Channels [*o0, *o1) of the block are complete with tile t and were not before. */
static void channels_of_tile(const block *b, int64_t t, int64_t *o0, int64_t *o1)
{
    const int64_t rows = (b->tile0 + t) * b->shape.values;

    *o0 = cleave_i64_max(b->o0, rows / b->shape.joint);
    *o1 = cleave_i64_min(b->o1, (rows + b->shape.values) / b->shape.joint);
}

/* Asks for what a tile will write in a panel: the rows lie far apart, and stores that miss one
 * after the other would cost more than the product. */
static void prefetch_out(const block *b, const places *p, int64_t o0, int64_t o1)
{
    const int64_t phases = b->shape.phases, line_floats = 16;

    for (int64_t o = o0; o < o1; o++)
        for (int64_t v = 0; v < p->vectors; v++) {
            const target t = target_of(b, p->row[v], o);
            const int64_t begin = cleave_i64_max(0, p->at[v]);
            const int64_t end = cleave_i64_min(p->at[v] + SIMD_LANES * phases, t.points);
            for (int64_t j = begin; j < end; j += line_floats) {
                __builtin_prefetch(t.out + j, 1);
                if (t.residual && t.residual != t.out)
                    __builtin_prefetch(t.residual + j);
                if (t.raw)
                    __builtin_prefetch(t.raw + j, 1);
            }
        }
}

#endif
