/* level_simd.h: the body shared by the vector variants; include a simd header first.
 *
 * A whole step of the grid is computed in vectors, the rest of one sample by sample: a sample's sum
 * is chosen by its place in the step, and so is its gain, so that both give the same bits. */
#include "kernels/level/level.h"

#define GRID CLEAVE_GRID_FRAMES

typedef struct level_row {
    const float *in, *key;
    float *out, *delayed; /* delayed: NULL if there is no delay */
    double *sum;
    float from, slope;
} level_row;

static void step_run(const level_row *r)
{
    static const float first[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    simd_f64 sum[CLEAVE_LEVEL_LANES / SIMD_LANES];

    for (int k = 0; k < CLEAVE_LEVEL_LANES / SIMD_LANES; k++)
        sum[k] = simd_f64_load(r->sum + k * SIMD_LANES);
    for (int i = 0; i < GRID; i += SIMD_LANES) {
        const int k = i / SIMD_LANES % (CLEAVE_LEVEL_LANES / SIMD_LANES);
        const simd_f64 key = simd_load_widened(r->key + i);
        const simd_f32 place = simd_add(simd_set1((float)i), simd_load(first));
        const simd_f32 gain = simd_fma(simd_set1(r->slope), place, simd_set1(r->from));
        const simd_f32 in = simd_load(r->in + i);
        const simd_f32 x = r->delayed ? simd_load(r->delayed + i) : in;
        sum[k] = simd_f64_fma(key, key, sum[k]);
        if (r->delayed)
            simd_store(r->delayed + i, in);
        simd_store(r->out + i, simd_mul(x, gain));
    }
    for (int k = 0; k < CLEAVE_LEVEL_LANES / SIMD_LANES; k++)
        simd_f64_store(r->sum + k * SIMD_LANES, sum[k]);
}

static void samples_run(const level_row *r, int64_t place, int64_t frames)
{
    for (int64_t i = 0; i < frames; i++, place++) {
        const float gain = fmaf(r->slope, (float)place, r->from);
        const float in = r->in[i], x = r->delayed ? r->delayed[i] : in;
        double *lane = r->sum + place % CLEAVE_LEVEL_LANES;

        *lane = fma((double)r->key[i], (double)r->key[i], *lane);
        if (r->delayed)
            r->delayed[i] = in;
        r->out[i] = x * gain;
    }
}

/* All rows of a span within a step of the grid. */
static void span_run(const cleave_level_args *a, double *state, int64_t stream, int64_t at,
                     int64_t frames)
{
    const int64_t position = a->block->position + at;
    const double way = state[CLEAVE_LEVEL_TO] - state[CLEAVE_LEVEL_FROM];

    for (int64_t c = 0; c < a->channels; c++) {
        const int64_t row = stream * a->channels + c;
        const level_row r = {.in = a->in + row * a->in_stride + at,
                             .key = a->key + row * a->key_stride + at,
                             .out = a->out + row * a->out_stride + at,
                             .delayed = a->delay_steps ? cleave_level_delayed(a, state, c, position)
                                                       : NULL,
                             .sum = state + CLEAVE_LEVEL_HEADER + c * CLEAVE_LEVEL_LANES,
                             .from = (float)state[CLEAVE_LEVEL_FROM],
                             .slope = (float)(way / GRID)};
        if (frames == GRID)
            step_run(&r);
        else
            samples_run(&r, position % GRID, frames);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_level_args *a = args;
    const int64_t frames = a->block->frames;

    for (int64_t stream = work->begin; stream < work->end; stream++) {
        double *state = cleave_level_state(a, stream);

        for (int64_t i = 0, span; i < frames; i += span) {
            const int64_t position = a->block->position + i;
            if (position % GRID == 0)
                cleave_level_step(a, state, position);
            span = cleave_block_span(position, frames - i);
            span_run(a, state, stream, i, span);
        }
    }
}
