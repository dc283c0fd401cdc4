/* fdn_cuda.cu: a warp a stream, whose lanes are the frames of a part, or the lines where frame
 * follows frame. */
#include "kernels/cuda_common.cuh"
#include "kernels/fdn/fdn_internal.h"

#define ROWS  CLEAVE_FDN_CHANNELS_MAX
#define PITCH (FDN_CELL + 1)

/* Shared by the warp. */
struct fdn_tile {
    float line[FDN_LINES][PITCH], in[ROWS][PITCH], feed[ROWS][PITCH];
    float value[CLEAVE_FDN_PARAMETERS];
};

struct fdn_stream {
    const cleave_fdn_args *a;
    const fdn_layout *f;
    float *state;
    fdn_tile *tile;
    int64_t position;
    int32_t n, lane;
};

static __device__ float flushed(float x)
{
    return fabsf(x) < FDN_TINY ? 0.0f : x;
}

static __device__ int64_t place(int64_t position, int64_t delay, int64_t size)
{
    return (position % size + size - delay) % size;
}

/* Row `r` of rows that lie side by side. */
static __device__ float lowpass_row(float *row, float y, float pole, float gain, int32_t n,
                                    bool rest)
{
    for (int32_t i = 0; i < n; i++) {
        const float x = row[i];
        y = cleave_fma(pole, y, gain * x);
        row[i] = rest ? x - y : y;
    }
    return y;
}

/* A lane a line and, beyond them, a lane a channel. */
static __device__ void lowpasses(const fdn_stream &s)
{
    const int32_t l = s.lane, c = s.lane - FDN_LINES;

    if (l < FDN_LINES) {
        float *y = s.state + s.f->damping + l;
        *y = lowpass_row(s.tile->line[l], *y, s.tile->value[CLEAVE_FDN_POLE + l],
                         s.tile->value[CLEAVE_FDN_GAIN + l], s.n, false);
    } else if (c < s.a->channels) {
        float *y = s.state + s.f->blocker + c;
        *y = lowpass_row(s.tile->feed[c], *y, 1 - s.a->blocker, s.a->blocker, s.n, true);
    }
}

/* Predelay and diffusion of the frame of this lane. */
static __device__ float diffuse(const fdn_stream &s, int32_t c, float u)
{
    const int64_t p = s.position + s.lane;

    if (s.a->predelay > 0) {
        const int64_t size = s.f->predelay_size;
        float *ring = s.state + s.f->predelay + c * size;
        if (s.lane < s.n)
            ring[p % size] = u;
        cleave_warp_barrier();
        u = ring[place(p, s.a->predelay, size)];
    }
    for (int i = 0; i < CLEAVE_FDN_ALLPASSES; i++) {
        const int64_t size = s.f->allpass_size[i];
        float *ring = s.state + s.f->allpass[i] + c * size;
        const float y = cleave_fma(-FDN_DIFFUSION, u, ring[place(p, s.a->allpass[i], size)]);

        cleave_warp_barrier();
        if (s.lane < s.n)
            ring[p % size] = flushed(cleave_fma(FDN_DIFFUSION, y, u));
        u = y;
    }
    return u;
}

static __device__ void hadamard(float *x)
{
    CLEAVE_UNROLL
    for (int step = 1; step < FDN_LINES; step *= 2)
        CLEAVE_UNROLL
    for (int i = 0; i < FDN_LINES; i++)
        if (!(i & step)) {
            const float low = x[i], high = x[i + step];
            x[i] = low + high;
            x[i + step] = low - high;
        }
}

static __device__ void write_out(const fdn_stream &s, const float *wet, float *out)
{
    const float *value = s.tile->value, channels = (float)s.a->channels;
    const float own = value[CLEAVE_FDN_WET] * value[CLEAVE_FDN_WIDTH];
    const float all = value[CLEAVE_FDN_WET] * (1 - value[CLEAVE_FDN_WIDTH]) / channels;
    float sum = 0;

    for (int32_t c = 0; c < s.a->channels; c++)
        sum += wet[c];
    for (int32_t c = 0; c < s.a->channels; c++)
        out[c * s.a->out_stride + s.lane] = cleave_fma(value[CLEAVE_FDN_DRY], s.tile->in[c][s.lane],
                                                       cleave_fma(own, wet[c], sum * all));
}

static __device__ float wet_of(const fdn_stream &s, int32_t c)
{
    const int32_t channels = s.a->channels;
    float sum = 0;

    for (int32_t i = 0, l = c; l < FDN_LINES; i++, l += channels)
        sum += i % 2 ? -s.tile->line[l][s.lane] : s.tile->line[l][s.lane];
    return sum / sqrtf((float)fdn_lines_of(channels, c));
}

static __device__ void run_part(const fdn_stream &s, const float *in, float *out)
{
    const int64_t p = s.position + s.lane;
    float wet[ROWS], line[FDN_LINES];

    for (int32_t c = 0; c < s.a->channels; c++)
        s.tile->in[c][s.lane] = s.tile->feed[c][s.lane] =
            s.lane < s.n ? in[c * s.a->in_stride + s.lane] : 0.0f;
    for (int l = 0; l < FDN_LINES; l++)
        s.tile->line[l][s.lane] = s.state[s.f->line[l] + place(p, s.a->line[l], s.f->line_size[l])];
    cleave_warp_barrier();
    lowpasses(s);
    cleave_warp_barrier();
    CLEAVE_UNROLL
    for (int32_t c = 0; c < ROWS; c++)
        wet[c] = c < s.a->channels ? wet_of(s, c) : 0.0f;
    CLEAVE_UNROLL
    for (int32_t l = 0; l < FDN_LINES; l++) {
        line[l] = s.tile->line[l][s.lane];
        if (l < ROWS && l < s.a->channels)
            line[l] += diffuse(s, l, s.tile->feed[l][s.lane]);
    }
    hadamard(line);
    if (s.lane < s.n) {
        CLEAVE_UNROLL
        for (int32_t l = 0; l < FDN_LINES; l++)
            s.state[s.f->line[l] + p % s.f->line_size[l]] = flushed(0.25f * line[l]);
        write_out(s, wet, out);
    }
    cleave_warp_barrier();
}

/* What a thread alone does where the grid begins; `glides` at a multiple of it. */
static __device__ void begin_cell(const fdn_stream &s, bool glides)
{
    double *glide = (double *)(s.state + s.f->glide);

    if (s.lane == 0 && glides)
        cleave_glide(glide, s.a->parameters, CLEAVE_FDN_PARAMETERS);
    cleave_warp_barrier();
    for (int32_t i = s.lane; i < CLEAVE_FDN_PARAMETERS; i += CLEAVE_WARP)
        s.tile->value[i] = (float)glide[1 + i];
    if (glides && s.lane < FDN_LINES)
        s.state[s.f->damping + s.lane] = flushed(s.state[s.f->damping + s.lane]);
    else if (glides && s.lane < FDN_LINES + ROWS)
        s.state[s.f->blocker + s.lane - FDN_LINES] =
            flushed(s.state[s.f->blocker + s.lane - FDN_LINES]);
    cleave_warp_barrier();
}

static __global__ void fdn_kernel(cleave_fdn_args a, fdn_layout f, int64_t first)
{
    CLEAVE_SHARED(fdn_tile, tile, 1);
    const int64_t stream = first + (int64_t)blockIdx.x, frames = a.block->frames;
    const float *in = a.in + stream * a.channels * a.in_stride;
    float *out = a.out + stream * a.channels * a.out_stride;
    fdn_stream s;

    s.a = &a;
    s.f = &f;
    s.state = a.state + stream * f.floats;
    s.tile = tile;
    s.lane = (int32_t)threadIdx.x;
    for (int64_t at = 0; at < frames; at += s.n) {
        s.position = a.block->position + at;
        s.n = (int32_t)cleave_block_span(s.position, frames - at);
        if (at == 0 || s.position % FDN_CELL == 0)
            begin_cell(s, s.position % FDN_CELL == 0);
        run_part(s, in + at, out + at);
    }
}

static void run(const void *args, const cleave_work *work)
{
    const cleave_fdn_args *a = (const cleave_fdn_args *)args;

    if (work->end > work->begin)
        CLEAVE_LAUNCH(fdn_kernel, work->end - work->begin, CLEAVE_WARP, 0, work->stream, *a,
                      fdn_layout_of(a), work->begin);
}

const cleave_kernel cleave_fdn_cuda = {run, NULL, NULL, NULL};
