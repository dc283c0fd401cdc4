/* denoise_cuda.cu: a block of threads a stream; its threads are points of a transform in shared
 * memory, or bins. */
#include "kernels/denoise/denoise_internal.h"
#include "kernels/fft/fft_tile.cuh"

#include <math.h>

struct denoise_plan {
    denoise_layout f;
    fft_tile tile;
    int64_t scratch; /* floats of a stream: the spectra of all channels, gains, powers */
};

struct denoise_stream {
    const cleave_denoise_args *a;
    const denoise_plan *p;
    int64_t item;
    const float *window;
    const fft_c32 *table;
    fft_c32 *buffer;
    float *state, *spectra;
};

/* Of the bins, behind the spectra. */
static __device__ float *gains(const denoise_stream &s)
{
    return s.spectra + (int64_t)s.a->channels * (s.a->n + 2);
}

static __device__ float *powers(const denoise_stream &s)
{
    return gains(s) + s.p->f.stride;
}

static __device__ float flushed(float x)
{
    return x < DENOISE_TINY ? 0.0f : x;
}

/* Where what is `after` the place `at` lies in a ring of n. */
static __device__ int32_t place(int32_t at, int32_t after, int32_t n)
{
    return at + after < n ? at + after : at + after - n;
}

static __device__ void transform(const denoise_stream &s, int32_t at, int32_t c)
{
    const int32_t n = s.a->n, half = s.p->tile.points;
    const float *in = s.state + s.p->f.in + (int64_t)c * n;
    float *y = s.spectra + (int64_t)c * (n + 2);

    for (int32_t i = (int32_t)threadIdx.x; i < half; i += (int32_t)blockDim.x) {
        const float *x = in + place(at, 2 * i, n);
        s.buffer[fft_at(i)] = {s.window[2 * i] * x[0], s.window[2 * i + 1] * x[1]};
    }
    const fft_c32 *points = fft_transform(s.p->tile, s.table, 1, s.buffer, s.buffer);
    for (int32_t k = (int32_t)threadIdx.x; k <= half / 2; k += (int32_t)blockDim.x) {
        fft_c32 low, high;
        fft_split(points[fft_at(k)], points[fft_at(k == 0 ? 0 : half - k)],
                  s.table[s.p->tile.split + k], &low, &high);
        if (k == 0)
            low.im = high.im = 0;
        y[2 * k] = low.re;
        y[2 * k + 1] = low.im;
        y[2 * (half - k)] = high.re;
        y[2 * (half - k) + 1] = high.im;
    }
    cleave_barrier();
}

static __device__ void find_power(const denoise_stream &s)
{
    const int64_t n = s.a->n;

    for (int64_t k = (int64_t)threadIdx.x; k < s.p->f.bins; k += (int64_t)blockDim.x) {
        float sum = 0;
        for (int64_t c = 0; c < s.a->channels; c++) {
            const float *y = s.spectra + c * (n + 2) + 2 * k;
            sum = cleave_fma(y[0], y[0], cleave_fma(y[1], y[1], sum));
        }
        powers(s)[k] = sum * (1 / (float)s.a->channels);
    }
    cleave_barrier();
}

static __device__ float follow_noise(const denoise_stream &s, const denoise_turn &turn, int64_t k,
                                     float power, float noise)
{
    const denoise_layout &f = s.p->f;
    float *bin = s.state + k;
    const float below = powers(s)[k > 0 ? k - 1 : 1];
    const float above = powers(s)[k < f.bins - 1 ? k + 1 : k - 1];
    const float now = cleave_fma(0.25f, below + above, 0.5f * power);
    float smooth = now, least = now, next = now, likely;

    if (!turn.starts) {
        smooth = flushed(cleave_fma(DENOISE_SMOOTH, bin[f.smooth], (1 - DENOISE_SMOOTH) * now));
        least = fminf(bin[f.least], smooth);
        next = fminf(bin[f.next_least], smooth);
    }
    if (turn.renews) {
        least = next;
        next = smooth;
    }
    likely = DENOISE_RATIO * least < smooth ? 1.0f : flushed(DENOISE_FORGET * bin[f.likely]);
    bin[f.smooth] = smooth;
    bin[f.least] = least;
    bin[f.next_least] = next;
    bin[f.likely] = likely;
    return turn.starts ? power : cleave_fma(DENOISE_FOLLOW * (1 - likely), power - noise, noise);
}

/* r / (1 + r), written so that it is a number where r has become infinite. */
static __device__ float wiener(float r)
{
    return 1 - 1 / (1 + r);
}

static __device__ void find_gain(const denoise_stream &s, int64_t position)
{
    const denoise_turn turn = denoise_turn_at(s.a, position);
    const denoise_layout &f = s.p->f;
    const float floor = (float)s.a->parameters[CLEAVE_DENOISE_FLOOR];
    const float strength = (float)s.a->parameters[CLEAVE_DENOISE_STRENGTH];

    for (int64_t k = (int64_t)threadIdx.x; k < f.bins; k += (int64_t)blockDim.x) {
        float *bin = s.state + k, noise = bin[f.noise];
        const float power = powers(s)[k];

        if (s.a->kind == CLEAVE_DENOISE_PROFILE)
            noise = s.a->profile[k];
        else if (s.a->kind == CLEAVE_DENOISE_LEARN)
            noise = cleave_fma(turn.mean, power - noise, noise);
        else
            noise = follow_noise(s, turn, k, power, noise);
        noise = flushed(noise);
        const float by = 1 / fmaxf(strength * noise, DENOISE_TINY);
        const float prior = by * (DENOISE_PRIOR * bin[f.prior]);
        const float more = fmaxf(cleave_fma(by, power, -1), 0);
        const float ratio = cleave_fma(1 - DENOISE_PRIOR, more, prior);
        const float once = wiener(ratio);
        const float gain = fmaxf(wiener(once * once * (by * power)), floor);

        gains(s)[k] = gain;
        bin[f.noise] = noise;
        bin[f.prior] = flushed(gain * gain * power);
    }
    cleave_barrier();
}

static __device__ void add_back(const denoise_stream &s, int32_t at, int32_t c)
{
    const int32_t n = s.a->n, half = s.p->tile.points;
    const float *y = s.spectra + (int64_t)c * (n + 2);
    float *out = s.state + s.p->f.out + (int64_t)c * n;

    for (int32_t k = (int32_t)threadIdx.x; k <= half / 2; k += (int32_t)blockDim.x) {
        const int32_t o = half - k;
        fft_c32 low, high;
        const fft_c32 x = {gains(s)[k] * y[2 * k], k == 0 ? 0 : gains(s)[k] * y[2 * k + 1]};
        const fft_c32 z = {gains(s)[o] * y[2 * o], k == 0 ? 0 : gains(s)[o] * y[2 * o + 1]};

        fft_join(x, z, s.table[s.p->tile.split + k], &low, &high);
        s.buffer[fft_at(k)] = low;
        if (k != 0 && k != o)
            s.buffer[fft_at(o)] = high;
    }
    const fft_c32 *points = fft_transform(s.p->tile, s.table, 1, s.buffer, s.buffer);
    for (int32_t m = (int32_t)threadIdx.x; m < n; m += (int32_t)blockDim.x) {
        const fft_c32 x = points[fft_at(m / 2)];
        float *to = out + place(at, m, n);
        const float before = m < n - s.p->f.hop ? *to : 0.0f;
        *to = cleave_fma(0.5f / (float)n * s.window[m], m % 2 ? -x.im : x.re, before);
    }
    cleave_barrier();
}

static __device__ void run_turn(const denoise_stream &s, int64_t position)
{
    const int32_t at = (int32_t)(position % s.a->n);

    if (position == 0)
        return; /* nothing came in before */
    for (int32_t c = 0; c < s.a->channels; c++)
        transform(s, at, c);
    find_power(s);
    find_gain(s, position);
    for (int32_t c = 0; c < s.a->channels; c++)
        add_back(s, at, c);
}

/* The next `n` frames of the block after those that are `done`, among which no transform begins. */
static __device__ void pass(const denoise_stream &s, int64_t position, int64_t done, int64_t n)
{
    const float *in = s.a->in + s.item * s.a->channels * s.a->in_stride + done;
    float *out = s.a->out + s.item * s.a->channels * s.a->out_stride + done;
    const int64_t at = position % s.a->n;

    for (int64_t c = 0; c < s.a->channels; c++)
        for (int64_t i = (int64_t)threadIdx.x; i < n; i += (int64_t)blockDim.x) {
            const int64_t place = c * s.a->n + at + i;
            s.state[s.p->f.in + place] = in[c * s.a->in_stride + i];
            out[c * s.a->out_stride + i] = s.state[s.p->f.out + place];
        }
    cleave_barrier();
}

/* 1024 threads have 64 registers each: what transforms do not need is read or found anew. */
static __global__ void CLEAVE_LAUNCH_BOUNDS(FFT_THREADS_MAX)
    denoise_kernel(cleave_denoise_args a, denoise_plan plan, const void *prepared, float *scratch,
                   int64_t first)
{
    CLEAVE_SHARED_DYNAMIC(fft_c32, buffer);
    denoise_stream s;

    s.a = &a;
    s.p = &plan;
    s.item = first + (int64_t)blockIdx.x;
    s.window = (const float *)prepared;
    s.table = (const fft_c32 *)(s.window + a.n);
    s.buffer = buffer;
    s.state = a.state + s.item * plan.f.floats;
    s.spectra = scratch + (int64_t)blockIdx.x * plan.scratch;
    for (int64_t done = 0, n; done < a.block->frames; done += n) {
        const int64_t p = a.block->position + done, phase = p % plan.f.hop;
        n = cleave_i64_min(a.block->frames - done, plan.f.hop - phase);
        if (phase == 0)
            run_turn(s, p);
        pass(s, p, done, n);
    }
}

static denoise_plan plan_of(const cleave_denoise_args *a)
{
    denoise_plan p;

    p.f = denoise_layout_of(a);
    p.tile = fft_tile_make(a->n / 2, 1);
    p.scratch = cleave_div_up((int64_t)a->channels * (a->n + 2) + 2 * p.f.stride, 16) * 16;
    return p;
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_denoise_args *a = (const cleave_denoise_args *)args;
    const denoise_plan p = plan_of(a);

    if (work->end <= work->begin)
        return;
    cleave_shared_allow(denoise_kernel, fft_tile_shared_bytes(&p.tile));
    CLEAVE_LAUNCH(denoise_kernel, work->end - work->begin, p.tile.threads,
                  fft_tile_shared_bytes(&p.tile), work->stream, *a, p, work->prepared,
                  (float *)work->scratch, work->begin);
}

static size_t scratch_bytes(const void *args)
{
    const cleave_denoise_args *a = (const cleave_denoise_args *)args;

    return (size_t)(a->streams * plan_of(a).scratch) * sizeof(float);
}

static size_t prepared_bytes(const void *args)
{
    const cleave_denoise_args *a = (const cleave_denoise_args *)args;
    const denoise_plan p = plan_of(a);

    return (size_t)a->n * sizeof(float) + fft_tile_table_bytes(&p.tile);
}

static void prepare(const void *args, void *prepared)
{
    const cleave_denoise_args *a = (const cleave_denoise_args *)args;
    const denoise_plan p = plan_of(a);
    float *window = (float *)prepared;

    for (int32_t m = 0; m < a->n; m++)
        window[m] = (float)sin(3.14159265358979323846 * (m + 0.5) / a->n);
    fft_tile_prepare(&p.tile, window + a->n);
}

const cleave_kernel cleave_denoise_cuda = {run, scratch_bytes, prepared_bytes, prepare};
