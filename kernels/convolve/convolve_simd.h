/* convolve_simd.h: the vector form, written on the names of simd_<isa>.h that the including file
 * has chosen. The including file says whose transforms it takes. */
#ifndef CLEAVE_KERNELS_CONVOLVE_SIMD_H
#define CLEAVE_KERNELS_CONVOLVE_SIMD_H

#include "kernels/convolve/convolve_internal.h"

#include <string.h>

#define CELL    CLEAVE_GRID_FRAMES
#define VECTORS (CELL / SIMD_LANES)

typedef struct convolve_row {
    const cleave_convolve_args *a;
    convolve_layout f;
    convolve_tables t;
    const cleave_fft_rows *forward[CONVOLVE_LEVELS], *inverse[CONVOLVE_LEVELS];
    const char *prepared;
    const float *response;
    int64_t channel;
    float *state;
    float *frame; /* scratch: [2 n], then the spectrum, then what a transform takes */
} convolve_row;

/* Of a few floats, for which a call is long; vectors while they are whole. */
SIMD_INLINE void copy(float *to, const float *from, int64_t count)
{
    int64_t i = 0;

    for (; i + SIMD_LANES <= count; i += SIMD_LANES)
        simd_store(to + i, simd_load(from + i));
    for (; i < count; i++)
        to[i] = from[i];
}

/* The `count` frames of history before `position`. */
static void read_history(const convolve_row *r, int64_t position, int64_t count, float *to)
{
    const int64_t size = r->f.history_size, from = ((position - count) % size + size) % size;
    const int64_t first = cleave_i64_min(count, size - from);
    const float *ring = r->state + r->f.history;

    copy(to, ring + from, first);
    copy(to + first, ring, count - first);
}

static void transform(const convolve_row *r, int32_t index, int64_t block)
{
    const convolve_level *v = &r->f.level[index];
    float *spectrum = r->frame + 2 * v->n, *transform_scratch = spectrum + 2 * v->stride;
    float *re = r->state + convolve_spectrum_at(v, block, 0), *im = re + v->stride;

    read_history(r, block * v->n, 2 * v->n, r->frame);
    r->forward[index]->run(r->prepared + r->t.forward[index], r->frame, spectrum,
                           transform_scratch);
    memset(spectrum + 2 * (v->n + 1), 0, (size_t)(2 * (v->stride - v->n - 1)) * sizeof(float));
    for (int64_t k = 0; k < v->stride; k += SIMD_LANES) {
        simd_f32 a, b;
        simd_deinterleave(simd_load(spectrum + 2 * k), simd_load(spectrum + 2 * k + SIMD_LANES), &a,
                          &b);
        simd_store(re + k, a);
        simd_store(im + k, b);
    }
}

/* Two vectors of bins at once, and the four products of each summed apart, so that no sum waits for
 * another. */
static void add_partitions(const convolve_row *r, int32_t index, const convolve_task *task)
{
    const convolve_level *v = &r->f.level[index];
    const int64_t stride = v->stride, step = 2 * stride;
    float *re = r->state + v->sum, *im = re + stride;
    const float *h = r->response + v->response + task->begin * step;

    for (int64_t k = 0; k < stride; k += 2 * SIMD_LANES) {
        simd_f32 real[2], both[2], left[2], right[2];
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) {
            const int64_t at = k + i * SIMD_LANES;
            real[i] = task->clears ? simd_zero() : simd_load(re + at);
            left[i] = task->clears ? simd_zero() : simd_load(im + at);
            both[i] = right[i] = simd_zero();
        }
        int64_t place = convolve_spectrum_at(v, task->block, task->begin);
        for (int64_t p = task->begin; p < task->end; p++) {
            const float *x = r->state + place + k, *y = h + (p - task->begin) * step + k;
#pragma GCC unroll 2
            for (int i = 0; i < 2; i++) {
                const int64_t at = i * SIMD_LANES;
                const simd_f32 x_re = simd_load(x + at), x_im = simd_load(x + stride + at);
                const simd_f32 y_re = simd_load(y + at), y_im = simd_load(y + stride + at);
                real[i] = simd_fma(x_re, y_re, real[i]);
                both[i] = simd_fma(x_im, y_im, both[i]);
                left[i] = simd_fma(x_re, y_im, left[i]);
                right[i] = simd_fma(x_im, y_re, right[i]);
            }
            place = place > v->spectra ? place - step : place + (v->partitions - 1) * step;
        }
#pragma GCC unroll 2
        for (int i = 0; i < 2; i++) {
            simd_store(re + k + i * SIMD_LANES, simd_sub(real[i], both[i]));
            simd_store(im + k + i * SIMD_LANES, simd_add(left[i], right[i]));
        }
    }
}

static void transform_back(const convolve_row *r, int32_t index, int64_t block)
{
    const convolve_level *v = &r->f.level[index];
    const float *re = r->state + v->sum, *im = re + v->stride;
    float *spectrum = r->frame + 2 * v->n, *transform_scratch = spectrum + 2 * v->stride;

    for (int64_t k = 0; k < v->stride; k += SIMD_LANES) {
        simd_f32 low, high;
        simd_interleave(simd_load(re + k), simd_load(im + k), &low, &high);
        simd_store(spectrum + 2 * k, low);
        simd_store(spectrum + 2 * k + SIMD_LANES, high);
    }
    r->inverse[index]->run(r->prepared + r->t.inverse[index], spectrum, r->frame,
                           transform_scratch);
    memcpy(r->state + convolve_out_at(v, block + 1), r->frame + v->n, (size_t)v->n * sizeof(float));
}

static void run_slot(const convolve_row *r, int64_t position)
{
    for (int32_t i = 0; i < r->f.levels; i++) {
        const convolve_task task = convolve_task_at(&r->f.level[i], r->channel, position);
        if (task.block == 0)
            continue; /* nothing came in before */
        if (task.transforms)
            transform(r, i, task.block);
        if (task.clears || task.end > task.begin)
            add_partitions(r, i, &task);
        if (task.returns)
            transform_back(r, i, task.block);
    }
}

/* to[i] = sum of the taps with from[i - k], those of even and odd k apart; as many vectors, whose
 * lanes do not depend on how many there are. */
SIMD_INLINE void sum_taps(const float *taps, const float *from, float *to, int vectors)
{
    simd_f32 even[VECTORS], odd[VECTORS];

#pragma GCC unroll 8
    for (int w = 0; w < vectors; w++)
        even[w] = odd[w] = simd_zero();
    for (int64_t k = 0; k < CONVOLVE_SLOT; k += 2) {
        const simd_f32 first = simd_set1(taps[k]), second = simd_set1(taps[k + 1]);
#pragma GCC unroll 8
        for (int w = 0; w < vectors; w++) {
            even[w] = simd_fma(first, simd_load(from + w * SIMD_LANES - k), even[w]);
            odd[w] = simd_fma(second, simd_load(from + w * SIMD_LANES - k - 1), odd[w]);
        }
    }
#pragma GCC unroll 8
    for (int w = 0; w < vectors; w++)
        simd_store(to + w * SIMD_LANES, simd_add(even[w], odd[w]));
}

/* A part that does not cross the grid. */
SIMD_INLINE void run_part(const convolve_row *r, const float *value, int64_t position,
                          const float *in, float *out, int64_t n)
{
    const simd_f32 wet = simd_set1(value[CLEAVE_CONVOLVE_WET]);
    const simd_f32 dry = simd_set1(value[CLEAVE_CONVOLVE_DRY]);
    float past[CONVOLVE_SLOT + CELL], sum[CELL];
    float *const now = past + CONVOLVE_SLOT;

    if (n < CELL)
        memset(now, 0, CELL * sizeof *now);
    if (r->a->late) {
        memset(sum, 0, sizeof sum);
        read_history(r, position - r->a->late + n, n, now);
    } else {
        read_history(r, position, CONVOLVE_SLOT, past);
        copy(now, in, n);
        if (n == CELL)
            sum_taps(r->response, now, sum, VECTORS);
        else
            for (int64_t i = 0; i < n; i += SIMD_LANES)
                sum_taps(r->response, now + i, sum + i, 1);
    }
    copy(r->state + r->f.history + position % r->f.history_size, in, n);

    for (int32_t i = 0; i < r->f.levels; i++) {
        const convolve_level *v = &r->f.level[i];
        const float *later = r->state + convolve_out_at(v, position / v->n) + position % v->n;
        for (int64_t at = 0; at < n; at += SIMD_LANES) {
            const simd_f32 more =
                n - at >= SIMD_LANES ? simd_load(later + at) : simd_load_first(later + at, n - at);
            simd_store(sum + at, simd_add(simd_load(sum + at), more));
        }
    }
    for (int64_t at = 0; at < n; at += SIMD_LANES) {
        const simd_f32 y = simd_fma(wet, simd_load(sum + at), simd_mul(dry, simd_load(now + at)));
        if (n - at >= SIMD_LANES)
            simd_store(out + at, y);
        else
            simd_store_first(out + at, y, n - at);
    }
}

static void run_row(convolve_row *r, int64_t item, const float *responses)
{
    const cleave_convolve_args *a = r->a;
    const int64_t begin = a->block->position, end = begin + a->block->frames;
    const float *in = a->in + item * a->in_stride;
    float *out = a->out + item * a->out_stride;
    int64_t n;

    r->channel = item % a->channels;
    r->state = a->state + item * r->f.floats;
    r->response = responses + (a->responses > 1 ? r->channel * r->f.response_floats : 0);
    double *glide = (double *)(void *)(r->state + r->f.glide);
    for (int64_t p = begin; p < end; p += n) {
        float value[CLEAVE_CONVOLVE_PARAMETERS];

        n = cleave_block_span(p, end - p);
        if (p % CELL == 0)
            cleave_glide(glide, a->parameters, CLEAVE_CONVOLVE_PARAMETERS);
        for (int i = 0; i < CLEAVE_CONVOLVE_PARAMETERS; i++)
            value[i] = (float)cleave_glide_values(glide)[i];
        if (p % CONVOLVE_SLOT == 0)
            run_slot(r, p);
        if (n == CELL)
            run_part(r, value, p, in + (p - begin), out + (p - begin), CELL);
        else
            run_part(r, value, p, in + (p - begin), out + (p - begin), n);
    }
}

static void convolve_run(const cleave_convolve_args *args, const cleave_work *work,
                         convolve_rows_fn rows_of)
{
    convolve_row r = {.a = args,
                      .f = convolve_layout_of(args),
                      .t = cleave_convolve_tables_of(args, rows_of),
                      .prepared = work->prepared,
                      .frame = work->scratch};

    for (int32_t i = 0; i < r.f.levels; i++) {
        r.forward[i] = rows_of(2 * (int32_t)r.f.level[i].n, CLEAVE_FFT_REAL_FORWARD);
        r.inverse[i] = rows_of(2 * (int32_t)r.f.level[i].n, CLEAVE_FFT_REAL_INVERSE);
    }
    for (int64_t item = work->begin; item < work->end; item++)
        run_row(&r, item, (const float *)(const void *)(r.prepared + r.t.responses));
}

#endif
