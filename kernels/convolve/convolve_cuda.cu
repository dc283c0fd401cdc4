/* convolve_cuda.cu: a block of threads a channel, whose threads are points of transforms, bins, or
 * the frames of a part. Transforms go through two buffers in global memory: that of 65536 frames
 * has no room elsewhere, and the shorter ones stay in the caches. */
#include "kernels/convolve/convolve_internal.h"
#include "kernels/fft/fft_tile.cuh"

#include <string.h>

#define THREADS 256
#define BLOCKS  256 /* at once, each with its buffers in scratch */

struct convolve_plan {
    convolve_layout f;
    fft_tile tile[CONVOLVE_LEVELS];
    int64_t table[CONVOLVE_LEVELS]; /* points from the beginning of what was prepared */
    int64_t responses;              /* floats */
    int64_t buffer;                 /* points of one buffer */
};

struct convolve_row {
    const convolve_plan *p;
    const fft_c32 *tables;
    const float *response;
    int64_t channel;
    float *state;
    fft_c32 *buffer, *spare;
};

static __device__ float *history(const convolve_row &r, int64_t position)
{
    const int64_t size = r.p->f.history_size;

    return r.state + r.p->f.history + (position % size + size) % size;
}

static __device__ void transform(const convolve_row &r, int32_t index, int64_t block)
{
    const convolve_level &v = r.p->f.level[index];
    const fft_tile &tile = r.p->tile[index];
    const fft_c32 *table = r.tables + r.p->table[index];
    const int32_t half = tile.points;
    float *re = r.state + convolve_spectrum_at(&v, block, 0), *im = re + v.stride;

    for (int32_t i = (int32_t)threadIdx.x; i < half; i += THREADS) {
        const int64_t at = (block - 2) * v.n + 2 * i;
        r.buffer[fft_at(i)] = {*history(r, at), *history(r, at + 1)};
    }
    const fft_c32 *points = fft_transform(tile, table, 1, r.buffer, r.spare);
    for (int32_t k = (int32_t)threadIdx.x; k <= half / 2; k += THREADS) {
        fft_c32 low, high;
        fft_split(points[fft_at(k)], points[fft_at(k == 0 ? 0 : half - k)], table[tile.split + k],
                  &low, &high);
        if (k == 0)
            low.im = high.im = 0;
        re[k] = low.re;
        im[k] = low.im;
        re[half - k] = high.re;
        im[half - k] = high.im;
    }
    for (int64_t k = half + 1 + (int64_t)threadIdx.x; k < v.stride; k += THREADS)
        re[k] = im[k] = 0;
    cleave_barrier();
}

static __device__ void add_partitions(const convolve_row &r, int32_t index,
                                      const convolve_task &task)
{
    const convolve_level &v = r.p->f.level[index];
    float *re = r.state + v.sum, *im = re + v.stride;

    for (int64_t k = (int64_t)threadIdx.x; k < v.stride; k += THREADS) {
        float sum_re = task.clears ? 0.0f : re[k], sum_im = task.clears ? 0.0f : im[k];
        for (int64_t p = task.begin; p < task.end; p++) {
            const float *x = r.state + convolve_spectrum_at(&v, task.block, p) + k;
            const float *h = r.response + v.response + p * 2 * v.stride + k;
            sum_re = cleave_fma(-x[v.stride], h[v.stride], cleave_fma(x[0], h[0], sum_re));
            sum_im = cleave_fma(x[v.stride], h[0], cleave_fma(x[0], h[v.stride], sum_im));
        }
        re[k] = sum_re;
        im[k] = sum_im;
    }
    cleave_barrier();
}

static __device__ void transform_back(const convolve_row &r, int32_t index, int64_t block)
{
    const convolve_level &v = r.p->f.level[index];
    const fft_tile &tile = r.p->tile[index];
    const fft_c32 *table = r.tables + r.p->table[index];
    const int32_t half = tile.points;
    const float *re = r.state + v.sum, *im = re + v.stride;
    float *out = r.state + convolve_out_at(&v, block + 1);

    for (int32_t k = (int32_t)threadIdx.x; k <= half / 2; k += THREADS) {
        fft_c32 x = {re[k], im[k]}, y = {re[half - k], im[half - k]}, low, high;
        if (k == 0)
            x.im = y.im = 0;
        fft_join(x, y, table[tile.split + k], &low, &high);
        r.buffer[fft_at(k)] = low;
        if (k != 0 && k != half - k)
            r.buffer[fft_at(half - k)] = high;
    }
    const fft_c32 *points = fft_transform(tile, table, 1, r.buffer, r.spare);
    for (int32_t i = (int32_t)threadIdx.x; i < half / 2; i += THREADS) {
        const fft_c32 x = points[fft_at(half / 2 + i)];
        out[2 * i] = x.re;
        out[2 * i + 1] = -x.im;
    }
    cleave_barrier();
}

static __device__ void run_slot(const convolve_row &r, int64_t position)
{
    for (int32_t i = 0; i < r.p->f.levels; i++) {
        const convolve_task task = convolve_task_at(&r.p->f.level[i], r.channel, position);
        if (task.block == 0)
            continue; /* nothing came in before */
        if (task.transforms)
            transform(r, i, task.block);
        if (task.clears || task.end > task.begin)
            add_partitions(r, i, task);
        if (task.returns)
            transform_back(r, i, task.block);
    }
}

/* A thread a frame. */
static __device__ void run_part(const convolve_row &r, int64_t position, const double *value,
                                const float *in, float *out, int64_t n, int64_t late)
{
    const int64_t i = (int64_t)threadIdx.x;
    float sum = 0;

    if (i < n)
        *history(r, position + i) = in[i];
    cleave_barrier();
    if (i < n) {
        for (int64_t k = 0; k < CONVOLVE_SLOT && late == 0; k++)
            sum = cleave_fma(r.response[k], *history(r, position + i - k), sum);
        for (int32_t l = 0; l < r.p->f.levels; l++) {
            const convolve_level &v = r.p->f.level[l];
            sum += r.state[convolve_out_at(&v, position / v.n) + position % v.n + i];
        }
        out[i] = cleave_fma((float)value[CLEAVE_CONVOLVE_WET], sum,
                            (float)value[CLEAVE_CONVOLVE_DRY] * *history(r, position + i - late));
    }
    cleave_barrier();
}

static __device__ void run_row(const cleave_convolve_args &a, convolve_row &r, int64_t item)
{
    const int64_t begin = a.block->position, end = begin + a.block->frames;
    const float *in = a.in + item * a.in_stride;
    float *out = a.out + item * a.out_stride;
    double *glide = (double *)(r.state + r.p->f.glide);

    for (int64_t p = begin, n; p < end; p += n) {
        n = cleave_block_span(p, end - p);
        if (threadIdx.x == 0 && p % CLEAVE_GRID_FRAMES == 0)
            cleave_glide(glide, a.parameters, CLEAVE_CONVOLVE_PARAMETERS);
        if (p % CONVOLVE_SLOT == 0)
            run_slot(r, p);
        cleave_barrier();
        run_part(r, p, glide + 1, in + (p - begin), out + (p - begin), n, a.late);
    }
}

static __global__ void CLEAVE_LAUNCH_BOUNDS(THREADS)
    convolve_kernel(cleave_convolve_args a, convolve_plan plan, const void *prepared,
                    fft_c32 *scratch, int64_t begin, int64_t end)
{
    const float *responses = (const float *)prepared + plan.responses;
    convolve_row r;

    r.p = &plan;
    r.tables = (const fft_c32 *)prepared;
    r.buffer = scratch + 2 * plan.buffer * (int64_t)blockIdx.x;
    r.spare = r.buffer + plan.buffer;
    for (int64_t item = begin + (int64_t)blockIdx.x; item < end; item += (int64_t)gridDim.x) {
        r.channel = item % a.channels;
        r.state = a.state + item * plan.f.floats;
        r.response = responses + (a.responses > 1 ? r.channel * plan.f.response_floats : 0);
        run_row(a, r, item);
    }
}

static convolve_plan plan_of(const cleave_convolve_args *a)
{
    convolve_plan p;
    int64_t points = 0;

    p.f = convolve_layout_of(a);
    p.buffer = 0;
    for (int32_t i = 0; i < p.f.levels; i++) {
        p.tile[i] = fft_tile_make((int32_t)p.f.level[i].n, 1);
        p.table[i] = points;
        points += (int64_t)(cleave_align_up(fft_tile_table_bytes(&p.tile[i])) / sizeof(fft_c32));
        p.buffer = cleave_i64_max(p.buffer, p.tile[i].pitch);
    }
    p.responses = 2 * points;
    return p;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_convolve_args *a = (const cleave_convolve_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(convolve_kernel, cleave_i64_min(work->end - work->begin, BLOCKS), THREADS, 0,
                      work->stream, *a, plan_of(a), work->prepared, (fft_c32 *)work->scratch,
                      work->begin, work->end);
}

static size_t scratch_bytes(const void *args)
{
    const cleave_convolve_args *a = (const cleave_convolve_args *)args;
    const int64_t blocks = cleave_i64_min((int64_t)a->streams * a->channels, BLOCKS);

    return (size_t)(2 * blocks * plan_of(a).buffer) * sizeof(fft_c32);
}

/* Where what serves the preparation alone begins: a table of the transform on the host, then its
 * buffers. */
static size_t host_at(const cleave_convolve_args *a, const convolve_plan &p)
{
    return cleave_align_up(
        ((size_t)p.responses + (size_t)a->responses * (size_t)p.f.response_floats) * sizeof(float));
}

static size_t prepared_bytes(const void *args)
{
    const cleave_convolve_args *a = (const cleave_convolve_args *)args;

    return host_at(a, plan_of(a)) + cleave_convolve_tables_of(a, cleave_fft_rows_ref).bytes;
}

static void prepare(const void *args, void *prepared)
{
    const cleave_convolve_args *a = (const cleave_convolve_args *)args;
    const convolve_plan p = plan_of(a);
    const convolve_tables t = cleave_convolve_tables_of(a, cleave_fft_rows_ref);
    char *host = (char *)prepared + host_at(a, p);

    for (int32_t i = 0; i < p.f.levels; i++)
        fft_tile_prepare(&p.tile[i], (fft_c32 *)prepared + p.table[i]);
    cleave_convolve_prepare(a, cleave_fft_rows_ref, host);
    memcpy((float *)prepared + p.responses, host + t.responses,
           (size_t)a->responses * (size_t)p.f.response_floats * sizeof(float));
}

const cleave_kernel cleave_convolve_cuda = {run, scratch_bytes, prepared_bytes, prepare};
